//! A person reads and takes along all that there is of them, and is told what is not there.

use std::{fs, process::Command};

use kernel::{Clock as _, SystemClock};
use tonic::Code;
use trellis_tests::{
    Actor, BOUND, Person, Processes, Up, World, note_about, project, request_id, served, until,
};
use wire::{
    audit::v1::ListDisclosuresRequest,
    consent::v1::{
        ListConsentsRequest, ListRestrictionsRequest, RequestRestrictionRequest, RestrictionReason,
        RestrictionTerms,
    },
    convert::timestamp,
    notes::v1::{
        BlockReleaseRequest, CreateNoteRequest, ListNotesRequest, NoteSection, ReleaseException,
        SignNoteRequest,
    },
    people::v1::{GetPersonRequest, ListRepresentativesRequest},
    recovery::v1::{
        AddSupporterRequest, CheckInAnswer, CreateGoalRequest, CreateTaskRequest, DecisionContent,
        DecisionMaker, EmployerContact, EmployerTold, EmploymentPlanContent, EmploymentPreferences,
        EmploymentStepContent, ExportMyRecordRequest, GetEmploymentPlanRequest, GetMyRecordRequest,
        GetMyRecordResponse, GetPlanRequest, GoalContent, GoalDimension, GoalStatus,
        InstrumentItem, ListCheckInsRequest, ListDecisionsRequest, ListEmploymentStepsRequest,
        ListGoalsRequest, ListInstrumentsRequest, ListSupportersRequest, ListTasksRequest,
        PartOutcome, PlanItem, RecordCheckInRequest, RecordDecisionRequest,
        RecordEmploymentStepRequest, RecordEnd, RecordPart, SectionContent, SupporterRelationship,
        TaskContent, TaskKind, UpdateEmploymentPlanRequest, UpdateSectionRequest, WellnessToolbox,
        WithheldKind,
    },
    referrals::v1::{GetReferralRequest, PersonAnswer, RespondToReferralRequest},
};

use crate::{run, tool};

/// In a note that is kept from the person.
const KEPT: &str = "kept-from-the-person-by-law";
/// What a page must show as it is, and never as markup.
const MARKUP: &str = "<script>alert('river')</script> & more";

fn words(words: &str) -> PlanItem {
    PlanItem { words: words.to_owned() }
}

/// Something of everything.
async fn lived(world: &World, jane: &Person) {
    world.note(jane).await;
    let section = NoteSection { body: KEPT.to_owned(), ..NoteSection::default() };
    let note = CreateNoteRequest { sections: vec![section], ..note_about(&jane.name) };
    let note = served!(world.clinician.notes(), create_note, note).note.unwrap();
    let name = note.name;
    let sign =
        SignNoteRequest { request_id: request_id(), name: name.clone(), etag: String::new() };
    served!(world.clinician.notes(), sign_note, sign);
    let block = BlockReleaseRequest {
        request_id: request_id(),
        name,
        exception: ReleaseException::Endangers.into(),
        grounds: "Somebody else may be in danger.".to_owned(),
        until_time: Some(timestamp(SystemClock.now() + time::Duration::DAY)),
        ..Default::default()
    };
    served!(world.clinician.notes(), block_release, block);
    world.consent(jane, &world.agencies.housing).await;
    let referral = world.referral(jane, true).await;
    let answer = RespondToReferralRequest {
        request_id: request_id(),
        name: referral.name,
        answer: PersonAnswer::Yes.into(),
        words: "Near the river, please.".to_owned(),
    };
    served!(jane.actor.referrals(), respond_to_referral, answer);
    let terms = RestrictionTerms {
        reason: RestrictionReason::Preference.into(),
        custodian: world.agencies.clinic.clone(),
        ..Default::default()
    };
    let restriction = RequestRestrictionRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        terms: Some(terms),
    };
    served!(jane.actor.consents(), request_restriction, restriction);
    own(jane).await;
}

