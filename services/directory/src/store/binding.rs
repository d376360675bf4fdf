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

/// Adds them; one that is there already, or is named twice, is there once.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    agency: Uuid,
    bindings: &[Binding],
) -> Result<(), StoreError> {
    let pairs =
        bindings.iter().flat_map(|b| b.client_ids.iter().map(|c| (b.issuer.clone(), c.clone())));
    let (issuers, clients): (Vec<String>, Vec<String>) = pairs.unzip();
    sqlx::query!(
        "INSERT INTO agency_binding (agency_id, issuer, client_id)
         SELECT $1, b.issuer, b.client_id
         FROM unnest($2::text[], $3::text[]) AS b (issuer, client_id)
         ON CONFLICT DO NOTHING",
        agency,
        &issuers,
        &clients,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Of these agencies, one an issuer.
pub(super) async fn of(
    tx: &mut PgConnection,
    agencies: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Binding>>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT agency_id, issuer, array_agg(client_id ORDER BY client_id) AS "client_ids!"
           FROM agency_binding WHERE agency_id = ANY ($1)
           GROUP BY agency_id, issuer ORDER BY agency_id, issuer"#,
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
