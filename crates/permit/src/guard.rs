//! The guard: gathers facts, decides, mints.

use std::{marker::PhantomData, sync::Arc};

use identity::CallerKind;
use kernel::{
    Action, AgencyId, AgencyStatus, Clock, CodeSet, ConsentId, Instant, PersonId, Role, Sensitivity,
};
use ledger::Ledger;
use policy::{
    Agencies, BasisKind, Decider, Facets, Facts, Finding, Opened, PersonFacts, Reason, Record,
    Request, Visibility, Who, capture::Ages,
};
use uuid::Uuid;

use crate::{
    Act, Answer, ByNetwork, Call, ConsentSource, Deferred, Located, Others, Outage, PeopleSource,
    Permit, Question, Reading, Refusal, Sight, Standing, StandingPermit, Subscriber, WriteProfiles,
    permit::Ground, represent::is_representative,
};

/// What a handler asks.
#[derive(Debug)]
pub struct Ask<A> {
    pub(crate) about: About,
    pub(crate) recipient: Option<AgencyId>,
    _act: PhantomData<fn() -> A>,
}

#[derive(Debug)]
pub(crate) enum About {
    One(Located),
    New(Record),
    People(Vec<PersonId>),
}

impl<A: Act> Ask<A> {
    /// About a record that is there, or is not.
    pub fn about(located: Located) -> Self {
        Self { about: About::One(located), recipient: None, _act: PhantomData }
    }

    /// About writing a record that is not there yet; its custodian is the caller's agency.
    pub fn new_record(record: Record) -> Self {
        Self { about: About::New(record), recipient: None, _act: PhantomData }
    }

    /// About whatever there is of these people.
    pub fn people(people: Vec<PersonId>) -> Self {
        Self { about: About::People(people), recipient: None, _act: PhantomData }
    }

    /// Sending to this agency. With another action than REFER: doing that *and* sending, so that a
    /// permit for it needs both, when it is minted and again at the COMMIT.
    #[must_use]
    pub fn to(mut self, recipient: AgencyId) -> Self {
        self.recipient = Some(recipient);
        self
    }
}

/// The only maker of permits and the only opener of what was sealed.
#[derive(Clone)]
pub struct Guard {
    consents: Arc<dyn ConsentSource>,
    pub(crate) people: Arc<dyn PeopleSource>,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard")
    }
}

/// Facts in hand: the answers, the directory's flags that came with the newest, and the moment at
/// which they were all there: it is what they are judged at.
pub(crate) struct Known {
    pub(crate) answers: Vec<Answer>,
    pub(crate) agencies: Arc<Agencies>,
    /// Whose word a representative stands by, with the people asked about.
    pub(crate) vouched: Option<Vec<AgencyId>>,
    pub(crate) as_of: Instant,
}

impl Known {
    /// What is decided: the ground's request, a representative's with whose word they stand by, and a
    /// practitioner's with the care teams that they are in now.
    pub(crate) fn request(&self, ground: &Ground, action: Action) -> Option<Request> {
        let mut request = ground.request(action)?;
        match &mut request.who {
            Who::Representative { confirmed_by, .. } => confirmed_by.clone_from(&self.vouched),
            Who::Practitioner { agency, practitioner, care_teams, .. } => {
                *care_teams = self.agencies.care_teams_of(agency, practitioner);
            }
            Who::Person { .. } | Who::Supporter { .. } => {}
        }
        Some(request)
    }

