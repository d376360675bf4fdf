//! People who are named in a request.

use kernel::PersonId;
use rpc::Error;

/// Each name, and its field.
pub(super) fn named(people: &[String]) -> Vec<(String, &str)> {
    let named = people.iter().enumerate();
    named.map(|(place, name)| (format!("people[{place}]"), &**name)).collect()
}

pub(super) fn ids<'a>(named: &'a [(String, &'a str)]) -> Vec<(&'a str, &'a str)> {
    named.iter().map(|(field, name)| (&**field, *name)).collect()
}

/// Who they are.
pub(super) fn people(named: &[(String, &str)]) -> Result<Vec<PersonId>, Error> {
    let people = named.iter();
    people.map(|(field, name)| Ok(PersonId::from(rpc::id(field, "people", name)?))).collect()
}
