//! Telling the consent service that two people are one.

use kernel::Instant;
use permit::SourceError;
use uuid::Uuid;
use wire::{
    consent::v1::{LinkPeopleRequest, facts_service_client::FactsServiceClient},
    convert::{name_of, timestamp},
};

use crate::{Peer, people::in_time};

/// A link between two people, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonLink {
    pub id: Uuid,
    pub person: Uuid,
    pub other: Uuid,
    pub begun_at: Instant,
    pub ended_at: Option<Instant>,
}

/// When it has returned, what the link refuses is refused. Told again it changes nothing.
pub async fn link_people(consent: &Peer, link: &PersonLink) -> Result<(), SourceError> {
    let request = LinkPeopleRequest {
        link: link.id.to_string(),
        person: name_of("people", link.person),
        other: name_of("people", link.other),
        begin_time: Some(timestamp(link.begun_at)),
        end_time: link.ended_at.map(timestamp),
    };
    let mut client = FactsServiceClient::new(consent.service());
    in_time(client.link_people(request)).await.map(drop)
}