    fn facts(&self) -> Facts<'_> {
        Facts::new(&self.agencies, self.answers.iter().map(|a| &*a.facts))
    }

    /// Judges records one by one under one request.
    pub(crate) fn judge(&self, request: &Request, records: &[Record]) -> Vec<Finding> {
        let facts = self.facts();
        let decider = Decider::new(request, &facts, self.as_of);
        records.iter().map(|r| decider.judge(r)).collect()
    }

    pub(crate) fn judge_one(&self, request: &Request, record: &Record) -> Finding {
        Decider::new(request, &self.facts(), self.as_of).judge(record)
    }

    /// What becomes of each part that was judged. That something is withheld is told to agencies alone, of a
    /// hidden part that no law keeps from being known of: neither of a substance use disorder programme
    /// (§2.13(c)) nor of a victim service or violence.
    pub(crate) fn sights(
        &self,
        request: &Request,
        located: &Located,
        findings: &[Finding],
    ) -> Vec<Sight> {
        let untold =
            Sensitivity::Sud.and_below().union(Sensitivity::Vio.and_below()).with(Sensitivity::Bh);
        let hidden = |record: &Record| {
            let custodian = record.custodian.as_ref().and_then(|id| self.agencies.get(id));
            let facets = Facets::of(record, custodian);
            let kept = facets.part2
                || facets.victim_service
                || facets.unlabelled
                || facets.sensitivities.intersects(untold);
            let told = matches!(request.who, Who::Practitioner { .. }) && !kept;
            if told { Sight::Withheld } else { Sight::Absent }
        };
        let decided = located.decided();
        let parts = decided.iter().zip(findings);
        parts.map(|(part, found)| if found.is_ok() { Sight::Open } else { hidden(part) }).collect()
    }

    /// A fault of the request itself, whatever the records.
    fn fault(&self, request: &Request) -> Option<Reason> {
        let facts = Facts::new(&self.agencies, []);
        policy::decide(request, &[], &facts, self.as_of).reason
    }

    /// Whether an agency takes part, by the flags that came with the answers.
    pub(crate) fn takes_part(&self, id: &AgencyId) -> bool {
        self.agencies.get(id).is_some_and(|agency| agency.status == AgencyStatus::Active)
    }

    fn visibility(&self, request: &Request) -> Visibility {
        Visibility::of(request, &self.facts(), self.as_of)
    }

    /// The facts that hold what was relied on, for the copy that goes with a reply.
    pub(crate) fn facts_of(&self, basis: &[(BasisKind, ConsentId)]) -> Vec<Arc<PersonFacts>> {
        let holds = |facts: &PersonFacts| {
            facts.consents.iter().any(|c| basis.iter().any(|(_, id)| *id == c.id))
        };
        self.answers.iter().filter(|a| holds(&a.facts)).map(|a| Arc::clone(&a.facts)).collect()
    }

    pub(crate) fn revision_of(&self, person: &PersonId) -> i64 {
        self.answers.iter().find(|a| a.facts.person == *person).map_or(0, |a| a.revision)
    }
}

impl Guard {
    pub fn new(
        consents: Arc<dyn ConsentSource>,
        people: Arc<dyn PeopleSource>,
        ledger: Ledger,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { consents, people, ledger, clock }
    }

    /// The ledger behind this guard, for writes that concern no person.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Decides now and mints a permit for `A`, or refuses. A list is never refused for what it
    /// would hold: its visibility may be empty.
    pub async fn permit<A: Act>(&self, call: &Call, ask: Ask<A>) -> Result<Permit<A>, Refusal> {
        let ground = self.ground::<A>(call, ask.recipient).await?;
        match ask.about {
            About::People(people) => self.permit_list(ground, people).await,
            About::One(located) => self.permit_one(ground, located).await,
            About::New(record) => self.permit_new(ground, record).await,
        }
    }

    /// For a point read: the decision is made at the release.
    pub async fn defer<A: Reading>(&self, call: &Call) -> Result<Deferred<A>, Refusal> {
        Ok(Deferred { ground: self.ground::<A>(call, None).await?, _act: PhantomData })
    }

    /// As [`Guard::defer`], for an agency that has asked to be told without a call: what may be told to
    /// anybody of it. `task` is as audit records name what tells it.
    pub fn defer_for<A: Reading>(
        &self,
        task: &'static str,
        subscriber: Subscriber,
    ) -> Result<Deferred<A>, Refusal> {
        if subscriber.purposes.is_empty() {
            return Err(Refusal::ContextMissing);
        }
        let ground = Arc::new(Ground {
            rpc: task,
            call: None,
            who: Some(anybody_of(subscriber.agency.clone())),
            subscriber: Some(subscriber),
            action: A::ACTION,
            kind: A::KIND,
            recipient: None,
            decision_id: Uuid::new_v4(),
        });
        Ok(Deferred { ground, _act: PhantomData })
    }

