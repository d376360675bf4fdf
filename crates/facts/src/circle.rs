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

use crate::{Peer, answered};

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
    answered(client.invite_supporter(request)).await
}

/// When it has returned, the supporter's sign-in is bound no more.
pub async fn dismiss_supporter(people: &Peer, of: &Support) -> Result<(), Status> {
    let request = DismissSupporterRequest {
        supporter: name_of("supporters", of.id),
        person: name_of("people", &of.person),
    };
    let mut client = PeopleFactsServiceClient::new(people.service());
    answered(client.dismiss_supporter(request)).await.map(drop)
}
