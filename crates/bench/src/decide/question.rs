//! What both engines are asked.

use anyhow::Context as _;
use kernel::{Action, Instant, Purpose, Sensitivity};
use policy::{
    Agencies, Agency, Consent, Decision, Facts, PersonFacts, Record, Request, Who, decide,
};
use serde_json::{Value, json};

/// The instant of every request.
pub const NOW: Instant = time::macros::datetime!(2026-03-02 12:00 UTC);
pub const AGENCY: &str = "clinic";
pub const PRACTITIONER: &str = "dr-x";
pub const PURPOSE: Purpose = Purpose::Treat;
pub const ACTION: Action = Action::Read;
const CONSENTS: usize = 20;

/// A practitioner reads a note of another agency.
pub struct Question {
    agencies: Agencies,
    pub facts: PersonFacts,
    request: Request,
    /// Records, and whether they are permitted; the first is.
    pub records: Vec<(Record, bool)>,
    permitted: Record,
}

impl Question {
    pub fn new() -> anyhow::Result<Self> {
        let agencies: Vec<Agency> = serde_json::from_value(agencies())?;
        let consents: Result<Vec<Consent>, _> =
            (0..CONSENTS).map(|n| serde_json::from_value(consent(n))).collect();
        let mut facts = PersonFacts::new("p1".into());
        facts.consents = consents.context("a consent")?;
        let request = Request {
            who: Who::Practitioner {
                agency: AGENCY.into(),
                practitioner: PRACTITIONER.into(),
                roles: [kernel::Role::Clinician].into(),
                care_teams: Vec::new(),
            },
            purposes: [PURPOSE].into(),
            action: ACTION,
            recipient_agency: None,
        };
        let permitted: Record = serde_json::from_value(json!({
            "id": "n1", "person": "p1", "kind": "NOTE", "custodian": "hospital",
            "author": "dr-z", "episode": format!("episode-{}", CONSENTS - 1),
            "authored_on": "2026-01-05T00:00:00Z", "confidentiality": "R",
            "sensitivities": ["MH"],
        }))?;
        let changed = |change: fn(&mut Record)| {
            let mut record = permitted.clone();
            change(&mut record);
            (record, false)
        };
        let records = vec![
            (permitted.clone(), true),
            changed(|r| r.episode = Some("episode-none".into())),
            changed(|r| r.sensitivities.insert(Sensitivity::Hiv)),
            changed(|r| r.author = Some("dr-excepted".into())),
            changed(|r| r.custodian = Some("shelter".into())),
            changed(|r| r.kind = kernel::Kind::Referral),
        ];
        let agencies = agencies.into_iter().collect();
        Ok(Self { agencies, facts, request, records, permitted })
    }

    pub fn permitted(&self) -> &Record {
        &self.permitted
    }

    /// How many rules there are: roots and exceptions.
    pub fn rules(&self) -> usize {
        self.facts.consents.iter().map(|consent| 1 + consent.exceptions.len()).sum()
    }

    /// As a service does for every request: from the stored facts on, nothing prepared.
    pub fn decide(&self, record: &Record) -> Decision {
        let facts = Facts::new(&self.agencies, [&self.facts]);
        decide(&self.request, std::slice::from_ref(record), &facts, NOW)
    }
}

fn agencies() -> Value {
    let agency =
        |id| json!({"id": id, "status": "ACTIVE", "sector": "HEALTHCARE", "covered_entity": true});
    json!([agency(AGENCY), agency("hospital"), agency("shelter"), agency("laboratory")])
}

/// In force, for this very recipient, purpose and action: each but the last fails on the record's
/// episode alone, so that no engine is done with it early.
fn consent(n: usize) -> Value {
    json!({
        "id": format!("consent-{n}"), "person": "p1", "type": "GENERAL", "status": "ACTIVE",
        "effective": "2026-01-01T00:00:00Z", "expires": "2027-01-01T00:00:00Z",
        "rule": {
            "effect": "PERMIT", "actions": ["READ"], "purposes": ["TREAT", "COC"],
            "recipients": {"agencies": ["laboratory", AGENCY]},
            "disclosers": {"agencies": ["shelter-2", "hospital"]},
            "kinds": ["NOTE", "PROFILE"], "confidentialities": ["N", "R"],
            "episodes": [format!("episode-{n}")],
        },
        "exceptions": [
            {"effect": "DENY", "sensitivities": ["HIV", "SDV"]},
            {"effect": "DENY", "authors": ["dr-excepted"]},
        ],
    })
}
