//! Referrals that follow from others, feedback on them, and until when they are to be answered.

use kernel::{Clock as _, PersonId, Role, Sensitivity};
use permit::Appointment;
use policy::Relationship;
use testkit::fakes::bearer;
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1 as common,
    convert::{agency_name, name_of, timestamp},
    referrals::v1::{self as pb, ReferralEventKind, ReferralState as S},
};

use crate::world::{
    ANA, Answer, BEN, CLINIC, HOUSING, Move, OTHER, PROGRAMME, Verb, World, feedback, fields,
    fresh, new, refused, saying, shown,
};

/// From the target of `parent` to another agency.
pub fn following(parent: &str, target: Uuid) -> pb::CreateSubReferralRequest {
    pb::CreateSubReferralRequest {
        request_id: fresh().to_string(),
        parent: parent.to_owned(),
        target: agency_name(target),
        need_category: "103".to_owned(),
        summary: "Furniture for a first room; canary-5e2f.".to_owned(),
        labels: Some(common::Labels {
            confidentiality: common::Confidentiality::N.into(),
            ..common::Labels::default()
        }),
        ..pb::CreateSubReferralRequest::default()
    }
}

pub async fn follow(world: &World, agency: Uuid, asked: pb::CreateSubReferralRequest) -> Answer {
    let asked = bearer(&world.staff(agency), asked);
    Ok(shown(world.client.clone().create_sub_referral(asked).await?.into_inner().referral))
}

/// What the programme refers to housing, which has taken it on and has registered Ana.
pub async fn taken_on(world: &World) -> pb::Referral {
    world.agree(ANA, PROGRAMME, HOUSING);
    world.people.register(ANA, HOUSING);
    let asked = pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) };
    let sent = world.create(PROGRAMME, asked).await.unwrap();
    world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap()
}

#[tokio::test]
async fn what_follows_bears_the_labels_of_what_it_follows_from_and_is_its_sources_own() {
    let world = World::new().await;
    let parent = taken_on(&world).await;
    let asked = pb::CreateSubReferralRequest { send: true, ..following(&parent.name, OTHER) };
    let refusal = follow(&world, HOUSING, asked.clone()).await;
    refused(refusal, Code::FailedPrecondition, "CONSENT_NEEDED");
    world.agree(ANA, HOUSING, OTHER);
    let sent = follow(&world, HOUSING, asked.clone()).await.unwrap();
    assert_eq!(sent.person, name_of("people", ANA));
    assert_eq!((&*sent.source, &*sent.target), (&*agency_name(HOUSING), &*agency_name(OTHER)));
    assert_eq!((sent.state(), &*sent.parent), (S::Requested, &*parent.name));
    // Asked for with no label of a programme, and told from a programme's referral.
    let labels = sent.labels.clone().unwrap();
    assert!(labels.part2 && !labels.victim_service);
    assert_eq!(labels.confidentiality(), common::Confidentiality::R);
    assert!(labels.sensitivities.contains(&common::Sensitivity::Sud.into()), "{labels:?}");
    assert_eq!(follow(&world, HOUSING, asked).await.unwrap(), sent, "a replay");
    assert_eq!(world.get(HOUSING, &sent.name).await.unwrap(), sent);
    assert_eq!(world.get_as(&world.person("ana"), &sent.name).await.unwrap().parent, parent.name);
    // Its target sees the referral and not from which it follows; the parent's source sees neither.
    assert_eq!(world.get(OTHER, &sent.name).await.unwrap().parent, "");
    refused(world.get(OTHER, &parent.name).await, Code::NotFound, "NOT_FOUND");
    refused(world.get(PROGRAMME, &sent.name).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.get(PROGRAMME, &parent.name).await.unwrap(), parent);
    // The parent was read for it, which is on record.
    let events = world.stage.events().await;
    let of_parent = Uuid::parse_str(parent.name.trim_start_matches("referrals/")).unwrap();
    let read = |e: &&ledger::Event| {
        e.rpc.ends_with("/CreateSubReferral") && e.action == ledger::Action::Read
    };
    assert!(events.iter().filter(read).any(|e| e.records == [of_parent]), "{events:?}");
}

