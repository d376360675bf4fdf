//! Notes: states, versions, who sees what is not final.

mod amendments;
mod note;
mod rights;
mod state;

pub use amendments::{
    Amendment, Decided, MAX_BESIDE, MAX_OPEN, Outcome, Over, Statement, TO_DECIDE,
};
pub use note::{
    Content, MAX_BYTES, MAX_SECTIONS, MAX_VERSIONS, Mistake, Note, Section, Signature, Version,
    VersionKind, counsels, hats, is_author, of_its_unit, seen_by, supervises,
};
pub use rights::{Beside, Block, LONGEST_BLOCK, Review, Verdict, Words};
pub use state::{Hat, MOVES, Reach, Refused, Signing, State, Verb};
