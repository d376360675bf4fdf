//! The person writes their plan, and nobody else does.

use kernel::Role;
use testkit::fakes::Staff;
use tonic::Code;
use uuid::Uuid;
use wire::recovery::v1::{self as pb, PlanSectionKind as Kind};

use crate::world::{
    CLINIC, Section, World, history, is_absent, items, list_of, sharing, told, toolbox, triggers,
    unsharing, writing,
};

/// Every section, with every field of it.
fn all() -> Vec<pb::SectionContent> {
    let one = |word: &str| items(&[word, "and more\nof it"]);
    let kim = pb::PlanSupporter {
        name: "Kim".into(),
        contact: "+1 650 555 0100".into(),
        tasks: one("drive me"),
    };
    let all = vec![
        Section::WellnessToolbox(pb::WellnessToolbox { tools: one("a walk") }),
        Section::DailyMaintenancePlan(pb::DailyMaintenancePlan {
            when_well: one("I laugh"),
            every_day: one("breakfast"),
            might_need: one("call work"),
        }),
        Section::Triggers(pb::Triggers { signs: one("the letter"), actions: one("breathe") }),
        Section::EarlyWarningSigns(pb::EarlyWarningSigns {
            signs: one("no sleep"),
            actions: one("call Kim"),
        }),
        Section::BreakingDown(pb::BreakingDown { signs: one("silence"), actions: one("stay") }),
        Section::CrisisPlan(pb::CrisisPlan {
            when_well: one("I cook"),
            signs: one("I do not eat"),
            supporters: vec![kim],
            not_wanted: one("Lee"),
            medications_acceptable: one("A"),
            medications_unacceptable: one("B"),
            treatments_acceptable: one("rest"),
            treatments_unacceptable: one("restraint"),
            places_acceptable: one("home"),
            places_unacceptable: one("the old ward"),
            helps: one("quiet"),
            does_not_help: one("shouting"),
            ends_when: one("I eat"),
        }),
        Section::PostCrisisPlan(pb::PostCrisisPlan {
            over_when: one("I sleep"),
            first_days: one("company"),
            right_away: one("rent"),
            can_wait: one("the car"),
            others_can_do: one("shopping"),
            avoid: one("news"),
            learned: one("ask sooner"),
            taking_up: one("work, in May"),
        }),
    ];
    all.into_iter().map(pb::SectionContent::from).collect()
}

#[tokio::test]
async fn a_plan_has_seven_sections_from_the_moment_it_is_asked_for() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let plan = jane.plan(person).await.unwrap();
    let kinds: Vec<i32> = plan.sections.iter().map(|section| section.kind).collect();
    assert_eq!(kinds, [1, 2, 3, 4, 5, 6, 7]);
    for section in &plan.sections {
        assert!(section.name.starts_with("planSections/"));
        let id = Uuid::try_parse(section.name.trim_start_matches("planSections/")).unwrap();
        assert_eq!(id.get_version_num(), 4, "a name tells no time");
        assert_eq!(section.person, format!("people/{person}"));
        assert_eq!((section.version, &*section.etag), (0, "0"));
        assert!(section.content.is_none() && section.write_time.is_none());
    }
    let disclosure = plan.disclosure.unwrap();
    assert_eq!(disclosure.bases, [i32::from(wire::common::v1::BasisKind::Self_)]);
    // Asked again it is the same plan.
    assert_eq!(jane.plan(person).await.unwrap().sections, plan.sections);
}