/// What is the person's own.
async fn own(jane: &Person) {
    let toolbox = WellnessToolbox { tools: vec![words(MARKUP), words("Call Kim.")] };
    let section = UpdateSectionRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        content: Some(SectionContent { wellness_toolbox: Some(toolbox), ..Default::default() }),
        etag: String::new(),
    };
    served!(jane.actor.recovery(), update_section, section);
    let supporter = AddSupporterRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        called: "Kim".to_owned(),
        relationship: SupporterRelationship::Friend.into(),
        ..Default::default()
    };
    served!(jane.actor.recovery(), add_supporter, supporter);
    let goal = GoalContent {
        dimension: GoalDimension::Home.into(),
        goal: Some(words("A flat of my own.")),
        status: GoalStatus::Active.into(),
        ..Default::default()
    };
    let goal = CreateGoalRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        content: Some(goal),
    };
    served!(jane.actor.recovery(), create_goal, goal);
    worked(jane).await;
    let asked = ListInstrumentsRequest::default();
    let known = served!(jane.actor.recovery(), list_instruments, asked).instruments;
    let barc = known.into_iter().find(|one| one.code == "barc-10").unwrap();
    for value in [2, 4] {
        let answer =
            |item: &InstrumentItem| CheckInAnswer { item: item.code.clone(), value: Some(value) };
        let check_in = RecordCheckInRequest {
            request_id: request_id(),
            person: jane.name.clone(),
            instrument: "barc-10".to_owned(),
            answers: barc.items.iter().map(answer).collect(),
            ..Default::default()
        };
        served!(jane.actor.recovery(), record_check_in, check_in);
    }
}

/// A reminder, a decision and a plan for work with a step.
async fn worked(jane: &Person) {
    let task = TaskContent {
        kind: TaskKind::MedicationReminder.into(),
        task: Some(words("My tablet, after breakfast.")),
        ..Default::default()
    };
    let task = CreateTaskRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        content: Some(task),
        ..Default::default()
    };
    served!(jane.actor.recovery(), create_task, task);
    let decision = DecisionContent {
        question: Some(words("Which shifts?")),
        decided: Some(words("Early ones.")),
        decided_by: DecisionMaker::Person.into(),
        ..Default::default()
    };
    let decision = RecordDecisionRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        content: Some(decision),
        ..Default::default()
    };
    served!(jane.actor.recovery(), record_decision, decision);
    let preferences =
        EmploymentPreferences { jobs: vec![words("In a kitchen.")], ..Default::default() };
    let plan = UpdateEmploymentPlanRequest {
        request_id: request_id(),
        person: jane.name.clone(),
        content: Some(EmploymentPlanContent {
            preferences: Some(preferences),
            ..Default::default()
        }),
        etag: String::new(),
    };
    let plan = served!(jane.actor.recovery(), update_employment_plan, plan).plan.unwrap().name;
    let contact = EmployerContact {
        employer: "Corner Bakery".to_owned(),
        face_to_face: true,
        told: EmployerTold::Nothing.into(),
    };
    let step = RecordEmploymentStepRequest {
        request_id: request_id(),
        plan,
        content: Some(EmploymentStepContent {
            date: "2026-02-03".to_owned(),
            employer_contact: Some(contact),
            ..Default::default()
        }),
    };
    served!(jane.actor.recovery(), record_employment_step, step);
}

async fn record(
    by: &Actor,
    person: &str,
) -> Result<(Vec<GetMyRecordResponse>, RecordEnd), tonic::Status> {
    let by = by.without_deadline();
    let request = GetMyRecordRequest { person: person.to_owned() };
    let mut stream = by.recovery().get_my_record(request).await?.into_inner();
    let mut pages = Vec::new();
    while let Some(message) = stream.message().await? {
        if let Some(end) = message.end {
            assert!(stream.message().await?.is_none(), "something after the end");
            return Ok((pages, end));
        }
        pages.push(message);
    }
    panic!("no end after {} messages", pages.len());
}

/// The archive, and what its stream says is not in it.
async fn export(by: &Actor, person: &str) -> Result<(Vec<u8>, RecordEnd), tonic::Status> {
    let by = by.without_deadline();
    let request = ExportMyRecordRequest { person: person.to_owned() };
    let mut stream = by.recovery().export_my_record(request).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(message) = stream.message().await? {
        bytes.extend(message.data);
        if let Some(end) = message.end {
            return Ok((bytes, end));
        }
    }
    panic!("no end after {} bytes", bytes.len());
}

/// Each part that has its end told, and how.
fn outcomes(pages: &[GetMyRecordResponse]) -> Vec<(RecordPart, PartOutcome)> {
    let ends = pages.iter().filter_map(|page| page.part_end.as_ref());
    ends.map(|end| (end.part(), end.outcome())).collect()
}

