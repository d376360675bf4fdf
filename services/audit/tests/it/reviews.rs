//! Anomalies as privacy officers see them, and what they say of them.

use kernel::Action;
use ledger::{Event, Outcome};
use time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    audit::v1::{
        Anomaly, AnomalyOutcome, ListAnomaliesRequest, ListAnomaliesResponse, ReviewAnomalyRequest,
    },
    convert::timestamp,
};

use crate::{
    anomalies::{Notes, read, refused},
    world::*,
};

fn reviewing(name: &str) -> ReviewAnomalyRequest {
    ReviewAnomalyRequest {
        request_id: Uuid::new_v4().to_string(),
        name: name.to_owned(),
        outcome: AnomalyOutcome::Explained.into(),
        note: "A list was imported.\nWith leave.".to_owned(),
    }
}

fn twenty(world: &World, who: &str) -> Vec<Event> {
    (0..20).map(|n| refused(world, who, Duration::seconds(n))).collect()
}

fn id_of(anomaly: &Anomaly) -> Uuid {
    anomaly.name.strip_prefix("anomalies/").unwrap().parse().unwrap()
}

async fn listed(client: &Client, open_only: bool) -> Vec<Anomaly> {
    let request = ListAnomaliesRequest { open_only, ..Default::default() };
    client.anomalies(request).await.unwrap().anomalies
}

fn reason(status: &Status) -> (Code, String) {
    (status.code(), status.get_error_details().error_info().unwrap().reason.clone())
}

/// What the audit service's own ledger has by an RPC: outcome, action, records.
async fn on_record(audit: &Audit, rpc: &str) -> Vec<(Outcome, Action, Vec<Uuid>)> {
    let recorded = audit.ledger.follow(0, 500).await.unwrap();
    let recorded = recorded.into_iter().filter_map(ledger::Followed::told);
    let by = recorded.filter(|(_, event)| event.rpc.ends_with(rpc));
    by.map(|(_, event)| {
        assert_eq!(event.person, None);
        (event.outcome, event.action, event.records.clone())
    })
    .collect()
}

#[tokio::test]
async fn a_review_is_made_once_and_a_replay_answers_as_the_first_time() {
    let world = World::new().await;
    let audit = world.audit().await;
    Notes::of(&world).tell(twenty(&world, "kim")).await;
    let officer = world.officer(&audit, HOUSING);
    let open = listed(&officer, true).await;
    assert_eq!((open.len(), open[0].outcome()), (1, AnomalyOutcome::Unspecified));
    let request = reviewing(&open[0].name);
    let first = officer.review(request.clone()).await.unwrap();
    let reviewed = first.anomaly.clone().unwrap();
    let expected = Anomaly {
        outcome: AnomalyOutcome::Explained.into(),
        note: request.note.clone(),
        review_time: Some(timestamp(kernel::Clock::now(&world.clock))),
        reviewer: "po".to_owned(),
        ..open[0].clone()
    };
    assert_eq!(reviewed, expected);
    assert_eq!(listed(&officer, false).await, [reviewed]);
    assert_eq!(listed(&officer, true).await.len(), 0);

    world.clock.advance(Duration::MINUTE);
    assert_eq!(officer.review(request.clone()).await.unwrap(), first);
    let again = officer.review(reviewing(&open[0].name)).await.unwrap_err();
    assert_eq!(reason(&again), (Code::FailedPrecondition, "WRONG_STATE".to_owned()));
    let other = ReviewAnomalyRequest { note: "Another.".to_owned(), ..request };
    let other = officer.review(other).await.unwrap_err();
    assert_eq!(reason(&other), (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned()));

    let id = id_of(&open[0]);
    let write = (Outcome::Permit, Action::Write, vec![id]);
    let replay = (Outcome::Permit, Action::Read, vec![id]);
    assert_eq!(on_record(&audit, "/ReviewAnomaly").await, [write, replay]);
    let read = |records| (Outcome::Permit, Action::Read, records);
    let reads = [read(vec![id]), read(vec![id]), read(vec![])];
    assert_eq!(on_record(&audit, "/ListAnomalies").await, reads);
}

