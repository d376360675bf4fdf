//! What others did, told to the people service; and emergencies, told to privacy officers.

use kernel::Role;
use tonic::{Code, Status, Streaming};
use uuid::Uuid;
use wire::{
    consent::v1::{self as pb, EmergencyAlarm as Alarm, PersonEventKind as Kind},
    convert::{agency_name, name_of, timestamp},
};

use crate::{
    call,
    court_order::{accept, recorded, recording},
    emergency::declared,
    entered_in_error::mark,
    represented::guardian,
    superseded::replacing,
    watch::{ended, next},
    world::{
        ANA, BEN, CLINIC, HOUSING, NOW, OTHER, World, audited, fresh, record, recording as paper,
        terms, terms_of, told, with,
    },
};

async fn follow(
    world: &World,
    service: &'static str,
    after: i64,
) -> Result<Streaming<pb::WatchPersonEventsResponse>, Status> {
    let request = pb::WatchPersonEventsRequest { after };
    let request = with(&world.service_named(service), request);
    Ok(world.facts().watch_person_events(request).await?.into_inner())
}

fn event(
    sequence: i64,
    person: Uuid,
    kind: Kind,
    agencies: &[Uuid],
) -> pb::WatchPersonEventsResponse {
    pb::WatchPersonEventsResponse {
        sequence,
        person: name_of("people", person),
        kind: kind.into(),
        time: Some(timestamp(NOW)),
        agencies: agencies.iter().map(agency_name).collect(),
    }
}

#[tokio::test]
async fn the_people_service_alone_is_told_of_what_others_did_in_order() {
    let world = World::new().await;
    // What the person ends themself is no news to them.
    let own = world.signed("ana", terms()).await;
    world.revoke(&world.person("ana"), &own.name).await.unwrap();
    declared(&world, ANA).await;
    let on_word = world.signed("ben", terms()).await;
    let word = pb::RevocationWord::Spoken.into();
    let revoke = pb::RevokeConsentRequest { request_id: fresh(), name: on_word.name, word };
    call!(world, revoke_consent, world.staff(CLINIC), revoke).unwrap();
    world.people.appoint("aunt", guardian(ANA));
    let aunt = world.representative("aunt");
    let both = terms_of(pb::Effect::Permit, &[CLINIC, OTHER], &[HOUSING]);
    let by_aunt = world.signed("ana", both).await;
    world.revoke(&aunt, &by_aunt.name).await.unwrap();
    let order = recorded(&world, recording(ANA)).await;
    accept(&world, world.officer(CLINIC), &order.name).await.unwrap();

    let mut stream = follow(&world, "people", 0).await.unwrap();
    let all = [
        event(1, ANA, Kind::Emergency, &[CLINIC]),
        event(2, BEN, Kind::ConsentEnded, &[CLINIC]),
        event(3, ANA, Kind::ConsentEnded, &[CLINIC, OTHER]),
        event(4, ANA, Kind::CourtOrder, &[CLINIC]),
    ];
    for one in &all {
        assert_eq!(next(&mut stream).await, *one);
    }
    let checkpoint = pb::WatchPersonEventsResponse { sequence: 4, ..Default::default() };
    assert_eq!(next(&mut stream).await, checkpoint);
    let mut later = follow(&world, "people", 3).await.unwrap();
    assert_eq!(next(&mut later).await, all[3]);
    for service in ["notes", "audit"] {
        let refused = follow(&world, service, 0).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
}

#[tokio::test]
async fn what_staff_replace_or_call_a_mistake_is_news_to_the_person() {
    let world = World::new().await;
    let staff = || world.staff(CLINIC);
    let old = record(&world, staff(), paper(ANA, terms())).await.unwrap();
    record(&world, staff(), paper(ANA, replacing(&old, terms()))).await.unwrap();
    let mistaken = record(&world, staff(), paper(BEN, terms())).await.unwrap();
    mark(&world, &staff(), &mistaken.name).await.unwrap();
    // The person's own doing is none.
    let own = world.signed("ana", terms()).await;
    world.signed("ana", replacing(&own, terms())).await;
    mark(&world, &world.person("ana"), &old.name).await.unwrap();
    let mut stream = follow(&world, "people", 0).await.unwrap();
    for one in
        [event(1, ANA, Kind::ConsentEnded, &[CLINIC]), event(2, BEN, Kind::ConsentEnded, &[CLINIC])]
    {
        assert_eq!(next(&mut stream).await, one);
    }
    let checkpoint = pb::WatchPersonEventsResponse { sequence: 2, ..Default::default() };
    assert_eq!(next(&mut stream).await, checkpoint);
}

#[tokio::test]
async fn what_a_sign_in_ends_that_few_vouch_for_is_news_to_whoever_may_see_it() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    let vouched = world.person("vouched");
    let of_two = world.signed("ana", terms_of(pb::Effect::Permit, &[CLINIC, OTHER], &[HOUSING]));
    let of_two = of_two.await;
    world.revoke(&vouched, &of_two.name).await.unwrap();
    let old = world.signed("vouched", terms()).await;
    world.signed("vouched", replacing(&old, terms())).await;
    let mut everybodys = terms();
    everybodys.rule.as_mut().unwrap().disclosers = None;
    let everybodys = world.signed("ana", everybodys).await;
    world.revoke(&vouched, &everybodys.name).await.unwrap();
    // Staff, of what is about another agency's records alone.
    let others = world.signed("ben", terms_of(pb::Effect::Permit, &[OTHER], &[CLINIC])).await;
    let word = pb::RevocationWord::Spoken.into();
    let revoke = pb::RevokeConsentRequest { request_id: fresh(), name: others.name, word };
    call!(world, revoke_consent, world.staff(CLINIC), revoke).unwrap();

    let mut stream = follow(&world, "people", 0).await.unwrap();
    for one in [
        event(1, ANA, Kind::ConsentEnded, &[CLINIC, OTHER]),
        event(2, ANA, Kind::ConsentEnded, &[CLINIC]),
        event(3, ANA, Kind::ConsentEnded, &[]),
        event(4, BEN, Kind::ConsentEnded, &[OTHER]),
    ] {
        assert_eq!(next(&mut stream).await, one);
    }
    let checkpoint = pb::WatchPersonEventsResponse { sequence: 4, ..Default::default() };
    assert_eq!(next(&mut stream).await, checkpoint);
}

