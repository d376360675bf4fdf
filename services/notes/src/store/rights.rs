//! Blocks of release, their history and their reviews.

use std::collections::HashMap;

use kernel::{Instant, PractitionerId};
use permit::{Permit, ReadNotes, StandingPermit, WriteNotes};
use pg::{Db, PgConnection, Sealed, StoreError};
use uuid::Uuid;

use super::amendments;
use crate::domain::{Beside, Block, Review, Seer, Signature, Verdict, Words};

/// What was written through the Sealed codec.
pub(super) fn words(column: &[u8]) -> Result<Words, StoreError> {
    let text = String::from_utf8(Sealed::open(column)?.to_vec());
    text.map(Words).map_err(|_| StoreError::BadRow { what: "words beside a note" })
}

/// A block as its rows have it.
struct BlockRow {
    note_id: Uuid,
    id: Uuid,
    exception: i16,
    words: Vec<u8>,
    until_at: Instant,
    decider: String,
    at: Instant,
    under_review: bool,
}

impl TryFrom<BlockRow> for Block {
    type Error = StoreError;

    fn try_from(row: BlockRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            exception: row.exception,
            grounds: words(&row.words)?,
            until: row.until_at,
            decided: Signature { by: PractitionerId::new(row.decider), at: row.at },
            under_review: row.under_review,
        })
    }
}

/// What stands beside the words of these notes at this moment.
pub(super) async fn beside(
    tx: &mut PgConnection,
    notes: &[Uuid],
    now: Instant,
) -> Result<HashMap<Uuid, Beside>, StoreError> {
    let mut found: HashMap<Uuid, Beside> = HashMap::new();
    let blocks = sqlx::query_as!(
        BlockRow,
        r#"SELECT n.id AS note_id, d.id, d.exception AS "exception!", d.words AS "words!",
               d.until_at AS "until_at!", d.decider, d.at,
               (EXISTS (SELECT FROM block_review r WHERE r.block_id = d.id) AND NOT EXISTS (
                   SELECT FROM release_decision v WHERE v.block_id = d.id)) AS "under_review!"
           FROM note n JOIN release_decision d ON d.id = n.release_block_id
           WHERE n.id = ANY ($1) AND n.release_block_until > $2"#,
        notes,
        now,
    );
    for row in blocks.fetch_all(&mut *tx).await? {
        let note = row.note_id;
        found.entry(note).or_default().block = Some(row.try_into()?);
    }
    for (note, statement) in amendments::statements(&mut *tx, notes).await? {
        found.entry(note).or_default().statements.push(statement);
    }
    for amendment in amendments::decided(tx, notes).await? {
        found.entry(amendment.note).or_default().amendments.push(amendment);
    }
    Ok(found)
}

/// As [`beside`], of the permit's note.
pub async fn beside_of(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    now: Instant,
) -> Result<Beside, StoreError> {
    let note = permit.record_id();
    Ok(beside(tx, &[note], now).await?.remove(&note).unwrap_or_default())
}

/// Blocks the permit's note, in the place of what there was. A review that the person has asked for and that
/// nobody has decided is of this block now: `review` is its name. Whether there is one.
pub async fn block(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    block: &Block,
    review: Uuid,
) -> Result<bool, StoreError> {
    let (note, person) = (permit.record_id(), permit.person_id());
    let sealed = Sealed::seal(block.grounds.0.as_bytes());
    sqlx::query!(
        "INSERT INTO release_decision (id, note_id, person_id, kind, exception, until_at, words,
            decider, at)
         VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8)",
        block.id,
        note,
        person,
        block.exception,
        block.until,
        sealed.bytes(),
        block.decided.by.as_str(),
        block.decided.at,
    )
    .execute(&mut *tx)
    .await?;
    let goes_on = sqlx::query!(
        "INSERT INTO block_review (id, request_id, block_id, note_id, person_id, custodian_id, at)
         SELECT $1, r.request_id, $2, r.note_id, r.person_id, r.custodian_id, r.at FROM (
            SELECT w.* FROM block_review w WHERE w.note_id = $3 AND w.person_id = $4
            ORDER BY w.at DESC, w.id DESC LIMIT 1
         ) r WHERE NOT EXISTS (
            SELECT FROM block_review b JOIN release_decision d ON d.block_id = b.block_id
            WHERE b.request_id = r.request_id AND b.note_id = r.note_id AND d.kind IN (3, 4))",
        review,
        block.id,
        note,
        person,
    )
    .execute(&mut *tx)
    .await?;
    blocked_by(tx, permit, Some((block.id, block.until))).await?;
    Ok(goes_on.rows_affected() == 1)
}

async fn blocked_by(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    block: Option<(Uuid, Instant)>,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "UPDATE note SET release_block_id = $3, release_block_until = $4
         WHERE id = $1 AND person_id = $2 AND signed_at IS NOT NULL",
        permit.record_id(),
        permit.person_id(),
        block.map(|(id, _)| id),
        block.map(|(_, until)| until),
    )
    .execute(tx)
    .await?;
    super::write::one(done.rows_affected())
}

