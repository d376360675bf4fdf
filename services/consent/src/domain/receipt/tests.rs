mod fhir;
mod kantara;
mod r4;

use kernel::{AgencyId, Class, CodeSet, Confidentiality, Kind, Purpose, Sensitivity};
use policy::{
    Consent, ConsentStatus, ConsentType, Disclosers, Effect, Grantor, Recipients, Relationship,
    Rule,
};
use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::domain::{
    InError, Mistake,
    text::{sha256, tests as texts},
};

const CLINIC: &str = "0199a000-0000-7000-8000-00000000000c";
const HOUSING: &str = "0199a000-0000-7000-8000-00000000000d";
const PERSON: &str = "people/7f3a9b2e-41d8-4c76-b5e3-9a8d1c2f4e60";
const CONSENT: &str = "0199a000-0000-7000-8000-000000000001";
const NOW: Instant = datetime!(2026-05-04 10:00 UTC);
const SIGNED: Instant = datetime!(2026-05-04 10:05 UTC);

struct Called;

impl Names for Called {
    fn agency(&self, id: &AgencyId) -> String {
        if id.as_str() == CLINIC { "Riverside Clinic" } else { "Harbor Housing" }.to_owned()
    }
}

fn context(as_of: Instant) -> Context<'static> {
    Context { language: Language::Spanish, voice: Voice::Acting, names: &Called, as_of }
}

/// Notes and referrals about substance use for housing and one of the clinic, but nothing about
/// HIV to that one, and nothing that an author wrote in 2025.
fn draft() -> Held {
    let mut rule = Rule::new(Effect::Permit);
    rule.disclosers = Some(Disclosers { agencies: vec![CLINIC.into()] });
    rule.recipients = Some(Recipients {
        agencies: vec![HOUSING.into()],
        practitioners: vec![format!("{CLINIC}/dr-a").as_str().into()],
        ..Recipients::default()
    });
    rule.purposes = Some([Purpose::CoordinationOfCare, Purpose::HousingPlacement].into());
    rule.kinds = Some([Kind::Note, Kind::Referral].into());
    rule.sensitivities = Some([Sensitivity::Sud].into());
    let mut hiv = Rule::new(Effect::Deny);
    hiv.recipients = Some(Recipients {
        practitioners: vec![format!("{CLINIC}/dr-a").as_str().into()],
        ..Recipients::default()
    });
    hiv.sensitivities = Some([Sensitivity::Hiv].into());
    let mut early = Rule::new(Effect::Deny);
    early.authors = Some(vec![format!("{CLINIC}/dr-b").as_str().into()]);
    early.authored_from = Some(datetime!(2025-01-01 0:00 UTC));
    early.authored_until = Some(datetime!(2026-01-01 0:00 UTC));
    early.classes = Some([Class::General].into());
    early.confidentialities = Some([Confidentiality::Restricted].into());
    let mut consent = texts::consent("PERMIT");
    consent.id = CONSENT.into();
    consent.person = PERSON.trim_start_matches("people/").into();
    consent.grantor = Some(Grantor {
        relationship: Relationship::Parent,
        name: Some("Maria Gonzalez".to_owned()),
        authority: Some("Court file 7".to_owned()),
        alleged_abuser: false,
        agency: None,
    });
    (consent.rule, consent.exceptions) = (rule, vec![hiv, early]);
    let text = "Mi consentimiento\n".to_owned();
    Held {
        consent,
        created_at: NOW,
        withdrawn_at: None,
        drafted_agency: Some(CLINIC.into()),
        text_sha256: sha256(&text),
        text,
        language: Language::English,
        reading_level: 5.0,
        recorded: None,
        revocation: None,
        rule_pack: None,
        in_error: None,
        version: 1,
    }
}

fn signed() -> Held {
    draft().sign("rules-1", SIGNED).unwrap()
}

fn revoked() -> Held {
    signed().revoke(None, datetime!(2026-06-01 8:30 UTC)).unwrap()
}

const MARKED: Instant = datetime!(2026-06-02 9:00 UTC);

fn in_error(held: &Held) -> Held {
    let (mistake, agency) = (Mistake::WrongPerson, Some(CLINIC.into()));
    held.mark(InError { at: MARKED, mistake, agency }).unwrap()
}

fn with(held: Held, change: impl FnOnce(&mut Consent)) -> Held {
    let mut held = held;
    change(&mut held.consent);
    held
}

#[test]
fn no_receipt_holds_the_name_of_a_person_or_what_was_said_about_them() {
    for held in [draft(), signed(), revoked(), in_error(&signed())] {
        for receipt in [super::fhir(&held, &context(NOW)), super::kantara(&held, &context(NOW))] {
            let written = receipt.to_string();
            for private in ["Maria", "Gonzalez", "Court file", "My stay"] {
                assert!(!written.contains(private), "{private}\n{written}");
            }
        }
    }
}

#[test]
fn what_a_consent_came_to_is_the_last_of_its_history() {
    use State::{EnteredInError, Expired, Given, Refused, Requested, Withdrawn};
    let end = datetime!(2026-12-01 0:00 UTC);
    let states = |held: &Held, as_of| -> Vec<State> {
        history(held, as_of).into_iter().map(|(_, state)| state).collect()
    };
    assert_eq!(states(&draft(), end), [Requested]);
    assert_eq!(states(&signed(), end - time::Duration::SECOND), [Requested, Given]);
    assert_eq!(states(&signed(), end), [Requested, Given, Expired]);
    assert_eq!(states(&revoked(), end), [Requested, Given, Withdrawn]);
    assert_eq!(states(&draft().revoke(None, NOW).unwrap(), end), [Requested, Withdrawn]);
    let refusal = with(signed(), |c| c.rule.effect = Effect::Deny);
    assert_eq!(states(&refusal, NOW), [Requested, Refused]);
    assert_eq!(states(&in_error(&signed()), end), [Requested, Given, EnteredInError]);
    let both = [Requested, Given, Withdrawn, EnteredInError];
    assert_eq!(states(&in_error(&revoked()), end), both);
    let late = signed().revoke(None, end + time::Duration::DAY).unwrap();
    assert_eq!(states(&late, end + time::Duration::DAY), [Requested, Given, Expired, Withdrawn]);
}

#[test]
fn a_revocation_ends_a_criminal_justice_consent_no_earlier_than_agreed() {
    let (agreed, end) = (datetime!(2026-09-01 0:00 UTC), datetime!(2026-12-01 0:00 UTC));
    let justice = with(revoked(), |c| {
        (c.kind, c.revocable_after) = (ConsentType::CriminalJustice, Some(agreed));
    });
    assert_eq!(stopped_at(&justice), Some(agreed));
    let past_its_end = with(justice, |c| c.revocable_after = Some(end + time::Duration::DAY));
    assert_eq!(stopped_at(&past_its_end), Some(end));
    assert_eq!(stopped_at(&revoked()), Some(datetime!(2026-06-01 8:30 UTC)));
    assert_eq!(stopped_at(&signed()), None);
    assert_eq!(stopped_at(&in_error(&signed())), Some(MARKED));
    assert_eq!(stopped_at(&in_error(&revoked())), Some(datetime!(2026-06-01 8:30 UTC)));
}
