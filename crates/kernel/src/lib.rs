//! The words that every other crate shares: typed identifiers, the codes of the field's standards,
//! the clock as a parameter, and what a connection proves. No I/O, nothing async.

mod clock;
mod codes;
mod connection;
mod ids;
mod set;
mod text;

pub use clock::{Clock, ManualClock, SystemClock};
pub use codes::{
    Action, AgencyStatus, Class, Confidentiality, Kind, Purpose, Role, Sector, Sensitivity,
    UnknownCode,
};
pub use connection::{Connection, PeerCertificate};
pub use ids::{
    AgencyId, CareTeamId, ConsentId, EpisodeId, PersonId, PractitionerId, RecordId, Subject,
};
pub use set::{Code, CodeSet};
pub use text::{changes_direction, is_blank, is_unseen, is_within_words};
pub use time::OffsetDateTime as Instant;
