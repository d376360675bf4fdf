//! The tables. Nobody's data is in them: no transaction has a person in scope.

pub(crate) mod agency;
pub(crate) mod binding;
pub(crate) mod care_team;
pub(crate) mod export;
pub(crate) mod follower;
pub(crate) mod import;
pub(crate) mod principal;
pub(crate) mod search;
pub(crate) mod service;
pub(crate) mod suspension;

use uuid::Uuid;

/// Versions 1000 and up of the schema `directory`.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// Where a page of a list by name begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NameKey {
    pub name: String,
    pub id: Uuid,
}

impl NameKey {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [self.id.as_bytes(), self.name.as_bytes()].concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, name) = bytes.split_first_chunk::<16>()?;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        Some(Self { name, id: Uuid::from_bytes(*id) })
    }
}

/// The rows of one page, and where the next begins if there is one. `rows` was asked for one more
/// than the page holds.
pub(crate) fn page<T>(mut rows: Vec<(NameKey, T)>, size: i64) -> (Vec<T>, Option<NameKey>) {
    let size = usize::try_from(size).unwrap_or_default();
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|(key, _)| key.clone());
    (rows.into_iter().map(|(_, row)| row).collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_through_a_token_and_a_short_one_is_none() {
        let key = NameKey { name: "clinic \u{e9}".into(), id: Uuid::from_u128(7) };
        assert_eq!(NameKey::from_bytes(&key.to_bytes()), Some(key));
        assert_eq!(NameKey::from_bytes(&[1; 15]), None);
        assert_eq!(NameKey::from_bytes(&[0xff; 17]), None);
    }

    #[test]
    fn only_a_page_with_more_behind_it_has_a_next() {
        let rows =
            |n: u128| (0..n).map(|i| (NameKey { name: String::new(), id: Uuid::from_u128(i) }, i));
        assert_eq!(page(rows(2).collect(), 2), (vec![0, 1], None));
        let (two, next) = page(rows(3).collect(), 2);
        assert_eq!((two, next.map(|k| k.id)), (vec![0, 1], Some(Uuid::from_u128(1))));
    }
}
