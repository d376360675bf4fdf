//! People as they are: born into families, with twins, with sons of their father's name, in households
//! that share an address and a telephone.

use time::{Date, Duration, macros::date};

use super::{names::Culture, random::Random};
use crate::Sex;

/// The day on which everybody's age is counted.
const TODAY: Date = date!(2026 - 01 - 01);

/// A person, as they are.
#[derive(Clone)]
pub struct Person {
    pub given: String,
    pub family: String,
    pub birth: Date,
    pub sex: Sex,
    pub phone: String,
    pub postal_code: String,
    pub street: String,
    /// Of the network's insurer.
    pub member: String,
    /// A government's.
    pub tax: String,
    /// Who shares their household.
    pub household: usize,
    /// Which birth they are of: twins share it.
    pub delivery: usize,
    pub(super) culture: Culture,
}

/// A place to live, and its telephone.
#[derive(Clone)]
pub struct Place {
    pub phone: String,
    pub postal_code: String,
    pub street: String,
}

struct Families<'a> {
    random: &'a mut Random,
    people: Vec<Person>,
    household: usize,
    delivery: usize,
}

/// This many people.
pub fn people(count: usize, random: &mut Random) -> Vec<Person> {
    let mut families = Families { random, people: Vec::new(), household: 0, delivery: 0 };
    while families.people.len() < count {
        families.household();
    }
    families.people.truncate(count);
    families.people
}

impl Families<'_> {
    /// One adult or two, and their children.
    fn household(&mut self) {
        self.household += 1;
        let home = place(self.random);
        let culture = Culture::any(self.random);
        let family = culture.family_name(self.random);
        let sex = any_sex(self.random);
        let age = self.random.between(19, 90);
        let parent = self.born(&family, culture, sex, age, &home, None);
        if self.random.chance(0.4) {
            let family = if self.random.chance(0.65) {
                family.clone()
            } else {
                culture.family_name(self.random)
            };
            let sex = if sex == Sex::Male { Sex::Female } else { Sex::Male };
            let age = (age + self.random.between(-8, 8)).max(19);
            self.born(&family, culture, sex, age, &home, None);
        }
        if age >= 60 || self.random.chance(0.5) {
            return;
        }
        let namesake = (sex == Sex::Male).then_some(parent);
        for _ in 0..self.random.between(1, 4) {
            let age = self.random.between(0, (age - 18).min(24));
            let sex = any_sex(self.random);
            let father = namesake.clone().filter(|_| sex == Sex::Male && self.random.chance(0.06));
            self.born(&family, culture, sex, age, &home, father);
        }
    }

    /// A birth: of one person, of twins now and then. Returns the given name of the first.
    fn born(
        &mut self,
        family: &str,
        culture: Culture,
        sex: Sex,
        age: i32,
        home: &Place,
        namesake: Option<String>,
    ) -> String {
        self.delivery += 1;
        let days = i64::from(age * 365 + self.random.between(1, 365));
        let birth = TODAY.saturating_sub(Duration::days(days));
        let given = namesake.unwrap_or_else(|| culture.given_name(sex, self.random));
        // Half of those who are of age have a telephone of their own, twins too.
        let phone = if age >= 16 && self.random.chance(0.5) {
            number(self.random)
        } else {
            home.phone.clone()
        };
        let home = Place { phone, ..home.clone() };
        self.add(&given, family, culture, sex, birth, &home);
        if self.random.chance(0.015) {
            let same_sex = self.random.chance(0.5);
            let other = if sex == Sex::Male { Sex::Female } else { Sex::Male };
            let sex = if same_sex { sex } else { other };
            let alike = self.random.chance(0.3).then(|| culture.alike(&given, sex, self.random));
            let twin = alike.flatten().unwrap_or_else(|| culture.given_name(sex, self.random));
            if twin != given {
                self.add(&twin, family, culture, sex, birth, &home);
            }
        }
        given
    }

    fn add(
        &mut self,
        given: &str,
        family: &str,
        culture: Culture,
        sex: Sex,
        birth: Date,
        home: &Place,
    ) {
        let Place { phone, postal_code, street } = home.clone();
        let member =
            format!("{}{}", digits(self.random, 8), self.random.pick(&["A", "B", "C"], "A"));
        self.people.push(Person {
            given: given.to_owned(),
            family: family.to_owned(),
            birth,
            sex,
            phone,
            postal_code,
            street,
            member,
            tax: digits(self.random, 9),
            household: self.household,
            delivery: self.delivery,
            culture,
        });
    }
}

fn any_sex(random: &mut Random) -> Sex {
    if random.chance(0.5) { Sex::Female } else { Sex::Male }
}

/// In one of a county's 60 postal codes.
pub fn place(random: &mut Random) -> Place {
    const NAMES: [&str; 20] = [
        "Main",
        "Oak",
        "Pine",
        "Maple",
        "Cedar",
        "Elm",
        "Washington",
        "Lake",
        "Hill",
        "Park",
        "Spring",
        "River",
        "Church",
        "Highland",
        "Jefferson",
        "Lincoln",
        "Sunset",
        "Jackson",
        "Franklin",
        "Mill",
    ];
    const KINDS: [&str; 6] = ["Street", "Avenue", "Road", "Drive", "Lane", "Court"];
    const SIDES: [&str; 6] = ["", "", "", "North ", "South ", "East "];
    let (name, kind) = (random.pick(&NAMES, "Main"), random.pick(&KINDS, "Street"));
    let side = random.pick(&SIDES, "");
    let flat =
        if random.chance(0.3) { format!(" Apt {}", random.between(1, 40)) } else { String::new() };
    Place {
        phone: number(random),
        postal_code: format!("{}", 97_201 + random.ranked(60)),
        street: format!("{} {side}{name} {kind}{flat}", random.between(1, 4_000)),
    }
}

/// A telephone number of one of four areas.
pub fn number(random: &mut Random) -> String {
    format!("({}) {}", random.pick(&["503", "971", "458", "541"], "503"), digits(random, 7))
}

pub fn digits(random: &mut Random, count: usize) -> String {
    (0..count)
        .map(|_| char::from(b'0' + u8::try_from(random.below(10)).unwrap_or_default()))
        .collect()
}
