//! Several sign, cosign, append, amend, update and void the same note at once: whatever the order, what was
//! acknowledged is there, and a note took no path that the table does not have.

use std::{cell::RefCell, collections::BTreeMap};

use kernel::Role;
use notes::states::{MOVES, State, Verb};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use testkit::fakes::Staff;
use tonic::Code;
use uuid::Uuid;
use wire::notes::v1 as pb;

use crate::{
    moves::go,
    world::{CLINIC, Client, World, create, reason},
};

/// Who, what, and how many of the latest answers they have not seen.
#[derive(Debug, Clone)]
struct Act {
    who: usize,
    verb: Verb,
    behind: usize,
}

/// Rounds of what happens at once.
fn acts() -> impl Strategy<Value = (bool, Vec<Vec<Act>>)> {
    let verb = prop_oneof![
        3 => Just(Verb::Update),
        3 => Just(Verb::Sign),
        4 => Just(Verb::Cosign),
        4 => Just(Verb::Amend),
        4 => Just(Verb::Append),
        1 => Just(Verb::MarkError),
    ];
    let act = (0..3_usize, verb, select(vec![0, 0, 0, 0, 1, 2]));
    let act = act.prop_map(|(who, verb, behind)| Act { who, verb, behind });
    (any::<bool>(), prop::collection::vec(prop::collection::vec(act, 1..6), 2..10))
}

/// Where the note stands: the contract's numbers do not tell a draft from what waits.
fn state(note: &pb::Note) -> State {
    let signed = note.signed_time.is_some();
    match (note.state(), note.under_supervision, signed) {
        (pb::NoteState::Preliminary, false, false) => State::Draft,
        (pb::NoteState::Preliminary, true, false) => State::SupervisedDraft,
        (pb::NoteState::Preliminary, true, true) => State::Awaiting,
        (pb::NoteState::Final, ..) => State::Final,
        (pb::NoteState::Amended, ..) => State::Amended,
        (pb::NoteState::Appended, ..) => State::Appended,
        (pb::NoteState::EnteredInError, ..) => State::EnteredInError,
        other => panic!("{other:?}"),
    }
}

async fn at_once(clients: &[Client], seen: &[pb::Note], acts: &[Act]) -> Vec<(Verb, pb::Note)> {
    let all = acts.iter().map(|act| async move {
        let last = &seen[seen.len().saturating_sub(1 + act.behind)];
        (act.verb, go(&clients[act.who], act.verb, last).await)
    });
    let mut acknowledged = Vec::new();
    for (verb, done) in futures::future::join_all(all).await {
        match done {
            Ok(note) => acknowledged.push((verb, note)),
            Err(status) => {
                let refused = [
                    (Code::Aborted, "ETAG_MISMATCH"),
                    (Code::FailedPrecondition, "WRONG_STATE"),
                    (Code::PermissionDenied, "ACTION_NOT_PERMITTED"),
                    (Code::PermissionDenied, "ROLE_NOT_ADMITTED"),
                    (Code::NotFound, "NOT_FOUND"),
                ];
                assert!(refused.contains(&(status.code(), &*reason(&status))), "{status:?}");
            }
        }
    }
    acknowledged
}

fn number(note: &pb::Note) -> i64 {
    note.etag.parse().unwrap()
}

/// Each answer follows on the one before, by a row of the table; none is missing.
fn is_a_path(history: &BTreeMap<i64, (Option<Verb>, pb::Note)>) {
    for ((before, (_, from)), (after, (verb, to))) in history.iter().zip(history.iter().skip(1)) {
        assert_eq!(*after, before + 1, "an answer for every change");
        let verb = verb.unwrap();
        let row = MOVES.iter().any(|m| (m.0, m.1, m.2) == (state(from), verb, state(to)));
        assert!(row, "{verb:?} from {:?} to {:?}", state(from), state(to));
        let writes = matches!(verb, Verb::Update | Verb::Amend | Verb::Append);
        assert_eq!(to.version, from.version + i32::from(writes), "{verb:?}");
        if !writes {
            assert_eq!((&to.sections, &to.sha256), (&from.sections, &from.sha256), "{verb:?}");
        }
        if verb == Verb::Append {
            assert_eq!(to.sections[..from.sections.len()], from.sections[..]);
        }
    }
}

async fn played(
    clients: &[Client],
    person: Uuid,
    (supervised, rounds): (bool, Vec<Vec<Act>>),
    reached: &RefCell<BTreeMap<String, usize>>,
) {
    let author = &clients[0];
    let message = pb::CreateNoteRequest { under_supervision: supervised, ..create(person) };
    let draft = author.create(message).await.unwrap().note.unwrap();
    let mut history = BTreeMap::from([(number(&draft), (None, draft))]);
    for acts in &rounds {
        let seen: Vec<_> = history.values().map(|(_, note)| note.clone()).collect();
        for (verb, note) in at_once(clients, &seen, acts).await {
            let twice = history.insert(number(&note), (Some(verb), note));
            assert!(twice.is_none(), "two answers of one change");
        }
    }
    is_a_path(&history);
    // What is there now is the last that was acknowledged, and each of its versions is as acknowledged.
    let (_, (_, last)) = history.last_key_value().unwrap();
    assert_eq!(author.get(last).await.unwrap().note.unwrap(), *last);
    let versions = author.versions(last).await.unwrap();
    let numbers: Vec<_> = versions.iter().map(|v| v.version).collect();
    assert_eq!(numbers, (1..=last.version).rev().collect::<Vec<_>>(), "one is the present one");
    for (_, note) in history.values() {
        let told = versions.iter().find(|v| v.version == note.version).unwrap();
        let read = author.version(last, note.version).await.unwrap();
        assert_eq!((&read.sections, &read.sha256), (&note.sections, &note.sha256));
        assert_eq!(told.sha256, note.sha256);
    }
    for (_, note) in history.values() {
        *reached.borrow_mut().entry(format!("{:?}", state(note))).or_default() += 1;
    }
}

#[test]
fn whatever_several_do_at_once_every_version_stays_and_nothing_acknowledged_is_lost() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let world = runtime.block_on(World::new());
    let staff = |sub: &str, role: Role| world.client(&Staff::of(CLINIC, sub).roles([role]));
    let clients = [
        staff("trainee", Role::CaseManager),
        staff("dr-d", Role::Clinician),
        staff("co", Role::Counselor),
    ];
    let reached = RefCell::new(BTreeMap::new());
    let cases =
        Config { cases: 64, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let tried = TestRunner::new(cases).run(&acts(), |given| {
        let person = world.somebody();
        runtime.block_on(played(&clients, person, given, &reached));
        Ok(())
    });
    tried.unwrap();
    let missing = State::ALL.iter().find(|s| !reached.borrow().contains_key(&format!("{s:?}")));
    assert_eq!(missing, None, "never reached, of {:?}", reached.borrow());
}
