//! Nothing but a share, and the person's own sign-in, opens any of a plan: whatever else is on file.

use kernel::{Action, Code, CodeSet, ConsentId, Instant, PractitionerId, Purpose, RecordId, Role};
use policy::{
    ConsentType, CourtOrder, Effect, EmergencyAccess, RecipientClass, Recipients, Representative,
    Rule,
};
use testkit::fakes::{Staff, consent, permitting};
use time::Duration;
use uuid::Uuid;
use wire::recovery::v1::PlanSectionKind;

use crate::{
    decisions::{decisions_of, recording},
    employed::content,
    shared::{answering, check_ins_of},
    supported::{by_one, calling, id_of, looking},
    tasks::{asking, tasks_of},
    world::{
        CLINIC, Client, HOUSING, World, is_absent, list_goals, making, sharing, toolbox, writing,
    },
};

/// Every code there is.
fn all<C: Code>() -> CodeSet<C> {
    C::ALL.iter().copied().collect()
}

/// All that could be on file in favour of an agency and its dr-c.
async fn everything(world: &World, person: Uuid, jane: &Client, agency: Uuid) {
    let now: Instant = kernel::Clock::now(&world.clock);
    let sections = jane.plan(person).await.unwrap().sections;
    let goals = jane.goals(list_goals(person)).await.unwrap().goals;
    let check_ins = jane.check_ins(check_ins_of(person)).await.unwrap().check_ins;
    let tasks = jane.tasks(tasks_of(person)).await.unwrap().tasks;
    let decisions = jane.decisions(decisions_of(person)).await.unwrap().decisions;
    let names = (sections.into_iter().map(|one| one.name))
        .chain(goals.into_iter().map(|one| one.name))
        .chain(check_ins.into_iter().map(|one| one.name))
        .chain(tasks.into_iter().map(|one| one.name))
        .chain(decisions.into_iter().map(|one| one.name))
        .chain(jane.working(person).await.map(|one| one.name));
    let records: Vec<RecordId> =
        names.map(|name| RecordId::new(id_of(&name).to_string())).collect();
    assert_eq!(records.len(), 12);
    for (n, kind) in ConsentType::ALL.iter().enumerate() {
        let whole = Rule {
            recipients: Some(Recipients {
                class: Some(RecipientClass::Tpo),
                practitioners: vec![PractitionerId::new(format!("{agency}/dr-c"))],
                ..Recipients::default()
            }),
            purposes: Some(all()),
            actions: Some(all()),
            ..Rule::new(Effect::Permit)
        };
        let named = permitting(CLINIC, agency, all::<Purpose>(), all::<Action>());
        let listed = Rule { records: Some(records.clone()), ..whole.clone() };
        for (m, rule) in [whole, named, listed].into_iter().enumerate() {
            let id = Uuid::from_u128((n * 10 + m) as u128 + 1);
            world.consents.give(policy::Consent { kind: *kind, ..consent(person, id, rule) });
        }
    }
    world.consents.facts_of(person, |facts| {
        let told = || Some("told".to_owned());
        facts.emergency_accesses.push(EmergencyAccess {
            id: ConsentId::from(Uuid::from_u128(0xe1)),
            person: facts.person.clone(),
            agency: agency.into(),
            practitioner: PractitionerId::new("dr-c"),
            recipient_name: told(),
            recipient_affiliation: told(),
            nature: told(),
            consent_unobtainable: told(),
            granted_at: Some(now),
            expires: Some(now + Duration::HOUR),
        });
        for custodian in [CLINIC, HOUSING] {
            facts.court_orders.push(CourtOrder {
                id: ConsentId::from(Uuid::new_v4()),
                person: facts.person.clone(),
                court: told(),
                section: told(),
                order: true,
                subpoena: true,
                recipient_agency: agency.into(),
                custodian: custodian.into(),
                records: records.clone(),
                issued_at: Some(now),
                expires: Some(now + Duration::HOUR),
                accepted_by: told(),
            });
        }
        facts.representatives.push(Representative {
            subject: kernel::Subject::new("kim"),
            person: facts.person.clone(),
            relationship: told(),
            from: None,
            until: None,
            excluded_sensitivities: CodeSet::EMPTY,
        });
        // What another service says of shares says nothing.
        for record in &records {
            facts.shares.push(policy::Share {
                id: ConsentId::from(Uuid::new_v4()),
                person: facts.person.clone(),
                record: record.clone(),
                grantee: format!("{agency}/dr-c"),
                until: Some(now + Duration::HOUR),
            });
        }
    });
}

