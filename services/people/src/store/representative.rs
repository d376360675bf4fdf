//! Representatives: recorded, ended and listed under a permit.

use kernel::{Code as _, CodeSet, Instant};
use permit::{Act, Permit, StandingPermit, column};
use pg::{Db, PgConnection, Scope, StoreError};
use policy::Relationship;
use uuid::Uuid;

use super::invitation::SignInKey;
use crate::domain::Terms;

/// For whom, and by whom: an agency, or the person themself. Made of a permit alone.
#[derive(Debug, Clone, Copy)]
pub struct Recorder {
    person: Uuid,
    agency: Option<Uuid>,
}

impl Recorder {
    /// An agency that holds something of the person.
    pub fn agency_of<A: Act>(permit: &Permit<A>) -> Self {
        let agency = permit.agency().and_then(kernel::AgencyId::uuid).unwrap_or_default();
        Self { person: permit.person_id(), agency: Some(agency) }
    }

    /// The person.
    pub fn person_of(permit: &StandingPermit) -> Self {
        Self { person: permit.person_id(), agency: permit.named_agency() }
    }

    pub fn person(&self) -> Uuid {
        self.person
    }

    /// None: the person.
    pub fn agency(&self) -> Option<Uuid> {
        self.agency
    }
}

/// A representative as recorded. It has no Debug: the evidence is content.
#[derive(Clone)]
pub struct Held {
    pub id: Uuid,
    pub person: Uuid,
    pub terms: Terms,
    /// None: the person recorded it.
    pub agency: Option<Uuid>,
    pub recorded_at: Instant,
    pub ended_at: Option<Instant>,
    /// A sign-in is bound to it.
    pub bound: bool,
    pub confirmed_by: Vec<Uuid>,
}

