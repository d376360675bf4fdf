//! The contract in Rust: generated messages, clients and servers, the descriptor set, the checks
//! that the contract's annotations ask for, and conversions. Nothing else.

mod codec;
#[cfg(feature = "domain")]
pub mod convert;
mod limits;
mod requests;
mod validate;

pub use codec::MAX_PARTS;
pub use requests::written_once;
pub use trellis::{audit, common, consent, directory, notes, people, recovery, referrals};
pub use validate::{Violation, validate};

/// The encoded descriptor set of the whole contract, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The domain of every `google.rpc.ErrorInfo`.
pub const ERROR_DOMAIN: &str = "trellis";

#[allow(clippy::all, clippy::indexing_slicing)] // generated
mod trellis {
    macro_rules! packages {
        ($($name:ident),+) => {$(
            pub mod $name {
                pub mod v1 {
                    include!(concat!(env!("OUT_DIR"), "/trellis.", stringify!($name), ".v1.rs"));
                }
            }
        )+};
    }
    packages!(audit, common, consent, directory, notes, people, recovery, referrals);
}

#[allow(clippy::all, clippy::expect_used, clippy::unwrap_used, unused)] // generated
mod generated_validation {
    use super::trellis;
    include!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
}
