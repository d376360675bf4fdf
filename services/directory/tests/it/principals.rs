use identity::{DEV_ISSUER, NETWORK_ISSUER};
use kernel::Role;
use tonic::Code;
use wire::directory::v1::{
    Agency, AgencyBinding, GetAgencyRequest, ListSuspendedPrincipalsRequest, Principal,
    RebindAgencyRequest, ReinstatePrincipalRequest, SuspendAgencyRequest, SuspendPrincipalRequest,
    SuspendedPrincipal, SuspensionReason, WatchAgenciesRequest,
};

use crate::support::{
    CLIENT, Client, Network, bytes, fields, registration, request_id, soon, told,
};

fn subject(subject: &str) -> Principal {
    let subject = subject.to_owned();
    Principal { issuer: DEV_ISSUER.to_owned(), subject, ..Principal::default() }
}

fn client(client_id: &str) -> Principal {
    let client_id = client_id.to_owned();
    Principal { issuer: DEV_ISSUER.to_owned(), client_id, ..Principal::default() }
}

fn suspend(principal: Principal) -> SuspendPrincipalRequest {
    SuspendPrincipalRequest {
        request_id: request_id(),
        principal: Some(principal),
        agency: String::new(),
        reason: SuspensionReason::Stolen.into(),
    }
}

fn reinstate(of: &SuspendedPrincipal) -> ReinstatePrincipalRequest {
    ReinstatePrincipalRequest { request_id: request_id(), name: of.name.clone() }
}

async fn suspended(by: &mut Client, asked: SuspendPrincipalRequest) -> SuspendedPrincipal {
    by.suspend_principal(asked).await.unwrap().into_inner().suspension.unwrap()
}

async fn listed(by: &mut Client, principal: Option<Principal>) -> Vec<SuspendedPrincipal> {
    let asked = ListSuspendedPrincipalsRequest { principal, ..Default::default() };
    by.list_suspended_principals(asked).await.unwrap().into_inner().suspensions
}

async fn ask(by: &mut Client, agency: &Agency) -> (Code, String) {
    let asked = GetAgencyRequest { name: agency.name.clone() };
    match by.get_agency(asked).await {
        Ok(_) => (Code::Ok, String::new()),
        Err(status) => told(&status),
    }
}

fn refusal() -> (Code, String) {
    (Code::PermissionDenied, "PRINCIPAL_SUSPENDED".to_owned())
}

fn served() -> (Code, String) {
    (Code::Ok, String::new())
}

/// Staff of [`Network::staff`] are "staff-1" and come by [`CLIENT`].
#[tokio::test]
async fn a_subject_and_a_client_are_suspended_before_the_rpc_returns_and_until_they_are_reinstated()
{
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Clinic").await, network.agency("Other").await);
    let mut admin = network.admin();
    let (mut here, mut there) =
        (network.staff(&clinic.name, Role::Clinician), network.staff(&other.name, Role::Clinician));
    for whom in [subject("staff-1"), client(CLIENT)] {
        assert_eq!(ask(&mut here, &clinic).await, served());
        let made = suspended(&mut admin, suspend(whom.clone())).await;
        assert_eq!((&*made.issuer, &made.client_id), (DEV_ISSUER, &whom.client_id));
        assert!(made.by_network && made.agency.is_empty());
        assert_eq!(made.reason(), SuspensionReason::Stolen);
        assert_eq!(ask(&mut here, &clinic).await, refusal());
        assert_eq!(ask(&mut there, &clinic).await, refusal());
        let again = admin.suspend_principal(suspend(whom)).await.unwrap_err();
        assert_eq!(told(&again), (Code::FailedPrecondition, "WRONG_STATE".into()));
        let asked = reinstate(&made);
        let ended = admin.reinstate_principal(asked.clone()).await.unwrap().into_inner();
        assert_eq!(ended.suspension, Some(made.clone()));
        assert_eq!(admin.reinstate_principal(asked).await.unwrap().into_inner(), ended);
        assert_eq!(ask(&mut here, &clinic).await, served());
        assert_eq!(ask(&mut there, &clinic).await, served());
        let again = admin.reinstate_principal(reinstate(&made)).await.unwrap_err();
        assert_eq!(told(&again), (Code::FailedPrecondition, "WRONG_STATE".into()));
    }
    // Neither another claim of the same spelling nor another issuer's principal is meant.
    suspended(&mut admin, suspend(subject(CLIENT))).await;
    suspended(&mut admin, suspend(client("staff-1"))).await;
    let service = Principal { issuer: NETWORK_ISSUER.to_owned(), ..subject("staff-1") };
    suspended(&mut admin, suspend(service)).await;
    assert_eq!(ask(&mut here, &clinic).await, served());
}

