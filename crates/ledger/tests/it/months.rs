//! Months: their tables are there in time, and go with all that they tell, while the tree stays true.

use ledger::{
    Event, leaf,
    merkle::Frontier,
    months::{Purged, months_before, purge_held, purge_month},
    verify::{Finding, Verifying, verify},
};
use pg::ServiceSchema;
use sqlx::{PgConnection, migrate::Migrator};
use time::{Date, OffsetDateTime, macros::date};
use uuid::{NoContext, Timestamp, Uuid};

use crate::{
    stage::{Stage, event, sql},
    tree::{anchored, key, log, record, sealed},
};

const PAST: Date = date!(2020 - 02 - 01);

/// As it was recorded in the past, of this person.
fn past(month: Date, person: u128) -> Event {
    let at = month.midnight().assume_utc() + time::Duration::days(3);
    let seconds = u64::try_from(at.unix_timestamp()).unwrap();
    Event {
        event_id: Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, 0)),
        occurred_at: at,
        person: Some(Uuid::from_u128(person)),
        ..event()
    }
}

async fn retention(stage: &Stage) -> PgConnection {
    let admin = stage.admin_url().to_owned().into();
    pg::retaining(&admin, &ServiceSchema::of("stage")).await.unwrap()
}

async fn tables(stage: &Stage) -> Vec<(String, i64)> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT inhrelid::regclass::text FROM pg_inherits
         WHERE inhparent = 'audit_event'::regclass ORDER BY 1",
    )
    .fetch_all(&mut stage.admin().await)
    .await
    .unwrap();
    let mut all = Vec::new();
    for name in names {
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {name}"));
        let count = sqlx::query_scalar(count).fetch_one(&mut stage.admin().await).await.unwrap();
        all.push((name, count));
    }
    all
}

async fn opened(stage: &Stage, month: Date) {
    sql(&mut stage.owner().await, &format!("SELECT open_month('{month}')")).await;
}

fn of(month: Date) -> String {
    format!("audit_event_{}_{:02}", month.year(), u8::from(month.month()))
}

struct Old {
    stage: Stage,
    dir: tempfile::TempDir,
}

impl Old {
    /// Of a month long past: 300 records about person 1 and 2 by turns, and 20 of now; sealed.
    async fn new() -> Self {
        let stage = Stage::set().await;
        let dir = tempfile::tempdir().unwrap();
        opened(&stage, PAST).await;
        for n in 0..300_u128 {
            stage.ledger.record(past(PAST, 1 + n % 2)).await.unwrap();
        }
        record(&stage, 20).await;
        let old = Self { stage, dir };
        sealed(&old.stage, &old.anchor()).await;
        old
    }

    fn anchor(&self) -> std::path::PathBuf {
        self.dir.path().join("stage.checkpoints")
    }

    fn given(&self) -> Verifying {
        let mut given = Verifying::new(log(), vec![key(crate::tree::KEY).verifying().unwrap()]);
        given.anchors(&std::fs::read_to_string(self.anchor()).unwrap());
        given
    }

    async fn verify(&self, gone_before: OffsetDateTime) -> ledger::verify::Progress {
        let given = self.given().gone_before(gone_before);
        verify(&mut self.stage.admin().await, &given, None, |_, _, _| {}).await.unwrap()
    }
}

fn after_it() -> OffsetDateTime {
    date!(2020 - 03 - 01).midnight().assume_utc()
}

#[tokio::test]
async fn the_tables_of_this_month_and_of_two_to_come_are_there_and_a_record_is_in_its_own() {
    let stage = Stage::set().await;
    opened(&stage, PAST).await;
    let mut strange = event();
    strange.event_id = Uuid::from_u128(u128::MAX);
    stage.ledger.record(strange).await.unwrap();
    stage.ledger.record(past(PAST, 1)).await.unwrap();
    record(&stage, 3).await;
    let tables = tables(&stage).await;
    let this = kernel::Clock::now(&kernel::SystemClock).date().replace_day(1).unwrap();
    let next = |month: Date| (month + time::Duration::days(31)).replace_day(1).unwrap();
    let expected = [
        (of(PAST), 1),
        (of(this), 3),
        (of(next(this)), 0),
        (of(next(next(this))), 0),
        ("audit_event_other".to_owned(), 1),
    ];
    assert_eq!(tables, expected);
    assert_eq!(stage.assert_gapless().await, 5);
}

