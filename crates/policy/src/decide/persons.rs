//! The facts of the persons asked about, narrowed to one caller.

use kernel::{CodeSet, Instant, PersonId, Sensitivity};

use super::Caller;
use crate::{
    person::{CourtOrder, EmergencyAccess, Facts, PersonFacts, Restriction, Share},
    standing::{Directives, court_orders, emergencies, represents, restrictions, shares},
};

/// One person's facts that bear on one request.
#[derive(Debug)]
pub(crate) struct PersonState<'a> {
    pub person: &'a PersonId,
    pub facts: &'a PersonFacts,
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
            facts,
            shares: Vec::new(),
            represented: None,
            emergencies: Vec::new(),
            court_orders: Vec::new(),
            restrictions: Vec::new(),
            directives: Some(Directives::default()),
        };
        let is_grantee = |grantee: &str| caller.is_grantee(grantee);
        state.shares = shares(facts, &is_grantee, as_of);
        match caller {
            Caller::Agency(ask) => {
                state.emergencies = emergencies(facts, ask, as_of);
                state.court_orders = court_orders(facts, ask, as_of);
                state.restrictions = restrictions(facts, ask);
                state.directives = Directives::of(facts, ask, as_of);
            }
            Caller::Representative { subject, .. } => {
                state.represented = represents(facts, subject, as_of);
            }
            Caller::Person { .. } | Caller::Supporter { .. } => {}
        }
        state
    }
}
