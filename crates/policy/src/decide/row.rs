//! The table of consents that count.

use kernel::Class;

use crate::{
    Facets,
    codes::ConsentType,
    ground::Ground,
    standing::{AgencyAsk, Permit},
};

/// The table of consents that count; the first row that applies decides alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    VictimService,
    CounselingNote,
    Proceedings,
    AnythingElse,
}

impl Row {
    pub(crate) fn of(ask: &AgencyAsk<'_>, class: Class, facets: &Facets) -> Self {
        if facets.victim_service {
            Self::VictimService
        } else if class == Class::CounselingNote {
            Self::CounselingNote
        } else if facets.part2 && ask.is_for_proceedings() {
            Self::Proceedings
        } else {
            Self::AnythingElse
        }
    }

    pub(crate) fn counts(self, kind: ConsentType) -> bool {
        match self {
            Self::VictimService => kind == ConsentType::VictimServicesRelease,
            Self::CounselingNote => kind == ConsentType::CounselingNotes,
            Self::Proceedings => kind == ConsentType::Proceedings,
            Self::AnythingElse => kind != ConsentType::CounselingNotes,
        }
    }

    /// The ground where no consent that counts is on file.
    pub(crate) fn missing(self) -> Ground {
        match self {
            Self::VictimService => Ground::ReleaseRequired,
            Self::CounselingNote => Ground::CounselingConsentRequired,
            Self::Proceedings => Ground::OrderRequired,
            Self::AnythingElse => Ground::NothingOnFile,
        }
    }

    /// The first stage that `permit` fails, if any. `covers`: whether it covers the record.
    pub(crate) fn lacks(
        self,
        ask: &AgencyAsk<'_>,
        permit: &Permit<'_>,
        facets: &Facets,
        covers: impl FnOnce() -> bool,
    ) -> Option<Ground> {
        let unnamed =
            self == Self::VictimService && !permit.rule.names_agency(&ask.recipient.agency.id);
        // A release names its recipient; one that does not fails there, if it gets that far.
        let lacks = if unnamed {
            Some(permit.lacks.unwrap_or(Ground::Recipient).max(Ground::Recipient))
        } else {
            permit.lacks
        };
        let named = || !facets.part2 || permit.rule.names_parties_and_purpose();
        lacks.or_else(|| (!covers() || !named()).then_some(Ground::Record))
    }
}
