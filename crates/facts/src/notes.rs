//! The notes service: where notes are and how they are labelled, for whoever refers to them.

use kernel::{AgencyId, Class, EpisodeId, Kind, PersonId, RecordId};
use permit::SourceError;
use policy::{Record, ReleaseBlock};
use uuid::Uuid;
use wire::{
    convert::{from_wire, id_of, instant, name_of, practitioner_from_name, set_from_wire},
    notes::v1::{
        LocateNotesRequest, LocatedNote, note_facts_service_client::NoteFactsServiceClient,
    },
};

use crate::{Peer, people::in_time};

/// The notes service as the source of what notes there are.
#[derive(Debug, Clone)]
pub struct GrpcNotes(Peer);

impl GrpcNotes {
    pub fn new(peer: Peer) -> Self {
        Self(peer)
    }

    /// Signed notes among these, at most 20: facets, no content. A reply that can't be read is none.
    pub async fn located(&self, ids: &[Uuid]) -> Result<Vec<Record>, SourceError> {
        let names = ids.iter().map(|id| name_of("notes", id)).collect();
        let mut client = NoteFactsServiceClient::new(self.0.service());
        let reply = in_time(client.locate_notes(LocateNotesRequest { names })).await?;
        let asked = |record: &Record| ids.iter().any(|id| record.id == RecordId::from(*id));
        let notes = reply.notes.iter().map(|note| record(note).filter(asked));
        notes.map(|note| note.ok_or(SourceError::Unavailable)).collect()
    }
}

fn record(note: &LocatedNote) -> Option<Record> {
    let time = |at: &Option<_>| match at {
        Some(at) => instant(at).map(Some),
        None => Some(None),
    };
    let labels = note.labels.as_ref()?;
    let confidentiality = match labels.confidentiality {
        0 => None,
        given => Some(from_wire(given)?),
    };
    let episode = match &*note.episode {
        "" => None,
        given => Some(EpisodeId::from(Uuid::parse_str(given).ok()?)),
    };
    Some(Record {
        id: RecordId::from(id_of("notes", &note.name)?),
        person: PersonId::from(id_of("people", &note.person)?),
        kind: Kind::Note,
        class: Class::General,
        custodian: Some(AgencyId::from(id_of("agencies", &note.custodian)?)),
        // None: the person's own words.
        author: match &*note.author {
            "" => None,
            name => Some(practitioner_from_name(name)?),
        },
        episode,
        authored_on: time(&note.authored_time)?,
        confidentiality,
        sensitivities: set_from_wire(&labels.sensitivities)?,
        part2: labels.part2,
        victim_service: labels.victim_service,
        release_block: time(&note.release_block_time)?.map(|until| ReleaseBlock {
            reason: None,
            decided_by: None,
            until: Some(until),
        }),
    })
}

#[cfg(test)]
mod tests {
    use wire::common::v1::{Confidentiality, Labels, Sensitivity};

    use super::*;

    fn note() -> LocatedNote {
        let id = Uuid::from_u128(7);
        LocatedNote {
            name: name_of("notes", id),
            person: name_of("people", id),
            labels: Some(Labels {
                confidentiality: Confidentiality::R.into(),
                sensitivities: vec![Sensitivity::Hiv.into()],
                part2: true,
                victim_service: false,
            }),
            custodian: name_of("agencies", id),
            author: format!("agencies/{id}/practitioners/sam"),
            episode: id.to_string(),
            authored_time: Some(wire::convert::timestamp(kernel::Instant::UNIX_EPOCH)),
            release_block_time: None,
        }
    }

    #[test]
    fn a_note_is_read_as_it_is_labelled_and_one_that_cannot_be_read_is_none() {
        let read = record(&note()).unwrap();
        assert!(read.part2 && read.kind == Kind::Note && read.class == Class::General);
        assert_eq!(read.sensitivities, [kernel::Sensitivity::Hiv].into());
        assert_eq!(read.author.unwrap().to_string(), format!("{}/sam", Uuid::from_u128(7)));
        let labels = |change: fn(&mut Labels)| {
            let mut note = note();
            change(note.labels.as_mut().unwrap());
            note
        };
        for odd in [
            LocatedNote { name: "notes/7".to_owned(), ..note() },
            LocatedNote { person: String::new(), ..note() },
            LocatedNote { labels: None, ..note() },
            LocatedNote { custodian: String::new(), ..note() },
            LocatedNote { author: "sam".to_owned(), ..note() },
            LocatedNote { episode: "7".to_owned(), ..note() },
            labels(|labels| labels.confidentiality = 99),
            labels(|labels| labels.sensitivities = vec![99]),
        ] {
            assert!(record(&odd).is_none(), "{odd:?}");
        }
    }
}
