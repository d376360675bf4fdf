//! What a person prefers goes with every referral.

use tonic::Code;
use wire::{
    common::v1::ContactRule as Rule,
    convert::{agency_name, name_of},
    directory::v1::SearchServicesRequest,
    people::v1::StatedPreferences,
    referrals::v1 as pb,
};

use crate::{
    follow_up::{follow, following},
    world::{ANA, BEN, CLINIC, HOUSING, OTHER, Verb, World, attempt, new, refused},
};

fn handed_over(send: bool) -> pb::CreateReferralRequest {
    pb::CreateReferralRequest { warm_handoff: true, send, ..new(ANA, HOUSING) }
}

#[tokio::test]
async fn the_rule_of_contact_is_in_every_reply_by_the_word_to_the_source_and_to_the_reader() {
    let world = World::agreed().await;
    let sent = world.create(CLINIC, handed_over(true)).await.unwrap();
    assert_eq!((sent.contact_rule(), sent.warm_handoff), (Rule::Open, true));
    world.prefers.rule(ANA, CLINIC, Rule::SafeWaysOnly);
    for agency in [CLINIC, HOUSING] {
        let read = world.get(agency, &sent.name).await.unwrap();
        assert_eq!((read.contact_rule(), read.warm_handoff), (Rule::SafeWaysOnly, true));
    }
    // What the target heard itself is for itself.
    world.prefers.rule(ANA, HOUSING, Rule::Prohibited);
    world.prefers.rule(ANA, OTHER, Rule::Prohibited);
    world.prefers.rule(BEN, CLINIC, Rule::Prohibited);
    assert_eq!(world.get(CLINIC, &sent.name).await.unwrap().contact_rule(), Rule::SafeWaysOnly);
    let read = world.get_as(&world.person("ana"), &sent.name).await.unwrap();
    assert_eq!(read.contact_rule(), Rule::SafeWaysOnly);
    let read = world.get(HOUSING, &sent.name).await.unwrap();
    assert_eq!((read.contact_rule(), read.warm_handoff), (Rule::Prohibited, false));
    let accepted = world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap();
    assert_eq!((accepted.contact_rule(), accepted.warm_handoff), (Rule::Prohibited, false));
    let recorded = world.contact(HOUSING, attempt(&sent.name)).await.unwrap();
    assert_eq!((recorded.contact_rule(), recorded.contacts.len()), (Rule::Prohibited, 1));
    world.prefers.rule(ANA, HOUSING, Rule::Open);
    world.prefers.rule(ANA, CLINIC, Rule::Prohibited);
    let asked = pb::ListReferralsRequest::default();
    let listed = world.list_as(&world.staff(HOUSING), asked).await.unwrap().referrals;
    let rules: Vec<_> = listed.iter().map(|one| (one.contact_rule(), one.warm_handoff)).collect();
    assert_eq!(rules, [(Rule::Prohibited, false)]);
    world.prefers.asked();
    world.get(HOUSING, &sent.name).await.unwrap();
    let asked = world.prefers.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].person, name_of("people", ANA));
    assert_eq!(asked[0].agencies, [CLINIC, HOUSING].map(agency_name));
}

#[tokio::test]
async fn nobody_is_handed_over_warmly_who_may_not_be_contacted() {
    let world = World::agreed().await;
    world.prefers.rule(ANA, CLINIC, Rule::Prohibited);
    for send in [true, false] {
        let answer = world.create(CLINIC, handed_over(send)).await;
        refused(answer, Code::FailedPrecondition, "CONTACT_PROHIBITED");
    }
    assert_eq!(world.count("SELECT count(*) FROM referral").await, 0);
    let cold = pb::CreateReferralRequest { warm_handoff: false, ..handed_over(true) };
    assert_eq!(world.create(CLINIC, cold).await.unwrap().contact_rule(), Rule::Prohibited);
    // Whoever may not write it learns nothing.
    let answer = world.create(HOUSING, handed_over(false)).await;
    refused(answer, Code::InvalidArgument, "INVALID_ARGUMENT");
    let mut elsewhere = handed_over(false);
    elsewhere.target = agency_name(CLINIC);
    world.prefers.rule(ANA, HOUSING, Rule::Prohibited);
    refused(world.create(HOUSING, elsewhere).await, Code::NotFound, "NOT_FOUND");
    world.prefers.rule(ANA, CLINIC, Rule::SafeWaysOnly);
    world.create(CLINIC, handed_over(true)).await.unwrap();
}

