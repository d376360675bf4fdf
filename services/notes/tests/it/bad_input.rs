//! Every field's wrong values, and all of them named at once.

use std::collections::BTreeSet;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    notes::v1::{
        AmendNoteRequest, AppendNoteRequest, CosignNoteRequest, CreateNoteRequest,
        ListNotesRequest, MarkEnteredInErrorRequest, NoteSection, SignNoteRequest,
        UpdateDraftRequest,
    },
};

use crate::world::{
    CLINIC, Client, World, amend, append, cosign, create, list, mark_error, reason, section, sign,
    update,
};

const NIL: &str = "00000000-0000-0000-0000-000000000000";

pub fn fields(status: &Status) -> BTreeSet<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(reason(status), "INVALID_ARGUMENT");
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    assert!(violations.iter().all(|v| !v.description.is_empty()), "{violations:?}");
    violations.iter().map(|v| v.field.clone()).collect()
}

pub fn set(fields: &[&str]) -> BTreeSet<String> {
    fields.iter().map(|f| (*f).to_owned()).collect()
}

fn bad_ids(collection: &str) -> Vec<String> {
    let id = Uuid::from_u128(0xabcdef);
    let under =
        |id: &str| if collection.is_empty() { id.into() } else { format!("{collection}/{id}") };
    let mut bad: Vec<String> = vec![
        under(""),
        under("x"),
        under(NIL),
        under(&id.to_string().to_uppercase()),
        under(&id.simple().to_string()),
        under(&id.braced().to_string()),
        under(&format!("{id}\u{0}")),
        under(&format!("{id}\n")),
        under(&format!("\u{202e}{id}")),
        under(&"a".repeat(10_000)),
        format!("/{}", under(&id.to_string())),
    ];
    if !collection.is_empty() {
        bad.extend([String::new(), id.to_string(), format!("persons/{id}")]);
    }
    bad
}

