//! What an accounting is made of: events in their ledger's order, and how they read to the person.

mod access;
mod anomaly;
mod disclosure;
mod explain;
mod recipient;
mod sequence;
mod served;

pub use access::Access;
pub use anomaly::{AnomalyKind, AnomalyOutcome, TIMES, USUAL_DAYS, counted, explain_anomaly};
pub use disclosure::{Basis, CallerKind, Collection, Disclosure, codes};
pub use explain::explain;
pub use recipient::{Recipient, explain_recipient, told_since};
pub use sequence::{Alarm, Entry, Told, fresh};
pub use served::served;
