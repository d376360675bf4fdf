//! The check itself: one place, in one order.

mod purposes;

#[cfg(feature = "fuzzing")]
pub(crate) use purposes::asked;

use std::{collections::HashMap, sync::Arc};

use http::HeaderMap;
use kernel::{AgencyId, Clock, CodeSet, Connection, Instant, Role};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use crate::{
    admission::{Admit, Row, row},
    bindings::{AgencyBindings, Binding, PrincipalStanding},
    caller::{Caller, CallerKind},
    config::{IdentityConfig, JwsAlgorithm},
    error::AuthError,
    keys::{Flight, Keys, Source},
    start::{StartError, prepare_crypto},
    token::{Claims, Compact, NETWORK_ISSUER, Refused, Trust, Window, bearer, network_trust},
};

/// Verified tokens remembered; about 1 KiB each.
const REMEMBERED: usize = 16 * 1024;

/// One trusted issuer: what it may say, and its keys. Keys are looked up here and nowhere else,
/// so that an issuer's key id means nothing to another.
struct Issuer {
    trust: Trust,
    keys: Arc<Keys>,
}

/// A token that was verified, with every input of that verification: the token's bytes are the
/// cache's key, the issuer's keys stand by their generation, and the clock and the connection are
/// asked again.
struct Known {
    caller: Arc<Caller>,
    keys: Arc<Keys>,
    generation: u64,
    window: Window,
    audiences: Vec<String>,
    /// The one certificate over whose connections it stands.
    bound_to: Option<[u8; 32]>,
}

enum Miss {
    Refused(Refused),
    /// The key may be known once this has landed.
    Keys(Flight),
}

impl From<Refused> for Miss {
    fn from(why: Refused) -> Self {
        Self::Refused(why)
    }
}

/// Why there is no caller yet.
pub(crate) enum Pending {
    Refused(AuthError),
    Keys(Flight),
}

impl From<AuthError> for Pending {
    fn from(error: AuthError) -> Self {
        Self::Refused(error)
    }
}

/// Turns a request's metadata into a [`Caller`], or refuses.
pub struct Authenticator {
    issuers: HashMap<String, Issuer>,
    /// Names of the services that this process answers for.
    serving: Vec<String>,
    bindings: Arc<dyn AgencyBindings>,
    clock: Arc<dyn Clock>,
    known: Cache<[u8; 32], Arc<Known>>,
}

impl Authenticator {
    /// `serving` names this process's services ("notes", …): a service token's audience is one of
    /// them. A key file that can't be read stops the start; a provider that is away does not.
    pub async fn start(
        config: &IdentityConfig,
        serving: &[&str],
        clock: Arc<dyn Clock>,
        bindings: Arc<dyn AgencyBindings>,
    ) -> Result<Arc<Self>, StartError> {
        config.check()?;
        prepare_crypto()?;
        let mut issuers = HashMap::new();
        for issuer in &config.issuers {
            let source = Source::at(issuer.location()?)?;
            let trust = Trust::of(issuer, &config.audience);
            let trusted = Issuer::load(&issuer.issuer, source, &issuer.algorithms, trust, &clock);
            issuers.insert(issuer.issuer.clone(), trusted.await?);
        }
        if let Some(keys) = &config.service_keys {
            let source = Source::at(keys.location()?)?;
            let trust = network_trust(serving);
            let algorithms = [JwsAlgorithm::ES256];
            let network = Issuer::load(NETWORK_ISSUER, source, &algorithms, trust, &clock);
            issuers.insert(NETWORK_ISSUER.to_owned(), network.await?);
        }
        Ok(Arc::new(Self {
            issuers,
            serving: serving.iter().map(|name| (*name).to_owned()).collect(),
            bindings,
            clock,
            known: Cache::new(REMEMBERED),
        }))
    }