    async fn permit_list<A: Act>(
        &self,
        ground: Arc<Ground>,
        people: Vec<PersonId>,
    ) -> Result<Permit<A>, Refusal> {
        let known = self.ask(&ground, &people).await?;
        let request = known.request(&ground, A::ACTION).ok_or(Refusal::NotFound)?;
        // Faults that are the caller's own are told; an empty list is an ordinary answer.
        let fault = known.fault(&request).map(Refusal::of_hidden);
        if let Some(fault @ (Refusal::ContextMissing | Refusal::AgencySuspended)) = fault {
            return Err(fault);
        }
        let visibility = Arc::new(known.visibility(&request));
        Ok(Permit::new(ground, people, visibility, None))
    }

    async fn permit_one<A: Act>(
        &self,
        ground: Arc<Ground>,
        located: Located,
    ) -> Result<Permit<A>, Refusal> {
        let people = vec![located.record.person.clone()];
        let known = self.ask(&ground, &people).await?;
        if let Err((refusal, reason)) = self.check_one(&known, &ground, &located) {
            self.record_refusal(&ground, &located, &known, reason).await?;
            return Err(refusal);
        }
        let request = known.request(&ground, A::ACTION).ok_or(Refusal::NotFound)?;
        let visibility = Arc::new(known.visibility(&request));
        Ok(Permit::new(ground, people, visibility, Some(located)))
    }

    /// READ first: what the caller may not see is absent for every action. Then the action; and where
    /// another action names a recipient, sending to it, too.
    pub(crate) fn check_one(
        &self,
        known: &Known,
        ground: &Ground,
        located: &Located,
    ) -> Result<Vec<Opened>, (Refusal, Option<Reason>)> {
        let judge = |action| -> Result<Vec<Opened>, (Refusal, Option<Reason>)> {
            let request = known.request(ground, action).ok_or((Refusal::NotFound, None))?;
            let findings = known.judge(&request, &located.decided());
            // Whoever sees a part sees that it is there, and does nothing to it.
            let writes = ground.action != Action::Read;
            let partly = action == Action::Read
                && writes
                && located.shown(&findings).iter().any(Result::is_ok);
            findings.into_iter().collect::<Result<_, _>>().map_err(|refused| {
                let reason = Some(refused.reason);
                let refusal = Refusal::of_record(located, reason);
                match refusal {
                    Refusal::NotFound if partly => (Refusal::ActionNotPermitted, reason),
                    refusal => (refusal, reason),
                }
            })
        };
        let mut opened = judge(Action::Read)?;
        if !located.found {
            return Err((Refusal::NotFound, None));
        }
        let beyond = |action| {
            judge(action).map_err(|(refusal, reason)| match (action, refusal) {
                (Action::Refer, Refusal::NotFound) => (Refusal::ConsentNeeded, reason),
                (_, Refusal::NotFound) => (Refusal::ActionNotPermitted, reason),
                own => (own.1, reason),
            })
        };
        // What is written is shown as well.
        if ground.action != Action::Read {
            opened.extend(beyond(ground.action)?);
        }
        if ground.recipient.is_some() && ground.action != Action::Refer {
            opened.extend(beyond(Action::Refer)?);
        }
        Ok(opened)
    }

    async fn permit_new<A: Act>(
        &self,
        ground: Arc<Ground>,
        record: Record,
    ) -> Result<Permit<A>, Refusal> {
        let located = self.located_new(&ground, record).await?;
        self.permit_one(ground, located).await
    }

    /// A record that is to be written: there for those who have registered its person, and will hold it.
    pub(crate) async fn located_new(
        &self,
        ground: &Ground,
        record: Record,
    ) -> Result<Located, Refusal> {
        let agency = ground.agency().ok_or(Refusal::NotFound)?;
        let registered = self.people.registered(&record.person, agency).await;
        let found =
            registered.map_err(Refusal::people)? && record.custodian.as_ref() == Some(agency);
        Ok(Located { record, parts: Vec::new(), found })
    }

    /// A registration: an agency's first record of a person. It is what makes the agency one that
    /// has registered them, so that alone is not asked; the rest is decided as for any new record,
    /// and the write goes through [`Guard::commit`] with its audit record. Only a profile in the
    /// caller's own custody.
    pub async fn permit_registration(
        &self,
        call: &Call,
        profile: Record,
    ) -> Result<Permit<WriteProfiles>, Refusal> {
        let ground = self.ground::<WriteProfiles>(call, None).await?;
        let own = ground.agency().is_some_and(|own| profile.custodian.as_ref() == Some(own));
        let found = own && profile.kind == WriteProfiles::KIND;
        self.permit_one(ground, Located { record: profile, parts: Vec::new(), found }).await
    }

