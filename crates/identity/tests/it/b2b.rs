//! The `hl7-b2b` object of UDAP: it takes purposes away, and is refused where it says anything else.

use std::sync::Arc;

use identity::{Asserts, Authenticator, IdentityConfig, IssuerConfig, JwsAlgorithm};
use kernel::{CodeSet, Purpose};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::{
    forge::{merged, without},
    kinds::reason_of,
    world::{AGENCY, AUDIENCE, CLINIC, GET_AGENCY, World, bearer, issuer},
};

fn object(purposes: &[&str]) -> Value {
    json!({
        "version": "1",
        "subject_name": "Dr. Canary",
        "subject_id": "urn:oid:2.16.840.1.113883.4.6#1234567893",
        "organization_name": "Elm",
        "organization_id": format!("urn:uuid:{AGENCY}"),
        "purpose_of_use": purposes,
        "consent_policy": ["https://elm.example/policy"],
    })
}

fn holding(world: &World, object: Value) -> String {
    world.clinic.token(&merged(world.staff(), &json!({ "extensions": { "hl7-b2b": object } })))
}

#[tokio::test]
async fn it_narrows_the_purposes_and_the_metadata_narrows_them_again() {
    let world = World::new().await;
    let (treat, coc) = (Purpose::Treat, Purpose::CoordinationOfCare);
    for (named, left) in [
        (vec!["urn:oid:2.16.840.1.113883.5.8#TREAT"], CodeSet::from([treat])),
        (vec!["COC"], [coc].into()),
        (vec!["COC", "COC", "urn:oid:2.16.840.1.113883.5.8#COC"], [coc].into()),
        (vec!["TREAT", "urn:oid:2.16.840.1.113883.5.8#COC"], [treat, coc].into()),
    ] {
        let caller = world.accepts(&format!("{named:?}"), &holding(&world, object(&named))).await;
        assert_eq!(caller.purposes(), left, "{named:?}");
        assert!(!format!("{caller:?}").contains("Canary"));
    }
    let mut headers = bearer(&holding(&world, object(&["COC"])));
    headers.insert(identity::PURPOSE_OF_USE, "TREAT".parse().unwrap());
    let status = world.ask(GET_AGENCY, &headers).await.unwrap_err();
    assert_eq!(
        (status.code(), &*reason_of(&status)),
        (Code::PermissionDenied, "PURPOSE_NOT_ALLOWED")
    );
    // Extensions of others are theirs.
    let others = json!({ "extensions": { "tefca-ias": { "version": "1" } } });
    let caller =
        world.accepts("others", &world.clinic.token(&merged(world.staff(), &others))).await;
    assert_eq!(caller.purposes(), [treat, coc].into());
}

#[tokio::test]
async fn one_that_is_malformed_unknown_or_of_another_agency_is_refused() {
    let world = World::new().await;
    world.bindings.bind_everything();
    let good = || object(&["TREAT"]);
    let other = "0190d1f0-0000-7000-8000-00000000000b";
    for change in [
        json!({ "version": "2" }),
        json!({ "version": "" }),
        json!({ "version": 1 }),
        json!({ "version": "1.0" }),
        json!({ "organization_id": AGENCY }),
        json!({ "organization_id": format!("urn:uuid:{other}") }),
        json!({ "organization_id": format!("urn:uuid:{AGENCY} ") }),
        json!({ "organization_id": format!("URN:UUID:{AGENCY}") }),
        json!({ "organization_id": format!("urn:uuid:{}", AGENCY.to_uppercase()) }),
        json!({ "organization_id": "" }),
        json!({ "organization_id": null }),
        json!({ "organization_id": [format!("urn:uuid:{AGENCY}")] }),
        json!({ "purpose_of_use": [] }),
        json!({ "purpose_of_use": "TREAT" }),
        json!({ "purpose_of_use": null }),
        json!({ "purpose_of_use": ["treat"] }),
        json!({ "purpose_of_use": ["TREAT", "NO_SUCH"] }),
        json!({ "purpose_of_use": ["TREAT", ""] }),
        json!({ "purpose_of_use": ["TREAT", 1] }),
        json!({ "purpose_of_use": ["TREAT", null] }),
        json!({ "purpose_of_use": ["urn:oid:2.16.840.1.113883.5.8"] }),
        json!({ "purpose_of_use": ["urn:oid:2.16.840.1.113883.5.8#"] }),
        json!({ "purpose_of_use": ["urn:oid:2.16.840.1.113883.5.80#TREAT"] }),
        json!({ "purpose_of_use": ["urn:oid:2.16.840.1.113883.3.7204.1.5.2.1#T-TRTMNT"] }),
        // One that the token does not have, be it beside one that it has.
        json!({ "purpose_of_use": ["HRESCH"] }),
        json!({ "purpose_of_use": ["TREAT", "HRESCH"] }),
    ] {
        world.refuses(&change.to_string(), &holding(&world, merged(good(), &change))).await;
    }
    for name in ["version", "organization_id", "purpose_of_use"] {
        world.refuses(name, &holding(&world, without(good(), name))).await;
    }
    let list = json!(["1", format!("urn:uuid:{AGENCY}"), ["TREAT"]]);
    for object in [json!(null), json!([]), list.clone(), json!("x"), json!({}), json!([good()])] {
        world.refuses(&object.to_string(), &holding(&world, object)).await;
    }
    for extensions in [json!(null), json!([]), json!([good()]), json!("hl7-b2b"), json!(1)] {
        let token = merged(world.staff(), &json!({ "extensions": extensions }));
        world.refuses(&extensions.to_string(), &world.clinic.token(&token)).await;
    }
    // Two readers would read two things.
    let twice = merged(world.staff(), &json!({ "extensions": { "hl7-b2b": good() } })).to_string();
    let twice = twice.replace("\"hl7-b2b\":", "\"hl7-b2b\":{},\"hl7-b2b\":");
    let header = world.clinic.header().to_string();
    world.refuses("twice", &world.clinic.sign(&header, &twice)).await;
    world.accepts("good", &holding(&world, good())).await;
}

