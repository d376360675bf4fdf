//! A note and its words.

use identity::{Caller, CallerKind};
use kernel::{AgencyId, Class, Instant, PractitionerId, Role};
use policy::Record;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use permit::Sight;

use super::{Contact, Hat, Labels, Links, Reach, Sights, State, sight};

/// One part of a note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    pub title: String,
    pub body: String,
    /// Of the note itself there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addendum: Option<Addendum>,
    /// They are facets, kept beside the words.
    #[serde(skip)]
    pub labels: Labels,
    /// In its stead is said that there is something.
    #[serde(skip)]
    pub withheld: bool,
}

/// Each text with its length before it, so that no two notes hash the same bytes. An addendum begins with what
/// is no length.
fn put(hash: &mut Sha256, section: &Section) {
    fn text(hash: &mut Sha256, text: &str) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    text(hash, &section.title);
    text(hash, &section.body);
    if let Some(Addendum { author, at }) = &section.addendum {
        hash.update(u64::MAX.to_be_bytes());
        text(hash, author.as_str());
        text(hash, &(at.unix_timestamp_nanos() / 1_000).to_string());
    }
}

impl Section {
    pub fn sha256(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        put(&mut hash, self);
        hash.finalize().into()
    }
}

/// What a version is known by: the hash of its sections' hashes. To whom some of them are hidden it is that of
/// the others, which tells nothing of these.
pub fn digest(sections: impl IntoIterator<Item = [u8; 32]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for section in sections {
        hash.update(section);
    }
    hash.finalize().into()
}

/// By whom a part was added to a signed note, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addendum {
    /// agency/practitioner.
    pub author: PractitionerId,
    #[serde(with = "time::serde::rfc3339")]
    pub at: Instant,
}

/// The words of one version.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    pub sections: Vec<Section>,
    /// Of all of them, to see that they are what was written.
    pub sha256: [u8; 32],
    /// Of a supervision contact, for who sees all of them.
    pub contact: Option<Contact>,
}

// Words of a person's record stay out of debug lines.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("sections", &self.sections.len()).finish_non_exhaustive()
    }
}

impl Content {
    pub fn new(sections: Vec<Section>) -> Self {
        let mut hash = Sha256::new();
        for section in &sections {
            put(&mut hash, section);
        }
        Self { sections, sha256: hash.finalize().into(), contact: None }
    }

    #[must_use]
    pub fn with(self, contact: Option<Contact>) -> Self {
        Self { contact, ..self }
    }

    /// What its reader knows it by.
    pub fn digest(&self) -> [u8; 32] {
        let sections = self.sections.iter().filter(|s| !s.withheld).map(Section::sha256);
        digest(sections.chain(self.contact.as_ref().map(Contact::sha256)))
    }

    /// The labels of each section.
    pub fn labels(&self) -> impl Iterator<Item = Labels> {
        self.sections.iter().map(|section| section.labels)
    }

    /// What of it is to be seen: hidden words are not there, and of those of which it may be said, one after the
    /// other, is said once that there is something.
    fn seen(self, sights: &Sights) -> Self {
        let mut seen: Vec<Section> = Vec::new();
        for section in self.sections {
            match sight(sights, section.labels) {
                Sight::Open => seen.push(section),
                Sight::Withheld if !seen.last().is_some_and(|last| last.withheld) => {
                    seen.push(Section { withheld: true, ..Section::default() });
                }
                Sight::Withheld | Sight::Absent => {}
            }
        }
        Self { sections: seen, contact: None, ..self }
    }

    /// These words and, after them, others by somebody.
    pub fn and(self, added: Vec<Section>, author: &PractitionerId, at: Instant) -> Self {
        let by = Addendum { author: author.clone(), at };
        let added = added.into_iter().map(|s| Section { addendum: Some(by.clone()), ..s });
        Self::new(self.sections.into_iter().chain(added).collect()).with(self.contact)
    }

    /// Other words: those of an addendum that are still there stay marked as one.
    #[must_use]
    pub fn changed(self, to: Vec<Section>) -> Self {
        let mut added: Vec<_> =
            self.sections.into_iter().filter(|s| s.addendum.is_some()).collect();
        let marked = to.into_iter().map(|section| {
            let same = |s: &Section| s.title == section.title && s.body == section.body;
            let place = added.iter().position(same);
            let addendum = place.and_then(|place| added.remove(place).addendum);
            Section { addendum, ..section }
        });
        Self::new(marked.collect()).with(self.contact)
    }
}