#[tokio::test]
async fn nothing_follows_from_what_is_anothers_or_not_taken_on() {
    let world = World::new().await;
    world.agree(ANA, HOUSING, OTHER);
    let parent = taken_on(&world).await;
    let asked = |parent: &str| following(parent, OTHER);
    // Its source sees it: it is not theirs to follow up.
    let refusal = follow(&world, PROGRAMME, asked(&parent.name)).await;
    refused(refusal, Code::PermissionDenied, "ACTION_NOT_PERMITTED");
    for (agency, parent) in
        [(CLINIC, parent.name.clone()), (HOUSING, format!("referrals/{}", fresh()))]
    {
        let refusal = follow(&world, agency, asked(&parent)).await;
        refused(refusal, Code::NotFound, "NOT_FOUND");
    }
    let again = pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) };
    let waiting = world.create(PROGRAMME, again).await.unwrap();
    let refusal = follow(&world, HOUSING, asked(&waiting.name)).await;
    refused(refusal, Code::FailedPrecondition, "WRONG_STATE");
    world.go(Verb::Complete, HOUSING, &parent.name).await.unwrap();
    let refusal = follow(&world, HOUSING, asked(&parent.name)).await;
    refused(refusal, Code::FailedPrecondition, "WRONG_STATE");
    let itself = follow(&world, HOUSING, following(&parent.name, HOUSING)).await;
    assert_eq!(fields(&itself.unwrap_err()), ["target"]);
    // What it may no longer read it may not follow up.
    let more = pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) };
    let more = world.create(PROGRAMME, more).await.unwrap();
    world.go(Verb::Accept, HOUSING, &more.name).await.unwrap();
    world.revoke(ANA);
    refused(follow(&world, HOUSING, asked(&more.name)).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.count("SELECT count(*) FROM referral WHERE parent_id IS NOT NULL").await, 0);
}

#[tokio::test]
async fn twenty_follow_from_one() {
    let world = World::new().await;
    let parent = taken_on(&world).await;
    for _ in 0..20 {
        follow(&world, HOUSING, following(&parent.name, OTHER)).await.unwrap();
    }
    let more = follow(&world, HOUSING, following(&parent.name, OTHER)).await;
    refused(more, Code::ResourceExhausted, "LIMIT_EXCEEDED");
}

#[tokio::test]
async fn both_sides_and_the_person_say_how_it_went_and_all_three_read_it() {
    let world = World::agreed().await;
    let done = world.in_state(S::Completed).await;
    let mut housing = world.watch(HOUSING).await;
    for state in [S::Requested, S::Accepted, S::Completed] {
        housing.is_told(&done.name, state).await;
    }
    let ana = world.person("ana");
    let own = feedback(&done.name, 5, "They waited with me; canary-77ab.");
    world.say(&ana, own.clone()).await.unwrap();
    world.say(&world.staff(HOUSING), feedback(&done.name, 0, "Came well prepared.")).await.unwrap();
    let all = world.say(&world.staff(CLINIC), feedback(&done.name, 4, "")).await.unwrap();
    let told: Vec<_> = all.feedback.iter().map(|f| (&*f.agency, f.helpful, &*f.words)).collect();
    let (clinic, target) = (agency_name(CLINIC), agency_name(HOUSING));
    let expected = [
        ("", 5, "They waited with me; canary-77ab."),
        (&*target, 0, "Came well prepared."),
        (&*clinic, 4, ""),
    ];
    assert_eq!(told, expected);
    assert_eq!((all.state(), &all.moves, &all.etag), (S::Completed, &done.moves, &done.etag));
    for _ in 0..3 {
        housing.is_told_of_more(&done.name).await;
    }
    for agency in [CLINIC, HOUSING] {
        assert_eq!(world.get(agency, &done.name).await.unwrap(), all);
    }
    assert_eq!(world.get_as(&ana, &done.name).await.unwrap(), all);
    assert_eq!(world.say(&ana, own).await.unwrap().feedback.len(), 1, "a replay");
    let request = pb::ListReferralsRequest { person: name_of("people", ANA), ..Default::default() };
    let listed = world.list_as(&world.staff(CLINIC), request).await.unwrap();
    assert!(listed.referrals.iter().all(|referral| referral.feedback.is_empty()));
}

/// Ana's guardian, from whom this is withheld.
fn guardian(excluded: &[Sensitivity]) -> Appointment {
    Appointment {
        id: fresh(),
        person: PersonId::from(ANA),
        relationship: Relationship::Guardian,
        authority: true,
        from: None,
        until: None,
        excluded_sensitivities: excluded.iter().copied().collect(),
        confirmed_by: None,
    }
}

