//! Rows of `note_event`, for those who watch.

use std::collections::HashMap;

use ::rpc::{Heard, Log, Numbered};
use kernel::Instant;
use permit::{Permit, ReadNotes};
use pg::{Scope, StoreError};
use uuid::Uuid;

use super::Notes;
use crate::domain::{Event, News, Seer, State};

struct EventRow {
    seq: i64,
    note_id: Uuid,
    person_id: Uuid,
    kind: i16,
    state: Option<i16>,
    version: Option<i32>,
    at: Instant,
}

impl TryFrom<EventRow> for Event {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let news = match (row.kind, row.state.zip(row.version)) {
            (1, Some((number, version))) => {
                // Of what is not final nothing but its first signature is kept here.
                let all = [State::Awaiting, State::Final, State::Amended, State::Appended];
                let mut all = all.into_iter().chain([State::EnteredInError]);
                let state = all.find(|state| state.number() == number);
                let state = state.ok_or(StoreError::BadRow { what: "state of a note's event" })?;
                News::State { state, version }
            }
            (2, None) => News::Added,
            _ => return Err(StoreError::BadRow { what: "kind of a note's event" }),
        };
        Ok(Self { seq: row.seq, note: row.note_id, person: row.person_id, news, at: row.at })
    }
}

impl Numbered for Event {
    fn seq(&self) -> i64 {
        self.seq
    }
}

impl Notes {
    /// Those of the events whose note the permit makes visible as it is now, and where it is something beside it
    /// the whole note: what is hidden is not decided on one by one, which would be on record.
    pub async fn visible(
        &self,
        permit: &Permit<ReadNotes>,
        seer: Seer,
        mut events: Vec<Event>,
    ) -> Result<Vec<Event>, StoreError> {
        let (people, visibility) = (permit.people(), permit.visibility());
        let ids: Vec<Uuid> = events.iter().map(|event| event.note).collect();
        let rows = self.db.run_tx("notes.visible_events", permit.scope().reading(), move |tx| {
            let (ids, people, visibility) = (ids.clone(), people.clone(), visibility.clone());
            let seer = seer.clone();
            Box::pin(async move {
                Ok(sqlx::query!(
                    r#"SELECT n.id, COALESCE((
                            SELECT bool_and(part_visible($3, n, q.c, q.s, q.f)) FROM note_parts(n, v) q
                        ) AND part_visible($3, n, COALESCE(n.confidentiality, -1::smallint),
                            n.sensitivities,
                            (n.part2::integer + 2 * n.victim_service::integer)::smallint), false)
                            AS "whole!"
                    FROM note n
                    JOIN note_version v ON v.note_id = n.id AND v.version = n.version
                    WHERE n.id = ANY ($1) AND n.person_id = ANY ($2)
                        AND note_visible($3, n, v.confidentialities, v.sensitivities, v.flags)
                        -- As seen_by of the domain.
                        AND (n.author = $4 OR (n.signed_at IS NOT NULL
                            AND (NOT n.supervised OR n.cosigned_at IS NOT NULL
                                OR n.custodian_id = $5)))
                        AND ($6::uuid IS NULL OR n.class = 0 OR n.custodian_id <> $6
                            OR n.author = $4)"#,
                    &ids,
                    &people,
                    visibility,
                    seer.own,
                    seer.supervises_in,
                    seer.no_counselling_of
                )
                .fetch_all(tx)
                .await?)
            })
        });
        let seen: HashMap<_, _> = rows.await?.into_iter().map(|row| (row.id, row.whole)).collect();
        events.retain(|event| {
            seen.get(&event.note).is_some_and(|whole| *whole || event.news != News::Added)
        });
        Ok(events)
    }
}

impl Log for Notes {
    type Event = Event;

    async fn head(&self) -> Result<i64, StoreError> {
        self.db
            .run_one("notes.head", |conn| {
                Box::pin(async move {
                    let head =
                        sqlx::query_scalar!("SELECT value FROM counter WHERE name = 'note_event'");
                    Ok(head.fetch_optional(conn).await?.unwrap_or(0))
                })
            })
            .await
    }

    async fn all(
        &self,
        (after, upto): (i64, i64),
        most: i32,
    ) -> Result<Vec<Heard<Event>>, StoreError> {
        let rows = self.db.run_one("notes.all_events", move |conn| {
            Box::pin(async move {
                Ok(sqlx::query_as!(
                    EventRow,
                    r#"SELECT seq AS "seq!", note_id AS "note_id!", person_id AS "person_id!",
                        kind AS "kind!", state, version, at AS "at!"
                    FROM locate_note_events($1, $2, $3)"#,
                    after,
                    upto,
                    most
                )
                .fetch_all(conn)
                .await?)
            })
        });
        let heard = rows.await?.into_iter().map(|row| {
            let event = Event::try_from(row)?;
            Ok(Heard { event, concerns: vec![event.person] })
        });
        heard.collect()
    }

    async fn of(
        &self,
        people: &[Uuid],
        (after, upto): (i64, i64),
        most: i32,
    ) -> Result<Vec<Event>, StoreError> {
        let people = people.to_vec();
        let scope = Scope::people(people.clone()).reading();
        let rows = self.db.run_tx("notes.events", scope, move |tx| {
            let people = people.clone();
            Box::pin(async move {
                Ok(sqlx::query_as!(
                    EventRow,
                    r#"SELECT e.seq AS "seq!", e.note_id AS "note_id!", e.person_id AS "person_id!",
                        e.kind AS "kind!", e.state, e.version, e.at AS "at!"
                    FROM unnest($1::uuid[]) AS p (id) CROSS JOIN LATERAL (
                        SELECT o.* FROM note_event o
                        WHERE o.person_id = p.id AND o.seq > $2 AND o.seq <= $3
                        ORDER BY o.seq LIMIT $4
                    ) e
                    ORDER BY e.seq LIMIT $4"#,
                    &people,
                    after,
                    upto,
                    i64::from(most)
                )
                .fetch_all(tx)
                .await?)
            })
        });
        rows.await?.into_iter().map(Event::try_from).collect()
    }
}
