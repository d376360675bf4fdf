//! A crisis plan is activated by whom the person chose, shows what they chose to whom they chose, and ends.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::recovery::v1::{self as pb, CrisisState as State, PlanSectionKind as Kind};

use crate::{
    supported::{
        by_one, calling, ending, fresh, id_of, looking, saying, sharing_with, stopping, whole,
    },
    world::{
        CLINIC, Client, HOUSING, STRANGE, World, is_absent, list_of, practitioner, sharing,
        toolbox, unsharing, writing,
    },
};

fn view(section: Kind, viewers: &[&str]) -> pb::CrisisView {
    let viewers = viewers.iter().map(|name| (*name).to_owned()).collect();
    pb::CrisisView { section: section.into(), viewers }
}

fn setting(person: Uuid, rules: pb::CrisisRules) -> pb::SetCrisisRulesRequest {
    pb::SetCrisisRulesRequest {
        request_id: fresh(),
        person: format!("people/{person}"),
        rules: Some(rules),
    }
}

/// Two of three activate it; the crisis plan is shown to Kim and to the clinic's doctor, and the toolbox to Kim.
fn rules(circle: &[pb::Supporter]) -> pb::CrisisRules {
    let doctor = practitioner(CLINIC, "dr-c");
    pb::CrisisRules {
        activators: circle.iter().map(|one| one.name.clone()).collect(),
        threshold: 2,
        views: vec![
            view(Kind::CrisisPlan, &[&circle[0].name, &doctor]),
            view(Kind::WellnessToolbox, &[&circle[0].name]),
        ],
        end_threshold: 2,
        most_hours: 48,
        create_time: None,
    }
}

struct Scene {
    world: World,
    person: Uuid,
    jane: Client,
    circle: Vec<pb::Supporter>,
    by: Vec<Client>,
}

impl Scene {
    /// Jane, of whose circle are Kim, Lee, Max and Nan.
    async fn new() -> Self {
        let world = World::new().await;
        let (person, jane) = world.somebody();
        jane.update(writing(person, toolbox("a walk"))).await.unwrap();
        let (mut circle, mut by) = (Vec::new(), Vec::new());
        for name in ["kim", "lee", "max", "nan"] {
            let (supporter, client) = world.supporter(person, &jane, name).await;
            circle.push(supporter);
            by.push(client);
        }
        Self { world, person, jane, circle, by }
    }

    async fn ruled() -> Self {
        let scene = Self::new().await;
        let rules = rules(&scene.circle[..3]);
        scene.jane.set_crisis_rules(setting(scene.person, rules)).await.unwrap();
        scene
    }

    async fn call(&self, n: usize) -> State {
        self.by[n].activate_crisis_plan(calling(self.person)).await.unwrap().state()
    }

    async fn stop(&self, n: usize) -> State {
        self.by[n].deactivate_crisis_plan(stopping(self.person)).await.unwrap().state()
    }

    async fn state(&self) -> State {
        self.jane.get_crisis(looking(self.person)).await.unwrap().state()
    }
}

async fn seen(by: &Client, person: Uuid) -> Vec<Kind> {
    match by.plan(person).await {
        Ok(plan) => plan.sections.iter().map(pb::PlanSection::kind).collect(),
        Err(refused) => {
            is_absent(&refused);
            Vec::new()
        }
    }
}

