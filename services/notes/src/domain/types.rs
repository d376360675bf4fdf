//! Types of notes: who writes them, and what they are where nothing is said of it.

use kernel::{CodeSet, Confidentiality, Role, Sensitivity};

use super::{Labels, Sent};

/// As far as the contract's types differ in more than their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Clinical,
    PeerSupport,
    HousingStability,
    /// Facts, never therapy.
    SupervisionContact,
    /// The person's own words, which no staff touch.
    PersonStatement,
}

/// The contract's number of the person's own statement.
pub const PERSON_STATEMENT: i16 = 10;

/// Sections that a supervision contact may have.
pub const CONTACT_SECTIONS: usize = 3;
/// Characters that each of them may have.
pub const CONTACT_CHARS: usize = 1_000;

impl Type {
    /// By the contract's number.
    pub fn of(number: i32) -> Self {
        match number {
            7 => Self::PeerSupport,
            8 => Self::HousingStability,
            9 => Self::SupervisionContact,
            10 => Self::PersonStatement,
            _ => Self::Clinical,
        }
    }

    /// Whether somebody with these roles writes it. Peer support is never clinical, and whoever supervises needs to
    /// know facts alone.
    pub fn written_by(self, roles: CodeSet<Role>) -> bool {
        let any = |of: &[Role]| of.iter().any(|role| roles.contains(*role));
        let care = any(&[Role::Clinician, Role::Medical, Role::Counselor, Role::CaseManager]);
        match self {
            Self::Clinical | Self::HousingStability => care,
            Self::PeerSupport => any(&[Role::PeerSupporter]),
            // Attendance is reported by who treats, too.
            Self::SupervisionContact => care || any(&[Role::Officer]),
            Self::PersonStatement => false,
        }
    }

    /// Whether it can be a counselling note.
    pub fn counsels(self) -> bool {
        self == Self::Clinical
    }

    /// Its labels where none are stated.
    fn labels(self) -> Option<Labels> {
        let (confidentiality, codes): (_, &[Sensitivity]) = match self {
            Self::Clinical | Self::PersonStatement => return None,
            Self::PeerSupport => (Confidentiality::Restricted, &[Sensitivity::Bh]),
            Self::HousingStability => (Confidentiality::Normal, &[]),
            Self::SupervisionContact => (Confidentiality::Restricted, &[]),
        };
        let sensitivities = codes.iter().copied().collect();
        let confidentiality = Some(confidentiality);
        Some(Labels { confidentiality, sensitivities, ..Labels::default() })
    }

    /// What the note is labelled with: what it says; where neither it nor any section does, what its type does.
    pub fn stated(self, note: Option<Labels>, sent: &[Sent]) -> Option<Labels> {
        let silent = sent.iter().all(|(_, own)| own.is_none());
        note.or_else(|| self.labels().filter(|_| silent))
    }
}

/// Whether labels say something of somebody's health: what is of a Part 2 programme does, whatever else it states.
pub fn of_health(labels: Labels) -> bool {
    let health: CodeSet<Sensitivity> =
        [Sensitivity::Hiv, Sensitivity::Std, Sensitivity::Sex].into();
    labels.part2 || labels.sensitivities.intersects(health.union(Sensitivity::Bh.and_below()))
}

#[cfg(test)]
mod tests {
    use kernel::Code as _;

    use super::*;

    const TYPES: [Type; 5] = [
        Type::Clinical,
        Type::PeerSupport,
        Type::HousingStability,
        Type::SupervisionContact,
        Type::PersonStatement,
    ];

    #[test]
    fn each_role_writes_its_types_and_no_other() {
        use Type::{Clinical, HousingStability, PeerSupport, SupervisionContact};
        let rows: &[(Role, &[Type])] = &[
            (Role::Clinician, &[Clinical, HousingStability, SupervisionContact]),
            (Role::Medical, &[Clinical, HousingStability, SupervisionContact]),
            (Role::Counselor, &[Clinical, HousingStability, SupervisionContact]),
            (Role::CaseManager, &[Clinical, HousingStability, SupervisionContact]),
            (Role::PeerSupporter, &[PeerSupport]),
            (Role::Officer, &[SupervisionContact]),
            (Role::PrivacyOfficer, &[]),
            (Role::Person, &[]),
        ];
        for (role, own) in rows {
            for of in TYPES {
                assert_eq!(of.written_by([*role].into()), own.contains(&of), "{role:?} {of:?}");
            }
        }
        // Two roles together write no more than each of them.
        let both = [Role::PeerSupporter, Role::Officer].into();
        assert!(!Clinical.written_by(both) && !HousingStability.written_by(both));
        assert_eq!((1..=10).filter(|n| Type::of(*n) == Clinical).count(), 6);
        assert_eq!(Type::of(PERSON_STATEMENT.into()), Type::PersonStatement);
    }

    #[test]
    fn what_is_of_health_is_all_but_violence_and_religion() {
        for code in Sensitivity::ALL {
            let one = Labels { sensitivities: [*code].into(), ..Labels::default() };
            let other = [Sensitivity::Sdv, Sensitivity::Vio, Sensitivity::Prs].contains(code);
            assert_eq!(of_health(one), !other, "{code:?}");
        }
        assert!(of_health(Labels { part2: true, ..Labels::default() }));
        assert!(!of_health(Labels { victim_service: true, ..Labels::default() }));
    }
}