#[tokio::test]
async fn of_two_reviews_at_once_one_is_made() {
    let world = World::new().await;
    let audit = world.audit().await;
    Notes::of(&world).tell(twenty(&world, "kim")).await;
    let officer = world.officer(&audit, HOUSING);
    let name = listed(&officer, true).await.remove(0).name;
    let all = futures::future::join_all((0..8).map(|_| officer.review(reviewing(&name)))).await;
    let (made, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for status in refused.into_iter().filter_map(Result::err) {
        assert_eq!(reason(&status).1, "WRONG_STATE");
    }
    assert_eq!(on_record(&audit, "/ReviewAnomaly").await.len(), 1);
}

#[tokio::test]
async fn an_officer_sees_and_reviews_those_of_their_own_agency_alone() {
    let world = World::new().await;
    let audit = world.audit().await;
    let mut notes = Notes::of(&world);
    let clinic = |mut event: Event| {
        event.caller.agency = Some(CLINIC);
        event
    };
    // One id at two agencies is two practitioners.
    let here = &world;
    let half =
        |from: i64| (from..from + 10).map(move |n| refused(here, "kim", Duration::seconds(n)));
    notes.tell(half(0).chain(half(10).map(clinic))).await;
    let (housing, other) = (world.officer(&audit, HOUSING), world.officer(&audit, CLINIC));
    assert!(listed(&housing, false).await.is_empty() && listed(&other, false).await.is_empty());
    notes.tell(half(20).map(clinic)).await;
    let of_clinic = listed(&other, false).await;
    assert_eq!(of_clinic.len(), 1);
    assert!(listed(&housing, false).await.is_empty());

    let made_up = Uuid::new_v4();
    let foreign = housing.review(reviewing(&of_clinic[0].name)).await.unwrap_err();
    let absent = housing.review(reviewing(&format!("anomalies/{made_up}"))).await.unwrap_err();
    assert_eq!(foreign.code(), Code::NotFound);
    assert_eq!(whole(&foreign), whole(&absent));
    let denied = |id| (Outcome::Deny, Action::Read, vec![id]);
    let refusals = [denied(id_of(&of_clinic[0])), denied(made_up)];
    assert_eq!(on_record(&audit, "/ReviewAnomaly").await, refusals);
    assert_eq!(listed(&other, true).await, of_clinic, "and nothing was reviewed");
}

#[tokio::test]
async fn neither_a_reply_nor_a_row_names_whose_records_were_asked_for() {
    let world = World::new().await;
    let audit = world.audit().await;
    let person = |n: u128| 0xfeed_feed_fe00 + n;
    let minute = Duration::MINUTE;
    let reads = (0..50).map(|n| Event {
        records: vec![Uuid::from_u128(person(n))],
        ..read(&world, "kim", person(n), minute)
    });
    Notes::of(&world).tell(reads).await;
    let officer = world.officer(&audit, HOUSING);
    let anomalies = listed(&officer, false).await;
    let reviewed = officer.review(reviewing(&anomalies[0].name)).await.unwrap();
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT to_json(a)::text FROM anomaly a UNION ALL SELECT to_json(r)::text
         FROM anomaly_review r UNION ALL
         SELECT encode(answer, 'escape') FROM request_log",
    )
    .fetch_all(&mut world.admin().await)
    .await
    .unwrap();
    assert_eq!((anomalies.len(), rows.len()), (1, 3));
    assert_eq!(anomalies[0].kind().as_str_name(), "ANOMALY_KIND_MANY_PEOPLE");
    for text in [format!("{anomalies:?} {reviewed:?}"), rows.join(" ")] {
        assert!(!text.contains("feedfeedfe"), "{text}");
    }
}

async fn page(client: &Client, size: i32, token: &str) -> Result<ListAnomaliesResponse, Status> {
    let request =
        ListAnomaliesRequest { page_size: size, page_token: token.to_owned(), open_only: false };
    client.anomalies(request).await
}

