//! Facts for decisions, asked for at every decision in the network: whatever is asked at once is
//! asked of the database once. Nothing is remembered here, so an answer is never older than its
//! question.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use kernel::Instant;
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
    /// Who is one with them, as a data steward decided, and the consents and restrictions of each.
    pub linked: Vec<OnFile>,
    person: Uuid,
}

impl OnFile {
    /// Whose.
    pub fn person(&self) -> Uuid {
        self.person
    }
}

/// Two questions: which revision, almost always; and what it stands for, when it is a new one.
#[derive(Debug, Clone)]
pub struct Facts {
    revisions: Group<Vec<Uuid>, Vec<i64>>,
    on_file: Group<Vec<Uuid>, Vec<Arc<OnFile>>>,
    db: Db,
}

impl Facts {
    /// Must be called in a runtime.
    pub fn new(db: &Db) -> Self {
        let (lane, kept, db) = (db.lane(), db.clone(), db.clone());
        Self {
            db: kept,
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
                    shared(&asked, on_file(&db, people(&asked), None).await?, |found| {
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

    /// What there is of one person, and of whoever was one with them at an instant.
    pub async fn linked_at(&self, person: Uuid, at: Instant) -> Result<Arc<OnFile>, StoreError> {
        let mut found = on_file(&self.db, vec![person], Some(at)).await?;
        Ok(found.remove(&person).unwrap_or_default())
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

/// Looks, where links are made while facts are read.
const LOOKS: usize = 3;

/// Who is one with each of these, at an instant; none: now.
async fn linked(
    db: &Db,
    people: Arc<Vec<Uuid>>,
    at: Option<Instant>,
) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    db.run_one("facts.linked", move |conn| {
        let people = Arc::clone(&people);
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT person_id AS "person_id!", other_id AS "other_id!"
                   FROM linked_people($1, $2)"#,
                &*people,
                at,
            )
            .fetch_all(conn)
            .await?;
            Ok(rows.into_iter().map(|row| (row.person_id, row.other_id)).collect())
        })
    })
    .await
}

/// Revision, facts and whose in one statement, and so on one snapshot. Whoever is linked must be within the
/// transaction's wall: where a link was made since it was drawn, once more.
async fn on_file(
    db: &Db,
    people: Vec<Uuid>,
    at: Option<Instant>,
) -> Result<HashMap<Uuid, Arc<OnFile>>, StoreError> {
    let people = Arc::new(people);
    for _ in 0..LOOKS {
        let links = linked(db, Arc::clone(&people), at).await?;
        let within = people.iter().copied().chain(links.into_iter().map(|(_, other)| other));
        let within: HashSet<Uuid> = within.collect();
        let rows = within_wall(db, Arc::clone(&people), &within, at).await?;
        if rows.iter().all(|row| within.contains(&row.of)) {
            return gathered(rows);
        }
    }
    Err(StoreError::Exhausted)
}

struct Row {
    person_id: Uuid,
    revision: i64,
    of: Uuid,
    kind: Option<String>,
    wire: Option<Vec<u8>>,
}

async fn within_wall(
    db: &Db,
    people: Arc<Vec<Uuid>>,
    within: &HashSet<Uuid>,
    at: Option<Instant>,
) -> Result<Vec<Row>, StoreError> {
    let scope = Scope::people(within.iter().copied()).reading();
    db.run_tx("facts.on_file", scope, move |tx| {
        let people = Arc::clone(&people);
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Row,
                r#"SELECT r.person_id AS "person_id!", r.revision AS "revision!", w.of AS "of!",
                       f.kind AS "kind?", f.wire AS "wire?"
                   FROM person_revision r
                   JOIN (SELECT p AS person_id, p AS of FROM unnest($1::uuid[]) AS p
                       UNION ALL
                       SELECT l.person_id, l.other_id FROM linked_people($1, $2) AS l
                   ) w ON w.person_id = r.person_id
                   LEFT JOIN LATERAL (
                       SELECT 'CONSENT' AS kind, c.id, c.wire FROM consent c
                       WHERE c.person_id = w.of AND c.status <> 'DRAFT'
                       UNION ALL
                       SELECT 'RESTRICTION', s.id, s.wire FROM restriction s
                       WHERE s.person_id = w.of
                       UNION ALL
                       SELECT 'EMERGENCY', e.id, e.wire FROM emergency e
                       WHERE e.person_id = w.of AND w.of = w.person_id
                       UNION ALL
                       SELECT 'COURT_ORDER', o.id, o.wire FROM court_order o
                       WHERE o.person_id = w.of AND w.of = w.person_id
                   ) f ON true
                   WHERE r.person_id = ANY ($1)
                   ORDER BY r.person_id, w.of, f.id"#,
                &*people,
                at,
            )
            .fetch_all(tx)
            .await?)
        })
    })
    .await
}

fn gathered(rows: Vec<Row>) -> Result<HashMap<Uuid, Arc<OnFile>>, StoreError> {
    let mut found: HashMap<Uuid, OnFile> = HashMap::new();
    for row in rows {
        let own = found.entry(row.person_id).or_default();
        (own.person, own.revision) = (row.person_id, row.revision);
        let facts = match row.of == row.person_id {
            true => own,
            false => {
                if own.linked.last().is_none_or(|last| last.person != row.of) {
                    own.linked.push(OnFile { person: row.of, ..OnFile::default() });
                }
                own.linked.last_mut().ok_or(StoreError::BadRow { what: "a link" })?
            }
        };
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
}
