//! Signed heads outside the database: a file of notes, each followed by an empty line, that only grows.
//! Whoever changes the database afterwards does not reach it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use nix::fcntl::{Flock, FlockArg};

/// More than two notes take.
const TAIL: u64 = 4096;

/// A file of heads, for one instance of one service alone.
#[derive(Debug)]
pub struct Anchor {
    file: Flock<File>,
    /// The last note in it.
    last: Option<String>,
}

impl Anchor {
    /// Opens it, and makes it where there is none. What a crash left half written at its end was never
    /// anchored, and goes.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let mut file = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, why)| io::Error::from(why))?;
        let length = file.metadata()?.len();
        let from = length.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let (last, whole) = last_of(&tail);
        if last.is_none() && from > 0 {
            return Err(io::Error::other("its end is no list of heads"));
        }
        let whole = from + u64::try_from(whole).unwrap_or(u64::MAX);
        // A file that may only grow is left alone where there is nothing to cut.
        if whole != length {
            file.set_len(whole)?;
            file.sync_all()?;
        }
        Ok(Self { file, last })
    }

    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Returns when it is on the disk.
    pub fn add(&mut self, note: &str) -> io::Result<()> {
        let before = self.file.metadata()?.len();
        let written = self.file.write_all(format!("{note}\n").as_bytes());
        if let Err(why) = written.and_then(|()| self.file.sync_data()) {
            // Half a note would take the next one with it.
            self.file.set_len(before)?;
            return Err(why);
        }
        self.last = Some(note.to_owned());
        Ok(())
    }
}

/// The whole notes of a file. Half a one at its end was never anchored: it is being written, or a crash left
/// it.
pub fn notes(text: &str) -> Vec<String> {
    let mut parts: Vec<&str> = text.split("\n\n").collect();
    parts.pop();
    let (pairs, _) = parts.as_chunks::<2>();
    pairs.iter().map(|[head, signature]| format!("{head}\n\n{signature}\n")).collect()
}

/// The last whole note at the end of a file, and how far into `tail` whole notes reach.
fn last_of(tail: &[u8]) -> (Option<String>, usize) {
    // A signature is the line that begins as none of a head does.
    const SIGNATURE: &[u8] = "\n\n\u{2014} ".as_bytes();
    let find = |within: &[u8], what: &[u8]| within.windows(what.len()).rposition(|w| w == what);
    let mut end = tail.len();
    while let Some(signature) = tail.get(..end).and_then(|some| find(some, SIGNATURE)) {
        let after = signature + SIGNATURE.len();
        let closed = tail.get(after..).and_then(|rest| {
            let line = rest.windows(2).position(|w| w == b"\n\n")?;
            Some(after + line + 2)
        });
        if let Some(whole) = closed {
            let begin =
                tail.get(..signature).and_then(|some| find(some, b"\n\n")).map_or(0, |b| b + 2);
            let note = tail.get(begin..whole - 1).and_then(|n| String::from_utf8(n.to_vec()).ok());
            return (note, whole);
        }
        end = signature;
    }
    (None, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(n: u32) -> String {
        format!("log\n{n}\nroot\n\n\u{2014} log sig{n}\n")
    }

    #[test]
    fn heads_are_there_again_and_one_that_is_half_written_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.checkpoints");
        let whole: String = (1..=200).map(|n| note(n) + "\n").collect();
        for torn in 0..note(201).len() + 1 {
            let text = format!("{whole}{}", String::from_utf8_lossy(&note(201).as_bytes()[..torn]));
            std::fs::write(&path, &text).unwrap();
            let mut anchor = Anchor::open(&path).unwrap();
            assert_eq!(anchor.last(), Some(&*note(200)), "{torn}");
            anchor.add(&note(201)).unwrap();
            assert_eq!(anchor.last(), Some(&*note(201)));
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(notes(&text), (1..=201).map(note).collect::<Vec<_>>());
            assert!(text.ends_with(&format!("{}\n", note(201))));
        }
    }

    #[test]
    fn one_instance_has_it_and_what_is_no_list_of_heads_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heads");
        let first = Anchor::open(&path).unwrap();
        assert_eq!(first.last(), None);
        assert!(Anchor::open(&path).is_err());
        drop(first);
        std::fs::write(&path, "x".repeat(10_000)).unwrap();
        assert!(Anchor::open(&path).is_err());
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 10_000);
        assert_eq!(notes("log\n1\nroot\n\n\u{2014} log si"), [""; 0]);
    }
}
