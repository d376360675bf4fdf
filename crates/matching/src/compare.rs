//! Two registrations, field by field.

use std::collections::BTreeSet;

use strsim::osa_distance;

use crate::{
    Frequencies, Level, Levels, Registration, Sex, birth,
    name::{self, Name},
    nickname,
    registration::Identifier,
};

/// How far two registrations agree, in the order of `Field::ALL`. `many_valued`: the systems in which a
/// person may have several identifiers at once.
pub fn compare(
    one: &Registration,
    other: &Registration,
    names: &Frequencies,
    many_valued: &BTreeSet<String>,
) -> Levels {
    let (given, family) = both_names(one, other, names);
    [
        given,
        family,
        birth::compare(one.birth, other.birth),
        stated(&one.sex, &other.sex, |a, b| sex(*a, *b)),
        stated(&one.phone, &other.phone, |a, b| slip(a, b)),
        stated(&one.postal_code, &other.postal_code, |a, b| slip(a, b)),
        stated(&one.street, &other.street, |a, b| street(a, b)),
        identifiers(&one.identifiers, &other.identifiers, many_valued),
    ]
}

/// Given and family name, or both exchanged where that agrees and they do not as they stand.
fn both_names(one: &Registration, other: &Registration, names: &Frequencies) -> (Level, Level) {
    let straight = (given(one, other, names), family(one, other, names));
    if !matches!(straight, (Level::Different, Level::Different)) {
        return straight;
    }
    let crossed = |a: &Name, b: &Name| {
        matches!(name::compare(a, b), Level::Exact | Level::Near | Level::Part)
    };
    let exchanged = crossed(&one.given, &other.family) && crossed(&one.family, &other.given);
    if exchanged { (Level::Swapped, Level::Swapped) } else { straight }
}

fn given(one: &Registration, other: &Registration, names: &Frequencies) -> Level {
    let (one, other) = (&one.given, &other.given);
    match name::compare(one, other) {
        Level::Near | Level::Part | Level::Different
            if nickname::is_one_persons(&one.joined, &other.joined) =>
        {
            Level::Nickname
        }
        // Two names that people have are two: no slip of a short form.
        Level::Different
            if nickname::is_nearly_one_persons(&one.words, &other.words)
                && !names.are_given(&one.joined, &other.joined) =>
        {
            Level::Nickname
        }
        level => or_similar(level, one, other, |one, other| names.are_given(one, other)),
    }
}

fn family(one: &Registration, other: &Registration, names: &Frequencies) -> Level {
    let (one, other) = (&one.family, &other.family);
    match name::compare(one, other) {
        // A family name of one letter is as good as none.
        Level::Initial => Level::Different,
        level => or_similar(level, one, other, |one, other| names.are_family(one, other)),
    }
}

/// A slip seldom makes another name of one: where both are names that people have, they are two.
fn or_similar(
    level: Level,
    one: &Name,
    other: &Name,
    are_names: impl Fn(&str, &str) -> bool,
) -> Level {
    let of_words = one.words.contains(' ') || other.words.contains(' ');
    let slip = level == Level::Near || (level == Level::Part && !of_words);
    if slip && are_names(&one.joined, &other.joined) { Level::Similar } else { level }
}

fn stated<T>(one: &Option<T>, other: &Option<T>, compare: impl Fn(&T, &T) -> Level) -> Level {
    one.as_ref().zip(other.as_ref()).map_or(Level::Missing, |(one, other)| compare(one, other))
}

/// Where one agency recorded neither female nor male, the other may only not have asked.
fn sex(one: Sex, other: Sex) -> Level {
    if one == other {
        Level::Exact
    } else if one == Sex::Other || other == Sex::Other {
        Level::Missing
    } else {
        Level::Different
    }
}

/// The same, or one slip apart.
fn slip(one: &str, other: &str) -> Level {
    if one == other {
        Level::Exact
    } else if one.len().abs_diff(other.len()) <= 1 && osa_distance(one, other) == 1 {
        Level::Near
    } else {
        Level::Different
    }
}

/// Another number is another house, however alike the rest is; a flat's may be left out.
fn street(one: &str, other: &str) -> Level {
    if one == other {
        return Level::Exact;
    }
    let (house, rest) = parted(one);
    let (other_house, other_rest) = parted(other);
    let alike = house == other_house
        && (rest == other_rest || (rest.len() >= 4 && osa_distance(rest, other_rest) <= 2));
    if alike { Level::Near } else { Level::Different }
}

/// The house's number, and the street without the flat.
fn parted(line: &str) -> (&str, &str) {
    let line = line.split_once(" apt ").map_or(line, |(house, _)| house);
    line.split_once(' ').unwrap_or(("", line))
}

