//! Sharing a section, and ending it.

use std::sync::Arc;

use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::BasisKind,
    recovery::v1::{self as pb, PlanSectionKind as Kind},
};

use crate::world::{
    CLINIC, HOUSING, STRANGE, World, is_absent, list_of, practitioner, sharing, told, toolbox,
    triggers, unsharing, writing,
};

#[tokio::test]
async fn a_grantee_reads_exactly_what_is_shared_with_them() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    jane.update(writing(person, triggers("the letter"))).await.unwrap();
    let crisis = jane.section(person, Kind::CrisisPlan).await;
    let doctor = world.clinician(CLINIC, "dr-c");
    is_absent(&doctor.plan(person).await.unwrap_err());
    let share = jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    assert_eq!(share.person, format!("people/{person}"));
    assert_eq!(share.grantee, practitioner(CLINIC, "dr-c"));
    jane.share(sharing(&world, &crisis, CLINIC, "dr-c")).await.unwrap();

    let plan = doctor.plan(person).await.unwrap();
    let shown: Vec<_> = plan.sections.iter().map(|section| &*section.name).collect();
    assert_eq!(shown, [&*tools.name, &*crisis.name]);
    assert_eq!(plan.sections[0].content.clone(), Some(toolbox("a walk")));
    // Nothing was ever written there, and it is shared all the same.
    assert_eq!(plan.sections[1].content.clone(), None);
    assert!(plan.sections.iter().all(|section| section.etag.is_empty()));
    let disclosure = plan.disclosure.unwrap();
    assert_eq!(disclosure.bases, [i32::from(BasisKind::Share)]);
    assert!(disclosure.basis.contains(&share.name) && disclosure.basis.len() == 2);

    // What is written from now on is shared, too.
    jane.update(writing(person, toolbox("a swim"))).await.unwrap();
    let plan = doctor.plan(person).await.unwrap();
    assert_eq!(plan.sections[0].content.clone(), Some(toolbox("a swim")));
    // The same name elsewhere is somebody else, and so is a colleague.
    is_absent(&world.clinician(HOUSING, "dr-c").plan(person).await.unwrap_err());
    is_absent(&world.clinician(CLINIC, "dr-d").plan(person).await.unwrap_err());
    is_absent(&doctor.plan(Uuid::new_v4()).await.unwrap_err());
}

#[tokio::test]
async fn an_access_is_on_record_by_its_sections_and_a_refusal_as_well() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let share = jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    world.clinician(CLINIC, "dr-c").plan(person).await.unwrap();
    world.clinician(CLINIC, "dr-d").plan(person).await.unwrap_err();
    let id = |name: &str| Uuid::try_parse(name.rsplit('/').next().unwrap()).unwrap();
    let events = world.stage.events().await;
    let of = |sub: &str| events.iter().find(|e| &*e.caller.subject == sub).unwrap();
    let read = of("dr-c");
    assert_eq!(read.outcome, ledger::Outcome::Permit);
    assert_eq!((read.person, &read.records), (Some(person), &vec![id(&tools.name)]));
    assert_eq!(read.consents, [(id(&share.name), 1)]);
    assert_eq!(read.bases.iter().map(|b| &**b).collect::<Vec<_>>(), ["SHARE"]);
    let refused = of("dr-d");
    assert_eq!(refused.outcome, ledger::Outcome::Deny);
    assert_eq!((refused.person, refused.records.len()), (Some(person), 7));
    // What was made is named by the record of its making.
    let named = |name: &str| events.iter().any(|e| e.records.contains(&id(name)));
    assert!(named(&share.name));
}

#[tokio::test]
async fn a_share_ends_when_the_person_says_and_at_its_end_by_itself() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let (doctor, nurse) = (world.clinician(CLINIC, "dr-c"), world.clinician(CLINIC, "n-c"));
    let share = jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    jane.share(sharing(&world, &tools, CLINIC, "n-c")).await.unwrap();
    doctor.plan(person).await.unwrap();
    let ended = jane.unshare(unsharing(&share)).await.unwrap();
    assert!(ended.end_time.is_some());
    is_absent(&doctor.plan(person).await.unwrap_err());
    nurse.plan(person).await.unwrap();
    let again = jane.unshare(unsharing(&share)).await.unwrap_err();
    assert_eq!(told(&again), (Code::FailedPrecondition, "WRONG_STATE".into()));
    world.clock.advance(Duration::hours(24) - Duration::SECOND);
    nurse.plan(person).await.unwrap();
    world.clock.advance(Duration::SECOND);
    is_absent(&nurse.plan(person).await.unwrap_err());
    let all = jane.shares(list_of(person)).await.unwrap().shares;
    assert_eq!(all.len(), 2);
    assert_eq!(all.iter().find(|one| one.name == share.name), Some(&ended));
}

