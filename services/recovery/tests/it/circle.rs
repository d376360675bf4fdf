//! Somebody of the circle reads exactly what is shared with them, as long as they are of it.

use kernel::Role;
use tonic::Code;
use uuid::Uuid;
use wire::{common::v1::BasisKind, recovery::v1 as pb};

use crate::{
    inviting::Gate,
    supported::{adding, circle_of, ending, fresh, id_of, saying, sharing_with},
    world::{CLINIC, World, is_absent, told, toolbox, triggers, unsharing, writing},
};

#[tokio::test]
async fn a_supporter_reads_what_is_shared_with_them_and_being_one_opens_nothing() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    jane.update(writing(person, triggers("the letter"))).await.unwrap();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    let (_, lees) = world.supporter(person, &jane, "lee").await;
    is_absent(&kims.plan(person).await.unwrap_err());
    let share = jane.share(sharing_with(&world, &tools, &kim)).await.unwrap();
    assert_eq!(share.grantee, kim.name);
    let plan = kims.plan(person).await.unwrap();
    let shown: Vec<_> = plan.sections.iter().map(|section| &*section.name).collect();
    assert_eq!(shown, [&*tools.name]);
    assert_eq!(plan.sections[0].content.clone(), Some(toolbox("a walk")));
    let disclosure = plan.disclosure.unwrap();
    assert_eq!(disclosure.bases, [i32::from(BasisKind::Share)]);
    assert_eq!(disclosure.basis, std::slice::from_ref(&share.name));
    // Somebody else of the circle, the same name in another role, and the same supporter toward another person.
    is_absent(&lees.plan(person).await.unwrap_err());
    is_absent(&world.clinician(CLINIC, "kim").plan(person).await.unwrap_err());
    let (other, max) = world.somebody();
    max.update(writing(other, toolbox("a nap"))).await.unwrap();
    world.people.support("kim", other, id_of(&kim.name));
    is_absent(&kims.plan(other).await.unwrap_err());
    // A share that another service tells of says nothing, and neither does a subject that is spelled like one.
    let named = world.individual(&kim.name, Role::Supporter);
    is_absent(&named.plan(person).await.unwrap_err());
    jane.unshare(unsharing(&share)).await.unwrap();
    is_absent(&kims.plan(person).await.unwrap_err());
    let read = world.stage.events().await;
    let read = read.iter().find(|e| &*e.caller.subject == "kim" && !e.consents.is_empty()).unwrap();
    assert_eq!((&*read.caller.kind, read.records.clone()), ("SUPPORTER", vec![id_of(&tools.name)]));
}

#[tokio::test]
async fn an_end_takes_all_with_it_and_is_told_no_earlier_than_the_fence() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    jane.share(sharing_with(&world, &tools, &kim)).await.unwrap();
    kims.plan(person).await.unwrap();
    let end = ending(&kim);
    for _ in 0..2 {
        let ended = world.fenced(jane.end_supporter(end.clone())).await.unwrap();
        assert!(ended.supporter.unwrap().end_time.is_some());
    }
    // The people service binds the sign-in still, as if it had not been told.
    is_absent(&kims.plan(person).await.unwrap_err());
    assert_eq!(world.inviting.state().dismissed, [kim.name.clone(), kim.name.clone()]);
    for refused in [
        jane.end_supporter(ending(&kim)).await.unwrap_err(),
        jane.update_supporter(saying(&kim)).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    }
    // Nothing is shared with who is not of the circle.
    let refused = jane.share(sharing_with(&world, &tools, &kim)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let listed = jane.list_supporters(circle_of(person)).await.unwrap().supporters;
    assert_eq!(listed.len(), 1);
    assert!(listed[0].end_time.is_some());
}

#[tokio::test]
async fn who_only_contributes_reads_nothing_whatever_was_shared() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    jane.share(sharing_with(&world, &tools, &kim)).await.unwrap();
    kims.plan(person).await.unwrap();
    let only = pb::UpdateSupporterRequest { contribute_only: true, ..saying(&kim) };
    let said = world.fenced(jane.update_supporter(only)).await.unwrap();
    assert!(said.supporter.unwrap().contribute_only);
    is_absent(&kims.plan(person).await.unwrap_err());
    let refused = jane.share(sharing_with(&world, &tools, &kim)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    jane.update_supporter(saying(&kim)).await.unwrap();
    assert_eq!(kims.plan(person).await.unwrap().sections.len(), 1);
}

