//! What everybody may ask: health and reflection.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use trellis_tests::{Up, World};

use crate::{
    bad_input::Good,
    contract::{pool, rpcs},
    raw,
    scene::Stage,
};

fn services() -> BTreeSet<String> {
    rpcs().iter().map(|rpc| rpc.method.parent_service().full_name().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_is_listed_by_reflection_and_says_that_it_serves() {
    let up = Up::start().await;
    let channel = raw::connect(up.network().url("directory")).await;
    let asked = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel.clone());
    let answers = reflection.server_reflection_info(tokio_stream::iter([asked])).await;
    let answer = answers.unwrap().into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let listed: BTreeSet<String> = list.service.into_iter().map(|s| s.name).collect();
    let missing: Vec<_> = services().difference(&listed).cloned().collect();
    assert!(missing.is_empty(), "reflection does not list {missing:?}: {listed:?}");
    let mut health = HealthClient::new(channel);
    for service in services().into_iter().chain([String::new()]) {
        let request = HealthCheckRequest { service: service.clone() };
        let answer = health.check(request).await;
        let answer = answer.unwrap_or_else(|status| panic!("{service}: {status:?}")).into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
}

/// How many there are tells what is hidden.
#[test]
fn no_list_tells_how_many_there_are() {
    let lists = rpcs().into_iter().map(|rpc| rpc.method.output());
    let lists: Vec<_> =
        lists.filter(|reply| reply.get_field_by_name("next_page_token").is_some()).collect();
    assert!(lists.len() > 20, "only {} lists were found", lists.len());
    for reply in lists {
        let numbers: Vec<String> = reply
            .fields()
            .filter(|field| {
                matches!(field.kind(), Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64)
            })
            .map(|field| field.name().to_owned())
            .collect();
        assert_eq!(numbers, [] as [String; 0], "{}", reply.full_name());
    }
}

/// Set by the service alone, or looked at by the handler. A new field says it by its annotation.
const BY_HAND: [&str; 8] = [
    "trellis.consent.v1.AcknowledgeRevocationRequest.kind",
    "trellis.consent.v1.RecordedSignature.method",
    "trellis.directory.v1.Agency.sector",
    "trellis.directory.v1.Agency.status",
    "trellis.directory.v1.CareTeam.status",
    "trellis.directory.v1.Service.support_kinds",
    "trellis.people.v1.NoticeDelivery.last_failure",
    "trellis.people.v1.NoticeDelivery.state",
];

/// Of the field, or of each element of the list.
fn known_only(rules: &DynamicMessage) -> bool {
    let inner = |of: &DynamicMessage, name: &str| {
        let set = of.has_field_by_name(name).then(|| of.get_field_by_name(name)).flatten();
        set.and_then(|value| value.as_message().cloned())
    };
    let items = inner(rules, "repeated").and_then(|list| inner(&list, "items"));
    let items = items.as_ref().unwrap_or(rules);
    inner(items, "enum").is_some_and(|rules| {
        rules.get_field_by_name("defined_only").is_some_and(|only| only.as_bool() == Some(true))
    })
}

/// An enum's value that nobody knows, and the one that means nothing, are refused by the contract itself.
#[test]
fn every_enum_of_a_request_takes_known_values_only() {
    let rules = pool().get_extension_by_name("buf.validate.field").unwrap();
    let mut lacking = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut open: Vec<_> = rpcs().into_iter().map(|rpc| rpc.method.input()).collect();
    while let Some(message) = open.pop() {
        if !message.full_name().starts_with("trellis.")
            || !seen.insert(message.full_name().to_owned())
        {
            continue;
        }
        for field in message.fields() {
            if let Kind::Message(inner) = field.kind() {
                open.push(inner);
            }
            if !matches!(field.kind(), Kind::Enum(_)) {
                continue;
            }
            let options = field.options();
            let set = options.has_extension(&rules).then(|| options.get_extension(&rules));
            let set = set.and_then(|set| set.as_message().cloned());
            if !set.is_some_and(|set| known_only(&set)) {
                lacking.push(field.full_name().to_owned());
            }
        }
    }
    lacking.sort();
    assert_eq!(lacking, BY_HAND);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_spelling_of_a_path_and_no_header_makes_anybody_else_of_the_caller() {
    let up = Up::start().await;
    let world = World::new(up.network()).await;
    let stage = Stage::new(up.network(), &world).await;
    let channel = raw::connect(up.network().url("directory")).await;
    let all = Good::all(&stage).await;
    let good = all.iter().find(|good| good.rpc.method.name() == "GetNote").unwrap();
    let (service, method) = ("trellis.notes.v1.NotesService", "GetNote");
    for path in [
        format!("//{service}/{method}"),
        format!("/{service}/{method}/"),
        format!("/{service}//{method}"),
        format!("/{service}/{method}?x=1"),
        format!("/{service}/{}", method.to_lowercase()),
        format!("/{}/{method}", service.to_lowercase()),
        format!("/{service}/%47etNote"),
        format!("/x/../{service}/{method}"),
        format!("/{service}/{method};x"),
    ] {
        let body = good.message.encode_to_vec();
        let answer = raw::call(&channel, &path, good.token.as_deref(), vec![body]).await;
        let status = answer.expect_err(&path);
        assert_eq!(status.code(), Code::Unimplemented, "{path}: {status:?}");
    }
    // Whoever they say that they are in other words, they are who their token says.
    let token = world.unrelated.token.as_str();
    let (path, body) = (good.rpc.path(), good.message.encode_to_vec());
    let said = [
        ("x-user-id", "dr-elm"),
        ("x-agency", &*world.agencies.clinic),
        ("x-roles", "CLINICIAN"),
        ("x-forwarded-user", "dr-elm"),
        ("x-forwarded-client-cert", "URI=spiffe://trellis/trellis/consent"),
    ];
    let mine = raw::call_with(&channel, &path, Some(token), vec![body], &said).await;
    assert_eq!(mine.unwrap_err().code(), Code::NotFound);
}
