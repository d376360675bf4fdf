//! From a draft to its end, seen by both sides.

use wire::{
    convert::{agency_name, name_of},
    referrals::v1::{self as pb, ReferralState as S},
};

use crate::world::{ANA, CLINIC, HOUSING, Move, Verb, WORDS, World, new};

#[tokio::test]
async fn a_referral_goes_from_draft_to_completed_and_both_sides_watch_each_step() {
    let world = World::agreed().await;
    let (mut clinic, mut housing) = (world.watch(CLINIC).await, world.watch(HOUSING).await);
    let draft = world.draft().await;
    assert_eq!((draft.state(), &*draft.etag), (S::Draft, "1"));
    clinic.is_told(&draft.name, S::Draft).await;
    let steps = [
        (Verb::Send, CLINIC, S::Requested),
        (Verb::Accept, HOUSING, S::Accepted),
        (Verb::Start, HOUSING, S::InProgress),
        (Verb::Hold, HOUSING, S::OnHold),
        (Verb::Resume, HOUSING, S::InProgress),
        (Verb::Complete, HOUSING, S::Completed),
    ];
    for (verb, agency, state) in steps {
        world.clock.advance(time::Duration::MINUTE);
        let moved = world.go(verb, agency, &draft.name).await.unwrap();
        assert_eq!(moved.state(), state);
        clinic.is_told(&draft.name, state).await;
        housing.is_told(&draft.name, state).await;
        for agency in [CLINIC, HOUSING] {
            assert_eq!(world.get(agency, &draft.name).await.unwrap(), moved);
        }
    }
    let done = world.get(HOUSING, &draft.name).await.unwrap();
    assert_eq!(done.outcome(), pb::Outcome::GotHelp);
    assert_eq!(done.housing_result(), pb::HousingResult::ClientAccepted);
    assert_eq!(done.enrollment(), pb::Enrollment::Enrolled);
    let moves: Vec<_> =
        done.moves.iter().map(|m| (m.state(), m.agency.clone(), m.reason.clone())).collect();
    let (by_clinic, by_housing) = (agency_name(CLINIC), agency_name(HOUSING));
    let made = |state, by: &String, why: &str| (state, by.clone(), why.to_owned());
    assert_eq!(
        moves,
        [
            made(S::Draft, &by_clinic, ""),
            made(S::Requested, &by_clinic, ""),
            made(S::Accepted, &by_housing, ""),
            made(S::InProgress, &by_housing, ""),
            made(S::OnHold, &by_housing, "because"),
            made(S::InProgress, &by_housing, ""),
            made(S::Completed, &by_housing, ""),
        ]
    );
    assert!(done.moves.windows(2).all(|m| m[0].time.unwrap().seconds < m[1].time.unwrap().seconds));
    assert_eq!(done.update_time, done.moves[6].time);
    clinic.is_told_nothing_more(&world).await;
    housing.is_told_nothing_more(&world).await;
}

#[tokio::test]
async fn what_was_written_is_what_is_read() {
    let world = World::agreed().await;
    let service = name_of("services", uuid::Uuid::from_u128(0x5e));
    let request =
        pb::CreateReferralRequest { send: true, service: service.clone(), ..new(ANA, HOUSING) };
    let sent = world.create(CLINIC, request.clone()).await.unwrap();
    assert_eq!(sent.state(), S::Requested);
    assert_eq!(sent.moves.len(), 1, "new to requested is one move");
    assert_eq!((&sent.person, &sent.target), (&request.person, &request.target));
    assert_eq!((&sent.source, &sent.service), (&agency_name(CLINIC), &service));
    assert_eq!((&*sent.need_category, &*sent.summary), ("101-01", WORDS));
    assert_eq!(sent.priority(), pb::Priority::Urgent);
    assert_eq!(sent.labels, request.labels);
    assert_eq!(sent.author, format!("{}/practitioners/sam", agency_name(CLINIC)));
    assert_eq!(world.get(HOUSING, &sent.name).await.unwrap(), sent);
    let unstated = pb::CreateReferralRequest { priority: 0, labels: None, ..new(ANA, HOUSING) };
    let plain = world.create(CLINIC, unstated).await.unwrap();
    assert_eq!(plain.priority(), pb::Priority::Routine);
}

#[tokio::test]
async fn the_other_ends() {
    let world = World::agreed().await;
    let rejected = world.in_state(S::Rejected).await;
    assert_eq!(rejected.moves.last().unwrap().reason, "because");
    let failed = world.in_state(S::Failed).await;
    let not_enrolled = pb::Enrollment::NotEnrolled;
    assert_eq!((failed.outcome(), failed.enrollment()), (pb::Outcome::GotHelp, not_enrolled));
    for agency in [CLINIC, HOUSING] {
        let sent = world.sent().await;
        let cancelled = world.go(Verb::Cancel, agency, &sent.name).await.unwrap();
        assert_eq!(cancelled.moves.last().unwrap().agency, agency_name(agency));
    }
}

#[tokio::test]
async fn an_etag_that_is_not_the_present_one_is_stale() {
    let world = World::agreed().await;
    let sent = world.sent().await;
    let token = world.staff(HOUSING);
    let with = |etag: &str| Move { etag: etag.to_owned(), ..Move::of(&sent.name) };
    let stale = Verb::Accept.ask(&world, &token, with("7")).await;
    crate::world::refused(stale, tonic::Code::Aborted, "ETAG_MISMATCH");
    let accepted = Verb::Accept.ask(&world, &token, with(&sent.etag)).await.unwrap();
    assert_ne!(accepted.etag, sent.etag);
    let stale = Verb::Start.ask(&world, &token, with(&sent.etag)).await;
    crate::world::refused(stale, tonic::Code::Aborted, "ETAG_MISMATCH");
    Verb::Start.ask(&world, &token, with(&accepted.etag)).await.unwrap();
}
