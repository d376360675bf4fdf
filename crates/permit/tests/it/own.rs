//! What is decided without a record: registration, standing, sending.

use kernel::{Action, AgencyId, CodeSet, Kind, PersonId, Purpose, Role};
use ledger::Outcome;
use permit::{Ask, Located, Refusal, SendReferrals, Standing};
use testkit::fakes::{consent, permitting};
use uuid::Uuid;

use crate::world::{CLINIC, GET, HOUSING, WRITE, World};

/// Spelled out in the guard as well: whoever is bound to nobody is bound to this.
const NOBODY: Uuid = Uuid::from_u128(0x6e6f_626f_6479_4000_8000_0000_0000_0000);

#[tokio::test]
async fn a_registration_needs_no_registration_but_is_of_a_profile_in_ones_own_custody() {
    let world = World::new().await;
    let (clinic, housing) = (world.clinic(WRITE).await, world.housing(WRITE).await);
    let mut profile = world.note(Uuid::new_v4());
    let note = profile.clone();
    profile.kind = Kind::Profile;
    assert!(world.guard.permit_registration(&clinic, profile.clone()).await.is_ok());
    // Not even where a consent would let it write to what the other holds.
    world.consent(profile.person.uuid().unwrap(), [Action::Read, Action::Write]);
    for (call, record) in [(&housing, profile), (&clinic, note)] {
        let refused = world.guard.permit_registration(call, record).await.unwrap_err();
        assert_eq!(refused, Refusal::NotFound);
    }
    assert_eq!(world.outcomes().await, [Outcome::Deny, Outcome::Deny]);
}

#[tokio::test]
async fn only_the_person_stands_for_themself_and_an_agency_where_it_may_ask() {
    let world = World::new().await;
    let (jane, other) = (Uuid::new_v4(), Uuid::new_v4());
    world.people.bind("jane", jane, Some(&[CLINIC]));
    let stands = async |sub: &str, role, proofed, person: Uuid| {
        let token = world.sign_ins.individual(sub, role, proofed);
        let call = world.sign_ins.call(&token, GET).await;
        let person = PersonId::from(person);
        world.guard.standing(&call, person, true).await.map(|permit| permit.standing().clone())
    };
    let vouched = Standing::Person { confirmed_by: Some(vec![AgencyId::from(CLINIC)]) };
    assert_eq!(stands("jane", Role::Person, false, jane).await, Ok(vouched.clone()));
    // What a token says of proofing is for the binding alone to count.
    assert_eq!(stands("jane", Role::Person, true, jane).await, Ok(vouched));
    world.people.bind("proofed", jane, None);
    let everywhere = Standing::Person { confirmed_by: None };
    assert_eq!(stands("proofed", Role::Person, false, jane).await, Ok(everywhere));
    for (sub, role, person) in [
        ("jane", Role::Person, other),
        ("jane", Role::Representative, jane),
        ("mary", Role::Person, jane),
        // A sign-in bound to nobody is not bound to that nobody, nor is one bound to it by mistake.
        ("mary", Role::Person, NOBODY),
        ("mary", Role::Representative, NOBODY),
    ] {
        assert_eq!(stands(sub, role, true, person).await, Err(Refusal::NotFound), "{sub} {role}");
    }
    world.people.bind("mistake", NOBODY, None);
    assert_eq!(stands("mistake", Role::Person, true, NOBODY).await, Err(Refusal::NotFound));

    let clinic = world.clinic(GET).await;
    let agency = world.guard.standing(&clinic, PersonId::from(jane), true).await.unwrap();
    assert_eq!(agency.named_agency(), Some(CLINIC));
    let person = world.guard.standing(&clinic, PersonId::from(jane), false).await;
    assert_eq!(person.unwrap_err(), Refusal::NotFound);
}

#[tokio::test]
async fn a_sign_in_that_is_bound_to_nobody_reads_nobodys_records() {
    let world = World::new().await;
    let token = world.sign_ins.individual("mary", Role::Person, true);
    let call = world.sign_ins.call(&token, GET).await;
    assert_eq!(world.guard.person_of(&call).await, Ok(None));
    // Even if there were a record of nobody's.
    let note = world.note(NOBODY);
    let read = crate::world::read(&world.guard, &call, Uuid::new_v4(), Some(&note)).await;
    assert_eq!(read, Err(Refusal::NotFound));
    let absent = crate::world::read(&world.guard, &call, Uuid::new_v4(), None).await;
    assert_eq!(absent, Err(Refusal::NotFound));
}

#[tokio::test]
async fn a_person_reads_their_own_where_their_sign_in_is_vouched_for() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    let note = world.note(jane);
    let reads = async |sub: &str| {
        let token = world.sign_ins.individual(sub, Role::Person, false);
        let call = world.sign_ins.call(&token, GET).await;
        crate::world::read(&world.guard, &call, note.id.uuid().unwrap(), Some(&note)).await
    };
    world.people.bind("by-clinic", jane, Some(&[CLINIC]));
    world.people.bind("by-housing", jane, Some(&[HOUSING]));
    world.people.bind("by-nobody", jane, Some(&[]));
    assert_eq!(reads("by-clinic").await, Ok("words"));
    assert_eq!(reads("by-housing").await, Err(Refusal::NotFound));
    assert_eq!(reads("by-nobody").await, Err(Refusal::NotFound));
}

