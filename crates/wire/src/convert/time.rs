//! Instants. PostgreSQL keeps microseconds, so an instant is cut to them where it comes in.

use prost_types::Timestamp;
use time::OffsetDateTime;

/// The contract's form.
pub fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp {
        seconds: at.unix_timestamp(),
        nanos: i32::try_from(at.nanosecond()).unwrap_or_default(),
    }
}

/// The domain's form; none outside years 1 to 9999 and for nanoseconds that are none.
pub fn instant(at: &Timestamp) -> Option<OffsetDateTime> {
    let nanos = u32::try_from(at.nanos).ok().filter(|n| *n < 1_000_000_000)?;
    let whole = OffsetDateTime::from_unix_timestamp(at.seconds).ok()?;
    if !(1..=9999).contains(&whole.year()) {
        return None;
    }
    whole.replace_nanosecond(nanos / 1_000 * 1_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_timestamps_are_none() {
        let t = |seconds, nanos| instant(&Timestamp { seconds, nanos });
        assert!(t(0, 0).is_some());
        for bad in
            [t(0, -1), t(0, 1_000_000_000), t(i64::MAX, 0), t(i64::MIN, 0), t(-62_135_596_801, 0)]
        {
            assert_eq!(bad, None);
        }
        let there = t(1_700_000_000, 123_456_789).unwrap();
        assert_eq!(timestamp(there).nanos, 123_456_000);
    }
}
