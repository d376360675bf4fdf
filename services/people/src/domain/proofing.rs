//! Whether a person whose identity was proofed is the person that agencies state: a sign-in that was
//! proofed says who signed in, and not whose records these are.

use identity::Proofed;
use time::Date;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use uuid::Uuid;

/// What one agency states of a person. It has no Debug: it is content.
#[derive(Clone)]
pub struct Stated {
    pub custodian: Uuid,
    pub given_name: String,
    pub family_name: String,
    pub birth_date: Date,
}

/// Whether the proofing stands for this person: what the inviting agency states is the same, and what
/// no other agency states is anything else.
pub fn stands(proofed: &Proofed, inviting: Uuid, stated: &[Stated]) -> bool {
    stated.iter().any(|one| one.custodian == inviting)
        && stated.iter().all(|one| is_of(proofed, one))
}

fn is_of(proofed: &Proofed, stated: &Stated) -> bool {
    let given = proofed.given_name.as_deref();
    proofed.birth_date == stated.birth_date
        && same(&proofed.family_name, &stated.family_name)
        && given.is_none_or(|given| same(given, &stated.given_name))
}

/// Names by their letters, whatever their case and accents. One that has no letters is nobody's.
fn same(one: &str, other: &str) -> bool {
    let one = plain(one);
    !one.is_empty() && one == plain(other)
}

/// Upper case first: one small letter may be several capitals.
fn plain(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let upper = words.join(" ").to_uppercase();
    upper.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const BORN: Date = date!(1980 - 01 - 02);

    fn proofed(given: Option<&str>, family: &str, birth_date: Date) -> Proofed {
        let given_name = given.map(str::to_owned);
        Proofed { family_name: family.to_owned(), given_name, birth_date }
    }

    fn stated(agency: u128, given: &str, family: &str) -> Stated {
        Stated {
            custodian: Uuid::from_u128(agency),
            given_name: given.to_owned(),
            family_name: family.to_owned(),
            birth_date: BORN,
        }
    }

    fn stands_for(proofed: &Proofed, stated: &[Stated]) -> bool {
        stands(proofed, Uuid::from_u128(1), stated)
    }

    #[test]
    fn names_are_compared_without_case_accents_and_spacing_and_birth_dates_exactly() {
        let stated = [stated(1, "José  María", "Núñez Groß")];
        for family in ["Núñez Groß", "NUNEZ  GROSS", "nu\u{301}n\u{303}ez gross"] {
            assert!(stands_for(&proofed(None, family, BORN), &stated), "{family}");
            assert!(stands_for(&proofed(Some("jose maria"), family, BORN), &stated), "{family}");
        }
        for (given, family, birth) in [
            (None, "Nunes Gross", BORN),
            (None, "Nunez", BORN),
            (None, "", BORN),
            (Some("Jose"), "Nunez Gross", BORN),
            (Some(""), "Nunez Gross", BORN),
            (None, "Nunez Gross", date!(1980 - 02 - 01)),
        ] {
            assert!(!stands_for(&proofed(given, family, birth), &stated), "{given:?} {family}");
        }
    }

    #[test]
    fn a_name_without_letters_is_nobodys() {
        let accent = stated(1, "\u{301}", "\u{301}");
        assert!(!stands_for(&proofed(None, "\u{301}", BORN), &[accent]));
    }

    #[test]
    fn every_agency_must_state_the_same_and_the_inviting_one_must_state_something() {
        let jane = proofed(Some("Jane"), "Roe", BORN);
        assert!(stands_for(&jane, &[stated(1, "Jane", "Roe"), stated(2, "JANE", "roe")]));
        assert!(!stands_for(&jane, &[stated(1, "Jane", "Roe"), stated(2, "Janet", "Roe")]));
        assert!(!stands_for(&jane, &[stated(2, "Jane", "Roe")]));
        assert!(!stands_for(&jane, &[]));
    }
}
