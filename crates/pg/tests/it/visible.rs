//! The SQL function and `Visibility::admits` say the same of every record.

use std::sync::Arc;

use kernel::{
    AgencyId, Class, Code, CodeSet, Confidentiality, EpisodeId, Instant, Kind, PersonId,
    PractitionerId, RecordId, Sensitivity,
};
use policy::{Clause, Custodians, DenyClause, Record, ReleaseBlock, Visibility};
use proptest::{
    collection::vec, option::weighted, prelude::*, sample::select, sample::subsequence,
    strategy::ValueTree as _, test_runner::TestRunner,
};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::stage::Stage;

const NOW: Instant = time::macros::datetime!(2026-06-15 12:00:00.000001 UTC);
/// How a release block without end is stored.
const NEVER: Instant = time::macros::datetime!(9999-12-31 23:59:59 UTC);

fn id(kind: u128, n: u128) -> Uuid {
    Uuid::from_u128(kind << 64 | n)
}
fn ids<T: From<Uuid>>(kind: u128, some: Vec<u128>) -> Vec<T> {
    some.into_iter().map(|n| id(kind, n).into()).collect()
}

/// A list of a pool of four; seldom an empty one.
fn list<T: From<Uuid> + std::fmt::Debug>(kind: u128) -> impl Strategy<Value = Vec<T>> {
    subsequence(vec![1, 2, 3, 4], 0..=4).prop_map(move |some| ids(kind, some))
}
fn mask<T: Code + Send + Sync>() -> impl Strategy<Value = CodeSet<T>> {
    subsequence(T::ALL, 0..=T::ALL.len()).prop_map(|codes| codes.into_iter().collect())
}
/// The instants around `NOW` by microseconds and days.
fn instant() -> impl Strategy<Value = Instant> {
    (-2i64..=2, -1i64..=1)
        .prop_map(|(us, days)| NOW + time::Duration::days(days) + time::Duration::microseconds(us))
}

/// Each condition is absent five times of six, so that clauses hold often enough.
fn clause() -> impl Strategy<Value = Clause> {
    let seldom = 0.17;
    let who = (
        weighted(seldom, select(vec![1u128, 2]).prop_map(|n| PersonId::from(id(1, n)))),
        weighted(seldom, mask::<Kind>()),
        weighted(seldom, mask::<Class>()),
        weighted(seldom, list::<AgencyId>(2)),
        weighted(seldom, mask::<Confidentiality>()),
        weighted(seldom, mask::<Sensitivity>()),
        weighted(seldom, mask::<Sensitivity>()),
        weighted(seldom, mask::<Sensitivity>()),
    );
    let what = (
        weighted(seldom, any::<bool>()),
        weighted(seldom, any::<bool>()),
        weighted(seldom, subsequence(vec!["a/1", "A/1", "b/2"], 0..=3)),
        weighted(seldom, list::<EpisodeId>(3)),
        weighted(seldom, list::<RecordId>(4)),
        weighted(seldom, instant()),
        weighted(seldom, instant()),
        any::<bool>(),
        weighted(seldom, instant()),
    );
    (who, what).prop_map(|(who, what)| Clause {
        person: who.0,
        kinds: who.1,
        classes: who.2,
        custodians: who.3,
        confidentialities: who.4,
        sensitive_within: who.5,
        sensitive_any: who.6,
        sensitive_none: who.7,
        part2: what.0,
        victim_service: what.1,
        authors: what.2.map(|all| all.into_iter().map(PractitionerId::from).collect()),
        episodes: what.3,
        records: what.4,
        authored_from: what.5,
        authored_until: what.6,
        undated: what.7,
        unblocked_at: what.8,
    })
}

