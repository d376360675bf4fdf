use kernel::Role;
use time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, name_of, timestamp},
};

use crate::{
    call,
    world::{
        ANA, BEN, CLINIC, HOUSING, NOW, OTHER, PROBATION, World, assert_same, fields, fresh, told,
    },
};

pub fn recording(person: Uuid) -> pb::RecordCourtOrderRequest {
    pb::RecordCourtOrderRequest {
        request_id: fresh(),
        person: name_of("people", person),
        terms: Some(pb::CourtOrderTerms {
            court: "Superior Court, file 26-118".to_owned(),
            section: "2.64".to_owned(),
            order: true,
            subpoena: true,
            recipient_agency: agency_name(PROBATION),
            records: vec![name_of("notes", Uuid::from_u128(7))],
            issue_time: Some(timestamp(NOW)),
            expire_time: Some(timestamp(NOW + Duration::days(30))),
            document_sha256: "ab".repeat(32),
        }),
    }
}

pub async fn recorded(world: &World, request: pb::RecordCourtOrderRequest) -> pb::CourtOrder {
    let reply = call!(world, record_court_order, world.officer(CLINIC), request).unwrap();
    reply.court_order.unwrap()
}

pub async fn accept(world: &World, token: String, name: &str) -> Result<pb::CourtOrder, Status> {
    let request = pb::AcceptCourtOrderRequest { request_id: fresh(), name: name.to_owned() };
    call!(world, accept_court_order, token, request).map(|reply| reply.court_order.unwrap())
}

async fn listed(world: &World, token: String, person: Uuid) -> Vec<String> {
    let person = name_of("people", person);
    let request = pb::ListCourtOrdersRequest { person, ..Default::default() };
    let reply = call!(world, list_court_orders, token, request).unwrap();
    reply.court_orders.into_iter().map(|o| o.name).collect()
}

#[tokio::test]
async fn an_order_opens_nothing_until_the_custodians_privacy_officer_accepts_it() {
    let world = World::new().await;
    let order = recorded(&world, recording(ANA)).await;
    assert_eq!((order.custodian.clone(), order.accept_time), (agency_name(CLINIC), None));
    assert_eq!(world.facts_of(ANA).await.court_orders[0].accepted_by, "");
    let accepted = accept(&world, world.officer(CLINIC), &order.name).await.unwrap();
    assert_eq!(accepted.accepted_by, format!("{}/practitioners/po-1", agency_name(CLINIC)));
    assert_eq!(accepted.accept_time, Some(timestamp(NOW)));
    let facts = world.facts_of(ANA).await;
    assert_eq!((facts.court_orders, facts.revision), (vec![accepted], 2));
    let twice = accept(&world, world.officer(CLINIC), &order.name).await.unwrap_err();
    assert_eq!(told(&twice).1, "WRONG_STATE");
}

#[tokio::test]
async fn s2_61_an_order_without_a_subpoena_and_a_subpoena_alone_are_not_accepted() {
    let world = World::new().await;
    for (order, subpoena, missing) in
        [(true, false, "terms.subpoena"), (false, true, "terms.order")]
    {
        let mut request = recording(ANA);
        let terms = request.terms.as_mut().unwrap();
        (terms.order, terms.subpoena) = (order, subpoena);
        let name = recorded(&world, request).await.name;
        let refused = accept(&world, world.officer(CLINIC), &name).await.unwrap_err();
        assert_eq!(told(&refused), (Code::FailedPrecondition, "COURT_ORDER_INCOMPLETE".into()));
        assert_eq!(fields(&refused), [missing]);
    }
    let accepted = world.facts_of(ANA).await.court_orders;
    assert!(accepted.iter().all(|order| order.accepted_by.is_empty()));
}

#[tokio::test]
async fn only_the_recording_agency_finds_it_and_only_its_privacy_officer_accepts() {
    let world = World::new().await;
    let name = recorded(&world, recording(ANA)).await.name;
    let admin = world.staff_as("aa-1", Role::AgencyAdmin, CLINIC);
    assert_eq!(told(&accept(&world, admin, &name).await.unwrap_err()).1, "ROLE_NOT_ADMITTED");
    let never = name_of("courtOrders", Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00ff));
    let refused = accept(&world, world.officer(OTHER), &name).await.unwrap_err();
    assert_same(&refused, &accept(&world, world.officer(OTHER), &never).await.unwrap_err());
    assert_eq!(refused.code(), Code::NotFound);
    let on_record = crate::world::audited(&world, "/AcceptCourtOrder").await;
    assert_eq!(on_record.iter().filter(|(permitted, ..)| !permitted).count(), 2);
    assert_eq!(listed(&world, world.officer(CLINIC), ANA).await, vec![name.clone()]);
    assert_eq!(listed(&world, world.person("ana"), ANA).await, [name]);
    world.people.bind("vouched", ANA, Some(&[OTHER]));
    assert_eq!(listed(&world, world.person("vouched"), ANA).await, [""; 0]);
    assert_eq!(listed(&world, world.officer(PROBATION), ANA).await, [""; 0]);
    assert_eq!(listed(&world, world.officer(CLINIC), BEN).await, [""; 0]);
    let stranger = call!(world, record_court_order, world.officer(HOUSING), recording(ANA));
    assert_eq!(stranger.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn what_an_order_must_say_is_named_all_at_once() {
    let world = World::new().await;
    let mut request = recording(ANA);
    let terms = request.terms.as_mut().unwrap();
    (terms.order, terms.subpoena) = (false, false);
    terms.court = "  ".to_owned();
    terms.recipient_agency = agency_name(CLINIC);
    terms.expire_time = Some(timestamp(NOW));
    let refused = call!(world, record_court_order, world.officer(CLINIC), request).unwrap_err();
    assert_eq!(
        fields(&refused),
        ["terms.recipient_agency", "terms.expire_time", "terms.order", "terms.court"]
    );
    let mut request = recording(ANA);
    let terms = request.terms.as_mut().unwrap();
    terms.section = "2.51".to_owned();
    terms.records.clear();
    terms.document_sha256 = "AB".repeat(32);
    let refused = call!(world, record_court_order, world.officer(CLINIC), request).unwrap_err();
    let mut named = fields(&refused);
    named.sort();
    assert_eq!(named, ["terms.document_sha256", "terms.records", "terms.section"]);
    assert_eq!(world.facts_of(ANA).await.revision, 0);
}
