use std::sync::atomic::Ordering;

use kernel::{AgencyId, Code as _, CodeSet, Kind, Purpose, Role};
use ledger::Outcome;
use policy::{
    Consent, ConsentStatus, ConsentType, Disclosers, Effect, Recipients, Rule, Statements,
};
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::BasisKind,
    people::v1::{Person, Profile},
};

use crate::world::{CLINIC, HOUSING, MEDICAID, PROBATION, World, id, identifier, jane, whole};

fn custodians(person: Option<Person>) -> Vec<Uuid> {
    let profiles = person.unwrap().profiles;
    let custodian = |p: &Profile| wire::convert::id_of("agencies", &p.custodian).unwrap();
    let mut all: Vec<Uuid> = profiles.iter().map(custodian).collect();
    all.sort_unstable();
    all
}

pub fn consent(world: &World, person: Uuid, from: Uuid, to: Uuid) -> Consent {
    let rule = Rule {
        recipients: Some(Recipients { agencies: vec![to.into()], ..Recipients::default() }),
        disclosers: Some(Disclosers { agencies: vec![from.into()] }),
        purposes: Some([Purpose::CoordinationOfCare].into()),
        kinds: Some(CodeSet::from([Kind::Profile])),
        ..Rule::new(Effect::Permit)
    };
    Consent {
        id: Uuid::new_v4().into(),
        person: person.into(),
        kind: ConsentType::General,
        status: ConsentStatus::Active,
        effective: Some(world.now() - time::Duration::HOUR),
        expires: Some(world.now() + time::Duration::HOUR),
        never_expires: false,
        revoked_at: None,
        revocable_after: None,
        grantor: None,
        co_grantor: None,
        signature: None,
        description: Some("my profile".into()),
        statements: Statements::default(),
        supersedes: Vec::new(),
        rule,
        exceptions: Vec::new(),
        person_deceased: false,
    }
}

#[tokio::test]
async fn an_agency_reads_its_own_profile_and_no_other() {
    let world = World::new().await;
    world.somebody_else(HOUSING).await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    for agency in [CLINIC, HOUSING] {
        let found = world.staff(agency).get(person).await.unwrap();
        assert_eq!(found.person.as_ref().unwrap().name, format!("people/{person}"));
        assert_eq!(custodians(found.person), [agency]);
        assert_eq!(found.disclosure.unwrap().bases, [i32::from(BasisKind::Custodian)]);
    }
}

#[tokio::test]
async fn a_person_of_another_agency_and_a_person_who_does_not_exist_are_the_same() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let refused = world.staff(HOUSING).get(person).await.unwrap_err();
    let absent = world.staff(HOUSING).get(Uuid::new_v4()).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(whole(&refused), whole(&absent));
    let nobody = world.person("nobody");
    assert_eq!(whole(&nobody.get(person).await.unwrap_err()), whole(&absent));
}

#[tokio::test]
async fn a_consent_opens_the_other_agencys_profile() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let given = consent(&world, person, CLINIC, HOUSING);
    let name = format!("consents/{}", given.id);
    world.consents.give(given);
    let found = world.staff(HOUSING).get(person).await.unwrap();
    assert_eq!(custodians(found.person), [CLINIC, HOUSING]);
    let disclosure = found.disclosure.unwrap();
    let bases = [i32::from(BasisKind::Custodian), i32::from(BasisKind::Consent)];
    assert_eq!(disclosure.bases, bases);
    assert_eq!(disclosure.basis, [name]);
    // It is the clinic's profile of Jane that is open, for housing.
    assert_eq!(world.staff(HOUSING).get(other).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.staff(PROBATION).get(person).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(custodians(world.staff(CLINIC).get(person).await.unwrap().person), [CLINIC]);
    // The purpose is part of the question.
    let else_where = world.staff_for(HOUSING, "h", &[Purpose::HousingPlacement]);
    assert_eq!(custodians(else_where.get(person).await.unwrap().person), [HOUSING]);
    // And when it has ended it opens nothing.
    world.clock.advance(time::Duration::HOUR);
    assert_eq!(custodians(world.staff(HOUSING).get(person).await.unwrap().person), [HOUSING]);
}

