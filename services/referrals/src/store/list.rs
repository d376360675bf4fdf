//! Lists: filtered by Visibility in SQL before the page is cut.

use kernel::{Instant, PersonId};
use permit::{Disclosed, Permit, ReadReferrals};
use pg::StoreError;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Referrals,
    referral::{ReferralRow, referral_rows},
};
use crate::domain::Referral;

/// People that a list of everybody's asks about at once.
pub const MOST_PEOPLE: usize = 5_000;

/// Which page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Of a person whom the reader named.
    pub named: bool,
    pub state: Option<i16>,
    /// The reader's agency, which sees drafts of its own.
    pub agency: Option<Uuid>,
    /// After this row, newest first.
    pub before: (Instant, Uuid),
    pub limit: i64,
}

/// A visibility without the clauses about one person, and those clauses by their person. No row of
/// anybody else meets them, so that a row is judged by the first and its own person's.
fn by_person(mut visibility: Value) -> Result<(Value, Value), StoreError> {
    let bad = StoreError::BadRow { what: "a visibility" };
    let mut people = Map::new();
    for kind in ["open", "consent", "deny"] {
        let clauses = visibility.get_mut(kind).and_then(Value::as_array_mut);
        let clauses = clauses.ok_or(bad.clone())?;
        for clause in std::mem::take(clauses) {
            let Some(person) = clause.get("person").and_then(Value::as_str) else {
                clauses.push(clause);
                continue;
            };
            let own = people.entry(person).or_insert_with(|| Value::Object(Map::new()));
            let own = own.as_object_mut().ok_or(bad.clone())?;
            let same = own.entry(kind).or_insert_with(|| Value::Array(Vec::new()));
            same.as_array_mut().ok_or(bad.clone())?.push(clause);
        }
    }
    Ok((visibility, Value::Object(people)))
}

impl Referrals {
    /// People with a referral that the agency sends or was sent; none where there are more than
    /// [`MOST_PEOPLE`].
    pub async fn people_of(&self, agency: Uuid) -> Result<Option<Vec<PersonId>>, StoreError> {
        let most = i32::try_from(MOST_PEOPLE + 1).unwrap_or(i32::MAX);
        let people = self
            .db
            .run_one("referrals.people", move |conn| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar!(
                        r#"SELECT person_id AS "person_id!" FROM locate_people_of($1, $2) AS person_id"#,
                        agency,
                        most
                    )
                    .fetch_all(conn)
                    .await?)
                })
            })
            .await?;
        if people.len() > MOST_PEOPLE {
            return Ok(None);
        }
        Ok(Some(people.into_iter().map(PersonId::from).collect()))
    }

    /// A page of what the permit makes visible, sealed, and, where there is more, its last row.
    pub async fn list(
        &self,
        permit: &Permit<ReadReferrals>,
        page: Page,
    ) -> Result<(Disclosed<Referral>, Option<(Instant, Uuid)>), StoreError> {
        let people = permit.people();
        let (of_all, by_person) = by_person(permit.visibility())?;
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let named = page.named;
        let rows: Vec<ReferralRow> = self
            .db
            .run_tx("referrals.list", permit.scope().reading(), move |tx| {
                let (people, page) = (people.clone(), page.clone());
                let (of_all, by_person) = (of_all.clone(), by_person.clone());
                Box::pin(async move {
                    Ok(referral_rows!(
                        "referral_rows(added => false, ids => ARRAY(
                            SELECT r.id FROM referral r
                            WHERE r.person_id = ANY ($1)
                                AND (r.purposes IS NOT NULL OR r.custodian_id = $3)
                                AND ($4::smallint IS NULL OR r.state = $4)
                                AND (r.authored_at, r.id) < ($5, $6)
                                AND visible(visibility_of(r.person_id, $2, $8), r.id, r.person_id, r.kind, r.class,
                                    r.custodian_id, r.author, r.episode_id, r.authored_at,
                                    r.confidentiality, r.sensitivities, r.part2,
                                    r.victim_service, r.release_block_until)
                            ORDER BY r.authored_at DESC, r.id DESC
                            LIMIT $7))
                        ORDER BY authored_at DESC, id DESC",
                        &people,
                        of_all,
                        page.agency,
                        page.state,
                        page.before.0,
                        page.before.1,
                        page.limit + 1,
                        by_person
                    )
                    .fetch_all(tx)
                    .await?)
                })
            })
            .await?;
        let more = rows.len() > limit;
        let mut referrals = Vec::with_capacity(rows.len());
        let mut last = None;
        for row in rows.into_iter().take(limit) {
            last = row.authored_at.map(|at| (at, row.id));
            let referral = Referral::try_from(row)?;
            referrals.push((referral.record.clone(), referral));
        }
        // Of what was read, not of what is released: the next page goes on from here either way.
        let sealed = if named { permit.seal(referrals) } else { permit.seal_found(referrals) };
        Ok((sealed, last.filter(|_| more)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::by_person;

    #[test]
    fn every_clause_is_where_its_rows_are_judged() {
        let (all, own) = by_person(json!({
            "custodians": { "known": ["c"] },
            "open": [{ "kinds": 1 }, { "person": "a", "kinds": 2 }],
            "consent": [{ "person": "a" }, { "person": "b" }, { "person": "a", "part2": true }],
            "deny": [{ "person": "b", "unless": [{ "person": "b" }] }],
        }))
        .unwrap();
        let expected = json!({
            "custodians": { "known": ["c"] }, "open": [{ "kinds": 1 }], "consent": [], "deny": [],
        });
        assert_eq!(all, expected);
        let expected = json!({
            "a": {
                "open": [{ "person": "a", "kinds": 2 }],
                "consent": [{ "person": "a" }, { "person": "a", "part2": true }],
            },
            "b": {
                "consent": [{ "person": "b" }],
                "deny": [{ "person": "b", "unless": [{ "person": "b" }] }],
            },
        });
        assert_eq!(own, expected);
    }

    #[test]
    fn what_is_no_visibility_is_an_error() {
        assert!(by_person(json!({ "open": [], "consent": [] })).is_err());
        assert!(by_person(json!(null)).is_err());
    }
}