#[tokio::test]
async fn the_rule_goes_on_with_what_follows_from_a_referral() {
    let world = World::agreed().await;
    world.people.register(ANA, HOUSING);
    world.people.register(ANA, OTHER);
    world.agree(ANA, HOUSING, OTHER);
    world.agree(ANA, OTHER, CLINIC);
    let first = world.sent().await;
    world.go(Verb::Accept, HOUSING, &first.name).await.unwrap();
    let following = |parent: &pb::Referral, target, warm_handoff| {
        let following = following(&parent.name, target);
        pb::CreateSubReferralRequest { send: true, warm_handoff, ..following }
    };
    let second = follow(&world, HOUSING, following(&first, OTHER, true)).await.unwrap();
    assert_eq!((second.contact_rule(), second.warm_handoff), (Rule::Open, true));
    world.prefers.rule(ANA, CLINIC, Rule::Prohibited);
    let answer = follow(&world, HOUSING, following(&first, OTHER, true)).await;
    refused(answer, Code::FailedPrecondition, "CONTACT_PROHIBITED");
    let read = world.get(OTHER, &second.name).await.unwrap();
    assert_eq!((read.contact_rule(), read.warm_handoff), (Rule::Prohibited, false));
    // And with what follows from that.
    world.go(Verb::Accept, OTHER, &second.name).await.unwrap();
    let third = follow(&world, OTHER, following(&second, CLINIC, false)).await.unwrap();
    assert_eq!(third.contact_rule(), Rule::Prohibited);
    world.prefers.rule(ANA, CLINIC, Rule::Open);
    world.prefers.rule(ANA, HOUSING, Rule::SafeWaysOnly);
    assert_eq!(world.get(OTHER, &third.name).await.unwrap().contact_rule(), Rule::SafeWaysOnly);
    assert_eq!(world.get(CLINIC, &third.name).await.unwrap().contact_rule(), Rule::SafeWaysOnly);
    assert_eq!(world.get(CLINIC, &first.name).await.unwrap().contact_rule(), Rule::Open);
}

#[tokio::test]
async fn where_nobody_knows_the_rule_nothing_asks_for_contact_and_all_else_goes_on() {
    let world = World::agreed().await;
    let sent = world.create(CLINIC, handed_over(true)).await.unwrap();
    world.prefers.away(true);
    let read = world.get(HOUSING, &sent.name).await.unwrap();
    assert_eq!((read.contact_rule(), read.warm_handoff), (Rule::Unspecified, false));
    let accepted = world.go(Verb::Accept, HOUSING, &sent.name).await.unwrap();
    assert_eq!((accepted.contact_rule(), accepted.warm_handoff), (Rule::Unspecified, false));
    let answer = world.create(CLINIC, handed_over(true)).await;
    refused(answer, Code::Unavailable, "PEOPLE_UNAVAILABLE");
    world.prefers.away(false);
    assert!(world.get(HOUSING, &sent.name).await.unwrap().warm_handoff);
}

#[tokio::test]
async fn services_that_honour_what_the_person_prefers_are_suggested_first_and_no_other_is_hidden() {
    let world = World::agreed().await;
    let plain = world.offers.add(HOUSING);
    let interprets = world.offers.add_that(HOUSING, |service| {
        service.languages.push("en".to_owned());
        service.interpreting = "by telephone".to_owned();
    });
    let speaks = world.offers.add_that(HOUSING, |service| service.languages.push("es".to_owned()));
    let both = world.offers.add_that(HOUSING, |service| {
        service.languages.push("es".to_owned());
        service.cultural_offerings.push("Latino".to_owned());
    });
    let order = async || {
        let suggested = world.suggested().await;
        let last = suggested.last().unwrap().why.clone();
        (crate::suggestions::names(suggested), last)
    };
    let told = |words: &str| ["needs are met", words].map(str::to_owned).to_vec();
    let (found, why) = order().await;
    assert_eq!(found, [plain.clone(), interprets.clone(), speaks.clone(), both.clone()]);
    assert_eq!(why, told("a consent covers this agency"));
    let stated = StatedPreferences {
        language: "es-MX".to_owned(),
        cultural_offering: "Latino".to_owned(),
        include_faith_based: true,
        ..StatedPreferences::default()
    };
    world.prefers.say(ANA, CLINIC, stated.clone());
    world.offers.asked();
    let (found, why) = order().await;
    // English and interpreting go before what says nothing of languages.
    assert_eq!(found, [both.clone(), speaks.clone(), interprets.clone(), plain.clone()]);
    assert_eq!(why, told("a consent covers this agency"), "it may be spoken there");
    let other = world.offers.add_that(HOUSING, |service| service.languages.push("en".to_owned()));
    let (found, why) = order().await;
    assert_eq!(found.last(), Some(&other));
    assert_eq!(why[1], "not all that is looked for or preferred is stated there");
    assert!(world.offers.asked().iter().all(|asked| asked.include_faith_based));
    // What the request says itself stands.
    let asked = pb::SuggestServicesRequest {
        search: Some(SearchServicesRequest {
            language: "vi".to_owned(),
            ..crate::suggestions::search()
        }),
        ..crate::suggestions::asked(ANA)
    };
    world.suggest(&world.staff(CLINIC), asked).await.unwrap();
    assert!(world.offers.asked().iter().all(|asked| asked.language == "vi"));
    // A language that the directory does not know, and the one that all speak.
    for language in ["xx", "en-US"] {
        let stated = StatedPreferences { language: language.to_owned(), ..Default::default() };
        world.prefers.say(ANA, CLINIC, stated);
        assert_eq!(order().await.0.len(), 5, "{language}");
    }
    // To another agency, or of another person, it was not said.
    world.prefers.say(ANA, HOUSING, stated.clone());
    world.prefers.say(BEN, CLINIC, stated);
    world.prefers.say(ANA, CLINIC, StatedPreferences::default());
    assert_eq!(order().await.0, [plain, interprets, speaks, both, other]);
    world.prefers.away(true);
    let answer = world.suggest(&world.staff(CLINIC), crate::suggestions::asked(ANA)).await;
    refused(answer, Code::Unavailable, "PEOPLE_UNAVAILABLE");
}
