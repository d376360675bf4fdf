//! Two names, whatever kind of name they are.

use strsim::{jaro_winkler, osa_distance};

use crate::Level;

/// A name in its normal form.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    /// In words of one space between.
    pub words: String,
    /// The same without spaces: Mary Ann is Maryann.
    pub joined: String,
    /// Which letters are in it, a bit each; letters that share a bit only cost a comparison more.
    letters: u32,
}

impl Name {
    pub fn new(words: String) -> Self {
        let joined: String = words.split(' ').collect();
        let letters = joined.chars().fold(0, |all, c| all | 1 << (u32::from(c) % 32));
        Self { words, joined, letters }
    }

    pub fn initial(&self) -> Option<char> {
        self.joined.chars().next()
    }
}

/// How far they agree: Exact, Part, Near, Initial, Different or Missing.
pub fn compare(one: &Name, other: &Name) -> Level {
    if one.joined.is_empty() || other.joined.is_empty() {
        return Level::Missing;
    }
    if one.joined == other.joined {
        return Level::Exact;
    }
    let (short, long) =
        if one.joined.len() <= other.joined.len() { (one, other) } else { (other, one) };
    if is_one(&short.joined) && short.initial() == long.initial() {
        Level::Initial
    } else if is_part(&short.words, &long.words) {
        Level::Part
    } else if is_near(short, long) {
        Level::Near
    } else if is_cut(&short.joined, &long.joined) {
        Level::Part
    } else {
        Level::Different
    }
}

fn is_one(text: &str) -> bool {
    text.chars().nth(1).is_none()
}

/// The shorter's words are, in order, among the longer's, or their first letters. At least one is
/// there whole.
fn is_part(short: &str, long: &str) -> bool {
    if !long.contains(' ') {
        return false;
    }
    let (mut whole, mut rest) = (false, long.split(' '));
    short.split(' ').all(|word| {
        rest.any(|there| {
            whole |= there == word && !is_one(word);
            there == word || (is_one(word) && there.starts_with(word))
        })
    }) && whole
}

/// A name cut short: three letters or more of it.
fn is_cut(short: &str, long: &str) -> bool {
    short.chars().nth(2).is_some() && long.starts_with(short)
}

/// One slip apart, with three letters or more in one of them; in long names two, if they sound alike from their beginning.
fn is_near(short: &Name, long: &Name) -> bool {
    let length = short.joined.chars().count();
    if length < 2
        || long.joined.chars().nth(2).is_none()
        || long.joined.len() > short.joined.len() + 8
    {
        return false;
    }
    // A slip changes two letters at most.
    if (short.letters ^ long.letters).count_ones() > 4 {
        return false;
    }
    match osa_distance(&short.joined, &long.joined) {
        1 => true,
        2 => length >= 7 && jaro_winkler(&short.joined, &long.joined) >= 0.92,
        _ => false,
    }
}

/// The sound of a name: its consonants in Soundex' groups, also the first one, so that Carla and
/// Karla sound alike. At most 5; what is no Latin letter stands for itself.
pub fn sound(name: &Name) -> String {
    let mut code = String::new();
    let mut before = ' ';
    for (place, letter) in name.joined.chars().enumerate() {
        let group = match letter {
            'b' | 'f' | 'p' | 'v' => '1',
            'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => '2',
            'd' | 't' => '3',
            'l' => '4',
            'm' | 'n' => '5',
            'r' => '6',
            'h' | 'w' if place > 0 => continue,
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'h' | 'w' => '0',
            other => other,
        };
        if group != before && (group != '0' || place == 0) {
            code.push(group);
        }
        before = group;
        if code.chars().count() == 5 {
            break;
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal;

    fn name(text: &str) -> Name {
        Name::new(normal::name(text))
    }

    #[test]
    fn names_agree_whole_in_part_nearly_by_a_letter_or_not() {
        for (one, other, level) in [
            ("Mary Ann", "Maryann", Level::Exact),
            ("García López", "Garcia", Level::Part),
            ("María José", "José", Level::Part),
            ("James T.", "James Thomas", Level::Part),
            ("Alexandria", "Alex", Level::Part),
            ("Jon Q", "Jon", Level::Part),
            ("Smith", "Smiht", Level::Near),
            ("Smith", "Smoth", Level::Near),
            ("Ali", "Alu", Level::Near),
            ("Hernandez", "Hernadnes", Level::Near),
            ("Smith", "Smtho", Level::Different),
            ("J", "Jane", Level::Initial),
            ("J", "Kim", Level::Different),
            ("J T", "Jane Tia", Level::Different),
            ("Le", "Lu", Level::Different),
            ("Wei", "Wi", Level::Near),
            ("", "Jane", Level::Missing),
            ("", "", Level::Missing),
        ] {
            assert_eq!(compare(&name(one), &name(other)), level, "{one} {other}");
            assert_eq!(compare(&name(other), &name(one)), level, "{other} {one}");
        }
    }

    #[test]
    fn names_that_sound_alike_have_one_sound() {
        for (one, other) in [("Carla", "Karla"), ("Gonzales", "Gonsalez"), ("Schmidt", "Schmitt")] {
            assert_eq!(sound(&name(one)), sound(&name(other)), "{one} {other}");
        }
        assert_ne!(sound(&name("Smith")), sound(&name("Jones")));
        assert_eq!(sound(&name("李")), "李");
    }
}