fn visibility() -> impl Strategy<Value = Visibility> {
    let deny =
        (clause(), vec(clause(), 0..3)).prop_map(|(when, unless)| DenyClause { when, unless });
    let custodians = (
        subsequence(vec![1, 2, 3, 4], 3..=4),
        subsequence(vec![1, 2, 3, 4], 0..=2),
        subsequence(vec![1, 2, 3, 4], 0..=2),
    );
    (custodians, vec(clause(), 0..3), vec(clause(), 0..4), vec(deny, 0..3)).prop_map(
        |((known, part2, victim), open, consent, deny)| Visibility {
            custodians: Arc::new(Custodians {
                known: ids(2, known),
                part2: ids(2, part2),
                victim: ids(2, victim),
            }),
            open,
            consent,
            deny,
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    let one = |kind: u128| (1u128..=4).prop_map(move |n| id(kind, n));
    let who = (one(4), select(vec![1u128, 2]), select(Kind::ALL), select(Class::ALL));
    let where_ = (
        weighted(0.8, one(2)),
        weighted(0.8, select(vec!["a/1", "A/1", "b/2", "c/3"])),
        weighted(0.7, one(3)),
        weighted(0.8, instant()),
    );
    let labels = (
        weighted(0.6, select(Confidentiality::ALL)),
        prop_oneof![2 => Just(CodeSet::EMPTY), 3 => mask::<Sensitivity>()],
        any::<bool>(),
        any::<bool>(),
        weighted(0.4, weighted(0.7, instant())),
    );
    (who, where_, labels).prop_map(|(who, place, labels)| Record {
        id: who.0.into(),
        person: id(1, who.1).into(),
        kind: who.2,
        class: who.3,
        custodian: place.0.map(Into::into),
        author: place.1.map(Into::into),
        episode: place.2.map(Into::into),
        authored_on: place.3,
        confidentiality: labels.0,
        sensitivities: labels.1,
        part2: labels.2,
        victim_service: labels.3,
        release_block: labels.4.map(|until| ReleaseBlock { reason: None, decided_by: None, until }),
    })
}

/// What the database says of each record, in their order.
async fn asked(conn: &mut PgConnection, vis: &Visibility, records: &[Record]) -> Vec<bool> {
    fn all<T>(records: &[Record], f: impl Fn(&Record) -> T) -> Vec<T> {
        records.iter().map(f).collect()
    }
    let small = |n: u32| i16::try_from(n).unwrap();
    sqlx::query_scalar(
        "SELECT visible($1, id, person, kind, class, custodian, author, episode, authored, label,
             sensitivities, part2, victim, block)
         FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::smallint[], $6::uuid[], $7::text[],
             $8::uuid[], $9::timestamptz[], $10::smallint[], $11::int[], $12::bool[], $13::bool[],
             $14::timestamptz[]) WITH ORDINALITY
         AS t (id, person, kind, class, custodian, author, episode, authored, label, sensitivities,
             part2, victim, block, place) ORDER BY place",
    )
    .bind(Json(vis))
    .bind(all(records, |r| r.id.uuid()))
    .bind(all(records, |r| r.person.uuid()))
    .bind(all(records, |r| small(r.kind.index())))
    .bind(all(records, |r| small(r.class.index())))
    .bind(all(records, |r| r.custodian.as_ref().and_then(AgencyId::uuid)))
    .bind(all(records, |r| r.author.as_ref().map(|a| a.as_str().to_owned())))
    .bind(all(records, |r| r.episode.as_ref().and_then(EpisodeId::uuid)))
    .bind(all(records, |r| r.authored_on))
    .bind(all(records, |r| r.confidentiality.map(|c| small(c.index()))))
    .bind(all(records, |r| i32::try_from(r.sensitivities.bits()).unwrap()))
    .bind(all(records, |r| r.part2))
    .bind(all(records, |r| r.victim_service))
    .bind(all(records, |r| r.release_block.as_ref().map(|b| b.until.unwrap_or(NEVER))))
    .fetch_all(conn)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_database_sees_what_the_policy_admits_and_nothing_else() {
    let stage = Stage::set().await;
    let mut conn = stage.admin().await;
    let mut runner = TestRunner::default();
    let world = (visibility(), vec(record(), 40));
    let (mut seen, mut hidden) = (0, 0);
    for _ in 0..150 {
        let (vis, records) = world.new_tree(&mut runner).unwrap().current();
        let says = asked(&mut conn, &vis, &records).await;
        for (record, says) in records.iter().zip(says) {
            assert_eq!(says, vis.admits(record), "{record:?}\n{}", serde_json::json!(vis));
            *(if says { &mut seen } else { &mut hidden }) += 1;
        }
    }
    println!("{seen} visible, {hidden} hidden");
    assert!(seen > 1_000 && hidden > 1_000, "{seen} visible, {hidden} hidden");
}

async fn of_json(conn: &mut PgConnection, vis: serde_json::Value) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT visible($1, $2, $2, 0::smallint, 0::smallint, $2, NULL, NULL, NULL, NULL, 0,
             false, false, NULL)",
    )
    .bind(vis)
    .bind(Uuid::from_u128(1))
    .fetch_one(conn)
    .await
}

#[tokio::test]
async fn what_is_not_understood_opens_nothing() {
    let stage = Stage::set().await;
    let mut conn = stage.admin().await;
    let known = serde_json::json!({ "known": [Uuid::from_u128(1)], "part2": [], "victim": [] });
    let vis = |open: serde_json::Value, consent: serde_json::Value, deny: serde_json::Value| serde_json::json!({ "custodians": known, "open": open, "consent": consent, "deny": deny });
    let j = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let apart = |people: serde_json::Value| {
        let mut one = vis(j("[]"), j("[{}]"), j("[]"));
        one["people"] = people;
        one
    };
    assert!(of_json(&mut conn, apart(j("{}"))).await.unwrap());
    assert!(of_json(&mut conn, vis(j("[{}]"), j("[]"), j("[]"))).await.unwrap());
    assert!(of_json(&mut conn, vis(j("[]"), j("[{}]"), j("[]"))).await.unwrap());
    assert!(!of_json(&mut conn, vis(j("[]"), j("[]"), j("[]"))).await.unwrap());
    for odd in [
        vis(j(r#"[{"moon": "full"}]"#), j("[]"), j("[]")),
        vis(j("[]"), j(r#"[{"moon": "full"}]"#), j("[]")),
        vis(j("[]"), j("[{}]"), j(r#"[{"moon": "full"}]"#)),
        vis(j("[]"), j("[{}]"), j(r#"[{"unless": [{"moon": "full"}]}]"#)),
        vis(j("[]"), j("[{}]"), j("null")),
        vis(j("{}"), j("[]"), j("[]")),
        apart(j("[]")),
        apart(j(r#"{"00000000-0000-0000-0000-000000000001": null}"#)),
        apart(j(r#"{"00000000-0000-0000-0000-000000000001": {"open": [], "consent": []}}"#)),
        apart(j(
            r#"{"00000000-0000-0000-0000-000000000001": {"open": [], "consent": [], "deny": {}}}"#,
        )),
        apart(j(
            r#"{"00000000-0000-0000-0000-000000000001": {"open": [], "consent": [], "deny": [{}]}}"#,
        )),
        j(r#"{"open": [], "consent": [{}]}"#),
        j("{}"),
        j("null"),
    ] {
        let said = of_json(&mut conn, odd.clone()).await;
        assert!(!matches!(said, Ok(true)), "{odd}");
    }
}
