//! The contract's messages on the wire, with a bound on how many things one request may hold.
//!
//! An element of a list takes two bytes on the wire and some hundreds in memory: 4 MiB of empty ones
//! would be a gigabyte before anything could refuse them. They are counted before they are made, each list by its
//! own `max_items`: what is wrong with an element that may not be there is nobody's work.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::LazyLock;

use prost::bytes::Buf as _;
use prost::encoding::{WireType, decode_key, decode_varint};
use prost::{Message, Name};
use prost_types::FileDescriptorSet;
use prost_types::field_descriptor_proto::{Label, Type};
use tonic::codec::{DecodeBuf, Decoder};
use tonic::{Code, Status};
use tonic_prost::{ProstDecoder, ProstEncoder};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::limits;

/// Messages, and elements of lists, that one request may hold in all.
pub const MAX_PARTS: usize = 65_536;
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
        if let Some(shape) = SHAPES.requests.get(U::full_name().as_str()) {
            // tonic has the whole message in one piece.
            let whole = from.chunk();
            if whole.len() != from.remaining() {
                return Err(Status::internal("a message in pieces"));
            }
            count(whole, *shape)?;
        }
        self.0.decode(from)
    }
}

/// Why a message is not decoded.
#[derive(Debug, PartialEq, Eq)]
enum Odd {
    TooMany,
    /// A list, by its path, that is longer than it may be.
    Long {
        field: String,
        most: usize,
    },
    Unreadable,
}

impl Odd {
    /// What is wrong within a field, from outside it.
    fn within(self, outer: impl FnOnce() -> String) -> Self {
        match self {
            Self::Long { field, most } => {
                Self::Long { field: format!("{}.{field}", outer()), most }
            }
            other => other,
        }
    }
}

impl From<Odd> for Status {
    fn from(odd: Odd) -> Self {
        let mut details = ErrorDetails::new();
        let metadata = HashMap::<String, String>::new();
        details.set_error_info("INVALID_ARGUMENT", crate::ERROR_DOMAIN, metadata);
        let said = match odd {
            Odd::TooMany => "more than 65,536 messages and elements of lists in one request",
            Odd::Unreadable => "the message can't be decoded",
            // As validation says it.
            Odd::Long { field, most } => {
                details.add_bad_request_violation(field, format!("must have at most {most} items"));
                "invalid argument; see BadRequest"
            }
        };
        Self::with_error_details(Code::InvalidArgument, said, details)
    }
}

/// A field that counts.
#[derive(Debug)]
struct Field {
    name: String,
    part: Part,
    list: bool,
    /// Elements that the contract lets into the list.
    most: Option<usize>,
}

/// What a field holds that counts.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// A message, of this shape.
    Message(usize),
    /// An element of a list.
    Element,
    /// A number of a list, or a list of them in one piece: of so many bytes each, or of some.
    Numbers(Option<usize>),
}

