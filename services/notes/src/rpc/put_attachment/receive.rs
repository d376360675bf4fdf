//! Bytes as they come: kept part by part, and looked at once they are all there.

use permit::Call;
use rpc::{Error, Violation};
use uuid::Uuid;
use wire::notes::v1::AttachmentChunk;

use super::incoming::{Incoming, Part};
use crate::{
    App,
    domain::{Attachment, Look, PART_BYTES, Unlike},
    store::attachment,
};

pub(super) struct Receiving<'a> {
    app: &'a App,
    call: &'a Call,
    file: &'a Attachment,
    person: Uuid,
    /// Parts that are in the store.
    kept: usize,
    /// Of the part that comes next.
    part: Vec<u8>,
}

impl<'a> Receiving<'a> {
    /// From where it broke off.
    pub(super) async fn of(
        app: &'a App,
        call: &'a Call,
        file: &'a Attachment,
        person: Uuid,
    ) -> Result<Self, Error> {
        let kept = match file.finished_at {
            Some(_) => file.parts(),
            None => app.files.kept(file).await?,
        };
        Ok(Self { app, call, file, person, kept, part: Vec::new() })
    }

    /// That who sends it is signed in still, and their agency takes part.
    pub(super) fn still_admitted(&self) -> Result<(), Error> {
        rpc::still_admitted(self.call, &self.app.deps.directory, &*self.app.deps.clock)
    }

    /// How many bytes are kept.
    pub(super) fn received(&self) -> usize {
        self.kept.saturating_mul(PART_BYTES).min(self.file.size)
    }

    fn offset(&self) -> usize {
        self.received().saturating_add(self.part.len())
    }

    /// Takes what is sent to its end, and says whether all is there. A header by itself asks how far it has come.
    /// Whoever is not admitted any more is not told that, nor what is missing.
    pub(super) async fn all(&mut self, incoming: &mut Incoming) -> Result<bool, Error> {
        let mut sent = false;
        while let Some(part) = incoming.next().await? {
            match part {
                Part::Chunk(chunk) => self.take(chunk).await?,
                Part::Header(_) => return Err(Error::field("header", "must come once")),
            }
            sent = true;
        }
        self.still_admitted()?;
        let missing = self.file.size - self.offset();
        if sent && missing > 0 {
            let why = format!("{missing} bytes are missing");
            return Err(Error::Invalid(vec![Violation::new("chunk", why)]));
        }
        Ok(missing == 0)
    }

    async fn take(&mut self, chunk: AttachmentChunk) -> Result<(), Error> {
        self.still_admitted()?;
        let offset = self.offset();
        let wrong = |field, why| Err(Error::Invalid(vec![Violation::new(field, why)]));
        if chunk.data.len() > self.file.size - offset {
            let why = format!("must end with the {} bytes of header.size", self.file.size);
            return wrong("chunk.data", why);
        }
        if usize::try_from(chunk.offset) != Ok(offset) {
            return wrong("chunk.offset", format!("must be {offset}"));
        }
        let mut data = &*chunk.data;
        while !data.is_empty() {
            let whole = self.file.part_bytes(self.kept);
            let room = whole.saturating_sub(self.part.len()).min(data.len());
            let (now, later) = data.split_at(room);
            self.part.extend_from_slice(now);
            data = later;
            if self.part.len() == whole {
                self.app.files.put(self.file, self.kept, &self.part).await?;
                self.part.clear();
                self.kept += 1;
            }
        }
        Ok(())
    }

    /// The hashes of its parts, if what the store has is what was stated. What is not is given up: it would be
    /// refused again.
    pub(super) async fn looked_at(&self) -> Result<Vec<u8>, Error> {
        let mut look = Look::at(self.file);
        for part in 0..self.file.parts() {
            look.part(&self.app.files.part(self.file, part).await?);
        }
        let unlike = match look.found(self.file) {
            Ok(parts) => return Ok(parts),
            Err(unlike) => unlike,
        };
        let (db, at) = (self.app.store.db(), self.app.deps.clock.now());
        attachment::discard(db, self.person, self.file.id, at).await?;
        let (field, why) = match unlike {
            Unlike::Type => ("header.media_type", "is not what its first bytes are"),
            Unlike::Text => ("header.media_type", "must be UTF-8 without control characters"),
            Unlike::Hash => ("header.sha256", "is not that of the bytes that were sent"),
        };
        Err(Error::field(field, why))
    }
}
