//! Rows of `referral_event`, for those who watch.

use ::rpc::{Heard, Log, Numbered};
use kernel::Instant;
use permit::{Deferred, Disclosed, ReadReferrals};
use pg::StoreError;
use uuid::Uuid;

use super::{
    Referrals,
    referral::{record, state},
};
use crate::domain::{Event, News};

impl Numbered for Event {
    fn seq(&self) -> i64 {
        self.seq
    }
}

struct EventRow {
    seq: i64,
    kind: i16,
    event_state: Option<i16>,
    at: Instant,
    id: Uuid,
    person_id: Uuid,
    class: i16,
    custodian_id: Option<Uuid>,
    author: Option<String>,
    episode_id: Option<Uuid>,
    authored_at: Option<Instant>,
    confidentiality: Option<i16>,
    sensitivities: i32,
    part2: bool,
    victim_service: bool,
    release_block_until: Option<Instant>,
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let news = match (row.kind, row.event_state) {
            (1, Some(number)) => News::State(state(number)?),
            (2, None) => News::Withdrawn,
            (4, None) => News::Added,
            (5, None) => News::Overdue,
            _ => return Err(StoreError::BadRow { what: "kind of a referral's event" }),
        };
        Ok(Self { seq: row.seq, news, at: row.at, record: record!(row)? })
    }
}

struct HeardRow {
    event: EventRow,
    target_id: Uuid,
    for_agency: Option<Uuid>,
}

impl TryFrom<HeardRow> for Heard<Event> {
    type Error = StoreError;

    /// It concerns source and target, or the one of them to whom alone it is told.
    fn try_from(row: HeardRow) -> Result<Self, StoreError> {
        let source = row.event.custodian_id;
        let source = source.ok_or(StoreError::BadRow { what: "source of a referral" })?;
        let told = |agency: &Uuid| row.for_agency.is_none_or(|only| only == *agency);
        let concerns = [source, row.target_id].into_iter().filter(told).collect();
        Ok(Self { event: row.event.try_into()?, concerns })
    }
}

impl Log for Referrals {
    type Event = Event;

    async fn head(&self) -> Result<i64, StoreError> {
        self.db
            .run_one("referrals.head", |conn| {
                Box::pin(async move {
                    let head = sqlx::query_scalar!(
                        "SELECT value FROM counter WHERE name = 'referral_event'"
                    );
                    Ok(head.fetch_optional(conn).await?.unwrap_or(0))
                })
            })
            .await
    }

    async fn of(
        &self,
        agencies: &[Uuid],
        span: (i64, i64),
        most: i32,
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        for agency in agencies {
            events.extend(self.told(*agency, span, most).await?);
        }
        // One agency is the rule; what concerns two of them is told once.
        events.sort_by_key(Event::seq);
        events.dedup_by_key(|event| event.seq);
        events.truncate(usize::try_from(most).unwrap_or_default());
        Ok(events)
    }

    async fn all(
        &self,
        (after, upto): (i64, i64),
        most: i32,
    ) -> Result<Vec<Heard<Event>>, StoreError> {
        let rows = self
            .db
            .run_one("referrals.all_events", move |conn| {
                Box::pin(async move {
                    let rows = sqlx::query!(
                        r#"SELECT seq AS "seq!", kind AS "kind!", event_state, at AS "at!",
                            id AS "id!", person_id AS "person_id!", class AS "class!",
                            custodian_id, author, episode_id, authored_at, confidentiality,
                            sensitivities AS "sensitivities!", part2 AS "part2!",
                            victim_service AS "victim_service!", release_block_until,
                            target_id AS "target_id!", for_agency
                        FROM locate_all_events($1, $2, $3)"#,
                        after,
                        upto,
                        most
                    );
                    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| HeardRow {
                        target_id: row.target_id,
                        for_agency: row.for_agency,
                        event: EventRow {
                            seq: row.seq,
                            kind: row.kind,
                            event_state: row.event_state,
                            at: row.at,
                            id: row.id,
                            person_id: row.person_id,
                            class: row.class,
                            custodian_id: row.custodian_id,
                            author: row.author,
                            episode_id: row.episode_id,
                            authored_at: row.authored_at,
                            confidentiality: row.confidentiality,
                            sensitivities: row.sensitivities,
                            part2: row.part2,
                            victim_service: row.victim_service,
                            release_block_until: row.release_block_until,
                        },
                    });
                    Ok(rows.collect::<Vec<_>>())
                })
            })
            .await?;
        rows.into_iter().map(Heard::try_from).collect()
    }
}

impl Referrals {
    /// What the agency is to be told after the first number and up to the second, the first `most`: ids,
    /// states and facets.
    async fn told(
        &self,
        agency: Uuid,
        (after, upto): (i64, i64),
        most: i32,
    ) -> Result<Vec<Event>, StoreError> {
        let rows = self
            .db
            .run_one("referrals.events", move |conn| {
                Box::pin(async move {
                    Ok(sqlx::query_as!(
                        EventRow,
                        r#"SELECT seq AS "seq!", kind AS "kind!", event_state, at AS "at!", id AS "id!",
                            person_id AS "person_id!", class AS "class!", custodian_id, author,
                            episode_id, authored_at, confidentiality,
                            sensitivities AS "sensitivities!", part2 AS "part2!",
                            victim_service AS "victim_service!", release_block_until
                        FROM locate_events($1, $2, $3, $4)"#,
                        agency,
                        after,
                        upto,
                        most
                    )
                    .fetch_all(conn)
                    .await?)
                })
            })
            .await?;
        rows.into_iter().map(Event::try_from).collect()
    }
}

/// What is to be told, decided on at its release like any read.
pub fn sealed(deferred: &Deferred<ReadReferrals>, event: &Event) -> Disclosed<News> {
    let id = event.record.id.uuid().unwrap_or_default();
    deferred.seal(id, Some((event.record.clone(), event.news)))
}
