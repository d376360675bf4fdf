//! Consents.

use kernel::{AgencyId, Code as _, ConsentId, Instant, PersonId};
use permit::{Standing, StandingPermit};
use pg::{Db, PgConnection, Scope, StoreError};
use policy::{Consent, Relationship};
use uuid::Uuid;

use crate::domain::{
    Held, InError, Mistake, Recorded, Revocation, Word, concerned_agencies, named_agencies,
    text::Language,
};

struct Row {
    id: Uuid,
    person_id: Uuid,
    status: String,
    created_at: Instant,
    signed_at: Option<Instant>,
    revoked_at: Option<Instant>,
    withdrawn_at: Option<Instant>,
    drafted_agency: Option<Uuid>,
    document: serde_json::Value,
    text: String,
    text_sha256: String,
    language: String,
    reading_level: f32,
    recorded_agency: Option<Uuid>,
    recorded: Option<serde_json::Value>,
    revoked_agency: Option<Uuid>,
    revoked_word: Option<String>,
    rule_pack: Option<String>,
    in_error_at: Option<Instant>,
    in_error_mistake: Option<String>,
    in_error_agency: Option<Uuid>,
    version: i32,
    hidden: Vec<Uuid>,
    replaced: serde_json::Value,
}

/// A consent as one caller may see it.
#[derive(Debug)]
pub struct Seen {
    pub held: Held,
    /// Consents that it replaces and that do not name the caller, or that are about others than those who
    /// vouch for the sign-in: not theirs to know.
    pub hidden: Vec<ConsentId>,
    /// Those that it replaces, for a representative from whom something is withheld: the store can't tell what.
    pub replaced: Vec<Consent>,
}

/// Whether what a consent replaces has to be looked at before the caller is told of it.
fn looks_at_replaced(permit: &StandingPermit) -> bool {
    match permit.standing() {
        Standing::Representative(acts) => !acts.excluded_sensitivities.is_empty(),
        Standing::Person { .. } | Standing::Agency(_) => false,
    }
}

fn of_document(document: serde_json::Value) -> Result<Consent, StoreError> {
    serde_json::from_value(document).map_err(|_| StoreError::BadRow { what: "consent document" })
}

impl TryFrom<Row> for Seen {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let consent = of_document(row.document)?;
        let replaced = serde_json::from_value(row.replaced)
            .map_err(|_| StoreError::BadRow { what: "consent document" })?;
        let bad = || StoreError::BadRow { what: "consent" };
        let recorded: Option<Recorded> =
            row.recorded.map(serde_json::from_value).transpose().map_err(|_| bad())?;
        let revocation = match (row.revoked_agency, row.revoked_word) {
            (Some(agency), Some(word)) => Some(Revocation {
                agency: AgencyId::from(agency),
                word: Word::of(&word).ok_or_else(bad)?,
            }),
            (None, None) => None,
            _ => return Err(bad()),
        };
        let in_error = match (row.in_error_at, row.in_error_mistake) {
            (Some(at), Some(mistake)) => Some(InError {
                at,
                mistake: Mistake::parse(&mistake).ok_or_else(bad)?,
                agency: row.in_error_agency.map(AgencyId::from),
            }),
            (None, None) => None,
            _ => return Err(bad()),
        };
        let held = Held {
            consent,
            created_at: row.created_at,
            withdrawn_at: row.withdrawn_at,
            drafted_agency: row.drafted_agency.map(AgencyId::from),
            text: row.text,
            text_sha256: row.text_sha256,
            language: Language::from_tag(&row.language).ok_or_else(bad)?,
            reading_level: row.reading_level,
            recorded,
            revocation,
            rule_pack: row.rule_pack,
            in_error,
            version: row.version,
        };
        if held.recorded.as_ref().and_then(|r| r.agency.uuid()) != row.recorded_agency {
            return Err(bad());
        }
        // What is said twice must be said alike.
        let agrees = held.consent.id == ConsentId::from(row.id)
            && held.consent.person == PersonId::from(row.person_id)
            && held.consent.status.code() == row.status
            && held.signed_at() == row.signed_at
            && held.consent.revoked_at == row.revoked_at;
        if !agrees {
            return Err(StoreError::BadRow { what: "consent" });
        }
        Ok(Self { held, hidden: row.hidden.into_iter().map(ConsentId::from).collect(), replaced })
    }
}

fn to_document(consent: &Consent) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(consent).map_err(|_| StoreError::BadRow { what: "consent document" })
}

