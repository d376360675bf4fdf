//! Generated from the annotations: each rule of each field of each RPC is broken, one at a time
//! and then as many as can be at once.

use std::{collections::BTreeMap, time::Duration};

use futures::StreamExt as _;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;
use trellis_tests::{Up, World};

use crate::{
    break_rules::{Broken, apply, broken},
    callers::admitted,
    contract::{Rpc, rpcs},
    raw,
    scene::{Consented, Stage},
};

/// Scenes that are set at once: a request waits for the disk more than it works.
pub const AT_ONCE: usize = 4;

/// An RPC with a request that is good, and a caller whom it admits.
pub struct Good {
    pub rpc: Rpc,
    pub message: DynamicMessage,
    pub token: Option<String>,
}

impl Good {
    pub async fn all(stage: &Stage<'_>) -> Vec<Self> {
        let (network, world) = (stage.network, stage.world);
        let other = &world.person(network).await;
        let all = futures::stream::iter(rpcs().into_iter().map(|rpc| async move {
            let scene = stage.scene(&rpc.short(), Consented::Signed).await;
            let token = admitted(&rpc).token(network, world, &scene.person, other, &rpc);
            let message = rpc.decode(&scene.messages[0]);
            Self { rpc, message, token }
        }));
        all.buffered(AT_ONCE).collect().await
    }

    pub async fn ask(&self, channel: &Channel, body: Vec<u8>) -> Result<Vec<u8>, Status> {
        self.send(channel, vec![body]).await
    }

    /// Over its share of calls a second, a caller waits.
    pub async fn send(&self, channel: &Channel, bodies: Vec<Vec<u8>>) -> Result<Vec<u8>, Status> {
        let (path, token) = (self.rpc.path(), self.token.as_deref());
        loop {
            let answer = raw::call(channel, &path, token, bodies.clone()).await;
            let info = answer.as_ref().err().and_then(|status| status.get_details_error_info());
            match info.and_then(|info| info.metadata.get("what").cloned()) {
                Some(what) if what == "calls a second" => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                _ => return answer,
            }
        }
    }
}

/// Whether the answer is INVALID_ARGUMENT, with a reason, and names the field.
fn complain(answer: Result<Vec<u8>, Status>, path: &str, what: &str) -> Option<String> {
    let status = match answer {
        Ok(_) => return Some(format!("{what}: served")),
        Err(status) => status,
    };
    if status.code() != Code::InvalidArgument {
        return Some(format!("{what}: {:?} {}", status.code(), status.message()));
    }
    raw::reason(&status, what);
    let named = raw::fields(&status);
    // A list may be refused as a whole or by its element.
    let element = format!("{path}[0]");
    let names = named.iter().any(|field| field == path || *field == element);
    (!names).then(|| format!("{what}: names {named:?}"))
}

/// One broken rule a field, no field inside another that is broken.
fn at_once(all: &[Broken]) -> Vec<&Broken> {
    let mut chosen: BTreeMap<&str, &Broken> = BTreeMap::new();
    // A list that is too long is refused before anything else is looked at.
    let looked_at = |one: &&Broken| one.at.len() == 1 && one.rule != "max_items";
    for one in all.iter().filter(looked_at) {
        let field = one.path.trim_end_matches("[0]");
        // The first rule of a field, but an empty list or message where something can be in it.
        chosen.entry(field).or_insert(one);
    }
    chosen.into_values().collect()
}

/// The field of an update that holds the thing, where it changes by a mask what this one makes.
fn changed(create: &Good, update: &Good) -> Option<FieldDescriptor> {
    let makes =
        ["Create", "Register"].iter().any(|verb| create.rpc.method.name().starts_with(verb));
    update.rpc.input().get_field_by_name("update_mask").filter(|_| makes)?;
    let Kind::Message(made) = create.rpc.method.output().get_field(1)?.kind() else { return None };
    let holds = |field: &FieldDescriptor| matches!(field.kind(), Kind::Message(m) if m == made);
    update.rpc.input().fields().find(holds)
}

/// The place in an update of what is at this place in a create; none where its mask does not name it.
fn within(
    update: &Good,
    thing: &FieldDescriptor,
    at: &[FieldDescriptor],
) -> Option<Vec<FieldDescriptor>> {
    let (first, below) = at.split_first()?;
    let mask = update.message.get_field_by_name("update_mask")?.into_owned();
    let paths = mask.as_message()?.get_field_by_name("paths")?.into_owned();
    let named = paths.as_list()?.iter().any(|path| path.as_str() == Some(first.name()));
    let Kind::Message(of) = thing.kind() else { return None };
    let field = of.get_field_by_name(first.name()).filter(|_| named)?;
    Some([&[thing.clone(), field], below].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_rule_of_every_field_is_invalid_argument_and_names_the_field() {
    let up = Up::start().await;
    let world = World::new(up.network()).await;
    let stage = Stage::new(up.network(), &world).await;
    let channel = raw::connect(up.network().url("directory")).await;
    let mut failures = Vec::new();
    let mut tried = 0;
    let all = Good::all(&stage).await;
    // What a create refuses is refused where an update would make it so.
    let mut updated = 0;
    for (create, update) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
        let Some(thing) = changed(create, update) else { continue };
        for one in broken(&create.message) {
            let Some(at) = within(update, &thing, &one.at) else { continue };
            let bad = apply(&update.message, &at, one.value.clone());
            let path = format!("{}.{}", thing.name(), one.path);
            let what = format!("{} {path} ({})", update.rpc.short(), one.rule);
            let answer = update.ask(&channel, bad.encode_to_vec()).await;
            failures.extend(complain(answer, &path, &what));
            updated += 1;
        }
    }
    assert!(updated > 50, "only {updated} rules were tried of what is updated");
    for good in all {
        let all = broken(&good.message);
        for one in &all {
            let bad = apply(&good.message, &one.at, one.value.clone());
            let what = format!("{} {} ({})", good.rpc.short(), one.path, one.rule);
            let answer = good.ask(&channel, bad.encode_to_vec()).await;
            failures.extend(complain(answer, &one.path, &what));
            tried += 1;
        }
        let together = at_once(&all);
        let mut bad = good.message.clone();
        for one in &together {
            bad = apply(&bad, &one.at, one.value.clone());
        }
        if let Err(status) = good.ask(&channel, bad.encode_to_vec()).await {
            for one in &together {
                let what = format!("{} all at once, {}", good.rpc.short(), one.path);
                failures.extend(complain(Err(status.clone()), &one.path, &what));
            }
        } else if !together.is_empty() {
            failures.push(format!("{} all at once: served", good.rpc.short()));
        }
        // After all of that the good request is still answered, or refused for its own sake.
        let answer = good.ask(&channel, good.message.encode_to_vec()).await;
        if let Err(status) = answer
            && status.code() != Code::NotFound
        {
            failures.push(format!("{}: the good request: {status:?}", good.rpc.short()));
        }
    }
    println!("{tried} broken rules");
    assert!(tried > 200, "only {tried} rules were found: are the annotations there?");
    assert!(failures.is_empty(), "{} of {tried}:\n{}", failures.len(), failures.join("\n"));
}
