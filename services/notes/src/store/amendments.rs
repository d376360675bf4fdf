//! Requests for amendment and statements.

use kernel::{Instant, PractitionerId};
use permit::{Permit, ReadNotes, StandingPermit, WriteNotes};
use pg::{Db, PgConnection, Sealed, StoreError};
use uuid::Uuid;

use super::rights::{Waits, words};
use crate::domain::{Amendment, Decided, Outcome, Seer, Signature, Statement, Words};

/// A request as its row has it.
pub(super) struct AmendmentRow {
    pub id: Uuid,
    pub note_id: Uuid,
    pub person_id: Uuid,
    pub words: Vec<u8>,
    pub at: Instant,
    pub due_at: Instant,
    pub extended_at: Option<Instant>,
    pub extension: Option<Vec<u8>>,
    pub decided_at: Option<Instant>,
    pub decider: Option<String>,
    pub version: Option<i32>,
    pub ground: Option<i16>,
    pub answer: Option<Vec<u8>>,
}

impl TryFrom<AmendmentRow> for Amendment {
    type Error = StoreError;

    fn try_from(row: AmendmentRow) -> Result<Self, StoreError> {
        let extension = row.extension.as_deref().map(words).transpose()?;
        let answer = row.answer.as_deref().map(words).transpose()?;
        let outcome = match (row.version, row.ground.zip(answer)) {
            (Some(version), None) => Some(Outcome::Accepted { version }),
            (None, Some((ground, answer))) => Some(Outcome::Denied { ground, answer }),
            (None, None) => None,
            _ => return Err(StoreError::BadRow { what: "what a request came to" }),
        };
        let signed = row.decider.zip(row.decided_at);
        let signed = signed.map(|(by, at)| Signature { by: PractitionerId::new(by), at });
        Ok(Self {
            id: row.id,
            note: row.note_id,
            person: row.person_id,
            words: words(&row.words)?,
            asked_at: row.at,
            due_at: row.due_at,
            extended: row.extended_at.zip(extension),
            decided: signed.zip(outcome).map(|(signed, outcome)| Decided { signed, outcome }),
        })
    }
}

/// What is counted for each of them beside its words: its name, its times, who decided.
const AROUND: usize = 256;

/// Makes room for what is shown beside a note's words from now on.
async fn weigh(
    tx: &mut PgConnection,
    (note, person): (Uuid, Uuid),
    words: &[&Words],
) -> Result<(), StoreError> {
    let bytes = AROUND + words.iter().map(|words| words.0.len()).sum::<usize>();
    let done = sqlx::query!(
        "UPDATE note SET beside_bytes = beside_bytes + $3 WHERE id = $1 AND person_id = $2",
        note,
        person,
        i32::try_from(bytes).unwrap_or(i32::MAX),
    )
    .execute(tx)
    .await?;
    super::write::one(done.rows_affected())
}

/// How many requests there are about a note of the person's, and how many of them are not decided.
pub async fn asked(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    note: Uuid,
) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "all!", count(*) FILTER (WHERE state = 1) AS "open!"
           FROM amendment_request WHERE note_id = $1 AND person_id = $2"#,
        note,
        permit.person_id(),
    );
    let row = row.fetch_one(tx).await?;
    Ok((row.all, row.open))
}

