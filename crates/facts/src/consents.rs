//! Facts for decisions. Each question is asked of the consent service, every time; what is kept here
//! is only what a revision stands for, so that an unchanged answer need not be sent again.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::{FutureExt as _, future::BoxFuture};
use kernel::{AgencyId, AgencyStatus, PersonId, PractitionerId, Sector};
use permit::{Answer, ConsentSource, Question, SourceError};
use pg::{Group, GroupError, Limits};
use policy::{Agencies, Agency, CareTeam, PersonFacts};
use quick_cache::sync::Cache;
use tonic::Code;
use wire::{
    consent::v1::{
        AgencyFlags, CareTeamMembers, FactsQuestion, GetFactsRequest,
        facts_service_client::FactsServiceClient,
    },
    convert::{agency_name, from_wire, id_of, instant, name_of, person_facts},
};

use crate::{DEADLINE, Peer};

/// People whose decoded facts are kept.
const KEPT: usize = 65_536;

/// The consent service as the source of facts.
#[derive(Debug, Clone)]
pub struct GrpcConsents {
    group: Group<Question, Answer, SourceError>,
}

type Kept = (i64, Arc<PersonFacts>);

struct Asker {
    peer: Peer,
    kept: Cache<PersonId, Kept>,
    directory: ArcSwap<(i64, Arc<Agencies>)>,
}

impl GrpcConsents {
    /// Must be called in a runtime.
    pub fn new(peer: Peer) -> Self {
        let asker = Arc::new(Asker {
            peer,
            kept: Cache::new(KEPT),
            directory: ArcSwap::from_pointee((-1, Arc::new(Agencies::default()))),
        });
        let limits = Limits { max_group: 512, queue: 8192, in_flight: 1 };
        let group = Group::new("facts", limits, move |questions| {
            let asker = Arc::clone(&asker);
            async move { asker.ask(questions).await }
        });
        Self { group }
    }
}

impl ConsentSource for GrpcConsents {
    fn facts(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        let asked = questions.into_iter().map(|q| self.group.ask(q));
        // However long those that were asked before it take.
        tokio::time::timeout(DEADLINE, futures::future::try_join_all(asked))
            .map(|all| all.map_or(Err(SourceError::Unavailable), |all| all.map_err(of_group)))
            .boxed()
    }
}

pub(crate) fn of_group(error: GroupError<SourceError>) -> SourceError {
    match error {
        GroupError::Overloaded => SourceError::Overloaded,
        GroupError::Broken => SourceError::Unavailable,
        GroupError::Failed(error) => error,
    }
}

/// The answer must come in time and make sense, or there is none.
pub(crate) fn of_status(status: &tonic::Status) -> SourceError {
    tracing::warn!(code = ?status.code(), "a peer did not answer");
    match status.code() {
        Code::ResourceExhausted => SourceError::Overloaded,
        _ => SourceError::Unavailable,
    }
}

impl Asker {
    /// Until every question has its answer: a reply that is full leaves some for another call.
    async fn ask(&self, questions: Vec<Question>) -> Result<Vec<Answer>, SourceError> {
        let mut answers: Vec<Option<Answer>> = questions.iter().map(|_| None).collect();
        let mut open: Vec<(usize, Question)> = questions.into_iter().enumerate().collect();
        let all = async {
            while !open.is_empty() {
                let asked = std::mem::take(&mut open);
                let told = self.ask_once(asked.iter().map(|(_, q)| q)).await?;
                for ((place, question), answer) in asked.into_iter().zip(told) {
                    match answer {
                        None => open.push((place, question)),
                        some => {
                            *answers.get_mut(place).ok_or(SourceError::Unavailable)? = some;
                        }
                    }
                }
            }
            Ok(())
        };
        tokio::time::timeout(DEADLINE, all).await.map_err(|_| SourceError::Unavailable)??;
        answers.into_iter().collect::<Option<_>>().ok_or(SourceError::Unavailable)
    }

