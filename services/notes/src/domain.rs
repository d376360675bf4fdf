//! Notes: states, versions, files, who sees what is not final.

mod attachment;
mod note;
mod state;

pub use attachment::{Attachment, Look, MOST_FILES, MOST_PARTS, PART_BYTES, Unlike};
pub use note::{
    Content, MAX_BYTES, MAX_SECTIONS, MAX_VERSIONS, Mistake, Note, Section, Signature, Version,
    VersionKind, counsels, hats, is_author, seen_by, supervises,
};
pub use state::{Hat, MOVES, Reach, Refused, Signing, State, Verb};
