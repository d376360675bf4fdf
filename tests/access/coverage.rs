//! Every RPC of the contract is admitted by a row of its own, and nothing else is.

use std::collections::BTreeSet;

use identity::{ADMISSION, Admit};

use crate::contract::rpcs;

#[test]
fn every_rpc_has_one_row_of_admission_and_no_row_is_stale() {
    let contract: BTreeSet<String> = rpcs().iter().map(|rpc| rpc.path()).collect();
    let own = ADMISSION.iter().filter(|row| row.path.starts_with("/trellis."));
    let rows: Vec<String> = own.map(|row| row.path.to_owned()).collect();
    let admitted: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), admitted.len(), "two rows for one RPC");
    let missing: Vec<_> = contract.difference(&admitted).collect();
    let stale: Vec<_> = admitted.difference(&contract).collect();
    assert!(missing.is_empty(), "no row of admission: {missing:?}");
    assert!(stale.is_empty(), "rows for RPCs that do not exist: {stale:?}");
}

#[test]
fn no_rpc_of_a_person_s_data_is_public() {
    for row in ADMISSION.iter().filter(|row| matches!(row.admit, Admit::Public)) {
        let known = ["/grpc.health.v1.", "/grpc.reflection."];
        assert!(known.iter().any(|package| row.path.starts_with(package)), "{}", row.path);
    }
}

#[test]
fn every_rpc_is_in_the_matrix_and_no_row_of_it_is_stale() {
    let matrix = include_str!("matrix.txt");
    let in_matrix: BTreeSet<&str> = matrix
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.contains("Service/"))
        .collect();
    let contract: Vec<String> = rpcs().iter().map(|rpc| rpc.short()).collect();
    let contract: BTreeSet<&str> = contract.iter().map(String::as_str).collect();
    assert_eq!(in_matrix, contract);
}
