//! A consent as the contract shows it: to the person, to an agency, to other services.

use permit::{Standing, StandingPermit};
use prost::Message;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, consent_terms, grantor_to_wire, name_of, timestamp, to_wire},
};

use super::{acts::hidden_replaced, sign_consent::confirmed_by};
use crate::{
    domain::{Held, InError, Revocation, Word, may_see},
    store::Seen,
};

/// A version as callers see it.
pub(super) fn etag(version: i32) -> String {
    format!("{version:08x}")
}

/// The whole consent, as the person sees it.
pub(super) fn whole(held: &Held) -> pb::Consent {
    let consent = &held.consent;
    let signature = consent.signature.as_ref();
    pb::Consent {
        name: name_of("consents", &consent.id),
        person: name_of("people", &consent.person),
        terms: Some(consent_terms(consent)),
        status: to_wire(consent.status),
        signed_time: held.signed_at().map(timestamp),
        revoked_time: consent.revoked_at.map(timestamp),
        text: held.text.clone(),
        text_sha256: held.text_sha256.clone(),
        create_time: Some(timestamp(held.created_at)),
        etag: etag(held.version),
        grantor: consent.grantor.as_ref().map(grantor_to_wire),
        signature_method: signature.and_then(|s| s.method).map_or(0, to_wire),
        language: held.language.tag().to_owned(),
        reading_level: held.reading_level,
        recorded_signature: held.recorded.as_ref().map(|recorded| pb::RecordedSignature {
            method: signature.and_then(|s| s.method).map_or(0, to_wire),
            sign_time: held.signed_at().map(timestamp),
            image_sha256: recorded.image_sha256.clone(),
            witness: recorded.witness.clone(),
        }),
        recorded_agency: held.recorded.as_ref().map(|r| agency_name(&r.agency)).unwrap_or_default(),
        revocation: held.revocation.as_ref().map(revocation),
        acknowledgements: Vec::new(),
        entered_in_error: held.in_error.as_ref().map(in_error),
        co_grantor: consent.co_grantor.as_ref().map(grantor_to_wire),
        rule_pack: held.rule_pack.clone().unwrap_or_default(),
    }
}

fn in_error(in_error: &InError) -> pb::EnteredInError {
    pb::EnteredInError {
        mistake: to_wire(in_error.mistake),
        time: Some(timestamp(in_error.at)),
        agency: in_error.agency.as_ref().map(agency_name).unwrap_or_default(),
    }
}

/// What became of a consent, to who ended it. They need not be one who may read it: they get what
/// they did.
pub(super) fn ended(permit: &StandingPermit, held: &Held) -> pb::Consent {
    let consent = whole(held);
    let vouched = confirmed_by(permit);
    // Its text tells of what it replaced, which need not be about those that vouch.
    let sees_all = matches!(permit.standing(), Standing::Person { .. })
        && may_see(vouched, &held.consent)
        && (vouched.is_none() || held.consent.supersedes.is_empty());
    if sees_all {
        return consent;
    }
    pb::Consent {
        name: consent.name,
        person: consent.person,
        status: consent.status,
        revoked_time: consent.revoked_time,
        revocation: consent.revocation,
        entered_in_error: consent.entered_in_error,
        etag: consent.etag,
        ..pb::Consent::default()
    }
}

fn revocation(revocation: &Revocation) -> pb::RevocationRecord {
    let word = match revocation.word {
        Word::Spoken => pb::RevocationWord::Spoken,
        Word::Written => pb::RevocationWord::Written,
    };
    pb::RevocationRecord { word: word.into(), agency: agency_name(&revocation.agency) }
}

/// As the caller may see it. To an agency: without what was recorded of a signature, unless it
/// recorded it. And where it replaces consents that are hidden from the caller, without those and
/// without the text, which tells of them, and its hash, by which a guess could be checked.
pub(super) fn seen(seen: &Seen, permit: &StandingPermit) -> pb::Consent {
    let mut consent = whole(&seen.held);
    if let Standing::Agency(agency) = permit.standing()
        && seen.held.recorded.as_ref().is_none_or(|r| r.agency != *agency)
    {
        consent.recorded_signature = None;
    }
    let hidden = hidden_replaced(permit.standing(), seen);
    if !hidden.is_empty() {
        consent.text.clear();
        consent.text_sha256.clear();
        let hidden: Vec<String> = hidden.iter().map(|id| name_of("consents", id)).collect();
        if let Some(terms) = &mut consent.terms {
            terms.supersedes.retain(|name| !hidden.contains(name));
        }
    }
    consent
}

/// As other services are sent it: what a decision needs.
pub(super) fn for_services(held: &Held) -> Vec<u8> {
    // When it was marked as entered in error, for replay; not by whom, and why.
    let marked = |in_error: &InError| pb::EnteredInError {
        time: Some(timestamp(in_error.at)),
        ..pb::EnteredInError::default()
    };
    let consent = pb::Consent {
        entered_in_error: held.in_error.as_ref().map(marked),
        text: String::new(),
        recorded_signature: None,
        revocation: None,
        rule_pack: String::new(),
        ..whole(held)
    };
    consent.encode_to_vec()
}
