//! Those around one person, each with a sign-in of their own: the rows of the table in docs/recovery.md that other
//! flows do not play.

use kernel::{Clock as _, Purpose, Role, SystemClock};
use tonic::Code;
use trellis_tests::{
    Actor, BOUND, Network, Person, Up, World, agency, everywhere_known, referral_of, registration,
    request_id, served, until,
};
use wire::{
    common::v1::{ContactRule, Sector},
    convert::timestamp,
    directory::v1::{CreateServiceRequest, SearchServicesRequest},
    people::v1::{
        AcceptInvitationRequest, GetPersonRequest, InvitePersonRequest, Preferences,
        SetPreferencesRequest, StaffGender,
    },
    recovery::v1::{
        self as pb, DecisionMaker, PlanItem, PlanSectionKind, SupporterRelationship, TaskKind,
        TaskState,
    },
    referrals::v1::{
        GetReferralReportRequest, GetReferralRequest, ReportSide, SuggestServicesRequest,
    },
};

fn words(words: &str) -> PlanItem {
    PlanItem { words: words.to_owned() }
}

fn soon() -> Option<prost_types::Timestamp> {
    Some(timestamp(SystemClock.now() + time::Duration::DAY))
}

/// One person and their world.
struct Around<'a> {
    network: &'a Network,
    world: World,
    jane: Person,
}

impl Around<'_> {
    fn staff(&self, sub: &str, agency: &str, role: Role) -> Actor {
        let purposes = [Purpose::Treat, Purpose::CoordinationOfCare];
        self.network.actor(self.network.tokens.staff(sub, agency, &[role], &purposes))
    }

    async fn plan(&self, reader: &Actor) -> Result<Vec<PlanSectionKind>, Code> {
        let request = pb::GetPlanRequest { person: self.jane.name.clone() };
        let reply = reader.recovery().get_plan(request).await.map_err(|status| status.code())?;
        Ok(reply.into_inner().sections.iter().map(|section| section.kind()).collect())
    }

    async fn writes(&self, content: pb::SectionContent) -> String {
        let request = pb::UpdateSectionRequest {
            request_id: request_id(),
            person: self.jane.name.clone(),
            content: Some(content),
            etag: String::new(),
        };
        served!(self.jane.actor.recovery(), update_section, request).section.unwrap().name
    }

    async fn shares(&self, record: &str, grantee: &str) -> String {
        let request = pb::ShareSectionRequest {
            request_id: request_id(),
            section: record.to_owned(),
            grantee: grantee.to_owned(),
            until_time: soon(),
        };
        served!(self.jane.actor.recovery(), share_section, request).share.unwrap().name
    }

    /// Somebody whom the person asks into their circle.
    async fn friend(&self, called: &str, contribute_only: bool) -> (String, Actor) {
        let request = pb::AddSupporterRequest {
            request_id: request_id(),
            person: self.jane.name.clone(),
            called: called.to_owned(),
            relationship: SupporterRelationship::Family.into(),
            contribute_only,
            ..pb::AddSupporterRequest::default()
        };
        let asked = served!(self.jane.actor.recovery(), add_supporter, request);
        let token = self.network.tokens.supporter(&format!("{called}-of-{}", self.jane.sub));
        let friend = self.network.actor(token);
        let accept = AcceptInvitationRequest { request_id: request_id(), code: asked.code };
        served!(friend.people(), accept_invitation, accept);
        (asked.supporter.unwrap().name, friend)
    }

    fn suggesting(&self, tool: &str) -> pb::ContributeRequest {
        let tools = vec![words(tool)];
        pb::ContributeRequest {
            request_id: request_id(),
            person: self.jane.name.clone(),
            content: Some(toolbox(tools)),
        }
    }

    async fn accepts(&self, contribution: pb::Contribution) {
        let request = pb::DecideContributionRequest {
            request_id: request_id(),
            name: contribution.name,
            accept: true,
            ..pb::DecideContributionRequest::default()
        };
        served!(self.jane.actor.recovery(), decide_contribution, request);
    }
}

