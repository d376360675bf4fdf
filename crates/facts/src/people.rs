//! The people service: sign-ins and registrations, grouped, asked every time.

use futures::{FutureExt as _, future::BoxFuture};
use kernel::{AgencyId, PersonId};
use permit::{PeopleSource, SignIn, SourceError};
use pg::{Group, Limits};
use wire::{
    convert::{agency_name, id_of, name_of},
    people::v1::{
        CheckRegistrationsRequest, RegistrationQuestion, ResolveSignInsRequest, SignIn as PbSignIn,
        people_facts_service_client::PeopleFactsServiceClient,
    },
};

use crate::{
    DEADLINE, Peer,
    consents::{of_group, of_status},
};

/// The people service as the source of sign-ins and registrations.
#[derive(Debug, Clone)]
pub struct GrpcPeople {
    sign_ins: Group<(String, String), Option<SignIn>, SourceError>,
    registrations: Group<(PersonId, AgencyId), bool, SourceError>,
}

impl GrpcPeople {
    /// Must be called in a runtime.
    pub fn new(peer: Peer) -> Self {
        let limits = Limits { max_group: 512, queue: 8192, in_flight: 2 };
        let sign_ins = {
            let peer = peer.clone();
            Group::new("sign-ins", limits, move |asked| resolve(peer.clone(), asked))
        };
        let registrations =
            Group::new("registrations", limits, move |asked| registered(peer.clone(), asked));
        Self { sign_ins, registrations }
    }
}

impl PeopleSource for GrpcPeople {
    fn sign_in<'a>(
        &'a self,
        issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>> {
        let key = (issuer.to_owned(), subject.to_owned());
        self.sign_ins.ask(key).map(|found| found.map_err(of_group)).boxed()
    }

    fn registered<'a>(
        &'a self,
        person: &'a PersonId,
        agency: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>> {
        let key = (person.clone(), agency.clone());
        self.registrations.ask(key).map(|found| found.map_err(of_group)).boxed()
    }
}

async fn resolve(
    peer: Peer,
    asked: Vec<(String, String)>,
) -> Result<Vec<Option<SignIn>>, SourceError> {
    let count = asked.len();
    let sign_ins =
        asked.into_iter().map(|(issuer, subject)| PbSignIn { issuer, subject }).collect();
    let mut client = PeopleFactsServiceClient::new(peer.service());
    let reply =
        tokio::time::timeout(DEADLINE, client.resolve_sign_ins(ResolveSignInsRequest { sign_ins }))
            .await
            .map_err(|_| SourceError::Unavailable)?
            .map_err(|status| of_status(&status))?
            .into_inner();
    if reply.resolved.len() != count {
        return Err(SourceError::Unavailable);
    }
    reply
        .resolved
        .into_iter()
        .map(|found| {
            if found.person.is_empty() {
                return Ok(None);
            }
            let person = id_of("people", &found.person).ok_or(SourceError::Unavailable)?;
            let agencies: Option<Vec<AgencyId>> = found
                .confirmed_by
                .iter()
                .map(|name| id_of("agencies", name).map(AgencyId::from))
                .collect();
            let agencies = agencies.ok_or(SourceError::Unavailable)?;
            Ok(Some(SignIn {
                person: person.into(),
                confirmed_by: (!found.proofed).then_some(agencies),
            }))
        })
        .collect()
}

async fn registered(
    peer: Peer,
    asked: Vec<(PersonId, AgencyId)>,
) -> Result<Vec<bool>, SourceError> {
    let count = asked.len();
    let questions = asked
        .into_iter()
        .map(|(person, agency)| RegistrationQuestion {
            person: name_of("people", person),
            agency: agency_name(agency),
        })
        .collect();
    let mut client = PeopleFactsServiceClient::new(peer.service());
    let reply = tokio::time::timeout(
        DEADLINE,
        client.check_registrations(CheckRegistrationsRequest { questions }),
    )
    .await
    .map_err(|_| SourceError::Unavailable)?
    .map_err(|status| of_status(&status))?
    .into_inner();
    if reply.registered.len() == count {
        Ok(reply.registered)
    } else {
        Err(SourceError::Unavailable)
    }
}
