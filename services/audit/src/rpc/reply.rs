//! A disclosure as the contract shows it.

use facts::Directory;
use kernel::AgencyId;
use uuid::Uuid;
use wire::{
    audit::v1 as pb,
    convert::{agency_name, name_of, record_name, set_to_wire, timestamp, to_wire},
};

use crate::{
    domain::{Basis, CallerKind, Collection, Disclosure, explain},
    store::Position,
};

/// What people call an agency; its resource name where the directory does not say.
pub(super) fn agency(directory: &Directory, agency: Uuid) -> String {
    directory
        .display_name(&AgencyId::from(agency))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| agency_name(agency))
}

pub(super) fn record(
    disclosure: &Disclosure,
    names: &dyn Fn(Uuid) -> String,
) -> pb::DisclosureRecord {
    let reader = disclosure.recipient.is_none();
    let collection = disclosure.collection();
    pb::DisclosureRecord {
        decision_id: disclosure.decision_id.to_string(),
        time: Some(timestamp(disclosure.at)),
        agency: disclosure.to_agency().map(agency_name).unwrap_or_default(),
        practitioner: match names_caller(disclosure) {
            true => disclosure.subject.clone(),
            false => String::new(),
        },
        roles: if reader { set_to_wire(disclosure.roles) } else { Vec::new() },
        purposes: set_to_wire(disclosure.purposes),
        rpc: disclosure.rpc.clone(),
        records: disclosure.records.iter().filter_map(|id| name(collection, id)).collect(),
        custodians: disclosure.custodians.iter().map(agency_name).collect(),
        bases: disclosure.bases.iter().filter_map(|b| b.of_policy()).map(to_wire).collect(),
        consents: disclosure.consents.iter().map(|id| name_of(relied_on(disclosure), id)).collect(),
        obligations: disclosure.obligations.iter().map(|o| to_wire(*o)).collect(),
        action: to_wire(disclosure.action),
        explanation: explain(disclosure, names),
        service: disclosure.service.clone(),
        sequence: disclosure.sequence,
        audit_event: String::new(),
    }
}

/// Whether the person is told who asked: staff, who got what they asked for. Whoever sent records on is
/// not the one who got them, and other sign-ins of the person's are nobody else's to know.
pub(super) fn names_caller(disclosure: &Disclosure) -> bool {
    disclosure.recipient.is_none() && disclosure.caller == CallerKind::Staff
}

/// A record's name; none where its collection has no names.
pub(super) fn name(collection: Collection, id: &Uuid) -> Option<String> {
    match collection {
        Collection::Of(kind) => Some(record_name(kind, id)),
        Collection::Consents => Some(name_of("consents", id)),
        Collection::Restrictions => Some(name_of("restrictions", id)),
        Collection::Emergencies => Some(name_of("emergencies", id)),
        Collection::CourtOrders => Some(name_of("courtOrders", id)),
        Collection::SectionVersions => Some(name_of("sectionVersions", id)),
        Collection::Shares => Some(name_of("shares", id)),
        Collection::Supporters => Some(name_of("supporters", id)),
        Collection::Contributions => Some(name_of("contributions", id)),
        Collection::Goals => Some(name_of("goals", id)),
        Collection::CheckIns => Some(name_of("checkIns", id)),
        Collection::Tasks => Some(name_of("tasks", id)),
        Collection::Decisions => Some(name_of("decisions", id)),
        Collection::EmploymentPlans => Some(name_of("employmentPlans", id)),
        Collection::Notices => Some(name_of("notices", id)),
        Collection::NoticeDeliveries => Some(name_of("noticeDeliveries", id)),
        Collection::CrisisSteps => Some(name_of("crisisSteps", id)),
        Collection::CrisisRules
        | Collection::Matches
        | Collection::Accounting
        | Collection::Other => None,
    }
}

pub(super) fn position(position: Position) -> pb::LedgerPosition {
    pb::LedgerPosition {
        service: position.service,
        sequence: position.sequence,
        as_of: position.heard_at.map(timestamp),
    }
}

/// What the bases are named in. Of several kinds at once the record does not say which is which.
fn relied_on(disclosure: &Disclosure) -> &'static str {
    match disclosure.bases.as_slice() {
        [Basis::Emergency] => "emergencies",
        [Basis::CourtOrder] => "courtOrders",
        [Basis::Share] => "shares",
        _ => "consents",
    }
}