fn uuid_of(id: &ConsentId) -> Result<Uuid, StoreError> {
    id.uuid().ok_or(StoreError::BadRow { what: "consent id" })
}

/// Whose consent an id names: the one door without a permit.
pub async fn locate(db: &Db, id: Uuid) -> Result<Option<PersonId>, StoreError> {
    db.run_one("consent.locate", move |conn| {
        Box::pin(async move {
            let person = sqlx::query_scalar!(
                r#"SELECT person_id AS "person_id!" FROM locate_consent($1)"#,
                id
            )
            .fetch_optional(conn)
            .await?;
            Ok(person.map(PersonId::from))
        })
    })
    .await
}

fn recorded_document(held: &Held) -> Result<Option<serde_json::Value>, StoreError> {
    let recorded = held.recorded.as_ref().map(serde_json::to_value).transpose();
    recorded.map_err(|_| StoreError::BadRow { what: "consent document" })
}

/// How many consents about a person are on file of who drafts, drafts too, and how many bytes they take. `ever`: with
/// the drafts that the person's side has withdrawn, which free the room of all else.
#[derive(Debug)]
pub struct OnFileSize {
    /// Of the caller's agency; of all who act for the person, where the caller is of none.
    pub own: i64,
    pub own_bytes: i64,
    pub own_ever: i64,
    pub own_ever_bytes: i64,
    /// Of the caller's agency, or by the appointment by which the caller acts; of the person: none.
    pub one_ever: i64,
    pub one_ever_bytes: i64,
    /// Of all agencies, with what was withdrawn, where the caller is of one; where not, of the person's side.
    pub side: i64,
    pub side_bytes: i64,
    pub side_ever: i64,
    pub side_ever_bytes: i64,
}

/// What is on file of who drafts. `authority`: by which appointment, as drafts name it. What the person's side has
/// withdrawn before `since` counts no more.
pub async fn on_file_size(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    authority: Option<&str>,
    since: Instant,
) -> Result<OnFileSize, StoreError> {
    Ok(sqlx::query_as!(
        OnFileSize,
        r#"SELECT count(*) FILTER (WHERE own AND kept) AS "own!",
               coalesce(sum(bytes) FILTER (WHERE own AND kept), 0)::bigint AS "own_bytes!",
               count(*) FILTER (WHERE own) AS "own_ever!",
               coalesce(sum(bytes) FILTER (WHERE own), 0)::bigint AS "own_ever_bytes!",
               count(*) FILTER (WHERE one) AS "one_ever!",
               coalesce(sum(bytes) FILTER (WHERE one), 0)::bigint AS "one_ever_bytes!",
               count(*) FILTER (WHERE kept OR of_agencies) AS "side!",
               coalesce(sum(bytes) FILTER (WHERE kept OR of_agencies), 0)::bigint AS "side_bytes!",
               count(*) AS "side_ever!",
               coalesce(sum(bytes), 0)::bigint AS "side_ever_bytes!"
           FROM (
               SELECT octet_length(wire) AS bytes, withdrawn_at IS NULL AS kept,
                   drafted_agency IS NOT NULL AS of_agencies,
                   CASE WHEN $2::uuid IS NULL
                       THEN document #>> '{grantor,relationship}' <> $3
                       ELSE drafted_agency = $2 END AS own,
                   CASE WHEN $2::uuid IS NULL
                       THEN document #>> '{grantor,authority}' = $4
                       ELSE drafted_agency = $2 END AS one
               FROM consent
               WHERE person_id = $1 AND (drafted_agency IS NULL) = ($2::uuid IS NULL)
                   AND (drafted_agency IS NOT NULL OR withdrawn_at IS NULL OR withdrawn_at > $5)
           ) AS on_file"#,
        permit.person_id(),
        permit.named_agency(),
        Relationship::SelfSigned.code(),
        authority,
        since,
    )
    .fetch_one(tx)
    .await?)
}

