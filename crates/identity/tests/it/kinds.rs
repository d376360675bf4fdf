//! Who may be spoken of, by whom.

use identity::{Asserts, Binding, CallerKind};
use kernel::{Code, CodeSet, PractitionerId, Purpose, Role};
use serde_json::{Value, json};

use crate::{
    forge::{merged, without},
    world::{AGENCY, CLIENT, CLINIC, GET_AGENCY, GET_FACTS, GET_NOTE, World},
};

#[tokio::test]
async fn a_caller_is_what_the_token_says() {
    let world = World::new().await;
    let staff = world.accepts("staff", &world.clinic.token(&world.staff())).await;
    let practitioner = PractitionerId::new("dr-a");
    assert_eq!(*staff.kind(), CallerKind::Staff { agency: AGENCY.into(), practitioner });
    assert_eq!((staff.issuer(), staff.subject().as_str()), (CLINIC, "dr-a"));
    assert_eq!(staff.client_id(), Some(CLIENT));
    assert_eq!(staff.roles(), CodeSet::from([Role::Clinician]));
    assert_eq!(staff.purposes(), CodeSet::from([Purpose::Treat, Purpose::CoordinationOfCare]));
    let person = world.accepts("person", &world.people.token(&world.person())).await;
    assert_eq!((person.kind(), person.client_id()), (&CallerKind::Individual, None));
    let admin = world.accepts("admin", &world.state.token(&world.admin())).await;
    assert_eq!(*admin.kind(), CallerKind::Network);
    assert!(admin.purposes().is_empty());
}

#[tokio::test]
async fn an_issuer_speaks_only_of_the_kinds_it_may() {
    let world = World::new().await;
    let issuers = [
        (Asserts::AgencyStaff, &world.clinic, world.staff()),
        (Asserts::Person, &world.people, world.person()),
        (Asserts::Network, &world.state, world.admin()),
    ];
    for (own, key, claims) in &issuers {
        for role in Role::ALL {
            for agency in [true, false] {
                let mut claims = merged(claims.clone(), &json!({ "roles": [role.code()] }));
                claims.as_object_mut().unwrap().remove("agency");
                claims["client_id"] = json!(CLIENT);
                if agency {
                    claims["agency"] = json!(AGENCY);
                }
                let token = key.token(&claims);
                let right = own.roles().contains(*role) && (*own == Asserts::AgencyStaff) == agency;
                let what = format!("{own:?} {role} agency {agency}");
                match right {
                    true => drop(world.accepts(&what, &token).await),
                    false => world.refuses(&what, &token).await,
                }
            }
        }
    }
}

#[tokio::test]
async fn roles_of_two_kinds_unknown_or_none_are_refused() {
    let world = World::new().await;
    for roles in [
        json!([]),
        json!(["CLINICIAN", "PERSON"]),
        json!(["CLINICIAN", "NETWORK_ADMIN"]),
        json!(["CLINICIAN", "SERVICE"]),
        json!(["CLINICIAN", "JANITOR"]),
        json!(["clinician"]),
        json!("CLINICIAN"),
        json!([{ "CLINICIAN": null }]),
        json!({ "CLINICIAN": true }),
        json!([0]),
        json!([null]),
        json!([["CLINICIAN"]]),
        json!(["CLINICIAN "]),
        json!([""]),
        json!(["*"]),
        json!("*"),
    ] {
        let token = world.clinic.token(&merged(world.staff(), &json!({ "roles": roles })));
        world.refuses(&format!("roles {roles}"), &token).await;
    }
    let two = merged(world.staff(), &json!({ "roles": ["CLINICIAN", "MEDICAL", "MEDICAL"] }));
    let caller = world.accepts("two roles of one kind", &world.clinic.token(&two)).await;
    assert_eq!(caller.roles(), CodeSet::from([Role::Clinician, Role::Medical]));
}

