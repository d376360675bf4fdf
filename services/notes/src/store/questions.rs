//! Questions about notes, and their answers.

use kernel::{Instant, PractitionerId};
use permit::{Permit, WriteNotes};
use pg::{PgConnection, Scope, Sealed, StoreError};
use uuid::Uuid;

use super::{Notes, rights::words};
use crate::domain::{Question, Signature, Words};

/// A question as its row has it.
struct QuestionRow {
    id: Uuid,
    note_id: Uuid,
    person_id: Uuid,
    asker: Option<String>,
    roles: Vec<i16>,
    words: Vec<u8>,
    at: Instant,
    answer: Option<Vec<u8>>,
    answerer: Option<String>,
    answered_at: Option<Instant>,
}

impl TryFrom<QuestionRow> for Question {
    type Error = StoreError;

    fn try_from(row: QuestionRow) -> Result<Self, StoreError> {
        let signed = row.answerer.zip(row.answered_at);
        let signed = signed.map(|(by, at)| Signature { by: PractitionerId::new(by), at });
        let answer = row.answer.as_deref().map(words).transpose()?;
        Ok(Self {
            id: row.id,
            note: row.note_id,
            person: row.person_id,
            asker: row.asker.map(PractitionerId::new),
            roles: row.roles,
            words: words(&row.words)?,
            at: row.at,
            answered: signed.zip(answer),
        })
    }
}

/// How many questions of this agency's (none: of the person's) about a note wait for an answer: what others have
/// asked is not told by a limit.
pub async fn open_questions(
    tx: &mut PgConnection,
    note: Uuid,
    person: Uuid,
    agency: Option<Uuid>,
) -> Result<i64, StoreError> {
    let open = sqlx::query_scalar!(
        r#"SELECT count(*) AS "open!" FROM note_question
           WHERE note_id = $1 AND person_id = $2 AND answered_at IS NULL
             AND agency_id IS NOT DISTINCT FROM $3"#,
        note,
        person,
        agency,
    );
    Ok(open.fetch_one(tx).await?)
}

/// Keeps a question; `agency`: the asker's.
pub async fn ask_about(
    tx: &mut PgConnection,
    question: &Question,
    agency: Option<Uuid>,
) -> Result<(), StoreError> {
    let sealed = Sealed::seal(question.words.0.as_bytes());
    sqlx::query!(
        "INSERT INTO note_question (id, note_id, person_id, asker, agency_id, roles, words, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        question.id,
        question.note,
        question.person,
        question.asker.as_ref().map(PractitionerId::as_str),
        agency,
        &question.roles,
        sealed.bytes(),
        question.at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A question about the permit's note, which is locked; for who is of another agency one of their own agency's.
pub async fn question(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    id: Uuid,
    of: Option<Uuid>,
) -> Result<Question, StoreError> {
    let row = sqlx::query_as!(
        QuestionRow,
        "SELECT id, note_id, person_id, asker, roles, words, at, answer, answerer, answered_at
         FROM note_question
         WHERE id = $1 AND note_id = $2 AND person_id = $3 AND ($4::uuid IS NULL OR agency_id = $4)",
        id,
        permit.record_id(),
        permit.person_id(),
        of,
    );
    row.fetch_optional(tx).await?.ok_or(StoreError::NotFound)?.try_into()
}

/// Keeps the answer to a question that has none.
pub async fn answer(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    question: Uuid,
    (signed, words): (&Signature, &Words),
) -> Result<(), StoreError> {
    let sealed = Sealed::seal(words.0.as_bytes());
    let done = sqlx::query!(
        "UPDATE note_question SET answer = $3, answerer = $4, answered_at = $5
         WHERE id = $1 AND person_id = $2 AND answered_at IS NULL",
        question,
        permit.person_id(),
        sealed.bytes(),
        signed.by.as_str(),
        signed.at,
    )
    .execute(tx)
    .await?;
    super::write::one(done.rows_affected())
}

impl Notes {
    /// Questions about a released note of this person, newest first, before this one; `of`: of this agency alone.
    pub async fn questions(
        &self,
        (note, person): (Uuid, Uuid),
        of: Option<Uuid>,
        (at, before): (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Question>, StoreError> {
        let scope = Scope::person(person).reading();
        let rows = self.db.run_tx("questions.list", scope, move |tx| {
            Box::pin(async move {
                Ok(sqlx::query_as!(
                    QuestionRow,
                    "SELECT id, note_id, person_id, asker, roles, words, at, answer, answerer,
                        answered_at
                     FROM note_question
                     WHERE note_id = $1 AND person_id = $2 AND ($3::uuid IS NULL OR agency_id = $3)
                        AND (at, id) < ($4, $5)
                     ORDER BY at DESC, id DESC LIMIT $6",
                    note,
                    person,
                    of,
                    at,
                    before,
                    most,
                )
                .fetch_all(tx)
                .await?)
            })
        });
        rows.await?.into_iter().map(Question::try_from).collect()
    }
}
