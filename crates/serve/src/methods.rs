//! The RPCs that the descriptor set knows: how each one streams, and names that are safe to log.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use prost::Message;
use prost_types::FileDescriptorSet;

use crate::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Unary,
    /// The server streams, to an end.
    Stream,
    /// The client streams, or both do.
    Upload,
    /// Has no end of its own: `Watch…`, `Follow…`, and the infrastructure's streams.
    Watch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    pub service: &'static str,
    /// `package.Service/Method`.
    pub name: &'static str,
    pub kind: Kind,
    /// Its caller sends one message, and does not stream.
    pub one_message: bool,
}

/// What is not in the contract has no name: a path could hold anything, and as many as one likes.
const UNKNOWN: Method =
    Method { service: "unknown", name: "unknown", kind: Kind::Unary, one_message: true };

impl Method {
    /// Health and reflection: whoever asks needs no token.
    pub fn is_public(&self) -> bool {
        self.service.starts_with("grpc.")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Methods(HashMap<&'static str, Method>);

impl Methods {
    pub fn add(&mut self, descriptors: &[u8]) -> Result<(), Error> {
        let set = FileDescriptorSet::decode(descriptors)
            .map_err(|e| Error::Descriptors(e.to_string()))?;
        for file in &set.file {
            let package = file.package();
            let dot = if package.is_empty() { "" } else { "." };
            for service in &file.service {
                let service_name = intern(format!("{package}{dot}{}", service.name()));
                for method in &service.method {
                    let path = intern(format!("/{service_name}/{}", method.name()));
                    let name = path.trim_start_matches('/');
                    let both = (method.client_streaming(), method.server_streaming());
                    let endless = ["Watch", "Follow"].iter().any(|w| method.name().starts_with(w))
                        || package.starts_with("grpc.");
                    let kind = match both {
                        (false, false) => Kind::Unary,
                        _ if endless => Kind::Watch,
                        (false, true) => Kind::Stream,
                        (true, _) => Kind::Upload,
                    };
                    let one_message = !method.client_streaming();
                    let service = service_name;
                    self.0.insert(path, Method { service, name, kind, one_message });
                }
            }
        }
        Ok(())
    }

    pub fn of(&self, path: &str) -> Method {
        self.0.get(path).copied().unwrap_or(UNKNOWN)
    }
}

/// Names live as long as the process: metrics want `&'static str`, and the contract is finite.
fn intern(name: String) -> &'static str {
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    match names.get(name.as_str()) {
        Some(known) => known,
        None => {
            let name: &'static str = Box::leak(name.into_boxed_str());
            names.insert(name);
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_set_says_how_an_rpc_streams() {
        let mut methods = Methods::default();
        methods.add(tonic_health::pb::FILE_DESCRIPTOR_SET).unwrap();
        let check = methods.of("/grpc.health.v1.Health/Check");
        assert_eq!((check.kind, check.name), (Kind::Unary, "grpc.health.v1.Health/Check"));
        assert_eq!(methods.of("/grpc.health.v1.Health/Watch").kind, Kind::Watch);
    }

    #[test]
    fn a_path_from_outside_never_becomes_a_name() {
        assert_eq!(Methods::default().of("/people/Jane-Doe"), UNKNOWN);
        assert!(Methods::default().add(b"not a descriptor set").is_err());
    }
}
