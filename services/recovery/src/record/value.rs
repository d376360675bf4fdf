//! Records in plain words: each message of the contract as a table of what is said in it.

use kernel::Instant;
use maud::{Markup, html};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};
use time::{format_description::well_known::Rfc3339, macros::format_description};
use wire::recovery::v1::RecordPart;

use super::{export::Agencies, words};

/// For whom it is told, and what agencies are called.
pub struct View<'a> {
    pub person: &'a str,
    pub agencies: &'a Agencies,
}

/// The records of a page of a part, each with what one of these is called.
pub fn records(part: RecordPart, page: &DynamicMessage) -> Vec<(&'static str, DynamicMessage)> {
    let mut found = Vec::new();
    for (field, value) in page.fields().filter(|(field, _)| field.number() >= 10) {
        let one = words::one(part, field.name());
        match value {
            Value::List(list) => found.extend(messages(list).map(|record| (one, record.clone()))),
            // One record, whatever lists are in it.
            Value::Message(record)
                if matches!(part, RecordPart::Crisis | RecordPart::EmploymentPlan) =>
            {
                found.push((one, record.clone()));
            }
            Value::Message(reply) => found.extend(listed(reply).into_iter().map(|r| (one, r))),
            _ => {}
        }
    }
    found
}

/// What a reply lists: its first list, or that of the first message in it.
fn listed(reply: &DynamicMessage) -> Vec<DynamicMessage> {
    for (_, value) in reply.fields() {
        match value {
            Value::List(list) => return messages(list).cloned().collect(),
            Value::Message(within) => return listed(within),
            _ => {}
        }
    }
    Vec::new()
}

fn messages(list: &[Value]) -> impl Iterator<Item = &DynamicMessage> {
    list.iter().filter_map(Value::as_message)
}

/// One record.
pub fn table(view: &View<'_>, caption: &str, record: &DynamicMessage) -> Markup {
    html! {
        table {
            caption { (caption) }
            tbody {
                @for (label, value) in rows(view, record) {
                    tr { th scope="row" { (label) } td { (value) } }
                }
            }
        }
    }
}

/// What is said in a message, by its fields.
fn rows(view: &View<'_>, message: &DynamicMessage) -> Vec<(String, Markup)> {
    let fields = message.fields();
    // What the person is told of the rest is in the JSON file beside the page.
    let told = fields.filter(|(field, value)| {
        !words::aside(field.name()) && !is_them(view, value) && !is_empty(value)
    });
    let mut told: Vec<_> = told.collect();
    // What explains the others comes first.
    told.sort_by_key(|(field, _)| field.name() != "explanation");
    let row = |(field, value): (FieldDescriptor, &Value)| {
        (words::label(field.name()), shown(view, &field, value))
    };
    told.into_iter().map(row).collect()
}

/// A message in which nothing is said.
fn is_empty(value: &Value) -> bool {
    value.as_message().is_some_and(|message| message.fields().next().is_none() && !is_time(message))
}

fn is_time(message: &DynamicMessage) -> bool {
    message.descriptor().full_name() == "google.protobuf.Timestamp"
}

/// That it is about the person is said once, on top of the page.
fn is_them(view: &View<'_>, value: &Value) -> bool {
    value.as_str() == Some(view.person)
}

fn shown(view: &View<'_>, field: &FieldDescriptor, value: &Value) -> Markup {
    match value {
        Value::List(list) if list.iter().all(|one| one.as_message().is_some()) => html! {
            ol { @for one in list { li { (single(view, field, one)) } } }
        },
        Value::List(list) => html! {
            ul { @for one in list { li { (single(view, field, one)) } } }
        },
        one => single(view, field, one),
    }
}

fn single(view: &View<'_>, field: &FieldDescriptor, value: &Value) -> Markup {
    match value {
        Value::Bool(yes) => html! { (if *yes { "Yes" } else { "No" }) },
        Value::I32(number) => html! { (number) },
        Value::I64(number) => html! { (number) },
        Value::U32(number) => html! { (number) },
        Value::U64(number) => html! { (number) },
        Value::F32(number) => html! { (number) },
        Value::F64(number) => html! { (number) },
        Value::String(text) => html! { (named(view, text)) },
        Value::EnumNumber(number) => html! { (code(field, *number)) },
        Value::Message(message) => nested(view, message),
        Value::Bytes(_) | Value::List(_) | Value::Map(_) => html! {},
    }
}

fn nested(view: &View<'_>, message: &DynamicMessage) -> Markup {
    if is_time(message) {
        let seconds = message.get_field_by_name("seconds").and_then(|value| value.as_i64());
        return time(seconds.unwrap_or_default());
    }
    // A message of one text is that text: a plan's item.
    if let Some(text) = only_text(&message.descriptor(), message) {
        return html! { (text) };
    }
    html! {
        dl { @for (label, value) in rows(view, message) { dt { (label) } dd { (value) } } }
    }
}

fn only_text(of: &MessageDescriptor, message: &DynamicMessage) -> Option<String> {
    let mut fields = of.fields();
    let first = fields.next().filter(|_| fields.next().is_none())?;
    let text = matches!(first.kind(), Kind::String) && !first.is_list();
    text.then(|| {
        let value = message.get_field(&first);
        value.as_str().unwrap_or_default().to_owned()
    })
}

/// A name of the network's as people say it.
fn named(view: &View<'_>, text: &str) -> String {
    if text == view.person {
        return "you".to_owned();
    }
    let Some(rest) = text.strip_prefix("agencies/") else { return text.to_owned() };
    let (id, practitioner) = match rest.split_once("/practitioners/") {
        Some((id, practitioner)) => (id, Some(practitioner)),
        None => (rest, None),
    };
    match ((view.agencies)(&format!("agencies/{id}")), practitioner) {
        (Some(agency), Some(practitioner)) => format!("{practitioner} of {agency}"),
        (Some(agency), None) => agency,
        (None, _) => text.to_owned(),
    }
}

fn code(field: &FieldDescriptor, number: i32) -> String {
    let Kind::Enum(codes) = field.kind() else { return number.to_string() };
    let Some(value) = codes.get_value(number) else { return number.to_string() };
    let none = codes.default_value();
    let prefix = none.name().trim_end_matches("UNSPECIFIED").to_owned();
    words::code(value.name().strip_prefix(&*prefix).unwrap_or(value.name()))
}

/// Seconds since 1970.
pub fn time(seconds: i64) -> Markup {
    instant(Instant::from_unix_timestamp(seconds).unwrap_or(Instant::UNIX_EPOCH))
}

/// With its zone.
pub fn instant(at: Instant) -> Markup {
    let at = at.to_offset(time::UtcOffset::UTC);
    let words = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute]");
    let told = at.format(&words).map(|told| format!("{told} UTC")).unwrap_or_default();
    html! { time datetime=(at.format(&Rfc3339).unwrap_or_default()) { (told) } }
}
