//! A file that goes with a note.

use kernel::Instant;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use wire::notes::v1::MediaType;

/// Bytes of each part in the object store but the last one.
pub const PART_BYTES: usize = 1024 * 1024;
/// The most parts of a file: it has at most 25 MiB.
pub const MOST_PARTS: usize = 25;
/// Files of one note, with those that are still on their way.
pub const MOST_FILES: i64 = 20;
/// Of a part's SHA-256.
const HASH_BYTES: usize = 32;

/// What is kept of a file beside its bytes. It has no Debug: its name is content.
#[derive(Clone)]
pub struct Attachment {
    pub id: Uuid,
    pub note: Uuid,
    pub file_name: String,
    pub media_type: i32,
    pub size: usize,
    pub sha256: Vec<u8>,
    /// agency/practitioner.
    pub author: String,
    /// Under what its parts are kept.
    pub stored_as: Uuid,
    /// None: it is not whole, and nobody sees it.
    pub finished_at: Option<Instant>,
    /// SHA-256 of each part, one after the other, once it is whole.
    pub part_hashes: Vec<u8>,
}

impl Attachment {
    /// How many parts it has.
    pub fn parts(&self) -> usize {
        self.size.div_ceil(PART_BYTES)
    }

    /// How long a part is.
    pub fn part_bytes(&self, part: usize) -> usize {
        self.size.saturating_sub(part.saturating_mul(PART_BYTES)).min(PART_BYTES)
    }

    /// Whether these are the bytes of a part of the whole file.
    pub fn has_part(&self, part: usize, bytes: &[u8]) -> bool {
        let kept = self.part_hashes.chunks(HASH_BYTES).nth(part);
        kept == Some(&Sha256::digest(bytes)[..])
    }
}

/// In what a file is not what its author stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlike {
    /// Its first bytes are another type's.
    Type,
    /// It is no text.
    Text,
    Hash,
}

/// Looks at a file part by part.
pub struct Look {
    media_type: MediaType,
    all: Sha256,
    parts: Vec<u8>,
    /// Of a text the last bytes, which begin a letter.
    begun: Vec<u8>,
    unlike: Option<Unlike>,
}

impl Look {
    pub fn at(file: &Attachment) -> Self {
        let media_type = MediaType::try_from(file.media_type).unwrap_or_default();
        let (all, parts) = (Sha256::new(), Vec::new());
        Self { media_type, all, parts, begun: Vec::new(), unlike: None }
    }

    /// The next part.
    pub fn part(&mut self, bytes: &[u8]) {
        if self.parts.is_empty() && !begins_as(self.media_type, bytes) {
            self.unlike = Some(Unlike::Type);
        }
        if self.media_type == MediaType::Text && !self.reads_on(bytes) {
            self.unlike = self.unlike.or(Some(Unlike::Text));
        }
        self.all.update(bytes);
        self.parts.extend_from_slice(&Sha256::digest(bytes));
    }

    /// Whether a text goes on with these.
    fn reads_on(&mut self, bytes: &[u8]) -> bool {
        self.begun.extend_from_slice(bytes);
        let (valid, rest) = match std::str::from_utf8(&self.begun) {
            Ok(text) => (is_plain(text), Vec::new()),
            // A letter may go on in the next part.
            Err(error) if error.error_len().is_none() => {
                let (text, rest) = self.begun.split_at(error.valid_up_to());
                (std::str::from_utf8(text).is_ok_and(is_plain), rest.to_vec())
            }
            Err(_) => (false, Vec::new()),
        };
        self.begun = rest;
        valid
    }

    /// The hashes of its parts, where it is what was stated.
    pub fn found(self, file: &Attachment) -> Result<Vec<u8>, Unlike> {
        let cut = (!self.begun.is_empty()).then_some(Unlike::Text);
        let other = (self.all.finalize()[..] != file.sha256[..]).then_some(Unlike::Hash);
        match self.unlike.or(cut).or(other) {
            Some(unlike) => Err(unlike),
            None => Ok(self.parts),
        }
    }
}

/// What reads as text, and is something else all the same.
const WRITTEN: &[&str] = &["application/pdf", "application/rtf", "application/postscript"];

/// Whether a file that begins so may be what it is said to be.
fn begins_as(media_type: MediaType, first: &[u8]) -> bool {
    let found = infer::get(first).map(|kind| kind.mime_type());
    let is = |mime| found == Some(mime);
    match media_type {
        MediaType::Pdf => is("application/pdf"),
        MediaType::Jpeg => is("image/jpeg"),
        MediaType::Png => is("image/png"),
        MediaType::Tiff => is("image/tiff"),
        MediaType::Docx => {
            is("application/vnd.openxmlformats-officedocument.wordprocessingml.document")
        }
        // Some binary types are known by two letters with which a sentence may begin: all bytes are looked at.
        MediaType::Text => {
            !found.is_some_and(|mime| mime.starts_with("text/") || WRITTEN.contains(&mime))
        }
        MediaType::Unspecified => false,
    }
}

