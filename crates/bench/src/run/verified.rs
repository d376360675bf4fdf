//! How fast `trellis audit verify` reads and recomputes what the measurement left on record, beside reading
//! the same rows and doing nothing with them.

use std::{fmt, fs, path::Path, time::Instant};

use anyhow::ensure;
use ledger::verify::{Finding, Verifying, verify};
use pg::ServiceSchema;
use secrecy::SecretString;

use crate::{
    store,
    world::{anchors, ledger_public_key, log},
};

#[derive(Debug, Default)]
pub struct Verified {
    records: u64,
    anchored: u64,
    /// Records a second.
    verified: f64,
    read: f64,
}

/// One run to have the rows in memory, then each once.
pub async fn all(admin: &SecretString, home: &Path) -> anyhow::Result<Verified> {
    let mut conn = pg::reading(admin, &ServiceSchema::of("notes")).await?;
    store::read_records(&mut conn).await?;
    let begun = Instant::now();
    let records = store::read_records(&mut conn).await?;
    let reading = begun.elapsed();
    let mut given = Verifying::new(log()?, vec![ledger_public_key()?]);
    for file in fs::read_dir(anchors(home))? {
        given.anchors(&fs::read_to_string(file?.path())?);
    }
    let begun = Instant::now();
    let done = verify(&mut conn, &given, None, |_, _, _| {}).await?;
    let verifying = begun.elapsed();
    // The notes were copied, and so nobody wrote them: verifying says so.
    let other = done.findings.iter().find(|f| !matches!(f, Finding::Unnamed { .. }));
    ensure!(other.is_none(), "the ledger does not hold: {other:?}");
    ensure!(done.records == records, "{} of {records} records were verified", done.records);
    let each = |took: std::time::Duration| records as f64 / took.as_secs_f64();
    Ok(Verified {
        records,
        anchored: given.anchored(),
        verified: each(verifying),
        read: each(reading),
    })
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Verified {} records ({} of them under an anchored head): {:.0} a second; the same rows only read: \
             {:.0} a second; ratio {:.2}.",
            self.records,
            self.anchored,
            self.verified,
            self.read,
            self.verified / self.read,
        )
    }
}