#[tokio::test]
async fn when_as_many_have_called_what_was_chosen_is_open_to_whom_it_was_chosen_for_until_it_ends()
{
    let scene = Scene::ruled().await;
    let (person, jane) = (scene.person, &scene.jane);
    let doctor = scene.world.clinician(CLINIC, "dr-c");
    let other = scene.world.clinician(HOUSING, "dr-c");
    let outside = |n: usize| &scene.by[n];
    assert_eq!(scene.call(0).await, State::Inactive);
    // Once more by the same is one call.
    assert_eq!(scene.call(0).await, State::Inactive);
    assert!(seen(outside(0), person).await.is_empty());
    assert_eq!(scene.call(2).await, State::Active);
    assert_eq!(scene.state().await, State::Active);
    assert_eq!(seen(outside(0), person).await, [Kind::WellnessToolbox, Kind::CrisisPlan]);
    assert_eq!(seen(&doctor, person).await, [Kind::CrisisPlan]);
    for by in [outside(1), outside(2), outside(3), &other] {
        assert!(seen(by, person).await.is_empty());
    }
    // What is written now is shown as well, and nothing beside it.
    jane.update(writing(person, toolbox("a swim"))).await.unwrap();
    let plan = outside(0).plan(person).await.unwrap();
    assert_eq!(plan.sections[0].content, Some(toolbox("a swim")));
    let shares = jane.shares(list_of(person)).await.unwrap().shares;
    assert_eq!(shares.len(), 3);
    assert!(shares.iter().all(|share| share.crisis.starts_with("crisisSteps/")));
    // Two of them end it.
    assert_eq!(scene.stop(1).await, State::Active);
    assert_eq!(scene.stop(1).await, State::Active);
    assert_eq!(seen(&doctor, person).await, [Kind::CrisisPlan]);
    assert_eq!(scene.stop(2).await, State::Inactive);
    assert!(seen(outside(0), person).await.is_empty() && seen(&doctor, person).await.is_empty());
    let told = jane.get_crisis(looking(person)).await.unwrap();
    let kinds: Vec<(i32, bool)> = told.steps.iter().map(|s| (s.kind, s.turned)).collect();
    assert_eq!(kinds, [(3, true), (3, false), (1, true), (1, false)]);
    assert_eq!(told.steps[0].supporter, scene.circle[2].name);
    // And the person is told of both, by the people service.
    let sql = "SELECT kind, agencies FROM circle_event WHERE person_id = $1 ORDER BY seq";
    let events: Vec<(String, Vec<Uuid>)> =
        sqlx::query_as(sql).bind(person).fetch_all(&mut scene.world.admin().await).await.unwrap();
    assert_eq!(
        events,
        [("CRISIS_ACTIVATED".to_owned(), vec![]), ("CRISIS_ENDED".to_owned(), vec![])]
    );
    // All of it is on record, each reading by the share that opened it.
    let events = scene.world.stage.events().await;
    for step in &told.steps {
        let found = events.iter().find(|event| event.records.contains(&id_of(&step.name)));
        assert_eq!(&*found.unwrap().caller.kind, "SUPPORTER");
    }
    let read =
        events.iter().find(|event| &*event.caller.subject == "dr-c" && !event.consents.is_empty());
    assert!(shares.iter().any(|share| read.unwrap().consents[0].0 == id_of(&share.name)));
}

#[tokio::test]
async fn the_person_ends_it_at_once_and_it_ends_by_itself_at_its_time() {
    let scene = Scene::ruled().await;
    let (person, jane) = (scene.person, &scene.jane);
    scene.call(0).await;
    scene.call(1).await;
    assert_eq!(seen(&scene.by[0], person).await.len(), 2);
    let end = stopping(person);
    for _ in 0..2 {
        let stops = jane.deactivate_crisis_plan(end.clone());
        let ended = scene.world.fenced(stops).await.unwrap();
        assert_eq!(ended.state(), State::Inactive);
    }
    assert!(seen(&scene.by[0], person).await.is_empty());
    // Calls before the end call for nothing after it.
    assert_eq!(scene.call(2).await, State::Inactive);
    // The person lets calls that wait count no more, too.
    jane.deactivate_crisis_plan(stopping(person)).await.unwrap();
    assert_eq!(scene.call(0).await, State::Inactive);
    assert_eq!(scene.call(2).await, State::Active);
    scene.world.clock.advance(Duration::hours(48) - Duration::SECOND);
    assert_eq!(seen(&scene.by[0], person).await.len(), 2);
    scene.world.clock.advance(Duration::SECOND);
    assert!(seen(&scene.by[0], person).await.is_empty());
    assert_eq!(scene.state().await, State::Inactive);
    assert_eq!(scene.call(0).await, State::Inactive);
    assert_eq!(scene.call(1).await, State::Active);
    assert_eq!(seen(&scene.by[0], person).await.len(), 2);
    // Other rules: what was activated by those before is over.
    let rules = rules(&scene.circle[..3]);
    jane.set_crisis_rules(setting(person, rules)).await.unwrap();
    assert!(seen(&scene.by[0], person).await.is_empty());
    assert_eq!(scene.state().await, State::Inactive);
}