/// Records a representative.
pub async fn add(
    tx: &mut PgConnection,
    recorder: &Recorder,
    id: Uuid,
    terms: &Terms,
    by: &SignInKey,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO representative (id, person_id, relationship, authority, document_sha256,
             from_at, until_at, excluded, agency_id, recorder_issuer, recorder_subject, recorded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        id,
        recorder.person,
        column(terms.relationship),
        terms.authority,
        terms.document_sha256,
        terms.from,
        terms.until,
        i32::try_from(terms.excluded.bits()).unwrap_or(i32::MAX),
        recorder.agency,
        by.issuer,
        by.subject,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends a representative, their sign-in and their open invitation; `false`: it had ended. To the
/// person any of theirs, to an agency what it recorded.
pub async fn end(
    tx: &mut PgConnection,
    recorder: &Recorder,
    id: Uuid,
    by: &SignInKey,
    now: Instant,
) -> Result<bool, StoreError> {
    let ended = sqlx::query!(
        "UPDATE representative SET ended_at = $4, ender_issuer = $5, ender_subject = $6
         WHERE id = $1 AND person_id = $2 AND ($3::uuid IS NULL OR agency_id = $3)
           AND ended_at IS NULL",
        id,
        recorder.person,
        recorder.agency,
        now,
        by.issuer,
        by.subject,
    )
    .execute(&mut *tx)
    .await?;
    if ended.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE sign_in SET ended_at = $3
         WHERE representative_id = $1 AND person_id = $2 AND ended_at IS NULL",
        id,
        recorder.person,
        now,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE invitation SET ended_at = $3 WHERE representative_id = $1 AND person_id = $2
           AND accepted_at IS NULL AND ended_at IS NULL",
        id,
        recorder.person,
        now,
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// What an agency did about a representative, the person must be told.
pub async fn tell(
    tx: &mut PgConnection,
    recorder: &Recorder,
    notice: Uuid,
    what: &'static str,
    about: Uuid,
    now: Instant,
) -> Result<(), StoreError> {
    if recorder.agency.is_some() {
        sqlx::query!(
            "INSERT INTO notice (id, person_id, what, about, at, agency_id)
             VALUES ($1, $2, $3, $4, $5, $6)",
            notice,
            recorder.person,
            what,
            about,
            now,
            recorder.agency,
        )
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Which of them: those after this one, and how many; or one alone.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    pub after: Option<Uuid>,
    pub only: Option<Uuid>,
    pub most: i64,
}

impl Which {
    pub fn one(id: Uuid) -> Self {
        Self { after: None, only: Some(id), most: 1 }
    }
}

/// What a sign-in of the person's that does not stand everywhere is shown: what the agencies recorded
/// that vouch for it, what was recorded through it, and whom none but those agencies vouch for.
#[derive(Clone)]
pub struct Sight {
    vouching: Vec<Uuid>,
    own: SignInKey,
}

impl Sight {
    /// None: it stands everywhere, and is shown all.
    pub fn of(permit: &StandingPermit, own: SignInKey) -> Option<Self> {
        permit.confirmed_by().map(|vouching| Self { vouching, own })
    }
}

/// Those that the recorder may see, oldest first: to the person all that is in sight, to an agency what
/// it recorded.
pub async fn list(
    tx: &mut PgConnection,
    recorder: &Recorder,
    which: Which,
    sight: Option<&Sight>,
) -> Result<Vec<Held>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"SELECT r.id, r.person_id, r.relationship, r.authority, r.document_sha256, r.from_at,
             r.until_at, r.excluded, r.agency_id, r.recorded_at, r.ended_at,
             s.id IS NOT NULL AS "bound!",
             ARRAY(SELECT c.agency_id FROM sign_in_confirmation c
                 WHERE c.sign_in_id = s.id AND ($6::uuid[] IS NULL OR c.agency_id = ANY ($6))
                 ORDER BY c.agency_id) AS "confirmed_by!"
         FROM representative r
         LEFT JOIN sign_in s ON s.representative_id = r.id AND s.ended_at IS NULL
         WHERE r.person_id = $1 AND ($2::uuid IS NULL OR r.agency_id = $2)
           AND ($3::uuid IS NULL OR r.id > $3) AND ($4::uuid IS NULL OR r.id = $4)
           AND ($6::uuid[] IS NULL OR r.agency_id = ANY ($6) OR (r.agency_id IS NULL
               AND ((r.recorder_issuer = $7 AND r.recorder_subject = $8)
                   OR (SELECT bool_and(c.agency_id = ANY ($6)) FROM sign_in_confirmation c
                       WHERE c.sign_in_id = s.id))))
         ORDER BY r.id LIMIT $5"#,
        recorder.person,
        recorder.agency,
        which.after,
        which.only,
        which.most,
        sight.map(|sight| &*sight.vouching),
        sight.map(|sight| &*sight.own.issuer),
        sight.map(|sight| &*sight.own.subject),
    )
    .fetch_all(tx)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// As [`list`], in a transaction of its own.
pub async fn page(
    db: &Db,
    recorder: Recorder,
    which: Which,
    sight: Option<Sight>,
) -> Result<Vec<Held>, StoreError> {
    db.run_tx("representative.list", Scope::person(recorder.person).reading(), move |tx| {
        let sight = sight.clone();
        Box::pin(async move { list(tx, &recorder, which, sight.as_ref()).await })
    })
    .await
}

struct Row {
    id: Uuid,
    person_id: Uuid,
    relationship: i16,
    authority: String,
    document_sha256: Option<Vec<u8>>,
    from_at: Instant,
    until_at: Option<Instant>,
    excluded: i32,
    agency_id: Option<Uuid>,
    recorded_at: Instant,
    ended_at: Option<Instant>,
    bound: bool,
    confirmed_by: Vec<Uuid>,
}

/// A column that holds a relationship's place.
pub(super) fn relationship(place: i16) -> Result<Relationship, StoreError> {
    let found = usize::try_from(place).ok().and_then(|place| Relationship::ALL.get(place));
    found.copied().ok_or(StoreError::BadRow { what: "relationship" })
}

/// A column that holds what is withheld.
pub(super) fn excluded(mask: i32) -> Result<CodeSet<kernel::Sensitivity>, StoreError> {
    let bits = u32::try_from(mask).map_err(|_| StoreError::BadRow { what: "excluded" })?;
    Ok(CodeSet::from_bits(bits))
}

impl TryFrom<Row> for Held {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let terms = Terms {
            relationship: relationship(row.relationship)?,
            authority: row.authority,
            document_sha256: row.document_sha256,
            from: row.from_at,
            until: row.until_at,
            excluded: excluded(row.excluded)?,
        };
        Ok(Self {
            id: row.id,
            person: row.person_id,
            terms,
            agency: row.agency_id,
            recorded_at: row.recorded_at,
            ended_at: row.ended_at,
            bound: row.bound,
            confirmed_by: row.confirmed_by,
        })
    }
}
