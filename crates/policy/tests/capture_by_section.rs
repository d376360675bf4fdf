//! Every row of the capture table by the section of law that it is from: a consent that is
//! accepted, and the same one made wrong in that one way.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod case;

use case::{expect, with, without};
use serde_json::{Value, json};

fn agency(id: &str, sector: &str) -> Value {
    json!({"id": id, "status": "ACTIVE", "sector": sector})
}

/// A whole consent of this type; every type accepts it.
fn whole(kind: &str) -> Value {
    let (recipient, purpose, classes, expires, revocable_after) = match kind {
        "CRIMINAL_JUSTICE" => {
            ("court", "SUPERVISION", "GENERAL", "2025-01-01", json!("2024-06-01T00:00:00Z"))
        }
        "PROCEEDINGS" => ("clinic", "HLEGAL", "GENERAL", "2025-01-01", Value::Null),
        "COUNSELING_NOTES" => ("clinic", "TREAT", "COUNSELING_NOTE", "2025-01-01", Value::Null),
        "VICTIM_SERVICES_RELEASE" => ("clinic", "TREAT", "GENERAL", "2024-04-14", Value::Null),
        "RESEARCH" => ("clinic", "HRESCH", "GENERAL", "2025-01-01", Value::Null),
        _ => ("clinic", "TREAT", "GENERAL", "2025-01-01", Value::Null),
    };
    let case = json!({
        "id": kind, "as_of": "2024-01-15T12:00:00Z",
        "agencies": [agency("clinic", "HEALTHCARE"), agency("sud", "HEALTHCARE"),
                     agency("court", "JUSTICE")],
        "consents": [],
        "capture": {
            "id": "c1", "person": "p1", "type": kind, "status": "ACTIVE",
            "effective": "2024-01-15T00:00:00Z", "expires": format!("{expires}T00:00:00Z"),
            "description": "the discharge plan",
            "statements": {"right_to_revoke": true, "redisclosure": true,
                           "refusal_consequences": true},
            "grantor": {"relationship": "SELF"},
            "signature": {"method": "ELECTRONIC", "signed_at": "2024-01-15T11:00:00Z"},
            "rule": {"effect": "PERMIT", "purposes": [purpose], "classes": [classes],
                     "recipients": {"agencies": [recipient]}, "disclosers": {"agencies": ["sud"]}},
            "exceptions": [{"effect": "DENY", "sensitivities": ["HIV"]}],
        },
    });
    if revocable_after.is_null() {
        case
    } else {
        with(case, "/capture/revocable_after", revocable_after)
    }
}

/// What is said of it: these paths and no other, where the same without the change has none.
fn rejected(kind: &str, change: impl Fn(Value) -> Value, paths: &[&str]) {
    expect(&whole(kind), json!({"rejected": []}));
    expect(&change(whole(kind)), json!({"rejected": paths}));
}

fn accepted(kind: &str, change: impl Fn(Value) -> Value) {
    rejected(kind, change, &[]);
}

const TYPES: [&str; 7] = [
    "GENERAL",
    "TPO",
    "COUNSELING_NOTES",
    "CRIMINAL_JUSTICE",
    "PROCEEDINGS",
    "VICTIM_SERVICES_RELEASE",
    "RESEARCH",
];

#[test]
fn s2_31_a_3_a_description_of_the_information_is_required() {
    for kind in TYPES {
        rejected(kind, |c| without(c, "/capture/description"), &["description"]);
        rejected(kind, |c| with(c, "/capture/description", json!(" \n")), &["description"]);
    }
}

#[test]
fn s2_31_a_6_the_right_to_revoke_is_stated() {
    let unsaid = |c| with(c, "/capture/statements/right_to_revoke", json!(false));
    for kind in TYPES {
        rejected(kind, unsaid, &["statements.right_to_revoke"]);
    }
}

#[test]
fn s2_31_a_10_i_a_tpo_consent_states_that_what_is_disclosed_may_be_redisclosed() {
    let unsaid = |c| with(c, "/capture/statements/redisclosure", json!(false));
    rejected("TPO", unsaid, &["statements.redisclosure"]);
    accepted("GENERAL", unsaid);
}

#[test]
fn s2_31_a_10_ii_a_tpo_consent_states_the_consequences_of_refusing() {
    let unsaid = |c| with(c, "/capture/statements/refusal_consequences", json!(false));
    rejected("TPO", unsaid, &["statements.refusal_consequences"]);
    accepted("GENERAL", unsaid);
}

