//! Splits a CSV file into records, strictly (RFC 4180), and finds its feet again after a bad one.
//!
//! A lenient reader lets one unclosed quotation mark swallow the rest of a table without a word,
//! and with it rows of organizations that would then import incomplete. Here such a record ends at
//! its first physical line, is marked, and reading resumes on the next line.

use std::borrow::Cow;

/// A record longer than this is a fault, so that an unclosed quotation mark costs little to find.
pub(super) const MAX_RECORD_BYTES: usize = 1 << 20;

type Cells<'a> = Vec<Cow<'a, [u8]>>;

/// What is wrong with the shape of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Opened in this cell and never closed.
    OpenQuote { cell: usize },
    /// A quotation mark inside an unquoted cell, or text after the closing one.
    StrayQuote { cell: usize },
    /// Not as many cells as the header has.
    Width { cells: usize, header: usize },
    /// Longer than a record may be.
    Length,
}

/// One record, or the one physical line that is left of a bad one.
#[derive(Debug)]
pub struct Record<'a> {
    /// 1-based physical line on which it starts.
    pub line: u64,
    pub cells: Cells<'a>,
    pub fault: Option<Fault>,
}

/// The records of a file. The first one sets how many cells the others must have.
#[derive(Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    line: u64,
    width: Option<usize>,
}

impl<'a> Records<'a> {
    pub fn of(file: &'a [u8]) -> Self {
        let rest = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        Self { rest, line: 1, width: None }
    }

    fn advance(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, &[]));
        self.line += taken.iter().filter(|b| **b == b'\n').count() as u64;
        self.rest = rest;
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            match self.rest {
                [] => return None,
                [b'\n', ..] => self.advance(1),
                [b'\r', b'\n', ..] => self.advance(2),
                _ => break,
            }
        }
        let line = self.line;
        let first_line =
            self.rest.iter().position(|b| *b == b'\n').map_or(self.rest.len(), |n| n + 1);
        let fault = match scan(self.rest, true) {
            Ok((cells, used)) => {
                let width = *self.width.get_or_insert(cells.len());
                if cells.len() == width {
                    self.advance(used);
                    return Some(Record { line, cells, fault: None });
                }
                Fault::Width { cells: cells.len(), header: width }
            }
            Err(fault) => fault,
        };
        // Only the first physical line is taken to be the bad record: what follows may be whole.
        let text = self.rest.get(..first_line).unwrap_or(self.rest);
        let cells = scan(text, false).map(|(cells, _)| cells).unwrap_or_default();
        self.advance(first_line);
        Some(Record { line, cells, fault: Some(fault) })
    }
}

/// The cells of the first record of `text`, and how many bytes it took with its line end. Not
/// `strict`: makes the best of a single line.
fn scan(text: &[u8], strict: bool) -> Result<(Cells<'_>, usize), Fault> {
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        let cell = cells.len();
        let rest = text.get(at..).unwrap_or_default();
        let (value, used) = match rest {
            [b'"', inside @ ..] => {
                let (value, used) = quoted(inside, cell, strict)?;
                (value, used + 1)
            }
            _ => unquoted(rest, cell, strict)?,
        };
        cells.push(value);
        at += used;
        if at > MAX_RECORD_BYTES && strict {
            return Err(Fault::Length);
        }
        match text.get(at..).unwrap_or_default() {
            [b',', ..] => at += 1,
            [b'\r', b'\n', ..] => return Ok((cells, at + 2)),
            [b'\n', ..] => return Ok((cells, at + 1)),
            _ => return Ok((cells, at)),
        }
    }
}

fn unquoted(text: &[u8], cell: usize, strict: bool) -> Result<(Cow<'_, [u8]>, usize), Fault> {
    let end = text.iter().position(|b| matches!(b, b',' | b'\n')).unwrap_or(text.len());
    let mut value = text.get(..end).unwrap_or(text);
    if text.get(end) == Some(&b'\n') {
        value = value.strip_suffix(b"\r").unwrap_or(value);
    }
    if strict && value.contains(&b'"') {
        return Err(Fault::StrayQuote { cell });
    }
    Ok((Cow::Borrowed(value), value.len()))
}

