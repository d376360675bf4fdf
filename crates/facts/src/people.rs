//! The people service: sign-ins and registrations, grouped, asked every time.

use futures::{FutureExt as _, future::BoxFuture};
use kernel::{AgencyId, Instant, PersonId};
use permit::{Appointment, PeopleSource, SignIn, SourceError, Support};
use pg::{Group, Limits};
use policy::capture::Ages;
use wire::{
    convert::{agency_name, from_wire, id_of, instant, name_of, set_from_wire, timestamp},
    people::v1::{
        self as pb, AgeQuestion, CheckAgesRequest, CheckRegistrationsRequest, RegistrationQuestion,
        ResolveSignInsRequest, people_facts_service_client::PeopleFactsServiceClient,
    },
};

use crate::{
    Peer, answered,
    consents::{of_group, of_status},
};

/// The person, those for whom the sign-in acts, and whom it supports.
type Resolved = (Option<SignIn>, Vec<Appointment>, Vec<Support>);

/// The people service as the source of sign-ins and registrations.
#[derive(Debug, Clone)]
pub struct GrpcPeople {
    sign_ins: Group<(String, String), Resolved, SourceError>,
    registrations: Group<(PersonId, AgencyId), bool, SourceError>,
    ages: Group<(PersonId, Instant), Ages, SourceError>,
}

impl GrpcPeople {
    /// Must be called in a runtime.
    pub fn new(peer: Peer) -> Self {
        let limits = Limits { max_group: 512, queue: 8192, in_flight: 2 };
        let sign_ins = {
            let peer = peer.clone();
            Group::new("sign-ins", limits, move |asked| resolve(peer.clone(), asked))
        };
        let registrations = {
            let peer = peer.clone();
            Group::new("registrations", limits, move |asked| registered(peer.clone(), asked))
        };
        let ages = Group::new("ages", limits, move |asked| ages(peer.clone(), asked));
        Self { sign_ins, registrations, ages }
    }
}

impl PeopleSource for GrpcPeople {
    fn sign_in<'a>(
        &'a self,
        issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>> {
        let key = (issuer.to_owned(), subject.to_owned());
        self.sign_ins.ask(key).map(|found| Ok(found.map_err(of_group)?.0)).boxed()
    }

    fn appointments<'a>(
        &'a self,
        issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Appointment>, SourceError>> {
        let key = (issuer.to_owned(), subject.to_owned());
        self.sign_ins.ask(key).map(|found| Ok(found.map_err(of_group)?.1)).boxed()
    }

    fn supports<'a>(
        &'a self,
        issuer: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Support>, SourceError>> {
        let key = (issuer.to_owned(), subject.to_owned());
        self.sign_ins.ask(key).map(|found| Ok(found.map_err(of_group)?.2)).boxed()
    }

    fn registered<'a>(
        &'a self,
        person: &'a PersonId,
        agency: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>> {
        let key = (person.clone(), agency.clone());
        self.registrations.ask(key).map(|found| found.map_err(of_group)).boxed()
    }

    fn ages<'a>(
        &'a self,
        person: &'a PersonId,
        at: Instant,
    ) -> BoxFuture<'a, Result<Ages, SourceError>> {
        self.ages.ask((person.clone(), at)).map(|found| found.map_err(of_group)).boxed()
    }
}

async fn resolve(peer: Peer, asked: Vec<(String, String)>) -> Result<Vec<Resolved>, SourceError> {
    let count = asked.len();
    let sign_ins =
        asked.into_iter().map(|(issuer, subject)| pb::SignIn { issuer, subject }).collect();
    let mut client =
        PeopleFactsServiceClient::new(peer.service()).max_decoding_message_size(64 * 1024 * 1024);
    let reply = in_time(client.resolve_sign_ins(ResolveSignInsRequest { sign_ins })).await?;
    if reply.resolved.len() != count {
        return Err(SourceError::Unavailable);
    }
    // What can't be read might narrow something: then there is no answer.
    reply.resolved.iter().map(|found| resolved(found).ok_or(SourceError::Unavailable)).collect()
}

