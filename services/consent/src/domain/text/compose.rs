//! What a text says, and in which order, for every language.

mod rule;

use std::fmt::Display;

use kernel::{AgencyId, Instant};
use policy::{Consent, ConsentType, Grantor};
use uuid::Uuid;

use super::{
    Catalogue, Language, Names,
    catalogue::{Join, Party, Replaced, Sentence, Voice},
};

/// A language, and what people call agencies.
pub(in crate::domain) struct Say<'a> {
    pub words: &'static dyn Catalogue,
    names: Option<&'a dyn Names>,
}

impl<'a> Say<'a> {
    pub fn new(language: Language, voice: Voice, names: &'a dyn Names) -> Self {
        Self { words: language.catalogue(voice), names: Some(names) }
    }

    /// Leaves every name and id out.
    pub fn nameless(language: Language, voice: Voice) -> Self {
        Self { words: language.catalogue(voice), names: None }
    }

    pub fn paragraphs(&self, draft: &Consent, superseded: &[&Consent]) -> Vec<String> {
        let (effect, kind) = (draft.rule.effect, draft.kind);
        let say = |sentence: Sentence<'_>| self.words.sentence(sentence);
        let mut all = vec![self.words.title(kind, effect).to_owned()];
        all.extend(draft.acting().map(|grantor| self.acting(grantor, draft)));
        all.extend(draft.description.as_deref().map(|text| say(Sentence::Description(text))));
        all.push(self.rule(&draft.rule, kind));
        if let Some(first) = draft.exceptions.first() {
            all.push(say(Sentence::Exceptions(first.effect)));
        }
        all.extend(draft.exceptions.iter().enumerate().map(|(index, rule)| {
            format!("{} {}", say(Sentence::Exception(index + 1)), self.rule(rule, kind))
        }));
        let begins = draft.effective.map(|at| self.words.date(at));
        all.push(say(Sentence::Begins(begins.as_deref())));
        all.push(self.end(draft.expires));
        all.extend(superseded.iter().map(|old| self.replaced(old)));
        if draft.statements.right_to_revoke {
            all.push(self.right_to_revoke(draft));
        }
        if draft.statements.redisclosure {
            all.push(say(Sentence::Redisclosure));
        }
        if draft.statements.refusal_consequences {
            all.push(say(Sentence::RefusalConsequences));
        }
        all.push(say(Sentence::Signature(effect)));
        all
    }

    /// Who signs for the person, by what authority, and whether the person does, too.
    fn acting(&self, grantor: &Grantor, draft: &Consent) -> String {
        let mut who = self.words.sentence(Sentence::Acting(grantor.relationship));
        if draft.signers().count() > 1 {
            who = format!("{who} {}", self.words.sentence(Sentence::Beside));
        }
        let Some(authority) = &grantor.authority else { return who };
        // What was written on paper may name somebody; what this network has on record is an id.
        let on_record = authority.strip_prefix("representatives/").filter(|id| is_id(id));
        let named = on_record.map(|_| self.id(authority));
        format!("{who} {}", self.words.sentence(Sentence::Authority(named.as_deref())))
    }

    pub fn end(&self, expires: Option<Instant>) -> String {
        let at = expires.map(|at| self.words.date(at));
        self.words.sentence(Sentence::Ends(at.as_deref()))
    }

    pub fn right_to_revoke(&self, consent: &Consent) -> String {
        let right = self.words.sentence(Sentence::RightToRevoke(consent.rule.effect));
        match (consent.kind, consent.revocable_after) {
            (ConsentType::CriminalJustice, Some(at)) => {
                let at = self.words.date(at);
                format!("{right} {}", self.words.sentence(Sentence::NoEarlier(&at)))
            }
            _ => right,
        }
    }

    fn replaced(&self, old: &Consent) -> String {
        let signed = old.signature.as_ref().and_then(|s| s.signed_at);
        self.words.sentence(Sentence::Replaces(Replaced {
            effect: old.rule.effect,
            voice: Voice::of(old),
            signed: signed.map(|at| self.words.date(at)).as_deref(),
            holders: &self.disclosers(&old.rule),
            receivers: &self.recipients(old.rule.recipients.as_ref()),
            had_exceptions: !old.exceptions.is_empty(),
        }))
    }

    fn agency(&self, id: &AgencyId) -> String {
        self.names.map(|names| names.agency(id)).unwrap_or_default()
    }

    fn id(&self, id: impl Display) -> String {
        self.names.map(|_| id.to_string()).unwrap_or_default()
    }

    /// "a, b and c"; nobody where there is none.
    fn list(&self, all: impl IntoIterator<Item = String>, join: Join) -> String {
        let mut all: Vec<String> = all.into_iter().collect();
        match (all.pop(), all.is_empty()) {
            (None, _) => self.words.party(Party::Nobody),
            (Some(last), true) => last,
            (Some(last), false) => {
                format!("{} {} {last}", all.join(", "), self.words.join(join, &last))
            }
        }
    }
}

fn is_id(text: &str) -> bool {
    Uuid::parse_str(text).is_ok_and(|id| id.to_string() == text)
}
