//! One service as `trellis serve` runs it, until kill -9 at a point of its work: of itself, or of its
//! database. `trellis-faulted SERVICE CONFIG POINT PASSES MICROS VICTIM`: the so-many-th time that the
//! work comes to the point, and so much later. The victim is `self`, or the postmaster's process id.

use std::{
    env,
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use kernel::SystemClock;
use nix::{
    sys::signal::{Signal, kill},
    unistd::getpid,
};
use pg::points;
use tokio_util::sync::CancellationToken;
use trellis::{Config, Service};
use trellis_tests::kill_children;

fn main() -> anyhow::Result<()> {
    let given: Vec<String> = env::args().skip(1).collect();
    let [service, config, point, passes, micros, victim] = given.as_slice() else {
        anyhow::bail!("SERVICE CONFIG POINT PASSES MICROS VICTIM");
    };
    let service = Service::parse(service).context("SERVICE")?;
    let database = match victim.as_str() {
        "self" => None,
        pid => Some(pid.parse().context("VICTIM")?),
    };
    let end = End { after: Duration::from_micros(micros.parse().context("MICROS")?), database };
    let (point, left) = (point.clone(), AtomicU64::new(passes.parse().context("PASSES")?));
    let watched = points::watch(move |reached| {
        let one_less = |left: u64| left.checked_sub(1);
        if reached == point && left.fetch_update(SeqCst, SeqCst, one_less) == Ok(1) {
            end.come();
        }
    });
    ensure!(watched, "somebody watches already");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(service, Path::new(config)))
}

async fn serve(service: Service, config: &Path) -> anyhow::Result<()> {
    let config = Config::load(config)?;
    let stop = CancellationToken::new();
    let running = trellis::start(&config, &[service], Arc::new(SystemClock), stop).await?;
    say(&format!("listening on {}", running.addr()));
    running.join().await?;
    Ok(())
}

#[derive(Clone, Copy)]
struct End {
    after: Duration,
    /// Its postmaster; none: this process.
    database: Option<u32>,
}

impl End {
    fn come(self) {
        if self.after.is_zero() {
            return self.kill();
        }
        thread::spawn(move || {
            thread::sleep(self.after);
            self.kill();
        });
    }

    /// Of a server whose one process is killed, all others end at once, and it recovers from its log.
    fn kill(self) {
        let Some(postmaster) = self.database else {
            let _ = kill(getpid(), Signal::SIGKILL);
            return;
        };
        kill_children(postmaster);
        say("the database was killed");
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