#[tokio::test]
async fn a_network_administrator_and_a_service_are_principals_too() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let (mut admin, mut other) = (network.admin(), network.other_admin());
    let made = suspended(&mut admin, suspend(subject("admin-2"))).await;
    assert_eq!(ask(&mut other, &clinic).await, refusal());
    let refused = other.reinstate_principal(reinstate(&made)).await.unwrap_err();
    assert_eq!(told(&refused), refusal());
    admin.reinstate_principal(reinstate(&made)).await.unwrap();
    assert_eq!(ask(&mut other, &clinic).await, served());
    // Nobody suspends themself, by whatever name.
    let own = admin.suspend_principal(suspend(subject("admin-1"))).await.unwrap_err();
    assert_eq!(fields(&own), ["principal"]);

    let mut steps =
        network.service().watch_agencies(WatchAgenciesRequest {}).await.unwrap().into_inner();
    let service = Principal { issuer: NETWORK_ISSUER.to_owned(), ..subject("notes") };
    suspended(&mut admin, suspend(service)).await;
    let ended = soon(async {
        loop {
            if let Err(status) = steps.message().await {
                return status;
            }
        }
    })
    .await;
    assert_eq!(told(&ended), refusal(), "a stream that is under way ends");
    let refused = network.service().watch_agencies(WatchAgenciesRequest {}).await.unwrap_err();
    assert_eq!(told(&refused), refusal());
}

#[tokio::test]
async fn an_agency_suspends_for_itself_alone_and_ends_nothing_of_the_networks() {
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Clinic").await, network.agency("Other").await);
    let mut admin = network.admin();
    let mut own = network.member(&clinic.name, "aa-1", Role::AgencyAdmin);
    let mut others = network.member(&other.name, "aa-2", Role::AgencyAdmin);
    let (mut here, mut there) =
        (network.staff(&clinic.name, Role::Clinician), network.staff(&other.name, Role::Clinician));
    let made = suspended(&mut own, suspend(subject("staff-1"))).await;
    assert_eq!((&made.agency, made.by_network), (&clinic.name, false));
    assert_eq!(ask(&mut here, &clinic).await, refusal());
    assert_eq!(ask(&mut there, &clinic).await, served(), "the same sign-in for another agency");

    let absent = SuspendedPrincipal {
        name: "suspendedPrincipals/0190d1f0-0000-7000-8000-00000000000a".to_owned(),
        ..Default::default()
    };
    let nothing = others.reinstate_principal(reinstate(&absent)).await.unwrap_err();
    assert_eq!(told(&nothing), (Code::NotFound, "NOT_FOUND".into()));
    let refused = others.reinstate_principal(reinstate(&made)).await.unwrap_err();
    assert_eq!(bytes(&refused), bytes(&nothing));
    let elsewhere =
        SuspendPrincipalRequest { agency: clinic.name.clone(), ..suspend(subject("staff-9")) };
    let refused = others.suspend_principal(elsewhere).await.unwrap_err();
    assert_eq!(bytes(&refused), bytes(&nothing));
    for mine in [subject("aa-1"), client(CLIENT)] {
        let refused = own.suspend_principal(suspend(mine)).await.unwrap_err();
        assert_eq!(fields(&refused), ["principal"]);
    }

    // The network suspends the same principal for the same agency: that stays when the agency's ends.
    let asked =
        SuspendPrincipalRequest { agency: clinic.name.clone(), ..suspend(subject("staff-1")) };
    let theirs = suspended(&mut admin, asked).await;
    own.reinstate_principal(reinstate(&made)).await.unwrap();
    assert_eq!(ask(&mut here, &clinic).await, refusal());
    let refused = own.reinstate_principal(reinstate(&theirs)).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "ACTION_NOT_PERMITTED".into()));
    assert_eq!(listed(&mut own, None).await, std::slice::from_ref(&theirs));
    assert_eq!(listed(&mut others, None).await, []);
    admin.reinstate_principal(reinstate(&theirs)).await.unwrap();
    assert_eq!(ask(&mut here, &clinic).await, served());
    for role in [Role::Clinician, Role::PrivacyOfficer] {
        let mut staff = network.member(&clinic.name, "ms-h", role);
        let refused = staff.suspend_principal(suspend(subject("staff-1"))).await.unwrap_err();
        assert_eq!(told(&refused), (Code::PermissionDenied, "ROLE_NOT_ADMITTED".into()));
    }
}

