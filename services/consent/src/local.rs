//! The facts for this service's own guard, from its own store.

use std::sync::Arc;

use facts::Directory;
use futures::{FutureExt as _, future::BoxFuture};
use kernel::Clock;
use permit::{Answer, ConsentSource, Question, SourceError};
use pg::{Db, StoreError};
use wire::convert::person_facts;

use crate::store::Facts;

/// As other services' source over the contract, without the contract.
#[derive(Clone)]
pub struct LocalConsents {
    facts: Facts,
    directory: Arc<Directory>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for LocalConsents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalConsents")
    }
}

impl LocalConsents {
    /// Must be called in a runtime.
    pub fn new(db: Db, directory: Arc<Directory>, clock: Arc<dyn Clock>) -> Self {
        Self { facts: Facts::new(&db), directory, clock }
    }

    async fn ask(&self, questions: Vec<Question>) -> Result<Vec<Answer>, SourceError> {
        let people: Option<Vec<_>> = questions.iter().map(|q| q.person.uuid()).collect();
        let people = people.ok_or(SourceError::Unavailable)?;
        // Of nobody there is nothing: asked for the agencies alone, and within a transaction, where waiting for
        // another connection could be waiting for oneself.
        let found = match questions.iter().all(|question| permit::is_nobody(&question.person)) {
            true => people.iter().map(|_| Arc::default()).collect(),
            false => self.facts.on_file(people).await.map_err(|error| of_store(&error))?,
        };
        let now = self.clock.now();
        let (_, agencies) = self.directory.agencies().ok_or(SourceError::Unavailable)?;
        questions
            .into_iter()
            .zip(found)
            .map(|(question, found)| {
                let wire = found.wire(now).ok_or(SourceError::Unavailable)?;
                let facts = person_facts(question.person, &wire).ok_or(SourceError::Unavailable)?;
                Ok(Answer {
                    revision: found.revision,
                    time: now,
                    facts: Arc::new(facts),
                    agencies: Arc::clone(&agencies),
                })
            })
            .collect()
    }
}

impl ConsentSource for LocalConsents {
    fn facts(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        self.ask(questions).boxed()
    }
}

fn of_store(error: &StoreError) -> SourceError {
    match error {
        StoreError::Exhausted => SourceError::Overloaded,
        _ => SourceError::Unavailable,
    }
}
