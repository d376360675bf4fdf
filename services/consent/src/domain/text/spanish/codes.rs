//! Spanish words for codes.

use kernel::{Action, Class, Confidentiality, Kind, Purpose, Sensitivity};
use policy::{ConsentType, Effect};

use super::Spanish;
use crate::domain::text::catalogue::Codes;

impl Codes for Spanish {
    fn title(&self, kind: ConsentType, effect: Effect) -> &'static str {
        match (effect, kind) {
            (Effect::Deny, _) => "Mi negativa a compartir mis expedientes",
            (_, ConsentType::General) => "Mi consentimiento para compartir mis expedientes",
            (_, ConsentType::Tpo) => {
                "Mi consentimiento para compartir mis expedientes para tratamiento, pago y \
                 operaciones de atención médica"
            }
            (_, ConsentType::CounselingNotes) => {
                "Mi consentimiento para compartir notas de consejería"
            }
            (_, ConsentType::CriminalJustice) => {
                "Mi consentimiento para compartir mis expedientes con el sistema de justicia penal"
            }
            (_, ConsentType::Proceedings) => {
                "Mi consentimiento para usar mis expedientes en procesos legales"
            }
            (_, ConsentType::VictimServicesRelease) => {
                "Mi autorización para compartir expedientes de servicios a víctimas"
            }
            (_, ConsentType::Research) => {
                "Mi consentimiento para usar mis expedientes en investigación científica"
            }
        }
    }

    fn purpose(&self, code: Purpose) -> &'static str {
        match code {
            Purpose::Treat => "tratamiento",
            Purpose::EmergencyTreat => "tratamiento de emergencia",
            Purpose::BreakTheGlass => "acceso en una emergencia",
            Purpose::CoordinationOfCare => "coordinación de la atención",
            Purpose::CareManagement => "gestión de la atención",
            Purpose::HealthcarePayment => "pago",
            Purpose::HealthcareOperations => "operaciones de atención médica",
            Purpose::HealthcareResearch => "investigación científica",
            Purpose::PatientRequest => "lo que yo pida",
            Purpose::FamilyRequest => "lo que pida mi familia",
            Purpose::PowerOfAttorney => "lo que pida quien actúa por mí",
            Purpose::SupportNetwork => "mi red de apoyo",
            Purpose::PublicHealth => "salud pública",
            Purpose::LegalProceeding => "procesos legales, que pueden ser en mi contra",
            Purpose::Marketing => "mercadeo",
            Purpose::Supervision => "supervisión del sistema de justicia",
            Purpose::HousingPlacement => "encontrar vivienda",
            Purpose::EmploymentSupport => "apoyo con el trabajo",
        }
    }

    fn action(&self, code: Action) -> &'static str {
        match code {
            Action::Read => "leer los expedientes",
            Action::Write => "cambiar los expedientes",
            Action::Transition => "atender los referidos",
            Action::Refer => "recibir referidos",
        }
    }

    fn kind(&self, code: Kind) -> &'static str {
        match code {
            Kind::Note => "notas",
            Kind::Referral => "referidos",
            Kind::Profile => "mi perfil (nombre, dirección, cómo comunicarse conmigo)",
            Kind::PlanSection => "mi propio plan",
            Kind::Support => "mi círculo de apoyo",
        }
    }

    fn class(&self, code: Class) -> &'static str {
        match code {
            Class::General => "expedientes generales",
            Class::CounselingNote => "notas de consejería",
        }
    }

    fn confidentiality(&self, code: Confidentiality) -> &'static str {
        match code {
            Confidentiality::Unrestricted => "sin restricción",
            Confidentiality::Low => "bajo",
            Confidentiality::Moderate => "moderado",
            Confidentiality::Normal => "normal",
            Confidentiality::Restricted => "restringido",
            Confidentiality::VeryRestricted => "muy restringido",
        }
    }

    fn sensitivity(&self, code: Sensitivity) -> &'static str {
        match code {
            Sensitivity::Eth => "consumo de sustancias",
            Sensitivity::Sud => "trastorno por consumo de sustancias y su tratamiento",
            Sensitivity::EthUd => "trastorno por consumo de alcohol",
            Sensitivity::OpioidUd => "trastorno por consumo de opioides",
            Sensitivity::Psy => "condiciones psiquiátricas",
            Sensitivity::Mh => "salud mental",
            Sensitivity::Bh => "salud conductual (salud mental y consumo de sustancias)",
            Sensitivity::PsyThPn => "notas de psicoterapia",
            Sensitivity::Sdv => "violencia doméstica",
            Sensitivity::Vio => "violencia",
            Sensitivity::Hiv => "VIH/sida",
            Sensitivity::Std => "infecciones de transmisión sexual",
            Sensitivity::Sex => "sexualidad y salud reproductiva",
            Sensitivity::Prs => "lo que pedí mantener especialmente privado",
        }
    }
}
