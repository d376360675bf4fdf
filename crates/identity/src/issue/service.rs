//! Tokens by which one service calls another.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use http::HeaderValue;
use kernel::{Clock, Code, Instant, Role};
use time::Duration;

use super::{ClaimsOut, IssueError, SigningKey};
use crate::token::NETWORK_ISSUER;

const LIFETIME: Duration = Duration::minutes(5);
/// Renewed so long before the end: a call under way, and two clocks, fit in.
const SPARE: Duration = Duration::minutes(1);

/// Mints and keeps one service's tokens, one a callee.
pub struct ServiceTokens {
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    key: SigningKey,
    minted: HashMap<String, (HeaderValue, Instant)>,
}

impl ServiceTokens {
    /// `name` is the calling service's, in lower-case letters: "notes".
    pub fn new(name: &str, key: SigningKey, clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::new(State { key, minted: HashMap::new() });
        Self { name: name.into(), clock, state }
    }

    /// The `authorization` to send to the service `callee`. Marked sensitive, so that HTTP/2 does
    /// not index it and Debug does not show it.
    pub fn authorization(&self, callee: &str) -> Result<HeaderValue, IssueError> {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, minted)) = state.minted.get(callee)
            && now >= *minted
            && now < *minted + LIFETIME - SPARE
        {
            return Ok(value.clone());
        }
        let mut claims = ClaimsOut::new(NETWORK_ISSUER, callee, &self.name, now, LIFETIME);
        claims.roles = vec![Role::Service.code()];
        let token = state.key.sign(&claims)?;
        let mut value =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| IssueError::Sign)?;
        value.set_sensitive(true);
        state.minted.insert(callee.to_owned(), (value.clone(), now));
        Ok(value)
    }

    /// Signs with this key from now on.
    pub fn rotate(&self, key: SigningKey) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { key, minted: HashMap::new() };
    }
}

impl fmt::Debug for ServiceTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTokens").field("name", &self.name).finish_non_exhaustive()
    }
}
