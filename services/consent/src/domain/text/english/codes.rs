//! English words for codes.

use kernel::{Action, Class, Confidentiality, Kind, Purpose, Sensitivity};
use policy::{ConsentType, Effect};

use super::English;
use crate::domain::text::catalogue::Codes;

impl Codes for English {
    fn title(&self, kind: ConsentType, effect: Effect) -> &'static str {
        match (effect, kind) {
            (Effect::Deny, _) => self.0.says(
                "My refusal to share my records",
                "My refusal, for the person I act for, to share their records",
            ),
            (_, ConsentType::General) => self.0.says(
                "My consent to share my records",
                "My consent, for the person I act for, to share their records",
            ),
            (_, ConsentType::Tpo) => self.0.says(
                "My consent to share my records for treatment, payment and health care \
                     operations",
                "My consent, for the person I act for, to share their records for \
                     treatment, payment and health care operations",
            ),
            (_, ConsentType::CounselingNotes) => self.0.says(
                "My consent to share counseling notes",
                "My consent, for the person I act for, to share counseling notes",
            ),
            (_, ConsentType::CriminalJustice) => self.0.says(
                "My consent to share my records with the criminal justice system",
                "My consent, for the person I act for, to share their records with the \
                     criminal justice system",
            ),
            (_, ConsentType::Proceedings) => self.0.says(
                "My consent to use my records in legal proceedings",
                "My consent, for the person I act for, to use their records in legal \
                     proceedings",
            ),
            (_, ConsentType::VictimServicesRelease) => self.0.says(
                "My release of victim service records",
                "My release, for the person I act for, of victim service records",
            ),
            (_, ConsentType::Research) => self.0.says(
                "My consent to use my records for research",
                "My consent, for the person I act for, to use their records for research",
            ),
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
            Purpose::PatientRequest => self.0.says("my own request", "this person's own request"),
            Purpose::FamilyRequest => {
                self.0.says("my family's request", "the request of this person's family")
            }
            Purpose::PowerOfAttorney => self
                .0
                .says("the request of who acts for me", "the request of who acts for this person"),
            Purpose::SupportNetwork => {
                self.0.says("my support network", "this person's support network")
            }
            Purpose::PublicHealth => "public health",
            Purpose::LegalProceeding => self.0.says(
                "legal proceedings, which may be against me",
                "legal proceedings, which may be against this person",
            ),
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
            Kind::Profile => self.0.says(
                "my profile (name, address, how to reach me)",
                "this person's profile (name, address, how to reach them)",
            ),
            Kind::PlanSection => self.0.says("my own plan", "this person's own plan"),
            Kind::Support => self.0.says("my circle of support", "this person's circle of support"),
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
            Sensitivity::Prs => self.0.says(
                "what I asked to keep especially private",
                "what this person asked to keep especially private",
            ),
        }
    }
}
