//! The table, asked from outside.

use http::HeaderMap;
use identity::{ADMISSION, Admit};
use kernel::{Code, Role};
use serde_json::json;

use crate::{
    forge::merged,
    kinds::reason_of,
    world::{AGENCY, CLIENT, World, bearer},
};

#[tokio::test]
async fn every_rpc_admits_exactly_the_roles_of_its_row() {
    let world = World::serving(&[
        "directory",
        "people",
        "consent",
        "referrals",
        "notes",
        "recovery",
        "audit",
    ])
    .await;
    for row in ADMISSION {
        for role in Role::ALL {
            let roles = json!({ "roles": [role.code()] });
            let headers = match role {
                Role::Service => {
                    let callee = row.path.split('.').nth(1).unwrap();
                    let callee = if row.path.contains("grpc") { "notes" } else { callee };
                    let value = world.service_tokens("audit").authorization(callee).unwrap();
                    HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
                }
                Role::Person | Role::Representative | Role::Supporter => {
                    bearer(&world.people.token(&merged(world.person(), &roles)))
                }
                Role::NetworkAdmin | Role::DataSteward => {
                    bearer(&world.state.token(&merged(world.admin(), &roles)))
                }
                _ => {
                    let staff = json!({ "agency": AGENCY, "client_id": CLIENT });
                    bearer(&world.clinic.token(&merged(merged(world.staff(), &roles), &staff)))
                }
            };
            let expected = match row.admit {
                Admit::Public => true,
                Admit::ServiceOnly => *role == Role::Service,
                Admit::Roles(roles) => roles.contains(*role),
            };
            match world.ask(row.path, &headers).await {
                Ok(caller) => {
                    assert!(expected, "{} admitted {role}", row.path);
                    assert_eq!(caller.is_none(), row.admit == Admit::Public);
                }
                Err(status) => {
                    assert!(!expected, "{} refused {role}: {status:?}", row.path);
                    assert_eq!(reason_of(&status), "ROLE_NOT_ADMITTED");
                }
            }
        }
        if row.admit != Admit::Public {
            let status = world.ask(row.path, &HeaderMap::new()).await.unwrap_err();
            assert_eq!(reason_of(&status), "UNAUTHENTICATED", "{}", row.path);
        }
    }
}

#[tokio::test]
async fn an_rpc_without_a_row_is_unimplemented_whoever_asks() {
    let world = World::new().await;
    let token = bearer(&world.clinic.token(&world.staff()));
    for path in ["/trellis.notes.v1.NotesService/DropNotes", "/", "", "/x/y", "*"] {
        for headers in [&token, &HeaderMap::new()] {
            let status = world.ask(path, headers).await.unwrap_err();
            assert_eq!(status.code(), tonic::Code::Unimplemented);
            assert_eq!(reason_of(&status), "UNIMPLEMENTED");
        }
    }
}
