//! A people service that a test scripts.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use futures::future::BoxFuture;
use kernel::{AgencyId, PersonId};
use permit::{Appointment, PeopleSource, SignIn, SourceError, Support};
use uuid::Uuid;

#[derive(Default)]
struct State {
    bound: HashMap<String, SignIn>,
    appointed: HashMap<String, Vec<Appointment>>,
    supports: HashMap<String, Vec<Support>>,
    registered: HashSet<(PersonId, AgencyId)>,
    fault: Option<SourceError>,
}

/// The people service, as a test scripts it.
#[derive(Clone, Default)]
pub struct People(Arc<Mutex<State>>);

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("People")
    }
}

impl People {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics here")
    }

    pub fn register(&self, person: Uuid, agency: Uuid) {
        self.state().registered.insert((PersonId::from(person), AgencyId::from(agency)));
    }

    /// Binds a subject of any issuer; `confirmed_by`: the agencies that vouch for it.
    pub fn bind(&self, subject: &str, person: Uuid, confirmed_by: Option<&[Uuid]>) {
        let confirmed_by =
            confirmed_by.map(|agencies| agencies.iter().copied().map(AgencyId::from).collect());
        let sign_in = SignIn { person: PersonId::from(person), confirmed_by };
        self.state().bound.insert(subject.to_owned(), sign_in);
    }

    /// Ends the sign-in of a subject of any issuer.
    pub fn unbind(&self, subject: &str) {
        self.state().bound.remove(subject);
    }

    /// Appoints a subject of any issuer.
    pub fn appoint(&self, subject: &str, appointment: Appointment) {
        self.state().appointed.entry(subject.to_owned()).or_default().push(appointment);
    }

    /// Ends all appointments of a subject.
    pub fn dismiss(&self, subject: &str) {
        self.state().appointed.remove(subject);
    }

    /// Makes a subject of any issuer one of a person's circle.
    pub fn support(&self, subject: &str, person: Uuid, supporter: Uuid) {
        let support = Support { id: supporter, person: PersonId::from(person) };
        self.state().supports.entry(subject.to_owned()).or_default().push(support);
    }

    pub fn fault(&self, fault: Option<SourceError>) {
        self.state().fault = fault;
    }

    fn answer<T>(&self, of: impl FnOnce(&State) -> T) -> Result<T, SourceError> {
        let state = self.state();
        state.fault.map_or_else(|| Ok(of(&state)), Err)
    }
}

impl PeopleSource for People {
    fn sign_in<'a>(
        &'a self,
        _issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>> {
        Box::pin(async move { self.answer(|state| state.bound.get(subject).cloned()) })
    }

    fn appointments<'a>(
        &'a self,
        _issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, SourceError>> {
        Box::pin(async move {
            self.answer(|state| state.appointed.get(subject).cloned().unwrap_or_default())
        })
    }

    fn supports<'a>(
        &'a self,
        _issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Support>, SourceError>> {
        Box::pin(async move {
            self.answer(|state| state.supports.get(subject).cloned().unwrap_or_default())
        })
    }

    fn registered<'a>(
        &'a self,
        person: &'a PersonId,
        agency: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>> {
        let key = (person.clone(), agency.clone());
        Box::pin(async move { self.answer(|state| state.registered.contains(&key)) })
    }
}
