//! WatchReferrals under kill -9 of the service and of its database, while many write and those who watch
//! drop their streams and come back: each agency is told all that it may see, in order, and nothing else.

mod lane;
mod oracle;
mod watcher;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use kernel::{Purpose, Role};
use secrecy::SecretString;
use tokio::task::JoinSet;
use tonic::Code;
use trellis_tests::{
    BOUND, Fault, Network, Processes, World, everywhere_known, last_referral_event, until,
};
use uuid::Uuid;
use wire::referrals::v1::GetReferralRequest;

use crate::number;
use lane::{Lane, Side};
use oracle::{IN_TIME, Oracle, Sums};
use watcher::{Drops, Micros, Watched, now, watch};

/// Around a write and its event, around the record of what is told, and before and after it is told.
const POINTS: [&str; 8] = [
    "tx.commit",
    "feed.read",
    "guard.recorded",
    "tx.committed",
    "watch.told",
    "ledger.write",
    "feed.handed",
    "ledger.durable",
];
/// At the point, and where it is a moment later.
const LATER_US: [u64; 5] = [0, 150, 0, 900, 5_000];
const LANES: usize = 12;
/// A service that is killed more often than this hardly does anything.
const EVENTS_A_KILL: usize = 400;

/// Which side watches, and whether it drops its streams.
const WATCHING: [(usize, &str, Option<Drops>); 5] = [
    (0, "source", Some(Drops { every: 23, back: 3 })),
    (1, "both", None),
    (2, "target", Some(Drops { every: 7, back: 2 })),
    (3, "neither", None),
    (3, "neither, unsteady", Some(Drops { every: 1, back: 1 })),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whoever_watches_referrals_is_told_all_of_their_own_in_order_through_any_kill() {
    let events = number("TRELLIS_EVENTS", 2_000);
    let mut processes = Processes::start().await;
    let network = network(&processes);
    let admin = processes.admin_url();
    let sides = sides(&network).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut watching = JoinSet::new();
    let mut watched = Vec::new();
    for (side, name, drops) in WATCHING {
        let Side { agency, staff } = sides[side].clone();
        let this = Arc::new(Mutex::new(Watched { agency, name, streams: Vec::new() }));
        watched.push(Arc::clone(&this));
        watching.spawn(watch(this, staff, drops, Arc::clone(&stop)));
    }
    let (written, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut lanes = JoinSet::new();
    for n in 0..LANES {
        let [clinic, housing, probation, _] = sides.each_ref();
        let (source, targets) = match n % 2 {
            0 => (clinic, [housing, probation]),
            _ => (housing, [probation, clinic]),
        };
        let lane = Lane {
            network: Arc::clone(&network),
            source: source.clone(),
            targets: targets.map(Clone::clone),
            written: Arc::clone(&written),
            enough: Arc::clone(&enough),
        };
        lanes.spawn(lane.run());
    }
    let begun = now();
    let outages = killed(&mut processes, &sides[0], events).await;
    until("enough has happened", Duration::from_secs(3_000), || async {
        // What the network does is not counted here.
        let near = written.load(SeqCst) >= events / 5 * 4;
        let last = if near { last_referral_event(&admin).await? } else { 0 };
        (last >= i64::try_from(events).unwrap()).then_some(())
    })
    .await;
    enough.store(true, SeqCst);
    while let Some(ended) = lanes.join_next().await {
        ended.unwrap();
    }
    let took = Duration::from_micros((now() - begun).unsigned_abs());
    let oracle = at_rest(&admin).await;
    all_told(&oracle, &watched).await;
    stop.store(true, SeqCst);
    while let Some(ended) = watching.join_next().await {
        ended.unwrap();
    }
    let oracle = oracle.with_what_came_since(&admin).await;
    assert!(oracle.len() >= events);
    let mut sums = Sums::default();
    for watched in &watched {
        oracle.holds(&watched.lock().unwrap(), &outages, &mut sums);
    }
    sums.late.sort_unstable();
    let late = |part: usize| sums.late[(sums.late.len() - 1) * part / 100] / 1_000;
    println!(
        "watched: {} events in {took:?}, {} outages, {} streams told {}, {} of them WITHDRAWN, and {} \
         again; {} withdrawn first; late by {} ms at the median, {} ms at p99, {} ms at most",
        oracle.len(),
        outages.len(),
        sums.streams,
        sums.told,
        sums.withdrawn,
        sums.again,
        sums.left_out,
        late(50),
        late(99),
        late(100),
    );
    assert!(sums.again > 0 && sums.withdrawn > 0, "nothing was tested");
    assert!(sums.late.last().is_some_and(|last| *last < IN_TIME), "not told in time");
}

/// A network of calls to these processes, which are not needed for it.
fn network(processes: &Processes) -> Arc<Network> {
    let of = processes.network();
    Arc::new(Network::new(of.data(), |name| of.url(name).to_owned()))
}

/// Three that send to each other, and one that has to do with none of it.
async fn sides(network: &Network) -> [Side; 4] {
    let agencies = World::new(network).await.agencies;
    let of = [agencies.clinic, agencies.housing, agencies.probation, agencies.school];
    let sides = of.map(|agency| {
        let (roles, purposes) = ([Role::CaseManager], [Purpose::CoordinationOfCare]);
        let staff = network.actor(network.tokens.staff("worker", &agency, &roles, &purposes));
        Side { agency, staff }
    });
    for side in &sides {
        everywhere_known(&side.staff).await;
    }
    sides
}

/// Kills the service, and at every third time its database, while others work. From when to when nothing
/// could be told.
async fn killed(processes: &mut Processes, asks: &Side, events: usize) -> Vec<(Micros, Micros)> {
    let kills = events.div_ceil(EVENTS_A_KILL).clamp(POINTS.len(), 100);
    let (mut outages, mut down) = (Vec::new(), now());
    for kill in 0..kills {
        let fault = Fault {
            point: POINTS[kill % POINTS.len()],
            passes: (events / kills / 2 + kill * 7 % 23) as u64,
            after: Duration::from_micros(LATER_US[kill % LATER_US.len()]),
            database: kill % 3 == 2,
        };
        processes.kill("referrals");
        processes.start_faulted("referrals", &fault);
        serves(asks).await;
        outages.push((down, now()));
        processes.faulted("referrals", &fault).await;
        down = now();
        if fault.database {
            serves(asks).await;
            outages.push((down, now()));
            down = now();
        }
    }
    processes.kill("referrals");
    processes.start_again("referrals").await;
    serves(asks).await;
    outages.push((down, now()));
    outages
}

/// Waits until the service answers, from its database.
async fn serves(asks: &Side) {
    let nothing = GetReferralRequest { name: format!("referrals/{}", Uuid::new_v4()) };
    until("it serves", BOUND, || async {
        let refused = asks.staff.referrals().get_referral(nothing.clone()).await.err()?;
        (refused.code() == Code::NotFound).then_some(())
    })
    .await;
}

/// What has happened, once nothing more does: what follows from a consent's end comes a moment later.
async fn at_rest(admin: &SecretString) -> Oracle {
    let last = Mutex::new((None, now()));
    until("nothing more happens", BOUND, || async {
        let this = last_referral_event(admin).await?;
        let mut last = last.lock().unwrap();
        if last.0 != Some(this) {
            *last = (Some(this), now());
        }
        (now() - last.1 > 1_500_000).then_some(())
    })
    .await;
    Oracle::of(admin).await
}

/// Gives those who watch as long as they may take: whether all was told is judged afterwards.
async fn all_told(oracle: &Oracle, watched: &[Arc<Mutex<Watched>>]) {
    let begun = now();
    until("all is told, or it is too late", BOUND, || async {
        let missing = watched.iter().any(|watched| oracle.missing(&watched.lock().unwrap()));
        (!missing || now() - begun > IN_TIME).then_some(())
    })
    .await;
}
