//! A disclosure in plain words, made from its codes alone. Short sentences, and "you" is the person
//! whose records these are.

use kernel::{Action, Instant, Kind, Purpose};
use policy::Obligation;
use uuid::Uuid;

use super::{Basis, CallerKind, Collection, Disclosure};

/// One or two sentences. `name` is what people call an agency.
pub fn explain(disclosure: &Disclosure, name: &dyn Fn(Uuid) -> String) -> String {
    let mut text = format!(
        "On {} {} {} {}",
        day(disclosure.at),
        who(disclosure, name),
        verb(disclosure),
        what(disclosure)
    );
    text += &held(disclosure, name);
    if let Some(recipient) = disclosure.recipient {
        text += &format!(" to the agency {}", name(recipient));
    }
    let purposes: Vec<&str> = disclosure.purposes.iter().map(purpose).collect();
    if !purposes.is_empty() {
        text += &format!(" for {}", all_of(&purposes));
    }
    let grounds: Vec<String> =
        disclosure.bases.iter().filter_map(|basis| ground(*basis, disclosure)).collect();
    if !grounds.is_empty() {
        text += &format!(", {}", all_of(&grounds));
    }
    text.push('.');
    text + &duties(disclosure)
}

pub(super) fn day(at: Instant) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{} {} {}", at.day(), at.month(), at.year())
}

fn who(disclosure: &Disclosure, name: &dyn Fn(Uuid) -> String) -> String {
    match (disclosure.caller, disclosure.agency) {
        (CallerKind::Staff, Some(agency)) => format!("the agency {}", name(agency)),
        (CallerKind::Staff, None) => "an agency".to_owned(),
        (CallerKind::Person, _) => "you".to_owned(),
        (CallerKind::Representative, _) => "your representative".to_owned(),
        (CallerKind::Supporter, _) => "someone who supports you".to_owned(),
        (CallerKind::Network, _) => "the network's administration".to_owned(),
        (CallerKind::Service, _) => "the network itself".to_owned(),
    }
}

/// By its method where the contract has a word for it, or else by its action.
fn verb(disclosure: &Disclosure) -> &'static str {
    match disclosure.rpc.rsplit('/').next().unwrap_or_default() {
        "ListDoubtfulMatches" => "looked into",
        "DecideMatch" | "MergePeople" | "UnmergePeople" => "decided",
        "AcceptInvitation" => "connected a sign-in to",
        "DraftConsent" => "prepared",
        "SignConsent" | "SignNote" => "signed",
        "RevokeConsent" => "revoked",
        "MarkConsentEnteredInError" => "marked as entered in error",
        "RecordSignedConsent" => "recorded, as signed by hand,",
        "AcknowledgeRevocation" => "acknowledged the end of",
        "WatchConsents" | "WatchEmergencies" => "was told of",
        "Notify" => "wrote",
        "DeliverNotice" => "tried to send word to",
        "SetNoticeDelivery" | "SetCrisisRules" => "set",
        "ConfirmNoticeDelivery" => "confirmed",
        "Explain" => "asked why something is allowed or not by",
        "RequestRestriction" => "asked for",
        "DecideRestriction" => "decided about",
        "DeclareEmergency" => "declared",
        "ReviewEmergency" => "reviewed",
        "RecordCourtOrder" => "recorded",
        "AcceptCourtOrder" => "accepted",
        "CosignNote" => "cosigned",
        "AmendNote" => "amended",
        "AppendNote" => "added to",
        "PutAttachment" => "put a file with",
        "GetAttachment" => "read a file of",
        "SearchNotes" => "searched",
        "AskQuestion" => "asked a question about",
        "AnswerQuestion" => "answered a question about",
        "ListUnread" => "looked for what is unread in",
        "RequestAmendment" => "asked to amend",
        "ExtendAmendment" => "took more time to decide about",
        "DecideAmendment" => "decided about amending",
        "AcknowledgeNote" => "confirmed having read",
        "AddStatement" if is_own_statement(disclosure) => "wrote",
        // The note beside which it stands is read before, and again for a repeat.
        "AddStatement" if disclosure.action == Action::Write => "wrote a statement about",
        "ShareSection"
        | "Contribute"
        | "CreateGoal"
        | "RecordCheckIn"
        | "RecordCaregiverCheckIn" => "made",
        "UnshareSection" | "EndSupporter" | "DeleteNoticeDelivery" => "ended",
        "AddSupporter" => "added",
        "SetEmploymentSpecialist" => "named an employment specialist by",
        "EndEmploymentSpecialist" => "ended that somebody is the employment specialist for",
        "RecordEmploymentStep" => "recorded a step for",
        "MarkEmploymentStepInError" => "marked a step as entered in error for",
        "ListEmploymentSteps" => "read the steps for",
        "ActivateCrisisPlan" => "called for",
        "DeactivateCrisisPlan" if disclosure.caller == CallerKind::Person => "ended",
        "DeactivateCrisisPlan" => "asked to end",
        "InviteSupporter" => "invited",
        "DismissSupporter" => "let go of",
        "AcceptReferral" => "accepted",
        "RejectReferral" => "turned down",
        "StartReferral" => "began work on",
        "HoldReferral" => "put on hold",
        "ResumeReferral" => "resumed",
        "CompleteReferral" => "completed",
        "FailReferral" => "ended without success",
        "CancelReferral" | "AcceptedElsewhere" => "cancelled",
        "ReopenReferral" => "reopened",
        "MarkEnteredInError" => "marked as entered in error",
        "RespondToReferral" => "answered",
        "RecordContact" => "recorded an attempt to reach you for",
        _ => match disclosure.action {
            Action::Read => "read",
            Action::Write => "wrote",
            Action::Transition => "changed the state of",
            Action::Refer => "sent",
        },
    }
}