#[tokio::test]
async fn purposes_unknown_or_of_another_form_are_refused() {
    let world = World::new().await;
    for purposes in [
        json!(null),
        json!("TREAT"),
        json!(["treat"]),
        json!(["TREAT", "SNOOP"]),
        json!([1]),
        json!([{ "TREAT": null }]),
        json!({}),
        json!(["TREAT,COC"]),
    ] {
        let token = world.clinic.token(&merged(world.staff(), &json!({ "purposes": purposes })));
        world.refuses(&format!("purposes {purposes}"), &token).await;
    }
}

#[tokio::test]
async fn staff_need_an_agency_in_its_one_spelling_and_a_client() {
    let world = World::new().await;
    world.bindings.bind_everything();
    for name in ["agency", "client_id"] {
        world.refuses(name, &world.clinic.token(&without(world.staff(), name))).await;
    }
    let simple = AGENCY.replace('-', "");
    for agency in [
        json!(null),
        json!(""),
        json!(AGENCY.to_uppercase()),
        json!(simple),
        json!(format!("{{{AGENCY}}}")),
        json!(format!("urn:uuid:{AGENCY}")),
        json!(format!("agencies/{AGENCY}")),
        json!([AGENCY]),
        json!("00000000-0000-0000-0000-000000000000"),
        json!(format!("{AGENCY} ")),
        json!(1),
        json!("clinic"),
    ] {
        let token = world.clinic.token(&merged(world.staff(), &json!({ "agency": agency })));
        world.refuses(&format!("agency {agency}"), &token).await;
    }
    for agency in [json!(AGENCY), json!(null), json!("")] {
        let token = world.people.token(&merged(world.person(), &json!({ "agency": agency })));
        world.refuses(&format!("a person's agency {agency}"), &token).await;
    }
}

#[tokio::test]
async fn the_binding_is_asked_at_every_request_and_each_answer_has_its_own_refusal() {
    let world = World::new().await;
    let token = world.clinic.token(&world.staff());
    world.accepts("bound", &token).await;
    for (binding, code, reason) in [
        (Binding::Suspended, tonic::Code::PermissionDenied, "AGENCY_SUSPENDED"),
        (Binding::Stale, tonic::Code::Unavailable, "DIRECTORY_STALE"),
        (Binding::NotBound, tonic::Code::Unauthenticated, "UNAUTHENTICATED"),
    ] {
        world.bindings.set(AGENCY, CLINIC, CLIENT, binding);
        let status = world.caller(GET_AGENCY, &token).await.unwrap_err();
        assert_eq!((status.code(), reason_of(&status)), (code, reason.to_owned()));
    }
    world.refuses("not bound", &token).await;
    world.bindings.set(AGENCY, CLINIC, CLIENT, Binding::Bound);
    world.accepts("bound again", &token).await;
    for change in [
        json!({ "client_id": "another-app" }),
        json!({ "agency": "0190d1f0-0000-7000-8000-00000000000b" }),
    ] {
        let token = world.clinic.token(&merged(world.staff(), &change));
        world.refuses(&change.to_string(), &token).await;
    }
}

#[tokio::test]
async fn identity_proofing_counts_only_from_an_issuer_configured_to_assert_it() {
    let world = World::new().await;
    for (ial, proofed) in [(0, false), (1, false), (2, true), (3, true)] {
        let claims = json!({ "ial": ial, "family_name": "Roe", "birthdate": "1980-01-02" });
        let person = world.people.token(&merged(world.person(), &claims));
        assert_eq!(world.accepts("person", &person).await.proofed().is_some(), proofed);
        let staff = world.clinic.token(&merged(world.staff(), &claims));
        assert!(world.accepts("staff", &staff).await.proofed().is_none());
    }
    for ial in [json!("2"), json!(null), json!(2.0), json!(-1), json!(300), json!([2])] {
        let token = world.people.token(&merged(world.person(), &json!({ "ial": ial })));
        world.refuses(&format!("ial {ial}"), &token).await;
    }
}

