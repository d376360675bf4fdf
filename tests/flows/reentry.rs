//! A reentry from before the release to work, and a search for a home that begins with a no.

use kernel::{Clock as _, Purpose, Role, SystemClock};
use tonic::{Code, Streaming};
use trellis_tests::{
    Actor, BOUND, Network, Person, Up, World, agency, everywhere_known, referral_of, request_id,
    served,
};
use wire::{
    common::v1::Sector,
    referrals::v1::{
        AcceptReferralRequest, CompleteReferralRequest, ContactChannel, ContactResult,
        CreateReferralRequest, Enrollment, HoldReferralRequest, HousingResult,
        ListReferralsRequest, Outcome, PersonAnswer, RecordContactRequest, Referral,
        ReferralEventKind as Kind, ReferralState as State, RejectReferralRequest,
        RespondToReferralRequest, ResumeReferralRequest, StartReferralRequest,
        WatchReferralsRequest, WatchReferralsResponse,
    },
};

/// Another agency of the network, and a case manager of it.
async fn desk(network: &Network, world: &World, name: &str, sector: Sector) -> (String, Actor) {
    let reply = served!(world.admin.directory(), register_agency, agency(name, sector));
    let name = reply.agency.unwrap().name;
    let purposes = [Purpose::CoordinationOfCare];
    let desk = network.tokens.staff("cm", &name, &[Role::CaseManager], &purposes);
    let desk = network.actor(desk);
    everywhere_known(&desk).await;
    (name, desk)
}

async fn sent(world: &World, asked: CreateReferralRequest) -> Referral {
    let sender = world.clinician.with_purposes(["COC"]);
    served!(sender.referrals(), create_referral, asked).referral.unwrap()
}

async fn accept(desk: &Actor, name: &str) -> Referral {
    let (request_id, name, etag) = (request_id(), name.to_owned(), String::new());
    let accept = AcceptReferralRequest { request_id, name, etag };
    served!(desk.referrals(), accept_referral, accept).referral.unwrap()
}

async fn start(desk: &Actor, name: &str) -> Referral {
    let (request_id, name, etag) = (request_id(), name.to_owned(), String::new());
    let start = StartReferralRequest { request_id, name, etag };
    served!(desk.referrals(), start_referral, start).referral.unwrap()
}

async fn complete(desk: &Actor, name: &str, housing: HousingResult) -> Referral {
    let complete = CompleteReferralRequest {
        request_id: request_id(),
        name: name.to_owned(),
        etag: String::new(),
        outcome: Outcome::GotHelp.into(),
        housing_result: housing.into(),
        enrollment: Enrollment::Enrolled.into(),
    };
    served!(desk.referrals(), complete_referral, complete).referral.unwrap()
}

async fn says(person: &Person, name: &str, answer: PersonAnswer, words: &str) -> Referral {
    let respond = RespondToReferralRequest {
        request_id: request_id(),
        name: name.to_owned(),
        answer: answer.into(),
        words: words.to_owned(),
    };
    served!(person.actor.referrals(), respond_to_referral, respond).referral.unwrap()
}

/// They spoke.
async fn spoke(who: &Actor, name: &str, channel: ContactChannel, warm_handoff: bool) -> Referral {
    let contact = RecordContactRequest {
        request_id: request_id(),
        name: name.to_owned(),
        channel: channel.into(),
        result: ContactResult::Reached.into(),
        warm_handoff,
        ..RecordContactRequest::default()
    };
    served!(who.referrals(), record_contact, contact).referral.unwrap()
}

async fn watch(actor: &Actor) -> Streaming<WatchReferralsResponse> {
    let request = WatchReferralsRequest { cursor: String::new() };
    let mut referrals = actor.without_deadline().referrals();
    referrals.watch_referrals(request).await.unwrap().into_inner()
}

