//! The facts of the persons asked about, narrowed to one caller.

use kernel::{CodeSet, Instant, PersonId, Sensitivity};

use super::Caller;
use crate::{
    matching::is_whole_name,
    person::{CourtOrder, EmergencyAccess, Facts, PersonFacts, Restriction, Share},
    standing::{Directives, court_orders, emergencies, represents, restrictions},
};

/// One person's facts that bear on one request.
#[derive(Debug)]
pub(crate) struct PersonState<'a> {
    pub person: &'a PersonId,
    /// Of a supporter or practitioner: the shares with them that are open.
    pub shares: Vec<&'a Share>,
    /// `None`: no representative of this person. `Some`: what is withheld from them.
    pub represented: Option<CodeSet<Sensitivity>>,
    pub emergencies: Vec<(&'a EmergencyAccess, bool)>,
    pub court_orders: Vec<&'a CourtOrder>,
    pub restrictions: Vec<&'a Restriction>,
    /// `None`: the person's consents can't be evaluated.
    pub directives: Option<Directives<'a>>,
}

impl<'a> PersonState<'a> {
    /// In the order of `facts`, which is by person.
    pub(crate) fn all(facts: &Facts<'a>, caller: &Caller<'_>, as_of: Instant) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::with_capacity(facts.persons.len());
        for facts in &facts.persons {
            let mut state = Self::of(facts, caller, as_of);
            // Two sets of facts of one person: which holds is unknown, so no consent is relied on.
            if let Some(twin) = all.last_mut().filter(|twin| twin.person == state.person) {
                twin.directives = None;
                state.directives = None;
            }
            all.push(state);
        }
        all
    }

    fn of(facts: &'a PersonFacts, caller: &Caller<'_>, as_of: Instant) -> Self {
        let mut state = Self {
            person: &facts.person,
            shares: Vec::new(),
            represented: None,
            emergencies: Vec::new(),
            court_orders: Vec::new(),
            restrictions: Vec::new(),
            directives: Some(Directives::default()),
        };
        let shared_with = |is_grantee: &dyn Fn(&str) -> bool| -> Vec<&'a Share> {
            let open = |s: &&Share| {
                s.person == facts.person
                    && s.until.is_some_and(|until| as_of < until)
                    && is_grantee(&s.grantee)
            };
            facts.shares.iter().filter(open).collect()
        };
        match caller {
            Caller::Agency(ask) => {
                state.shares = shared_with(&|grantee| {
                    is_whole_name(grantee, &ask.agency.id, ask.practitioner)
                });
                state.emergencies = emergencies(facts, ask, as_of);
                state.court_orders = court_orders(facts, ask, as_of);
                state.restrictions = restrictions(facts, ask);
                state.directives = Directives::of(facts, ask, as_of);
            }
            Caller::Supporter { subject } => {
                state.shares = shared_with(&|grantee| grantee == subject.as_str());
            }
            Caller::Representative { subject, .. } => {
                state.represented = represents(facts, subject, as_of);
            }
            Caller::Person { .. } => {}
        }
        state
    }
}