#[tokio::test]
async fn proofing_that_does_not_say_who_was_proofed_is_none_and_refuses_no_token() {
    let world = World::new().await;
    let claimed = async |claims: serde_json::Value| {
        let ial = merged(world.person(), &json!({ "ial": 2 }));
        let token = world.people.token(&merged(ial, &claims));
        world.accepts(&claims.to_string(), &token).await.proofed().cloned()
    };
    let whole = json!({ "family_name": "Roe", "given_name": "Jane", "birthdate": "1980-01-02" });
    let proofed = claimed(whole).await.unwrap();
    assert_eq!((&*proofed.family_name, proofed.given_name.as_deref()), ("Roe", Some("Jane")));
    assert_eq!(proofed.birth_date, time::macros::date!(1980 - 01 - 02));
    let bare = json!({ "family_name": "Roe", "given_name": 7, "birthdate": "1980-01-02" });
    assert!(claimed(bare).await.unwrap().given_name.is_none());
    for none in [
        json!({}),
        json!({ "family_name": "Roe" }),
        json!({ "birthdate": "1980-01-02" }),
        json!({ "family_name": ["Roe"], "birthdate": "1980-01-02" }),
        json!({ "family_name": null, "birthdate": "1980-01-02" }),
        json!({ "family_name": "Roe", "birthdate": "1980" }),
        json!({ "family_name": "Roe", "birthdate": "0000-01-02" }),
        json!({ "family_name": "Roe", "birthdate": "1980-02-30" }),
        json!({ "family_name": "Roe", "birthdate": 19_800_102 }),
    ] {
        assert!(claimed(none.clone()).await.is_none(), "{none}");
    }
}

#[tokio::test]
async fn a_role_that_the_rpc_does_not_admit_is_refused_by_name() {
    let world = World::new().await;
    for (path, token) in [
        (GET_NOTE, world.state.token(&world.admin())),
        (GET_FACTS, world.clinic.token(&world.staff())),
        (GET_FACTS, world.state.token(&world.admin())),
    ] {
        let status = world.caller(path, &token).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::PermissionDenied);
        assert_eq!(reason_of(&status), "ROLE_NOT_ADMITTED");
        use tonic_types::StatusExt;
        assert_eq!(status.get_details_error_info().unwrap().metadata["rpc"], path);
    }
    assert!(world.caller(GET_NOTE, &world.clinic.token(&world.staff())).await.is_ok());
}

#[tokio::test]
async fn the_fingerprint_is_of_issuer_subject_and_agency_and_of_nothing_else() {
    let world = World::new().await;
    let of = async |key: &crate::forge::Key, claims: Value| {
        *world.accepts("good", &key.token(&claims)).await.fingerprint()
    };
    let staff = of(&world.clinic, world.staff()).await;
    let later = merged(world.staff(), &json!({ "jti": "x", "roles": ["MEDICAL"], "purposes": [] }));
    assert_eq!(of(&world.clinic, later).await, staff);
    for other in ["dr-b", "DR-A", "Dr-a"] {
        let other_subject = merged(world.staff(), &json!({ "sub": other }));
        assert_ne!(of(&world.clinic, other_subject).await, staff, "{other}");
    }
    let other = "0190d1f0-0000-7000-8000-00000000000b";
    world.bindings.set(other, CLINIC, CLIENT, Binding::Bound);
    assert_ne!(of(&world.clinic, merged(world.staff(), &json!({ "agency": other }))).await, staff);
    let person = merged(world.person(), &json!({ "sub": "dr-a" }));
    assert_ne!(of(&world.people, person).await, staff);
    // The issuer alone makes the difference.
    let (person, admin) = (world.person(), merged(world.admin(), &json!({ "sub": "sub-1" })));
    assert_ne!(of(&world.people, person).await, of(&world.state, admin).await);
}

#[tokio::test]
async fn debug_shows_no_name_and_no_token() {
    let world = World::new().await;
    let token = world.clinic.token(&world.staff());
    let caller = world.accepts("good", &token).await;
    let shown = format!("{caller:?} {:?}", caller.kind());
    assert!(shown.contains(AGENCY) && shown.contains("CLINICIAN"));
    let digest: String = caller.token_digest().iter().map(|b| format!("{b:02x}")).collect();
    for secret in ["dr-a", "a-token", &token, &digest] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

pub fn reason_of(status: &tonic::Status) -> String {
    use tonic_types::StatusExt;
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.domain, "trellis");
    info.reason
}
