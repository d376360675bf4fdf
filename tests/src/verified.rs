//! That the ledgers of a network hold, and that what was written and what is on record are the same.

use std::{fs, path::Path};

use ledger::{
    LogName, VerifyingKey,
    verify::{Finding, Verifying, verify},
};
use pg::{ServiceSchema, embedded};
use secrecy::SecretString;

use crate::{AUDIENCE, SERVICES, Up, store};

/// Verifies all ledgers of a network as it stands. What was found, by service, and how many records there
/// are.
pub async fn verified(up: &Up) -> (Vec<(&'static str, Finding)>, u64) {
    let admin = admin_url(&up.data().join("postgres"));
    let key = fs::read_to_string(up.data().join("secrets").join("ledger-key.pub")).unwrap();
    let key = VerifyingKey::parse(key.trim()).unwrap();
    let (mut found, mut records) = (Vec::new(), 0);
    for service in SERVICES {
        let log = LogName::new(format!("{AUDIENCE}/{service}")).unwrap();
        let mut given = Verifying::new(log, vec![key]).answered(wire::written_once());
        let anchor = up.data().join("anchors").join(format!("{service}.checkpoints"));
        given.anchors(&fs::read_to_string(anchor).unwrap());
        let mut conn = pg::reading(&admin, &ServiceSchema::of(service)).await.unwrap();
        let done = verify(&mut conn, &given, None, |_, _, _| {}).await.unwrap();
        found.extend(done.findings.into_iter().map(|finding| (service, finding)));
        records += done.records;
    }
    (found, records)
}

/// How many rows of people each table has, `service.table`, and how many of them the service's own role sees when its
/// transaction names nobody: by a query without any condition.
pub async fn rows_of_people(up: &Up) -> Vec<(String, i64, i64)> {
    let admin = admin_url(&up.data().join("postgres"));
    let mut found = Vec::new();
    for service in SERVICES {
        found.extend(store::rows_of_people(&admin, &ServiceSchema::of(service)).await);
    }
    found
}

/// The tables, `service.table`, in which one of these words stands.
pub async fn tables_holding(up: &Up, words: &[&str]) -> Vec<String> {
    store::holding(&admin_url(&up.data().join("postgres")), words).await
}

/// The server says itself where it listens.
fn admin_url(data: &Path) -> SecretString {
    let told = fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let socket = told.lines().nth(4).unwrap();
    format!("postgres://{}@localhost/postgres?host={socket}", embedded::ADMIN).into()
}
