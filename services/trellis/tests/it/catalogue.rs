//! The walls in the database, of every service, as the catalogue says.

use std::sync::Arc;

use pg::ServiceSchema;
use testkit::{SERVICES, SystemClock};
use trellis::{Config, Service, database::migrate};

#[tokio::test]
async fn every_table_function_view_and_grant_of_every_service_is_as_the_walls_need_it() {
    let stage = testkit::Stage::new(Arc::new(SystemClock), async |config, database| {
        migrate(&Config::load(config)?, &Service::ALL, &database.admin).await
    });
    let database = stage.await.unwrap().database.clone();
    for name in SERVICES {
        let found = pg::breaches(&database.admin, &ServiceSchema::of(name)).await.unwrap();
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
}
