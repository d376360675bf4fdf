//! Page tokens and cursors: sealed, so that they are opaque, and bound to caller, method, filter
//! and time. A token of anybody or anything else does not open.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{AgencyId, Clock, Instant};
use permit::Call;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{Conflict, Error};

/// How long a token may be used.
const LIFETIME_SECONDS: i64 = 3_600;

/// The place after the last row of a page: newest first, ties by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageKey {
    /// Microseconds since 1970.
    pub at: i64,
    pub id: Uuid,
}

impl PageKey {
    /// Before everything.
    pub const FIRST: Self = Self { at: i64::MAX, id: Uuid::max() };

    pub fn of(at: Instant, id: Uuid) -> Self {
        Self { at: i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX), id }
    }

    /// As an instant for SQL; the far future for the first page.
    pub fn instant(&self) -> Instant {
        Instant::from_unix_timestamp_nanos(i128::from(self.at) * 1_000)
            .unwrap_or(time::macros::datetime!(9999-12-31 0:00 UTC))
    }
}

/// Seals and opens tokens with a key of this deployment.
#[derive(Clone)]
pub struct Pages {
    key: Arc<RandomizedNonceKey>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pages")
    }
}

/// A page that is asked for.
#[derive(Debug)]
pub struct Page<'a> {
    pages: &'a Pages,
    call: &'a Call,
    filter: Vec<u8>,
    /// Rows after this one.
    pub after: (Instant, Uuid),
    size: usize,
}

impl Page<'_> {
    /// How many rows to read: one more tells whether there is another page.
    pub fn most(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Cuts what was read; the token of the next page.
    pub fn cut<T>(
        &self,
        rows: &mut Vec<T>,
        key: impl Fn(&T) -> (Instant, Uuid),
    ) -> Result<String, Error> {
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        match rows.last().filter(|_| more).map(key) {
            Some((at, id)) => self.pages.next(self.call, &self.filter, PageKey::of(at, id)),
            None => Ok(String::new()),
        }
    }
}

