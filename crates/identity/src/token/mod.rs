//! A token's form and claims. The signature is verified with the key's own algorithm through
//! jsonwebtoken's primitive, and every other check is here, against the injected clock: the
//! library's own checks read the machine's clock and are lenient by default.

mod b2b;
mod claims;
mod compact;

use time::Duration;

pub use claims::plain_text;
pub(crate) use claims::{Claims, Trust, Window, network_trust};
pub(crate) use compact::{Compact, bearer};

/// Between two machines' clocks.
pub const LEEWAY: Duration = Duration::seconds(5);
/// A user's token may not claim to live longer.
pub const MAX_LIFETIME: Duration = Duration::hours(24);
/// Nor a service's.
pub const MAX_SERVICE_LIFETIME: Duration = Duration::minutes(10);
/// Before anything of it is looked at.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// `iss` of service tokens.
pub const NETWORK_ISSUER: &str = "trellis:network";

/// Why a token does not stand: a fixed phrase for the trace, never for the answer.
pub(crate) type Refused = &'static str;
