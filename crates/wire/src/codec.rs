//! The contract's messages on the wire, with a bound on how many things one request may hold.
//!
//! An element of a list takes two bytes on the wire and some hundreds in memory: 4 MiB of empty ones
//! would be a gigabyte before anything could refuse them. They are counted before they are made.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::LazyLock;

use prost::bytes::Buf as _;
use prost::encoding::{WireType, decode_key, decode_varint};
use prost::{Message, Name};
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::{Label, Type};
use tonic::Status;
use tonic::codec::{DecodeBuf, Decoder};
use tonic_prost::{ProstDecoder, ProstEncoder};

/// Messages, and elements of lists, that one request may hold in all.
pub const MAX_PARTS: usize = 65_536;
/// What is smaller can't hold many.
const SMALL: usize = 16 * 1024;
/// As deep as prost goes.
const MAX_DEPTH: usize = 100;

#[derive(Debug)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Name + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = Counting<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        Counting(ProstDecoder::default())
    }
}

#[derive(Debug)]
pub struct Counting<U>(ProstDecoder<U>);

impl<U: Message + Name + Default> Decoder for Counting<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        if from.remaining() > SMALL
            && let Some(shape) = SHAPES.requests.get(U::full_name().as_str())
        {
            // tonic has the whole message in one piece.
            let whole = from.chunk();
            if whole.len() != from.remaining() {
                return Err(Status::internal("a message in pieces"));
            }
            count(whole, *shape).map_err(|odd| Status::invalid_argument(odd.says()))?;
        }
        self.0.decode(from)
    }
}

/// Why a message is not decoded.
#[derive(Debug, PartialEq, Eq)]
enum Odd {
    TooMany,
    Unreadable,
}

impl Odd {
    const fn says(&self) -> &'static str {
        match self {
            Self::TooMany => "more than 65,536 messages and elements of lists in one request",
            Self::Unreadable => "the message can't be decoded",
        }
    }
}

/// What a field holds that counts.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// A message, of this shape.
    Message(usize),
    /// An element of a list.
    Element,
    /// A number of a list, or a list of them in one piece: at most as many as bytes.
    Numbers,
}

#[derive(Debug, Default)]
struct Shapes {
    /// The requests of all RPCs. What services answer each other is not bounded here.
    requests: HashMap<String, usize>,
    fields: Vec<HashMap<u32, Part>>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(Shapes::of_the_contract);

impl Shapes {
    fn of_the_contract() -> Self {
        let set = FileDescriptorSet::decode(crate::DESCRIPTORS).unwrap_or_default();
        let mut messages = Vec::new();
        for file in &set.file {
            gather(&format!(".{}", file.package()), &file.message_type, &mut messages);
        }
        let places: HashMap<&str, usize> =
            messages.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)).collect();
        let part = |field: &prost_types::FieldDescriptorProto| {
            let list = field.label() == Label::Repeated;
            match field.r#type() {
                Type::Message => places.get(field.type_name()).map(|at| Part::Message(*at)),
                Type::String | Type::Bytes => list.then_some(Part::Element),
                _ => list.then_some(Part::Numbers),
            }
        };
        let fields = messages.iter().map(|(_, message)| {
            let parts = message
                .field
                .iter()
                .filter_map(|field| Some((u32::try_from(field.number()).ok()?, part(field)?)));
            parts.collect()
        });
        let methods = set.file.iter().flat_map(|file| &file.service).flat_map(|s| &s.method);
        let requests = methods.filter_map(|method| {
            let name = method.input_type();
            Some((name.trim_start_matches('.').to_owned(), *places.get(name)?))
        });
        Self { requests: requests.collect(), fields: fields.collect() }
    }
}

fn gather<'a>(
    prefix: &str,
    messages: &'a [prost_types::DescriptorProto],
    out: &mut Vec<(String, &'a prost_types::DescriptorProto)>,
) {
    for message in messages {
        let name = format!("{prefix}.{}", message.name());
        gather(&name, &message.nested_type, out);
        out.push((name, message));
    }
}

fn count(message: &[u8], shape: usize) -> Result<usize, Odd> {
    let mut parts = 0;
    walk(message, shape, 0, &mut parts)?;
    Ok(parts)
}

