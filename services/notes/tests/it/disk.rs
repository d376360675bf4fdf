//! A disk that can be full or away, in the place of a real one.

use std::{
    fmt,
    ops::Range,
    path::Path as Folder,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    local::LocalFileSystem, path::Path,
};

/// How much fits on it still, and whether it answers.
#[derive(Debug, Clone)]
pub struct Disk {
    room: Arc<AtomicUsize>,
    away: Arc<AtomicBool>,
}

impl Disk {
    pub fn of(bytes: usize) -> Self {
        Self { room: Arc::new(bytes.into()), away: Arc::default() }
    }

    pub fn room(&self, bytes: usize) {
        self.room.store(bytes, SeqCst);
    }

    pub fn away(&self, away: bool) {
        self.away.store(away, SeqCst);
    }

    /// A folder on it.
    pub fn files(&self, folder: &Folder) -> notes::Files {
        let inner = LocalFileSystem::new_with_prefix(folder).unwrap();
        notes::Files::of(Arc::new(OnDisk { disk: self.clone(), inner }))
    }

    fn answers(&self) -> Result<()> {
        let away = self.away.load(SeqCst);
        if away { Err(failed("the disk is away")) } else { Ok(()) }
    }
}

fn failed(why: &str) -> Error {
    Error::Generic { store: "disk", source: why.into() }
}

#[derive(Debug)]
struct OnDisk {
    disk: Disk,
    inner: LocalFileSystem,
}

impl fmt::Display for OnDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("disk")
    }
}

#[tonic::async_trait]
impl ObjectStore for OnDisk {
    async fn put_opts(&self, at: &Path, body: PutPayload, how: PutOptions) -> Result<PutResult> {
        self.disk.answers()?;
        let bytes = body.content_length();
        let fits = |room: usize| room.checked_sub(bytes);
        if self.disk.room.fetch_update(SeqCst, SeqCst, fits).is_err() {
            return Err(failed("no space is left"));
        }
        self.inner.put_opts(at, body, how).await
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(failed("not asked for"))
    }

    async fn get_opts(&self, at: &Path, how: GetOptions) -> Result<GetResult> {
        self.disk.answers()?;
        self.inner.get_opts(at, how).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.disk.answers()?;
        self.inner.get_ranges(at, ranges).await
    }

    fn delete_stream(
        &self,
        all: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        match self.disk.answers() {
            Ok(()) => self.inner.delete_stream(all),
            Err(error) => Box::pin(futures::stream::iter([Err(error)])),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, how: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, how).await
    }
}
