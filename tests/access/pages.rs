//! Page tokens and cursors are their caller's.

use identity::{ADMISSION, Admit};
use kernel::{Purpose, Role};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use tonic::{Code, transport::Channel};
use trellis_tests::{Network, Person, Up, World, request_id, served};
use wire::{
    notes::v1 as notes,
    people::v1::AcceptInvitationRequest,
    recovery::v1 as recovery,
    referrals::v1::{ListReferralsRequest, WatchReferralsRequest},
};

use crate::{
    alike::never_used,
    callers::{Who, admitted},
    contract::{Rpc, rpcs},
    raw,
    scene::{Consented, Stage},
};

/// Of a list, what is no filter: which rows there are goes by none of these.
const NO_FILTER: [&str; 3] = ["page_size", "page_token", "include_audit_events"];

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

/// The token of the second page, as soon as there is one.
async fn second(channel: &Channel, rpc: &Rpc, bearer: &str, first: &[u8]) -> String {
    trellis_tests::until("a second page", trellis_tests::BOUND, || async {
        let bytes = page(rpc, first, "");
        let reply = raw::call(channel, &rpc.path(), Some(bearer), vec![bytes]).await.unwrap();
        let reply = DynamicMessage::decode(rpc.method.output(), reply.as_slice()).unwrap();
        let next = reply.get_field_by_name("next_page_token").unwrap().into_owned();
        next.as_str().filter(|token| !token.is_empty()).map(str::to_owned)
    })
    .await
}

fn admits(rpc: &Rpc, role: Role) -> bool {
    let row = ADMISSION.iter().find(|row| row.path == rpc.path()).unwrap();
    matches!(row.admit, Admit::Roles(all) if all.contains(role))
}

/// Other values of a filter: the contract may refuse some of them.
fn others(message: &DynamicMessage, field: &FieldDescriptor) -> Vec<Value> {
    let (now, id) = (message.get_field(field).into_owned(), never_used());
    let all = match field.kind() {
        Kind::Bool => vec![Value::Bool(now.as_bool() != Some(true))],
        Kind::Int32 => vec![Value::I32(1)],
        Kind::Enum(of) => of.values().map(|value| Value::EnumNumber(value.number())).collect(),
        Kind::Message(of) => vec![Value::Message(filled(&of))],
        Kind::String => {
            let names = ["people", "agencies", "notes", "planSections", "employmentPlans"];
            let names = names.map(|kind| format!("{kind}/{id}"));
            let whole = format!("agencies/{id}/practitioners/b");
            let words = ["b", "103", "2026-02-03T10:00"].map(str::to_owned);
            names.into_iter().chain(words).chain([whole]).map(Value::String).collect()
        }
        other => panic!("{}: no other value of {other:?}", field.name()),
    };
    let set = |value| if field.is_list() { Value::List(vec![value]) } else { value };
    all.into_iter().map(set).filter(|value| *value != now).collect()
}

/// Something in each field of a filter: a time, a place, a sign-in.
fn filled(of: &MessageDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    // A sign-in or a client, and not both.
    for field in of.fields().filter(|field| field.name() != "client_id") {
        match field.kind() {
            Kind::String => message.set_field(&field, Value::String("b".to_owned())),
            Kind::Double => message.set_field(&field, Value::F64(1.0)),
            Kind::Int64 => message.set_field(&field, Value::I64(1)),
            _ => {}
        }
    }
    message
}

/// A token of a list, and who was given it.
struct Taken {
    rpc: Rpc,
    token: String,
    mine: String,
    role: Role,
    first: Vec<u8>,
}

