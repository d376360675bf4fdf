//! JSON as a token may spell it: one object, and no member twice at any depth. A duplicate is how
//! two readers of one token come to read different things.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// Whether the bytes are one JSON object without duplicate members.
pub(crate) fn is_plain_object(bytes: &[u8]) -> bool {
    let opens = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    opens && serde_json::from_slice::<Plain>(bytes).is_ok()
}

/// Any value, looked at and dropped.
struct Plain;

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name) {
                return Err(A::Error::custom("duplicate member"));
            }
            map.next_value::<Plain>()?;
        }
        Ok(Plain)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Plain, A::Error> {
        while seq.next_element::<Plain>()?.is_some() {}
        Ok(Plain)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Plain, E> {
        Ok(Plain)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Plain, E> {
        Ok(Plain)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Plain, E> {
        Ok(Plain)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Plain, E> {
        Ok(Plain)
    }
    fn visit_str<E>(self, _: &str) -> Result<Plain, E> {
        Ok(Plain)
    }
    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain)
    }
}

/// An optional member that, where it is given, has a value: `null` is not "absent".
pub(crate) fn given<'de, D, T>(d: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(d).map(Some)
}

/// An optional member that, where it is given, is an object: serde would also take a list for a struct.
pub(crate) fn object<'de, D, T>(d: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let members = serde_json::Map::deserialize(d)?;
    T::deserialize(serde_json::Value::Object(members))
        .map(Some)
        .map_err(|_| D::Error::custom("no such object"))
}

/// An optional member that is not ours to insist on: what is no text says nothing.
pub(crate) fn text<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Ok(match serde_json::Value::deserialize(d)? {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    })
}

/// A list of codes, each a plain string. serde would also take `{"CODE": null}` for an enum.
pub(crate) fn codes<'de, D, T>(d: D) -> Result<kernel::CodeSet<T>, D::Error>
where
    D: Deserializer<'de>,
    T: kernel::Code,
{
    Vec::<String>::deserialize(d)?
        .iter()
        .map(|text| T::parse(text).ok_or_else(|| D::Error::custom("unknown code")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::is_plain_object;

    #[test]
    fn a_member_twice_is_refused_at_any_depth_and_in_any_spelling() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            r#"[]"#,
            r#""a""#,
            r#"{}{}"#,
            r#"{"a":1} x"#,
            "",
        ] {
            assert!(!is_plain_object(bad.as_bytes()), "{bad}");
        }
        assert!(is_plain_object(br#" {"a":[null,true,1,-1,1.5,"s"],"b":{"a":1}} "#));
    }

    #[test]
    fn nesting_has_a_bound() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(2_000), "]".repeat(2_000));
        assert!(!is_plain_object(deep.as_bytes()));
    }
}
