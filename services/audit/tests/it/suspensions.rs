//! Disclosures to law enforcement that a person is not told of for a time, and nothing but these.

use kernel::Clock as _;
use ledger::{Caller, Event, Followed, Outcome};
use time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    audit::v1::{
        AccountingSuspension, EndAccountingSuspensionRequest, ListAccountingSuspensionsRequest,
        ListDisclosuresRequest, StatementForm, SuspendAccountingRequest,
    },
    convert::timestamp,
};

use crate::{access::of_records, proofs::sealed, world::*};

fn written(world: &World, days: i64) -> SuspendAccountingRequest {
    SuspendAccountingRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{JANE}"),
        agency: format!("agencies/{PROBATION}"),
        official: "Chief Oak, County Probation".into(),
        form: StatementForm::Written.into(),
        until_time: Some(timestamp(world.clock.now() + Duration::days(days))),
    }
}

fn oral(world: &World, days: i64) -> SuspendAccountingRequest {
    SuspendAccountingRequest { form: StatementForm::Oral.into(), ..written(world, days) }
}

fn ending(name: &str) -> EndAccountingSuspensionRequest {
    EndAccountingSuspensionRequest { request_id: Uuid::new_v4().to_string(), name: name.to_owned() }
}

async fn suspend(
    office: &Client,
    asked: SuspendAccountingRequest,
) -> Result<AccountingSuspension, Status> {
    let reply = office.audit().suspend_accounting(office.with(asked)).await?;
    Ok(reply.into_inner().suspension.unwrap())
}

async fn end(
    office: &Client,
    asked: EndAccountingSuspensionRequest,
) -> Result<AccountingSuspension, Status> {
    let reply = office.audit().end_accounting_suspension(office.with(asked)).await?;
    Ok(reply.into_inner().suspension.unwrap())
}

