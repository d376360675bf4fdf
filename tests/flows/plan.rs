//! Every service a process of its own: a person shares a section of their plan, sees who read it, and ends that.

use kernel::{Clock as _, SystemClock};
use tonic::Code;
use trellis_tests::{BOUND, Processes, World, request_id, served, until};
use wire::{
    audit::v1::{DisclosureRecord, ListDisclosuresRequest},
    common::v1::BasisKind,
    convert::timestamp,
    recovery::v1::{
        EarlyWarningSigns, GetPlanRequest, PlanItem, SectionContent, ShareSectionRequest,
        UnshareSectionRequest, UpdateSectionRequest,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_section_is_shared_read_accounted_for_and_shared_no_more() {
    let mut processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let jane = world.person(processes.network()).await;
    let plan = || GetPlanRequest { person: jane.name.clone() };
    let absent = async |by: &trellis_tests::Actor| {
        by.recovery().get_plan(plan()).await.unwrap_err().code() == Code::NotFound
    };
    assert!(absent(&world.clinician).await, "there is no plan yet");

    let said = |words: &str| vec![PlanItem { words: words.to_owned() }];
    let signs = EarlyWarningSigns { signs: said("No sleep."), actions: said("Call Kim.") };
    let content = SectionContent { early_warning_signs: Some(signs), ..Default::default() };
    let write = UpdateSectionRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        content: Some(content.clone()),
        etag: String::new(),
    };
    let written = served!(jane.actor.recovery(), update_section, write).section.unwrap();
    // A consent to the clinic's records, and to what the clinic may see of others', opens nothing of it.
    world.consent(&jane, &world.agencies.housing).await;
    assert!(absent(&world.clinician).await && absent(&world.manager).await);

    let share = ShareSectionRequest {
        request_id: request_id(),
        section: written.name.clone(),
        grantee: format!("{}/practitioners/dr-elm", world.agencies.clinic),
        until_time: Some(timestamp(SystemClock.now() + time::Duration::DAY)),
    };
    let share = served!(jane.actor.recovery(), share_section, share).share.unwrap();
    let seen = served!(world.clinician.recovery(), get_plan, plan()).sections;
    assert_eq!(seen.len(), 1);
    assert_eq!((&seen[0].name, &seen[0].content), (&written.name, &Some(content)));
    assert!(absent(&world.manager).await);

    // It is on record by its section, under the share, in plain words.
    let accounted = async || -> Option<DisclosureRecord> {
        let request = ListDisclosuresRequest { person: jane.name.clone(), ..Default::default() };
        let told = served!(jane.actor.audit(), list_disclosures, request).disclosures;
        told.into_iter().find(|one| one.rpc.ends_with("/GetPlan"))
    };
    let disclosure = until("the reading is accounted for", BOUND, accounted).await;
    assert_eq!(disclosure.service, "recovery");
    assert_eq!(disclosure.records, [written.name]);
    assert_eq!(disclosure.bases, [i32::from(BasisKind::Share)]);
    assert_eq!(disclosure.consents, std::slice::from_ref(&share.name));
    assert!(disclosure.explanation.contains("because you shared it"), "{}", disclosure.explanation);

    // The consent service away: nothing is decided, to the person neither.
    processes.process("consent").pause();
    let status = world.clinician.recovery().get_plan(plan()).await.unwrap_err();
    assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status:?}");
    processes.process("consent").resume();

    let end = UnshareSectionRequest { request_id: request_id(), name: share.name };
    served!(jane.actor.recovery(), unshare_section, end);
    assert!(absent(&world.clinician).await);
    assert_eq!(served!(jane.actor.recovery(), get_plan, plan()).sections.len(), 7);
}