/// A statement that is a note of its own: of one beside a note no custodian is kept with what was written.
fn is_own_statement(disclosure: &Disclosure) -> bool {
    disclosure.rpc.ends_with("/AddStatement")
        && disclosure.action == Action::Write
        && !disclosure.custodians.is_empty()
}

fn what(disclosure: &Disclosure) -> String {
    if is_own_statement(disclosure) {
        return "a statement".to_owned();
    }
    let (one, many, own) = match disclosure.collection() {
        Collection::Of(Kind::Note) => ("note", "notes", "your notes"),
        Collection::Of(Kind::Referral) => ("referral", "referrals", "your referrals"),
        Collection::Of(Kind::Profile) => ("profile", "profiles", "your profiles"),
        Collection::Of(Kind::PlanSection) => {
            ("section of your plan", "sections of your plan", "your plan")
        }
        Collection::Of(Kind::Support) => {
            ("record of your circle", "records of your circle", "your circle")
        }
        Collection::Consents => ("of your consents", "of your consents", "your consents"),
        Collection::Restrictions => (
            "restriction that you asked for",
            "restrictions that you asked for",
            "your restrictions",
        ),
        Collection::Emergencies => {
            ("emergency access", "emergency accesses", "emergency accesses to your records")
        }
        Collection::CourtOrders => {
            ("court order about your records", "court orders about your records", "court orders")
        }
        Collection::SectionVersions => (
            "version of a section of your plan",
            "versions of a section of your plan",
            "what your plan has said",
        ),
        Collection::Shares => {
            ("share of your plan", "shares of your plan", "with whom your plan is shared")
        }
        Collection::Supporters => ("person of your circle", "people of your circle", "your circle"),
        Collection::Contributions => {
            ("suggestion for your plan", "suggestions for your plan", "suggestions for your plan")
        }
        Collection::Goals => ("goal of yours", "goals of yours", "your goals"),
        Collection::CheckIns => ("check-in of yours", "check-ins of yours", "your check-ins"),
        Collection::Decisions => ("decision of yours", "decisions of yours", "your decisions"),
        Collection::Tasks => ("task of yours", "tasks of yours", "your tasks"),
        Collection::EmploymentPlans => return "your plan for work".to_owned(),
        Collection::CrisisRules => return "the rules of your crisis plan".to_owned(),
        Collection::CrisisSteps => return "your crisis plan".to_owned(),
        Collection::Notices => ("notice to you", "notices to you", "your notices"),
        Collection::NoticeDeliveries => {
            ("place where you are told", "places where you are told", "where you are told")
        }
        Collection::Matches => return "whether you are known here twice".to_owned(),
        Collection::Accounting => return "this accounting".to_owned(),
        Collection::Other => ("record", "records", "your records"),
    };
    match disclosure.records.len() {
        0 => own.to_owned(),
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    }
}

