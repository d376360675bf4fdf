//! What parts, fields and codes are called, in plain words.

use wire::recovery::v1::{RecordPart as Part, WithheldKind};

/// A part's name in files and links.
pub fn slug(part: Part) -> String {
    let name = part.as_str_name().trim_start_matches("RECORD_PART_");
    name.to_ascii_lowercase().replace('_', "-")
}

pub fn title(part: Part) -> &'static str {
    of(part).0
}

pub fn intro(part: Part) -> &'static str {
    of(part).2
}

/// What one record of this field is called.
pub fn one(part: Part, field: &str) -> &'static str {
    if field == "attachments" { "File" } else { of(part).1 }
}

/// Title, one of its records, and what it is.
fn of(part: Part) -> (&'static str, &'static str, &'static str) {
    match part {
        Part::Unspecified => ("", "", ""),
        Part::Profile => (
            "Who you are",
            "Profile",
            "What each agency that knows you says of you, and what you prefer.",
        ),
        Part::Representatives => {
            ("Who acts for you", "Representative", "People who may act for you.")
        }
        Part::Notices => ("Notices", "Notice", "What you had to be told."),
        Part::Consents => {
            ("Consents", "Consent", "What you have agreed to, and what you have refused.")
        }
        Part::Restrictions => (
            "Restrictions",
            "Restriction",
            "Limits that you asked for on how your records are used.",
        ),
        Part::Emergencies => (
            "Emergencies",
            "Emergency",
            "Times when your records were opened in a medical emergency.",
        ),
        Part::CourtOrders => ("Court orders", "Court order", "Court orders about your records."),
        Part::Referrals => {
            ("Referrals", "Referral", "Help that was asked for you, and what became of it.")
        }
        Part::Notes => (
            "Notes",
            "Note",
            "What people who work with you have written, and what you have written.",
        ),
        Part::Amendments => {
            ("Changes you asked for", "Request", "What you asked to be changed in notes.")
        }
        Part::Recipients => {
            ("Who received something", "Agency", "Agencies to which something of yours went.")
        }
        Part::Disclosures => (
            "Who saw what, and why",
            "Access",
            "Each time that somebody was shown something of yours, the latest first.",
        ),
        Part::Plan => ("Your plan", "Section", "The seven sections of your plan, in your words."),
        Part::Shares => {
            ("Whom you share your plan with", "Share", "Sections that you share, and until when.")
        }
        Part::Circle => ("Your circle", "Supporter", "People who support you."),
        Part::Suggestions => ("Suggestions", "Suggestion", "What others suggest for your plan."),
        Part::Crisis => {
            ("Your crisis plan", "Rules", "Who can activate your crisis plan, and what happened.")
        }
        Part::Goals => ("Your goals", "Goal", "What you want to reach, in your words."),
        Part::CheckIns => ("Check-ins", "Check-in", "What you said of yourself, and when."),
        Part::Progress => ("Progress", "Measure", "Your answers over time."),
        Part::Tasks => ("Tasks and reminders", "Task", "What you want done, and whom you asked."),
        Part::Decisions => {
            ("Decisions", "Decision", "What you decided with somebody who works with you.")
        }
        Part::EmploymentPlan => ("Your plan for work", "Plan", "The work that you want, and how."),
        Part::EmploymentSteps => {
            ("Steps toward work", "Step", "What was done for work, and at it.")
        }
        Part::NoticeDeliveries => {
            ("Where you are told", "Way", "Where you are told that something waits for you.")
        }
    }
}

pub fn withheld(kind: WithheldKind) -> &'static str {
    match kind {
        WithheldKind::Unspecified => "Something",
        WithheldKind::ReleaseBlock => "A note that is kept from you for a time",
        WithheldKind::CounselingNote => "A counselor's own notes",
        WithheldKind::OtherAgencies => "What other agencies may hold",
        WithheldKind::AccountingSuspended => "An access under a court order",
        WithheldKind::PartNotRead => "A part that was not read",
        WithheldKind::File => "What is in a file",
        WithheldKind::History => "Earlier versions and questions",
        WithheldKind::NotOnPage => "What is in the JSON file alone",
    }
}