/// Text as one reads it: no control characters but the ends of lines and tabs.
fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(media_type: MediaType, bytes: &[u8]) -> Attachment {
        Attachment {
            id: Uuid::nil(),
            note: Uuid::nil(),
            file_name: String::new(),
            media_type: media_type.into(),
            size: bytes.len(),
            sha256: Sha256::digest(bytes).to_vec(),
            author: String::new(),
            stored_as: Uuid::nil(),
            finished_at: None,
            part_hashes: Vec::new(),
        }
    }

    /// Looked at in parts of this length.
    fn looked(media_type: MediaType, bytes: &[u8], part: usize) -> Result<Vec<u8>, Unlike> {
        let file = stated(media_type, bytes);
        let mut look = Look::at(&file);
        bytes.chunks(part).for_each(|part| look.part(part));
        look.found(&file)
    }

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let all = [
            (MediaType::Pdf, &b"%PDF-1.7\n"[..]),
            (MediaType::Jpeg, b"\xFF\xD8\xFF\xE0\x00\x10JFIF"),
            (MediaType::Png, b"\x89PNG\r\n\x1A\n\x00\x00\x00\x0D"),
            (MediaType::Tiff, b"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00"),
            (MediaType::Text, b"Seen today."),
        ];
        for (kind, bytes) in all {
            for (other, _) in all {
                let expected = if kind == other { Ok(()) } else { Err(()) };
                let seen = looked(other, bytes, 1024).map(drop).map_err(drop);
                assert_eq!(seen, expected, "{kind:?} as {other:?}");
            }
            for never in [MediaType::Unspecified, MediaType::Docx] {
                assert_eq!(looked(never, bytes, 1024), Err(Unlike::Type));
            }
        }
        // A program, and what somebody else's software would run or render.
        for other in [
            &b"<!DOCTYPE html><html></html>"[..],
            b"#!/bin/sh\nexit\n",
            b"<?xml version=\"1.0\"?><a/>",
            b"{\\rtf1\\ansi }",
            b"MZ\x90\x00\x03\x00\x00\x00",
        ] {
            assert!(looked(MediaType::Text, other, 1024).is_err(), "{other:?}");
        }
        // Sentences, though two letters of each begin a picture or a program.
        for text in ["BMI is 25.", "MZ was seen."] {
            assert!(looked(MediaType::Text, text.as_bytes(), 1024).is_ok(), "{text}");
        }
    }

    #[test]
    fn text_is_read_to_its_end_wherever_a_part_ends() {
        let text = "Visto hoy: mañana más.\r\n\tBien. \u{1F600}".as_bytes();
        for part in 1..text.len() {
            assert!(looked(MediaType::Text, text, part).is_ok(), "{part}");
        }
        for bad in [&b"a\x00b"[..], b"a\xFF\xFE", b"a\x1Bb", b"ab\xC3"] {
            for part in 1..4 {
                assert_eq!(looked(MediaType::Text, bad, part), Err(Unlike::Text), "{bad:?}");
            }
        }
    }

    #[test]
    fn other_bytes_than_those_of_the_hash_are_not_the_file() {
        let mut file = stated(MediaType::Text, b"Seen today.");
        let mut look = Look::at(&file);
        look.part(b"Seen todax.");
        assert_eq!(look.found(&file), Err(Unlike::Hash));
        file.part_hashes = looked(MediaType::Text, b"Seen today.", 5).unwrap();
        assert!(file.has_part(0, b"Seen ") && file.has_part(2, b"."));
        assert!(!file.has_part(0, b"seen ") && !file.has_part(1, b"Seen "));
        assert!(!file.has_part(3, b""));
    }

    #[test]
    fn parts_are_whole_but_for_the_last() {
        let of = |size| Attachment { size, ..stated(MediaType::Pdf, b"") };
        assert_eq!((of(1).parts(), of(1).part_bytes(0), of(1).part_bytes(1)), (1, 1, 0));
        assert_eq!((of(PART_BYTES).parts(), of(PART_BYTES).part_bytes(0)), (1, PART_BYTES));
        assert_eq!((of(PART_BYTES + 1).parts(), of(PART_BYTES + 1).part_bytes(1)), (2, 1));
        assert_eq!(of(26_214_400).parts(), MOST_PARTS);
    }
}
