//! What goes with a call: who, for what, and how long.

use std::{fmt, sync::Arc, time::Duration};

use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::Interceptor,
};

/// Where tokens come from.
#[derive(Clone)]
pub struct TokenSource(Arc<dyn Fn() -> Result<String, TokenError> + Send + Sync>);

/// There is no token now. It must not say what a token holds.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no token: {0}")]
pub struct TokenError(pub String);

impl TokenSource {
    /// One token, as long as it lives.
    pub fn fixed(token: impl Into<String>) -> Self {
        let token = token.into();
        Self::new(move || Ok(token.clone()))
    }

    /// Asked at every call. It must not block: renew tokens elsewhere and hand out the last one.
    pub fn new(source: impl Fn() -> Result<String, TokenError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource")
    }
}

/// Puts them on a call.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub(crate) tokens: TokenSource,
    pub(crate) purposes: Option<String>,
    pub(crate) deadline: Duration,
}

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let token = (self.tokens.0)().map_err(|e| Status::unauthenticated(e.to_string()))?;
        let bad = |_| Status::unauthenticated("the token is no header's value");
        let mut bearer: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(bad)?;
        // Not indexed by HTTP/2, and not shown by Debug.
        bearer.set_sensitive(true);
        request.metadata_mut().insert("authorization", bearer);
        if let Some(purposes) = &self.purposes {
            let bad = |_| Status::invalid_argument("a purpose is no header's value");
            request.metadata_mut().insert("purpose-of-use", purposes.parse().map_err(bad)?);
        }
        if !self.deadline.is_zero() && !request.metadata().contains_key("grpc-timeout") {
            request.set_timeout(self.deadline);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(token: &str) -> Credentials {
        Credentials {
            tokens: TokenSource::fixed(token),
            purposes: Some("TREAT,COC".into()),
            deadline: Duration::from_secs(10),
        }
    }

    #[test]
    fn a_call_brings_token_purposes_and_deadline() {
        let sent = credentials("abc").call(Request::new(())).unwrap();
        assert_eq!(sent.metadata().get("authorization").unwrap(), "Bearer abc");
        assert_eq!(sent.metadata().get("purpose-of-use").unwrap(), "TREAT,COC");
        assert!(sent.metadata().contains_key("grpc-timeout"));
    }

    #[test]
    fn a_shorter_deadline_of_the_call_stays() {
        let mut request = Request::new(());
        request.set_timeout(Duration::from_secs(1));
        let before = request.metadata().get("grpc-timeout").cloned();
        let sent = credentials("abc").call(request).unwrap();
        assert_eq!(sent.metadata().get("grpc-timeout").cloned(), before);
    }

    #[test]
    fn a_token_shows_in_no_debug_output_and_no_error() {
        let sent = credentials("s3cret").call(Request::new(())).unwrap();
        assert!(!format!("{:?} {:?}", sent.metadata(), credentials("s3cret")).contains("s3cret"));
        let refused = credentials("s3cret\n").call(Request::new(())).unwrap_err();
        assert!(!refused.message().contains("s3cret"));
    }
}
