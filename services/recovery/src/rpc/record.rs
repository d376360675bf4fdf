//! All that there is of a person, read part by part and page by page. The parts that other services keep are
//! asked for with the caller's own token: each of them authenticates, decides and records as ever, and nothing
//! here has a power of its own.

mod asked;
mod detail;
mod open;
mod outcome;
mod parts;
mod reading;
mod withheld;

pub(super) use asked::Asked;
pub(super) use reading::Reading;