#[test]
fn s2_31_a_8_what_is_in_force_is_signed() {
    for kind in TYPES {
        rejected(kind, |c| without(c, "/capture/signature"), &["signature"]);
        let draft = |c| with(without(c, "/capture/signature"), "/capture/status", json!("DRAFT"));
        accepted(kind, draft);
    }
}

#[test]
fn s2_31_a_9_the_date_of_signing_is_given_and_has_come() {
    let path = "/capture/signature/signed_at";
    let tomorrow = |c| with(c, path, json!("2024-01-15T12:00:01Z"));
    rejected("GENERAL", tomorrow, &["signature.signed_at"]);
    rejected("GENERAL", |c| without(c, path), &["signature.signed_at"]);
    accepted("GENERAL", |c| with(c, path, json!("2024-01-15T12:00:00Z")));
}

#[test]
fn s2_31_a_7_a_consent_ends_and_after_its_beginning() {
    for kind in TYPES {
        rejected(kind, |c| without(c, "/capture/expires"), &["expires"]);
    }
    let at_once = |c| with(c, "/capture/expires", json!("2024-01-15T00:00:00Z"));
    rejected("GENERAL", at_once, &["expires"]);
    rejected("GENERAL", |c| without(c, "/capture/effective"), &["expires"]);
}

#[test]
fn s2_31_a_7_only_a_tpo_consent_may_never_end_and_then_has_no_end() {
    let never = |c| with(without(c, "/capture/expires"), "/capture/never_expires", json!(true));
    accepted("TPO", never);
    for kind in TYPES.into_iter().filter(|kind| *kind != "TPO") {
        rejected(kind, never, &["expires"]);
    }
    let both = |c| with(c, "/capture/never_expires", json!(true));
    rejected("TPO", both, &["expires"]);
}

#[test]
fn vawa_12291_b_2_a_victim_services_release_lasts_at_most_ninety_days() {
    let until = |day| move |c| with(c, "/capture/expires", json!(day));
    accepted("VICTIM_SERVICES_RELEASE", until("2024-04-14T00:00:00Z"));
    rejected("VICTIM_SERVICES_RELEASE", until("2024-04-14T00:00:01Z"), &["expires"]);
    accepted("GENERAL", until("2024-04-14T00:00:01Z"));
}

#[test]
fn s2_31_a_2_every_type_but_general_and_research_names_who_discloses() {
    let unnamed = |c| without(c, "/capture/rule/disclosers");
    for kind in TYPES {
        match kind {
            "GENERAL" | "RESEARCH" => accepted(kind, unnamed),
            _ => rejected(kind, unnamed, &["rule.disclosers"]),
        }
    }
}

#[test]
fn s2_31_a_4_every_type_but_general_names_who_receives() {
    let unnamed = |c| without(c, "/capture/rule/recipients");
    for kind in TYPES {
        match kind {
            "GENERAL" => accepted(kind, unnamed),
            _ => rejected(kind, unnamed, &["rule.recipients"]),
        }
    }
}

#[test]
fn s2_31_a_5_every_type_but_general_names_what_for() {
    let unnamed = |c| without(c, "/capture/rule/purposes");
    for kind in TYPES {
        match kind {
            "GENERAL" => accepted(kind, unnamed),
            _ => rejected(kind, unnamed, &["rule.purposes"]),
        }
    }
}

#[test]
fn s164_508_c_a_consent_to_research_names_purposes_and_recipients() {
    let unnamed = |c| without(without(c, "/capture/rule/purposes"), "/capture/rule/recipients");
    rejected("RESEARCH", unnamed, &["rule.purposes", "rule.recipients"]);
}

#[test]
fn s2_31_a_5_a_tpo_consent_is_for_treatment_payment_and_operations_alone() {
    let for_these = |purposes: Value| move |c| with(c, "/capture/rule/purposes", purposes.clone());
    accepted("TPO", for_these(json!(["TREAT", "HPAYMT", "HOPERAT", "COC", "CAREMGT"])));
    for other in ["HMARKT", "HRESCH", "HLEGAL", "ETREAT", "SUPERVISION"] {
        rejected("TPO", for_these(json!(["TREAT", other])), &["rule.purposes"]);
    }
}

