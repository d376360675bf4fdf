//! What agencies hear of the consents that name them, and that they have heard it.

use tokio_stream::StreamExt as _;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    consent::v1::{self as pb, ConsentEventKind as Kind},
    convert::{agency_name, timestamp},
};

use crate::{
    call,
    watch::ended,
    world::{
        ANA, CLINIC, HOUSING, NOW, OTHER, World, acknowledge, assert_same, audited, terms, told,
        told_until_quiet, unknown,
    },
};

pub async fn watch(
    world: &World,
    agency: Uuid,
    cursor: &str,
) -> Result<tonic::Streaming<pb::WatchConsentsResponse>, Status> {
    let request = pb::WatchConsentsRequest { cursor: cursor.to_owned() };
    call!(world, watch_consents, world.staff(agency), request)
}

#[tokio::test]
async fn every_agency_that_is_named_hears_of_a_signing_and_a_revocation_in_order() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    let mut housing = watch(&world, HOUSING, "").await.unwrap();
    let events = told_until_quiet(&mut housing).await;
    let said: Vec<_> = events.iter().map(|e| (e.kind(), &*e.consent)).collect();
    assert_eq!(said, [(Kind::Signed, &*signed.name), (Kind::Revoked, &*signed.name)]);
    let mut other = watch(&world, OTHER, "").await.unwrap();
    assert_eq!(told_until_quiet(&mut other).await, []);
    // From the first event on, only the second; and what happens while it watches.
    let mut again = watch(&world, HOUSING, &events[0].cursor).await.unwrap();
    assert_eq!(again.next().await.unwrap().unwrap().kind(), Kind::Revoked);
    let more = world.signed("ana", terms()).await;
    let heard = loop {
        let event = again.next().await.unwrap().unwrap();
        if event.kind() == Kind::Signed {
            break event.consent;
        }
    };
    assert_eq!(heard, more.name);
    assert!(
        audited(&world, "/WatchConsents").await.iter().all(|(_, person, ..)| *person == Some(ANA))
    );
}

#[tokio::test]
async fn a_stream_tells_nothing_more_once_its_token_has_ended() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    let mut stream = watch(&world, HOUSING, "").await.unwrap();
    assert_eq!(told_until_quiet(&mut stream).await.len(), 1);
    world.clock.advance(time::Duration::hours(1));
    // By a token of now; of the stream's own there is nobody left to be told.
    world.signed("ana", terms()).await;
    assert_eq!(ended(&mut stream).await, (Code::Unauthenticated, "UNAUTHENTICATED".into()));
    let mut again = watch(&world, HOUSING, "").await.unwrap();
    assert_eq!(told_until_quiet(&mut again).await.len(), 2);
}

#[tokio::test]
async fn a_cursor_of_another_caller_is_refused() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    let mut stream = watch(&world, HOUSING, "").await.unwrap();
    let cursor = stream.next().await.unwrap().unwrap().cursor;
    let refused = watch(&world, CLINIC, &cursor).await.unwrap_err();
    assert_eq!(told(&refused), (Code::OutOfRange, "CURSOR_EXPIRED".into()));
}

#[tokio::test]
async fn the_person_sees_who_was_told_of_a_revocation_and_who_has_said_so() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let early = acknowledge(&world, HOUSING, &signed.name, Kind::Revoked).await.unwrap_err();
    assert_eq!(told(&early), (Code::FailedPrecondition, "WRONG_STATE".into()));
    world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    let seen =
        || async { world.get(&world.person("ana"), &signed.name).await.unwrap().acknowledgements };
    let one = |agency, acknowledge_time| pb::Acknowledgement {
        agency: agency_name(agency),
        acknowledge_time,
        kind: Kind::Revoked.into(),
    };
    assert_eq!(seen().await, [one(CLINIC, None), one(HOUSING, None)]);
    let said = acknowledge(&world, HOUSING, &signed.name, Kind::Revoked).await.unwrap();
    assert_eq!(said, one(HOUSING, Some(timestamp(NOW))));
    world.clock.advance(time::Duration::hours(1));
    // The first one counts.
    assert_eq!(acknowledge(&world, HOUSING, &signed.name, Kind::Revoked).await.unwrap(), said);
    assert_eq!(seen().await, [one(CLINIC, None), said]);
    let told_to_agency = world.get(&world.staff(HOUSING), &signed.name).await.unwrap();
    assert_eq!(told_to_agency.acknowledgements, []);
    let stranger = acknowledge(&world, OTHER, &signed.name, Kind::Revoked).await.unwrap_err();
    let never = acknowledge(&world, OTHER, &unknown(), Kind::Revoked).await.unwrap_err();
    assert_same(&stranger, &never);
}