fn resolved(found: &pb::ResolvedSignIn) -> Option<Resolved> {
    let sign_in = if found.person.is_empty() {
        None
    } else {
        Some(SignIn {
            person: id_of("people", &found.person)?.into(),
            confirmed_by: vouching(&found.confirmed_by, found.proofed)?,
        })
    };
    let appointments = found.appointments.iter().map(appointment).collect::<Option<_>>()?;
    let supports = found.supports.iter().map(support).collect::<Option<_>>()?;
    Some((sign_in, appointments, supports))
}

fn support(found: &pb::Support) -> Option<Support> {
    Some(Support {
        id: id_of("supporters", &found.supporter)?,
        person: id_of("people", &found.person)?.into(),
    })
}

fn appointment(found: &pb::Appointment) -> Option<Appointment> {
    let time = |at: &Option<_>| match at {
        Some(at) => instant(at).map(Some),
        None => Some(None),
    };
    Some(Appointment {
        id: id_of("representatives", &found.representative)?,
        person: id_of("people", &found.person)?.into(),
        relationship: from_wire(found.relationship)?,
        authority: found.authority,
        from: time(&found.from_time)?,
        until: time(&found.until_time)?,
        excluded_sensitivities: set_from_wire(&found.excluded_sensitivities)?,
        confirmed_by: vouching(&found.confirmed_by, false)?,
    })
}

/// None within: it stands everywhere.
fn vouching(names: &[String], proofed: bool) -> Option<Option<Vec<AgencyId>>> {
    let agencies: Option<Vec<AgencyId>> =
        names.iter().map(|name| id_of("agencies", name).map(AgencyId::from)).collect();
    agencies.map(|agencies| (!proofed).then_some(agencies))
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
    let reply =
        in_time(client.check_registrations(CheckRegistrationsRequest { questions })).await?;
    if reply.registered.len() == count {
        Ok(reply.registered)
    } else {
        Err(SourceError::Unavailable)
    }
}

async fn ages(peer: Peer, asked: Vec<(PersonId, Instant)>) -> Result<Vec<Ages>, SourceError> {
    let count = asked.len();
    let questions = asked
        .into_iter()
        .map(|(person, at)| AgeQuestion {
            person: name_of("people", person),
            time: Some(timestamp(at)),
        })
        .collect();
    let mut client = PeopleFactsServiceClient::new(peer.service());
    let reply = in_time(client.check_ages(CheckAgesRequest { questions })).await?;
    if reply.ages.len() == count {
        Ok(reply.ages.iter().map(stated_age).collect())
    } else {
        Err(SourceError::Unavailable)
    }
}

/// What is no span of ages rules nothing out.
fn stated_age(stated: &pb::StatedAge) -> Ages {
    // Beyond 255 years nothing is different.
    let years = |years: i32| u8::try_from(years.min(u8::MAX.into())).ok();
    match (years(stated.youngest), years(stated.oldest)) {
        (Some(youngest), Some(oldest)) if stated.known && youngest <= oldest => {
            Ages { youngest, oldest }
        }
        _ => Ages::ANY,
    }
}

/// A reply within the time that a decision may take.
pub(crate) async fn in_time<T>(
    reply: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
) -> Result<T, SourceError> {
    answered(reply).await.map_err(|status| of_status(&status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_span_of_ages_rules_no_age_out() {
        let read = |known, youngest, oldest| {
            let ages = stated_age(&pb::StatedAge { known, youngest, oldest });
            (ages.youngest, ages.oldest)
        };
        assert_eq!(read(true, 11, 12), (11, 12));
        assert_eq!(read(true, 300, 400), (u8::MAX, u8::MAX));
        for (known, youngest, oldest) in [(false, 11, 12), (true, 12, 11), (true, -1, 12)] {
            assert_eq!(read(known, youngest, oldest), (0, u8::MAX));
        }
    }
}
