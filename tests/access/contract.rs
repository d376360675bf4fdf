//! The contract as data.

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor};

/// One RPC of the network's own services.
#[derive(Clone)]
pub struct Rpc {
    pub method: MethodDescriptor,
}

impl Rpc {
    /// `/trellis.notes.v1.NotesService/GetNote`.
    pub fn path(&self) -> String {
        format!("/{}/{}", self.method.parent_service().full_name(), self.method.name())
    }

    /// `NotesService/GetNote`.
    pub fn short(&self) -> String {
        format!("{}/{}", self.method.parent_service().name(), self.method.name())
    }

    /// The process that serves it: `notes`.
    pub fn service(&self) -> &'static str {
        let package = self.method.parent_file().package_name().to_owned();
        let name = package.split('.').nth(1).unwrap();
        trellis_tests::SERVICES.into_iter().find(|s| *s == name).unwrap()
    }

    /// Whether asking it changes nothing.
    pub fn reads(&self) -> bool {
        let reading =
            ["Get", "List", "Find", "Search", "Watch", "Follow", "Resolve", "Check", "Export"];
        reading.iter().any(|verb| self.method.name().starts_with(verb))
    }

    pub fn input(&self) -> MessageDescriptor {
        self.method.input()
    }

    pub fn decode(&self, bytes: &[u8]) -> DynamicMessage {
        DynamicMessage::decode(self.input(), bytes).unwrap()
    }
}

pub fn pool() -> DescriptorPool {
    DescriptorPool::decode(wire::DESCRIPTORS).unwrap()
}

/// Every RPC, in the order of its path.
pub fn rpcs() -> Vec<Rpc> {
    let pool = pool();
    let services = pool.services().filter(|s| s.full_name().starts_with("trellis."));
    let methods: Vec<_> = services.flat_map(|s| s.methods().collect::<Vec<_>>()).collect();
    let mut rpcs: Vec<_> = methods.into_iter().map(|method| Rpc { method }).collect();
    rpcs.sort_by_key(Rpc::path);
    rpcs
}