/// All sections of a note together.
pub const MAX_BYTES: usize = 1024 * 1024;
/// As many as there may be in all.
pub const MAX_SECTIONS: usize = 50;
/// As many as a note may have.
pub const MAX_VERSIONS: i32 = 1_000;

/// A note with the words of one version.
#[derive(Debug, Clone)]
pub struct Note {
    pub record: Record,
    pub note_type: i32,
    pub state: State,
    pub version: i32,
    pub signed_at: Option<Instant>,
    pub row_version: i64,
    /// About how long is what stands beside its words.
    pub beside_bytes: i32,
    pub supervised: bool,
    pub cosigned: Option<Signature>,
    pub error: Option<Mistake>,
    /// Nothing of it is hidden from its reader.
    pub whole: bool,
    pub links: Links,
    pub content: Content,
}

/// The person as the author of a note, in the column: practitioners have a slash.
pub const PERSON: &str = "person";

impl Note {
    /// A draft that is not there yet.
    pub fn new(record: Record, note_type: i32, content: Content) -> Self {
        Self {
            record,
            note_type,
            state: State::Draft,
            version: 1,
            signed_at: None,
            row_version: 1,
            beside_bytes: 0,
            supervised: false,
            cosigned: None,
            error: None,
            whole: true,
            links: Links::default(),
            content,
        }
    }

    /// What its reader sees of it: no word and no label of a hidden section, and nothing of what stands beside
    /// the whole.
    #[must_use]
    pub fn seen(self, sights: &Sights) -> Self {
        // Its sections of now may all be open, and what it was labelled with before not.
        if sights.iter().all(|(_, sight)| *sight == Sight::Open) {
            return self;
        }
        let labels = Labels::distinct(self.content.labels());
        let open = labels.into_iter().filter(|of| sight(sights, *of) == Sight::Open);
        let record = Labels::union(open).unwrap_or_default().on(&self.record);
        let (content, links) = (self.content.seen(sights), Links::default());
        // Why it should not have been is said of the whole, and nobody has labelled it.
        let error = self.error.map(|mistake| Mistake { reason: String::new(), ..mistake });
        Self { record, content, links, error, whole: false, ..self }
    }

    /// Whether anything may stand beside its words, for whoever sees all of them.
    pub fn has_beside(&self) -> bool {
        self.whole && (self.record.release_block.is_some() || self.beside_bytes > 0)
    }
}

/// Who did something to a note, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub by: PractitionerId,
    pub at: Instant,
}

/// That a note should not have been.
#[derive(Clone, PartialEq, Eq)]
pub struct Mistake {
    pub marked: Signature,
    pub reason: String,
}

// Words of a person's record stay out of debug lines.
impl std::fmt::Debug for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mistake").field("marked", &self.marked).finish_non_exhaustive()
    }
}

/// How a version came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionKind {
    Draft,
    Signed,
    Amended,
    Appended,
}

/// A version without its words.
#[derive(Debug, Clone)]
pub struct Version {
    pub number: i32,
    pub kind: VersionKind,
    /// What the note was with it.
    pub state: State,
    pub written: Signature,
    /// Its sections' labels and hashes.
    pub sections: Vec<(Labels, [u8; 32])>,
    /// The hash of the facts of a supervision contact.
    pub contact: Option<[u8; 32]>,
}

/// Those with whom a counselling note stays inside its unit (minimum necessary).
pub fn counsels(caller: &Caller) -> bool {
    [Role::Counselor, Role::Clinician].into_iter().any(|role| caller.roles().contains(role))
}

/// Those who sign for what somebody in training has written.
pub fn supervises(caller: &Caller) -> bool {
    counsels(caller) || caller.roles().contains(Role::Medical)
}

pub fn is_author(caller: &Caller, record: &Record) -> bool {
    match caller.kind() {
        CallerKind::Staff { agency, practitioner } => record.author.as_ref().is_some_and(|a| {
            a.as_str().split_once('/') == Some((agency.as_str(), practitioner.as_str()))
        }),
        _ => false,
    }
}

pub fn of_its_unit(caller: &Caller, record: &Record) -> bool {
    caller.agency().is_some() && caller.agency() == record.custodian.as_ref()
}

