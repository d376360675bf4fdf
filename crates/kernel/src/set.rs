//! A set of codes in one word.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeSeq};

/// A closed list of codes, at most 32 of them.
pub trait Code: Copy + Eq + fmt::Debug + 'static {
    const ALL: &'static [Self];
    /// The standard's spelling.
    fn code(self) -> &'static str;
    /// Place in `ALL`; stable, since masks are stored.
    fn index(self) -> u32;
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.code() == text)
    }
}

/// A set of codes. `bits` is what the database keeps.
pub struct CodeSet<T>(u32, PhantomData<T>);

impl<T: Code> CodeSet<T> {
    pub const EMPTY: Self = Self(0, PhantomData);

    pub const fn from_bits(bits: u32) -> Self {
        Self(bits, PhantomData)
    }
    pub const fn bits(self) -> u32 {
        self.0
    }
    pub fn contains(self, code: T) -> bool {
        self.0 & (1 << code.index()) != 0
    }
    pub fn insert(&mut self, code: T) {
        self.0 |= 1 << code.index();
    }
    #[must_use]
    pub fn with(mut self, code: T) -> Self {
        self.insert(code);
        self
    }
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }
    pub const fn is_subset(self, of: Self) -> bool {
        self.0 & !of.0 == 0
    }
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0, PhantomData)
    }
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0, PhantomData)
    }
    pub fn iter(self) -> impl Iterator<Item = T> {
        T::ALL.iter().copied().filter(move |c| self.contains(*c))
    }
}

impl<T> Clone for CodeSet<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for CodeSet<T> {}
impl<T> PartialEq for CodeSet<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for CodeSet<T> {}
impl<T> std::hash::Hash for CodeSet<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> Default for CodeSet<T> {
    fn default() -> Self {
        Self(0, PhantomData)
    }
}
impl<T: Code> fmt::Debug for CodeSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(T::code)).finish()
    }
}
impl<T: Code> FromIterator<T> for CodeSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(codes: I) -> Self {
        codes.into_iter().fold(Self::EMPTY, Self::with)
    }
}
impl<T: Code, const N: usize> From<[T; N]> for CodeSet<T> {
    fn from(codes: [T; N]) -> Self {
        codes.into_iter().collect()
    }
}
impl<T: Code + Serialize> Serialize for CodeSet<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut seq = s.serialize_seq(Some(self.len() as usize))?;
        for code in self.iter() {
            seq.serialize_element(&code)?;
        }
        seq.end()
    }
}
impl<'de, T: Code + Deserialize<'de>> Deserialize<'de> for CodeSet<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Vec::<T>::deserialize(d)?.into_iter().collect())
    }
}
