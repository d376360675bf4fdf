//! Who acts for a person: what opens for them, and that it ends when it is ended.

use kernel::{AgencyId, CodeSet, PersonId, Role, Sensitivity};
use ledger::Outcome;
use permit::{
    Appointment, Ask, Call, Guard, Others, Outage, ReadNotes, Refusal, Representing, SourceError,
    Standing, StandingPermit,
};
use pg::{BoxFuture, PgConnection, StoreError};
use policy::Relationship;
use time::Duration;
use uuid::Uuid;

use crate::world::{CLINIC, GET, HOUSING, Stopped, World, read, sql};

const BESIDE: Others = Others { agencies: false, representatives: true };

fn guardian(person: Uuid, confirmed_by: Option<&[Uuid]>) -> Appointment {
    let agencies = |all: &[Uuid]| all.iter().copied().map(AgencyId::from).collect();
    Appointment {
        id: Uuid::new_v4(),
        person: PersonId::from(person),
        relationship: Relationship::Guardian,
        authority: true,
        from: None,
        until: None,
        excluded_sensitivities: CodeSet::EMPTY,
        confirmed_by: confirmed_by.map(agencies),
    }
}

async fn aunt(world: &World) -> Call {
    let token = world.sign_ins.individual("aunt", Role::Representative, false);
    world.sign_ins.call(&token, GET).await
}

async fn standing(world: &World, person: Uuid) -> Result<StandingPermit, Refusal> {
    let call = aunt(world).await;
    world.guard.standing_beside(&call, PersonId::from(person), BESIDE).await
}

#[tokio::test]
async fn a_representative_reads_what_the_vouching_agencies_hold_of_their_person() {
    let world = World::new().await;
    let (jane, other) = (Uuid::new_v4(), Uuid::new_v4());
    world.people.appoint("aunt", guardian(jane, Some(&[CLINIC])));
    let call = aunt(&world).await;
    let mut elsewhere = world.note(jane);
    elsewhere.custodian = Some(HOUSING.into());
    let mut session = world.note(jane);
    session.class = kernel::Class::CounselingNote;
    let reads = async |note: &policy::Record| {
        read(&world.guard, &call, note.id.uuid().unwrap(), Some(note)).await
    };
    assert_eq!(reads(&world.note(jane)).await, Ok("words"));
    for hidden in [elsewhere.clone(), session, world.note(other)] {
        assert_eq!(reads(&hidden).await, Err(Refusal::NotFound));
    }
    world.people.appoint("aunt", guardian(jane, Some(&[HOUSING])));
    assert_eq!(reads(&elsewhere).await, Ok("words"), "another agency vouches, too");
    let events = world.stage.events().await;
    assert!(events.iter().all(|event| &*event.caller.kind == "REPRESENTATIVE"));
    assert_eq!(&*events[0].bases[0], "REPRESENTATIVE");
    let reasons: Vec<_> = events.iter().filter_map(|event| event.reason.as_deref()).collect();
    assert_eq!(reasons, ["WITHHELD_FROM_PERSON", "WITHHELD_FROM_PERSON", "NO_ACTIVE_CONSENT"]);
}

#[tokio::test]
async fn what_any_appointment_excludes_is_withheld_in_a_read_and_in_a_list() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    let excluding = [Sensitivity::Sud].into();
    let appointment = guardian(jane, None);
    world.people.appoint("aunt", Appointment { excluded_sensitivities: excluding, ..appointment });
    world.people.appoint("aunt", guardian(jane, None));
    let call = aunt(&world).await;
    let (mut plain, mut treated) = (world.note(jane), world.note(jane));
    // What says nothing of itself might be anything, and is withheld.
    plain.confidentiality = Some(kernel::Confidentiality::Normal);
    treated.sensitivities = [Sensitivity::OpioidUd].into();
    let id = treated.id.uuid().unwrap();
    assert_eq!(read(&world.guard, &call, id, Some(&treated)).await, Err(Refusal::NotFound));
    let ask = Ask::<ReadNotes>::people(vec![PersonId::from(jane)]);
    let permit = world.guard.permit(&call, ask).await.unwrap();
    let visible = permit.visibility().to_string();
    assert!(visible.contains("sensitive_none"), "the store leaves it out, too: {visible}");
    let sealed = permit.seal([(plain, "plain"), (treated, "treated")]);
    assert_eq!(world.guard.release_page(sealed).await.unwrap().0, ["plain"]);
}

