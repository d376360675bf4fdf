//! Whom a person shares their plan with, as facts for decisions.

use std::sync::Arc;

use futures::{FutureExt as _, future::BoxFuture};
use kernel::{Clock, PersonId};
use permit::{Answer, ConsentSource, Question, SourceError};
use pg::{Db, StoreError};
use policy::{PersonFacts, Share};
use time::Duration;

use crate::store;

/// Clocks of instances differ by less. A share that has lapsed for longer is nothing to decide on.
const LAPSED: Duration = Duration::hours(1);

/// What is on file elsewhere, and the shares of this schema, asked anew with every question.
struct WithShares {
    elsewhere: Arc<dyn ConsentSource>,
    beside: Db,
    clock: Arc<dyn Clock>,
}

/// A source of facts that knows the shares of this schema, and none but those. It is asked before a COMMIT, too, while
/// the transaction holds a connection: it has its own, `beside` those.
pub fn with_shares(
    elsewhere: Arc<dyn ConsentSource>,
    beside: Db,
    clock: Arc<dyn Clock>,
) -> Arc<dyn ConsentSource> {
    Arc::new(WithShares { elsewhere, beside, clock })
}

impl ConsentSource for WithShares {
    fn facts(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        let people: Vec<_> = questions.iter().filter_map(|q| q.person.uuid()).collect();
        let nobody = questions.iter().all(|question| permit::is_nobody(&question.person));
        let answered = async move {
            let answers = self.elsewhere.facts(questions).await?;
            // Asked for the agencies alone, and within a transaction.
            if nobody {
                return Ok(answers);
            }
            // Last, so that a share that ends while all else is asked for is seen to have ended.
            let shares = store::open_shares(&self.beside, people, self.clock.now() - LAPSED).await;
            let shares = shares.map_err(|error| unanswered(&error))?;
            Ok(answers.into_iter().map(|answer| with(answer, &shares)).collect())
        };
        answered.boxed()
    }
}

fn with(mut answer: Answer, shares: &[Share]) -> Answer {
    let person: &PersonId = &answer.facts.person;
    let own = shares.iter().filter(|share| share.person == *person).cloned().collect();
    answer.facts = Arc::new(PersonFacts { shares: own, ..PersonFacts::clone(&answer.facts) });
    answer
}

fn unanswered(error: &StoreError) -> SourceError {
    tracing::warn!(?error, "shares could not be read: nothing is decided");
    match error {
        StoreError::Exhausted => SourceError::Overloaded,
        _ => SourceError::Unavailable,
    }
}