#[tokio::test]
async fn a_month_that_is_past_its_time_goes_and_the_tree_and_its_proofs_stay() {
    let old = Old::new().await;
    let before = anchored(&old.anchor());
    let head = before.last().unwrap();
    let proof = old.stage.ledger.consistency(200, 320).await.unwrap();
    let kept = old.stage.ledger.inclusion(310, 320).await.unwrap().unwrap();
    assert!(old.stage.ledger.inclusion(7, 320).await.unwrap().is_some());

    let mut conn = retention(&old.stage).await;
    assert_eq!(months_before(&mut conn, 72).await.unwrap(), [PAST]);
    assert_eq!(months_before(&mut conn, 1_200).await.unwrap(), []);
    let gone = purge_month(&mut conn, PAST, &[]).await.unwrap();
    assert_eq!(gone, Purged { records: 300, held: 0 });
    assert_eq!(months_before(&mut conn, 72).await.unwrap(), []);
    assert!(!tables(&old.stage).await.iter().any(|(name, _)| *name == of(PAST)));

    // Nothing of them is left but place, id and commitment; they are followed as such.
    let all = old.stage.ledger.follow(0, 1_000).await.unwrap();
    assert_eq!(all.iter().filter(|followed| followed.event.is_none()).count(), 300);
    let numbers: Vec<i64> = all.iter().map(|followed| followed.seq).collect();
    assert_eq!(numbers, (1..=320).collect::<Vec<_>>());
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit_purged WHERE salt IS NOT NULL OR detail IS NOT NULL",
    )
    .fetch_one(&mut old.stage.admin().await)
    .await
    .unwrap();
    assert_eq!(left, 0);

    // As it was before, from what is left.
    assert_eq!(old.stage.ledger.consistency(200, 320).await.unwrap(), proof);
    assert_eq!(old.stage.ledger.inclusion(310, 320).await.unwrap().unwrap(), kept);
    assert_eq!(old.stage.ledger.inclusion(7, 320).await.unwrap(), None);
    let mut tree = Frontier::default();
    let rows: Vec<(i64, Uuid, Vec<u8>)> =
        sqlx::query_as("SELECT seq, event_id, commitment FROM audit_record ORDER BY seq")
            .fetch_all(&mut old.stage.admin().await)
            .await
            .unwrap();
    rows.iter().for_each(|(seq, id, commitment)| tree.push(leaf(*seq, *id, commitment), |_, _| {}));
    assert_eq!(tree.root(), head.root);

    // And goes on.
    record(&old.stage, 300).await;
    sealed(&old.stage, &old.anchor()).await;
    let done = old.verify(after_it()).await;
    assert_eq!((done.findings.as_slice(), done.records, done.gone), (&[][..], 620, 300));
}

