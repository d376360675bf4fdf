//! Whoever is the specialist no more, or is shared the plan with no more, reads and records nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use pg::hold::{Hold, Mode};
use testkit::fakes::until;
use tokio::time::Instant;
use tonic::Code;
use uuid::Uuid;
use wire::recovery::v1 as pb;

use crate::{
    employed::{contact, content, letting_go, marking, naming, recording},
    strict::ending,
    world::{CLINIC, Client, HOUSING, World, is_absent, told, unsharing},
};

const TODAY: &str = "2040-03-01";

/// A plan, its share with kim of the clinic, and kim.
async fn named(world: &World) -> (Uuid, Client, pb::EmploymentPlan, pb::SectionShare, Client) {
    let (person, jane) = world.somebody();
    let plan = jane.work(person, content()).await;
    let share = jane.named(world, &plan, CLINIC, "kim").await.share.unwrap();
    (person, jane, plan, share, world.clinician(CLINIC, "kim"))
}

async fn is_closed(
    person: Uuid,
    plan: &pb::EmploymentPlan,
    kim: &Client,
    own: &pb::EmploymentStep,
) {
    is_absent(&kim.working(person).await.unwrap_err());
    is_absent(&kim.steps(plan).await.unwrap_err());
    is_absent(&kim.step(plan, contact(TODAY, "Cafe")).await.unwrap_err());
    is_absent(&kim.mark_employment_step_in_error(marking(own)).await.unwrap_err());
}

#[tokio::test]
async fn with_the_end_of_their_share_the_specialist_reads_and_records_nothing() {
    let world = World::new().await;
    for how in ["end", "unshare", "another", "time", "takeover", "suspended"] {
        let (person, jane, plan, share, kim) = named(&world).await;
        let first = recording(&plan.name, contact(TODAY, "Cafe"));
        let own = kim.record_employment_step(first.clone()).await.unwrap().step.unwrap();
        match how {
            "end" => {
                let end = letting_go(&plan);
                jane.end_employment_specialist(end.clone()).await.unwrap();
                jane.end_employment_specialist(end).await.unwrap();
                let none = jane.end_employment_specialist(letting_go(&plan)).await.unwrap_err();
                assert_eq!(told(&none), (Code::FailedPrecondition, "WRONG_STATE".to_owned()));
                assert_eq!(jane.working(person).await.unwrap().specialist, None);
            }
            "unshare" => drop(jane.unshare(unsharing(&share)).await.unwrap()),
            "another" => {
                jane.named(&world, &plan, HOUSING, "kim").await;
                let other = world.clinician(HOUSING, "kim");
                other.step(&plan, contact(TODAY, "Cafe")).await.unwrap();
            }
            "time" => {
                let asked = pb::SetEmploymentSpecialistRequest {
                    until_time: world.after(1),
                    ..naming(&world, &plan, CLINIC, "kim")
                };
                jane.set_employment_specialist(asked).await.unwrap();
                kim.step(&plan, contact(TODAY, "Cafe")).await.unwrap();
                world.clock.advance(time::Duration::hours(1));
            }
            "takeover" => {
                // What a sign-in opened that only the clinic vouches for.
                sqlx::query("UPDATE plan SET proofed = false WHERE person_id = $1")
                    .bind(person)
                    .execute(&mut world.admin().await)
                    .await
                    .unwrap();
                let again = world.signed_in(person, None);
                assert_eq!(again.work(person, content()).await.specialist, None);
            }
            _ => {
                let suspend = |state| {
                    world.consents.agency_with(CLINIC, |clinic| clinic.status = state);
                };
                suspend(kernel::AgencyStatus::Suspended);
                let suspended = (Code::PermissionDenied, "AGENCY_SUSPENDED".to_owned());
                let refused = kim.step(&plan, contact(TODAY, "Cafe")).await.unwrap_err();
                assert_eq!(told(&refused), suspended);
                suspend(kernel::AgencyStatus::Active);
                jane.end_employment_specialist(letting_go(&plan)).await.unwrap();
            }
        }
        is_closed(person, &plan, &kim, &own).await;
        // Nor is the answer to what they recorded before given again.
        is_absent(&kim.record_employment_step(first).await.unwrap_err());
    }
}