    /// The person's own things: consents, accounting. `agencies_too`: an agency may ask, and sees
    /// what names it.
    pub async fn standing(
        &self,
        call: &Call,
        person: PersonId,
        agencies_too: bool,
    ) -> Result<StandingPermit, Refusal> {
        let others = Others { agencies: agencies_too, representatives: false };
        self.standing_beside(call, person, others).await
    }

    /// As [`Guard::standing`], of whoever the RPC lets stand beside the person. A representative is
    /// asked about again when what they write is committed, and when what they read is opened.
    pub async fn standing_beside(
        &self,
        call: &Call,
        person: PersonId,
        others: Others,
    ) -> Result<StandingPermit, Refusal> {
        let who = self.who(call).await?;
        let mut ground = Ground {
            rpc: call.rpc(),
            call: Some(call.clone()),
            subscriber: None,
            who: None,
            action: Action::Read,
            kind: kernel::Kind::Support,
            recipient: None,
            decision_id: Uuid::new_v4(),
        };
        let standing = match &who {
            // A sign-in that is bound to nobody is not bound to that nobody either.
            Who::Person { person: own, confirmed_by } if *own == person && person != nobody() => {
                Standing::Person { confirmed_by: confirmed_by.clone() }
            }
            Who::Practitioner { agency, .. } if others.agencies => Standing::Agency(agency.clone()),
            Who::Representative { .. } if others.representatives => {
                ground.who = Some(who.clone());
                Standing::Representative(self.represents(&ground, &person).await?)
            }
            _ => return Err(Refusal::NotFound),
        };
        ground.who = Some(who);
        Ok(StandingPermit { ground: Arc::new(ground), person, standing })
    }

    /// The person that the caller's sign-in is bound to, if any.
    pub async fn person_of(&self, call: &Call) -> Result<Option<PersonId>, Refusal> {
        match self.who(call).await? {
            Who::Person { person, .. } if person != nobody() => Ok(Some(person)),
            _ => Ok(None),
        }
    }

    /// Whether the caller's agency has registered the person.
    pub async fn registered(&self, call: &Call, person: &PersonId) -> Result<bool, Refusal> {
        match call.caller().agency() {
            Some(agency) => self.registered_by(person, agency).await,
            None => Ok(false),
        }
    }

    /// Whether an agency has registered the person who asks.
    pub async fn registered_by(
        &self,
        person: &PersonId,
        agency: &AgencyId,
    ) -> Result<bool, Refusal> {
        self.people.registered(person, agency).await.map_err(Refusal::people)
    }

    /// How old the person may be at an instant: for who may sign for them, and for nobody's eyes.
    pub async fn ages(&self, person: &PersonId, at: Instant) -> Result<Ages, Refusal> {
        self.people.ages(person, at).await.map_err(Refusal::people)
    }

    /// An act of the network itself.
    pub fn by_network(
        &self,
        task: &'static str,
        kind: kernel::Kind,
        person: PersonId,
    ) -> ByNetwork {
        let ground = Arc::new(Ground {
            call: None,
            subscriber: None,
            rpc: task,
            who: None,
            action: Action::Transition,
            kind,
            recipient: None,
            decision_id: Uuid::new_v4(),
        });
        ByNetwork { ground, person }
    }

    /// The audit record of what the network does beside somebody's own write, in its transaction.
    pub fn event_by_network(&self, act: &ByNetwork, records: Vec<Uuid>) -> ledger::Event {
        crate::event::by_network(act, records, &self.clock)
    }

    pub(crate) async fn ask(&self, ground: &Ground, people: &[PersonId]) -> Result<Known, Refusal> {
        let on_behalf_of = ground.agency().cloned();
        let mut questions: Vec<Question> = people
            .iter()
            .map(|p| Question { person: p.clone(), on_behalf_of: on_behalf_of.clone() })
            .collect();
        if questions.is_empty() {
            // The directory's flags come with an answer, so somebody has to be asked about.
            questions.push(Question { person: nobody(), on_behalf_of });
        }
        let (mut known, appointments, supports) = futures::future::try_join3(
            self.answered(questions),
            self.appointments(ground),
            self.supports(ground),
        )
        .await?;
        // After the answers: within the fence of a COMMIT, and at the release of what was read.
        ground.in_force()?;
        known.as_of = self.as_of(&known.answers);
        Ok(match &ground.who {
            Some(Who::Representative { subject, .. }) => known.represented(subject, &appointments),
            Some(Who::Supporter { subject }) => known.supported(subject, &supports),
            _ => known,
        })
    }

