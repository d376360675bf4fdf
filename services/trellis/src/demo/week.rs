//! A week of Ana's network: her own plan, her circle, a peer, a decision of both, how she is, and a crisis.

use std::{io::Write, time::Duration};

use anyhow::{Context as _, ensure};
use kernel::{Clock as _, Instant, Purpose, Role, SystemClock};
use tonic::Code;
use wire::{
    convert::timestamp,
    people::v1::{AcceptInvitationRequest, ListNoticesRequest, NoticeKind},
    recovery::v1::{
        self as pb, CrisisState, DecisionMaker, GoalDimension, GoalStatus, PlanItem,
        PlanSectionKind, SupporterRelationship, TaskKind, TaskState,
    },
};

use super::{
    Cast,
    actor::{Actor, Stage},
    checks::{refused, request_id, there},
    telling::Telling,
};

fn words(words: &str) -> PlanItem {
    PlanItem { words: words.to_owned() }
}

/// In so many days.
fn after(days: i64) -> Instant {
    SystemClock.now() + time::Duration::days(days)
}

/// One of Ana's circle, with a sign-in of their own.
struct Friend {
    name: String,
    actor: Actor,
}

impl Cast {
    async fn writes(&self, content: pb::SectionContent) -> anyhow::Result<String> {
        let request = pb::UpdateSectionRequest {
            request_id: request_id(),
            person: self.person.clone(),
            content: Some(content),
            etag: String::new(),
        };
        let reply = self.ana.recovery().update_section(request).await?.into_inner();
        Ok(there(reply.section, "section")?.name)
    }

    async fn shares(&self, record: &str, grantee: &str) -> anyhow::Result<()> {
        let request = pb::ShareSectionRequest {
            request_id: request_id(),
            section: record.to_owned(),
            grantee: grantee.to_owned(),
            until_time: Some(timestamp(after(90))),
        };
        self.ana.recovery().share_section(request).await?;
        Ok(())
    }

    /// What this reader sees of the plan: NOT_FOUND where it is nothing.
    async fn plan(&self, reader: &Actor) -> anyhow::Result<Vec<PlanSectionKind>> {
        let request = pb::GetPlanRequest { person: self.person.clone() };
        match reader.recovery().get_plan(request).await {
            Ok(reply) => Ok(reply.into_inner().sections.iter().map(|one| one.kind()).collect()),
            Err(status) if status.code() == Code::NotFound => Ok(Vec::new()),
            Err(status) => Err(status.into()),
        }
    }
}

pub async fn live(
    stage: &Stage<'_>,
    cast: &Cast,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<()> {
    t.act("A week of Ana's network: she leads it")?;
    let toolbox = begins(cast, t).await?;
    let luz = joins(stage, cast, "Luz", SupporterRelationship::Family, t).await?;
    let kim = joins(stage, cast, "Kim", SupporterRelationship::Friend, t).await?;
    ride(cast, &luz, t).await?;
    mentored(stage, cast, &toolbox, t).await?;
    decided(cast, t).await?;
    works(stage, cast, t).await?;
    looks_back(cast, t).await?;
    crisis(cast, &luz, &kim, t).await?;
    takes_along(cast, t).await
}

/// Monday.
async fn begins(cast: &Cast, t: &mut Telling<impl Write>) -> anyhow::Result<String> {
    let tools = vec![words("A walk by the river."), words("Cooking for somebody.")];
    let toolbox = pb::SectionContent {
        wellness_toolbox: Some(pb::WellnessToolbox { tools }),
        ..pb::SectionContent::default()
    };
    let toolbox = cast.writes(toolbox).await?;
    let (helps, ends_when) = (vec![words("Quiet. My sister.")], vec![words("I sleep again.")]);
    let crisis_plan = Some(pb::CrisisPlan { helps, ends_when, ..pb::CrisisPlan::default() });
    cast.writes(pb::SectionContent { crisis_plan, ..pb::SectionContent::default() }).await?;
    let request = pb::CreateGoalRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        content: Some(pb::GoalContent {
            dimension: GoalDimension::Purpose.into(),
            goal: Some(words("To work in a kitchen again.")),
            strengths: vec![words("People like what I cook.")],
            steps: vec![pb::GoalStep { step: Some(words("Ask at the bakery.")), done: false }],
            status: GoalStatus::Active.into(),
        }),
    };
    cast.ana.recovery().create_goal(request).await?;
    t.step(
        "Monday. Ana writes two sections of her own plan, and a goal. No agency holds them.",
        &cast.ana.who,
        "UpdateSection x2, CreateGoal",
        "OK",
    )?;
    for reader in [&cast.clinician, &cast.case_manager, &cast.officer] {
        ensure!(cast.plan(reader).await?.is_empty(), "{} sees the plan", reader.who);
    }
    t.step(
        "Her consents and the emergency of before open nothing of it.",
        "clinician, case manager, officer",
        "GetPlan x3",
        "NOT_FOUND",
    )?;
    Ok(toolbox)
}

