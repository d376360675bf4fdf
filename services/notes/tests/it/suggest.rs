//! Labels that codes suggest: each range at both of its ends, from a table written by hand.

use kernel::Role;
use tonic::Code;
use wire::{
    common::v1::{Confidentiality, Labels, Sensitivity},
    notes::v1::{CodedTerm, SuggestLabelsRequest, SuggestLabelsResponse},
};

use crate::{
    bad_input::{fields, set},
    world::{CLINIC, Client, World, denied, refusal},
};

const ICD: &str = "http://hl7.org/fhir/sid/icd-10-cm";

async fn asked(client: &Client, codes: &[&str]) -> SuggestLabelsResponse {
    let mut all = SuggestLabelsResponse::default();
    for codes in codes.chunks(50) {
        let one = |code: &&str| CodedTerm { system: ICD.to_owned(), code: (*code).to_owned() };
        let codes = codes.iter().map(one).collect();
        let reply = client.suggest(SuggestLabelsRequest { codes }).await.unwrap();
        all.suggestions.extend(reply.suggestions);
        all.unknown_codes.extend(reply.unknown_codes);
        all.labels = reply.labels.or(all.labels);
    }
    all
}

const SUGGESTED: &[(&str, &str)] = &[
    ("SUD", "F12 F16 F16.99 F17 F17.210 F18 F19 F19.99 P04.14 P04.16 P04.4 P04.49 P04.81 P96.1"),
    ("SUD", "R78.1 R78.5 T40 T40.0X1A T40.996S T43.6 T43.601A Z02.83 Z71.5 Z71.52 Z71.6"),
    (
        "ETHUD",
        "F10 F10.20 F10.99 E24.4 G31.2 G62.1 G72.1 I42.6 K29.2 K29.21 K70 K70.9 K85.2 K85.22",
    ),
    ("ETHUD", "K86.0 P04.3 Q86.0 R78.0 T51 T51.94XS Y90 Y90.9 Z71.4 Z71.42"),
    ("OPIOIDUD", "F11 F11.20 F11.99"),
    ("MH PSY", "F01 F01.50 F09 F20 F20.9 F32.1 F51 F53 F63.9 F67 F84.0 F98.9 F99"),
    ("MH PSY SEX", "F52 F52.9 F64 F64.0 F65.9 F66 O90.6 O99.34 O99.345"),
    (
        "MH",
        "R45.851 R45.88 T14.91 T14.91XA X71 X83 X83.8XXS Z13.3 Z13.39 Z86.5 Z86.59 Z91.5 Z91.51",
    ),
    ("HIV", "B20 B97.35 R75 Z11.4 Z20.6 Z21 Z29.81 Z71.7"),
    ("HIV SEX", "O98.7 O98.73"),
    ("STD", "A50 A50.9 A64 Z11.3 Z20.2"),
    ("STD SEX", "O98.1 O98.113 O98.2 O98.3 O98.33"),
    (
        "SDV",
        "T74 T74.92XS T76 T76.92XS Z04.4 Z04.42 Z04.7 Z04.72 Z62.81 Z62.819 Z69 Z69.82 Z91.41 Z91.419",
    ),
    ("SDV SEX", "O9A.3 O9A.311 O9A.5 O9A.53"),
    ("SDV VIO", "Y07 Y07.9"),
    ("VIO", "X92 X92.0XXA X99 Y00 Y04 Y08 Y09"),
    ("SEX", "N46 N46.9 N52 N53 N53.9 N94 N98 N98.9 O00 O99 O9A.1 Z30 Z39 Z39.2 Z3A Z3A.42 Z64.0"),
    ("SEX", "Z70 Z70.9 Z72.5 Z72.53 Z79.3 Z87.890 Z97.5 Z98.51 Z98.52"),
    ("ETHUD SEX", "O35.4 O35.4XX0 O99.31 O99.315"),
    ("SUD SEX", "O35.5 O35.5XX0 O99.32 O99.325 O99.330"),
];

/// What comes before and after them, and what is near.
const UNKNOWN: &str = "A49 A65 B19 B21 B97.34 B97.39 E24.3 E24.8 E11 F00 G31.1 G62.2 G72.2 I10 I42.7 J45 K29.3 K69 \
    K71 K85.1 K85.3 K86.1 N45 N47 N51 N80 N93 N99 P00 P04.2 P04.15 P04.5 P04.89 P96.2 P96 Q86.1 R45 R45.850 R45.85 \
    R45.89 R74 R76 R78 R78.6 T14 T14.90 T39 T41 T43.5 T43.7 T50 T52 T73 T75 T77 X70 X84 X91 Y10 Y35 Y89 Y91 Z02.82 Z04.3 \
    Z04.8 Z11.2 Z11.5 Z13.4 Z20.3 Z20.5 Z20.7 Z22 Z29.8 Z29 Z40 Z62.82 Z64.1 Z68 Z71.3 Z71.8 Z72.0 Z79.891 Z79.4 \
    Z86.4 Z87.891 Z91.42 Z91.4 Z97.4 Z98.53";

