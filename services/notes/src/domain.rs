//! Notes: states, versions, files, who sees what is not final.

mod attachment;
mod labels;
mod note;
mod search;
mod state;

pub use attachment::{Attachment, Look, MOST_FILES, MOST_PARTS, PART_BYTES, Unlike};
pub use labels::{Labels, Mislabelled, Sent, Sights, added, drafted, sight};
pub use note::{
    Content, MAX_BYTES, MAX_SECTIONS, MAX_VERSIONS, Mistake, Note, Section, Signature, Version,
    VersionKind, counsels, digest, hats, is_author, seen_by, supervises,
};
pub use search::{MARKS, Piece, folded, piece, query};
pub use state::{Hat, MOVES, Reach, Refused, Signing, State, Verb};