/// `text` starts after the opening quotation mark.
fn quoted(text: &[u8], cell: usize, strict: bool) -> Result<(Cow<'_, [u8]>, usize), Fault> {
    let mut value = Cow::Borrowed(&[][..]);
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let window = rest.get(..MAX_RECORD_BYTES).unwrap_or(rest);
        let Some(mark) = window.iter().position(|b| *b == b'"') else {
            if strict {
                let cut = window.len() < rest.len();
                return Err(if cut { Fault::Length } else { Fault::OpenQuote { cell } });
            }
            join(&mut value, rest);
            return Ok((value, text.len()));
        };
        join(&mut value, rest.get(..mark).unwrap_or_default());
        at += mark + 1;
        match text.get(at..).unwrap_or_default() {
            [b'"', ..] => {
                join(&mut value, b"\"");
                at += 1;
            }
            [] | [b',', ..] | [b'\n', ..] | [b'\r', b'\n', ..] => return Ok((value, at)),
            _ if strict => return Err(Fault::StrayQuote { cell }),
            _ => {}
        }
        if strict && value.len() > MAX_RECORD_BYTES {
            return Err(Fault::Length);
        }
    }
}

/// Borrowed for as long as one piece is all there is.
fn join<'a>(value: &mut Cow<'a, [u8]>, piece: &'a [u8]) {
    if value.is_empty() {
        *value = Cow::Borrowed(piece);
    } else {
        value.to_mut().extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records(text: &[u8]) -> Vec<(u64, Vec<String>, Option<Fault>)> {
        Records::of(text)
            .map(|r| {
                let cells = r.cells.iter().map(|c| String::from_utf8_lossy(c).into_owned());
                (r.line, cells.collect(), r.fault)
            })
            .collect()
    }

    fn words(text: &[&str]) -> Vec<String> {
        text.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn the_byte_order_mark_crlf_quoted_newlines_and_blank_lines_are_taken() {
        let file = b"\xef\xbb\xbfa,b\r\n\"x\r\ny\",\"say \"\"hi\"\"\"\r\n\r\n,last";
        assert_eq!(
            records(file),
            [
                (1, words(&["a", "b"]), None),
                (2, words(&["x\r\ny", "say \"hi\""]), None),
                (5, words(&["", "last"]), None),
            ]
        );
    }

    #[test]
    fn an_unclosed_quotation_mark_costs_its_own_line_only() {
        let file = b"a,b\n1,\"open\n2,two\n3,\"three\"\n";
        let found = records(file);
        assert_eq!(found[1], (2, words(&["1", "open\n"]), Some(Fault::StrayQuote { cell: 1 })));
        assert_eq!(found[2], (3, words(&["2", "two"]), None));
        assert_eq!(found[3], (4, words(&["3", "three"]), None));
        let at_the_end = records(b"a,b\n1,\"open\n2,two\n");
        assert_eq!(at_the_end[1].2, Some(Fault::OpenQuote { cell: 1 }));
        assert_eq!(at_the_end[2], (3, words(&["2", "two"]), None));
    }

    #[test]
    fn a_record_of_the_wrong_width_gives_up_the_lines_after_its_first() {
        let found = records(b"a,b\n1,\"x\ny\",z\n2,two\n");
        assert_eq!((found[1].0, found[1].2), (2, Some(Fault::Width { cells: 3, header: 2 })));
        assert_eq!((found[2].0, found[2].2), (3, Some(Fault::StrayQuote { cell: 0 })));
        assert_eq!(found[3], (4, words(&["2", "two"]), None));
    }

    #[test]
    fn a_quotation_mark_inside_an_unquoted_cell_is_a_fault() {
        assert_eq!(records(b"a\n5\" pipe\n")[1].2, Some(Fault::StrayQuote { cell: 0 }));
    }

    #[test]
    fn a_record_without_end_is_cut() {
        let mut file = b"a\n\"".to_vec();
        file.resize(3 * MAX_RECORD_BYTES, b'x');
        assert_eq!(records(&file)[1].2, Some(Fault::Length));
    }

    proptest! {
        #[test]
        fn well_formed_files_split_as_the_csv_crate_splits_them(
            rows in prop::collection::vec(prop::collection::vec("[a-c,\"\r\n ]{0,6}", 3), 1..8)
        ) {
            let mut writer = csv::WriterBuilder::new()
                .quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let file = writer.into_inner().unwrap();
            let found: Vec<_> = records(&file).into_iter().map(|r| (r.1, r.2)).collect();
            prop_assert_eq!(found, rows.into_iter().map(|r| (r, None)).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_end_and_no_line_is_lost(file in "[a,\"\n\r]{0,80}") {
            let found = records(file.as_bytes());
            for pair in found.windows(2) {
                prop_assert!(pair[0].0 < pair[1].0);
            }
            prop_assert!(found.len() <= file.matches('\n').count() + 1);
        }
    }
}
