//! The words in plain Spanish.

use policy::{BasisKind, Bearing, Lack, PartKind, Reason};

use super::Words;

pub(super) struct Spanish;

impl Words for Spanish {
    fn part(&self, kind: PartKind) -> &'static str {
        match kind {
            PartKind::Request => "La solicitud misma",
            PartKind::Share => "Que usted compartió su propio plan",
            PartKind::Custodian => "Que la agencia guarda el expediente",
            PartKind::SelfAccess => "Que son sus propios expedientes",
            PartKind::Representative => "Que alguien actúa por usted",
            PartKind::Emergency => "Una emergencia médica declarada",
            PartKind::CourtOrder => "Una orden judicial",
            PartKind::ConsentPermit => "Un consentimiento suyo",
            PartKind::ConsentDeny => "Una negativa suya",
            PartKind::Restriction => "Una restricción que usted pidió",
        }
    }

    fn lack(&self, lack: Lack) -> &'static str {
        match lack {
            Lack::Request => "nada en la solicitud misma lo impide",
            Lack::HolderUnknown => "nadie conocido guarda el expediente",
            Lack::CannotBeEvaluated => "algo registrado no se puede evaluar",
            Lack::Ignored => "es una excepción que no cambia nada",
            Lack::NotActive => "nunca estuvo en uso",
            Lack::Superseded => "uno más nuevo lo reemplaza",
            Lack::Revoked => "fue revocado",
            Lack::NotYetEffective => "todavía no ha comenzado",
            Lack::Expired => "ya terminó",
            Lack::Ended => "se le puso fin",
            Lack::NotAgreed => "la agencia no la ha aceptado",
            Lack::Order => "no hay una orden de un tribunal",
            Lack::Subpoena => "no hay una citación con ella",
            Lack::Acceptance => "el oficial de privacidad de la agencia no la ha aceptado",
            Lack::Recipient => "se trata de otra persona o agencia",
            Lack::CoveredEntity => "la agencia no es un proveedor de salud según HIPAA",
            Lack::Role => "se necesita otra función",
            Lack::Purpose => "es para otro propósito",
            Lack::Action => "es para algo distinto de esto",
            Lack::Type => "este expediente pide otro tipo de consentimiento",
            Lack::Custodian => "solo la agencia que guarda un expediente puede enviarlo",
            Lack::Own => "su propio plan se abre solo a quienes usted lo comparte",
            Lack::Record => "no abarca este expediente",
            Lack::Vouching => "la agencia que guarda el expediente no ha confirmado este acceso",
            Lack::ReleaseBlock => "el expediente está retenido por ahora",
            Lack::Excluded => "esto no se muestra a quien actúa por usted",
            Lack::Documentation => "falta lo que la ley pide dejar por escrito",
            Lack::Lifted => "una excepción suya la levanta",
            Lack::Overridden => "una negativa o una restricción suya se opone",
            Lack::OtherBasis => "otra cosa ya lo permite",
        }
    }

    fn basis(&self, basis: BasisKind) -> &'static str {
        match basis {
            BasisKind::Share => "Está permitido: usted compartió esta parte de su plan.",
            BasisKind::Custodian => "Está permitido: la agencia misma guarda este expediente.",
            BasisKind::SelfAccess => "Está permitido: son sus propios expedientes.",
            BasisKind::Representative => "Está permitido: actúa por usted.",
            BasisKind::Emergency => {
                "Está permitido: se declaró una emergencia médica (42 CFR 2.51). Se revisa después."
            }
            BasisKind::CourtOrder => "Está permitido: un tribunal lo ordenó (42 CFR 2.61 a 2.67).",
            BasisKind::Consent => "Está permitido: usted dio su consentimiento.",
        }
    }

    fn reason(&self, reason: Reason) -> &'static str {
        match reason {
            Reason::ContextMissing => "Se niega: no se dijo para qué.",
            Reason::EvaluationError => {
                "Se niega: algo registrado no tiene sentido, y entonces no se abre nada."
            }
            Reason::AgencySuspended => "Se niega: la agencia está suspendida.",
            Reason::EmergencyDocumentationMissing => {
                "Se niega: una emergencia médica no se documentó como pide la ley (42 CFR 2.51)."
            }
            Reason::DeniedByDirective => "Se niega: usted lo prohibió.",
            Reason::Restricted => "Se niega: usted pidió una restricción y está vigente.",
            Reason::VictimServicesReleaseRequired => {
                "Se niega: los expedientes de servicios a víctimas piden su propia autorización."
            }
            Reason::CounselingNotesConsentRequired => {
                "Se niega: las notas de consejería piden su propio consentimiento (42 CFR 2.31(b))."
            }
            Reason::ProceedingsNeedOrder => {
                "Se niega: para un proceso legal hace falta un consentimiento para eso, o una \
                 orden judicial (42 CFR 2.12(d))."
            }
            Reason::WithheldFromPerson => "Se niega: el expediente está retenido.",
            Reason::NoActiveConsent => "Se niega: no hay un consentimiento suyo vigente.",
            Reason::RecordNotCovered => {
                "Se niega: ningún consentimiento suyo abarca este expediente."
            }
            Reason::ActionNotPermitted => "Se niega: su consentimiento es para otra cosa.",
            Reason::PurposeNotPermitted => "Se niega: su consentimiento es para otro propósito.",
            Reason::RecipientNotCovered => "Se niega: su consentimiento nombra a otros.",
            Reason::ConsentExpired => "Se niega: su consentimiento ya terminó.",
            Reason::ConsentNotYetEffective => "Se niega: su consentimiento no ha comenzado.",
            Reason::ConsentRevoked => "Se niega: usted revocó su consentimiento.",
        }
    }

    fn bearing(&self, bearing: Bearing) -> &'static str {
        match bearing {
            Bearing::Opens => "{part} lo permite.",
            Bearing::Refuses => "{part} lo impide.",
            Bearing::WouldOpenBut(_) => "{part} lo permitiría, pero {lack}.",
            Bearing::DoesNotApply(_) => "{part} no lo impide: {lack}.",
        }
    }
}
