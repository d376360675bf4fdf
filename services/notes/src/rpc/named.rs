//! The people that a request names.

use rpc::Error;
use uuid::Uuid;

/// Their names, each with its place in the request.
pub(super) struct Named<'a>(Vec<(String, &'a str)>);

impl<'a> Named<'a> {
    pub(super) fn of(people: &'a [String]) -> Self {
        let named = people.iter().enumerate();
        Self(named.map(|(place, name)| (format!("people[{place}]"), &**name)).collect())
    }

    pub(super) fn fields(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(field, name)| (&**field, *name)).collect()
    }

    pub(super) fn ids(&self) -> Result<Vec<Uuid>, Error> {
        self.0.iter().map(|(field, name)| rpc::id(field, "people", name)).collect()
    }
}
