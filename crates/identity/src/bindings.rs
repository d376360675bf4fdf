//! The directory's word on who speaks for an agency, asked at every request and never cached here:
//! a suspension must not wait for a token to end.

use kernel::AgencyId;

/// What the directory says of an agency, an issuer and a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// The agency is active, and this client of this issuer speaks for it.
    Bound,
    /// It does, but the agency is suspended.
    Suspended,
    /// It does not, or there is no such agency.
    NotBound,
    /// The directory has not been heard for too long to say.
    Stale,
}

/// Kept by a follower of the directory.
pub trait AgencyBindings: Send + Sync + 'static {
    fn check(&self, agency: &AgencyId, issuer: &str, client_id: &str) -> Binding;
}

impl<T: AgencyBindings + ?Sized> AgencyBindings for std::sync::Arc<T> {
    fn check(&self, agency: &AgencyId, issuer: &str, client_id: &str) -> Binding {
        (**self).check(agency, issuer, client_id)
    }
}
