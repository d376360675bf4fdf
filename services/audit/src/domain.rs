//! What an accounting is made of: events in their ledger's order, and how they read to the person.

mod disclosure;
mod explain;
mod sequence;
mod served;

pub use disclosure::{Basis, CallerKind, Collection, Disclosure, codes};
pub use explain::explain;
pub use sequence::{Alarm, Entry, fresh};
pub use served::served;
