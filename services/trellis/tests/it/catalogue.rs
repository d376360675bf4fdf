//! The walls in the database, of every service, as the catalogue says.

use std::sync::Arc;

use pg::ServiceSchema;
use testkit::{SERVICES, SystemClock};
use trellis::{
    Config, Service,
    database::{is_stated, migrate, walls_stand},
};

use crate::support::{run, trellis};

async fn stage() -> testkit::Stage {
    let stage = testkit::Stage::new(Arc::new(SystemClock), async |config, database| {
        migrate(&Config::load(config)?, &Service::ALL, &database.admin).await
    });
    stage.await.unwrap()
}

#[tokio::test]
async fn every_table_function_view_and_grant_of_every_service_is_as_the_walls_need_it() {
    let stage = stage().await;
    let database = &stage.database;
    for name in SERVICES {
        let mut found = pg::breaches(&database.admin, &ServiceSchema::of(name)).await.unwrap();
        found.retain(|breach| !is_stated(name, breach));
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn a_wall_that_was_taken_down_by_hand_is_what_migrate_ends_with() {
    let stage = stage().await;
    let config = Config::load(&stage.config("walls", 0, &[]).unwrap()).unwrap();
    let admin = &stage.database.admin;
    walls_stand(&config, &Service::ALL, admin).await.unwrap();
    pg::tamper::run(admin, &["ALTER TABLE notes.note NO FORCE ROW LEVEL SECURITY"]).await.unwrap();
    let said = walls_stand(&config, &Service::ALL, admin).await.unwrap_err().to_string();
    assert!(said.starts_with("database of notes: note: has a person's data"), "{said}");
}

#[tokio::test]
async fn a_service_does_not_start_as_a_role_that_the_walls_would_not_hold() {
    let stage = stage().await;
    let config = stage.config("roles", 0, &[]).unwrap();
    let admin = &stage.database.admin;
    // Where it starts, it ends with its input.
    let serve = || {
        let args = ["serve", "directory", "--while-stdin-is-open", "--config"];
        run(trellis().args(args).arg(&config))
    };
    let started = serve();
    assert_eq!(started.code, Some(0), "{}", started.err);
    for (bad, good, says) in [
        (
            "ALTER ROLE trellis_directory SUPERUSER",
            "ALTER ROLE trellis_directory NOSUPERUSER",
            "superuser",
        ),
        (
            "ALTER ROLE trellis_directory BYPASSRLS",
            "ALTER ROLE trellis_directory NOBYPASSRLS",
            "BYPASSRLS",
        ),
        (
            "GRANT pg_read_all_data TO trellis_directory",
            "REVOKE pg_read_all_data FROM trellis_directory",
            "a role of the server's own",
        ),
        (
            "GRANT trellis_directory_owner TO trellis_directory",
            "REVOKE trellis_directory_owner FROM trellis_directory",
            "owns objects",
        ),
    ] {
        pg::tamper::run(admin, &[bad]).await.unwrap();
        serve().is_one_line(&["database of directory", says]);
        pg::tamper::run(admin, &[good]).await.unwrap();
    }
}