#[tokio::test]
async fn why_somebody_moved_it_is_no_word_for_a_third_agency_or_for_who_may_not_see_all() {
    let world = World::agreed().await;
    world.agree(ANA, CLINIC, OTHER);
    world.people.appoint("sam", guardian(&[Sensitivity::Hiv]));
    let sam = world.sign_ins.individual("sam", Role::Representative, true);
    let sent = world.sent().await;
    let why = "No bed for those who are HIV positive; canary-6a13.";
    world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap();
    let hold = Move { reason: why.to_owned(), ..Move::of(&sent.name) };
    Verb::Hold.ask(&world, &world.staff(HOUSING), hold).await.unwrap();
    world.go(Verb::Resume, HOUSING, &sent.name).await.unwrap();
    let no = saying(&sent.name, pb::PersonAnswer::No, "");
    world.respond(&world.person("ana"), no).await.unwrap();
    let reasons = |shown: &pb::Referral| -> Vec<String> {
        let said = shown.moves.iter().map(|one| one.reason.clone());
        said.filter(|reason| !reason.is_empty()).collect()
    };
    for (token, sees) in [
        (world.staff(CLINIC), true),
        (world.staff(HOUSING), true),
        (world.person("ana"), true),
        (world.staff(OTHER), false),
        (sam, false),
    ] {
        let one = world.get_as(&token, &sent.name).await.unwrap();
        let asked = pb::ListReferralsRequest {
            person: name_of("people", ANA),
            ..pb::ListReferralsRequest::default()
        };
        let list = world.list_as(&token, asked).await.unwrap().referrals;
        assert_eq!((list.len(), list[0].moves.len()), (1, one.moves.len()));
        // What the network says is a code.
        let expected = if sees { vec![why, "PERSON_DECLINED"] } else { vec!["PERSON_DECLINED"] };
        assert_eq!(reasons(&one), expected);
        assert_eq!(reasons(&list[0]), expected);
    }
}

#[tokio::test]
async fn what_is_answered_again_is_cut_by_what_is_withheld_now() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    world.people.appoint("sam", guardian(&[]));
    let sam = world.sign_ins.individual("sam", Role::Representative, true);
    let ana = feedback(&sent.name, 2, "Too far; canary-90ce.");
    world.say(&world.person("ana"), ana).await.unwrap();
    let said = feedback(&sent.name, 3, "They were kind.");
    let first = world.say(&sam, said.clone()).await.unwrap();
    assert_eq!(first.feedback[0].words, "Too far; canary-90ce.");
    world.people.dismiss("sam");
    world.people.appoint("sam", guardian(&[Sensitivity::Hiv]));
    let again = world.say(&sam, said).await.unwrap();
    assert!(again.feedback.iter().all(|one| one.words.is_empty()), "{again:?}");
    assert_eq!(again.feedback.len(), 2);
}

#[tokio::test]
async fn who_acts_for_them_says_it_as_such_and_does_not_read_words_that_may_be_kept_from_them() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    world.people.appoint("sam", guardian(&[Sensitivity::Hiv]));
    let sam = world.sign_ins.individual("sam", Role::Representative, true);
    world
        .say(&world.person("ana"), feedback(&sent.name, 2, "Too far; canary-90ce."))
        .await
        .unwrap();
    let said = world.say(&sam, feedback(&sent.name, 3, "They were kind.")).await.unwrap();
    let told: Vec<_> =
        said.feedback.iter().map(|f| (f.by_representative, f.helpful, &*f.words)).collect();
    assert_eq!(told, [(false, 2, ""), (true, 3, "")], "another may have said it for them");
    assert_eq!(world.get_as(&sam, &sent.name).await.unwrap(), said);
    let whole = world.get(CLINIC, &sent.name).await.unwrap();
    assert_eq!(whole.feedback[0].words, "Too far; canary-90ce.");
}

