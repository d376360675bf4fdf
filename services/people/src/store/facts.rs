//! What guards ask, here and in other services: many questions, one statement, ids only.

use pg::{Db, StoreError};
use uuid::Uuid;

/// A live binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub person: Uuid,
    pub confirmed_by: Vec<Uuid>,
    pub proofed: bool,
}

/// To whom these sign-ins (issuer, subject) are bound; one answer each, in order.
pub async fn resolve(
    db: &Db,
    sign_ins: Vec<(String, String)>,
) -> Result<Vec<Option<Bound>>, StoreError> {
    let (issuers, subjects): (Vec<String>, Vec<String>) = sign_ins.into_iter().unzip();
    let mut answers = vec![None; issuers.len()];
    let rows = db
        .run_one("sign_in.resolve", move |conn| {
            let (issuers, subjects) = (issuers.clone(), subjects.clone());
            Box::pin(async move {
                Ok(sqlx::query!(
                    r#"SELECT place AS "place!", person_id AS "person_id!", proofed AS "proofed!",
                         confirmed_by AS "confirmed_by!"
                     FROM resolve_sign_ins($1, $2)"#,
                    &issuers,
                    &subjects,
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    for row in rows {
        *at(&mut answers, row.place)? = Some(Bound {
            person: row.person_id,
            confirmed_by: row.confirmed_by,
            proofed: row.proofed,
        });
    }
    Ok(answers)
}

/// Whether these people are registered by these agencies; one answer each, in order.
pub async fn registered(db: &Db, asked: Vec<(Uuid, Uuid)>) -> Result<Vec<bool>, StoreError> {
    let (people, agencies): (Vec<Uuid>, Vec<Uuid>) = asked.into_iter().unzip();
    let mut answers = vec![false; people.len()];
    let places = db
        .run_one("registration.check", move |conn| {
            let (people, agencies) = (people.clone(), agencies.clone());
            Box::pin(async move {
                Ok(sqlx::query_scalar!(
                    r#"SELECT place AS "place!" FROM check_registrations($1, $2)"#,
                    &people,
                    &agencies,
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    for place in places {
        *at(&mut answers, place)? = true;
    }
    Ok(answers)
}

/// The answer at a place that the database counts from 1.
fn at<T>(answers: &mut [T], place: i64) -> Result<&mut T, StoreError> {
    usize::try_from(place)
        .ok()
        .and_then(|place| answers.get_mut(place.checked_sub(1)?))
        .ok_or(StoreError::BadRow { what: "place of an answer" })
}
