//! What is not here, and why. Some of it may be said of nobody in particular: that there is a block would tell what
//! the block keeps. So it is told to everybody, alike.

use wire::recovery::v1::{
    GetMyRecordResponse, PartEnd, PartOutcome, RecordPart, Withheld, WithheldKind,
};

/// Told whether or not there is any. `limited`: single agencies vouch for the sign-in.
pub(super) fn always(limited: bool) -> Vec<Withheld> {
    let maybe =
        |kind: WithheldKind, part: RecordPart, [reason, explanation, review]: [&str; 3]| Withheld {
            kind: kind.into(),
            part: part.into(),
            reason: reason.to_owned(),
            explanation: explanation.to_owned(),
            review: review.to_owned(),
            ..Withheld::default()
        };
    let mut always = vec![
        maybe(
            WithheldKind::ReleaseBlock,
            RecordPart::Notes,
            [
                "45 CFR 164.524(a)(3)",
                "A licensed professional may keep a note from you, for at most 90 days at a time, where reading it is \
             reasonably likely to endanger somebody or to harm somebody else. Whether there is one is not said here: \
             this text is the same for everybody.",
                "You can ask for a review at any time (RequestBlockReview). Somebody who took no part in the decision \
             then looks at whatever is kept from you.",
            ],
        ),
        maybe(
            WithheldKind::CounselingNote,
            RecordPart::Notes,
            [
                "42 CFR 2.11, 45 CFR 164.524(a)(1)(i)",
                "A counselor's own notes of a session are kept apart, and the law gives no right to them. Whether there \
             are any is not said here: this text is the same for everybody.",
                "You can ask whoever counsels you.",
            ],
        ),
        maybe(
            WithheldKind::AccountingSuspended,
            RecordPart::Disclosures,
            [
                "45 CFR 164.528(a)(2)",
                "An agency of the justice sector may have what a court order opened to it left out of this list for a \
             time. Whether it has is not said here: this text is the same for everybody.",
                "After that time it is in this list.",
            ],
        ),
        maybe(
            WithheldKind::History,
            RecordPart::Notes,
            [
                "",
                "Notes, sections of the plan, goals, tasks, decisions and the plan for work are here as they are now. \
             Earlier versions, earlier employment specialists, earlier rules of the crisis plan and what happened under \
             them, questions about notes and who has read them are not. Of the steps of a task the newest 20 are here, \
             of the crisis plan the newest 200, and progress is drawn of the newest 200 check-ins.",
                "ListNoteVersions, ListQuestions, ListAcknowledgements and ListSectionVersions show some of it. It is all kept: \
             ask whoever runs this network for the rest.",
            ],
        ),
    ];
    if limited {
        always.push(maybe(WithheldKind::OtherAgencies, RecordPart::Unspecified, [
            "SIGN_IN_NOT_CONFIRMED",
            "Single agencies vouch for your sign-in. It is shown what these agencies hold, and not what others may \
             hold.",
            "Show your confirmation code (RenewConfirmationCode) to another agency that knows you, or have your \
             identity proofed.",
        ]));
    }
    always
}

/// What a page itself says of what is not in it.
pub(super) fn of_page(page: &GetMyRecordResponse, into: &mut Vec<Withheld>) {
    let part = RecordPart::Notes.into();
    into.extend(page.attachments.iter().map(|file| Withheld {
        kind: WithheldKind::File.into(),
        certain: true,
        part,
        record: file.name.clone(),
        reason: String::new(),
        explanation:
            "A file that goes with a note is named here, and what is in it is not here.".to_owned(),
        review: "It is read with GetAttachment, by the same right.".to_owned(),
    }));
}

/// A part that is not whole.
pub(super) fn unread(end: &PartEnd) -> Withheld {
    let review = match end.outcome() {
        PartOutcome::SignInNotConfirmed => {
            "Show your confirmation code to the agencies that know you, or use the sign-in that wrote it."
        }
        PartOutcome::NotShown => "Show your confirmation code to an agency that knows you.",
        PartOutcome::TooLong => "The rest is shown by the part's own list, page by page.",
        _ => "Ask again later.",
    };
    Withheld {
        kind: WithheldKind::PartNotRead.into(),
        certain: true,
        part: end.part,
        record: String::new(),
        reason: end.outcome().as_str_name().trim_start_matches("PART_OUTCOME_").to_owned(),
        explanation: end.explanation.clone(),
        review: review.to_owned(),
    }
}
