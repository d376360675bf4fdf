//! The walls in the database, of every service, as the catalogue says.

use std::sync::Arc;

use pg::ServiceSchema;
use testkit::{SERVICES, SystemClock};
use trellis::{Config, Service, database::migrate};

/// An officer's list is of many people: these rows are seen by whoever's office they are (`trellis.office`), and by nobody
/// where the transaction names none.
const OF_AN_OFFICE: [&str; 2] = ["legal_hold", "accounting_suspension"];

#[tokio::test]
async fn every_table_function_view_and_grant_of_every_service_is_as_the_walls_need_it() {
    let stage = testkit::Stage::new(Arc::new(SystemClock), async |config, database| {
        migrate(&Config::load(config)?, &Service::ALL, &database.admin).await
    });
    let database = stage.await.unwrap().database.clone();
    for name in SERVICES {
        let mut found = pg::breaches(&database.admin, &ServiceSchema::of(name)).await.unwrap();
        found.retain(|breach| {
            name != "audit" || !OF_AN_OFFICE.iter().any(|t| breach.starts_with(t))
        });
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
}