#[tokio::test]
async fn a_call_counts_for_72_hours_and_may_be_taken_back_and_of_who_was_let_go_none_counts() {
    let scene = Scene::ruled().await;
    let person = scene.person;
    scene.call(0).await;
    scene.world.clock.advance(Duration::hours(72));
    assert_eq!(scene.call(1).await, State::Inactive);
    assert_eq!(scene.stop(1).await, State::Inactive);
    assert_eq!(scene.call(0).await, State::Inactive);
    assert_eq!(scene.call(1).await, State::Active);
    scene.jane.deactivate_crisis_plan(stopping(person)).await.unwrap();
    scene.call(1).await;
    scene.jane.end_supporter(ending(&scene.circle[1])).await.unwrap();
    assert_eq!(scene.call(0).await, State::Inactive);
    assert_eq!(scene.call(2).await, State::Active);
    // Who is let go sees nothing more, and neither does who only contributes from now on.
    assert_eq!(seen(&scene.by[0], person).await.len(), 2);
    let only = pb::UpdateSupporterRequest { contribute_only: true, ..saying(&scene.circle[0]) };
    scene.jane.update_supporter(only).await.unwrap();
    assert!(seen(&scene.by[0], person).await.is_empty());
    scene.jane.update_supporter(saying(&scene.circle[0])).await.unwrap();
    assert_eq!(seen(&scene.by[0], person).await.len(), 2);
    scene.jane.end_supporter(ending(&scene.circle[0])).await.unwrap();
    assert!(seen(&scene.by[0], person).await.is_empty());
}

#[tokio::test]
async fn a_crisis_takes_nothing_away_that_the_person_shared_and_one_view_can_be_closed() {
    let scene = Scene::ruled().await;
    let (person, jane) = (scene.person, &scene.jane);
    let tools = jane.section(person, Kind::WellnessToolbox).await;
    jane.share(sharing_with(&scene.world, &tools, &scene.circle[0])).await.unwrap();
    scene.call(0).await;
    scene.call(1).await;
    // Sharing anew is beside what the crisis shows.
    jane.share(sharing_with(&scene.world, &tools, &scene.circle[0])).await.unwrap();
    assert_eq!(seen(&scene.by[0], person).await, [Kind::WellnessToolbox, Kind::CrisisPlan]);
    let shares = jane.shares(list_of(person)).await.unwrap().shares;
    let crisis = jane.section(person, Kind::CrisisPlan).await;
    let shown = shares
        .iter()
        .find(|share| share.section == crisis.name && share.grantee == scene.circle[0].name);
    jane.unshare(unsharing(shown.unwrap())).await.unwrap();
    assert_eq!(seen(&scene.by[0], person).await, [Kind::WellnessToolbox]);
    jane.deactivate_crisis_plan(stopping(person)).await.unwrap();
    assert_eq!(seen(&scene.by[0], person).await, [Kind::WellnessToolbox]);
}

