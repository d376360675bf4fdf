//! The answers of a source that is never there: for the service that has no use for one.

use futures::future::{BoxFuture, FutureExt as _, ready};
use kernel::{AgencyId, PersonId};
use permit::{Answer, ConsentSource, PeopleSource, Question, SignIn, SourceError};

#[derive(Debug, Clone, Copy)]
pub(super) struct Away;

impl ConsentSource for Away {
    fn facts(&self, _: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        ready(Err(SourceError::Unavailable)).boxed()
    }
}

impl PeopleSource for Away {
    fn sign_in<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>> {
        ready(Err(SourceError::Unavailable)).boxed()
    }

    fn registered<'a>(
        &'a self,
        _: &'a PersonId,
        _: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>> {
        ready(Err(SourceError::Unavailable)).boxed()
    }
}