#[tokio::test]
async fn suspensions_are_listed_a_page_at_a_time_and_a_subject_is_kept_and_shown_nowhere() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut admin = network.admin();
    let mut made = Vec::new();
    for whom in [subject("canary-1"), client("canary-app"), subject("canary-2")] {
        made.push(suspended(&mut admin, suspend(whom)).await);
        network.clock.advance(time::Duration::seconds(1));
    }
    let mut seen = Vec::new();
    let mut asked = ListSuspendedPrincipalsRequest { page_size: 1, ..Default::default() };
    loop {
        let page = admin.list_suspended_principals(asked.clone()).await.unwrap().into_inner();
        assert_eq!(page.suspensions.len(), 1);
        seen.extend(page.suspensions);
        if page.next_page_token.is_empty() {
            break;
        }
        asked.page_token = page.next_page_token;
    }
    assert_eq!(seen, made);
    assert_eq!(listed(&mut admin, Some(subject("canary-2"))).await, [made[2].clone()]);
    assert_eq!(listed(&mut admin, Some(client("canary-2"))).await, []);
    assert!(!format!("{seen:?}").contains("canary-1"));
    let kept: Vec<String> = sqlx::query_scalar(
        "SELECT p::text FROM principal_suspension p
         UNION ALL SELECT e.detail::text FROM audit_event e",
    )
    .fetch_all(&mut network.look().await)
    .await
    .unwrap();
    assert!(kept.len() > 3 && kept.iter().any(|row| row.contains("canary-app")));
    assert!(!kept.iter().any(|row| row.contains("canary-1") || row.contains("canary-2")));
    let mut own = network.member(&clinic.name, "aa-1", Role::AgencyAdmin);
    assert_eq!(listed(&mut own, None).await, []);
}

#[tokio::test]
async fn whom_a_suspension_means_is_stated_whole_or_it_is_refused() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut admin = network.admin();
    let of = |issuer: &str| Principal { issuer: issuer.to_owned(), ..subject("x") };
    let unset = SuspendPrincipalRequest { principal: None, reason: 0, ..suspend(subject("x")) };
    let both = Principal { client_id: "x".to_owned(), ..subject("x") };
    let nowhere = "agencies/0190d1f0-0000-7000-8000-00000000000a".to_owned();
    for (asked, expected) in [
        (unset, vec!["principal", "reason"]),
        (suspend(both), vec!["principal"]),
        (suspend(subject("")), vec!["principal"]),
        // As it is pasted from a chat: no token says it, so nobody would be suspended.
        (suspend(subject("dr-a\u{200B}")), vec!["principal.subject"]),
        (suspend(subject("dr\u{200D}-a")), vec!["principal.subject"]),
        (suspend(client("\u{FEFF}app")), vec!["principal.client_id"]),
        (suspend(client("  ")), vec!["principal.client_id"]),
        (suspend(of("https://elsewhere.example")), vec!["principal.issuer"]),
        (suspend(of("")), vec!["principal.issuer"]),
        (SuspendPrincipalRequest { agency: nowhere, ..suspend(subject("x")) }, vec!["agency"]),
        (
            SuspendPrincipalRequest { agency: clinic.name, ..suspend(of(NETWORK_ISSUER)) },
            vec!["principal.issuer"],
        ),
    ] {
        let refused = admin.suspend_principal(asked.clone()).await.unwrap_err();
        assert_eq!(fields(&refused), expected, "{asked:?}");
    }
    assert_eq!(listed(&mut admin, None).await, []);
}

