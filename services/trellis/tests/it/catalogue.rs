//! The walls in the database, of every service, as the catalogue says.

use std::sync::Arc;

use pg::ServiceSchema;
use testkit::{SERVICES, SystemClock};
use trellis::{Config, Service, database::migrate};

/// An officer's list is of many people: these rows are seen by whoever's office they are (`trellis.office`), and by nobody
/// where the transaction names none.
const OF_AN_OFFICE: [&str; 2] = ["legal_hold", "accounting_suspension"];

/// What an owner's function gives beside ids and facets, and why: a note by its id and whose it is, sealed until its
/// reader's decision; what two people have in common, to the steward who compares them; what somebody prefers, to who
/// asks about that person.
const GIVE_WORDS: [(&str, &str); 3] = [
    ("notes", "notes.read_notes(uuid[],integer[],uuid[]): "),
    ("people", "people.doubtful_matches("),
    ("people", "people.stated_preferences("),
];

#[tokio::test]
async fn every_table_function_view_and_grant_of_every_service_is_as_the_walls_need_it() {
    let stage = testkit::Stage::new(Arc::new(SystemClock), async |config, database| {
        migrate(&Config::load(config)?, &Service::ALL, &database.admin).await
    });
    let database = stage.await.unwrap().database.clone();
    for name in SERVICES {
        let mut found = pg::breaches(&database.admin, &ServiceSchema::of(name)).await.unwrap();
        found.retain(|breach| {
            let words = |(of, door): &(&str, &str)| {
                *of == name && breach.starts_with(door) && breach.ends_with("gives words")
            };
            !GIVE_WORDS.iter().any(words)
                && (name != "audit" || !OF_AN_OFFICE.iter().any(|t| breach.starts_with(t)))
        });
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
}
