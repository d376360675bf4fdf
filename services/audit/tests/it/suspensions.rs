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
        statement_time: Some(timestamp(world.clock.now())),
        document_sha256: "5e".repeat(32),
    }
}

fn oral(world: &World, days: i64) -> SuspendAccountingRequest {
    let (form, document_sha256) = (StatementForm::Oral.into(), String::new());
    SuspendAccountingRequest { form, document_sha256, ..written(world, days) }
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
async fn an_agency_whose_people_are_held_elsewhere_suspends_nothing_here() {
    let mut world = World::new().await;
    world.registers = facts::Registers::Only(vec![HOUSING]);
    let audit = world.audit().await;
    let (clinic, housing) = (world.officer(&audit, CLINIC), world.officer(&audit, HOUSING));
    let refused = suspend(&clinic, written(&world, 30)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(list(&clinic, false).await, []);
    suspend(&housing, written(&world, 30)).await.unwrap();
    assert_eq!(list(&housing, true).await.len(), 1);
}

#[tokio::test]
async fn what_an_order_opened_is_left_out_while_it_is_suspended_and_told_afterwards() {
    let world = World::new().await;
    let audit = world.audit().await;
    let (jane, clinic) = (world.jane(&audit), world.officer(&audit, CLINIC));
    let sent = opened(&world, CLINIC, &[CLINIC], &["COURT_ORDER"]);
    let events = [
        opened(&world, PROBATION, &[CLINIC], &["COURT_ORDER"]),
        opened(&world, PROBATION, &[CLINIC], &["COURT_ORDER"]),
        // What this suspension does not hide.
        opened(&world, PROBATION, &[CLINIC], &["CONSENT"]),
        opened(&world, PROBATION, &[CLINIC], &["EMERGENCY"]),
        opened(&world, PROBATION, &[CLINIC], &["REPRESENTATIVE"]),
        opened(&world, PROBATION, &[CLINIC], &["COURT_ORDER", "CONSENT"]),
        opened(&world, PROBATION, &[HOUSING], &["COURT_ORDER"]),
        opened(&world, PROBATION, &[CLINIC, HOUSING], &["COURT_ORDER"]),
        opened(&world, SHERIFF, &[CLINIC], &["COURT_ORDER"]),
        opened(&world, PROBATION, &[], &["COURT_ORDER"]),
        Event { recipient: Some(PROBATION), ..sent },
    ];
    record(&world, &events).await;
    let of_else =
        Event { person: Some(ELSE), event_id: ledger::new_id(&world.clock), ..events[0].clone() };
    record(&world, std::slice::from_ref(&of_else)).await;
    let folder = tempfile::tempdir().unwrap();
    sealed(&world.notes, folder.path()).await;
    let (every, left): (Vec<usize>, Vec<usize>) = ((0..11).collect(), (2..11).collect());
    assert_eq!(shown(&jane, JANE, &events).await, every);
    assert_eq!(received(&jane, PROBATION).await, 10);
    jane.inclusion(JANE, "notes", 1, 12).await.unwrap();

    let suspended = suspend(&clinic, written(&world, 90)).await.unwrap();
    assert_eq!(shown(&jane, JANE, &events).await, left);
    assert_eq!(received(&jane, PROBATION).await, 8);
    let fhir = ListDisclosuresRequest { include_audit_events: true, ..asking(JANE) };
    let fhir = jane.list(fhir).await.unwrap();
    let hidden = events[..2].iter().map(|event| event.decision_id.to_string());
    assert!(hidden.into_iter().all(|id| !decisions(&fhir).contains(&id)));
    assert_eq!(fhir.disclosures.len(), 9);
    let absent = jane.inclusion(JANE, "notes", 1_000, 1_000).await.unwrap_err();
    for sequence in 1..=2 {
        let refused = jane.inclusion(JANE, "notes", sequence, 12).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{sequence}");
        assert_eq!(whole(&refused), whole(&absent), "as of what there is not");
    }
    jane.inclusion(JANE, "notes", 3, 12).await.unwrap();
    // Nobody else's accounting, and the custodian's own officer sees all of it.
    let other = world.somebody_else(&audit);
    assert_eq!(shown(&other, ELSE, std::slice::from_ref(&of_else)).await, [0]);
    let seen = clinic.access(of_records()).await.unwrap().events;
    let seen = |event: &Event| seen.iter().any(|s| s.decision_id == event.decision_id.to_string());
    assert!(events[..2].iter().all(seen));

    // To the instant.
    world.clock.set(world.clock.now() + Duration::days(90) - Duration::SECOND);
    let until = suspended.until_time.unwrap();
    assert!(timestamp(world.clock.now()).seconds < until.seconds);
    let (jane, clinic) = (world.jane(&audit), world.officer(&audit, CLINIC));
    assert_eq!(shown(&jane, JANE, &events).await, left);
    world.clock.advance(Duration::SECOND);
    assert_eq!(timestamp(world.clock.now()), until);
    assert_eq!(shown(&jane, JANE, &events).await, every);
    assert_eq!(received(&jane, PROBATION).await, 10);
    jane.inclusion(JANE, "notes", 1, 12).await.unwrap();
    let over = end(&clinic, ending(&suspended.name)).await.unwrap_err();
    assert_eq!(over.code(), Code::FailedPrecondition, "it has ended by itself");

    // Of what two hold both have to say so.
    let housing = world.officer(&audit, HOUSING);
    suspend(&clinic, written(&world, 9)).await.unwrap();
    suspend(&housing, written(&world, 9)).await.unwrap();
    assert_eq!(shown(&jane, JANE, &events).await, [2, 3, 4, 5, 8, 9, 10]);
    for (office, one) in
        [(&clinic, list(&clinic, true).await), (&housing, list(&housing, true).await)]
    {
        end(office, ending(&one[0].name)).await.unwrap();
    }
    assert_eq!(shown(&jane, JANE, &events).await, every);

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
    assert_eq!(first.document_sha256, ask.document_sha256);
    assert_eq!(first.statement_time, ask.statement_time);
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
    let to_sheriff =
        SuspendAccountingRequest { agency: format!("agencies/{SHERIFF}"), ..oral(&world, 30) };
    suspend(&clinic, to_sheriff).await.unwrap();
    // The same statement, as long as it may be.
    suspend(&clinic, oral(&world, 30)).await.unwrap();
    world.clock.advance(Duration::MINUTE);
    for later in [Duration::ZERO, Duration::days(60) - Duration::MINUTE - Duration::SECOND] {
        world.clock.advance(later);
        let clinic = world.officer(&audit, CLINIC);
        let refused = suspend(&clinic, oral(&world, 1)).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{later}");
        let details = format!("{:?}", tonic_types::StatusExt::get_error_details(&refused));
        assert!(details.contains("SUSPENDED_ORALLY"), "{details}");
        suspend(&clinic, written(&world, 1)).await.unwrap();
    }
    world.clock.advance(Duration::SECOND);
    suspend(&world.officer(&audit, CLINIC), oral(&world, 1)).await.unwrap();
}

/// A statement that is made so long from now.
fn stated(world: &World, ahead: Duration) -> SuspendAccountingRequest {
    let statement_time = Some(timestamp(world.clock.now() + ahead));
    SuspendAccountingRequest { statement_time, ..written(world, 1) }
}

/// Twenty days after it was said, for twenty more.
fn late(world: &World) -> SuspendAccountingRequest {
    let statement_time = Some(timestamp(world.clock.now() - Duration::days(20)));
    SuspendAccountingRequest { statement_time, ..oral(world, 20) }
}

#[tokio::test]
async fn what_was_answered_once_is_answered_again_when_it_would_be_refused_now() {
    let world = World::new().await;
    let audit = world.audit().await;
    let ask = written(&world, 1);
    let first = suspend(&world.officer(&audit, CLINIC), ask.clone()).await.unwrap();
    world.clock.advance(Duration::days(2));
    let clinic = world.officer(&audit, CLINIC);
    assert_eq!(suspend(&clinic, ask.clone()).await.unwrap(), first);
    let anew = SuspendAccountingRequest { request_id: Uuid::new_v4().to_string(), ..ask };
    assert_eq!(suspend(&clinic, anew).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn what_somebody_is_yet_to_be_told_is_not_let_go() {
    let world = World::new().await;
    let audit = world.audit().await;
    let clinic = world.officer(&audit, CLINIC);
    // The database's own clock decides what is let go, so these are of its time.
    let real = kernel::SystemClock.now();
    world.clock.set(real);
    let clinic = {
        drop(clinic);
        world.officer(&audit, CLINIC)
    };
    suspend(&clinic, written(&world, 1)).await.unwrap();
    let of_else =
        SuspendAccountingRequest { person: format!("people/{ELSE}"), ..written(&world, 1) };
    let ended = suspend(&clinic, of_else).await.unwrap();
    end(&clinic, ending(&ended.name)).await.unwrap();
    let mut held = audit::held(&mut world.owner("audit").await).await.unwrap();
    held.sort_unstable();
    assert_eq!(held, [JANE, ELSE]);
    // A year after it has ended nobody is kept by it.
    let sql = "UPDATE accounting_suspension SET stated_at = now() - interval '4 years',
        begun_at = now() - interval '3 years', until_at = now() - interval '1 year 1 day'";
    pg::tamper::run(
        &world.admin_url(),
        &["SET search_path = audit", "SET session_replication_role = replica", sql],
    )
    .await
    .unwrap();
    assert!(audit::held(&mut world.owner("audit").await).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_database_shows_and_lets_end_no_office_what_another_recorded() {
    let world = World::new().await;
    let audit = world.audit().await;
    suspend(&world.officer(&audit, CLINIC), written(&world, 5)).await.unwrap();
    for (office, seen) in [(CLINIC, 1_i64), (HOUSING, 0)] {
        let (count, ended, asked) = audit
            .db
            .run_tx("test.rls", pg::Scope::nobody(), move |tx| {
                Box::pin(async move {
                    let office = office.to_string();
                    let set = sqlx::query("SELECT set_config('trellis.office', $1, true)");
                    set.bind(office).execute(&mut *tx).await?;
                    let count: i64 =
                        sqlx::query_scalar("SELECT count(*) FROM accounting_suspension")
                            .fetch_one(&mut *tx)
                            .await?;
                    let ended = sqlx::query(
                        "INSERT INTO accounting_suspension_ended
                         SELECT suspension_id, now() FROM accounting_suspension",
                    );
                    let ended = ended.execute(&mut *tx).await?.rows_affected();
                    let asked: bool = sqlx::query_scalar(
                        "SELECT accounting_suspended($1, $2, ARRAY[$3], '2026-03-04')",
                    )
                    .bind(JANE)
                    .bind(PROBATION)
                    .bind(CLINIC)
                    .fetch_one(&mut *tx)
                    .await?;
                    Ok((count, ended, asked))
                })
            })
            .await
            .unwrap();
        assert_eq!((count, ended), (seen, seen.unsigned_abs()));
        assert!(!asked, "of a person who is not in scope nothing is told");
    }
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
        (stated(&world, Duration::SECOND), "statement_time"),
        (late(&world), "until_time"),
        (SuspendAccountingRequest { statement_time: None, ..ask() }, "statement_time"),
        (SuspendAccountingRequest { official: "  ".into(), ..ask() }, "official"),
        (SuspendAccountingRequest { document_sha256: String::new(), ..ask() }, "document_sha256"),
        (SuspendAccountingRequest { document_sha256: "5E".repeat(32), ..ask() }, "document_sha256"),
        (
            SuspendAccountingRequest { document_sha256: "5e".repeat(32), ..oral(&world, 1) },
            "document_sha256",
        ),
        (to(CLINIC), "agency"),
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
