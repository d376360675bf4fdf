//! Requests that are full of one thing: the answer takes no longer, and no more memory, than a message is long.

use std::time::{Duration, Instant};

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};
use trellis_fuzz::REQUESTS;

/// Bytes of a flood: a fraction of what a listener takes, and enough to tell a square.
const LONG: usize = 32 * 1024;
/// Of one request, in a debug build on a busy machine: a square takes minutes.
const LONGEST: Duration = Duration::from_secs(2);

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn delimited(number: u32, bytes: &[u8]) -> Vec<u8> {
    [varint((number as usize) << 3 | 2), varint(bytes.len()), bytes.to_vec()].concat()
}

/// The repeated fields of a message and of those in it, each with the fields that lead there.
fn repeated(of: &MessageDescriptor, above: &[u32], found: &mut Vec<(Vec<u32>, FieldDescriptor)>) {
    for field in of.fields() {
        if field.is_list() {
            found.push((above.to_vec(), field));
        } else if let Kind::Message(message) = field.kind()
            && above.len() < 5
        {
            repeated(&message, &[above, &[field.number()]].concat(), found);
        }
    }
}

/// An element that is like no other of its list.
fn other(field: &FieldDescriptor, n: usize) -> Vec<u8> {
    match field.kind() {
        Kind::Message(message) => message
            .fields()
            .filter(|inner| matches!(inner.kind(), Kind::String))
            .flat_map(|inner| delimited(inner.number(), format!("{n:x}").as_bytes()))
            .collect(),
        Kind::String | Kind::Bytes => format!("{n:x}").into_bytes(),
        _ => varint(n),
    }
}

#[test]
fn a_request_that_is_full_of_one_thing_is_refused_as_fast_as_any() {
    let pool = DescriptorPool::decode(wire::DESCRIPTORS).unwrap();
    let (mut floods, mut slow) = (0, Vec::new());
    for request in REQUESTS {
        let mut found = Vec::new();
        repeated(&pool.get_message_by_name(request.name).unwrap(), &[], &mut found);
        for (above, field) in found {
            for same in [true, false] {
                let mut bytes = Vec::new();
                let mut many = 0..;
                while bytes.len() < LONG {
                    let n = many.next().unwrap();
                    let element = if same { Vec::new() } else { other(&field, n) };
                    bytes.extend(delimited(field.number(), &element));
                }
                for number in above.iter().rev() {
                    bytes = delimited(*number, &bytes);
                }
                let begun = Instant::now();
                request.run(&bytes);
                floods += 1;
                if begun.elapsed() > LONGEST / 10 {
                    println!("{} {} {same}: {:?}", request.name, field.name(), begun.elapsed());
                }
                if begun.elapsed() > LONGEST {
                    slow.push((request.name, field.name().to_owned(), begun.elapsed()));
                }
            }
        }
    }
    assert!(floods > 100, "{floods}");
    assert!(slow.is_empty(), "{slow:?}");
}