#[tokio::test]
async fn whom_the_person_adds_is_invited_and_a_repeat_gives_another_code() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    world.inviting.state().away = true;
    let adding_kim = adding(person, "Kim");
    let away = jane.add_supporter(adding_kim.clone()).await.err().unwrap();
    assert_eq!(away.code(), Code::Unavailable);
    world.inviting.state().away = false;
    let first = jane.add_supporter(adding_kim.clone()).await.unwrap();
    let again = jane.add_supporter(adding_kim.clone()).await.unwrap();
    assert_eq!((&*first.code, &*again.code), ("code-1", "code-2"));
    assert_eq!(first.supporter, again.supporter);
    let kim = first.supporter.unwrap();
    assert_eq!((&*kim.called, &kim.support_kinds, &*kim.etag), ("Kim", &vec![1, 3], "1"));
    let listed = jane.list_supporters(circle_of(person)).await.unwrap().supporters;
    assert_eq!(listed, std::slice::from_ref(&kim));
    let invited = world.inviting.state().invited.last().unwrap().clone();
    assert_eq!((invited.supporter, invited.person), (kim.name.clone(), kim.person.clone()));
    world.inviting.state().joined.push(kim.name.clone());
    let joined = jane.add_supporter(adding_kim.clone()).await.err().unwrap();
    assert_eq!(joined.code(), Code::FailedPrecondition);
    // Whom the person has ended is invited no more.
    world.inviting.state().joined.clear();
    jane.end_supporter(ending(&kim)).await.unwrap();
    assert_eq!(
        jane.add_supporter(adding_kim).await.err().unwrap().code(),
        Code::FailedPrecondition
    );
    assert_eq!(world.inviting.state().invited.len(), 2);
}

#[tokio::test]
async fn whoever_is_ended_is_dismissed_however_often_that_was_not_told() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (kim, _) = world.supporter(person, &jane, "kim").await;
    world.inviting.state().away = true;
    let end = ending(&kim);
    assert_eq!(jane.end_supporter(end).await.unwrap_err().code(), Code::Unavailable);
    // It is ended, and the people service does not know: another request tells it, and answers as it stands.
    assert_eq!(jane.end_supporter(ending(&kim)).await.unwrap_err().code(), Code::Unavailable);
    world.inviting.state().away = false;
    let ended = jane.end_supporter(ending(&kim)).await.unwrap_err();
    assert_eq!(told(&ended), (Code::FailedPrecondition, "WRONG_STATE".to_owned()));
    assert_eq!(world.inviting.state().dismissed, [kim.name]);

    // Who is ended while they are being invited is dismissed after it, too.
    let gate = Gate::default();
    world.inviting.state().gate = Some(gate.clone());
    let adding_lee = adding(person, "lee");
    let adding = jane.add_supporter(adding_lee.clone());
    let meanwhile = async {
        gate.reached.notified().await;
        let listed = jane.list_supporters(circle_of(person)).await.unwrap().supporters;
        let lee = listed.into_iter().find(|one| one.called == "lee").unwrap();
        jane.end_supporter(ending(&lee)).await.unwrap();
        assert!(world.inviting.state().invited.len() == 1);
        gate.open.notify_one();
        lee.name
    };
    let (added, lee) = tokio::join!(adding, meanwhile);
    assert_eq!(added.err().unwrap().code(), Code::FailedPrecondition);
    assert_eq!(world.inviting.state().invited.len(), 2);
    assert_eq!(world.inviting.state().dismissed[1..], [lee.clone(), lee.clone()]);
    // And so does a repeat, which invites nobody.
    let again = jane.add_supporter(adding_lee).await.err().unwrap();
    assert_eq!(again.code(), Code::FailedPrecondition);
    assert_eq!(world.inviting.state().invited.len(), 2);
    assert_eq!(world.inviting.state().dismissed[1..], [lee.clone(), lee.clone(), lee]);
}

