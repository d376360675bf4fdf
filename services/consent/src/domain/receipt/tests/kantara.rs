use super::*;
use crate::domain::receipt::kantara;

#[test]
fn a_signed_consent_is_a_kantara_receipt_field_by_field() {
    let written = kantara(&signed(), &context(SIGNED));
    let purpose = |word: &str, code: &str| {
        json!({
            "purpose": word,
            "purposeCategory": [code],
            "consentType": "EXPLICIT",
            "piiCategory": ["notas", "referidos"],
            "termination": "Termina el 1 de diciembre de 2026, 00:00 UTC.",
            "thirdPartyDisclosure": true,
            "thirdPartyName": "Harbor Housing y dr-a de Riverside Clinic",
        })
    };
    let clinic = format!("agencies/{CLINIC}");
    for (field, expected) in [
        ("version", json!("KI-CR-v1.1.0")),
        ("jurisdiction", json!("US")),
        ("consentTimestamp", json!(1_777_889_100)),
        ("collectionMethod", json!("ELECTRONIC")),
        ("consentReceiptID", json!(format!("consents/{CONSENT}/receipts/2"))),
        ("language", json!("es")),
        ("piiPrincipalId", json!(PERSON)),
        ("piiControllers", json!([{ "piiController": "Riverside Clinic", "contact": clinic }])),
        ("policyUrl", json!("https://www.ecfr.gov/current/title-42/part-2")),
        (
            "services",
            json!([{
                "service": "Mi consentimiento, por la persona a quien represento, para compartir sus \
                            expedientes",
                "purposes": [
                    purpose("coordinación de la atención", "COC"),
                    purpose("encontrar vivienda", "HOUSING_PLACEMENT"),
                ],
            }]),
        ),
        ("sensitive", json!(true)),
        ("spiCat", json!(["trastorno por consumo de sustancias y su tratamiento"])),
    ] {
        assert_eq!(written[field], expected, "{field}");
    }
}

#[test]
fn the_record_and_the_processing_are_as_iso_27560_has_them() {
    let written = kantara(&signed(), &context(SIGNED));
    let consent = format!("consents/{CONSENT}");
    assert_eq!(
        written["record"],
        json!({
            "schema_version": "ISO/IEC TS 27560:2023",
            "record_id": consent,
            "receipt_id": format!("{consent}/receipts/2"),
            "pii_principal_id": PERSON,
        })
    );
    let processing = &written["pii_processing"];
    let clinic = json!([format!("agencies/{CLINIC}")]);
    let dr_a = format!("agencies/{CLINIC}/practitioners/dr-a");
    for (field, expected) in [
        (
            "privacy_notice",
            json!({
                "id": consent,
                "text_sha256": sha256("Mi consentimiento\n"),
                "reference": "https://www.ecfr.gov/current/title-42/part-2",
            }),
        ),
        ("language", json!("es")),
        ("consent_type", json!("GENERAL")),
        ("effect", json!("PERMIT")),
        (
            "statements",
            json!({ "right_to_revoke": true, "redisclosure": false, "refusal_consequences": false }),
        ),
        (
            "purposes",
            json!([
                {
                    "purpose": "coordinación de la atención",
                    "purpose_type": "COC",
                    "lawful_basis": "consent",
                },
                {
                    "purpose": "encontrar vivienda",
                    "purpose_type": "HOUSING_PLACEMENT",
                    "lawful_basis": "consent",
                },
            ]),
        ),
        ("processing_method", json!(["READ"])),
        (
            "pii_information",
            json!([
                { "pii_type": "NOTE", "description": "notas", "sensitive_pii_category": ["SUD"] },
                {
                    "pii_type": "REFERRAL",
                    "description": "referidos",
                    "sensitive_pii_category": ["SUD"],
                },
            ]),
        ),
        ("pii_controllers", clinic.clone()),
        ("storage_locations", clinic),
        ("recipient_third_parties", json!([format!("agencies/{HOUSING}"), dr_a])),
        (
            "retention_period",
            json!({
                "until": "2026-12-01T00:00:00Z",
                "description": "Termina el 1 de diciembre de 2026, 00:00 UTC.",
            }),
        ),
        ("jurisdiction", json!("US")),
    ] {
        assert_eq!(processing[field], expected, "{field}");
    }
    let how = &processing["withdrawal_method"];
    assert!(how["description"].as_str().unwrap().starts_with("El derecho a revocar: esta persona"));
    assert_eq!(how["call"], "trellis.consent.v1.ConsentService/RevokeConsent");
    assert_eq!(how["name"], json!(consent));
}

#[test]
fn exceptions_are_in_the_receipt_with_all_their_conditions() {
    let written = kantara(&signed(), &context(SIGNED));
    let exceptions = written["pii_processing"]["exceptions"].as_array().unwrap();
    assert_eq!(exceptions.len(), 2);
    for exception in exceptions {
        assert_eq!(exception["effect"], "DENY");
        assert_eq!(exception["purposes"].as_array().unwrap().len(), 18);
        assert_eq!(exception["processing_method"].as_array().unwrap().len(), 4);
        assert_eq!(exception["pii_controllers"], json!(["agencies/-"]));
        assert_eq!(exception["pii_information"].as_array().unwrap().len(), 5);
    }
    assert_eq!(exceptions[0]["pii_information"][0]["sensitive_pii_category"], json!(["HIV"]));
    assert_eq!(exceptions[0].get("pii_conditions"), None);
    assert_eq!(
        exceptions[1]["pii_conditions"],
        json!({
            "classes": ["GENERAL"],
            "confidentialities": ["R"],
            "authors": [format!("agencies/{CLINIC}/practitioners/dr-b")],
            "authored_from": "2025-01-01T00:00:00Z",
            "authored_until": "2026-01-01T00:00:00Z",
        })
    );
}