async fn list(office: &Client, in_force_only: bool) -> Vec<AccountingSuspension> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = ListAccountingSuspensionsRequest { page_size: 2, page_token, in_force_only };
        let page = office.audit().list_accounting_suspensions(office.with(asked)).await.unwrap();
        let page = page.into_inner();
        assert!(page.suspensions.len() <= 2);
        all.extend(page.suspensions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

/// An agency's staff read a record that these agencies hold, on these grounds.
fn opened(world: &World, agency: Uuid, custodians: &[Uuid], bases: &[&str]) -> Event {
    let read = world.next_read(JANE);
    Event {
        caller: Caller { agency: Some(agency), ..read.caller.clone() },
        custodians: custodians.to_vec(),
        bases: bases.iter().map(|basis| (*basis).into()).collect(),
        ..read
    }
}

async fn record(world: &World, events: &[Event]) {
    let before = world.position("notes").await;
    for event in events {
        world.notes.record(event.clone()).await.unwrap();
    }
    world.reaches("notes", before + i64::try_from(events.len()).unwrap()).await;
}

/// Which of the events the accounting shows, by their place.
async fn shown(client: &Client, person: Uuid, events: &[Event]) -> Vec<usize> {
    let decisions = client.decisions(person, true).await;
    let told = |event: &Event| decisions.contains(&event.decision_id.to_string());
    (0..events.len()).filter(|place| told(&events[*place])).collect()
}

/// How many disclosures went to an agency, as the list of recipients has it.
async fn received(client: &Client, agency: Uuid) -> i64 {
    let told = client.recipients(JANE).await.unwrap().recipients;
    let name = format!("agencies/{agency}");
    told.iter().filter(|r| r.agency == name).map(|r| r.disclosures).sum()
}

#[tokio::test]
async fn what_an_order_opened_is_left_out_while_it_is_suspended_and_told_afterwards() {
    let world = World::new().await;
    let audit = world.audit().await;
    let (jane, clinic) = (world.jane(&audit), world.officer(&audit, CLINIC));
    let sent = opened(&world, CLINIC, &[CLINIC], &["COURT_ORDER"]);
    let events = [
        opened(&world, PROBATION, &[CLINIC], &["COURT_ORDER"]),
        // In part by the order, in part the clinic's: an entry can't be told in part.
        opened(&world, PROBATION, &[CLINIC], &["COURT_ORDER", "CONSENT"]),
        opened(&world, PROBATION, &[CLINIC, HOUSING], &["COURT_ORDER"]),
        Event { recipient: Some(PROBATION), ..sent },
        // What a suspension never hides.
        opened(&world, PROBATION, &[CLINIC], &["CONSENT"]),
        opened(&world, PROBATION, &[CLINIC], &["EMERGENCY"]),
        opened(&world, PROBATION, &[CLINIC], &["REPRESENTATIVE"]),
        opened(&world, PROBATION, &[HOUSING], &["COURT_ORDER"]),
        opened(&world, HOUSING, &[CLINIC], &["COURT_ORDER"]),
        opened(&world, PROBATION, &[], &["COURT_ORDER"]),
    ];
    record(&world, &events).await;
    let of_else =
        Event { person: Some(ELSE), event_id: ledger::new_id(&world.clock), ..events[0].clone() };
    record(&world, std::slice::from_ref(&of_else)).await;
    let folder = tempfile::tempdir().unwrap();
    sealed(&world.notes, folder.path()).await;
    let (every, left): (Vec<usize>, Vec<usize>) = ((0..10).collect(), (4..10).collect());
    assert_eq!(shown(&jane, JANE, &events).await, every);
    assert_eq!(received(&jane, PROBATION).await, 9);
    jane.inclusion(JANE, "notes", 1, 11).await.unwrap();

    let suspended = suspend(&clinic, written(&world, 90)).await.unwrap();
    assert_eq!(shown(&jane, JANE, &events).await, left);
    assert_eq!(received(&jane, PROBATION).await, 5);
    let fhir = ListDisclosuresRequest { include_audit_events: true, ..asking(JANE) };
    let fhir = jane.list(fhir).await.unwrap();
    assert_eq!(decisions(&fhir), jane.decisions(JANE, false).await);
    let absent = jane.inclusion(JANE, "notes", 1_000, 1_000).await.unwrap_err();
    for sequence in 1..=4 {
        let refused = jane.inclusion(JANE, "notes", sequence, 11).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{sequence}");
        assert_eq!(whole(&refused), whole(&absent), "as of what there is not");
    }
    jane.inclusion(JANE, "notes", 5, 11).await.unwrap();
    // Nobody else's accounting, and the custodian's own officer sees all of it.
    let other = world.somebody_else(&audit);
    assert_eq!(shown(&other, ELSE, std::slice::from_ref(&of_else)).await, [0]);
    let seen = clinic.access(of_records()).await.unwrap().events;
    let seen = |event: &Event| seen.iter().any(|s| s.decision_id == event.decision_id.to_string());
    assert!(events[..4].iter().all(seen));

    // To the instant.
    world.clock.set(world.clock.now() + Duration::days(90) - Duration::SECOND);
    let until = suspended.until_time.unwrap();
    assert!(timestamp(world.clock.now()).seconds < until.seconds);
    let (jane, clinic) = (world.jane(&audit), world.officer(&audit, CLINIC));
    assert_eq!(shown(&jane, JANE, &events).await, left);
    world.clock.advance(Duration::SECOND);
    assert_eq!(timestamp(world.clock.now()), until);
    assert_eq!(shown(&jane, JANE, &events).await, every);
    assert_eq!(received(&jane, PROBATION).await, 9);
    jane.inclusion(JANE, "notes", 1, 11).await.unwrap();
    let over = end(&clinic, ending(&suspended.name)).await.unwrap_err();
    assert_eq!(over.code(), Code::FailedPrecondition, "it has ended by itself");

    // A second one, and two at once: the one that ends leaves the other.
    let again = suspend(&clinic, written(&world, 10)).await.unwrap();
    let longer = suspend(&clinic, oral(&world, 30)).await.unwrap();
    assert_eq!(shown(&jane, JANE, &events).await, left);
    end(&clinic, ending(&again.name)).await.unwrap();
    assert_eq!(shown(&jane, JANE, &events).await, left);
    end(&clinic, ending(&longer.name)).await.unwrap();
    assert_eq!(shown(&jane, JANE, &events).await, every);
}

#[tokio::test]
async fn a_suspension_is_its_agencys_own_made_once_and_on_record() {
    let world = World::new().await;
    let audit = world.audit().await;
    let (clinic, housing) = (world.officer(&audit, CLINIC), world.officer(&audit, HOUSING));
    let ask = written(&world, 5);
    let first = suspend(&clinic, ask.clone()).await.unwrap();
    assert_eq!(first.person, ask.person);
    assert_eq!((&first.agency, &first.official), (&ask.agency, &ask.official));
    assert_eq!((first.form(), first.until_time), (StatementForm::Written, ask.until_time));
    assert_eq!((first.begin_time, first.end_time), (Some(timestamp(world.clock.now())), None));
    assert_eq!(suspend(&clinic, ask.clone()).await.unwrap(), first, "a replay");
    let other = SuspendAccountingRequest { official: "Another".into(), ..ask };
    assert_eq!(suspend(&clinic, other).await.unwrap_err().code(), Code::FailedPrecondition);
    world.clock.advance(Duration::MINUTE);
    let second = suspend(&clinic, written(&world, 50)).await.unwrap();
    world.clock.advance(Duration::MINUTE);
    let third = suspend(&clinic, oral(&world, 30)).await.unwrap();
    let foreign = suspend(&housing, oral(&world, 30)).await.unwrap();
    assert_eq!(list(&clinic, false).await, [third.clone(), second.clone(), first.clone()]);
    assert_eq!(list(&housing, true).await, std::slice::from_ref(&foreign));

    let absent = format!("accountingSuspensions/{}", Uuid::new_v4());
    let absent = end(&clinic, ending(&absent)).await.unwrap_err();
    let refused = end(&clinic, ending(&foreign.name)).await.unwrap_err();
    assert_eq!((refused.code(), whole(&refused)), (Code::NotFound, whole(&absent)));
    let both = (0..8).map(|_| end(&clinic, ending(&second.name)));
    let done = futures::future::join_all(both).await;
    assert_eq!(done.iter().filter(|d| d.is_ok()).count(), 1);
    let others = done.iter().filter_map(|d| d.as_ref().err());
    assert!(others.into_iter().all(|e| e.code() == Code::FailedPrecondition), "{done:?}");
    let ended = done.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(ended.end_time, Some(timestamp(world.clock.now())));
    assert_eq!(list(&clinic, true).await, [third.clone(), first.clone()]);
    assert_eq!(list(&clinic, false).await, [third, ended, first]);

    let all = audit.ledger.follow(0, 1_000).await.unwrap();
    let events: Vec<_> = all.into_iter().filter_map(Followed::told).map(|(_, e)| e).collect();
    let made = |e: &&Event| e.outcome == Outcome::Permit && e.action == ledger::Action::Write;
    let made: Vec<_> = events.iter().filter(made).collect();
    assert_eq!(made.len(), 5);
    assert!(made.iter().all(|e| e.person == Some(JANE) && e.records.len() == 1));
    assert_eq!(events.iter().filter(|e| e.outcome == Outcome::Deny).count(), 2);
    // None of it is a disclosure, so the person does not learn of it here.
    world.reaches("audit", i64::try_from(events.len()).unwrap()).await;
    assert!(world.jane(&audit).decisions(JANE, true).await.is_empty());
    let jane = world.jane(&audit);
    assert_eq!(
        suspend(&jane, written(&world, 1)).await.unwrap_err().code(),
        Code::PermissionDenied
    );
}

#[tokio::test]
async fn what_was_said_once_is_not_made_longer_by_saying_it_again() {
    let world = World::new().await;
    let audit = world.audit().await;
    let clinic = world.officer(&audit, CLINIC);
    let first = suspend(&clinic, oral(&world, 10)).await.unwrap();
    end(&clinic, ending(&first.name)).await.unwrap();
    // Another person's, another agency's records: another statement.
    let of_else = SuspendAccountingRequest { person: format!("people/{ELSE}"), ..oral(&world, 30) };
    suspend(&clinic, of_else).await.unwrap();
    suspend(&world.officer(&audit, HOUSING), oral(&world, 30)).await.unwrap();
    for later in [Duration::ZERO, Duration::days(40) - Duration::SECOND] {
        world.clock.advance(later);
        let clinic = world.officer(&audit, CLINIC);
        let refused = suspend(&clinic, oral(&world, 1)).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{later}");
        suspend(&clinic, written(&world, 1)).await.unwrap();
    }
    world.clock.advance(Duration::SECOND);
    suspend(&world.officer(&audit, CLINIC), oral(&world, 1)).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_suspension_is_named() {
    let world = World::new().await;
    let audit = world.audit().await;
    let clinic = world.officer(&audit, CLINIC);
    let ask = || written(&world, 1);
    let to =
        |agency: Uuid| SuspendAccountingRequest { agency: format!("agencies/{agency}"), ..ask() };
    let until = |seconds: i64, nanos: i32| SuspendAccountingRequest {
        until_time: Some(prost_types::Timestamp { seconds, nanos }),
        ..ask()
    };
    let now = timestamp(world.clock.now()).seconds;
    for (wrong, field) in [
        (SuspendAccountingRequest { official: String::new(), ..ask() }, "official"),
        (SuspendAccountingRequest { official: "x".repeat(201), ..ask() }, "official"),
        (SuspendAccountingRequest { official: "a\u{202e}b".into(), ..ask() }, "official"),
        (SuspendAccountingRequest { form: 0, ..ask() }, "form"),
        (SuspendAccountingRequest { form: 9, ..ask() }, "form"),
        (SuspendAccountingRequest { until_time: None, ..ask() }, "until_time"),
        (SuspendAccountingRequest { person: format!("people/{}", Uuid::nil()), ..ask() }, "person"),
        (SuspendAccountingRequest { request_id: "1".into(), ..ask() }, "request_id"),
        (until(now, 0), "until_time"),
        (until(i64::MAX, 0), "until_time"),
        (until(now + 1, -1), "until_time"),
        (written(&world, 1_827), "until_time"),
        (oral(&world, 31), "until_time"),
        (to(Uuid::nil()), "agency"),
        (to(HOUSING), "agency"),
        (to(Uuid::from_u128(0xdead)), "agency"),
    ] {
        let refused = suspend(&clinic, wrong).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{field}");
        let details = format!("{:?}", tonic_types::StatusExt::get_error_details(&refused));
        assert!(details.contains(field), "{field}: {details}");
    }
    suspend(&clinic, written(&world, 1_826)).await.unwrap();
    suspend(&clinic, oral(&world, 30)).await.unwrap();
    assert_eq!(list(&clinic, false).await.len(), 2);
}
