//! What holds of any registrations.

#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use matching::{
    Frequencies, Level, MAX_BLOCKS, Registration, Rule, Sex, Verdict, Weights, blocks,
    evaluate::names, generate::population, normal,
};
use proptest::prelude::*;
use time::{Date, Month};

static NAMES: LazyLock<Frequencies> = LazyLock::new(|| names(&population(2_000, 5)));

fn rule() -> Rule {
    Rule::new(Weights::default(), NAMES.clone()).unwrap()
}

fn birth() -> impl Strategy<Value = Date> {
    (1900..2026_i32, 1..=366_u16)
        .prop_filter_map("a day", |(year, day)| Date::from_ordinal_date(year, day).ok())
}

/// Few names, so that they agree now and then, and any text.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "(Ana|Anna|Ana Lucía|Bob|Robert|R|García|Garcia López|Smith|Smyth|)",
        1 => any::<String>(),
    ]
}

prop_compose! {
    fn registration()(
        given in name(),
        family in name(),
        birth in birth(),
        sex in proptest::option::of(prop_oneof![Just(Sex::Female), Just(Sex::Male), Just(Sex::Other)]),
        phone in proptest::option::of("50320133[0-9]{2}"),
        postal in proptest::option::of("9720[0-9]"),
        street in proptest::option::of("(1|12) (Main|Oak) (St|Street|Ave)( Apt 1)?"),
        identifiers in proptest::collection::vec(("[ab]", "[0-9]{1,3}"), 0..4),
    ) -> Registration {
        let mut one = Registration::new(&given, &family, birth);
        if let Some(sex) = sex {
            one = one.sex(sex);
        }
        one = one.phone(&phone.unwrap_or_default()).postal_code(&postal.unwrap_or_default());
        one = one.street(&street.unwrap_or_default());
        identifiers.iter().fold(one, |one, (system, value)| one.identifier(system, value))
    }
}

proptest! {
    #[test]
    fn the_order_of_the_two_makes_no_difference(a in registration(), b in registration()) {
        let (there, back) = (rule().judge(&a, &b), rule().judge(&b, &a));
        prop_assert_eq!(there, back);
    }

    #[test]
    fn a_weight_is_finite_and_the_sum_of_its_findings(a in registration(), b in registration()) {
        let found = rule().judge(&a, &b);
        prop_assert!(found.weight.is_finite());
        let sum: f64 = found.findings.iter().map(|finding| finding.weight).sum();
        prop_assert_eq!(sum, found.weight);
    }

    #[test]
    fn what_is_missing_weighs_nothing(a in registration(), b in registration()) {
        for finding in rule().judge(&a, &b).findings {
            prop_assert!(finding.level != Level::Missing || finding.weight == 0.0);
        }
    }

    #[test]
    fn no_link_stands_against_a_guard_or_below_the_threshold(
        a in registration(), b in registration()
    ) {
        let found = rule().judge(&a, &b);
        let link = found.guards.is_empty() && found.weight >= Weights::default().link;
        prop_assert_eq!(found.verdict == Verdict::Link, link);
    }

    #[test]
    fn a_normal_form_is_its_own(text in any::<String>()) {
        for form in [normal::name, normal::family_name] {
            let once = form(&text);
            prop_assert_eq!(&form(&once), &once);
        }
        for form in [normal::phone, normal::postal_code, normal::street, normal::identifier] {
            if let Some(once) = form(&text) {
                prop_assert_eq!(form(&once), Some(once));
            }
        }
    }

    #[test]
    fn a_registration_with_a_whole_name_and_a_telephone_links_with_itself(
        given in "[A-Z][a-z]{1,8}",
        family in "[A-Z][a-z]{1,8}",
        birth in birth(),
        number in "50320133[0-9]{2}",
    ) {
        let one = Registration::new(&given, &family, birth).phone(&number).street("12 Main St");
        prop_assert_eq!(rule().judge(&one, &one).verdict, Verdict::Link);
    }

    #[test]
    fn blocks_are_the_same_every_time_and_few(one in registration()) {
        let found = blocks(&one);
        prop_assert_eq!(&found, &blocks(&one.clone()));
        prop_assert!(found.len() <= MAX_BLOCKS);
        prop_assert!(found.is_sorted());
    }

    #[test]
    fn a_slip_in_one_name_leaves_a_block_in_common(
        given in "[a-z]{2,10}",
        family in "[a-z]{2,10}",
        birth in birth(),
        place in 0..10_usize,
        letter in "[a-z]",
        kind in 0..3,
        of_family in any::<bool>(),
    ) {
        let slip = |name: &str| {
            let place = place.min(name.len() - 1);
            let (before, after) = name.split_at(place);
            match kind {
                0 => format!("{before}{letter}{after}"),
                1 => format!("{before}{letter}{}", &after[1..]),
                _ => format!("{before}{}", &after[1..]),
            }
        };
        let one = blocks(&Registration::new(&given, &family, birth));
        let other = if of_family {
            Registration::new(&given, &slip(&family), birth)
        } else {
            Registration::new(&slip(&given), &family, birth)
        };
        prop_assert!(blocks(&other).iter().any(|block| one.contains(block)));
    }
}

#[test]
fn a_day_of_no_other_reading_is_exact() {
    let born = Date::from_calendar_date(1984, Month::March, 7).unwrap();
    let one = Registration::new("Ana", "Garcia", born);
    assert_eq!(rule().judge(&one, &one).findings[2].level, Level::Exact);
}