async fn watch(
    world: &World,
    token: String,
    cursor: &str,
) -> Result<Streaming<pb::WatchEmergenciesResponse>, Status> {
    let request = pb::WatchEmergenciesRequest { cursor: cursor.to_owned() };
    call!(world, watch_emergencies, token, request)
}

async fn first(world: &World, agency: Uuid, cursor: &str) -> pb::WatchEmergenciesResponse {
    next(&mut watch(world, world.officer(agency), cursor).await.unwrap()).await
}

#[tokio::test]
async fn a_privacy_officer_hears_of_the_emergencies_of_those_whom_the_agency_registered() {
    let world = World::new().await;
    let of_ana = declared(&world, ANA).await;
    let of_ben = declared(&world, BEN).await;
    let again = declared(&world, ANA).await;
    let mut clinic = watch(&world, world.officer(CLINIC), "").await.unwrap();
    let mut heard = Vec::new();
    for emergency in [&of_ana, &of_ben, &again] {
        let message = next(&mut clinic).await;
        assert_eq!((&message.emergency, &message.person), (&emergency.name, &emergency.person));
        assert_eq!((message.alarm(), message.time), (emergency.alarm(), emergency.grant_time));
        heard.push(message);
    }
    assert_eq!(heard[2].alarm(), Alarm::Repeated);
    assert_eq!(first(&world, CLINIC, &heard[1].cursor).await.emergency, again.name);

    // To an agency that has registered neither it is as if there were none; then only of her whom it has.
    let nothing = first(&world, OTHER, "").await;
    assert_eq!((&*nothing.emergency, &*nothing.person), ("", ""));
    assert_eq!(nothing.cursor.len(), heard[0].cursor.len());
    world.people.register(ANA, OTHER);
    let mut other = watch(&world, world.officer(OTHER), "").await.unwrap();
    let names = [next(&mut other).await.emergency, next(&mut other).await.emergency];
    assert_eq!(names, [of_ana.name, again.name]);
    let on_record = audited(&world, "/WatchEmergencies").await;
    assert!(on_record.iter().all(|(permitted, _, records, _)| *permitted && *records == 1));
    assert_eq!(on_record.iter().filter(|(_, person, ..)| *person == Some(BEN)).count(), 1);
}

#[tokio::test]
async fn nobody_but_a_privacy_officer_watches_emergencies_and_a_cursor_is_its_callers() {
    let world = World::new().await;
    declared(&world, ANA).await;
    for token in [
        world.staff(CLINIC),
        world.person("ana"),
        world.staff_as("dr-er", Role::Medical, CLINIC),
        world.service(),
    ] {
        let refused = watch(&world, token, "").await.unwrap_err();
        assert_eq!(told(&refused), (Code::PermissionDenied, "ROLE_NOT_ADMITTED".into()));
    }
    let cursor = first(&world, CLINIC, "").await.cursor;
    let refused = watch(&world, world.officer(OTHER), &cursor).await.unwrap_err();
    assert_eq!(told(&refused), (Code::OutOfRange, "CURSOR_EXPIRED".into()));
}

#[tokio::test]
async fn a_stream_of_emergencies_tells_nothing_more_once_its_token_has_ended() {
    let world = World::new().await;
    let mut stream = watch(&world, world.officer(CLINIC), "").await.unwrap();
    assert_eq!(next(&mut stream).await.emergency, "", "a checkpoint");
    world.clock.advance(time::Duration::hours(1));
    let since = declared(&world, ANA).await;
    assert_eq!(ended(&mut stream).await, (Code::Unauthenticated, "UNAUTHENTICATED".into()));
    assert_eq!(first(&world, CLINIC, "").await.emergency, since.name);
}