async fn world() -> (World, Client, Uuid) {
    let world = World::new().await;
    let (client, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    (world, client, person)
}

#[tokio::test]
async fn each_bad_value_of_a_new_note_is_named_by_its_field() {
    let (_world, client, person) = world().await;
    let good = || create(person);
    let mut cases: Vec<(CreateNoteRequest, &str)> = Vec::new();
    for request_id in bad_ids("") {
        cases.push((CreateNoteRequest { request_id, ..good() }, "request_id"));
    }
    for person in bad_ids("people") {
        cases.push((CreateNoteRequest { person, ..good() }, "person"));
    }
    for episode in bad_ids("").into_iter().filter(|id| !id.is_empty()) {
        cases.push((CreateNoteRequest { episode, ..good() }, "episode"));
    }
    for r#type in [0, -1, 10, i32::MAX] {
        cases.push((CreateNoteRequest { r#type, ..good() }, "type"));
    }
    cases.push((CreateNoteRequest { record_class: 3, ..good() }, "record_class"));
    let label = |labels: Labels| CreateNoteRequest { labels: Some(labels), ..good() };
    cases.push((
        label(Labels { confidentiality: 7, ..Labels::default() }),
        "labels.confidentiality",
    ));
    for (sensitivities, field) in [
        (vec![2, 99], "labels.sensitivities[1]"),
        (vec![0], "labels.sensitivities[0]"),
        (vec![2, 2], "labels.sensitivities"),
    ] {
        cases.push((label(Labels { sensitivities, ..Labels::default() }), field));
    }
    cases.push((CreateNoteRequest { sections: Vec::new(), ..good() }, "sections"));
    let many = vec![section("", "words"); 51];
    cases.push((CreateNoteRequest { sections: many, ..good() }, "sections"));
    // Each part is short enough, and all together are too long.
    let long = vec![section("", &"x".repeat(100_000)); 11];
    cases.push((CreateNoteRequest { sections: long, ..good() }, "sections"));
    let part = |part: NoteSection| CreateNoteRequest {
        sections: vec![section("", "words"), part],
        ..good()
    };
    let titles = ["\u{0}", "a\u{202e}b", "a\nb", "\u{1b}[31m", "\u{2066}", "\u{7f}"];
    for title in titles.map(str::to_owned).into_iter().chain(["x".repeat(201)]) {
        cases.push((part(section(&title, "words")), "sections[1].title"));
    }
    for author in ["a\u{202e}b".to_owned(), "\u{0}".to_owned(), "x".repeat(501)] {
        let sent = NoteSection { author, ..section("", "words") };
        cases.push((part(sent), "sections[1].author"));
    }
    let bodies = ["", " ", "\n\t ", "a\u{0}b", "a\u{202e}b", "\u{1b}[31m", "a\u{2069}"];
    for body in bodies.map(str::to_owned).into_iter().chain(["x".repeat(100_001)]) {
        cases.push((part(section("", &body)), "sections[1].body"));
    }
    for (message, field) in cases {
        let shown = format!("{message:?}").chars().take(300).collect::<String>();
        let status = client.create(message).await.unwrap_err();
        assert_eq!(fields(&status), set(&[field]), "{shown}");
    }
    client.create(good()).await.unwrap();
}

#[tokio::test]
async fn whatever_is_at_its_limit_is_taken() {
    let (_world, client, person) = world().await;
    let most = CreateNoteRequest {
        sections: (0..10).map(|_| section(&"ä".repeat(200), &"x".repeat(100_000))).collect(),
        labels: Some(Labels {
            confidentiality: 6,
            sensitivities: (1..=14).collect(),
            part2: true,
            victim_service: true,
        }),
        record_class: 2,
        r#type: 6,
        episode: Uuid::new_v4().to_string(),
        ..create(person)
    };
    let note = client.create(most.clone()).await.unwrap().note.unwrap();
    assert_eq!(
        (note.sections, note.labels, note.episode),
        (most.sections, most.labels, most.episode)
    );
    let odd = section("emoji 🦀, 数字, line\u{a0}", "Tabs\tand\r\nlines, \"quotes\" \\ and 'Я'.");
    let message = CreateNoteRequest { sections: vec![odd.clone(); 50], ..create(person) };
    assert_eq!(client.create(message).await.unwrap().note.unwrap().sections, vec![odd; 50]);
}

#[tokio::test]
async fn everything_wrong_is_named_at_once_in_every_rpc() {
    let (_world, client, person) = world().await;
    let bad = section("\u{0}", " ");
    let created = CreateNoteRequest {
        request_id: NIL.into(),
        person: format!("people/{NIL}"),
        r#type: 0,
        record_class: 99,
        labels: Some(Labels { confidentiality: 99, sensitivities: vec![0], ..Labels::default() }),
        episode: "x".into(),
        sections: vec![bad.clone(), section("", &"x".repeat(1_200_000))],
        under_supervision: true,
        ..CreateNoteRequest::default()
    };
    assert_eq!(
        fields(&client.create(created).await.unwrap_err()),
        set(&[
            "request_id",
            "person",
            "type",
            "record_class",
            "labels.confidentiality",
            "labels.sensitivities[0]",
            "episode",
            "sections",
            "sections[0].title",
            "sections[0].body",
            "sections[1].body",
        ])
    );
    let signed =
        SignNoteRequest { request_id: "x".into(), name: "notes/x".into(), etag: "x".repeat(65) };
    let told = fields(&client.sign(signed).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "name", "etag"]));
    let amended = AmendNoteRequest {
        request_id: String::new(),
        name: format!("notes/{NIL}"),
        etag: String::new(),
        sections: vec![bad.clone(); 50],
    };
    let told = fields(&client.amend(amended.clone()).await.unwrap_err());
    let named = ["request_id", "name", "etag", "sections[0].title", "sections[0].body"];
    assert!(told.is_superset(&set(&named)), "{told:?}");
    // A list that is too long is refused before anything else is looked at.
    let long = AmendNoteRequest { sections: vec![bad.clone(); 51], ..amended };
    assert_eq!(fields(&client.amend(long).await.unwrap_err()), set(&["sections"]));
    let appended = AppendNoteRequest {
        request_id: NIL.into(),
        name: "notes/x".into(),
        etag: "x".repeat(65),
        sections: vec![bad.clone()],
    };
    assert_eq!(
        fields(&client.append(appended).await.unwrap_err()),
        set(&["request_id", "name", "etag", "sections[0].title", "sections[0].body"])
    );
    let updated = UpdateDraftRequest {
        request_id: "x".into(),
        name: format!("notes/{NIL}"),
        etag: String::new(),
        r#type: 0,
        labels: Some(Labels { confidentiality: 99, sensitivities: vec![0], ..Labels::default() }),
        episode: NIL.into(),
        sections: vec![bad, section("", &"x".repeat(1_200_000))],
        ..UpdateDraftRequest::default()
    };
    assert_eq!(
        fields(&client.update(updated).await.unwrap_err()),
        set(&[
            "request_id",
            "name",
            "etag",
            "type",
            "labels.confidentiality",
            "labels.sensitivities[0]",
            "episode",
            "sections",
            "sections[0].title",
            "sections[0].body",
            "sections[1].body",
        ])
    );
    let marked = MarkEnteredInErrorRequest {
        request_id: "x".into(),
        name: String::new(),
        etag: "x".repeat(65),
        reason: " ".into(),
    };
    let told = fields(&client.mark_error(marked).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "name", "etag", "reason"]));
    let cosigned = CosignNoteRequest { etag: "x".repeat(65), ..CosignNoteRequest::default() };
    let told = fields(&client.cosign(cosigned).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "name", "etag"]));
    // Nothing at all.
    let told = fields(&client.create(CreateNoteRequest::default()).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "person", "type", "sections"]));
    let told = fields(&client.sign(SignNoteRequest::default()).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "name"]));
    let told = fields(&client.amend(AmendNoteRequest::default()).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "name", "etag", "sections"]));
    let told = fields(&client.append(AppendNoteRequest::default()).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "name", "etag", "sections"]));
    let told = fields(&client.update(UpdateDraftRequest::default()).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "name", "etag", "type", "sections"]));
    let told = fields(&client.mark_error(MarkEnteredInErrorRequest::default()).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "name", "reason"]));
    let told = fields(&client.cosign(CosignNoteRequest::default()).await.unwrap_err());
    assert_eq!(told, set(&["request_id", "name", "etag"]));
    let listed = ListNotesRequest {
        page_size: 201,
        page_token: "x".repeat(1_001),
        person: "people/x".into(),
        r#type: 99,
    };
    let told = fields(&client.list(listed).await.unwrap_err());
    assert_eq!(told, set(&["page_size", "page_token", "person", "type"]));
    client.create(create(person)).await.unwrap();
}

