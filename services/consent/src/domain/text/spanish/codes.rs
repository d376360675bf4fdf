//! Spanish words for codes.

use kernel::{Action, Class, Confidentiality, Kind, Purpose, Sensitivity};
use policy::{ConsentType, Effect};

use super::Spanish;
use crate::domain::text::catalogue::Codes;

impl Codes for Spanish {
    fn title(&self, kind: ConsentType, effect: Effect) -> &'static str {
        match (effect, kind) {
            (Effect::Deny, _) => self.0.says(
                "Mi negativa a compartir mis expedientes",
                "Mi negativa, por la persona a quien represento, a compartir sus \
                     expedientes",
            ),
            (_, ConsentType::General) => self.0.says(
                "Mi consentimiento para compartir mis expedientes",
                "Mi consentimiento, por la persona a quien represento, para compartir sus \
                     expedientes",
            ),
            (_, ConsentType::Tpo) => self.0.says(
                "Mi consentimiento para compartir mis expedientes para tratamiento, pago \
                     y operaciones de atención médica",
                "Mi consentimiento, por la persona a quien represento, para compartir sus \
                     expedientes para tratamiento, pago y operaciones de atención médica",
            ),
            (_, ConsentType::CounselingNotes) => self.0.says(
                "Mi consentimiento para compartir notas de consejería",
                "Mi consentimiento, por la persona a quien represento, para compartir \
                     notas de consejería",
            ),
            (_, ConsentType::CriminalJustice) => self.0.says(
                "Mi consentimiento para compartir mis expedientes con el sistema de \
                     justicia penal",
                "Mi consentimiento, por la persona a quien represento, para compartir sus \
                     expedientes con el sistema de justicia penal",
            ),
            (_, ConsentType::Proceedings) => self.0.says(
                "Mi consentimiento para usar mis expedientes en procesos legales",
                "Mi consentimiento, por la persona a quien represento, para usar sus \
                     expedientes en procesos legales",
            ),
            (_, ConsentType::VictimServicesRelease) => self.0.says(
                "Mi autorización para compartir expedientes de servicios a víctimas",
                "Mi autorización, por la persona a quien represento, para compartir \
                     expedientes de servicios a víctimas",
            ),
            (_, ConsentType::Research) => self.0.says(
                "Mi consentimiento para usar mis expedientes en investigación científica",
                "Mi consentimiento, por la persona a quien represento, para usar sus \
                     expedientes en investigación científica",
            ),
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
            Purpose::PatientRequest => self.0.says("lo que yo pida", "lo que pida esta persona"),
            Purpose::FamilyRequest => {
                self.0.says("lo que pida mi familia", "lo que pida la familia de esta persona")
            }
            Purpose::PowerOfAttorney => self
                .0
                .says("lo que pida quien actúa por mí", "lo que pida quien actúa por esta persona"),
            Purpose::SupportNetwork => {
                self.0.says("mi red de apoyo", "la red de apoyo de esta persona")
            }
            Purpose::PublicHealth => "salud pública",
            Purpose::LegalProceeding => self.0.says(
                "procesos legales, que pueden ser en mi contra",
                "procesos legales, que pueden ser en contra de esta persona",
            ),
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
            Kind::Profile => self.0.says(
                "mi perfil (nombre, dirección, cómo comunicarse conmigo)",
                "el perfil de esta persona (nombre, dirección, cómo comunicarse con ella)",
            ),
            Kind::PlanSection => self.0.says("mi propio plan", "el propio plan de esta persona"),
            Kind::Support => {
                self.0.says("mi círculo de apoyo", "el círculo de apoyo de esta persona")
            }
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
            Sensitivity::Prs => self.0.says(
                "lo que pedí mantener especialmente privado",
                "lo que esta persona pidió mantener especialmente privado",
            ),
        }
    }
}
