//! The people service, asked what people prefer: grouped, asked every time.

use kernel::{AgencyId, PersonId};
use permit::SourceError;
use pg::{Group, Limits};
use wire::{
    common::v1::ContactRule,
    convert::{agency_name, name_of},
    people::v1::{
        CheckPreferencesRequest, PreferenceQuestion, StatedPreferences,
        people_facts_service_client::PeopleFactsServiceClient,
    },
};

use crate::{Peer, consents::of_group, people::in_time};

/// Of whom, and what was said to which agencies; 1 to 12 of them.
type Asked = (PersonId, Vec<AgencyId>);

/// The people service as the source of preferences.
#[derive(Debug, Clone)]
pub struct GrpcPreferences(Group<Asked, StatedPreferences, SourceError>);

impl GrpcPreferences {
    /// Must be called in a runtime.
    pub fn new(peer: Peer) -> Self {
        let limits = Limits { max_group: 512, queue: 8192, in_flight: 2 };
        Self(Group::new("preferences", limits, move |asked| stated(peer.clone(), asked)))
    }

    /// What this person prefers, by what was said to these agencies. A reply that can't be read is none.
    pub async fn of(
        &self,
        person: PersonId,
        agencies: Vec<AgencyId>,
    ) -> Result<StatedPreferences, SourceError> {
        self.0.ask((person, agencies)).await.map_err(of_group)
    }
}

async fn stated(peer: Peer, asked: Vec<Asked>) -> Result<Vec<StatedPreferences>, SourceError> {
    let count = asked.len();
    let questions = asked
        .into_iter()
        .map(|(person, agencies)| PreferenceQuestion {
            person: name_of("people", person),
            agencies: agencies.iter().map(agency_name).collect(),
        })
        .collect();
    let mut client = PeopleFactsServiceClient::new(peer.service());
    let reply = in_time(client.check_preferences(CheckPreferencesRequest { questions })).await?;
    let known = |one: &StatedPreferences| one.contact_rule() != ContactRule::Unspecified;
    if reply.preferences.len() == count && reply.preferences.iter().all(known) {
        Ok(reply.preferences)
    } else {
        Err(SourceError::Unavailable)
    }
}
