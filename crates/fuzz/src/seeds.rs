//! Inputs to begin with, made from the contract and from files of the project.

use std::{fs, path::Path, sync::Arc};

use kernel::ManualClock;
use prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};
use testkit::fakes::{SignIns, Staff};
use uuid::Uuid;

use crate::requests::{CANARY, NOW, REQUESTS};

/// Those of a target.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "requests" => requests(),
        "facts" => facts(),
        "token" => vec![token().into_bytes()],
        "claims" | "json" => vec![CLAIMS.to_vec()],
        "keys" => vec![KEYS.to_vec()],
        "hsds" => hsds(),
        "consents" => vec![PAPER.to_vec()],
        "cases" => small("crates/policy/tests/cases", "json"),
        "config" => small("deploy/config", "toml"),
        "rules" => {
            [small("deploy/config/rules", "toml"), small("services/consent/rules", "toml")].concat()
        }
        "headers" => texts(&[
            "1S",
            "99999999H",
            "5u",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "TREAT, COC",
            "application/grpc+proto",
        ]),
        "sniff" => texts(&["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "POST / HTTP/1.1\r\n"]),
        "address" => texts(&[
            "https://example.org:8443/hooks?x=1",
            "https://8.8.8.8/",
            "http://127.0.0.1:9000/",
            "https://[2606:4700::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://0x7f.1/",
        ]),
        "names" => texts(&[
            "people/0190d1f0-0000-7000-8000-00000000000a",
            "display_name,members,*,name.x",
            "agencies/0190d1f0-0000-7000-8000-00000000000a/practitioners/dr-a",
            "2026-03-01",
        ]),
        "web" => vec![
            b"\x02\0\0\0\0\x05\n\x03abc".to_vec(),
            b"\x03AAAAAAUKA2FiYw==".to_vec(),
            b"\x0a\x80\0\0\0\x10grpc-status: 0\r\n".to_vec(),
        ],
        "pages" | "heads" => vec![Vec::new(), vec![0; 40], vec![1], b"csv\nservices\nid".to_vec()],
        "attachment" => {
            ["%PDF-1.7\n", "\u{ff}\u{d8}", "\u{89}PNG\r\n", "plain \u{e9}", "PK\u{3}\u{4}"]
                .iter()
                .enumerate()
                .map(|(n, text)| [&[u8::try_from(n + 1).unwrap_or(1), 4], text.as_bytes()].concat())
                .collect()
        }
        _ => Vec::new(),
    }
}

fn texts(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Files of the project that are not long.
fn small(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .filter_map(|path| fs::read(path).ok())
        .filter(|bytes| bytes.len() <= 16_384)
        .collect();
    files.sort();
    files
}

const CLAIMS: &[u8] = br#"{"iss":"https://sign-in.example","aud":"https://trellis.example","sub":"dr-a",
"exp":2214129600,"nbf":2214129000,"iat":2214129000,"jti":"a","roles":["CLINICIAN"],"purposes":["TREAT"],
"agency":"0190d1f0-0000-7000-8000-00000000000a","client_id":"app","ial":2,"family_name":"A","birthdate":"2000-01-01"}"#;
const KEYS: &[u8] = br#"{"keys":[{"kid":"a","kty":"OKP","crv":"Ed25519","use":"sig","key_ops":["verify"],
"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kid":"b","kty":"RSA","alg":"RS256","n":"AQAB","e":"AQAB"}]}"#;
const PAPER: &[u8] = b"person,type,recipients,disclosers,sign_time,image_sha256,witness,purposes,statements,expires\n\
people/0190d1f0-0000-7000-8000-00000000000a,GENERAL,agencies/0190d1f0-0000-7000-8000-00000000000b;TPO,\
agencies/0190d1f0-0000-7000-8000-00000000000a,2026-03-01T09:00:00-05:00,ab,\"R. Stone\",TREAT;COC,\
RIGHT_TO_REVOKE,2027-03-01T09:00:00Z\n";

fn token() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let sign_ins = SignIns::new(&["notes"], Arc::new(ManualClock::at(NOW))).await;
        sign_ins.staff(&Staff::of(Uuid::from_u128(1), "dr-a"))
    })
}

fn hsds() -> Vec<Vec<u8>> {
    let csv: &[&str] = &[
        "organizations.csv",
        "id,name,description,parent_organization_id\no1,Clinic,\"a, b\",\no2,Shelter,x,o1\n",
        "services.csv",
        "id,organization_id,name,status\ns1,o1,Detox,active\n",
        "locations.csv",
        "id,location_type,latitude,longitude\nl1,physical,40.1,-83.2\n",
        "service_at_locations.csv",
        "id,service_id,location_id\na1,s1,l1\n",
        "phones.csv",
        "id,service_id,number\np1,s1,555-0100\n",
        "schedules.csv",
        "id,service_id,freq,byday,opens_at,closes_at\nh1,s1,WEEKLY,\"MO,TU\",09:00,17:00\n",
    ];
    let json: &[&str] = &[
        "organizations.json",
        "[{\"id\":\"o1\",\"name\":\"Clinic\",\"description\":\"d\",\"services\":[{\"id\":\"s1\",\"name\":\"n\",\
          \"status\":\"active\",\"phones\":[{\"id\":\"p\",\"number\":\"1\"}],\"capacities\":[]}]}]",
    ];
    [csv, json].map(|files| format!("{}\0", files.join("\0")).into_bytes()).to_vec()
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(wire::DESCRIPTORS).expect("the contract")
}

/// Of each request one in which every field is filled, as the contract's annotations have it.
fn requests() -> Vec<Vec<u8>> {
    let pool = pool();
    let one = |request: &crate::requests::Request| {
        let message = pool.get_message_by_name(request.name).expect("a message of the contract");
        [&request.key()[..], &Filler::new(&pool).message(&message, 0).encode_to_vec()].concat()
    };
    REQUESTS.iter().map(one).collect()
}