/// Tuesday.
async fn joins(
    stage: &Stage<'_>,
    cast: &Cast,
    called: &str,
    relationship: SupporterRelationship,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<Friend> {
    let request = pb::AddSupporterRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        called: called.to_owned(),
        relationship: relationship.into(),
        ..pb::AddSupporterRequest::default()
    };
    let asked = cast.ana.recovery().add_supporter(request).await?.into_inner();
    let actor = stage.supporter(called, &format!("{called}-of-ana"))?;
    let accept = AcceptInvitationRequest { request_id: request_id(), code: asked.code };
    actor.people().accept_invitation(accept).await?;
    ensure!(cast.plan(&actor).await?.is_empty(), "being of the circle opens nothing");
    t.step(
        &format!("Tuesday. She asks {called} into her circle. Being of it opens nothing."),
        called,
        "AcceptInvitation, GetPlan",
        "OK; NOT_FOUND",
    )?;
    Ok(Friend { name: there(asked.supporter, "supporter")?.name, actor })
}

/// Wednesday.
async fn ride(cast: &Cast, luz: &Friend, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let request = pb::CreateTaskRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        content: Some(pb::TaskContent {
            kind: TaskKind::Transport.into(),
            task: Some(words("Drive me to the bakery on Thursday at nine.")),
            due_time: Some(timestamp(after(1))),
            ..pb::TaskContent::default()
        }),
        supporter: luz.name.clone(),
        until_time: Some(timestamp(after(7))),
    };
    let task = cast.ana.recovery().create_task(request).await?.into_inner();
    let task = there(task.task, "task")?;
    let listing = pb::ListTasksRequest { person: cast.person.clone(), ..Default::default() };
    let seen = luz.actor.recovery().list_tasks(listing).await?.into_inner().tasks;
    ensure!(seen.len() == 1, "who is asked sees the task");
    for state in [TaskState::Accepted, TaskState::Completed] {
        let request = pb::UpdateTaskRequest {
            request_id: request_id(),
            name: task.name.clone(),
            state: state.into(),
            version: task.version,
            ..pb::UpdateTaskRequest::default()
        };
        luz.actor.recovery().update_task(request).await?;
    }
    t.step(
        "Wednesday. She asks her sister for a ride; Luz takes it on, and drives.",
        "Luz",
        "ListTasks, UpdateTask x2",
        "OK: requested, accepted, completed",
    )
}

/// Thursday.
async fn mentored(
    stage: &Stage<'_>,
    cast: &Cast,
    toolbox: &str,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<()> {
    let coc = [Purpose::CoordinationOfCare];
    let role = [Role::PeerSupporter];
    let peer = "peer supporter, Rivergate Recovery Center";
    let peer = stage.staff(peer, "ps-moreno", &cast.clinic, &role, &coc)?;
    ensure!(cast.plan(&peer).await?.is_empty(), "a peer sees what is shared");
    cast.shares(toolbox, &format!("{}/practitioners/ps-moreno", cast.clinic)).await?;
    let seen = cast.plan(&peer).await?;
    ensure!(seen == [PlanSectionKind::WellnessToolbox], "one section, and no other: {seen:?}");
    let tools = vec![words("The open kitchen on Fridays.")];
    let request = pb::ContributeRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        content: Some(pb::SectionContent {
            wellness_toolbox: Some(pb::WellnessToolbox { tools }),
            ..pb::SectionContent::default()
        }),
    };
    let made = peer.recovery().contribute(request).await?.into_inner();
    let name = there(made.contribution, "suggestion")?.name;
    let request = pb::DecideContributionRequest {
        request_id: request_id(),
        name,
        accept: true,
        ..pb::DecideContributionRequest::default()
    };
    cast.ana.recovery().decide_contribution(request).await?;
    let supervisor = cast.plan(&cast.clinician).await?;
    ensure!(supervisor.is_empty(), "who supervises the peer does not read the plan");
    t.step(
        "Thursday. A peer mentors the one section that she shares with him, and suggests something; \
         she takes it in. The clinician who supervises him sees nothing of it.",
        &peer.who,
        "GetPlan, Contribute",
        "OK: 1 section, basis SHARE",
    )
}

