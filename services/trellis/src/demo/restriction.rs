//! A restriction: the person asks the clinic to keep one note from Harbor Homes after all.

use std::io::Write;

use anyhow::ensure;
use wire::{
    common::v1::{Action, Purpose, RecordKind, Role, Sensitivity},
    consent::v1::{
        DecideRestrictionRequest, ExplainRequest, ExplainResponse, ExplainedRecord,
        ExplainedRequest, RequestRestrictionRequest, RestrictionDecision, RestrictionReason,
        RestrictionStatus, RestrictionTerms,
    },
};

use super::{
    Cast,
    actor::Actor,
    checks::{hidden, read_note, request_id, there},
    person::part2,
    telling::Telling,
    terms::to,
};

pub async fn restrict(cast: &Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    t.act("A restriction: the consent stands, and this one note stays at the clinic")?;
    let name = asked(cast, t).await?;
    let agreed =
        decide(&cast.privacy_officer, &name, RestrictionDecision::Agree, RestrictionStatus::Agreed);
    agreed.await?;
    hidden(&cast.case_manager, &cast.note).await?;
    t.step(
        "The clinic's privacy officer agrees.",
        &cast.privacy_officer.who,
        "DecideRestriction (AGREE)",
        "OK: agreed",
    )?;
    t.step(
        "From that moment the note does not exist for Harbor Homes, though the consent is in force.",
        &cast.case_manager.who,
        "GetNote",
        "NOT_FOUND",
    )?;
    let told = explain(cast).await?;
    ensure!(!told.permitted && told.reason == "RESTRICTED", "explained: {told:?}");
    t.step(
        "Ana asks why, and is told in plain words.",
        &cast.ana.who,
        "Explain",
        &format!("OK: refused, {}", told.reason),
    )?;
    t.detail(&told.explanation)?;
    for part in told.parts.iter().filter(|part| !part.name.is_empty()) {
        t.detail(&format!("- {}", part.explanation))?;
    }
    decide(&cast.ana, &name, RestrictionDecision::End, RestrictionStatus::Ended).await?;
    t.step("Ana ends it.", &cast.ana.who, "DecideRestriction (END)", "OK: ended")?;
    read_note(&cast.case_manager, &cast.note).await?;
    t.step(
        "Harbor Homes reads the note again.",
        &cast.case_manager.who,
        "GetNote",
        "OK, basis CONSENT",
    )
}

/// A preference binds nobody until the custodian agrees.
async fn asked(cast: &Cast, t: &mut Telling<impl Write>) -> anyhow::Result<String> {
    let request = RequestRestrictionRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        terms: Some(RestrictionTerms {
            reason: RestrictionReason::Preference.into(),
            custodian: cast.clinic.clone(),
            recipients: to(&cast.housing),
            records: vec![cast.note.clone()],
            ..RestrictionTerms::default()
        }),
    };
    let reply = cast.ana.consents().request_restriction(request).await?.into_inner();
    let restriction = there(reply.restriction, "restriction")?;
    ensure!(restriction.status() == RestrictionStatus::Requested, "asked for, and no more");
    read_note(&cast.case_manager, &cast.note).await?;
    t.step(
        "Ana asks the clinic to keep her progress note from Harbor Homes. It is a wish: until the \
         clinic agrees, Harbor Homes reads as before.",
        &cast.ana.who,
        "RequestRestriction (PREFERENCE)",
        "OK: requested",
    )?;
    Ok(restriction.name)
}

async fn decide(
    who: &Actor,
    name: &str,
    decision: RestrictionDecision,
    becomes: RestrictionStatus,
) -> anyhow::Result<()> {
    let request = DecideRestrictionRequest {
        request_id: request_id(),
        name: name.to_owned(),
        decision: decision.into(),
    };
    let reply = who.consents().decide_restriction(request).await?.into_inner();
    let status = there(reply.restriction, "restriction")?.status();
    ensure!(status == becomes, "{} instead of {}", status.as_str_name(), becomes.as_str_name());
    Ok(())
}

/// Why may Harbor Homes not read it?
async fn explain(cast: &Cast) -> anyhow::Result<ExplainResponse> {
    let request = ExplainRequest {
        person: cast.person.clone(),
        request: Some(ExplainedRequest {
            agency: cast.housing.clone(),
            roles: vec![Role::CaseManager.into()],
            purposes: vec![Purpose::Coc.into(), Purpose::HousingPlacement.into()],
            action: Action::Read.into(),
            ..ExplainedRequest::default()
        }),
        record: Some(ExplainedRecord {
            name: cast.note.clone(),
            kind: RecordKind::Note.into(),
            custodian: cast.clinic.clone(),
            labels: Some(part2(&[Sensitivity::Sud, Sensitivity::Mh])),
            ..ExplainedRecord::default()
        }),
        ..ExplainRequest::default()
    };
    Ok(cast.ana.consents().explain(request).await?.into_inner())
}
