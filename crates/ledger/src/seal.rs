//! Signing the tree as it grows, and putting its heads where the database can't reach them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use kernel::Clock;
use pg::points;
use tokio_util::sync::CancellationToken;

use crate::{
    Anchor, Ledger, LogName, SigningKey, TreeHead, VerifyingKey,
    tree::{GrowError, Grown, TreeAlarm},
};

/// How heads are signed and where they go.
#[derive(Debug)]
pub struct Seal {
    pub log: LogName,
    pub key: SigningKey,
    /// The public halves of keys that signed before.
    pub earlier: Vec<VerifyingKey>,
    /// At most so long a record waits for a head over it.
    pub every: Duration,
    /// The file that they are anchored in.
    pub anchor: PathBuf,
}

impl Seal {
    /// The head that a note states, if one of this log's keys has signed it.
    pub(crate) fn open(&self, note: &str) -> Option<TreeHead> {
        let own = self.key.verifying();
        let mut keys = own.iter().chain(&self.earlier);
        keys.find_map(|key| TreeHead::open(note, &self.log, key).ok())
    }
}

/// A head at most so long after the record: half of what is promised, so that one may be missed.
pub const SEAL_EVERY: Duration = Duration::from_secs(5);
/// At the end, for what was recorded last.
const LAST: Duration = Duration::from_secs(2);

/// Heads can't be kept outside the database.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct NoAnchor {
    path: PathBuf,
    #[source]
    why: std::io::Error,
}

impl Ledger {
    /// Begins to seal; ends when `stop` is cancelled, with a last head. Must be called in a runtime.
    pub fn seal(
        &self,
        seal: Seal,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Result<tokio::task::JoinHandle<()>, NoAnchor> {
        let anchor = Anchor::open(&seal.anchor)
            .map_err(|why| NoAnchor { path: seal.anchor.clone(), why })?;
        tokio::spawn(self.clone().keep_months_open(stop.clone()));
        let sealer =
            Sealer { ledger: self.clone(), seal: Arc::new(seal), clock, anchor: Some(anchor) };
        Ok(tokio::spawn(sealer.run(stop)))
    }
}

struct Sealer {
    ledger: Ledger,
    seal: Arc<Seal>,
    clock: Arc<dyn Clock>,
    /// None: while it is being written.
    anchor: Option<Anchor>,
}

/// Why a head is not where it belongs.
#[derive(Debug, thiserror::Error)]
enum Unsealed {
    #[error(transparent)]
    Grow(#[from] GrowError),
    #[error("the anchor can't be written: {0}")]
    Anchor(#[from] std::io::Error),
}

impl Sealer {
    async fn run(mut self, stop: CancellationToken) {
        let (log, every) = (self.seal.log.clone(), self.seal.every);
        loop {
            // A disk or a database that does not answer holds nobody's end up.
            let late = async {
                stop.cancelled().await;
                tokio::time::sleep(LAST).await;
            };
            let sealed = tokio::select! {
                sealed = self.sealed() => sealed,
                () = late => break,
            };
            let more = matches!(sealed, Ok(true));
            self.tell(sealed);
            if more && !stop.is_cancelled() {
                continue;
            }
            let waited = tokio::time::sleep(every);
            if stop.run_until_cancelled(waited).await.is_none() {
                break;
            }
        }
        match tokio::time::timeout(LAST, self.sealed()).await {
            Ok(sealed) => self.tell(sealed),
            Err(_) => tracing::warn!(log = log.as_str(), "the last records have no head yet"),
        }
    }

    /// An alarm is repeated as long as there is reason for it: nothing more is signed until then.
    fn tell(&self, sealed: Result<bool, Unsealed>) {
        let log = self.seal.log.as_str();
        match sealed {
            Ok(_) => {}
            Err(Unsealed::Grow(GrowError::Store(error))) => {
                tracing::warn!(log, %error, "records have no head yet");
            }
            Err(error) => {
                tracing::error!(alarm = "ledger", log, what = %error, "a ledger is not sealed");
            }
        }
    }

    /// One growth, anchored. Whether there may be more.
    async fn sealed(&mut self) -> Result<bool, Unsealed> {
        if self.anchor.is_none() {
            // An earlier write failed, or was not waited for.
            self.anchor = Some(Anchor::open(&self.seal.anchor)?);
        }
        let last = self.anchor.as_ref().and_then(Anchor::last).map(ToOwned::to_owned);
        let anchored = match &last {
            None => None,
            Some(note) => match self.seal.open(note) {
                None => return Err(GrowError::Alarm(TreeAlarm::Anchor).into()),
                head => head,
            },
        };
        // A head that a crash kept from its anchor.
        let kept = self.ledger.head_note().await.map_err(GrowError::from)?;
        let grown = self.ledger.grow(&self.seal, anchored, self.clock.now()).await?;
        if let Some(note) = kept.filter(|note| grown.is_some() && last.as_ref() != Some(note)) {
            self.anchor(note).await?;
        }
        let last = self.anchor.as_ref().and_then(Anchor::last).map(ToOwned::to_owned);
        let Some(Grown { note, more, .. }) = grown else { return Ok(false) };
        if last.as_ref() != Some(&note) {
            self.anchor(note).await?;
        }
        Ok(more)
    }

    /// A disk may take its time, which is not a worker's.
    async fn anchor(&mut self, note: String) -> Result<(), Unsealed> {
        let Some(mut anchor) = self.anchor.take() else { return Ok(()) };
        points::reached("seal.anchor");
        let written = tokio::task::spawn_blocking(move || anchor.add(&note).map(|()| anchor)).await;
        points::reached("seal.anchored");
        // After an error it is opened anew, without what may be half written.
        self.anchor = Some(written.map_err(std::io::Error::other)??);
        Ok(())
    }
}
