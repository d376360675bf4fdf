//! Whoever invites could be inviting themself: what one sign-in has written another goes on with only where it
//! stands as well.

use tonic::Code;
use wire::recovery::v1::PlanSectionKind as Kind;

use crate::world::{
    CLINIC, Client, HOUSING, World, history, list_of, sharing, told, toolbox, triggers, unsharing,
    writing,
};

#[tokio::test]
async fn a_sign_in_that_an_agency_vouches_for_opens_nothing_that_a_proofed_one_has_written() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let share = jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    for vouching in [&[][..], &[HOUSING], &[CLINIC, HOUSING]] {
        let other = world.signed_in(person, Some(vouching));
        let refused = [
            other.plan(person).await.unwrap_err(),
            other.update(writing(person, triggers("x"))).await.unwrap_err(),
            other.versions(history(&tools)).await.unwrap_err(),
            other.share(sharing(&world, &tools, HOUSING, "mr-h")).await.unwrap_err(),
            other.unshare(unsharing(&share)).await.unwrap_err(),
            other.shares(list_of(person)).await.unwrap_err(),
        ];
        let expected = (Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED".to_owned());
        assert!(refused.iter().all(|status| told(status) == expected), "{refused:?}");
    }
    // Another that stands everywhere is hers as well.
    let again = world.signed_in(person, None);
    assert_eq!(again.section(person, Kind::WellnessToolbox).await, {
        jane.section(person, Kind::WellnessToolbox).await
    });
}

#[tokio::test]
async fn who_vouched_for_the_one_that_wrote_last_vouches_for_the_one_that_goes_on() {
    let world = World::new().await;
    let (person, _) = world.somebody();
    let by = |agencies: &[uuid::Uuid]| world.signed_in(person, Some(agencies));
    let reads = async |client: &Client| client.plan(person).await.is_ok();
    // Nobody vouches for it: it makes nothing.
    assert!(!reads(&by(&[])).await);
    let clinics = by(&[CLINIC]);
    clinics.update(writing(person, toolbox("a walk"))).await.unwrap();
    assert!(reads(&clinics).await && reads(&by(&[CLINIC, HOUSING])).await);
    assert!(!reads(&by(&[HOUSING])).await && !reads(&by(&[])).await);
    by(&[CLINIC, HOUSING]).update(writing(person, toolbox("a swim"))).await.unwrap();
    assert!(!reads(&clinics).await && reads(&by(&[HOUSING, CLINIC])).await);
    let proofed = world.signed_in(person, None);
    assert!(reads(&proofed).await && reads(&by(&[CLINIC, HOUSING])).await, "it only read");
    proofed.update(writing(person, toolbox("a nap"))).await.unwrap();
    assert!(reads(&proofed).await && !reads(&by(&[CLINIC, HOUSING])).await);
}
