//! Requests of a person's own plan. One section is shared with the clinic's clinician.

use kernel::{Clock as _, SystemClock};
use trellis_tests::{Person, request_id, served};
use wire::recovery::v1 as recovery;

use crate::scene::{Stage, one};

impl Stage<'_> {
    /// Lists have two to list: a page of one has a next one.
    pub async fn recovery(&self, rpc: &str, person: &Person) -> Vec<Vec<u8>> {
        let request_id = request_id();
        match rpc {
            "GetPlan" => {
                self.shared(person, "dr-elm").await;
                one(recovery::GetPlanRequest { person: person.name.clone() })
            }
            "UpdateSection" => one(writing(person)),
            "ListSectionVersions" => {
                self.written(person).await;
                let section = self.written(person).await;
                one(recovery::ListSectionVersionsRequest { section, ..Default::default() })
            }
            "ShareSection" => one(self.sharing(self.written(person).await, "dr-elm")),
            "UnshareSection" => {
                let name = self.shared(person, "dr-elm").await;
                one(recovery::UnshareSectionRequest { request_id, name })
            }
            "ListShares" => {
                self.shared(person, "dr-elm").await;
                self.shared(person, "dr-oak").await;
                let person = person.name.clone();
                one(recovery::ListSharesRequest { person, ..Default::default() })
            }
            "AddSupporter" => one(adding(person)),
            "UpdateSupporter" => {
                let asked = adding(person);
                one(recovery::UpdateSupporterRequest {
                    request_id,
                    name: self.supported(person).await,
                    called: asked.called,
                    relationship: asked.relationship,
                    ..Default::default()
                })
            }
            "EndSupporter" => {
                let name = self.supported(person).await;
                one(recovery::EndSupporterRequest { request_id, name })
            }
            "ListSupporters" => {
                self.supported(person).await;
                self.supported(person).await;
                let person = person.name.clone();
                one(recovery::ListSupportersRequest { person, ..Default::default() })
            }
            "Contribute" => one(suggesting(person)),
            "DecideContribution" => {
                let name = self.suggested(person).await;
                one(recovery::DecideContributionRequest {
                    request_id,
                    name,
                    accept: true,
                    ..Default::default()
                })
            }
            "ListContributions" => {
                self.suggested(person).await;
                self.suggested(person).await;
                let person = person.name.clone();
                one(recovery::ListContributionsRequest { person, ..Default::default() })
            }
            "SetCrisisRules" => one(self.ruling(person).await),
            "GetCrisis" => {
                self.ruled(person).await;
                one(recovery::GetCrisisRequest { person: person.name.clone() })
            }
            "ActivateCrisisPlan" => {
                self.ruled(person).await;
                let person = person.name.clone();
                one(recovery::ActivateCrisisPlanRequest { request_id, person })
            }
            "DeactivateCrisisPlan" => {
                self.ruled(person).await;
                let person = person.name.clone();
                one(recovery::DeactivateCrisisPlanRequest { request_id, person })
            }
            "WatchPersonEvents" => one(recovery::WatchPersonEventsRequest { after: 0 }),
            "ListCrises" => one(recovery::ListCrisesRequest::default()),
            _ => self.beside_plans(rpc, person).await,
        }
    }

    /// Requests of goals and check-ins.
    async fn beside_plans(&self, rpc: &str, person: &Person) -> Vec<Vec<u8>> {
        let (request_id, of) = (request_id(), person.name.clone());
        match rpc {
            "CreateGoal" => one(goal(person)),
            "UpdateGoal" => {
                let made = served!(person.actor.recovery(), create_goal, goal(person));
                let (name, content) = (made.goal.unwrap().name, goal(person).content);
                let request =
                    recovery::UpdateGoalRequest { request_id, name, content, ..Default::default() };
                one(request)
            }
            "ListGoals" => {
                for _ in 0..2 {
                    let made = served!(person.actor.recovery(), create_goal, goal(person));
                    self.sharing_now(person, made.goal.unwrap().name).await;
                }
                one(recovery::ListGoalsRequest { person: of, ..Default::default() })
            }
            "CreateTask" => one(self.task(person).await),
            "UpdateTask" => {
                let request = self.task(person).await;
                let made = served!(person.actor.recovery(), create_task, request);
                let (name, state) =
                    (made.task.unwrap().name, recovery::TaskState::Completed.into());
                let request =
                    recovery::UpdateTaskRequest { request_id, name, state, ..Default::default() };
                one(request)
            }
            "ListTasks" => {
                for _ in 0..2 {
                    let request = self.task(person).await;
                    served!(person.actor.recovery(), create_task, request);
                }
                one(recovery::ListTasksRequest { person: of, ..Default::default() })
            }
            "RecordDecision" => one(decision(person)),
            "ConfirmDecision" => {
                let name = self.decided(person).await;
                one(recovery::ConfirmDecisionRequest { request_id, name, version: 1 })
            }
            "ListDecisions" => {
                self.decided(person).await;
                self.decided(person).await;
                one(recovery::ListDecisionsRequest { person: of, ..Default::default() })
            }
            "ListInstruments" => one(recovery::ListInstrumentsRequest::default()),
            "PrepareCheckIn" => {
                let instrument = check_in(person).instrument;
                one(recovery::PrepareCheckInRequest {
                    person: of,
                    instrument,
                    ..Default::default()
                })
            }
            "RecordCheckIn" => one(check_in(person)),
            "RecordCaregiverCheckIn" => one(recovery::RecordCaregiverCheckInRequest {
                request_id,
                person: of,
                instrument: "caregiver-strain".to_owned(),
                ..Default::default()
            }),
            "ListCheckIns" => {
                for _ in 0..2 {
                    let made = served!(person.actor.recovery(), record_check_in, check_in(person));
                    self.sharing_now(person, made.check_in.unwrap().name).await;
                }
                one(recovery::ListCheckInsRequest { person: of, ..Default::default() })
            }
            "GetProgress" => {
                let instrument = check_in(person).instrument;
                one(recovery::GetProgressRequest { person: of, instrument, ..Default::default() })
            }
            "GetMyRecord" => {
                self.written(person).await;
                one(recovery::GetMyRecordRequest { person: of })
            }
            "ExportMyRecord" => one(recovery::ExportMyRecordRequest { person: of }),
            _ => self.employment(rpc, person).await,
        }
    }

    /// One of the circle is asked for a ride.
    async fn task(&self, person: &Person) -> recovery::CreateTaskRequest {
        let supporter = self.supported(person).await;
        let until = SystemClock.now() + time::Duration::DAY;
        recovery::CreateTaskRequest {
            request_id: request_id(),
            person: person.name.clone(),
            content: Some(recovery::TaskContent {
                kind: recovery::TaskKind::Transport.into(),
                task: Some(recovery::PlanItem { words: "A ride on Monday.".to_owned() }),
                ..Default::default()
            }),
            supporter,
            until_time: Some(wire::convert::timestamp(until)),
        }
    }

    /// A decision with the clinic's clinician: its name.
    async fn decided(&self, person: &Person) -> String {
        let until = SystemClock.now() + time::Duration::DAY;
        let request = recovery::RecordDecisionRequest {
            practitioner: format!("{}/practitioners/dr-elm", self.world.agencies.clinic),
            until_time: Some(wire::convert::timestamp(until)),
            ..decision(person)
        };
        served!(person.actor.recovery(), record_decision, request).decision.unwrap().name
    }

    /// A section that the person has written: its name.
    async fn written(&self, person: &Person) -> String {
        let reply = served!(person.actor.recovery(), update_section, writing(person));
        reply.section.unwrap().name
    }

    /// A share with somebody of the clinic: its name.
    async fn shared(&self, person: &Person, with: &str) -> String {
        let sharing = self.sharing(self.written(person).await, with);
        served!(person.actor.recovery(), share_section, sharing).share.unwrap().name
    }

    /// Something of the person's own is shared with the clinic's clinician.
    async fn sharing_now(&self, person: &Person, name: String) {
        served!(person.actor.recovery(), share_section, self.sharing(name, "dr-elm"));
    }

    /// One whom the person has asked into their circle: their name.
    async fn supported(&self, person: &Person) -> String {
        let reply = served!(person.actor.recovery(), add_supporter, adding(person));
        reply.supporter.unwrap().name
    }

    async fn ruled(&self, person: &Person) {
        let ruling = self.ruling(person).await;
        served!(person.actor.recovery(), set_crisis_rules, ruling);
    }

    /// One supporter activates the crisis plan, and is shown it.
    async fn ruling(&self, person: &Person) -> recovery::SetCrisisRulesRequest {
        let viewers = vec![self.supported(person).await];
        let section = recovery::PlanSectionKind::CrisisPlan.into();
        let rules = recovery::CrisisRules {
            activators: viewers.clone(),
            threshold: 1,
            views: vec![recovery::CrisisView { section, viewers }],
            most_hours: 48,
            ..Default::default()
        };
        recovery::SetCrisisRulesRequest {
            request_id: request_id(),
            person: person.name.clone(),
            rules: Some(rules),
        }
    }

    /// What the clinic's clinician suggests: its name.
    async fn suggested(&self, person: &Person) -> String {
        let reply = served!(self.world.clinician.recovery(), contribute, suggesting(person));
        reply.contribution.unwrap().name
    }

    fn sharing(&self, section: String, with: &str) -> recovery::ShareSectionRequest {
        let until = SystemClock.now() + time::Duration::DAY;
        recovery::ShareSectionRequest {
            request_id: request_id(),
            section,
            grantee: format!("{}/practitioners/{with}", self.world.agencies.clinic),
            until_time: Some(wire::convert::timestamp(until)),
        }
    }
}

