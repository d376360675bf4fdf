use std::collections::BTreeSet;

use identity::AuthError;
use pg::{Cause, StoreError};
use rpc::{Conflict, Denial, Error, Outage};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::{ERROR_DOMAIN, Violation, common::v1::ErrorReason};

/// What identity and serve answer before a request reaches a service.
const ELSEWHERE: [&str; 4] =
    ["DEADLINE_EXCEEDED", "MESSAGE_TOO_LARGE", "RATE_LIMITED", "SHUTTING_DOWN"];

fn violations() -> Vec<Violation> {
    vec![Violation::new("person", "must be people/{uuid}")]
}

/// Every error there is: a new variant must be put here, or this does not compile.
fn all() -> Vec<(Error, Code)> {
    let auth = |error: AuthError| (Error::Denied(Denial::Auth(error)), error.code());
    let denied = |denial| (Error::Denied(denial), Code::PermissionDenied);
    let conflict = |conflict, code| (Error::Conflict(conflict), code);
    let away = |outage| (Error::Unavailable(outage), Code::Unavailable);
    let exhaustive = |error: &Error| match error {
        Error::Invalid(_) | Error::NotFound | Error::Internal(_) => {}
        Error::Denied(denial) => match denial {
            Denial::ActionNotPermitted | Denial::AgencySuspended => {}
            Denial::SignInNotConfirmed | Denial::HeldElsewhere | Denial::Auth(_) => {}
        },
        Error::Conflict(conflict) => match conflict {
            Conflict::WrongState { .. } | Conflict::Stale | Conflict::RequestIdReused => {}
            Conflict::ConsentNeeded | Conflict::ConsentIncomplete(_) => {}
            Conflict::OrderIncomplete(_) | Conflict::AttachedNotCovered => {}
            Conflict::PersonDeclined | Conflict::AcceptedElsewhere => {}
            Conflict::ContactProhibited => {}
            Conflict::AlreadyExists { .. } | Conflict::CursorExpired => {}
            Conflict::PageToken | Conflict::ContextMissing | Conflict::TooMany { .. } => {}
        },
        Error::Unavailable(outage) => match outage {
            Outage::Consent | Outage::Audit | Outage::Database | Outage::People => {}
            Outage::Storage => {}
            Outage::Directory | Outage::Notes | Outage::Unknown | Outage::Overloaded => {}
        },
    };
    let all = vec![
        (Error::Invalid(violations()), Code::InvalidArgument),
        (Error::NotFound, Code::NotFound),
        (Error::Internal("the row of Jane"), Code::Internal),
        denied(Denial::ActionNotPermitted),
        denied(Denial::AgencySuspended),
        denied(Denial::SignInNotConfirmed),
        denied(Denial::HeldElsewhere),
        auth(AuthError::Unauthenticated),
        auth(AuthError::RoleNotAdmitted { rpc: "/trellis.notes.v1.NotesService/GetNote" }),
        auth(AuthError::AgencySuspended),
        auth(AuthError::PrincipalSuspended),
        auth(AuthError::PurposeNotAllowed),
        auth(AuthError::InvalidMetadata { key: "purpose-of-use" }),
        auth(AuthError::DirectoryStale),
        auth(AuthError::UnknownMethod),
        conflict(
            Conflict::WrongState { state: "final", allowed: vec!["amended"] },
            Code::FailedPrecondition,
        ),
        conflict(Conflict::Stale, Code::Aborted),
        conflict(Conflict::RequestIdReused, Code::FailedPrecondition),
        conflict(Conflict::ConsentNeeded, Code::FailedPrecondition),
        conflict(Conflict::AttachedNotCovered, Code::FailedPrecondition),
        conflict(Conflict::ConsentIncomplete(violations()), Code::FailedPrecondition),
        conflict(Conflict::OrderIncomplete(violations()), Code::FailedPrecondition),
        conflict(Conflict::PersonDeclined, Code::FailedPrecondition),
        conflict(Conflict::AcceptedElsewhere, Code::FailedPrecondition),
        conflict(Conflict::ContactProhibited, Code::FailedPrecondition),
        conflict(Conflict::AlreadyExists { field: "client_id" }, Code::AlreadyExists),
        conflict(Conflict::CursorExpired, Code::OutOfRange),
        conflict(Conflict::PageToken, Code::InvalidArgument),
        conflict(Conflict::ContextMissing, Code::InvalidArgument),
        conflict(Conflict::TooMany { what: "people", limit: 7 }, Code::ResourceExhausted),
        away(Outage::Consent),
        away(Outage::Audit),
        away(Outage::Database),
        away(Outage::Directory),
        away(Outage::Notes),
        away(Outage::People),
        away(Outage::Storage),
        away(Outage::Unknown),
        (Error::Unavailable(Outage::Overloaded), Code::ResourceExhausted),
    ];
    all.iter().for_each(|(error, _)| exhaustive(error));
    all
}

fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, ERROR_DOMAIN);
    assert_eq!(ERROR_DOMAIN, "trellis");
    info.reason.clone()
}

