//! Where facts come from. Services ask the consent and people services over the contract; tests
//! replace these, and the guard is the real one all the same.

use std::{sync::Arc, time::Instant};

use futures::future::BoxFuture;
use kernel::{AgencyId, CodeSet, Instant as Moment, PersonId, Sensitivity};
use policy::{Relationship, capture::Ages};
use uuid::Uuid;

/// What is asked about one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub person: PersonId,
    /// The agency for whom; none for a person.
    pub on_behalf_of: Option<AgencyId>,
}

/// The facts about one person, as of when the question was put.
#[derive(Debug, Clone)]
pub struct Answer {
    pub revision: i64,
    /// When it was answered, by the clock of whoever keeps the consents.
    pub time: Moment,
    pub facts: Arc<policy::PersonFacts>,
    pub agencies: Arc<policy::Agencies>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("no answer in time")]
    Unavailable,
    #[error("too much at once")]
    Overloaded,
}

/// Facts for decisions. An answer is never older than its question.
pub trait ConsentSource: Send + Sync + 'static {
    /// One answer a question, in order.
    fn facts(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>>;
}

/// To whom a sign-in is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    pub person: PersonId,
    /// The agencies that vouch for it; `None`: proofed, so it stands everywhere.
    pub confirmed_by: Option<Vec<AgencyId>>,
}

/// For whom a sign-in acts: an appointment that has not ended, whether or not it is within its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    pub id: Uuid,
    pub person: PersonId,
    pub relationship: Relationship,
    /// Evidence of it is on record.
    pub authority: bool,
    pub from: Option<Moment>,
    pub until: Option<Moment>,
    /// Withheld from them (§2.14).
    pub excluded_sensitivities: CodeSet<Sensitivity>,
    /// As a sign-in's.
    pub confirmed_by: Option<Vec<AgencyId>>,
}

/// Whom a sign-in supports, by the person's own invitation. It opens nothing by itself; whether the person has ended
/// it, whoever holds their circle says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// `supporters/{id}`.
    pub id: Uuid,
    pub person: PersonId,
}

/// People, as far as a guard needs to know. An answer is never older than its question.
pub trait PeopleSource: Send + Sync + 'static {
    fn sign_in<'a>(
        &'a self,
        issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>>;

    /// For whom the sign-in acts. A source that knows nothing of it opens nothing.
    fn appointments<'a>(
        &'a self,
        _issuer: &'a str,
        _subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, SourceError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Whom the sign-in supports. A source that knows nothing of it opens nothing.
    fn supports<'a>(
        &'a self,
        _issuer: &'a str,
        _subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Support>, SourceError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn registered<'a>(
        &'a self,
        person: &'a PersonId,
        agency: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>>;

    /// How old the person may be at an instant. A source that knows nothing of it rules nothing out.
    fn ages<'a>(
        &'a self,
        _person: &'a PersonId,
        _at: Moment,
    ) -> BoxFuture<'a, Result<Ages, SourceError>> {
        Box::pin(std::future::ready(Ok(Ages::ANY)))
    }
}

/// When a question was put, by a clock that only goes forward.
pub(crate) fn put_now() -> Instant {
    Instant::now()
}
