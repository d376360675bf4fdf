//! Act 2 and 3: a person whom three agencies know, and what she decides.

use std::{io::Write, time::Duration};

use anyhow::ensure;
use kernel::Clock as _;
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::{Action, Confidentiality, Identifier, Labels, Purpose, RecordKind, Sensitivity},
    consent::v1::{
        ConsentTerms, ConsentType, Disclosers, DraftConsentRequest, Effect, Recipients, Rule,
        SignConsentRequest, Statements,
    },
    convert::timestamp,
    notes::v1::{
        CreateNoteRequest, GetNoteRequest, ListNotesRequest, NoteSection, NoteType, SignNoteRequest,
    },
    people::v1::{
        AcceptInvitationRequest, GetPersonRequest, InvitePersonRequest, RegisterPersonRequest,
    },
    referrals::v1::CreateReferralRequest,
};

use super::{
    Cast,
    actor::Actor,
    checks::{alike, refused, request_id, there},
    telling::Telling,
};

/// A system that agencies share; each also brings an identifier of its own.
const MEDICAID: &str = "urn:trellis:medicaid";

pub async fn meet(cast: &mut Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    t.act("The person: three agencies know her, each in its own way")?;
    let mut names = Vec::new();
    for (actor, system, value) in [
        (&cast.clinician, "https://rivergate.example/mrn", "R-20771"),
        (&cast.case_manager, "https://harborhomes.example/hmis", "HH-3391"),
        (&cast.officer, "https://probation.linden.example/docket", "26-CR-0117"),
    ] {
        let id = |system: &str, value: &str| Identifier {
            system: system.to_owned(),
            value: value.to_owned(),
        };
        let request = RegisterPersonRequest {
            request_id: request_id(),
            identifiers: vec![id(system, value), id(MEDICAID, "LC-550-118-2")],
            given_name: "Ana".to_owned(),
            family_name: "Rivera".to_owned(),
            birth_date: "1988-04-17".to_owned(),
            preferred_language: "es".to_owned(),
            labels: None,
        };
        let reply = actor.people().register_person(request).await?.into_inner();
        names.push(there(reply.person, "person")?.name);
    }
    names.dedup();
    ensure!(names.len() == 1, "three registrations are one person");
    cast.person = names.remove(0);
    t.step(
        "Each registers Ana under its own identifier. Nothing in the answers tells that another \
         knew her; she is one person.",
        "clinician, case manager, officer",
        "RegisterPerson x3",
        "OK",
    )?;
    cast.note = write(
        &cast.clinician,
        &cast.person,
        NoteType::Progress,
        &[Sensitivity::Sud, Sensitivity::Mh],
        "Stable on current treatment. Safe, sober housing would help more than anything else.",
    )
    .await?;
    cast.attendance = write(
        &cast.clinician,
        &cast.person,
        NoteType::SupervisionContact,
        &[Sensitivity::Sud],
        "Attended all four appointments of this month.",
    )
    .await?;
    t.step(
        "The clinician writes a progress note and, apart from it, the facts of attendance; signs \
         both.",
        &cast.clinician.who,
        "CreateNote, SignNote",
        "OK, basis CUSTODIAN",
    )
}

async fn write(
    author: &Actor,
    person: &str,
    kind: NoteType,
    sensitivities: &[Sensitivity],
    body: &str,
) -> anyhow::Result<String> {
    let request = CreateNoteRequest {
        request_id: request_id(),
        person: person.to_owned(),
        r#type: kind.into(),
        labels: Some(Labels {
            confidentiality: Confidentiality::R.into(),
            sensitivities: sensitivities.iter().map(|s| (*s).into()).collect(),
            part2: true,
            victim_service: false,
        }),
        sections: vec![NoteSection { title: String::new(), body: body.to_owned() }],
        ..CreateNoteRequest::default()
    };
    let note = there(author.notes().create_note(request).await?.into_inner().note, "note")?;
    let sign =
        SignNoteRequest { request_id: request_id(), name: note.name.clone(), etag: note.etag };
    author.notes().sign_note(sign).await?;
    Ok(note.name)
}

