//! Where the bytes of files are: a folder, or a store that speaks as S3 does. A file is in parts, each of which
//! is written once and whole; which files are whole the database says, and nobody is shown another one.

use std::{
    fs::DirBuilder, os::unix::fs::DirBuilderExt as _, path::Path as Folder, sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, RetryConfig,
    aws::AmazonS3Builder, local::LocalFileSystem, path::Path,
};
use pg::Sealed;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use crate::domain::{Attachment, MOST_PARTS};

/// A store that speaks as S3 does.
#[derive(Debug, Clone)]
pub struct S3 {
    /// Its URL; none: Amazon's.
    pub endpoint: Option<String>,
    pub bucket: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
}

/// Why bytes could not be kept or had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the store of files is away, or full")]
    Away,
    #[error("the store of files has not what was put there")]
    Damaged,
}

/// One question to a store over the network, and how long it is repeated: a call waits for it.
const ANSWER: Duration = Duration::from_secs(10);
const REPEATED: Duration = Duration::from_secs(15);

/// The bytes of files.
#[derive(Debug, Clone)]
pub struct Files(Arc<dyn ObjectStore>);

impl Files {
    /// In a folder, which is made where it is not there. What is said to be kept is on the disk.
    pub fn folder(at: &Folder) -> Result<Self, Error> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(at);
        made.map_err(|why| Error::Generic { store: "folder", source: why.into() })?;
        let folder = LocalFileSystem::new_with_prefix(at)?;
        Ok(Self(Arc::new(folder.with_fsync(true).with_automatic_cleanup(true))))
    }

    /// In a bucket.
    pub fn s3(of: &S3) -> Result<Self, Error> {
        let answers = ClientOptions::new().with_timeout(ANSWER).with_connect_timeout(ANSWER);
        let plain = of.endpoint.as_ref().is_some_and(|url| url.starts_with("http:"));
        let retry =
            RetryConfig { max_retries: 2, retry_timeout: REPEATED, ..RetryConfig::default() };
        let mut store = AmazonS3Builder::new()
            .with_client_options(answers.with_allow_http(plain))
            .with_retry(retry)
            .with_disable_bulk_delete(true)
            .with_bucket_name(&of.bucket)
            .with_region(&of.region)
            .with_access_key_id(&of.access_key_id)
            .with_secret_access_key(of.secret_access_key.expose_secret());
        if let Some(endpoint) = &of.endpoint {
            store = store.with_endpoint(endpoint);
        }
        Ok(Self(Arc::new(store.build()?)))
    }

    /// In any store.
    pub fn of(store: Arc<dyn ObjectStore>) -> Self {
        Self(store)
    }

    /// Keeps a part. One that is there stays as it is: all of them are looked at in the end.
    pub(crate) async fn put(
        &self,
        of: &Attachment,
        part: usize,
        bytes: &[u8],
    ) -> Result<(), Fault> {
        let body = Sealed::seal(bytes).bytes().to_vec();
        let once = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.0.put_opts(&place(of.stored_as, part), body.into(), once).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(why) => Err(away(&why)),
        }
    }

    /// A part that was put, of the length that it must have.
    pub(crate) async fn part(&self, of: &Attachment, part: usize) -> Result<Bytes, Fault> {
        let read = match self.0.get(&place(of.stored_as, part)).await {
            Err(Error::NotFound { .. }) => return Err(damaged(of)),
            read => read.map_err(|why| away(&why))?,
        };
        let stored = read.bytes().await.map_err(|why| away(&why))?;
        let open = Sealed::open(&stored).map_err(|_| damaged(of))?;
        if open.len() != of.part_bytes(part) {
            return Err(damaged(of));
        }
        Ok(stored.slice_ref(open))
    }

    /// A part of a file that is whole, as it was then.
    pub(crate) async fn read(&self, of: &Attachment, part: usize) -> Result<Bytes, Fault> {
        let bytes = self.part(of, part).await?;
        if of.has_part(part, &bytes) { Ok(bytes) } else { Err(damaged(of)) }
    }

    /// How many parts of a file are there, without a gap.
    pub(crate) async fn kept(&self, of: &Attachment) -> Result<usize, Fault> {
        for part in 0..of.parts() {
            match self.0.head(&place(of.stored_as, part)).await {
                Ok(_) => {}
                Err(Error::NotFound { .. }) => return Ok(part),
                Err(why) => return Err(away(&why)),
            }
        }
        Ok(of.parts())
    }

    /// Removes what there is of a file that nobody will see.
    pub(crate) async fn remove(&self, stored_as: Uuid) -> Result<(), Fault> {
        for part in 0..MOST_PARTS {
            match self.0.delete(&place(stored_as, part)).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(why) => return Err(away(&why)),
            }
        }
        Ok(())
    }
}

fn place(stored_as: Uuid, part: usize) -> Path {
    Path::from(format!("{stored_as}/{part:02}"))
}

/// What the store says names its own places, which are ids.
fn away(why: &Error) -> Fault {
    tracing::warn!(error = %why, "the store of files fails");
    Fault::Away
}

fn damaged(of: &Attachment) -> Fault {
    tracing::error!(alarm = "bad file", stored_as = %of.stored_as, "a file has not what was put there");
    Fault::Damaged
}

#[cfg(test)]
mod tests;
