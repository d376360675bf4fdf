//! From a field's annotations, values that break them.

use prost_reflect::{
    DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, ReflectMessage as _, Value,
};

/// A value that breaks a rule of one field, and which rule.
pub struct Broken {
    /// As `BadRequest` names it: `terms.rule.purposes[0]`.
    pub path: String,
    pub rule: &'static str,
    /// Field numbers from the request down, and the value at the end; none clears the field.
    pub at: Vec<FieldDescriptor>,
    pub value: Option<Value>,
}

/// No rule of a string in the contract lets this through: an end, a tab, another direction.
pub const FOUL: &str = "\u{0}\t\u{202E}?";

pub const NIL: &str = "00000000-0000-0000-0000-000000000000";
/// A UUID, as the contract's patterns have it.
const ID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// No words.
const BLANK: &str = " \u{3000} ";
/// Asked for, and no words: a version, a code, who somebody is at an issuer. They are matched whole.
const MATCHED: [&str; 4] = ["etag", "code", "issuer", "subject"];

struct Rules(Option<DynamicMessage>);

impl Rules {
    fn of(field: &FieldDescriptor) -> Self {
        let pool = field.parent_message().parent_pool().clone();
        let rules: ExtensionDescriptor = pool.get_extension_by_name("buf.validate.field").unwrap();
        let options = field.options();
        let set = options.has_extension(&rules).then(|| options.get_extension(&rules).into_owned());
        Self(set.and_then(|value| value.as_message().cloned()))
    }

    fn message(&self, name: &str) -> Self {
        let inner = self.get(name).and_then(|value| value.as_message().cloned());
        Self(inner)
    }

    fn get(&self, name: &str) -> Option<Value> {
        let message = self.0.as_ref()?;
        let field = message.descriptor().get_field_by_name(name)?;
        message.has_field(&field).then(|| message.get_field(&field).into_owned())
    }

    fn number(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::I32(n) => Some(n.into()),
            Value::I64(n) => Some(n),
            Value::U64(n) => i64::try_from(n).ok(),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    fn says(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Bool(true)))
    }
}

/// Everything of this message that can be broken, one rule at a time.
pub fn broken(message: &DynamicMessage) -> Vec<Broken> {
    let mut found = Vec::new();
    walk(message, "", &[], &mut found);
    found
}

fn walk(message: &DynamicMessage, prefix: &str, above: &[FieldDescriptor], out: &mut Vec<Broken>) {
    for field in message.descriptor().fields() {
        let path = format!("{prefix}{}", field.name());
        let mut at = above.to_vec();
        at.push(field.clone());
        let rules = Rules::of(&field);
        let mut add = |path: &str, rule, value| {
            out.push(Broken { path: path.to_owned(), rule, at: at.clone(), value });
        };
        if rules.says("required") {
            add(&path, "required", None);
        }
        if field.is_list() {
            list(&rules.message("repeated"), &field, &path, &mut add);
            // One element stands for all.
            let set = message.get_field(&field);
            let first = set.as_list().and_then(|list| list.first().cloned());
            if let Some(inner) = inner(&field, first.as_ref()) {
                walk(&inner, &format!("{path}[0]."), &at, out);
            }
            continue;
        }
        for (rule, value) in scalar(&rules, &field) {
            add(&path, rule, Some(value));
        }
        let is_timestamp = matches!(field.kind(), Kind::Message(m) if m.full_name() == "google.protobuf.Timestamp");
        let set = message.get_field(&field).into_owned();
        let set = message.has_field(&field).then_some(set);
        if let Some(inner) = inner(&field, set.as_ref()).filter(|_| !is_timestamp) {
            walk(&inner, &format!("{path}."), &at, out);
        }
    }
}

/// The message in a field, or an empty one where it is not set.
pub fn inner(field: &FieldDescriptor, set: Option<&Value>) -> Option<DynamicMessage> {
    let Kind::Message(descriptor) = field.kind() else { return None };
    let set = set.and_then(|value| value.as_message().cloned());
    Some(set.unwrap_or_else(|| DynamicMessage::new(descriptor)))
}