#[tokio::test]
async fn nobody_else_says_how_it_went_and_what_says_nothing_is_refused() {
    let world = World::agreed().await;
    let (sent, draft) = (world.sent().await, world.draft().await);
    for (token, name) in [
        (world.staff(OTHER), &sent.name),
        (world.person("ben"), &sent.name),
        (world.person("ana"), &draft.name),
        (world.staff(HOUSING), &draft.name),
    ] {
        let refusal = world.say(&token, feedback(name, 1, "")).await;
        refused(refusal, Code::NotFound, "NOT_FOUND");
    }
    let of_draft = world.say(&world.staff(CLINIC), feedback(&draft.name, 1, "")).await;
    refused(of_draft, Code::FailedPrecondition, "WRONG_STATE");
    let clinic = world.staff(CLINIC);
    for (helpful, words, field) in
        [(0, " \n", "words"), (6, "", "helpful"), (-1, "", "helpful"), (1, "a\u{202e}b", "words")]
    {
        let refusal = world.say(&clinic, feedback(&sent.name, helpful, words)).await;
        assert_eq!(fields(&refusal.unwrap_err()), [field]);
    }
    for _ in 0..50 {
        world.say(&clinic, feedback(&sent.name, 1, "")).await.unwrap();
    }
    let more = world.say(&clinic, feedback(&sent.name, 1, "")).await;
    refused(more, Code::ResourceExhausted, "LIMIT_EXCEEDED");
    // However much one side says, nobody else is silenced by it.
    for token in [world.person("ana"), world.staff(HOUSING)] {
        world.say(&token, feedback(&sent.name, 1, "")).await.unwrap();
    }
    world.revoke(ANA);
    let refusal = world.say(&world.staff(HOUSING), feedback(&sent.name, 1, "")).await;
    refused(refusal, Code::NotFound, "NOT_FOUND");
}

async fn look(world: &World) {
    referrals::look_for_unanswered(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_is_not_answered_in_time_is_told_once_and_ends_thirty_days_later() {
    let world = World::agreed().await;
    // Urgent: three days.
    let sent = world.sent().await;
    let until = timestamp(world.clock.now() + time::Duration::days(3));
    assert_eq!(sent.respond_by, Some(until));
    world.clock.advance(time::Duration::days(3) - time::Duration::SECOND);
    look(&world).await;
    assert_eq!(world.count("SELECT count(*) FROM referral_event").await, 1);
    world.clock.advance(time::Duration::SECOND);
    for _ in 0..2 {
        look(&world).await;
    }
    for agency in [CLINIC, HOUSING] {
        let mut watch = world.watch(agency).await;
        watch.is_told(&sent.name, S::Requested).await;
        let event = watch.next().await;
        let told = (event.kind(), &*event.referral, event.state());
        assert_eq!(told, (ReferralEventKind::Overdue, &*sent.name, S::Unspecified));
    }
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap().state(), S::Requested);
    world.clock.advance(referrals::EXPIRES_AFTER);
    for _ in 0..2 {
        look(&world).await;
    }
    for agency in [CLINIC, HOUSING] {
        let mut watch = world.watch(agency).await;
        watch.is_told(&sent.name, S::Requested).await;
        assert_eq!(watch.next().await.kind(), ReferralEventKind::Overdue);
        watch.is_told(&sent.name, S::Cancelled).await;
    }
    let ended = world.get(CLINIC, &sent.name).await.unwrap();
    let last = ended.moves.last().unwrap();
    assert_eq!((&*last.reason, &*last.agency, ended.moves.len()), ("NOT_ANSWERED", "", 2));
    assert_eq!(world.count("SELECT count(*) FROM referral_event").await, 3);
    let events = world.stage.events().await;
    assert_eq!(events.iter().filter(|e| e.rpc.ends_with("/Unanswered")).count(), 2);
    // Asked again, they have their time again.
    let reopened = world.go(Verb::Reopen, CLINIC, &sent.name).await.unwrap();
    let until = timestamp(world.clock.now() + time::Duration::days(3));
    assert_eq!((reopened.state(), reopened.respond_by), (S::Requested, Some(until)));
    look(&world).await;
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap(), reopened);
}

#[tokio::test]
async fn what_is_answered_held_or_withdrawn_is_not_told_of_as_unanswered() {
    let world = World::agreed().await;
    let accepted = world.in_state(S::Accepted).await;
    let draft = world.draft().await;
    assert_eq!(draft.respond_by, None);
    world.clock.advance(time::Duration::days(100));
    look(&world).await;
    assert_eq!(world.get(CLINIC, &accepted.name).await.unwrap(), accepted);
    assert_eq!(world.get(CLINIC, &draft.name).await.unwrap(), draft);
    // Held by the end of a consent, it waits; and its target is told nothing of it.
    let held = world.create(CLINIC, pb::CreateReferralRequest { send: true, ..new(ANA, HOUSING) });
    let held = held.await.unwrap();
    world.revoke(ANA);
    world.reconcile(ANA).await;
    world.clock.advance(time::Duration::days(100));
    look(&world).await;
    assert_eq!(world.get(CLINIC, &held.name).await.unwrap().state(), S::OnHold);
    assert_eq!(world.count("SELECT count(*) FROM referral_event WHERE kind = 5").await, 0);
    // And when it comes back it has its time once more.
    world.agree(ANA, CLINIC, HOUSING);
    world.reconcile(ANA).await;
    look(&world).await;
    let back = world.get(CLINIC, &held.name).await.unwrap();
    let until = timestamp(world.clock.now() + time::Duration::days(3));
    assert_eq!((back.state(), back.respond_by), (S::Requested, Some(until)));
    assert_eq!(world.count("SELECT count(*) FROM referral_event WHERE kind = 5").await, 0);
}

