//! Slips of the pen and of the keyboard.

use time::{Date, Month};

use super::random::Random;

const KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// A name with one slip: a letter left out, added, exchanged with the next, or another, mostly of the
/// key beside it.
pub fn in_name(name: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let place = random.below(letters.len());
    let there = letters.get(place).copied().unwrap_or('a').to_ascii_lowercase();
    match random.below(10) {
        0..3 if letters.len() > 2 => {
            letters.remove(place);
        }
        3..5 => letters.insert(place, if random.chance(0.5) { there } else { letter(random) }),
        5..7 if place + 1 < letters.len() => letters.swap(place, place + 1),
        _ => {
            let other = if random.chance(0.7) { beside(there, random) } else { letter(random) };
            if let Some(place) = letters.get_mut(place) {
                *place = other;
            }
        }
    }
    letters.into_iter().collect()
}

/// A number, or a line with one, in which a digit is another or exchanged with the next.
pub fn in_number(text: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let digits: Vec<usize> =
        letters.iter().enumerate().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at).collect();
    let place = digits.get(random.below(digits.len())).copied().unwrap_or_default();
    if random.chance(0.3) && letters.get(place + 1).is_some_and(char::is_ascii_digit) {
        letters.swap(place, place + 1);
    } else if let Some(there) = letters.get_mut(place) {
        *there = char::from(b'0' + u8::try_from(random.below(10)).unwrap_or_default());
    }
    letters.into_iter().collect()
}

/// A birth date of which the day, the month or the year is a digit off.
pub fn in_date(date: Date, random: &mut Random) -> Date {
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let other = match random.below(4) {
        0 => of(year - 10 * random.between(-1, 1), month, day),
        1 => of(year - year % 10 + random.between(0, 9), month, day),
        2 => of(year, u8::try_from(random.between(1, 9)).unwrap_or(month), day),
        _ => of(year, month, day - day % 10 + u8::try_from(random.below(10)).unwrap_or_default()),
    };
    other.unwrap_or(date)
}

/// The same with day and month exchanged, where there is such a day.
pub fn exchanged(date: Date) -> Option<Date> {
    of(date.year(), date.day(), u8::from(date.month()))
}

fn of(year: i32, month: u8, day: u8) -> Option<Date> {
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

fn letter(random: &mut Random) -> char {
    char::from(b'a' + u8::try_from(random.below(26)).unwrap_or_default())
}

/// The key to the left or to the right.
fn beside(key: char, random: &mut Random) -> char {
    let side = random.below(2);
    KEYS.iter()
        .find_map(|row| {
            let place = row.find(key)?;
            let beside = if side == 0 { place.checked_sub(1) } else { Some(place + 1) };
            row.chars().nth(beside.unwrap_or(place + 1)).or_else(|| row.chars().nth(place - 1))
        })
        .unwrap_or('a')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_changes_a_name_by_one() {
        let mut random = Random::new(3);
        for _ in 0..2_000 {
            let slip = in_name("hernandez", &mut random);
            assert!(strsim::osa_distance(&slip, "hernandez") <= 1, "{slip}");
        }
    }

    #[test]
    fn a_slip_in_a_number_keeps_what_is_no_digit() {
        let mut random = Random::new(4);
        for _ in 0..2_000 {
            let slip = in_number("(503) 201-3344", &mut random);
            assert!(strsim::osa_distance(&slip, "(503) 201-3344") <= 1, "{slip}");
            assert!(slip.starts_with('(') && slip.contains(") "));
        }
    }
}
