//! Pages of access, requests that make no sense, and who may look.

use ledger::{Event, Outcome};
use prost_types::Timestamp;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::audit::v1::{AccessScope, ListAccessEventsRequest};

use crate::{
    access::{by_staff, listed, of_records},
    bad_input::named,
    world::*,
};

/// Seven events of housing's staff, three of them at one instant, newest first; beside each, one of the
/// clinic's.
async fn seven(world: &World) -> Vec<String> {
    let mut events = Vec::new();
    for n in 0..7 {
        let person = if n % 2 == 0 { JANE } else { ELSE };
        let read = if (2..4).contains(&n) { world.read(person) } else { world.next_read(person) };
        let mut others = world.read(JANE);
        others.caller.agency = Some(CLINIC);
        events.extend([read, others]);
    }
    for event in &events {
        world.notes.record(event.clone()).await.unwrap();
    }
    world.reaches("notes", 14).await;
    events.retain(|e: &Event| e.caller.agency == Some(HOUSING));
    events.sort_by_key(|e| std::cmp::Reverse((e.occurred_at, e.event_id)));
    events.iter().map(|e| e.decision_id.to_string()).collect()
}

fn sized(page_size: i32, token: &str) -> ListAccessEventsRequest {
    ListAccessEventsRequest { page_size, page_token: token.to_owned(), ..by_staff() }
}

async fn page(client: &Client, size: i32, token: &str) -> (Vec<String>, String) {
    let reply = client.access(sized(size, token)).await.unwrap();
    let events = reply.events.into_iter().map(|event| event.decision_id).collect();
    (events, reply.next_page_token)
}

#[tokio::test]
async fn pages_follow_each_other_over_equal_times_without_gap_or_repetition() {
    let world = World::new().await;
    let audit = world.audit().await;
    let all = seven(&world).await;
    let housing = world.officer(&audit, HOUSING);
    // The looks themselves are in the list, too: they are later than all of these.
    let end_time = Some(wire::convert::timestamp(kernel::Clock::now(&world.clock)));
    world.clock.advance(time::Duration::MINUTE);
    let newest = all[0].clone();
    for size in [1, 2, 3, 5, 6, 7, 200] {
        let mut told = Vec::new();
        let mut token = String::new();
        loop {
            let request = ListAccessEventsRequest { end_time, ..sized(size, &token) };
            let reply = housing.access(request).await.unwrap();
            assert!(!reply.events.is_empty(), "no page is empty");
            told.extend(reply.events.into_iter().map(|event| event.decision_id));
            token = reply.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        // The end is not in it.
        assert!(!told.contains(&newest));
        assert_eq!(told, all[1..], "{size} a page");
    }
}

fn refused(status: &Status, what: &str) {
    assert_eq!(status.code(), Code::InvalidArgument, "{what}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "PAGE_TOKEN_INVALID", "{what}");
}

#[tokio::test]
async fn a_token_opens_for_its_officer_and_its_filter_alone() {
    let world = World::new().await;
    let audit = world.audit().await;
    seven(&world).await;
    let housing = world.officer(&audit, HOUSING);
    let (_, token) = page(&housing, 3, "").await;
    let same = || sized(3, &token);
    let time = Some(Timestamp { seconds: 1_000_000_000, nanos: 0 });
    let late = Some(Timestamp { seconds: 4_000_000_000, nanos: 0 });
    for (what, other) in [
        ("scope", ListAccessEventsRequest { scope: AccessScope::OfOwnRecords.into(), ..same() }),
        ("practitioner", ListAccessEventsRequest { practitioner: "kim".into(), ..same() }),
        ("begin_time", ListAccessEventsRequest { begin_time: time, ..same() }),
        ("end_time", ListAccessEventsRequest { end_time: late, ..same() }),
        ("refused_only", ListAccessEventsRequest { refused_only: true, ..same() }),
    ] {
        refused(&housing.access(other).await.unwrap_err(), what);
    }
    let clinic = world.officer(&audit, CLINIC);
    refused(&clinic.access(same()).await.unwrap_err(), "another agency's officer");
    assert!(housing.access(same()).await.is_ok());
    assert_eq!(housing.access(sized(0, "")).await.unwrap().next_page_token, "");
}

async fn fields(client: &Client, request: ListAccessEventsRequest) -> Vec<String> {
    named(&client.access(request).await.unwrap_err())
}

#[tokio::test]
async fn all_fields_that_are_wrong_are_named_at_once() {
    let world = World::new().await;
    let audit = world.audit().await;
    let housing = world.officer(&audit, HOUSING);
    let odd = Some(Timestamp { seconds: 0, nanos: -1 });
    let wrong = ListAccessEventsRequest {
        page_size: 201,
        page_token: "x".repeat(1_001),
        scope: 0,
        practitioner: "x".repeat(257),
        begin_time: odd,
        end_time: odd,
        refused_only: false,
    };
    let all = ["begin_time", "end_time", "page_size", "page_token", "practitioner", "scope"];
    assert_eq!(fields(&housing, wrong).await, all);
    let own = AccessScope::OfOwnRecords;
    let foreign = ListAccessEventsRequest {
        scope: own.into(),
        practitioner: "kim".into(),
        ..Default::default()
    };
    assert_eq!(fields(&housing, foreign).await, ["practitioner"]);
    for text in ["a\u{0}b", "a\u{202E}b", "a\nb"] {
        let request = ListAccessEventsRequest { practitioner: text.into(), ..by_staff() };
        assert_eq!(fields(&housing, request).await, ["practitioner"], "{text:?}");
    }
    let (begin, end) = (Timestamp { seconds: 9, nanos: 1_000 }, Timestamp { seconds: 9, nanos: 0 });
    let backwards =
        ListAccessEventsRequest { begin_time: Some(begin), end_time: Some(end), ..by_staff() };
    assert_eq!(fields(&housing, backwards).await, ["begin_time"]);
    assert!(housing.access(by_staff()).await.is_ok(), "and the next good request works");
}

#[tokio::test]
async fn every_look_is_on_record_and_shows_among_the_officers_own_access() {
    let world = World::new().await;
    let audit = world.audit().await;
    let housing = world.officer(&audit, HOUSING);
    listed(&housing, of_records()).await;
    let recorded = audit.ledger.follow(0, 10).await.unwrap();
    let recorded: Vec<_> = recorded.into_iter().filter_map(ledger::Followed::told).collect();
    let (_, event) = &recorded[0];
    assert_eq!(&*event.rpc, "trellis.audit.v1.AuditService/ListAccessEvents");
    assert_eq!((event.person, event.outcome), (None, Outcome::Permit));
    assert_eq!((event.caller.agency, &*event.caller.subject), (Some(HOUSING), "po"));
    world.reaches("audit", 1).await;
    let told = listed(&housing, by_staff()).await;
    assert_eq!((&*told[0].rpc, &*told[0].practitioner), (&*event.rpc, "po"));
    assert!(listed(&world.officer(&audit, CLINIC), by_staff()).await.is_empty());
}

#[tokio::test]
async fn nobody_but_a_privacy_officer_is_told() {
    let world = World::new().await;
    let audit = world.audit().await;
    for (who, client) in [("the person", world.jane(&audit)), ("else", world.somebody_else(&audit))]
    {
        for request in [by_staff(), of_records()] {
            let refused = client.access(request).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{who}");
        }
    }
}
