//! Notes: states, versions, files, who sees what is not final.

mod amendments;
mod attachment;
mod contact;
mod event;
mod labels;
mod links;
mod note;
mod reading;
mod rights;
mod search;
mod state;
mod suggest;
mod types;

pub use amendments::{
    Amendment, Decided, MAX_BESIDE, MAX_OPEN, MAX_OWN, OWN_WITHIN, Outcome, Over, Statement,
    TO_DECIDE,
};
pub use attachment::{Attachment, Look, MOST_FILES, MOST_PARTS, PART_BYTES, Unlike};
pub use contact::Contact;
pub use event::{Event, News};
pub use labels::{Labelled, Labels, Mislabelled, Sent, Sights, added, drafted, in_parts, sight};
pub use links::{Irreconcilable, Links, carried, drafted_from, still_derived};
pub use note::{
    Content, MAX_BYTES, MAX_SECTIONS, MAX_VERSIONS, Mistake, Note, PERSON, Section, Seer,
    Signature, Version, VersionKind, digest, hats, is_author, of_its_unit, seen_by,
};
pub use reading::{Acknowledgement, MAX_QUESTIONS, Question, Waiting};
pub use rights::{Beside, Block, LONGEST_BLOCK, Review, Verdict, Words};
pub use search::{MARKS, Piece, folded, piece, query};
pub use state::{Hat, MOVES, Reach, Refused, Signing, State, Verb};
pub use suggest::{Range, bare, dotted, ranges, suggested};
pub use types::{CONTACT_CHARS, CONTACT_SECTIONS, PERSON_STATEMENT, Type, of_health};
