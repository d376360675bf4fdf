//! Which of BALP's patterns an entry follows, and the codes that a pattern fixes.

use kernel::Action;
use serde_json::Value;
use wire::{audit::v1::DisclosureRecord, convert::from_wire};

use super::terms::{self, coding, concept};

/// Calls that write something new; any other that writes changes what there is.
const MAKE: &[&str] =
    &["Create", "Draft", "Declare", "Register", "RecordCourtOrder", "RequestRestriction"];

const SOURCE: &str = "110153";
const DESTINATION: &str = "110152";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Read,
    /// Any reading but of one record by its name.
    Query,
    Create,
    Update,
    Send,
}

#[derive(Debug, Clone, Copy)]
pub struct Shape {
    act: Act,
    /// Something went to an agency that does not hold it.
    disclosed: bool,
    one_record: bool,
}

impl Shape {
    pub fn of(record: &DisclosureRecord) -> Self {
        let act = act(record);
        let disclosed = is_disclosure(record, act);
        Self { act, disclosed, one_record: record.records.len() == 1 }
    }

    pub fn profile(self) -> Option<String> {
        let name = match self.act {
            _ if self.disclosed => "PrivacyDisclosure.Source",
            Act::Read => "PatientRead",
            Act::Query => "PatientQuery",
            Act::Create if self.one_record => "PatientCreate",
            Act::Update if self.one_record => "PatientUpdate",
            // There a write has exactly one object. Of another it is not claimed to fit.
            _ => return None,
        };
        Some(format!("{}{name}", terms::BALP))
    }

    /// "Export", or "RESTful Operation", which in BALP stands for any interaction of these four.
    pub fn kind(self) -> Value {
        if self.disclosed {
            coding(terms::DICOM, "110106")
        } else {
            coding(terms::EVENT_TYPE, "rest")
        }
    }

    pub fn subtypes(self) -> Vec<Value> {
        let disclosed = self.disclosed.then(|| coding(terms::LIFECYCLE, "disclose"));
        let interaction = match self.act {
            Act::Read => Some("read"),
            Act::Query => Some("search-type"),
            Act::Create => Some("create"),
            Act::Update => Some("update"),
            Act::Send => None,
        };
        let interaction = interaction.map(|code| coding(terms::INTERACTION, code));
        disclosed.into_iter().chain(interaction).collect()
    }

    pub fn action(self) -> &'static str {
        match self.act {
            _ if self.disclosed => "R",
            Act::Read | Act::Send => "R",
            Act::Query => "E",
            Act::Create => "C",
            Act::Update => "U",
        }
    }

    /// Whether the request itself is one of the entities.
    pub fn is_query(self) -> bool {
        self.act == Act::Query && !self.disclosed
    }

    /// Of whoever got something, or asked. BALP has data flow from source to destination, and what is
    /// asked in a query or a write as well: there the asker is the source.
    pub fn client(self) -> Value {
        concept(coding(terms::DICOM, if self.data_flows() { DESTINATION } else { SOURCE }))
    }

    /// Of the network.
    pub fn server(self) -> Value {
        concept(coding(terms::DICOM, if self.data_flows() { SOURCE } else { DESTINATION }))
    }

    fn data_flows(self) -> bool {
        self.disclosed || self.act == Act::Read
    }

    /// Of a practitioner: the author of what is written, or else who was told.
    pub fn user(self) -> Value {
        let writes = matches!(self.act, Act::Create | Act::Update) && !self.disclosed;
        concept(coding(terms::PARTICIPATION, if writes { "AUT" } else { "IRCP" }))
    }

    /// Of an agency that holds records. BALP's code for it may stand once in a disclosure, and HL7's
    /// would be the author's place in a write.
    pub fn custodian(self, record: &DisclosureRecord) -> Value {
        let several = self.disclosed && record.custodians.len() > 1;
        let (system, code) =
            if several { (terms::PARTICIPATION, "CST") } else { (terms::SNOMED, "159541003") };
        concept(coding(system, code))
    }
}

fn act(record: &DisclosureRecord) -> Act {
    let method = record.rpc.rsplit('/').next().unwrap_or_default();
    let makes = || MAKE.iter().any(|name| method.starts_with(name));
    match from_wire::<Action>(record.action) {
        Some(Action::Refer) => Act::Send,
        Some(Action::Write) if makes() => Act::Create,
        Some(Action::Write | Action::Transition) => Act::Update,
        _ if method.starts_with("Get") && record.records.len() == 1 => Act::Read,
        _ => Act::Query,
    }
}

fn is_disclosure(record: &DisclosureRecord, act: Act) -> bool {
    let own = !record.custodians.is_empty()
        && record.custodians.iter().all(|custodian| *custodian == record.agency);
    let reads = matches!(act, Act::Read | Act::Query);
    let got = reads && !record.agency.is_empty() && !record.records.is_empty() && !own;
    act == Act::Send || was_sent(record) || got
}

/// Whoever asks for an agency is named, unless it was sent what another asked for.
pub fn was_sent(record: &DisclosureRecord) -> bool {
    !record.agency.is_empty() && record.practitioner.is_empty()
}