#[test]
fn every_error_has_its_code_and_a_published_reason_and_every_reason_is_some_errors() {
    let mut told = BTreeSet::new();
    for (error, code) in all() {
        let shown = format!("{error:?}");
        let status = Status::from(error);
        assert_eq!(status.code(), code, "{shown}");
        let reason = reason(&status);
        let published = ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}"));
        assert!(published.is_some_and(|r| r != ErrorReason::Unspecified), "{shown}: {reason}");
        // To ask for less is not to ask again.
        let retries = code == Code::Unavailable || reason == "OVERLOADED";
        assert_eq!(status.get_error_details().retry_info().is_some(), retries, "{shown}");
        assert!(!status.message().is_empty());
        told.insert(reason);
    }
    told.extend(ELSEWHERE.map(str::to_owned));
    let published = (1..).map_while(|n| ErrorReason::try_from(n).ok());
    let published: BTreeSet<String> =
        published.map(|r| r.as_str_name().trim_start_matches("ERROR_REASON_").to_owned()).collect();
    assert_eq!(told, published);
}

/// As it goes over the wire.
fn bytes(status: Status) -> usize {
    let response: http::Response<String> = status.into_http();
    response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

#[test]
fn a_status_stays_under_8_kib_whatever_is_wrong_and_names_every_field_that_it_can() {
    let long = |field: &str, n: usize, words: usize| -> Vec<Violation> {
        (0..n).map(|i| Violation::new(format!("{field}[{i}].body"), "so ".repeat(words))).collect()
    };
    for (violations, least) in [
        (long("sections", 100, 1), 100),
        (long("sections", 100, 100), 100),
        (long("sections", 50, 1_000), 50),
        (long("sections", 1_000, 100), 100),
        (long(&"deep.".repeat(40), 100, 100), 20),
        (vec![Violation::new("x".repeat(100_000), "y"); 3], 0),
        (vec![Violation::new("x", "ä".repeat(5_000)); 3], 3),
    ] {
        for error in [
            Error::Invalid(violations.clone()),
            Error::Conflict(Conflict::ConsentIncomplete(violations.clone())),
        ] {
            let status = Status::from(error);
            reason(&status);
            let details = status.get_error_details();
            let named = details.bad_request().map_or(0, |bad| bad.field_violations.len());
            assert!(named >= least && named <= 100, "{named} named");
            let bytes = bytes(status);
            assert!(bytes < 8 * 1024, "{bytes} bytes");
        }
    }
}

#[test]
fn a_short_violation_is_told_in_full() {
    let status = Status::from(Error::field("page_size", "must be at most 200"));
    let details = status.get_error_details();
    let violation = &details.bad_request().unwrap().field_violations[0];
    assert_eq!((&*violation.field, &*violation.description), ("page_size", "must be at most 200"));
}

#[test]
fn what_the_store_says_stays_inside() {
    let canary = || Cause::of("canary: Key (name)=(Jane Roe) already exists");
    let cases = [
        (StoreError::NotFound, "NOT_FOUND"),
        (StoreError::Conflict(canary()), "INTERNAL"),
        (StoreError::Invalid(canary()), "INVALID_ARGUMENT"),
        (StoreError::Contended(canary()), "OVERLOADED"),
        (StoreError::Unavailable(canary()), "DATABASE_UNAVAILABLE"),
        (StoreError::Exhausted, "OVERLOADED"),
        (StoreError::Ambiguous(canary()), "OUTCOME_UNKNOWN"),
        (StoreError::FenceExpired, "OVERLOADED"),
        (StoreError::BadRow { what: "canary" }, "INTERNAL"),
        (StoreError::Internal(canary()), "INTERNAL"),
    ];
    let named = [(Error::Internal("canary"), "INTERNAL")];
    let cases = cases.into_iter().map(|(error, reason)| (Error::from(error), reason));
    for (error, expected) in cases.chain(named) {
        let status = Status::from(error);
        assert_eq!(reason(&status), expected);
        let details = String::from_utf8_lossy(status.details()).into_owned();
        let shown = format!("{} {details} {status:?}", status.message());
        assert!(!shown.contains("canary") && !shown.contains("Jane"), "{shown}");
    }
}

#[test]
fn a_refusal_of_the_guards_says_what_it_may() {
    use permit::{Outage as Away, Refusal as R};
    for (refusal, expected) in [
        (R::NotFound, "NOT_FOUND"),
        (R::ActionNotPermitted, "ACTION_NOT_PERMITTED"),
        (R::ContextMissing, "CONTEXT_MISSING"),
        (R::AgencySuspended, "AGENCY_SUSPENDED"),
        (R::Caller(AuthError::PrincipalSuspended), "PRINCIPAL_SUSPENDED"),
        (R::ConsentNeeded, "CONSENT_NEEDED"),
        (R::AttachedNotCovered, "CONSENT_NEEDED"),
        (R::Unavailable(Away::Consent), "CONSENT_SERVICE_UNAVAILABLE"),
        (R::Unavailable(Away::People), "CONSENT_SERVICE_UNAVAILABLE"),
        (R::Unavailable(Away::Audit), "AUDIT_UNAVAILABLE"),
        (R::Unavailable(Away::Fence), "CONSENT_SERVICE_UNAVAILABLE"),
        (R::Overloaded, "OVERLOADED"),
    ] {
        assert_eq!(reason(&Status::from(Error::from(refusal))), expected);
    }
}