#[tokio::test]
async fn what_is_written_is_read_as_it_was_and_each_write_is_a_version() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    for section in all() {
        // The plan need not be asked for first.
        let written = jane.update(writing(person, section.clone())).await.unwrap();
        assert_eq!(written.version, 1);
        assert_eq!(written.content.unwrap(), section);
    }
    let plan = jane.plan(person).await.unwrap().sections;
    let read: Vec<_> = plan.iter().map(|section| section.content.clone().unwrap()).collect();
    assert_eq!(read, all());
    for n in 2..=4 {
        let words = format!("a walk, {n}");
        assert_eq!(jane.update(writing(person, toolbox(&words))).await.unwrap().version, n);
    }
    // To say nothing any more is a version as well.
    let empty: pb::SectionContent = Section::WellnessToolbox(pb::WellnessToolbox::default()).into();
    jane.update(writing(person, empty.clone())).await.unwrap();
    let tools = &jane.section(person, Kind::WellnessToolbox).await;
    assert_eq!(tools.content.clone().unwrap(), empty);
    let page = pb::ListSectionVersionsRequest { page_size: 2, ..history(tools) };
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let next = pb::ListSectionVersionsRequest { page_token: token, ..page.clone() };
        let reply = jane.versions(next).await.unwrap();
        assert!(reply.versions.len() <= 2);
        seen.extend(reply.versions);
        token = reply.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let numbers: Vec<i32> = seen.iter().map(|version| version.version).collect();
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    assert_eq!(seen[1].content.clone().unwrap(), toolbox("a walk, 4"));
    assert!(seen.iter().all(|version| version.section == tools.name));
}

#[tokio::test]
async fn a_write_on_top_of_another_is_stale() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let first = jane.section(person, Kind::Triggers).await;
    let with = |etag: &str, words: &str| pb::UpdateSectionRequest {
        etag: etag.to_owned(),
        ..writing(person, triggers(words))
    };
    let second = jane.update(with(&first.etag, "the letter")).await.unwrap();
    for etag in [&*first.etag, "2", "01", "+1", "canary"] {
        let stale = jane.update(with(etag, "another")).await.unwrap_err();
        assert_eq!(told(&stale), (Code::Aborted, "ETAG_MISMATCH".into()), "{etag}");
    }
    assert_eq!(jane.update(with(&second.etag, "the phone")).await.unwrap().version, 2);
    assert_eq!(jane.update(with("", "the door")).await.unwrap().version, 3);
}

#[tokio::test]
async fn nobody_else_writes_shares_or_looks_at_the_history() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (other, lee) = world.somebody();
    let section = jane.update(writing(person, triggers("the letter"))).await.unwrap();
    let share = jane.share(sharing(&world, &section, CLINIC, "dr-c")).await.unwrap();
    lee.plan(other).await.unwrap();
    // Another person; a sign-in that is bound to nobody.
    for by in [lee, world.individual("nobody", Role::Person)] {
        is_absent(&by.plan(person).await.unwrap_err());
        is_absent(&by.update(writing(person, triggers("theirs"))).await.unwrap_err());
        is_absent(&by.versions(history(&section)).await.unwrap_err());
        is_absent(&by.share(sharing(&world, &section, CLINIC, "dr-x")).await.unwrap_err());
        is_absent(&by.unshare(unsharing(&share)).await.unwrap_err());
        is_absent(&by.shares(list_of(person)).await.unwrap_err());
    }
    // Roles come first: of an agency, nobody; and neither who acts for the person nor who supports them.
    let roles = [
        Role::Clinician,
        Role::Medical,
        Role::Counselor,
        Role::CaseManager,
        Role::PeerSupporter,
        Role::Officer,
        Role::PrivacyOfficer,
        Role::AgencyAdmin,
    ];
    let staff = roles.map(|role| world.client(&Staff::of(CLINIC, "dr-c").roles([role])));
    let individuals =
        [Role::Representative, Role::Supporter].map(|role| world.individual("kim", role));
    for by in staff.into_iter().chain(individuals) {
        for refused in [
            by.update(writing(person, triggers("theirs"))).await.unwrap_err(),
            by.versions(history(&section)).await.unwrap_err(),
            by.share(sharing(&world, &section, CLINIC, "dr-x")).await.unwrap_err(),
            by.unshare(unsharing(&share)).await.unwrap_err(),
            by.shares(list_of(person)).await.unwrap_err(),
        ] {
            assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
        }
    }
    assert_eq!(jane.section(person, Kind::Triggers).await.version, 1);
    assert_eq!(jane.shares(list_of(person)).await.unwrap().shares, [share]);
}
