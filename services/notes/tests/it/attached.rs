//! Files as their senders and readers have them.

use futures::{Stream, StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use testkit::fakes::bearer;
use tonic::{Status, Streaming};
use uuid::Uuid;
use wire::notes::v1::{
    self as pb, AttachmentChunk, AttachmentHeader, GetAttachmentRequest, GetAttachmentResponse,
    ListAttachmentsRequest, MediaType, PutAttachmentRequest, PutAttachmentResponse,
};

use crate::world::Client;

pub const MIB: usize = 1024 * 1024;

/// A file of so many bytes, which are another's in no other one.
pub fn pdf(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut seed = Uuid::new_v4().as_u128() | 1;
    while bytes.len() < size {
        // xorshift: as if at random, and fast.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes.extend_from_slice(&seed.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

pub fn header(note: &pb::Note, bytes: &[u8]) -> AttachmentHeader {
    AttachmentHeader {
        request_id: Uuid::new_v4().to_string(),
        note: note.name.clone(),
        file_name: "Intake form.pdf".to_owned(),
        media_type: MediaType::Pdf.into(),
        size: i64::try_from(bytes.len()).unwrap(),
        sha256: hex::encode(Sha256::digest(bytes)),
    }
}

pub fn first(header: &AttachmentHeader) -> PutAttachmentRequest {
    PutAttachmentRequest { header: Some(header.clone()), chunk: None }
}

/// What is left of a file from an offset on, in chunks of so many bytes.
pub fn rest(bytes: &[u8], offset: usize, chunk: usize) -> Vec<PutAttachmentRequest> {
    let chunks = bytes[offset..].chunks(chunk).enumerate();
    chunks.map(|(n, data)| next(offset + n * chunk, data)).collect()
}

pub fn next(offset: usize, data: &[u8]) -> PutAttachmentRequest {
    let (offset, data) = (i64::try_from(offset).unwrap(), data.to_vec());
    PutAttachmentRequest { header: None, chunk: Some(AttachmentChunk { offset, data }) }
}

impl Client {
    pub async fn put(
        &self,
        messages: impl Stream<Item = PutAttachmentRequest> + Send + 'static,
    ) -> Result<PutAttachmentResponse, Status> {
        let request = bearer(&(self.mint)(), messages);
        Ok(self.notes().put_attachment(request).await?.into_inner())
    }

    /// All of these, and the stream's end.
    pub async fn put_all(
        &self,
        messages: Vec<PutAttachmentRequest>,
    ) -> Result<PutAttachmentResponse, Status> {
        self.put(stream::iter(messages)).await
    }

    /// These, and then nothing, without an end.
    pub async fn put_open(
        &self,
        messages: Vec<PutAttachmentRequest>,
    ) -> Result<PutAttachmentResponse, Status> {
        self.put(stream::iter(messages).chain(stream::pending())).await
    }

    pub async fn send(
        &self,
        header: &AttachmentHeader,
        bytes: &[u8],
    ) -> Result<pb::Attachment, Status> {
        let messages = [vec![first(header)], rest(bytes, 0, MIB)].concat();
        Ok(self.put_all(messages).await?.attachment.unwrap())
    }

    /// A file with this note.
    pub async fn attach(&self, note: &pb::Note, bytes: &[u8]) -> Result<pb::Attachment, Status> {
        self.send(&header(note, bytes), bytes).await
    }

    /// How many bytes of it are kept.
    pub async fn received(&self, header: &AttachmentHeader) -> Result<usize, Status> {
        let reply = self.put_all(vec![first(header)]).await?;
        Ok(usize::try_from(reply.received).unwrap())
    }

    pub async fn open(
        &self,
        name: &str,
        offset: usize,
    ) -> Result<Streaming<GetAttachmentResponse>, Status> {
        let offset = i64::try_from(offset).unwrap();
        let message = GetAttachmentRequest { name: name.to_owned(), offset };
        Ok(self.notes().get_attachment(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    /// What a file is, and its bytes from an offset to the end.
    pub async fn read_from(
        &self,
        name: &str,
        offset: usize,
    ) -> Result<(pb::Attachment, Vec<u8>), Status> {
        let mut stream = self.open(name, offset).await?;
        let first = stream.message().await?.unwrap();
        assert!(first.disclosure.is_some() && first.chunk.is_none());
        let mut bytes = Vec::new();
        while let Some(message) = stream.message().await? {
            let chunk = taken(message);
            assert_eq!(usize::try_from(chunk.offset).unwrap(), offset + bytes.len());
            bytes.extend(chunk.data);
        }
        Ok((first.attachment.unwrap(), bytes))
    }

    pub async fn read(&self, name: &str) -> Result<(pb::Attachment, Vec<u8>), Status> {
        self.read_from(name, 0).await
    }

    pub async fn attached(&self, note: &pb::Note) -> Result<Vec<pb::Attachment>, Status> {
        let message = ListAttachmentsRequest { note: note.name.clone() };
        let reply = self.notes().list_attachments(bearer(&(self.mint)(), message)).await?;
        let reply = reply.into_inner();
        assert!(reply.disclosure.is_some());
        Ok(reply.attachments)
    }
}

/// A message after the first one.
pub fn taken(message: GetAttachmentResponse) -> AttachmentChunk {
    assert!(message.attachment.is_none() && message.disclosure.is_none());
    let chunk = message.chunk.unwrap();
    assert!((1..=MIB).contains(&chunk.data.len()));
    chunk
}

/// Sends these, and goes on while the stream is open: until its end, or until nobody takes more.
pub async fn meanwhile<F: Future<Output = Vec<PutAttachmentRequest>>>(
    author: &Client,
    messages: Vec<PutAttachmentRequest>,
    then: F,
) -> Result<PutAttachmentResponse, Status> {
    let (out, sent) = tokio::sync::mpsc::channel(4);
    let put = author.put(tokio_stream::wrappers::ReceiverStream::new(sent));
    let sending = async {
        for message in messages {
            out.send(message).await.unwrap();
        }
        for message in then.await {
            if out.send(message).await.is_err() {
                break;
            }
        }
        drop(out);
    };
    tokio::join!(put, sending).0
}