/// Friday.
async fn decided(cast: &Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let option = |what: &str, benefit: &str, harm: &str| pb::DecisionOption {
        option: Some(words(what)),
        benefits: vec![words(benefit)],
        harms: vec![words(harm)],
    };
    let request = pb::RecordDecisionRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        content: Some(pb::DecisionContent {
            question: Some(words("How do I get through early shifts?")),
            options: vec![
                option("The tablet in the evening.", "It worked before.", "Slow mornings."),
                option("The tablet after the shift.", "Awake at work.", "Another routine."),
            ],
            what_matters: vec![words("To be awake at work.")],
            decided: Some(words("After the shift.")),
            decided_by: DecisionMaker::Together.into(),
            revisit_time: Some(timestamp(after(28))),
        }),
        practitioner: format!("{}/practitioners/dr-okafor", cast.clinic),
        until_time: Some(timestamp(after(60))),
        ..pb::RecordDecisionRequest::default()
    };
    let reply = cast.ana.recovery().record_decision(request).await?.into_inner();
    let decision = there(reply.decision, "decision")?;
    let request = pb::ConfirmDecisionRequest {
        request_id: request_id(),
        name: decision.name,
        version: decision.version,
    };
    cast.clinician.recovery().confirm_decision(request).await?;
    t.step(
        "Friday. She and the clinician decide together, and both stand by it.",
        "Ana, clinician",
        "RecordDecision, ConfirmDecision",
        "OK: of both, to be looked at again in four weeks",
    )
}

/// Friday, too.
async fn works(stage: &Stage<'_>, cast: &Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let (role, coc) = ([Role::CaseManager], [Purpose::CoordinationOfCare]);
    let specialist = "employment specialist, Rivergate Recovery Center";
    let specialist = stage.staff(specialist, "es-ito", &cast.clinic, &role, &coc)?;
    let choice = pb::EmploymentDisclosureChoice::Nothing.into();
    let request = pb::UpdateEmploymentPlanRequest {
        request_id: request_id(),
        person: cast.person.clone(),
        content: Some(pb::EmploymentPlanContent {
            preferences: Some(pb::EmploymentPreferences {
                jobs: vec![words("In a kitchen, early shifts.")],
                ..pb::EmploymentPreferences::default()
            }),
            disclosure: Some(pb::EmploymentDisclosure { choice, words: None }),
            ..pb::EmploymentPlanContent::default()
        }),
        etag: String::new(),
    };
    let reply = cast.ana.recovery().update_employment_plan(request).await?.into_inner();
    let plan = there(reply.plan, "plan")?.name;
    let request = pb::SetEmploymentSpecialistRequest {
        request_id: request_id(),
        plan: plan.clone(),
        practitioner: format!("{}/practitioners/es-ito", cast.clinic),
        until_time: Some(timestamp(after(180))),
    };
    cast.ana.recovery().set_employment_specialist(request).await?;
    let contact = |told: pb::EmployerTold| pb::RecordEmploymentStepRequest {
        request_id: request_id(),
        plan: plan.clone(),
        content: Some(pb::EmploymentStepContent {
            date: SystemClock.now().date().to_string(),
            employer_contact: Some(pb::EmployerContact {
                employer: "Corner Bakery".to_owned(),
                face_to_face: true,
                told: told.into(),
            }),
            ..pb::EmploymentStepContent::default()
        }),
    };
    let more = contact(pb::EmployerTold::ThatThereIsSupport);
    refused(specialist.recovery().record_employment_step(more).await, Code::InvalidArgument)?;
    let nothing = contact(pb::EmployerTold::Nothing);
    specialist.recovery().record_employment_step(nothing).await?;
    t.step(
        "She wants to work (IPS), and that employers are told nothing. The specialist whom she names \
         meets one within the day, and tells nothing.",
        &specialist.who,
        "RecordEmploymentStep x2",
        "INVALID_ARGUMENT; OK, basis SHARE",
    )
}

/// Saturday.
async fn looks_back(cast: &Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let prepare = pb::PrepareCheckInRequest {
        person: cast.person.clone(),
        instrument: "barc-10".to_owned(),
        ..pb::PrepareCheckInRequest::default()
    };
    let asked = cast.ana.recovery().prepare_check_in(prepare).await?.into_inner();
    let items = there(asked.instrument, "instrument")?.items;
    let answer = |value: i32| {
        let answer = move |item: &pb::InstrumentItem| pb::CheckInAnswer {
            item: item.code.clone(),
            value: Some(value),
        };
        items.iter().map(answer).collect::<Vec<_>>()
    };
    let mut skipped = answer(4);
    skipped.pop();
    for answers in [answer(4), answer(5), skipped] {
        let request = pb::RecordCheckInRequest {
            request_id: request_id(),
            person: cast.person.clone(),
            instrument: "barc-10".to_owned(),
            answers,
            ..pb::RecordCheckInRequest::default()
        };
        cast.ana.recovery().record_check_in(request).await?;
    }
    let draw = pb::GetProgressRequest {
        person: cast.person.clone(),
        instrument: "barc-10".to_owned(),
        ..pb::GetProgressRequest::default()
    };
    let picture = cast.ana.recovery().get_progress(draw).await?.into_inner();
    ensure!(picture.svg.contains("<svg"), "a picture");
    t.step(
        "Saturday. How is she? Ten questions, of which she may skip any; where she does there is no \
         total. She sees a picture of it.",
        &cast.ana.who,
        "RecordCheckIn x3 (BARC-10), GetProgress",
        "OK: 40, 50, no total",
    )
}

