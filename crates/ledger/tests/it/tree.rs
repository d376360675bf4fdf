//! The tree grows with the records, its heads are signed and anchored, and nothing is signed on top of
//! what can't be.

use std::{
    os::{
        fd::{AsRawFd as _, OwnedFd},
        unix::fs::symlink,
    },
    path::Path,
    sync::Arc,
    time::Duration,
};

use ledger::{
    LogName, Seal, SigningKey, TreeHead, leaf,
    merkle::{Frontier, Hash},
    notes,
};
use nix::{
    fcntl::{FcntlArg, SealFlag, fcntl},
    sys::memfd::{MFdFlags, memfd_create},
};
use sqlx::Row as _;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::stage::{Stage, event, sql, until};

pub const KEY: [u8; 32] = [5; 32];

pub fn log() -> LogName {
    LogName::new("stage.example/stage").unwrap()
}

pub fn key(seed: [u8; 32]) -> SigningKey {
    SigningKey::from_seed(&seed).unwrap()
}

pub async fn record(stage: &Stage, events: usize) {
    let recorded = (0..events).map(|_| stage.ledger.record(event()));
    futures::future::try_join_all(recorded).await.unwrap();
}

pub fn to_seal(anchor: &Path) -> Seal {
    Seal {
        log: log(),
        key: key(KEY),
        earlier: Vec::new(),
        every: Duration::from_millis(20),
        anchor: anchor.to_owned(),
    }
}

/// Seals until stopped.
pub fn begin(stage: &Stage, seal: Seal) -> (CancellationToken, tokio::task::JoinHandle<()>) {
    let stop = CancellationToken::new();
    let sealing = stage.ledger.seal(seal, Arc::new(kernel::SystemClock), stop.clone()).unwrap();
    (stop, sealing)
}

pub async fn head_size(stage: &Stage) -> i64 {
    let size = sqlx::query_scalar("SELECT COALESCE(max(size), 0) FROM tree_head");
    size.fetch_one(&mut stage.admin().await).await.unwrap()
}

/// Seals all that is on record.
pub async fn sealed(stage: &Stage, anchor: &Path) {
    let all = stage.ledger.head().await.unwrap();
    let (stop, sealing) = begin(stage, to_seal(anchor));
    until("sealed", async || head_size(stage).await == all).await;
    stop.cancel();
    sealing.await.unwrap();
}

pub fn anchored(path: &Path) -> Vec<TreeHead> {
    let notes = notes(&std::fs::read_to_string(path).unwrap());
    let key = key(KEY).verifying().unwrap();
    notes.iter().map(|note| TreeHead::open(note, &log(), &key).unwrap()).collect()
}

/// The root over the first records, from the rows.
async fn root(stage: &Stage, size: u64) -> Hash {
    let rows = sqlx::query("SELECT seq, event_id, commitment FROM audit_event ORDER BY seq");
    let rows = rows.fetch_all(&mut stage.admin().await).await.unwrap();
    let mut tree = Frontier::default();
    for row in rows.iter().take(usize::try_from(size).unwrap()) {
        let commitment: Vec<u8> = row.get(2);
        tree.push(leaf(row.get(0), row.get::<Uuid, _>(1), &commitment), |_, _| {});
    }
    tree.root()
}

#[tokio::test]
async fn heads_cover_what_is_on_record_and_are_anchored_as_they_are_kept() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    for (add, all) in [(1, 1), (0, 1), (299, 300), (300, 600)] {
        record(&stage, add).await;
        sealed(&stage, &path).await;
        let heads = anchored(&path);
        let last = heads.last().unwrap();
        assert_eq!(last.size, all);
        assert_eq!(last.root, root(&stage, all).await);
    }
    let heads = anchored(&path);
    let sizes: Vec<u64> = heads.iter().map(|head| head.size).collect();
    assert_eq!(sizes, [1, 300, 600], "nothing new, no new head");
    for head in &heads {
        assert_eq!(head.root, root(&stage, head.size).await);
    }
    let kept: Vec<String> = sqlx::query_scalar("SELECT note FROM tree_head ORDER BY size")
        .fetch_all(&mut stage.admin().await)
        .await
        .unwrap();
    assert_eq!(kept, notes(&std::fs::read_to_string(&path).unwrap()));
    let nodes: Vec<(i16, i64)> = sqlx::query_as("SELECT level, place FROM tree_node ORDER BY 1, 2")
        .fetch_all(&mut stage.admin().await)
        .await
        .unwrap();
    assert_eq!(nodes, [(8, 0), (8, 1)]);
}

