//! A repeated request is answered as the first time (AIP-155), and done once.

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use tonic::Code;
use trellis_tests::{Up, World, request_id, served};
use wire::directory::v1::SuspendAgencyRequest;

use crate::{
    bad_input::Good,
    callers::{Who, admitted, colleague},
    contract::Rpc,
    raw,
    scene::Stage,
};

/// What makes something new, of its own name, whoever asks.
const MAKES: [&str; 2] = ["Create", "Draft"];

/// The field that holds what was made or changed, or else all of the reply.
fn thing(good: &Good, reply: &[u8]) -> Value {
    let reply = DynamicMessage::decode(good.rpc.method.output(), reply).unwrap();
    match reply.get_field_by_number(1) {
        Some(value) => value.into_owned(),
        None => Value::Message(reply),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_with_the_same_request_id_is_answered_as_the_first_time() {
    let up = Up::start().await;
    let world = World::new(up.network()).await;
    let stage = Stage::new(up.network(), &world).await;
    let channel = raw::connect(up.network().url("directory")).await;
    let free_text = ["display_name", "reason", "given_name", "summary", "authority"];
    let (mut repeated, mut reused) = (0, 0);
    let (mut anothers, mut clinics) = (0, Vec::new());
    let other = &world.person(up.network()).await;
    for good in Good::all(&stage).await {
        if good.message.get_field_by_name("request_id").is_none() {
            continue;
        }
        let what = good.rpc.short();
        // No supporter here is of anybody's circle, and no mail brings anybody a code.
        if ["ActivateCrisisPlan", "ConfirmNoticeDelivery"].contains(&good.rpc.method.name()) {
            continue;
        }
        let bytes = good.message.encode_to_vec();
        let first = good.ask(&channel, bytes.clone()).await;
        let first = first.unwrap_or_else(|status| panic!("{what}: {status:?}"));
        let again = good.ask(&channel, bytes.clone()).await;
        let again = again.unwrap_or_else(|status| panic!("{what} again: {status:?}"));
        // A code is kept nowhere: a repeat shows a fresh one.
        if !["InvitePerson", "RenewConfirmationCode"].contains(&good.rpc.method.name()) {
            assert_eq!(thing(&good, &again), thing(&good, &first), "{what}");
        }
        repeated += 1;
        let who = admitted(&good.rpc);
        // Of another caller the same is a request of its own, whatever it comes to.
        if let Some(token) = colleague(who, up.network(), &world, other) {
            let asked = vec![bytes.clone()];
            match raw::call(&channel, &good.rpc.path(), Some(&token), asked).await {
                Ok(reply) if MAKES.iter().any(|verb| good.rpc.method.name().starts_with(verb)) => {
                    assert_ne!(thing(&good, &reply), thing(&good, &first), "{what} by another");
                    anothers += 1;
                }
                Ok(_) => {}
                Err(status) => {
                    let reason = raw::reason(&status, &what);
                    let told = ["REQUEST_ID_REUSED", "INTERNAL"].contains(&&*reason);
                    assert!(!told, "{what} by another: {status:?}");
                }
            }
        }
        if [Who::Clinician, Who::Medic, Who::PrivacyOfficer, Who::AgencyAdmin].contains(&who) {
            clinics.push((good.rpc.clone(), good.token.clone(), bytes));
        }
        // Where a reason is a code, no text can be put in its place.
        let field = free_text.iter().find(|name| {
            let set = good.message.get_field_by_name(name);
            set.is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()))
        });
        if let Some(field) = field {
            let mut other = good.message.clone();
            other.set_field_by_name(field, Value::String("Another".to_owned()));
            let answer = good.ask(&channel, other.encode_to_vec()).await;
            let status = answer.expect_err(&format!("{what}: the id was taken twice"));
            assert_eq!(status.code(), Code::FailedPrecondition, "{what}: {status:?}");
            assert_eq!(raw::reason(&status, &what), "REQUEST_ID_REUSED", "{what}");
            reused += 1;
        }
    }
    println!("{repeated} writes repeated, {reused} with another payload, {anothers} by another");
    assert!(repeated >= 20 && reused >= 6 && anothers >= 5, "{repeated} {reused} {anothers}");
    // Whose agency takes part no more is given no first answer again, by any service.
    let suspend = SuspendAgencyRequest {
        request_id: request_id(),
        name: world.agencies.clinic.clone(),
        reason: "A reason".to_owned(),
    };
    served!(world.admin.directory(), suspend_agency, suspend);
    assert!(["directory", "audit"].iter().all(|service| {
        let served_by = |(rpc, ..): &(Rpc, _, _)| rpc.service() == *service;
        clinics.iter().any(served_by)
    }));
    for (rpc, token, bytes) in clinics {
        let what = format!("{} again, by who may read it no more", rpc.short());
        let answer = raw::call(&channel, &rpc.path(), token.as_deref(), vec![bytes]).await;
        assert_eq!(raw::reason(&answer.expect_err(&what), &what), "AGENCY_SUSPENDED", "{what}");
    }
}