#[tokio::test]
async fn an_agency_has_a_thousand_in_force_at_most_and_the_network_as_many_as_it_needs() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut own = network.member(&clinic.name, "aa-1", Role::AgencyAdmin);
    let made = suspended(&mut own, suspend(subject("staff-1"))).await;
    sqlx::raw_sql(
        "INSERT INTO principal_suspension
             (id, principal, issuer, agency_id, by_network, reason, at, revision)
         SELECT gen_random_uuid(), sha256(n::text::bytea), issuer, agency_id, false, reason, at, 1000000 + n
         FROM principal_suspension CROSS JOIN generate_series(1, 999) AS n",
    )
    .execute(&mut network.look().await)
    .await
    .unwrap();
    let refused = own.suspend_principal(suspend(subject("staff-2"))).await.unwrap_err();
    assert_eq!(told(&refused), (Code::ResourceExhausted, "LIMIT_EXCEEDED".into()));
    let theirs =
        SuspendPrincipalRequest { agency: clinic.name.clone(), ..suspend(subject("staff-2")) };
    suspended(&mut network.admin(), theirs).await;
    own.reinstate_principal(reinstate(&made)).await.unwrap();
    suspended(&mut own, suspend(subject("staff-3"))).await;
}

#[tokio::test]
async fn another_replica_hears_of_a_suspension_and_of_its_end() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let replica = network.replica().await;
    let mut there = replica.staff(&clinic.name, Role::Clinician);
    let made = suspended(&mut network.admin(), suspend(subject("staff-1"))).await;
    let until = async |there: &mut Client, expected: (Code, String)| {
        soon(async {
            while ask(there, &clinic).await != expected {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await;
    };
    until(&mut there, refusal()).await;
    // One that begins now learns it from the store.
    let mut third = network.replica().await.staff(&clinic.name, Role::Clinician);
    assert_eq!(ask(&mut third, &clinic).await, refusal());
    network.admin().reinstate_principal(reinstate(&made)).await.unwrap();
    until(&mut there, served()).await;
}

#[tokio::test]
async fn a_binding_is_replaced_and_the_old_client_is_refused_before_the_rpc_returns() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let other = network.agency("Other").await;
    let mut admin = network.admin();
    let mut staff = network.staff(&clinic.name, Role::Clinician);
    assert_eq!(ask(&mut staff, &clinic).await, served());
    let bound = |client: &str| AgencyBinding {
        issuer: DEV_ISSUER.to_owned(),
        client_ids: vec![client.to_owned()],
    };
    let rebind = |bindings: Vec<AgencyBinding>| RebindAgencyRequest {
        request_id: request_id(),
        name: clinic.name.clone(),
        bindings,
    };
    let asked = rebind(vec![bound("new-app"), bound("newer-app")]);
    let done = admin.rebind_agency(asked.clone()).await.unwrap().into_inner();
    assert_eq!(done.bindings.len(), 1);
    assert_eq!(done.bindings[0].client_ids, ["new-app", "newer-app"]);
    assert_ne!(done.agency.as_ref().unwrap().etag, clinic.etag);
    assert_eq!(admin.rebind_agency(asked).await.unwrap().into_inner(), done);
    let refused = (Code::Unauthenticated, "UNAUTHENTICATED".to_owned());
    assert_eq!(ask(&mut staff, &clinic).await, refused);
    let mut elsewhere = network.staff(&other.name, Role::Clinician);
    assert_eq!(ask(&mut elsewhere, &clinic).await, served(), "for another agency it still speaks");
    admin.rebind_agency(rebind(Vec::new())).await.unwrap();
    assert_eq!(ask(&mut staff, &clinic).await, refused);
    admin.rebind_agency(rebind(vec![bound(CLIENT)])).await.unwrap();
    assert_eq!(ask(&mut staff, &clinic).await, served());
    // What was bound stays on file.
    let rounds: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT round FROM agency_binding b JOIN agency a ON a.id = b.agency_id
         WHERE a.display_name = 'Clinic' ORDER BY round",
    )
    .fetch_all(&mut network.look().await)
    .await
    .unwrap();
    assert_eq!(rounds, [0, 1, 3]);

    let untrusted = AgencyBinding { issuer: "x".into(), ..bound("y") };
    let mut odd = rebind(vec![bound(" "), untrusted, bound("app\u{200D}")]);
    let refused = admin.rebind_agency(odd.clone()).await.unwrap_err();
    let expected = ["bindings[0].client_ids[0]", "bindings[1].issuer", "bindings[2].client_ids[0]"];
    assert_eq!(fields(&refused), expected);
    odd.bindings.clear();
    odd.name = "agencies/0190d1f0-0000-7000-8000-00000000000a".into();
    assert_eq!(admin.rebind_agency(odd).await.unwrap_err().code(), Code::NotFound);
    let mut own = network.member(&clinic.name, "aa-1", Role::AgencyAdmin);
    let refused = own.rebind_agency(rebind(Vec::new())).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "ROLE_NOT_ADMITTED".into()));
}