#[tokio::test]
async fn what_is_gone_before_its_time_is_found() {
    let old = Old::new().await;
    let mut admin = old.stage.admin().await;
    let take = |seq: i64| {
        format!(
            "INSERT INTO audit_purged (seq, event_id, commitment)
                 SELECT seq, event_id, commitment FROM audit_event WHERE seq = {seq};
             DELETE FROM audit_event WHERE seq = {seq}"
        )
    };
    // One alone of a month that was never let go.
    sql(&mut admin, &take(5)).await;
    let done = old.verify(after_it()).await;
    let alone = Finding::Purged { month: PAST };
    assert_eq!((done.findings.as_slice(), done.gone), (&[alone][..], 1));
    // Whoever says that it was let go must say that all of it was.
    for said in ["1", "300"] {
        let let_go = format!("INSERT INTO audit_purge VALUES ('{PAST}', now(), {said}, 0)");
        sql(&mut admin, &format!("DELETE FROM audit_purge; {let_go}")).await;
        assert_eq!(old.verify(after_it()).await.findings, [alone]);
    }
    // Nor may a month be named that is none of the past.
    let forged = "INSERT INTO audit_purge VALUES ('9999-01-01', now(), 0, 0)";
    sql(&mut admin, &format!("DELETE FROM audit_purge; {forged}")).await;
    let month = date!(9999 - 01 - 01);
    assert_eq!(old.verify(after_it()).await.findings, [alone, Finding::Purged { month }]);
    sql(&mut admin, "DELETE FROM audit_purge").await;
    sql(&mut admin, &take(311)).await;
    let found = old.verify(after_it()).await.findings;
    assert_eq!((found[0], found.len()), (Finding::Gone { seq: 311 }, 3));
    let begin = PAST.midnight().assume_utc();
    let both = [Finding::Gone { seq: 5 }, Finding::Gone { seq: 311 }];
    assert_eq!(old.verify(begin).await.findings[..2], both);
    // What is left of it is what the tree is over, all the same.
    sql(&mut admin, "UPDATE audit_purged SET commitment = sha256('') WHERE seq = 5").await;
    let findings = old.verify(after_it()).await.findings;
    assert!(findings.iter().any(|f| matches!(f, Finding::AnchorDiffers { .. })), "{findings:?}");
}

#[tokio::test]
async fn records_about_people_who_are_held_stay_until_the_hold_is_lifted() {
    let old = Old::new().await;
    let mut conn = retention(&old.stage).await;
    let held = [Uuid::from_u128(2)];
    let gone = purge_month(&mut conn, PAST, &held).await.unwrap();
    assert_eq!(gone, Purged { records: 300, held: 150 });
    let whole = async || {
        let all = old.stage.ledger.follow(0, 300).await.unwrap();
        let events = all.into_iter().filter_map(|followed| followed.event);
        events.map(|event| event.person).collect::<Vec<_>>()
    };
    assert_eq!(whole().await, vec![Some(Uuid::from_u128(2)); 150]);
    assert!(old.stage.ledger.inclusion(2, 320).await.unwrap().is_some());
    assert_eq!(old.verify(after_it()).await.gone, 150);
    assert_eq!(purge_held(&mut conn, &held).await.unwrap(), 0);
    assert_eq!(purge_held(&mut conn, &[]).await.unwrap(), 150);
    assert_eq!(whole().await, []);
    let done = old.verify(after_it()).await;
    assert_eq!((done.findings.as_slice(), done.gone), (&[][..], 300));
}

#[tokio::test]
async fn nothing_goes_that_is_not_past_its_time_or_not_sealed() {
    let stage = Stage::set().await;
    let mut conn = retention(&stage).await;
    let today = kernel::Clock::now(&kernel::SystemClock).date();
    let this = today.replace_day(1).unwrap();
    for month in [this, PAST, date!(2020 - 02 - 02)] {
        purge_month(&mut conn, month, &[]).await.unwrap_err();
    }
    // The month that ended 35 months ago at the least, and the one before.
    let months = this.year() * 12 + i32::from(u8::from(this.month())) - 1;
    let month = |n: i32| {
        let month = time::Month::try_from(u8::try_from((months - n) % 12 + 1).unwrap()).unwrap();
        Date::from_calendar_date((months - n) / 12, month, 1).unwrap()
    };
    for n in [36, 37] {
        opened(&stage, month(n)).await;
    }
    assert_eq!(months_before(&mut conn, 36).await.unwrap(), [month(37)]);
    purge_month(&mut conn, month(36), &[]).await.unwrap_err();
    stage.ledger.record(past(month(37), 1)).await.unwrap();
    purge_month(&mut conn, month(37), &[]).await.unwrap_err();
    let dir = tempfile::tempdir().unwrap();
    sealed(&stage, &dir.path().join("stage.checkpoints")).await;
    let gone = purge_month(&mut conn, month(37), &[]).await.unwrap();
    assert_eq!(gone, Purged { records: 1, held: 0 });
    // It is not made again, and what comes late is kept elsewhere.
    opened(&stage, month(37)).await;
    stage.ledger.record(past(month(37), 1)).await.unwrap();
    assert_eq!(tables(&stage).await.last().unwrap(), &("audit_event_other".to_owned(), 1));
}

