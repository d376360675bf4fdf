//! Who says that they have read what, and who may know of it.

use std::slice;

use kernel::{Action, Purpose, Role, Sensitivity};
use policy::Effect;
use testkit::fakes::{bearer, consent, permitting, whole};
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    notes::v1::{
        self as pb, AcknowledgeNoteRequest, AmendNoteRequest, CreateNoteRequest,
        ListAcknowledgementsRequest, NoteSection,
    },
};

use crate::{
    bad_input::{fields, set},
    world::{
        CLINIC, COURT, Client, HOUSING, World, amend, append, create, denied, not_found, refusal,
        section, sign, update,
    },
};

impl Client {
    pub async fn acknowledge(
        &self,
        message: pb::AcknowledgeNoteRequest,
    ) -> Result<pb::AcknowledgeNoteResponse, Status> {
        Ok(self.notes().acknowledge_note(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn acknowledgements(
        &self,
        message: pb::ListAcknowledgementsRequest,
    ) -> Result<pb::ListAcknowledgementsResponse, Status> {
        Ok(self.notes().list_acknowledgements(bearer(&(self.mint)(), message)).await?.into_inner())
    }
}

pub fn acknowledge(note: &pb::Note, version: i32) -> AcknowledgeNoteRequest {
    AcknowledgeNoteRequest {
        request_id: Uuid::new_v4().to_string(),
        name: note.name.clone(),
        version,
    }
}

pub fn acknowledged(note: &pb::Note) -> ListAcknowledgementsRequest {
    ListAcknowledgementsRequest {
        note: note.name.clone(),
        ..ListAcknowledgementsRequest::default()
    }
}

/// Says it, in an instant of its own.
pub async fn has_read(
    world: &World,
    client: &Client,
    note: &pb::Note,
    version: i32,
) -> pb::Acknowledgement {
    world.clock.advance(time::Duration::SECOND);
    let reply = client.acknowledge(acknowledge(note, version)).await.unwrap();
    assert!(reply.disclosure.is_some());
    reply.acknowledgement.unwrap()
}

/// Every page, newest first: who, and which version.
async fn readers(client: &Client, note: &pb::Note) -> Result<Vec<(String, i32)>, Status> {
    let mut message = ListAcknowledgementsRequest { page_size: 2, ..acknowledged(note) };
    let mut found = Vec::new();
    loop {
        let page = client.acknowledgements(message.clone()).await?;
        let full = page.acknowledgements.len() == 2;
        let one = |said: pb::Acknowledgement| (said.reader, said.version);
        found.extend(page.acknowledgements.into_iter().map(one));
        if page.next_page_token.is_empty() {
            return Ok(found);
        }
        assert!(full, "filtered before it was cut");
        message.page_token = page.next_page_token;
    }
}

fn staff(agency: Uuid, sub: &str) -> String {
    format!("agencies/{agency}/practitioners/{sub}")
}

#[tokio::test]
async fn a_version_is_acknowledged_once_by_each_reader() {
    let world = World::new().await;
    let person = world.somebody();
    let author = world.clinician(HOUSING, "ms-h");
    let note = author.signed(person).await;
    let client = world.clinician(HOUSING, "mr-h");
    let saying = acknowledge(&note, 1);
    let first = client.acknowledge(saying.clone()).await.unwrap().acknowledgement.unwrap();
    assert_eq!((&first.note, first.version), (&note.name, 1));
    assert_eq!(first.reader, staff(HOUSING, "mr-h"));
    world.clock.advance(time::Duration::MINUTE);
    // A repeat, and another request: what there is.
    for again in [saying.clone(), acknowledge(&note, 1)] {
        let reply = client.acknowledge(again).await.unwrap();
        assert_eq!(reply.acknowledgement, Some(first.clone()));
    }
    let reused = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
    let other = AcknowledgeNoteRequest { version: 2, ..saying.clone() };
    assert_eq!(refusal(client.acknowledge(other).await), reused);
    assert_eq!(readers(&client, &note).await.unwrap(), [(staff(HOUSING, "mr-h"), 1)]);
    // It changes nothing of the note.
    assert_eq!(client.get(&note).await.unwrap().note.unwrap(), note);
    let amended = author.amend(amend(&note, "Meets daily.")).await.unwrap().note.unwrap();
    has_read(&world, &client, &amended, 2).await;
    has_read(&world, &author, &amended, 2).await;
    let read = [("ms-h", 2), ("mr-h", 2), ("mr-h", 1)];
    let read = read.map(|(sub, version)| (staff(HOUSING, sub), version));
    assert_eq!(readers(&author, &note).await.unwrap(), read);

    let id: Uuid = note.name.rsplit('/').next().unwrap().parse().unwrap();
    let events = world.stage.events().await;
    let said = events
        .iter()
        .filter(|event| event.rpc.ends_with("/AcknowledgeNote") && event.action == Action::Write);
    let said: Vec<_> = said.map(|event| (event.person, event.records.clone())).collect();
    // Of each request but the one that was repeated.
    assert_eq!(said, vec![(Some(person), vec![id]); 4]);
    let nil = "notes/00000000-0000-0000-0000-000000000000".to_owned();
    let odd = AcknowledgeNoteRequest { version: 0, name: nil, ..saying };
    assert_eq!(fields(&client.acknowledge(odd).await.unwrap_err()), set(&["name", "version"]));
}

#[tokio::test]
async fn only_a_version_that_one_may_see_is_acknowledged() {
    let world = World::new().await;
    let person = world.somebody();
    let author = world.clinician(HOUSING, "ms-h");
    let draft = author.draft(person).await;
    let other = world.clinician(HOUSING, "mr-h");
    assert_eq!(refusal(other.acknowledge(acknowledge(&draft, 1)).await), not_found());
    has_read(&world, &author, &draft, 1).await;
    let draft = author.update(update(&draft, "Said better.")).await.unwrap().note.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    has_read(&world, &author, &note, 2).await;
    for version in [1, 3, i32::MAX] {
        assert_eq!(refusal(other.acknowledge(acknowledge(&note, version)).await), not_found());
    }
    has_read(&world, &other, &note, 2).await;
    // Nobody else sees that there was a draft.
    let (ms, mr) = (staff(HOUSING, "ms-h"), staff(HOUSING, "mr-h"));
    let all = [(mr.clone(), 2), (ms.clone(), 2), (ms.clone(), 1)];
    assert_eq!(readers(&author, &note).await.unwrap(), all);
    assert_eq!(readers(&other, &note).await.unwrap(), all[..2]);

    // To others a note that is there is one that never was.
    let clinic = world.clinician(CLINIC, "dr-c");
    let never = pb::Note { name: format!("notes/{}", Uuid::new_v4()), ..note.clone() };
    let acknowledging = clinic.acknowledge(acknowledge(&note, 2)).await.unwrap_err();
    let unknown = clinic.acknowledge(acknowledge(&never, 2)).await.unwrap_err();
    assert_eq!(whole(&acknowledging), whole(&unknown));
    let listing = clinic.acknowledgements(acknowledged(&note)).await.unwrap_err();
    let unknown = clinic.acknowledgements(acknowledged(&never)).await.unwrap_err();
    assert_eq!(whole(&listing), whole(&unknown));
    world.people.bind("rep", person, None);
    let refused = denied("ROLE_NOT_ADMITTED");
    let rep = world.representative("rep");
    assert_eq!(refusal(rep.acknowledge(acknowledge(&note, 2)).await).0, refused.0);
    assert_eq!(refusal(rep.acknowledgements(acknowledged(&note)).await).0, refused.0);
}

#[tokio::test]
async fn whom_a_programme_or_a_refuge_knows_is_told_to_the_person_alone() {
    let world = World::new().await;
    let person = world.somebody();
    world.people.bind("jane", person, Some(&[HOUSING]));
    let note = world.clinician(HOUSING, "ms-h").signed(person).await;
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    world.consent(person, HOUSING, COURT, [Action::Read]);
    let jane = world.person("jane");
    let (clinic, court) = (world.clinician(CLINIC, "dr-c"), world.clinician(COURT, "of-c"));
    let housing = world.clinician(HOUSING, "mr-h");
    for client in [&housing, &clinic, &court, &jane] {
        has_read(&world, client, &note, 1).await;
    }
    let [h, c, o] = [(HOUSING, "mr-h"), (CLINIC, "dr-c"), (COURT, "of-c")]
        .map(|(agency, sub)| (staff(agency, sub), 1));
    let j = (format!("people/{person}"), 1);
    let all = [j, o.clone(), c.clone(), h.clone()];
    assert_eq!(readers(&jane, &note).await.unwrap(), all);
    // The clinic is a programme under Part 2.
    assert_eq!(readers(&housing, &note).await.unwrap(), [o.clone(), h.clone()]);
    assert_eq!(
        readers(&world.clinician(CLINIC, "dr-d"), &note).await.unwrap(),
        slice::from_ref(&c)
    );
    assert_eq!(readers(&court, &note).await.unwrap(), slice::from_ref(&o));

    // What it was then counts, and what it is now.
    world.told(|id, agency| agency.victim_service_provider = id == COURT);
    assert_eq!(readers(&housing, &note).await.unwrap(), slice::from_ref(&h));
    let amended = world.clinician(HOUSING, "ms-h").amend(amend(&note, "More.")).await.unwrap();
    let amended = amended.note.unwrap();
    for client in [&clinic, &court] {
        has_read(&world, client, &amended, 2).await;
    }
    let of = |sub: &(String, i32)| (sub.0.clone(), 2);
    // The clinic is none any more: what it has said since is told.
    world.told(|_, _| {});
    assert_eq!(readers(&housing, &note).await.unwrap(), [of(&c), o.clone(), h.clone()]);
    // An agency that the directory knows nothing of is told of to nobody.
    world.told(|id, agency| {
        if id == COURT {
            agency.name.clear()
        }
    });
    assert_eq!(readers(&housing, &note).await.unwrap(), [of(&c), h]);
    world.told(|_, _| {});
    assert_eq!(readers(&court, &note).await.unwrap(), [of(&o), o]);
    assert_eq!(readers(&jane, &note).await.unwrap().len(), 6);

    world.revoke(person);
    for client in [&clinic, &court] {
        assert_eq!(refusal(readers(client, &note).await), not_found());
        assert_eq!(refusal(client.acknowledge(acknowledge(&note, 1)).await), not_found());
    }
    // What they have said stays said.
    assert_eq!(readers(&jane, &note).await.unwrap().len(), 6);
}

fn labelled(body: &str, sensitivities: &[i32]) -> NoteSection {
    let own =
        Labels { confidentiality: 4, sensitivities: sensitivities.to_vec(), ..Labels::default() };
    NoteSection { labels: Some(own), ..section("", body) }
}

const HIV: i32 = 11;

/// A note of the housing agency's that the clinic sees but for what is HIV.
pub async fn in_parts(world: &World, bodies: &[(&str, bool)]) -> (Uuid, pb::Note) {
    let person = world.somebody();
    world.consent(person, HOUSING, CLINIC, [Action::Read, Action::Write]);
    let author = world.clinician(HOUSING, "ms-h");
    let draft = author.create(CreateNoteRequest { sections: parts(bodies), ..create(person) });
    let note = author.sign(sign(draft.await.unwrap().note.as_ref().unwrap())).await.unwrap();
    (person, note.note.unwrap())
}

/// Sections, and whether each is about HIV.
pub fn parts(bodies: &[(&str, bool)]) -> Vec<NoteSection> {
    let part = |(body, hiv): &(&str, bool)| labelled(body, if *hiv { &[HIV] } else { &[] });
    bodies.iter().map(part).collect()
}

pub fn without_hiv(world: &World, person: Uuid) {
    let mut no = permitting(HOUSING, CLINIC, [Purpose::Treat], [Action::Read, Action::Write]);
    no.effect = Effect::Deny;
    no.sensitivities = Some([Sensitivity::Hiv].into());
    world.consents.give(consent(person, Uuid::new_v4(), no));
}

#[tokio::test]
async fn who_sees_a_part_says_so_and_is_told_of_no_version_that_is_hidden() {
    let world = World::new().await;
    let (person, note) = in_parts(&world, &[("canary-hiv", true)]).await;
    let (clinic, other) = (world.clinician(CLINIC, "dr-c"), world.clinician(CLINIC, "dr-d"));
    has_read(&world, &clinic, &note, 1).await;
    without_hiv(&world, person);
    assert_eq!(refusal(clinic.acknowledge(acknowledge(&note, 1)).await), not_found());
    let message = AmendNoteRequest {
        sections: parts(&[("canary-hiv", true), ("An open word.", false)]),
        ..amend(&note, "")
    };
    let author = world.clinician(HOUSING, "ms-h");
    let note = author.amend(message).await.unwrap().note.unwrap();
    assert!(!clinic.get(&note).await.unwrap().note.unwrap().sections.is_empty());
    has_read(&world, &clinic, &note, 2).await;
    assert_eq!(refusal(clinic.acknowledge(acknowledge(&note, 1)).await), not_found());
    let second = (staff(CLINIC, "dr-c"), 2);
    for client in [&clinic, &other] {
        assert_eq!(readers(client, &note).await.unwrap(), slice::from_ref(&second));
    }
    world.people.bind("jane", person, None);
    let both = [second, (staff(CLINIC, "dr-c"), 1)];
    assert_eq!(readers(&world.person("jane"), &note).await.unwrap(), both);
    assert!(!world.logs.text().contains("canary"));
    // Whoever is let read nothing by their role says nothing: not even inside the agency.
    let counselling = CreateNoteRequest { record_class: 2, ..create(person) };
    let draft = world.of(HOUSING, "co-h", Role::Counselor).create(counselling).await.unwrap();
    let note = world.of(HOUSING, "co-h", Role::Counselor).sign(sign(&draft.note.unwrap())).await;
    let note = note.unwrap().note.unwrap();
    let manager = world.of(HOUSING, "cm-h", Role::CaseManager);
    assert_eq!(refusal(manager.acknowledge(acknowledge(&note, 1)).await), not_found());
    assert_eq!(refusal(readers(&manager, &note).await), not_found());
    let added = author.append(append(&note, "More.")).await.unwrap().note.unwrap();
    has_read(&world, &author, &added, 2).await;
}

#[tokio::test]
async fn who_sees_all_of_a_note_now_is_told_of_no_version_that_was_labelled_otherwise() {
    let world = World::new().await;
    let person = world.somebody();
    let author = world.clinician(HOUSING, "ms-h");
    let plain = CreateNoteRequest { sections: vec![labelled("Open.", &[])], ..create(person) };
    let draft = author.create(plain).await.unwrap().note.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    world.consent(person, HOUSING, COURT, [Action::Read]);
    has_read(&world, &world.clinician(COURT, "of-c"), &note, 1).await;
    let sections = vec![labelled("Tested.", &[HIV])];
    let amended = author.amend(AmendNoteRequest { sections, ..amend(&note, "") }).await;
    let note = amended.unwrap().note.unwrap();
    world.revoke(person);
    // What has a sensitivity, and none but this one.
    let mut rule = permitting(HOUSING, COURT, [Purpose::Treat], [Action::Read]);
    rule.sensitivities = Some([Sensitivity::Hiv].into());
    world.consents.give(consent(person, Uuid::new_v4(), rule));
    let reader = world.clinician(COURT, "mr-c");
    assert_eq!(reader.get(&note).await.unwrap().note.unwrap().sections.len(), 1);
    assert_eq!(refusal(reader.version(&note, 1).await), not_found());
    has_read(&world, &reader, &note, 2).await;
    assert_eq!(readers(&reader, &note).await.unwrap(), [(staff(COURT, "mr-c"), 2)]);
    let all = [(staff(COURT, "mr-c"), 2), (staff(COURT, "of-c"), 1)];
    assert_eq!(readers(&author, &note).await.unwrap(), all);
}
