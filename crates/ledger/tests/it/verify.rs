//! Whatever is changed of what was sealed is found, whoever changed it: the tamperer here has the
//! database's superuser, no constraint in the way, and in the end the signing key.

use std::path::{Path, PathBuf};

use ledger::{
    LogName,
    verify::{Finding, Progress, Verifying, verify},
};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use sqlx::PgConnection;

use crate::{
    stage::{Stage, sql},
    tree::{KEY, anchored, key, log, record, sealed},
};

const SEALED: i64 = 600;
const TABLES: [&str; 4] = ["audit_event", "tree_head", "tree_node", "ledger_head"];

struct Sealed {
    stage: Stage,
    _dir: tempfile::TempDir,
    anchor: PathBuf,
}

impl Sealed {
    /// Four heads, two kept nodes, and a few records after the last head.
    async fn new() -> Self {
        let stage = Stage::set().await;
        let dir = tempfile::tempdir().unwrap();
        let anchor = dir.path().join("stage.checkpoints");
        for some in [1, 255, 44, 300] {
            record(&stage, some).await;
            sealed(&stage, &anchor).await;
        }
        record(&stage, 5).await;
        let mut admin = stage.admin().await;
        for table in TABLES {
            sql(
                &mut admin,
                &format!("CREATE TABLE IF NOT EXISTS public.kept_{table} AS TABLE {table}"),
            )
            .await;
        }
        Self { stage, _dir: dir, anchor }
    }

    /// No constraint stands in the way of whoever has the database.
    async fn without_constraints(self) -> Self {
        let drop = "DO $$ DECLARE c record; BEGIN
            FOR c IN SELECT k.conrelid::regclass AS t, k.conname AS n
                FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid
                WHERE r.relnamespace = 'stage'::regnamespace
                    AND r.relname ~ '^(audit_event|tree_|ledger_head)'
                ORDER BY r.relkind <> 'p'
            LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', c.t, c.n);
            END LOOP;
            FOR c IN SELECT a.attrelid::regclass AS t, a.attname AS n
                FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
                WHERE r.relnamespace = 'stage'::regnamespace AND r.relkind IN ('r', 'p')
                    AND r.relname ~ '^(audit_event|tree_)'
                    AND a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped
                ORDER BY r.relkind <> 'p'
            LOOP EXECUTE format('ALTER TABLE %s ALTER %I DROP NOT NULL', c.t, c.n); END LOOP;
        END $$";
        sql(&mut self.stage.admin().await, drop).await;
        self
    }

    async fn put_back(&self, admin: &mut PgConnection) {
        let back = TABLES.map(|t| format!("TRUNCATE {t}; INSERT INTO {t} TABLE public.kept_{t};"));
        sql(admin, &back.concat()).await;
    }

    fn given(&self) -> Verifying {
        given(&self.anchor)
    }

    async fn verify(&self) -> Progress {
        let mut admin = self.stage.admin().await;
        verify(&mut admin, &self.given(), None, |_, _, _| {}).await.unwrap()
    }
}

fn given(anchor: &Path) -> Verifying {
    let mut given = Verifying::new(log(), vec![key(KEY).verifying().unwrap()]);
    given.anchors(&std::fs::read_to_string(anchor).unwrap());
    given
}

#[tokio::test]
async fn what_was_not_touched_holds_and_says_how_much_lies_beyond_the_last_head() {
    let sealed = Sealed::new().await;
    let at = sealed.verify().await;
    assert!(at.holds(), "{:?}", at.findings);
    assert_eq!((at.records, at.heads, sealed.given().anchored()), (605, 4, 600));
    // An earlier key's heads hold by that key, and by no other.
    let mut admin = sealed.stage.admin().await;
    let other = Verifying::new(log(), vec![key([9; 32]).verifying().unwrap()]);
    let found = verify(&mut admin, &other, None, |_, _, _| {}).await.unwrap().findings;
    let heads = [1, 256, 300, 600].map(|size| Finding::BadHead { size });
    assert_eq!(found, heads);
    let both = [[9; 32], KEY].map(|seed| key(seed).verifying().unwrap());
    let both = Verifying::new(log(), both.into());
    assert!(verify(&mut admin, &both, None, |_, _, _| {}).await.unwrap().holds());
    let name = LogName::new("stage.example/other").unwrap();
    let other = Verifying::new(name, vec![key(KEY).verifying().unwrap()]);
    assert!(!verify(&mut admin, &other, None, |_, _, _| {}).await.unwrap().holds());
}

