//! What no sum can outvote, each with a pair that would be linked without it.

#![allow(clippy::unwrap_used, clippy::panic)]

use matching::{Frequencies, Guard, Judgement, Registration, Rule, Sex, Verdict, Weights};
use time::{Date, macros::date};

const BORN: Date = date!(1984 - 03 - 07);

fn names() -> Frequencies {
    let given = [
        ("ana", 2_000),
        ("lucia", 400),
        ("hayden", 100),
        ("jayden", 100),
        ("alexander", 100),
        ("alexandra", 100),
        ("wilhelmina", 6),
        ("others", 97_294),
    ];
    let family = [("garcia", 2_000), ("lopez", 1_000), ("quackenbush", 6), ("others", 96_994)];
    Frequencies::from_counts(given, family)
}

fn judge(one: &Registration, other: &Registration) -> Judgement {
    let rule = Rule::new(Weights::default(), names()).unwrap();
    let there = rule.judge(one, other);
    assert_eq!(there, rule.judge(other, one));
    there
}

fn named(given: &str, family: &str) -> Registration {
    Registration::new(given, family, BORN)
}

/// With what a household shares.
fn at_home(one: Registration) -> Registration {
    one.phone("503 201 3344").street("12 Main St").postal_code("97201")
}

/// Above the threshold of links, and held back by this guard alone.
fn held_back(one: &Registration, other: &Registration, guard: Guard) {
    let found = judge(one, other);
    assert!(found.weight >= Weights::default().link, "{}", found.explain().join("\n"));
    assert_eq!(found.guards, [guard]);
    assert_ne!(found.verdict, Verdict::Link);
}

fn linked(one: &Registration, other: &Registration) {
    let found = judge(one, other);
    assert_eq!(found.verdict, Verdict::Link, "{}", found.explain().join("\n"));
}

#[test]
fn two_values_of_a_single_valued_system_are_never_linked_by_themselves() {
    let with = |value| at_home(named("Ana", "Garcia")).identifier("tax", value);
    linked(&with("123456789"), &with("123-45-6789"));
    held_back(&with("123456789"), &with("987654321"), Guard::Identifiers);
    held_back(&with("123456789"), &with("123456798"), Guard::Identifiers);
    let other_agrees = |value| with(value).identifier("plan", "77 AB");
    held_back(&other_agrees("123456789"), &other_agrees("987654321"), Guard::Identifiers);
}

#[test]
fn a_system_said_to_have_several_values_contradicts_nothing() {
    let many_valued = ["plan".to_owned()].into();
    let rule = Rule::new(Weights { many_valued, ..Weights::default() }, names()).unwrap();
    let with = |value| at_home(named("Ana", "Garcia")).identifier("plan", value);
    assert_eq!(rule.judge(&with("12"), &with("34")).verdict, Verdict::Link);
}

#[test]
fn twins_are_never_linked_by_themselves() {
    let (hayden, jayden) = (at_home(named("Hayden", "Garcia")), at_home(named("Jayden", "Garcia")));
    held_back(&hayden, &jayden, Guard::GivenNames);
    assert_eq!(judge(&hayden, &jayden).verdict, Verdict::Doubtful);
    let (ana, lucia) = (at_home(named("Ana", "Garcia")), at_home(named("Lucia", "Garcia")));
    held_back(&ana, &lucia, Guard::GivenNames);
    // Not even in doubt: people have both names.
    assert_eq!(judge(&ana, &lucia).verdict, Verdict::Distinct);
    linked(&hayden, &at_home(named("Haydne", "Garcia")));
}

#[test]
fn different_given_names_under_one_identifier_are_for_a_person_to_decide() {
    let with = |given| at_home(named(given, "Garcia")).identifier("tax", "123456789");
    held_back(&with("Ana"), &with("Lucia"), Guard::GivenNames);
    assert_eq!(judge(&with("Ana"), &with("Lucia")).verdict, Verdict::Doubtful);
}

#[test]
fn a_first_letter_may_be_a_twins_unless_an_identifier_agrees() {
    let with = |given| at_home(named(given, "Garcia"));
    held_back(&with("J"), &with("Jayden"), Guard::Initial);
    let identified = |given| with(given).identifier("tax", "123456789");
    linked(&identified("J"), &identified("Jayden"));
}

