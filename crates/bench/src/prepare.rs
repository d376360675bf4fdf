//! What is measured: a database on the machine's disk, and in it notes, people and consents.

use std::path::Path;

use anyhow::Context as _;
use pg::{Embedded, Migrator, ServiceSchema, embedded};
use tonic::{Request, transport::Channel};
use uuid::Uuid;
use wire::{
    common::v1::{Action, Confidentiality, Labels, Purpose, RecordKind, Sensitivity},
    consent::v1::{
        ConsentTerms, ConsentType, Disclosers, DraftConsentRequest, Effect, Recipients, Rule,
        SignConsentRequest, Statements, consent_service_client::ConsentServiceClient,
    },
    convert::timestamp,
    notes::v1::{
        CreateNoteRequest, Note, NoteSection, NoteType, SignNoteRequest,
        notes_service_client::NotesServiceClient,
    },
};

use crate::world::{CLINIC, Keys, PARTNER, TOKENS, World, anchors, clock};

/// Not behind the wall of row-level security, and for nothing but the unprotected read.
pub const OPEN_ROLE: &str = "trellis_bench_open";

/// The rows that all others are copies of, made by the services themselves.
#[derive(Debug)]
pub struct Template {
    pub person: Uuid,
    pub note: Uuid,
    pub consent: Uuid,
    /// The note as the service shows it.
    pub shown: Note,
}

/// Starts the database, on disk and waiting for it, with the schema of one service and of consent.
pub async fn database(home: &Path, service: (&str, &Migrator)) -> anyhow::Result<Embedded> {
    let options =
        embedded::Options { data_dir: Some(home.join("postgres")), ..embedded::Options::default() };
    let server = Embedded::start(options).await?;
    let admin = server.admin_url();
    for (name, own) in [service, ("consent", &consent::MIGRATIONS)] {
        let schema = ServiceSchema::of(name);
        pg::provision(&admin, std::slice::from_ref(&schema)).await?;
        pg::migrate(&admin, &schema, &[&ledger::MIGRATIONS, own]).await?;
    }
    std::fs::create_dir(anchors(home))?;
    Ok(server)
}

/// The world without notes: enough for the services to start.
pub fn world(server: &Embedded, home: &Path) -> anyhow::Result<World> {
    let keys = Keys::open(home)?;
    let world = World {
        notes_url: server.url("trellis_notes", "postgres"),
        open_url: server.url(OPEN_ROLE, "postgres"),
        referrals_url: server.url("trellis_referrals", "postgres"),
        consent_url: server.url("trellis_consent", "postgres"),
        tokens: (0..TOKENS).map(|place| keys.staff(place)).collect::<Result<_, _>>()?,
        ..World::default()
    };
    world.save(home)?;
    Ok(world)
}

/// One note and one consent, by the services' own RPCs.
pub async fn template(home: &Path, notes: Channel, consents: Channel) -> anyhow::Result<Template> {
    let keys = Keys::open(home)?;
    let person = Uuid::new_v4();
    let (staff, own) = (keys.staff(0)?, keys.person(person)?);

    let mut notes = NotesServiceClient::new(notes);
    let create = authorized(&staff, note_of(person))?;
    let draft = notes.create_note(create).await?.into_inner().note.context("a note")?;
    let note = SignNoteRequest {
        request_id: Uuid::new_v4().to_string(),
        name: draft.name,
        etag: draft.etag,
    };
    let signed = notes.sign_note(authorized(&staff, note)?).await?.into_inner();
    let shown = signed.note.context("a signed note")?;

    let consent = sign(consents, &staff, &own, consent_of(person, notes_to_partner())).await?;

    let id = |name: &str, of: &str| wire::convert::id_of(of, name).context("a name");
    Ok(Template {
        person,
        note: id(&shown.name, "notes")?,
        consent: id(&consent, "consents")?,
        shown,
    })
}

/// Signs a consent; its name.
pub async fn sign(
    consents: Channel,
    staff: &str,
    own: &str,
    draft: DraftConsentRequest,
) -> anyhow::Result<String> {
    let mut consents = ConsentServiceClient::new(consents);
    let draft = authorized(staff, draft)?;
    let draft = consents.draft_consent(draft).await?.into_inner().consent.context("a draft")?;
    let sign = SignConsentRequest {
        request_id: Uuid::new_v4().to_string(),
        name: draft.name.clone(),
        text_sha256: draft.text_sha256,
    };
    consents.sign_consent(authorized(own, sign)?).await?;
    Ok(draft.name)
}

/// A message with this token.
pub fn authorized<T>(token: &str, message: T) -> anyhow::Result<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    Ok(request)
}

/// About as long as such notes are.
fn note_of(person: Uuid) -> CreateNoteRequest {
    let section = |title: &str, body: &str| NoteSection {
        title: title.to_owned(),
        body: body.to_owned(),
        ..NoteSection::default()
    };
    CreateNoteRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        r#type: NoteType::Progress.into(),
        labels: Some(Labels {
            confidentiality: Confidentiality::R.into(),
            sensitivities: vec![Sensitivity::Mh.into()],
            part2: false,
            victim_service: false,
        }),
        sections: vec![
            section(
                "Subjective",
                "Sleeping better since the move. Reports fewer worries about money after the \
                 benefits came through, and went to two of three group sessions last week.",
            ),
            section(
                "Plan",
                "Continue weekly sessions. Ask the housing navigator about the waiting list. \
                 Next appointment on Tuesday; transport is arranged.",
            ),
        ],
        ..CreateNoteRequest::default()
    }
}

/// The clinic may show the partner the person's notes for treatment.
fn notes_to_partner() -> Rule {
    Rule {
        actions: vec![Action::Read.into()],
        kinds: vec![RecordKind::Note.into()],
        ..from_clinic_to(vec![format!("agencies/{PARTNER}")])
    }
}

/// What is the clinic's, for treatment and coordination.
pub fn from_clinic_to(agencies: Vec<String>) -> Rule {
    Rule {
        effect: Effect::Permit.into(),
        disclosers: Some(Disclosers { agencies: vec![format!("agencies/{CLINIC}")] }),
        recipients: Some(Recipients { agencies, ..Recipients::default() }),
        purposes: vec![Purpose::Treat.into(), Purpose::Coc.into()],
        ..Rule::default()
    }
}

/// Half a year long.
pub fn consent_of(person: Uuid, rule: Rule) -> DraftConsentRequest {
    let expires = clock().now() + time::Duration::days(180);
    DraftConsentRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        language: String::new(),
        terms: Some(ConsentTerms {
            r#type: ConsentType::General.into(),
            description: "My records at the clinic".to_owned(),
            rule: Some(rule),
            expires: Some(timestamp(expires)),
            statements: Some(Statements {
                right_to_revoke: true,
                redisclosure: true,
                refusal_consequences: true,
            }),
            ..ConsentTerms::default()
        }),
    }
}