/// Whether all of it is held by the caller's own agency.
fn is_own(disclosure: &Disclosure) -> bool {
    !disclosure.custodians.is_empty()
        && disclosure.custodians.iter().all(|c| Some(*c) == disclosure.agency)
}

fn held(disclosure: &Disclosure, name: &dyn Fn(Uuid) -> String) -> String {
    if is_own(disclosure) {
        return " that it holds".to_owned();
    }
    let holders: Vec<String> = disclosure.custodians.iter().map(|c| name(*c)).collect();
    if holders.is_empty() { String::new() } else { format!(" held by {}", all_of(&holders)) }
}

pub(super) fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Treat => "treatment",
        Purpose::EmergencyTreat => "emergency treatment",
        Purpose::BreakTheGlass => "access in an emergency",
        Purpose::CoordinationOfCare => "coordination of care",
        Purpose::CareManagement => "care management",
        Purpose::HealthcarePayment => "payment for care",
        Purpose::HealthcareOperations => "the running of care services",
        Purpose::HealthcareResearch => "research",
        Purpose::PatientRequest => "a request of yours",
        Purpose::FamilyRequest => "a request of your family",
        Purpose::PowerOfAttorney => "a request of someone with power of attorney",
        Purpose::SupportNetwork => "support by people close to you",
        Purpose::PublicHealth => "public health",
        Purpose::LegalProceeding => "a legal proceeding",
        Purpose::Marketing => "marketing",
        Purpose::Supervision => "supervision by the justice system",
        Purpose::HousingPlacement => "finding housing",
        Purpose::EmploymentSupport => "support with employment",
    }
}

/// What opened it; none where the sentence has said so already.
fn ground(basis: Basis, disclosure: &Disclosure) -> Option<String> {
    let text = match basis {
        Basis::SelfAccess | Basis::Representative | Basis::Invitation | Basis::Support => {
            return None;
        }
        Basis::Custodian if is_own(disclosure) => return None,
        // One that it has just prepared.
        Basis::NamedInConsent if disclosure.action == Action::Write => return None,
        // It may have been served under it, or have registered the person.
        Basis::NamedInConsent if disclosure.rpc.contains("/Watch") => return None,
        // It follows from what others did.
        Basis::Network if disclosure.collection() == Collection::Notices => return None,
        Basis::Network if disclosure.collection() == Collection::NoticeDeliveries => return None,
        Basis::Network if disclosure.collection() == Collection::Matches => return None,
        Basis::Custodian => "as an agency that holds some of it",
        Basis::Share => "because you shared it",
        Basis::Emergency => "in a medical emergency",
        Basis::CourtOrder => "under a court order",
        Basis::NamedInConsent => "as an agency named there",
        Basis::Network if disclosure.rpc.ends_with("/AcceptedElsewhere") => {
            "because another agency accepted"
        }
        Basis::Network => "in consequence of a decision of yours",
        Basis::Consent => return Some(consent(disclosure)),
    };
    Some(text.to_owned())
}

fn consent(disclosure: &Disclosure) -> String {
    let names: Vec<String> =
        disclosure.consents.iter().map(|id| format!("consents/{id}")).collect();
    // Beside another basis some of these may be an order or an emergency: none is named then.
    match (names.len(), disclosure.bases.len()) {
        (1, 1) => format!("under your consent {}", all_of(&names)),
        (2.., 1) => format!("under your consents {}", all_of(&names)),
        _ => "under your consent".to_owned(),
    }
}

fn duties(disclosure: &Disclosure) -> String {
    let has = |one| disclosure.obligations.contains(&one);
    let mut went: Vec<&str> = Vec::new();
    if has(Obligation::Part2Notice) {
        went.push("the notice that federal law protects these records");
    }
    if has(Obligation::ConsentCopy) {
        went.push("a copy of your consent");
    }
    let mut text = String::new();
    if !went.is_empty() {
        text += &format!(" With it went {}.", all_of(&went));
    }
    if has(Obligation::EmergencyReview) {
        text += " A privacy officer must review it.";
    }
    if has(Obligation::NoFurtherDisclosure) {
        text += " It may not be passed on.";
    }
    text
}

/// "a", "a and b", "a, b and c".
pub(super) fn all_of(words: &[impl AsRef<str>]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests;
