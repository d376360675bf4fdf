//! The text that is shown for signing, made from what the consent says, in the words of who signs:
//! the person, or who acts for them. What is said, and in which order, is in [`compose`]; a language
//! supplies words and sentences, and is one module.

mod catalogue;
mod compose;
mod english;
mod reading;
mod spanish;

use kernel::AgencyId;
use policy::Consent;
use sha2::{Digest as _, Sha256};

use catalogue::Catalogue;
pub use catalogue::Voice;
pub(super) use compose::Say;
pub use reading::grade;

/// A language that texts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    Spanish,
}

impl Language {
    pub const ALL: &'static [Self] = &[Self::English, Self::Spanish];

    /// BCP 47, the language alone.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// By the primary subtag of a BCP 47 tag, in whatever case; none where no texts are written in
    /// that language.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::ALL.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    fn catalogue(self, voice: Voice) -> &'static dyn Catalogue {
        match (self, voice) {
            (Self::English, Voice::Own) => &english::English(Voice::Own),
            (Self::English, Voice::Acting) => &english::English(Voice::Acting),
            (Self::Spanish, Voice::Own) => &spanish::Spanish(Voice::Own),
            (Self::Spanish, Voice::Acting) => &spanish::Spanish(Voice::Acting),
        }
    }
}

/// What people call an agency.
pub trait Names {
    fn agency(&self, id: &AgencyId) -> String;
}

/// The text of a draft. `superseded`: what it replaces.
pub fn write(
    language: Language,
    draft: &Consent,
    superseded: &[&Consent],
    names: &dyn Names,
) -> String {
    joined(&Say::new(language, Voice::of(draft), names), draft, superseded)
}

/// The US school grade that the text of a draft asks for. Names don't count: neither the person nor
/// we can make them shorter.
pub fn reading_level(language: Language, draft: &Consent, superseded: &[&Consent]) -> f32 {
    grade(language, &joined(&Say::nameless(language, Voice::of(draft)), draft, superseded))
}

fn joined(say: &Say<'_>, draft: &Consent, superseded: &[&Consent]) -> String {
    say.paragraphs(draft, superseded).join("\n\n") + "\n"
}

/// SHA-256 of the text's UTF-8, in hexadecimal.
pub fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
pub(super) mod tests;
