//! What is measured: every Get, List, Search and Find of the contract, or why not.

use std::collections::BTreeSet;

use crate::{callers::Who, contract::rpcs};

/// What is hidden from whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// What the scene's request names; against what never was.
    Named,
    /// The same: a note whose words take long to read.
    LargeNote,
    /// Where notices are delivered to: the scene of the list has none.
    Delivery,
    /// Notes of a type of which there are only drafts; against a type of which there are none.
    OfType,
    /// Referrals in a state in which there are only those to others; against a state in which there are none.
    InState,
    /// A word that only the notes of somebody unknown to the caller have, in a search of two people, one of whom is
    /// known; against a word that none has.
    Word,
    /// What another agency's staff did; against a practitioner that never was.
    OthersStaff,
}

#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub rpc: &'static str,
    pub hidden: Hidden,
    /// To whom it is there.
    pub sees: Who,
    /// To whom it is as if it never was.
    pub asks: Who,
}

const fn named(rpc: &'static str, sees: Who, asks: Who) -> Row {
    Row { rpc, hidden: Hidden::Named, sees, asks }
}

pub const MEASURED: &[Row] = &[
    named("AuditService/GetInclusionProof", Who::Person, Who::OtherPerson),
    Row {
        rpc: "AuditService/ListAccessEvents",
        hidden: Hidden::OthersStaff,
        sees: Who::PrivacyOfficer,
        asks: Who::PrivacyOfficer,
    },
    named("AuditService/ListDisclosures", Who::Person, Who::OtherPerson),
    named("AuditService/ListRecipients", Who::Person, Who::OtherPerson),
    named("ConsentService/Explain", Who::Person, Who::OtherPerson),
    named("ConsentService/GetConsent", Who::Person, Who::Unrelated),
    named("ConsentService/GetConsentReceipt", Who::Person, Who::Unrelated),
    named("ConsentService/ListConsents", Who::Person, Who::Unrelated),
    named("ConsentService/ListCourtOrders", Who::Person, Who::OtherPerson),
    named("ConsentService/ListEmergencies", Who::Person, Who::OtherPerson),
    named("ConsentService/ListRestrictions", Who::Person, Who::OtherPerson),
    named("NotesService/GetAttachment", Who::Person, Who::Unrelated),
    named("NotesService/GetNote", Who::Person, Who::Unrelated),
    Row {
        rpc: "NotesService/GetNote",
        hidden: Hidden::LargeNote,
        sees: Who::Person,
        asks: Who::Unrelated,
    },
    named("NotesService/ListAcknowledgements", Who::Person, Who::Unrelated),
    named("NotesService/ListAmendmentRequests", Who::Person, Who::OtherPerson),
    named("NotesService/ListAttachments", Who::Person, Who::Unrelated),
    named("NotesService/ListNoteVersions", Who::Person, Who::Unrelated),
    named("NotesService/ListNotes", Who::Person, Who::Unrelated),
    Row {
        rpc: "NotesService/ListNotes",
        hidden: Hidden::OfType,
        sees: Who::Clinician,
        asks: Who::Housing,
    },
    named("NotesService/ListQuestions", Who::Person, Who::Unrelated),
    named("NotesService/ListUnread", Who::Person, Who::Unrelated),
    named("NotesService/SearchNotes", Who::Person, Who::Unrelated),
    Row {
        rpc: "NotesService/SearchNotes",
        hidden: Hidden::Word,
        sees: Who::Clinician,
        asks: Who::Housing,
    },
    named("PeopleService/FindPerson", Who::Clinician, Who::Unrelated),
    named("PeopleService/GetPerson", Who::Person, Who::Unrelated),
    Row {
        rpc: "PeopleService/ListNoticeDeliveries",
        hidden: Hidden::Delivery,
        sees: Who::Person,
        asks: Who::OtherPerson,
    },
    named("PeopleService/ListNotices", Who::Person, Who::OtherPerson),
    named("PeopleService/ListRepresentatives", Who::Person, Who::Unrelated),
    named("PeopleService/WatchNotices", Who::Person, Who::OtherPerson),
    named("RecoveryService/ExportMyRecord", Who::Person, Who::OtherPerson),
    named("RecoveryService/GetCrisis", Who::Person, Who::OtherPerson),
    named("RecoveryService/GetEmploymentPlan", Who::Person, Who::Unrelated),
    named("RecoveryService/GetMyRecord", Who::Person, Who::OtherPerson),
    named("RecoveryService/GetPlan", Who::Person, Who::Unrelated),
    named("RecoveryService/GetProgress", Who::Person, Who::OtherPerson),
    named("RecoveryService/ListCheckIns", Who::Person, Who::Unrelated),
    named("RecoveryService/ListContributions", Who::Person, Who::Unrelated),
    named("RecoveryService/ListDecisions", Who::Person, Who::Unrelated),
    named("RecoveryService/ListEmploymentSteps", Who::Person, Who::Unrelated),
    named("RecoveryService/ListGoals", Who::Person, Who::Unrelated),
    named("RecoveryService/ListSectionVersions", Who::Person, Who::OtherPerson),
    named("RecoveryService/ListShares", Who::Person, Who::OtherPerson),
    named("RecoveryService/ListSupporters", Who::Person, Who::OtherPerson),
    named("RecoveryService/ListTasks", Who::Person, Who::OtherPerson),
    named("ReferralsService/GetReferral", Who::Person, Who::Unrelated),
    named("ReferralsService/ListReferrals", Who::Person, Who::Unrelated),
    Row {
        rpc: "ReferralsService/ListReferrals",
        hidden: Hidden::InState,
        sees: Who::Clinician,
        asks: Who::Housing,
    },
    named("ReferralsService/SuggestServices", Who::Clinician, Who::Unrelated),
];