fn facts() -> Vec<Vec<u8>> {
    let pool = pool();
    let names = ["Consent", "Restriction", "Emergency", "CourtOrder", "PersonFacts"];
    let one = |(n, name): (usize, &str)| {
        let message = pool.get_message_by_name(&format!("trellis.consent.v1.{name}"));
        let filled = Filler::new(&pool).message(&message.expect("a message"), 0).encode_to_vec();
        [vec![u8::try_from(n).unwrap_or_default()], filled].concat()
    };
    names.into_iter().enumerate().map(one).collect()
}

const ID: &str = "0190d1f0-0000-7000-8000-00000000000a";
const ID_PATTERN: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
/// Parts of the contract's patterns, and what fits them; the first that is there counts.
const FITTING: &[(&str, &str)] = &[
    ("[0-9a-f]{64}", "abababababababababababababababababababababababababababababababab"),
    ("[0-9a-f]{16}", "abababababababab"),
    ("[1-4]", "2026-Q1"),
    ("(0[1-9]|1[0-2])-(0[1-9]", "2026-03-01"),
    ("T([01]", "2026-03-01T09:30"),
    ("[0-5][0-9]", "09:30"),
    ("[A-Za-z]{2", "en"),
    ("MO|", "MO"),
    ("[0-9]{3}(-", "100"),
    ("[a-z0-9]+(-", "housing"),
    ("[a-z]{1,", "housing"),
    ("https", "https://example.org/"),
    ("@", "a@example.org"),
];

struct Filler<'a> {
    pool: &'a DescriptorPool,
}

impl<'a> Filler<'a> {
    fn new(pool: &'a DescriptorPool) -> Self {
        Self { pool }
    }

    fn message(&self, of: &MessageDescriptor, deep: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(of.clone());
        if of.full_name() == "google.protobuf.Timestamp" {
            message.set_field_by_name("seconds", Value::I64(NOW.unix_timestamp() + 86_400));
            return message;
        }
        for field in of.fields().filter(|_| deep < 6) {
            // Of several that exclude each other, one.
            let oneof = field.containing_oneof();
            if oneof.is_some_and(|one| one.fields().next().is_some_and(|first| first != field)) {
                continue;
            }
            let value = self.value(&field, deep);
            message.set_field(&field, value);
        }
        message
    }

    fn value(&self, field: &FieldDescriptor, deep: usize) -> Value {
        let rules = self.rules(field);
        if field.cardinality() != Cardinality::Repeated {
            return self.single(field, rules.as_ref(), deep);
        }
        let repeated = rules.as_ref().and_then(|rules| below(rules, "repeated"));
        let items = repeated.as_ref().and_then(|rules| below(rules, "items"));
        Value::List(vec![self.single(field, items.as_ref(), deep)])
    }

    /// The field's annotations.
    fn rules(&self, field: &FieldDescriptor) -> Option<DynamicMessage> {
        let extension = self.pool.get_extension_by_name("buf.validate.field")?;
        let options = field.options();
        let value = options.has_extension(&extension).then(|| options.get_extension(&extension))?;
        value.as_message().cloned()
    }

    fn single(
        &self,
        field: &FieldDescriptor,
        rules: Option<&DynamicMessage>,
        deep: usize,
    ) -> Value {
        let of = |kind: &str| rules.and_then(|rules| below(rules, kind));
        match field.kind() {
            Kind::Message(message) => Value::Message(self.message(&message, deep + 1)),
            Kind::String => Value::String(text(field.name(), of("string").as_ref())),
            Kind::Bytes => Value::Bytes(b"bytes".to_vec().into()),
            Kind::Bool => Value::Bool(true),
            Kind::Enum(_) => Value::EnumNumber(1),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                let least = of("int32").and_then(|r| r.get_field_by_name("gte")?.as_i32());
                Value::I32(least.unwrap_or(1).max(1))
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(1),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(1),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(1),
            Kind::Double => Value::F64(1.5),
            Kind::Float => Value::F32(1.5),
        }
    }
}

/// A set message field.
fn below(of: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let set = of.has_field_by_name(name).then(|| of.get_field_by_name(name)).flatten()?;
    set.as_message().cloned()
}

/// A text that its annotations let through.
fn text(name: &str, rules: Option<&DynamicMessage>) -> String {
    let given = |rule: &str| {
        let rules = rules.filter(|rules| rules.has_field_by_name(rule))?;
        rules.get_field_by_name(rule)?.as_str().map(str::to_owned)
    };
    if let Some(pattern) = given("pattern") {
        if pattern.contains(ID_PATTERN) {
            let one = pattern.replace(ID_PATTERN, ID).replace(['^', '$', '?'], "");
            let one = one.split(['(', ')', '|']).filter(|part| part.contains(ID));
            let one = one.max_by_key(|part| part.len()).unwrap_or(ID);
            let named = one.split("/practitioners/").next().unwrap_or(one);
            let whose = if one.contains("/practitioners/") { "/practitioners/dr-a" } else { "" };
            let collection = if named.starts_with('/') { "notes" } else { "" };
            return format!("{collection}{named}{whose}");
        }
        let fitting = FITTING.iter().find(|(part, _)| pattern.contains(part));
        return fitting.map_or(CANARY.to_owned(), |(_, text)| (*text).to_owned());
    }
    match name {
        "page_token" | "cursor" | "etag" => String::new(),
        "email" => "a@example.org".to_owned(),
        "url" => "https://example.org/hook".to_owned(),
        _ => CANARY.to_owned(),
    }
}
