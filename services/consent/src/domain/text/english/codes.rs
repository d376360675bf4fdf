//! English words for codes.

use kernel::{Action, Class, Confidentiality, Kind, Purpose, Sensitivity};
use policy::{ConsentType, Effect};

use super::English;
use crate::domain::text::catalogue::Codes;

impl Codes for English {
    fn title(&self, kind: ConsentType, effect: Effect) -> &'static str {
        match (effect, kind) {
            (Effect::Deny, _) => "My refusal to share my records",
            (_, ConsentType::General) => "My consent to share my records",
            (_, ConsentType::Tpo) => {
                "My consent to share my records for treatment, payment and health care operations"
            }
            (_, ConsentType::CounselingNotes) => "My consent to share counseling notes",
            (_, ConsentType::CriminalJustice) => {
                "My consent to share my records with the criminal justice system"
            }
            (_, ConsentType::Proceedings) => "My consent to use my records in legal proceedings",
            (_, ConsentType::VictimServicesRelease) => "My release of victim service records",
            (_, ConsentType::Research) => "My consent to use my records for research",
        }
    }

    fn purpose(&self, code: Purpose) -> &'static str {
        match code {
            Purpose::Treat => "treatment",
            Purpose::EmergencyTreat => "emergency treatment",
            Purpose::BreakTheGlass => "access in an emergency",
            Purpose::CoordinationOfCare => "coordination of care",
            Purpose::CareManagement => "care management",
            Purpose::HealthcarePayment => "payment",
            Purpose::HealthcareOperations => "health care operations",
            Purpose::HealthcareResearch => "research",
            Purpose::PatientRequest => "my own request",
            Purpose::FamilyRequest => "my family's request",
            Purpose::PowerOfAttorney => "the request of who acts for me",
            Purpose::SupportNetwork => "my support network",
            Purpose::PublicHealth => "public health",
            Purpose::LegalProceeding => "legal proceedings, which may be against me",
            Purpose::Marketing => "marketing",
            Purpose::Supervision => "justice supervision",
            Purpose::HousingPlacement => "finding housing",
            Purpose::EmploymentSupport => "support with work",
        }
    }

    fn action(&self, code: Action) -> &'static str {
        match code {
            Action::Read => "read the records",
            Action::Write => "change the records",
            Action::Transition => "act on referrals",
            Action::Refer => "be sent referrals",
        }
    }

    fn kind(&self, code: Kind) -> &'static str {
        match code {
            Kind::Note => "notes",
            Kind::Referral => "referrals",
            Kind::Profile => "my profile (name, address, how to reach me)",
            Kind::PlanSection => "my own plan",
            Kind::Support => "my circle of support",
        }
    }

    fn class(&self, code: Class) -> &'static str {
        match code {
            Class::General => "general records",
            Class::CounselingNote => "counseling notes",
        }
    }

    fn confidentiality(&self, code: Confidentiality) -> &'static str {
        match code {
            Confidentiality::Unrestricted => "unrestricted",
            Confidentiality::Low => "low",
            Confidentiality::Moderate => "moderate",
            Confidentiality::Normal => "normal",
            Confidentiality::Restricted => "restricted",
            Confidentiality::VeryRestricted => "very restricted",
        }
    }

    fn sensitivity(&self, code: Sensitivity) -> &'static str {
        match code {
            Sensitivity::Eth => "substance use",
            Sensitivity::Sud => "substance use disorder and its treatment",
            Sensitivity::EthUd => "alcohol use disorder",
            Sensitivity::OpioidUd => "opioid use disorder",
            Sensitivity::Psy => "psychiatric conditions",
            Sensitivity::Mh => "mental health",
            Sensitivity::Bh => "behavioral health (mental health and substance use)",
            Sensitivity::PsyThPn => "psychotherapy notes",
            Sensitivity::Sdv => "domestic violence",
            Sensitivity::Vio => "violence",
            Sensitivity::Hiv => "HIV/AIDS",
            Sensitivity::Std => "sexually transmitted infections",
            Sensitivity::Sex => "sexuality and reproductive health",
            Sensitivity::Prs => "what I asked to keep especially private",
        }
    }
}