#[tokio::test]
async fn the_persons_own_is_recorded_before_it_is_opened() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    world.people.bind("jane", jane, None);
    let token = world.sign_ins.individual("jane", Role::Person, true);
    let call = world.sign_ins.call(&token, GET).await;
    let permit = world.guard.standing(&call, PersonId::from(jane), false).await.unwrap();
    let away = world.without_ledger().await;
    let record = Uuid::new_v4();
    assert!(away.release_standing(&permit, vec![record], "words").await.is_err());
    let refusal = away.refuse_standing(&call, None, vec![record]).await;
    assert_eq!(refusal, Refusal::Unavailable(permit::Outage::Audit));
    assert!(world.stage.events().await.is_empty());

    assert_eq!(world.guard.release_standing(&permit, vec![record], "words").await, Ok("words"));
    for person in [Some(PersonId::from(jane)), None] {
        let refusal = world.guard.refuse_standing(&call, person.as_ref(), vec![record]).await;
        assert_eq!(refusal, Refusal::NotFound);
    }
    let told: Vec<_> = world
        .stage
        .events()
        .await
        .into_iter()
        .map(|e| (e.outcome, e.person, e.records, e.reason.as_deref().map(str::to_owned)))
        .collect();
    assert_eq!(
        told,
        [
            (Outcome::Permit, Some(jane), vec![record], None),
            (Outcome::Deny, Some(jane), vec![record], Some("NO_STANDING".to_owned())),
            (Outcome::Deny, None, vec![record], Some("ABSENT".to_owned())),
        ]
    );
}

#[tokio::test]
async fn sending_is_covered_by_a_consent_for_it_and_by_nothing_else() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    let mut referral = world.note(person);
    referral.kind = Kind::Referral;
    let covered = async |record: &policy::Record, to, purposes: CodeSet<Purpose>| {
        world.guard.covered(record, &AgencyId::from(to), purposes).await.unwrap().sending
    };
    let why: CodeSet<Purpose> = [Purpose::Treat].into();
    assert!(!covered(&referral, HOUSING, why).await, "without a consent");
    let rule = permitting(CLINIC, HOUSING, why, [Action::Read, Action::Refer]);
    world.consents.give(consent(person, Uuid::new_v4(), rule));
    assert!(covered(&referral, HOUSING, why).await);
    assert!(!covered(&referral, HOUSING, why.with(Purpose::Marketing)).await);
    assert!(!covered(&referral, HOUSING, CodeSet::EMPTY).await);
    assert!(!covered(&referral, CLINIC, why).await, "to another");
    assert!(!covered(&referral, Uuid::new_v4(), why).await, "to an unknown one");
    let mut ownerless = referral.clone();
    ownerless.custodian = None;
    assert!(!covered(&ownerless, HOUSING, why).await);
    world.revoke(person);
    assert!(!covered(&referral, HOUSING, why).await, "after the revocation");
}

#[tokio::test]
async fn reading_at_the_recipient_is_covered_apart_from_sending() {
    let world = World::new().await;
    let why: CodeSet<Purpose> = [Purpose::Treat].into();
    let (read, refer) = (Action::Read, Action::Refer);
    let all: [(&[Action], bool, bool); 4] = [
        (&[], false, false),
        (&[read], false, true),
        (&[refer], true, false),
        (&[read, refer], true, true),
    ];
    for (actions, sending, reading) in all {
        let person = Uuid::new_v4();
        let mut referral = world.note(person);
        referral.kind = Kind::Referral;
        if !actions.is_empty() {
            let actions: CodeSet<Action> = actions.iter().copied().collect();
            let rule = permitting(CLINIC, HOUSING, why, actions);
            world.consents.give(consent(person, Uuid::new_v4(), rule));
        }
        let covered = world.guard.covered(&referral, &AgencyId::from(HOUSING), why).await;
        assert_eq!(covered.unwrap(), permit::Covered { sending, reading }, "{actions:?}");
    }
}

#[tokio::test]
async fn of_what_goes_in_parts_whom_it_is_sent_to_reads_one_of_each_at_least() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    let why: CodeSet<Purpose> = [Purpose::Treat].into();
    let mut rule = permitting(CLINIC, HOUSING, why, [Action::Read, Action::Refer]);
    rule.kinds = Some([Kind::Referral].into());
    world.consents.give(consent(person, Uuid::new_v4(), rule));
    let (hidden, other) = (world.note(person), world.note(person));
    let shown = policy::Record { kind: Kind::Referral, ..hidden.clone() };
    let sent = policy::Record { kind: Kind::Referral, ..world.note(person) };
    let located = Located::of(Kind::Referral, sent.id.uuid().unwrap(), Some(sent));
    let ask = Ask::<SendReferrals>::about(located).to(AgencyId::from(HOUSING));
    let permit = world.guard.permit(&world.clinic(WRITE).await, ask).await.unwrap();
    let mut denied = 0;
    for (parts, unread) in [
        (vec![], None),
        (vec![shown.clone()], None),
        (vec![hidden.clone(), shown.clone()], None),
        (vec![hidden.clone()], Some(&hidden.id)),
        (vec![shown, hidden.clone(), other.clone()], Some(&other.id)),
    ] {
        let found = world.guard.unread_with(&permit, &parts).await.unwrap();
        assert_eq!(found.map(|part| &part.id), unread, "{parts:?}");
        denied += usize::from(unread.is_some());
        assert_eq!(world.outcomes().await, vec![Outcome::Deny; denied]);
    }
}
