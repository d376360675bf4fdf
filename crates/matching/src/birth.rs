//! Two birth dates.

use time::Date;

use crate::Level;

/// How far they agree.
pub fn compare(one: Date, other: Date) -> Level {
    let same_year = one.year() == other.year();
    if same_year && (one.ordinal() == 1 || other.ordinal() == 1) {
        Level::Unsure
    } else if one == other {
        Level::Exact
    } else if same_year && digits(one) == exchanged(other) {
        Level::Swapped
    } else if a_slip_apart(digits(one), digits(other)) {
        Level::Near
    } else if same_year {
        Level::Year
    } else {
        Level::Different
    }
}

/// As written: YYYYMMDD.
fn digits(date: Date) -> [u8; 8] {
    written(date.year(), u8::from(date.month()), date.day())
}

/// The same with day and month exchanged, whether there is such a day or not.
fn exchanged(date: Date) -> [u8; 8] {
    written(date.year(), date.day(), u8::from(date.month()))
}

fn written(year: i32, month: u8, day: u8) -> [u8; 8] {
    let mut digits = [0; 8];
    let mut rest = year.unsigned_abs() * 10_000 + u32::from(month) * 100 + u32::from(day);
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    digits
}

/// One digit differs, or two neighbours are exchanged.
fn a_slip_apart(one: [u8; 8], other: [u8; 8]) -> bool {
    let differing = || one.iter().zip(&other).enumerate().filter(|(_, (a, b))| a != b);
    let mut places = differing();
    match (places.next(), places.next(), places.next()) {
        (Some(_), None, _) => true,
        (Some((i, (a, b))), Some((j, (c, d))), None) => j == i + 1 && a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn birth_dates_agree_whole_by_exchange_by_a_slip_by_year_or_not() {
        let born = date!(1984 - 03 - 07);
        for (other, level) in [
            (born, Level::Exact),
            (date!(1984 - 07 - 03), Level::Swapped),
            (date!(1984 - 03 - 17), Level::Near),
            (date!(1994 - 03 - 07), Level::Near),
            (date!(1948 - 03 - 07), Level::Near),
            (date!(1984 - 11 - 21), Level::Year),
            (date!(1985 - 11 - 21), Level::Different),
            (date!(1958 - 03 - 07), Level::Different),
        ] {
            assert_eq!(compare(born, other), level, "{other}");
            assert_eq!(compare(other, born), level, "{other}");
        }
    }

    #[test]
    fn the_first_of_january_may_stand_for_a_day_that_nobody_knows() {
        assert_eq!(compare(date!(1970 - 01 - 01), date!(1970 - 01 - 01)), Level::Unsure);
        assert_eq!(compare(date!(1970 - 01 - 01), date!(1970 - 05 - 20)), Level::Unsure);
        assert_eq!(compare(date!(1970 - 01 - 01), date!(1971 - 05 - 20)), Level::Different);
    }
}
