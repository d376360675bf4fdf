//! Every service a process of its own: a friend joins the circle, suggests something, calls for the crisis plan and is
//! shown what the person chose; the person is told of it, and lets them go.

use tonic::Code;
use trellis_tests::{Actor, BOUND, Person, Processes, World, request_id, served, until};
use wire::{
    people::v1::{AcceptInvitationRequest, ListNoticesRequest, NoticeKind},
    recovery::v1::{
        ActivateCrisisPlanRequest, AddSupporterRequest, ContributeRequest, CrisisPlan, CrisisRules,
        CrisisState, CrisisView, DecideContributionRequest, EndSupporterRequest, GetPlanRequest,
        ListCrisesRequest, PlanItem, PlanSectionKind, SectionContent, SetCrisisRulesRequest,
        Supporter, SupporterRelationship,
    },
};

/// One whom the person has asked, and a sign-in that has accepted.
async fn friend(processes: &Processes, jane: &Person) -> (Supporter, Actor) {
    let asking = AddSupporterRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        called: "Kim".to_owned(),
        relationship: SupporterRelationship::Friend.into(),
        ..Default::default()
    };
    let asked = served!(jane.actor.recovery(), add_supporter, asking);
    let network = processes.network();
    let kim = network.actor(network.tokens.supporter(&format!("kim-of-{}", jane.sub)));
    let accepting = AcceptInvitationRequest { request_id: request_id(), code: asked.code };
    let accepted = served!(kim.people(), accept_invitation, accepting);
    let supporter = asked.supporter.unwrap();
    assert_eq!((&accepted.supporter, &accepted.person), (&supporter.name, &jane.name));
    (supporter, kim)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_friend_is_asked_suggests_calls_is_shown_and_let_go() {
    let processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let jane = world.person(processes.network()).await;
    let (supporter, kim) = friend(&processes, &jane).await;
    let plan = || GetPlanRequest { person: jane.name.clone() };
    let absent = async |by: &Actor| {
        by.recovery().get_plan(plan()).await.unwrap_err().code() == Code::NotFound
    };
    assert!(absent(&kim).await);

    let helps = vec![PlanItem { words: "Quiet.".to_owned() }];
    let crisis_plan = Some(CrisisPlan { helps, ..Default::default() });
    let suggesting = ContributeRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        content: Some(SectionContent { crisis_plan, ..Default::default() }),
    };
    let suggested = served!(kim.recovery(), contribute, suggesting).contribution.unwrap();
    let deciding = DecideContributionRequest {
        request_id: request_id(),
        name: suggested.name,
        accept: true,
        ..Default::default()
    };
    served!(jane.actor.recovery(), decide_contribution, deciding);

    let viewers = vec![supporter.name.clone()];
    let section = PlanSectionKind::CrisisPlan.into();
    let rules = CrisisRules {
        activators: viewers.clone(),
        threshold: 1,
        views: vec![CrisisView { section, viewers }],
        most_hours: 48,
        ..Default::default()
    };
    let (id, person) = (request_id(), jane.name.clone());
    let setting = SetCrisisRulesRequest { request_id: id, person, rules: Some(rules) };
    served!(jane.actor.recovery(), set_crisis_rules, setting);
    assert!(absent(&kim).await);
    let calling = ActivateCrisisPlanRequest { request_id: request_id(), person: jane.name.clone() };
    let called = served!(kim.recovery(), activate_crisis_plan, calling);
    assert_eq!(called.state(), CrisisState::Active);
    let seen = served!(kim.recovery(), get_plan, plan()).sections;
    assert_eq!((seen.len(), seen[0].kind()), (1, PlanSectionKind::CrisisPlan));
    assert_eq!(seen[0].content, suggested.content);
    let told = served!(kim.recovery(), list_crises, ListCrisesRequest::default()).crises;
    assert!(told.len() == 1 && told[0].shown);
    assert!(absent(&world.clinician).await);

    let told = async || {
        let request = ListNoticesRequest { person: jane.name.clone(), ..Default::default() };
        let notices = served!(jane.actor.people(), list_notices, request).notices;
        notices.into_iter().find(|notice| notice.kind() == NoticeKind::CrisisActivated)
    };
    until("the person is told", BOUND, told).await;

    let letting_go = EndSupporterRequest { request_id: request_id(), name: supporter.name };
    served!(jane.actor.recovery(), end_supporter, letting_go);
    assert!(absent(&kim).await);
    let calling = ActivateCrisisPlanRequest { request_id: request_id(), person: jane.name.clone() };
    let refused = kim.recovery().activate_crisis_plan(calling).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}