#[tokio::test]
async fn an_appointment_that_ended_between_the_permit_and_the_release_opens_nothing() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    let end = kernel::Clock::now(&world.clock) + Duration::HOUR;
    world.people.appoint("aunt", Appointment { until: Some(end), ..guardian(jane, None) });
    let call = aunt(&world).await;
    let note = world.note(jane);
    let id = note.id.uuid().unwrap();
    let point = async || {
        let deferred = world.guard.defer::<ReadNotes>(&call).await.unwrap();
        deferred.seal(id, Some((note.clone(), "words")))
    };
    let list = async || {
        let ask = Ask::<ReadNotes>::people(vec![PersonId::from(jane)]);
        world.guard.permit(&call, ask).await.unwrap().seal([(note.clone(), "words")])
    };
    let (points, lists) = ([point().await, point().await], [list().await, list().await]);
    let ([first, second], [page, later]) = (points, lists);
    world.clock.set(end);
    assert_eq!(world.guard.release(first).await.unwrap_err(), Refusal::NotFound);
    assert!(world.guard.release_page(page).await.unwrap().0.is_empty());
    world.clock.set(end - Duration::SECOND);
    world.people.dismiss("aunt");
    assert_eq!(world.guard.release(second).await.unwrap_err(), Refusal::NotFound);
    assert!(world.guard.release_page(later).await.unwrap().0.is_empty());
}

#[tokio::test]
async fn before_it_begins_and_to_whom_it_is_not_an_appointment_opens_nothing() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    let note = world.note(jane);
    let id = note.id.uuid().unwrap();
    let now = kernel::Clock::now(&world.clock);
    let later = Appointment { from: Some(now + Duration::SECOND), ..guardian(jane, None) };
    world.people.appoint("aunt", later);
    let call = aunt(&world).await;
    assert_eq!(read(&world.guard, &call, id, Some(&note)).await, Err(Refusal::NotFound));
    world.clock.set(now + Duration::SECOND);
    assert_eq!(read(&world.guard, &call, id, Some(&note)).await, Ok("words"));
    // Not to a person of the same name.
    let token = world.sign_ins.individual("aunt", Role::Person, true);
    let call = world.sign_ins.call(&token, GET).await;
    assert_eq!(read(&world.guard, &call, id, Some(&note)).await, Err(Refusal::NotFound));
}

#[tokio::test]
async fn what_the_consent_service_says_of_representatives_says_nothing() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    let note = world.note(jane);
    world.consents.facts_of(jane, |facts| {
        facts.representatives.push(policy::Representative {
            subject: "aunt".into(),
            person: jane.into(),
            relationship: None,
            from: None,
            until: None,
            excluded_sensitivities: CodeSet::EMPTY,
        });
    });
    let call = aunt(&world).await;
    let read = read(&world.guard, &call, note.id.uuid().unwrap(), Some(&note)).await;
    assert_eq!(read, Err(Refusal::NotFound));
}

#[tokio::test]
async fn of_several_people_at_once_only_what_is_vouched_for_with_each_is_opened() {
    let world = World::new().await;
    let (jane, john, other) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    world.people.appoint("aunt", guardian(jane, Some(&[CLINIC])));
    world.people.appoint("aunt", guardian(john, Some(&[HOUSING])));
    let call = aunt(&world).await;
    let opened = async |people: &[Uuid]| {
        let people = people.iter().copied().map(PersonId::from).collect();
        let permit = world.guard.permit(&call, Ask::<ReadNotes>::people(people)).await.unwrap();
        let notes = [jane, john, other].map(|person| (world.note(person), person));
        world.guard.release_page(permit.seal(notes)).await.unwrap().0
    };
    assert!(opened(&[jane, john]).await.is_empty());
    world.people.appoint("aunt", guardian(john, Some(&[CLINIC])));
    assert_eq!(opened(&[jane, john]).await, [jane, john]);
    world.people.dismiss("aunt");
    assert!(opened(&[jane, john]).await.is_empty());
}

#[tokio::test]
async fn a_representative_stands_for_their_person_where_the_rpc_lets_them() {
    let world = World::new().await;
    let (jane, other) = (Uuid::new_v4(), Uuid::new_v4());
    let mut appointment = guardian(jane, Some(&[CLINIC]));
    appointment.excluded_sensitivities = [Sensitivity::Hiv].into();
    world.people.appoint("aunt", appointment.clone());
    let permit = standing(&world, jane).await.unwrap();
    let expected = Representing {
        appointment: appointment.id,
        relationship: Relationship::Guardian,
        authority: true,
        confirmed_by: appointment.confirmed_by,
        excluded_sensitivities: [Sensitivity::Hiv].into(),
    };
    assert_eq!(*permit.standing(), Standing::Representative(expected));
    assert_eq!((permit.named_agency(), permit.confirmed_by()), (None, Some(vec![CLINIC])));
    let call = aunt(&world).await;
    let refused = [
        standing(&world, other).await,
        standing(&world, Uuid::nil()).await,
        world.guard.standing(&call, PersonId::from(jane), false).await,
        world.guard.standing(&call, PersonId::from(jane), true).await,
        world.guard.standing_beside(&call, PersonId::from(jane), Others::default()).await,
    ];
    for refused in refused {
        assert_eq!(refused.unwrap_err(), Refusal::NotFound);
    }
    assert_eq!(world.guard.person_of(&call).await, Ok(None));
}

