//! What a person says to a referral: it is theirs to take or leave.

use kernel::{CodeSet, PersonId, Role, Sensitivity};
use permit::Appointment;
use policy::Relationship;
use tonic::Code;
use wire::referrals::v1::{PersonAnswer as A, ReferralState as S};

use crate::world::{ANA, CLINIC, HOUSING, OTHER, Verb, World, refused, saying};

#[tokio::test]
async fn a_yes_and_a_question_move_nothing_and_are_read_by_both_sides_and_the_person() {
    let world = World::agreed().await;
    let ana = world.person("ana");
    let sent = world.sent().await;
    let (mut clinic, mut housing) = (world.watch(CLINIC).await, world.watch(HOUSING).await);
    for watch in [&mut clinic, &mut housing] {
        watch.is_told(&sent.name, S::Requested).await;
    }
    let asks = saying(&sent.name, A::Asks, "Is there a lift? canary-31aa");
    let asked = world.respond(&ana, asks.clone()).await.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    let yes = world.respond(&ana, saying(&sent.name, A::Yes, "")).await.unwrap();
    assert_eq!((yes.state(), &yes.moves, &yes.etag), (S::Requested, &sent.moves, &sent.etag));
    let said: Vec<_> = yes.answers.iter().map(|a| (a.answer(), &*a.words)).collect();
    assert_eq!(said, [(A::Asks, "Is there a lift? canary-31aa"), (A::Yes, "")]);
    assert!(yes.answers.iter().all(|a| a.time.is_some() && !a.by_representative));
    assert!(yes.update_time.unwrap().seconds > asked.update_time.unwrap().seconds);
    for agency in [CLINIC, HOUSING] {
        assert_eq!(world.get(agency, &sent.name).await.unwrap(), yes);
    }
    assert_eq!(world.get_as(&ana, &sent.name).await.unwrap(), yes);
    for watch in [&mut clinic, &mut housing] {
        watch.is_told_of_more(&sent.name).await;
        watch.is_told_of_more(&sent.name).await;
        watch.is_told_nothing_more(&world).await;
    }
    assert_eq!(world.respond(&ana, asks).await.unwrap(), asked, "a replay");
    assert_eq!(world.get_as(&ana, &sent.name).await.unwrap(), yes);
    let listed = world.list_as(&ana, Default::default()).await.unwrap_err();
    assert_eq!(listed.code(), Code::InvalidArgument, "a person names themself");
}

#[tokio::test]
async fn a_no_ends_it_and_it_is_not_sent_again_until_they_say_otherwise() {
    let world = World::agreed().await;
    let ana = world.person("ana");
    let sent = world.in_state(S::InProgress).await;
    let mut housing = world.watch(HOUSING).await;
    for state in [S::Requested, S::Accepted, S::InProgress] {
        housing.is_told(&sent.name, state).await;
    }
    let ended = world.respond(&ana, saying(&sent.name, A::No, "No, thank you.")).await.unwrap();
    assert_eq!(ended.state(), S::Cancelled);
    housing.is_told(&sent.name, S::Cancelled).await;
    let reopened = world.go(Verb::Reopen, CLINIC, &sent.name).await;
    refused(reopened, Code::FailedPrecondition, "PERSON_DECLINED");
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap(), ended);
    world.respond(&ana, saying(&sent.name, A::Yes, "After all.")).await.unwrap();
    let reopened = world.go(Verb::Reopen, CLINIC, &sent.name).await.unwrap();
    assert_eq!(reopened.state(), S::Requested);
    assert_eq!(reopened.moves.last().unwrap().reason, "because");
    // On record as their own act, and as nobody's else.
    let events = world.stage.events().await;
    let own: Vec<_> = events.iter().filter(|e| e.rpc.ends_with("/RespondToReferral")).collect();
    let wrote = own.iter().filter(|e| e.action == ledger::Action::Write);
    assert!(wrote.clone().count() == 2 && wrote.clone().all(|e| e.person == Some(ANA)));
}

#[tokio::test]
async fn who_acts_for_them_answers_for_them_and_that_is_said() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    world.people.appoint("sam", guardian());
    let sam = world.sign_ins.individual("sam", Role::Representative, true);
    let said = world.respond(&sam, saying(&sent.name, A::No, "")).await.unwrap();
    assert_eq!(said.state(), S::Cancelled);
    assert!(said.answers[0].by_representative);
}