#[tokio::test]
async fn what_lapsed_is_not_read_for_ever() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    let clock: Arc<dyn kernel::Clock> = Arc::new(world.clock.clone());
    let known = Arc::new(world.consents.clone());
    let facts = recovery::with_shares(known, world.stage.db.clone(), clock);
    let read = async || {
        let question = permit::Question { person: person.into(), on_behalf_of: None };
        facts.facts(vec![question]).await.unwrap()[0].facts.shares.len()
    };
    assert_eq!(read().await, 1);
    // Another instance's clock may be behind: whether it lasts is told by the one that decides.
    world.clock.advance(Duration::hours(24) + Duration::MINUTE);
    assert_eq!(read().await, 1);
    is_absent(&world.clinician(CLINIC, "dr-c").plan(person).await.unwrap_err());
    world.clock.advance(Duration::HOUR);
    assert_eq!(read().await, 0);
}

#[tokio::test]
async fn sharing_anew_takes_the_place_of_the_share_before() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let doctor = world.clinician(CLINIC, "dr-c");
    let long = jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    let short = pb::ShareSectionRequest {
        until_time: world.after(1),
        ..sharing(&world, &tools, CLINIC, "dr-c")
    };
    let short = jane.share(short).await.unwrap();
    let plan = doctor.plan(person).await.unwrap();
    assert_eq!(plan.disclosure.unwrap().basis, std::slice::from_ref(&short.name));
    world.clock.advance(Duration::hours(1));
    is_absent(&doctor.plan(person).await.unwrap_err());
    // One share ended is not another one brought back.
    jane.unshare(unsharing(&short)).await.unwrap();
    is_absent(&doctor.plan(person).await.unwrap_err());
    let all = jane.shares(list_of(person)).await.unwrap().shares;
    assert!(all.iter().any(|one| one.name == long.name && one.end_time.is_some()));
}

#[tokio::test]
async fn fifty_people_at_a_time_and_a_list_in_pages() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let subs: Vec<String> = (0..50).map(|n| format!("dr-{n}")).collect();
    let mut made = Vec::new();
    // Some at a time: each waits for the fence, and all for one plan's lock.
    for some in subs.chunks(5) {
        let sharings = some.iter().map(|sub| jane.share(sharing(&world, &tools, CLINIC, sub)));
        made.extend(futures::future::try_join_all(sharings).await.unwrap());
    }
    let many = jane.share(sharing(&world, &tools, CLINIC, "dr-50")).await.unwrap_err();
    assert_eq!(told(&many), (Code::ResourceExhausted, "LIMIT_EXCEEDED".into()));
    // In the place of one there is room, of another section too, and where one has ended.
    jane.share(sharing(&world, &tools, CLINIC, "dr-7")).await.unwrap();
    let crisis = jane.section(person, Kind::CrisisPlan).await;
    jane.share(sharing(&world, &crisis, CLINIC, "dr-50")).await.unwrap();
    jane.unshare(unsharing(&made[3])).await.unwrap();
    jane.share(sharing(&world, &tools, CLINIC, "dr-50")).await.unwrap();
    world.clock.advance(Duration::hours(24));
    jane.share(sharing(&world, &tools, CLINIC, "dr-51")).await.unwrap();
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = pb::ListSharesRequest { page_size: 20, page_token: token, ..list_of(person) };
        let reply = jane.shares(page).await.unwrap();
        seen.extend(reply.shares.into_iter().map(|share| share.name));
        token = reply.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 54);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 54, "none twice");
}

#[tokio::test]
async fn a_share_is_with_a_practitioner_of_a_known_agency_until_a_time_to_come() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.section(person, Kind::WellnessToolbox).await;
    let good = sharing(&world, &tools, CLINIC, "dr-c");
    let with = |grantee: String| pb::ShareSectionRequest { grantee, ..good.clone() };
    let until = |until_time| pb::ShareSectionRequest { until_time, ..good.clone() };
    for (wrong, field) in [
        (with(practitioner(STRANGE, "dr-c")), "grantee"),
        (with(format!("agencies/{CLINIC}")), "grantee"),
        (with(format!("agencies/{CLINIC}/practitioners/")), "grantee"),
        (with(format!("agencies/{CLINIC}/practitioners/a/b")), "grantee"),
        (with("sister".into()), "grantee"),
        (with(String::new()), "grantee"),
        (until(None), "until_time"),
        (until(world.after(0)), "until_time"),
        (until(world.after(-1)), "until_time"),
        (until(Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 })), "until_time"),
    ] {
        let refused = jane.share(wrong.clone()).await.unwrap_err();
        let details = tonic_types::StatusExt::get_details_bad_request(&refused).unwrap();
        let fields: Vec<_> = details.field_violations.into_iter().map(|v| v.field).collect();
        assert_eq!(fields, [field], "{wrong:?}");
    }
    let absent = pb::ShareSectionRequest {
        section: format!("planSections/{}", Uuid::new_v4()),
        ..good.clone()
    };
    is_absent(&jane.share(absent).await.unwrap_err());
    // What there is of another name is no section.
    let share = jane.share(good.clone()).await.unwrap();
    let id = share.name.trim_start_matches("shares/");
    let odd = pb::ShareSectionRequest {
        section: format!("planSections/{id}"),
        request_id: Uuid::new_v4().to_string(),
        ..good
    };
    is_absent(&jane.share(odd).await.unwrap_err());
}