fn toolbox(tools: Vec<PlanItem>) -> pb::SectionContent {
    let wellness_toolbox = Some(pb::WellnessToolbox { tools });
    pb::SectionContent { wellness_toolbox, ..pb::SectionContent::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_who_stands_around_a_person_does_their_part_with_a_sign_in_of_their_own() {
    let up = Up::start().await;
    let world = World::new(up.network()).await;
    let jane = world.person(up.network()).await;
    let around = Around { network: up.network(), world, jane };
    family(&around).await;
    caregiver(&around).await;
    peer(&around).await;
    clinician(&around).await;
    community(&around).await;
    work(&around).await;
    trauma_informed(&around).await;
    barriers(&around).await;
}

/// Family and friends: who only contributes writes without reading; a sister is asked for a ride; what they see is
/// what they were shared.
async fn family(around: &Around<'_>) {
    let (_, mother) = around.friend("Mother", true).await;
    let made = served!(mother.recovery(), contribute, around.suggesting("Her soup."));
    around.accepts(made.contribution.unwrap()).await;
    assert_eq!(around.plan(&mother).await, Err(Code::NotFound));

    let (luz, sister) = around.friend("Luz", false).await;
    let request = pb::CreateTaskRequest {
        request_id: request_id(),
        person: around.jane.name.clone(),
        content: Some(pb::TaskContent {
            kind: TaskKind::Childcare.into(),
            task: Some(words("Look after the children on Monday.")),
            ..pb::TaskContent::default()
        }),
        supporter: luz.clone(),
        until_time: soon(),
    };
    let asked = served!(around.jane.actor.recovery(), create_task, request).task.unwrap();
    let tasks = pb::ListTasksRequest { person: around.jane.name.clone(), ..Default::default() };
    let seen = served!(sister.recovery(), list_tasks, tasks.clone()).tasks;
    assert_eq!(seen.iter().map(|task| &task.name).collect::<Vec<_>>(), [&asked.name]);
    for state in [TaskState::Accepted, TaskState::Completed] {
        let request = pb::UpdateTaskRequest {
            request_id: request_id(),
            name: asked.name.clone(),
            state: state.into(),
            version: asked.version,
            ..pb::UpdateTaskRequest::default()
        };
        served!(sister.recovery(), update_task, request);
    }
    let told = served!(around.jane.actor.recovery(), list_tasks, tasks.clone()).tasks;
    assert!(told[0].state() == TaskState::Completed && told[0].steps[0].by == luz);
    assert_eq!(mother.recovery().list_tasks(tasks).await.unwrap_err().code(), Code::NotFound);

    let signs = pb::EarlyWarningSigns { signs: vec![words("No sleep.")], actions: Vec::new() };
    let early_warning_signs = Some(signs);
    let content = pb::SectionContent { early_warning_signs, ..pb::SectionContent::default() };
    let section = around.writes(content).await;
    let share = around.shares(&section, &luz).await;
    assert_eq!(around.plan(&sister).await, Ok(vec![PlanSectionKind::EarlyWarningSigns]));
    let end = pb::UnshareSectionRequest { request_id: request_id(), name: share };
    served!(around.jane.actor.recovery(), unshare_section, end);
    assert_eq!(around.plan(&sister).await, Err(Code::NotFound));
}

/// A caregiver, as a person of their own: what they say of themself is theirs, and finds them respite.
async fn caregiver(around: &Around<'_>) {
    let clinician = &around.world.clinician;
    let mother = served!(clinician.people(), register_person, registration()).person.unwrap().name;
    let invite = InvitePersonRequest { request_id: request_id(), person: mother.clone() };
    let code = served!(clinician.people(), invite_person, invite).code;
    let sign_in = around.network.tokens.person(&format!("mother-of-{}", around.jane.sub));
    let actor = around.network.actor(sign_in);
    let accept = AcceptInvitationRequest { request_id: request_id(), code };
    served!(actor.people(), accept_invitation, accept);
    let prepare = pb::PrepareCheckInRequest {
        person: mother.clone(),
        instrument: "caregiver-strain".to_owned(),
        ..pb::PrepareCheckInRequest::default()
    };
    let items = served!(actor.recovery(), prepare_check_in, prepare).instrument.unwrap().items;
    let answer = |item: &pb::InstrumentItem| pb::CheckInAnswer {
        item: item.code.clone(),
        value: Some(item.max),
    };
    let request = pb::RecordCaregiverCheckInRequest {
        request_id: request_id(),
        person: mother.clone(),
        instrument: "caregiver-strain".to_owned(),
        answers: items.iter().map(answer).collect(),
        ..pb::RecordCaregiverCheckInRequest::default()
    };
    let strained = served!(actor.recovery(), record_caregiver_check_in, request);
    let search = strained.searches.first().expect("words that find respite").clone();
    let respite = CreateServiceRequest {
        request_id: request_id(),
        display_name: "Respite for those who care for somebody".to_owned(),
        description: search.clone(),
        need_categories: vec!["106-01".to_owned()],
        ..CreateServiceRequest::default()
    };
    let admin = around.staff("aa-elm", &around.world.agencies.clinic, Role::AgencyAdmin);
    served!(admin.directory(), create_service, respite);
    let looking = SearchServicesRequest { text: search, ..SearchServicesRequest::default() };
    let found = served!(actor.directory(), search_services, looking).services;
    assert!(found.iter().any(|service| service.display_name.starts_with("Respite")));
    // The person for whom she cares is not told of it, and nobody else.
    for reader in [&around.jane.actor, clinician] {
        let list = pb::ListCheckInsRequest { person: mother.clone(), ..Default::default() };
        let refused = reader.recovery().list_check_ins(list).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
}

/// A peer mentors one section by a share; who supervises the peer reads none of the plan.
async fn peer(around: &Around<'_>) {
    let clinic = &around.world.agencies.clinic;
    let (peer, supervisor) = (
        around.staff("ps-elm", clinic, Role::PeerSupporter),
        around.staff("ps-lead", clinic, Role::PeerSupporter),
    );
    assert_eq!(around.plan(&peer).await, Err(Code::NotFound));
    let section = around.writes(toolbox(vec![words("A walk.")])).await;
    around.shares(&section, &format!("{clinic}/practitioners/ps-elm")).await;
    assert_eq!(around.plan(&peer).await, Ok(vec![PlanSectionKind::WellnessToolbox]));
    let made = served!(peer.recovery(), contribute, around.suggesting("The choir."));
    around.accepts(made.contribution.unwrap()).await;
    let all = pb::GetPlanRequest { person: around.jane.name.clone() };
    let plan = served!(around.jane.actor.recovery(), get_plan, all).sections;
    let tools = plan[0].content.clone().unwrap().wellness_toolbox.unwrap().tools;
    assert_eq!(tools, [words("A walk."), words("The choir.")]);
    for other in [&supervisor, &around.world.clinician] {
        assert_eq!(around.plan(other).await, Err(Code::NotFound));
    }
}

/// A clinician: a decision of both, and no hierarchy: what she suggests is one when the person says so.
async fn clinician(around: &Around<'_>) {
    let request = pb::RecordDecisionRequest {
        request_id: request_id(),
        person: around.jane.name.clone(),
        content: Some(pb::DecisionContent {
            question: Some(words("How often do we meet?")),
            what_matters: vec![words("To keep my job.")],
            decided: Some(words("Every second week, in the evening.")),
            decided_by: DecisionMaker::Together.into(),
            ..pb::DecisionContent::default()
        }),
        ..pb::RecordDecisionRequest::default()
    };
    let suggested = served!(around.world.clinician.recovery(), record_decision, request);
    let suggested = suggested.contribution.unwrap();
    let list = pb::ListDecisionsRequest { person: around.jane.name.clone(), ..Default::default() };
    let jane = &around.jane.actor;
    assert!(served!(jane.recovery(), list_decisions, list.clone()).decisions.is_empty());
    let accept = pb::DecideContributionRequest {
        request_id: request_id(),
        name: suggested.name,
        accept: true,
        until_time: soon(),
    };
    served!(jane.recovery(), decide_contribution, accept);
    for reader in [jane, &around.world.clinician] {
        let decisions = served!(reader.recovery(), list_decisions, list.clone()).decisions;
        assert!(decisions.len() == 1 && decisions[0].confirm_time.is_some());
    }
    let refused = around.world.manager.recovery().list_decisions(list).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

/// Community and culture: what is faith-based is suggested to whom has asked for it, and what the person prefers comes
/// first; nothing is inferred.
async fn community(around: &Around<'_>) {
    let register = agency("Hope Chapel Table", Sector::Faith);
    let reply = served!(around.world.admin.directory(), register_agency, register);
    let chapel = reply.agency.unwrap().name;
    let admin = around.staff("aa-hope", &chapel, Role::AgencyAdmin);
    let meal = |name: &str, languages: &[&str], faith: &[&str]| CreateServiceRequest {
        request_id: request_id(),
        display_name: name.to_owned(),
        need_categories: vec!["102-05".to_owned()],
        languages: languages.iter().map(|one| (*one).to_owned()).collect(),
        faith_offerings: faith.iter().map(|one| (*one).to_owned()).collect(),
        ..CreateServiceRequest::default()
    };
    served!(admin.directory(), create_service, meal("Chapel meals", &["en"], &["Christian"]));
    let school = around.staff("aa-fir", &around.world.agencies.school, Role::AgencyAdmin);
    served!(school.directory(), create_service, meal("School meals", &["en"], &[]));
    served!(school.directory(), create_service, meal("Comidas", &["es"], &[]));
    for to in [&chapel, &around.world.agencies.school] {
        around.world.consent(&around.jane, to).await;
    }
    let sender = around.world.clinician.with_purposes(["COC"]);
    let suggested = async || {
        let search =
            SearchServicesRequest { need_category: "102".to_owned(), ..Default::default() };
        let person = around.jane.name.clone();
        let request = SuggestServicesRequest { person, search: Some(search), labels: None };
        let found = served!(sender.referrals(), suggest_services, request).suggestions;
        found.into_iter().map(|one| one.service.unwrap().display_name).collect::<Vec<_>>()
    };
    let before = until("the services are known", BOUND, async || {
        Some(suggested().await).filter(|found| found.len() == 2)
    });
    assert!(!before.await.contains(&"Chapel meals".to_owned()));
    let preferences = Preferences {
        language: "es".to_owned(),
        include_faith_based: true,
        ..Preferences::default()
    };
    prefers(around, preferences).await;
    let found = suggested().await;
    assert_eq!(found[0], "Comidas");
    assert!(found.contains(&"Chapel meals".to_owned()), "{found:?}");
}

async fn prefers(around: &Around<'_>, preferences: Preferences) {
    let request = SetPreferencesRequest {
        request_id: request_id(),
        person: around.jane.name.clone(),
        preferences: Some(preferences),
        etag: String::new(),
    };
    served!(around.jane.actor.people(), set_preferences, request);
}

/// Employment: the person names a specialist and says what an employer may be told; each step is theirs to see.
async fn work(around: &Around<'_>) {
    let register = agency("Alder Employment", Sector::Employment);
    let reply = served!(around.world.admin.directory(), register_agency, register);
    let alder = reply.agency.unwrap().name;
    let specialist = around.staff("es-alder", &alder, Role::CaseManager);
    everywhere_known(&specialist).await;
    let jane = &around.jane.actor;
    let content = pb::EmploymentPlanContent {
        preferences: Some(pb::EmploymentPreferences {
            jobs: vec![words("In a kitchen, mornings.")],
            ..pb::EmploymentPreferences::default()
        }),
        disclosure: Some(pb::EmploymentDisclosure {
            choice: pb::EmploymentDisclosureChoice::Nothing.into(),
            words: None,
        }),
        ..pb::EmploymentPlanContent::default()
    };
    let request = pb::UpdateEmploymentPlanRequest {
        request_id: request_id(),
        person: around.jane.name.clone(),
        content: Some(content),
        etag: String::new(),
    };
    let plan = served!(jane.recovery(), update_employment_plan, request).plan.unwrap().name;
    let told = |told: pb::EmployerTold| pb::RecordEmploymentStepRequest {
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
    let record = async |step| {
        let answer = specialist.recovery().record_employment_step(step).await;
        answer.map(|reply| reply.into_inner().step.unwrap()).map_err(|status| status.code())
    };
    let nothing = || told(pb::EmployerTold::Nothing);
    assert_eq!(record(nothing()).await, Err(Code::NotFound), "nobody has named them");
    let naming = pb::SetEmploymentSpecialistRequest {
        request_id: request_id(),
        plan: plan.clone(),
        practitioner: format!("{alder}/practitioners/es-alder"),
        until_time: soon(),
    };
    served!(jane.recovery(), set_employment_specialist, naming);
    let step = record(nothing()).await.unwrap();
    let more = told(pb::EmployerTold::ThatThereIsSupport);
    assert_eq!(record(more).await, Err(Code::InvalidArgument), "more than may be told");
    let list = pb::ListEmploymentStepsRequest { plan: plan.clone(), ..Default::default() };
    let steps = served!(jane.recovery(), list_employment_steps, list).steps;
    assert_eq!(steps, [step]);
    let end = pb::EndEmploymentSpecialistRequest { request_id: request_id(), plan: plan.clone() };
    served!(jane.recovery(), end_employment_specialist, end);
    assert_eq!(record(nothing()).await, Err(Code::NotFound));
}

/// Safety and choice: the rule of contact goes with every referral; whom the person would rather speak with is there for
/// who works with them; what was answered is offered, and what was skipped stays so.
async fn trauma_informed(around: &Around<'_>) {
    let (clinic, housing) = (&around.world.clinician, &around.world.agencies.housing);
    around.world.consent(&around.jane, housing).await;
    let sender = clinic.with_purposes(["COC"]);
    let asked = referral_of(&around.jane.name, housing, true);
    let sent = served!(sender.referrals(), create_referral, asked).referral.unwrap();
    let preferences = Preferences {
        contact_rule: ContactRule::Prohibited.into(),
        staff_gender: StaffGender::Woman.into(),
        ..Preferences::default()
    };
    prefers(around, preferences).await;
    let get = GetReferralRequest { name: sent.name };
    let seen = served!(around.world.manager.referrals(), get_referral, get).referral.unwrap();
    assert_eq!(seen.contact_rule(), ContactRule::Prohibited);
    let get = GetPersonRequest { name: around.jane.name.clone() };
    let person = served!(clinic.people(), get_person, get).person.unwrap();
    let mut stated = person.profiles.iter().filter_map(|one| one.own_preferences.as_ref());
    assert!(stated.any(|one| one.staff_gender() == StaffGender::Woman), "{person:?}");

    let answer = |item: &str, value| pb::CheckInAnswer { item: item.to_owned(), value };
    let request = pb::RecordCheckInRequest {
        request_id: request_id(),
        person: around.jane.name.clone(),
        instrument: "outcomes".to_owned(),
        answers: vec![answer("housing", Some(4)), answer("justice", None)],
        ..pb::RecordCheckInRequest::default()
    };
    served!(around.jane.actor.recovery(), record_check_in, request);
    let prepare = pb::PrepareCheckInRequest {
        person: around.jane.name.clone(),
        instrument: "outcomes".to_owned(),
        ..pb::PrepareCheckInRequest::default()
    };
    let offered = served!(around.jane.actor.recovery(), prepare_check_in, prepare).last_answers;
    let offered: Vec<_> = offered.iter().map(|one| (&*one.item, one.value)).collect();
    assert_eq!(offered, [("housing", Some(4))]);
}

/// Unmet need is counted, by who answers for an agency, with nothing about few.
async fn barriers(around: &Around<'_>) {
    let admin = around.staff("aa-birch", &around.world.agencies.housing, Role::AgencyAdmin);
    let last = SystemClock.now() - time::Duration::days(100);
    let quarter = format!("{}-Q{}", last.year(), (u8::from(last.month()) - 1) / 3 + 1);
    let request =
        GetReferralReportRequest { quarter: quarter.clone(), side: ReportSide::Received.into() };
    let report = served!(admin.referrals(), get_referral_report, request.clone());
    assert_eq!((report.quarter, report.rows.len()), (quarter, 0));
    let refused = around.world.manager.referrals().get_referral_report(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}
