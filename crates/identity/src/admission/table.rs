//! The rows. A row says who may ask at all (minimum necessary inside an agency, and what a kind of
//! caller has no business with); what they get is for the handler's permit to say.

use kernel::{CodeSet, Role};

use super::{Admit, Row};
use Role::{
    AgencyAdmin, CaseManager, Clinician, Counselor, DataSteward, Medical, NetworkAdmin, Officer,
    PeerSupporter, Person, PrivacyOfficer, Prosecutor, Representative, Researcher, Supporter,
};

const fn set(mut roles: &[Role]) -> CodeSet<Role> {
    let mut bits = 0;
    while let [first, rest @ ..] = roles {
        bits |= 1 << *first as u32;
        roles = rest;
    }
    CodeSet::from_bits(bits)
}

const fn users(path: &'static str, roles: CodeSet<Role>) -> Row {
    Row { path, admit: Admit::Roles(roles) }
}

const fn services(path: &'static str) -> Row {
    Row { path, admit: Admit::ServiceOnly }
}

const fn public(path: &'static str) -> Row {
    Row { path, admit: Admit::Public }
}

/// Those who work with people.
const CARE: CodeSet<Role> =
    set(&[Clinician, Medical, Counselor, CaseManager, PeerSupporter, Officer]);
/// And those who answer for what is done with the records.
const CARE_AND_PRIVACY: CodeSet<Role> = CARE.union(set(&[PrivacyOfficer]));
/// Those who sign for what somebody in training has written.
const SUPERVISORS: CodeSet<Role> = set(&[Clinician, Medical, Counselor]);
/// Licensed health care professionals.
const LICENSED: CodeSet<Role> = set(&[Clinician, Medical]);
/// Everybody who acts for an agency.
const STAFF: CodeSet<Role> = CARE_AND_PRIVACY.union(set(&[Prosecutor, Researcher, AgencyAdmin]));
/// Those who answer for an agency's disclosures.
const OFFICERS: CodeSet<Role> = set(&[PrivacyOfficer]);
/// The person, and who stands in for them by law.
const PRINCIPALS: CodeSet<Role> = set(&[Person, Representative]);
/// Sign-ins that are bound to a person.
const INDIVIDUALS: CodeSet<Role> = PRINCIPALS.union(set(&[Supporter]));
/// Who stands beside a person: those who work with them, and their circle.
const BESIDE: CodeSet<Role> = CARE.union(set(&[Supporter]));
/// Who records for whom somebody acts.
const APPOINTING: CodeSet<Role> = set(&[CaseManager, PrivacyOfficer, AgencyAdmin, Person]);
const NETWORK: CodeSet<Role> = set(&[NetworkAdmin, DataSteward]);
/// Who decides what the network can't: whether two people are one.
const STEWARDS: CodeSet<Role> = set(&[DataSteward]);
/// Who keeps records for a matter.
const HOLDS: CodeSet<Role> = set(&[PrivacyOfficer, NetworkAdmin]);
/// Who watches that records stay what they were.
const WATCH: CodeSet<Role> = set(&[Person, PrivacyOfficer, NetworkAdmin]);
const EVERY_USER: CodeSet<Role> = STAFF.union(INDIVIDUALS).union(NETWORK);
/// Records that consent can open: also to research, and to proceedings under a consent for them.
const READERS: CodeSet<Role> =
    CARE_AND_PRIVACY.union(set(&[Prosecutor, Researcher])).union(PRINCIPALS);
/// Those of them who read for themselves.
const READING_SELF: CodeSet<Role> = CARE_AND_PRIVACY.union(set(&[Prosecutor, Researcher, Person]));

/// RPCs that ask other services in the caller's stead, with the caller's own token: each of these decides for
/// itself, as if the caller had come to it.
pub(super) const PASSED_ON: &[&str] = &[
    "/trellis.recovery.v1.RecoveryService/GetMyRecord",
    "/trellis.recovery.v1.RecoveryService/ExportMyRecord",
];