#[tokio::test]
async fn naming_the_same_again_goes_on_and_with_a_new_share_alone_nothing_is_recorded() {
    let world = World::new().await;
    let (person, jane, plan, _, kim) = named(&world).await;
    let since = jane.working(person).await.unwrap().specialist;
    world.clock.advance(time::Duration::DAY);
    let again = jane.named(&world, &plan, CLINIC, "kim").await;
    assert_eq!(again.specialist, since);
    kim.step(&plan, contact(TODAY, "Cafe")).await.unwrap();
    jane.end_employment_specialist(letting_go(&plan)).await.unwrap();
    let reads = pb::ShareSectionRequest {
        request_id: Uuid::new_v4().to_string(),
        section: plan.name.clone(),
        grantee: again.specialist.unwrap().practitioner,
        until_time: world.after(24),
    };
    jane.share(reads.clone()).await.unwrap();
    assert_eq!(kim.working(person).await.unwrap().specialist, None);
    let refused = kim.step(&plan, contact(TODAY, "Cafe")).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned()));
    // Named anew it is another naming.
    let anew = jane.named(&world, &plan, CLINIC, "kim").await;
    assert_ne!(anew.specialist, since);
    // Unshared or shared to read, they are named no more, whatever is shared with them later.
    jane.unshare(crate::world::unsharing(anew.share.as_ref().unwrap())).await.unwrap();
    assert_eq!(jane.working(person).await.unwrap().specialist, None);
    for named_before in [false, true] {
        if named_before {
            jane.named(&world, &plan, CLINIC, "kim").await;
            kim.step(&plan, contact(TODAY, "Cafe")).await.unwrap();
        }
        let request_id = Uuid::new_v4().to_string();
        let until_time = world.after(24);
        jane.share(pb::ShareSectionRequest { request_id, until_time, ..reads.clone() })
            .await
            .unwrap();
        let refused = kim.step(&plan, contact(TODAY, "Cafe")).await.unwrap_err();
        assert_eq!(told(&refused), (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned()));
    }
}

#[tokio::test]
async fn a_step_is_decided_on_the_shares_of_its_last_moment() {
    let world = World::new().await;
    // While it is located, and while the last question is asked, the step being written.
    for asked in [0, 1] {
        let (_, jane, plan, share, kim) = named(&world).await;
        let end = ending(&world, &share);
        world.consents.after(asked, move |_| end());
        is_absent(&kim.step(&plan, contact(TODAY, "Cafe")).await.unwrap_err());
        assert_eq!(jane.steps(&plan).await.unwrap(), [], "{asked}");
    }
    // Between the two: before the plan's lock is had, and after.
    for table in ["plan", "employment_specialist"] {
        let (_, jane, plan, share, kim) = named(&world).await;
        let (url, schema) = (world.stage.admin_url(), world.stage.service.schema.clone());
        let mut hold = Hold::table(&url, &schema, table, Mode::Everything).await.unwrap();
        let (asking, of) = (kim.clone(), plan.clone());
        let step = tokio::spawn(async move { asking.step(&of, contact(TODAY, "Cafe")).await });
        until("it is under way", async || hold.waiting().await.unwrap() > 0).await;
        ending(&world, &share)();
        hold.let_go().await.unwrap();
        is_absent(&step.await.unwrap().unwrap_err());
        assert_eq!(jane.steps(&plan).await.unwrap(), [], "{table}");
    }
}

#[tokio::test]
async fn in_rounds_of_naming_no_step_that_begins_after_the_end_is_recorded() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let plan = jane.work(person, content()).await;
    let kim = world.clinician(CLINIC, "kim");
    let stop = Arc::new(AtomicBool::new(false));
    let writers = (0..3).map(|_| {
        let (kim, stop, plan) = (kim.clone(), Arc::clone(&stop), plan.clone());
        tokio::spawn(async move {
            let mut writes = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let began = Instant::now();
                let done = kim.step(&plan, contact(TODAY, "Cafe")).await.is_ok();
                writes.push((began, Instant::now(), done));
            }
            writes
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut open: Vec<(Instant, Instant)> = Vec::new();
    for round in 0..6 {
        let from = Instant::now();
        let share = jane.named(&world, &plan, CLINIC, "kim").await.share.unwrap();
        if round % 2 == 0 {
            jane.end_employment_specialist(letting_go(&plan)).await.unwrap();
        } else {
            jane.unshare(unsharing(&share)).await.unwrap();
        }
        open.push((from, Instant::now()));
        // What is on record once it has ended is all that comes.
        let kept = jane.steps(&plan).await.unwrap().first().cloned();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(jane.steps(&plan).await.unwrap().first(), kept.as_ref());
    }
    stop.store(true, Ordering::Relaxed);
    let (mut served, mut refused) = (0, 0);
    for writer in writers {
        for (began, ended, done) in writer.await.unwrap() {
            let may = open.iter().any(|(from, until)| began < *until && ended > *from);
            assert!(!done || may, "recorded after the end");
            if done { served += 1 } else { refused += 1 }
        }
    }
    assert!(served > 0 && refused > 0, "{served} were recorded, {refused} were not");
}
