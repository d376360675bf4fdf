//! Floods by hand-written frames against the whole program: each has its answer, memory stays within its bound,
//! others are served meanwhile, and a good request of the one who flooded is answered soon after.

mod attacks;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use testkit::{Caller, Processes, SERVICES, frames::Outcome};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use wire::{common::v1::Sector, directory::v1::GetAgencyRequest};

use attacks::{Attack, Target};

/// Connections of each flood, at once.
const CONNECTIONS: usize = 8;
/// Memory at most: twice what there is at rest, and so much.
const MORE: u64 = 256 << 20;
/// Somebody else's request is answered in this time, whatever goes on, and afterwards one of who flooded.
const SOON: Duration = Duration::from_secs(5);

/// The memory of a process, by the kernel's own high-water mark.
struct Memory(PathBuf);

impl Memory {
    fn of(pid: u32) -> Self {
        Self(format!("/proc/{pid}").into())
    }

    /// From here on.
    fn begin(&self) {
        fs::write(self.0.join("clear_refs"), "5").unwrap();
    }

    fn peak(&self) -> u64 {
        let status = fs::read_to_string(self.0.join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10
    }
}

/// Somebody of another agency, at work all the while on the connection that they have.
struct Bystander {
    stop: CancellationToken,
    served: Arc<AtomicUsize>,
    task: JoinHandle<Vec<String>>,
}

impl Bystander {
    fn start(caller: &Caller, agency: &str) -> Self {
        let (stop, served) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let (stopped, count) = (stop.clone(), Arc::clone(&served));
        let (caller, name) = (caller.clone(), agency.to_owned());
        let task = tokio::spawn(async move {
            let mut failed = Vec::new();
            while !stopped.is_cancelled() {
                let begun = Instant::now();
                let request = GetAgencyRequest { name: name.clone() };
                match caller.directory().get_agency(request).await {
                    Ok(_) if begun.elapsed() < SOON => {
                        count.fetch_add(1, SeqCst);
                    }
                    Ok(_) => failed.push(format!("served after {:?}", begun.elapsed())),
                    Err(status) => failed.push(status.to_string()),
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            failed
        });
        Self { stop, served, task }
    }

    async fn end(self) -> (usize, Vec<String>) {
        self.stop.cancel();
        let failed = self.task.await.unwrap();
        (self.served.load(SeqCst), failed)
    }
}

struct Row {
    flood: &'static str,
    answers: String,
    peak: u64,
    served: usize,
}

fn table(rows: &[Row], rest: u64, bound: u64) -> String {
    let mega = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let mut text = format!(
        "At rest {:.0} MiB at most; the bound is {:.0} MiB. {CONNECTIONS} connections at once, one process with every \
         service.\n\n| flood | answered with | memory at most, MiB | others served meanwhile, failed |\n\
         |---|---|---:|---:|\n",
        mega(rest),
        mega(bound)
    );
    for Row { flood, answers, peak, served } in rows {
        text += &format!("| {flood} | {answers} | {:.0} | {served}, 0 |\n", mega(*peak));
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flood_has_its_answer_and_its_bound_and_others_are_served() {
    let all = Processes::start_as(&[SERVICES.to_vec()]).await.unwrap();
    let mut all = all;
    let memory = Memory::of(all.process("directory").pid());
    let admin = all.network().network_admin();
    let mut agencies = Vec::new();
    for name in ["Flooding", "Harbor"] {
        let request = trellis_tests::agency(name, Sector::Housing);
        let reply = admin.directory().register_agency(request).await.unwrap().into_inner();
        agencies.push(reply.agency.unwrap().name);
    }
    let [flooding, harbor] = agencies.try_into().unwrap();
    for agency in [&flooding, &harbor] {
        all.network().hears_of(agency).await.unwrap();
    }
    let address = all.network().url("directory").trim_start_matches("http://").parse().unwrap();
    let target = Target::new(address, all.network().tokens.clinician(&flooding), &harbor);
    let caller = all.network().clinician(&harbor);

    // At rest: somebody is served, as always.
    memory.begin();
    let rest = Bystander::start(&caller, &harbor);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (served, failed) = rest.end().await;
    assert!(served > 0 && failed.is_empty(), "{failed:?}");
    let rest = memory.peak();
    let bound = 2 * rest + MORE;

    let (mut rows, mut broken) = (Vec::new(), Vec::new());
    for attack in Attack::all() {
        memory.begin();
        let bystander = Bystander::start(&caller, &harbor);
        let answers = flood(&attack, &target).await;
        let (served, failed) = bystander.end().await;
        let peak = memory.peak();
        let name = attack.name;
        broken.extend(failed.iter().map(|why| format!("{name}: others: {why}")));
        broken.extend(
            answers
                .iter()
                .filter(|answer| !(attack.well)(answer))
                .map(|answer| format!("{name}: answered with {answer}")),
        );
        if peak > bound {
            broken.push(format!("{name}: {peak} bytes of memory, more than {bound}"));
        }
        if served == 0 {
            broken.push(format!("{name}: nobody was served"));
        }
        // Of what the flood held the last may be given back a moment later.
        let (ended, request) = (Instant::now(), GetAgencyRequest { name: harbor.clone() });
        while let Err(status) = target.good(&all, request.clone()).await {
            if status.code() != Code::ResourceExhausted || ended.elapsed() > SOON {
                broken.push(format!("{name}: the next good request: {status}"));
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let answers = answers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        println!("{name}: {answers}; {} MiB, {served} served", peak >> 20);
        rows.push(Row { flood: name, answers, peak, served });
    }
    let log = all.process("directory").log();
    assert!(!log.contains("panicked") && !log.contains("panic"), "{log}");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let table = table(&rows, rest, bound);
    println!("{table}");
    if let Some(folder) = std::env::var_os("TRELLIS_FIGURES") {
        fs::write(PathBuf::from(folder).join("floods.md"), format!("## Floods\n\n{table}"))
            .unwrap();
    }
}

/// What each connection was answered with, without repeats.
async fn flood(attack: &Attack, target: &Target) -> Vec<Outcome> {
    let mut all = JoinSet::new();
    for _ in 0..CONNECTIONS {
        all.spawn((attack.run)(target.clone()));
    }
    let mut answers: Vec<Outcome> = Vec::new();
    while let Some(answer) = all.join_next().await {
        let answer = answer.unwrap();
        if !answers.contains(&answer) {
            answers.push(answer);
        }
    }
    answers
}
