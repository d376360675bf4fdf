//! A consent service that a test scripts.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures::future::BoxFuture;
use kernel::{
    Action, AgencyId, AgencyStatus, CodeSet, ConsentId, Instant, PersonId, PractitionerId, Purpose,
    Sector,
};
use permit::{Answer, ConsentSource, Question, SourceError};
use policy::{
    Agencies, Agency, CareTeam, Consent, ConsentStatus, ConsentType, Disclosers, Effect,
    PersonFacts, Recipients, Rule, Statements,
};
use uuid::Uuid;

/// What goes wrong with the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Away,
    Overloaded,
    /// One answer too few.
    Short,
    /// One answer too many.
    Long,
    /// Answers about somebody else.
    Strange,
}

type Step = Box<dyn FnOnce(&Consents) + Send>;

#[derive(Default)]
struct State {
    agencies: HashMap<AgencyId, Agency>,
    care_teams: Vec<CareTeam>,
    people: HashMap<PersonId, (i64, PersonFacts)>,
    fault: Option<Fault>,
    asked: Vec<(std::time::SystemTime, Vec<Question>)>,
    after: VecDeque<Option<Step>>,
    slow_once: Option<Duration>,
    time: Option<Instant>,
}

/// The consent service, as a test scripts it. A revision grows with every change.
#[derive(Clone, Default)]
pub struct Consents(Arc<Mutex<State>>);

impl std::fmt::Debug for Consents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Consents")
    }
}

impl Consents {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics here")
    }

    /// What its clock shows. Until then it shows a time long past, and the asker's own is what counts.
    pub fn clock_shows(&self, time: Instant) {
        self.state().time = Some(time);
    }

    /// The care teams that are at work.
    pub fn care_teams(&self, teams: &[(Uuid, Uuid, &[&str])]) {
        let one = |(id, agency, members): &(Uuid, Uuid, &[&str])| CareTeam {
            id: (*id).into(),
            agency: (*agency).into(),
            members: members.iter().map(|member| PractitionerId::new(*member)).collect(),
        };
        self.state().care_teams = teams.iter().map(one).collect();
    }

    /// An active healthcare agency, a covered entity.
    pub fn agency(&self, id: Uuid) {
        self.agency_with(id, |_| {});
    }

    pub fn agency_with(&self, id: Uuid, change: impl FnOnce(&mut Agency)) {
        let id = AgencyId::from(id);
        let mut state = self.state();
        let agency = state.agencies.entry(id.clone()).or_insert(Agency {
            id,
            status: AgencyStatus::Active,
            sector: Sector::Healthcare,
            covered_entity: true,
            part2_program: false,
            victim_service_provider: false,
        });
        change(agency);
    }

    pub fn facts_of(&self, person: Uuid, change: impl FnOnce(&mut PersonFacts)) {
        let person = PersonId::from(person);
        let mut state = self.state();
        let (revision, facts) =
            state.people.entry(person.clone()).or_insert_with(|| (0, PersonFacts::new(person)));
        *revision += 1;
        change(facts);
    }

    /// The agencies as they are, for a decision beside the guard's.
    pub fn agencies(&self) -> Vec<Agency> {
        self.state().agencies.values().cloned().collect()
    }

    /// What is known of a person, for a decision beside the guard's.
    pub fn known_of(&self, person: Uuid) -> PersonFacts {
        let known = self.state().people.get(&PersonId::from(person)).map(|(_, f)| f.clone());
        known.unwrap_or_else(|| PersonFacts::new(PersonId::from(person)))
    }

    pub fn give(&self, consent: Consent) {
        let person = consent.person.uuid().expect("a UUID");
        self.facts_of(person, |facts| facts.consents.push(consent));
    }

    /// Every consent of the person, from now on.
    pub fn revoke(&self, person: Uuid, at: Instant) {
        self.facts_of(person, |facts| {
            for consent in &mut facts.consents {
                consent.status = ConsentStatus::Revoked;
                consent.revoked_at = Some(at);
            }
        });
    }

    pub fn fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// Once the next-but-`skip` question has been answered, and before the asker hears of it.
    pub fn after(&self, skip: usize, step: impl FnOnce(&Consents) + Send + 'static) {
        let mut state = self.state();
        while state.after.len() < skip {
            state.after.push_back(None);
        }
        state.after.insert(skip, Some(Box::new(step)));
    }

    /// The next answer takes so long.
    pub fn slow_once(&self, by: Duration) {
        self.state().slow_once = Some(by);
    }

    /// The questions put so far, and when.
    pub fn asked(&self) -> Vec<(std::time::SystemTime, Vec<Question>)> {
        self.state().asked.clone()
    }

    #[allow(clippy::disallowed_methods)] // compared with the database server's own clock
    fn answer(&self, questions: Vec<Question>) -> Result<Vec<Answer>, SourceError> {
        let mut state = self.state();
        state.asked.push((std::time::SystemTime::now(), questions.clone()));
        let fault = state.fault;
        match fault {
            Some(Fault::Away) => return Err(SourceError::Unavailable),
            Some(Fault::Overloaded) => return Err(SourceError::Overloaded),
            _ => {}
        }
        let agencies: Agencies = state.agencies.values().cloned().collect();
        let agencies = Arc::new(agencies.with_care_teams(state.care_teams.clone()));
        let time = state.time.unwrap_or(Instant::UNIX_EPOCH);
        let mut answers: Vec<Answer> = questions
            .into_iter()
            .map(|q| {
                let unknown = || (0, PersonFacts::new(q.person.clone()));
                let (revision, mut facts) =
                    state.people.get(&q.person).cloned().unwrap_or_else(unknown);
                if fault == Some(Fault::Strange) {
                    facts.person = PersonId::from(Uuid::from_u128(0x57a));
                }
                let (facts, agencies) = (Arc::new(facts), Arc::clone(&agencies));
                Answer { revision, time, facts, agencies }
            })
            .collect();
        match fault {
            Some(Fault::Short) => drop(answers.pop()),
            Some(Fault::Long) => answers.extend(answers.last().cloned()),
            _ => {}
        }
        let step = state.after.pop_front().flatten();
        drop(state);
        if let Some(step) = step {
            step(self);
        }
        Ok(answers)
    }
}