/// One of each that is kept beside the plan, and a circle with rules for a crisis.
async fn beside(world: &World, person: Uuid, jane: &Client) -> Client {
    jane.make_goal(making(person, "work")).await.unwrap();
    jane.check_in(answering(person, 3)).await.unwrap();
    let (kim, kims) = world.supporter(person, jane, "friend").await;
    jane.make_task(asking(world, person, "a ride", Some(&kim))).await.unwrap();
    jane.record_decision(recording(world, person, None)).await.unwrap();
    jane.work(person, content()).await;
    jane.set_crisis_rules(by_one(person, &kim)).await.unwrap();
    kims
}

/// What each list of the person's answers to somebody who is shown none of it.
async fn every_list(client: &Client, person: Uuid) -> Vec<tonic::Status> {
    vec![
        client.plan(person).await.unwrap_err(),
        client.goals(list_goals(person)).await.unwrap_err(),
        client.check_ins(check_ins_of(person)).await.unwrap_err(),
        client.tasks(tasks_of(person)).await.unwrap_err(),
        client.decisions(decisions_of(person)).await.unwrap_err(),
        client.working(person).await.unwrap_err(),
        client.get_crisis(looking(person)).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn no_role_purpose_consent_order_or_emergency_opens_a_section() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let kims = beside(&world, person, &jane).await;
    for agency in [CLINIC, HOUSING] {
        everything(&world, person, &jane, agency).await;
    }
    let (mut absent, mut not_admitted) = (0, 0);
    for agency in [CLINIC, HOUSING] {
        for role in Role::ALL {
            for purposes in Purpose::ALL.iter().map(|one| CodeSet::from([*one])).chain([all()]) {
                let staff = Staff::of(agency, "dr-c").roles([*role]).purposes(purposes);
                let Some(client) = signed_in(&world, &staff) else { continue };
                for refused in every_list(&client, person).await {
                    match refused.code() {
                        tonic::Code::NotFound => {
                            is_absent(&refused);
                            absent += 1;
                        }
                        code => {
                            let own = [tonic::Code::PermissionDenied, tonic::Code::Unauthenticated];
                            assert!(own.contains(&code), "{role:?} {purposes:?}: {refused:?}");
                            not_admitted += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(absent >= 800 && not_admitted > 0, "{absent} absent, {not_admitted} not admitted");
    // A crisis shows whom the person chose what they chose, and changes nothing for anybody else.
    kims.activate_crisis_plan(calling(person)).await.unwrap();
    let shown = kims.plan(person).await.unwrap().sections;
    assert!(shown.len() == 1 && shown[0].kind() == PlanSectionKind::CrisisPlan);
    for agency in [CLINIC, HOUSING] {
        let client = world.client(&Staff::of(agency, "dr-c").purposes(all()));
        let refused = every_list(&client, person).await;
        assert_eq!(refused.iter().filter(|one| one.code() == tonic::Code::NotFound).count(), 5);
    }
    // The same with one share: that section, and nothing beside it.
    jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    for purpose in Purpose::ALL {
        let staff = Staff::of(CLINIC, "dr-c").purposes([*purpose]);
        let client = world.client(&staff);
        let plan = client.plan(person).await.unwrap();
        assert_eq!(plan.sections.len(), 1, "{purpose:?}");
        assert_eq!(plan.sections[0].name, tools.name);
        is_absent(&client.goals(list_goals(person)).await.unwrap_err());
        is_absent(&client.decisions(decisions_of(person)).await.unwrap_err());
        is_absent(&client.working(person).await.unwrap_err());
    }
}

/// With a token, where the issuer gives one for such a role.
fn signed_in(world: &World, staff: &Staff) -> Option<Client> {
    let individual = [Role::Person, Role::Representative, Role::Supporter];
    let network = [Role::NetworkAdmin, Role::DataSteward, Role::Service];
    let none = |role| individual.contains(&role) || network.contains(&role);
    (!staff.roles.iter().any(none)).then(|| world.client(staff))
}

#[tokio::test]
async fn neither_who_acts_for_the_person_nor_who_supports_them_sees_a_plan() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    beside(&world, person, &jane).await;
    everything(&world, person, &jane, CLINIC).await;
    world.people.appoint(
        "kim",
        permit::Appointment {
            id: Uuid::new_v4(),
            person: person.into(),
            relationship: policy::Relationship::Guardian,
            authority: true,
            from: None,
            until: None,
            excluded_sensitivities: CodeSet::EMPTY,
            confirmed_by: None,
        },
    );
    let representative = world.individual("kim", Role::Representative);
    for refused in every_list(&representative, person).await {
        assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    }
    // Whom nobody has asked, and one of the circle with whom nothing is shared.
    let kim = world.individual("kim", Role::Supporter);
    let lists = async || {
        for refused in every_list(&kim, person).await {
            // The rules of a crisis are told to the person alone.
            let denied = refused.code() == tonic::Code::PermissionDenied;
            assert!(denied || refused.code() == tonic::Code::NotFound, "{refused:?}");
        }
    };
    lists().await;
    world.supporter(person, &jane, "kim").await;
    lists().await;
}
