use super::*;
use crate::domain::receipt::fhir;

fn coding(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

fn hl7(system: &str, code: &str) -> Value {
    coding(&format!("http://terminology.hl7.org/CodeSystem/{system}"), code)
}

fn own(system: &str, code: &str) -> Value {
    coding(&format!("https://trellis.example/fhir/CodeSystem/{system}"), code)
}

fn named(resource: &str, name: &str) -> Value {
    let identifier =
        json!({ "system": "https://trellis.example/fhir/NamingSystem/name", "value": name });
    json!({ "type": resource, "identifier": identifier })
}

fn called(resource: &str, name: &str, display: &str) -> Value {
    let mut reference = named(resource, name);
    reference["display"] = json!(display);
    reference
}

fn actor(role: &str, reference: Value) -> Value {
    json!({ "role": { "coding": [hl7("v3-ParticipationType", role)] }, "reference": reference })
}

fn exact() -> Value {
    let url = "https://trellis.example/fhir/StructureDefinition/exact-conditions";
    json!([{ "url": url, "valueBoolean": true }])
}

fn dr_a() -> Value {
    let name = format!("agencies/{CLINIC}/practitioners/dr-a");
    called("Practitioner", &name, "dr-a de Riverside Clinic")
}

#[test]
fn a_signed_consent_is_an_r4_consent_field_by_field() {
    let written = fhir(&signed(), &context(SIGNED));
    assert_eq!(r4::faults(&written), Vec::<String>::new());
    let clinic = called("Organization", &format!("agencies/{CLINIC}"), "Riverside Clinic");
    let loinc = coding("http://loinc.org", "59284-0");
    for (field, expected) in [
        ("resourceType", json!("Consent")),
        ("id", json!(CONSENT)),
        ("meta", json!({ "versionId": "2", "lastUpdated": "2026-05-04T10:05:00Z" })),
        ("identifier", json!([named("", &format!("consents/{CONSENT}"))["identifier"]])),
        ("status", json!("active")),
        ("scope", json!({ "coding": [hl7("consentscope", "patient-privacy")] })),
        (
            "category",
            json!([
                { "coding": [loinc] },
                { "coding": [hl7("v3-ActCode", "IDSCL")] },
                { "coding": [own("consent-type", "GENERAL")] },
            ]),
        ),
        ("patient", named("Patient", PERSON)),
        ("dateTime", json!("2026-05-04T10:05:00Z")),
        ("performer", json!([{ "type": "RelatedPerson", "display": "PARENT" }])),
        ("organization", json!([clinic])),
        ("policy", json!([{ "uri": "https://www.ecfr.gov/current/title-42/part-2" }])),
        (
            "sourceAttachment",
            json!({
                "extension": [{
                    "url": "https://trellis.example/fhir/StructureDefinition/attachment-sha256",
                    "valueString": sha256("Mi consentimiento\n"),
                }],
                "contentType": "text/plain; charset=utf-8",
                "language": "es",
                "data": "TWkgY29uc2VudGltaWVudG8K",
                "size": 18,
                "hash": "3Q5BoA31zT0aJdre/cBXBXXqpC0=",
                "creation": "2026-05-04T10:00:00Z",
            }),
        ),
    ] {
        assert_eq!(written[field], expected, "{field}");
    }
    let period = json!({ "start": "2026-05-04T10:05:00Z", "end": "2026-12-01T00:00:00Z" });
    assert_eq!(written["provision"]["period"], period);
    assert_eq!(written["provision"]["provision"].as_array().unwrap().len(), 1);
}

#[test]
fn the_rule_and_its_exceptions_are_nested_provisions() {
    let written = fhir(&signed(), &context(SIGNED));
    let mut rule = written["provision"]["provision"][0].clone();
    let exceptions = rule["provision"].take();
    let clinic = called("Organization", &format!("agencies/{CLINIC}"), "Riverside Clinic");
    let housing = called("Organization", &format!("agencies/{HOUSING}"), "Harbor Housing");
    let read = json!({ "coding": [hl7("consentaction", "access"), own("action", "READ")] });
    assert_eq!(
        rule,
        json!({
            "type": "permit",
            "actor": [actor("CST", clinic), actor("PRCP", housing), actor("PRCP", dr_a())],
            "action": [read],
            "securityLabel": [hl7("v3-ActCode", "SUD")],
            "purpose": [hl7("v3-ActReason", "COC"), own("purpose", "HOUSING_PLACEMENT")],
            "class": [own("record-kind", "NOTE"), own("record-kind", "REFERRAL")],
            "provision": null,
        })
    );
    let dr_b = named("Practitioner", &format!("agencies/{CLINIC}/practitioners/dr-b"));
    assert_eq!(
        exceptions,
        json!([
            {
                "type": "deny",
                "actor": [actor("PRCP", dr_a())],
                "securityLabel": [hl7("v3-ActCode", "HIV")],
            },
            {
                "modifierExtension": exact(),
                "type": "deny",
                "securityLabel": [hl7("v3-Confidentiality", "R")],
                "code": [{ "coding": [own("record-class", "GENERAL")] }],
                "dataPeriod": {
                    "start": "2025-01-01T00:00:00Z",
                    "end": "2026-01-01T00:00:00Z",
                },
                "data": [{ "meaning": "authoredby", "reference": dr_b }],
            },
        ])
    );
}

#[test]
fn a_state_is_the_status_that_r4_has_for_it() {
    let withdrawn = draft().revoke(None, SIGNED).unwrap();
    for (held, status, start, end) in [
        (draft(), "draft", None, "2026-12-01T00:00:00Z"),
        (withdrawn, "entered-in-error", None, "2026-12-01T00:00:00Z"),
        (signed(), "active", Some("2026-05-04T10:05:00Z"), "2026-12-01T00:00:00Z"),
        (revoked(), "inactive", Some("2026-05-04T10:05:00Z"), "2026-06-01T08:30:00Z"),
        (
            in_error(&signed()),
            "entered-in-error",
            Some("2026-05-04T10:05:00Z"),
            "2026-06-02T09:00:00Z",
        ),
    ] {
        let written = fhir(&held, &context(NOW));
        assert_eq!(r4::faults(&written), Vec::<String>::new());
        assert_eq!(written["status"], status);
        let period = &written["provision"]["period"];
        assert_eq!((period["start"].as_str(), period["end"].as_str()), (start, Some(end)));
        let was_signed = held.signed_at().is_some();
        assert_eq!(written["performer"].is_array(), was_signed, "{status}");
    }
    for (held, changed) in
        [(revoked(), "2026-06-01T08:30:00Z"), (in_error(&revoked()), "2026-06-02T09:00:00Z")]
    {
        assert_eq!(fhir(&held, &context(NOW))["meta"]["lastUpdated"], changed);
    }
}

#[test]
fn what_was_revoked_before_its_beginning_was_never_in_force() {
    let ahead = with(revoked(), |c| c.effective = Some(datetime!(2026-07-01 0:00 UTC)));
    let period = &fhir(&ahead, &context(NOW))["provision"]["period"];
    assert_eq!(period["start"], "2026-06-01T08:30:00Z");
    assert_eq!(period["end"], "2026-06-01T08:30:00Z");
}

#[test]
fn what_a_permit_does_not_imply_is_not_implied_by_fhir_either() {
    let wide = with(signed(), |c| {
        (c.rule, c.expires, c.exceptions) = (Rule::new(Effect::Permit), None, Vec::new());
        c.never_expires = true;
    });
    let written = fhir(&wide, &context(NOW));
    assert_eq!(r4::faults(&written), Vec::<String>::new());
    assert_eq!(written["provision"]["period"], json!({ "start": "2026-05-04T10:05:00Z" }));
    let rule = &written["provision"]["provision"][0];
    let purposes = rule["purpose"].as_array().unwrap();
    assert_eq!(purposes.len(), 15);
    for left_out in ["HMARKT", "HRESCH", "HLEGAL"] {
        assert!(purposes.iter().all(|p| p["code"] != left_out), "{left_out}");
    }
    assert_eq!(rule["action"][0]["coding"][1], own("action", "READ"));
    assert_eq!(rule.get("actor"), None);
    // A refusal without a condition is one of everything, as is FHIR's.
    let refusal = with(wide, |c| c.rule.effect = Effect::Deny);
    let written = fhir(&refusal, &context(NOW));
    assert_eq!(written["provision"]["provision"], json!([{ "type": "deny" }]));
    assert_eq!(written["category"].as_array().unwrap().len(), 2);
}

#[test]
fn a_rule_for_nobody_is_not_one_for_everybody() {
    let nobody = with(signed(), |c| c.rule.recipients = Some(Recipients::default()));
    let actors = fhir(&nobody, &context(NOW))["provision"]["provision"][0]["actor"].clone();
    assert_eq!(actors[1], actor("PRCP", json!({ "display": "nadie" })));
}

#[test]
fn what_r4_would_read_more_widely_is_marked() {
    use Confidentiality::{Low, Moderate, Normal, Restricted, Unrestricted};
    let marked = |change: &dyn Fn(&mut Rule)| {
        let held = with(signed(), |c| change(&mut c.rule));
        let rule = fhir(&held, &context(NOW))["provision"]["provision"][0].clone();
        rule.get("modifierExtension").cloned()
    };
    let up_to_normal = CodeSet::from([Unrestricted, Low, Moderate, Normal]);
    assert_eq!(marked(&|r| r.confidentialities = Some(up_to_normal)), None);
    assert_eq!(marked(&|r| r.confidentialities = Some([Normal].into())), Some(exact()));
    let gap = CodeSet::from([Unrestricted, Low, Restricted]);
    assert_eq!(marked(&|r| r.confidentialities = Some(gap)), Some(exact()));
    assert_eq!(marked(&|r| r.records = Some(vec!["r".into()])), None);
    let both = |r: &mut Rule| {
        (r.records, r.episodes) = (Some(vec!["r".into()]), Some(vec!["e".into()]));
    };
    assert_eq!(marked(&both), Some(exact()));
}

#[test]
fn a_class_a_team_an_episode_and_records_are_references() {
    let held = with(signed(), |c| {
        c.rule.recipients = Some(Recipients {
            care_teams: vec!["t1".into()],
            class: Some(policy::RecipientClass::Tpo),
            ..Recipients::default()
        });
        c.rule.records = Some(vec!["r1".into()]);
        c.rule.episodes = Some(vec!["e1".into()]);
        c.rule.kinds = Some(CodeSet::EMPTY.with(Kind::Referral));
    });
    let written = fhir(&held, &context(NOW));
    assert_eq!(r4::faults(&written), Vec::<String>::new());
    let rule = &written["provision"]["provision"][0];
    let team = called("CareTeam", "careTeams/t1", "el equipo de atención t1");
    assert_eq!(rule["actor"][1], actor("PRCP", team));
    let class = &rule["actor"][2]["reference"];
    assert_eq!((&class["type"], &class["identifier"]["value"]), (&json!("Group"), &json!("TPO")));
    assert_eq!(rule["data"][0]["meaning"], "instance");
    assert_eq!(rule["data"][0]["reference"]["identifier"]["value"], "referrals/r1");
    assert_eq!(rule["data"][1]["meaning"], "dependents");
    assert_eq!(rule["data"][1]["reference"], named("EpisodeOfCare", "episodes/e1"));
}

#[test]
fn whatever_a_consent_says_it_is_an_r4_consent() {
    let mut digits = texts::Digits(11);
    for _ in 0..500 {
        let held = Held { consent: digits.consent(), ..draft() };
        let written = fhir(&held, &context(NOW));
        assert_eq!(r4::faults(&written), Vec::<String>::new(), "{written:#}");
    }
}

#[test]
fn a_resource_that_r4_does_not_allow_is_found_out() {
    for (path, value) in [
        ("/status", json!("ended")),
        ("/scope", json!({})),
        ("/category", json!([])),
        ("/provision/provision/0/type", json!(null)),
        ("/provision/provision/0/actor/0/role", json!("CST")),
    ] {
        let mut written = fhir(&signed(), &context(NOW));
        *written.pointer_mut(path).unwrap() = value;
        assert!(!r4::faults(&written).is_empty(), "{path}");
    }
}