#[tokio::test]
async fn neither_the_service_nor_the_retention_role_may_do_more_than_its_own() {
    let old = Old::new().await;
    let gone = date!(2020 - 01 - 01);
    opened(&old.stage, gone).await;
    old.stage.ledger.record(past(gone, 1)).await.unwrap();
    old.stage.ledger.record(past(gone, 2)).await.unwrap();
    sealed(&old.stage, &old.anchor()).await;
    let held = [Uuid::from_u128(2)];
    let done = purge_month(&mut retention(&old.stage).await, gone, &held).await.unwrap();
    assert_eq!(done, Purged { records: 2, held: 1 });
    let month = of(PAST);
    let own = ServiceSchema::of("stage");
    for (role, forbidden) in [
        (own.role.clone(), format!("SELECT purge_month('{PAST}', '{{}}')")),
        (own.role.clone(), "SELECT purge_held('{}')".to_owned()),
        (own.role.clone(), format!("SELECT open_month('{PAST}')")),
        (own.role.clone(), format!("SELECT * FROM {month}")),
        (own.role.clone(), format!("DROP TABLE {month}")),
        (own.role.clone(), "UPDATE audit_purged SET detail = NULL".to_owned()),
        (own.role.clone(), "DELETE FROM audit_purge".to_owned()),
        (own.role.clone(), format!("SET ROLE {}", own.retention())),
        (own.retention(), "SELECT * FROM audit_event".to_owned()),
        (own.retention(), format!("DROP TABLE {month}")),
        (own.retention(), "SELECT append_audit('{}', '{}')".to_owned()),
    ] {
        let mut conn = old.stage.admin().await;
        sql(&mut conn, &format!("SET SESSION AUTHORIZATION {role}")).await;
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(forbidden.clone())).execute(&mut conn).await;
        let code = done.unwrap_err().into_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "42501", "{role}: {forbidden}");
    }
    let mut owner = old.stage.owner().await;
    for quiet in [
        format!("DELETE FROM {month}"),
        format!("UPDATE {month} SET detail = ''"),
        "DELETE FROM audit_purged".to_owned(),
        "UPDATE audit_purged SET seq = 9 WHERE detail IS NULL".to_owned(),
    ] {
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(quiet.clone())).execute(&mut owner).await;
        assert_eq!(done.unwrap().rows_affected(), 0, "{quiet}");
    }
    let allow = pg::Allow { unsafe_durability: true };
    assert_eq!(pg::check_server(&old.stage.db, allow).await, Ok(()));
    let mut admin = old.stage.admin().await;
    sql(&mut admin, "GRANT EXECUTE ON FUNCTION purge_held(uuid[]) TO trellis_stage").await;
    let refused = Err(pg::CheckError::Retention);
    assert_eq!(pg::check_server(&old.stage.db, allow).await, refused);
    sql(&mut admin, "REVOKE EXECUTE ON FUNCTION purge_held(uuid[]) FROM trellis_stage").await;
    for granted in [
        "GRANT trellis_stage_retention TO trellis_stage".to_owned(),
        "CREATE ROLE between_us; GRANT trellis_stage_retention TO between_us; \
         GRANT between_us TO trellis_stage"
            .to_owned(),
    ] {
        sql(&mut admin, &granted).await;
        assert_eq!(pg::check_server(&old.stage.db, allow).await, refused, "{granted}");
        sql(&mut admin, "REVOKE trellis_stage_retention FROM trellis_stage").await;
    }
    sql(&mut admin, "DROP ROLE between_us").await;
    assert_eq!(pg::check_server(&old.stage.db, allow).await, Ok(()));
    for (grant, back) in [
        (
            format!("GRANT UPDATE ON {month} TO trellis_stage"),
            format!("REVOKE UPDATE ON {month} FROM trellis_stage"),
        ),
        (
            "GRANT INSERT ON audit_purge TO trellis_stage".to_owned(),
            "REVOKE INSERT ON audit_purge FROM trellis_stage".to_owned(),
        ),
        (
            format!("ALTER TABLE {month} NO FORCE ROW LEVEL SECURITY"),
            format!("ALTER TABLE {month} FORCE ROW LEVEL SECURITY"),
        ),
    ] {
        sql(&mut admin, &grant).await;
        let refused = Err(pg::CheckError::AuditWritable);
        assert_eq!(pg::check_server(&old.stage.db, allow).await, refused, "{grant}");
        sql(&mut admin, &back).await;
    }
    assert_eq!(pg::check_server(&old.stage.db, allow).await, Ok(()));
}

