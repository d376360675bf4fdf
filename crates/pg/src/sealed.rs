//! The one seam through which bodies (notes, statements, plan sections) go in and out of a store, so
//! that encryption at rest can come without moving a wall.

use crate::StoreError;

/// A body as stored: one byte that says how, and the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// As it is. Encryption takes the next number.
const PLAIN: u8 = 1;

impl Sealed {
    pub fn seal(body: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(body.len() + 1);
        bytes.push(PLAIN);
        bytes.extend_from_slice(body);
        Self(bytes)
    }

    /// For the column.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What a column holds, opened.
    pub fn open(column: &[u8]) -> Result<&[u8], StoreError> {
        match column {
            [PLAIN, body @ ..] => Ok(body),
            _ => Err(StoreError::BadRow { what: "a sealed body" }),
        }
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}
