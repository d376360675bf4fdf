use kernel::Role;
use time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    consent::v1::{self as pb, EmergencyAlarm as Alarm, EmergencyOutcome as Outcome},
    convert::{agency_name, name_of, timestamp},
};

use crate::{
    call,
    world::{
        ANA, BEN, CLEO, CLINIC, HOUSING, NOW, OTHER, World, assert_same, audited, fields, fresh,
        told,
    },
};

fn facts() -> pb::EmergencyFacts {
    pb::EmergencyFacts {
        recipient_name: "Dr. Moss".to_owned(),
        recipient_affiliation: "Riverside Clinic, emergency department".to_owned(),
        nature: "Overdose, unconscious".to_owned(),
        consent_unobtainable: "Unconscious".to_owned(),
    }
}

pub fn declaring(person: Uuid) -> pb::DeclareEmergencyRequest {
    let person = name_of("people", person);
    pb::DeclareEmergencyRequest { request_id: fresh(), person, facts: Some(facts()), hours: 2 }
}

pub fn medic(world: &World, agency: Uuid) -> String {
    world.staff_as("dr-er", Role::Medical, agency)
}

pub async fn declared(world: &World, person: Uuid) -> pb::Emergency {
    let token = medic(world, CLINIC);
    let reply = call!(world, declare_emergency, token, declaring(person)).unwrap();
    reply.emergency.unwrap()
}

pub async fn review(
    world: &World,
    token: String,
    name: &str,
    outcome: Outcome,
) -> Result<pb::Emergency, Status> {
    let request = pb::ReviewEmergencyRequest {
        request_id: fresh(),
        name: name.to_owned(),
        outcome: outcome.into(),
        comment: "As the chart says.".to_owned(),
    };
    call!(world, review_emergency, token, request).map(|reply| reply.emergency.unwrap())
}

async fn listed(
    world: &World,
    token: String,
    person: Option<Uuid>,
    unreviewed: bool,
) -> Vec<String> {
    let person = person.map(|id| name_of("people", id)).unwrap_or_default();
    let request = pb::ListEmergenciesRequest { person, unreviewed, ..Default::default() };
    let reply = call!(world, list_emergencies, token, request).unwrap();
    reply.emergencies.into_iter().map(|e| e.name).collect()
}

#[tokio::test]
async fn a_declared_emergency_is_a_fact_for_its_hours_and_on_record() {
    let world = World::new().await;
    let emergency = declared(&world, ANA).await;
    assert_eq!(emergency.practitioner, format!("{}/practitioners/dr-er", agency_name(CLINIC)));
    assert_eq!(emergency.grant_time, Some(timestamp(NOW)));
    assert_eq!(emergency.expire_time, Some(timestamp(NOW + Duration::hours(2))));
    assert_eq!(emergency.alarm(), Alarm::Unspecified);
    let on_file = world.facts_of(ANA).await;
    assert_eq!(on_file.emergencies, [emergency]);
    assert_eq!(on_file.until, Some(timestamp(NOW + Duration::hours(2))));
    assert_eq!(world.facts_of(BEN).await.emergencies, []);
    assert_eq!(audited(&world, "/DeclareEmergency").await, [(true, Some(ANA), 1, None)]);
    let whole_day = pb::DeclareEmergencyRequest { hours: 0, ..declaring(BEN) };
    let reply = call!(world, declare_emergency, medic(&world, CLINIC), whole_day).unwrap();
    let ends = Some(timestamp(NOW + Duration::hours(24)));
    assert_eq!(reply.emergency.unwrap().expire_time, ends);
}

#[tokio::test]
async fn s2_51_without_one_of_its_four_facts_an_emergency_is_refused_by_the_fields_name() {
    let world = World::new().await;
    type Take = fn(&mut pb::EmergencyFacts) -> &mut String;
    let four: [(&str, Take); 4] = [
        ("facts.recipient_name", |f| &mut f.recipient_name),
        ("facts.recipient_affiliation", |f| &mut f.recipient_affiliation),
        ("facts.nature", |f| &mut f.nature),
        ("facts.consent_unobtainable", |f| &mut f.consent_unobtainable),
    ];
    for (field, take) in four {
        for missing in ["", "   "] {
            let mut request = declaring(ANA);
            *take(request.facts.as_mut().unwrap()) = missing.to_owned();
            let token = medic(&world, CLINIC);
            let refused = call!(world, declare_emergency, token, request).unwrap_err();
            assert_eq!(
                (refused.code(), fields(&refused)),
                (Code::InvalidArgument, vec![field.into()])
            );
        }
    }
    let mut long = declaring(ANA);
    long.hours = 25;
    let refused = call!(world, declare_emergency, medic(&world, CLINIC), long).unwrap_err();
    assert_eq!(fields(&refused), ["hours"]);
    assert_eq!(world.facts_of(ANA).await.revision, 0);
}

#[tokio::test]
async fn only_medical_staff_of_a_covered_entity_that_registered_the_person_declare() {
    let world = World::new().await;
    let refused = call!(world, declare_emergency, world.staff(CLINIC), declaring(ANA));
    assert_eq!(told(&refused.unwrap_err()).1, "ROLE_NOT_ADMITTED");
    // An agency that knows neither gets the same for both.
    let token = || medic(&world, OTHER);
    let known = call!(world, declare_emergency, token(), declaring(ANA)).unwrap_err();
    let unknown = call!(world, declare_emergency, token(), declaring(CLEO)).unwrap_err();
    assert_same(&known, &unknown);
    assert_eq!(known.code(), Code::NotFound);
    world.people.register(ANA, HOUSING);
    let refused = call!(world, declare_emergency, medic(&world, HOUSING), declaring(ANA));
    assert_eq!(
        told(&refused.unwrap_err()),
        (Code::PermissionDenied, "ACTION_NOT_PERMITTED".into())
    );
    assert_eq!(world.facts_of(ANA).await.revision, 0);
    let told = audited(&world, "/DeclareEmergency").await;
    assert_eq!(told.iter().filter(|(permitted, ..)| !permitted).count(), 3);
}