#[test]
fn s2_31_d_a_consent_to_proceedings_is_for_nothing_else() {
    let more = |c| with(c, "/capture/rule/purposes", json!(["HLEGAL", "TREAT"]));
    rejected("PROCEEDINGS", more, &["rule.purposes"]);
    let other = |c| with(c, "/capture/rule/purposes", json!(["TREAT"]));
    rejected("PROCEEDINGS", other, &["rule.purposes"]);
}

#[test]
fn s2_31_b_a_consent_to_counselling_notes_covers_nothing_else() {
    let both = |c| with(c, "/capture/rule/classes", json!(["COUNSELING_NOTE", "GENERAL"]));
    rejected("COUNSELING_NOTES", both, &["rule.classes"]);
    rejected("COUNSELING_NOTES", |c| without(c, "/capture/rule/classes"), &["rule.classes"]);
}

#[test]
fn vawa_12291_b_2_a_release_names_agencies_and_nobody_else() {
    let also = |key: &str, value: Value| {
        let pointer = format!("/capture/rule/recipients/{key}");
        rejected(
            "VICTIM_SERVICES_RELEASE",
            |c| with(c, &pointer, value.clone()),
            &["rule.recipients"],
        );
    };
    also("practitioners", json!(["clinic/dr-x"]));
    also("care_teams", json!(["team-1"]));
    also("class", json!("TPO"));
}

#[test]
fn s2_35_a_a_criminal_justice_consent_names_agencies_of_justice() {
    let to =
        |agencies: Value| move |c| with(c, "/capture/rule/recipients/agencies", agencies.clone());
    rejected("CRIMINAL_JUSTICE", to(json!(["court", "clinic"])), &["rule.recipients"]);
    let officer = |c| with(c, "/capture/rule/recipients/practitioners", json!(["court/o-1"]));
    rejected("CRIMINAL_JUSTICE", officer, &["rule.recipients"]);
}

#[test]
fn s2_35_c_a_criminal_justice_consent_says_when_it_may_be_revoked_no_later_than_its_end() {
    let path = "/capture/revocable_after";
    rejected("CRIMINAL_JUSTICE", |c| without(c, path), &["revocable_after"]);
    let later = |c| with(c, path, json!("2025-01-01T00:00:01Z"));
    rejected("CRIMINAL_JUSTICE", later, &["revocable_after"]);
    accepted("CRIMINAL_JUSTICE", |c| with(c, path, json!("2025-01-01T00:00:00Z")));
    accepted("GENERAL", |c| with(c, path, json!("2026-01-01T00:00:00Z")));
}

#[test]
fn s2_31_a_4_every_recipient_named_is_known_in_exceptions_too() {
    let unknown = json!({"agencies": ["clinic", "gone"]});
    for place in ["rule", "exceptions/0"] {
        let pointer = format!("/capture/{place}/recipients");
        let path = format!("{}.recipients", place.replace("/0", "[0]"));
        rejected("GENERAL", |c| with(c, &pointer, unknown.clone()), &[&path]);
    }
}

#[test]
fn s2_31_a_2_every_discloser_named_is_known_in_exceptions_too() {
    for place in ["rule", "exceptions/0"] {
        let pointer = format!("/capture/{place}/disclosers");
        let path = format!("{}.disclosers", place.replace("/0", "[0]"));
        let unknown = |c| with(c, &pointer, json!({"agencies": ["gone"]}));
        rejected("GENERAL", unknown, &[&path]);
    }
}

#[test]
fn s2_31_c_2_no_condition_is_an_empty_list_in_exceptions_too() {
    let lists = [
        "purposes",
        "actions",
        "kinds",
        "classes",
        "confidentialities",
        "sensitivities",
        "authors",
        "episodes",
        "records",
    ];
    for place in ["rule", "exceptions/0"] {
        let name = place.replace("/0", "[0]");
        let at = |condition: &str| format!("/capture/{place}/{condition}");
        for condition in lists {
            let empty = |c| with(c, &at(condition), json!([]));
            rejected("GENERAL", empty, &[&format!("{name}.{condition}")]);
        }
        for condition in ["recipients", "disclosers"] {
            let nobody = |c| with(c, &at(condition), json!({}));
            rejected("GENERAL", nobody, &[&format!("{name}.{condition}")]);
        }
    }
}