#[tokio::test]
async fn a_ledger_that_was_written_to_before_it_had_a_tree_is_sealed_in_growths() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    let detail = event().leaf().unwrap();
    let fill = "SELECT append_audit(array_agg(gen_random_uuid()), array_agg($1)) \
                FROM generate_series(1, 12000)";
    sqlx::query(fill).bind(detail).execute(&mut stage.admin().await).await.unwrap();
    sealed(&stage, &path).await;
    let heads = anchored(&path);
    assert_eq!(heads.iter().map(|head| head.size).collect::<Vec<_>>(), [10_000, 12_000]);
    for head in &heads {
        assert_eq!(head.root, root(&stage, head.size).await);
    }
}

#[tokio::test]
async fn two_instances_seal_one_tree_and_each_anchors_it() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| dir.path().join(name));
    let running: Vec<_> = paths.iter().map(|path| begin(&stage, to_seal(path))).collect();
    for _ in 0..20 {
        record(&stage, 7).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    until("both anchored", async || {
        paths.iter().all(|path| anchored(path).last().is_some_and(|head| head.size == 140))
    })
    .await;
    for (stop, sealing) in running {
        stop.cancel();
        sealing.await.unwrap();
    }
    for path in &paths {
        let heads = anchored(path);
        assert!(heads.is_sorted_by(|a, b| a.size < b.size && a.at <= b.at));
        for head in heads {
            assert_eq!(head.root, root(&stage, head.size).await);
        }
    }
}

#[tokio::test]
async fn a_stop_seals_what_was_recorded_last() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    let (stop, sealing) =
        begin(&stage, Seal { every: Duration::from_secs(3600), ..to_seal(&path) });
    record(&stage, 3).await;
    stop.cancel();
    sealing.await.unwrap();
    assert_eq!(anchored(&path).last().unwrap().size, 3);
}

/// Nothing is signed where the database is an older one than the anchor, another one, or damaged.
#[tokio::test]
async fn nothing_is_signed_on_top_of_what_cannot_be() {
    for damage in [
        // Restored to an earlier state: an anchored head is over more.
        "DELETE FROM tree_head WHERE size > 10; DELETE FROM audit_event WHERE seq > 10; \
         UPDATE ledger_head SET seq = 10",
        // The same size, another tree.
        "UPDATE tree_head SET note = (SELECT note FROM tree_head WHERE size = 10) WHERE size = 20",
        "UPDATE tree_head SET frontier = set_byte(frontier, 1, 255 - get_byte(frontier, 1)) \
         WHERE size = 20",
        "UPDATE tree_head SET frontier = frontier || frontier WHERE size = 20",
        // Another, longer tree that nobody signed.
        "INSERT INTO tree_head SELECT 22, replace(note, E'\\n20\\n', E'\\n22\\n'), \
         frontier || substr(frontier, 1, 32) FROM tree_head WHERE size = 20",
        // The head that is anchored is another one by now.
        "UPDATE tree_head SET size = 19 WHERE size = 20; INSERT INTO tree_head \
         SELECT 20, note, frontier FROM tree_head WHERE size = 10",
        // A record is missing.
        "DELETE FROM audit_event WHERE seq = 21",
    ] {
        let stage = Stage::set().await;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stage.checkpoints");
        record(&stage, 10).await;
        sealed(&stage, &path).await;
        record(&stage, 10).await;
        sealed(&stage, &path).await;
        record(&stage, 5).await;
        sql(&mut stage.admin().await, damage).await;
        let before = head_size(&stage).await;
        let (stop, sealing) = begin(&stage, to_seal(&path));
        tokio::time::sleep(Duration::from_millis(150)).await;
        stop.cancel();
        sealing.await.unwrap();
        assert_eq!(head_size(&stage).await, before, "{damage}");
        assert_eq!(anchored(&path).last().unwrap().size, 20, "{damage}");
    }
}

/// The service's own role may insert a head; only this log's keys can make it one to go on from.
#[tokio::test]
async fn nothing_is_signed_on_top_of_a_head_that_this_log_did_not_sign() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    record(&stage, 20).await;
    sealed(&stage, &path).await;
    record(&stage, 5).await;
    let rows =
        sqlx::query("SELECT seq, event_id, commitment FROM audit_event ORDER BY seq LIMIT 22");
    let mut tree = Frontier::default();
    for row in rows.fetch_all(&mut stage.admin().await).await.unwrap() {
        let commitment: Vec<u8> = row.get(2);
        tree.push(leaf(row.get(0), row.get::<Uuid, _>(1), &commitment), |_, _| {});
    }
    let at = kernel::Clock::now(&kernel::SystemClock);
    let head = TreeHead { size: tree.size(), root: tree.root(), at };
    for (seed, size) in [([9; 32], 22), (KEY, 25)] {
        let note = head.sign(&log(), &key(seed)).unwrap();
        sqlx::query("DELETE FROM tree_head WHERE size = 22")
            .execute(&mut stage.admin().await)
            .await
            .unwrap();
        sqlx::query("INSERT INTO tree_head VALUES (22, $1, $2)")
            .bind(note)
            .bind(tree.roots().concat())
            .execute(&mut stage.admin().await)
            .await
            .unwrap();
        let (stop, sealing) = begin(&stage, to_seal(&path));
        tokio::time::sleep(Duration::from_millis(150)).await;
        stop.cancel();
        sealing.await.unwrap();
        assert_eq!(head_size(&stage).await, size);
    }
}

