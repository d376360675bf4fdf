//! Every move that the table allows, and every other one: by the table of the code.

use kernel::Role;
use referrals::states::{MOVES, Mover, Standing, State};
use tonic::Code;
use wire::referrals::v1::{self as pb, ReferralState as S};

use crate::world::{ANA, CLINIC, HOUSING, Verb, World, reason, refused, saying};

fn shown(state: State) -> S {
    S::try_from(i32::from(state.number())).unwrap()
}

/// A referral at each standing that there is: the states, and what the end of a consent holds.
async fn at(world: &World, standing: Standing) -> pb::Referral {
    let Some(held) = standing.held else { return world.in_state(shown(standing.state)).await };
    let referral = world.in_state(shown(held)).await;
    world.revoke(ANA);
    world.reconcile(ANA).await;
    let held = world.get(CLINIC, &referral.name).await.unwrap();
    assert_eq!(held.state(), S::OnHold);
    held
}

fn standings() -> Vec<Standing> {
    let free = State::ALL.into_iter().map(|state| Standing { state, held: None });
    let from = [State::Requested, State::Accepted, State::InProgress];
    let held = from.into_iter().map(|s| Standing { state: State::OnHold, held: Some(s) });
    free.chain(held).collect()
}

/// What the table says of a verb by this side now.
fn allowed(standing: Standing, mover: Mover, verb: Verb) -> bool {
    let (to, from) = verb.moves();
    standing.may(mover, to) && (from.is_empty() || from.contains(&standing.state))
}

/// Whether the table lets this side ever do this.
fn theirs(mover: Mover, verb: Verb) -> bool {
    MOVES.iter().any(|(_, to, by)| *to == verb.moves().0 && by.contains(&mover))
}

#[tokio::test]
async fn every_move_of_the_table_is_made_and_is_the_last_in_its_history() {
    let mut made = 0;
    for standing in standings() {
        let world = World::agreed().await;
        for (agency, mover) in [(CLINIC, Mover::Source), (HOUSING, Mover::Target)] {
            for verb in Verb::ALL.into_iter().filter(|verb| allowed(standing, mover, *verb)) {
                let what = format!("{verb:?} of {standing:?} by {mover:?}");
                // Of what the end of a consent holds its target sees nothing.
                if standing.held.is_some() && mover == Mover::Target {
                    continue;
                }
                let world = if standing.held.is_some() { &World::agreed().await } else { &world };
                let before = at(world, standing).await;
                let after = world.go(verb, agency, &before.name).await;
                let after = after.unwrap_or_else(|refused| panic!("{what}: {refused:?}"));
                assert_eq!(after.state(), shown(verb.moves().0), "{what}");
                assert_eq!(after.moves[..before.moves.len()], before.moves, "{what}");
                assert_eq!(after.moves.len(), before.moves.len() + 1, "{what}");
                assert_eq!(world.get(CLINIC, &before.name).await.unwrap(), after, "{what}");
                assert_eq!(ending(&after), expected(verb), "{what}");
                let who = format!("agencies/{agency}/practitioners/sam");
                assert_eq!(after.moves.last().unwrap().practitioner, who, "{what}");
                made += 1;
            }
        }
        if !matches!(standing.state, State::Draft | State::EnteredInError) {
            said(&world, standing).await;
        }
    }
    assert_eq!(made, 39, "moves by agencies");
}

fn ending(referral: &pb::Referral) -> (pb::Outcome, pb::HousingResult, pb::Enrollment) {
    (referral.outcome(), referral.housing_result(), referral.enrollment())
}

/// What is said of the end, or of a waiting list, and no more once it goes on.
fn expected(verb: Verb) -> (pb::Outcome, pb::HousingResult, pb::Enrollment) {
    use pb::{Enrollment as E, HousingResult as H, Outcome as O};
    match verb {
        Verb::Complete => (O::GotHelp, H::ClientAccepted, E::Enrolled),
        Verb::Fail => (O::GotHelp, H::ClientRejected, E::NotEnrolled),
        Verb::Reject => (O::GotHelp, H::ProviderRejected, E::Unspecified),
        Verb::Hold => (O::Unspecified, H::Unspecified, E::NotEnrolledOnWaitlist),
        _ => (O::Unspecified, H::Unspecified, E::Unspecified),
    }
}

/// The person's no: it cancels where the table says so, and else moves nothing.
async fn said(world: &World, standing: Standing) {
    let before = at(world, standing).await;
    let no = saying(&before.name, pb::PersonAnswer::No, "");
    let after = world.respond(&world.person("ana"), no).await.unwrap();
    match standing.may(Mover::Person, State::Cancelled) {
        true => {
            assert_eq!(after.state(), S::Cancelled, "{standing:?}");
            let last = after.moves.last().unwrap();
            assert_eq!((&*last.agency, &*last.reason), ("", "PERSON_DECLINED"));
        }
        false => assert_eq!(after.moves, before.moves, "{standing:?}"),
    }
    assert_eq!(after.answers.len(), 1);
}

