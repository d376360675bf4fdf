//! The benchmark's own SQL: the unprotected read, and the rows that it measures with.

mod fill;
mod note;
pub mod notes;
pub mod services;

pub use fill::{audited, fill, open_role, read_records, settings};
pub use note::note;