/// No reads of a person's record by a name that could be somebody else's: what they are instead.
const OTHERWISE: &[(&str, &str)] = &[
    ("AuditService/GetConsistencyProof", "hashes of a whole ledger, for any size alike"),
    ("AuditService/GetTreeHead", "a hash of a whole ledger"),
    ("AuditService/ListAccountingSuspensions", "names nothing: the office's own, by its agency"),
    ("AuditService/ListAnomalies", "names nothing: the office's own, by its agency"),
    ("AuditService/ListLegalHolds", "names nothing: the office's own, by its agency"),
    ("DirectoryService/FindServices", "for services of the network; agencies' offers"),
    ("DirectoryService/GetAgency", "known to everybody in the network"),
    ("DirectoryService/GetCareTeam", "an agency's staff, for its administrator"),
    ("DirectoryService/GetService", "known to everybody in the network"),
    ("DirectoryService/ListAgencies", "known to everybody in the network"),
    ("DirectoryService/ListCareTeams", "an agency's staff, for its administrator"),
    (
        "DirectoryService/ListSuspendedPrincipals",
        "names nothing of a person's record: for who suspends",
    ),
    ("DirectoryService/SearchServices", "known to everybody in the network"),
    ("FactsService/GetFacts", "for services of the network, which decide by it"),
    ("LedgerService/GetLedgerConsistency", "for services of the network"),
    ("LedgerService/GetLedgerHead", "for services of the network"),
    ("LedgerService/GetLedgerInclusion", "for services of the network"),
    ("NotesService/ListBlockReviews", "names nothing: the reviewers' own agency's"),
    ("PeopleService/ListDoubtfulMatches", "names nothing: for the steward, who sees all of them"),
    ("RecoveryService/GetEmploymentReport", "figures of the caller's own agency"),
    ("RecoveryService/ListCrises", "names nothing: of those who chose the caller"),
    ("RecoveryService/ListInstruments", "the questionnaires, the same for everybody"),
    ("ReferralsService/GetReferralReport", "figures of the caller's own agency"),
    ("ReferralsService/GetWebhook", "an agency's address, for its administrator"),
    ("ReferralsService/ListWebhooks", "names nothing: the agency's own addresses"),
];

#[test]
fn every_get_list_and_search_of_the_contract_is_measured_or_has_its_reason() {
    let contract: BTreeSet<String> = rpcs().iter().map(|rpc| rpc.short()).collect();
    let looks = |rpc: &&String| {
        let verb = rpc.split('/').next_back().unwrap();
        ["Get", "List", "Search", "Find"].iter().any(|looking| verb.starts_with(looking))
    };
    let measured: BTreeSet<&str> = MEASURED.iter().map(|row| row.rpc).collect();
    let otherwise: BTreeSet<&str> = OTHERWISE.iter().map(|(rpc, _)| *rpc).collect();
    let both: Vec<_> = measured.intersection(&otherwise).collect();
    assert!(both.is_empty(), "measured, and with a reason why not: {both:?}");
    let stale: Vec<_> =
        measured.union(&otherwise).filter(|rpc| !contract.contains(**rpc)).collect();
    assert!(stale.is_empty(), "not in the contract: {stale:?}");
    let known = |rpc: &&String| measured.contains(rpc.as_str()) || otherwise.contains(rpc.as_str());
    let forgotten: Vec<_> = contract.iter().filter(looks).filter(|rpc| !known(rpc)).collect();
    assert!(
        forgotten.is_empty(),
        "told apart by time or not? Add a row to {}: {forgotten:?}",
        file!()
    );
}
