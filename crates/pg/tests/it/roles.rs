use pg::{Allow, CheckError, Config, MigrateError, ServiceSchema, check_server};
use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::stage::{ALLOW, Stage, connect, sql, until};

fn migrator(migrations: &[(i64, &'static str)]) -> Migrator {
    Migrator::with_migrations(
        migrations
            .iter()
            .map(|(version, text)| {
                let kind = MigrationType::Simple;
                Migration::new(*version, "test".into(), kind, text.into_sql_str(), false)
            })
            .collect(),
    )
}

#[tokio::test]
async fn the_service_role_as_provisioned_passes_the_check() {
    let stage = Stage::set().await;
    assert_eq!(check_server(&stage.db().await, ALLOW).await, Ok(()));
}

#[tokio::test]
async fn a_server_that_may_lose_commits_is_refused_unless_a_test_allows_it() {
    let stage = Stage::set().await;
    let refused = check_server(&stage.db().await, Allow::default()).await;
    assert_eq!(refused, Err(CheckError::NotDurable("fsync, full_page_writes".into())));
}

#[tokio::test]
async fn each_setting_that_may_lose_commits_is_refused_by_its_name() {
    // One that waits for the disk, so that nothing stands on its command line.
    let server = pg::Embedded::start(pg::embedded::Options::default()).await.unwrap();
    let (admin, service) = (server.admin_url(), ServiceSchema::of("stage"));
    pg::provision(&admin, std::slice::from_ref(&service)).await.unwrap();
    pg::migrate(&admin, &service, &[]).await.unwrap();
    let checked = async || {
        // The settings are those of a session's beginning.
        let config = Config::new(server.url("trellis_stage", "postgres"), "stage");
        check_server(&pg::connect(&config).await.unwrap(), Allow::default()).await
    };
    assert_eq!(checked().await, Ok(()));
    let mut conn = connect(&admin).await;
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        sql(&mut conn, &format!("ALTER SYSTEM SET {setting} = off")).await;
        sql(&mut conn, "SELECT pg_reload_conf()").await;
        until("it is refused", async || {
            checked().await == Err(CheckError::NotDurable(setting.to_owned()))
        })
        .await;
        sql(&mut conn, &format!("ALTER SYSTEM RESET {setting}")).await;
        sql(&mut conn, "SELECT pg_reload_conf()").await;
        until("it is taken", async || checked().await == Ok(())).await;
    }
    // Of the role alone, too.
    sql(&mut conn, "ALTER ROLE trellis_stage SET synchronous_commit = off").await;
    let refused = Err(CheckError::NotDurable("synchronous_commit".into()));
    assert_eq!(checked().await, refused);
}

#[tokio::test]
async fn a_superuser_is_refused() {
    let stage = Stage::set().await;
    let config = Config::new(stage.admin_url(), "stage");
    let db = pg::connect(&config).await.unwrap();
    assert_eq!(check_server(&db, ALLOW).await, Err(CheckError::Superuser));
}

/// Roles belong to the whole server, so a role to be spoilt is a test's own.
async fn spoilt(stage: &Stage, name: &str, spoil: &str) -> Result<(), CheckError> {
    let service = ServiceSchema { schema: name.into(), ..ServiceSchema::of(name) };
    pg::provision(&stage.admin_url(), std::slice::from_ref(&service)).await.unwrap();
    pg::migrate(&stage.admin_url(), &service, &[]).await.unwrap();
    sql(&mut stage.admin().await, spoil).await;
    let mut config = Config::new(stage.admin_url(), name).role(&service.role);
    config.max_connections = 1;
    check_server(&pg::connect(&config).await.unwrap(), ALLOW).await
}

#[tokio::test]
async fn a_role_that_the_walls_would_not_hold_is_refused() {
    let stage = Stage::set().await;
    for (name, spoil, expected) in [
        ("bypass", "ALTER ROLE trellis_bypass BYPASSRLS", CheckError::BypassRls),
        ("creates", "ALTER ROLE trellis_creates CREATEDB", CheckError::Creates),
        ("copies", "ALTER ROLE trellis_copies REPLICATION", CheckError::Creates),
        (
            "becomes",
            "CREATE ROLE all_mighty SUPERUSER; GRANT all_mighty TO trellis_becomes",
            CheckError::Superuser,
        ),
        (
            "passes",
            "CREATE ROLE passing BYPASSRLS; GRANT passing TO trellis_passes",
            CheckError::BypassRls,
        ),
        ("runs", "GRANT pg_execute_server_program TO trellis_runs", CheckError::Predefined),
        ("sees", "GRANT pg_read_all_data TO trellis_sees", CheckError::Predefined),
        ("member", "GRANT trellis_member_owner TO trellis_member", CheckError::Owner),
        ("owns", "ALTER TABLE owns.counter OWNER TO trellis_owns", CheckError::Owner),
        (
            "tampers",
            "CREATE TABLE tampers.audit_event (); GRANT UPDATE ON tampers.audit_event TO trellis_tampers",
            CheckError::AuditWritable,
        ),
        (
            "corrects",
            "CREATE TABLE corrects.audit_event (detail text); \
             GRANT UPDATE (detail) ON corrects.audit_event TO trellis_corrects",
            CheckError::AuditWritable,
        ),
        (
            "forgets",
            "CREATE TABLE forgets.tree_head (); GRANT DELETE ON forgets.tree_head TO trellis_forgets",
            CheckError::AuditWritable,
        ),
        (
            "plays",
            "CREATE ROLE another_service; GRANT another_service TO trellis_plays",
            CheckError::Member,
        ),
    ] {
        assert_eq!(spoilt(&stage, name, spoil).await, Err(expected), "{name}");
    }
    // Provisioning again takes back what was given.
    pg::provision(&stage.admin_url(), &[ServiceSchema::of("bypass")]).await.unwrap();
    assert_eq!(spoilt(&stage, "bypass", "SELECT 1").await, Ok(()));
}

#[tokio::test]
async fn a_table_of_people_without_its_wall_is_refused_by_name() {
    let stage = Stage::set().await;
    let named = || Err(CheckError::Unwalled("seen".to_owned()));
    for (name, spoil, expected) in [
        ("walled", "", Ok(())),
        ("disabled", "ALTER TABLE seen DISABLE ROW LEVEL SECURITY", named()),
        ("unforced", "ALTER TABLE seen NO FORCE ROW LEVEL SECURITY", named()),
        ("opened", "CREATE POLICY more ON seen USING (true)", named()),
        (
            "moved",
            "CREATE POLICY moved ON seen FOR UPDATE TO trellis_moved \
             USING (person_id = ANY (current_people())) WITH CHECK (true)",
            named(),
        ),
        (
            "widened",
            "CREATE POLICY wide ON seen TO trellis_widened \
             USING (true OR person_id = ANY ((SELECT current_people())::uuid[]))",
            named(),
        ),
        (
            "officed",
            "CREATE POLICY office ON seen TO trellis_officed USING \
             (person_id::text = COALESCE(current_setting('trellis.office', true), '') OR true)",
            named(),
        ),
        // As its own wall: no hole.
        (
            "doubled",
            "CREATE POLICY again ON seen TO trellis_doubled \
             USING (person_id = ANY ((SELECT current_people())::uuid[]))",
            Ok(()),
        ),
        // Who can't reach it sees nothing of it.
        (
            "unreached",
            "ALTER TABLE seen DISABLE ROW LEVEL SECURITY; REVOKE ALL ON seen FROM trellis_unreached",
            Ok(()),
        ),
        // Narrower is no hole.
        ("narrowed", "CREATE POLICY less ON seen AS RESTRICTIVE USING (true)", Ok(())),
    ] {
        let made = format!(
            "SET search_path = {name}, pg_temp; SET ROLE trellis_{name}_owner; \
             SET trellis.login_role = 'trellis_{name}'; \
             CREATE TABLE seen (person_id uuid, words text); SELECT protect('seen'); {spoil}"
        );
        assert_eq!(spoilt(&stage, name, &made).await, expected, "{name}");
    }
}

#[tokio::test]
async fn an_unmigrated_schema_is_refused() {
    let stage = Stage::set().await;
    let service = ServiceSchema::of("bare");
    pg::provision(&stage.admin_url(), std::slice::from_ref(&service)).await.unwrap();
    let config = Config::new(stage.admin_url(), "bare").role("trellis_bare");
    let refused = check_server(&pg::connect(&config).await.unwrap(), ALLOW).await;
    assert_eq!(refused, Err(CheckError::NotMigrated));
}

#[tokio::test]
async fn the_role_may_neither_delete_nor_create_nor_touch_other_schemas() {
    let stage = Stage::set().await;
    let other = ServiceSchema::of("neighbour");
    pg::provision(&stage.admin_url(), std::slice::from_ref(&other)).await.unwrap();
    pg::migrate(&stage.admin_url(), &other, &[]).await.unwrap();
    let db = stage.db().await;
    for forbidden in [
        "DELETE FROM counter",
        "TRUNCATE counter",
        "CREATE TABLE mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "SELECT * FROM neighbour.counter",
        "UPDATE _sqlx_migrations SET success = true",
        "SELECT allow_delete('counter')",
        "SET ROLE trellis_stage_owner",
        "SELECT * FROM pg_authid",
    ] {
        let done = db
            .run_one("forbidden", move |conn| {
                Box::pin(async move {
                    sqlx::query(forbidden).execute(conn).await?;
                    Ok(())
                })
            })
            .await;
        let Err(pg::StoreError::Internal(cause)) = done else { panic!("{forbidden}: {done:?}") };
        assert_eq!(cause.sqlstate(), Some("42501"), "{forbidden}");
    }
}

#[tokio::test]
async fn provisioning_and_migrating_twice_changes_nothing() {
    let stage = Stage::set().await;
    pg::provision(&stage.admin_url(), std::slice::from_ref(&stage.service)).await.unwrap();
    pg::migrate(&stage.admin_url(), &stage.service, &[]).await.unwrap();
    assert_eq!(check_server(&stage.db().await, ALLOW).await, Ok(()));
}

#[tokio::test]
async fn a_password_is_set_whatever_it_holds() {
    let stage = Stage::set().await;
    let mut service = ServiceSchema::of("secretive");
    service.password = Some(String::from("it's; DROP \\ \"it\" $1").into());
    pg::provision(&stage.admin_url(), &[service]).await.unwrap();
    let hash: String =
        sqlx::query_scalar("SELECT rolpassword FROM pg_authid WHERE rolname = 'trellis_secretive'")
            .fetch_one(&mut stage.admin().await)
            .await
            .unwrap();
    assert!(hash.starts_with("SCRAM-SHA-256"));
}

#[tokio::test]
async fn a_name_that_is_not_plain_is_refused() {
    let stage = Stage::set().await;
    for bad in ["a\"b", "A", "a; DROP SCHEMA stage", ""] {
        let refused = pg::provision(&stage.admin_url(), &[ServiceSchema::of(bad)]).await;
        assert!(matches!(refused, Err(pg::ProvisionError::Name)), "{bad}");
    }
}

#[tokio::test]
async fn every_column_is_commented() {
    let stage = Stage::set().await;
    assert_eq!(pg::uncommented(&stage.admin_url(), "stage").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_migration_is_refused_and_an_unknown_newer_one_is_not() {
    let first = migrator(&[(1000, "CREATE TABLE a (n int)"), (1001, "CREATE TABLE b (n int)")]);
    let stage = Stage::with(&[&first]).await;
    let (admin, service) = (stage.admin_url(), &stage.service);
    let older = migrator(&[(1000, "CREATE TABLE a (n int)")]);
    pg::migrate(&admin, service, &[&older]).await.unwrap();
    let changed = migrator(&[(1000, "CREATE TABLE a (n bigint)")]);
    let refused = pg::migrate(&admin, service, &[&changed]).await;
    assert!(matches!(refused, Err(MigrateError::Changed(1000))), "{refused:?}");
    let twice = migrator(&[(1, "SELECT 1")]);
    let refused = pg::migrate(&admin, service, &[&twice]).await;
    assert!(matches!(refused, Err(MigrateError::TwiceTheSame(1))), "{refused:?}");
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing_half_done() {
    let bad = migrator(&[(1000, "CREATE TABLE a (n int); SELECT 1/0")]);
    let stage = Stage::set().await;
    let failed = pg::migrate(&stage.admin_url(), &stage.service, &[&bad]).await;
    assert!(matches!(failed, Err(MigrateError::Failed { version: 1000, .. })), "{failed:?}");
    let good = migrator(&[(1000, "CREATE TABLE a (n int)")]);
    pg::migrate(&stage.admin_url(), &stage.service, &[&good]).await.unwrap();
}

#[tokio::test]
async fn several_services_migrate_at_once() {
    let stage = Stage::set().await;
    let all: Vec<_> = ["one", "two", "three", "four"]
        .map(|name| {
            let admin = stage.admin_url();
            tokio::spawn(async move {
                let service = ServiceSchema::of(name);
                pg::provision(&admin, std::slice::from_ref(&service)).await?;
                pg::migrate(&admin, &service, &[]).await
            })
        })
        .into();
    for one in all {
        one.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_extension_is_put_into_the_schema_that_needs_it_and_one_that_is_not_there_is_named() {
    let stage = Stage::set().await;
    let service = ServiceSchema::of("directory");
    // Again, too: it is there already.
    for _ in 0..2 {
        pg::provision(&stage.admin_url(), std::slice::from_ref(&service)).await.unwrap();
    }
    let there: Vec<String> = sqlx::query_scalar(
        "SELECT e.extname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
         WHERE n.nspname = 'directory' ORDER BY 1",
    )
    .fetch_all(&mut stage.admin().await)
    .await
    .unwrap();
    assert_eq!(there, ["pg_trgm", "unaccent"]);
    let none = ServiceSchema { extensions: &["no_such_extension"], ..ServiceSchema::of("lacking") };
    let refused = pg::provision(&stage.admin_url(), &[none]).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the database server has no extension no_such_extension: install PostgreSQL's contrib \
         modules there"
    );
    let twice = ServiceSchema { extensions: &["unaccent"], ..ServiceSchema::of("second") };
    let refused = pg::provision(&stage.admin_url(), &[twice]).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the extension unaccent is in schema directory; ALTER EXTENSION unaccent SET SCHEMA second"
    );
}

#[tokio::test]
async fn a_role_whose_commits_may_be_lost_is_refused() {
    let stage = Stage::set().await;
    let service = ServiceSchema::of("hasty");
    pg::provision(&stage.admin_url(), std::slice::from_ref(&service)).await.unwrap();
    pg::migrate(&stage.admin_url(), &service, &[]).await.unwrap();
    let off = "ALTER ROLE trellis_hasty SET synchronous_commit = off";
    sql(&mut stage.admin().await, off).await;
    let db = pg::connect(&Config::new(stage.admin_url(), "hasty").role("trellis_hasty")).await;
    let Err(CheckError::NotDurable(off)) = check_server(&db.unwrap(), Allow::default()).await
    else {
        panic!("taken");
    };
    assert!(off.contains("synchronous_commit"), "{off}");
}