#[test]
fn every_party_is_identified_once_with_all_that_it_is() {
    let both = with(signed(), |c| {
        c.rule.disclosers = Some(Disclosers { agencies: vec![CLINIC.into(), HOUSING.into()] });
    });
    let written = kantara(&both, &context(SIGNED));
    let party = |id: &str, name: &str, kind: &str, roles: &[&str]| {
        json!({
            "party_id": id,
            "party_name": name,
            "party_type": kind,
            "party_role": roles,
            "party_contact": id,
        })
    };
    let (controller, third) = ("pii_controller", "recipient_third_party");
    let dr_a = format!("agencies/{CLINIC}/practitioners/dr-a");
    assert_eq!(
        written["party_identification"],
        json!([
            party(
                "agencies/-",
                "cualquier agencia de esta red",
                "any_agency",
                &[controller, third]
            ),
            party(&format!("agencies/{CLINIC}"), "Riverside Clinic", "agency", &[controller]),
            party(&dr_a, "dr-a de Riverside Clinic", "practitioner", &[third]),
            party(&format!("agencies/{HOUSING}"), "Harbor Housing", "agency", &[controller, third]),
        ])
    );
}

#[test]
fn a_revoked_consent_says_since_when_and_until_when() {
    let written = kantara(&revoked(), &context(NOW));
    assert_eq!(
        written["event"],
        json!([
            {
                "event_time": "2026-05-04T10:00:00Z",
                "event_type": "explicit",
                "event_state": "consent_requested",
                "entity_id": format!("agencies/{CLINIC}"),
            },
            {
                "event_time": "2026-05-04T10:05:00Z",
                "event_type": "explicit",
                "event_state": "consent_given",
                "entity_id": PERSON,
                "relationship": "PARENT",
                "method": "ELECTRONIC",
                "validity_duration": "2026-05-04T10:05:00Z/2026-12-01T00:00:00Z",
            },
            {
                "event_time": "2026-06-01T08:30:00Z",
                "event_type": "explicit",
                "event_state": "consent_withdrawn",
                "entity_id": PERSON,
                "in_force_until": "2026-06-01T08:30:00Z",
            },
        ])
    );
    assert_eq!(written["consentReceiptID"], json!(format!("consents/{CONSENT}/receipts/3")));
}

#[test]
fn a_consent_entered_in_error_says_since_when_who_said_so_and_what_was_wrong() {
    let written = kantara(&in_error(&revoked()), &context(NOW));
    assert_eq!(written["event"].as_array().unwrap().len(), 4);
    assert_eq!(
        written["event"][3],
        json!({
            "event_time": "2026-06-02T09:00:00Z",
            "event_type": "explicit",
            "event_state": "consent_invalidated",
            "entity_id": format!("agencies/{CLINIC}"),
            "in_force_until": "2026-06-01T08:30:00Z",
            "mistake": "WRONG_PERSON",
        })
    );
}

#[test]
fn a_receipt_is_in_the_words_of_who_gives_the_consent() {
    let own = Context { voice: Voice::Own, ..context(SIGNED) };
    let written = kantara(&signed(), &own);
    assert_eq!(
        written["services"][0]["service"],
        "Mi consentimiento para compartir mis expedientes"
    );
}

#[test]
fn a_consent_without_end_or_signature_says_so() {
    let endless = with(draft(), |c| (c.expires, c.never_expires) = (None, true));
    let written = kantara(&endless, &context(NOW));
    assert_eq!(written["collectionMethod"], "UNSIGNED");
    assert_eq!(written["consentTimestamp"], json!(NOW.unix_timestamp()));
    assert_eq!(
        written["pii_processing"]["retention_period"],
        json!({ "description": "No tiene fin, a menos que se revoque." })
    );
    let written = kantara(&endless.sign("rules-1", SIGNED).unwrap(), &context(SIGNED));
    assert_eq!(written["event"][1]["validity_duration"], "2026-05-04T10:05:00Z/..");
}

#[test]
fn a_criminal_justice_consent_says_when_its_revocation_takes_effect() {
    let agreed = datetime!(2026-09-01 0:00 UTC);
    let justice = with(revoked(), |c| {
        (c.kind, c.revocable_after) = (ConsentType::CriminalJustice, Some(agreed));
    });
    let written = kantara(&justice, &context(NOW));
    let how = &written["pii_processing"]["withdrawal_method"];
    assert_eq!(how["effective_no_earlier_than"], "2026-09-01T00:00:00Z");
    assert_eq!(written["event"][2]["in_force_until"], "2026-09-01T00:00:00Z");
    assert_eq!(justice.consent.status, ConsentStatus::Revoked);
}

#[test]
fn where_both_signed_both_receipts_say_so() {
    let mut both = signed();
    let themself =
        Grantor { relationship: Relationship::SelfSigned, ..both.consent.grantor.clone().unwrap() };
    both.consent.co_grantor = Some(themself);
    let written = kantara(&both, &context(SIGNED));
    assert_eq!(written["event"][1]["relationship"], "PARENT, SELF");
    let written = crate::domain::receipt::fhir(&both, &context(SIGNED));
    let performers = written["performer"].as_array().unwrap();
    assert_eq!(performers[0]["display"], "PARENT");
    assert_eq!((performers.len(), &performers[1]["type"]), (2, &json!("Patient")));
}
