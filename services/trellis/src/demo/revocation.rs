//! Act 5: the person takes her consent back, and sees who has seen what.

use std::{io::Write, time::Duration};

use anyhow::{Context as _, ensure};
use wire::{
    audit::v1::{DisclosureRecord, ListDisclosuresRequest},
    common::v1::BasisKind,
    consent::v1::RevokeConsentRequest,
    notes::v1::ListNotesRequest,
    referrals::v1::{GetReferralRequest, ReferralState as State},
};

use super::{
    Cast,
    checks::{hidden, request_id, there},
    sharing::Watches,
    telling::Telling,
};

pub async fn revoke(
    cast: &Cast,
    mut watches: Watches,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<()> {
    t.act("Ana takes it back")?;
    let (request_id, name) = (request_id(), cast.housing_consent.clone());
    let request = RevokeConsentRequest { request_id, name, word: 0 };
    cast.ana.consents().revoke_consent(request).await?;
    // From here on: not soon, but now.
    hidden(&cast.case_manager, &cast.note).await?;
    t.step("She revokes the consent to Harbor Homes.", &cast.ana.who, "RevokeConsent", "OK")?;
    t.step(
        "From that moment the note does not exist for Harbor Homes.",
        &cast.case_manager.who,
        "GetNote",
        "NOT_FOUND",
    )?;
    let list = ListNotesRequest { person: cast.person.clone(), ..ListNotesRequest::default() };
    let listed = cast.case_manager.notes().list_notes(list).await?.into_inner().notes;
    ensure!(listed.is_empty(), "nothing is listed after the revocation");
    watches.housing.loses(&[&cast.done, &cast.open]).await?;
    t.step(
        "Its open Watch gets one WITHDRAWN for each referral that it saw: an id, and no reason.",
        &cast.case_manager.who,
        "WatchReferrals",
        "WITHDRAWN",
    )?;
    watches.clinic.sees(&cast.open, State::OnHold).await?;
    let get = GetReferralRequest { name: cast.open.clone() };
    let held = cast.clinician.referrals().get_referral(get).await?.into_inner();
    let held = there(held.referral, "referral")?;
    let why = held.moves.last().map(|m| m.reason.clone()).unwrap_or_default();
    ensure!(held.state == i32::from(State::OnHold) && why == "CONSENT_REVOKED", "on hold: {why}");
    t.step(
        "The open referral goes on hold, and the clinic sees why.",
        &cast.clinician.who,
        "GetReferral",
        "on-hold, CONSENT_REVOKED",
    )?;
    watches.housing.stays_silent(Duration::from_secs(1)).await?;
    t.step(
        "Harbor Homes hears nothing more of her.",
        &cast.case_manager.who,
        "WatchReferrals",
        "silence",
    )
}

pub async fn account(cast: &Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    t.act("Who saw what, when, why and under which consent")?;
    let records = complete(cast).await?;
    for record in &records {
        ensure!(!record.explanation.is_empty(), "each disclosure is explained");
        t.detail(&format!("- {}", record.explanation))?;
    }
    let read_note = records.iter().any(|r| {
        r.records.contains(&cast.note)
            && r.agency == cast.housing
            && r.consents.contains(&cast.housing_consent)
    });
    let read_attendance = records.iter().any(|r| {
        r.records.contains(&cast.attendance)
            && r.agency == cast.probation
            && r.consents.contains(&cast.justice_consent)
    });
    ensure!(read_note && read_attendance, "the accounting names both readings");
    for (agency, record, basis) in [
        (&cast.hospital, &cast.note, BasisKind::Emergency),
        (&cast.prosecutor, &cast.attendance, BasisKind::CourtOrder),
    ] {
        let told = |r: &DisclosureRecord| {
            r.agency == *agency && r.records.contains(record) && r.bases.contains(&basis.into())
        };
        ensure!(records.iter().any(told), "the accounting names {}", basis.as_str_name());
    }
    ensure!(
        !records.iter().any(|r| r.agency == cast.probation && r.records.contains(&cast.note)),
        "what was refused is no disclosure"
    );
    t.step(
        "Ana lists every disclosure of what the clinic holds: under her consents, in the emergency, \
         by the court's order.",
        &cast.ana.who,
        "ListDisclosures",
        &format!("OK: {} disclosures", records.len()),
    )?;
    ensure!(cast.admin.who.starts_with("network"), "the network itself never read anything");
    Ok(())
}

/// The accounting follows the services' ledgers: it is asked until it holds what was done.
async fn complete(cast: &Cast) -> anyhow::Result<Vec<DisclosureRecord>> {
    let mut last = Vec::new();
    for _ in 0..100 {
        let request = ListDisclosuresRequest {
            page_size: 200,
            person: cast.person.clone(),
            ..ListDisclosuresRequest::default()
        };
        last = cast.ana.audit().list_disclosures(request).await?.into_inner().disclosures;
        let has = |agency: &str, record: &str| {
            last.iter().any(|r| r.agency == agency && r.records.iter().any(|n| n == record))
        };
        let all = [
            (&cast.housing, &cast.note),
            (&cast.probation, &cast.attendance),
            (&cast.hospital, &cast.note),
            (&cast.prosecutor, &cast.attendance),
        ];
        if all.into_iter().all(|(agency, record)| has(agency, record)) {
            return Ok(last);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(anyhow::anyhow!("{} disclosures", last.len())).context("the accounting is not complete")
}
