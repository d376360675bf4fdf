//! Python with code generated from the contract.

use std::process::Command;

use trellis_tests::{Up, project, trellis};

use crate::{run, tool};

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_refers_accepts_and_reads() {
    let python = tool("TRELLIS_PYTHON");
    let up = Up::start().await;
    let mut client = Command::new(python);
    client.arg(project().join("tests/python/refer_accept_read.py"));
    client.arg(trellis()).arg(up.data()).arg(up.addr.to_string()).arg(project().join("proto"));
    let said = tokio::task::spawn_blocking(move || run(&mut client)).await.unwrap();
    assert!(said.contains("python: refer, accept, read: OK"), "{said}");
}
