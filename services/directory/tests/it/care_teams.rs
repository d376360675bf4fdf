use kernel::{AgencyId, CareTeamId, PractitionerId, Role};
use tonic::Code;
use uuid::Uuid;
use wire::directory::v1::{
    Agency, CareTeam, CareTeamStatus, CreateCareTeamRequest, GetCareTeamRequest,
    ListCareTeamsRequest, UpdateCareTeamRequest,
};

use crate::{
    support::{Client, Network, bytes, fields, request_id, told},
    update_agency::mask,
};

fn team(display_name: &str, members: &[&str]) -> CreateCareTeamRequest {
    CreateCareTeamRequest {
        request_id: request_id(),
        display_name: display_name.to_owned(),
        members: members.iter().map(|m| (*m).to_owned()).collect(),
    }
}

async fn create(client: &mut Client, asked: CreateCareTeamRequest) -> CareTeam {
    client.create_care_team(asked).await.unwrap().into_inner().care_team.unwrap()
}

fn update(to: CareTeam, paths: &[&str]) -> UpdateCareTeamRequest {
    UpdateCareTeamRequest {
        request_id: request_id(),
        etag: to.etag.clone(),
        care_team: Some(to),
        update_mask: mask(paths),
    }
}

async fn changed(client: &mut Client, asked: UpdateCareTeamRequest) -> CareTeam {
    client.update_care_team(asked).await.unwrap().into_inner().care_team.unwrap()
}

/// The teams of "ms-h" at an agency, as decisions know them.
fn known(network: &Network, agency: &Agency) -> Vec<CareTeamId> {
    let agencies = network.directory.agencies().unwrap().1;
    let id = AgencyId::new(agency.name.strip_prefix("agencies/").unwrap());
    agencies.care_teams_of(&id, &PractitionerId::new("ms-h"))
}

#[tokio::test]
async fn a_care_team_is_added_changed_and_ended_and_decisions_know_it_meanwhile() {
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Clinic").await, network.agency("Other").await);
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    let asked = team(" Night team ", &["ms-h", "dr-c"]);
    let made = create(&mut own, asked.clone()).await;
    assert_eq!(create(&mut own, asked).await, made, "a repeat answers as the first time");
    assert_eq!((&*made.display_name, &made.agency), ("Night team", &clinic.name));
    assert_eq!((made.members.len(), made.status()), (2, CareTeamStatus::Active));
    let id = made.name.strip_prefix("careTeams/").unwrap().to_owned();
    assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 7);
    let id = CareTeamId::new(id);
    assert_eq!(known(&network, &clinic), std::slice::from_ref(&id));
    assert_eq!(known(&network, &other), []);
    let asked = GetCareTeamRequest { name: made.name.clone() };
    let read = own.get_care_team(asked).await.unwrap().into_inner().care_team.unwrap();
    assert_eq!(read, made);

    let to = CareTeam { members: vec!["dr-c".into()], display_name: "X".into(), ..made.clone() };
    let out = changed(&mut own, update(to, &["members"])).await;
    let expected =
        CareTeam { members: vec!["dr-c".into()], etag: out.etag.clone(), ..made.clone() };
    assert_eq!(out, expected);
    assert_eq!(known(&network, &clinic), []);
    let stale = own.update_care_team(update(made, &["members"])).await.unwrap_err();
    assert_eq!(told(&stale), (Code::Aborted, "ETAG_MISMATCH".into()));
    let to = CareTeam { members: vec!["ms-h".into()], ..out };
    let back = changed(&mut own, update(to, &["members"])).await;
    assert_eq!(known(&network, &clinic), [id]);
    // A replica that starts now knows the same.
    let replica = network.replica().await;
    assert_eq!(known(&replica, &clinic).len(), 1);
    let refused = own.update_care_team(update(back.clone(), &["status"])).await.unwrap_err();
    assert_eq!(fields(&refused), ["care_team.status"]);
    let to = CareTeam { status: CareTeamStatus::Ended.into(), ..back };
    let ended = changed(&mut own, update(to, &["status"])).await;
    assert_eq!(ended.status(), CareTeamStatus::Ended);
    assert_eq!(known(&network, &clinic), []);
    let again = own.update_care_team(update(ended, &["display_name"])).await.unwrap_err();
    assert_eq!(told(&again), (Code::FailedPrecondition, "WRONG_STATE".into()));
}