fn guardian() -> Appointment {
    Appointment {
        id: crate::world::fresh(),
        person: PersonId::from(ANA),
        relationship: Relationship::Guardian,
        authority: true,
        from: None,
        until: None,
        excluded_sensitivities: CodeSet::EMPTY,
        confirmed_by: None,
    }
}

#[tokio::test]
async fn nobody_answers_what_they_may_not_see() {
    let world = World::agreed().await;
    let ana = world.person("ana");
    let (sent, draft) = (world.sent().await, world.draft().await);
    let no = |name: &str| saying(name, A::No, "");
    let absent = format!("referrals/{}", crate::world::fresh());
    // Another person, a draft, what there is not, and a sign-in that other agencies vouch for.
    let ben = world.person("ben");
    world.people.bind("other-ana", ANA, Some(&[OTHER]));
    let vouched = world.sign_ins.individual("other-ana", Role::Person, false);
    for (token, name) in
        [(&ben, &sent.name), (&ana, &draft.name), (&ana, &absent), (&vouched, &sent.name)]
    {
        refused(world.respond(token, no(name)).await, Code::NotFound, "NOT_FOUND");
    }
    for agency in [CLINIC, HOUSING] {
        let staff = world.respond(&world.staff(agency), no(&sent.name)).await;
        assert_eq!(staff.unwrap_err().code(), Code::PermissionDenied);
    }
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap(), sent);
    assert!(world.get(CLINIC, &draft.name).await.unwrap().answers.is_empty());
}