#[derive(Debug, Default)]
struct Shapes {
    /// The requests of all RPCs. What services answer each other is not bounded here.
    requests: HashMap<String, usize>,
    fields: Vec<HashMap<u32, Field>>,
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
                Type::Double | Type::Fixed64 | Type::Sfixed64 => {
                    list.then_some(Part::Numbers(Some(8)))
                }
                Type::Float | Type::Fixed32 | Type::Sfixed32 => {
                    list.then_some(Part::Numbers(Some(4)))
                }
                _ => list.then_some(Part::Numbers(None)),
            }
        };
        let most_of = limits::of_lists();
        let fields = messages.iter().map(|(message, held)| {
            let parts = held.field.iter().filter_map(|field| {
                let most = most_of.get(&(message.clone(), field.number()));
                let counted = Field {
                    name: field.name().to_owned(),
                    part: part(field)?,
                    list: field.label() == Label::Repeated,
                    most: most.and_then(|most| usize::try_from(*most).ok()),
                };
                Some((u32::try_from(field.number()).ok()?, counted))
            });
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
    // A message has few fields that count.
    let mut so_far: Vec<(u32, usize)> = Vec::new();
    while !left.is_empty() {
        let (number, wire) = decode_key(&mut left).map_err(|_| Odd::Unreadable)?;
        let inner = value(&mut left, number, wire, depth)?;
        let Some(field) = fields.get(&number) else { continue };
        let come = match (field.part, inner) {
            (Part::Numbers(Some(size)), Some(numbers)) => numbers.len() / size,
            // The last byte of a number is the one without its highest bit.
            (Part::Numbers(None), Some(numbers)) => numbers.iter().filter(|b| **b < 0x80).count(),
            (Part::Message(_), None) => return Err(Odd::Unreadable),
            _ => 1,
        };
        let before = counted(&mut so_far, number, come);
        // What is given in two pieces is put together: lists within would be of both.
        if !field.list && before > 0 {
            return Err(Odd::Unreadable);
        }
        if let Some(most) = field.most.filter(|most| before + come > *most) {
            return Err(Odd::Long { field: field.name.clone(), most });
        }
        *parts += come;
        if *parts > MAX_PARTS {
            return Err(Odd::TooMany);
        }
        if let (Part::Message(shape), Some(inner)) = (field.part, inner) {
            let outer = || {
                if field.list { format!("{}[{before}]", field.name) } else { field.name.clone() }
            };
            walk(inner, shape, below(depth)?, parts).map_err(|odd| odd.within(outer))?;
        }
    }
    Ok(())
}

/// Adds to what has come of a field, and gives what had come before.
fn counted(so_far: &mut Vec<(u32, usize)>, number: u32, come: usize) -> usize {
    match so_far.iter_mut().find(|(field, _)| *field == number) {
        Some((_, n)) => {
            let before = *n;
            *n += come;
            before
        }
        None => {
            so_far.push((number, come));
            0
        }
    }
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
    use prost::encoding::encode_varint;

    use super::*;
    use crate::consent::v1::{ConsentTerms, DraftConsentRequest, Recipients, Rule};
    use crate::directory::v1::{CareTeam, SearchServicesRequest, UpdateCareTeamRequest};
    use crate::notes::v1::{CreateNoteRequest, NoteSection};

    fn shape_of<M: Name>() -> usize {
        SHAPES.requests[M::full_name().as_str()]
    }

    fn shape() -> usize {
        shape_of::<CreateNoteRequest>()
    }

    fn of(sections: usize) -> Vec<u8> {
        let sections = vec![NoteSection::default(); sections];
        CreateNoteRequest { sections, ..CreateNoteRequest::default() }.encode_to_vec()
    }

    /// A list without a bound of its own, and the message that it is in.
    fn team(members: usize) -> Vec<u8> {
        let members = vec![String::new(); members];
        let care_team = Some(CareTeam { members, ..CareTeam::default() });
        UpdateCareTeamRequest { care_team, ..UpdateCareTeamRequest::default() }.encode_to_vec()
    }

    fn long(field: &str, most: usize) -> Result<usize, Odd> {
        Err(Odd::Long { field: field.to_owned(), most })
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
        let shape = shape_of::<UpdateCareTeamRequest>();
        assert_eq!(count(&team(MAX_PARTS - 1), shape), Ok(MAX_PARTS));
        assert_eq!(count(&team(MAX_PARTS), shape), Err(Odd::TooMany));
        // Behind a group that nobody knows, and before bytes that can't be read.
        let odd = [&[0xFB, 0x3F, 0x08, 0x01, 0xFC, 0x3F][..], &team(MAX_PARTS), &[0xFF]].concat();
        assert_eq!(count(&odd, shape), Err(Odd::TooMany));
    }

    #[test]
    fn a_list_longer_than_the_contract_lets_it_be_is_refused_by_name_before_it_is_made() {
        assert_eq!(count(&of(50), shape()), Ok(50));
        assert_eq!(count(&of(51), shape()), long("sections", 50));
        // Numbers in one piece, in two, and one by one, before bytes that can't be read.
        let search = shape_of::<SearchServicesRequest>();
        let piece = |n: usize| {
            let mut bytes = vec![0x8A, 0x01];
            encode_varint(u64::try_from(n).unwrap(), &mut bytes);
            bytes.extend(vec![0; n]);
            bytes
        };
        let single = [0x88, 0x01, 0x07];
        for good in [piece(4), [piece(2), piece(2)].concat(), single.repeat(4)] {
            assert_eq!(count(&good, search), Ok(4));
        }
        for bad in [piece(5), piece(16_000), [piece(2), piece(3)].concat(), single.repeat(5)] {
            let odd = [bad, vec![0xFF]].concat();
            assert_eq!(count(&odd, search), long("support_kinds", 4));
        }
    }

    #[test]
    fn a_list_within_is_named_by_its_path_and_is_not_made_of_two_pieces() {
        let shape = shape_of::<DraftConsentRequest>();
        let draft = |agencies: usize| {
            let agencies = vec![String::new(); agencies];
            let recipients = Some(Recipients { agencies, ..Recipients::default() });
            let exceptions = vec![Rule::default(), Rule { recipients, ..Rule::default() }];
            let terms = Some(ConsentTerms { exceptions, ..ConsentTerms::default() });
            DraftConsentRequest { terms, ..DraftConsentRequest::default() }.encode_to_vec()
        };
        assert_eq!(count(&draft(100), shape), Ok(104));
        assert_eq!(count(&draft(101), shape), long("terms.exceptions[1].recipients.agencies", 100));
        let twice = [draft(60), draft(60)].concat();
        assert_eq!(count(&twice, shape), Err(Odd::Unreadable));
    }

    #[test]
    fn the_refusal_says_what_validation_would() {
        let status = Status::from(count(&of(51), shape()).unwrap_err());
        assert_eq!(status.code(), Code::InvalidArgument);
        let sections = vec![NoteSection::default(); 51];
        let request = CreateNoteRequest { sections, ..CreateNoteRequest::default() };
        let told = crate::validate(&request);
        let said = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(said.len(), 1);
        let same =
            |v: &crate::Violation| v.field == said[0].field && v.description == said[0].description;
        assert!(told.iter().any(same), "{said:?}, {told:?}");
        assert_eq!(status.get_details_error_info().unwrap().reason, "INVALID_ARGUMENT");
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