impl Pages {
    /// `secret`: 32 bytes shared by all instances of one service.
    pub fn new(secret: &[u8; 32], clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, secret)
            .map_err(|_| Error::Internal("page token key"))?;
        Ok(Self { key: Arc::new(key), clock })
    }

    /// Where a page begins, and where it will be cut.
    pub fn page<'a>(
        &'a self,
        call: &'a Call,
        filter: &str,
        token: &str,
        size: i32,
    ) -> Result<Page<'a>, Error> {
        let filter = filter.as_bytes().to_vec();
        let begin = self.begin(call, &filter, token)?;
        let size = usize::try_from(crate::page_size(size)).unwrap_or(usize::MAX);
        Ok(Page { pages: self, call, filter, after: (begin.instant(), begin.id), size })
    }

    fn bound(call: &Call, filter: &[u8]) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(call.caller().fingerprint());
        hash.update((call.rpc().len() as u64).to_be_bytes());
        hash.update(call.rpc());
        hash.update(filter);
        hash.finalize().to_vec()
    }

    fn seal(&self, bound: Vec<u8>, mut plain: Vec<u8>) -> Result<String, Error> {
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(bound), &mut plain)
            .map_err(|_| Error::Internal("page token"))?;
        let mut token = nonce.as_ref().to_vec();
        token.append(&mut plain);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    fn open(&self, bound: Vec<u8>, token: &str) -> Option<Vec<u8>> {
        let mut sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        if sealed.len() < NONCE_LEN {
            return None;
        }
        let mut body = sealed.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&sealed).ok()?;
        let plain = self.key.open_in_place(nonce, Aad::from(bound), &mut body).ok()?;
        Some(plain.to_vec())
    }

    /// A token for the page after `last`.
    pub fn next(&self, call: &Call, filter: &[u8], last: PageKey) -> Result<String, Error> {
        let mut key = Vec::with_capacity(24);
        key.extend(last.at.to_be_bytes());
        key.extend(last.id.as_bytes());
        self.next_bytes(call, filter, &key)
    }

    /// Where a page begins; the empty token is the first page.
    pub fn begin(&self, call: &Call, filter: &[u8], token: &str) -> Result<PageKey, Error> {
        let Some(key) = self.begin_bytes(call, filter, token)? else { return Ok(PageKey::FIRST) };
        let bad = || Error::Conflict(Conflict::PageToken);
        let (at, id) = key.split_first_chunk().ok_or_else(bad)?;
        let id = Uuid::from_slice(id).map_err(|_| bad())?;
        Ok(PageKey { at: i64::from_be_bytes(*at), id })
    }

    /// As [`Pages::next`] for a list in another order: `last` is whatever it goes on from.
    pub fn next_bytes(&self, call: &Call, filter: &[u8], last: &[u8]) -> Result<String, Error> {
        let mut plain = self.clock.now().unix_timestamp().to_be_bytes().to_vec();
        plain.extend(last);
        self.seal(Self::bound(call, filter), plain)
    }

    /// What [`Pages::next_bytes`] was given; none for the empty token, the first page.
    pub fn begin_bytes(
        &self,
        call: &Call,
        filter: &[u8],
        token: &str,
    ) -> Result<Option<Vec<u8>>, Error> {
        if token.is_empty() {
            return Ok(None);
        }
        let bad = || Error::Conflict(Conflict::PageToken);
        let plain = self.open(Self::bound(call, filter), token).ok_or_else(bad)?;
        let (made, last) = plain.split_first_chunk().ok_or_else(bad)?;
        let age = self.clock.now().unix_timestamp() - i64::from_be_bytes(*made);
        if !(-5..=LIFETIME_SECONDS).contains(&age) {
            return Err(bad());
        }
        Ok(Some(last.to_vec()))
    }

    /// As [`Pages::bound`], but to an agency and not to who of it asks: a colleague goes on where
    /// another stopped.
    fn follower(call: &Call, filter: Option<&[u8]>) -> Vec<u8> {
        match (filter, call.caller().agency()) {
            (Some(filter), _) => Self::bound(call, &[b"cursor ", filter].concat()),
            (None, None) => Self::bound(call, b"cursor"),
            (None, Some(agency)) => Self::of_agency(agency, call.rpc()),
        }
    }

    fn of_agency(agency: &AgencyId, rpc: &str) -> Vec<u8> {
        let mut hash = Sha256::new();
        for part in ["trellis cursor of an agency v1", agency.as_str(), rpc] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().to_vec()
    }

    /// As [`Pages::cursor`] at this RPC, for an agency that is told without a call.
    pub fn cursor_of(
        &self,
        agency: &AgencyId,
        rpc: &'static str,
        sequence: i64,
    ) -> Result<String, Error> {
        self.seal(Self::of_agency(agency, rpc), sequence.to_be_bytes().to_vec())
    }

    /// A cursor of a stream: a sequence number, bound to method and agency, or to the caller who is of
    /// none; without an end of its own.
    pub fn cursor(&self, call: &Call, sequence: i64) -> Result<String, Error> {
        self.cursor_in(call, None, sequence)
    }

    /// The sequence number of a cursor; 0 for the empty one.
    pub fn resume(&self, call: &Call, cursor: &str) -> Result<i64, Error> {
        self.resume_in(call, None, cursor)
    }

    /// As [`Pages::cursor`]; where there is a filter, bound to it and to the caller alone, whatever agency.
    pub fn cursor_in(
        &self,
        call: &Call,
        filter: Option<&[u8]>,
        sequence: i64,
    ) -> Result<String, Error> {
        self.seal(Self::follower(call, filter), sequence.to_be_bytes().to_vec())
    }

    /// The sequence number of a cursor of [`Pages::cursor_in`]; 0 for the empty one.
    pub fn resume_in(
        &self,
        call: &Call,
        filter: Option<&[u8]>,
        cursor: &str,
    ) -> Result<i64, Error> {
        if cursor.is_empty() {
            return Ok(0);
        }
        let plain = self.open(Self::follower(call, filter), cursor);
        let number = plain.and_then(|plain| plain.try_into().ok());
        number.map(i64::from_be_bytes).ok_or(Error::Conflict(Conflict::CursorExpired))
    }

    /// As [`Pages::cursor`] for a stream in another order: `reached` is whatever it goes on from.
    pub fn cursor_bytes(&self, call: &Call, reached: &[u8]) -> Result<String, Error> {
        self.seal(Self::follower(call, None), reached.to_vec())
    }

    /// What [`Pages::cursor_bytes`] was given; none for the empty cursor, the beginning.
    pub fn resume_bytes(&self, call: &Call, cursor: &str) -> Result<Option<Vec<u8>>, Error> {
        if cursor.is_empty() {
            return Ok(None);
        }
        let plain = self.open(Self::follower(call, None), cursor);
        plain.map(Some).ok_or(Error::Conflict(Conflict::CursorExpired))
    }
}
