//! The texts in plain Spanish as it is spoken in the United States. "Este" and "aquel" are the
//! document, so that no sentence depends on whether it is a consent or a refusal.

mod codes;
mod syllables;

use kernel::Instant;
use policy::{Effect, RecipientClass, Relationship};
use time::Month;

use super::{
    catalogue::{
        Catalogue, Condition, Join, NotIncluded, Party, Replaced, RuleWords, Sentence, Voice,
    },
    reading::Counted,
};

pub(super) struct Spanish(pub Voice);

impl Catalogue for Spanish {
    /// "Y" is "e" before the sound of i, and "o" is "u" before that of o.
    fn join(&self, join: Join, next: &str) -> &'static str {
        let next = next.to_lowercase();
        let mut sound = next.strip_prefix('h').unwrap_or(&next).chars();
        match (join, sound.next(), sound.next()) {
            // But "y hielo": here i is a consonant.
            (Join::And, Some('i'), Some('a' | 'e' | 'o' | 'u')) => "y",
            (Join::And, Some('i' | 'í'), _) => "e",
            (Join::And, ..) => "y",
            (Join::Or, Some('o' | 'ó'), _) => "u",
            (Join::Or, ..) => "o",
        }
    }

    fn date(&self, at: Instant) -> String {
        let at = at.to_offset(time::UtcOffset::UTC);
        let (day, month, year) = (at.day(), month(at.month()), at.year());
        format!("{day} de {month} de {year}, {:02}:{:02} UTC", at.hour(), at.minute())
    }

    fn rule(&self, effect: Effect) -> RuleWords {
        match effect {
            Effect::Permit => RuleWords {
                lead: self
                    .0
                    .says("Permito lo siguiente:", "Por esta persona, permito lo siguiente:"),
                sharing: "Quién puede compartir",
                receiving: "Quién puede recibir",
                doing: "Qué se puede hacer",
                any_action: "leer los expedientes",
                any_purpose: "cualquier fin, menos mercadeo, investigación científica y procesos \
                              legales",
                any_subject: "también los de temas delicados",
                what_for: "Para qué",
                which: "Qué expedientes",
                not_included: "No incluye",
            },
            Effect::Deny => RuleWords {
                lead: self
                    .0
                    .says("Prohíbo lo siguiente:", "Por esta persona, prohíbo lo siguiente:"),
                sharing: "A quién prohíbo compartir",
                receiving: "A quién prohíbo recibir",
                doing: "Qué prohíbo hacer",
                any_action: "cualquier cosa con los expedientes",
                any_purpose: "cualquier fin",
                any_subject: "traten de lo que traten",
                what_for: "Para qué",
                which: "Qué expedientes",
                not_included: "No incluye",
            },
        }
    }

    fn party(&self, party: Party<'_>) -> String {
        match party {
            Party::AnyDiscloser => {
                "cualquier agencia de esta red que tenga esos expedientes".to_owned()
            }
            Party::AnyRecipient => "cualquier agencia de esta red".to_owned(),
            Party::Nobody => "nadie".to_owned(),
            Party::Practitioner { who, agency } => format!("{who} de {agency}"),
            Party::CareTeam(id) => format!("el equipo de atención {id}"),
            Party::Class(RecipientClass::Tpo) => {
                let providers = self.0.says(
                    "mis proveedores de tratamiento",
                    "los proveedores de tratamiento de esta persona",
                );
                format!(
                    "{providers}, los planes de salud, los terceros que pagan y las personas que \
                     ayudan a operar este programa"
                )
            }
        }
    }

    fn condition(&self, condition: Condition<'_>) -> String {
        match condition {
            Condition::AnyKind => "expedientes de todo tipo que tengan las agencias".to_owned(),
            Condition::Classes(classes) => format!("de estas clases: {classes}"),
            Condition::Confidentialities(levels) => {
                format!("con estos niveles de confidencialidad: {levels}")
            }
            Condition::Subjects(Effect::Permit, about) => {
                format!("solo los que tratan de {about}, y de ningún otro tema delicado")
            }
            Condition::Subjects(Effect::Deny, about) => {
                format!("los que tratan de {about}, y los que no dicen de qué tratan")
            }
            Condition::WrittenBy(authors) => format!("escritos por {authors}"),
            Condition::Episodes(ids) => format!("de estos episodios de atención: {ids}"),
            Condition::Alone(ids) => format!("solo estos: {ids}"),
            Condition::WrittenFrom(from) => format!("escritos el {from}, o después"),
            Condition::WrittenBefore(until) => format!("escritos antes del {until}"),
            Condition::WrittenBetween(from, until) => {
                format!("escritos desde el {from}, hasta el {until}")
            }
        }
    }

    fn not_included(&self, what: NotIncluded) -> &'static str {
        match what {
            NotIncluded::CounselingNotes => "notas de consejería",
            NotIncluded::CounselingNotesAndVictimServices => {
                "notas de consejería, ni expedientes de proveedores de servicios a víctimas"
            }
        }
    }

    fn sentence(&self, sentence: Sentence<'_>) -> String {
        match sentence {
            Sentence::Acting(who) => format!(
                "Firmo esto como {} de la persona de quien son estos expedientes. Abajo, \"esta \
                 persona\" es ella.",
                relationship(who)
            ),
            Sentence::Beside => "Esta persona lo firma conmigo.".to_owned(),
            Sentence::Authority(Some(name)) => format!("Mi autoridad para firmar: {name}."),
            Sentence::Authority(None) => {
                "Mi autoridad para firmar consta junto a esto.".to_owned()
            }
            Sentence::Description(text) => format!("De qué se trata: {text}"),
            Sentence::Exceptions(Effect::Deny) => {
                "Excepciones. Aun así, lo siguiente sigue prohibido:".to_owned()
            }
            Sentence::Exceptions(Effect::Permit) => {
                "Excepciones. Aun así, lo siguiente sigue permitido:".to_owned()
            }
            Sentence::Exception(number) => format!("Excepción {number}."),
            Sentence::Begins(None) => "Comienza cuando yo lo firme.".to_owned(),
            Sentence::Begins(Some(at)) => {
                format!("Comienza el {at}, o cuando yo lo firme si eso es después.")
            }
            Sentence::Ends(None) => self
                .0
                .says(
                    "No tiene fin, a menos que yo lo revoque.",
                    "No tiene fin, a menos que se revoque.",
                )
                .to_owned(),
            Sentence::Ends(Some(at)) => format!("Termina el {at}."),
            Sentence::Replaces(old) => replaces(self.0, old),
            Sentence::RightToRevoke(effect) if self.0 == Voice::Acting => {
                acting_right_to_revoke(effect).to_owned()
            }
            Sentence::RightToRevoke(Effect::Permit) => {
                "Mi derecho a revocar: puedo revocar esto en cualquier momento, desde mi propia \
                 cuenta o avisando a una agencia nombrada aquí. Desde entonces no se comparte nada \
                 más por este consentimiento. Lo que ya se compartió no se puede recuperar."
                    .to_owned()
            }
            Sentence::RightToRevoke(Effect::Deny) => {
                "Mi derecho a revocar: puedo terminar esta negativa en cualquier momento, desde mi \
                 propia cuenta o avisando a una agencia nombrada aquí. Desde entonces ya no \
                 mantiene nada cerrado."
                    .to_owned()
            }
            Sentence::NoEarlier(at) => {
                format!("Una revocación tiene efecto no antes del {at} (42 CFR 2.35).")
            }
            Sentence::Redisclosure => "Quienes reciban lo que se comparte por este consentimiento \
                pueden compartirlo otra vez, según lo permita la ley, y entonces puede dejar de \
                estar protegido de la misma manera."
                .to_owned(),
            Sentence::RefusalConsequences => {
                "No tengo que firmar. Me dijeron qué pasa si no firmo, y qué no depende de mi firma."
                    .to_owned()
            }
            Sentence::Signature(Effect::Permit) => self
                .0
                .says("Al firmar, acepto todo esto.", "Al firmar, acepto todo esto por esta persona.")
                .to_owned(),
            Sentence::Signature(Effect::Deny) => self
                .0
                .says(
                    "Al firmar, me niego como se dice aquí.",
                    "Al firmar, me niego por esta persona como se dice aquí.",
                )
                .to_owned(),
        }
    }

    fn syllables(&self, word: &str) -> u32 {
        syllables::count(word)
    }

    /// Crawford's grade level (Alan N. Crawford 1989, "Fórmula y gráfico para determinar la
    /// comprensibilidad de textos de nivel primario en castellano"): from sentences and syllables
    /// per 100 words, and made for the grades of primary school.
    fn grade(&self, Counted { sentences, words, syllables }: Counted) -> f64 {
        let per_100 = |number: f64| 100.0 * number / words;
        -0.205 * per_100(sentences) + 0.049 * per_100(syllables) - 3.407
    }
}