pub async fn without_consent(cast: &mut Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    t.act("Without consent: what others may not see does not exist for them")?;
    for reader in [&cast.case_manager, &cast.officer] {
        let read = |name: String| {
            let mut notes = reader.notes();
            async move { notes.get_note(GetNoteRequest { name }).await }
        };
        let absent = format!("notes/{}", Uuid::new_v4());
        alike(read(cast.note.clone()).await, read(absent).await)?;
        t.step(
            "Another agency asks for the note, and for a note that never was: one and the same \
             answer.",
            &reader.who,
            "GetNote x2",
            "NOT_FOUND, equal byte for byte",
        )?;
        let list = ListNotesRequest { person: cast.person.clone(), ..ListNotesRequest::default() };
        let listed = reader.notes().list_notes(list).await?.into_inner().notes;
        ensure!(listed.is_empty(), "a list without consent is empty");
    }
    let person = GetPersonRequest { name: cast.person.clone() };
    let seen = cast.case_manager.people().get_person(person).await?.into_inner();
    let profiles = there(seen.person, "person")?.profiles;
    ensure!(
        profiles.len() == 1 && profiles.iter().all(|p| p.custodian == cast.housing),
        "an agency sees its own profile and no other"
    );
    let stranger = GetPersonRequest { name: format!("people/{}", Uuid::new_v4()) };
    refused(cast.case_manager.people().get_person(stranger).await, Code::NotFound)?;
    t.step(
        "Harbor Homes sees the profile that it wrote itself, and no other.",
        &cast.case_manager.who,
        "GetPerson, ListNotes",
        "OK: 1 profile, 0 notes",
    )?;
    let send = super::sharing::referral(cast, true);
    refused(cast.clinician.referrals().create_referral(send).await, Code::FailedPrecondition)?;
    t.step(
        "The clinic may not even send a referral: that would tell Harbor Homes that Ana is in SUD \
         treatment.",
        &cast.clinician.who,
        "CreateReferral (send)",
        "FAILED_PRECONDITION, CONSENT_NEEDED",
    )?;
    let keep =
        CreateReferralRequest { request_id: request_id(), ..super::sharing::referral(cast, false) };
    let draft = cast.clinician.referrals().create_referral(keep).await?.into_inner();
    cast.done = there(draft.referral, "referral")?.name;
    t.step("So it stays a draft.", &cast.clinician.who, "CreateReferral", "OK: draft")
}

pub async fn decides(cast: &mut Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    t.act("Ana decides")?;
    let invite = InvitePersonRequest { request_id: request_id(), person: cast.person.clone() };
    let invitation = cast.clinician.people().invite_person(invite).await?.into_inner();
    let accept = AcceptInvitationRequest { request_id: request_id(), code: invitation.code };
    let bound = cast.ana.people().accept_invitation(accept).await?.into_inner();
    ensure!(bound.person == cast.person, "the sign-in is Ana's");
    t.step(
        "The clinic invites her; she binds a sign-in of her own. It stands for what the clinic \
         holds, until others confirm it.",
        &cast.ana.who,
        "AcceptInvitation",
        "OK",
    )?;
    let (housing, justice) = (housing_terms(cast), justice_terms(cast));
    cast.housing_consent = sign(cast, housing, t, "to Harbor Homes").await?;
    cast.justice_consent = sign(cast, justice, t, "to Linden County Probation (2.35)").await?;
    Ok(())
}

fn terms(cast: &Cast, kind: ConsentType, description: &str, rule: Rule) -> ConsentTerms {
    let now = kernel::SystemClock.now();
    ConsentTerms {
        r#type: kind.into(),
        description: description.to_owned(),
        rule: Some(Rule {
            effect: Effect::Permit.into(),
            disclosers: Some(Disclosers { agencies: vec![cast.clinic.clone()] }),
            ..rule
        }),
        expires: Some(timestamp(now + Duration::from_secs(180 * 86_400))),
        statements: Some(Statements {
            right_to_revoke: true,
            redisclosure: true,
            refusal_consequences: true,
        }),
        ..ConsentTerms::default()
    }
}

fn to(agency: &str) -> Option<Recipients> {
    Some(Recipients { agencies: vec![agency.to_owned()], ..Recipients::default() })
}

fn housing_terms(cast: &Cast) -> ConsentTerms {
    let rule = Rule {
        recipients: to(&cast.housing),
        purposes: vec![
            Purpose::Coc.into(),
            Purpose::HousingPlacement.into(),
            Purpose::Treat.into(),
        ],
        actions: vec![Action::Read.into(), Action::Transition.into(), Action::Refer.into()],
        kinds: vec![RecordKind::Note.into(), RecordKind::Referral.into()],
        ..Rule::default()
    };
    terms(cast, ConsentType::General, "My progress notes and referrals at Rivergate", rule)
}

/// Need to know: records that are labelled SUD and nothing else, so attendance and not therapy.
fn justice_terms(cast: &Cast) -> ConsentTerms {
    let rule = Rule {
        recipients: to(&cast.probation),
        purposes: vec![Purpose::Supervision.into()],
        actions: vec![Action::Read.into()],
        kinds: vec![RecordKind::Note.into()],
        sensitivities: vec![Sensitivity::Sud.into()],
        ..Rule::default()
    };
    let until = kernel::SystemClock.now() + Duration::from_secs(90 * 86_400);
    ConsentTerms {
        revocable_after: Some(timestamp(until)),
        ..terms(cast, ConsentType::CriminalJustice, "Whether I attend treatment", rule)
    }
}

async fn sign(
    cast: &Cast,
    terms: ConsentTerms,
    t: &mut Telling<impl Write>,
    to_whom: &str,
) -> anyhow::Result<String> {
    let draft = DraftConsentRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        terms: Some(terms),
        language: String::new(),
    };
    let reply = cast.clinician.consents().draft_consent(draft).await?.into_inner();
    let draft = there(reply.consent, "consent")?;
    let sign = SignConsentRequest {
        request_id: request_id(),
        name: draft.name.clone(),
        text_sha256: draft.text_sha256.clone(),
    };
    cast.ana.consents().sign_consent(sign).await?;
    t.step(
        &format!("The clinician writes down a consent {to_whom}; Ana reads it and signs."),
        &cast.ana.who,
        "SignConsent",
        "OK",
    )?;
    t.detail(&draft.text)?;
    Ok(draft.name)
}