#[test]
fn parent_and_child_of_one_name_are_never_linked_by_themselves() {
    let (father, son) = (
        at_home(Registration::new("Jayden", "Quackenbush Sr.", date!(1964 - 11 - 21))),
        at_home(Registration::new("Jayden", "Quackenbush Jr.", BORN)),
    );
    held_back(&father, &son, Guard::BirthDates);
    let year = at_home(Registration::new("Jayden", "Quackenbush", date!(1984 - 11 - 21)));
    held_back(&year, &son, Guard::BirthDates);
}

#[test]
fn brother_and_sister_of_nearly_one_name_are_never_linked_by_themselves() {
    let with = |given, sex| at_home(named(given, "Garcia")).sex(sex);
    // One letter of it is wrong, so it is no name that people have.
    let slip = with("Alexandro", Sex::Male);
    linked(&slip, &with("Alexander", Sex::Male).identifier("tax", "1"));
    held_back(&slip, &with("Alexandra", Sex::Female), Guard::Sexes);
    linked(&with("Ana", Sex::Female), &with("Ana", Sex::Male));
}

#[test]
fn another_family_name_needs_a_telephone_street_or_identifier_that_agrees() {
    let one = named("Wilhelmina", "Garcia").postal_code("97201").sex(Sex::Female);
    let other = named("Wilhelmina", "Lopez").postal_code("97201").sex(Sex::Female);
    held_back(&one, &other, Guard::FamilyNames);
    linked(&at_home(one), &at_home(other));
}

#[test]
fn common_names_and_a_birth_date_are_not_enough() {
    let bare = || named("Ana", "Garcia").sex(Sex::Female);
    held_back(&bare(), &bare(), Guard::CommonName);
    linked(&bare().postal_code("97201"), &bare().postal_code("97201"));
    let rare = || named("Wilhelmina", "Quackenbush");
    linked(&rare(), &rare());
}

#[test]
fn without_a_table_every_name_is_common_and_every_slip_may_be_a_twin() {
    let rule = Rule::new(Weights::default(), Frequencies::default()).unwrap();
    let rare = named("Wilhelmina", "Quackenbush");
    assert_eq!(rule.judge(&rare, &rare).guards, [Guard::CommonName]);
    let (one, other) = (at_home(rare), at_home(named("Wilhelmnia", "Quackenbush")));
    assert_eq!(rule.judge(&one, &other).guards, [Guard::GivenNames]);
}

#[test]
fn a_birth_date_that_may_stand_for_an_unknown_needs_something_beyond() {
    let with = |date| Registration::new("Wilhelmina", "Quackenbush", date).sex(Sex::Female);
    let (unknown, known) = (with(date!(1984 - 01 - 01)), with(BORN));
    held_back(&unknown, &unknown, Guard::CommonName);
    held_back(&unknown, &known, Guard::CommonName);
    linked(&at_home(unknown), &at_home(known));
}

#[test]
fn slips_in_the_names_and_in_the_birth_date_need_a_telephone_street_or_identifier() {
    let one = named("Wilhelmina", "Quackenbush").postal_code("97201").sex(Sex::Female);
    let slip = Registration::new("Wilhelmima", "Quackenbush", date!(1984 - 07 - 03));
    let slip = slip.postal_code("97201").sex(Sex::Female);
    held_back(&one, &slip, Guard::Slips);
    linked(&at_home(one), &at_home(slip));
}

#[test]
fn a_judgement_is_explained_in_words_without_content() {
    let one = at_home(named("Hayden", "Garcia"));
    let other = at_home(named("Jayden", "Garcia")).phone("503 201 3345");
    let words = judge(&one, &other).explain();
    assert_eq!(words.len(), 10);
    assert!(words[0].starts_with("in doubt (sum "));
    assert!(words[1].starts_with("given name: alike, but two names that people have ("));
    assert!(words[5].starts_with("telephone: a slip apart (+"));
    assert_eq!(words[4], "sex: not stated by both (+0.0)");
    assert!(words[9].starts_with("not by itself: the given names"));
    let all = words.join(" ").to_lowercase();
    for content in ["hayden", "garcia", "3345", "main", "1984"] {
        assert!(!all.contains(content));
    }
}
