//! The metrics: their names, and one function for each. Without an exporter a call is one load.
//!
//! Labels are `&'static str`: they come from the code and the contract, so that neither a person's
//! data nor an unbounded number of series can get in.

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

/// How long an RPC took, in seconds, by `rpc.method` and `rpc.grpc.status_code`.
pub const RPC_DURATION: &str = "rpc.server.duration";
/// How long a named transaction took, in seconds, by `transaction` and `outcome`.
pub const TX_DURATION: &str = "trellis.tx.duration";
/// How many waited together in one grouped read, by `group`.
pub const GROUP_SIZE: &str = "trellis.group.size";
/// How many audit records one commit held.
pub const LEDGER_BATCH: &str = "trellis.ledger.batch";
/// Refusals, by `rpc.method` and `reason`.
pub const REFUSALS: &str = "trellis.refusals";

const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
const COUNTS: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

struct Instruments {
    rpc: Histogram<f64>,
    tx: Histogram<f64>,
    group: Histogram<u64>,
    ledger: Histogram<u64>,
    refusals: Counter<u64>,
}

static INSTRUMENTS: OnceLock<Instruments> = OnceLock::new();

/// Called once by `init`, when there is somewhere to send them.
pub(crate) fn install(meter: &Meter) {
    let seconds = |name: &'static str| {
        meter.f64_histogram(name).with_unit("s").with_boundaries(SECONDS.to_vec()).build()
    };
    let counts =
        |name: &'static str| meter.u64_histogram(name).with_boundaries(COUNTS.to_vec()).build();
    let _ = INSTRUMENTS.set(Instruments {
        rpc: seconds(RPC_DURATION),
        tx: seconds(TX_DURATION),
        group: counts(GROUP_SIZE),
        ledger: counts(LEDGER_BATCH),
        refusals: meter.u64_counter(REFUSALS).build(),
    });
}

/// An RPC ended. `code` is the name of its gRPC code.
pub fn rpc(method: &'static str, code: &'static str, took: Duration) {
    if let Some(i) = INSTRUMENTS.get() {
        let labels =
            [KeyValue::new("rpc.method", method), KeyValue::new("rpc.grpc.status_code", code)];
        i.rpc.record(took.as_secs_f64(), &labels);
    }
}

/// A transaction ended: `outcome` is "committed", "rolled_back", "retried" and the like.
pub fn tx(name: &'static str, outcome: &'static str, took: Duration) {
    if let Some(i) = INSTRUMENTS.get() {
        let labels = [KeyValue::new("transaction", name), KeyValue::new("outcome", outcome)];
        i.tx.record(took.as_secs_f64(), &labels);
    }
}

/// A grouped read went out for so many who waited.
pub fn group_size(group: &'static str, size: usize) {
    if let Some(i) = INSTRUMENTS.get() {
        i.group.record(size as u64, &[KeyValue::new("group", group)]);
    }
}

/// One commit of the ledger held so many records.
pub fn ledger_batch(records: usize) {
    if let Some(i) = INSTRUMENTS.get() {
        i.ledger.record(records as u64, &[]);
    }
}

/// An RPC was refused.
pub fn refusal(method: &'static str, reason: &'static str) {
    if let Some(i) = INSTRUMENTS.get() {
        i.refusals.add(1, &[KeyValue::new("rpc.method", method), KeyValue::new("reason", reason)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_exporter_a_record_goes_nowhere_and_does_not_fail() {
        rpc("s/m", "OK", Duration::from_millis(1));
        tx("t", "committed", Duration::from_millis(1));
        group_size("g", 3);
        ledger_batch(3);
        refusal("s/m", "NOT_FOUND");
        assert!(INSTRUMENTS.get().is_none());
    }
}