#[tokio::test]
async fn records_that_came_when_their_month_had_no_table_go_to_it_when_it_has() {
    let stage = Stage::set().await;
    let mut strange = event();
    strange.event_id = Uuid::from_u128(u128::MAX);
    stage.ledger.record(strange).await.unwrap();
    for _ in 0..3 {
        stage.ledger.record(past(PAST, 1)).await.unwrap();
    }
    let before = stage.ledger.follow(0, 10).await.unwrap();
    opened(&stage, PAST).await;
    assert_eq!(stage.ledger.follow(0, 10).await.unwrap(), before);
    let tables = tables(&stage).await;
    assert_eq!(tables[0], (of(PAST), 3));
    assert_eq!(tables.last().unwrap(), &("audit_event_other".to_owned(), 1));
    // As it was: the service may append, and not look into it by itself.
    record(&stage, 1).await;
    let allow = pg::Allow { unsafe_durability: true };
    assert_eq!(pg::check_server(&stage.db, allow).await, Ok(()));
}

/// A schema as it was before months, with records of two of them.
#[tokio::test]
async fn records_from_before_are_put_into_their_months() {
    let stage = Stage::before(104).await;
    for month in [PAST, date!(2020 - 05 - 01)] {
        for _ in 0..3 {
            stage.ledger.record(past(month, 1)).await.unwrap();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let rows = "SELECT seq, event_id, salt, commitment, detail FROM audit_event ORDER BY seq";
    type Row = (i64, Uuid, Vec<u8>, Vec<u8>, String);
    let before: Vec<Row> = sqlx::query_as(rows).fetch_all(&mut stage.admin().await).await.unwrap();
    stage.migrate(&[&ledger::MIGRATIONS]).await;
    let after: Vec<Row> = sqlx::query_as(rows).fetch_all(&mut stage.admin().await).await.unwrap();
    assert_eq!((before.len(), &before), (6, &after));
    let tables = tables(&stage).await;
    assert_eq!(tables[0], (of(PAST), 3));
    assert_eq!(tables[1], (of(date!(2020 - 05 - 01)), 3));
    sealed(&stage, &dir.path().join("stage.checkpoints")).await;
    let gone = purge_month(&mut retention(&stage).await, PAST, &[]).await.unwrap();
    assert_eq!(gone.records, 3);
}

/// The migrations before a version.
pub fn migrations_before(version: i64) -> Migrator {
    let all = ledger::MIGRATIONS.iter().filter(|m| m.version < version).cloned().collect();
    let mut some = Migrator { migrations: std::borrow::Cow::Owned(all), ..Migrator::DEFAULT };
    some.set_ignore_missing(true);
    some
}