fn list(
    rules: &Rules,
    field: &FieldDescriptor,
    path: &str,
    add: &mut impl FnMut(&str, &'static str, Option<Value>),
) {
    let sample = |n: usize| -> Value {
        match field.kind() {
            Kind::String => Value::String(format!("x{n}")),
            Kind::Enum(_) => Value::EnumNumber(1),
            Kind::Message(descriptor) => Value::Message(DynamicMessage::new(descriptor)),
            other => panic!("{path}: no sample of {other:?}"),
        }
    };
    if rules.number("min_items").is_some_and(|n| n > 0) {
        add(path, "min_items", Some(Value::List(Vec::new())));
    }
    if let Some(most) = rules.number("max_items") {
        let most = usize::try_from(most).unwrap();
        add(path, "max_items", Some(Value::List((0..=most).map(sample).collect())));
    }
    if rules.says("unique") {
        add(path, "unique", Some(Value::List(vec![sample(0), sample(0)])));
    }
    for (rule, value) in scalar(&rules.message("items"), field) {
        add(&format!("{path}[0]"), rule, Some(Value::List(vec![value])));
    }
}

fn scalar(rules: &Rules, field: &FieldDescriptor) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    match &field.kind() {
        Kind::String => {
            let rules = rules.message("string");
            if let Some(most) = rules.number("max_len") {
                let most = usize::try_from(most).unwrap();
                found.push(("max_len", Value::String("x".repeat(most + 1))));
            }
            if rules.number("min_len").is_some_and(|n| n > 0) {
                found.push(("min_len", Value::String(String::new())));
            }
            if rules.get("pattern").is_some() {
                found.push(("pattern", Value::String(FOUL.to_owned())));
            }
            if wants_words(&rules, field.name()) {
                found.push(("blank", Value::String(BLANK.to_owned())));
            }
        }
        Kind::Bytes => {
            if let Some(most) = rules.message("bytes").number("max_len") {
                let most = usize::try_from(most).unwrap();
                found.push(("max_len", Value::Bytes(vec![b'x'; most + 1].into())));
            }
        }
        Kind::Enum(_) => {
            let rules = rules.message("enum");
            if rules.says("defined_only") {
                found.push(("defined_only", Value::EnumNumber(9_999)));
                found.push(("defined_only", Value::EnumNumber(-1)));
            }
            if rules.get("not_in").is_some() {
                found.push(("not_in", Value::EnumNumber(0)));
            }
        }
        Kind::Int32 => {
            let rules = rules.message("int32");
            let value = |n: i64| Value::I32(i32::try_from(n).unwrap());
            found.extend(rules.number("gte").map(|n| ("gte", value(n - 1))));
            found.extend(rules.number("lte").map(|n| ("lte", value(n + 1))));
            found.push(("gte", Value::I32(i32::MIN)));
        }
        Kind::Int64 => {
            let rules = rules.message("int64");
            found.extend(rules.number("gte").map(|n| ("gte", Value::I64(n - 1))));
        }
        Kind::Message(descriptor) if rules.message("timestamp").0.is_some() => {
            for (rule, seconds) in [("gte", -3_000_000_000_i64), ("lt", 253_402_300_799)] {
                let mut instant = DynamicMessage::new(descriptor.clone());
                instant.set_field_by_name("seconds", Value::I64(seconds));
                found.push((rule, Value::Message(instant)));
            }
        }
        _ => {}
    }
    found
}

/// Whether words must be there, or where any are, more than blanks.
fn wants_words(rules: &Rules, name: &str) -> bool {
    let asked = rules.number("min_len").is_some_and(|n| n > 0);
    match rules.text("pattern") {
        Some(pattern) => {
            let words = asked && pattern.contains(r"\x{202A}");
            words || pattern.contains(r"[^\s")
        }
        None => asked && !MATCHED.contains(&name),
    }
}

