//! What goes with a record that is opened.

use kernel::{CodeSet, ConsentId};

use super::Opened;
use crate::{
    Facets,
    codes::{BasisKind, Obligation, Redisclosure},
};

impl Opened {
    pub(super) fn by(basis: BasisKind) -> Self {
        Self {
            basis,
            ids: Vec::new(),
            obligations: CodeSet::EMPTY,
            redisclosure: Redisclosure::PermittedByLaw,
        }
    }

    pub(super) fn by_emergency(
        ids: Vec<ConsentId>,
        facets: &Facets,
        restriction_overridden: bool,
    ) -> Self {
        let mut opened = Self { ids, ..Self::by(BasisKind::Emergency) };
        opened.obligations.insert(Obligation::EmergencyReview);
        if facets.part2 {
            opened.obligations.insert(Obligation::Part2Notice);
            opened.redisclosure = Redisclosure::HipaaExceptProceedings;
        }
        if restriction_overridden {
            opened.obligations.insert(Obligation::NoFurtherDisclosure);
            opened.redisclosure = Redisclosure::Prohibited;
        }
        opened
    }

    pub(super) fn by_consent(
        ids: Vec<ConsentId>,
        facets: &Facets,
        tpo_to_covered_entity: bool,
    ) -> Self {
        let mut opened = Self { ids, ..Self::by(BasisKind::Consent) };
        if facets.part2 {
            // §2.32 with every disclosure; §2.33(b) for what a TPO consent gave a covered entity.
            opened.obligations = [Obligation::Part2Notice, Obligation::ConsentCopy].into();
            opened.redisclosure = if tpo_to_covered_entity {
                Redisclosure::HipaaExceptProceedings
            } else {
                Redisclosure::Prohibited
            };
        }
        if facets.victim_service {
            opened.redisclosure = Redisclosure::Prohibited;
        }
        opened
    }
}