fn month(month: Month) -> &'static str {
    match month {
        Month::January => "enero",
        Month::February => "febrero",
        Month::March => "marzo",
        Month::April => "abril",
        Month::May => "mayo",
        Month::June => "junio",
        Month::July => "julio",
        Month::August => "agosto",
        Month::September => "septiembre",
        Month::October => "octubre",
        Month::November => "noviembre",
        Month::December => "diciembre",
    }
}

fn relationship(who: Relationship) -> &'static str {
    match who {
        Relationship::SelfSigned => "representante",
        Relationship::Parent => "madre o padre",
        Relationship::Guardian => "tutora o tutor legal",
        Relationship::PersonalRepresentative => "representante personal",
        Relationship::Relative => "familiar",
    }
}

/// The person may, and so may who acts for them by then.
fn acting_right_to_revoke(effect: Effect) -> &'static str {
    match effect {
        Effect::Permit => {
            "El derecho a revocar: esta persona puede revocar esto en cualquier momento, desde su \
             propia cuenta o avisando a una agencia nombrada aquí. Mientras yo actúe por ella, yo \
             también. Desde entonces no se comparte nada más por este consentimiento. Lo que ya se \
             compartió no se puede recuperar."
        }
        Effect::Deny => {
            "El derecho a revocar: esta persona puede terminar esta negativa en cualquier momento, \
             desde su propia cuenta o avisando a una agencia nombrada aquí. Mientras yo actúe por \
             ella y no se me oculte nada, yo también. Desde entonces ya no mantiene nada cerrado."
        }
    }
}

