//! The directory's word on who speaks for an agency and who is suspended, asked at every request and never
//! cached here: a suspension must not wait for a token to end.

use kernel::AgencyId;

use crate::Principal;

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

/// What the directory says of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalStanding {
    /// Nobody has suspended it.
    Good,
    /// It is suspended, or was when the directory was last heard.
    Suspended,
    /// The directory has not been heard for too long to say.
    Stale,
}

/// Kept by a follower of the directory.
pub trait AgencyBindings: Send + Sync + 'static {
    fn check(&self, agency: &AgencyId, issuer: &str, client_id: &str) -> Binding;

    /// Of a caller who is each of these principals, and speaks for this agency if for any.
    fn standing(&self, principals: &[Principal], agency: Option<&AgencyId>) -> PrincipalStanding;
}

impl<T: AgencyBindings + ?Sized> AgencyBindings for std::sync::Arc<T> {
    fn check(&self, agency: &AgencyId, issuer: &str, client_id: &str) -> Binding {
        (**self).check(agency, issuer, client_id)
    }

    fn standing(&self, principals: &[Principal], agency: Option<&AgencyId>) -> PrincipalStanding {
        (**self).standing(principals, agency)
    }
}