fn writing(person: &Person) -> recovery::UpdateSectionRequest {
    let tools = vec![recovery::PlanItem { words: "A walk by the river.".to_owned() }];
    let wellness_toolbox = Some(recovery::WellnessToolbox { tools });
    recovery::UpdateSectionRequest {
        request_id: request_id(),
        person: person.name.clone(),
        content: Some(recovery::SectionContent { wellness_toolbox, ..Default::default() }),
        etag: String::new(),
    }
}

fn suggesting(person: &Person) -> recovery::ContributeRequest {
    let content = writing(person).content;
    recovery::ContributeRequest { request_id: request_id(), person: person.name.clone(), content }
}

fn adding(person: &Person) -> recovery::AddSupporterRequest {
    recovery::AddSupporterRequest {
        request_id: request_id(),
        person: person.name.clone(),
        called: "Kim".to_owned(),
        relationship: recovery::SupporterRelationship::Friend.into(),
        ..Default::default()
    }
}

fn goal(person: &Person) -> recovery::CreateGoalRequest {
    recovery::CreateGoalRequest {
        request_id: request_id(),
        person: person.name.clone(),
        content: Some(recovery::GoalContent {
            dimension: recovery::GoalDimension::Home.into(),
            goal: Some(recovery::PlanItem { words: "A flat of my own.".to_owned() }),
            status: recovery::GoalStatus::Active.into(),
            ..Default::default()
        }),
    }
}

fn decision(person: &Person) -> recovery::RecordDecisionRequest {
    let said = |words: &str| Some(recovery::PlanItem { words: words.to_owned() });
    recovery::RecordDecisionRequest {
        request_id: request_id(),
        person: person.name.clone(),
        content: Some(recovery::DecisionContent {
            question: said("What helps me to sleep?"),
            decided: said("A walk in the evening."),
            decided_by: recovery::DecisionMaker::Together.into(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn check_in(person: &Person) -> recovery::RecordCheckInRequest {
    recovery::RecordCheckInRequest {
        request_id: request_id(),
        person: person.name.clone(),
        instrument: "barc-10".to_owned(),
        ..Default::default()
    }
}