/// Sunday.
async fn crisis(
    cast: &Cast,
    luz: &Friend,
    kim: &Friend,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<()> {
    let section = PlanSectionKind::CrisisPlan.into();
    let rules = pb::CrisisRules {
        activators: vec![luz.name.clone(), kim.name.clone()],
        threshold: 2,
        views: vec![pb::CrisisView { section, viewers: vec![luz.name.clone()] }],
        end_threshold: 1,
        most_hours: 48,
        ..pb::CrisisRules::default()
    };
    let (id, person) = (request_id(), cast.person.clone());
    let request = pb::SetCrisisRulesRequest { request_id: id, person, rules: Some(rules) };
    cast.ana.recovery().set_crisis_rules(request).await?;
    let call =
        || pb::ActivateCrisisPlanRequest { request_id: request_id(), person: cast.person.clone() };
    let first = kim.actor.recovery().activate_crisis_plan(call()).await?.into_inner();
    ensure!(first.state() != CrisisState::Active, "one of two is not enough");
    ensure!(cast.plan(&luz.actor).await?.is_empty(), "nothing is shown before");
    let second = luz.actor.recovery().activate_crisis_plan(call()).await?.into_inner();
    ensure!(second.state() == CrisisState::Active, "two are");
    let seen = cast.plan(&luz.actor).await?;
    ensure!(seen == [PlanSectionKind::CrisisPlan], "Luz sees what Ana chose: {seen:?}");
    ensure!(cast.plan(&kim.actor).await?.is_empty(), "Kim was not chosen to see it");
    ensure!(cast.plan(&cast.clinician).await?.is_empty(), "nor was the clinician");
    t.step(
        "Sunday. She had said that Luz and Kim together may open her crisis plan, and that Luz then \
         sees it. They do, and Luz alone sees it.",
        "Kim, Luz",
        "ActivateCrisisPlan x2, GetPlan",
        "OK: 1 section; to Kim and the clinician NOT_FOUND",
    )?;
    told(cast).await?;
    let (request_id, person) = (request_id(), cast.person.clone());
    let request = pb::DeactivateCrisisPlanRequest { request_id, person };
    cast.ana.recovery().deactivate_crisis_plan(request).await?;
    ensure!(cast.plan(&luz.actor).await?.is_empty(), "it is over when Ana says so");
    let listing = pb::ListGoalsRequest { person: cast.person.clone(), ..Default::default() };
    refused(luz.actor.recovery().list_goals(listing).await, Code::NotFound)?;
    t.step(
        "Ana is told at once, and ends it when she is better.",
        &cast.ana.who,
        "ListNotices, DeactivateCrisisPlan",
        "OK; to Luz NOT_FOUND",
    )
}

/// And at the end of it.
async fn takes_along(cast: &Cast, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
    let request = pb::ExportMyRecordRequest { person: cast.person.clone() };
    let mut stream = cast.ana.recovery().export_my_record(request).await?.into_inner();
    let (mut archive, mut end) = (Vec::new(), None);
    while let Some(message) = stream.message().await? {
        archive.extend(message.data);
        end = message.end.or(end);
    }
    let end = there(end, "end")?;
    ensure!(archive.starts_with(b"PK") && end.whole, "all of it: {:?}", end.unread);
    ensure!(!end.withheld.is_empty(), "and what may be withheld, and why");
    t.step(
        "Ana takes all that there is of her along: one archive, with a page to read and a word on \
         whatever is withheld.",
        &cast.ana.who,
        "ExportMyRecord",
        "OK: every part whole",
    )
}

/// The people service follows what supporters did: it is asked until the person is told.
async fn told(cast: &Cast) -> anyhow::Result<()> {
    for _ in 0..100 {
        let request = ListNoticesRequest { person: cast.person.clone(), ..Default::default() };
        let notices = cast.ana.people().list_notices(request).await?.into_inner().notices;
        if notices.iter().any(|notice| notice.kind() == NoticeKind::CrisisActivated) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(anyhow::anyhow!("no notice")).context("Ana is told of the crisis")
}
