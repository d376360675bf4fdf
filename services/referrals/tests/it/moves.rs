//! Every move that is not allowed.

use tonic::Code;
use wire::referrals::v1::ReferralState as S;

use crate::world::{CLINIC, HOUSING, Verb, World, reason};

const STATES: [S; 9] = [
    S::Draft,
    S::Requested,
    S::Accepted,
    S::Rejected,
    S::InProgress,
    S::OnHold,
    S::Completed,
    S::Failed,
    S::Cancelled,
];

/// What each side may do in each state.
fn allowed(state: S, target: bool) -> &'static [Verb] {
    use Verb::{Accept, Cancel, Complete, Fail, Hold, Reject, Resume, Send, Start};
    match (state, target) {
        (S::Draft, false) => &[Send],
        (S::Requested, true) => &[Accept, Reject, Cancel],
        (S::Accepted, true) => &[Start, Hold, Complete, Fail, Cancel],
        (S::InProgress, true) => &[Hold, Complete, Fail, Cancel],
        (S::OnHold, true) => &[Resume, Complete, Fail, Cancel],
        (S::Requested | S::Accepted | S::InProgress | S::OnHold, false) => &[Cancel],
        _ => &[],
    }
}

/// What a refusal says may be done instead.
fn told(state: S, target: bool) -> &'static str {
    match (state, target) {
        (S::Draft, false) => "requested",
        (S::Requested, true) => "accepted,rejected,cancelled",
        (S::Accepted, true) => "in-progress,on-hold,completed,failed,cancelled",
        (S::InProgress, true) => "on-hold,completed,failed,cancelled",
        (S::OnHold, true) => "in-progress,completed,failed,cancelled",
        (S::Requested | S::Accepted | S::InProgress | S::OnHold, false) => "cancelled",
        _ => "",
    }
}

#[tokio::test]
async fn every_wrong_move_is_refused_with_the_state_and_what_is_allowed_now() {
    let world = World::agreed().await;
    for state in STATES {
        let referral = world.in_state(state).await;
        for (agency, target) in [(CLINIC, false), (HOUSING, true)] {
            for verb in Verb::ALL.into_iter().filter(|v| !allowed(state, target).contains(v)) {
                let status = world.go(verb, agency, &referral.name).await.unwrap_err();
                let (why, metadata) = reason(&status);
                let what = format!("{verb:?} of {state:?}, by the target: {target}: {status:?}");
                let theirs = match verb {
                    Verb::Send => !target,
                    Verb::Cancel => true,
                    _ => target,
                };
                if state == S::Draft && target {
                    assert_eq!(status.code(), Code::NotFound, "{what}");
                } else if !theirs {
                    let denied = (Code::PermissionDenied, "ACTION_NOT_PERMITTED");
                    assert_eq!((status.code(), &*why), denied, "{what}");
                } else {
                    let wrong = (Code::FailedPrecondition, "WRONG_STATE");
                    assert_eq!((status.code(), &*why), wrong, "{what}");
                    let name = state.as_str_name().trim_start_matches("REFERRAL_STATE_");
                    let name = name.to_lowercase().replace('_', "-");
                    let expected = [("allowed", told(state, target)), ("state", &*name)];
                    let expected = expected.map(|(k, v)| (k.to_owned(), v.to_owned()));
                    assert_eq!(metadata, expected, "{what}");
                }
            }
        }
        let after = world.get(CLINIC, &referral.name).await.unwrap();
        assert_eq!(after, referral, "refused moves change nothing");
    }
}

#[tokio::test]
async fn what_a_refused_move_tells_is_on_record() {
    let world = World::agreed().await;
    let referral = world.in_state(S::Completed).await;
    let before = world.stage.events().await.len();
    world.go(Verb::Accept, HOUSING, &referral.name).await.unwrap_err();
    let events = world.stage.events().await;
    assert_eq!(events.len(), before + 1);
    let event = events.last().unwrap();
    assert_eq!(event.outcome, ledger::Outcome::Permit);
    assert_eq!(event.action, ledger::Action::Read);
    assert_eq!(event.rpc.as_ref(), "trellis.referrals.v1.ReferralsService/AcceptReferral");
}
