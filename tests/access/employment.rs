//! Requests of a person's plan for work. The clinic's clinician is the employment specialist.

use kernel::{Clock as _, SystemClock};
use trellis_tests::{Person, request_id, served};
use wire::recovery::v1 as recovery;

use crate::scene::{Stage, one};

impl Stage<'_> {
    /// Lists have two to list: a page of one has a next one.
    pub async fn employment(&self, rpc: &str, person: &Person) -> Vec<Vec<u8>> {
        let request_id = request_id();
        match rpc {
            "UpdateEmploymentPlan" => one(working(person)),
            "GetEmploymentPlan" => {
                self.specialist(person).await;
                one(recovery::GetEmploymentPlanRequest { person: person.name.clone() })
            }
            "SetEmploymentSpecialist" => one(self.naming(self.planned(person).await)),
            "EndEmploymentSpecialist" => {
                let plan = self.specialist(person).await;
                one(recovery::EndEmploymentSpecialistRequest { request_id, plan })
            }
            "RecordEmploymentStep" => one(recording(self.specialist(person).await)),
            "MarkEmploymentStepInError" => {
                let name = self.stepped(person).await.1;
                one(recovery::MarkEmploymentStepInErrorRequest { request_id, name })
            }
            "ListEmploymentSteps" => {
                self.stepped(person).await;
                let plan = self.stepped(person).await.0;
                one(recovery::ListEmploymentStepsRequest { plan, ..Default::default() })
            }
            "GetEmploymentReport" => {
                one(recovery::GetEmploymentReportRequest { quarter: "2026-Q1".to_owned() })
            }
            _ => self.missing(rpc),
        }
    }

    /// A plan that the person has written: its name.
    async fn planned(&self, person: &Person) -> String {
        let reply = served!(person.actor.recovery(), update_employment_plan, working(person));
        reply.plan.unwrap().name
    }

    /// The same, with the clinic's clinician named.
    async fn specialist(&self, person: &Person) -> String {
        let plan = self.planned(person).await;
        let naming = self.naming(plan.clone());
        served!(person.actor.recovery(), set_employment_specialist, naming);
        plan
    }

    /// A plan, and a step that the clinic's clinician has recorded.
    async fn stepped(&self, person: &Person) -> (String, String) {
        let plan = self.specialist(person).await;
        let recording = recording(plan.clone());
        let reply = served!(self.world.clinician.recovery(), record_employment_step, recording);
        (plan, reply.step.unwrap().name)
    }

    fn naming(&self, plan: String) -> recovery::SetEmploymentSpecialistRequest {
        let until = SystemClock.now() + time::Duration::DAY;
        recovery::SetEmploymentSpecialistRequest {
            request_id: request_id(),
            plan,
            practitioner: format!("{}/practitioners/dr-elm", self.world.agencies.clinic),
            until_time: Some(wire::convert::timestamp(until)),
        }
    }
}

fn working(person: &Person) -> recovery::UpdateEmploymentPlanRequest {
    let words = "With plants, near the bus.".to_owned();
    let jobs = vec![recovery::PlanItem { words }];
    let preferences = Some(recovery::EmploymentPreferences { jobs, ..Default::default() });
    recovery::UpdateEmploymentPlanRequest {
        request_id: request_id(),
        person: person.name.clone(),
        content: Some(recovery::EmploymentPlanContent { preferences, ..Default::default() }),
        etag: String::new(),
    }
}

fn recording(plan: String) -> recovery::RecordEmploymentStepRequest {
    let employer_contact = Some(recovery::EmployerContact {
        employer: "Green Nursery".to_owned(),
        face_to_face: true,
        told: recovery::EmployerTold::Nothing.into(),
    });
    recovery::RecordEmploymentStepRequest {
        request_id: request_id(),
        plan,
        content: Some(recovery::EmploymentStepContent {
            date: "2026-02-03".to_owned(),
            employer_contact,
            ..Default::default()
        }),
    }
}
