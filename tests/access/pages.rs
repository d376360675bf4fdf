//! Page tokens and cursors are their caller's.

use identity::{ADMISSION, Admit};
use kernel::{Purpose, Role};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use tonic::Code;
use trellis_tests::{Up, World};
use wire::referrals::v1::WatchReferralsRequest;

use crate::{
    contract::{Rpc, rpcs},
    raw,
    scene::{Consented, Stage},
};

/// With the custodians' access, where a list leaves it out: there are two rows at least then.
fn whole(rpc: &Rpc, first: &[u8]) -> Vec<u8> {
    let mut message = rpc.decode(first);
    if rpc.input().get_field_by_name("include_custodian_access").is_some() {
        message.set_field_by_name("include_custodian_access", Value::Bool(true));
    }
    message.encode_to_vec()
}

/// A page of one, so that there is a next one.
fn page(rpc: &Rpc, first: &[u8], token: &str) -> Vec<u8> {
    let mut message = rpc.decode(first);
    message.set_field_by_name("page_size", Value::I32(1));
    message.set_field_by_name("page_token", Value::String(token.to_owned()));
    message.encode_to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_is_good_for_its_caller_its_list_and_its_filter_alone() {
    let up = Up::start().await;
    let network = up.network();
    let world = World::new(network).await;
    let stage = Stage::new(network, &world).await;
    Stage::new(network, &world).await; // a second service
    let channel = raw::connect(network.url("directory")).await;
    let lists: Vec<Rpc> = rpcs()
        .into_iter()
        .filter(|rpc| rpc.input().get_field_by_name("page_token").is_some())
        // Of those whose crises one was chosen for: nobody here was, for two. The service's own tests page it.
        .filter(|rpc| rpc.method.name() != "ListCrises")
        .collect();
    assert!(lists.len() >= 6, "lists: {}", lists.len());
    let mut tokens: Vec<(Rpc, String, String, Vec<u8>)> = Vec::new();
    for rpc in lists {
        let scene = stage.scene(&rpc.short(), Consented::Signed).await;
        let person = &scene.person;
        // Two of each.
        if rpc.service() != "directory" {
            world.note(person).await;
            world.consent(person, &world.agencies.school).await;
        }
        if rpc.method.name() == "ListWebhooks" {
            stage.scene("ReferralsService/DeleteWebhook", Consented::None).await;
        } else if rpc.service() == "referrals" {
            world.referral(person, true).await;
        }
        if rpc.service() == "people" {
            world.represented(network, person).await;
        }
        let row = ADMISSION.iter().find(|row| row.path == rpc.path()).unwrap();
        let admits = |role| matches!(row.admit, Admit::Roles(all) if all.contains(role));
        let officer = |sub| {
            let (roles, purposes) = ([Role::PrivacyOfficer], [Purpose::CoordinationOfCare]);
            network.tokens.staff(sub, &world.agencies.clinic, &roles, &purposes)
        };
        let admin = |sub| {
            let (roles, purposes) = ([Role::AgencyAdmin], [Purpose::CoordinationOfCare]);
            network.tokens.staff(sub, &world.agencies.clinic, &roles, &purposes)
        };
        let two = |of: &dyn Fn(&'static str) -> String, a, b| (of(a), of(b));
        let (mine, others) = match () {
            () if admits(Role::Person) && admits(Role::Clinician) => {
                (person.actor.token.clone(), world.clinician.token.clone())
            }
            () if admits(Role::Person) => {
                (person.actor.token.clone(), world.person(network).await.actor.token)
            }
            () if admits(Role::PrivacyOfficer) => two(&officer, "po-ash", "po-elder"),
            () if admits(Role::AgencyAdmin) => two(&admin, "aa-elm", "aa-oak"),
            () => two(&|sub| network.tokens.data_steward_named(sub), "steward", "another"),
        };
        let first = whole(&rpc, &scene.messages[0]);
        let next = trellis_tests::until("a second page", trellis_tests::BOUND, || async {
            let bytes = page(&rpc, &first, "");
            let reply = raw::call(&channel, &rpc.path(), Some(&mine), vec![bytes]).await.unwrap();
            let reply = DynamicMessage::decode(rpc.method.output(), reply.as_slice()).unwrap();
            let next = reply.get_field_by_name("next_page_token").unwrap().into_owned();
            next.as_str().filter(|token| !token.is_empty()).map(str::to_owned)
        })
        .await;
        let with = |token: &str| vec![page(&rpc, &first, token)];
        let what = rpc.short();
        let second = raw::call(&channel, &rpc.path(), Some(&mine), with(&next)).await;
        assert!(second.is_ok(), "{what}: {second:?}");
        for (how, bearer, token) in [
            ("another caller's", &others, next.clone()),
            ("changed", &mine, format!("{next}A")),
            ("made up", &mine, "AAAA".to_owned()),
        ] {
            let answer = raw::call(&channel, &rpc.path(), Some(bearer), with(&token)).await;
            let status = answer.expect_err(&format!("{what}: {how} was served"));
            assert_eq!(status.code(), Code::InvalidArgument, "{what}: {how}");
            assert_eq!(raw::reason(&status, &what), "PAGE_TOKEN_INVALID", "{what}: {how}");
        }
        tokens.push((rpc, next, mine, first));
    }
    // One list's token at another list, by the caller of the other.
    for (n, (rpc, _, mine, first)) in tokens.iter().enumerate() {
        let (from, token, ..) = &tokens[(n + 1) % tokens.len()];
        let bytes = page(rpc, first, token);
        let answer = raw::call(&channel, &rpc.path(), Some(mine), vec![bytes]).await;
        let what = format!("{} with a token of {}", rpc.short(), from.short());
        let status = answer.expect_err(&what);
        assert_eq!(raw::reason(&status, &what), "PAGE_TOKEN_INVALID", "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_agency_is_refused_and_a_colleagues_is_good() {
    let up = Up::start().await;
    let network = up.network();
    let world = World::new(network).await;
    let person = world.person(network).await;
    world.consent(&person, &world.agencies.housing).await;
    world.referral(&person, true).await;
    let begin = WatchReferralsRequest { cursor: String::new() };
    let clinician = world.clinician.without_deadline();
    let mut watch = clinician.referrals().watch_referrals(begin).await.unwrap().into_inner();
    let cursor = watch.message().await.unwrap().unwrap().cursor;
    assert!(!cursor.is_empty());
    let channel = raw::connect(network.url("referrals")).await;
    let path = "/trellis.referrals.v1.ReferralsService/WatchReferrals";
    for (how, token, cursor) in [
        ("another agency's", &world.manager.token, cursor.clone()),
        ("made up", &world.clinician.token, "AAAA".to_owned()),
        ("changed", &world.clinician.token, format!("{cursor}A")),
    ] {
        let again = WatchReferralsRequest { cursor }.encode_to_vec();
        let status = raw::call(&channel, path, Some(token), vec![again]).await.expect_err(how);
        let codes = [Code::InvalidArgument, Code::OutOfRange];
        assert!(codes.contains(&status.code()), "{how}: {status:?}");
        raw::reason(&status, how);
    }
    // Whoever of the agency goes on where another stopped, they too.
    let purposes = [kernel::Purpose::CoordinationOfCare];
    let roles = [kernel::Role::CaseManager];
    let colleague = network.tokens.staff("cm-elm", &world.agencies.clinic, &roles, &purposes);
    for token in [&world.clinician.token, &colleague] {
        let again = WatchReferralsRequest { cursor: cursor.clone() }.encode_to_vec();
        raw::call(&channel, path, Some(token), vec![again]).await.unwrap();
    }
}