/// An anchored head that is not the one of its size beside the records: another database's.
#[tokio::test]
async fn nothing_is_signed_beside_an_anchor_of_another_tree() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let (own, other) = (dir.path().join("own"), dir.path().join("other"));
    for _ in 0..2 {
        record(&stage, 10).await;
        sealed(&stage, &own).await;
    }
    record(&stage, 1).await;
    let at = kernel::Clock::now(&kernel::SystemClock);
    for (size, root) in [(10, [1; 32]), (7, root(&stage, 7).await)] {
        let note = TreeHead { size, root, at }.sign(&log(), &key(KEY)).unwrap();
        std::fs::write(&other, format!("{note}\n")).unwrap();
        let (stop, sealing) = begin(&stage, to_seal(&other));
        tokio::time::sleep(Duration::from_millis(150)).await;
        stop.cancel();
        sealing.await.unwrap();
        assert_eq!(head_size(&stage).await, 20, "{size}");
    }
}

#[tokio::test]
async fn another_key_goes_on_where_the_earlier_one_is_known() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    record(&stage, 2).await;
    sealed(&stage, &path).await;
    record(&stage, 2).await;
    for (earlier, size) in [(vec![], 2), (vec![key(KEY).verifying().unwrap()], 4)] {
        let (stop, sealing) = begin(&stage, Seal { key: key([8; 32]), earlier, ..to_seal(&path) });
        tokio::time::sleep(Duration::from_millis(150)).await;
        stop.cancel();
        sealing.await.unwrap();
        assert_eq!(head_size(&stage).await, size);
    }
}

/// A crash between the commit and the anchor leaves a head that no anchor has.
#[tokio::test]
async fn a_head_that_was_kept_from_its_anchor_is_anchored_before_the_next() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    record(&stage, 2).await;
    sealed(&stage, &path).await;
    let before = std::fs::read_to_string(&path).unwrap();
    record(&stage, 2).await;
    sealed(&stage, &path).await;
    std::fs::write(&path, before).unwrap();
    record(&stage, 2).await;
    sealed(&stage, &path).await;
    let sizes: Vec<u64> = anchored(&path).iter().map(|head| head.size).collect();
    assert_eq!(sizes, [2, 4, 6]);
}

/// A file that takes no byte more, as one on a full disk.
fn full() -> OwnedFd {
    let file = memfd_create("full", MFdFlags::MFD_ALLOW_SEALING | MFdFlags::MFD_CLOEXEC).unwrap();
    fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_GROW)).unwrap();
    file
}

#[tokio::test]
async fn an_anchor_that_cannot_be_written_holds_nobody_up_and_is_written_once_it_can_be() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    let full = full();
    let place = format!("/proc/{}/fd/{}", std::process::id(), full.as_raw_fd());
    symlink(place, &path).unwrap();
    let (stop, sealing) = begin(&stage, to_seal(&path));
    for all in [3, 6] {
        record(&stage, 3).await;
        until("it is signed", async || head_size(&stage).await == all).await;
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "", "nothing of it is anchored");
    assert!(!sealing.is_finished());
    std::fs::remove_file(&path).unwrap();
    until("there is room", async || {
        std::fs::read_to_string(&path).is_ok_and(|text| !notes(&text).is_empty())
    })
    .await;
    record(&stage, 3).await;
    stop.cancel();
    sealing.await.unwrap();
    assert_eq!(stage.assert_gapless().await, 9);
    let heads = anchored(&path);
    assert_eq!((heads[0].size, heads.last().unwrap().size), (6, 9), "from the last one on");
    for head in &heads {
        assert_eq!(head.root, root(&stage, head.size).await);
    }
}

#[tokio::test]
async fn an_anchor_is_of_one_log_and_one_instance() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    let other = TreeHead { size: 1, root: [1; 32], at: kernel::Clock::now(&kernel::SystemClock) };
    let note = other.sign(&LogName::new("other").unwrap(), &key(KEY)).unwrap();
    std::fs::write(&path, format!("{note}\n")).unwrap();
    record(&stage, 1).await;
    let (stop, sealing) = begin(&stage, to_seal(&path));
    let stopped = CancellationToken::new();
    let clock = Arc::new(kernel::SystemClock);
    assert!(stage.ledger.seal(to_seal(&path), clock, stopped).is_err(), "in use");
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.cancel();
    sealing.await.unwrap();
    assert_eq!(head_size(&stage).await, 0);
}
