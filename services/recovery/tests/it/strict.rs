//! Unsharing takes effect as strictly as a revocation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection};
use tokio::time::Instant;
use wire::recovery::v1 as pb;

use crate::world::{CLINIC, World, is_absent, sharing, toolbox, triggers, unsharing, writing};

/// Ends a share past every wall and lock, on a thread of its own.
pub fn ending(world: &World, share: &pb::SectionShare) -> impl FnOnce() + Send + use<> {
    let (url, schema) = (world.stage.admin_url(), world.stage.service.schema.clone());
    let id = share.name.trim_start_matches("shares/").to_owned();
    let ending = async move {
        let mut conn = PgConnection::connect(url.expose_secret()).await.unwrap();
        let sql = format!("UPDATE {schema}.share SET ended_at = created_at WHERE id = '{id}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    };
    let apart = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(ending);
    };
    move || std::thread::spawn(apart).join().unwrap()
}

#[tokio::test]
async fn a_read_is_decided_on_the_shares_of_its_last_moment() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let share = jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    let doctor = world.clinician(CLINIC, "dr-c");
    doctor.plan(person).await.unwrap();
    // When all else is known, and the sections were read long before, the share ends.
    let end = ending(&world, &share);
    world.consents.after(0, move |_| end());
    is_absent(&doctor.plan(person).await.unwrap_err());
}

#[tokio::test]
async fn in_rounds_of_sharing_no_read_that_begins_after_the_end_is_served() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let signs = jane.update(writing(person, triggers("the letter"))).await.unwrap();
    // One section is shared all the time, so that the plan is there all the time.
    jane.share(sharing(&world, &signs, CLINIC, "dr-c")).await.unwrap();
    let doctor = world.clinician(CLINIC, "dr-c");
    let stop = Arc::new(AtomicBool::new(false));
    let readers = (0..4).map(|_| {
        let (doctor, stop, name) = (doctor.clone(), Arc::clone(&stop), tools.name.clone());
        tokio::spawn(async move {
            let mut reads = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let began = Instant::now();
                let sections = doctor.plan(person).await.unwrap().sections;
                let open = sections.iter().any(|section| section.name == name);
                reads.push((began, Instant::now(), open));
            }
            reads
        })
    });
    let readers: Vec<_> = readers.collect();
    let mut shared: Vec<(Instant, Instant)> = Vec::new();
    for _ in 0..10 {
        let from = Instant::now();
        let share: pb::SectionShare =
            jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
        jane.unshare(unsharing(&share)).await.unwrap();
        shared.push((from, Instant::now()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let (mut open, mut closed) = (0, 0);
    for reader in readers {
        for (began, ended, seen) in reader.await.unwrap() {
            // Some sharing was under way between its beginning and its end.
            let may = shared.iter().any(|(from, until)| began < *until && ended > *from);
            assert!(!seen || may, "served after the share had ended");
            if seen { open += 1 } else { closed += 1 }
        }
    }
    assert!(open > 0 && closed > 0, "{open} reads saw it, {closed} did not");
}

#[tokio::test]
async fn the_end_of_a_share_is_told_no_earlier_than_the_fence() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let share = jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    let end = unsharing(&share);
    // A repeat waits, too.
    for _ in 0..2 {
        world.fenced(jane.unshare(end.clone())).await.unwrap();
    }
    let again = sharing(&world, &tools, CLINIC, "dr-c");
    // It may have taken the place of a longer one.
    world.fenced(jane.share(again)).await.unwrap();
}
