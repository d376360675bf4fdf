//! The text that a person is shown for signing, made from what the consent says. What is said, and
//! in which order, is here; how it is said is each language's catalogue.

mod english;

use kernel::{AgencyId, Instant};
use policy::{Consent, ConsentType, Effect, Rule};
use sha2::{Digest as _, Sha256};

/// A language that texts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
}

/// What people call an agency.
pub trait Names {
    fn agency(&self, id: &AgencyId) -> String;
}

/// One thing to say.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Message<'a> {
    Title(ConsentType, Effect),
    /// The drafter's own words.
    Description(&'a str),
    Rule {
        rule: &'a Rule,
        kind: ConsentType,
    },
    /// What is different from the rule before.
    Exceptions(Effect),
    Exception {
        number: usize,
        rule: &'a Rule,
        kind: ConsentType,
    },
    /// None: with the signature.
    Begins(Option<Instant>),
    Ends(Option<Instant>),
    /// A consent that this one replaces.
    Replaces(&'a Consent),
    RightToRevoke {
        effect: Effect,
        no_earlier: Option<Instant>,
    },
    Redisclosure,
    RefusalConsequences,
    Signature(Effect),
}

/// How a language says things.
trait Catalogue {
    fn say(&self, message: &Message<'_>, names: &dyn Names) -> String;
}

/// The text of a draft. `superseded`: what it replaces.
pub fn write(
    language: Language,
    draft: &Consent,
    superseded: &[&Consent],
    names: &dyn Names,
) -> String {
    let catalogue: &dyn Catalogue = match language {
        Language::English => &english::English,
    };
    let said: Vec<String> =
        outline(draft, superseded).iter().map(|message| catalogue.say(message, names)).collect();
    said.join("\n\n") + "\n"
}

/// SHA-256 of the text's UTF-8, in hexadecimal.
pub fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

fn outline<'a>(draft: &'a Consent, superseded: &[&'a Consent]) -> Vec<Message<'a>> {
    let effect = draft.rule.effect;
    let kind = draft.kind;
    let mut all = vec![Message::Title(kind, effect)];
    all.extend(draft.description.as_deref().map(Message::Description));
    all.push(Message::Rule { rule: &draft.rule, kind });
    if let Some(first) = draft.exceptions.first() {
        all.push(Message::Exceptions(first.effect));
    }
    all.extend(draft.exceptions.iter().enumerate().map(|(index, rule)| Message::Exception {
        number: index + 1,
        rule,
        kind,
    }));
    all.push(Message::Begins(draft.effective));
    all.push(Message::Ends(draft.expires));
    all.extend(superseded.iter().map(|old| Message::Replaces(old)));
    if draft.statements.right_to_revoke {
        let no_earlier = match kind {
            ConsentType::CriminalJustice => draft.revocable_after,
            _ => None,
        };
        all.push(Message::RightToRevoke { effect, no_earlier });
    }
    if draft.statements.redisclosure {
        all.push(Message::Redisclosure);
    }
    if draft.statements.refusal_consequences {
        all.push(Message::RefusalConsequences);
    }
    all.push(Message::Signature(effect));
    all
}
