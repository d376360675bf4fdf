//! Who may be the same person by what agencies state of them, as `crates/matching` weighs it.

use matching::{Guard, Judgement, Level, Levels, Registration, Rule, Seen, Verdict};
use uuid::Uuid;

use super::{Identifier, Profile};

/// Forms of people looked at for one registration.
pub const COMPARED: i32 = 100;
/// Doubts kept of one registration: those that weigh most.
const DOUBTS: usize = 10;
/// Thousandths of a bit, so that two findings can be equal.
const PARTS: f64 = 1000.0;

/// A form of somebody beside a form of what is registered: no content.
pub struct Compared {
    pub person: Uuid,
    /// The name under which it is, of those of whom a steward has found that they are one.
    pub member: Uuid,
    /// Tells the profiles of one person apart.
    pub profile: i64,
    /// The agency that asks has registered them.
    pub known: bool,
    pub levels: Levels,
    pub seen: Seen,
}

/// Somebody who is, or may be, the same person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Similar {
    /// By which of their names they are known, where they are one of several.
    pub person: Uuid,
    /// By which of them what agrees best is kept.
    pub member: Uuid,
    /// The same; else in doubt.
    pub link: bool,
    weight: i64,
}

impl Similar {
    /// In bits.
    pub fn weight(&self) -> f32 {
        (self.weight as f64 / PARTS) as f32
    }
}

/// A profile as it is compared: by its name, and by each former one. Of the identifiers only the shared ones;
/// of the addresses and telephone numbers the first.
pub fn forms(profile: &Profile, is_shared: impl Fn(&Identifier) -> bool) -> Vec<Registration> {
    let (details, name) = (&profile.details, (&profile.given_name, &profile.family_name));
    let or =
        |name: &String, else_: &String| if name.trim().is_empty() { else_ } else { name }.clone();
    let former = details.former_names.iter().take(5);
    let former = former.map(|n| (or(&n.given_name, name.0), or(&n.family_name, name.1)));
    let of = |(given, family): (String, String)| {
        let mut form = Registration::new(&given, &family, profile.birth_date);
        if let Some(phone) = details.phones.first() {
            form = form.phone(phone);
        }
        if let Some(address) = details.addresses.first() {
            form = form.street(&address.line).postal_code(&address.postal_code);
        }
        let shared = profile.identifiers.iter().filter(|one| is_shared(one));
        shared.fold(form, |form, one| form.identifier(&one.system, &one.value))
    };
    std::iter::once((name.0.clone(), name.1.clone())).chain(former).map(of).collect()
}

/// One finding a person who is not plainly another. What any profile of theirs contradicts is in doubt, and
/// so is whom the same agency holds as somebody else. `rows` in the order of people and their profiles.
pub fn people(rule: &Rule, rows: &[Compared]) -> Vec<Similar> {
    let of_one = |a: &Compared, b: &Compared| a.person == b.person;
    rows.chunk_by(of_one).filter_map(|rows| person(rule, rows)).collect()
}

fn person(rule: &Rule, rows: &[Compared]) -> Option<Similar> {
    let first = rows.first()?;
    let profiles = rows.chunk_by(|a, b| a.profile == b.profile);
    let best: Vec<(Judgement, Uuid)> =
        profiles.filter_map(|forms| Some((best(rule, forms)?, forms.first()?.member))).collect();
    let (top, member) = best.iter().max_by(|a, b| rank(&a.0).total_cmp(&rank(&b.0)))?;
    let against = |one: &Judgement| {
        one.verdict == Verdict::Distinct || one.guards.contains(&Guard::Identifiers)
    };
    let link =
        top.verdict == Verdict::Link && !first.known && !best.iter().any(|(one, _)| against(one));
    let weight = (top.weight * PARTS).round() as i64;
    let (person, member) = (first.person, *member);
    (top.verdict != Verdict::Distinct).then_some(Similar { person, member, link, weight })
}

pub(super) fn best(rule: &Rule, forms: &[Compared]) -> Option<Judgement> {
    let judged = forms.iter().map(|form| rule.judge_seen(&form.levels, &form.seen));
    judged.max_by(|a, b| rank(a).total_cmp(&rank(b)))
}

/// By verdict, and then by weight.
fn rank(judgement: &Judgement) -> f64 {
    let verdict = match judgement.verdict {
        Verdict::Distinct => 0.0,
        Verdict::Doubtful => 1e6,
        Verdict::Link => 2e6,
    };
    verdict + judgement.weight
}

/// Levels as the database numbers them.
pub fn levels(places: &[i16]) -> Option<Levels> {
    let level =
        |place: &i16| usize::try_from(*place).ok().and_then(|at| Level::ALL.get(at).copied());
    let all: Vec<Level> = places.iter().map(level).collect::<Option<_>>()?;
    all.try_into().ok()
}

/// Those in doubt beside `person`, who was chosen or made: the weightiest.
pub fn doubts(similar: &[Similar], person: Uuid) -> Vec<&Similar> {
    let mut others: Vec<&Similar> =
        similar.iter().filter(|s| s.person != person && s.member != person).collect();
    others.sort_by_key(|s| (std::cmp::Reverse(s.weight), s.person));
    others.truncate(DOUBTS);
    others
}
