//! A note and its words.

use identity::{Caller, CallerKind};
use kernel::{Class, Instant, Role};
use policy::Record;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::State;

/// One part of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    pub title: String,
    pub body: String,
}

/// The words of one version.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    pub sections: Vec<Section>,
    pub sha256: [u8; 32],
}

// Words of a person's record stay out of debug lines.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("sections", &self.sections.len()).finish_non_exhaustive()
    }
}

impl Content {
    /// Each text with its length before it, so that no two notes hash the same bytes.
    pub fn new(sections: Vec<Section>) -> Self {
        let mut hash = Sha256::new();
        for text in sections.iter().flat_map(|s| [&s.title, &s.body]) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        Self { sections, sha256: hash.finalize().into() }
    }
}

/// A note at its present version.
#[derive(Debug, Clone)]
pub struct Note {
    pub record: Record,
    pub note_type: i32,
    pub state: State,
    pub version: i32,
    pub signed_at: Option<Instant>,
    pub row_version: i64,
    pub content: Content,
}

/// What stands before the consent decision: a draft is its author's alone, and a counselling note is,
/// inside its own unit, for its author and for counselors and clinicians (minimum necessary).
pub fn seen_by(caller: &Caller, record: &Record, state: State) -> bool {
    let author = match caller.kind() {
        CallerKind::Staff { agency, practitioner } => record.author.as_ref().is_some_and(|a| {
            a.as_str().split_once('/') == Some((agency.as_str(), practitioner.as_str()))
        }),
        _ => false,
    };
    if author {
        return true;
    }
    let own_unit = caller.agency().is_some() && caller.agency() == record.custodian.as_ref();
    let counsels =
        caller.roles().contains(Role::Counselor) || caller.roles().contains(Role::Clinician);
    let counselling = record.class == Class::CounselingNote;
    state != State::Preliminary && !(counselling && own_unit && !counsels)
}
