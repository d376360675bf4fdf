//! The directory as a client sees it: over a socket, with tokens, on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod agencies;
mod audit;
mod care_teams;
mod exports;
mod generated;
mod imports;
mod lists;
mod principals;
mod requests;
mod search;
mod search_filters;
mod search_oracle;
mod services;
mod support;
mod update_agency;
mod update_service;
mod watch;
