//! Codes of this service's own, in the order of the contract's.

kernel::codes! {
    /// What was wrong with a consent that was entered in error.
    Mistake {
        WrongPerson = "WRONG_PERSON",
        WrongTerms = "WRONG_TERMS",
        NotSigned = "NOT_SIGNED",
        SignedUnintended = "SIGNED_UNINTENDED",
        Duplicate = "DUPLICATE",
    }

    /// What happened to a consent. Of all but its signing agencies say that they have heard.
    Happening {
        Signed = "SIGNED",
        Revoked = "REVOKED",
        EnteredInError = "ENTERED_IN_ERROR",
        Superseded = "SUPERSEDED",
    }
}