#[tokio::test]
async fn to_whom_was_not_chosen_there_is_no_crisis_plan_and_a_repeat_is_one_call() {
    let scene = Scene::ruled().await;
    let (person, by) = (scene.person, &scene.by);
    let (unruled, lee) = scene.world.somebody();
    scene.world.supporter(unruled, &lee, "kim-2").await;
    let kim_2 = scene.world.individual("kim-2", kernel::Role::Supporter);
    let mut refusals = Vec::new();
    for (client, of) in [(&by[3], person), (&kim_2, unruled), (&kim_2, person), (&by[0], unruled)] {
        refusals.push(client.activate_crisis_plan(calling(of)).await.unwrap_err());
        refusals.push(client.deactivate_crisis_plan(stopping(of)).await.unwrap_err());
    }
    refusals.push(by[0].activate_crisis_plan(calling(Uuid::new_v4())).await.unwrap_err());
    refusals.push(lee.deactivate_crisis_plan(stopping(person)).await.unwrap_err());
    refusals.push(lee.get_crisis(looking(person)).await.unwrap_err());
    let rules = rules(&scene.circle[..3]);
    refusals.push(lee.set_crisis_rules(setting(person, rules)).await.unwrap_err());
    assert!(refusals.iter().all(|refused| whole(refused) == whole(&refusals[0])), "{refusals:?}");
    is_absent(&refusals[0]);
    for client in [&scene.jane, &scene.world.clinician(CLINIC, "dr-c")] {
        let refused = client.activate_crisis_plan(calling(person)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let call = calling(person);
    let first = by[0].activate_crisis_plan(call.clone()).await.unwrap();
    by[1].activate_crisis_plan(calling(person)).await.unwrap();
    // As the first time, whatever came after it.
    assert_eq!(by[0].activate_crisis_plan(call).await.unwrap(), first);
    assert_eq!(scene.jane.get_crisis(looking(person)).await.unwrap().steps.len(), 2);
    let many =
        futures::future::join_all((0..3).map(|n| by[n].deactivate_crisis_plan(stopping(person))));
    let ended =
        many.await.into_iter().filter(|done| done.as_ref().unwrap().state() == State::Inactive);
    assert!(ended.count() >= 1);
    assert_eq!(scene.state().await, State::Inactive);
}

#[tokio::test]
async fn whoever_repeats_themself_is_kept_once_and_no_record_names_what_never_was() {
    let scene = Scene::ruled().await;
    let (person, jane) = (scene.person, &scene.jane);
    let kinds = async || -> Vec<i32> {
        let told = jane.get_crisis(looking(person)).await.unwrap();
        told.steps.iter().map(|step| step.kind).collect()
    };
    // There is nothing to end: it is on record all the same.
    let end = stopping(person);
    for _ in 0..2 {
        jane.deactivate_crisis_plan(end.clone()).await.unwrap();
    }
    assert_eq!(scene.stop(0).await, State::Inactive);
    for _ in 0..5 {
        assert_eq!(scene.call(0).await, State::Inactive);
    }
    let again = calling(person);
    for _ in 0..2 {
        scene.by[0].activate_crisis_plan(again.clone()).await.unwrap();
    }
    assert_eq!(kinds().await, [1]);
    // Renewed once an hour, and counted from then.
    scene.world.clock.advance(Duration::hours(1) - Duration::SECOND);
    scene.call(0).await;
    assert_eq!(kinds().await, [1]);
    scene.world.clock.advance(Duration::SECOND);
    scene.call(0).await;
    scene.call(0).await;
    assert_eq!(kinds().await, [1, 1]);
    scene.world.clock.advance(Duration::hours(72) - Duration::SECOND);
    assert_eq!(scene.call(1).await, State::Active);
    assert_eq!(scene.call(2).await, State::Active);
    for _ in 0..5 {
        assert_eq!(scene.stop(2).await, State::Active);
    }
    assert_eq!(kinds().await, [3, 1, 1, 1]);
    jane.deactivate_crisis_plan(stopping(person)).await.unwrap();
    jane.deactivate_crisis_plan(stopping(person)).await.unwrap();
    assert_eq!(kinds().await, [4, 3, 1, 1, 1]);
    let (unruled, lee) = scene.world.somebody();
    lee.deactivate_crisis_plan(stopping(unruled)).await.unwrap();
    let sql = "SELECT id FROM crisis_step UNION SELECT id FROM crisis_rules
               UNION SELECT person_id FROM plan";
    let known: BTreeSet<Uuid> = sqlx::query_scalar(sql)
        .fetch_all(&mut scene.world.admin().await)
        .await
        .unwrap()
        .into_iter()
        .collect();
    let events = scene.world.stage.events().await;
    let acts = events.iter().filter(|event| event.rpc.ends_with("ateCrisisPlan"));
    let acts: Vec<_> = acts.map(|event| &event.records).collect();
    assert_eq!(acts.len(), 23);
    assert!(acts.iter().all(|records| records.len() == 1 && known.contains(&records[0])));
}

#[tokio::test]
async fn whom_the_person_chose_is_told_by_their_own_list() {
    let scene = Scene::ruled().await;
    let (world, person) = (&scene.world, scene.person);
    let list = pb::ListCrisesRequest::default();
    let told = scene.by[0].list_crises(list.clone()).await.unwrap().crises;
    let waits = pb::Crisis {
        person: format!("people/{person}"),
        state: State::Inactive.into(),
        until_time: None,
        may_activate: true,
        shown: false,
    };
    assert_eq!(told, [waits]);
    assert!(scene.by[3].list_crises(list.clone()).await.unwrap().crises.is_empty());
    let doctor = world.clinician(CLINIC, "dr-c");
    assert!(doctor.list_crises(list.clone()).await.unwrap().crises.is_empty());
    scene.call(0).await;
    scene.call(1).await;
    let told = scene.by[0].list_crises(list.clone()).await.unwrap().crises;
    assert!(told[0].shown && told[0].state() == State::Active && told[0].until_time.is_some());
    // The person has closed it to them since.
    let shares = scene.jane.shares(list_of(person)).await.unwrap().shares;
    let theirs = |share: &&pb::SectionShare| {
        share.grantee == scene.circle[0].name && share.end_time.is_none()
    };
    for share in shares.iter().filter(theirs) {
        scene.jane.unshare(unsharing(share)).await.unwrap();
    }
    let told = scene.by[0].list_crises(list.clone()).await.unwrap().crises;
    assert!(!told[0].shown && told[0].state() == State::Active);
    let told = scene.by[1].list_crises(list.clone()).await.unwrap().crises;
    assert!(!told[0].shown && told[0].may_activate && told[0].state() == State::Active);
    let told = doctor.list_crises(list.clone()).await.unwrap().crises;
    assert_eq!((told.len(), &*told[0].person), (1, &*format!("people/{person}")));
    assert!(told[0].shown && !told[0].may_activate);
    let other = world.clinician(HOUSING, "dr-c");
    assert!(other.list_crises(list.clone()).await.unwrap().crises.is_empty());
    scene.jane.end_supporter(ending(&scene.circle[0])).await.unwrap();
    assert!(scene.by[0].list_crises(list.clone()).await.unwrap().crises.is_empty());
    scene.jane.deactivate_crisis_plan(stopping(person)).await.unwrap();
    assert!(doctor.list_crises(list.clone()).await.unwrap().crises.is_empty());
    let bad = pb::ListCrisesRequest { page_size: 201, ..list.clone() };
    assert_eq!(doctor.list_crises(bad).await.unwrap_err().code(), Code::InvalidArgument);
    let bad = pb::ListCrisesRequest { page_token: "x".into(), ..list };
    assert_eq!(doctor.list_crises(bad).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused_and_set_nothing() {
    let scene = Scene::new().await;
    let (person, jane, circle) = (scene.person, &scene.jane, &scene.circle);
    let good = rules(&circle[..3]);
    let only = pb::UpdateSupporterRequest { contribute_only: true, ..saying(&circle[3]) };
    jane.update_supporter(only).await.unwrap();
    let stranger = format!("supporters/{}", Uuid::new_v4());
    let strange = practitioner(STRANGE, "dr-c");
    let seen = |viewer: &str| vec![view(Kind::CrisisPlan, &[viewer])];
    for bad in [
        pb::CrisisRules::default(),
        pb::CrisisRules { activators: vec![], ..good.clone() },
        pb::CrisisRules {
            activators: vec![stranger.clone()],
            threshold: 1,
            end_threshold: 0,
            ..good.clone()
        },
        pb::CrisisRules { threshold: 0, ..good.clone() },
        pb::CrisisRules { threshold: 4, ..good.clone() },
        pb::CrisisRules { end_threshold: 4, ..good.clone() },
        pb::CrisisRules { end_threshold: -1, ..good.clone() },
        pb::CrisisRules { most_hours: 0, ..good.clone() },
        pb::CrisisRules { most_hours: 721, ..good.clone() },
        pb::CrisisRules { views: vec![], ..good.clone() },
        pb::CrisisRules { views: vec![view(Kind::CrisisPlan, &[])], ..good.clone() },
        pb::CrisisRules {
            views: vec![view(Kind::Unspecified, &[&circle[0].name])],
            ..good.clone()
        },
        pb::CrisisRules {
            views: [seen(&circle[0].name), seen(&circle[1].name)].concat(),
            ..good.clone()
        },
        pb::CrisisRules { views: seen(&circle[3].name), ..good.clone() },
        pb::CrisisRules { views: seen(&stranger), ..good.clone() },
        pb::CrisisRules { views: seen(&strange), ..good.clone() },
        pb::CrisisRules { views: seen("somebody"), ..good.clone() },
    ] {
        let refused = jane.set_crisis_rules(setting(person, bad.clone())).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{bad:?}");
    }
    assert!(jane.get_crisis(looking(person)).await.unwrap().rules.is_none());
    // Who only contributes may call all the same.
    let callers = circle.iter().map(|one| one.name.clone()).collect();
    let set = pb::CrisisRules { activators: callers, ..good };
    let set = jane.set_crisis_rules(setting(person, set)).await.unwrap().rules.unwrap();
    assert_eq!(jane.get_crisis(looking(person)).await.unwrap().rules, Some(set));
    assert_eq!(scene.call(3).await, State::Inactive);
    let weak = scene.world.signed_in(person, Some(&[CLINIC]));
    let refused = weak.deactivate_crisis_plan(stopping(person)).await.unwrap_err();
    assert_eq!(crate::world::told(&refused).1, "SIGN_IN_NOT_CONFIRMED");
}

/// What somebody does; of the circle by their place.
#[derive(Debug, Clone, Copy)]
enum Does {
    Call(usize),
    Stop(usize),
    End,
    LetGo(usize),
    Wait(i64),
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        8 => (0usize..4).prop_map(Does::Call),
        3 => (0usize..4).prop_map(Does::Stop),
        1 => Just(Does::End),
        1 => (1usize..4).prop_map(Does::LetGo),
        3 => prop_oneof![Just(1), Just(47), Just(72)].prop_map(Does::Wait),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_no_sequence_is_a_section_shown_to_whom_was_not_chosen_and_none_blocks_a_threshold_that_was_met()
 {
    let mut runner = TestRunner::new(Config::default());
    let (mut active_seen, mut closed_seen) = (0, 0);
    for _ in 0..8 {
        let all = prop::collection::vec(does(), 12..20).new_tree(&mut runner).unwrap().current();
        let scene = Scene::ruled().await;
        let (person, doctor) = (scene.person, scene.world.clinician(CLINIC, "dr-c"));
        // Hours since the beginning.
        let (mut now, mut calls) = (0i64, BTreeMap::<usize, i64>::new());
        let mut until = 0i64;
        let mut asked = BTreeSet::new();
        let mut gone = BTreeSet::new();
        for one in &all {
            match *one {
                Does::Call(n) => {
                    let done = scene.by[n].activate_crisis_plan(calling(person)).await;
                    if n == 3 || gone.contains(&n) {
                        is_absent(&done.unwrap_err());
                    } else {
                        done.unwrap();
                        if now >= until {
                            calls.insert(n, now);
                            let counts = |(who, at): &(&usize, &i64)| {
                                !gone.contains(*who) && now - **at < 72
                            };
                            if calls.iter().filter(counts).count() >= 2 {
                                until = now + 48;
                                calls.clear();
                                asked.clear();
                            }
                        }
                    }
                }
                Does::Stop(n) => {
                    let done = scene.by[n].deactivate_crisis_plan(stopping(person)).await;
                    if n == 3 || gone.contains(&n) {
                        is_absent(&done.unwrap_err());
                    } else {
                        done.unwrap();
                        if now >= until {
                            calls.remove(&n);
                        } else {
                            asked.insert(n);
                            if asked.iter().filter(|who| !gone.contains(*who)).count() >= 2 {
                                until = 0;
                            }
                        }
                    }
                }
                Does::End => {
                    scene.jane.deactivate_crisis_plan(stopping(person)).await.unwrap();
                    (until, calls) = (0, BTreeMap::new());
                }
                Does::LetGo(n) => {
                    if gone.insert(n) {
                        scene.jane.end_supporter(ending(&scene.circle[n])).await.unwrap();
                    }
                }
                Does::Wait(hours) => {
                    now += hours;
                    scene.world.clock.advance(Duration::hours(hours));
                }
            }
            let active = now < until;
            let expected = |open: &[Kind]| if active { open.to_vec() } else { Vec::new() };
            let shown = expected(&[Kind::WellnessToolbox, Kind::CrisisPlan]);
            assert_eq!(seen(&scene.by[0], person).await, shown, "{one:?} of {all:?}");
            assert_eq!(
                seen(&doctor, person).await,
                expected(&[Kind::CrisisPlan]),
                "{one:?} of {all:?}"
            );
            for n in 1..4 {
                assert!(seen(&scene.by[n], person).await.is_empty(), "{one:?} of {all:?}");
            }
            if active { active_seen += 1 } else { closed_seen += 1 }
        }
    }
    assert!(active_seen > 0 && closed_seen > 0, "{active_seen} {closed_seen}");
}

#[tokio::test]
async fn the_crises_of_several_people_are_told_a_page_at_a_time_to_whom_they_chose() {
    let world = World::new().await;
    let doctor = world.clinician(CLINIC, "dr-c");
    let mut chosen = BTreeSet::new();
    for n in 0..3 {
        let (person, jane) = world.somebody();
        let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
        let (kim, kims) = world.supporter(person, &jane, "kim").await;
        let mut rules = by_one(person, &kim);
        if n < 2 {
            let views = &mut rules.rules.as_mut().unwrap().views;
            views[0].viewers.push(practitioner(CLINIC, "dr-c"));
            chosen.insert(format!("people/{person}"));
        } else {
            // What is shared beside a crisis is no crisis.
            jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
        }
        jane.set_crisis_rules(rules).await.unwrap();
        kims.activate_crisis_plan(calling(person)).await.unwrap();
    }
    let mut page = pb::ListCrisesRequest { page_size: 1, ..pb::ListCrisesRequest::default() };
    let mut told = Vec::new();
    loop {
        let reply = doctor.list_crises(page.clone()).await.unwrap();
        assert_eq!(reply.crises.len(), 1);
        told.extend(reply.crises.into_iter().map(|crisis| crisis.person));
        if reply.next_page_token.is_empty() {
            break;
        }
        page.page_token = reply.next_page_token;
        let another = world.clinician(CLINIC, "dr-d").list_crises(page.clone()).await;
        assert_eq!(another.unwrap_err().code(), Code::InvalidArgument);
    }
    assert_eq!(told.len(), 2);
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), chosen);
}