#[tokio::test]
async fn what_a_supporter_is_is_said_anew_whole_and_by_etag() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (kim, _) = world.supporter(person, &jane, "Kim").await;
    let message = pb::UpdateSupporterRequest {
        called: "Kimberly".into(),
        relationship: pb::SupporterRelationship::Faith.into(),
        support_kinds: vec![4],
        etag: kim.etag.clone(),
        ..saying(&kim)
    };
    let said = jane.update_supporter(message.clone()).await.unwrap().supporter.unwrap();
    assert_eq!((&*said.called, said.relationship, &*said.etag), ("Kimberly", 4, "2"));
    assert_eq!(said.support_kinds, [4]);
    assert_eq!(jane.update_supporter(message.clone()).await.unwrap().supporter.unwrap(), said);
    let stale = pb::UpdateSupporterRequest { request_id: fresh(), ..message };
    let stale = jane.update_supporter(stale).await.unwrap_err();
    assert_eq!(told(&stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(jane.list_supporters(circle_of(person)).await.unwrap().supporters, [said]);
}

#[tokio::test]
async fn nobody_else_has_to_do_with_a_persons_circle() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (kim, kims) = world.supporter(person, &jane, "kim").await;
    let (_, lee) = world.somebody();
    let absent = pb::Supporter { name: format!("supporters/{}", Uuid::new_v4()), ..kim.clone() };
    is_absent(&lee.add_supporter(adding(person, "Max")).await.err().unwrap());
    is_absent(&lee.list_supporters(circle_of(person)).await.unwrap_err());
    for (by, one) in [(&lee, &kim), (&jane, &absent), (&lee, &absent)] {
        is_absent(&by.end_supporter(ending(one)).await.unwrap_err());
        is_absent(&by.update_supporter(saying(one)).await.unwrap_err());
    }
    // What there is of another name is no supporter.
    let section = jane.plan(person).await.unwrap().sections.remove(0);
    let odd = pb::Supporter { name: format!("supporters/{}", id_of(&section.name)), ..kim.clone() };
    is_absent(&jane.end_supporter(ending(&odd)).await.unwrap_err());
    for by in
        [&kims, &world.clinician(CLINIC, "dr-c"), &world.individual("rep", Role::Representative)]
    {
        let refused = by.list_supporters(circle_of(person)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let refused = by.end_supporter(ending(&kim)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    // A sign-in that one agency vouches for goes on with nothing of this.
    let weak = world.signed_in(person, Some(&[CLINIC]));
    let refused = weak.add_supporter(adding(person, "Max")).await.err().unwrap();
    assert_eq!(told(&refused).1, "SIGN_IN_NOT_CONFIRMED");
    assert!(world.inviting.state().invited.len() == 1);
}

#[tokio::test]
async fn fifty_people_at_a_time_and_what_makes_no_sense_is_named() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let bad = pb::AddSupporterRequest {
        request_id: "1".into(),
        called: "two\nlines".into(),
        relationship: 9,
        support_kinds: vec![1, 1],
        ..adding(person, "")
    };
    for (message, fields) in [
        (pb::AddSupporterRequest::default(), 4),
        (bad, 4),
        (pb::AddSupporterRequest { support_kinds: vec![0], ..adding(person, "Kim") }, 1),
        (adding(Uuid::nil(), "Kim"), 1),
        (adding(person, &"a".repeat(201)), 1),
    ] {
        let refused = jane.add_supporter(message).await.err().unwrap();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let details = tonic_types::StatusExt::get_error_details(&refused);
        let bad = details.bad_request().unwrap().field_violations.len();
        assert!(bad >= fields, "{refused:?}");
    }
    let mut first = None;
    for n in 0..50 {
        let added = jane.add_supporter(adding(person, &format!("friend {n}"))).await.unwrap();
        first = first.or(added.supporter);
    }
    let refused = jane.add_supporter(adding(person, "one more")).await.err().unwrap();
    assert_eq!(told(&refused).0, Code::ResourceExhausted);
    jane.end_supporter(ending(&first.unwrap())).await.unwrap();
    jane.add_supporter(adding(person, "one more")).await.unwrap();
    let page = pb::ListSupportersRequest { page_size: 30, ..circle_of(person) };
    let first = jane.list_supporters(page.clone()).await.unwrap();
    let next = pb::ListSupportersRequest { page_token: first.next_page_token, ..page };
    let second = jane.list_supporters(next).await.unwrap();
    assert_eq!((first.supporters.len(), second.supporters.len()), (30, 21));
    assert!(second.next_page_token.is_empty());
}
