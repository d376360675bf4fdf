//! Act 2 and 3: a person whom three agencies know, and what she decides.

use std::io::Write;

use anyhow::ensure;
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::{Confidentiality, Identifier, Labels, Sensitivity},
    consent::v1::{ConsentTerms, DraftConsentRequest, SignConsentRequest},
    notes::v1::{CreateNoteRequest, ListNotesRequest, NoteSection, NoteType, SignNoteRequest},
    people::v1::{
        AcceptInvitationRequest, GetPersonRequest, InvitePersonRequest, RegisterPersonRequest,
    },
    referrals::v1::CreateReferralRequest,
};

use super::{
    Cast,
    actor::Actor,
    checks::{hidden, refused, request_id, there},
    telling::Telling,
    terms,
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
        names.push(register(actor, system, value).await?);
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
        part2(&[Sensitivity::Sud, Sensitivity::Mh]),
        "Stable on current treatment. Safe, sober housing would help more than anything else.",
    )
    .await?;
    cast.attendance = write(
        &cast.clinician,
        &cast.person,
        NoteType::Progress,
        part2(&[Sensitivity::Sud]),
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

/// Ana, under an identifier of the agency's own and the one that agencies share.
pub async fn register(actor: &Actor, system: &str, value: &str) -> anyhow::Result<String> {
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
        details: None,
    };
    let reply = actor.people().register_person(request).await?.into_inner();
    Ok(there(reply.person, "person")?.name)
}

/// Labels of what the SUD program writes.
pub fn part2(sensitivities: &[Sensitivity]) -> Labels {
    Labels {
        confidentiality: Confidentiality::R.into(),
        sensitivities: sensitivities.iter().map(|s| (*s).into()).collect(),
        part2: true,
        victim_service: false,
    }
}

/// Writes a note and signs it.
pub async fn write(
    author: &Actor,
    person: &str,
    kind: NoteType,
    labels: Labels,
    body: &str,
) -> anyhow::Result<String> {
    let request = CreateNoteRequest {
        request_id: request_id(),
        person: person.to_owned(),
        r#type: kind.into(),
        labels: Some(labels),
        sections: vec![NoteSection {
            title: String::new(),
            body: body.to_owned(),
            ..NoteSection::default()
        }],
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
        hidden(reader, &cast.note).await?;
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
    let (housing, justice) = (terms::housing(cast), terms::justice(cast));
    cast.housing_consent = sign(cast, housing, t, "to Harbor Homes").await?;
    cast.justice_consent = sign(cast, justice, t, "to Linden County Probation (2.35)").await?;
    Ok(())
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
