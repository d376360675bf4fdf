//! Verifying takes as much memory for many records as for few: a smoke here, 10,000,000 in `cargo xtask soak`.

use std::time::{Duration, Instant};

use ledger::verify::{Verifying, verify};

use crate::{
    stage::{Stage, event, sql},
    tree::{KEY, begin, head_size, key, log, to_seal},
};

const SOME: u32 = 10_000;
/// What a batch, a batch of heads and the anchored heads take. The fewest records take more as a whole.
const MOST_MIB: u64 = 16;

fn records() -> u32 {
    match std::env::var("TRELLIS_RECORDS") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => 5 * SOME,
    }
}

/// Records as a service would have appended them, made where they go.
async fn fill(stage: &Stage, records: u32) {
    let one = event();
    let template = one.leaf().unwrap().replace(&one.event_id.to_string(), "{id}");
    let mut admin = stage.admin().await;
    let some = format!(
        "WITH new AS (SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
                || '7000' || substr(gen_random_uuid()::text, 20, 4)
                || substr(gen_random_uuid()::text, 25))::uuid AS id
            FROM generate_series(1, {SOME}))
         SELECT append_audit(array_agg(id), array_agg(replace('{template}', '{{id}}', id::text)))
         FROM new"
    );
    for _ in 0..records / SOME {
        sql(&mut admin, &some).await;
    }
}

/// Forgets the most memory that this process has had until now.
fn forget() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// The most memory that it has had since, in MiB.
fn most() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn verifying_takes_no_more_memory_for_more_records() {
    let records = records();
    let stage = Stage::set().await;
    fill(&stage, records).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    let (stop, sealing) = begin(&stage, to_seal(&path));
    let begun = Instant::now();
    while head_size(&stage).await < i64::from(records) {
        assert!(begun.elapsed() < Duration::from_secs(1_200), "never sealed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.cancel();
    sealing.await.unwrap();
    let mut given = Verifying::new(log(), vec![key(KEY).verifying().unwrap()])
        .answered(["trellis.notes.v1.NotesService/CreateNote".to_owned()]);
    given.anchors(&std::fs::read_to_string(&path).unwrap());
    forget();
    let (before, begun) = (most(), Instant::now());
    let done = verify(&mut stage.admin().await, &given, None, |_, _, _| {}).await.unwrap();
    let (took, grown) = (begun.elapsed(), most() - before);
    println!(
        "verified {records} records under {} heads: {:.0} a second, {grown} MiB more than before",
        done.heads,
        f64::from(records) / took.as_secs_f64()
    );
    assert_eq!((done.findings.as_slice(), done.records), (&[][..], u64::from(records)));
    assert!(grown <= MOST_MIB, "{grown} MiB");
}
