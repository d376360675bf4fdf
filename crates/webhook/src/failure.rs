//! Why a delivery failed, and how long is waited.

use time::Duration;

/// What has failed for so long is disabled.
pub const PATIENCE: Duration = Duration::days(3);
/// Asked for, it is waited no longer.
const LONGEST: Duration = Duration::hours(24);
/// After the first failure, the second and so on; the last of them then again and again.
const WAITS: [Duration; 6] = [
    Duration::seconds(5),
    Duration::minutes(5),
    Duration::minutes(30),
    Duration::hours(2),
    Duration::hours(5),
    Duration::hours(10),
];

/// An enum by the numbers of the contract, as tables keep them.
#[macro_export]
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($variant = $number,)+ }

        impl $name {
            /// By its number in the contract.
            pub fn of(number: i16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

numbered! {
    /// WebhookFailure of the contract.
    Failure {
        NameNotFound = 1,
        AddressRefused = 2,
        Connection = 3,
        Timeout = 4,
        Redirect = 5,
        Refused = 6,
        ReceiverFault = 7,
        Gone = 8,
    }
}

/// How long to wait after so many failures in a row, a quarter more or less (`jitter`, of 255): many that
/// failed together don't come back together. What the receiver asks for is waited for, within bounds.
pub fn wait(failures: i32, jitter: u8, asked: Option<Duration>) -> Duration {
    let place = usize::try_from(failures.saturating_sub(1)).unwrap_or_default();
    let wait = WAITS.get(place).or(WAITS.last()).copied().unwrap_or(LONGEST);
    let wait: Duration = wait * 3 / 4 + wait / 2 * i32::from(jitter) / 255;
    wait.max(asked.unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_waited_longer_with_each_failure_and_as_long_as_is_asked_within_bounds() {
        assert_eq!(wait(1, 0, None), Duration::milliseconds(3_750));
        assert_eq!(wait(1, 255, None), Duration::milliseconds(6_250));
        for (failures, wait) in (1..).zip(WAITS) {
            let (least, most) = (super::wait(failures, 0, None), super::wait(failures, 255, None));
            assert!(least < wait && wait < most, "{failures}");
        }
        assert_eq!(wait(99, 0, None), WAITS[5] * 3 / 4);
        assert_eq!(wait(0, 0, None), wait(1, 0, None));
        assert_eq!(wait(1, 0, Some(Duration::minutes(2))), Duration::minutes(2));
        assert_eq!(wait(1, 0, Some(Duration::days(90))), LONGEST);
        assert_eq!(wait(3, 0, Some(Duration::SECOND)), wait(3, 0, None));
    }
}
