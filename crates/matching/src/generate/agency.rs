//! What agencies write down of people: 1 to 3 registrations each, with errors and with much left out.

use time::{Date, Month};

use super::{
    Error, Errors, Person, Population,
    household::{number, people, place},
    names::nickname_of,
    random::Random,
    slip,
};
use crate::{Registration, Sex};

/// The system of the insurer's numbers.
const MEMBER: &str = "urn:generated:member";
/// The system of a government's numbers.
const TAX: &str = "urn:generated:tax";

/// A registration, and what is true of it.
pub struct Registered {
    pub registration: Registration,
    /// Whose: a place among the people.
    pub person: usize,
    /// What went wrong. What is left out is no error.
    pub errors: Errors,
    /// No telephone, street or identifier.
    pub bare: bool,
}

/// This many people and their registrations.
pub fn population(count: usize, seed: u64) -> Population {
    let mut random = Random::new(seed);
    let people = people(count, &mut random);
    let mut registrations = Vec::new();
    for (place, person) in people.iter().enumerate() {
        let times = match random.below(100) {
            0..45 => 1,
            45..80 => 2,
            _ => 3,
        };
        for _ in 0..times {
            registrations.push(registered(place, person, &people, &mut random));
        }
    }
    Population { people, registrations }
}

/// A registration while it is written.
struct Draft<'a> {
    random: &'a mut Random,
    /// Of an infant.
    mother: Option<&'a Person>,
    /// What is written.
    written: Person,
    errors: Errors,
    stated: Stated,
}

/// What is not left out.
struct Stated {
    sex: bool,
    phone: bool,
    postal_code: bool,
    street: bool,
    member: bool,
    tax: bool,
}

fn registered(of: usize, person: &Person, all: &[Person], random: &mut Random) -> Registered {
    let stated = stated(random);
    let bare = !(stated.phone || stated.street || stated.member || stated.tax);
    let written = person.clone();
    let mother = mother(of, person, all);
    let mut draft = Draft { random, mother, written, errors: Errors::default(), stated };
    for error in Error::ALL {
        draft.err(error);
    }
    let errors = draft.errors;
    Registered { registration: draft.registration(), person: of, errors, bare }
}

/// More than a quarter of registrations lack everything but a name, a birth date and what is vague.
fn stated(random: &mut Random) -> Stated {
    let bare = random.chance(0.24);
    let mut chance = |often: f64| !bare && random.chance(often);
    let (phone, street, member, tax) = (chance(0.65), chance(0.7), chance(0.4), chance(0.15));
    Stated {
        sex: random.chance(0.9),
        phone,
        postal_code: street || random.chance(0.5),
        street,
        member,
        tax,
    }
}

impl Draft<'_> {
    /// Makes this error, as often as it is made; where it changes nothing that is stated it is none.
    fn err(&mut self, error: Error) {
        if self.random.chance(error.often()) && self.change(error).is_some() {
            self.errors.add(error);
        }
    }

    fn change(&mut self, error: Error) -> Option<()> {
        let (random, written) = (&mut *self.random, &mut self.written);
        match error {
            Error::Nickname => written.given = nickname_of(&written.given, random)?,
            Error::GivenCut => written.given = cut(&written.given, random)?,
            Error::GivenSlip => {
                written.given = changed(&written.given, slip::in_name(&written.given, random))?;
            }
            Error::FamilyChanged => {
                written.family = changed(&written.family, written.culture.family_name(random))?;
            }
            Error::FamilyPart => {
                let (first, second) = written.family.split_once([' ', '-'])?;
                let kept = if random.chance(0.75) { first } else { second };
                written.family = kept.to_owned();
            }
            Error::FamilySlip => {
                written.family = changed(&written.family, slip::in_name(&written.family, random))?;
            }
            Error::NamesExchanged => std::mem::swap(&mut written.given, &mut written.family),
            Error::DayAndMonth => {
                let other = slip::exchanged(written.birth).filter(|day| *day != written.birth)?;
                written.birth = other;
            }
            Error::BirthSlip => {
                let other = slip::in_date(written.birth, random);
                written.birth = Some(other).filter(|day| *day != written.birth)?;
            }
            Error::BirthUnknown => {
                written.birth =
                    Date::from_calendar_date(written.birth.year(), Month::January, 1).ok()?;
            }
            Error::Sex => {
                written.sex = if written.sex == Sex::Male { Sex::Female } else { Sex::Male };
                self.stated.sex.then_some(())?;
            }
            Error::Moved => {
                let new = place(random);
                (written.postal_code, written.street) = (new.postal_code, new.street);
                let phone = random.chance(0.7);
                if phone {
                    written.phone = number(random);
                }
                let Stated { phone: has_phone, postal_code, street, .. } = self.stated;
                (street || postal_code || (phone && has_phone)).then_some(())?;
            }
            Error::PhoneSlip => {
                written.phone = changed(&written.phone, slip::in_number(&written.phone, random))?;
                self.stated.phone.then_some(())?;
            }
            Error::StreetSlip => {
                let (number, name) = written.street.split_once(' ')?;
                let other = if random.chance(0.2) {
                    format!("{} {name}", slip::in_number(number, random))
                } else {
                    format!("{number} {}", slip::in_name(name, random))
                };
                written.street = changed(&written.street, other)?;
                self.stated.street.then_some(())?;
            }
            Error::PostalSlip => {
                let other = slip::in_number(&written.postal_code, random);
                written.postal_code = changed(&written.postal_code, other)?;
                self.stated.postal_code.then_some(())?;
            }
            Error::IdentifierSlip => {
                written.member =
                    changed(&written.member, slip::in_number(&written.member, random))?;
                self.stated.member.then_some(())?;
            }
            Error::IdentifierOfMother => {
                written.member.clone_from(&self.mother?.member);
                self.stated.member.then_some(())?;
            }
        }
        Some(())
    }

    fn registration(self) -> Registration {
        let (one, stated) = (&self.written, &self.stated);
        let mut made = Registration::new(&one.given, &one.family, one.birth);
        if stated.sex {
            made = made.sex(one.sex);
        }
        if stated.phone {
            made = made.phone(&one.phone);
        }
        if stated.postal_code {
            made = made.postal_code(&one.postal_code);
        }
        if stated.street {
            made = made.street(&one.street);
        }
        if stated.member {
            made = made.identifier(MEMBER, &one.member);
        }
        if stated.tax { made.identifier(TAX, &one.tax) } else { made }
    }
}

/// Of an infant, who is often registered under her number: the eldest of the household.
fn mother<'a>(of: usize, infant: &Person, all: &'a [Person]) -> Option<&'a Person> {
    let before = all.get(..of)?.iter().rev();
    let household = before.take_while(|one| one.household == infant.household);
    household.last().filter(|_| infant.birth.year() >= 2024)
}

/// After, if that is anything else.
fn changed(before: &str, after: String) -> Option<String> {
    let has_digits = before.contains(|c: char| c.is_ascii_digit());
    let differs = if has_digits {
        before != after
    } else {
        crate::normal::name(before) != crate::normal::name(&after)
    };
    differs.then_some(after)
}

/// One of two names, the first letters, or the first letter alone.
fn cut(given: &str, random: &mut Random) -> Option<String> {
    if let Some((first, second)) = given.split_once([' ', '-']) {
        return Some(if random.chance(0.8) { first } else { second }.to_owned());
    }
    let kept = if random.chance(0.2) { 1 } else { 3 + random.below(3) };
    let cut: String = given.chars().take(kept).collect();
    changed(given, cut)
}
