//! Whose restriction, emergency access or court order an id names: the one door without a permit.

use kernel::PersonId;
use pg::{Db, StoreError};
use uuid::Uuid;

/// The person, of any of the three.
pub async fn locate(db: &Db, id: Uuid) -> Result<Option<PersonId>, StoreError> {
    db.run_one("beside.locate", move |conn| {
        Box::pin(async move {
            let person = sqlx::query_scalar!(
                r#"SELECT person_id AS "person_id!" FROM locate_beside($1)"#,
                id
            )
            .fetch_optional(conn)
            .await?;
            Ok(person.map(PersonId::from))
        })
    })
    .await
}
