//! What others did about a person's consents and records, as the consent service tells it: a notice for
//! each, once.

use std::sync::Arc;

use facts::Told;
use kernel::{Instant, Kind, PersonId};
use pg::{PgConnection, StoreError, TxError};
use uuid::Uuid;
use wire::{
    consent::v1::{PersonEventKind, WatchPersonEventsResponse},
    convert::{id_of, instant},
    people::v1::NoticeKind,
};

use crate::{App, store::person_event};

/// As audit records name it.
const TASK: &str = "trellis.people/Notify";

pub(crate) struct Following(pub(crate) Arc<App>);

/// What there is to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub person: Uuid,
    /// As the column of notices spells it.
    pub what: &'static str,
    pub agencies: Vec<Uuid>,
    pub at: Instant,
}

/// Why nothing was written.
enum Stop {
    Store(StoreError),
    /// Another instance was faster.
    Done,
    /// Nobody here is that person.
    Nobody,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl TxError for Stop {
    fn as_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl Told<WatchPersonEventsResponse> for Following {
    async fn place(&self) -> Option<i64> {
        let place = person_event::cursor(&self.0.deps.db).await;
        place.inspect_err(|error| tracing::warn!(%error, "no place to follow consent from")).ok()
    }

    async fn take(&self, message: WatchPersonEventsResponse) -> bool {
        if message.person.is_empty() {
            return true;
        }
        let sequence = message.sequence;
        let done = match read(&message) {
            Some(event) => self.tell(sequence, event).await,
            None => Err(Stop::Nobody),
        };
        let done = match done {
            // What is not known here will not be known another time: somebody must look into it.
            Err(Stop::Nobody) => {
                let kind = message.kind;
                tracing::error!(alarm = "person-event", sequence, kind, "an event is passed over");
                person_event::reached(&self.0.deps.db, sequence).await
            }
            Err(Stop::Store(error)) => Err(error),
            Ok(()) | Err(Stop::Done) => Ok(()),
        };
        let failed = |error| tracing::warn!(sequence, %error, "a notice was not written");
        done.map_err(failed).is_ok()
    }
}

impl Following {
    async fn tell(&self, sequence: i64, event: Event) -> Result<(), Stop> {
        let (guard, db) = (&self.0.deps.guard, &self.0.deps.db);
        let act = guard.by_network(TASK, Kind::Profile, PersonId::from(event.person));
        let id = ledger::new_id(&self.0.deps.clock);
        let event = Arc::new(event);
        guard
            .commit_by_network(db, "notice.tell", act, vec![id], move |tx, _| {
                let event = Arc::clone(&event);
                Box::pin(async move { write(tx, sequence, id, &event).await })
            })
            .await
    }
}

async fn write(tx: &mut PgConnection, sequence: i64, id: Uuid, event: &Event) -> Result<(), Stop> {
    if !person_event::advance(&mut *tx, sequence).await? {
        return Err(Stop::Done);
    }
    match person_event::tell(tx, id, event).await? {
        true => Ok(()),
        false => Err(Stop::Nobody),
    }
}

/// None where it says what is not known here.
fn read(message: &WatchPersonEventsResponse) -> Option<Event> {
    let kind = match PersonEventKind::try_from(message.kind).ok()? {
        PersonEventKind::Unspecified => return None,
        PersonEventKind::Emergency => NoticeKind::Emergency,
        PersonEventKind::ConsentEnded => NoticeKind::ConsentEnded,
        PersonEventKind::CourtOrder => NoticeKind::CourtOrder,
    };
    let agencies = message.agencies.iter().map(|name| id_of("agencies", name));
    Some(Event {
        person: id_of("people", &message.person)?,
        what: kind.as_str_name().strip_prefix("NOTICE_KIND_")?,
        agencies: agencies.collect::<Option<_>>()?,
        at: instant(message.time.as_ref()?)?,
    })
}
