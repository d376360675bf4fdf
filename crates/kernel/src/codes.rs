//! Codes as the standards spell them: HL7 v3 ActReason, ActCode and Confidentiality, and this
//! network's own where HL7 has none. The order inside a list is stored as a bit mask and a rank:
//! add at the end, never reorder.

use std::fmt;

use crate::set::CodeSet;

/// A text that is none of a list's codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of the codes of this list")
    }
}
impl std::error::Error for UnknownCode {}

/// Makes a closed list of codes: the enum, its spelling, its parsing and its serde form.
#[macro_export]
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(::serde::Serialize, ::serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $code)] $variant),+ }

        impl $crate::Code for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            fn index(self) -> u32 {
                self as u32
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str($crate::Code::code(*self))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownCode;
            fn from_str(text: &str) -> Result<Self, $crate::UnknownCode> {
                <Self as $crate::Code>::parse(text).ok_or($crate::UnknownCode)
            }
        }
    )+};
}

codes! {
    /// Why a caller asks: v3 ActReason, and three of this network's own.
    Purpose {
        Treat = "TREAT",
        EmergencyTreat = "ETREAT",
        BreakTheGlass = "BTG",
        CoordinationOfCare = "COC",
        CareManagement = "CAREMGT",
        HealthcarePayment = "HPAYMT",
        HealthcareOperations = "HOPERAT",
        HealthcareResearch = "HRESCH",
        PatientRequest = "PATRQT",
        FamilyRequest = "FAMRQT",
        PowerOfAttorney = "PWATRNY",
        SupportNetwork = "SUPNWK",
        PublicHealth = "PUBHLTH",
        LegalProceeding = "HLEGAL",
        Marketing = "HMARKT",
        /// Justice monitoring; this network's own.
        Supervision = "SUPERVISION",
        /// This network's own.
        HousingPlacement = "HOUSING_PLACEMENT",
        /// This network's own.
        EmploymentSupport = "EMPLOYMENT_SUPPORT",
    }

    /// What is asked. Permission for one is never permission for another.
    Action { Read = "READ", Write = "WRITE", Transition = "TRANSITION", Refer = "REFER" }

    /// A role that a token asserts.
    Role {
        Clinician = "CLINICIAN",
        /// May declare an emergency (§2.51).
        Medical = "MEDICAL",
        Counselor = "COUNSELOR",
        CaseManager = "CASE_MANAGER",
        PeerSupporter = "PEER_SUPPORTER",
        Officer = "OFFICER",
        Prosecutor = "PROSECUTOR",
        PrivacyOfficer = "PRIVACY_OFFICER",
        Researcher = "RESEARCHER",
        DataSteward = "DATA_STEWARD",
        Supporter = "SUPPORTER",
        Person = "PERSON",
        Representative = "REPRESENTATIVE",
        AgencyAdmin = "AGENCY_ADMIN",
        NetworkAdmin = "NETWORK_ADMIN",
        Service = "SERVICE",
    }

    /// What kind of record.
    Kind {
        Note = "NOTE",
        Referral = "REFERRAL",
        /// What one agency holds about the person as such: one a custodian.
        Profile = "PROFILE",
        /// The person's own plan; no agency is its custodian.
        PlanSection = "PLAN_SECTION",
        /// The person's own circle; no agency is its custodian.
        Support = "SUPPORT",
    }

    /// The record's class.
    Class {
        General = "GENERAL",
        /// SUD counselling notes (§2.11) and HIPAA psychotherapy notes.
        CounselingNote = "COUNSELING_NOTE",
    }

    /// v3 Confidentiality; the order is the rank.
    Confidentiality {
        Unrestricted = "U",
        Low = "L",
        Moderate = "M",
        Normal = "N",
        Restricted = "R",
        VeryRestricted = "V",
    }

    /// v3 ActCode sensitivities that this network uses.
    Sensitivity {
        Eth = "ETH",
        Sud = "SUD",
        EthUd = "ETHUD",
        OpioidUd = "OPIOIDUD",
        Psy = "PSY",
        Mh = "MH",
        Bh = "BH",
        PsyThPn = "PSYTHPN",
        Sdv = "SDV",
        Vio = "VIO",
        Hiv = "HIV",
        Std = "STD",
        Sex = "SEX",
        Prs = "PRS",
    }

    /// An agency's sector.
    Sector {
        Healthcare = "HEALTHCARE",
        HealthPlan = "HEALTH_PLAN",
        Housing = "HOUSING",
        Justice = "JUSTICE",
        Employment = "EMPLOYMENT",
        Education = "EDUCATION",
        Faith = "FAITH",
        Peer = "PEER",
        Research = "RESEARCH",
        Other = "OTHER",
    }

    /// Whether an agency takes part.
    AgencyStatus { Active = "ACTIVE", Suspended = "SUSPENDED" }
}

impl Sensitivity {
    /// The code itself and all below it in the hierarchy of v3 ActCode:
    /// BH > (MH > PSY, PSYTHPN), (SUD > (ETH > ETHUD, OPIOIDUD)); VIO > SDV.
    pub fn and_below(self) -> CodeSet<Self> {
        use Sensitivity::{Bh, Eth, EthUd, Mh, OpioidUd, Psy, PsyThPn, Sdv, Sud, Vio};
        match self {
            Eth => [Eth, EthUd, OpioidUd].into(),
            Sud => [Sud, Eth, EthUd, OpioidUd].into(),
            Mh => [Mh, Psy, PsyThPn].into(),
            Bh => [Bh, Mh, Psy, PsyThPn, Sud, Eth, EthUd, OpioidUd].into(),
            Vio => [Vio, Sdv].into(),
            other => [other].into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn every_code_round_trips_and_masks_are_stable() {
        for p in Purpose::ALL {
            assert_eq!(p.code().parse(), Ok(*p));
        }
        assert_eq!("treat".parse::<Purpose>(), Err(UnknownCode));
        assert_eq!(Purpose::EmploymentSupport.index(), 17);
        assert_eq!(Sensitivity::Prs.index(), 13);
        assert!(Confidentiality::Unrestricted < Confidentiality::VeryRestricted);
    }

    #[test]
    fn behavioural_health_stands_for_all_under_it() {
        let bh = Sensitivity::Bh.and_below();
        assert!(bh.contains(Sensitivity::EthUd) && bh.contains(Sensitivity::PsyThPn));
        assert!(!bh.contains(Sensitivity::Hiv) && !bh.contains(Sensitivity::Sdv));
    }
}
