//! This service as the guard's source of people: its own tables, grouped, no call to itself.

use std::sync::Arc;

use futures::{FutureExt as _, future::BoxFuture};
use kernel::{AgencyId, Clock, PersonId};
use permit::{Appointment, PeopleSource, SignIn, SourceError, Support};
use pg::{Db, Group, GroupError, Limits, StoreError};

use crate::store::facts::{self, Bound, Resolved};

/// Sign-ins and registrations, from the tables, asked every time.
#[derive(Debug, Clone)]
pub struct LocalPeople {
    sign_ins: Group<(String, String), Resolved>,
    registrations: Group<(PersonId, AgencyId), bool>,
}

impl LocalPeople {
    /// Must be called in a runtime. It needs the database alone, so that a guard can be made of it. Whose a sign-in is
    /// is asked `beside`: before a COMMIT, too, while the transaction holds a connection of `db`. Who is registered is
    /// not.
    pub fn new(db: Db, beside: Db, clock: Arc<dyn Clock>) -> Arc<Self> {
        let limits = Limits { max_group: 512, queue: 8192, in_flight: 2 };
        let sign_ins = Group::new("local sign-ins", limits, move |asked: Vec<(String, String)>| {
            let (db, now) = (beside.clone(), clock.now());
            async move { facts::resolve(&db, asked, now).await }
        });
        let registrations =
            Group::new("local registrations", limits, move |asked: Vec<(PersonId, AgencyId)>| {
                let db = db.clone();
                async move {
                    // What is no UUID is nobody: nil, which no row has.
                    let ids = asked.iter().map(|(person, agency)| {
                        (person.uuid().unwrap_or_default(), agency.uuid().unwrap_or_default())
                    });
                    facts::registered(&db, ids.collect()).await
                }
            });
        Arc::new(Self { sign_ins, registrations })
    }
}

impl PeopleSource for LocalPeople {
    fn sign_in<'a>(
        &'a self,
        issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>> {
        let key = (issuer.to_owned(), subject.to_owned());
        self.sign_ins.ask(key).map(|found| Ok(found.map_err(away)?.bound.map(sign_in))).boxed()
    }

    fn appointments<'a>(
        &'a self,
        issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, SourceError>> {
        let key = (issuer.to_owned(), subject.to_owned());
        let appointments =
            |found: Resolved| found.acts.into_iter().map(|acts| acts.appointment).collect();
        self.sign_ins.ask(key).map(move |found| found.map_err(away).map(appointments)).boxed()
    }

    fn supports<'a>(
        &'a self,
        issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Support>, SourceError>> {
        let key = (issuer.to_owned(), subject.to_owned());
        self.sign_ins.ask(key).map(|found| Ok(found.map_err(away)?.supports)).boxed()
    }

    fn registered<'a>(
        &'a self,
        person: &'a PersonId,
        agency: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>> {
        let key = (person.clone(), agency.clone());
        self.registrations.ask(key).map(|found| found.map_err(away)).boxed()
    }
}

fn sign_in(bound: Bound) -> SignIn {
    let agencies = bound.confirmed_by.into_iter().map(AgencyId::from).collect();
    SignIn { person: bound.person.into(), confirmed_by: (!bound.proofed).then_some(agencies) }
}

fn away(error: GroupError<StoreError>) -> SourceError {
    match StoreError::from(error) {
        StoreError::Exhausted => SourceError::Overloaded,
        error => {
            tracing::warn!(%error, "people can't be asked about");
            SourceError::Unavailable
        }
    }
}
