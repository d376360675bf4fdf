//! Facts for decisions, asked for at every decision in the network: whatever is asked at once is
//! asked of the database once. Nothing is remembered here, so an answer is never older than its
//! question.

use std::{collections::HashMap, sync::Arc};

use pg::{Db, Group, Lane, Limits, Scope, StoreError};
use uuid::Uuid;

/// Requests in one statement; each may ask about many people.
const LIMITS: Limits = Limits { max_group: 64, queue: 4096, in_flight: 1 };

/// A person's facts, all of one revision.
#[derive(Debug, Default)]
pub struct OnFile {
    pub revision: i64,
    /// The consents, all but drafts, encoded as other services are sent them.
    pub consents: Vec<Vec<u8>>,
    /// The restrictions, encoded.
    pub restrictions: Vec<Vec<u8>>,
    /// The emergency accesses, encoded.
    pub emergencies: Vec<Vec<u8>>,
    /// The court orders, encoded.
    pub court_orders: Vec<Vec<u8>>,
}

/// Two questions: which revision, almost always; and what it stands for, when it is a new one.
#[derive(Debug, Clone)]
pub struct Facts {
    revisions: Group<Vec<Uuid>, Vec<i64>>,
    on_file: Group<Vec<Uuid>, Vec<Arc<OnFile>>>,
}

impl Facts {
    /// Must be called in a runtime.
    pub fn new(db: &Db) -> Self {
        let (lane, db) = (db.lane(), db.clone());
        Self {
            revisions: Group::new("facts.revisions", LIMITS, move |asked| {
                let lane = lane.clone();
                async move {
                    shared(&asked, revisions(&lane, people(&asked)).await?, |found| {
                        found.copied().unwrap_or_default()
                    })
                }
            }),
            on_file: Group::new("facts.on_file", LIMITS, move |asked| {
                let db = db.clone();
                async move {
                    shared(&asked, on_file(&db, people(&asked)).await?, |found| {
                        found.cloned().unwrap_or_default()
                    })
                }
            }),
        }
    }

    /// The revision of each, in order; 0 where nothing was ever signed.
    pub async fn revisions(&self, people: Vec<Uuid>) -> Result<Vec<i64>, StoreError> {
        Ok(self.revisions.ask(people).await?)
    }

    /// What there is of each, in order.
    pub async fn on_file(&self, people: Vec<Uuid>) -> Result<Vec<Arc<OnFile>>, StoreError> {
        Ok(self.on_file.ask(people).await?)
    }
}

/// Everybody asked about, once.
fn people(asked: &[Vec<Uuid>]) -> Vec<Uuid> {
    let mut all: Vec<Uuid> = asked.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// To each question its answers, in its order.
fn shared<V, T>(
    asked: &[Vec<Uuid>],
    found: HashMap<Uuid, V>,
    answer: impl Fn(Option<&V>) -> T,
) -> Result<Vec<Vec<T>>, StoreError> {
    Ok(asked.iter().map(|ids| ids.iter().map(|id| answer(found.get(id))).collect()).collect())
}

async fn revisions(lane: &Lane, people: Vec<Uuid>) -> Result<HashMap<Uuid, i64>, StoreError> {
    let people = Arc::new(people);
    lane.run_one("facts.revisions", move |conn| {
        let people = Arc::clone(&people);
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT person_id AS "person_id!", revision AS "revision!"
                   FROM locate_revisions($1)"#,
                &*people,
            )
            .fetch_all(conn)
            .await?;
            Ok(rows.into_iter().map(|row| (row.person_id, row.revision)).collect())
        })
    })
    .await
}

/// Revision and facts in one statement, and so on one snapshot.
async fn on_file(db: &Db, people: Vec<Uuid>) -> Result<HashMap<Uuid, Arc<OnFile>>, StoreError> {
    let scope = Scope::people(people.iter().copied()).reading();
    let people = Arc::new(people);
    db.run_tx("facts.on_file", scope, move |tx| {
        let people = Arc::clone(&people);
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT r.person_id AS "person_id!", r.revision AS "revision!",
                       f.kind AS "kind?", f.wire AS "wire?"
                   FROM person_revision r
                   LEFT JOIN LATERAL (
                       SELECT 'CONSENT' AS kind, c.id, c.wire FROM consent c
                       WHERE c.person_id = r.person_id AND c.status <> 'DRAFT'
                       UNION ALL
                       SELECT 'RESTRICTION', s.id, s.wire FROM restriction s
                       WHERE s.person_id = r.person_id
                       UNION ALL
                       SELECT 'EMERGENCY', e.id, e.wire FROM emergency e
                       WHERE e.person_id = r.person_id
                       UNION ALL
                       SELECT 'COURT_ORDER', o.id, o.wire FROM court_order o
                       WHERE o.person_id = r.person_id
                   ) f ON true
                   WHERE r.person_id = ANY ($1)
                   ORDER BY r.person_id, f.id"#,
                &*people,
            )
            .fetch_all(tx)
            .await?;
            let mut found: HashMap<Uuid, OnFile> = HashMap::new();
            for row in rows {
                let facts = found.entry(row.person_id).or_default();
                facts.revision = row.revision;
                match row.kind.as_deref() {
                    None => {}
                    Some("CONSENT") => facts.consents.extend(row.wire),
                    Some("RESTRICTION") => facts.restrictions.extend(row.wire),
                    Some("EMERGENCY") => facts.emergencies.extend(row.wire),
                    Some("COURT_ORDER") => facts.court_orders.extend(row.wire),
                    Some(_) => return Err(StoreError::BadRow { what: "kind of a fact" }),
                }
            }
            Ok(found.into_iter().map(|(person, facts)| (person, Arc::new(facts))).collect())
        })
    })
    .await
}
