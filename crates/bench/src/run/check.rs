//! Before anything is measured: are the replies what they should be? Every field of some notes is
//! compared, on the contract's own path and on the one that h2load takes.

use anyhow::{Context as _, ensure};
use http::uri::PathAndQuery;
use tonic::{Request, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;
use uuid::Uuid;
use wire::{
    common::v1::{BasisKind, Disclosure, Redisclosure},
    convert::id_of,
    notes::v1::{GetNoteRequest, GetNoteResponse, Note, notes_service_client::NotesServiceClient},
};

use crate::{
    prepare::{Template, authorized},
    serving::Kind,
    world::World,
};

/// What there is to read.
#[derive(Debug)]
pub struct Expected {
    template: Template,
    people: Vec<Uuid>,
    consents: Vec<Uuid>,
}

/// Notes that are compared: of both agencies.
const LOOKED_AT: [usize; 6] = [0, 1, 62, 63, 64, 77];

impl Expected {
    pub fn new(template: Template, people: Vec<Uuid>, consents: Vec<Uuid>) -> Self {
        Self { template, people, consents }
    }

    fn note(&self, world: &World, place: usize) -> anyhow::Result<Note> {
        let id = world.notes.get(place).context("no such note")?;
        let person = self.people.get(place).context("no such person")?;
        Ok(Note {
            name: format!("notes/{id}"),
            person: format!("people/{person}"),
            ..self.template.shown.clone()
        })
    }

    /// Even notes are read by their custodian, odd ones under a consent.
    fn disclosure(&self, place: usize, decision_id: String) -> anyhow::Result<Disclosure> {
        let consent = self.consents.get(place).context("no such consent")?;
        let (basis, relied_on) = match place.is_multiple_of(2) {
            true => (BasisKind::Custodian, Vec::new()),
            false => (BasisKind::Consent, vec![format!("consents/{consent}")]),
        };
        Ok(Disclosure {
            decision_id,
            bases: vec![basis.into()],
            basis: relied_on,
            redisclosure: Redisclosure::PermittedByLaw.into(),
            ..Disclosure::default()
        })
    }

    pub async fn check(&self, kind: Kind, channel: Channel, world: &World) -> anyhow::Result<()> {
        for place in LOOKED_AT {
            let path = PathAndQuery::try_from(format!("/n/{place}"))?;
            if kind == Kind::A {
                let said: GetNoteRequest = call(&channel, path).await?;
                ensure!(place_of(world, &said.name)? < world.notes.len(), "the echo");
                continue;
            }
            let loaded: GetNoteResponse = call(&channel, path).await?;
            let name = loaded.note.as_ref().context("a note")?.name.clone();
            self.same(kind, world, place_of(world, &name)?, loaded)?;
            let token = world.tokens.get(place % world.tokens.len()).context("a token")?;
            let asked = GetNoteRequest { name: self.note(world, place)?.name, version: 0 };
            let mut client = NotesServiceClient::new(channel.clone());
            let reply = client.get_note(authorized(token, asked)?).await?;
            self.same(kind, world, place, reply.into_inner())?;
        }
        Ok(())
    }

    fn same(
        &self,
        kind: Kind,
        world: &World,
        place: usize,
        reply: GetNoteResponse,
    ) -> anyhow::Result<()> {
        ensure!(
            reply.note == Some(self.note(world, place)?),
            "note {place} is shown as {:?}",
            reply.note
        );
        let disclosure = match (kind, &reply.disclosure) {
            (Kind::C | Kind::D, Some(shown)) => {
                let decision = Uuid::try_parse(&shown.decision_id)?;
                Some(self.disclosure(place, decision.to_string())?)
            }
            _ => None,
        };
        ensure!(
            reply.disclosure == disclosure
                && disclosure.is_some() == matches!(kind, Kind::C | Kind::D),
            "note {place} is disclosed as {:?}",
            reply.disclosure
        );
        Ok(())
    }
}

fn place_of(world: &World, name: &str) -> anyhow::Result<usize> {
    let id = id_of("notes", name).context("a name")?;
    world.notes.iter().position(|note| *note == id).context("a note that was not asked for")
}

/// As h2load calls.
async fn call<T>(channel: &Channel, path: PathAndQuery) -> anyhow::Result<T>
where
    T: prost::Message + Default + 'static,
{
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await?;
    let codec = ProstCodec::<GetNoteRequest, T>::default();
    let request = Request::new(GetNoteRequest::default());
    Ok(grpc.unary(request, path, codec).await?.into_inner())
}
