//! What the consents of the story say.

use kernel::Clock as _;
use time::Duration;
use wire::{
    common::v1::{Action, Purpose, RecordKind, Sensitivity},
    consent::v1::{ConsentTerms, ConsentType, Disclosers, Effect, Recipients, Rule, Statements},
    convert::timestamp,
};

use super::Cast;

/// So many days from now.
pub fn in_days(days: i64) -> kernel::Instant {
    kernel::SystemClock.now() + Duration::days(days)
}

/// A permit for half a year.
pub fn terms(kind: ConsentType, description: &str, rule: Rule) -> ConsentTerms {
    ConsentTerms {
        r#type: kind.into(),
        description: description.to_owned(),
        rule: Some(Rule { effect: Effect::Permit.into(), ..rule }),
        expires: Some(timestamp(in_days(180))),
        statements: Some(Statements {
            right_to_revoke: true,
            redisclosure: true,
            refusal_consequences: true,
        }),
        ..ConsentTerms::default()
    }
}

/// Between two agencies.
pub fn between(discloser: &str, recipient: &str) -> Rule {
    Rule {
        disclosers: Some(Disclosers { agencies: vec![discloser.to_owned()] }),
        recipients: to(recipient),
        ..Rule::default()
    }
}

pub fn to(agency: &str) -> Option<Recipients> {
    Some(Recipients { agencies: vec![agency.to_owned()], ..Recipients::default() })
}

pub fn housing(cast: &Cast) -> ConsentTerms {
    let rule = Rule {
        purposes: vec![
            Purpose::Coc.into(),
            Purpose::HousingPlacement.into(),
            Purpose::Treat.into(),
        ],
        actions: vec![Action::Read.into(), Action::Transition.into(), Action::Refer.into()],
        kinds: vec![RecordKind::Note.into(), RecordKind::Referral.into()],
        ..between(&cast.clinic, &cast.housing)
    };
    terms(ConsentType::General, "My progress notes and referrals at Rivergate", rule)
}

/// Need to know: records that are labelled SUD and nothing else, so attendance and not therapy.
pub fn justice(cast: &Cast) -> ConsentTerms {
    let rule = Rule {
        purposes: vec![Purpose::Supervision.into()],
        actions: vec![Action::Read.into()],
        kinds: vec![RecordKind::Note.into()],
        sensitivities: vec![Sensitivity::Sud.into()],
        ..between(&cast.clinic, &cast.probation)
    };
    ConsentTerms {
        revocable_after: Some(timestamp(in_days(90))),
        ..terms(ConsentType::CriminalJustice, "Whether I attend treatment", rule)
    }
}
