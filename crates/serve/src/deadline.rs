//! Deadlines: the client's, capped by ours, known to all that works for the call.

use std::future::Future;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

const TIMEOUT: &str = "grpc-timeout";

/// When a call must have ended. A request extension, and known to the task that serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

tokio::task_local! {
    static CURRENT: Deadline;
}

/// `grpc-timeout` is not what the protocol allows: 1 to 8 digits and a unit, once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Odd;

impl Deadline {
    pub fn none() -> Self {
        Self(None)
    }

    pub fn after(left: Duration) -> Self {
        Self::of(Instant::now(), left)
    }

    /// So long after this: a call's time runs from when it came, not from when it is first looked at.
    pub(crate) fn of(begun: Instant, left: Duration) -> Self {
        Self(begun.checked_add(left))
    }

    /// What is left. None: no deadline. Zero: it has passed.
    pub fn remaining(&self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    pub fn instant(&self) -> Option<Instant> {
        self.0
    }

    /// Runs a future within this deadline, so that `current_deadline` finds it. Does not end it.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    pub(crate) fn enter<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }
}

/// The deadline of the call being served by this task. None outside of one.
pub fn current_deadline() -> Option<Deadline> {
    CURRENT.try_with(|d| *d).ok()
}

/// The client's timeout, if it sent one.
pub(crate) fn parse(headers: &HeaderMap) -> Result<Option<Duration>, Odd> {
    let mut values = headers.get_all(TIMEOUT).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Odd);
    }
    let (digits, unit) = match value.as_bytes() {
        [digits @ .., unit] if (1..=8).contains(&digits.len()) => (digits, unit),
        _ => return Err(Odd),
    };
    let mut number = 0_u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Odd);
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    Ok(Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return Err(Odd),
    }))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(values: &[&'static str]) -> Result<Option<Duration>, Odd> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TIMEOUT, HeaderValue::from_static(value));
        }
        parse(&headers)
    }

    #[test]
    fn every_unit_of_the_protocol_is_read() {
        for (text, want) in [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("4m", Duration::from_millis(4)),
            ("5u", Duration::from_micros(5)),
            ("6n", Duration::from_nanos(6)),
            ("0S", Duration::ZERO),
            ("99999999H", Duration::from_secs(99_999_999 * 3600)),
        ] {
            assert_eq!(of(&[text]), Ok(Some(want)), "{text}");
        }
        assert_eq!(of(&[]), Ok(None));
    }

    #[test]
    fn odd_values_are_errors() {
        for odd in ["", "S", "1", "1s", "-1S", "+1S", "1.5S", " 1S", "1 S", "123456789S", "0x1S"] {
            assert_eq!(of(&[odd]), Err(Odd), "{odd:?}");
        }
        assert_eq!(of(&["1S", "1S"]), Err(Odd));
    }

    #[tokio::test]
    async fn the_deadline_is_known_within_its_scope_only() {
        assert_eq!(current_deadline(), None);
        let deadline = Deadline::after(Duration::from_secs(5));
        let seen = deadline.scope(async { current_deadline() }).await;
        assert_eq!(seen, Some(deadline));
        assert!(deadline.remaining().unwrap() <= Duration::from_secs(5));
        assert_eq!(Deadline::none().remaining(), None);
    }
}
