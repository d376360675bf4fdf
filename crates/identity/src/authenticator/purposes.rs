//! The `purpose-of-use` metadata: codes, comma separated.

use http::HeaderMap;
use kernel::{Code, CodeSet, Purpose};

use crate::{PURPOSE_OF_USE, error::AuthError};

const UNREADABLE: AuthError = AuthError::InvalidMetadata { key: PURPOSE_OF_USE };
/// Every code there is, and then some room for spaces.
const MAX_BYTES: usize = 512;

/// The purposes asked for, or none where the metadata is not given. Given twice is the same as
/// given once with a comma, as everywhere in gRPC.
pub(crate) fn asked(headers: &HeaderMap) -> Result<Option<CodeSet<Purpose>>, AuthError> {
    let mut asked = None;
    let mut length = 0;
    for value in headers.get_all(PURPOSE_OF_USE) {
        length += value.len();
        let text = value.to_str().ok().filter(|_| length <= MAX_BYTES).ok_or(UNREADABLE)?;
        let codes = asked.get_or_insert(CodeSet::EMPTY);
        for code in text.split(',') {
            codes.insert(Purpose::parse(code.trim_matches([' ', '\t'])).ok_or(UNREADABLE)?);
        }
    }
    Ok(asked)
}
