//! Who speaks for an agency.

use std::collections::HashMap;

use pg::{PgConnection, StoreError};
use uuid::Uuid;

/// Clients of one issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub issuer: String,
    pub client_ids: Vec<String>,
}

struct Row {
    agency_id: Uuid,
    issuer: String,
    client_ids: Vec<String>,
}

/// Adds them to the agency's present round; one that is there already, or is named twice, is there once.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    agency: Uuid,
    bindings: &[Binding],
) -> Result<(), StoreError> {
    let pairs =
        bindings.iter().flat_map(|b| b.client_ids.iter().map(|c| (b.issuer.clone(), c.clone())));
    let (issuers, clients): (Vec<String>, Vec<String>) = pairs.unzip();
    sqlx::query!(
        "INSERT INTO agency_binding (agency_id, round, issuer, client_id)
         SELECT a.id, a.binding_round, b.issuer, b.client_id
         FROM agency a CROSS JOIN unnest($2::text[], $3::text[]) AS b (issuer, client_id)
         WHERE a.id = $1
         ON CONFLICT DO NOTHING",
        agency,
        &issuers,
        &clients,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Who speaks for these agencies now, one an issuer.
pub(crate) async fn of(
    tx: &mut PgConnection,
    agencies: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Binding>>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT b.agency_id, b.issuer, array_agg(b.client_id ORDER BY b.client_id) AS "client_ids!"
           FROM agency_binding b
           JOIN agency a ON (a.id, a.binding_round) = (b.agency_id, b.round)
           WHERE b.agency_id = ANY ($1)
           GROUP BY b.agency_id, b.issuer ORDER BY b.agency_id, b.issuer"#,
        agencies,
    )
    .fetch_all(tx)
    .await?;
    let mut bindings = HashMap::<Uuid, Vec<Binding>>::new();
    for Row { agency_id, issuer, client_ids } in rows {
        bindings.entry(agency_id).or_default().push(Binding { issuer, client_ids });
    }
    Ok(bindings)
}