#[tokio::test]
async fn names_and_pages_are_checked_wherever_they_are_taken() {
    let (_world, client, person) = world().await;
    let note = client.signed(person).await;
    for name in bad_ids("notes") {
        let got = client.get_named(&name).await.unwrap_err();
        assert_eq!(fields(&got), set(&["name"]), "{name:?}");
        let message = SignNoteRequest { name: name.clone(), ..sign(&note) };
        assert_eq!(fields(&client.sign(message).await.unwrap_err()), set(&["name"]));
        let message = AmendNoteRequest { name: name.clone(), ..amend(&note, "words") };
        assert_eq!(fields(&client.amend(message).await.unwrap_err()), set(&["name"]));
        let message = AppendNoteRequest { name: name.clone(), ..append(&note, "words") };
        assert_eq!(fields(&client.append(message).await.unwrap_err()), set(&["name"]));
        let message = UpdateDraftRequest { name: name.clone(), ..update(&note, "words") };
        assert_eq!(fields(&client.update(message).await.unwrap_err()), set(&["name"]));
        let message = CosignNoteRequest { name: name.clone(), ..cosign(&note) };
        assert_eq!(fields(&client.cosign(message).await.unwrap_err()), set(&["name"]));
        let message = MarkEnteredInErrorRequest { name: name.clone(), ..mark_error(&note, "why") };
        assert_eq!(fields(&client.mark_error(message).await.unwrap_err()), set(&["name"]));
        let other = wire::notes::v1::Note { name, ..note.clone() };
        assert_eq!(fields(&client.versions(&other).await.unwrap_err()), set(&["name"]));
    }
    for person in bad_ids("people") {
        let message = ListNotesRequest { person, ..ListNotesRequest::default() };
        assert_eq!(fields(&client.list(message).await.unwrap_err()), set(&["person"]));
    }
    for page_size in [-1, 201, i32::MIN, i32::MAX] {
        let message = ListNotesRequest { page_size, ..list(person) };
        let status = client.list(message).await.unwrap_err();
        assert_eq!(fields(&status), set(&["page_size"]), "{page_size}");
    }
    for version in [-1, i32::MIN] {
        let status = client.version(&note, version).await.unwrap_err();
        assert_eq!(fields(&status), set(&["version"]), "{version}");
    }
    for reason in ["", " ", "\u{0}", "a\u{202e}b", "a\nb", &"x".repeat(501)] {
        let status = client.mark_error(mark_error(&note, reason)).await.unwrap_err();
        assert_eq!(fields(&status), set(&["reason"]), "{reason:?}");
    }
    for page_token in ["x", "AAAA", " ", "\u{0}", "../../etc/passwd"] {
        let message = ListNotesRequest { page_token: page_token.into(), ..list(person) };
        let status = client.list(message).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(reason(&status), "PAGE_TOKEN_INVALID", "{page_token:?}");
    }
    client.get(&note).await.unwrap();
}

#[tokio::test]
async fn a_hundred_long_violations_still_fit_into_what_a_client_reads() {
    let (_world, client, person) = world().await;
    // Each breaks both patterns, whose texts are long.
    let sections = vec![section("\u{0}", "\u{0}"); 50];
    let message = CreateNoteRequest { sections, ..create(person) };
    let status = client.create(message).await.unwrap_err();
    assert_eq!(fields(&status).len(), 100);
    client.create(create(person)).await.unwrap();
}
