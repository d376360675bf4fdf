//! The accounting in PostgreSQL. Rows come in by their ledger's order and go out by their person.

mod access;
pub(crate) mod anomaly;
mod disclosure;
pub(crate) mod hold;
mod position;
mod recipients;
mod served;
pub(crate) mod suspension;

use std::sync::Arc;

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, Scope, StoreError, TxError};
use uuid::Uuid;

use crate::domain::{Access, Alarm, Disclosure, Entry, Recipient, fresh};

pub use access::Asked;
pub use disclosure::Page;
pub use position::Position;
pub use served::Served;

/// Versions 1000 and up of this service's schema.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// Why a batch was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TakeError {
    /// It may be kept another time.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It never can be.
    #[error(transparent)]
    Alarm(#[from] Alarm),
}

impl TxError for TakeError {
    fn as_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Alarm(_) => None,
        }
    }
}

/// A page of a person's accounting, and how far it goes.
#[derive(Debug, Clone)]
pub struct Account {
    pub disclosures: Vec<Disclosure>,
    /// Whether there are older ones.
    pub more: bool,
    pub positions: Vec<Position>,
}

/// The accounting of this schema.
#[derive(Debug, Clone)]
pub struct Accounts {
    db: Db,
}

impl Accounts {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// How far a ledger has been read; from here on it is among the positions told.
    pub async fn position(&self, service: &'static str) -> Result<i64, StoreError> {
        self.db
            .run_tx("ledger.position", Scope::nobody(), move |tx| {
                Box::pin(position::begin(tx, service))
            })
            .await
    }

    /// Keeps a batch and advances the position, both or neither. What is there already is no news;
    /// `reached` is how far the ledger says that it has told, and `heard_at` when.
    pub async fn take(
        &self,
        service: &'static str,
        batch: Vec<Entry>,
        reached: i64,
        heard_at: Instant,
    ) -> Result<(), TakeError> {
        let ids: Arc<Vec<(i64, Uuid)>> =
            Arc::new(batch.iter().map(|e| (e.sequence, e.event_id)).collect());
        let told = batch.iter().filter_map(|e| e.told.as_ref());
        let mut people: Vec<Uuid> = told.map(|t| t.event.person.unwrap_or_default()).collect();
        people.sort_unstable();
        people.dedup();
        let batch = Arc::new(batch);
        self.db
            .try_tx("ledger.take", Scope::people(people), None, move |tx| {
                let (ids, batch) = (Arc::clone(&ids), Arc::clone(&batch));
                Box::pin(async move {
                    let position = position::lock(&mut *tx, service).await?;
                    let mut known = disclosure::known(&mut *tx, service, position, &ids).await?;
                    // What is gone may be gone here, too; what is here it must be.
                    let gone = batch.iter().filter(|e| e.told.is_none() && e.sequence <= position);
                    for entry in gone {
                        known.entry(entry.sequence).or_insert(entry.event_id);
                    }
                    let new: Vec<&Entry> = fresh(position, &ids, &known)?
                        .into_iter()
                        .filter_map(|place| batch.get(place))
                        .collect();
                    let now_at = new.last().map_or(position, |last| last.sequence);
                    if reached > now_at {
                        return Err(Alarm::Gap { after: now_at, came: reached }.into());
                    }
                    disclosure::add(&mut *tx, service, &new)
                        .await
                        .map_err(|e| refused(e, position))?;
                    served::add(&mut *tx, &new).await?;
                    anomaly::find(&mut *tx, &new, heard_at).await?;
                    position::advance(tx, service, now_at, heard_at).await?;
                    Ok::<_, TakeError>(())
                })
            })
            .await
    }

    /// Which agencies were served under which consents, after a number, at most so many.
    pub async fn served(&self, after: i64, most: i64) -> Result<Vec<Served>, StoreError> {
        self.db
            .run_one("served.follow", move |conn| Box::pin(served::follow(conn, after, most)))
            .await
    }

    /// A page of what the permit's person is shown, and the positions of the same moment.
    pub async fn list(&self, permit: &StandingPermit, page: Page) -> Result<Account, StoreError> {
        let person = permit.person_id();
        let confirmed_by = permit.confirmed_by();
        self.db
            .run_tx("disclosures.list", permit.scope().reading(), move |tx| {
                let (page, confirmed_by) = (page.clone(), confirmed_by.clone());
                Box::pin(async move {
                    let (disclosures, more) =
                        disclosure::list(&mut *tx, person, confirmed_by, &page).await?;
                    let positions = position::all(tx).await?;
                    Ok(Account { disclosures, more, positions })
                })
            })
            .await
    }

    /// To which agencies anything of the permit's person went from an instant on, as it is told at
    /// another, and the positions of the same moment.
    pub async fn recipients(
        &self,
        permit: &StandingPermit,
        since: Instant,
        at: Instant,
    ) -> Result<(Vec<Recipient>, Vec<Position>), StoreError> {
        let person = permit.person_id();
        let confirmed_by = permit.confirmed_by();
        self.db
            .run_tx("recipients.list", permit.scope().reading(), move |tx| {
                let confirmed_by = confirmed_by.clone();
                Box::pin(async move {
                    let all = recipients::list(&mut *tx, person, confirmed_by, since, at).await?;
                    Ok((all, position::all(tx).await?))
                })
            })
            .await
    }

    /// A page of access for a privacy officer, whether there is more, and the positions of the same
    /// moment.
    pub async fn access(
        &self,
        asked: Asked,
    ) -> Result<(Vec<Access>, bool, Vec<Position>), StoreError> {
        self.db
            .run_tx("access.list", Scope::nobody().reading(), move |tx| {
                let asked = asked.clone();
                Box::pin(async move {
                    let (events, more) = access::list(&mut *tx, &asked).await?;
                    Ok((events, more, position::all(tx).await?))
                })
            })
            .await
    }
}

/// A row that the table's own rules refuse will be refused every time.
fn refused(error: StoreError, position: i64) -> TakeError {
    match error {
        StoreError::Conflict(_) | StoreError::Invalid(_) => Alarm::Refused(position).into(),
        other => other.into(),
    }
}