    /// What [`crate::AuthLayer`] asks, for those that have no tower: the caller of a call to
    /// `path`, or none where the table admits everybody. Of no connection is anything known: no
    /// service is let in, and no token that is bound to a certificate.
    pub async fn authenticate(
        &self,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Caller>>, AuthError> {
        self.authenticate_over(&Connection::UNKNOWN, path, headers).await
    }

    /// The same, of a call that came over this connection.
    pub async fn authenticate_over(
        &self,
        connection: &Connection,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Caller>>, AuthError> {
        match row(path).ok_or(AuthError::UnknownMethod)? {
            Row { admit: Admit::Public, .. } => Ok(None),
            row => self.check(row, headers, connection).await.map(Some),
        }
    }

    pub(crate) async fn check(
        &self,
        row: &'static Row,
        headers: &HeaderMap,
        connection: &Connection,
    ) -> Result<Arc<Caller>, AuthError> {
        match self.check_now(row, headers, connection) {
            Ok(caller) => Ok(caller),
            Err(Pending::Refused(error)) => Err(error),
            Err(Pending::Keys(flight)) => {
                flight.await;
                self.check_now(row, headers, connection).map_err(|pending| match pending {
                    Pending::Refused(error) => error,
                    Pending::Keys(_) => refused(row, "unknown key"),
                })
            }
        }
    }

    /// Without waiting: almost always enough.
    pub(crate) fn check_now(
        &self,
        row: &'static Row,
        headers: &HeaderMap,
        connection: &Connection,
    ) -> Result<Arc<Caller>, Pending> {
        let now = self.clock.now();
        let known = match bearer(headers).map_err(Miss::from).and_then(|t| self.verify(t, now)) {
            Ok(known) => known,
            Err(Miss::Refused(why)) => return Err(refused(row, why).into()),
            Err(Miss::Keys(flight)) => return Err(Pending::Keys(flight)),
        };
        let caller = &known.caller;
        // What was verified before is remembered; who brings it now is not.
        over_its_connection(&known, connection).map_err(|why| refused(row, why))?;
        self.for_this_service(row, &known)?;
        in_force(row, caller)?;
        admits(row, caller.roles())?;
        match purposes::asked(headers)? {
            None => Ok(Arc::clone(caller)),
            Some(asked) => Ok(Arc::new(caller.narrowed(asked)?)),
        }
    }

    fn verify(&self, token: &str, now: Instant) -> Result<Arc<Known>, Miss> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if let Some(known) = self.known.get(&digest)
            && let Some(loaded) = known.keys.current(now)
            && loaded.as_ref().is_some_and(|set| set.generation == known.generation)
        {
            known.window.check(now)?;
            return Ok(known);
        }
        let compact = Compact::parse(token)?;
        let claims = Claims::parse(&compact.payload)?;
        let issuer = self.issuers.get(&claims.iss).ok_or("unknown issuer")?;
        let loaded = issuer.keys.current(now);
        let loaded = loaded.as_ref().and_then(|guard| guard.as_ref());
        let Some((loaded, key)) = loaded.and_then(|l| Some((l, l.set.get(&compact.kid)?))) else {
            return Err(issuer.keys.refresh(now).map_or(Miss::Refused("unknown key"), Miss::Keys));
        };
        // The algorithm is the key's. A header that names another is refused, not followed.
        if compact.algorithm != key.algorithm.name() {
            return Err("an algorithm that is not the key's".into());
        }
        if !key.verifies(compact.message.as_bytes(), compact.signature) {
            return Err("bad signature".into());
        }
        let accepted = claims.accept(&issuer.trust, digest, now)?;
        let known = Arc::new(Known {
            caller: Arc::new(Caller::new(accepted.verified, Arc::clone(&self.bindings))),
            keys: Arc::clone(&issuer.keys),
            generation: loaded.generation,
            window: accepted.window,
            audiences: accepted.audiences,
            bound_to: accepted.bound_to,
        });
        self.known.insert(digest, Arc::clone(&known));
        Ok(known)
    }

    /// A service token made for one service of a process is none for another one beside it.
    fn for_this_service(&self, row: &'static Row, known: &Known) -> Result<(), AuthError> {
        if !matches!(known.caller.kind(), CallerKind::Service { .. }) {
            return Ok(());
        }
        match row.service().filter(|name| self.serving.iter().any(|one| one == name)) {
            Some(name) if !known.audiences.iter().any(|audience| audience == name) => {
                Err(refused(row, "made for another service"))
            }
            _ => Ok(()),
        }
    }

    /// What the directory says of a caller now.
    pub(crate) fn vouched(
        directory: &dyn AgencyBindings,
        caller: &Caller,
    ) -> Result<(), AuthError> {
        if let CallerKind::Staff { agency, .. } = caller.kind() {
            Self::bound(directory, agency, caller)?;
        }
        match directory.standing(caller.principals(), caller.agency()) {
            PrincipalStanding::Good => Ok(()),
            PrincipalStanding::Suspended => Err(AuthError::PrincipalSuspended),
            PrincipalStanding::Stale => Err(AuthError::DirectoryStale),
        }
    }

    fn bound(
        directory: &dyn AgencyBindings,
        agency: &AgencyId,
        caller: &Caller,
    ) -> Result<(), AuthError> {
        let client = caller.client_id().unwrap_or_default();
        match directory.check(agency, caller.issuer(), client) {
            Binding::Bound => Ok(()),
            Binding::Suspended => Err(AuthError::AgencySuspended),
            Binding::NotBound => Err(AuthError::Unauthenticated),
            Binding::Stale => Err(AuthError::DirectoryStale),
        }
    }
}

/// The directory's own RPCs tell of nobody, and of its silence there only staff are refused: by them a process
/// hears the directory, and an administrator ends a suspension.
fn in_force(row: &'static Row, caller: &Caller) -> Result<(), AuthError> {
    match caller.in_force() {
        Err(AuthError::DirectoryStale)
            if row.service() == Some("directory") && caller.agency().is_none() =>
        {
            Ok(())
        }
        Err(AuthError::Unauthenticated) => Err(refused(row, "its client is bound no more")),
        other => other,
    }
}

impl Issuer {
    async fn load(
        name: &str,
        source: Source,
        algorithms: &[JwsAlgorithm],
        trust: Trust,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let must = source.must_be_there_at_start();
        let keys = Keys::new(name.into(), source, algorithms.to_vec(), Arc::clone(clock));
        match keys.load_first().await {
            Err(why) if must => return Err(StartError::Keys { issuer: name.to_owned(), why }),
            Err(why) => tracing::warn!(issuer = name, why, "starting without this issuer's keys"),
            Ok(()) => {}
        }
        Ok(Self { trust, keys })
    }
}

/// A token that is bound to a certificate stands over no other connection than that certificate's, and
/// a service's over its own alone. Services of one machine may talk without TLS, where that was asked for.
fn over_its_connection(known: &Known, connection: &Connection) -> Result<(), Refused> {
    let shown = connection.certificate();
    if let Some(thumbprint) = &known.bound_to
        && shown.is_none_or(|shown| shown.thumbprint != *thumbprint)
    {
        return Err("bound to another certificate");
    }
    let CallerKind::Service { name } = known.caller.kind() else { return Ok(()) };
    match connection {
        Connection::Plaintext => Ok(()),
        Connection::Tls { .. } if shown.is_some_and(|shown| shown.is_of(name)) => Ok(()),
        Connection::Tls { .. } => Err("a service without its certificate"),
    }
}

fn admits(row: &'static Row, roles: CodeSet<Role>) -> Result<(), AuthError> {
    let admitted = match row.admit {
        Admit::Public => true,
        Admit::ServiceOnly => roles.contains(Role::Service),
        // Also where a row lists SERVICE by mistake.
        Admit::Roles(admitted) => !roles.contains(Role::Service) && roles.intersects(admitted),
    };
    admitted.then_some(()).ok_or(AuthError::RoleNotAdmitted { rpc: row.path })
}

fn refused(row: &'static Row, why: Refused) -> AuthError {
    tracing::debug!(rpc = row.path, why, "token refused");
    AuthError::Unauthenticated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_lists_services_among_users_admits_none() {
        let roles = [Role::Service, Role::Clinician].into();
        let row: &'static Row =
            Box::leak(Box::new(Row { path: "/x.Y/Z", admit: Admit::Roles(roles) }));
        assert!(admits(row, [Role::Service].into()).is_err());
        assert!(admits(row, [Role::Clinician].into()).is_ok());
    }
}