async fn decide(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    (id, kind, block): (Uuid, i16, Uuid),
    words: Option<&Words>,
    (by, at): (&PractitionerId, Instant),
) -> Result<(), StoreError> {
    let words = words.map(|words| Sealed::seal(words.0.as_bytes()));
    sqlx::query!(
        "INSERT INTO release_decision (id, note_id, person_id, kind, block_id, words, decider, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        id,
        permit.record_id(),
        permit.person_id(),
        kind,
        block,
        words.as_ref().map(Sealed::bytes),
        by.as_str(),
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends the block in force.
pub async fn lift(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    (id, block): (Uuid, Uuid),
    by: &PractitionerId,
    at: Instant,
) -> Result<(), StoreError> {
    decide(tx, permit, (id, 2, block), None, (by, at)).await?;
    blocked_by(tx, permit, None).await
}

/// Ends the review of the block in force, and the block with it unless it is upheld.
pub async fn review(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    (id, block): (Uuid, Uuid),
    verdict: &Verdict,
) -> Result<(), StoreError> {
    let kind = if verdict.upheld { 3_i16 } else { 4 };
    let by = (&verdict.by, verdict.at);
    decide(tx, permit, (id, kind, block), Some(&verdict.words), by).await?;
    if verdict.upheld { Ok(()) } else { blocked_by(tx, permit, None).await }
}

/// Whether somebody has ever decided a block of the permit's note.
pub async fn has_blocked(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    who: &PractitionerId,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM release_decision
               WHERE note_id = $1 AND person_id = $2 AND kind = 1 AND decider = $3) AS "found!""#,
        permit.record_id(),
        permit.person_id(),
        who.as_str(),
    );
    Ok(found.fetch_one(tx).await?)
}

/// Of which block a review of the permit's note is, and when it was asked.
pub async fn reviewed(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    review: Uuid,
) -> Result<(Uuid, Instant), StoreError> {
    let row = sqlx::query!(
        "SELECT block_id, at FROM block_review WHERE id = $1 AND note_id = $2 AND person_id = $3",
        review,
        permit.record_id(),
        permit.person_id(),
    );
    let row = row.fetch_optional(tx).await?.ok_or(StoreError::NotFound)?;
    Ok((row.block_id, row.at))
}

/// Keeps that the person asked, and puts under review what is in force and was not reviewed yet; of those
/// agencies that vouch for their sign-in.
pub async fn ask_review(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    request: Uuid,
    at: Instant,
    new_id: impl Fn() -> Uuid,
) -> Result<(), StoreError> {
    let (person, confirmed) = (permit.person_id(), permit.confirmed_by());
    sqlx::query!(
        "INSERT INTO review_request (id, person_id, at) VALUES ($1, $2, $3)",
        request,
        person,
        at
    )
    .execute(&mut *tx)
    .await?;
    // Locked: no other block takes its place meanwhile.
    let blocked = sqlx::query!(
        r#"SELECT id, custodian_id, release_block_id AS "block!" FROM note n
           WHERE person_id = $1 AND release_block_until > $2 AND release_block_id IS NOT NULL
               AND ($3::uuid[] IS NULL OR custodian_id = ANY ($3))
           FOR UPDATE"#,
        person,
        at,
        confirmed.as_deref(),
    );
    for note in blocked.fetch_all(&mut *tx).await? {
        sqlx::query!(
            "INSERT INTO block_review (id, request_id, block_id, note_id, person_id, custodian_id, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (block_id) DO NOTHING",
            new_id(),
            request,
            note.block,
            note.id,
            person,
            note.custodian_id,
            at,
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// What waits at an agency: which it is, whose, and since when or until when.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    pub id: Uuid,
    pub person: Uuid,
    pub at: Instant,
}

/// Reviews that wait at an agency, after this one, oldest first.
pub(super) async fn waiting_reviews(
    db: &Db,
    (custodian, seer): (Uuid, Seer),
    now: Instant,
    (at, after): (Instant, Uuid),
    most: i64,
) -> Result<Vec<Waits>, StoreError> {
    db.run_one("reviews.locate", move |conn| {
        let seer = seer.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Waits,
                r#"SELECT id AS "id!", person_id AS "person!", at AS "at!"
                   FROM locate_block_reviews($1, $2, $3, $4, $5, $6, $7)"#,
                custodian,
                seer.own,
                seer.no_counselling_of.is_none(),
                now,
                at,
                after,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}

/// These reviews, of the permit's people.
pub(super) async fn reviews(
    db: &Db,
    permit: &Permit<ReadNotes>,
    ids: Vec<Uuid>,
) -> Result<Vec<Review>, StoreError> {
    let people = permit.people();
    let rows = db.run_tx("reviews.list", permit.scope().reading(), move |tx| {
        let (ids, people) = (ids.clone(), people.clone());
        Box::pin(async move {
            Ok(sqlx::query!(
                r#"SELECT r.id, r.note_id, r.person_id, r.at AS asked_at, d.id AS block_id,
                       d.exception AS "exception!", d.words AS "words!", d.until_at AS "until_at!",
                       d.decider, d.at
                   FROM block_review r JOIN release_decision d ON d.id = r.block_id
                   WHERE r.id = ANY ($1) AND r.person_id = ANY ($2)
                   ORDER BY r.at, r.id"#,
                &ids,
                &people,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    let reviews = rows.await?.into_iter().map(|row| {
        Ok(Review {
            id: row.id,
            note: row.note_id,
            person: row.person_id,
            asked_at: row.asked_at,
            block: Block {
                id: row.block_id,
                exception: row.exception,
                grounds: words(&row.words)?,
                until: row.until_at,
                decided: Signature { by: PractitionerId::new(row.decider), at: row.at },
                under_review: true,
            },
        })
    });
    reviews.collect()
}

/// About which note a review, a request for amendment or a question is.
pub(super) async fn note_of(db: &Db, id: Uuid) -> Result<Option<Uuid>, StoreError> {
    db.run_one("rights.locate", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar!("SELECT locate_note_of($1)", id).fetch_one(conn).await?)
        })
    })
    .await
}