/// Keeps a new draft, or one that was signed by hand. `wire`: as other services are sent it.
pub async fn insert(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    draft: &Held,
    wire: &[u8],
) -> Result<(), StoreError> {
    let named: Vec<Uuid> =
        named_agencies(&draft.consent).iter().filter_map(AgencyId::uuid).collect();
    let supersedes: Vec<Uuid> =
        draft.consent.supersedes.iter().map(uuid_of).collect::<Result<_, _>>()?;
    let concerned = concerned_agencies(&draft.consent)
        .map(|all| all.iter().filter_map(AgencyId::uuid).collect::<Vec<_>>());
    sqlx::query!(
        "INSERT INTO consent (id, person_id, status, created_at, drafted_agency, named_agencies,
             supersedes, document, text, text_sha256, version, wire, concerned_agencies, language,
             reading_level, recorded_agency, recorded, signed_at, begins_at, ends_at, revocable_at,
             rule_pack)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21, $22)",
        uuid_of(&draft.consent.id)?,
        permit.person_id(),
        draft.consent.status.code(),
        draft.created_at,
        permit.named_agency(),
        &named,
        &supersedes,
        to_document(&draft.consent)?,
        draft.text,
        draft.text_sha256,
        draft.version,
        wire,
        concerned.as_deref(),
        draft.language.tag(),
        draft.reading_level,
        draft.recorded.as_ref().and_then(|r| r.agency.uuid()),
        recorded_document(draft)?,
        draft.signed_at(),
        draft.begins_at(),
        draft.ends_at(),
        draft.revocable_at(),
        draft.rule_pack,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// One of the person's own consents, or a signed one that names the caller's agency, locked until the
/// end of the transaction.
pub async fn lock(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
) -> Result<Option<Held>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, person_id, status, created_at, signed_at, revoked_at, withdrawn_at,
               drafted_agency, document, text, text_sha256, language, reading_level, recorded_agency,
               recorded, revoked_agency, revoked_word, in_error_at, in_error_mistake, in_error_agency,
               rule_pack, version, '{}'::uuid[] AS "hidden!", '[]'::jsonb AS "replaced!"
           FROM consent WHERE id = $1 AND person_id = $2
               AND ($3::uuid IS NULL OR (named_agencies @> ARRAY[$3] AND signed_at IS NOT NULL))
           FOR UPDATE"#,
        id,
        permit.person_id(),
        permit.named_agency(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(Seen::try_from).transpose()?.map(|seen| seen.held))
}

/// Keeps a move of a consent that is locked.
pub async fn change(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    held: &Held,
    wire: &[u8],
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "UPDATE consent SET status = $3, signed_at = $4, revoked_at = $5, withdrawn_at = $6,
             begins_at = $7, ends_at = $8, revocable_at = $9, document = $10, version = $11,
             wire = $12, revoked_agency = $13, revoked_word = $14, in_error_at = $15,
             in_error_mistake = $16, in_error_agency = $17, rule_pack = $18
         WHERE id = $1 AND person_id = $2 AND version = $11 - 1",
        uuid_of(&held.consent.id)?,
        permit.person_id(),
        held.consent.status.code(),
        held.signed_at(),
        held.consent.revoked_at,
        held.withdrawn_at,
        held.begins_at(),
        held.ends_at(),
        held.revocable_at(),
        to_document(&held.consent)?,
        held.version,
        wire,
        held.revocation.as_ref().and_then(|r| r.agency.uuid()),
        held.revocation.as_ref().map(|r| r.word.code()),
        held.in_error.as_ref().map(|e| e.at),
        held.in_error.as_ref().map(|e| e.mistake.code()),
        held.in_error.as_ref().and_then(|e| e.agency.as_ref()).and_then(AgencyId::uuid),
        held.rule_pack,
    )
    .execute(tx)
    .await?;
    match done.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::BadRow { what: "consent version" }),
    }
}

/// What the person has ever signed; to an agency, what of it names it.
pub async fn on_file(
    tx: &mut PgConnection,
    permit: &StandingPermit,
) -> Result<Vec<Consent>, StoreError> {
    let documents = sqlx::query_scalar!(
        "SELECT document FROM consent
         WHERE person_id = $1 AND signed_at IS NOT NULL
             AND ($2::uuid IS NULL OR named_agencies @> ARRAY[$2])
         ORDER BY created_at, id",
        permit.person_id(),
        permit.named_agency(),
    )
    .fetch_all(tx)
    .await?;
    documents.into_iter().map(of_document).collect()
}

