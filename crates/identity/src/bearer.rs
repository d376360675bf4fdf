//! The token of a call, for those RPCs that ask other services on behalf of who called.

use std::fmt;

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use crate::{AuthError, PURPOSE_OF_USE};

/// A verified caller's own token, and the purposes to which the call narrowed it. It is there where the
/// table of admission says that the RPC passes it on, and nowhere else. It goes to services of this
/// network, which verify it as if the caller had come to them; nobody reads it, and Debug does not show it.
#[derive(Clone)]
pub struct Bearer {
    authorization: HeaderValue,
    purposes: Vec<HeaderValue>,
}

impl Bearer {
    /// `authorization` as it came.
    pub(crate) fn new(mut authorization: HeaderValue, headers: &HeaderMap) -> Self {
        // HTTP/2 does not index it, and Debug of the headers does not show it.
        authorization.set_sensitive(true);
        Self { authorization, purposes: headers.get_all(PURPOSE_OF_USE).iter().cloned().collect() }
    }

    /// That of this request, put there by [`crate::AuthLayer`].
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, AuthError> {
        request.extensions().get::<Self>().cloned().ok_or(AuthError::Unauthenticated)
    }

    /// Puts it on a call to another service, in place of whatever identity is there.
    pub fn put(&self, headers: &mut HeaderMap) {
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.remove(PURPOSE_OF_USE);
        for purpose in &self.purposes {
            headers.append(PURPOSE_OF_USE, purpose.clone());
        }
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")
    }
}
