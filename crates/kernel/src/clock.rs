//! Time is a parameter.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use time::{Duration, OffsetDateTime};

/// Where "now" comes from. The system's clock is read in one place only.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> OffsetDateTime;
}

/// The machine's clock, which in a process never goes back: set back, it stands until it is reached again. What has
/// ended (a token, a consent, a share) does not begin again.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The latest that this process has been told, in microseconds since 1970.
static LATEST: AtomicI64 = AtomicI64::new(i64::MIN);

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place
    fn now(&self) -> OffsetDateTime {
        onward(OffsetDateTime::now_utc(), &LATEST)
    }
}

/// The later of the two, in whole microseconds: PostgreSQL keeps no more, and an instant must compare equal after it
/// was stored.
fn onward(now: OffsetDateTime, latest: &AtomicI64) -> OffsetDateTime {
    let Ok(micros) = i64::try_from(now.unix_timestamp_nanos().div_euclid(1_000)) else {
        return now;
    };
    let latest = latest.fetch_max(micros, Ordering::Relaxed).max(micros);
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(latest) * 1_000).unwrap_or(now)
}

/// A clock that a test sets and moves.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<OffsetDateTime>>);

impl ManualClock {
    pub fn at(now: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub fn set(&self, now: OffsetDateTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> OffsetDateTime {
        (**self).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_stands_until_it_is_reached_again() {
        let (latest, noon) =
            (AtomicI64::new(i64::MIN), OffsetDateTime::UNIX_EPOCH + Duration::HOUR);
        let told = |after| onward(noon + after, &latest) - noon;
        assert_eq!(told(Duration::ZERO), Duration::ZERO);
        assert_eq!(told(Duration::nanoseconds(2_345)), Duration::microseconds(2));
        assert_eq!(told(-Duration::HOUR), Duration::microseconds(2));
        assert_eq!(told(Duration::SECOND), Duration::SECOND);
    }

    #[test]
    fn the_machines_clock_is_of_today_and_goes_on() {
        let (first, second) = (SystemClock.now(), SystemClock.now());
        assert!(first <= second && first.year() >= 2026, "{first} {second}");
    }
}
