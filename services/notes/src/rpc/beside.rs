//! What stands beside a note's words, as the contract shows it.

use identity::Caller;
use kernel::Instant;
use wire::{
    convert::{name_of, practitioner_name, timestamp},
    notes::v1 as pb,
};

use super::reply;
use crate::domain::{
    Amendment, Beside, Block, Note, Outcome, Review, Statement, Verdict, of_its_unit,
};

/// A note with what stands beside its words: a block is for staff of its custodian alone, never for the
/// person.
pub(super) fn shown(of: &Note, beside: &Beside, caller: &Caller) -> pb::Note {
    let own = beside.block.as_ref().filter(|_| of_its_unit(caller, &of.record));
    pb::Note {
        release_block: own.map(block),
        statements: beside.statements.iter().map(statement).collect(),
        amendments: beside.amendments.iter().map(outcome).collect(),
        ..reply::note(of)
    }
}

pub(super) fn statement(statement: &Statement) -> pb::Statement {
    let amendment = statement.amendment.map(|id| name_of("amendments", id));
    pb::Statement {
        name: name_of("statements", statement.id),
        words: statement.words.0.clone(),
        create_time: Some(timestamp(statement.at)),
        amendment: amendment.unwrap_or_default(),
    }
}

/// A request as its person sees it, and who decides it.
pub(super) fn amendment(of: &Amendment, now: Instant) -> pb::Amendment {
    let mut told = pb::Amendment {
        name: name_of("amendments", of.id),
        note: name_of("notes", of.note),
        person: name_of("people", of.person),
        words: of.words.0.clone(),
        state: pb::AmendmentState::Requested.into(),
        request_time: Some(timestamp(of.asked_at)),
        due_time: Some(timestamp(of.due_at)),
        overdue: of.is_overdue(now),
        extend_time: of.extended.as_ref().map(|(at, _)| timestamp(*at)),
        extension_reason: of.extended.as_ref().map(|(_, why)| why.0.clone()).unwrap_or_default(),
        ..pb::Amendment::default()
    };
    let Some(decided) = &of.decided else { return told };
    told.decider = practitioner_name(&decided.signed.by);
    told.decide_time = Some(timestamp(decided.signed.at));
    match &decided.outcome {
        Outcome::Accepted { version } => {
            told.state = pb::AmendmentState::Accepted.into();
            told.version = *version;
        }
        Outcome::Denied { ground, answer } => {
            told.state = pb::AmendmentState::Denied.into();
            told.ground = i32::from(*ground);
            told.answer = answer.0.clone();
        }
    }
    told
}

/// What a request came to, as whoever reads the note sees it: of a denied one also what was asked.
fn outcome(of: &Amendment) -> pb::Amendment {
    let mut told = amendment(of, of.asked_at);
    (told.extend_time, told.extension_reason) = (None, String::new());
    if told.version > 0 {
        told.words.clear();
    }
    told
}

pub(super) fn block(block: &Block) -> pb::ReleaseBlock {
    pb::ReleaseBlock {
        exception: i32::from(block.exception),
        grounds: block.grounds.0.clone(),
        decider: practitioner_name(&block.decided.by),
        decide_time: Some(timestamp(block.decided.at)),
        until_time: Some(timestamp(block.until)),
        under_review: block.under_review,
    }
}

/// A review, and what it came to.
pub(super) fn review(review: &Review, verdict: Option<&Verdict>) -> pb::BlockReview {
    let outcome = match verdict {
        None => pb::BlockReviewOutcome::Unspecified,
        Some(Verdict { upheld: true, .. }) => pb::BlockReviewOutcome::Upheld,
        Some(Verdict { upheld: false, .. }) => pb::BlockReviewOutcome::Lifted,
    };
    pb::BlockReview {
        name: name_of("blockReviews", review.id),
        note: name_of("notes", review.note),
        person: name_of("people", review.person),
        request_time: Some(timestamp(review.asked_at)),
        block: Some(block(&review.block)),
        outcome: outcome.into(),
        reviewer: verdict.map(|v| practitioner_name(&v.by)).unwrap_or_default(),
        decide_time: verdict.map(|v| timestamp(v.at)),
        words: verdict.map(|v| v.words.0.clone()).unwrap_or_default(),
    }
}