#[tokio::test]
async fn what_nobody_looked_for_is_told_of_first_and_ends_later() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    world.clock.advance(time::Duration::days(100));
    for _ in 0..3 {
        look(&world).await;
    }
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap().state(), S::Requested);
    assert_eq!(world.count("SELECT count(*) FROM referral_event WHERE kind = 5").await, 1);
    // One that can't be written to keeps none behind it from its turn.
    let later = world.sent().await;
    world.clock.advance(referrals::EXPIRES_AFTER);
    let mut admin = world.admin().await;
    let mut tx = sqlx::Connection::begin(&mut admin).await.unwrap();
    let held = "SELECT id FROM referral WHERE overdue_at IS NOT NULL FOR UPDATE";
    sqlx::query(held).execute(&mut *tx).await.unwrap();
    look(&world).await;
    assert_eq!(world.count("SELECT count(*) FROM referral_event WHERE kind = 5").await, 2);
    tx.rollback().await.unwrap();
    look(&world).await;
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap().state(), S::Cancelled);
    assert_eq!(world.get(CLINIC, &later.name).await.unwrap().state(), S::Requested);
}

#[tokio::test]
async fn what_it_follows_from_is_shown_to_those_who_may_read_that_too() {
    let world = World::new().await;
    world.agree(ANA, HOUSING, OTHER);
    let parent = taken_on(&world).await;
    let sent = pb::CreateSubReferralRequest { send: true, ..following(&parent.name, OTHER) };
    let sent = follow(&world, HOUSING, sent).await.unwrap();
    // A sign-in that housing alone stands surety for is shown what housing holds.
    world.people.bind("vouched", ANA, Some(&[HOUSING]));
    let vouched = world.sign_ins.individual("vouched", Role::Person, false);
    refused(world.get_as(&vouched, &parent.name).await, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.get_as(&vouched, &sent.name).await.unwrap().parent, "");
    // And its source, while it may read it.
    assert_eq!(world.get(HOUSING, &sent.name).await.unwrap().parent, parent.name);
    world.revoke(ANA);
    assert_eq!(world.get(HOUSING, &sent.name).await.unwrap().parent, "");
}

#[tokio::test]
async fn the_notice_and_the_consent_for_what_it_follows_from_come_with_its_name() {
    let world = World::new().await;
    let parent = taken_on(&world).await;
    let housing = world.staff(HOUSING);
    let get = async |name: &str| {
        let asked = pb::GetReferralRequest { name: name.to_owned() };
        let reply = world.client.clone().get_referral(bearer(&housing, asked)).await.unwrap();
        let reply = reply.into_inner();
        (reply.referral.unwrap(), reply.disclosure.unwrap())
    };
    let (_, of_parent) = get(&parent.name).await;
    assert!(of_parent.notice.is_some() && !of_parent.consents.is_empty());
    let asked = following(&parent.name, OTHER);
    let mut told = Vec::new();
    let mut name = String::new();
    // And when it is asked for once more.
    for _ in 0..2 {
        let asked = bearer(&housing, asked.clone());
        let reply = world.client.clone().create_sub_referral(asked).await.unwrap().into_inner();
        name = reply.referral.unwrap().name;
        told.push(reply.disclosure.unwrap());
    }
    let (shown, disclosure) = get(&name).await;
    assert_eq!(shown.parent, parent.name);
    told.push(disclosure);
    for disclosure in told {
        assert_eq!(disclosure.notice, of_parent.notice);
        assert_eq!(disclosure.consents, of_parent.consents);
        assert_eq!(disclosure.redisclosure, of_parent.redisclosure);
    }
    // Without its name, without what goes with it.
    world.revoke(ANA);
    let (shown, disclosure) = get(&name).await;
    assert_eq!(shown.parent, "");
    assert!(disclosure.notice.is_none() && disclosure.consents.is_empty());
    let again = bearer(&housing, asked);
    let again = world.client.clone().create_sub_referral(again).await.unwrap().into_inner();
    let (shown, disclosure) = (again.referral.unwrap(), again.disclosure.unwrap());
    assert_eq!((shown.name, &*shown.parent), (name, ""));
    assert!(disclosure.notice.is_none() && disclosure.consents.is_empty());
}

