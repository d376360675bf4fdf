//! Finding services. Steps, the best first, each in an order that an index has, so that a page ends where
//! it is full: by what is stated and what is not; with a text, names and needs before descriptions; near a
//! place, ring by ring.

mod conditions;
mod step;
mod words;

use kernel::Instant;
use pg::{Db, PgConnection, Scope, StoreError};
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::service::Row;
use crate::domain::{Search, Service, words::Unit};

use conditions::Asked;
pub(crate) use step::Place;
use step::{Step, steps};

/// A service that was found, and what of the search it meets.
#[derive(Debug)]
pub(crate) struct Hit {
    pub service: Service,
    pub place: Place,
    pub rank: i32,
    /// Of each unit of the text, whether its own word is there.
    pub said: Vec<bool>,
    /// Of what was asked, whether it is stated: see [`Stated`].
    pub stated: Stated,
    pub km: Option<f64>,
    pub ages: (Option<f64>, Option<f64>),
}

/// True, too, where it was not asked.
#[derive(Debug, Clone, Copy, FromRow)]
pub(crate) struct Stated {
    pub need: bool,
    pub language: bool,
    pub age: bool,
    pub accessibility: bool,
    pub near: bool,
    pub open: bool,
}

/// The hits of a page, and the units of the text as they were understood.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub hits: Vec<Hit>,
    pub units: Vec<Unit>,
}

#[derive(FromRow)]
struct HitRow {
    #[sqlx(flatten)]
    row: Row,
    #[sqlx(flatten)]
    stated: Stated,
    measure: f64,
    said: Vec<bool>,
    km: Option<f64>,
    minimum_age: Option<f64>,
    maximum_age: Option<f64>,
}

/// Makes what searches know of an agency's services anew, or of one of them.
pub(crate) async fn index(
    tx: &mut PgConnection,
    agency: Uuid,
    only: Option<Uuid>,
) -> Result<(), StoreError> {
    sqlx::query!("SELECT index_services($1, $2)", agency, only).fetch_one(tx).await?;
    Ok(())
}

/// After an agency was suspended or reinstated.
pub(crate) async fn show(
    tx: &mut PgConnection,
    agency: Uuid,
    active: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE service_search x SET found = s.listed AND $2 FROM service s
         WHERE s.id = x.service_id AND x.agency_id = $1",
        agency,
        active,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// After a capacity was stated.
pub(crate) async fn room(
    tx: &mut PgConnection,
    id: Uuid,
    status: &str,
    as_of: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE service_search SET room = room_of($2), capacity_status = $2, capacity_as_of = $3
         WHERE service_id = $1",
        id,
        status,
        as_of,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The best first, after `after`; at most `limit`. All of it on one snapshot.
pub(crate) async fn search(
    db: &Db,
    search: Search,
    after: Option<Place>,
    limit: usize,
) -> Result<Found, StoreError> {
    db.run_tx("service.search", Scope::nobody().reading(), move |tx| {
        let (search, after) = (search.clone(), after.clone());
        Box::pin(async move {
            let (units, terms) = words::understand(tx, &search).await?;
            if units.is_empty() && !search.text.trim().is_empty() {
                return Ok(Found::default());
            }
            let asked = Asked { search: &search, terms: &terms };
            let begin = after.as_ref().map_or(0, |place| usize::from(place.step));
            let mut hits = Vec::new();
            for (n, step) in steps(&search, !units.is_empty()).into_iter().enumerate().skip(begin) {
                let after = after.as_ref().filter(|place| usize::from(place.step) == n);
                let most = limit.saturating_sub(hits.len());
                if most == 0 {
                    break;
                }
                let number = u8::try_from(n).unwrap_or(u8::MAX);
                for row in rows(tx, &asked, step, after, most).await? {
                    hits.push(hit(row, step, number)?);
                }
            }
            Ok(Found { hits, units })
        })
    })
    .await
}

async fn rows(
    tx: &mut PgConnection,
    asked: &Asked<'_>,
    step: Step,
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<HitRow>, StoreError> {
    let mut sql = QueryBuilder::<Postgres>::new("");
    asked.shown(&mut sql);
    asked.inner(&mut sql, step, after);
    sql.push(" LIMIT ").push_bind(i64::try_from(most).unwrap_or(i64::MAX));
    sql.push(
        ") AS hit JOIN service_search x ON x.service_id = hit.service_id \
         JOIN service s ON s.id = hit.service_id ORDER BY hit.measure, hit.name_key, hit.service_id",
    );
    // Planned for what is asked now: words and places are of very different frequency.
    Ok(sql.build_query_as::<HitRow>().persistent(false).fetch_all(tx).await?)
}

fn hit(row: HitRow, step: Step, number: u8) -> Result<Hit, StoreError> {
    let place = Place {
        step: number,
        measure: row.measure,
        id: row.row.id,
        name: row.row.name_key.clone(),
    };
    Ok(Hit {
        rank: step.rank(row.measure),
        place,
        said: row.said,
        stated: row.stated,
        km: row.km,
        ages: (row.minimum_age, row.maximum_age),
        service: row.row.try_into()?,
    })
}
