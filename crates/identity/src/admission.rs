//! Which roles each RPC admits: one table in code, looked at before anything of a request is read.
//! An RPC that is not in it does not exist.

mod table;

use std::{collections::HashMap, sync::LazyLock};

use kernel::{CodeSet, Role};

pub use table::ADMISSION;
use table::PASSED_ON;

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admit {
    /// Users with any of these roles; never a service.
    Roles(CodeSet<Role>),
    /// Other services of this network, and nobody else.
    ServiceOnly,
    /// Anybody, without a token.
    Public,
}

/// One RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// `/package.Service/Method`.
    pub path: &'static str,
    pub admit: Admit,
}

impl Row {
    /// The service of this network that the RPC belongs to: `notes` of `trellis.notes.v1.…`. None
    /// for the ledger, which every service answers for itself.
    pub(crate) fn service(&self) -> Option<&'static str> {
        let name = self.path.strip_prefix("/trellis.")?;
        if name.contains(".LedgerService/") { None } else { name.split('.').next() }
    }

    /// Whether the RPC asks other services with the caller's own token.
    pub(crate) fn passes_on(&self) -> bool {
        PASSED_ON.contains(&self.path)
    }
}

/// Who may call the RPC at this path; none where there is no such RPC. Exact, case and all.
pub fn admitted(path: &str) -> Option<&'static Admit> {
    row(path).map(|row| &row.admit)
}

pub(crate) fn row(path: &str) -> Option<&'static Row> {
    static BY_PATH: LazyLock<HashMap<&'static str, &'static Row>> =
        LazyLock::new(|| ADMISSION.iter().map(|row| (row.path, row)).collect());
    BY_PATH.get(path).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rpc_has_one_row_and_a_path_of_the_right_shape() {
        let mut seen = std::collections::HashSet::new();
        for row in ADMISSION {
            assert!(seen.insert(row.path), "twice: {}", row.path);
            let (service, method) = row.path[1..].split_once('/').unwrap();
            assert!(row.path.starts_with('/') && service.contains('.'), "{}", row.path);
            assert!(!method.is_empty() && !method.contains('/'), "{}", row.path);
            assert_eq!(admitted(row.path), Some(&row.admit));
        }
    }

    #[test]
    fn no_user_rpc_admits_nobody_or_a_service() {
        for row in ADMISSION {
            if let Admit::Roles(roles) = row.admit {
                assert!(!roles.is_empty(), "{}", row.path);
                assert!(!roles.contains(Role::Service), "{}", row.path);
            }
        }
    }

    #[test]
    fn a_token_is_passed_on_by_rpcs_of_the_person_alone() {
        for path in PASSED_ON {
            let only = CodeSet::from([Role::Person]);
            assert_eq!(admitted(path), Some(&Admit::Roles(only)), "{path}");
        }
    }

    #[test]
    fn only_health_and_reflection_are_public() {
        for row in ADMISSION.iter().filter(|row| row.admit == Admit::Public) {
            assert!(row.path.starts_with("/grpc."), "{}", row.path);
        }
    }

    #[test]
    fn a_path_in_another_spelling_is_no_rpc() {
        assert!(admitted("/trellis.notes.v1.NotesService/GetNote").is_some());
        for odd in [
            "//trellis.notes.v1.NotesService/GetNote",
            "/trellis.notes.v1.NotesService/GetNote/",
            "/trellis.notes.v1.NotesService/getNote",
            "/trellis.notes.v1.NotesService/Get%4Eote",
            "/trellis.notes.v1.NotesService//GetNote",
            "trellis.notes.v1.NotesService/GetNote",
            "/",
            "",
        ] {
            assert!(admitted(odd).is_none(), "{odd}");
        }
    }
}
