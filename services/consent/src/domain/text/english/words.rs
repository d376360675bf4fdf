//! English words for codes, and how lists and dates are said.

use kernel::{Action, Class, Code, CodeSet, Confidentiality, Instant, Kind, Purpose, Sensitivity};
use policy::{ConsentType, Effect};

pub(super) fn title(kind: ConsentType, effect: Effect) -> &'static str {
    match (effect, kind) {
        (Effect::Deny, _) => "My refusal to share my records",
        (_, ConsentType::General) => "My consent to share my records",
        (_, ConsentType::Tpo) => {
            "My consent to share my records for treatment, payment and health care operations"
        }
        (_, ConsentType::CounselingNotes) => "My consent to share counseling notes",
        (_, ConsentType::CriminalJustice) => {
            "My consent to share my records with the criminal justice system"
        }
        (_, ConsentType::Proceedings) => "My consent to use my records in legal proceedings",
        (_, ConsentType::VictimServicesRelease) => "My release of victim service records",
        (_, ConsentType::Research) => "My consent to use my records for research",
    }
}

pub(super) fn purpose(code: Purpose) -> &'static str {
    match code {
        Purpose::Treat => "treatment",
        Purpose::EmergencyTreat => "emergency treatment",
        Purpose::BreakTheGlass => "access in an emergency",
        Purpose::CoordinationOfCare => "coordination of care",
        Purpose::CareManagement => "care management",
        Purpose::HealthcarePayment => "payment",
        Purpose::HealthcareOperations => "health care operations",
        Purpose::HealthcareResearch => "research",
        Purpose::PatientRequest => "my own request",
        Purpose::FamilyRequest => "my family's request",
        Purpose::PowerOfAttorney => "the request of who acts for me",
        Purpose::SupportNetwork => "my support network",
        Purpose::PublicHealth => "public health",
        Purpose::LegalProceeding => "legal proceedings, which may be against me",
        Purpose::Marketing => "marketing",
        Purpose::Supervision => "justice supervision",
        Purpose::HousingPlacement => "finding housing",
        Purpose::EmploymentSupport => "support with work",
    }
}

pub(super) fn action(code: Action) -> &'static str {
    match code {
        Action::Read => "read the records",
        Action::Write => "change the records",
        Action::Transition => "act on referrals",
        Action::Refer => "be sent referrals",
    }
}

pub(super) fn kind_of_record(code: Kind) -> &'static str {
    match code {
        Kind::Note => "notes",
        Kind::Referral => "referrals",
        Kind::Profile => "my profile (name, address, how to reach me)",
        Kind::PlanSection => "my own plan",
        Kind::Support => "my circle of support",
    }
}

pub(super) fn class(code: Class) -> &'static str {
    match code {
        Class::General => "general",
        Class::CounselingNote => "counseling notes",
    }
}

pub(super) fn confidentiality(code: Confidentiality) -> &'static str {
    match code {
        Confidentiality::Unrestricted => "unrestricted",
        Confidentiality::Low => "low",
        Confidentiality::Moderate => "moderate",
        Confidentiality::Normal => "normal",
        Confidentiality::Restricted => "restricted",
        Confidentiality::VeryRestricted => "very restricted",
    }
}

pub(super) fn sensitivity(code: Sensitivity) -> &'static str {
    match code {
        Sensitivity::Eth => "substance use",
        Sensitivity::Sud => "substance use disorder and its treatment",
        Sensitivity::EthUd => "alcohol use disorder",
        Sensitivity::OpioidUd => "opioid use disorder",
        Sensitivity::Psy => "psychiatric conditions",
        Sensitivity::Mh => "mental health",
        Sensitivity::Bh => "behavioral health (mental health and substance use)",
        Sensitivity::PsyThPn => "psychotherapy notes",
        Sensitivity::Sdv => "domestic violence",
        Sensitivity::Vio => "violence",
        Sensitivity::Hiv => "HIV",
        Sensitivity::Std => "sexually transmitted infections",
        Sensitivity::Sex => "sexuality and reproductive health",
        Sensitivity::Prs => "what I asked to keep especially private",
    }
}

pub(super) fn set<C: Code>(codes: CodeSet<C>, word: fn(C) -> &'static str) -> String {
    list(codes.iter().map(|code| word(code).to_owned()), "and")
}

/// "a, b and c"; nobody where there is none.
pub(super) fn list(all: impl IntoIterator<Item = String>, last_with: &str) -> String {
    let mut all: Vec<String> = all.into_iter().collect();
    match (all.pop(), all.is_empty()) {
        (None, _) => "nobody".to_owned(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} {last_with} {last}", all.join(", ")),
    }
}

/// Rules hold to the instant, so the hour is said.
pub(super) fn date(at: Instant) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let (day, month, year) = (at.day(), at.month(), at.year());
    format!("{month} {day}, {year} at {:02}:{:02} UTC", at.hour(), at.minute())
}

pub(super) fn authored(from: Option<Instant>, until: Option<Instant>) -> Option<String> {
    match (from, until) {
        (None, None) => None,
        (Some(from), None) => Some(format!("written on {} or later", date(from))),
        (None, Some(until)) => Some(format!("written before {}", date(until))),
        (Some(from), Some(until)) => {
            Some(format!("written from {} until {}", date(from), date(until)))
        }
    }
}