#[tokio::test]
async fn verifying_goes_on_from_where_it_was_and_finds_the_same() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    record(&stage, 2_500).await;
    sealed(&stage, &path).await;
    record(&stage, 2_500).await;
    sealed(&stage, &path).await;
    let mut admin = stage.admin().await;
    for damage in [
        "SELECT 1",
        "UPDATE audit_event SET salt = set_byte(salt, 3, 255 - get_byte(salt, 3)) WHERE seq = 4100",
        "DELETE FROM audit_event WHERE seq = 17",
        "DELETE FROM audit_event WHERE seq > 4999; UPDATE ledger_head SET seq = 4999",
    ] {
        sql(&mut admin, damage).await;
        let mut kept = Vec::new();
        let against = given(&path);
        let whole = verify(&mut admin, &against, None, |at, total, resumable| {
            assert!(at.records <= total);
            if resumable {
                kept.push(serde_json::to_string(at).unwrap());
            }
        });
        let whole = whole.await.unwrap();
        assert!(kept.len() >= 2, "{}", kept.len());
        for at in &kept {
            let at = serde_json::from_str(at).unwrap();
            let rest = verify(&mut admin, &given(&path), Some(at), |_, _, _| {}).await.unwrap();
            assert_eq!(rest, whole, "{damage}");
        }
        assert_eq!(whole.holds(), damage == "SELECT 1", "{damage}: {:?}", whole.findings);
    }
}

#[tokio::test]
async fn verifying_goes_on_after_the_ledger_grew_and_begins_anew_with_other_anchors() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    record(&stage, 2_300).await;
    sealed(&stage, &path).await;
    record(&stage, 2_500).await;
    let mut admin = stage.admin().await;
    let mut kept = Vec::new();
    let against = given(&path);
    let partly = verify(&mut admin, &against, None, |at, _, resumable| {
        if resumable {
            kept.push(at.clone());
        }
    });
    assert!(partly.await.unwrap().holds());
    // Behind the last head there is nothing to go on from: it may get one later.
    assert_eq!(kept.iter().map(|at| at.records).collect::<Vec<_>>(), [2_000]);
    sealed(&stage, &path).await;
    let whole = verify(&mut admin, &given(&path), None, |_, _, _| {}).await.unwrap();
    assert!(whole.holds() && whole.records == 4_800, "{:?}", whole.findings);
    let rest = verify(&mut admin, &given(&path), kept.pop(), |_, _, _| {}).await.unwrap();
    assert_eq!(rest, whole);
    // Verified without an anchor so far: with one the beginning counts again.
    let mut kept = None;
    let none = Verifying::new(log(), vec![key(KEY).verifying().unwrap()]);
    let unanchored = verify(&mut admin, &none, None, |at, _, resumable| {
        if resumable && kept.is_none() {
            kept = Some(at.clone());
        }
    });
    unanchored.await.unwrap();
    let forged =
        ledger::TreeHead { size: 7, root: [7; 32], at: kernel::Clock::now(&kernel::SystemClock) };
    let forged = forged.sign(&log(), &key(KEY)).unwrap();
    let mut with = given(&path);
    with.anchors(&format!("{forged}\n"));
    let found = verify(&mut admin, &with, kept, |_, _, _| {}).await.unwrap().findings;
    assert_eq!(found, [Finding::AnchorDiffers { after: 0, size: 7 }]);
}

/// One thing that somebody does to what is stored.
#[derive(Debug, Clone)]
enum Tamper {
    /// A bit of a column of a row.
    Flip {
        column: usize,
        row: i64,
        byte: i64,
        bit: u8,
    },
    Delete {
        table: usize,
        row: i64,
    },
    /// A row again, under its own number or another.
    Insert {
        table: usize,
        row: i64,
        at: i64,
    },
    /// Two records change places.
    Swap {
        row: i64,
        other: i64,
    },
    /// The end goes, with the heads that are over it and the counter that tells of it.
    Cut {
        from: i64,
    },
}