/// Who is in the circles of two: a page of one has a next one.
async fn in_two_circles(network: &Network, world: &World, one: &Person) -> String {
    let kim = network.actor(network.tokens.supporter("kim-of-two"));
    for person in [one, &world.person(network).await] {
        let asking = recovery::AddSupporterRequest {
            request_id: request_id(),
            person: person.name.clone(),
            called: "Kim".to_owned(),
            relationship: recovery::SupporterRelationship::Friend.into(),
            ..Default::default()
        };
        let asked = served!(person.actor.recovery(), add_supporter, asking);
        let accepting = AcceptInvitationRequest { request_id: request_id(), code: asked.code };
        served!(kim.people(), accept_invitation, accepting);
    }
    kim.token
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
        .collect();
    assert!(lists.len() >= 6, "lists: {}", lists.len());
    let mut tokens: Vec<Taken> = Vec::new();
    let mut filters = 0;
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
        let admits = |role| admits(&rpc, role);
        let officer = |sub| {
            let (roles, purposes) = ([Role::PrivacyOfficer], [Purpose::CoordinationOfCare]);
            network.tokens.staff(sub, &world.agencies.clinic, &roles, &purposes)
        };
        let admin = |sub| {
            let (roles, purposes) = ([Role::AgencyAdmin], [Purpose::CoordinationOfCare]);
            network.tokens.staff(sub, &world.agencies.clinic, &roles, &purposes)
        };
        let two = |of: &dyn Fn(&'static str) -> String, a, b| (of(a), of(b));
        let (role, (mine, theirs)) = match () {
            () if rpc.method.name() == "ListCrises" => {
                let kim = in_two_circles(network, &world, person).await;
                (Role::Supporter, (kim, network.tokens.supporter("kim-of-nobody")))
            }
            () if admits(Role::Person) && admits(Role::Clinician) => {
                (Role::Person, (person.actor.token.clone(), world.clinician.token.clone()))
            }
            () if admits(Role::Person) => {
                let other = world.person(network).await.actor.token;
                (Role::Person, (person.actor.token.clone(), other))
            }
            () if admits(Role::PrivacyOfficer) => {
                (Role::PrivacyOfficer, two(&officer, "po-ash", "po-elder"))
            }
            () if admits(Role::AgencyAdmin) => (Role::AgencyAdmin, two(&admin, "aa-elm", "aa-oak")),
            () => {
                let steward = |sub| network.tokens.data_steward_named(sub);
                (Role::DataSteward, two(&steward, "steward", "another"))
            }
        };
        let first = whole(&rpc, &scene.messages[0]);
        let next = second(&channel, &rpc, &mine, &first).await;
        let with = |token: &str| vec![page(&rpc, &first, token)];
        let what = rpc.short();
        let second = raw::call(&channel, &rpc.path(), Some(&mine), with(&next)).await;
        assert!(second.is_ok(), "{what}: {second:?}");
        for (how, bearer, token) in [
            ("another caller's", &theirs, next.clone()),
            ("changed", &mine, format!("{next}A")),
            ("made up", &mine, "AAAA".to_owned()),
        ] {
            let answer = raw::call(&channel, &rpc.path(), Some(bearer), with(&token)).await;
            let status = answer.expect_err(&format!("{what}: {how} was served"));
            assert_eq!(status.code(), Code::InvalidArgument, "{what}: {how}");
            assert_eq!(raw::reason(&status, &what), "PAGE_TOKEN_INVALID", "{what}: {how}");
        }
        // The same list by another filter, of each one that it has.
        let good = rpc.decode(&page(&rpc, &first, &next));
        for field in rpc.input().fields().filter(|field| !NO_FILTER.contains(&field.name())) {
            let what = format!("{what} with another {}", field.name());
            for other in others(&good, &field) {
                let mut asked = good.clone();
                asked.set_field(&field, other);
                let asked = vec![asked.encode_to_vec()];
                let answer = raw::call(&channel, &rpc.path(), Some(&mine), asked).await;
                let status = answer.expect_err(&what);
                assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status:?}");
                // Not every value is one of this filter.
                if raw::reason(&status, &what) == "PAGE_TOKEN_INVALID" {
                    filters += 1;
                    break;
                }
                assert_eq!(raw::reason(&status, &what), "INVALID_ARGUMENT", "{what}");
            }
        }
        tokens.push(Taken { rpc, token: next, mine, role, first });
    }
    // One list's token at every other that its own caller may ask.
    let mut elsewhere = 0;
    for from in &tokens {
        let others = tokens.iter().filter(|one| one.rpc.path() != from.rpc.path());
        for Taken { rpc, first, .. } in others.filter(|one| admits(&one.rpc, from.role)) {
            let bytes = page(rpc, first, &from.token);
            let answer = raw::call(&channel, &rpc.path(), Some(&from.mine), vec![bytes]).await;
            let what = format!("{} with a token of {}", rpc.short(), from.rpc.short());
            let status = answer.expect_err(&what);
            assert_eq!(raw::reason(&status, &what), "PAGE_TOKEN_INVALID", "{what}");
            elsewhere += 1;
        }
    }
    println!("{} lists, {filters} filters, {elsewhere} times at another list", tokens.len());
    assert!(filters >= 40 && elsewhere >= 200, "{filters} filters, {elsewhere} elsewhere");
}

