//! A principal that is suspended is refused although its token lives.

use http::HeaderMap;
use identity::{AuthError, NETWORK_ISSUER, Named, Principal};
use kernel::Clock as _;
use serde_json::json;
use time::Duration;
use tonic::Code;

use crate::{
    forge::merged,
    kinds::reason_of,
    world::{
        AGENCY, CLIENT, CLINIC, GET_AGENCY, GET_FACTS, GET_NOTE, PEOPLE, STATE, World, bearer,
    },
};

const LIST_PRINCIPALS: &str = "/trellis.directory.v1.DirectoryService/ListSuspendedPrincipals";
const WATCH_AGENCIES: &str = "/trellis.directory.v1.DirectoryService/WatchAgencies";
const OTHER: &str = "0190d1f0-0000-7000-8000-00000000000b";

fn service_of(world: &World, callee: &str) -> String {
    let value = world.service_tokens("notes").authorization(callee).unwrap();
    value.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

#[tokio::test]
async fn every_kind_of_caller_is_refused_by_subject_and_by_client_and_served_again_after() {
    let world = World::new().await;
    let person = merged(world.person(), &json!({ "client_id": "portal" }));
    let callers = [
        (GET_NOTE, world.clinic.token(&world.staff()), CLINIC, Named::Subject("dr-a")),
        (GET_NOTE, world.clinic.token(&world.staff()), CLINIC, Named::Client(CLIENT)),
        (GET_NOTE, world.people.token(&person), PEOPLE, Named::Subject("sub-1")),
        (GET_NOTE, world.people.token(&person), PEOPLE, Named::Client("portal")),
        (LIST_PRINCIPALS, world.state.token(&world.admin()), STATE, Named::Subject("admin-1")),
        (GET_FACTS, service_of(&world, "consent"), NETWORK_ISSUER, Named::Subject("notes")),
    ];
    for (path, token, issuer, named) in callers {
        world.caller(path, &token).await.unwrap();
        let principal = Principal::of(issuer, named);
        world.bindings.suspend(principal, None);
        let status = world.caller(path, &token).await.unwrap_err();
        let told = (status.code(), reason_of(&status));
        assert_eq!(told, (Code::PermissionDenied, "PRINCIPAL_SUSPENDED".to_owned()), "{named:?}");
        world.bindings.reinstate(principal, None);
        world.caller(path, &token).await.unwrap();
    }
    // Nobody else's subject or client of that name.
    world.bindings.suspend(Principal::of(PEOPLE, Named::Subject("dr-a")), None);
    world.bindings.suspend(Principal::of(CLINIC, Named::Client("dr-a")), None);
    world.bindings.suspend(Principal::of(CLINIC, Named::Subject(CLIENT)), None);
    world.accepts("another principal", &world.clinic.token(&world.staff())).await;
}

#[tokio::test]
async fn a_suspension_for_one_agency_is_none_for_another() {
    let world = World::new().await;
    world.bindings.set(OTHER, CLINIC, CLIENT, identity::Binding::Bound);
    let here = world.clinic.token(&world.staff());
    let there = world.clinic.token(&merged(world.staff(), &json!({ "agency": OTHER })));
    world.bindings.suspend(Principal::of(CLINIC, Named::Subject("dr-a")), Some(AGENCY));
    let refused = world.caller(GET_NOTE, &here).await.unwrap_err();
    assert_eq!(reason_of(&refused), "PRINCIPAL_SUSPENDED");
    world.accepts("the other agency", &there).await;
}

#[tokio::test]
async fn who_was_let_in_is_asked_about_again_by_what_outlives_that() {
    let world = World::new().await;
    let caller = world.accepts("staff", &world.clinic.token(&world.staff())).await;
    let now = world.clock.now();
    assert_eq!((caller.in_force(), caller.stands(now)), (Ok(()), Ok(())));
    let principal = Principal::of(CLINIC, Named::Client(CLIENT));
    world.bindings.suspend(principal, None);
    let suspended = Err(AuthError::PrincipalSuspended);
    assert_eq!((caller.in_force(), caller.stands(now)), (suspended, suspended));
    world.bindings.reinstate(principal, None);
    let ended = now + Duration::hours(2);
    assert_eq!(
        (caller.in_force(), caller.stands(ended)),
        (Ok(()), Err(AuthError::Unauthenticated))
    );
    world.bindings.set(AGENCY, CLINIC, CLIENT, identity::Binding::NotBound);
    assert_eq!(caller.in_force(), Err(AuthError::Unauthenticated));
}

#[tokio::test]
async fn of_a_silent_directory_nobody_is_served_but_by_the_directory_itself() {
    let world = World::serving(&["notes", "consent", "directory"]).await;
    world.bindings.falls_silent();
    let (admin, person) = (world.state.token(&world.admin()), world.people.token(&world.person()));
    for (path, token) in [
        (GET_NOTE, world.clinic.token(&world.staff())),
        (GET_AGENCY, world.clinic.token(&world.staff())),
        (GET_NOTE, person.clone()),
        (GET_FACTS, service_of(&world, "consent")),
    ] {
        let refused = world.caller(path, &token).await.unwrap_err();
        let told = (refused.code(), reason_of(&refused));
        assert_eq!(told, (Code::Unavailable, "DIRECTORY_STALE".to_owned()), "{path}");
    }
    // By these it is heard, and a suspension is ended.
    let watching = service_of(&world, "directory");
    for (path, token) in
        [(LIST_PRINCIPALS, &admin), (GET_AGENCY, &person), (WATCH_AGENCIES, &watching)]
    {
        world.caller(path, token).await.unwrap();
    }
    // Whom it had suspended before stays so.
    world.bindings.suspend(Principal::of(STATE, Named::Subject("admin-1")), None);
    let refused = world.caller(LIST_PRINCIPALS, &admin).await.unwrap_err();
    assert_eq!(reason_of(&refused), "PRINCIPAL_SUSPENDED");
    assert!(world.ask(LIST_PRINCIPALS, &HeaderMap::new()).await.is_err());
    assert!(world.ask("/grpc.health.v1.Health/Check", &bearer("x")).await.unwrap().is_none());
}