#[tokio::test]
async fn a_person_reads_what_the_agencies_hold_that_vouch_for_their_sign_in() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let jane = world.person("jane");
    jane.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    assert_eq!(custodians(jane.get(person).await.unwrap().person), [CLINIC]);
    let code = jane.code(person, "").await.unwrap();
    world.staff(HOUSING).confirm(person, &code).await.unwrap();
    assert_eq!(custodians(jane.get(person).await.unwrap().person), [CLINIC, HOUSING]);
    assert_eq!(jane.get(other).await.unwrap_err().code(), Code::NotFound);
    // A supporter's sign-in of the same name is not the person's.
    let supporter = world.individual("jane", Role::Representative);
    assert_eq!(supporter.get(person).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn finding_looks_among_ones_own_people_only() {
    let world = World::new().await;
    world.somebody_else(CLINIC).await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    let own = format!("J-{CLINIC}");
    for (system, value) in [("urn:own", &*own), (MEDICAID, "M-1")] {
        let found = world.staff(CLINIC).find(system, value).await.unwrap();
        assert_eq!(found.person.as_ref().unwrap().name, format!("people/{person}"));
        assert_eq!(custodians(found.person), [CLINIC]);
    }
    // Even under a consent: GetPerson is for that.
    world.consents.give(consent(&world, person, HOUSING, CLINIC));
    assert_eq!(
        custodians(world.staff(CLINIC).find(MEDICAID, "M-1").await.unwrap().person),
        [CLINIC]
    );
    let nowhere = [
        world.staff(HOUSING).find("urn:own", &own).await.unwrap(),
        world.staff(PROBATION).find(MEDICAID, "M-1").await.unwrap(),
        world.staff(PROBATION).find(MEDICAID, "M-nobody").await.unwrap(),
    ];
    for mut reply in nowhere {
        assert_eq!(reply.person, None);
        reply.disclosure.as_mut().unwrap().decision_id.clear();
        let empty = wire::common::v1::Disclosure {
            redisclosure: wire::common::v1::Redisclosure::PermittedByLaw.into(),
            ..Default::default()
        };
        assert_eq!(reply.disclosure.unwrap(), empty);
    }
}

#[tokio::test]
async fn a_shared_identifier_of_two_of_ones_people_finds_neither() {
    let world = World::new().await;
    world.jane(CLINIC).await;
    let mut child = jane(CLINIC);
    child.identifiers[0] = identifier("urn:own", "child");
    child.birth_date = "2039-12-24".into();
    let child = id(&world.staff(CLINIC).register(child).await.unwrap());
    assert_eq!(world.staff(CLINIC).find(MEDICAID, "M-1").await.unwrap().person, None);
    let found = world.staff(CLINIC).find("urn:own", "child").await.unwrap();
    assert_eq!(found.person.unwrap().name, format!("people/{child}"));
}

#[tokio::test]
async fn every_answer_is_on_record_before_it_is_given() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.staff(CLINIC).get(person).await.unwrap();
    world.staff(HOUSING).get(person).await.unwrap_err();
    let events = world.ledger.follow(0, 100).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    let events: Vec<_> = events.into_iter().map(|(_, event)| event).collect();
    assert!(events.iter().all(|e| e.person == Some(person)));
    let brief: Vec<_> = events
        .iter()
        .map(|e| (e.rpc.rsplit('/').next().unwrap(), e.action.code(), e.records.len()))
        .collect();
    assert_eq!(
        brief,
        [("RegisterPerson", "WRITE", 1), ("GetPerson", "READ", 1), ("GetPerson", "READ", 0)]
    );
    assert_eq!(events[0].custodians, [CLINIC]);
    assert_eq!(events[2].caller.agency, AgencyId::from(HOUSING).uuid());
    assert!(events.iter().all(|e| e.outcome == Outcome::Permit));
}

#[tokio::test]
async fn nothing_is_read_when_nothing_can_be_decided() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.consents.away.store(true, Ordering::Relaxed);
    let staff = world.staff(CLINIC);
    assert_eq!(staff.get(person).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(staff.find(MEDICAID, "M-1").await.unwrap_err().code(), Code::Unavailable);
}