/// Second pages that a consent opened, after it was revoked: nothing is on them.
async fn no_page_outlives_its_consent(network: &Network, world: &World, channel: &Channel) {
    let person = world.person(network).await;
    let housing = &world.agencies.housing;
    let consent = world.consent(&person, housing).await;
    let note = world.note(&person).await.name;
    // Two that nobody there has read, and two of all else.
    for _ in 0..2 {
        world.note(&person).await;
        world.referral(&person, true).await;
    }
    let purposes = [Purpose::CoordinationOfCare, Purpose::HousingPlacement];
    let colleague = network.tokens.staff("cm-birch-2", housing, &[Role::CaseManager], &purposes);
    for reader in [&world.manager, &network.actor(colleague)] {
        let (request_id, name) = (request_id(), note.clone());
        let read = notes::AcknowledgeNoteRequest { request_id, name, version: 1 };
        served!(reader.notes(), acknowledge_note, read);
    }
    let (of, people) = (person.name.clone(), vec![person.name.clone()]);
    let query = "well.".to_owned();
    let search = notes::SearchNotesRequest { people: people.clone(), query, ..Default::default() };
    let asked = [
        (
            "ListNotes",
            encoded(notes::ListNotesRequest { person: of.clone(), ..Default::default() }),
        ),
        ("SearchNotes", encoded(search)),
        ("ListUnread", encoded(notes::ListUnreadRequest { people, ..Default::default() })),
        (
            "ListAcknowledgements",
            encoded(notes::ListAcknowledgementsRequest { note, ..Default::default() }),
        ),
        ("ListReferrals", encoded(ListReferralsRequest { person: of, ..Default::default() })),
    ];
    let all = rpcs();
    let mut open = Vec::new();
    for (name, first) in &asked {
        let rpc = all.iter().find(|rpc| rpc.method.name() == *name).unwrap();
        open.push((rpc, first, second(channel, rpc, &world.manager.token, first).await));
    }
    world.revoke(&person, &consent).await;
    for (rpc, first, token) in open {
        let (what, bytes) = (rpc.short(), page(rpc, first, &token));
        let bearer = Some(&*world.manager.token);
        match raw::call(channel, &rpc.path(), bearer, vec![bytes]).await {
            Err(status) => assert_eq!(status.code(), Code::NotFound, "{what}: {status:?}"),
            Ok(reply) => {
                let reply = DynamicMessage::decode(rpc.method.output(), reply.as_slice()).unwrap();
                let shown = reply.fields().any(|(_, value)| value.as_list().is_some());
                assert!(!shown, "{what}: {reply:?}");
            }
        }
    }
}

fn encoded(message: impl prost::Message) -> Vec<u8> {
    message.encode_to_vec()
}

/// A stream's request that goes on from here.
fn from(rpc: &Rpc, asked: &[u8], cursor: &str) -> Vec<u8> {
    let mut message = rpc.decode(asked);
    message.set_field_by_name("cursor", Value::String(cursor.to_owned()));
    message.encode_to_vec()
}

/// Somebody else who may ask the same; for a person, of themself. None: there is nobody else.
fn stranger(network: &Network, world: &World, who: Who, other: &Person) -> Option<String> {
    let purposes = [Purpose::CoordinationOfCare];
    let roles = [Role::PrivacyOfficer];
    match who {
        Who::Clinician => Some(world.manager.token.clone()),
        Who::PrivacyOfficer => {
            let housing = &world.agencies.housing;
            Some(network.tokens.staff("po-birch", housing, &roles, &purposes))
        }
        Who::Person => Some(other.actor.token.clone()),
        _ => None,
    }
}