#[tokio::test]
async fn a_code_of_the_networks_own_is_none_of_hl7s() {
    let world = World::new().await;
    let supervising =
        merged(world.staff(), &json!({ "purposes": ["SUPERVISION", "HOUSING_PLACEMENT"] }));
    let with = |named: &str| {
        let extensions = json!({ "extensions": { "hl7-b2b": object(&[named]) } });
        world.clinic.token(&merged(supervising.clone(), &extensions))
    };
    world.accepts("its own", &with("SUPERVISION")).await;
    for named in ["SUPERVISION", "HOUSING_PLACEMENT"] {
        let named = format!("urn:oid:2.16.840.1.113883.5.8#{named}");
        world.refuses(&named, &with(&named)).await;
    }
}

#[tokio::test]
async fn nobody_but_staff_has_one() {
    let world = World::new().await;
    let extensions = json!({ "extensions": { "hl7-b2b": object(&["PATRQT"]) } });
    world.refuses("a person", &world.people.token(&merged(world.person(), &extensions))).await;
    world.refuses("a network", &world.state.token(&merged(world.admin(), &extensions))).await;
    world.accepts("a person", &world.people.token(&world.person())).await;
}

#[tokio::test]
async fn an_issuer_that_is_configured_for_it_says_it_of_all_its_staff() {
    let world = World::new().await;
    let file = world.directory.path().join("clinic.json");
    let plain = issuer(CLINIC, file, JwsAlgorithm::ES256, Asserts::AgencyStaff);
    let asserts = vec![Asserts::AgencyStaff, Asserts::Person];
    let config = IdentityConfig {
        audience: AUDIENCE.to_owned(),
        issuers: vec![IssuerConfig { b2b: true, asserts, ..plain }],
        service_keys: None,
    };
    let (clock, bindings) = (Arc::new(world.clock.clone()), world.bindings.clone());
    let strict = Authenticator::start(&config, &["notes"], clock, bindings).await.unwrap();
    let stands = async |token: String| {
        let asked = strict.authenticate(GET_AGENCY, &bearer(&token)).await;
        asked.map(drop).map_err(|error| Status::from(error).code())
    };
    assert_eq!(stands(holding(&world, object(&["TREAT"]))).await, Ok(()));
    let without = world.clinic.token(&world.staff());
    assert_eq!(stands(without.clone()).await, Err(Code::Unauthenticated));
    let empty = merged(world.staff(), &json!({ "extensions": {} }));
    assert_eq!(stands(world.clinic.token(&empty)).await, Err(Code::Unauthenticated));
    let person = merged(world.person(), &json!({ "iss": CLINIC }));
    assert_eq!(stands(world.clinic.token(&person)).await, Ok(()));
    // Of another issuer it is not asked.
    world.accepts("without", &without).await;
}