/// Whether this holds a name, a label or an identifier: what nobody sees is refused in it. A sentence may have it.
pub fn is_label(field: &FieldDescriptor) -> bool {
    let pattern = pattern(field).unwrap_or_default();
    // A sentence has them beside letters, and none of them alone.
    let many = pattern.matches(r"\x{FEFF}").count();
    many > 0 && many == pattern.matches("[^").count()
}

/// What a string of this field, or of its list, must look like.
fn pattern(field: &FieldDescriptor) -> Option<String> {
    let rules = Rules::of(field);
    let rules = if field.is_list() { rules.message("repeated").message("items") } else { rules };
    rules.message("string").text("pattern")
}

/// The nil UUID as this field would hold it, by its pattern; none where that has no UUID.
pub fn nil_in(field: &FieldDescriptor) -> Option<String> {
    let pattern = pattern(field)?;
    let (before, after) = pattern.split_once(ID)?;
    // Of several collections the first.
    let of = before.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty());
    let whose = if after.starts_with("/practitioners/") { "/practitioners/dr-elm" } else { "" };
    Some(match of {
        Some(of) => format!("{of}/{NIL}{whose}"),
        None => NIL.to_owned(),
    })
}

/// The message with this broken.
pub fn apply(
    message: &DynamicMessage,
    at: &[FieldDescriptor],
    value: Option<Value>,
) -> DynamicMessage {
    let mut changed = message.clone();
    let (field, below) = at.split_first().unwrap();
    if below.is_empty() {
        match value {
            Some(value) => changed.set_field(field, value),
            None => changed.clear_field(field),
        }
        return changed;
    }
    let set = changed.has_field(field).then(|| changed.get_field(field).into_owned());
    let new = match (field.is_list(), set) {
        (true, Some(Value::List(mut list))) if !list.is_empty() => {
            let first = inner(field, list.first()).unwrap();
            list[0] = Value::Message(apply(&first, below, value));
            Value::List(list)
        }
        (true, _) => {
            let first = inner(field, None).unwrap();
            Value::List(vec![Value::Message(apply(&first, below, value))])
        }
        (false, set) => {
            let first = inner(field, set.as_ref()).unwrap();
            Value::Message(apply(&first, below, value))
        }
    };
    changed.set_field(field, new);
    changed
}

/// Every string of this message, and of the messages in it, that could be set: its path and place.
pub fn strings(message: &DynamicMessage) -> Vec<(String, Vec<FieldDescriptor>)> {
    let mut found = Vec::new();
    gather(message, "", &[], &mut found);
    found
}

fn gather(
    message: &DynamicMessage,
    prefix: &str,
    above: &[FieldDescriptor],
    out: &mut Vec<(String, Vec<FieldDescriptor>)>,
) {
    for field in message.descriptor().fields() {
        let mut at = above.to_vec();
        at.push(field.clone());
        let path = format!("{prefix}{}", field.name());
        match field.kind() {
            Kind::String => out.push((path, at)),
            Kind::Message(_) => {
                let set = message.get_field(&field).into_owned();
                let first = match &set {
                    Value::List(list) => list.first().cloned(),
                    one => message.has_field(&field).then(|| one.clone()),
                };
                let inner = inner(&field, first.as_ref()).unwrap();
                gather(&inner, &format!("{path}."), &at, out);
            }
            _ => {}
        }
    }
}

/// A string, or a list of it.
pub fn text(field: &FieldDescriptor, text: &str) -> Value {
    let value = Value::String(text.to_owned());
    if field.is_list() { Value::List(vec![value]) } else { value }
}

/// The text that is there now.
pub fn text_at(message: &DynamicMessage, at: &[FieldDescriptor]) -> Option<String> {
    let (field, below) = at.split_first()?;
    let value = message.get_field(field).into_owned();
    let value = match value {
        Value::List(list) => list.first().cloned()?,
        one => one,
    };
    match value {
        Value::String(text) if below.is_empty() => Some(text),
        Value::Message(inner) => text_at(&inner, below),
        _ => None,
    }
}