/// One row an RPC. What is not here is UNIMPLEMENTED.
pub const ADMISSION: &[Row] = &[
    // Probes come before there is a token; reflection shows the published contract and no data.
    public("/grpc.health.v1.Health/Check"),
    public("/grpc.health.v1.Health/List"),
    public("/grpc.health.v1.Health/Watch"),
    public("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
    public("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
    // Flags and bindings decide what is disclosed to an agency: the network's to set.
    users("/trellis.directory.v1.DirectoryService/RegisterAgency", set(&[NetworkAdmin])),
    users("/trellis.directory.v1.DirectoryService/SuspendAgency", set(&[NetworkAdmin])),
    users("/trellis.directory.v1.DirectoryService/ReinstateAgency", set(&[NetworkAdmin])),
    users("/trellis.directory.v1.DirectoryService/RebindAgency", set(&[NetworkAdmin])),
    // A stolen client or sign-in is stopped by whoever answers for it; the handler keeps an agency to itself.
    users(
        "/trellis.directory.v1.DirectoryService/SuspendPrincipal",
        set(&[NetworkAdmin, AgencyAdmin]),
    ),
    users(
        "/trellis.directory.v1.DirectoryService/ReinstatePrincipal",
        set(&[NetworkAdmin, AgencyAdmin]),
    ),
    users(
        "/trellis.directory.v1.DirectoryService/ListSuspendedPrincipals",
        set(&[NetworkAdmin, AgencyAdmin]),
    ),
    // What an agency says of itself is its own to say; its flags are not, and the handler tells them apart.
    users("/trellis.directory.v1.DirectoryService/UpdateAgency", set(&[NetworkAdmin, AgencyAdmin])),
    users("/trellis.directory.v1.DirectoryService/ImportDirectory", set(&[NetworkAdmin])),
    users("/trellis.directory.v1.DirectoryService/ExportDirectory", set(&[NetworkAdmin])),
    // The directory names no person: open to all who sign in.
    users("/trellis.directory.v1.DirectoryService/GetAgency", EVERY_USER),
    users("/trellis.directory.v1.DirectoryService/ListAgencies", EVERY_USER),
    users("/trellis.directory.v1.DirectoryService/GetService", EVERY_USER),
    users("/trellis.directory.v1.DirectoryService/SearchServices", EVERY_USER),
    services("/trellis.directory.v1.DirectoryService/FindServices"),
    // An agency's own offers; beds are counted by those who place people in them.
    users("/trellis.directory.v1.DirectoryService/CreateService", set(&[AgencyAdmin])),
    users("/trellis.directory.v1.DirectoryService/UpdateService", set(&[AgencyAdmin])),
    users("/trellis.directory.v1.DirectoryService/SetCapacity", set(&[AgencyAdmin, CaseManager])),
    // Who is in a care team decides what opens to them: their agency answers for it.
    users("/trellis.directory.v1.DirectoryService/CreateCareTeam", set(&[AgencyAdmin])),
    users("/trellis.directory.v1.DirectoryService/UpdateCareTeam", set(&[AgencyAdmin])),
    users("/trellis.directory.v1.DirectoryService/GetCareTeam", set(&[AgencyAdmin])),
    users("/trellis.directory.v1.DirectoryService/ListCareTeams", set(&[AgencyAdmin])),
    services("/trellis.directory.v1.DirectoryService/WatchAgencies"),
    services("/trellis.directory.v1.DirectoryService/AcknowledgeAgencies"),
    // Whoever registers a person, or vouches for their sign-in, has met them.
    users("/trellis.people.v1.PeopleService/RegisterPerson", CARE),
    users("/trellis.people.v1.PeopleService/UpdatePerson", CARE),
    users("/trellis.people.v1.PeopleService/AddIdentifier", CARE),
    // The person's to say, and staff's to write down.
    users("/trellis.people.v1.PeopleService/SetPreferences", CARE.union(set(&[Person]))),
    users("/trellis.people.v1.PeopleService/InvitePerson", CARE),
    users("/trellis.people.v1.PeopleService/ConfirmSignIn", CARE),
    // A privacy officer answers the person's requests, and must find them first.
    users("/trellis.people.v1.PeopleService/FindPerson", CARE_AND_PRIVACY),
    users("/trellis.people.v1.PeopleService/GetPerson", CARE_AND_PRIVACY.union(PRINCIPALS)),
    // Representatives and supporters are bound the same way.
    users("/trellis.people.v1.PeopleService/AcceptInvitation", INDIVIDUALS),
    users("/trellis.people.v1.PeopleService/RenewConfirmationCode", PRINCIPALS),
    // Who acts for a person: the person says, or those of an agency who answer for what it holds and
    // have seen the evidence. A representative appoints nobody.
    users("/trellis.people.v1.PeopleService/AddRepresentative", APPOINTING),
    users("/trellis.people.v1.PeopleService/EndRepresentative", APPOINTING),
    users(
        "/trellis.people.v1.PeopleService/ListRepresentatives",
        APPOINTING.union(set(&[Representative])),
    ),
    // What a person must be told; that their representative was told is not that they were.
    users("/trellis.people.v1.PeopleService/ListNotices", PRINCIPALS),
    users("/trellis.people.v1.PeopleService/WatchNotices", PRINCIPALS),
    users("/trellis.people.v1.PeopleService/AcknowledgeNotice", set(&[Person])),
    // Where that is told outside their box is nobody's to say but theirs.
    users("/trellis.people.v1.PeopleService/SetNoticeDelivery", set(&[Person])),
    users("/trellis.people.v1.PeopleService/ConfirmNoticeDelivery", set(&[Person])),
    users("/trellis.people.v1.PeopleService/ListNoticeDeliveries", set(&[Person])),
    users("/trellis.people.v1.PeopleService/DeleteNoticeDelivery", set(&[Person])),
    // Whether two people are one is the network's to decide, whose agency holds them does not matter.
    users("/trellis.people.v1.PeopleService/ListDoubtfulMatches", STEWARDS),
    users("/trellis.people.v1.PeopleService/DecideMatch", STEWARDS),
    users("/trellis.people.v1.PeopleService/MergePeople", STEWARDS),
    users("/trellis.people.v1.PeopleService/UnmergePeople", STEWARDS),
    services("/trellis.people.v1.PeopleFactsService/ResolveSignIns"),
    services("/trellis.people.v1.PeopleFactsService/CheckRegistrations"),
    services("/trellis.people.v1.PeopleFactsService/CheckAges"),
    services("/trellis.people.v1.PeopleFactsService/CheckPreferences"),
    services("/trellis.people.v1.PeopleFactsService/InviteSupporter"),
    services("/trellis.people.v1.PeopleFactsService/DismissSupporter"),
    // Staff prepare a consent; only the person's side gives or takes it.
    users("/trellis.consent.v1.ConsentService/DraftConsent", CARE_AND_PRIVACY.union(PRINCIPALS)),
    users("/trellis.consent.v1.ConsentService/SignConsent", PRINCIPALS),
    // Signed by hand: staff have seen it, or heard it said.
    users("/trellis.consent.v1.ConsentService/RecordSignedConsent", CARE_AND_PRIVACY),
    users("/trellis.consent.v1.ConsentService/RevokeConsent", CARE_AND_PRIVACY.union(PRINCIPALS)),
    // A mistake is the person's to tell, or theirs who recorded it: not one more thing that is done on
    // the person's behalf.
    users(
        "/trellis.consent.v1.ConsentService/MarkConsentEnteredInError",
        CARE_AND_PRIVACY.union(set(&[Person])),
    ),
    // Any agency that a consent names may know it, whatever its sector. Not supporters.
    users("/trellis.consent.v1.ConsentService/GetConsent", STAFF.union(PRINCIPALS)),
    users("/trellis.consent.v1.ConsentService/ListConsents", STAFF.union(PRINCIPALS)),
    users("/trellis.consent.v1.ConsentService/GetConsentReceipt", STAFF.union(PRINCIPALS)),
    users("/trellis.consent.v1.ConsentService/WatchConsents", STAFF),
    users("/trellis.consent.v1.ConsentService/AcknowledgeRevocation", STAFF),
    // Why: for the person, and for who answers for the disclosures of what is explained.
    users("/trellis.consent.v1.ConsentService/Explain", OFFICERS.union(PRINCIPALS)),
    // Asked for by the person, answered for by who answers for the agency's disclosures.
    users("/trellis.consent.v1.ConsentService/RequestRestriction", PRINCIPALS),
    users("/trellis.consent.v1.ConsentService/DecideRestriction", OFFICERS.union(PRINCIPALS)),
    users("/trellis.consent.v1.ConsentService/ListRestrictions", OFFICERS.union(PRINCIPALS)),
    // Medical personnel declare (42 CFR 2.51); privacy officers review.
    users("/trellis.consent.v1.ConsentService/DeclareEmergency", set(&[Medical])),
    users("/trellis.consent.v1.ConsentService/ReviewEmergency", OFFICERS),
    users("/trellis.consent.v1.ConsentService/ListEmergencies", OFFICERS.union(PRINCIPALS)),
    users("/trellis.consent.v1.ConsentService/WatchEmergencies", OFFICERS),
    // Orders are served on the agency; its privacy officer accepts them.
    users(
        "/trellis.consent.v1.ConsentService/RecordCourtOrder",
        OFFICERS.union(set(&[AgencyAdmin])),
    ),
    users("/trellis.consent.v1.ConsentService/AcceptCourtOrder", OFFICERS),
    users("/trellis.consent.v1.ConsentService/ListCourtOrders", OFFICERS.union(PRINCIPALS)),
    services("/trellis.consent.v1.FactsService/GetFacts"),
    services("/trellis.consent.v1.FactsService/WatchFacts"),
    services("/trellis.consent.v1.FactsService/WatchPersonEvents"),
    services("/trellis.consent.v1.FactsService/LinkPeople"),
    // Both sides of a referral work with the person.
    users("/trellis.referrals.v1.ReferralsService/CreateReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/CreateSubReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/SuggestServices", CARE),
    users("/trellis.referrals.v1.ReferralsService/SendReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/AcceptReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/RejectReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/StartReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/HoldReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/ResumeReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/CompleteReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/FailReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/CancelReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/ReopenReferral", CARE),
    users("/trellis.referrals.v1.ReferralsService/MarkEnteredInError", CARE),
    users("/trellis.referrals.v1.ReferralsService/RecordContact", CARE),
    // A referral is the person's to take or leave.
    users("/trellis.referrals.v1.ReferralsService/RespondToReferral", PRINCIPALS),
    users("/trellis.referrals.v1.ReferralsService/AddFeedback", CARE.union(PRINCIPALS)),
    // Numbers without people.
    users(
        "/trellis.referrals.v1.ReferralsService/GetReferralReport",
        NETWORK.union(set(&[AgencyAdmin, PrivacyOfficer])),
    ),
    users("/trellis.referrals.v1.ReferralsService/WatchReferrals", CARE),
    // Whither an agency's own systems are told is its administrators' to say.
    users("/trellis.referrals.v1.ReferralsService/RegisterWebhook", set(&[AgencyAdmin])),
    users("/trellis.referrals.v1.ReferralsService/RotateWebhookSecret", set(&[AgencyAdmin])),
    users("/trellis.referrals.v1.ReferralsService/ReplayWebhook", set(&[AgencyAdmin])),
    users("/trellis.referrals.v1.ReferralsService/DeleteWebhook", set(&[AgencyAdmin])),
    users("/trellis.referrals.v1.ReferralsService/GetWebhook", set(&[AgencyAdmin])),
    users("/trellis.referrals.v1.ReferralsService/ListWebhooks", set(&[AgencyAdmin])),
    users("/trellis.referrals.v1.ReferralsService/GetReferral", CARE_AND_PRIVACY.union(PRINCIPALS)),
    users(
        "/trellis.referrals.v1.ReferralsService/ListReferrals",
        CARE_AND_PRIVACY.union(PRINCIPALS),
    ),
    services("/trellis.notes.v1.NoteFactsService/LocateNotes"),
    // A note is written, signed and amended by those who give the care.
    users("/trellis.notes.v1.NotesService/CreateNote", CARE),
    users("/trellis.notes.v1.NotesService/UpdateDraft", CARE),
    users("/trellis.notes.v1.NotesService/SignNote", CARE),
    users("/trellis.notes.v1.NotesService/CosignNote", SUPERVISORS),
    users("/trellis.notes.v1.NotesService/AmendNote", CARE),
    users("/trellis.notes.v1.NotesService/AppendNote", CARE),
    users("/trellis.notes.v1.NotesService/MarkEnteredInError", CARE_AND_PRIVACY),
    // A lawful block is a licensed decision (45 CFR 164.524(a)(3)); whoever answers for the records may end it. Its
    // review is the person's to ask for.
    users("/trellis.notes.v1.NotesService/BlockRelease", LICENSED),
    users("/trellis.notes.v1.NotesService/LiftBlock", LICENSED.union(OFFICERS)),
    users("/trellis.notes.v1.NotesService/RequestBlockReview", set(&[Person])),
    users("/trellis.notes.v1.NotesService/ListBlockReviews", LICENSED.union(OFFICERS)),
    users("/trellis.notes.v1.NotesService/DecideBlockReview", LICENSED),
    // An amendment is the person's to ask for, and so are statements; it is answered for by those who answer for
    // what notes say.
    users("/trellis.notes.v1.NotesService/RequestAmendment", set(&[Person])),
    users(
        "/trellis.notes.v1.NotesService/ListAmendmentRequests",
        SUPERVISORS.union(OFFICERS).union(set(&[Person])),
    ),
    users("/trellis.notes.v1.NotesService/ExtendAmendment", SUPERVISORS.union(OFFICERS)),
    users("/trellis.notes.v1.NotesService/DecideAmendment", SUPERVISORS.union(OFFICERS)),
    users("/trellis.notes.v1.NotesService/AddStatement", set(&[Person])),
    users("/trellis.notes.v1.NotesService/GetNote", READERS),
    users("/trellis.notes.v1.NotesService/ListNoteVersions", READERS),
    users("/trellis.notes.v1.NotesService/ListNotes", READERS),
    // It knows of nobody, and is for those who label what they write.
    users("/trellis.notes.v1.NotesService/SuggestLabels", CARE),
    users("/trellis.notes.v1.NotesService/SearchNotes", READERS),
    users("/trellis.notes.v1.NotesService/WatchNotes", READERS),
    // Who has read a note is a reader's own to say; nobody says it for them.
    users("/trellis.notes.v1.NotesService/AcknowledgeNote", READING_SELF),
    users("/trellis.notes.v1.NotesService/ListAcknowledgements", READING_SELF),
    // Words that become part of the custodian's record: who may write them is decided on the note. It is answered
    // by those who give the care.
    users("/trellis.notes.v1.NotesService/AskQuestion", CARE_AND_PRIVACY.union(set(&[Person]))),
    users("/trellis.notes.v1.NotesService/AnswerQuestion", CARE),
    users("/trellis.notes.v1.NotesService/ListQuestions", READING_SELF),
    users("/trellis.notes.v1.NotesService/ListUnread", READING_SELF),
    users("/trellis.notes.v1.NotesService/PutAttachment", CARE),
    users("/trellis.notes.v1.NotesService/GetAttachment", READERS),
    users("/trellis.notes.v1.NotesService/ListAttachments", READERS),
    // The plan is the person's own: they alone write it and say who reads it. Whom they share it with works with
    // people, or is of their circle.
    users("/trellis.recovery.v1.RecoveryService/GetPlan", BESIDE.union(set(&[Person]))),
    users("/trellis.recovery.v1.RecoveryService/UpdateSection", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/ListSectionVersions", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/ShareSection", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/UnshareSection", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/ListShares", set(&[Person])),
    // So is their circle.
    users("/trellis.recovery.v1.RecoveryService/AddSupporter", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/UpdateSupporter", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/EndSupporter", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/ListSupporters", set(&[Person])),
    // A suggestion is made without reading anything, and the person decides.
    users("/trellis.recovery.v1.RecoveryService/Contribute", BESIDE),
    users("/trellis.recovery.v1.RecoveryService/DecideContribution", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/ListContributions", BESIDE.union(set(&[Person]))),
    users("/trellis.recovery.v1.RecoveryService/CreateGoal", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/UpdateGoal", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/ListGoals", BESIDE.union(set(&[Person]))),
    // A task is the person's; who is asked for it says whether they do it.
    users("/trellis.recovery.v1.RecoveryService/CreateTask", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/UpdateTask", set(&[Person, Supporter])),
    users("/trellis.recovery.v1.RecoveryService/ListTasks", set(&[Person, Supporter])),
    // A decision is of the person and who works with them; whom the person shares it with reads it.
    users("/trellis.recovery.v1.RecoveryService/RecordDecision", CARE.union(set(&[Person]))),
    users("/trellis.recovery.v1.RecoveryService/ConfirmDecision", CARE),
    users("/trellis.recovery.v1.RecoveryService/ListDecisions", BESIDE.union(set(&[Person]))),
    // What can be asked is about nobody.
    users("/trellis.recovery.v1.RecoveryService/ListInstruments", BESIDE.union(set(&[Person]))),
    users("/trellis.recovery.v1.RecoveryService/PrepareCheckIn", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/RecordCheckIn", set(&[Person])),
    // A caregiver answers of themself, as a person.
    users("/trellis.recovery.v1.RecoveryService/RecordCaregiverCheckIn", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/ListCheckIns", BESIDE.union(set(&[Person]))),
    users("/trellis.recovery.v1.RecoveryService/GetProgress", set(&[Person])),
    // All that there is of a person is for them alone, and not for who acts for them.
    users("/trellis.recovery.v1.RecoveryService/GetMyRecord", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/ExportMyRecord", set(&[Person])),
    // By whom a crisis plan is activated is the person's to set; those call for it whom they chose.
    users("/trellis.recovery.v1.RecoveryService/SetCrisisRules", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/GetCrisis", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/ActivateCrisisPlan", set(&[Supporter])),
    users("/trellis.recovery.v1.RecoveryService/DeactivateCrisisPlan", set(&[Person, Supporter])),
    users("/trellis.recovery.v1.RecoveryService/ListCrises", BESIDE),
    // A plan for work is the person's; who works on it records what they do.
    users("/trellis.recovery.v1.RecoveryService/UpdateEmploymentPlan", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/GetEmploymentPlan", BESIDE.union(set(&[Person]))),
    users("/trellis.recovery.v1.RecoveryService/SetEmploymentSpecialist", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/EndEmploymentSpecialist", set(&[Person])),
    users("/trellis.recovery.v1.RecoveryService/RecordEmploymentStep", CARE.union(set(&[Person]))),
    users(
        "/trellis.recovery.v1.RecoveryService/MarkEmploymentStepInError",
        CARE.union(set(&[Person])),
    ),
    users("/trellis.recovery.v1.RecoveryService/ListEmploymentSteps", BESIDE.union(set(&[Person]))),
    // Numbers without people.
    users(
        "/trellis.recovery.v1.RecoveryService/GetEmploymentReport",
        set(&[AgencyAdmin, PrivacyOfficer]),
    ),
    services("/trellis.notes.v1.NoteFactsService/WatchPersonEvents"),
    services("/trellis.recovery.v1.RecoveryFactsService/WatchPersonEvents"),
    // The accounting is the person's own (42 CFR 2.24, 45 CFR 164.528).
    users("/trellis.audit.v1.AuditService/ListDisclosures", set(&[Person])),
    users("/trellis.audit.v1.AuditService/ListRecipients", set(&[Person])),
    // What an agency's own staff did, and what was asked of its own records (45 CFR 164.308(a)(1)(ii)(D)).
    users("/trellis.audit.v1.AuditService/ListAccessEvents", OFFICERS),
    users("/trellis.audit.v1.AuditService/ListAnomalies", OFFICERS),
    users("/trellis.audit.v1.AuditService/ReviewAnomaly", OFFICERS),
    users("/trellis.audit.v1.AuditService/PlaceLegalHold", HOLDS),
    users("/trellis.audit.v1.AuditService/LiftLegalHold", HOLDS),
    users("/trellis.audit.v1.AuditService/ListLegalHolds", HOLDS),
    // The custodian documents what law enforcement stated (45 CFR 164.528(a)(2)(ii)).
    users("/trellis.audit.v1.AuditService/SuspendAccounting", OFFICERS),
    users("/trellis.audit.v1.AuditService/EndAccountingSuspension", OFFICERS),
    users("/trellis.audit.v1.AuditService/ListAccountingSuspensions", OFFICERS),
    // Heads tell nothing about anybody, and are for whoever keeps watch (45 CFR 164.312(c)).
    users("/trellis.audit.v1.AuditService/GetTreeHead", WATCH),
    users("/trellis.audit.v1.AuditService/GetConsistencyProof", WATCH),
    users("/trellis.audit.v1.AuditService/GetInclusionProof", set(&[Person])),
    services("/trellis.audit.v1.LedgerService/FollowLedger"),
    services("/trellis.audit.v1.LedgerService/GetLedgerHead"),
    services("/trellis.audit.v1.LedgerService/GetLedgerInclusion"),
    services("/trellis.audit.v1.LedgerService/GetLedgerConsistency"),
    services("/trellis.audit.v1.ServedService/WatchServed"),
];
