use time::Duration;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, timestamp},
};

use crate::{
    watch::{follow, next_change},
    world::{ANA, BEN, NOW, PROBATION, World, terms, terms_of, until},
};

async fn revision(world: &World, person: uuid::Uuid, at_least: i64) -> i64 {
    until("a turn told", async || {
        Some(world.facts_of(person).await.revision).filter(|r| *r >= at_least)
    })
    .await
}

#[tokio::test]
async fn a_beginning_and_an_end_by_time_alone_are_changes() {
    let world = World::new().await;
    let mut later = terms();
    later.effective = Some(timestamp(NOW + Duration::hours(1)));
    later.expires = Some(timestamp(NOW + Duration::hours(2)));
    world.signed("ana", later).await;
    world.signed("ben", terms()).await;
    assert_eq!(world.facts_of(ANA).await.revision, 1);

    world.clock.advance(Duration::hours(1));
    let mut stream = follow(&world, 2).await;
    let begun = next_change(&mut stream).await;
    assert_eq!((begun.sequence, begun.revision), (3, 2));
    assert_eq!(revision(&world, ANA, 2).await, 2);

    world.clock.advance(Duration::hours(1));
    let mut stream = follow(&world, 3).await;
    let ended = next_change(&mut stream).await;
    assert_eq!((ended.sequence, ended.revision), (4, 3));
    // Nobody else's, and once.
    world.clock.advance(Duration::hours(1));
    world.signed("ben", terms()).await;
    assert_eq!(world.facts_of(BEN).await.revision, 2);
    assert_eq!(world.facts_of(ANA).await.revision, 3);
}

#[tokio::test]
async fn a_revocation_that_takes_effect_later_is_told_when_it_does() {
    let world = World::new().await;
    let mut justice = terms_of(pb::Effect::Permit, &[crate::world::CLINIC], &[PROBATION]);
    justice.r#type = pb::ConsentType::CriminalJustice.into();
    justice.revocable_after = Some(timestamp(NOW + Duration::hours(1)));
    let signed = world.signed("ana", justice).await;
    assert!(signed.text.contains("takes effect no earlier than March 4, 2031 at 06:06 UTC"));
    assert!(signed.text.contains("County Probation"), "{}", agency_name(PROBATION));
    world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    let facts = world.facts_of(ANA).await;
    assert_eq!((facts.revision, facts.until), (2, Some(timestamp(NOW + Duration::hours(1)))));
    world.clock.advance(Duration::hours(1));
    assert_eq!(revision(&world, ANA, 3).await, 3);
}

#[tokio::test]
async fn two_instances_tell_a_turn_once() {
    let world = World::new().await;
    let mut soon = terms();
    soon.expires = Some(timestamp(NOW + Duration::hours(1)));
    world.signed("ana", soon.clone()).await;
    let other = world.another_instance();
    world.clock.advance(Duration::hours(1));
    revision(&world, ANA, 2).await;
    // A second round of both, known by a later turn.
    let mut next = soon;
    next.expires = Some(timestamp(NOW + Duration::hours(2)));
    world.signed("ben", next).await;
    world.clock.advance(Duration::hours(1));
    revision(&world, BEN, 2).await;
    assert_eq!(world.facts_of(ANA).await.revision, 2);
    drop(other);
}
