//! Absent and refused, by every RPC that reads: what is there and hidden is answered as what never was, byte for
//! byte.

use kernel::{Clock as _, SystemClock};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use tonic::{Status, transport::Channel};
use trellis_tests::told;
use uuid::Uuid;

use crate::{
    break_rules::{apply, strings, text, text_at},
    contract::Rpc,
    raw,
    scene::Scene,
};

/// The last 36 letters are the UUID.
const UUID: usize = 36;
/// Known to everybody in the network, and nothing about a person.
const PUBLIC: [&str; 3] = ["agencies/", "services/", "careTeams/"];

/// Of now, what differs between two answers to the same question.
const OF_NOW: [&str; 5] = ["decision_id", "cursor", "time", "as_of", "positions"];

/// An id as the services make them, and never used.
pub fn never_used() -> Uuid {
    let millis = u64::try_from(SystemClock.now().unix_timestamp()).unwrap() * 1_000;
    let random = Uuid::new_v4().into_bytes();
    let random = random.first_chunk().unwrap();
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}

/// The same question about what there never was: every name of something of a person's, and every identifier that
/// is a UUID, is another. None where it names nothing.
pub fn of_nothing(message: &DynamicMessage) -> Option<DynamicMessage> {
    let mut other = message.clone();
    for (_, at) in strings(message) {
        let Some(now) = text_at(message, &at) else { continue };
        let Some(place) = now.len().checked_sub(UUID) else { continue };
        let Some((kind, id)) = now.split_at_checked(place) else { continue };
        let named = kind.is_empty() || kind.ends_with('/');
        if Uuid::try_parse(id).is_err() || PUBLIC.contains(&kind) || !named {
            continue;
        }
        let fresh = format!("{kind}{}", never_used());
        other = apply(&other, &at, Some(text(at.last()?, &fresh)));
    }
    (other != *message).then_some(other)
}

/// All that a caller is told, but for what differs between two answers to the same question.
pub fn all_of(rpc: &Rpc, answer: &Result<Vec<u8>, Status>) -> Result<DynamicMessage, String> {
    match answer {
        Ok(bytes) => {
            let mut reply = DynamicMessage::decode(rpc.method.output(), &**bytes).unwrap();
            without(&mut reply, &OF_NOW);
            Ok(reply)
        }
        Err(status) => Err(format!("{:?}", told(status))),
    }
}

/// A decision has an id of its own, and what is told now is of now.
fn without(message: &mut DynamicMessage, names: &[&str]) {
    for name in names {
        message.clear_field_by_name(name);
    }
    let inner: Vec<_> = message.fields().map(|(field, value)| (field, value.clone())).collect();
    for (field, value) in inner {
        let cleared = match value {
            Value::Message(mut one) => {
                without(&mut one, names);
                Value::Message(one)
            }
            Value::List(list) => Value::List(
                list.into_iter()
                    .map(|value| match value {
                        Value::Message(mut one) => {
                            without(&mut one, names);
                            Value::Message(one)
                        }
                        other => other,
                    })
                    .collect(),
            ),
            other => other,
        };
        message.set_field(&field, cleared);
    }
}

/// What tells the two apart; none: nothing does. An answer that shows something is not compared.
pub async fn told_apart(
    channel: &Channel,
    rpc: &Rpc,
    scene: &Scene,
    token: Option<&str>,
    answer: &Result<Vec<u8>, Status>,
) -> Option<String> {
    let asked = rpc.decode(&scene.messages[0]);
    let nothing = of_nothing(&asked)?.encode_to_vec();
    let absent = raw::call(channel, &rpc.path(), token, vec![nothing]).await;
    let (there, absent) = (all_of(rpc, answer), all_of(rpc, &absent));
    (there != absent).then(|| format!("{there:?}\n  is not\n  {absent:?}"))
}
