//! What waits for somebody: what they may see first, and only then what is unread of it.

use kernel::Kind;
use permit::{Disclosed, Permit, ReadNotes};
use pg::StoreError;
use uuid::Uuid;

use super::{
    At, Notes,
    note::{facets, signing},
    sections::SectionLabels,
};
use crate::domain::{Labels, PERSON, Seer, State, Waiting, in_parts};

/// For whom, and which page.
#[derive(Debug, Clone)]
pub struct Reviewer {
    pub seer: Seer,
    /// Their unit.
    pub unit: Option<Uuid>,
    /// Their roles, as the contract numbers them.
    pub roles: Vec<i16>,
    /// After this one, the most urgent first.
    pub after: Option<UnreadPlace>,
    pub limit: i64,
}

/// Where something that waits is in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnreadPlace {
    pub reason: i16,
    /// Since when, in microseconds since 1970; where the newest is first, less than nothing.
    pub key: i64,
    pub id: Uuid,
}

/// A note that waits.
#[derive(Debug, Clone)]
pub struct Unread {
    pub record: policy::Record,
    pub note_type: i32,
    pub state: State,
    pub version: i32,
    pub reason: Waiting,
    pub since: At,
}

impl Notes {
    /// A page of what the permit makes visible and waits for its reader, sealed; and where it ended, if there is
    /// more.
    pub async fn unread(
        &self,
        permit: &Permit<ReadNotes>,
        of: Reviewer,
    ) -> Result<(Disclosed<Unread>, Option<UnreadPlace>), StoreError> {
        let (people, visibility) = (permit.people(), permit.visibility());
        let limit = usize::try_from(of.limit).unwrap_or_default();
        let rows = self.db.run_tx("notes.unread", permit.scope().reading(), move |tx| {
            let (people, visibility) = (people.clone(), visibility.clone());
            let of = of.clone();
            Box::pin(async move {
                Ok(sqlx::query!(
                    // What is visible is found before anything is looked at that waits, so that what is hidden
                    // tells nothing.
                    r#"WITH seen AS MATERIALIZED (
                        SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id,
                            n.authored_at, n.confidentiality, n.sensitivities, n.part2,
                            n.victim_service, n.release_block_until, n.note_type, n.state, n.version,
                            n.supervised, n.signed_at, n.cosigned_at, n.shared_from,
                            v.author AS writer, n AS note, s.c, s.s, s.f, s.mark,
                            s.every AND part_visible($2, n, COALESCE(n.confidentiality, -1::smallint),
                                n.sensitivities,
                                (n.part2::integer + 2 * n.victim_service::integer)::smallint) AS whole
                        FROM note n
                        JOIN note_version v ON v.note_id = n.id AND v.version = n.version
                        CROSS JOIN LATERAL (
                            SELECT array_agg(p.c ORDER BY p.place) FILTER (WHERE p.open) AS c,
                                array_agg(p.s ORDER BY p.place) FILTER (WHERE p.open) AS s,
                                array_agg(p.f ORDER BY p.place) FILTER (WHERE p.open) AS f,
                                sha256(string_agg(p.hash, ''::bytea ORDER BY p.place)
                                    FILTER (WHERE p.open)) AS mark,
                                bool_and(p.open) AS every
                            FROM (
                                SELECT q.*, part_visible($2, n, q.c, q.s, q.f) AS open
                                FROM note_parts(n, v) q
                            ) p
                        ) s
                        WHERE n.person_id = ANY ($1) AND n.state <> 5 AND s.mark IS NOT NULL
                            -- As seen_by of the domain.
                            AND (n.author = $3 OR (n.signed_at IS NOT NULL
                                AND (NOT n.supervised OR n.cosigned_at IS NOT NULL
                                    OR n.custodian_id = $4)))
                            AND ($5::uuid IS NULL OR n.class = 0 OR n.custodian_id <> $5
                                OR n.author = $3)
                    ), waits AS (
                        SELECT seen.*, w.reason::smallint AS reason, w.since,
                            ((CASE WHEN w.reason <= 2 THEN 1 ELSE -1 END)
                                * extract(epoch FROM w.since) * 1000000)::bigint AS key
                        FROM seen CROSS JOIN LATERAL (
                            SELECT signed_at IS NOT NULL AND (NOT supervised OR cosigned_at IS NOT NULL)
                                AS shared
                        ) how LEFT JOIN LATERAL (
                            SELECT a.version, a.seen FROM note_acknowledgement a
                            WHERE a.note_id = seen.id AND a.reader IS NOT DISTINCT FROM $3
                            ORDER BY a.version DESC LIMIT 1
                        ) last ON true
                        CROSS JOIN LATERAL (
                            SELECT 1::smallint AS reason, min(q.at) AS since FROM note_question q
                            WHERE seen.whole AND seen.custodian_id = $6 AND q.note_id = seen.id
                                AND q.answered_at IS NULL AND (seen.author = $3 OR q.roles && $7)
                            HAVING min(q.at) IS NOT NULL
                            UNION ALL
                            SELECT 2, seen.signed_at
                            WHERE NOT how.shared AND seen.whole AND seen.custodian_id = $4
                                AND seen.author IS DISTINCT FROM $3
                            UNION ALL
                            -- As ListNoteVersions: since the change that is visible.
                            SELECT 3, (
                                SELECT r.at FROM note_version r WHERE r.note_id = seen.id
                                    AND r.version = COALESCE((
                                        SELECT u.version + 1 FROM note_version u
                                        WHERE u.note_id = seen.id AND u.version < seen.version
                                            AND u.version >= seen.shared_from
                                            AND note_seen($2, seen.note, u) IS DISTINCT FROM seen.mark
                                        ORDER BY u.version DESC LIMIT 1), seen.shared_from)
                            )
                            WHERE how.shared AND last.version < seen.version AND last.seen <> seen.mark
                                AND seen.writer IS DISTINCT FROM $3
                            UNION ALL
                            SELECT 4, COALESCE(seen.cosigned_at, seen.signed_at)
                            WHERE how.shared AND last.version IS NULL
                                AND seen.author IS DISTINCT FROM $3
                                -- Without a practitioner it is the person who asks.
                                AND seen.writer IS DISTINCT FROM COALESCE($3, $12)
                            ORDER BY reason LIMIT 1
                        ) w
                    )
                    SELECT id AS "id!", person_id AS "person_id!", class AS "class!",
                        custodian_id AS "custodian_id!", author AS "author!", episode_id,
                        authored_at AS "authored_at!", confidentiality,
                        sensitivities AS "sensitivities!", part2 AS "part2!",
                        victim_service AS "victim_service!", release_block_until,
                        note_type AS "note_type!", state AS "state!", version AS "version!",
                        supervised AS "supervised!", signed_at, cosigned_at,
                        c AS "section_confidentialities!", s AS "section_sensitivities!",
                        f AS "section_flags!", reason AS "reason!", since AS "since!", key AS "key!"
                    FROM waits
                    WHERE $8::smallint IS NULL OR (reason, key, id) > ($8, $9::bigint, $10::uuid)
                    ORDER BY reason, key, id LIMIT $11"#,
                    &people,
                    visibility,
                    of.seer.own,
                    of.seer.supervises_in,
                    of.seer.no_counselling_of,
                    of.unit,
                    &of.roles,
                    of.after.map(|place| place.reason),
                    of.after.map(|place| place.key),
                    of.after.map(|place| place.id),
                    of.limit + 1,
                    PERSON
                )
                .fetch_all(tx)
                .await?)
            })
        });
        let rows = rows.await?;
        let bad = || StoreError::BadRow { what: "facets of a note" };
        let more = rows.len() > limit;
        let (mut items, mut last) = (Vec::with_capacity(rows.len()), None);
        for row in rows.into_iter().take(limit) {
            let signing = signing(row.signed_at, row.supervised, row.cosigned_at);
            let sections = row.section_flags.len();
            let labels = SectionLabels::of(
                Some(row.section_confidentialities),
                Some(row.section_sensitivities),
                Some(row.section_flags),
            )?;
            last = Some(UnreadPlace { reason: row.reason, key: row.key, id: row.id });
            let record = facets!(row);
            let record = record.record(Kind::Note).ok_or_else(bad)?;
            let parts = in_parts(&record, &Labels::distinct(labels.each(&record, sections)?));
            let unread = Unread {
                note_type: i32::from(row.note_type),
                state: State::of(row.state, signing).ok_or_else(bad)?,
                version: row.version,
                reason: Waiting::of(row.reason).ok_or_else(bad)?,
                since: row.since,
                record: record.clone(),
            };
            items.push((record, parts, unread));
        }
        Ok((permit.seal_parts(items), last.filter(|_| more)))
    }
}