#[tokio::test]
async fn nothing_follows_from_what_may_be_read_no_more_at_the_commit() {
    let world = World::new().await;
    let parent = taken_on(&world).await;
    let at = world.clock.now();
    // The parent has been read, and the permit asked for, when the person revokes.
    world.consents.after(1, move |consents| consents.revoke(ANA, at));
    let refusal = follow(&world, HOUSING, following(&parent.name, OTHER)).await;
    refused(refusal, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.count("SELECT count(*) FROM referral WHERE parent_id IS NOT NULL").await, 0);
}

#[tokio::test]
async fn nothing_follows_from_what_is_revoked_while_the_transaction_waits() {
    let world = World::new().await;
    let parent = taken_on(&world).await;
    let at = world.clock.now();
    // In the transaction, too, it was asked and answered when the person revokes.
    world.consents.after(2, move |consents| consents.revoke(ANA, at));
    let refusal = follow(&world, HOUSING, following(&parent.name, OTHER)).await;
    refused(refusal, Code::NotFound, "NOT_FOUND");
    assert_eq!(world.count("SELECT count(*) FROM referral WHERE parent_id IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_target_that_may_not_read_is_not_told_that_it_has_not_answered() {
    let world = World::new().await;
    world.permit(ANA, CLINIC, HOUSING, &[kernel::Action::Refer]);
    let sent = world.sent().await;
    world.clock.advance(time::Duration::days(3));
    look(&world).await;
    let mut clinic = world.watch(CLINIC).await;
    clinic.is_told(&sent.name, S::Requested).await;
    assert_eq!(clinic.next().await.kind(), ReferralEventKind::Overdue);
    world.watch(HOUSING).await.is_told_nothing_more(&world).await;
    // When it may, it is told how things stand, and nothing of before.
    world.agree(ANA, CLINIC, HOUSING);
    world.reconcile(ANA).await;
    let mut housing = world.watch(HOUSING).await;
    housing.is_told(&sent.name, S::Requested).await;
    housing.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn an_answer_is_asked_for_by_a_day_of_the_sources_choosing_or_by_its_priority() {
    let world = World::agreed().await;
    let now = world.clock.now();
    let after = |hours| Some(timestamp(now + time::Duration::hours(hours)));
    for (priority, hours) in [
        (pb::Priority::Stat, 24),
        (pb::Priority::Urgent, 72),
        (pb::Priority::Routine, 336),
        (pb::Priority::Unspecified, 336),
    ] {
        let asked = pb::CreateReferralRequest {
            priority: priority.into(),
            send: true,
            ..new(ANA, HOUSING)
        };
        assert_eq!(world.create(CLINIC, asked).await.unwrap().respond_by, after(hours));
    }
    let given = pb::CreateReferralRequest { respond_by: after(5), ..new(ANA, HOUSING) };
    let draft = world.create(CLINIC, given.clone()).await.unwrap();
    assert_eq!(draft.respond_by, after(5));
    let later = world
        .create(CLINIC, pb::CreateReferralRequest { request_id: fresh().to_string(), ..given });
    let later = later.await.unwrap();
    assert_eq!(world.go(Verb::Send, CLINIC, &draft.name).await.unwrap().respond_by, after(5));
    world.clock.advance(time::Duration::hours(6));
    let sent = world.go(Verb::Send, CLINIC, &later.name).await.unwrap();
    assert_eq!(sent.respond_by, after(6 + 72), "what was asked for is over");
    for wrong in [
        Some(timestamp(world.clock.now())),
        after(6 + 365 * 24 + 1),
        Some(prost_types::Timestamp { seconds: i64::MIN, nanos: 0 }),
    ] {
        let asked = pb::CreateReferralRequest { respond_by: wrong, ..new(ANA, HOUSING) };
        let refusal = world.create(CLINIC, asked).await.unwrap_err();
        assert_eq!(fields(&refusal), ["respond_by"]);
    }
    let bens = world.create(CLINIC, new(BEN, HOUSING)).await.unwrap();
    assert_eq!(bens.respond_by, None);
}