    /// An answer that is short, or about somebody else, is no answer.
    pub(crate) async fn answered(&self, questions: Vec<Question>) -> Result<Known, Refusal> {
        let people: Vec<PersonId> = questions.iter().map(|q| q.person.clone()).collect();
        let answers = self.consents.facts(questions).await?;
        let about: Vec<&PersonId> = answers.iter().map(|a| &a.facts.person).collect();
        if !about.into_iter().eq(&people) {
            tracing::error!(alarm = "facts", "an answer that is not the question's");
            return Err(Refusal::Unavailable(Outage::Consent));
        }
        let agencies = answers.last().map(|a| Arc::clone(&a.agencies));
        let agencies = agencies.ok_or(Refusal::Unavailable(Outage::Consent))?;
        let (vouched, as_of) = (Some(Vec::new()), self.as_of(&answers));
        Ok(Known { answers, agencies, vouched, as_of })
    }

    /// Now, and never before what the answers know to have happened: by a clock that is behind theirs, or was
    /// set back, what was revoked would be in force still.
    fn as_of(&self, answers: &[Answer]) -> kernel::Instant {
        let revoked = |answer: &Answer| {
            answer.facts.consents.iter().filter_map(|consent| consent.revoked_at).max()
        };
        let known = answers.iter().flat_map(|a| [Some(a.time), revoked(a)]).flatten();
        known.fold(self.clock.now(), Ord::max)
    }

    pub(crate) async fn ground<A: Act>(
        &self,
        call: &Call,
        recipient: Option<AgencyId>,
    ) -> Result<Arc<Ground>, Refusal> {
        let who = self.who(call).await?;
        if call.caller().purposes().is_empty() {
            return Err(Refusal::ContextMissing);
        }
        Ok(Arc::new(Ground {
            rpc: call.rpc(),
            call: Some(call.clone()),
            subscriber: None,
            who: Some(who),
            action: A::ACTION,
            kind: A::KIND,
            recipient,
            decision_id: Uuid::new_v4(),
        }))
    }

    /// Who the caller is to the policy: from the verified token and, for an individual, from the
    /// binding of their sign-in; never from a request body.
    pub(crate) async fn who(&self, call: &Call) -> Result<Who, Refusal> {
        let caller = call.caller();
        match caller.kind() {
            CallerKind::Staff { agency, practitioner } => Ok(Who::Practitioner {
                agency: agency.clone(),
                practitioner: practitioner.clone(),
                roles: caller.roles(),
                // Asked at each decision, with the facts.
                care_teams: Vec::new(),
            }),
            CallerKind::Individual if caller.roles().contains(Role::Person) => {
                let bound = self.people.sign_in(caller.issuer(), caller.subject().as_str()).await;
                Ok(match bound.map_err(Refusal::people)? {
                    Some(sign_in) => {
                        Who::Person { person: sign_in.person, confirmed_by: sign_in.confirmed_by }
                    }
                    None => Who::Person { person: nobody(), confirmed_by: Some(Vec::new()) },
                })
            }
            // For whom they act is asked at each decision; until then nobody vouches for them.
            CallerKind::Individual if is_representative(caller) => Ok(Who::Representative {
                subject: caller.subject().clone(),
                confirmed_by: Some(Vec::new()),
            }),
            // Whom they support is asked at each decision.
            CallerKind::Individual => Ok(Who::Supporter { subject: caller.subject().clone() }),
            CallerKind::Network | CallerKind::Service { .. } => Err(Refusal::NotFound),
        }
    }
}

/// Whoever works for an agency, by no role of theirs.
pub(crate) fn anybody_of(agency: AgencyId) -> Who {
    Who::Practitioner {
        agency,
        practitioner: kernel::PractitionerId::new(""),
        roles: CodeSet::EMPTY,
        care_teams: Vec::new(),
    }
}

/// The person that nobody is.
pub(crate) fn nobody() -> PersonId {
    Located::of(kernel::Kind::Note, Uuid::nil(), None).record.person
}
