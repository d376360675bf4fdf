//! Break the glass (42 CFR 2.51): an emergency opens what no consent does, for one practitioner, on
//! record, and to be reviewed.

use std::io::Write;

use anyhow::ensure;
use kernel::{Purpose, Role};
use tonic::Code;
use wire::{
    common::v1::{BasisKind, Obligation, Redisclosure},
    consent::v1::{
        DeclareEmergencyRequest, Emergency, EmergencyFacts, EmergencyOutcome,
        ListEmergenciesRequest, ReviewEmergencyRequest,
    },
    people::v1::{ConfirmSignInRequest, RenewConfirmationCodeRequest},
};

use super::{
    Cast,
    actor::{Actor, Stage},
    checks::{hidden, names, read_note, refused, request_id, there},
    person::register,
    telling::Telling,
};

pub async fn break_the_glass(
    stage: &Stage<'_>,
    cast: &Cast,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<()> {
    t.act("Break the glass: Ana is brought to a hospital, unconscious")?;
    let medic = |who, sub| {
        stage.staff(who, sub, &cast.hospital, &[Role::Medical], &[Purpose::EmergencyTreat])
    };
    let doctor = medic("emergency physician, Linden General", "dr-moss")?;
    let person = register(&doctor, "https://lindengeneral.example/mrn", "LG-80415").await?;
    ensure!(person == cast.person, "the hospital's patient is Ana");
    hidden(&doctor, &cast.note).await?;
    t.step(
        "The hospital registers her. No consent names it: to be unconscious opens nothing.",
        &doctor.who,
        "RegisterPerson, GetNote",
        "OK; NOT_FOUND",
    )?;
    let name = declare(cast, &doctor, t).await?;
    opened(cast, &doctor, &name, t).await?;
    let colleague = medic("another physician, Linden General", "dr-vale")?;
    hidden(&colleague, &cast.note).await?;
    t.step(
        "It opens the note to who declared it. To a colleague it does not exist.",
        &colleague.who,
        "GetNote",
        "NOT_FOUND",
    )?;
    review(cast, &name, t).await?;
    confirm(cast, &doctor, t).await?;
    awake(cast, &name, t).await
}

async fn declare(
    cast: &Cast,
    doctor: &Actor,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<String> {
    let facts = EmergencyFacts {
        recipient_name: "Dr. R. Moss".to_owned(),
        recipient_affiliation: "Linden General Hospital, emergency department".to_owned(),
        nature: "Found unconscious, breathing shallow; overdose suspected".to_owned(),
        consent_unobtainable: "Unconscious".to_owned(),
    };
    let declaring = |facts| DeclareEmergencyRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        facts: Some(facts),
        hours: 4,
    };
    let without = EmergencyFacts { consent_unobtainable: String::new(), ..facts.clone() };
    let refusal = doctor.consents().declare_emergency(declaring(without)).await;
    let refusal = refused(refusal, Code::InvalidArgument)?;
    names(&refusal, "facts.consent_unobtainable")?;
    t.step(
        "Why could she not be asked? Without one of the four facts there is no emergency.",
        &doctor.who,
        "DeclareEmergency",
        "INVALID_ARGUMENT, facts.consent_unobtainable",
    )?;
    let reply = doctor.consents().declare_emergency(declaring(facts)).await?.into_inner();
    t.step("With all four it is declared.", &doctor.who, "DeclareEmergency", "OK: for 4 hours")?;
    Ok(there(reply.emergency, "emergency")?.name)
}

async fn opened(
    cast: &Cast,
    doctor: &Actor,
    name: &str,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<()> {
    let read = read_note(doctor, &cast.note).await?;
    let disclosure = there(read.disclosure, "disclosure")?;
    ensure!(disclosure.bases == [i32::from(BasisKind::Emergency)], "opened by the emergency");
    ensure!(disclosure.basis == [name], "by this one");
    for duty in [Obligation::Part2Notice, Obligation::EmergencyReview] {
        ensure!(disclosure.obligations.contains(&duty.into()), "{}", duty.as_str_name());
    }
    ensure!(disclosure.notice.is_some(), "the notice goes along");
    let onward = disclosure.redisclosure();
    ensure!(onward == Redisclosure::HipaaExceptProceedings, "{}", onward.as_str_name());
    t.step(
        "The physician reads the note of the SUD program.",
        &doctor.who,
        "GetNote",
        "OK, basis EMERGENCY; PART2_NOTICE, EMERGENCY_REVIEW; redisclosure HIPAA_EXCEPT_PROCEEDINGS",
    )
}

async fn review(cast: &Cast, name: &str, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let waiting = listed(cast, &cast.privacy_officer, true).await?;
    ensure!(waiting.iter().map(|e| &*e.name).eq([name]), "one waits for a review");
    let request = ReviewEmergencyRequest {
        request_id: request_id(),
        name: name.to_owned(),
        outcome: EmergencyOutcome::Justified.into(),
        comment: "As the hospital's chart says.".to_owned(),
    };
    cast.privacy_officer.consents().review_emergency(request).await?;
    ensure!(listed(cast, &cast.privacy_officer, true).await?.is_empty(), "none waits any more");
    t.step(
        "The clinic's privacy officer finds it among those that wait for a review, and reviews it.",
        &cast.privacy_officer.who,
        "ListEmergencies (unreviewed), ReviewEmergency",
        "OK: justified",
    )
}

/// A sign-in stands for what those hold, and did, who vouch for it: the hospital is none of them yet.
async fn confirm(cast: &Cast, doctor: &Actor, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let person = cast.person.clone();
    let renew = RenewConfirmationCodeRequest {
        request_id: request_id(),
        person: person.clone(),
        representative: String::new(),
    };
    let code = cast.ana.people().renew_confirmation_code(renew).await?.into_inner().code;
    let confirm = ConfirmSignInRequest {
        request_id: request_id(),
        person,
        representative: String::new(),
        code,
    };
    doctor.people().confirm_sign_in(confirm).await?;
    t.step(
        "Ana, awake again, shows the hospital the code of her sign-in; it confirms her.",
        "Ana; emergency physician, Linden General",
        "RenewConfirmationCode; ConfirmSignIn",
        "OK; OK",
    )
}

async fn awake(cast: &Cast, name: &str, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let seen = listed(cast, &cast.ana, false).await?;
    let emergency = there(seen.first(), "emergency")?;
    ensure!(emergency.name == name && emergency.reviews.len() == 1, "Ana sees it reviewed");
    let facts = emergency.facts.clone().unwrap_or_default();
    t.step(
        "She sees who broke the glass, and that it was reviewed.",
        &cast.ana.who,
        "ListEmergencies",
        "OK: 1 emergency, 1 review",
    )?;
    t.detail(&format!(
        "- {}, {}: {}",
        facts.recipient_name, facts.recipient_affiliation, facts.nature
    ))
}

async fn listed(cast: &Cast, who: &Actor, unreviewed: bool) -> anyhow::Result<Vec<Emergency>> {
    let person = cast.person.clone();
    let request = ListEmergenciesRequest { person, unreviewed, ..Default::default() };
    Ok(who.consents().list_emergencies(request).await?.into_inner().emergencies)
}