/// What the caller is to a note.
pub fn hats(caller: &Caller, record: &Record) -> Vec<Hat> {
    let (author, own) = (is_author(caller, record), of_its_unit(caller, record));
    let roles = caller.roles();
    let keeps = roles.contains(Role::PrivacyOfficer) || roles.contains(Role::Clinician);
    let worn = [
        (Hat::Author, author),
        (Hat::Supervisor, own && !author && supervises(caller)),
        (Hat::Keeper, own && keeps),
        (Hat::Writer, true),
    ];
    worn.into_iter().filter(|(_, wears)| *wears).map(|(hat, _)| hat).collect()
}

/// What [`seen_by`] says of a caller, as values that a list is filtered by.
#[derive(Debug, Clone)]
pub struct Seer {
    /// The caller as an author, who sees drafts of their own.
    pub own: Option<String>,
    /// Inside this unit, what waits for a cosigner is there.
    pub supervises_in: Option<Uuid>,
    /// Inside this unit, counselling notes are for counselors and clinicians.
    pub no_counselling_of: Option<Uuid>,
}

impl Seer {
    pub fn of(caller: &Caller) -> Self {
        let unit = caller.agency().and_then(AgencyId::uuid);
        Self {
            own: caller.agency().map(|agency| format!("{agency}/{}", caller.subject())),
            supervises_in: unit.filter(|_| supervises(caller)),
            no_counselling_of: unit.filter(|_| !counsels(caller)),
        }
    }
}

/// What stands before the consent decision: what is not final is its author's, once signed also
/// those's who may cosign it; and a counselling note is, inside its own unit, for its author and for
/// counselors and clinicians (minimum necessary).
pub fn seen_by(caller: &Caller, record: &Record, reach: Reach) -> bool {
    if is_author(caller, record) {
        return true;
    }
    let own = of_its_unit(caller, record);
    let counselling = record.class == Class::CounselingNote;
    let reached = match reach {
        Reach::Author => false,
        Reach::Supervisors => own && supervises(caller),
        Reach::Shared => true,
    };
    reached && !(counselling && own && !counsels(caller))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(title: &str, body: &str) -> Section {
        let (title, body) = (title.to_owned(), body.to_owned());
        Section { title, body, ..Section::default() }
    }

    #[test]
    fn words_hash_as_ever_and_an_addendum_as_no_other_words() {
        let at = time::macros::datetime!(2040-03-01 12:00 UTC);
        let author = PractitionerId::new("a/b");
        let note = Content::new(vec![section("T", "B")]);
        // Of notes that were written before there was an addendum.
        let old = "51a4a948c892c8c206ef759f1b7fabb0a597059f5df16a81c32c3ec9d4d1f612";
        assert_eq!(hex::encode(note.sha256), old);
        let appended = note.clone().and(vec![section("U", "C")], &author, at);
        assert_eq!(appended.sections[..1], note.sections[..]);
        let micros = (at.unix_timestamp_nanos() / 1_000).to_string();
        let others = [
            Content::new(vec![section("T", "B"), section("U", "C")]),
            Content::new(vec![section("T", "B"), section("U", "C"), section("a/b", &micros)]),
            note.clone().and(vec![section("U", "C")], &PractitionerId::new("a/c"), at),
            note.and(vec![section("U", "C")], &author, at + time::Duration::MICROSECOND),
        ];
        assert!(others.iter().all(|other| other.sha256 != appended.sha256));
        // Through the column and back.
        let json = serde_json::to_vec(&appended.sections).unwrap();
        assert_eq!(Content::new(serde_json::from_slice(&json).unwrap()), appended);
    }

    #[test]
    fn an_addendum_that_comes_back_word_by_word_is_one_still_and_no_other_words_are() {
        let at = time::macros::datetime!(2040-03-01 12:00 UTC);
        let author = PractitionerId::new("a/b");
        let note = Content::new(vec![section("T", "B")]).and(vec![section("U", "C")], &author, at);
        let to = vec![section("U", "C"), section("T", "B"), section("U", "C"), section("U", "D")];
        let changed = note.changed(to.clone());
        let marked: Vec<bool> = changed.sections.iter().map(|s| s.addendum.is_some()).collect();
        assert_eq!(marked, [true, false, false, false]);
        let words = |s: &Section| (s.title.clone(), s.body.clone());
        assert!(changed.sections.iter().map(words).eq(to.iter().map(words)));
    }
}