/// Every column that is stored, and how it is changed: a bit of its bytes.
const COLUMNS: [(&str, &str, &str); 12] = [
    ("audit_event", "seq", "int8"),
    ("audit_event", "event_id", "uuid"),
    ("audit_event", "salt", "bytea"),
    ("audit_event", "commitment", "bytea"),
    ("audit_event", "detail", "text"),
    ("tree_head", "size", "int8"),
    ("tree_head", "note", "text"),
    ("tree_head", "frontier", "bytea"),
    ("tree_node", "level", "int2"),
    ("tree_node", "place", "int8"),
    ("tree_node", "hash", "bytea"),
    ("ledger_head", "seq", "int8"),
];

fn tampers() -> impl Strategy<Value = Tamper> {
    let row = || 0..SEALED;
    prop_oneof![
        6 => (0..COLUMNS.len(), row(), any::<u16>(), 0..8u8).prop_map(|(column, row, byte, bit)| {
            Tamper::Flip { column, row, byte: byte.into(), bit }
        }),
        2 => (0..3usize, row()).prop_map(|(table, row)| Tamper::Delete { table, row }),
        2 => (0..3usize, row(), 1..SEALED).prop_map(|(table, row, at)| {
            Tamper::Insert { table, row, at }
        }),
        2 => (row(), row()).prop_filter("two", |(a, b)| a != b)
            .prop_map(|(row, other)| Tamper::Swap { row, other }),
        1 => (1..SEALED).prop_map(|from| Tamper::Cut { from }),
    ]
}

/// The row that is meant, of those up to the last head, by its place in a table.
fn nth(table: &str, row: i64) -> String {
    let order = match table {
        "audit_event" => "seq",
        "tree_head" => "size",
        "tree_node" => "level, place",
        _ => "one",
    };
    let sealed = if table == "audit_event" { "WHERE seq <= 600" } else { "" };
    format!(
        "(SELECT ctid FROM {table} {sealed} ORDER BY {order} LIMIT 1 \
         OFFSET {row} % (SELECT count(*) FROM {table} {sealed}))"
    )
}

impl Tamper {
    fn sql(&self) -> String {
        match self {
            Self::Flip { column, row, byte, bit } => {
                let (table, name, kind) = COLUMNS[*column];
                let flipped = |bytes: &str| {
                    let at = format!("({byte} % octet_length({bytes}))::int");
                    format!("set_byte({bytes}, {at}, get_byte({bytes}, {at}) # (1 << {bit}))")
                };
                let value = match kind {
                    "bytea" => flipped(name),
                    // The top bit would make no UTF-8 of it.
                    "text" => {
                        let bytes = format!("convert_to({name}, 'UTF8')");
                        let at = format!("({byte} % octet_length({bytes}))::int");
                        let low = bit % 4;
                        format!(
                            "convert_from(set_byte({bytes}, {at}, CASE WHEN get_byte({bytes}, {at}) < 128 \
                             THEN get_byte({bytes}, {at}) # (1 << {low}) ELSE get_byte({bytes}, {at}) END \
                             ), 'UTF8') || CASE WHEN get_byte({bytes}, {at}) < 128 THEN '' ELSE 'x' END"
                        )
                    }
                    "uuid" => format!("encode({}, 'hex')::uuid", flipped("uuid_send(event_id)")),
                    "int2" => format!("{name} # (1 << {bit})::int2"),
                    // Not the sign: a number that no column could hold.
                    _ => format!("{name} # (1::int8 << ({byte} * 8 + {bit}) % 40)"),
                };
                format!("UPDATE {table} SET {name} = {value} WHERE ctid = {}", nth(table, *row))
            }
            Self::Delete { table, row } => {
                let table = TABLES[*table];
                format!("DELETE FROM {table} WHERE ctid = {}", nth(table, *row))
            }
            Self::Insert { table, row, at } => {
                let table = TABLES[*table];
                let number =
                    ["seq", "size", "place"][TABLES.iter().position(|t| *t == table).unwrap()];
                let again = format!(
                    "INSERT INTO {table} SELECT * FROM {table} WHERE ctid = {}",
                    nth(table, *row)
                );
                // Every other one moves along.
                match at % 2 {
                    0 => again,
                    _ => format!(
                        "UPDATE {table} SET {number} = {number} + 1 WHERE {number} >= {at}; \
                                  {again}; UPDATE ledger_head SET seq = seq + 1"
                    ),
                }
            }
            Self::Swap { row, other } => format!(
                "UPDATE audit_event SET seq = {} - seq WHERE seq IN ({}, {})",
                row + other + 2,
                row + 1,
                other + 1
            ),
            Self::Cut { from } => format!(
                "DELETE FROM audit_event WHERE seq >= {from}; \
                 DELETE FROM tree_head WHERE size >= {from}; \
                 DELETE FROM tree_node WHERE (place + 1) << level >= {from}; \
                 UPDATE ledger_head SET seq = {from} - 1"
            ),
        }
    }
}

