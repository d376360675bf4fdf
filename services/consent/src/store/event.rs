//! What happened to consents, for the agencies that they name and those that were served under them;
//! and their acknowledgements.

use kernel::{AgencyId, Code as _, Instant};
use permit::StandingPermit;
use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::Happening;

/// Something that happened to a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentEvent {
    pub seq: i64,
    pub consent_id: Uuid,
    pub person_id: Uuid,
    pub kind: String,
    pub happened_at: Instant,
}

/// Until the commit nobody else adds an event.
pub async fn lock(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query_scalar!(r#"SELECT next_values('consent_event', 0) AS "last!""#)
        .fetch_one(tx)
        .await?;
    Ok(())
}

/// Writes down what happened to a consent, in commit order. Of its end those hear, too, that were
/// served under it; who comes to be known only later is told then.
pub async fn happened(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    consent: Uuid,
    kind: Happening,
    agencies: &[AgencyId],
    now: Instant,
) -> Result<(), StoreError> {
    let agencies: Vec<Uuid> = agencies.iter().filter_map(AgencyId::uuid).collect();
    // The next statement sees every agency whose keeper has not still to come by here.
    lock(&mut *tx).await?;
    sqlx::query!(
        "INSERT INTO consent_event (seq, consent_id, person_id, kind, agencies, happened_at)
         VALUES (next_values('consent_event', 1), $1, $2, $3,
             ARRAY(SELECT unnest($4::uuid[]) UNION SELECT agency_id FROM served_agency
                 WHERE consent_id = $1 AND person_id = $2 AND $3 <> 'SIGNED'),
             $5)",
        consent,
        permit.person_id(),
        kind.code(),
        &agencies,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The events after number `after` of consents that name the agency, in order, at most so many.
pub async fn events(
    db: &Db,
    agency: Uuid,
    after: i64,
    most: i64,
) -> Result<Vec<ConsentEvent>, StoreError> {
    db.run_one("consent.follow", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                ConsentEvent,
                r#"SELECT seq AS "seq!", consent_id AS "consent_id!", person_id AS "person_id!",
                       kind AS "kind!", happened_at AS "happened_at!"
                   FROM follow_consents($1, $2, $3)"#,
                agency,
                after,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}

/// The number of the last event.
pub async fn head(db: &Db) -> Result<i64, StoreError> {
    db.run_one("consent.head", |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar!(r#"SELECT consent_event_head() AS "head!""#)
                .fetch_one(conn)
                .await?)
        })
    })
    .await
}

/// Keeps that an agency has heard of the last event of this kind that it was told, and when it said so
/// first; none: it was told of none.
pub async fn acknowledge(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    consent: Uuid,
    kind: Happening,
    now: Instant,
) -> Result<Option<Instant>, StoreError> {
    let heard = sqlx::query_scalar!(
        "SELECT seq FROM consent_event
         WHERE consent_id = $1 AND person_id = $2 AND kind = $3 AND agencies @> ARRAY[$4::uuid]
         ORDER BY seq DESC LIMIT 1",
        consent,
        permit.person_id(),
        kind.code(),
        permit.named_agency(),
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(heard) = heard else { return Ok(None) };
    sqlx::query!(
        "INSERT INTO acknowledgement (consent_id, agency_id, person_id, acknowledged_at, event_seq)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        consent,
        permit.named_agency(),
        permit.person_id(),
        now,
        heard,
    )
    .execute(&mut *tx)
    .await?;
    let all = acknowledgements(tx, permit.person_id(), consent).await?;
    let own = all.iter().find(|a| a.seq == heard && Some(a.agency) == permit.named_agency());
    Ok(own.and_then(|own| own.at))
}

/// That an agency was told of the end of a consent, and when it said that it had heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub seq: i64,
    pub kind: String,
    pub agency: Uuid,
    /// None: not yet.
    pub at: Option<Instant>,
}

/// Every agency that was told of the end of a consent, in the order of what it was told.
pub async fn acknowledged(
    db: &Db,
    permit: &StandingPermit,
    consent: Uuid,
) -> Result<Vec<Acknowledged>, StoreError> {
    let person = permit.person_id();
    db.run_tx("consent.acknowledged", permit.scope().reading(), move |tx| {
        Box::pin(async move { acknowledgements(tx, person, consent).await })
    })
    .await
}

async fn acknowledgements(
    tx: &mut PgConnection,
    person: Uuid,
    consent: Uuid,
) -> Result<Vec<Acknowledged>, StoreError> {
    // One without an event is of before there were several kinds: of the revocation.
    Ok(sqlx::query_as!(
        Acknowledged,
        r#"SELECT e.seq, e.kind, told.agency AS "agency!", min(a.acknowledged_at) AS at
           FROM consent_event e CROSS JOIN unnest(e.agencies) told (agency)
           LEFT JOIN acknowledgement a ON a.consent_id = e.consent_id
               AND a.agency_id = told.agency AND a.person_id = e.person_id
               AND (a.event_seq = e.seq OR (a.event_seq IS NULL AND e.kind = 'REVOKED'))
           WHERE e.consent_id = $1 AND e.person_id = $2 AND e.kind <> 'SIGNED'
           GROUP BY e.seq, told.agency ORDER BY e.seq, told.agency"#,
        consent,
        person,
    )
    .fetch_all(tx)
    .await?)
}