fn replaces(voice: Voice, old: Replaced<'_>) -> String {
    let Replaced { effect, voice: before, signed, holders, receivers, had_exceptions } = old;
    let by = match (voice, before) {
        (Voice::Own, Voice::Own) => "que firmé el",
        (Voice::Own, Voice::Acting) => "que se firmó por mí el",
        (Voice::Acting, _) => "que se firmó el",
    };
    let when = signed.map(|at| format!(" {by} {at},")).unwrap_or_default();
    let even_if = voice.says("aunque yo revoque este después", "aunque este se revoque después");
    let signed_by = voice.says("que yo haya firmado", "que se haya firmado");
    match effect {
        Effect::Permit => {
            let mut said = format!(
                "Reemplaza el consentimiento{when} que permitía a {holders} compartir con \
                 {receivers}. Desde que este comienza, aquel ya no cuenta, {even_if}."
            );
            if had_exceptions {
                said += " Lo que aquel prohibía como excepción ya no queda prohibido por él, y \
                         puede compartirse otra vez por este y por cualquier otro ";
                said += signed_by;
                said.push('.');
            }
            said
        }
        Effect::Deny => format!(
            "Reemplaza la negativa{when} que prohibía a {holders} compartir con {receivers}. \
             Mientras este está en vigor, esa negativa no cuenta: lo que mantenía cerrado puede \
             compartirse otra vez, por este y por cualquier otro consentimiento {signed_by}. \
             Cuando este termine, la negativa vuelve a contar."
        ),
    }
}

#[cfg(test)]
mod tests;
