//! Asking the people service to invite whom a person asks into their circle, and to let them go.

use permit::Support;
use tonic::Status;
use wire::{
    convert::name_of,
    people::v1::{
        DismissSupporterRequest, InviteSupporterRequest, InviteSupporterResponse, SignIn,
        people_facts_service_client::PeopleFactsServiceClient,
    },
};

use crate::{DEADLINE, Peer};

/// A one-time invitation, on the word of the person's own sign-in (issuer, subject). What is wrong with it the people
/// service says.
pub async fn invite_supporter(
    people: &Peer,
    of: &Support,
    (issuer, subject): (&str, &str),
) -> Result<InviteSupporterResponse, Status> {
    let request = InviteSupporterRequest {
        supporter: name_of("supporters", of.id),
        person: name_of("people", &of.person),
        inviter: Some(SignIn { issuer: issuer.to_owned(), subject: subject.to_owned() }),
    };
    let mut client = PeopleFactsServiceClient::new(people.service());
    in_time(client.invite_supporter(request)).await
}

/// When it has returned, the supporter's sign-in is bound no more.
pub async fn dismiss_supporter(people: &Peer, of: &Support) -> Result<(), Status> {
    let request = DismissSupporterRequest {
        supporter: name_of("supporters", of.id),
        person: name_of("people", &of.person),
    };
    let mut client = PeopleFactsServiceClient::new(people.service());
    in_time(client.dismiss_supporter(request)).await.map(drop)
}

async fn in_time<T>(
    reply: impl Future<Output = Result<tonic::Response<T>, Status>>,
) -> Result<T, Status> {
    let reply = tokio::time::timeout(DEADLINE, reply).await;
    Ok(reply.map_err(|_| Status::unavailable("no answer in time"))??.into_inner())
}
