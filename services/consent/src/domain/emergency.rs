//! What is unusual about an emergency access, and what a review does to it.

/// For the privacy officer's eyes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The same practitioner, the same person, within a week.
    Repeated,
    /// The same practitioner, several people, within a day.
    Bulk,
}

/// People of one practitioner in a day that are too many.
const BULK: i64 = 3;

/// `repeated`: earlier ones of the same person in a week; `others`: other people's in a day.
pub fn alarm_of(repeated: i64, others: i64) -> Option<Alarm> {
    match (repeated, others) {
        (_, others) if others + 1 >= BULK => Some(Alarm::Bulk),
        (1.., _) => Some(Alarm::Repeated),
        _ => None,
    }
}

impl Alarm {
    pub fn code(self) -> &'static str {
        match self {
            Self::Repeated => "REPEATED",
            Self::Bulk => "BULK",
        }
    }

    /// As the contract numbers it.
    pub fn number(self) -> i32 {
        match self {
            Self::Repeated => 1,
            Self::Bulk => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_for_one_person_and_the_third_person_are_alarms() {
        assert_eq!(alarm_of(0, 0), None);
        assert_eq!(alarm_of(0, 1), None);
        assert_eq!(alarm_of(1, 0), Some(Alarm::Repeated));
        assert_eq!(alarm_of(0, 2), Some(Alarm::Bulk));
        assert_eq!(alarm_of(5, 9), Some(Alarm::Bulk));
    }
}