/// Of the systems that both state. A single-valued one disagrees as soon as any two values do; in a
/// many-valued one a value in common agrees, and none in common says nothing.
fn identifiers(one: &[Identifier], other: &[Identifier], many_valued: &BTreeSet<String>) -> Level {
    let (mut worst, mut common) = (None, false);
    for a in one {
        for b in other.iter().filter(|b| b.system == a.system) {
            let level = slip(&a.value, &b.value);
            if many_valued.contains(&a.system) {
                common |= level == Level::Exact;
            } else {
                worst = worst.max(Some(level));
            }
        }
    }
    worst.unwrap_or(if common { Level::Exact } else { Level::Missing })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::Field;

    const BORN: time::Date = date!(1984 - 03 - 07);

    fn names() -> Frequencies {
        let given = [("jayden", 100), ("hayden", 100), ("ana", 100), ("anastasia", 100)];
        Frequencies::from_counts(given, [("garcia", 100), ("garza", 100), ("garca", 1)])
    }

    fn of(field: Field, one: &Registration, other: &Registration) -> Level {
        let many = BTreeSet::from(["plan".to_owned()]);
        let there = compare(one, other, &names(), &many);
        assert_eq!(there, compare(other, one, &names(), &many));
        field.of(&there)
    }

    fn given(one: &str, other: &str) -> Level {
        let of_name = |name| Registration::new(name, "Garcia", BORN);
        of(Field::GivenName, &of_name(one), &of_name(other))
    }

    #[test]
    fn two_given_names_that_people_have_are_two_however_alike() {
        assert_eq!(given("Jayden", "Hayden"), Level::Similar);
        assert_eq!(given("Jayden", "Jaydne"), Level::Near);
        assert_eq!(given("Ana", "Anastasia"), Level::Similar);
        assert_eq!(given("Ana", "Ana Lucia"), Level::Part);
        assert_eq!(given("Robert", "Bob"), Level::Nickname);
        assert_eq!(given("Jayden", "Bob"), Level::Different);
    }

    #[test]
    fn without_a_table_of_names_any_given_name_may_be_one() {
        let of_name = |name| Registration::new(name, "Garcia", BORN);
        let (one, other) = (of_name("Jayden"), of_name("Jaydne"));
        let levels = compare(&one, &other, &Frequencies::default(), &BTreeSet::new());
        assert_eq!(Field::GivenName.of(&levels), Level::Similar);
    }

    #[test]
    fn names_exchanged_are_seen_only_where_they_do_not_agree_as_they_stand() {
        let levels = |one: (&str, &str), other: (&str, &str)| {
            let of_names = |(given, family)| Registration::new(given, family, BORN);
            let (one, other) = (of_names(one), of_names(other));
            (of(Field::GivenName, &one, &other), of(Field::FamilyName, &one, &other))
        };
        let exchanged = (Level::Swapped, Level::Swapped);
        assert_eq!(levels(("Ana", "Garcia"), ("Garcia", "Ana")), exchanged);
        assert_eq!(levels(("Ana", "Garcia"), ("Garica", "Ana")), exchanged);
        assert_eq!(
            levels(("Ana", "Garcia"), ("Garcia", "Luz")),
            (Level::Different, Level::Different)
        );
        assert_eq!(levels(("Kim", "Kim"), ("Kim", "Kim")), (Level::Exact, Level::Exact));
    }

    #[test]
    fn a_sex_that_is_neither_female_nor_male_contradicts_none() {
        let level = |one, other| {
            let of_sex = |sex| Registration::new("Ana", "Garcia", BORN).sex(sex);
            of(Field::Sex, &of_sex(one), &of_sex(other))
        };
        assert_eq!(level(Sex::Other, Sex::Other), Level::Exact);
        assert_eq!(level(Sex::Other, Sex::Male), Level::Missing);
        assert_eq!(level(Sex::Female, Sex::Male), Level::Different);
    }

    #[test]
    fn streets_agree_without_their_flat_and_not_with_another_house() {
        let level = |one, other| {
            let at = |line| Registration::new("Ana", "Garcia", BORN).street(line);
            of(Field::Street, &at(one), &at(other))
        };
        assert_eq!(level("12 Main Street", "12 main st"), Level::Exact);
        assert_eq!(level("12 Main St Apt 4", "12 Mian St"), Level::Near);
        assert_eq!(level("12 Main St", "14 Main St"), Level::Different);
        assert_eq!(level("12 Main St", "12 Oak Ave"), Level::Different);
    }

    #[test]
    fn a_single_valued_system_disagrees_whatever_else_agrees_and_a_many_valued_one_never() {
        let level = |one: &[(&str, &str)], other: &[(&str, &str)]| {
            let with = |all: &[(&str, &str)]| {
                let bare = Registration::new("Ana", "Garcia", BORN);
                all.iter().fold(bare, |r, (system, value)| r.identifier(system, value))
            };
            of(Field::Identifier, &with(one), &with(other))
        };
        assert_eq!(level(&[("tax", "123")], &[("tax", "1-2-3")]), Level::Exact);
        assert_eq!(level(&[("tax", "123")], &[("tax", "132")]), Level::Near);
        assert_eq!(
            level(&[("tax", "123"), ("id", "7")], &[("tax", "456"), ("id", "7")]),
            Level::Different
        );
        assert_eq!(level(&[("tax", "123"), ("tax", "456")], &[("tax", "456")]), Level::Different);
        assert_eq!(level(&[("tax", "123")], &[("id", "123")]), Level::Missing);
        assert_eq!(level(&[("plan", "123")], &[("plan", "456")]), Level::Missing);
        assert_eq!(level(&[("plan", "12"), ("plan", "45")], &[("plan", "45")]), Level::Exact);
        assert_eq!(
            level(&[("plan", "12"), ("tax", "45")], &[("plan", "12"), ("tax", "78")]),
            Level::Different
        );
    }
}