#[tokio::test]
async fn pages_follow_each_other_the_last_found_first() {
    let world = World::new().await;
    let audit = world.audit().await;
    let mut notes = Notes::of(&world);
    for who in ["a", "b", "c", "d", "e"] {
        notes.tell(twenty(&world, who)).await;
        if ["b", "d"].contains(&who) {
            world.clock.advance(Duration::MINUTE);
        }
    }
    let officer = world.officer(&audit, HOUSING);
    let all = listed(&officer, false).await;
    let mut sorted = all.clone();
    sorted.sort_by_key(|a| std::cmp::Reverse((a.found_time.as_ref().unwrap().seconds, id_of(a))));
    assert_eq!((all.len(), &all), (5, &sorted));
    for size in [1, 2, 3, 5] {
        let (mut told, mut token) = (Vec::new(), String::new());
        loop {
            let reply = page(&officer, size, &token).await.unwrap();
            assert!(!reply.anomalies.is_empty(), "no page is empty");
            told.extend(reply.anomalies);
            token = reply.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(told, all, "{size} a page");
    }
    let token = page(&officer, 2, "").await.unwrap().next_page_token;
    let open = ListAnomaliesRequest { page_size: 2, page_token: token.clone(), open_only: true };
    for refused in [
        officer.anomalies(open).await.unwrap_err(),
        page(&world.officer(&audit, CLINIC), 2, &token).await.unwrap_err(),
        page(&officer, 2, "AAAA").await.unwrap_err(),
    ] {
        assert_eq!(reason(&refused), (Code::InvalidArgument, "PAGE_TOKEN_INVALID".to_owned()));
    }
}

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    let mut fields: Vec<String> = violations.iter().map(|v| v.field.clone()).collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

#[tokio::test]
async fn all_fields_that_are_wrong_are_named_at_once() {
    let world = World::new().await;
    let audit = world.audit().await;
    let officer = world.officer(&audit, HOUSING);
    let wrong =
        ListAnomaliesRequest { page_size: 201, page_token: "x".repeat(1001), open_only: true };
    let wrong = officer.anomalies(wrong).await.unwrap_err();
    assert_eq!(fields(&wrong), ["page_size", "page_token"]);
    let empty = officer.review(ReviewAnomalyRequest::default()).await.unwrap_err();
    assert_eq!(fields(&empty), ["name", "note", "outcome", "request_id"]);
    let nil = ReviewAnomalyRequest {
        request_id: Uuid::nil().to_string(),
        outcome: 3,
        ..reviewing(&format!("anomalies/{}", Uuid::nil()))
    };
    let nil = officer.review(nil).await.unwrap_err();
    assert_eq!(fields(&nil), ["name", "outcome", "request_id"]);
    let name = format!("anomalies/{}", Uuid::new_v4());
    for note in [" \n ", "a\u{0}b", "a\u{7}b", "a\u{202E}b", &"x".repeat(2001)] {
        let request = ReviewAnomalyRequest { note: note.to_owned(), ..reviewing(&name) };
        let status = officer.review(request).await.unwrap_err();
        assert_eq!(fields(&status), ["note"], "{note:.10?}");
    }
    let longest = ReviewAnomalyRequest { note: "é".repeat(2000), ..reviewing(&name) };
    assert_eq!(officer.review(longest).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn nobody_reviews_what_they_did_themselves() {
    let world = World::new().await;
    let audit = world.audit().await;
    // The officer of these tests.
    for event in twenty(&world, "po") {
        world.notes.record(event).await.unwrap();
    }
    world.reaches("notes", 20).await;
    let officer = world.officer(&audit, HOUSING);
    let name = listed(&officer, true).await.remove(0).name;
    let own = officer.review(reviewing(&name)).await.unwrap_err();
    assert_eq!(reason(&own), (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned()));
    assert_eq!(listed(&officer, true).await.len(), 1);
    let denied = on_record(&audit, "/ReviewAnomaly").await;
    assert_eq!(denied, [(Outcome::Deny, Action::Read, vec![name[10..].parse().unwrap()])]);
}
