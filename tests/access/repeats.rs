//! A repeated request is answered as the first time (AIP-155), and done once.

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use tonic::Code;
use trellis_tests::{Up, World};

use crate::{bad_input::Good, raw, scene::Stage};

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
        let again = good.ask(&channel, bytes).await;
        let again = again.unwrap_or_else(|status| panic!("{what} again: {status:?}"));
        // A code is kept nowhere: a repeat shows a fresh one.
        if !["InvitePerson", "RenewConfirmationCode"].contains(&good.rpc.method.name()) {
            assert_eq!(thing(&good, &again), thing(&good, &first), "{what}");
        }
        repeated += 1;
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
    println!("{repeated} writes repeated, {reused} with another payload");
    assert!(repeated >= 20 && reused >= 6, "{repeated} {reused}");
}
