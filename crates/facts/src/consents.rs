//! Facts for decisions. Each question is asked of the consent service, every time; what is kept here
//! is only what a revision stands for, so that an unchanged answer need not be sent again.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::{FutureExt as _, future::BoxFuture};
use kernel::{AgencyId, AgencyStatus, PersonId, Sector};
use permit::{Answer, ConsentSource, Question, SourceError};
use pg::{Group, GroupError, Limits};
use policy::{Agencies, Agency, PersonFacts};
use quick_cache::sync::Cache;
use tonic::Code;
use wire::{
    consent::v1::{
        AgencyFlags, FactsQuestion, GetFactsRequest, facts_service_client::FactsServiceClient,
    },
    convert::{agency_name, from_wire, id_of, name_of, person_facts_consent},
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
        let limits = Limits { max_group: 512, queue: 8192, in_flight: 2 };
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
        futures::future::try_join_all(asked).map(|all| all.map_err(of_group)).boxed()
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
    async fn ask(&self, questions: Vec<Question>) -> Result<Vec<Answer>, SourceError> {
        let held = self.directory.load_full();
        // Revision 0 is a person about whom nothing is on file: everybody knows what that stands for.
        // So somebody unknown costs as much as somebody known, and can't be told by it.
        let kept: Vec<Kept> = questions
            .iter()
            .map(|q| {
                let nothing = || (0, Arc::new(PersonFacts::new(q.person.clone())));
                self.kept.get(&q.person).unwrap_or_else(nothing)
            })
            .collect();
        let request = GetFactsRequest {
            questions: questions
                .iter()
                .zip(&kept)
                .map(|(q, (revision, _))| FactsQuestion {
                    person: name_of("people", &q.person),
                    known_revision: *revision,
                    on_behalf_of: q.on_behalf_of.as_ref().map(agency_name).unwrap_or_default(),
                })
                .collect(),
            directory_revision: held.0,
        };
        let mut client = FactsServiceClient::new(self.peer.service())
            .max_decoding_message_size(64 * 1024 * 1024);
        let reply = tokio::time::timeout(DEADLINE, client.get_facts(request))
            .await
            .map_err(|_| SourceError::Unavailable)?
            .map_err(|status| of_status(&status))?
            .into_inner();
        if reply.facts.len() != questions.len() {
            return Err(SourceError::Unavailable);
        }
        let agencies = if reply.directory_revision == held.0 {
            Arc::clone(&held.1)
        } else {
            let agencies = Arc::new(agencies(&reply.agencies)?);
            self.directory.store(Arc::new((reply.directory_revision, Arc::clone(&agencies))));
            agencies
        };
        let mut answers = Vec::with_capacity(questions.len());
        for ((question, (revision, kept)), facts) in
            questions.into_iter().zip(kept).zip(reply.facts)
        {
            let known = match kept {
                kept if !facts.changed && revision == facts.revision => kept,
                _ if facts.changed => {
                    let mut known = PersonFacts::new(question.person.clone());
                    for consent in &facts.consents {
                        // One that can't be read would be left out, and it might forbid.
                        let consent =
                            person_facts_consent(consent).ok_or(SourceError::Unavailable)?;
                        known.consents.push(consent);
                    }
                    let known = Arc::new(known);
                    self.kept.insert(question.person, (facts.revision, Arc::clone(&known)));
                    known
                }
                _ => return Err(SourceError::Unavailable),
            };
            answers.push(Answer {
                revision: facts.revision,
                facts: known,
                agencies: Arc::clone(&agencies),
            });
        }
        Ok(answers)
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
    flags.iter().map(one).collect::<Option<Agencies>>().ok_or(SourceError::Unavailable)
}