#[tokio::test]
async fn what_is_the_persons_own_is_opened_only_while_the_representative_acts() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    world.people.appoint("aunt", guardian(jane, None));
    let permit = standing(&world, jane).await.unwrap();
    let record = Uuid::new_v4();
    let opened = world.guard.release_standing(&permit, vec![record], "words").await;
    assert_eq!(opened, Ok("words"));
    world.people.fault(Some(SourceError::Unavailable));
    let away = world.guard.release_standing(&permit, vec![record], "words").await;
    assert_eq!(away, Err(Refusal::Unavailable(Outage::People)));
    world.people.fault(None);
    world.people.dismiss("aunt");
    let ended = world.guard.release_standing(&permit, vec![record], "words").await;
    assert_eq!(ended, Err(Refusal::NotFound));
    let events = world.stage.events().await;
    let told: Vec<_> = events.iter().map(|e| (e.outcome, e.reason.as_deref())).collect();
    assert_eq!(told, [(Outcome::Permit, None), (Outcome::Deny, Some("NO_STANDING"))]);
    assert_eq!(&*events[0].bases[0], "REPRESENTATIVE");
}

pub fn insert(tx: &mut PgConnection, person: Uuid) -> BoxFuture<'_, Result<(), Stopped>> {
    Box::pin(async move {
        sqlx::query("INSERT INTO thing VALUES ($1, $2, 'words')")
            .bind(Uuid::new_v4())
            .bind(person)
            .execute(tx)
            .await
            .map_err(StoreError::from)?;
        Ok(())
    })
}

pub async fn write(world: &World, guard: &Guard, permit: StandingPermit) -> Result<(), Stopped> {
    let work = guard.commit_standing(&world.stage.db, "test.own", permit, vec![], |tx, permit| {
        insert(tx, permit.person_id())
    });
    work.await
}

#[tokio::test]
async fn an_appointment_that_ended_between_the_permit_and_the_commit_writes_nothing() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    world.people.appoint("aunt", guardian(jane, None));
    let permit = async || standing(&world, jane).await.unwrap();
    let (first, second, third) = (permit().await, permit().await, permit().await);
    write(&world, &world.guard, first).await.unwrap();
    world.people.fault(Some(SourceError::Unavailable));
    let away = write(&world, &world.guard, second).await.unwrap_err();
    assert_eq!(away, Stopped::Refused(Refusal::Unavailable(Outage::People)));
    world.people.fault(None);
    world.people.dismiss("aunt");
    let ended = write(&world, &world.guard, third).await.unwrap_err();
    assert_eq!(ended, Stopped::Refused(Refusal::NotFound));
    assert_eq!(world.things().await, 1);
    assert_eq!(world.outcomes().await, [Outcome::Permit, Outcome::Deny]);
}

#[tokio::test]
async fn a_commit_by_standing_that_is_always_too_late_gives_up() {
    let world = World::new().await;
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_sleep(0.12); RETURN new; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION slow()";
    sql(&mut world.owner().await, slow).await;
    let jane = Uuid::new_v4();
    world.people.appoint("aunt", guardian(jane, None));
    world.people.bind("jane", jane, None);
    let token = world.sign_ins.individual("jane", Role::Person, false);
    let call = world.sign_ins.call(&token, GET).await;
    let own = world.guard.standing(&call, PersonId::from(jane), false).await;
    for permit in [standing(&world, jane).await, own] {
        let gone = write(&world, &world.guard, permit.unwrap()).await.unwrap_err();
        assert_eq!(gone, Stopped::Refused(Refusal::Unavailable(Outage::Fence)));
    }
    assert_eq!(world.things().await, 0);
}

#[tokio::test]
async fn while_the_people_service_is_away_no_appointment_is_believed() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    world.people.appoint("aunt", guardian(jane, None));
    let (call, note) = (aunt(&world).await, world.note(jane));
    let id = note.id.uuid().unwrap();
    for (fault, refusal) in [
        (SourceError::Unavailable, Refusal::Unavailable(Outage::People)),
        (SourceError::Overloaded, Refusal::Overloaded),
    ] {
        world.people.fault(Some(fault));
        assert_eq!(read(&world.guard, &call, id, Some(&note)).await, Err(refusal));
        assert_eq!(read(&world.guard, &call, id, None).await, Err(refusal));
        let list = Ask::<ReadNotes>::people(vec![PersonId::from(jane)]);
        assert_eq!(world.guard.permit(&call, list).await.unwrap_err(), refusal);
        assert_eq!(standing(&world, jane).await.unwrap_err(), refusal);
    }
    assert!(world.stage.events().await.is_empty());
}