#[tokio::test]
async fn every_wrong_move_is_refused_with_the_state_and_what_is_allowed_now() {
    for standing in standings() {
        let world = World::agreed().await;
        let referral = at(&world, standing).await;
        for (agency, mover) in [(CLINIC, Mover::Source), (HOUSING, Mover::Target)] {
            let wrong = Verb::ALL.into_iter().filter(|verb| !allowed(standing, mover, *verb));
            for verb in wrong {
                let status = world.go(verb, agency, &referral.name).await.unwrap_err();
                let (why, metadata) = reason(&status);
                let what = format!("{verb:?} of {standing:?} by {mover:?}: {status:?}");
                let unseen = standing.state == State::Draft || standing.held.is_some();
                if unseen && mover == Mover::Target {
                    assert_eq!(status.code(), Code::NotFound, "{what}");
                } else if standing.held.is_some() && matches!(verb, Verb::Send | Verb::Reopen) {
                    // No consent covers it, and that comes first.
                    assert_eq!(why, "CONSENT_NEEDED", "{what}");
                } else if !theirs(mover, verb) {
                    let denied = (Code::PermissionDenied, "ACTION_NOT_PERMITTED");
                    assert_eq!((status.code(), &*why), denied, "{what}");
                } else {
                    let wrong = (Code::FailedPrecondition, "WRONG_STATE");
                    assert_eq!((status.code(), &*why), wrong, "{what}");
                    let allowed: Vec<_> = standing.allowed(mover).map(State::name).collect();
                    let expected = [
                        ("allowed", allowed.join(",")),
                        ("state", standing.state.name().to_owned()),
                    ];
                    let expected = expected.map(|(k, v)| (k.to_owned(), v));
                    assert_eq!(metadata, expected, "{what}");
                }
            }
        }
        let after = world.get(CLINIC, &referral.name).await.unwrap();
        assert_eq!(after, referral, "refused moves change nothing");
    }
}

#[tokio::test]
async fn a_draft_that_was_an_error_is_seen_by_its_source_alone() {
    let world = World::agreed().await;
    let mut housing = world.watch(HOUSING).await;
    let draft = world.draft().await;
    let error = world.go(Verb::Error, CLINIC, &draft.name).await.unwrap();
    assert_eq!(error.state(), S::EnteredInError);
    let ana = world.sign_ins.individual("ana", Role::Person, true);
    assert_eq!(world.get(HOUSING, &draft.name).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.get_as(&ana, &draft.name).await.unwrap_err().code(), Code::NotFound);
    let all =
        |person: &str| pb::ListReferralsRequest { person: person.to_owned(), ..Default::default() };
    for (token, seen) in [(world.staff(CLINIC), 1), (world.staff(HOUSING), 0), (ana, 0)] {
        let listed = world.list_as(&token, all(&draft.person)).await.unwrap();
        assert_eq!(listed.referrals.len(), seen);
    }
    housing.is_told_nothing_more(&world).await;
}

/// What its target reads of a referral: by its name, and in its list.
async fn target_reads(world: &World, referral: &pb::Referral) -> Option<pb::Referral> {
    let asked = pb::ListReferralsRequest {
        person: referral.person.clone(),
        ..pb::ListReferralsRequest::default()
    };
    let listed = world.list_as(&world.staff(HOUSING), asked).await.unwrap().referrals;
    match world.get(HOUSING, &referral.name).await {
        Ok(read) => {
            assert_eq!(listed.iter().map(|one| &one.name).collect::<Vec<_>>(), [&referral.name]);
            Some(read)
        }
        Err(status) => {
            assert_eq!((status.code(), listed.len()), (Code::NotFound, 0), "{status:?}");
            None
        }
    }
}

/// However it ended: what its target may read goes by the person's consents alone, and no consent that ends or begins
/// moves it any more.
#[tokio::test]
async fn what_has_ended_its_target_reads_while_a_consent_lets_it_and_not_a_moment_longer() {
    // None: the person said no.
    let ends = [S::Rejected, S::Completed, S::Failed, S::Cancelled, S::EnteredInError];
    for end in ends.into_iter().map(Some).chain([None]) {
        let world = World::agreed().await;
        let ended = match end {
            Some(state) => world.in_state(state).await,
            None => {
                let sent = world.in_state(S::InProgress).await;
                let no = saying(&sent.name, pb::PersonAnswer::No, "");
                world.respond(&world.person("ana"), no).await.unwrap()
            }
        };
        let stands = (ended.state(), ended.moves.len());
        let read = target_reads(&world, &ended).await.expect("its consent stands");
        assert_eq!(
            (read.state(), read.moves.len(), &read.summary),
            (stands.0, stands.1, &ended.summary)
        );

        world.revoke(ANA);
        // Nobody has heard of it yet, and all the same.
        assert_eq!(target_reads(&world, &ended).await, None, "{end:?}");
        world.reconcile(ANA).await;
        assert_eq!(target_reads(&world, &ended).await, None, "{end:?}");
        let kept = world.get(CLINIC, &ended.name).await.unwrap();
        assert_eq!((kept.state(), kept.moves.len()), stands, "{end:?}");

        world.agree(ANA, CLINIC, HOUSING);
        world.reconcile(ANA).await;
        let again = target_reads(&world, &ended).await.expect("another consent lets it");
        assert_eq!((again.state(), again.moves.len()), stands, "{end:?}");
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

#[tokio::test]
async fn there_is_an_end_to_asking_again() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    // One move at its creation, and two a round.
    for _ in 0..49 {
        world.go(Verb::Cancel, CLINIC, &sent.name).await.unwrap();
        world.go(Verb::Reopen, CLINIC, &sent.name).await.unwrap();
    }
    let last = world.go(Verb::Cancel, CLINIC, &sent.name).await.unwrap();
    assert_eq!(last.moves.len(), 100);
    let more = world.go(Verb::Reopen, CLINIC, &sent.name).await;
    refused(more, Code::ResourceExhausted, "LIMIT_EXCEEDED");
}
