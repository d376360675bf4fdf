//! Sections with labels of their own: each reader sees those that the decision lets them.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use kernel::{
    Action, AgencyId, Class, CodeSet, Kind, PersonId, Purpose, RecordId, Role, Sensitivity,
};
use policy::{Agencies, Effect, Facts, Record, Request, Who, decide};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use testkit::fakes::{Staff, consent, permitting, whole};
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    convert::{from_wire, set_from_wire},
    notes::v1::{self as pb, AmendNoteRequest, CreateNoteRequest, NoteSection},
};

use crate::{
    attached::pdf,
    lists::{Dice, STAFF, given},
    statements::state,
    world::{
        CLINIC, COURT, Client, HOUSING, World, amend, append, create, list, mark_error, not_found,
        refusal, section, sign, update,
    },
};

pub const NORMAL: i32 = 4;
pub const HIV: i32 = 11;
const SUD: i32 = 2;
pub const MH: i32 = 6;

pub fn labels(confidentiality: i32, sensitivities: &[i32]) -> Labels {
    Labels { confidentiality, sensitivities: sensitivities.to_vec(), ..Labels::default() }
}

pub fn labelled(body: &str, own: Labels) -> NoteSection {
    NoteSection { labels: Some(own), ..section("", body) }
}

/// Of title and body, each with its length before it; and of all these.
fn digest(sections: &[&NoteSection]) -> String {
    let mut all = Sha256::new();
    for section in sections {
        let mut one = Sha256::new();
        for text in [&section.title, &section.body] {
            one.update((text.len() as u64).to_be_bytes());
            one.update(text);
        }
        all.update(one.finalize());
    }
    hex::encode(all.finalize())
}

/// A signed note of four sections of a housing agency, and the clinic, to which all is open but what is HIV or SUD.
pub async fn story(world: &World) -> (Uuid, pb::Note, Client) {
    let person = world.somebody();
    world.consent(person, HOUSING, CLINIC, [Action::Read, Action::Write]);
    let mut denied = permitting(HOUSING, CLINIC, [Purpose::Treat], [Action::Read, Action::Write]);
    denied.effect = Effect::Deny;
    denied.sensitivities = Some([Sensitivity::Hiv, Sensitivity::Sud].into());
    world.consents.give(consent(person, Uuid::new_v4(), denied));
    let author = world.clinician(HOUSING, "ms-h");
    let message = CreateNoteRequest {
        sections: vec![
            labelled("An open word.", labels(NORMAL, &[])),
            labelled("canary-hiv-one", labels(NORMAL, &[HIV])),
            labelled("canary-hiv-two", labels(5, &[HIV])),
            labelled("canary-sud", labels(NORMAL, &[SUD])),
            labelled("Another open word.", labels(NORMAL, &[])),
        ],
        ..create(person)
    };
    let draft = author.create(message).await.unwrap().note.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    (person, note, world.clinician(CLINIC, "dr-c"))
}

