//! What the contract itself says of its RPCs.

use std::collections::HashMap;

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet, MethodDescriptorProto};

/// RPCs whose requests carry a `request_id`, a stream's in its header: writes, of each of which the answer is
/// kept with what it wrote. As `package.Service/Method`; none where the contract can't be read.
pub fn written_once() -> Vec<String> {
    let set = FileDescriptorSet::decode(crate::DESCRIPTORS).unwrap_or_default();
    let all = set.file.iter().flat_map(|file| {
        file.message_type.iter().map(|m| (format!(".{}.{}", file.package(), m.name()), m))
    });
    let messages: HashMap<String, &DescriptorProto> = all.collect();
    let has = |name: &str| {
        let message = messages.get(name);
        message.is_some_and(|m| m.field.iter().any(|field| field.name() == "request_id"))
    };
    let once = |method: &MethodDescriptorProto| {
        let parts = messages.get(method.input_type()).filter(|_| method.client_streaming());
        let header = parts.is_some_and(|p| p.field.iter().any(|part| has(part.type_name())));
        header || has(method.input_type())
    };
    let mut found = Vec::new();
    for file in &set.file {
        for service in &file.service {
            let methods = service.method.iter().filter(|method| once(method));
            let name = |m: &MethodDescriptorProto| {
                format!("{}.{}/{}", file.package(), service.name(), m.name())
            };
            found.extend(methods.map(name));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_known_by_their_request_id() {
        let found = written_once();
        let has = |name: &str| found.iter().any(|f| f == name);
        assert!(has("trellis.notes.v1.NotesService/CreateNote"));
        assert!(has("trellis.consent.v1.ConsentService/RevokeConsent"));
        assert!(has("trellis.directory.v1.DirectoryService/SuspendAgency"));
        assert!(has("trellis.notes.v1.NotesService/PutAttachment"));
        assert!(!has("trellis.notes.v1.NotesService/GetNote"));
        assert!(!has("trellis.directory.v1.DirectoryService/ImportDirectory"));
        assert!(!has("trellis.audit.v1.LedgerService/FollowLedger"));
    }
}
