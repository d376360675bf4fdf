//! Searches: what the caller may see first, and only then the words.

use std::collections::HashMap;

use kernel::Kind;
use permit::{Disclosed, Permit, ReadNotes};
use pg::{Scope, StoreError};
use uuid::Uuid;

use super::{
    At, Notes,
    note::{facets, signing},
    sections::{SectionLabels, words},
};
use crate::domain::{Labels, MARKS, Piece, Seer, State, in_parts, piece};

/// What is looked for, and among what.
#[derive(Debug, Clone)]
pub struct Sought {
    /// As it was asked, and without accents.
    pub said: String,
    pub folded: String,
    pub types: Option<Vec<i16>>,
    pub author: Option<String>,
    pub custodian: Option<Uuid>,
    pub period: (Option<At>, Option<At>),
    pub seer: Seer,
    /// After this one, best first.
    pub after: Option<Place>,
    pub limit: i64,
}

/// Where a hit is in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Millionths.
    pub rank: i32,
    pub authored_at: At,
    pub id: Uuid,
}

/// A note in which words were found, and in which of its sections.
#[derive(Debug, Clone)]
pub struct Hit {
    pub record: policy::Record,
    pub note_type: i32,
    pub state: State,
    pub version: i32,
    pub place: Place,
    /// Places, from 1, and labels.
    pub sections: Vec<(i64, Labels)>,
}

/// A section of a hit that was released, and the best piece of it.
#[derive(Debug, Clone)]
pub struct Found {
    pub title: String,
    pub piece: Option<Piece>,
}

/// Text of sections that is marked for one page.
const MARKED_BYTES: usize = 2 * 1024 * 1024;
/// Sections of one note.
const MARKED: usize = 3;

