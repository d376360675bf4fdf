//! h2load: its arguments, and what it says.

use std::{
    fs::{self, File},
    io::{BufReader, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};

/// So many clients, each with a connection of its own.
#[derive(Debug, Clone)]
pub struct Load {
    pub clients: usize,
    pub addr: SocketAddr,
    pub notes: usize,
    /// Requests that each has open at most.
    pub open: usize,
    /// Requests that each begins in a second; None: one as soon as another has ended.
    pub rate: Option<f64>,
}

/// What the clients saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    pub requests: u64,
    /// Replies a second.
    pub throughput: f64,
    pub p50: Duration,
    pub p99: Duration,
}

impl Load {
    /// Each with one request at a time, without a pause.
    pub fn of(clients: usize, addr: SocketAddr, notes: usize) -> Self {
        Self { clients, addr, notes, open: 1, rate: None }
    }

    /// Puts it on for so long.
    pub fn put(&self, home: &Path, time: Duration) -> anyhow::Result<Seen> {
        let (uris, body, log) = (home.join("uris"), home.join("body"), home.join("requests.log"));
        let mut file = std::io::BufWriter::new(File::create(&uris)?);
        for k in 0..self.notes {
            writeln!(file, "http://{}/n/{k}", self.addr)?;
        }
        file.flush()?;
        // An empty message in a frame: the server puts its own in its place.
        fs::write(&body, [0; 5])?;
        if log.exists() {
            fs::remove_file(&log)?;
        }
        let clients = self.clients.to_string();
        let mut command = Command::new("h2load");
        command
            .args(["--no-tls-proto=h2c", "--threads=1"])
            .arg(format!("--max-concurrent-streams={}", self.open))
            .args(self.rate.map(|rate| format!("--rps={rate:.1}")))
            .args(["--clients", &clients])
            .arg(format!("--duration={}ms", time.as_millis()))
            .args(["--header", "content-type: application/grpc"])
            .args(["--header", "te: trailers"])
            .arg("--data")
            .arg(&body)
            .arg("--log-file")
            .arg(&log)
            .arg("--input-file")
            .arg(&uris);
        let output = command.stdin(Stdio::null()).output().context("h2load")?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "h2load: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let (requests, failed) = counts(&said).with_context(|| format!("h2load said: {said}"))?;
        ensure!(failed == 0, "{failed} requests failed: {said}");
        let mut times = times(BufReader::new(File::open(&log)?))?;
        ensure!(!times.is_empty(), "no request was answered");
        times.sort_unstable();
        Ok(Seen {
            requests,
            throughput: requests as f64 / time.as_secs_f64(),
            p50: percentile(&times, 50),
            p99: percentile(&times, 99),
        })
    }
}

/// Succeeded, and failed in whatever way, of
/// `requests: 9 total, 9 started, 9 done, 9 succeeded, 0 failed, 0 errored, 0 timeout`.
fn counts(said: &str) -> anyhow::Result<(u64, u64)> {
    let line = said.lines().find_map(|l| l.strip_prefix("requests: ")).context("no requests")?;
    let of = |what: &str| -> anyhow::Result<u64> {
        let found = line.split(',').find_map(|part| part.trim().strip_suffix(what));
        Ok(found.with_context(|| format!("no{what}"))?.trim().parse()?)
    };
    Ok((of(" succeeded")?, of(" failed")? + of(" errored")? + of(" timeout")?))
}

/// Microseconds: the third column.
fn times(log: impl std::io::BufRead) -> anyhow::Result<Vec<u64>> {
    let mut times = Vec::new();
    for line in log.lines() {
        let line = line?;
        let mut columns = line.split_whitespace().skip(1);
        ensure!(columns.next() == Some("200"), "a reply that is not HTTP 200: {line}");
        times.push(columns.next().context("two columns")?.parse()?);
    }
    Ok(times)
}

fn percentile(sorted: &[u64], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    Duration::from_micros(sorted.get(place).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_h2load_says_is_read() {
        let said = "finished in 1.00s\nrequests: 9 total, 8 started, 8 done, 7 succeeded, 1 failed, \
                    2 errored, 0 timeout\n";
        assert_eq!(counts(said).unwrap(), (7, 3));
        assert!(counts("finished").is_err());
        let log = "1700000000000001\t200\t310\n1700000000000002\t200\t90\n";
        assert_eq!(times(log.as_bytes()).unwrap(), [310, 90]);
        assert!(times("1\t503\t90\n".as_bytes()).is_err());
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<u64> = (1..=200).collect();
        assert_eq!(percentile(&values, 50), Duration::from_micros(100));
        assert_eq!(percentile(&values, 99), Duration::from_micros(198));
        assert_eq!(percentile(&[7], 99), Duration::from_micros(7));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
