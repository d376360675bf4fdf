//! The codes that a decision speaks in, beside the kernel's.

use kernel::codes;

codes! {
    /// What kind of consent; it decides which records the consent counts for.
    ConsentType {
        General = "GENERAL",
        /// Treatment, payment and operations (§2.31(a)).
        Tpo = "TPO",
        /// SUD counselling notes and psychotherapy notes, and nothing else (§2.31(b)).
        CounselingNotes = "COUNSELING_NOTES",
        /// §2.35.
        CriminalJustice = "CRIMINAL_JUSTICE",
        /// Civil, criminal, administrative or legislative proceedings (§2.31(d)).
        Proceedings = "PROCEEDINGS",
        /// The written, time-limited release of a victim-service provider (VAWA).
        VictimServicesRelease = "VICTIM_SERVICES_RELEASE",
        Research = "RESEARCH",
    }

    /// Where a consent stands.
    ConsentStatus {
        Draft = "DRAFT",
        Active = "ACTIVE",
        /// Withdrawn before use or entered in error: never in force.
        Inactive = "INACTIVE",
        Revoked = "REVOKED",
    }

    /// What a rule does where it matches.
    Effect { Permit = "PERMIT", Deny = "DENY" }

    /// A class of recipients.
    RecipientClass {
        /// Any agency that is a covered entity.
        Tpo = "TPO",
    }

    /// Who signs, seen from the person.
    Relationship {
        SelfSigned = "SELF",
        Parent = "PARENT",
        Guardian = "GUARDIAN",
        PersonalRepresentative = "PERSONAL_REPRESENTATIVE",
        /// May not sign.
        Relative = "RELATIVE",
    }

    /// How a consent was signed.
    SignatureMethod { Electronic = "ELECTRONIC", WetInk = "WET_INK", Paper = "PAPER" }

    /// Where a restriction stands.
    RestrictionStatus { Requested = "REQUESTED", Agreed = "AGREED", Ended = "ENDED" }

    /// Why a restriction was asked for.
    RestrictionReason {
        /// Binds towards health plans from the request on (164.522(a)(1)(vi), §2.26).
        PaidInFull = "PAID_IN_FULL",
        Preference = "PREFERENCE",
    }

    /// Whether anything is visible.
    Outcome { Permit = "PERMIT", Deny = "DENY" }

    /// What opens a record; a record's basis is the first of this order that opens it.
    BasisKind {
        Share = "SHARE",
        Custodian = "CUSTODIAN",
        /// The person themself.
        SelfAccess = "SELF",
        Representative = "REPRESENTATIVE",
        /// §2.51.
        Emergency = "EMERGENCY",
        /// §§2.61-2.67.
        CourtOrder = "COURT_ORDER",
        Consent = "CONSENT",
    }

    /// Why a decision is DENY.
    Reason {
        ContextMissing = "CONTEXT_MISSING",
        /// An alarm: the facts make no sense, so nothing is opened.
        EvaluationError = "EVALUATION_ERROR",
        AgencySuspended = "AGENCY_SUSPENDED",
        EmergencyDocumentationMissing = "EMERGENCY_DOCUMENTATION_MISSING",
        DeniedByDirective = "DENIED_BY_DIRECTIVE",
        Restricted = "RESTRICTED",
        VictimServicesReleaseRequired = "VICTIM_SERVICES_RELEASE_REQUIRED",
        CounselingNotesConsentRequired = "COUNSELING_NOTES_CONSENT_REQUIRED",
        ProceedingsNeedOrder = "PROCEEDINGS_NEED_ORDER",
        WithheldFromPerson = "WITHHELD_FROM_PERSON",
        NoActiveConsent = "NO_ACTIVE_CONSENT",
        RecordNotCovered = "RECORD_NOT_COVERED",
        ActionNotPermitted = "ACTION_NOT_PERMITTED",
        PurposeNotPermitted = "PURPOSE_NOT_PERMITTED",
        RecipientNotCovered = "RECIPIENT_NOT_COVERED",
        ConsentExpired = "CONSENT_EXPIRED",
        ConsentNotYetEffective = "CONSENT_NOT_YET_EFFECTIVE",
        ConsentRevoked = "CONSENT_REVOKED",
    }

    /// What the recipient of a disclosure must get or do.
    Obligation {
        /// The notice of §2.32 goes with the reply.
        Part2Notice = "PART2_NOTICE",
        /// A copy of the consent, or a clear explanation of its scope (§2.32).
        ConsentCopy = "CONSENT_COPY",
        /// A privacy officer reviews the emergency access (§2.51(c)).
        EmergencyReview = "EMERGENCY_REVIEW",
        /// A restriction was overridden (164.522(a)(1)(iv)).
        NoFurtherDisclosure = "NO_FURTHER_DISCLOSURE",
    }

    /// What the recipient may do next; the order is the strictness.
    Redisclosure {
        PermittedByLaw = "PERMITTED_BY_LAW",
        /// As HIPAA permits, except in proceedings against the person (§2.33(b)).
        HipaaExceptProceedings = "HIPAA_EXCEPT_PROCEEDINGS",
        Prohibited = "PROHIBITED",
    }

    /// What a part of an explanation is.
    PartKind {
        /// The request itself, or a record that nobody known holds.
        Request = "REQUEST",
        Share = "SHARE",
        Custodian = "CUSTODIAN",
        /// The person themself.
        SelfAccess = "SELF",
        Representative = "REPRESENTATIVE",
        Emergency = "EMERGENCY",
        CourtOrder = "COURT_ORDER",
        /// A PERMIT, root or exception.
        ConsentPermit = "CONSENT_PERMIT",
        /// A DENY, root or exception.
        ConsentDeny = "CONSENT_DENY",
        Restriction = "RESTRICTION",
    }

    /// The first thing that a part of an explanation lacks to open or to refuse.
    Lack {
        /// The request fails, whatever the records and what is on file.
        Request = "REQUEST",
        /// The directory does not know who holds the record.
        HolderUnknown = "HOLDER_UNKNOWN",
        /// This consent, or another of the person, says nothing that can be evaluated.
        CannotBeEvaluated = "CANNOT_BE_EVALUATED",
        /// An exception with the root's own effect.
        Ignored = "IGNORED",
        /// Withdrawn before use, or entered in error.
        NotActive = "NOT_ACTIVE",
        Superseded = "SUPERSEDED",
        Revoked = "REVOKED",
        NotYetEffective = "NOT_YET_EFFECTIVE",
        Expired = "EXPIRED",
        /// A restriction that was ended.
        Ended = "ENDED",
        /// A restriction that nobody agreed to, where it takes that.
        NotAgreed = "NOT_AGREED",
        /// The order that authorises.
        Order = "ORDER",
        /// The subpoena that compels.
        Subpoena = "SUBPOENA",
        /// The custodian's privacy officer has not accepted the order.
        Acceptance = "ACCEPTANCE",
        /// Somebody else is named or meant.
        Recipient = "RECIPIENT",
        /// The caller's agency is no covered entity.
        CoveredEntity = "COVERED_ENTITY",
        /// The caller's role.
        Role = "ROLE",
        Purpose = "PURPOSE",
        Action = "ACTION",
        /// Consents of another type decide about such a record.
        Type = "TYPE",
        /// Only the custodian may send a record.
        Custodian = "CUSTODIAN",
        /// The person's own plan or circle, which only they and whom they share it with may read.
        Own = "OWN",
        /// The record is not among those covered.
        Record = "RECORD",
        /// A person or representative whose sign-in the record's custodian does not vouch for.
        Vouching = "VOUCHING",
        /// The record's release to the person is blocked.
        ReleaseBlock = "RELEASE_BLOCK",
        /// Withheld from the representative.
        Excluded = "EXCLUDED",
        /// An emergency access without its four facts (§2.51(c)).
        Documentation = "DOCUMENTATION",
        /// A PERMIT exception lifts the refusal.
        Lifted = "LIFTED",
        /// A refusal or a restriction stands against it.
        Overridden = "OVERRIDDEN",
        /// Another basis opens the record without it, or in spite of it.
        OtherBasis = "OTHER_BASIS",
    }
}