impl ConsentSource for Consents {
    fn facts(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        Box::pin(async move {
            let slow = self.state().slow_once.take();
            let answers = self.answer(questions);
            if let Some(by) = slow {
                tokio::time::sleep(by).await;
            }
            answers
        })
    }
}

/// A GENERAL consent, in force without end, whose root rule this is.
pub fn consent(person: Uuid, id: Uuid, rule: Rule) -> Consent {
    Consent {
        id: ConsentId::from(id),
        person: PersonId::from(person),
        kind: ConsentType::General,
        status: ConsentStatus::Active,
        effective: Some(Instant::UNIX_EPOCH),
        expires: None,
        never_expires: true,
        revoked_at: None,
        revocable_after: None,
        grantor: None,
        co_grantor: None,
        signature: None,
        description: Some("what the person signed".to_owned()),
        statements: Statements::default(),
        supersedes: Vec::new(),
        rule,
        exceptions: Vec::new(),
        person_deceased: false,
    }
}

/// A rule that permits `to` to do this with what `from` holds.
pub fn permitting(
    from: Uuid,
    to: Uuid,
    purposes: impl Into<CodeSet<Purpose>>,
    actions: impl Into<CodeSet<Action>>,
) -> Rule {
    Rule {
        disclosers: Some(Disclosers { agencies: vec![AgencyId::from(from)] }),
        recipients: Some(Recipients {
            agencies: vec![AgencyId::from(to)],
            ..Recipients::default()
        }),
        purposes: Some(purposes.into()),
        actions: Some(actions.into()),
        ..Rule::new(Effect::Permit)
    }
}