#[tokio::test]
async fn an_answer_to_what_the_end_of_a_consent_holds_is_told_to_its_source_alone() {
    let world = World::agreed().await;
    let sent = world.in_state(S::Accepted).await;
    world.revoke(ANA);
    world.reconcile(ANA).await;
    let mut housing = world.watch(HOUSING).await;
    let mut clinic = world.watch(CLINIC).await;
    housing.loses(&sent.name).await;
    for state in [S::Requested, S::Accepted, S::OnHold] {
        clinic.is_told(&sent.name, state).await;
    }
    let ended = world.respond(&world.person("ana"), saying(&sent.name, A::No, "")).await.unwrap();
    assert_eq!(ended.state(), S::Cancelled);
    clinic.is_told(&sent.name, S::Cancelled).await;
    housing.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn fifty_answers_are_kept_and_a_no_after_them() {
    let world = World::agreed().await;
    let (sent, ana) = (world.sent().await, world.person("ana"));
    for _ in 0..50 {
        world.respond(&ana, saying(&sent.name, A::Asks, "")).await.unwrap();
    }
    for more in [A::Asks, A::Yes] {
        let more = world.respond(&ana, saying(&sent.name, more, "")).await;
        refused(more, Code::ResourceExhausted, "LIMIT_EXCEEDED");
    }
    let no = world.respond(&ana, saying(&sent.name, A::No, "")).await.unwrap();
    assert_eq!((no.answers.len(), no.state()), (51, S::Cancelled));
}

#[tokio::test]
async fn a_no_is_lifted_by_a_yes_of_the_persons_own_and_by_nothing_else() {
    let world = World::agreed().await;
    let ana = world.person("ana");
    let sent = world.sent().await;
    world.respond(&ana, saying(&sent.name, A::No, "")).await.unwrap();
    let reopen = async || world.go(Verb::Reopen, CLINIC, &sent.name).await;
    // A question takes nothing back.
    world.respond(&ana, saying(&sent.name, A::Asks, "Why did you ask?")).await.unwrap();
    refused(reopen().await, Code::FailedPrecondition, "PERSON_DECLINED");
    // Who acts for them doesn't, whatever they may do else.
    world.people.appoint("sam", guardian());
    let sam = world.sign_ins.individual("sam", Role::Representative, true);
    let yes = || saying(&sent.name, A::Yes, "");
    refused(world.respond(&sam, yes()).await, Code::PermissionDenied, "ACTION_NOT_PERMITTED");
    // Nor a sign-in that the source alone, or the target alone, stands surety for.
    for surety in [CLINIC, HOUSING] {
        let sub = format!("ana-of-{surety}");
        world.people.bind(&sub, ANA, Some(&[CLINIC, surety]));
        let token = world.sign_ins.individual(&sub, Role::Person, false);
        let answer = world.respond(&token, yes()).await;
        match surety {
            CLINIC => refused(answer, Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED"),
            _ => assert_eq!(answer.unwrap().state(), S::Cancelled, "both stand surety"),
        }
    }
    assert_eq!(reopen().await.unwrap().state(), S::Requested);
}

#[tokio::test]
async fn who_acts_for_them_decides_with_authority_alone_and_may_take_back_what_they_said() {
    let world = World::agreed().await;
    let without = Appointment { authority: false, ..guardian() };
    let relative = Appointment { relationship: Relationship::Relative, ..guardian() };
    let excluding = Appointment { excluded_sensitivities: [Sensitivity::Hiv].into(), ..guardian() };
    for (sub, appointment) in
        [("without", without), ("relative", relative), ("excluding", excluding)]
    {
        world.people.appoint(sub, appointment);
        let token = world.sign_ins.individual(sub, Role::Representative, true);
        let sent = world.sent().await;
        for decides in [A::Yes, A::No] {
            let answer = world.respond(&token, saying(&sent.name, decides, "")).await;
            refused(answer, Code::PermissionDenied, "ACTION_NOT_PERMITTED");
        }
        let asked = world.respond(&token, saying(&sent.name, A::Asks, "When?")).await.unwrap();
        assert_eq!((asked.state(), asked.answers.len()), (S::Requested, 1));
    }
    world.people.appoint("sam", guardian());
    let sam = world.sign_ins.individual("sam", Role::Representative, true);
    let sent = world.sent().await;
    world.respond(&sam, saying(&sent.name, A::No, "")).await.unwrap();
    let again = world.go(Verb::Reopen, CLINIC, &sent.name).await;
    refused(again, Code::FailedPrecondition, "PERSON_DECLINED");
    // Not through a sign-in that the source alone stands surety for: it could be the source's own.
    let confirmed_by = Some(vec![kernel::AgencyId::from(CLINIC)]);
    world.people.appoint("sources", Appointment { confirmed_by, ..guardian() });
    let sources = world.sign_ins.individual("sources", Role::Representative, false);
    let lifted = world.respond(&sources, saying(&sent.name, A::Yes, "")).await;
    refused(lifted, Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED");
    world.respond(&sam, saying(&sent.name, A::Yes, "")).await.unwrap();
    world.go(Verb::Reopen, CLINIC, &sent.name).await.unwrap();
}

#[tokio::test]
async fn the_persons_words_are_for_both_sides_and_not_for_everybody_who_may_read_it() {
    let world = World::agreed().await;
    world.agree(ANA, CLINIC, OTHER);
    let sent = world.sent().await;
    let ana = world.person("ana");
    world.respond(&ana, saying(&sent.name, A::Asks, "canary-5d5d")).await.unwrap();
    let called = crate::world::attempt(&sent.name);
    let note = "canary-5d5d".to_owned();
    world
        .contact(HOUSING, wire::referrals::v1::RecordContactRequest { note, ..called })
        .await
        .unwrap();
    let other = world.get(OTHER, &sent.name).await.unwrap();
    assert!(other.answers.is_empty() && other.contacts.is_empty(), "a third agency");
    let excluding = Appointment { excluded_sensitivities: [Sensitivity::Hiv].into(), ..guardian() };
    world.people.appoint("aunt", excluding);
    let aunt = world.sign_ins.individual("aunt", Role::Representative, true);
    let asks = saying(&sent.name, A::Asks, "My own words");
    let written = world.respond(&aunt, asks.clone()).await.unwrap();
    for shown in [
        &written,
        &world.get_as(&aunt, &sent.name).await.unwrap(),
        &world.respond(&aunt, asks).await.unwrap(),
    ] {
        let words: Vec<_> = shown.answers.iter().map(|a| &*a.words).collect();
        assert_eq!(words, ["", ""], "another may have said it for them");
        assert_eq!(shown.contacts[0].note, "");
    }
    world.people.appoint("sam", guardian());
    let sam = world.sign_ins.individual("sam", Role::Representative, true);
    for token in [&ana, &sam, &world.staff(CLINIC), &world.staff(HOUSING)] {
        let whole = world.get_as(token, &sent.name).await.unwrap();
        assert_eq!(whole.answers[0].words, "canary-5d5d");
        assert_eq!(whole.contacts[0].note, "canary-5d5d");
    }
}

#[tokio::test]
async fn what_was_an_error_is_answered_no_more() {
    let world = World::agreed().await;
    let error = world.in_state(S::EnteredInError).await;
    let answer = world.respond(&world.person("ana"), saying(&error.name, A::No, "")).await;
    refused(answer, Code::FailedPrecondition, "WRONG_STATE");
}