#[tokio::test]
async fn a_repeated_and_a_bulk_use_raise_an_alarm() {
    let world = World::new().await;
    world.people.register(CLEO, CLINIC);
    assert_eq!(declared(&world, ANA).await.alarm(), Alarm::Unspecified);
    assert_eq!(declared(&world, ANA).await.alarm(), Alarm::Repeated);
    assert_eq!(declared(&world, BEN).await.alarm(), Alarm::Unspecified);
    assert_eq!(declared(&world, CLEO).await.alarm(), Alarm::Bulk);
    world.clock.advance(Duration::days(8));
    assert_eq!(declared(&world, ANA).await.alarm(), Alarm::Unspecified);
}

#[tokio::test]
async fn a_review_is_made_once_an_agency_and_not_by_who_declared() {
    let world = World::new().await;
    let name = declared(&world, ANA).await.name;
    let own = world.staff_as("dr-er", Role::PrivacyOfficer, CLINIC);
    let refused = review(&world, own, &name, Outcome::Justified).await.unwrap_err();
    assert_eq!(told(&refused).1, "ACTION_NOT_PERMITTED");
    let stranger = review(&world, world.officer(OTHER), &name, Outcome::Justified).await;
    assert_eq!(told(&stranger.unwrap_err()).0, Code::NotFound);
    let reviewed = review(&world, world.officer(CLINIC), &name, Outcome::Justified).await.unwrap();
    assert_eq!(reviewed.reviews.len(), 1);
    assert_eq!(reviewed.expire_time, Some(timestamp(NOW + Duration::hours(2))));
    let twice = review(&world, world.officer(CLINIC), &name, Outcome::Justified).await;
    assert_eq!(told(&twice.unwrap_err()).1, "WRONG_STATE");
    world.people.register(ANA, OTHER);
    let second = review(&world, world.officer(OTHER), &name, Outcome::NotJustified).await.unwrap();
    // Another agency says so, and ends nothing; nor is it told of the person's health.
    let ends = Some(timestamp(NOW + Duration::hours(2)));
    assert_eq!((second.reviews.len(), second.expire_time, second.facts), (2, ends, None));
    assert_eq!(second.reviews[0].comment, "");
    let fact = world.facts_of(ANA).await.emergencies.remove(0);
    assert_eq!((fact.expire_time, fact.reviews.len()), (ends, 0));
}

#[tokio::test]
async fn what_the_declaring_agency_finds_not_justified_ends_at_once() {
    let world = World::new().await;
    let name = declared(&world, ANA).await.name;
    let ending = review(&world, world.officer(CLINIC), &name, Outcome::NotJustified);
    let ended = world.fenced(ending).await.unwrap();
    assert_eq!((ended.expire_time, ended.facts.is_some()), (Some(timestamp(NOW)), true));
    assert_eq!(world.facts_of(ANA).await.emergencies, []);
}

#[tokio::test]
async fn a_sign_in_sees_only_the_emergencies_of_those_who_vouch_for_it() {
    let world = World::new().await;
    let name = declared(&world, ANA).await.name;
    world.people.bind("vouched", ANA, Some(&[OTHER]));
    assert_eq!(listed(&world, world.person("vouched"), Some(ANA), false).await, [""; 0]);
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    assert_eq!(listed(&world, world.person("vouched"), Some(ANA), false).await, vec![name]);
}

#[tokio::test]
async fn the_person_and_privacy_officers_find_it_and_what_waits_for_review() {
    let world = World::new().await;
    let of_ana = declared(&world, ANA).await.name;
    world.clock.advance(Duration::seconds(1));
    let of_ben = declared(&world, BEN).await.name;
    assert_eq!(listed(&world, world.person("ana"), Some(ANA), false).await, vec![of_ana.clone()]);
    assert_eq!(listed(&world, world.person("ana"), Some(BEN), false).await, [""; 0]);
    let officer = || world.officer(CLINIC);
    let both = [of_ben.clone(), of_ana.clone()];
    assert_eq!(listed(&world, officer(), None, true).await, both);
    assert_eq!(listed(&world, officer(), Some(BEN), true).await, vec![of_ben.clone()]);
    review(&world, officer(), &of_ana, Outcome::Justified).await.unwrap();
    assert_eq!(listed(&world, officer(), None, true).await, vec![of_ben.clone()]);
    assert_eq!(listed(&world, officer(), None, false).await, both);
    // Another agency's officer sees those of people whom it registered, and only on asking for them.
    assert_eq!(listed(&world, world.officer(OTHER), None, false).await, [""; 0]);
    assert_eq!(listed(&world, world.officer(OTHER), Some(ANA), false).await, [""; 0]);
    world.people.register(ANA, OTHER);
    assert_eq!(listed(&world, world.officer(OTHER), Some(ANA), true).await, [of_ana]);
    let request = pb::ListEmergenciesRequest::default();
    let refused = call!(world, list_emergencies, world.person("ana"), request).unwrap_err();
    assert_eq!(fields(&refused), ["person"]);
}