fn walk(mut left: &[u8], shape: usize, depth: usize, parts: &mut usize) -> Result<(), Odd> {
    let fields = SHAPES.fields.get(shape).ok_or(Odd::Unreadable)?;
    while !left.is_empty() {
        let (number, wire) = decode_key(&mut left).map_err(|_| Odd::Unreadable)?;
        let inner = value(&mut left, number, wire, depth)?;
        *parts += match (fields.get(&number), inner) {
            (None, _) => 0,
            (Some(Part::Numbers), Some(numbers)) => numbers.len(),
            (Some(Part::Element | Part::Numbers), _) => 1,
            (Some(Part::Message(shape)), Some(inner)) => {
                walk(inner, *shape, below(depth)?, parts)?;
                1
            }
            (Some(Part::Message(_)), None) => return Err(Odd::Unreadable),
        };
        if *parts > MAX_PARTS {
            return Err(Odd::TooMany);
        }
    }
    Ok(())
}

fn below(depth: usize) -> Result<usize, Odd> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Odd::Unreadable) }
}

/// Takes a field's value off; what has a length is given.
fn value<'a>(
    left: &mut &'a [u8],
    number: u32,
    wire: WireType,
    depth: usize,
) -> Result<Option<&'a [u8]>, Odd> {
    let length = match wire {
        WireType::Varint => return varint(left).map(|_| None),
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        WireType::LengthDelimited => usize::try_from(varint(left)?).map_err(|_| Odd::Unreadable)?,
        // The contract has no groups: whatever is in one is nobody's.
        WireType::StartGroup => loop {
            let (inner, wire) = decode_key(left).map_err(|_| Odd::Unreadable)?;
            if wire == WireType::EndGroup {
                return if inner == number { Ok(None) } else { Err(Odd::Unreadable) };
            }
            value(left, inner, wire, below(depth)?)?;
        },
        WireType::EndGroup => return Err(Odd::Unreadable),
    };
    let (taken, rest) = left.split_at_checked(length).ok_or(Odd::Unreadable)?;
    *left = rest;
    Ok((wire == WireType::LengthDelimited).then_some(taken))
}

fn varint(left: &mut &[u8]) -> Result<u64, Odd> {
    decode_varint(left).map_err(|_| Odd::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notes::v1::{CreateNoteRequest, NoteSection};

    fn shape() -> usize {
        SHAPES.requests["trellis.notes.v1.CreateNoteRequest"]
    }

    fn of(sections: usize) -> Vec<u8> {
        let sections = vec![NoteSection::default(); sections];
        CreateNoteRequest { sections, ..CreateNoteRequest::default() }.encode_to_vec()
    }

    #[test]
    fn every_request_is_counted_and_so_is_what_is_in_it() {
        assert!(SHAPES.requests.len() > 100, "{}", SHAPES.requests.len());
        assert_eq!(count(&of(3), shape()), Ok(3));
        let title = |n: usize| NoteSection { title: "x".repeat(n), ..NoteSection::default() };
        let sections = vec![title(1), title(40_000)];
        let long = CreateNoteRequest { sections, ..CreateNoteRequest::default() };
        assert_eq!(count(&long.encode_to_vec(), shape()), Ok(2));
    }

    #[test]
    fn one_more_than_may_be_is_refused_before_it_is_made() {
        assert_eq!(count(&of(MAX_PARTS), shape()), Ok(MAX_PARTS));
        assert_eq!(count(&of(MAX_PARTS + 1), shape()), Err(Odd::TooMany));
        // Behind a group that nobody knows, and before bytes that can't be read.
        let odd = [&[0xFB, 0x3F, 0x08, 0x01, 0xFC, 0x3F][..], &of(MAX_PARTS + 1), &[0xFF]].concat();
        assert_eq!(count(&odd, shape()), Err(Odd::TooMany));
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_not_passed_over() {
        let deep = vec![0x0B; 1_000_000];
        let odd: [&[u8]; 6] =
            [&[0x0B], &[0x0C], &[0x0A, 0xFF, 0x01], &[0xFF; 11], &[0x0B, 0x14], &deep];
        for bytes in odd {
            assert_eq!(count(bytes, shape()), Err(Odd::Unreadable));
        }
    }
}