/// Keeps a request of the person's.
pub async fn ask(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    custodian: Uuid,
    asked: &Amendment,
) -> Result<(), StoreError> {
    let sealed = Sealed::seal(asked.words.0.as_bytes());
    sqlx::query!(
        "INSERT INTO amendment_request (id, note_id, person_id, custodian_id, words, at, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        asked.id,
        asked.note,
        permit.person_id(),
        custodian,
        sealed.bytes(),
        asked.asked_at,
        asked.due_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A request about the permit's note, which is locked.
pub async fn amendment(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    id: Uuid,
) -> Result<Amendment, StoreError> {
    let row = sqlx::query_as!(
        AmendmentRow,
        "SELECT id, note_id, person_id, words, at, due_at, extended_at, extension, decided_at, decider,
            version, ground, answer
         FROM amendment_request WHERE id = $1 AND note_id = $2 AND person_id = $3",
        id,
        permit.record_id(),
        permit.person_id(),
    );
    row.fetch_optional(tx).await?.ok_or(StoreError::NotFound)?.try_into()
}

/// Keeps that it was extended.
pub async fn extend(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    extended: &Amendment,
    by: &PractitionerId,
) -> Result<(), StoreError> {
    let (at, why) = extended.extended.as_ref().ok_or(StoreError::NotFound)?;
    let sealed = Sealed::seal(why.0.as_bytes());
    let done = sqlx::query!(
        "UPDATE amendment_request SET due_at = $3, extended_at = $4, extender = $5, extension = $6
         WHERE id = $1 AND person_id = $2 AND state = 1 AND extended_at IS NULL",
        extended.id,
        permit.person_id(),
        extended.due_at,
        *at,
        by.as_str(),
        sealed.bytes(),
    )
    .execute(tx)
    .await?;
    super::write::one(done.rows_affected())
}

/// Keeps what it came to.
pub async fn decide(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    asked: &Amendment,
    decided: &Decided,
) -> Result<(), StoreError> {
    let (state, version, ground, answer) = match &decided.outcome {
        Outcome::Accepted { version } => (2_i16, Some(*version), None, None),
        Outcome::Denied { ground, answer } => (3, None, Some(*ground), Some(answer)),
    };
    let sealed = answer.map(|answer| Sealed::seal(answer.0.as_bytes()));
    let done = sqlx::query!(
        "UPDATE amendment_request SET state = $3, decided_at = $4, decider = $5, version = $6,
            ground = $7, answer = $8
         WHERE id = $1 AND person_id = $2 AND state = 1",
        asked.id,
        permit.person_id(),
        state,
        decided.signed.at,
        decided.signed.by.as_str(),
        version,
        ground,
        sealed.as_ref().map(Sealed::bytes),
    )
    .execute(&mut *tx)
    .await?;
    super::write::one(done.rows_affected())?;
    let shown: Vec<&Words> = answer.into_iter().flat_map(|answer| [answer, &asked.words]).collect();
    weigh(tx, (permit.record_id(), permit.person_id()), &shown).await
}

/// Which requests.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of this agency; none: the person asks.
    pub custodian: Option<Uuid>,
    /// These alone; none: all.
    pub ids: Option<Vec<Uuid>>,
    /// After this one, by when it is due.
    pub after: (Instant, Uuid),
    pub most: i64,
}

/// Requests of the permit's people about notes that it makes visible, what is due first first.
pub(super) async fn list(
    db: &Db,
    permit: &Permit<ReadNotes>,
    wanted: Wanted,
) -> Result<Vec<Amendment>, StoreError> {
    let (people, visibility) = (permit.people(), permit.visibility());
    let rows = db.run_tx("amendments.list", permit.scope().reading(), move |tx| {
        let (people, visibility) = (people.clone(), visibility.clone());
        let wanted = wanted.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                AmendmentRow,
                "SELECT a.id, a.note_id, a.person_id, a.words, a.at, a.due_at, a.extended_at,
                    a.extension, a.decided_at, a.decider, a.version, a.ground, a.answer
                 FROM amendment_request a JOIN note n ON n.id = a.note_id
                 WHERE a.person_id = ANY ($1)
                    AND visible($2, n.id, n.person_id, 0::smallint, n.class, n.custodian_id, n.author,
                        n.episode_id, n.authored_at, n.confidentiality, n.sensitivities, n.part2,
                        n.victim_service, n.release_block_until)
                    AND ($3::uuid IS NULL OR a.custodian_id = $3)
                    AND ($4::uuid[] IS NULL OR a.id = ANY ($4))
                    AND (a.due_at, a.id) > ($5, $6)
                 ORDER BY a.due_at, a.id LIMIT $7",
                &people,
                visibility,
                wanted.custodian,
                wanted.ids.as_deref(),
                wanted.after.0,
                wanted.after.1,
                wanted.most,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    rows.await?.into_iter().map(Amendment::try_from).collect()
}

/// Requests that wait at an agency, after this one, what is due first first.
pub(super) async fn waiting(
    db: &Db,
    (custodian, seer): (Uuid, Seer),
    (at, after): (Instant, Uuid),
    most: i64,
) -> Result<Vec<Waits>, StoreError> {
    db.run_one("amendments.locate", move |conn| {
        let seer = seer.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Waits,
                r#"SELECT id AS "id!", person_id AS "person!", at AS "at!"
                   FROM locate_amendments($1, $2, $3, $4, $5, $6)"#,
                custodian,
                seer.own,
                seer.no_counselling_of.is_none(),
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

/// How many statements there are about a note of the person's, and whether this request about it was denied.
pub async fn stated(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    note: Uuid,
    amendment: Option<Uuid>,
) -> Result<(i64, bool), StoreError> {
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM note_statement WHERE note_id = $1 AND person_id = $2) AS "all!",
               EXISTS (SELECT FROM amendment_request
                   WHERE note_id = $1 AND person_id = $2 AND id = $3 AND state = 3) AS "denied!""#,
        note,
        permit.person_id(),
        amendment,
    );
    let row = row.fetch_one(tx).await?;
    Ok((row.all, row.denied))
}

/// Keeps what the person has written.
pub async fn state(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    note: Uuid,
    statement: &Statement,
) -> Result<(), StoreError> {
    let person = permit.person_id();
    let sealed = Sealed::seal(statement.words.0.as_bytes());
    sqlx::query!(
        "INSERT INTO note_statement (id, note_id, person_id, words, at, amendment_id)
         VALUES ($1, $2, $3, $4, $5, $6)",
        statement.id,
        note,
        person,
        sealed.bytes(),
        statement.at,
        statement.amendment,
    )
    .execute(&mut *tx)
    .await?;
    weigh(tx, (note, person), &[&statement.words]).await
}

/// Requests about these notes that were decided, in the order of their decision.
pub(super) async fn decided(
    tx: &mut PgConnection,
    notes: &[Uuid],
) -> Result<Vec<Amendment>, StoreError> {
    let rows = sqlx::query_as!(
        AmendmentRow,
        "SELECT id, note_id, person_id, words, at, due_at, extended_at, extension, decided_at, decider,
            version, ground, answer
         FROM amendment_request WHERE note_id = ANY ($1) AND state > 1 ORDER BY decided_at, id",
        notes,
    );
    rows.fetch_all(tx).await?.into_iter().map(Amendment::try_from).collect()
}

/// Statements about these notes, each with its note's id, oldest first.
pub(super) async fn statements(
    tx: &mut PgConnection,
    notes: &[Uuid],
) -> Result<Vec<(Uuid, Statement)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT id, note_id, words, at, amendment_id FROM note_statement
         WHERE note_id = ANY ($1) ORDER BY at, id",
        notes,
    );
    let statements = rows.fetch_all(tx).await?.into_iter().map(|row| {
        let words = words(&row.words)?;
        let statement = Statement { id: row.id, words, at: row.at, amendment: row.amendment_id };
        Ok((row.note_id, statement))
    });
    statements.collect()
}
