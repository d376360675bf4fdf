//! One issuer's public keys: fetched, kept, renewed. An unknown key id triggers one refresh,
//! single-flight and with a cool-down; the last good set serves for a bounded time while the
//! provider is away; and a set that is empty or makes no sense never replaces a good one.

mod set;
mod source;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwapOption;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use kernel::{Clock, Instant};
use time::Duration;

pub(crate) use set::KeySet;
pub(crate) use source::Source;

use crate::config::JwsAlgorithm;

/// A set older than this is renewed in the background, so that a key taken out falls out.
const RENEW_AFTER: Duration = Duration::minutes(5);
/// A set that could not be confirmed for so long verifies nothing any more.
const SERVE_AT_MOST: Duration = Duration::hours(4);
/// Between two attempts, whatever made them wanted: made-up key ids must not become a flood.
const COOL_DOWN: Duration = Duration::seconds(30);

/// A refresh under way, which all who need it wait for.
pub(crate) type Flight = Shared<BoxFuture<'static, ()>>;

/// A set and when it was last confirmed.
pub(crate) struct Loaded {
    pub(crate) set: Arc<KeySet>,
    /// Changes with the set's content only. Verified tokens are remembered together with it.
    pub(crate) generation: u64,
    confirmed_at: Instant,
}

pub(crate) struct Keys {
    issuer: Arc<str>,
    source: Source,
    algorithms: Vec<JwsAlgorithm>,
    clock: Arc<dyn Clock>,
    loaded: ArcSwapOption<Loaded>,
    generations: AtomicU64,
    attempts: Mutex<Attempts>,
}

#[derive(Default)]
struct Attempts {
    last: Option<Instant>,
    flight: Option<Flight>,
}

impl Keys {
    pub(crate) fn new(
        issuer: Arc<str>,
        source: Source,
        algorithms: Vec<JwsAlgorithm>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            issuer,
            source,
            algorithms,
            clock,
            loaded: ArcSwapOption::empty(),
            generations: AtomicU64::new(0),
            attempts: Mutex::default(),
        })
    }

    /// The set to verify with now; a renewal starts behind it when it is due.
    pub(crate) fn current(
        self: &Arc<Self>,
        now: Instant,
    ) -> Option<arc_swap::Guard<Option<Arc<Loaded>>>> {
        let loaded = self.loaded.load();
        let age = now - loaded.as_ref()?.confirmed_at;
        // A negative age is a clock set back: the set's true age is unknown, so ask again.
        if age >= RENEW_AFTER || age.is_negative() {
            let _ = self.refresh(now);
        }
        (age < SERVE_AT_MOST).then_some(loaded)
    }

    /// A refresh to wait for; none while the last attempt is too recent.
    pub(crate) fn refresh(self: &Arc<Self>, now: Instant) -> Option<Flight> {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = &attempts.flight
            && flight.peek().is_none()
        {
            return Some(flight.clone());
        }
        if attempts.last.is_some_and(|last| now >= last && now - last < COOL_DOWN) {
            return None;
        }
        attempts.last = Some(now);
        let keys = Arc::clone(self);
        let flight = async move { keys.load(now).await }.boxed().shared();
        // Of its own, so that it ends even if all who wait for it go away.
        tokio::spawn(flight.clone());
        attempts.flight = Some(flight.clone());
        Some(flight)
    }

    async fn load(&self, asked_at: Instant) {
        if let Err(why) = self.try_load(asked_at).await {
            tracing::warn!(issuer = %self.issuer, why, "keys not refreshed; the last good set stays");
        }
    }

    /// The first load, whose failure a start may want to know.
    pub(crate) async fn load_first(&self) -> Result<(), &'static str> {
        self.try_load(self.clock.now()).await
    }

    async fn try_load(&self, asked_at: Instant) -> Result<(), &'static str> {
        let set = KeySet::parse(&self.source.fetch().await?, &self.algorithms)?;
        let before = self.loaded.load();
        let (set, generation) = match before.as_ref() {
            Some(before) if before.set.same_as(&set) => {
                (Arc::clone(&before.set), before.generation)
            }
            _ => {
                let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::info!(issuer = %self.issuer, keys = set.len(), generation, "keys loaded");
                (Arc::new(set), generation)
            }
        };
        self.loaded.store(Some(Arc::new(Loaded { set, generation, confirmed_at: asked_at })));
        Ok(())
    }
}
