//! Nothing but a share, and the person's own sign-in, opens any of a plan: whatever else is on file.

use kernel::{Action, Code, CodeSet, ConsentId, Instant, PractitionerId, Purpose, RecordId, Role};
use policy::{
    ConsentType, CourtOrder, Effect, EmergencyAccess, RecipientClass, Recipients, Representative,
    Rule,
};
use testkit::fakes::{Staff, consent, permitting};
use time::Duration;
use uuid::Uuid;

use crate::world::{CLINIC, Client, HOUSING, World, is_absent, sharing, toolbox, writing};

/// Every code there is.
fn all<C: Code>() -> CodeSet<C> {
    C::ALL.iter().copied().collect()
}

/// All that could be on file in favour of an agency and its dr-c.
async fn everything(world: &World, person: Uuid, jane: &Client, agency: Uuid) {
    let now: Instant = kernel::Clock::now(&world.clock);
    let sections = jane.plan(person).await.unwrap().sections;
    let records: Vec<RecordId> = sections
        .iter()
        .map(|section| RecordId::new(section.name.trim_start_matches("planSections/")))
        .collect();
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

#[tokio::test]
async fn no_role_purpose_consent_order_or_emergency_opens_a_section() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    for agency in [CLINIC, HOUSING] {
        everything(&world, person, &jane, agency).await;
    }
    let (mut absent, mut not_admitted) = (0, 0);
    for agency in [CLINIC, HOUSING] {
        for role in Role::ALL {
            for purposes in Purpose::ALL.iter().map(|one| CodeSet::from([*one])).chain([all()]) {
                let staff = Staff::of(agency, "dr-c").roles([*role]).purposes(purposes);
                let Some(client) = signed_in(&world, &staff) else { continue };
                let refused = client.plan(person).await.unwrap_err();
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
    assert!(absent >= 200 && not_admitted > 0, "{absent} absent, {not_admitted} not admitted");
    // The same with one share: that section, and nothing beside it.
    jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    for purpose in Purpose::ALL {
        let staff = Staff::of(CLINIC, "dr-c").purposes([*purpose]);
        let plan = world.client(&staff).plan(person).await.unwrap();
        assert_eq!(plan.sections.len(), 1, "{purpose:?}");
        assert_eq!(plan.sections[0].name, tools.name);
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
    let refused = world.individual("kim", Role::Representative).plan(person).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    // Whom nobody has asked, and one of the circle with whom nothing is shared.
    let kim = world.individual("kim", Role::Supporter);
    is_absent(&kim.plan(person).await.unwrap_err());
    world.supporter(person, &jane, "kim").await;
    is_absent(&kim.plan(person).await.unwrap_err());
}
