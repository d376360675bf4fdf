//! Plans for work as a caller sends them.

use tonic::Status;
use uuid::Uuid;
use wire::recovery::v1::{self as pb, EmployerTold, EmploymentDisclosureChoice as Choice};

use crate::{
    supported::fresh,
    world::{Client, World, items, practitioner},
};

pub fn words(words: &str) -> Option<pb::PlanItem> {
    Some(pb::PlanItem { words: words.to_owned() })
}

/// A choice of what may be told.
pub fn choosing(choice: Choice) -> Option<pb::EmploymentDisclosure> {
    let said = (choice == Choice::WhatISay).then(|| "that I start at ten".to_owned());
    Some(pb::EmploymentDisclosure {
        choice: choice.into(),
        words: said.map(|words| pb::PlanItem { words }),
    })
}

/// All that a plan can say.
pub fn content() -> pb::EmploymentPlanContent {
    pb::EmploymentPlanContent {
        preferences: Some(pb::EmploymentPreferences {
            jobs: items(&["with plants"]),
            least_hours: 10,
            most_hours: 20,
            times: items(&["not before ten"]),
            places: items(&["near the bus"]),
            helps: items(&["a quiet place"]),
            avoids: items(&["night shifts"]),
        }),
        goals: items(&["to pay for my own flat"]),
        disclosure: choosing(Choice::Nothing),
        employer_disclosures: vec![pb::EmployerDisclosure {
            employer: "Green Nursery".into(),
            disclosure: choosing(Choice::ThatIHaveSupport),
        }],
        benefits_counselling: Some(pb::BenefitsCounselling {
            offer_date: "2040-02-01".into(),
            offered_by: "Lee of the benefits office".into(),
            done_date: "2040-02-20".into(),
            declined: false,
        }),
    }
}

pub fn writing_work(
    person: Uuid,
    content: pb::EmploymentPlanContent,
    etag: &str,
) -> pb::UpdateEmploymentPlanRequest {
    pb::UpdateEmploymentPlanRequest {
        request_id: fresh(),
        person: format!("people/{person}"),
        content: Some(content),
        etag: etag.to_owned(),
    }
}

pub fn naming(
    world: &World,
    plan: &pb::EmploymentPlan,
    agency: Uuid,
    sub: &str,
) -> pb::SetEmploymentSpecialistRequest {
    pb::SetEmploymentSpecialistRequest {
        request_id: fresh(),
        plan: plan.name.clone(),
        practitioner: practitioner(agency, sub),
        until_time: world.after(24 * 365),
    }
}

pub fn letting_go(plan: &pb::EmploymentPlan) -> pb::EndEmploymentSpecialistRequest {
    pb::EndEmploymentSpecialistRequest { request_id: fresh(), plan: plan.name.clone() }
}

pub fn on(date: &str) -> pb::EmploymentStepContent {
    pb::EmploymentStepContent { date: date.to_owned(), ..pb::EmploymentStepContent::default() }
}

/// A contact with an employer, face to face, who was told nothing.
pub fn contact(date: &str, employer: &str) -> pb::EmploymentStepContent {
    telling(date, employer, EmployerTold::Nothing)
}

pub fn telling(date: &str, employer: &str, told: EmployerTold) -> pb::EmploymentStepContent {
    let employer_contact = Some(pb::EmployerContact {
        employer: employer.to_owned(),
        face_to_face: true,
        told: told.into(),
    });
    pb::EmploymentStepContent { employer_contact, ..on(date) }
}

pub fn placed(date: &str, employer: &str, competitive: bool) -> pb::EmploymentStepContent {
    let placement = Some(pb::Placement {
        employer: employer.to_owned(),
        job: words("watering"),
        competitive,
        hours_a_week: 16,
    });
    pb::EmploymentStepContent { placement, ..on(date) }
}

pub fn ended(date: &str, placement: &pb::EmploymentStep) -> pb::EmploymentStepContent {
    let job_end =
        Some(pb::JobEnd { placement: placement.name.clone(), reason: words("the season is over") });
    pb::EmploymentStepContent { job_end, ..on(date) }
}

/// A contact with the person after a placement.
pub fn followed(date: &str, placement: &pb::EmploymentStep) -> pb::EmploymentStepContent {
    let follow_along = Some(pb::FollowAlong {
        placement: placement.name.clone(),
        face_to_face: true,
        ..pb::FollowAlong::default()
    });
    pb::EmploymentStepContent { follow_along, ..on(date) }
}

pub fn recording(
    plan: &str,
    content: pb::EmploymentStepContent,
) -> pb::RecordEmploymentStepRequest {
    let plan = plan.to_owned();
    pb::RecordEmploymentStepRequest { request_id: fresh(), plan, content: Some(content) }
}

pub fn marking(step: &pb::EmploymentStep) -> pb::MarkEmploymentStepInErrorRequest {
    pb::MarkEmploymentStepInErrorRequest { request_id: fresh(), name: step.name.clone() }
}

pub fn steps_of(plan: &pb::EmploymentPlan) -> pb::ListEmploymentStepsRequest {
    pb::ListEmploymentStepsRequest {
        plan: plan.name.clone(),
        ..pb::ListEmploymentStepsRequest::default()
    }
}

pub fn looking_at(person: Uuid) -> pb::GetEmploymentPlanRequest {
    pb::GetEmploymentPlanRequest { person: format!("people/{person}") }
}

impl Client {
    /// The person's plan for work, as it was written now.
    pub async fn work(&self, person: Uuid, said: pb::EmploymentPlanContent) -> pb::EmploymentPlan {
        let reply = self.update_employment_plan(writing_work(person, said, "")).await.unwrap();
        reply.plan.unwrap()
    }

    pub async fn named(
        &self,
        world: &World,
        plan: &pb::EmploymentPlan,
        agency: Uuid,
        sub: &str,
    ) -> pb::SetEmploymentSpecialistResponse {
        self.set_employment_specialist(naming(world, plan, agency, sub)).await.unwrap()
    }

    pub async fn working(&self, person: Uuid) -> Result<pb::EmploymentPlan, Status> {
        Ok(self.get_employment_plan(looking_at(person)).await?.plan.unwrap())
    }

    pub async fn step(
        &self,
        plan: &pb::EmploymentPlan,
        content: pb::EmploymentStepContent,
    ) -> Result<pb::EmploymentStep, Status> {
        let reply = self.record_employment_step(recording(&plan.name, content)).await?;
        Ok(reply.step.unwrap())
    }

    pub async fn steps(
        &self,
        plan: &pb::EmploymentPlan,
    ) -> Result<Vec<pb::EmploymentStep>, Status> {
        Ok(self.list_employment_steps(steps_of(plan)).await?.steps)
    }
}
