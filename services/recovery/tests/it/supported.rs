//! Circles and suggestions as a caller sends them.

use std::sync::Arc;

use kernel::Role;
use testkit::fakes::bearer;
use tonic::Status;
use uuid::Uuid;
use wire::recovery::v1 as pb;

use crate::world::{Client, World};

macro_rules! calls {
    ($($rpc:ident: $request:ident -> $response:ident;)+) => {
        impl Client {
            $(pub async fn $rpc(&self, message: pb::$request) -> Result<pb::$response, Status> {
                let message = bearer(&(self.mint)(), message);
                Ok(self.recovery().$rpc(message).await?.into_inner())
            })+
        }
    };
}
calls! {
    add_supporter: AddSupporterRequest -> AddSupporterResponse;
    update_supporter: UpdateSupporterRequest -> UpdateSupporterResponse;
    end_supporter: EndSupporterRequest -> EndSupporterResponse;
    list_supporters: ListSupportersRequest -> ListSupportersResponse;
    contribute: ContributeRequest -> ContributeResponse;
    decide_contribution: DecideContributionRequest -> DecideContributionResponse;
    list_contributions: ListContributionsRequest -> ListContributionsResponse;
    set_crisis_rules: SetCrisisRulesRequest -> SetCrisisRulesResponse;
    get_crisis: GetCrisisRequest -> GetCrisisResponse;
    activate_crisis_plan: ActivateCrisisPlanRequest -> ActivateCrisisPlanResponse;
    deactivate_crisis_plan: DeactivateCrisisPlanRequest -> DeactivateCrisisPlanResponse;
    list_crises: ListCrisesRequest -> ListCrisesResponse;
    update_employment_plan: UpdateEmploymentPlanRequest -> UpdateEmploymentPlanResponse;
    get_employment_plan: GetEmploymentPlanRequest -> GetEmploymentPlanResponse;
    set_employment_specialist: SetEmploymentSpecialistRequest -> SetEmploymentSpecialistResponse;
    end_employment_specialist: EndEmploymentSpecialistRequest -> EndEmploymentSpecialistResponse;
    record_employment_step: RecordEmploymentStepRequest -> RecordEmploymentStepResponse;
    mark_employment_step_in_error: MarkEmploymentStepInErrorRequest
        -> MarkEmploymentStepInErrorResponse;
    list_employment_steps: ListEmploymentStepsRequest -> ListEmploymentStepsResponse;
    get_employment_report: GetEmploymentReportRequest -> GetEmploymentReportResponse;
}

/// A UUID of the caller's choosing.
pub fn fresh() -> String {
    Uuid::new_v4().to_string()
}

pub fn id_of(name: &str) -> Uuid {
    Uuid::try_parse(name.rsplit('/').next().unwrap()).unwrap()
}

pub fn adding(person: Uuid, called: &str) -> pb::AddSupporterRequest {
    pb::AddSupporterRequest {
        request_id: fresh(),
        person: format!("people/{person}"),
        called: called.to_owned(),
        relationship: pb::SupporterRelationship::Friend.into(),
        support_kinds: vec![1, 3],
        contribute_only: false,
    }
}

pub fn ending(supporter: &pb::Supporter) -> pb::EndSupporterRequest {
    pb::EndSupporterRequest { request_id: fresh(), name: supporter.name.clone() }
}

pub fn saying(supporter: &pb::Supporter) -> pb::UpdateSupporterRequest {
    pb::UpdateSupporterRequest {
        request_id: fresh(),
        name: supporter.name.clone(),
        called: supporter.called.clone(),
        relationship: supporter.relationship,
        support_kinds: supporter.support_kinds.clone(),
        contribute_only: supporter.contribute_only,
        etag: String::new(),
    }
}

pub fn circle_of(person: Uuid) -> pb::ListSupportersRequest {
    let person = format!("people/{person}");
    pb::ListSupportersRequest { person, ..pb::ListSupportersRequest::default() }
}

/// Shares a section with a supporter, for a day.
pub fn sharing_with(
    world: &World,
    section: &pb::PlanSection,
    supporter: &pb::Supporter,
) -> pb::ShareSectionRequest {
    pb::ShareSectionRequest {
        request_id: fresh(),
        section: section.name.clone(),
        grantee: supporter.name.clone(),
        until_time: world.after(24),
    }
}

pub fn suggesting(person: Uuid, content: impl Into<pb::SectionContent>) -> pb::ContributeRequest {
    pb::ContributeRequest {
        request_id: fresh(),
        person: format!("people/{person}"),
        content: Some(content.into()),
    }
}

pub fn deciding(one: &pb::Contribution, accept: bool) -> pb::DecideContributionRequest {
    pb::DecideContributionRequest {
        request_id: fresh(),
        name: one.name.clone(),
        accept,
        ..pb::DecideContributionRequest::default()
    }
}

pub fn suggestions_to(person: Uuid) -> pb::ListContributionsRequest {
    let person = format!("people/{person}");
    pb::ListContributionsRequest { person, ..pb::ListContributionsRequest::default() }
}

impl World {
    /// Somebody whom the person has asked, and who has accepted.
    pub async fn supporter(&self, person: Uuid, by: &Client, sub: &str) -> (pb::Supporter, Client) {
        let added = by.add_supporter(adding(person, sub)).await.unwrap();
        let supporter = added.supporter.unwrap();
        (supporter.clone(), self.joined(person, &supporter, sub))
    }

    /// The sign-in that accepts.
    pub fn joined(&self, person: Uuid, supporter: &pb::Supporter, sub: &str) -> Client {
        self.people.support(sub, person, id_of(&supporter.name));
        self.inviting.state().joined.push(supporter.name.clone());
        self.individual(sub, Role::Supporter)
    }
}

/// The whole of a refusal, byte for byte.
pub fn whole(status: &Status) -> (i32, String, Vec<u8>, Arc<str>) {
    let mut names: Vec<String> = status.metadata().keys().map(|key| format!("{key:?}")).collect();
    names.sort();
    (
        status.code().into(),
        status.message().to_owned(),
        status.details().to_vec(),
        names.join(" ").into(),
    )
}

pub fn calling(person: Uuid) -> pb::ActivateCrisisPlanRequest {
    pb::ActivateCrisisPlanRequest { request_id: fresh(), person: format!("people/{person}") }
}

pub fn stopping(person: Uuid) -> pb::DeactivateCrisisPlanRequest {
    pb::DeactivateCrisisPlanRequest { request_id: fresh(), person: format!("people/{person}") }
}

pub fn looking(person: Uuid) -> pb::GetCrisisRequest {
    pb::GetCrisisRequest { person: format!("people/{person}") }
}

/// This supporter alone activates it, and is shown the crisis plan.
pub fn by_one(person: Uuid, supporter: &pb::Supporter) -> pb::SetCrisisRulesRequest {
    let viewers = vec![supporter.name.clone()];
    let section = pb::PlanSectionKind::CrisisPlan.into();
    let rules = pb::CrisisRules {
        activators: viewers.clone(),
        threshold: 1,
        views: vec![pb::CrisisView { section, viewers }],
        end_threshold: 1,
        most_hours: 48,
        create_time: None,
    };
    pb::SetCrisisRulesRequest {
        request_id: fresh(),
        person: format!("people/{person}"),
        rules: Some(rules),
    }
}
