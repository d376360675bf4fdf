//! Many act on the same referrals at once, in every way that there is: whatever the order, no referral takes
//! a path that the table does not have, and of a group one at most is taken on.

use std::collections::BTreeMap;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use referrals::states::{MOVES, Mover, Standing, State};
use uuid::Uuid;
use wire::{
    convert::agency_name,
    referrals::v1::{self as pb, PersonAnswer, ReferralEventKind as Kind, ReferralState as S},
};

use crate::world::{ANA, CLINIC, HOUSING, OTHER, Verb, World, new, saying};

fn state(shown: S) -> State {
    State::of(i16::try_from(i32::from(shown)).unwrap()).unwrap()
}

/// Who made a move, as it is told: an agency, or the person, or the network.
fn movers(referral: &pb::Referral, one: &pb::ReferralMove) -> Mover {
    match (&*one.agency, &*one.reason) {
        ("", "PERSON_DECLINED") => Mover::Person,
        ("", _) => Mover::Network,
        (agency, _) if agency == referral.source => Mover::Source,
        (agency, _) => {
            assert_eq!(agency, referral.target);
            Mover::Target
        }
    }
}

/// Every step of its history is one that was allowed where it stood: of what the network holds, that it goes
/// back where it was or is given up.
fn is_a_path(referral: &pb::Referral) {
    let mut at: Option<Standing> = None;
    for one in &referral.moves {
        let (to, by) = (state(one.state()), movers(referral, one));
        let allowed = match at {
            None => MOVES.iter().any(|(f, t, who)| f.is_none() && *t == to && who.contains(&by)),
            Some(standing) => standing.may(by, to),
        };
        assert!(allowed, "{at:?} to {to:?} by {by:?}: {:?}", referral.moves);
        let held = at.filter(|_| to == State::OnHold && by == Mover::Network).map(|s| s.state);
        at = Some(Standing { state: to, held });
    }
    let stands = at.map(|standing| standing.state);
    assert_eq!(stands, Some(state(referral.state())), "it stands where its last move led");
}

/// What was taken on at the same time, by the times of their histories, of a group that never stood still:
/// judged at the end alone, since the moves of two referrals have no common order but the database's.
fn taken(all: &[pb::Referral]) -> usize {
    let held_from = |r: &pb::Referral| r.moves.iter().rev().nth(1).map(pb::ReferralMove::state);
    let by_network =
        |r: &pb::Referral| r.moves.last().is_some_and(|m| m.reason == "CONSENT_REVOKED");
    let is = |r: &&pb::Referral| match r.state() {
        S::Accepted | S::InProgress => true,
        S::OnHold => !(by_network(r) && held_from(r) == Some(S::Requested)),
        _ => false,
    };
    all.iter().filter(is).count()
}

/// One thing that somebody does; what comes of it is the service's to say.
async fn act(world: &World, all: &[(Uuid, String)], dice: u64) {
    let mut rng = StdRng::seed_from_u64(dice);
    let (target, name) = &all[rng.random_range(0..all.len())];
    match rng.random_range(0..20) {
        0 => {
            let words =
                [PersonAnswer::Yes, PersonAnswer::Yes, PersonAnswer::No, PersonAnswer::Asks];
            let said = saying(name, words[rng.random_range(0..4)], "");
            let _ = world.respond(&world.person("ana"), said).await;
        }
        1 => {
            world.revoke(ANA);
            world.reconcile(ANA).await;
        }
        2..6 => {
            for (target, _) in all {
                world.agree(ANA, CLINIC, *target);
            }
            world.reconcile(ANA).await;
        }
        _ => {
            let verb = Verb::ALL[rng.random_range(0..Verb::ALL.len())];
            // Rarely what ends it, so that there is something to do.
            let ends = matches!(verb, Verb::Error | Verb::Cancel | Verb::Reject);
            if ends && rng.random_range(0..8) > 0 {
                return;
            }
            let sources = matches!(verb, Verb::Send | Verb::Reopen | Verb::Error);
            let agency = if sources == rng.random_bool(0.9) { CLINIC } else { *target };
            let _ = world.go(verb, agency, name).await;
        }
    }
}

/// The states of the table that no history has, but draft.
fn never(reached: &BTreeMap<S, u32>) -> Vec<S> {
    let all = State::ALL.iter().filter(|s| **s != State::Draft);
    let all = all.map(|s| S::try_from(i32::from(s.number())).unwrap());
    all.filter(|s| !reached.contains_key(s)).collect()
}

#[tokio::test]
async fn whatever_many_do_at_once_every_history_is_a_path_of_the_table() {
    let mut reached = BTreeMap::new();
    // Eight rounds, and more while a state was never reached: which of two that act at once comes first is
    // not the dice's.
    for round in 0..64_u64 {
        let missing = never(&reached);
        if round >= 8 && missing.is_empty() {
            break;
        }
        assert!(round < 63, "never reached: {missing:?} of {reached:?}");
        let world = World::agreed().await;
        world.agree(ANA, CLINIC, OTHER);
        let first = world.sent().await;
        let group = first.name.clone();
        let asked = pb::CreateReferralRequest { group, send: true, ..new(ANA, OTHER) };
        let second = world.create(CLINIC, asked).await.unwrap();
        let all = [(HOUSING, first.name), (OTHER, second.name)];
        for step in 0..12_u64 {
            let many = (0..8_u64).map(|n| act(&world, &all, round << 32 | step << 16 | n));
            futures::future::join_all(many).await;
            let mut now = Vec::new();
            for (_, name) in &all {
                now.push(world.get(CLINIC, name).await.unwrap());
            }
            now.iter().for_each(is_a_path);
            // Where one is taken on none waits for an answer any more.
            let waits = now.iter().filter(|r| r.state() == S::Requested).count();
            assert!(taken(&now) == 0 || waits == 0, "{now:?}");
            assert!(taken(&now) <= 1, "{:?}", now.iter().map(|r| &r.moves).collect::<Vec<_>>());
        }
        // Its source was told of every move of each, in the order of its history.
        for (_, name) in &all {
            let told = world.get(CLINIC, name).await.unwrap();
            let states: Vec<_> = told.moves.iter().map(|m| m.state()).collect();
            let mut again = world.watch(CLINIC).await;
            let mut heard = Vec::new();
            while heard.len() < states.len() {
                let event = again.next().await;
                if event.referral == *name && event.kind() == Kind::State {
                    heard.push(event.state());
                }
            }
            assert_eq!(heard, states, "{}", agency_name(CLINIC));
            for one in states {
                *reached.entry(one).or_insert(0_u32) += 1;
            }
        }
    }
}