#[test]
fn s2_31_c_2_exceptions_are_one_level_deep() {
    let deeper = json!([{"effect": "PERMIT"}]);
    let nested = |c| with(c, "/capture/exceptions/0/exceptions", deeper.clone());
    rejected("GENERAL", nested, &["exceptions[0].exceptions"]);
    let in_root = |c| with(c, "/capture/rule/exceptions", deeper.clone());
    rejected("GENERAL", in_root, &["rule.exceptions"]);
}

#[test]
fn s2_31_c_2_every_exception_reverses_the_root() {
    let same = |c| with(c, "/capture/exceptions/0/effect", json!("PERMIT"));
    rejected("GENERAL", same, &["exceptions[0].effect"]);
}

#[test]
fn s2_31_a_3_a_hundred_exceptions_can_still_be_read() {
    let many = |n: usize| {
        move |c| {
            let one = json!({"effect": "DENY", "sensitivities": ["HIV"]});
            with(c, "/capture/exceptions", vec![one; n].into())
        }
    };
    accepted("GENERAL", many(100));
    rejected("GENERAL", many(101), &["exceptions"]);
}

#[test]
fn s2_31_a_6_what_is_superseded_is_on_file_the_same_persons_and_no_circle() {
    let on_file = |id: &str, person: &str, supersedes: Value| {
        json!({"id": id, "person": person, "type": "GENERAL", "status": "ACTIVE",
               "supersedes": supersedes, "rule": {"effect": "PERMIT"}})
    };
    let over = |id: &str, consents: Value| {
        let supersedes = json!([id]);
        move |c| {
            let c = with(c, "/consents", consents.clone());
            with(c, "/capture/supersedes", supersedes.clone())
        }
    };
    accepted("GENERAL", over("c0", json!([on_file("c0", "p1", json!([]))])));
    rejected("GENERAL", over("c0", json!([])), &["supersedes"]);
    rejected("GENERAL", over("c0", json!([on_file("c0", "p2", json!([]))])), &["supersedes"]);
    rejected("GENERAL", over("c0", json!([on_file("c0", "p1", json!(["c1"]))])), &["supersedes"]);
}

fn signed_by(grantor: Value) -> impl Fn(Value) -> Value {
    move |c| with(c, "/capture/grantor", grantor.clone())
}

#[test]
fn s2_31_a_8_the_person_signs_or_who_is_shown_to_act_for_them() {
    for relationship in ["PARENT", "GUARDIAN", "PERSONAL_REPRESENTATIVE"] {
        let by = |authority: Value| {
            signed_by(json!({"relationship": relationship, "authority": authority}))
        };
        accepted("GENERAL", by(json!("court file 7")));
        rejected("GENERAL", by(json!(" ")), &["grantor"]);
        rejected("GENERAL", by(Value::Null), &["grantor"]);
    }
    rejected("GENERAL", |c| without(c, "/capture/grantor"), &["grantor"]);
}

#[test]
fn s2_14_a_relative_may_not_sign() {
    let relative = json!({"relationship": "RELATIVE", "authority": "court file 7"});
    rejected("GENERAL", signed_by(relative), &["grantor"]);
}

#[test]
fn vawa_12291_b_2_who_is_alleged_to_have_harmed_the_person_may_not_sign() {
    let alleged = json!({"relationship": "GUARDIAN", "authority": "x", "alleged_abuser": true});
    rejected("VICTIM_SERVICES_RELEASE", signed_by(alleged.clone()), &["grantor"]);
    rejected("GENERAL", signed_by(alleged), &["grantor"]);
}

#[test]
fn s2_31_a_8_the_recipient_may_not_sign_to_itself() {
    let of = |agency: &str| signed_by(json!({"relationship": "SELF", "agency": agency}));
    rejected("GENERAL", of("clinic"), &["grantor"]);
    accepted("GENERAL", of("sud"));
}

#[test]
fn s2_15_b_for_the_dead_only_their_personal_representative_signs() {
    let dead = |relationship: &str| {
        let grantor = json!({"relationship": relationship, "authority": "court file 7"});
        move |c| with(signed_by(grantor.clone())(c), "/capture/person_deceased", json!(true))
    };
    accepted("GENERAL", dead("PERSONAL_REPRESENTATIVE"));
    for relationship in ["SELF", "PARENT", "GUARDIAN", "RELATIVE"] {
        rejected("GENERAL", dead(relationship), &["grantor"]);
    }
}