/// Every stream's cursor: cut, bent at each letter, made up, of another stream, a page token's, of somebody else.
async fn no_cursor_but_its_own(network: &Network, world: &World, channel: &Channel) {
    let stage = Stage::new(network, world).await;
    let other = world.person(network).await;
    let streams = rpcs().into_iter().filter(|rpc| {
        let goes_on = rpc.method.output().get_field_by_name("cursor").is_some();
        goes_on && rpc.input().get_field_by_name("cursor").is_some()
    });
    let mut taken: Vec<(Rpc, Vec<u8>, String, Who, String)> = Vec::new();
    for rpc in streams {
        let scene = stage.scene(&rpc.short(), Consented::Signed).await;
        let who = admitted(&rpc);
        let token = who.token(network, world, &scene.person, &other, &rpc).unwrap();
        let asked = scene.messages[0].clone();
        let first = raw::call(channel, &rpc.path(), Some(&token), vec![asked.clone()]).await;
        let first = DynamicMessage::decode(rpc.method.output(), &*first.unwrap()).unwrap();
        let cursor = first.get_field_by_name("cursor").unwrap().into_owned();
        let cursor = cursor.as_str().filter(|cursor| !cursor.is_empty());
        let cursor = cursor.unwrap_or_else(|| panic!("{} has no cursor", rpc.short())).to_owned();
        taken.push((rpc, asked, token, who, cursor));
    }
    assert!(taken.len() >= 6, "{} streams have cursors", taken.len());
    for (rpc, asked, token, who, cursor) in &taken {
        let what = rpc.short();
        let own = vec![from(rpc, asked, cursor)];
        let own = raw::call(channel, &rpc.path(), Some(token), own).await;
        // An export may be at its end, where nothing comes.
        let code = own.err().map(|status| status.code());
        assert!(code.is_none_or(|code| code == Code::Unknown), "{what}: its own cursor: {code:?}");
        let bent = (0..cursor.len()).map(|at| {
            let mut bent = cursor.clone();
            bent.replace_range(at..=at, if &cursor[at..=at] == "A" { "B" } else { "A" });
            ("bent", bent)
        });
        let cut = [("cut", cursor[1..].to_owned()), ("cut", cursor[..cursor.len() - 1].to_owned())];
        let longer = [("longer", format!("{cursor}A")), ("made up", "AAAA".to_owned())];
        let of_others = taken.iter().filter(|(other, ..)| other.path() != rpc.path());
        let of_others = of_others.map(|(.., cursor)| ("another stream's", cursor.clone()));
        for (how, bad) in bent.chain(cut).chain(longer).chain(of_others) {
            let bytes = vec![from(rpc, asked, &bad)];
            let answer = raw::call(channel, &rpc.path(), Some(token), bytes).await;
            expired(answer, &format!("{what} {how} {bad}"));
        }
        if let Some(theirs) = stranger(network, world, *who, &other) {
            let mut asks = rpc.decode(asked);
            if *who == Who::Person {
                asks.set_field_by_name("person", Value::String(other.name.clone()));
            }
            let bytes = vec![from(rpc, &asks.encode_to_vec(), cursor)];
            let answer = raw::call(channel, &rpc.path(), Some(&theirs), bytes).await;
            expired(answer, &format!("{what} by another"));
        }
    }
    // Nor does it open a page.
    let list = rpcs().into_iter().find(|rpc| rpc.method.name() == "ListAgencies").unwrap();
    for (rpc, _, token, who, cursor) in &taken {
        let what = format!("a page by a cursor of {} by {who:?}", rpc.short());
        let bytes = vec![page(&list, &[], cursor)];
        let answer = raw::call(channel, &list.path(), Some(token), bytes).await;
        assert_eq!(raw::reason(&answer.expect_err(&what), &what), "PAGE_TOKEN_INVALID", "{what}");
    }
}

fn expired(answer: Result<Vec<u8>, tonic::Status>, what: &str) {
    let status = answer.expect_err(what);
    assert_eq!(status.code(), Code::OutOfRange, "{what}: {status:?}");
    assert_eq!(raw::reason(&status, what), "CURSOR_EXPIRED", "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_of_its_agency_and_stream_and_no_page_outlives_its_consent() {
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
    no_cursor_but_its_own(network, &world, &channel).await;
    no_page_outlives_its_consent(network, &world, &channel).await;
}