    /// One call; none for what it left for another. It answers one at least.
    async fn ask_once<'q>(
        &self,
        questions: impl ExactSizeIterator<Item = &'q Question> + Clone,
    ) -> Result<Vec<Option<Answer>>, SourceError> {
        let held = self.directory.load_full();
        // Revision 0 is a person about whom nothing is on file: everybody knows what that stands for.
        // So somebody unknown costs as much as somebody known, and can't be told by it.
        let kept: Vec<Kept> = questions
            .clone()
            .map(|q| {
                let nothing = || (0, Arc::new(PersonFacts::new(q.person.clone())));
                self.kept.get(&q.person).unwrap_or_else(nothing)
            })
            .collect();
        let asked = questions.clone().zip(&kept).map(|(q, (revision, _))| FactsQuestion {
            person: name_of("people", &q.person),
            known_revision: *revision,
            on_behalf_of: q.on_behalf_of.as_ref().map(agency_name).unwrap_or_default(),
        });
        let request = GetFactsRequest { questions: asked.collect(), directory_revision: held.0 };
        let mut client = FactsServiceClient::new(self.peer.service())
            .max_decoding_message_size(64 * 1024 * 1024);
        let reply = client.get_facts(request).await.map_err(|status| of_status(&status))?;
        let reply = reply.into_inner();
        let time = reply.time.as_ref().and_then(instant).ok_or(SourceError::Unavailable)?;
        let none = reply.facts.iter().all(|facts| facts.later);
        if reply.facts.len() != questions.len() || none {
            return Err(SourceError::Unavailable);
        }
        let agencies = if reply.directory_revision == held.0 {
            Arc::clone(&held.1)
        } else {
            let agencies = Arc::new(agencies(&reply.agencies)?);
            self.directory.store(Arc::new((reply.directory_revision, Arc::clone(&agencies))));
            agencies
        };
        let told = questions.zip(kept).zip(reply.facts);
        told.map(|((question, kept), facts)| {
            if facts.later {
                return Ok(None);
            }
            let known = self.known(question, kept, &facts)?;
            let agencies = Arc::clone(&agencies);
            Ok(Some(Answer { revision: facts.revision, time, facts: known, agencies }))
        })
        .collect()
    }

    /// What an answer stands for: what is held where the revision is the same, else what it brings.
    fn known(
        &self,
        question: &Question,
        (revision, kept): Kept,
        facts: &wire::consent::v1::PersonFacts,
    ) -> Result<Arc<PersonFacts>, SourceError> {
        if !facts.changed {
            return (revision == facts.revision).then_some(kept).ok_or(SourceError::Unavailable);
        }
        let known = person_facts(question.person.clone(), facts)
            .map(Arc::new)
            .ok_or(SourceError::Unavailable)?;
        self.kept.insert(question.person.clone(), (facts.revision, Arc::clone(&known)));
        Ok(known)
    }
}

fn agencies(flags: &[AgencyFlags]) -> Result<Agencies, SourceError> {
    let one = |flags: &AgencyFlags| -> Option<Agency> {
        Some(Agency {
            id: AgencyId::from(id_of("agencies", &flags.name)?),
            status: if flags.active { AgencyStatus::Active } else { AgencyStatus::Suspended },
            sector: from_wire::<Sector>(flags.sector)?,
            covered_entity: flags.covered_entity,
            part2_program: flags.part2_program,
            victim_service_provider: flags.victim_service_provider,
        })
    };
    let teams = flags.iter().flat_map(|flags| flags.care_teams.iter().map(move |t| (flags, t)));
    let team = |(flags, team): (&AgencyFlags, &CareTeamMembers)| -> Option<CareTeam> {
        Some(CareTeam {
            id: id_of("careTeams", &team.name)?.into(),
            agency: id_of("agencies", &flags.name)?.into(),
            members: team.members.iter().map(PractitionerId::new).collect(),
        })
    };
    let agencies = flags.iter().map(one).collect::<Option<Agencies>>();
    let agencies = agencies.ok_or(SourceError::Unavailable)?;
    let teams = teams.map(team).collect::<Option<_>>().ok_or(SourceError::Unavailable)?;
    Ok(agencies.with_care_teams(teams))
}