#[tokio::test]
async fn a_reader_sees_the_sections_that_are_open_and_no_word_of_the_others() {
    let world = World::new().await;
    let (person, note, clinic) = story(&world).await;
    assert_eq!(note.labels, Some(labels(5, &[SUD, HIV])), "of all its sections together");
    let own: Vec<_> = note.sections.iter().map(|s| s.labels.clone().unwrap()).collect();
    assert_eq!(own[..2], [labels(NORMAL, &[]), labels(NORMAL, &[HIV])]);
    assert_eq!(note.sha256, digest(&note.sections.iter().collect::<Vec<_>>()));

    let read = clinic.get(&note).await.unwrap().note.unwrap();
    let (first, last) = (&note.sections[0], &note.sections[4]);
    // Of what follows each other once; that there is something of a substance use disorder is not said.
    let withheld = NoteSection { withheld: true, ..NoteSection::default() };
    let plain = |s: &NoteSection| NoteSection { labels: None, ..s.clone() };
    assert_eq!(read.sections, [plain(first), withheld, plain(last)]);
    assert_eq!(read.labels, Some(labels(NORMAL, &[])), "of what is seen");
    assert_eq!(read.sha256, digest(&[first, last]));
    assert_eq!((&read.name, &read.etag, read.version), (&note.name, &note.etag, 1));
    assert_eq!(clinic.list(list(person)).await.unwrap().notes, std::slice::from_ref(&read));
    let versions = clinic.versions(&note).await.unwrap();
    assert_eq!(versions.iter().map(|v| &v.sha256).collect::<Vec<_>>(), [&read.sha256]);
    assert_eq!(clinic.version(&note, 1).await.unwrap(), read);
    let sent = format!("{:?}", read.encode_to_vec().escape_ascii().to_string());
    assert!(!sent.contains("canary"), "{sent}");

    // The whole of it: its own agency, and the person.
    world.people.bind("jane", person, Some(&[HOUSING]));
    for other in [world.clinician(HOUSING, "mr-h"), world.person("jane")] {
        assert_eq!(other.get(&note).await.unwrap().note.unwrap(), note);
        assert_eq!(other.list(list(person)).await.unwrap().notes, std::slice::from_ref(&note));
    }
    // Whoever sees none of it does not see that it is there.
    let court = world.clinician(COURT, "of-c");
    let never = court.get_named(&format!("notes/{}", Uuid::new_v4())).await.unwrap_err();
    assert_eq!(whole(&court.get(&note).await.unwrap_err()), whole(&never));
    assert!(!world.logs.text().contains("canary"));
}