/// One consent: the person's own, as far as those who vouch for their sign-in go, or one that names
/// the caller's agency.
pub async fn read(db: &Db, permit: &StandingPermit, id: Uuid) -> Result<Option<Seen>, StoreError> {
    let (person, agency) = (permit.person_id(), permit.named_agency());
    let (confirmed, looks) = (permit.confirmed_by(), looks_at_replaced(permit));
    db.run_tx("consent.read", Scope::person(person).reading(), move |tx| {
        let confirmed = confirmed.clone();
        Box::pin(async move {
            let row = sqlx::query_as!(
                Row,
                r#"SELECT c.id, c.person_id, c.status, c.created_at, c.signed_at, c.revoked_at,
                       c.withdrawn_at, c.drafted_agency, c.document, c.text, c.text_sha256,
                       c.language, c.reading_level, c.recorded_agency, c.recorded,
                       c.revoked_agency, c.revoked_word, c.in_error_at, c.in_error_mistake,
                       c.in_error_agency, c.rule_pack, c.version,
                       ARRAY(SELECT s.id FROM consent s
                           WHERE s.id = ANY (c.supersedes) AND s.person_id = c.person_id
                               AND (($3::uuid IS NOT NULL AND NOT s.named_agencies @> ARRAY[$3])
                                   OR ($4::uuid[] IS NOT NULL
                                       AND NOT COALESCE(s.concerned_agencies <@ $4, false))))
                           AS "hidden!",
                       COALESCE((SELECT jsonb_agg(s.document) FROM consent s
                           WHERE $5::boolean AND s.id = ANY (c.supersedes)
                               AND s.person_id = c.person_id), '[]'::jsonb) AS "replaced!"
                   FROM consent c
                   WHERE c.id = $1 AND c.person_id = $2
                       AND ($3::uuid IS NULL OR (c.named_agencies @> ARRAY[$3]
                           AND (c.signed_at IS NOT NULL OR c.drafted_agency = $3)))
                       AND ($4::uuid[] IS NULL OR COALESCE(c.concerned_agencies <@ $4, false))"#,
                id,
                person,
                agency,
                confirmed.as_deref(),
                looks,
            )
            .fetch_optional(tx)
            .await?;
            row.map(Seen::try_from).transpose()
        })
    })
    .await
}

/// Newest first, after `(at, id)`, at most so many: the person's own, or those that name the
/// caller's agency.
pub async fn list(
    db: &Db,
    permit: &StandingPermit,
    (at, after): (Instant, Uuid),
    most: i64,
) -> Result<Vec<Seen>, StoreError> {
    let (person, agency) = (permit.person_id(), permit.named_agency());
    let (confirmed, looks) = (permit.confirmed_by(), looks_at_replaced(permit));
    db.run_tx("consent.list", Scope::person(person).reading(), move |tx| {
        let confirmed = confirmed.clone();
        Box::pin(async move {
            let rows = sqlx::query_as!(
                Row,
                r#"SELECT c.id, c.person_id, c.status, c.created_at, c.signed_at, c.revoked_at,
                       c.withdrawn_at, c.drafted_agency, c.document, c.text, c.text_sha256,
                       c.language, c.reading_level, c.recorded_agency, c.recorded,
                       c.revoked_agency, c.revoked_word, c.in_error_at, c.in_error_mistake,
                       c.in_error_agency, c.rule_pack, c.version,
                       ARRAY(SELECT s.id FROM consent s
                           WHERE s.id = ANY (c.supersedes) AND s.person_id = c.person_id
                               AND (($2::uuid IS NOT NULL AND NOT s.named_agencies @> ARRAY[$2])
                                   OR ($6::uuid[] IS NOT NULL
                                       AND NOT COALESCE(s.concerned_agencies <@ $6, false))))
                           AS "hidden!",
                       COALESCE((SELECT jsonb_agg(s.document) FROM consent s
                           WHERE $7::boolean AND s.id = ANY (c.supersedes)
                               AND s.person_id = c.person_id), '[]'::jsonb) AS "replaced!"
                   FROM consent c
                   WHERE c.person_id = $1 AND (c.created_at, c.id) < ($3, $4)
                       AND ($2::uuid IS NULL OR (c.named_agencies @> ARRAY[$2]
                           AND (c.signed_at IS NOT NULL OR c.drafted_agency = $2)))
                       AND ($6::uuid[] IS NULL OR COALESCE(c.concerned_agencies <@ $6, false))
                   ORDER BY c.created_at DESC, c.id DESC LIMIT $5"#,
                person,
                agency,
                at,
                after,
                most,
                confirmed.as_deref(),
                looks,
            )
            .fetch_all(tx)
            .await?;
            rows.into_iter().map(Seen::try_from).collect()
        })
    })
    .await
}
