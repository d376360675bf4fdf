//! What others did about a person's consents, records, notes and crisis plan, as the services tell it that hold those: a notice
//! for each, once.

use std::sync::Arc;

use facts::Told;
use kernel::{Instant, Kind, PersonId};
use pg::{PgConnection, StoreError, TxError};
use uuid::Uuid;
use wire::{
    consent::v1::{PersonEventKind, WatchPersonEventsResponse},
    convert::{id_of, instant},
    notes::v1 as notes,
    people::v1::NoticeKind,
    recovery::v1 as circles,
};

use crate::{
    App,
    store::person_event::{self, Source},
};

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
        self.reached(Source::Consent).await
    }

    async fn take(&self, message: WatchPersonEventsResponse) -> bool {
        if message.person.is_empty() {
            return true;
        }
        let place = (Source::Consent, message.sequence);
        self.deal(place, message.kind, read(&message)).await
    }
}

impl Told<circles::WatchPersonEventsResponse> for Following {
    async fn place(&self) -> Option<i64> {
        self.reached(Source::Circles).await
    }

    async fn take(&self, message: circles::WatchPersonEventsResponse) -> bool {
        if message.person.is_empty() {
            return true;
        }
        let place = (Source::Circles, message.sequence);
        self.deal(place, message.kind, read_circle(&message)).await
    }
}

impl Told<notes::WatchPersonEventsResponse> for Following {
    async fn place(&self) -> Option<i64> {
        self.reached(Source::Notes).await
    }

    async fn take(&self, message: notes::WatchPersonEventsResponse) -> bool {
        if message.person.is_empty() {
            return true;
        }
        let place = (Source::Notes, message.sequence);
        self.deal(place, message.kind, read_release(&message)).await
    }
}

impl Following {
    async fn reached(&self, source: Source) -> Option<i64> {
        let place = person_event::cursor(&self.0.deps.db, source).await;
        place.inspect_err(|error| tracing::warn!(%error, ?source, "no place to follow from")).ok()
    }

    /// None: it says what is not known here.
    async fn deal(&self, place: (Source, i64), kind: i32, event: Option<Event>) -> bool {
        let (source, sequence) = place;
        let done = match event {
            Some(event) => self.tell(place, event).await,
            None => Err(Stop::Nobody),
        };
        let done = match done {
            // What is not known here will not be known another time: somebody must look into it.
            Err(Stop::Nobody) => {
                tracing::error!(alarm = "person-event", sequence, kind, "an event is passed over");
                person_event::reached(&self.0.deps.db, source, sequence).await
            }
            Err(Stop::Store(error)) => Err(error),
            Ok(()) | Err(Stop::Done) => Ok(()),
        };
        let failed = |error| tracing::warn!(sequence, %error, "a notice was not written");
        done.map_err(failed).is_ok()
    }

    async fn tell(&self, place: (Source, i64), event: Event) -> Result<(), Stop> {
        let (guard, db) = (&self.0.deps.guard, &self.0.deps.db);
        let act = guard.by_network(TASK, Kind::Profile, PersonId::from(event.person));
        let id = ledger::new_id(&self.0.deps.clock);
        let event = Arc::new(event);
        guard
            .commit_by_network(db, "notice.tell", act, vec![id], move |tx, _| {
                let event = Arc::clone(&event);
                Box::pin(async move { write(tx, place, id, &event).await })
            })
            .await
    }
}

async fn write(
    tx: &mut PgConnection,
    (source, sequence): (Source, i64),
    id: Uuid,
    event: &Event,
) -> Result<(), Stop> {
    if !person_event::advance(&mut *tx, source, sequence).await? {
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
    event(kind, &message.person, &message.agencies, message.time.as_ref())
}

/// As [`read`], of a person's circle.
fn read_circle(message: &circles::WatchPersonEventsResponse) -> Option<Event> {
    let kind = match circles::PersonEventKind::try_from(message.kind).ok()? {
        circles::PersonEventKind::Unspecified => return None,
        circles::PersonEventKind::CrisisActivated => NoticeKind::CrisisActivated,
        circles::PersonEventKind::CrisisEnded => NoticeKind::CrisisEnded,
    };
    event(kind, &message.person, &message.agencies, message.time.as_ref())
}

/// As [`read`], of notes.
fn read_release(message: &notes::WatchPersonEventsResponse) -> Option<Event> {
    let kind = match notes::PersonEventKind::try_from(message.kind).ok()? {
        notes::PersonEventKind::Unspecified => return None,
        notes::PersonEventKind::BlockLifted => NoticeKind::BlockLifted,
    };
    event(kind, &message.person, &message.agencies, message.time.as_ref())
}

fn event(
    kind: NoticeKind,
    person: &str,
    agencies: &[String],
    time: Option<&prost_types::Timestamp>,
) -> Option<Event> {
    let agencies = agencies.iter().map(|name| id_of("agencies", name));
    Some(Event {
        person: id_of("people", person)?,
        what: kind.as_str_name().strip_prefix("NOTICE_KIND_")?,
        agencies: agencies.collect::<Option<_>>()?,
        at: instant(time?)?,
    })
}