#[tokio::test]
async fn each_range_suggests_what_it_says_at_both_of_its_ends_and_nothing_beyond() {
    let world = World::new().await;
    let client = world.clinician(CLINIC, "dr-c");
    let mut named = 0;
    for (expected, codes) in SUGGESTED {
        let mut expected: Vec<i32> = expected
            .split(' ')
            .map(|code| Sensitivity::from_str_name(&format!("SENSITIVITY_{code}")).unwrap().into())
            .collect();
        expected.sort_unstable();
        let codes: Vec<&str> = codes.split_whitespace().collect();
        let reply = asked(&client, &codes).await;
        assert_eq!(reply.unknown_codes, Vec::<String>::new());
        assert_eq!(reply.suggestions.len(), codes.len());
        for (suggestion, code) in reply.suggestions.iter().zip(&codes) {
            let mut told = suggestion.sensitivities.clone();
            told.sort_unstable();
            assert_eq!((&told, &*suggestion.code), (&expected, *code));
            let reasons = suggestion.reasons.iter().flat_map(|reason| &reason.sensitivities);
            assert!(reasons.into_iter().all(|code| told.contains(code)));
            for reason in &suggestion.reasons {
                assert!(reason.source.starts_with("ICD-10-CM FY2026, NCHS/CDC, chapter "));
                assert!(!reason.title.is_empty() && !reason.range.is_empty());
            }
            named += 1;
        }
    }
    assert!(named > 150, "{named}");
    let codes: Vec<&str> = UNKNOWN.split_whitespace().collect();
    let reply = asked(&client, &codes).await;
    assert_eq!(reply.unknown_codes, codes);
    assert_eq!((reply.suggestions.len(), reply.labels), (0, None), "nothing is said of them");
}

#[tokio::test]
async fn all_codes_together_are_labels_to_be_stated_and_say_nothing_of_the_unknown() {
    let world = World::new().await;
    let client = world.of(CLINIC, "cm", Role::CaseManager);
    let reply = asked(&client, &["f1120", "J45.909", "b20", "o98.711"]).await;
    let codes: Vec<_> = reply.suggestions.iter().map(|one| &*one.code).collect();
    assert_eq!(
        (codes, reply.unknown_codes),
        (vec!["F11.20", "B20", "O98.711"], vec!["J45.909".to_owned()])
    );
    let all = [Sensitivity::Opioidud, Sensitivity::Hiv, Sensitivity::Sex].map(i32::from);
    let labels: Labels = reply.labels.unwrap();
    assert_eq!(labels.confidentiality(), Confidentiality::R);
    assert_eq!(labels.sensitivities.len(), 3);
    assert!(all.iter().all(|code| labels.sensitivities.contains(code)));
    assert!(!labels.part2 && !labels.victim_service);
    let reasons: Vec<_> = reply.suggestions[2].reasons.iter().map(|r| &*r.range).collect();
    assert_eq!(reasons, ["O98.7", "O00-O9A"]);
    // It is nobody's: nothing of it is on record.
    assert!(world.stage.events().await.is_empty());
}

#[tokio::test]
async fn what_is_no_code_of_the_system_is_refused_by_its_field_and_roles_that_write_nothing_are() {
    let world = World::new().await;
    let client = world.clinician(CLINIC, "dr-c");
    let one = |system: &str, code: &str| {
        let codes = vec![CodedTerm { system: system.to_owned(), code: code.to_owned() }];
        SuggestLabelsRequest { codes }
    };
    for code in
        ["", "F", "F1", "FF1", "1F1", "F11.", "F11.12345", "F1112345", "F11 2", "F11\n", "Ж11"]
    {
        let told = fields(&client.suggest(one(ICD, code)).await.unwrap_err());
        assert_eq!(told, set(&["codes[0].code"]), "{code:?}");
    }
    for system in ["", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10", "urn:oid:1"] {
        let told = fields(&client.suggest(one(system, "F11")).await.unwrap_err());
        assert_eq!(told, set(&["codes[0].system"]), "{system:?}");
    }
    let none = SuggestLabelsRequest { codes: Vec::new() };
    assert_eq!(fields(&client.suggest(none).await.unwrap_err()), set(&["codes"]));
    let codes = vec![one(ICD, "F11").codes.remove(0); 51];
    let many = client.suggest(SuggestLabelsRequest { codes }).await.unwrap_err();
    assert_eq!(fields(&many), set(&["codes"]));
    assert_eq!(many.code(), Code::InvalidArgument);
    for role in [Role::PrivacyOfficer, Role::Researcher, Role::AgencyAdmin] {
        let other = world.of(CLINIC, "x", role);
        assert_eq!(refusal(other.suggest(one(ICD, "F11")).await), denied("ROLE_NOT_ADMITTED"));
    }
    let jane = world.person("jane");
    assert_eq!(refusal(jane.suggest(one(ICD, "F11")).await), denied("ROLE_NOT_ADMITTED"));
}
