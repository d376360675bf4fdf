//! What the database itself holds back.

use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection};
use wire::referrals::v1::{self as pb, ReferralState as S};

use crate::world::{ANA, BEN, CLINIC, HOUSING, WORDS, World, attempt, feedback, new, saying};

/// As the service itself.
async fn service(world: &World) -> PgConnection {
    let config = world.stage.config();
    let mut conn = PgConnection::connect(config.url.expose_secret()).await.unwrap();
    let path = format!("SET search_path = {}", world.stage.service.schema);
    sqlx::raw_sql(sqlx::AssertSqlSafe(path)).execute(&mut conn).await.unwrap();
    conn
}

async fn both(world: &World) -> [String; 2] {
    world.agree(BEN, CLINIC, HOUSING);
    let anas = world.sent().await;
    let at_once = pb::CreateReferralRequest { send: true, ..new(BEN, HOUSING) };
    let bens = world.create(CLINIC, at_once).await.unwrap();
    for (sub, name) in [("ana", &anas.name), ("ben", &bens.name)] {
        let asks = saying(name, pb::PersonAnswer::Asks, WORDS);
        world.respond(&world.person(sub), asks).await.unwrap();
        let note = WORDS.to_owned();
        let called = pb::RecordContactRequest { note, ..attempt(name) };
        world.contact(CLINIC, called).await.unwrap();
        world.say(&world.staff(CLINIC), feedback(name, 5, WORDS)).await.unwrap();
    }
    [anas.name, bens.name]
}

#[tokio::test]
async fn without_a_person_in_scope_there_is_no_row_and_with_one_there_are_theirs() {
    let world = World::agreed().await;
    both(&world).await;
    let mut conn = service(&world).await;
    for (scope, expected) in [("".to_owned(), 0_i64), (ANA.to_string(), 1), (BEN.to_string(), 1)] {
        for count in [
            "SELECT count(*) FROM referral",
            "SELECT count(*) FROM referral_move",
            "SELECT count(*) / 4 FROM referral_event",
            "SELECT count(*) FROM referral_answer",
            "SELECT count(*) FROM referral_contact",
            "SELECT count(*) FROM referral_feedback",
            "SELECT count(*) FROM referral_rows(added => true, ids => (SELECT array_agg(l.id) FROM
                locate_events('0190000000007000800000000000000a', 0, 100, 100) l))",
        ] {
            let mut tx = conn.begin().await.unwrap();
            sqlx::query("SELECT set_config('trellis.people', $1, true)")
                .bind(&scope)
                .execute(&mut *tx)
                .await
                .unwrap();
            let seen: i64 = sqlx::query_scalar(count).fetch_one(&mut *tx).await.unwrap();
            assert_eq!(seen, expected, "{count} for {scope}");
            tx.rollback().await.unwrap();
        }
    }
}

#[tokio::test]
async fn doors_without_a_person_show_no_content() {
    let world = World::agreed().await;
    both(&world).await;
    let mut conn = service(&world).await;
    for door in [
        "SELECT COALESCE(string_agg(l::text, ''), '') FROM locate_referrals((SELECT array_agg(e.id)
            FROM locate_events('0190000000007000800000000000000a', 0, 100, 100) e)) l",
        "SELECT COALESCE(string_agg(l::text, ''), '')
            FROM locate_events('0190000000007000800000000000000a', 0, 100, 100) l",
        "SELECT COALESCE(string_agg(l::text, ''), '') FROM locate_all_events(0, 100, 100) l",
        "SELECT COALESCE(string_agg(l::text, ''), '') FROM locate_due('infinity', '-infinity',
            '-infinity', '00000000-0000-0000-0000-000000000000', 100) l",
    ] {
        let all: String = sqlx::query_scalar(door).fetch_one(&mut conn).await.unwrap();
        assert!(all.contains(&ANA.to_string()) && all.contains(&BEN.to_string()), "{all}");
        let sealed = pg::Sealed::seal(WORDS.as_bytes());
        let spelled: String = sealed.bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert!(!all.contains(WORDS) && !all.contains(&spelled), "{all}");
    }
}

#[tokio::test]
async fn moves_and_events_are_never_changed_and_nothing_is_deleted() {
    let world = World::agreed().await;
    both(&world).await;
    let mut conn = service(&world).await;
    for forbidden in [
        "UPDATE referral_move SET reason = NULL",
        "UPDATE referral_event SET at = now()",
        "DELETE FROM referral",
        "DELETE FROM referral_move",
        "DELETE FROM referral_event",
        "UPDATE referral_answer SET answer = 1",
        "DELETE FROM referral_answer",
        "UPDATE referral_contact SET result = 1",
        "DELETE FROM referral_contact",
        "UPDATE referral_feedback SET helpful = 1",
        "DELETE FROM referral_feedback",
        "DELETE FROM facts_cursor",
        "TRUNCATE referral CASCADE",
    ] {
        let refused = sqlx::raw_sql(forbidden).execute(&mut conn).await.unwrap_err();
        let code = refused.as_database_error().and_then(|e| e.code()).unwrap_or_default();
        assert_eq!(code, "42501", "{forbidden}");
    }
}

#[tokio::test]
async fn every_column_says_what_it_is() {
    let world = World::new().await;
    let bare = pg::uncommented(&world.stage.admin_url(), &world.stage.service.schema).await;
    assert_eq!(bare.unwrap(), [] as [String; 0]);
}

#[tokio::test]
async fn reads_at_once_get_each_their_own() {
    let world = World::agreed().await;
    let [anas, bens] = both(&world).await;
    let (ana, ben) = (world.person("ana"), world.person("ben"));
    let asked = (0..40).map(|i| {
        let (token, name) = if i % 2 == 0 { (&ana, &anas) } else { (&ben, &bens) };
        let other = if i % 2 == 0 { &bens } else { &anas };
        let world = &world;
        async move {
            let own = world.get_as(token, name).await.unwrap();
            assert_eq!((&own.name, own.state()), (name, S::Requested));
            let status = world.get_as(token, other).await.unwrap_err();
            assert_eq!(status.code(), tonic::Code::NotFound);
        }
    });
    futures::future::join_all(asked).await;
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_an_alarm_and_not_an_absence() {
    let world = World::agreed().await;
    let [anas, _] = both(&world).await;
    let mut admin = world.admin().await;
    sqlx::raw_sql("UPDATE referral SET row_version = 9").execute(&mut admin).await.unwrap();
    let status = world.get(HOUSING, &anas).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Internal);
}
