//! A consent that was entered in error opens nothing any more, as one that was revoked.

use tonic::Code;
use trellis_tests::{Up, World, request_id, served};
use wire::{
    consent::v1::{ConsentMistake, MarkConsentEnteredInErrorRequest},
    referrals::v1::GetReferralRequest,
};

use crate::scene::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_consent_covered_is_held_when_it_turns_out_to_be_a_mistake() {
    let up = Up::start().await;
    let world = World::new(up.network()).await;
    let stage = Stage::new(up.network(), &world).await;
    let (person, other) = (world.person(up.network()).await, world.person(up.network()).await);
    let consent = world.consent(&person, &world.agencies.housing).await;
    world.consent(&other, &world.agencies.housing).await;
    let mut names = Vec::new();
    for whose in [&person, &other] {
        names.push(world.referral(whose, true).await.name);
    }
    let read = async |name: &String| {
        let get = GetReferralRequest { name: name.clone() };
        world.manager.referrals().get_referral(get).await.map(drop).map_err(|s| s.code())
    };
    assert_eq!(read(&names[0]).await, Ok(()));
    let mark = MarkConsentEnteredInErrorRequest {
        request_id: request_id(),
        name: consent.name,
        mistake: ConsentMistake::SignedUnintended.into(),
    };
    served!(person.actor.consents(), mark_consent_entered_in_error, mark);
    assert_eq!(read(&names[0]).await, Err(Code::NotFound));
    stage.held(&names[0]).await;
    assert_eq!(read(&names[1]).await, Ok(()));
}
