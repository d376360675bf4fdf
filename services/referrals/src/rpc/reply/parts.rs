//! The parts of a referral as the contract shows them.

use kernel::PractitionerId;
use wire::{
    convert::{agency_name, practitioner_name, timestamp},
    referrals::v1 as pb,
};

use crate::domain::{Answer, Contact, Feedback, Move};

pub(super) fn answer(answer: &Answer) -> pb::ReferralAnswer {
    pb::ReferralAnswer {
        answer: answer.saying as i32,
        time: Some(timestamp(answer.at)),
        words: answer.words.clone(),
        by_representative: answer.by_representative,
    }
}

pub(super) fn attempt(contact: &Contact) -> pb::ContactAttempt {
    pb::ContactAttempt {
        time: Some(timestamp(contact.at)),
        agency: agency_name(contact.agency),
        channel: contact.channel.into(),
        result: contact.result.into(),
        warm_handoff: contact.warm_handoff,
        note: contact.note.clone(),
    }
}

pub(super) fn feedback(feedback: &Feedback) -> pb::ReferralFeedback {
    pb::ReferralFeedback {
        time: Some(timestamp(feedback.at)),
        agency: feedback.agency.map(agency_name).unwrap_or_default(),
        by_representative: feedback.by_representative,
        helpful: feedback.helpful.into(),
        words: feedback.words.clone(),
    }
}

pub(super) fn one_move(one: &Move) -> pb::ReferralMove {
    pb::ReferralMove {
        state: i32::from(one.state.number()),
        time: Some(timestamp(one.at)),
        agency: one.agency.map(agency_name).unwrap_or_default(),
        reason: one.reason.clone(),
        practitioner: one
            .practitioner
            .clone()
            .map(|who| practitioner_name(&PractitionerId::new(who)))
            .unwrap_or_default(),
        outcome: i32::from(one.ending.outcome),
        housing_result: i32::from(one.ending.housing_result),
        enrollment: i32::from(one.ending.enrollment),
    }
}