#[tokio::test]
async fn whatever_is_done_to_what_was_sealed_is_found() {
    let sealed = Sealed::new().await.without_constraints().await;
    let mut admin = sealed.stage.admin().await;
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for _ in 0..250 {
        let tamper = tampers().new_tree(&mut runner).unwrap().current();
        sql(&mut admin, &tamper.sql()).await;
        let at = verify(&mut admin, &sealed.given(), None, |_, _, _| {}).await.unwrap();
        assert!(!at.holds(), "{tamper:?}: {}", tamper.sql());
        let named = format!("{:?}", at.findings[0]);
        let named = named.split([' ', '{']).next().unwrap().to_owned();
        *seen.entry(named).or_default() += 1;
        sealed.put_back(&mut admin).await;
    }
    assert!(sealed.verify().await.holds(), "put back");
    for finding in ["Gap", "Changed", "BadHead", "Node", "Number", "Counter", "HeadMissing"] {
        assert!(seen.contains_key(finding), "never {finding}: {seen:?}");
    }
}

/// The whole of it is written anew, one word changed, and signed by the same key.
#[tokio::test]
async fn a_ledger_that_is_written_and_signed_anew_differs_from_its_anchor() {
    let sealed_ledger = Sealed::new().await;
    let mut admin = sealed_ledger.stage.admin().await;
    sql(
        &mut admin,
        "TRUNCATE tree_head, tree_node;
         UPDATE audit_event SET detail = replace(detail, '\"revision\":12', '\"revision\":13')
         WHERE seq = 288;
         UPDATE audit_event SET commitment = sha256(salt || convert_to(detail, 'UTF8'))",
    )
    .await;
    let forged = sealed_ledger.anchor.with_file_name("forged");
    sealed(&sealed_ledger.stage, &forged).await;
    assert_eq!(anchored(&forged).last().unwrap().size, 605);
    let by_forged = verify(&mut admin, &given(&forged), None, |_, _, _| {}).await.unwrap();
    assert!(by_forged.holds(), "without the anchor nobody could tell");
    let found = sealed_ledger.verify().await.findings;
    let gone = |size| Finding::HeadMissing { size };
    assert_eq!(found, [gone(1), gone(256), Finding::AnchorDiffers { after: 256, size: 300 }]);
}

#[tokio::test]
async fn what_is_no_anchor_is_said() {
    let sealed = Sealed::new().await;
    let mut admin = sealed.stage.admin().await;
    let text = std::fs::read_to_string(&sealed.anchor).unwrap();
    let against = |text: &str| {
        let mut given = Verifying::new(log(), vec![key(KEY).verifying().unwrap()]);
        given.anchors(text);
        given
    };
    let given = against(&text.replace("\n300\n", "\n301\n"));
    let found = verify(&mut admin, &given, None, |_, _, _| {}).await.unwrap().findings;
    assert_eq!(found, [Finding::AnchorUnreadable]);
    // Half a note at the end was never anchored.
    let given = against(&text[..text.len() - 9]);
    assert_eq!(given.anchored(), 300);
    assert!(verify(&mut admin, &given, None, |_, _, _| {}).await.unwrap().holds());
}
