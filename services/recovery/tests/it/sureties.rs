//! Whoever invites could be inviting themself: what one sign-in has written another goes on with only where it
//! stands as well.

use tonic::Code;
use wire::recovery::v1::PlanSectionKind as Kind;

use crate::{
    decisions::{confirming, decisions_of, recording},
    supported::{adding, circle_of},
    tasks::{asking, tasks_of},
    world::{
        CLINIC, Client, HOUSING, World, history, is_absent, list_of, making, practitioner, sharing,
        told, toolbox, triggers, unsharing, writing,
    },
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

#[tokio::test]
async fn what_a_sign_in_opened_that_did_not_stand_everywhere_ends_when_another_writes() {
    let world = World::new().await;
    let (person, _) = world.somebody();
    let doctor = world.clinician(CLINIC, "dr-c");
    for takes_over in [world.signed_in(person, Some(&[CLINIC])), world.signed_in(person, None)] {
        // Whoever the clinic let in as her shares what she is to write, and lets somebody into her circle.
        let theirs = world.signed_in(person, Some(&[CLINIC]));
        let warning = theirs.section(person, Kind::Triggers).await;
        let share = theirs.share(sharing(&world, &warning, CLINIC, "dr-c")).await.unwrap();
        let kim = theirs.add_supporter(adding(person, "Kim")).await.unwrap();
        let kim = kim.supporter.unwrap();
        assert_eq!(doctor.plan(person).await.unwrap().sections.len(), 1);

        takes_over.update(writing(person, triggers("the letter"))).await.unwrap();
        assert_eq!(doctor.plan(person).await.unwrap_err().code(), Code::NotFound);
        let shares = takes_over.shares(list_of(person)).await.unwrap().shares;
        let ended = shares.into_iter().find(|one| one.name == share.name).unwrap();
        assert!(ended.end_time.is_some());
        let circle = takes_over.list_supporters(circle_of(person)).await.unwrap().supporters;
        let ended = circle.into_iter().find(|one| one.name == kim.name).unwrap();
        assert!(ended.end_time.is_some());
        // And may be asked anew: the sign-in is bound to nobody of hers any more.
        assert_eq!(world.inviting.state().dismissed.last(), Some(&kim.name));
    }
    // What stands everywhere holds, whichever of hers writes.
    let (person, jane) = world.somebody();
    let tools = jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    jane.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    let again = world.signed_in(person, None);
    again.update(writing(person, toolbox("a swim"))).await.unwrap();
    assert_eq!(doctor.plan(person).await.unwrap().sections.len(), 1);
    // So does what one and the same has opened.
    let (person, _) = world.somebody();
    let clinics = world.signed_in(person, Some(&[CLINIC]));
    let tools = clinics.update(writing(person, toolbox("a walk"))).await.unwrap();
    clinics.share(sharing(&world, &tools, CLINIC, "dr-c")).await.unwrap();
    clinics.update(writing(person, toolbox("a swim"))).await.unwrap();
    assert_eq!(doctor.plan(person).await.unwrap().sections.len(), 1);
}

#[tokio::test]
async fn what_such_a_sign_in_asked_and_decided_with_others_is_theirs_no_more_either() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let clinics = world.signed_in(person, Some(&[CLINIC]));
    let (kim, kims) = world.supporter(person, &clinics, "kim").await;
    clinics.make_task(asking(&world, person, "a ride", Some(&kim))).await.unwrap();
    let with = practitioner(CLINIC, "dr-c");
    let request = recording(&world, person, Some(&with));
    let decision = clinics.record_decision(request).await.unwrap().decision.unwrap();
    let doctor = world.clinician(CLINIC, "dr-c");
    assert_eq!(doctor.decisions(decisions_of(person)).await.unwrap().decisions.len(), 1);
    jane.make_goal(making(person, "my own")).await.unwrap();
    is_absent(&doctor.decisions(decisions_of(person)).await.unwrap_err());
    is_absent(&doctor.confirm(confirming(&decision)).await.unwrap_err());
    is_absent(&kims.tasks(tasks_of(person)).await.unwrap_err());
    // What it wrote is hers to go on with.
    assert_eq!(jane.tasks(tasks_of(person)).await.unwrap().tasks.len(), 1);
    assert_eq!(jane.decisions(decisions_of(person)).await.unwrap().decisions.len(), 1);
    let expected = (Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED".to_owned());
    assert_eq!(told(&clinics.tasks(tasks_of(person)).await.unwrap_err()), expected);
    let late = clinics.record_decision(recording(&world, person, None)).await.unwrap_err();
    assert_eq!(told(&late), expected);
}

#[tokio::test]
async fn whatever_a_sign_in_that_stands_everywhere_does_is_out_of_reach_of_one_that_does_not() {
    let expected = (Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED".to_owned());
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let clinics = world.signed_in(person, Some(&[CLINIC]));
    clinics.update(writing(person, toolbox("a walk"))).await.unwrap();
    clinics.shares(list_of(person)).await.unwrap();
    // No word of a plan is written, and what she does is hers alone all the same.
    jane.add_supporter(adding(person, "my sponsor")).await.unwrap();
    let refused = clinics.list_supporters(circle_of(person)).await.unwrap_err();
    assert_eq!(told(&refused), expected);
    assert_eq!(told(&clinics.shares(list_of(person)).await.unwrap_err()), expected);
}
