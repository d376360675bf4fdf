//! Whom a person shares their plan with, as facts for decisions.

use std::{collections::BTreeSet, sync::Arc};

use futures::{FutureExt as _, future::BoxFuture};
use kernel::{Clock, PersonId};
use permit::{Answer, ConsentSource, Question, SourceError};
use pg::{Db, Group, GroupError, Limits, StoreError};
use policy::{PersonFacts, Share};
use time::Duration;
use uuid::Uuid;

use crate::store;

/// Clocks of instances differ by less. A share that has lapsed for longer is nothing to decide on.
const LAPSED: Duration = Duration::hours(1);

/// What is on file elsewhere, and the shares of this schema, asked anew with every question.
struct WithShares {
    elsewhere: Arc<dyn ConsentSource>,
    /// By the people of a question: the shares of all who are asked about with them.
    shares: Group<Vec<Uuid>, Arc<[Share]>>,
}

/// A source of facts that knows the shares of this schema, and none but those. It is asked before a COMMIT, too, while
/// the transaction holds a connection: it has its own, `beside` those, and who asks at the same time asks together.
/// Must be called in a runtime.
pub fn with_shares(
    elsewhere: Arc<dyn ConsentSource>,
    beside: Db,
    clock: Arc<dyn Clock>,
) -> Arc<dyn ConsentSource> {
    let limits = Limits { max_group: 512, queue: 8192, in_flight: 2 };
    let shares = Group::new("local shares", limits, move |asked: Vec<Vec<Uuid>>| {
        let (beside, since, many) = (beside.clone(), clock.now() - LAPSED, asked.len());
        async move {
            let people: BTreeSet<Uuid> = asked.into_iter().flatten().collect();
            let shares = store::open_shares(&beside, people.into_iter().collect(), since).await?;
            Ok(vec![Arc::from(shares); many])
        }
    });
    Arc::new(WithShares { elsewhere, shares })
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
            let shares = self.shares.ask(people).await.map_err(unanswered)?;
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

fn unanswered(error: GroupError<StoreError>) -> SourceError {
    tracing::warn!(?error, "shares could not be read: nothing is decided");
    match StoreError::from(error) {
        StoreError::Exhausted => SourceError::Overloaded,
        _ => SourceError::Unavailable,
    }
}
