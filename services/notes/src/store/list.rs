//! Lists: filtered by Visibility in SQL before the page is cut.

use permit::{Disclosed, Permit, ReadNotes};
use pg::StoreError;
use uuid::Uuid;

use super::{
    At, Notes,
    note::{Closed, NoteRow},
};
use crate::domain::Seer;

/// Words of one page, and what stands beside them, so that its reply keeps below the contract's 4 MiB: the first
/// note always, and then as many as there is room for.
const PAGE_BYTES: i64 = 3 * 1024 * 1024;

/// Which page.
#[derive(Debug, Clone)]
pub struct Page {
    pub note_type: Option<i16>,
    pub seer: Seer,
    /// After this row, newest first.
    pub before: (At, Uuid),
    pub limit: i64,
}

impl Notes {
    /// A page of what the permit makes visible, sealed; and where it ended, if there is more. That
    /// place is the page's, not that of what is left of it at its release.
    pub async fn list(
        &self,
        permit: &Permit<ReadNotes>,
        page: Page,
    ) -> Result<(Disclosed<Closed>, Option<(At, Uuid)>), StoreError> {
        let people = permit.people();
        let visibility = permit.visibility();
        let limit = usize::try_from(page.limit).unwrap_or_default();
        let mut rows = self
            .db
            .run_tx("notes.list", permit.scope().reading(), move |tx| {
                let (people, visibility, page) = (people.clone(), visibility.clone(), page.clone());
                Box::pin(async move {
                    Ok(sqlx::query_as!(
                        NoteRow,
                        r#"WITH page AS (
                            SELECT n.id, n.person_id, n.class, n.custodian_id, n.author,
                                n.episode_id, n.authored_at, n.confidentiality, n.sensitivities,
                                n.part2, n.victim_service, n.release_block_until, n.note_type,
                                n.state, n.version, n.signed_at, n.row_version, n.supervised,
                                n.cosigner, n.cosigned_at, n.shared_from, n.error_marker,
                                n.error_at, n.error_reason, n.beside_bytes, n.referral_id,
                                n.goal_id, n.answers_id, n.derived_from, v.body, v.sha256,
                                v.facts, v.facts_sha256, v.version AS shown,
                                v.confidentialities AS section_confidentialities,
                                v.sensitivities AS section_sensitivities, v.flags AS section_flags
                            FROM note n
                            JOIN note_version v ON v.note_id = n.id AND v.version = n.version
                            WHERE n.person_id = ANY ($1)
                                AND note_visible($2, n, v.confidentialities, v.sensitivities,
                                    v.flags)
                                AND ($3::smallint IS NULL OR n.note_type = $3)
                                -- As seen_by of the domain.
                                AND (n.author = $4 OR (n.signed_at IS NOT NULL
                                    AND (NOT n.supervised OR n.cosigned_at IS NOT NULL
                                        OR n.custodian_id = $10)))
                                AND ($5::uuid IS NULL OR n.class = 0 OR n.custodian_id <> $5
                                    OR n.author = $4)
                                AND (n.authored_at, n.id) < ($6, $7)
                            ORDER BY n.authored_at DESC, n.id DESC
                            LIMIT $8
                        ), counted AS (
                            SELECT *, row_number() OVER newest AS place,
                                sum(octet_length(body) + beside_bytes) OVER newest AS bytes
                            FROM page WINDOW newest AS (ORDER BY authored_at DESC, id DESC)
                        )
                        -- One row too many, of whatever length, tells that there is more.
                        SELECT id AS "id!", person_id AS "person_id!", class AS "class!",
                            custodian_id AS "custodian_id!", author AS "author!", episode_id,
                            authored_at AS "authored_at!", confidentiality,
                            sensitivities AS "sensitivities!", part2 AS "part2!",
                            victim_service AS "victim_service!", release_block_until,
                            note_type AS "note_type!", state AS "state!", version AS "version!",
                            signed_at, row_version AS "row_version!",
                            supervised AS "supervised!", cosigner, cosigned_at,
                            shared_from AS "shared_from!", error_marker, error_at, error_reason,
                            beside_bytes AS "beside_bytes!", referral_id, goal_id, answers_id,
                            derived_from AS "derived_from!", facts, facts_sha256,
                            body AS "body!", sha256 AS "sha256!",
                            shown AS "shown!", section_confidentialities, section_sensitivities,
                            section_flags
                        FROM counted
                        WHERE place = 1 OR bytes - octet_length(body) - beside_bytes <= $9
                        ORDER BY authored_at DESC, id DESC"#,
                        &people,
                        visibility,
                        page.note_type,
                        page.seer.own,
                        page.seer.no_counselling_of,
                        page.before.0,
                        page.before.1,
                        page.limit + 1,
                        PAGE_BYTES,
                        page.seer.supervises_in
                    )
                    .fetch_all(tx)
                    .await?)
                })
            })
            .await?;
        let kept = fitting(&rows, limit);
        let last = rows.get(kept.saturating_sub(1)).map(|row| (row.authored_at, row.id));
        let last = last.filter(|_| kept < rows.len());
        rows.truncate(kept);
        let notes: Result<Vec<_>, StoreError> = rows
            .into_iter()
            .map(|row| {
                let note = Closed::try_from(row)?;
                Ok((note.record.clone(), note.in_parts(), note))
            })
            .collect();
        Ok((permit.seal_parts(notes?), last))
    }
}

/// How many rows make the page.
fn fitting(rows: &[NoteRow], limit: usize) -> usize {
    let mut bytes = 0;
    let fits = |(place, row): &(usize, &NoteRow)| {
        bytes += row.body.as_ref().map_or(0, |body| i64::try_from(body.len()).unwrap_or(i64::MAX))
            + i64::from(row.beside_bytes);
        *place == 0 || bytes <= PAGE_BYTES
    };
    rows.iter().take(limit).enumerate().take_while(fits).count()
}
