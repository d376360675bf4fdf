//! Free words, which nobody has labelled: left out for whoever may not see all.

use kernel::{PersonId, Role};
use permit::{Call, Others, Standing};
use wire::{convert::id_of, referrals::v1 as pb};

use crate::App;

/// Why somebody moved it is left out. What the network moved says why in a code.
pub(super) fn unsaid(moves: &mut [pb::ReferralMove]) {
    let of_somebody = moves.iter_mut().filter(|one| !one.agency.is_empty());
    of_somebody.for_each(|one| one.reason.clear());
}

fn wordless(referral: &mut pb::Referral) {
    referral.answers.iter_mut().for_each(|answer| answer.words.clear());
    referral.feedback.iter_mut().for_each(|feedback| feedback.words.clear());
    referral.contacts.iter_mut().for_each(|contact| contact.note.clear());
    unsaid(&mut referral.moves);
}

/// Leaves free words out for who acts for the person and may not see all, since nobody has labelled what was
/// said (as [`permit::StandingPermit::confirmed_for_unlabelled`]).
pub(in crate::rpc) fn cut(referral: &mut pb::Referral, standing: &Standing) {
    let excludes = |acts: &permit::Representing| !acts.excluded_sensitivities.is_empty();
    if matches!(standing, Standing::Representative(acts) if excludes(acts)) {
        wordless(referral);
    }
}

/// As [`cut`], of referrals about one person, by how the caller stands to them now; where that can't be asked, as
/// for who may not see all: what was asked for may have been written already.
pub(in crate::rpc) async fn cut_now(app: &App, call: &Call, shown: &mut [&mut pb::Referral]) {
    if !call.caller().roles().contains(Role::Representative) {
        return;
    }
    let Some(first) = shown.first() else { return };
    let person = PersonId::from(id_of("people", &first.person).unwrap_or_default());
    let others = Others { agencies: false, representatives: true };
    let standing = app.deps.guard.standing_beside(call, person, others).await;
    for referral in shown {
        match &standing {
            Ok(permit) => cut(referral, permit.standing()),
            Err(_) => wordless(referral),
        }
    }
}
