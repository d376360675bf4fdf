//! A ZIP archive that is sent while it is made: nothing of it is gone back to.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use wire::recovery::v1::{RecordFile, RecordPart};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions, write::StreamWriter};

/// What was made and is not sent yet.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file that is being written.
struct Open {
    name: String,
    part: RecordPart,
    size: i64,
    hash: Sha256,
}

pub struct Archive {
    zip: ZipWriter<StreamWriter<Sink>>,
    sink: Sink,
    open: Option<Open>,
    files: Vec<RecordFile>,
}

impl Archive {
    pub fn new() -> Self {
        let sink = Sink::default();
        Self { zip: ZipWriter::new_stream(sink.clone()), sink, open: None, files: Vec::new() }
    }

    /// Begins a file. The archive's own times say nothing: the same files make the same archive.
    pub fn begin(&mut self, name: &str, part: RecordPart) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(0o600);
        self.zip.start_file(name, options).map_err(io::Error::other)?;
        self.open = Some(Open { name: name.to_owned(), part, size: 0, hash: Sha256::new() });
        Ok(())
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(open) = &mut self.open {
            open.size += i64::try_from(bytes.len()).unwrap_or_default();
            open.hash.update(bytes);
        }
        self.zip.write_all(bytes)
    }

    /// Ends the file that was begun.
    pub fn end(&mut self) {
        self.files.extend(self.open.take().map(|open| RecordFile {
            name: open.name,
            size: open.size,
            sha256: hex::encode(open.hash.finalize()),
            part: open.part.into(),
        }));
    }

    /// The files that have ended.
    pub fn files(&self) -> &[RecordFile] {
        &self.files
    }

    /// The archive's own end. What is left is in what is taken.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        let Self { zip, sink, .. } = self;
        zip.finish().map_err(io::Error::other)?;
        Ok(taken(&sink))
    }

    /// What can be sent.
    pub fn taken(&self) -> Vec<u8> {
        taken(&self.sink)
    }
}

fn taken(sink: &Sink) -> Vec<u8> {
    std::mem::take(&mut *sink.0.lock().unwrap_or_else(PoisonError::into_inner))
}
