//! A service that stands still hears of no suspension, and serves nobody of that agency, nor that
//! principal, when it goes on: services in separate processes, one of them stopped.

use std::time::{Duration, Instant};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use trellis_tests::{Actor, BOUND, Processes, World, request_id, served, until};
use wire::{
    directory::v1::{Principal, SuspendAgencyRequest, SuspendPrincipalRequest, SuspensionReason},
    notes::v1::GetNoteRequest,
    referrals::v1::GetReferralRequest,
};

/// What a service may go by that is not told otherwise: the directory waits no less.
const LAPSE: Duration = Duration::from_secs(10);
const READERS: usize = 32;
/// Between when it last heard and when it was stopped: a checkpoint comes every 2 seconds.
const HEARD: Duration = Duration::from_millis(3_500);

async fn read(service: &str, by: &Actor, known: &str) -> Result<(), Status> {
    let name = known.to_owned();
    match service {
        "notes" => by.notes().get_note(GetNoteRequest { name, version: 0 }).await.map(drop),
        _ => by.referrals().get_referral(GetReferralRequest { name }).await.map(drop),
    }
}

/// Whether the service itself has refused: it has heard meanwhile, or says nothing until it has.
fn refused_by_service(answer: &Result<(), Status>) -> bool {
    let Err(status) = answer else { return false };
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    match (status.code(), reason) {
        (Code::PermissionDenied, Some("AGENCY_SUSPENDED" | "PRINCIPAL_SUSPENDED"))
        | (Code::Unavailable, Some(_)) => true,
        // The connection, which was silent for so long.
        (Code::Unavailable, None) => false,
        other => panic!("{other:?}"),
    }
}

/// Who is suspended meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whom {
    Agency,
    /// A person's own sign-in, of no agency.
    SignIn,
}

/// `beside`: a directory runs in its process, too.
async fn nothing_is_served_by_one_that_stood_still(
    service: &'static str,
    beside: bool,
    whom: Whom,
) {
    let mut processes = Processes::start().await;
    if beside {
        processes.kill(service);
        // That one is waited for no more.
        tokio::time::sleep(LAPSE + Duration::from_secs(1)).await;
        processes.start_with_directory(service).await;
    }
    let world = World::new(processes.network()).await;
    let person = world.person(processes.network()).await;
    world.consent(&person, &world.agencies.housing).await;
    let known = match service {
        "notes" => world.note(&person).await.name,
        _ => world.referral(&person, true).await.name,
    };
    let reader = if whom == Whom::Agency { &world.manager } else { &person.actor };
    let read_one = || read(service, reader, &known);
    until("it is served", BOUND, || async { read_one().await.ok() }).await;
    processes.process(service).pause();
    let begun = Instant::now();
    // It may wait for longer than a client does.
    let admin = world.admin.without_deadline();
    match whom {
        Whom::Agency => {
            let name = world.agencies.housing.clone();
            let reason = "an audit".to_owned();
            let suspend = SuspendAgencyRequest { request_id: request_id(), name, reason };
            served!(admin.directory(), suspend_agency, suspend);
        }
        Whom::SignIn => {
            let suspend = SuspendPrincipalRequest {
                request_id: request_id(),
                principal: Some(Principal {
                    issuer: identity::DEV_ISSUER.to_owned(),
                    subject: person.sub.clone(),
                    client_id: String::new(),
                }),
                agency: String::new(),
                reason: SuspensionReason::Stolen.into(),
            };
            served!(admin.directory(), suspend_principal, suspend);
        }
    }
    let waited = begun.elapsed();
    // They wait for it in its socket, as does whatever it has not heard.
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..READERS {
        let (reader, known) = (reader.clone(), known.clone());
        readers.spawn(async move { read(service, &reader, &known).await });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    processes.process(service).resume();
    let answers = readers.join_all().await;
    let served = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(served, 0, "of {READERS} were served, suspended after {waited:?}");
    let by_service = answers.iter().filter(|answer| refused_by_service(answer)).count();
    println!("{service}: suspended after {waited:?}, {by_service} of {READERS} refused by it");
    assert!(by_service > 0, "nothing was tested");
    assert!(waited >= LAPSE - HEARD, "{service} was not waited for: {waited:?}");
    assert!(waited < LAPSE * 2, "for ever: {waited:?}");
    until("it has heard", BOUND, || async {
        let status = read_one().await.expect_err("suspended");
        (status.code() == Code::PermissionDenied).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_that_stood_still_serve_nothing_after_a_suspension_has_returned() {
    nothing_is_served_by_one_that_stood_still("notes", false, Whom::Agency).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn referrals_that_stood_still_serve_nothing_after_a_suspension_has_returned() {
    nothing_is_served_by_one_that_stood_still("referrals", false, Whom::Agency).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_in_its_own_process_makes_no_service_sure_of_what_another_one_has_ended() {
    nothing_is_served_by_one_that_stood_still("notes", true, Whom::Agency).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_that_stood_still_serve_nothing_to_a_sign_in_that_was_suspended() {
    nothing_is_served_by_one_that_stood_still("notes", false, Whom::SignIn).await;
}
