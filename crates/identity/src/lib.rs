//! From a token to a [`Caller`]. This crate is the only maker of `Caller`: whoever holds one holds
//! a token that was verified, an agency that was bound and active, a principal that was not suspended,
//! and a role that the RPC admits.
//!
//! A request meets, in this order: the table of [`ADMISSION`], the token's form, its signature by
//! a key of its own issuer, its claims, the agency's binding, the principal's standing, the roles, the
//! purposes. Nothing of the body is read before that, and every bad token gets one and the same answer.

mod admission;
mod authenticator;
mod bearer;
mod bindings;
mod caller;
mod config;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod issue;
mod json;
mod keys;
mod layer;
mod principal;
mod start;
mod token;

pub use admission::{ADMISSION, Admit, Row, admitted};
pub use authenticator::Authenticator;
pub use bearer::Bearer;
pub use bindings::{AgencyBindings, Binding, PrincipalStanding};
pub use caller::{Caller, CallerKind, Proofed};
pub use config::{Asserts, ConfigError, IdentityConfig, IssuerConfig, JwsAlgorithm, KeysConfig};
pub use error::{AuthError, DOMAIN};
pub use issue::{DEV_ISSUER, DevIssuer, IssueError, Mint, NetworkKeys, ServiceTokens, SigningKey};
pub use layer::{Auth, AuthLayer};
pub use principal::{Named, Principal};
pub use start::{StartError, prepare_crypto};
pub use token::{
    LEEWAY, MAX_LIFETIME, MAX_SERVICE_LIFETIME, MAX_TOKEN_BYTES, NETWORK_ISSUER, plain_text,
};

/// The metadata key that narrows a token's purposes.
pub const PURPOSE_OF_USE: &str = "purpose-of-use";