/// What is told of one referral, in order, until its state is this.
async fn told(
    watch: &mut Streaming<WatchReferralsResponse>,
    name: &str,
    last: State,
) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let next = tokio::time::timeout(BOUND, watch.message()).await.expect("in time");
        let event = next.unwrap().expect("the stream goes on");
        if event.referral != name {
            continue;
        }
        all.push(match event.kind() {
            Kind::State => event.state().as_str_name()["REFERRAL_STATE_".len()..].to_owned(),
            other => other.as_str_name()["REFERRAL_EVENT_KIND_".len()..].to_owned(),
        });
        if event.state() == last {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reentry_goes_from_before_the_release_to_a_home_and_to_work() {
    let up = Up::start().await;
    let network = up.network();
    let world = World::new(network).await;
    let person = world.person(network).await;
    let housing = &world.agencies.housing;
    let (employment, desk) =
        desk(network, &world, "Spruce IPS Employment", Sector::Employment).await;
    for agency in [housing, &employment] {
        world.consent(&person, agency).await;
    }
    let mut clinic = watch(&world.clinician.with_purposes(["COC"])).await;

    // While still inside: a home, to be handed over warmly before the day.
    let release = (SystemClock.now() + time::Duration::days(12)).date().to_string();
    let home = sent(
        &world,
        CreateReferralRequest {
            expected_release_date: release.clone(),
            warm_handoff: true,
            ..referral_of(&person.name, housing, true)
        },
    );
    let home = home.await;
    assert_eq!((home.state(), &home.expected_release_date), (State::Requested, &release));
    says(&person, &home.name, PersonAnswer::Asks, "Can my brother visit?").await;
    accept(&world.manager, &home.name).await;
    says(&person, &home.name, PersonAnswer::Yes, "").await;
    let clinician = world.clinician.with_purposes(["COC"]);
    let met = spoke(&clinician, &home.name, ContactChannel::Video, true).await;
    assert!(met.warm_handoff && met.contacts[0].warm_handoff);
    assert!(met.answers.iter().map(|a| a.answer()).eq([PersonAnswer::Asks, PersonAnswer::Yes]));

    // Outside.
    start(&world.manager, &home.name).await;
    let housed = complete(&world.manager, &home.name, HousingResult::ClientAccepted).await;
    assert_eq!((housed.state(), housed.outcome()), (State::Completed, Outcome::GotHelp));
    let heard = told(&mut clinic, &home.name, State::Completed).await;
    let expected = ["REQUESTED", "ADDED", "ACCEPTED", "ADDED", "ADDED", "IN_PROGRESS", "COMPLETED"];
    assert_eq!(heard, expected);

    // Work that the person chose: individual placement and support.
    let work = CreateReferralRequest {
        need_category: "109-02".to_owned(),
        summary: "Looking for kitchen work, mornings; with support for as long as it helps."
            .to_owned(),
        ..referral_of(&person.name, &employment, true)
    };
    let work = sent(&world, work).await;
    says(&person, &work.name, PersonAnswer::Yes, "Mornings only.").await;
    accept(&desk, &work.name).await;
    start(&desk, &work.name).await;
    spoke(&desk, &work.name, ContactChannel::InPerson, false).await;
    let works = complete(&desk, &work.name, HousingResult::Unspecified).await;
    assert_eq!((works.outcome(), works.enrollment()), (Outcome::GotHelp, Enrollment::Enrolled));
    let heard = told(&mut clinic, &work.name, State::Completed).await;
    assert_eq!(heard, ["REQUESTED", "ADDED", "ACCEPTED", "IN_PROGRESS", "ADDED", "COMPLETED"]);

    // The person sees both, and how each ended.
    let all = |person: &Person| ListReferralsRequest {
        person: person.name.clone(),
        ..ListReferralsRequest::default()
    };
    let list = served!(person.actor.referrals(), list_referrals, all(&person)).referrals;
    let ends: Vec<_> = list.iter().map(|r| (&*r.name, r.outcome())).collect();
    assert_eq!(ends, [(&*work.name, Outcome::GotHelp), (&*home.name, Outcome::GotHelp)]);
    let list = served!(world.unrelated.referrals(), list_referrals, all(&person)).referrals;
    assert!(list.is_empty(), "the school is told nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_first_has_no_room_a_second_has_a_waiting_list_and_then_a_home() {
    let up = Up::start().await;
    let network = up.network();
    let world = World::new(network).await;
    let person = world.person(network).await;
    let housing = &world.agencies.housing;
    let (second, desk) = desk(network, &world, "Cedar Homes", Sector::Housing).await;
    for agency in [housing, &second] {
        world.consent(&person, agency).await;
    }
    let first = sent(&world, referral_of(&person.name, housing, true)).await;
    let also = CreateReferralRequest {
        group: first.name.clone(),
        ..referral_of(&person.name, &second, true)
    };
    let also = sent(&world, also).await;
    let reject = RejectReferralRequest {
        request_id: request_id(),
        name: first.name.clone(),
        etag: String::new(),
        reason: "No room before spring".to_owned(),
        outcome: Outcome::NoCapacity.into(),
        housing_result: HousingResult::ProviderRejected.into(),
    };
    let rejected = served!(world.manager.referrals(), reject_referral, reject).referral.unwrap();
    assert_eq!((rejected.state(), rejected.outcome()), (State::Rejected, Outcome::NoCapacity));
    // The other is asked all the same, and is on a waiting list once it has accepted.
    accept(&desk, &also.name).await;
    let hold = HoldReferralRequest {
        request_id: request_id(),
        name: also.name.clone(),
        etag: String::new(),
        reason: "Third on the list".to_owned(),
        enrollment: Enrollment::NotEnrolledOnWaitlist.into(),
    };
    let waits = served!(desk.referrals(), hold_referral, hold).referral.unwrap();
    assert_eq!(waits.enrollment(), Enrollment::NotEnrolledOnWaitlist);
    // What waits there is taken on: the first is not asked again meanwhile.
    let again = wire::referrals::v1::ReopenReferralRequest {
        request_id: request_id(),
        name: first.name.clone(),
        etag: String::new(),
        reason: "Perhaps now".to_owned(),
    };
    let sender = world.clinician.with_purposes(["COC"]);
    let refused = sender.referrals().reopen_referral(again).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let (request_id, name, etag) = (request_id(), also.name.clone(), String::new());
    let resume = ResumeReferralRequest { request_id, name, etag };
    let resumed = served!(desk.referrals(), resume_referral, resume).referral.unwrap();
    assert_eq!(resumed.enrollment(), Enrollment::Unspecified);
    let housed = complete(&desk, &also.name, HousingResult::ClientAccepted).await;
    let moves: Vec<_> = housed.moves.iter().map(|m| m.state()).collect();
    let expected =
        [State::Requested, State::Accepted, State::OnHold, State::InProgress, State::Completed];
    assert_eq!(moves, expected);
    let ended = (housed.outcome(), housed.housing_result(), housed.enrollment());
    assert_eq!(ended, (Outcome::GotHelp, HousingResult::ClientAccepted, Enrollment::Enrolled));
}
