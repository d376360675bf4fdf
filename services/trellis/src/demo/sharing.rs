//! Act 4: a referral from need to outcome, and what each may read.

use std::io::Write;

use anyhow::ensure;
use tonic::Code;
use wire::{
    common::v1::{BasisKind, Confidentiality, Labels, Obligation, Redisclosure, Sensitivity},
    notes::v1::{GetNoteRequest, ListNotesRequest},
    referrals::v1::{
        AcceptReferralRequest, CompleteReferralRequest, CreateReferralRequest, Enrollment,
        GetReferralRequest, HousingResult, Outcome, Priority, ReferralState as State,
        SendReferralRequest, StartReferralRequest,
    },
};

use super::{
    Cast,
    checks::{refused, request_id, there},
    telling::Telling,
    watching::Watching,
};

/// The two open Watches.
pub struct Watches {
    pub clinic: Watching,
    pub housing: Watching,
}

pub fn referral(cast: &Cast, send: bool) -> CreateReferralRequest {
    CreateReferralRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        target: cast.housing.clone(),
        need_category: "103-05-04".to_owned(),
        priority: Priority::Urgent.into(),
        summary: "Looking for a transitional apartment, near the bus line if there is one."
            .to_owned(),
        labels: Some(Labels {
            confidentiality: Confidentiality::R.into(),
            sensitivities: vec![Sensitivity::Sud.into()],
            part2: true,
            victim_service: false,
        }),
        send,
        ..CreateReferralRequest::default()
    }
}

pub async fn close_the_loop(
    cast: &mut Cast,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<Watches> {
    t.act("The loop: a referral, from need to outcome")?;
    let mut clinic = Watching::open(&cast.clinician).await?;
    let mut housing = Watching::open(&cast.case_manager).await?;
    let name = cast.done.clone();
    clinic.sees(&name, State::Draft).await?;
    let send =
        SendReferralRequest { request_id: request_id(), name: name.clone(), etag: String::new() };
    cast.clinician.referrals().send_referral(send).await?;
    t.step(
        "The clinic sends its draft: the consent to Harbor Homes covers it.",
        &cast.clinician.who,
        "SendReferral",
        "OK: requested, basis CONSENT for the recipient",
    )?;
    clinic.sees(&name, State::Requested).await?;
    housing.sees(&name, State::Requested).await?;
    t.step(
        "Harbor Homes, watching, sees it arrive.",
        &cast.case_manager.who,
        "WatchReferrals",
        "requested",
    )?;
    let get = GetReferralRequest { name: name.clone() };
    let read = cast.case_manager.referrals().get_referral(get).await?.into_inner();
    let disclosure = there(read.disclosure, "disclosure")?;
    ensure!(disclosure.basis == [cast.housing_consent.clone()], "read under Ana's consent");
    t.step("It reads it.", &cast.case_manager.who, "GetReferral", "OK, basis CONSENT")?;

    let mut desk = cast.case_manager.referrals();
    let accept =
        AcceptReferralRequest { request_id: request_id(), name: name.clone(), etag: String::new() };
    desk.accept_referral(accept).await?;
    let start =
        StartReferralRequest { request_id: request_id(), name: name.clone(), etag: String::new() };
    desk.start_referral(start).await?;
    let complete = CompleteReferralRequest {
        request_id: request_id(),
        name: name.clone(),
        etag: String::new(),
        outcome: Outcome::GotHelp.into(),
        housing_result: HousingResult::ClientAccepted.into(),
        enrollment: Enrollment::Enrolled.into(),
    };
    desk.complete_referral(complete).await?;
    t.step(
        "It accepts, starts, and completes it: Ana has an apartment.",
        &cast.case_manager.who,
        "AcceptReferral, StartReferral, CompleteReferral",
        "OK: completed, got help, client accepted, enrolled",
    )?;
    for state in [State::Accepted, State::InProgress, State::Completed] {
        clinic.sees(&name, state).await?;
        housing.sees(&name, state).await?;
    }
    t.step(
        "The clinic, watching, sees each step.",
        &cast.clinician.who,
        "WatchReferrals",
        "accepted, in-progress, completed",
    )?;
    let second = cast.clinician.referrals().create_referral(referral(cast, true)).await?;
    cast.open = there(second.into_inner().referral, "referral")?.name;
    clinic.sees(&cast.open, State::Requested).await?;
    housing.sees(&cast.open, State::Requested).await?;
    t.step(
        "A second referral is sent, for furniture; it stays open.",
        &cast.clinician.who,
        "CreateReferral (send)",
        "OK: requested",
    )?;
    Ok(Watches { clinic, housing })
}

pub async fn read(cast: &Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    t.act("Reading: what the consents let through, and nothing more")?;
    let get = |name: &str| GetNoteRequest { name: name.to_owned(), version: 0 };
    let reply = cast.case_manager.notes().get_note(get(&cast.note)).await?.into_inner();
    let disclosure = there(reply.disclosure, "disclosure")?;
    ensure!(disclosure.bases == [i32::from(BasisKind::Consent)], "opened by consent");
    ensure!(
        disclosure.obligations.contains(&Obligation::Part2Notice.into()),
        "the notice goes along"
    );
    ensure!(
        disclosure.redisclosure == i32::from(Redisclosure::Prohibited),
        "no further disclosure"
    );
    let notice = there(disclosure.notice, "notice")?;
    let scope = there(disclosure.consents.first(), "consent copy")?;
    t.step(
        "Harbor Homes reads the signed progress note.",
        &cast.case_manager.who,
        "GetNote",
        "OK, basis CONSENT; PART2_NOTICE, CONSENT_COPY; redisclosure PROHIBITED",
    )?;
    t.detail(&format!("notice {}: {:.60}…", notice.version, notice.text))?;
    t.detail(&format!("consent copy: \"{}\"", scope.description))?;

    let attended = cast.officer.notes().get_note(get(&cast.attendance)).await?.into_inner();
    ensure!(
        there(attended.disclosure, "disclosure")?.basis
            == std::slice::from_ref(&cast.justice_consent)
    );
    t.step(
        "Probation reads the attendance facts.",
        &cast.officer.who,
        "GetNote",
        "OK, basis CONSENT",
    )?;
    refused(cast.officer.notes().get_note(get(&cast.note)).await, Code::NotFound)?;
    let list = ListNotesRequest { person: cast.person.clone(), ..ListNotesRequest::default() };
    let listed = cast.officer.notes().list_notes(list).await?.into_inner().notes;
    ensure!(listed.len() == 1, "probation lists one note");
    t.step(
        "The progress note does not exist for probation, and its list holds attendance alone.",
        &cast.officer.who,
        "GetNote, ListNotes",
        "NOT_FOUND; 1 note",
    )?;
    let own = cast.ana.notes().get_note(get(&cast.note)).await?.into_inner();
    ensure!(there(own.disclosure, "disclosure")?.bases == [i32::from(BasisKind::Self_)]);
    t.step("Ana reads her own note.", &cast.ana.who, "GetNote", "OK, basis SELF")
}