impl Notes {
    /// A page of what the permit makes visible and has the words, sealed; and where it ended, if there is more.
    pub async fn search(
        &self,
        permit: &Permit<ReadNotes>,
        wanted: Sought,
    ) -> Result<(Disclosed<Hit>, Option<Place>), StoreError> {
        let (people, visibility) = (permit.people(), permit.visibility());
        let limit = usize::try_from(wanted.limit).unwrap_or_default();
        let rows = self
            .db
            .run_tx("notes.search", permit.scope().reading(), move |tx| {
                let (people, visibility) = (people.clone(), visibility.clone());
                let wanted = wanted.clone();
                Box::pin(async move {
                    let after = wanted.after;
                    Ok(sqlx::query!(
                        // What is visible is found before any word is looked at, so that a hidden one costs
                        // what another costs.
                        r#"WITH asked AS MATERIALIZED (
                            SELECT websearch_to_tsquery('pg_catalog.english', $3)
                                || websearch_to_tsquery('pg_catalog.spanish', $2)
                                || websearch_to_tsquery('pg_catalog.spanish', $3) AS query
                        ), seen AS MATERIALIZED (
                            SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id,
                                n.authored_at, n.release_block_until, n.note_type, n.state,
                                n.version, n.supervised, n.signed_at, n.cosigned_at,
                                n.confidentiality, n.sensitivities, n.part2, n.victim_service,
                                s.place, s.c, s.s, s.f, s.words
                            FROM note n
                            JOIN note_version v ON v.note_id = n.id AND v.version = n.version
                            CROSS JOIN LATERAL (
                                SELECT u.place, u.c, u.s, u.f, u.words
                                FROM unnest(v.confidentialities, v.sensitivities, v.flags,
                                    COALESCE(v.words, words_of_body(v.body)))
                                    WITH ORDINALITY AS u (c, s, f, words, place)
                                WHERE v.confidentialities IS NOT NULL
                                UNION ALL
                                SELECT u.place, COALESCE(n.confidentiality, -1::smallint),
                                    n.sensitivities, (n.part2::int + 2 * n.victim_service::int)::smallint,
                                    u.words
                                FROM unnest(words_of_body(v.body)) WITH ORDINALITY AS u (words, place)
                                WHERE v.confidentialities IS NULL
                            ) s
                            WHERE n.person_id = ANY ($1)
                                AND ($5::smallint[] IS NULL OR n.note_type = ANY ($5))
                                AND ($6::text IS NULL OR n.author = $6)
                                AND ($7::uuid IS NULL OR n.custodian_id = $7)
                                AND ($8::timestamptz IS NULL OR n.authored_at >= $8)
                                AND ($9::timestamptz IS NULL OR n.authored_at < $9)
                                -- As seen_by of the domain.
                                AND (n.author = $10 OR (n.signed_at IS NOT NULL
                                    AND (NOT n.supervised OR n.cosigned_at IS NOT NULL
                                        OR n.custodian_id = $11)))
                                AND ($12::uuid IS NULL OR n.class = 0 OR n.custodian_id <> $12
                                    OR n.author = $10)
                                AND visible($4, n.id, n.person_id, 0::smallint, n.class,
                                    n.custodian_id, n.author, n.episode_id, n.authored_at,
                                    nullif(s.c, -1::smallint), s.s, (s.f & 1::smallint) <> 0,
                                    (s.f & 2::smallint) <> 0, n.release_block_until)
                        ), found AS (
                            SELECT seen.*,
                                (1000000 * ts_rank(seen.words, asked.query))::integer AS points
                            FROM seen CROSS JOIN asked WHERE seen.words @@ asked.query
                        )
                        -- One pass: a join of hits with their sections is a product where many are found.
                        SELECT f.id AS "id!", f.person_id AS "person_id!", f.class AS "class!",
                            f.custodian_id AS "custodian_id!", f.author AS "author!", f.episode_id,
                            f.authored_at AS "authored_at!", f.confidentiality,
                            f.sensitivities AS "sensitivities!", f.part2 AS "part2!",
                            f.victim_service AS "victim_service!", f.release_block_until,
                            f.note_type AS "note_type!", f.state AS "state!",
                            f.version AS "version!", f.supervised AS "supervised!", f.signed_at,
                            f.cosigned_at, max(f.points) AS "points!",
                            array_agg(f.place ORDER BY f.place) AS "places!",
                            array_agg(f.c ORDER BY f.place) AS "section_confidentialities!",
                            array_agg(f.s ORDER BY f.place) AS "section_sensitivities!",
                            array_agg(f.f ORDER BY f.place) AS "section_flags!"
                        FROM found f
                        GROUP BY f.id, f.person_id, f.class, f.custodian_id, f.author, f.episode_id,
                            f.authored_at, f.confidentiality, f.sensitivities, f.part2,
                            f.victim_service, f.release_block_until, f.note_type, f.state,
                            f.version, f.supervised, f.signed_at, f.cosigned_at
                        HAVING $13::integer IS NULL OR (max(f.points), f.authored_at, f.id)
                            < ($13, $14::timestamptz, $15::uuid)
                        ORDER BY max(f.points) DESC, f.authored_at DESC, f.id DESC
                        LIMIT $16"#,
                        &people,
                        wanted.said,
                        wanted.folded,
                        visibility,
                        wanted.types.as_deref(),
                        wanted.author,
                        wanted.custodian,
                        wanted.period.0,
                        wanted.period.1,
                        wanted.seer.own,
                        wanted.seer.supervises_in,
                        wanted.seer.no_counselling_of,
                        after.map(|place| place.rank),
                        after.map(|place| place.authored_at),
                        after.map(|place| place.id),
                        wanted.limit + 1
                    )
                    .fetch_all(tx)
                    .await?)
                })
            })
            .await?;
        let bad = || StoreError::BadRow { what: "facets of a note" };
        let more = rows.len() > limit;
        let mut hits = Vec::with_capacity(rows.len());
        for row in rows.into_iter().take(limit) {
            let signing = signing(row.signed_at, row.supervised, row.cosigned_at);
            let labels = SectionLabels::of(
                Some(row.section_confidentialities),
                Some(row.section_sensitivities),
                Some(row.section_flags),
            )?;
            let place = Place { rank: row.points, authored_at: row.authored_at, id: row.id };
            let record = facets!(row);
            let record = record.record(Kind::Note).ok_or_else(bad)?;
            let labels = labels.each(&record, row.places.len())?;
            hits.push(Hit {
                note_type: i32::from(row.note_type),
                state: State::of(row.state, signing).ok_or_else(bad)?,
                version: row.version,
                place,
                sections: row.places.into_iter().zip(labels).collect(),
                record,
            });
        }
        let last = hits.last().map(|hit| hit.place).filter(|_| more);
        let rows = hits.into_iter().map(|hit| {
            let labels = Labels::distinct(hit.sections.iter().map(|(_, labels)| *labels));
            let parts = in_parts(&hit.record, &labels);
            (hit.record.clone(), parts, hit)
        });
        Ok((permit.seal_parts(rows), last))
    }

    /// The best pieces of the sections of these hits, which were released: of each note of the first, and of as
    /// many notes as there is room for.
    pub async fn marked(
        &self,
        scope: Scope,
        hits: &[Hit],
        (said, folded): (String, String),
    ) -> Result<HashMap<Uuid, Vec<Found>>, StoreError> {
        let ids: Vec<Uuid> = hits.iter().map(|hit| hit.place.id).collect();
        let versions: Vec<i32> = hits.iter().map(|hit| hit.version).collect();
        let bodies = self
            .db
            .run_tx("notes.found", scope.reading(), move |tx| {
                let (ids, versions) = (ids.clone(), versions.clone());
                Box::pin(async move {
                    Ok(sqlx::query!(
                        "SELECT v.note_id, v.body FROM note_version v
                         JOIN unnest($1::uuid[], $2::integer[]) AS hit (id, version)
                            ON v.note_id = hit.id AND v.version = hit.version",
                        &ids,
                        &versions
                    )
                    .fetch_all(tx)
                    .await?)
                })
            })
            .await?;
        let bodies: HashMap<Uuid, Vec<u8>> =
            bodies.into_iter().map(|row| (row.note_id, row.body)).collect();
        let (mut owners, mut titles, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        let mut bytes = 0;
        for hit in hits.iter().filter(|hit| bodies.contains_key(&hit.place.id)) {
            let sections = words(bodies.get(&hit.place.id).map(Vec::as_slice).unwrap_or_default())?;
            for (place, _) in hit.sections.iter().take(MARKED) {
                let section = usize::try_from(place - 1).ok().and_then(|at| sections.get(at));
                let section = section.ok_or(StoreError::BadRow { what: "sections of a note" })?;
                bytes += section.body.len();
                owners.push(hit.place.id);
                titles.push(section.title.clone());
                texts.push(section.body.clone());
            }
            if bytes > MARKED_BYTES {
                break;
            }
        }
        let marked = self.mark(texts.clone(), said, folded).await?;
        let mut found: HashMap<Uuid, Vec<Found>> = HashMap::new();
        for (((id, title), text), marked) in owners.into_iter().zip(titles).zip(texts).zip(marked) {
            let piece = piece(&text, &marked);
            found.entry(id).or_default().push(Found { title, piece });
        }
        Ok(found)
    }

    /// The best piece of each text, with signs around what was looked for. It reads no table.
    async fn mark(
        &self,
        texts: Vec<String>,
        said: String,
        folded: String,
    ) -> Result<Vec<String>, StoreError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let plain: Vec<String> = texts.iter().map(|text| crate::domain::folded(text)).collect();
        let (start, stop) = MARKS;
        let how = format!("StartSel=\"{start}\", StopSel=\"{stop}\", MaxWords=40, MinWords=15");
        let rows = self
            .db
            .run_tx("notes.mark", Scope::people([]).reading(), move |tx| {
                let (texts, plain, how) = (texts.clone(), plain.clone(), how.clone());
                let (said, folded) = (said.clone(), folded.clone());
                Box::pin(async move {
                    Ok(sqlx::query_scalar!(
                        r#"WITH asked AS MATERIALIZED (
                            SELECT websearch_to_tsquery('pg_catalog.english', $4) AS english,
                                websearch_to_tsquery('pg_catalog.spanish', $3) AS spanish,
                                websearch_to_tsquery('pg_catalog.spanish', $4) AS plain
                        )
                        SELECT CASE
                            WHEN to_tsvector('pg_catalog.english', t.plain) @@ asked.english
                                THEN ts_headline('pg_catalog.english', t.plain, asked.english, $5)
                            WHEN to_tsvector('pg_catalog.spanish', t.said) @@ asked.spanish
                                THEN ts_headline('pg_catalog.spanish', t.said, asked.spanish, $5)
                            ELSE ts_headline('pg_catalog.spanish', t.plain, asked.plain, $5)
                            END AS "marked!"
                        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (said, plain, place)
                        CROSS JOIN asked ORDER BY t.place"#,
                        &texts,
                        &plain,
                        said,
                        folded,
                        how
                    )
                    .fetch_all(tx)
                    .await?)
                })
            })
            .await?;
        Ok(rows)
    }
}
