//! A court order (42 CFR 2.61 to 2.67): it authorizes and does not compel; with a subpoena, and
//! accepted, it opens what it lists.

use std::io::Write;

use anyhow::ensure;
use kernel::{Purpose, Role};
use tonic::Code;
use wire::{
    common::v1::{BasisKind, Redisclosure},
    consent::v1::{
        AcceptCourtOrderRequest, AcceptCourtOrderResponse, CourtOrderTerms, RecordCourtOrderRequest,
    },
    convert::timestamp,
};

use super::{
    Cast,
    actor::{Actor, Stage},
    checks::{hidden, names, read_note, refused, refused_because, request_id, there},
    telling::Telling,
    terms::in_days,
};

pub async fn order(
    stage: &Stage<'_>,
    cast: &Cast,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<()> {
    t.act("A court order: without a subpoena it opens nothing")?;
    let prosecutor = stage.staff(
        "prosecutor, Linden County",
        "pr-hale",
        &cast.prosecutor,
        &[Role::Prosecutor],
        &[Purpose::LegalProceeding],
    )?;
    alone(cast, &prosecutor, t).await?;
    let both = record(cast, true).await?;
    accept(cast, &both).await?;
    t.step(
        "A subpoena follows. The privacy officer records both and accepts them.",
        &cast.privacy_officer.who,
        "RecordCourtOrder, AcceptCourtOrder",
        "OK: accepted",
    )?;
    let read = read_note(&prosecutor, &cast.attendance).await?;
    let disclosure = there(read.disclosure, "disclosure")?;
    ensure!(disclosure.bases == [i32::from(BasisKind::CourtOrder)], "opened by the order");
    ensure!(disclosure.basis == [both], "by this order");
    ensure!(disclosure.redisclosure() == Redisclosure::Prohibited, "no further disclosure");
    hidden(&prosecutor, &cast.note).await?;
    t.step(
        "It opens the attendance facts, which it lists. The progress note, which it does not list, \
         does not exist.",
        &prosecutor.who,
        "GetNote x2",
        "OK, basis COURT_ORDER, redisclosure PROHIBITED; NOT_FOUND",
    )
}

async fn alone(cast: &Cast, prosecutor: &Actor, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let order = record(cast, false).await?;
    t.step(
        "The clinic is served with an order about the attendance facts, and with no subpoena.",
        &cast.privacy_officer.who,
        "RecordCourtOrder",
        "OK: recorded, not accepted",
    )?;
    let refusal = refused(accept(cast, &order).await, Code::FailedPrecondition)?;
    refused_because(&refusal, "COURT_ORDER_INCOMPLETE")?;
    names(&refusal, "terms.subpoena")?;
    t.step(
        "It can't be accepted.",
        &cast.privacy_officer.who,
        "AcceptCourtOrder",
        "FAILED_PRECONDITION, COURT_ORDER_INCOMPLETE: terms.subpoena",
    )?;
    hidden(prosecutor, &cast.attendance).await?;
    t.step(
        "For the prosecutor (purpose HLEGAL) there is no such note.",
        &prosecutor.who,
        "GetNote",
        "NOT_FOUND",
    )
}

async fn record(cast: &Cast, subpoena: bool) -> anyhow::Result<String> {
    let request = RecordCourtOrderRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        terms: Some(CourtOrderTerms {
            court: "Superior Court of Linden County, file 26-CR-0117".to_owned(),
            section: "2.65".to_owned(),
            order: true,
            subpoena,
            recipient_agency: cast.prosecutor.clone(),
            records: vec![cast.attendance.clone()],
            issue_time: Some(timestamp(in_days(0))),
            expire_time: Some(timestamp(in_days(30))),
            document_sha256: "c0".repeat(32),
        }),
    };
    let reply = cast.privacy_officer.consents().record_court_order(request).await?.into_inner();
    Ok(there(reply.court_order, "court order")?.name)
}

async fn accept(
    cast: &Cast,
    order: &str,
) -> Result<tonic::Response<AcceptCourtOrderResponse>, tonic::Status> {
    let request = AcceptCourtOrderRequest { request_id: request_id(), name: order.to_owned() };
    cast.privacy_officer.consents().accept_court_order(request).await
}