#[tokio::test]
async fn another_agencys_care_team_is_as_absent_as_one_that_is_not_there() {
    let network = Network::start().await;
    let (clinic, other) = (network.agency("Clinic").await, network.agency("Other").await);
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    let made = create(&mut own, team("Night team", &["ms-h"])).await;
    let mut theirs = network.staff(&other.name, Role::AgencyAdmin);
    let absent = "careTeams/0190d1f0-0000-7000-8000-00000000000a".to_owned();
    let get = |name: &String| GetCareTeamRequest { name: name.clone() };
    let nothing = theirs.get_care_team(get(&absent)).await.unwrap_err();
    assert_eq!(told(&nothing), (Code::NotFound, "NOT_FOUND".into()));
    let refused = theirs.get_care_team(get(&made.name)).await.unwrap_err();
    assert_eq!(bytes(&refused), bytes(&nothing));
    let refused = theirs.update_care_team(update(made.clone(), &["members"])).await.unwrap_err();
    assert_eq!(bytes(&refused), bytes(&nothing));
    let list = ListCareTeamsRequest::default();
    assert_eq!(theirs.list_care_teams(list.clone()).await.unwrap().into_inner().care_teams, []);
    for client in [network.admin(), network.staff(&clinic.name, Role::CaseManager)] {
        let mut client = client;
        let refused = [
            client.create_care_team(team("Mine", &[])).await.unwrap_err(),
            client.update_care_team(update(made.clone(), &["members"])).await.unwrap_err(),
            client.get_care_team(get(&made.name)).await.unwrap_err(),
            client.list_care_teams(list.clone()).await.unwrap_err(),
        ];
        assert!(refused.iter().all(|status| status.code() == Code::PermissionDenied));
    }
}

#[tokio::test]
async fn care_teams_are_listed_by_name_and_not_too_many_are_active() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    let mut made = Vec::new();
    for n in 0..50 {
        made.push(create(&mut own, team(&format!("Team {:02}", 49 - n), &["ms-h"])).await);
    }
    let refused = own.create_care_team(team("One more", &[])).await.unwrap_err();
    assert_eq!(told(&refused), (Code::ResourceExhausted, "LIMIT_EXCEEDED".into()));
    let to = CareTeam { status: CareTeamStatus::Ended.into(), ..made[0].clone() };
    changed(&mut own, update(to, &["status"])).await;
    create(&mut own, team("One more", &[])).await;
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = ListCareTeamsRequest { page_size: 20, page_token };
        let page = own.list_care_teams(asked).await.unwrap().into_inner();
        names.extend(page.care_teams.into_iter().map(|team| team.display_name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!((names.len(), &*names[0], &*names[50]), (51, "One more", "Team 49"));
    assert!(names.is_sorted());
}

#[tokio::test]
async fn a_care_team_is_refused_with_every_field_that_is_wrong() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let mut own = network.staff(&clinic.name, Role::AgencyAdmin);
    let odd = team(" ", &["ok", "", " ms-h", "a\u{0}b"]);
    let refused = own.create_care_team(odd).await.unwrap_err();
    let expected = ["display_name", "members[1]", "members[2]", "members[3]"];
    let mut named = fields(&refused);
    named.dedup();
    assert_eq!(named, expected);
    let doubled = team("Team", &["ms-h", "ms-h"]);
    assert_eq!(fields(&own.create_care_team(doubled).await.unwrap_err()), ["members"]);
    let many: Vec<String> = (0..201).map(|n| format!("m-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = own.create_care_team(team("Team", &many)).await.unwrap_err();
    assert_eq!(fields(&refused), ["members"]);
    let made = create(&mut own, team("Team", &many[..200])).await;
    let to = CareTeam { members: vec![" ".into()], display_name: String::new(), ..made };
    let refused = own.update_care_team(update(to.clone(), &["members", "display_name"])).await;
    let mut named = fields(&refused.unwrap_err());
    named.dedup();
    assert_eq!(named, ["care_team.display_name", "care_team.members[0]"]);
    let refused = own.update_care_team(update(to, &["agency", "x"])).await.unwrap_err();
    assert_eq!(fields(&refused), ["update_mask.paths[0]", "update_mask.paths[1]"]);
}
