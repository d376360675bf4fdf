use kernel::Role;
use pg::StoreError;
use uuid::Uuid;
use wire::directory::v1::{
    CreateServiceRequest, RegisterAgencyRequest, ReinstateAgencyRequest, SuspendAgencyRequest,
};

use crate::support::{Network, registration, request_id};

fn id(name: &str) -> Uuid {
    name.split_once('/').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn every_write_is_on_record_once_with_who_did_it_to_what() {
    let network = Network::start().await;
    let asked = registration("Clinic");
    let clinic = network.register(asked.clone()).await;
    network.register(asked).await;
    let mut staff = network.staff(&clinic.name, Role::AgencyAdmin);
    let offer = CreateServiceRequest {
        request_id: request_id(),
        display_name: "Beds".into(),
        ..Default::default()
    };
    let service = staff.create_service(offer).await.unwrap().into_inner().service.unwrap();
    let suspend = SuspendAgencyRequest {
        request_id: request_id(),
        name: clinic.name.clone(),
        reason: "an audit".into(),
    };
    network.admin().suspend_agency(suspend).await.unwrap();
    // What does not happen is not on record as if it had.
    let bad = RegisterAgencyRequest { sector: 0, ..registration("Bad") };
    network.admin().register_agency(bad).await.unwrap_err();
    let again = SuspendAgencyRequest {
        request_id: request_id(),
        name: clinic.name.clone(),
        reason: "again".into(),
    };
    network.admin().suspend_agency(again).await.unwrap_err();
    let reinstate = ReinstateAgencyRequest { request_id: request_id(), name: clinic.name.clone() };
    network.admin().reinstate_agency(reinstate).await.unwrap();

    let events = network.ledger.follow(0, 100).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    let told: Vec<_> = events
        .iter()
        .map(|(_, e)| {
            let rpc = e.rpc.strip_prefix("trellis.directory.v1.DirectoryService/").unwrap();
            (rpc, &*e.caller.kind, e.caller.agency, e.records.clone())
        })
        .collect();
    let (clinic, service) = (id(&clinic.name), id(&service.name));
    assert_eq!(
        told,
        [
            ("RegisterAgency", "NETWORK", None, vec![clinic]),
            ("CreateService", "AGENCY_STAFF", Some(clinic), vec![service]),
            ("SuspendAgency", "NETWORK", None, vec![clinic]),
            ("ReinstateAgency", "NETWORK", None, vec![clinic]),
        ]
    );
}

#[tokio::test]
async fn every_column_is_explained() {
    let network = Network::start().await;
    let bare = pg::uncommented(&network.admin_url().into(), "directory").await.unwrap();
    assert_eq!(bare, [] as [String; 0]);
}

#[tokio::test]
async fn the_service_can_delete_nothing_and_change_no_binding() {
    let network = Network::start().await;
    network.agency("Clinic").await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relkind = 'r'
         AND relnamespace = 'directory'::regnamespace",
    )
    .fetch_all(&mut network.look().await)
    .await
    .unwrap();
    assert!(tables.len() > 12, "{tables:?}");
    let forbidden = tables.iter().map(|t| format!("DELETE FROM {t}")).chain([
        "UPDATE agency_binding SET client_id = 'mine'".into(),
        "UPDATE suspension SET reason = 'none'".into(),
        "TRUNCATE service".into(),
    ]);
    for sql in forbidden {
        let asked = sql.clone();
        let done = network
            .db
            .run_one("test", move |conn| {
                let sql = asked.clone();
                Box::pin(async move {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(conn).await?;
                    Ok(())
                })
            })
            .await;
        match done {
            Err(StoreError::Internal(cause)) => {
                assert_eq!(cause.sqlstate(), Some("42501"), "{sql}")
            }
            other => panic!("{sql}: {other:?}"),
        }
    }
}
