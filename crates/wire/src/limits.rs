//! How many elements the contract lets into a list: `buf.validate`'s `max_items`, which `prost_types` doesn't read.

use std::collections::HashMap;

use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct Set {
    #[prost(message, repeated, tag = "1")]
    file: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "2")]
    package: String,
    #[prost(message, repeated, tag = "4")]
    message_type: Vec<Held>,
}

#[derive(Clone, PartialEq, Message)]
struct Held {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    field: Vec<Field>,
    #[prost(message, repeated, tag = "3")]
    nested_type: Vec<Held>,
}

#[derive(Clone, PartialEq, Message)]
struct Field {
    #[prost(int32, tag = "3")]
    number: i32,
    #[prost(message, optional, tag = "8")]
    options: Option<Options>,
}

#[derive(Clone, PartialEq, Message)]
struct Options {
    /// `buf.validate.field`.
    #[prost(message, optional, tag = "1159")]
    rules: Option<Rules>,
}

#[derive(Clone, PartialEq, Message)]
struct Rules {
    #[prost(message, optional, tag = "18")]
    repeated: Option<Repeated>,
}

#[derive(Clone, PartialEq, Message)]
struct Repeated {
    #[prost(uint64, optional, tag = "2")]
    max_items: Option<u64>,
}

/// By message, such as `.trellis.notes.v1.CreateNoteRequest`, and field number.
pub(crate) fn of_lists() -> HashMap<(String, i32), u64> {
    let set = Set::decode(crate::DESCRIPTORS).unwrap_or_default();
    let mut found = HashMap::new();
    for file in &set.file {
        gather(&format!(".{}", file.package), &file.message_type, &mut found);
    }
    found
}

fn gather(prefix: &str, messages: &[Held], out: &mut HashMap<(String, i32), u64>) {
    for message in messages {
        let name = format!("{prefix}.{}", message.name);
        gather(&name, &message.nested_type, out);
        for field in &message.field {
            let rules = field.options.as_ref().and_then(|options| options.rules.as_ref());
            let list = rules.and_then(|rules| rules.repeated.as_ref());
            if let Some(most) = list.and_then(|list| list.max_items) {
                out.insert((name.clone(), field.number), most);
            }
        }
    }
}
