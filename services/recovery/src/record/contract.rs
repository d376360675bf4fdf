//! The contract as data: messages as JSON (proto3's own mapping), and field by field.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use sha2::{Digest as _, Sha256};

/// The messages that an export is made of.
pub struct Contract {
    pub reply: MessageDescriptor,
    pub manifest: MessageDescriptor,
    /// SHA-256 of the descriptor set.
    pub sha256: String,
}

static CONTRACT: LazyLock<Option<Contract>> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(wire::DESCRIPTORS).ok()?;
    let message = |name: &str| pool.get_message_by_name(&format!("trellis.recovery.v1.{name}"));
    Some(Contract {
        reply: message("GetMyRecordResponse")?,
        manifest: message("RecordManifest")?,
        sha256: hex::encode(Sha256::digest(wire::DESCRIPTORS)),
    })
});

/// None: the contract that was built in makes no sense.
pub fn contract() -> Option<&'static Contract> {
    CONTRACT.as_ref()
}

/// A message, field by field.
pub fn dynamic<M: Message>(of: &MessageDescriptor, message: &M) -> Option<DynamicMessage> {
    DynamicMessage::decode(of.clone(), &*message.encode_to_vec()).ok()
}
