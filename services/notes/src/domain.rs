//! Notes: states, versions, who sees a draft.

mod note;
mod state;

pub use note::{Content, Note, Section, seen_by};
pub use state::State;