/// What is for software, and is in the JSON files.
pub fn aside(field: &str) -> bool {
    const ASIDE: &[&str] = &[
        "etag",
        "sha256",
        "text_sha256",
        "document_sha256",
        "image_sha256",
        "decision_id",
        "sequence",
    ];
    ASIDE.contains(&field)
}

/// Fields whose names would not say to everybody what they are.
const LABELS: &[(&str, &str)] = &[
    ("name", "Reference"),
    ("person", "Of whom"),
    ("create_time", "Made"),
    ("update_time", "Last changed"),
    ("write_time", "Written"),
    ("authored_time", "Written"),
    ("added_time", "Added"),
    ("signed_time", "Signed"),
    ("revoked_time", "Taken back"),
    ("cosign_time", "Signed by a supervisor"),
    ("end_time", "Ended"),
    ("from_time", "From"),
    ("until_time", "Until"),
    ("decide_time", "Decided"),
    ("first_time", "First time"),
    ("last_time", "Last time"),
    ("acknowledge_time", "You said that you have seen it"),
    ("display_name", "Called"),
    ("custodian", "Held by"),
    ("custodians", "Held by"),
    ("source", "Asked by"),
    ("target", "Asked of"),
    ("author", "Written by"),
    ("recorded_by", "Recorded by"),
    ("confirmed_by", "Vouched for by"),
    ("grantee", "With whom"),
    ("called", "What you call them"),
    ("rpc", "Through"),
    ("bases", "What allowed it"),
    ("purposes", "What for"),
    ("roles", "As"),
    ("labels", "How it is labelled"),
    ("part2", "Protected by 42 CFR Part 2"),
    ("explanation", "In plain words"),
    ("terms", "What it says"),
    ("rule", "What it allows or refuses"),
    ("effect", "Allows or refuses"),
    ("recipients", "Who may receive"),
    ("disclosers", "Who may pass it on"),
    ("text", "The text as you were shown it"),
    ("record_class", "Class"),
    ("contact_rule", "Whether you may be contacted"),
    ("kind", "Which"),
    ("signs", "Signs"),
    ("total", "Total"),
];

/// A field's name as people read it.
pub fn label(field: &str) -> String {
    let known = LABELS.iter().find(|(name, _)| *name == field);
    known.map_or_else(|| sentence(field), |(_, label)| (*label).to_owned())
}

/// Codes whose names would not.
const CODES: &[(&str, &str)] = &[
    ("TREAT", "treatment"),
    ("ETREAT", "emergency treatment"),
    ("BTG", "an emergency"),
    ("COC", "coordination of care"),
    ("CAREMGT", "care management"),
    ("HPAYMT", "payment"),
    ("HOPERAT", "running of a service"),
    ("HRESCH", "research"),
    ("PATRQT", "your own request"),
    ("FAMRQT", "a request of your family"),
    ("PWATRNY", "a request of who acts for you"),
    ("SUPNWK", "support by your circle"),
    ("PUBHLTH", "public health"),
    ("HLEGAL", "legal proceedings"),
    ("HMARKT", "marketing"),
    ("SELF", "it is yours"),
    ("CUSTODIAN", "they hold it"),
    ("CONSENT", "your consent"),
    ("SHARE", "you shared it"),
    ("SUD", "substance use disorder"),
    ("ETH", "substance use"),
    ("ETHUD", "alcohol use disorder"),
    ("OPIOIDUD", "opioid use disorder"),
    ("MH", "mental health"),
    ("BH", "behavioral health"),
    ("PSY", "psychiatry"),
    ("PSYTHPN", "psychotherapy notes"),
    ("SDV", "sexual assault and domestic violence"),
    ("VIO", "violence"),
    ("HIV", "HIV"),
    ("STD", "sexually transmitted disease"),
    ("SEX", "sexuality and reproductive health"),
    ("PRS", "asked to be kept apart"),
    ("U", "unrestricted"),
    ("L", "low"),
    ("M", "moderate"),
    ("N", "normal"),
    ("R", "restricted"),
    ("V", "very restricted"),
];

/// A code, without its type's prefix, as people read it.
pub fn code(name: &str) -> String {
    let known = CODES.iter().find(|(code, _)| *code == name);
    known
        .map_or_else(|| name.to_ascii_lowercase().replace('_', " "), |(_, said)| (*said).to_owned())
}

fn sentence(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