/// What the person's own lists show, by the same sign-in, is what the stream has.
async fn same_as_the_lists(jane: &Person, pages: &[GetMyRecordResponse]) {
    let person = jane.name.clone();
    macro_rules! same {
        ($service:ident . $rpc:ident ( $request:ident ) => $field:ident . $list:ident) => {{
            let asks = $request { person: person.clone(), ..$request::default() };
            let listed = served!(jane.actor.$service(), $rpc, asks).$list;
            let streamed: Vec<_> =
                pages.iter().filter_map(|p| p.$field.clone()).flat_map(|r| r.$list).collect();
            assert!(streamed == listed, "{} of {}", streamed.len(), listed.len());
            listed.len()
        }};
    }
    assert_eq!(same!(notes.list_notes(ListNotesRequest) => notes.notes), 1);
    assert_eq!(same!(consents.list_consents(ListConsentsRequest) => consents.consents), 1);
    let restrictions =
        same!(consents.list_restrictions(ListRestrictionsRequest) => restrictions.restrictions);
    assert_eq!(restrictions, 1);
    let acting = same!(people.list_representatives(ListRepresentativesRequest) => representatives.representatives);
    assert_eq!(acting, 1);
    assert_eq!(same!(recovery.list_supporters(ListSupportersRequest) => circle.supporters), 1);
    assert_eq!(same!(recovery.list_goals(ListGoalsRequest) => goals.goals), 1);
    assert_eq!(same!(recovery.list_tasks(ListTasksRequest) => tasks.tasks), 1);
    assert_eq!(same!(recovery.list_decisions(ListDecisionsRequest) => decisions.decisions), 1);
    let asks = GetEmploymentPlanRequest { person: person.clone() };
    let plan = served!(jane.actor.recovery(), get_employment_plan, asks).plan.unwrap();
    let streamed = pages.iter().find_map(|page| page.employment_plan.as_ref()).unwrap();
    assert_eq!(streamed.plan.as_ref(), Some(&plan));
    let asks = ListEmploymentStepsRequest { plan: plan.name, ..Default::default() };
    let steps = served!(jane.actor.recovery(), list_employment_steps, asks).steps;
    let streamed = pages.iter().filter_map(|page| page.employment_steps.as_ref());
    assert_eq!(streamed.flat_map(|page| page.steps.clone()).collect::<Vec<_>>(), steps);
    assert_eq!(steps.len(), 1);
    assert_eq!(same!(recovery.list_check_ins(ListCheckInsRequest) => check_ins.check_ins), 2);

    let plan = served!(jane.actor.recovery(), get_plan, GetPlanRequest { person: person.clone() });
    let streamed = pages.iter().find_map(|page| page.plan.as_ref()).unwrap();
    assert_eq!(streamed.sections, plan.sections);
    let known = served!(jane.actor.people(), get_person, GetPersonRequest { name: person.clone() });
    let streamed = pages.iter().find_map(|page| page.profile.as_ref()).unwrap();
    assert_eq!(streamed.person, known.person);
    let referrals = pages.iter().filter_map(|p| p.referrals.as_ref()).flat_map(|r| &r.referrals);
    let referrals: Vec<_> = referrals.collect();
    let name = referrals[0].name.clone();
    let referral = served!(jane.actor.referrals(), get_referral, GetReferralRequest { name });
    assert_eq!(referrals, [referral.referral.as_ref().unwrap()]);
    assert_eq!(referrals[0].answers[0].words, "Near the river, please.");
    // More has been put on record since.
    let asks = ListDisclosuresRequest {
        person,
        include_custodian_access: true,
        page_size: 200,
        ..Default::default()
    };
    let listed = served!(jane.actor.audit(), list_disclosures, asks).disclosures;
    let streamed = pages.iter().filter_map(|p| p.disclosures.clone()).flat_map(|r| r.disclosures);
    let streamed: Vec<_> = streamed.collect();
    assert!(!streamed.is_empty() && streamed.iter().all(|one| listed.contains(one)));
    let measures: Vec<_> = pages.iter().filter_map(|page| page.progress.as_ref()).collect();
    assert_eq!(measures.len(), 1);
    let points = &measures[0].progress.as_ref().unwrap().points;
    assert_eq!(points.iter().map(|point| point.value).collect::<Vec<_>>(), [20, 40]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_and_takes_along_all_that_there_is_of_them() {
    let (python, chromium) = (tool("TRELLIS_PYTHON"), tool("TRELLIS_CHROMIUM"));
    let up = Up::start().await;
    let network = up.network();
    let world = World::new(network).await;
    let jane = world.person(network).await;
    world.represented(network, &jane).await;
    lived(&world, &jane).await;

    until("the accounting has heard of the notes", BOUND, async || {
        let asks = ListDisclosuresRequest {
            person: jane.name.clone(),
            include_custodian_access: true,
            ..Default::default()
        };
        let listed = served!(jane.actor.audit(), list_disclosures, asks).disclosures;
        listed.iter().any(|one| one.service == "notes").then_some(())
    })
    .await;
    let (pages, end) = record(&jane.actor, &jane.name).await.unwrap();
    assert!(end.whole && end.unread.is_empty(), "{:?}", outcomes(&pages));
    let ends = outcomes(&pages);
    assert_eq!(ends.len(), RecordPart::NoticeDeliveries as usize);
    assert!(ends.iter().all(|(_, outcome)| *outcome == PartOutcome::Whole), "{ends:?}");
    assert!(!format!("{pages:?}").contains(KEPT));
    // That a note may be kept from them, on what ground and what they can do, is told; and not whether one is.
    let blocks = |end: &RecordEnd| {
        let kind = WithheldKind::ReleaseBlock;
        let told: Vec<_> = end.withheld.iter().filter(|one| one.kind() == kind).cloned().collect();
        assert!(told.len() == 1 && !told[0].certain && told[0].review.contains("review"));
        assert_eq!(told[0].reason, "45 CFR 164.524(a)(3)");
        told
    };
    // The clinic alone vouches for the sign-in.
    assert!(end.withheld.iter().any(|one| one.kind() == WithheldKind::OtherAgencies));
    same_as_the_lists(&jane, &pages).await;

    // Nobody else's, whoever they are.
    let john = world.person(network).await;
    let (_, his) = record(&john.actor, &john.name).await.unwrap();
    assert_eq!(blocks(&end), blocks(&his), "of whom a note is kept is not told");
    let represents = network.actor(network.tokens.representative(&jane.representative()));
    let supporter = network.actor(network.tokens.supporter("somebody"));
    let as_person = network.actor(network.tokens.person("nobody"));
    for (who, code) in [
        (&john.actor, Code::NotFound),
        (&as_person, Code::NotFound),
        (&world.clinician, Code::PermissionDenied),
        (&represents, Code::PermissionDenied),
        (&supporter, Code::PermissionDenied),
    ] {
        assert_eq!(record(who, &jane.name).await.unwrap_err().code(), code);
        assert_eq!(export(who, &jane.name).await.unwrap_err().code(), code);
    }

    let (archive, end) = export(&jane.actor, &jane.name).await.unwrap();
    assert!(end.whole);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.zip");
    fs::write(&path, archive).unwrap();
    let mut look = Command::new(python);
    look.arg(project().join("tests/python/record_for_everybody.py")).arg(path).arg(chromium);
    look.args([KEPT, "A flat of my own.", "Near the river, please.", "Elm Recovery Program"]);
    let said = tokio::task::spawn_blocking(move || run(&mut look)).await.unwrap();
    assert!(said.contains("record: OK"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_the_end_says_which_parts_are_missing() {
    let mut processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let jane = world.person(processes.network()).await;
    own(&jane).await;
    processes.kill("notes");
    let missing = |end: &RecordEnd| {
        assert!(!end.whole);
        let told: Vec<_> = end.unread.iter().map(|one| (one.part(), one.outcome())).collect();
        assert_eq!(
            told,
            [
                (RecordPart::Notes, PartOutcome::NotRead),
                (RecordPart::Amendments, PartOutcome::NotRead),
            ]
        );
        let withheld = end.withheld.iter().filter(|one| one.kind() == WithheldKind::PartNotRead);
        let withheld: Vec<_> = withheld.map(|one| (one.certain, one.part())).collect();
        assert_eq!(withheld, [(true, RecordPart::Notes), (true, RecordPart::Amendments)]);
    };
    let (pages, end) = record(&jane.actor, &jane.name).await.unwrap();
    missing(&end);
    assert!(pages.iter().any(|page| page.goals.is_some()), "the others are there");
    missing(&export(&jane.actor, &jane.name).await.unwrap().1);

    // Where it can't be known who asks nothing begins.
    processes.kill("people");
    let status = record(&jane.actor, &jane.name).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
}