/// Until somebody waits for what a test holds.
async fn waits(network: &Network) {
    let sql = "SELECT EXISTS (SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%agency%')";
    let mut conn = network.look().await;
    soon(async {
        while !sqlx::query_scalar::<_, bool>(sql).fetch_one(&mut conn).await.unwrap() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_waited_while_its_principal_was_suspended_is_not_written() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let (mut admin, mut stolen) = (network.admin(), network.other_admin());
    let mut holder = network.look().await;
    sqlx::raw_sql("BEGIN; SELECT FROM agency FOR UPDATE").execute(&mut holder).await.unwrap();
    let asked = SuspendAgencyRequest {
        request_id: request_id(),
        name: clinic.name.clone(),
        reason: "a theft".into(),
    };
    let again = asked.clone();
    let writing = tokio::spawn(async move { (stolen.suspend_agency(asked).await, stolen) });
    waits(&network).await;
    let made = suspended(&mut admin, suspend(subject("admin-2"))).await;
    sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
    let (refused, mut stolen) = soon(writing).await.unwrap();
    assert_eq!(told(&refused.unwrap_err()), refusal());
    let mut staff = network.staff(&clinic.name, Role::Clinician);
    assert_eq!(ask(&mut staff, &clinic).await, served());
    // Nor was it kept as done.
    admin.reinstate_principal(reinstate(&made)).await.unwrap();
    stolen.suspend_agency(again).await.unwrap();
    let gone = (Code::PermissionDenied, "AGENCY_SUSPENDED".to_owned());
    assert_eq!(ask(&mut staff, &clinic).await, gone);
}

#[tokio::test]
async fn what_becomes_of_principals_is_on_record_with_who_did_it() {
    let network = Network::start().await;
    let clinic = network.register(registration("Clinic")).await;
    let mut own = network.member(&clinic.name, "aa-1", Role::AgencyAdmin);
    let made = suspended(&mut own, suspend(subject("staff-1"))).await;
    network.admin().reinstate_principal(reinstate(&made)).await.unwrap();
    let asked = RebindAgencyRequest {
        request_id: request_id(),
        name: clinic.name.clone(),
        bindings: Vec::new(),
    };
    network.admin().rebind_agency(asked).await.unwrap();
    let events = network.ledger.follow(0, 100).await.unwrap();
    let told: Vec<_> = events
        .into_iter()
        .filter_map(ledger::Followed::told)
        .map(|(_, event)| {
            let rpc = event.rpc.rsplit('/').next().unwrap().to_owned();
            (rpc, event.caller.kind.to_string(), event.records.clone())
        })
        .collect();
    let id = |name: &str| name.rsplit('/').next().unwrap().parse::<uuid::Uuid>().unwrap();
    let (clinic, made) = (vec![id(&clinic.name)], vec![id(&made.name)]);
    let row =
        |rpc: &str, kind: &str, of: &[uuid::Uuid]| (rpc.to_owned(), kind.to_owned(), of.to_vec());
    assert_eq!(
        told,
        [
            row("RegisterAgency", "NETWORK", &clinic),
            row("SuspendPrincipal", "AGENCY_STAFF", &made),
            row("ReinstatePrincipal", "NETWORK", &made),
            row("RebindAgency", "NETWORK", &clinic),
        ]
    );
}
