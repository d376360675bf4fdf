//! What makes no sense is named, all of it at once, and writes nothing.

use std::collections::BTreeSet;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::recovery::v1 as pb;

use crate::world::{Section, World, history, items, list_of, toolbox, unsharing, writing};

pub fn fields(status: &Status) -> BTreeSet<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "INVALID_ARGUMENT");
    let bad = details.bad_request().unwrap();
    bad.field_violations.iter().map(|v| v.field.clone()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

#[tokio::test]
async fn what_is_wrong_with_a_section_is_named_at_once_and_nothing_is_written() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let empty = pb::UpdateSectionRequest::default();
    let named = fields(&jane.update(empty).await.unwrap_err());
    assert!(named.is_superset(&set(&["request_id", "person", "content"])), "{named:?}");
    let none = pb::UpdateSectionRequest {
        content: Some(pb::SectionContent::default()),
        ..writing(person, toolbox("a walk"))
    };
    assert_eq!(fields(&jane.update(none).await.unwrap_err()), set(&["content"]));
    let two = pb::SectionContent { triggers: Some(pb::Triggers::default()), ..toolbox("a walk") };
    assert_eq!(fields(&jane.update(writing(person, two)).await.unwrap_err()), set(&["content"]));
    let nil = pb::UpdateSectionRequest {
        request_id: Uuid::nil().to_string(),
        ..writing(Uuid::nil(), toolbox("a walk"))
    };
    assert_eq!(fields(&jane.update(nil).await.unwrap_err()), set(&["request_id", "person"]));
    let tools =
        |words: &[&str]| Section::WellnessToolbox(pb::WellnessToolbox { tools: items(words) });
    for words in [
        "",
        " ",
        "\n\t",
        "\u{0}",
        "a\u{7}b",
        "a\u{9b}b",
        "a\u{85}b",
        "a\u{202e}b",
        &"a".repeat(1001),
    ] {
        let refused = jane.update(writing(person, tools(&["a walk", words]))).await.unwrap_err();
        let named = fields(&refused);
        assert!(named.iter().all(|field| field.contains("tools[1].words")), "{words:?} {named:?}");
    }
    let many = tools(&["a"; 51]);
    assert!(fields(&jane.update(writing(person, many)).await.unwrap_err()).len() == 1);
    // Each is short enough, and all of them are not.
    let long = "a".repeat(1000);
    let all = items(&[&*long; 50]);
    let crisis = Section::CrisisPlan(pb::CrisisPlan {
        when_well: all.clone(),
        helps: all,
        ..pb::CrisisPlan::default()
    });
    assert_eq!(fields(&jane.update(writing(person, crisis)).await.unwrap_err()), set(&["content"]));
    let supporter = |name: &str, contact: &str| {
        let one = pb::PlanSupporter { name: name.into(), contact: contact.into(), tasks: vec![] };
        let supporters = vec![one];
        Section::CrisisPlan(pb::CrisisPlan { supporters, ..pb::CrisisPlan::default() })
    };
    for (name, contact) in [
        ("", ""),
        ("two\nlines", ""),
        ("Kim", "two\nlines"),
        ("Kim", " "),
        ("a\u{2028}b", ""),
        ("Kim", "\u{9b}31m"),
    ] {
        let refused = jane.update(writing(person, supporter(name, contact))).await.unwrap_err();
        assert_eq!(fields(&refused).len(), 1, "{name:?} {contact:?}");
    }
    jane.update(writing(person, supporter("Kim", ""))).await.unwrap();
    // As much as there is room for.
    let lines = items(&["ä\nü\té"; 50]);
    let full = Section::WellnessToolbox(pb::WellnessToolbox { tools: lines });
    jane.update(writing(person, full)).await.unwrap();
    let sections = jane.plan(person).await.unwrap().sections;
    let written: Vec<i32> = sections.iter().map(|section| section.version).collect();
    assert_eq!(written, [1, 0, 0, 0, 0, 1, 0]);
}

#[tokio::test]
async fn names_and_pages_that_make_no_sense_are_refused_before_anything_is_read() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let section = jane.plan(person).await.unwrap().sections.remove(0);
    for name in
        ["", "planSections/", "planSections/1", "notes/00000000-0000-4000-8000-000000000001"]
    {
        let asked = pb::ListSectionVersionsRequest { section: name.into(), ..history(&section) };
        assert_eq!(fields(&jane.versions(asked).await.unwrap_err()), set(&["section"]));
        let asked = pb::ListSharesRequest { person: name.into(), ..list_of(person) };
        assert_eq!(fields(&jane.shares(asked).await.unwrap_err()), set(&["person"]));
        let share = pb::SectionShare { name: name.into(), ..pb::SectionShare::default() };
        assert_eq!(fields(&jane.unshare(unsharing(&share)).await.unwrap_err()), set(&["name"]));
    }
    for page_size in [-1, 51, i32::MAX] {
        let page = pb::ListSectionVersionsRequest { page_size, ..history(&section) };
        assert_eq!(fields(&jane.versions(page).await.unwrap_err()), set(&["page_size"]));
    }
    for page_size in [-1, 201] {
        let page = pb::ListSharesRequest { page_size, ..list_of(person) };
        assert_eq!(fields(&jane.shares(page).await.unwrap_err()), set(&["page_size"]));
    }
}

#[tokio::test]
async fn a_page_token_is_good_for_one_list_of_one_caller() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("1"))).await.unwrap();
    jane.update(writing(person, toolbox("2"))).await.unwrap();
    let page = pb::ListSectionVersionsRequest { page_size: 1, ..history(&tools) };
    let token = jane.versions(page.clone()).await.unwrap().next_page_token;
    let other = jane.plan(person).await.unwrap().sections.remove(3);
    let elsewhere = pb::ListSectionVersionsRequest { page_token: token.clone(), ..history(&other) };
    let shares = pb::ListSharesRequest { page_token: token.clone(), ..list_of(person) };
    let again = world.signed_in(person, None);
    let theirs = pb::ListSectionVersionsRequest { page_token: token, ..page };
    for refused in [
        jane.versions(elsewhere).await.unwrap_err(),
        jane.shares(shares).await.unwrap_err(),
        again.versions(theirs).await.unwrap_err(),
    ] {
        assert_eq!(refused.get_details_error_info().unwrap().reason, "PAGE_TOKEN_INVALID");
    }
}
