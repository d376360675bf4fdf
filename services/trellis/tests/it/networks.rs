//! Networks in each of their forms, and the first steps of a story in each.

use kernel::{ManualClock, SystemClock};
use testkit::{Network, Processes, SERVICES, Someone, permit_reading};
use time::macros::datetime;
use trellis::Service;

use crate::in_process::InProcess;

pub async fn a_person_signs_a_consent(network: &Network) {
    let agencies = network.agencies().await.unwrap();
    let staff = network.clinician(&agencies.clinic);
    let person = network.register(&staff, &Someone::number(1)).await.unwrap();
    let elsewhere = network.clinician(&agencies.housing);
    assert_eq!(network.register(&elsewhere, &Someone::number(1)).await.unwrap(), person);
    let own = network.sign_in(&staff, &person, "jordan").await.unwrap();
    let terms = permit_reading(&[&agencies.clinic], &[&agencies.housing]);
    let consent = network.consent(&own, &person, terms).await.unwrap();
    assert!(consent.signed_time.is_some(), "{consent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_services_run_on_one_listener() {
    let network = InProcess::start(&[&Service::ALL], SystemClock).await;
    a_person_signs_a_consent(&network).await;
    network.stop().await;
}

#[tokio::test]
async fn one_thread_is_enough_for_all_of_them() {
    let network = InProcess::start(&[&Service::ALL], SystemClock).await;
    a_person_signs_a_consent(&network).await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_runs_on_a_listener_of_its_own_at_the_time_that_a_test_says() {
    let apart = Service::ALL.map(|service| [service]);
    let apart: Vec<&[Service]> = apart.iter().map(|group| &group[..]).collect();
    let clock = ManualClock::at(datetime!(2031-05-06 7:08 UTC));
    let network = InProcess::start(&apart, clock).await;
    a_person_signs_a_consent(&network).await;
    network.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_runs_in_a_process_of_its_own_and_drains_at_sigterm() {
    let mut network = Processes::start().await.unwrap();
    a_person_signs_a_consent(&network).await;
    network.process("consent").kill();
    network.process("consent").restart().await.unwrap();
    for service in SERVICES {
        let ended = network.process(service).terminate().await.unwrap();
        assert!(ended.success(), "{service}: {ended}: {}", network.process(service).log());
    }
}