#[tokio::test]
async fn where_nothing_may_be_known_of_it_a_note_is_what_it_would_be_without() {
    let world = World::new().await;
    let (person, note, clinic) = story(&world).await;
    let author = world.clinician(HOUSING, "ms-h");
    let open = [note.sections[0].clone()];
    let hidden = [
        labelled("canary-sud", labels(NORMAL, &[SUD])),
        labelled("canary-violence", labels(NORMAL, &[SUD, 10])),
        labelled("canary-part-2", Labels { part2: true, ..labels(NORMAL, &[]) }),
        labelled("canary-refuge", Labels { victim_service: true, ..labels(NORMAL, &[]) }),
    ];
    let mut alike = Vec::new();
    for more in std::iter::once(None).chain(hidden.iter().map(Some)) {
        let sections = open.iter().chain(more).cloned().collect();
        let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
        let signed = author.sign(sign(draft.note.as_ref().unwrap())).await.unwrap().note.unwrap();
        let mut read = clinic.get(&signed).await.unwrap().note.unwrap();
        read.name.clear();
        (read.authored_time, read.signed_time) = (None, None);
        alike.push(read);
    }
    // A consent opens what is of Part 2 by its flag alone: it has SUD.
    for read in &alike[1..] {
        assert_eq!(*read, alike[0]);
    }
    // Of a Part 2 programme not even that there is something else.
    let (programme, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let mut denied = permitting(CLINIC, HOUSING, [Purpose::Treat], [Action::Read]);
    denied.effect = Effect::Deny;
    denied.sensitivities = Some([Sensitivity::Hiv].into());
    world.consents.give(consent(person, Uuid::new_v4(), denied));
    let sections = vec![
        labelled("A word.", labels(NORMAL, &[])),
        labelled("canary-hiv", labels(NORMAL, &[HIV])),
    ];
    let draft = programme.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
    let signed = programme.sign(sign(draft.note.as_ref().unwrap())).await.unwrap().note.unwrap();
    let read = world.clinician(HOUSING, "ms-h").get(&signed).await.unwrap().note.unwrap();
    assert_eq!(read.sections, [section("", "A word.")]);
}

#[tokio::test]
async fn a_file_is_there_for_whoever_sees_its_note_whole() {
    let world = World::new().await;
    let (person, ..) = story(&world).await;
    let author = world.clinician(HOUSING, "ms-h");
    let (open, hidden) =
        (labelled("Open.", labels(NORMAL, &[])), labelled("x", labels(NORMAL, &[SUD])));
    for sections in [vec![open.clone()], vec![open, hidden]] {
        let partly = sections.len() > 1;
        let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
        let draft = draft.note.unwrap();
        let file = author.attach(&draft, &pdf(100)).await.unwrap();
        let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
        let clinic = world.clinician(CLINIC, "dr-c");
        assert_eq!(clinic.get(&note).await.unwrap().note.unwrap().sections.len(), 1);
        // As of a note that has none.
        assert_eq!(clinic.attached(&note).await.unwrap().is_empty(), partly);
        assert_eq!(clinic.read(&file.name).await.is_err(), partly);
        if partly {
            assert_eq!(refusal(clinic.read(&file.name).await), not_found());
        }
        assert_eq!(author.attached(&note).await.unwrap(), [file]);
    }
}

#[tokio::test]
async fn whoever_sees_a_part_of_a_note_changes_nothing_of_it() {
    let world = World::new().await;
    let (person, note, clinic) = story(&world).await;
    let partial = clinic.get(&note).await.unwrap().note.unwrap();
    let denied = (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned());
    assert_eq!(refusal(clinic.amend(amend(&partial, "New words.")).await), denied);
    assert_eq!(refusal(clinic.append(append(&partial, "More words.")).await), denied);
    // Where all is open they do; a repeat answers while it is.
    world.revoke(person);
    world.consent(person, HOUSING, CLINIC, [Action::Read, Action::Write]);
    let more = append(&note, "More words.");
    let done = clinic.append(more.clone()).await.unwrap().note.unwrap();
    assert_eq!(done.sections[..5], note.sections[..]);
    assert_eq!(clinic.append(more.clone()).await.unwrap().note.unwrap(), done);
    let mut rule = permitting(HOUSING, CLINIC, [Purpose::Treat], [Action::Read, Action::Write]);
    rule.effect = Effect::Deny;
    rule.sensitivities = Some([Sensitivity::Hiv].into());
    world.consents.give(consent(person, Uuid::new_v4(), rule));
    assert!(clinic.get(&note).await.unwrap().note.unwrap().sections.len() < 6);
    assert_eq!(refusal(clinic.append(more).await), not_found(), "it was answered with all of it");
}

#[tokio::test]
async fn words_keep_their_labels_and_a_note_grows_no_less_sensitive() {
    let world = World::new().await;
    let (_, note, _) = story(&world).await;
    let author = world.clinician(HOUSING, "ms-h");
    let field = |done: Result<pb::AmendNoteResponse, tonic::Status>| {
        let status = done.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        use tonic_types::StatusExt as _;
        status.get_error_details().bad_request().unwrap().field_violations[0].field.clone()
    };
    let amended = |sections: Vec<NoteSection>| AmendNoteRequest { sections, ..amend(&note, "x") };
    let lowered = vec![section("", "Words."), labelled("canary-sud", labels(NORMAL, &[MH]))];
    assert_eq!(field(author.amend(amended(lowered)).await), "sections[1].labels");
    let silent = vec![NoteSection { labels: Some(Labels::default()), ..section("", "Words.") }];
    assert_eq!(field(author.amend(amended(silent)).await), "sections[0].labels");
    let marker = vec![NoteSection { withheld: true, ..section("", "Words.") }];
    assert_eq!(field(author.amend(amended(marker)).await), "sections[0].withheld");

    // As it came back, and other words: without labels these are all that the note is.
    let kept = vec![note.sections[0].clone(), section("", "canary-hiv-one"), section("", "New.")];
    let done = author.amend(amended(kept)).await.unwrap().note.unwrap();
    assert_eq!(done.labels, note.labels, "though what was SUD is no more");
    let own: Vec<_> = done.sections.iter().map(|s| s.labels.clone()).collect();
    assert_eq!(own, [Some(labels(NORMAL, &[])), Some(labels(NORMAL, &[HIV])), None]);
    let more = labelled("More.", labels(NORMAL, &[MH]));
    let message = pb::AppendNoteRequest { sections: vec![more], ..append(&done, "x") };
    let done = author.append(message).await.unwrap().note.unwrap();
    assert_eq!(done.labels, Some(labels(5, &[SUD, MH, HIV])));

    // A note that states nothing is stricter than one that states something.
    let plain = author.signed(world.somebody()).await;
    let some = vec![labelled("Words.", labels(NORMAL, &[]))];
    let message = AmendNoteRequest { sections: some, ..amend(&plain, "x") };
    assert_eq!(field(author.amend(message).await), "sections[0].labels");
    let half = vec![labelled("Words.", labels(NORMAL, &[HIV])), section("", "Words.")];
    let message = CreateNoteRequest { sections: half, ..create(world.somebody()) };
    let status = author.create(message).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn each_version_is_shown_by_its_own_sections() {
    let world = World::new().await;
    let (person, note, clinic) = story(&world).await;
    let author = world.clinician(HOUSING, "ms-h");
    let go = |note: pb::Note, sections: Vec<NoteSection>| {
        let message = AmendNoteRequest { sections, ..amend(&note, "x") };
        let author = author.clone();
        async move { author.amend(message).await.unwrap().note.unwrap() }
    };
    // All hidden; then open again, with a label that no earlier version has.
    let second = go(note.clone(), vec![labelled("canary-sud-2", labels(NORMAL, &[SUD]))]).await;
    assert_eq!(refusal(clinic.get(&note).await), not_found());
    assert_eq!(refusal(clinic.versions(&note).await), not_found(), "nothing of the present one");
    assert_eq!(clinic.version(&note, 1).await.unwrap().sections.len(), 3);
    let third = go(second, vec![labelled("Mind.", labels(NORMAL, &[MH]))]).await;
    let versions = clinic.versions(&note).await.unwrap();
    let seen: BTreeMap<i32, &str> = versions.iter().map(|v| (v.version, &*v.sha256)).collect();
    let open = [&note.sections[0], &note.sections[4]];
    assert_eq!(seen, [(1, &*digest(&open)), (3, &*third.sha256)].into());
    for (version, sha256) in seen {
        assert_eq!(clinic.version(&note, version).await.unwrap().sha256, sha256);
    }
    assert_eq!(refusal(clinic.version(&note, 2).await), not_found());
    assert_eq!(author.versions(&note).await.unwrap().len(), 3);
    // A draft's sections are replaced with their labels.
    let draft = author.draft(world.somebody()).await;
    let sections = vec![labelled("Words.", labels(NORMAL, &[MH])), section("", "Others.")];
    let message = pb::UpdateDraftRequest {
        sections,
        labels: Some(labels(NORMAL, &[])),
        ..update(&draft, "x")
    };
    let draft = author.update(message).await.unwrap().note.unwrap();
    assert_eq!(draft.labels, Some(labels(NORMAL, &[MH])));
    let own: Vec<_> = draft.sections.iter().map(|s| s.labels.clone()).collect();
    assert_eq!(own, [None, Some(labels(NORMAL, &[]))]);
    let why = "canary-why: the test for HIV is another's.";
    let marked = author.mark_error(mark_error(&third, why)).await.unwrap().note.unwrap();
    assert_eq!(marked.error_reason, why);
    let read = clinic.get(&note).await.unwrap().note.unwrap();
    assert_eq!((&read.sections[0].body, read.state), (&marked.sections[0].body, marked.state));
    // Why is for whoever sees all that it ever was.
    assert_eq!((&read.error_marker, &*read.error_reason), (&marked.error_marker, ""));
    assert_eq!(clinic.version(&note, 1).await.unwrap().error_reason, "");
    for listed in clinic.list(list(person)).await.unwrap().notes {
        assert_eq!(listed.error_reason, "");
    }
    // What it was labelled with before is of what is hidden.
    assert_eq!(
        (read.labels, marked.labels),
        (Some(labels(NORMAL, &[MH])), Some(labels(5, &[SUD, MH, HIV])))
    );
}

/// What an instance from before there were such sections has written.
#[tokio::test]
async fn a_version_that_states_nothing_of_its_sections_counts_as_the_note() {
    let world = World::new().await;
    let (_, note, clinic) = story(&world).await;
    let id = note.name.trim_start_matches("notes/");
    let sql = format!(
        "ALTER TABLE note_version DISABLE TRIGGER ALL;
         UPDATE note_version SET confidentialities = NULL, sensitivities = NULL, flags = NULL, hashes = NULL
         WHERE note_id = '{id}'"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut world.admin().await).await.unwrap();
    assert_eq!(refusal(clinic.get(&note).await), not_found(), "all of it is HIV and SUD");
    let author = world.clinician(HOUSING, "ms-h");
    let read = author.get(&note).await.unwrap().note.unwrap();
    assert_eq!(read.sha256, note.sha256);
    assert!(read.sections.iter().all(|s| s.labels.is_none()));
    assert_eq!(author.versions(&note).await.unwrap()[0].sha256, note.sha256);
    assert_eq!(
        author.list(list(Uuid::parse_str(&note.person[7..]).unwrap())).await.unwrap().notes,
        [read]
    );
}

const PEOPLE: usize = 20;
const NOTES: usize = 500;

/// A section's labels as the policy knows them, on a note's record.
fn record(person: Uuid, custodian: Uuid, note: &pb::Note, own: &Labels) -> Record {
    Record {
        id: RecordId::from(Uuid::parse_str(note.name.trim_start_matches("notes/")).unwrap()),
        person: PersonId::from(person),
        kind: Kind::Note,
        class: Class::General,
        custodian: Some(AgencyId::from(custodian)),
        author: Some(
            note.author.replace("agencies/", "").replace("/practitioners", "").as_str().into(),
        ),
        episode: None,
        authored_on: note.authored_time.as_ref().and_then(wire::convert::instant),
        confidentiality: from_wire(own.confidentiality),
        sensitivities: set_from_wire(&own.sensitivities).unwrap(),
        part2: own.part2,
        victim_service: own.victim_service,
        release_block: None,
    }
}

/// On a loaded machine the moment between the last question and the COMMIT may be too short.
async fn again<T, F: Future<Output = Result<T, tonic::Status>>>(call: impl Fn() -> F) -> T {
    for _ in 0..20 {
        match call().await {
            Err(status) if matches!(status.code(), Code::Unavailable | Code::ResourceExhausted) => {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            done => return done.unwrap(),
        }
    }
    panic!("not in twenty attempts");
}

async fn written(world: &World, author: Client, message: CreateNoteRequest) -> pb::Note {
    let draft = again(|| author.create(message.clone())).await.note.unwrap();
    world.clock.advance(time::Duration::MILLISECOND);
    let message = sign(&draft);
    again(|| author.sign(message.clone())).await.note.unwrap()
}

/// The same notes of each of these people.
async fn copied(world: &World, notes: &[pb::Note], people: &[Uuid]) -> Vec<(Uuid, pb::Note)> {
    let mut conn = world.admin().await;
    let named = "md5(n.id::text || p.id::text)::uuid";
    for (table, id) in [("note", "id"), ("note_version", "note_id")] {
        let sql = format!(
            "INSERT INTO {table} SELECT (jsonb_populate_record(t,
                 jsonb_build_object('{id}', {named}, 'person_id', p.id))).*
             FROM {table} t JOIN note n ON n.id = t.{id} CROSS JOIN unnest($1::uuid[]) AS p (id)
             WHERE n.person_id <> ALL ($1)"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(people).execute(&mut conn).await.unwrap();
    }
    let sql = format!(
        "SELECT n.id, p.id, {named} FROM note n CROSS JOIN unnest($1::uuid[]) AS p (id)
        WHERE n.person_id <> ALL ($1)"
    );
    let rows: Vec<(Uuid, Uuid, Uuid)> =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(people).fetch_all(&mut conn).await.unwrap();
    let of: BTreeMap<&str, &pb::Note> = notes.iter().map(|note| (&*note.name, note)).collect();
    let copies = rows.into_iter().map(|(from, person, id)| {
        let note = of[&*format!("notes/{from}")].clone();
        (
            person,
            pb::Note { name: format!("notes/{id}"), person: format!("people/{person}"), ..note },
        )
    });
    copies.collect()
}

/// Of the sections that a reply shows, each is open by `decide`, and none that is open is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_notes_are_read_section_by_section_as_the_policy_decides() {
    let world = World::new().await;
    world.consents.agency_with(COURT, |court| court.victim_service_provider = true);
    let mut dice = Dice(7);
    let people: Vec<Uuid> = (0..PEOPLE).map(|_| world.somebody()).collect();
    for person in &people {
        given(&world, &mut dice, *person);
        world.consent(*person, HOUSING, CLINIC, [Action::Read]);
        let mut denied = permitting(HOUSING, CLINIC, [Purpose::Treat], [Action::Read]);
        denied.effect = Effect::Deny;
        denied.sensitivities = Some([Sensitivity::Hiv].into());
        world.consents.give(consent(*person, Uuid::new_v4(), denied));
    }
    let template = world.somebody();
    let mut asked = Vec::new();
    for n in 0..NOTES {
        let agency = dice.pick(&[CLINIC, HOUSING, HOUSING, COURT]);
        let sections = (0..1 + dice.roll(4)).map(|s| {
            let codes = [SUD, MH, HIV, 9, 10];
            let sensitivities = if dice.roll(3) == 0 { vec![] } else { vec![dice.pick(&codes)] };
            let own = Labels {
                confidentiality: i32::try_from(1 + dice.roll(6)).unwrap(),
                sensitivities,
                part2: dice.roll(12) == 0,
                victim_service: dice.roll(12) == 0,
            };
            labelled(&format!("canary-{n}-{s}"), own)
        });
        let message = CreateNoteRequest { sections: sections.collect(), ..create(template) };
        asked.push(written(&world, world.clinician(agency, dice.pick(&STAFF)), message));
    }
    let written: Vec<pb::Note> = stream::iter(asked).buffer_unordered(4).collect().await;
    let notes = copied(&world, &written, &people).await;
    assert_eq!(notes.len(), 10_000);

    let agencies: Agencies = world.consents.agencies().into_iter().collect();
    let now = kernel::Clock::now(&world.clock);
    let (mut partly, mut all, mut none) = (0, 0, 0);
    for person in &people {
        let facts = world.consents.known_of(*person);
        let facts = Facts::new(&agencies, [&facts]);
        for agency in [CLINIC, HOUSING, COURT] {
            let purposes: CodeSet<Purpose> =
                dice.some(&[Purpose::Treat, Purpose::CoordinationOfCare]).into_iter().collect();
            let client = world.client(&Staff::of(agency, "z").purposes(purposes));
            let request = Request {
                who: Who::Practitioner {
                    agency: AgencyId::from(agency),
                    practitioner: format!("{agency}/z").as_str().into(),
                    roles: [Role::Clinician].into(),
                    care_teams: Vec::new(),
                },
                purposes,
                action: Action::Read,
                recipient_agency: None,
            };
            let theirs: Vec<&pb::Note> =
                notes.iter().filter(|(of, _)| of == person).map(|(_, note)| note).collect();
            let mut expected: BTreeMap<&str, Vec<&NoteSection>> = BTreeMap::new();
            for note in &theirs {
                let custodian =
                    Uuid::parse_str(note.custodian.trim_start_matches("agencies/")).unwrap();
                let union = note.labels.as_ref().unwrap();
                let records: Vec<Record> = note
                    .sections
                    .iter()
                    .map(|s| record(*person, custodian, note, s.labels.as_ref().unwrap_or(union)))
                    .collect();
                let visible = decide(&request, &records, &facts, now).visible;
                let open: Vec<_> = visible.iter().map(|v| &note.sections[v.index]).collect();
                match open.len() {
                    0 => none += 1,
                    some if some == note.sections.len() => all += 1,
                    _ => partly += 1,
                }
                expected.insert(&note.name, open);
            }
            let check = |read: &pb::Note| {
                let open = &expected[&*read.name];
                let shown: Vec<&str> =
                    read.sections.iter().filter(|s| !s.withheld).map(|s| &*s.body).collect();
                assert_eq!(shown, open.iter().map(|s| &*s.body).collect::<Vec<_>>());
                assert_eq!(read.sha256, digest(open));
                let words: Vec<&str> = open.iter().map(|s| &*s.body).collect();
                let sent = read.encode_to_vec();
                let sent = String::from_utf8_lossy(&sent);
                assert_eq!(sent.matches("canary").count(), words.len());
            };
            let listed = client.all(*person, 200).await;
            listed.iter().for_each(check);
            let names: BTreeSet<&str> = listed.iter().map(|note| &*note.name).collect();
            let open = expected.iter().filter(|(_, open)| !open.is_empty()).map(|(name, _)| *name);
            assert_eq!(names, open.collect());
            // And one by one: one in twenty of them.
            let some = theirs.iter().skip(dice.roll(20)).step_by(20);
            let read = stream::iter(some.map(|note| {
                let (client, name) = (client.clone(), note.name.clone());
                async move {
                    match client.get_named(&name).await {
                        Ok(reply) => Ok((name, reply.note)),
                        Err(status) if status.code() == Code::NotFound => Ok((name, None)),
                        Err(status) => Err(status),
                    }
                }
            }));
            let read: Vec<_> = read.buffer_unordered(2).try_collect().await.unwrap();
            for (name, note) in read {
                assert_eq!(note.is_none(), expected[&*name].is_empty());
                note.iter().for_each(check);
            }
        }
    }
    assert!(partly > 500 && all > 500 && none > 500, "{partly} {all} {none}");
    assert!(!world.logs.text().contains("canary"));
}

#[tokio::test]
async fn what_a_note_had_before_is_as_hidden_as_it_was() {
    let world = World::new().await;
    let (person, _, clinic) = story(&world).await;
    let author = world.clinician(HOUSING, "ms-h");
    let sections =
        vec![labelled("Open.", labels(NORMAL, &[])), labelled("x", labels(NORMAL, &[SUD]))];
    let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
    let draft = draft.note.unwrap();
    let file = author.attach(&draft, &pdf(100)).await.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    let sections = vec![labelled("Open.", labels(NORMAL, &[]))];
    let message = AmendNoteRequest { sections, ..amend(&note, "x") };
    let amended = author.amend(message).await.unwrap().note.unwrap();
    assert_eq!(amended.labels, Some(labels(NORMAL, &[SUD])));
    let read = clinic.get(&note).await.unwrap().note.unwrap();
    assert_eq!((read.sections.len(), read.labels), (1, Some(labels(NORMAL, &[]))));
    assert!(clinic.attached(&note).await.unwrap().is_empty());
    assert_eq!(refusal(clinic.read(&file.name).await), not_found());
    // To this reader both versions say the same: there is one.
    assert_eq!(clinic.versions(&note).await.unwrap().len(), 1);
    assert_eq!(author.versions(&note).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_statement_is_there_for_whoever_sees_its_note_whole() {
    let world = World::new().await;
    let (person, note, clinic) = story(&world).await;
    let author = world.clinician(HOUSING, "ms-h");
    let sections = vec![labelled("Open.", labels(NORMAL, &[]))];
    let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
    let plain = author.sign(sign(draft.note.as_ref().unwrap())).await.unwrap().note.unwrap();
    world.people.bind("jane", person, Some(&[HOUSING]));
    for (of, shown) in [(&note, 0), (&plain, 1)] {
        world.person("jane").add_statement(state(of, "canary-own")).await.unwrap();
        let read = clinic.get(of).await.unwrap().note.unwrap();
        assert_eq!(read.statements.len(), shown);
        assert_eq!(author.get(of).await.unwrap().note.unwrap().statements.len(), 1);
    }
    let listed = clinic.list(list(person)).await.unwrap().notes;
    assert_eq!(listed.iter().map(|note| note.statements.len()).sum::<usize>(), 1);
}

#[tokio::test]
async fn nobody_brings_into_a_note_what_they_could_not_write() {
    let world = World::new().await;
    let (person, _, clinic) = story(&world).await;
    let author = world.clinician(HOUSING, "ms-h");
    let sections = vec![labelled("Open.", labels(NORMAL, &[]))];
    let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
    let note = author.sign(sign(draft.note.as_ref().unwrap())).await.unwrap().note.unwrap();
    let with = |codes: &[i32]| pb::AppendNoteRequest {
        sections: vec![labelled("More.", labels(NORMAL, codes))],
        ..append(&note, "x")
    };
    let denied = (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned());
    assert_eq!(refusal(clinic.append(with(&[SUD])).await), denied);
    clinic.append(with(&[MH])).await.unwrap();
    // The same words are no less than they are.
    let note = author.get(&note).await.unwrap().note.unwrap();
    let again = pb::AppendNoteRequest {
        sections: vec![labelled("More.", labels(NORMAL, &[]))],
        ..append(&note, "x")
    };
    let lowered = author.append(again).await.unwrap_err();
    // They are titled alike, and were labelled MH.
    assert_eq!(lowered.code(), Code::InvalidArgument);
}
