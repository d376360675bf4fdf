//! The contract's service, one line an RPC.

mod activate_crisis_plan;
mod add_supporter;
mod check_in;
mod confirm_decision;
mod contribute;
mod create_goal;
mod create_task;
mod crisis;
mod deactivate_crisis_plan;
mod decide_contribution;
mod decision;
mod employment;
mod employment_step;
mod end_employment_specialist;
mod end_supporter;
mod export_my_record;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod get_crisis;
mod get_employment_plan;
mod get_employment_report;
mod get_my_record;
mod get_plan;
mod get_progress;
mod goal;
mod joined;
mod list_check_ins;
mod list_contributions;
mod list_crises;
mod list_decisions;
mod list_employment_steps;
mod list_goals;
mod list_instruments;
mod list_section_versions;
mod list_shares;
mod list_supporters;
mod list_tasks;
mod mark_employment_step_in_error;
mod own;
mod own_record;
mod prepare_check_in;
mod record;
mod record_check_in;
mod record_decision;
mod record_employment_step;
mod reply;
mod rewrite_task;
mod set_crisis_rules;
mod set_employment_specialist;
mod share_section;
mod shown;
mod specialist;
mod standing;
mod task;
mod theirs;
mod unshare_section;
mod update_employment_plan;
mod update_goal;
mod update_section;
mod update_supporter;
mod update_task;
mod watch_person_events;

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};
use wire::recovery::v1::{
    self as pb, recovery_facts_service_server::RecoveryFactsService,
    recovery_service_server::RecoveryService,
};

use crate::App;

/// The service as tonic mounts it.
#[derive(Debug, Clone)]
pub struct Rpc(pub(crate) Arc<App>);

#[async_trait]
impl RecoveryService for Rpc {
    async fn get_plan(
        &self,
        request: Request<pb::GetPlanRequest>,
    ) -> Result<Response<pb::GetPlanResponse>, Status> {
        Ok(get_plan::get_plan(&self.0, request).await?)
    }

    async fn update_section(
        &self,
        request: Request<pb::UpdateSectionRequest>,
    ) -> Result<Response<pb::UpdateSectionResponse>, Status> {
        Ok(update_section::update_section(&self.0, request).await?)
    }

    async fn list_section_versions(
        &self,
        request: Request<pb::ListSectionVersionsRequest>,
    ) -> Result<Response<pb::ListSectionVersionsResponse>, Status> {
        Ok(list_section_versions::list_section_versions(&self.0, request).await?)
    }

    async fn share_section(
        &self,
        request: Request<pb::ShareSectionRequest>,
    ) -> Result<Response<pb::ShareSectionResponse>, Status> {
        Ok(share_section::share_section(&self.0, request).await?)
    }

    async fn unshare_section(
        &self,
        request: Request<pb::UnshareSectionRequest>,
    ) -> Result<Response<pb::UnshareSectionResponse>, Status> {
        Ok(unshare_section::unshare_section(&self.0, request).await?)
    }

    async fn list_shares(
        &self,
        request: Request<pb::ListSharesRequest>,
    ) -> Result<Response<pb::ListSharesResponse>, Status> {
        Ok(list_shares::list_shares(&self.0, request).await?)
    }

    async fn add_supporter(
        &self,
        request: Request<pb::AddSupporterRequest>,
    ) -> Result<Response<pb::AddSupporterResponse>, Status> {
        Ok(add_supporter::add_supporter(&self.0, request).await?)
    }

    async fn update_supporter(
        &self,
        request: Request<pb::UpdateSupporterRequest>,
    ) -> Result<Response<pb::UpdateSupporterResponse>, Status> {
        Ok(update_supporter::update_supporter(&self.0, request).await?)
    }

    async fn end_supporter(
        &self,
        request: Request<pb::EndSupporterRequest>,
    ) -> Result<Response<pb::EndSupporterResponse>, Status> {
        Ok(end_supporter::end_supporter(&self.0, request).await?)
    }

    async fn list_supporters(
        &self,
        request: Request<pb::ListSupportersRequest>,
    ) -> Result<Response<pb::ListSupportersResponse>, Status> {
        Ok(list_supporters::list_supporters(&self.0, request).await?)
    }

    async fn contribute(
        &self,
        request: Request<pb::ContributeRequest>,
    ) -> Result<Response<pb::ContributeResponse>, Status> {
        Ok(contribute::contribute(&self.0, request).await?)
    }

    async fn decide_contribution(
        &self,
        request: Request<pb::DecideContributionRequest>,
    ) -> Result<Response<pb::DecideContributionResponse>, Status> {
        Ok(decide_contribution::decide_contribution(&self.0, request).await?)
    }

    async fn list_contributions(
        &self,
        request: Request<pb::ListContributionsRequest>,
    ) -> Result<Response<pb::ListContributionsResponse>, Status> {
        Ok(list_contributions::list_contributions(&self.0, request).await?)
    }

    async fn create_goal(
        &self,
        request: Request<pb::CreateGoalRequest>,
    ) -> Result<Response<pb::CreateGoalResponse>, Status> {
        Ok(create_goal::create_goal(&self.0, request).await?)
    }

    async fn update_goal(
        &self,
        request: Request<pb::UpdateGoalRequest>,
    ) -> Result<Response<pb::UpdateGoalResponse>, Status> {
        Ok(update_goal::update_goal(&self.0, request).await?)
    }

    async fn list_goals(
        &self,
        request: Request<pb::ListGoalsRequest>,
    ) -> Result<Response<pb::ListGoalsResponse>, Status> {
        Ok(list_goals::list_goals(&self.0, request).await?)
    }

    async fn create_task(
        &self,
        request: Request<pb::CreateTaskRequest>,
    ) -> Result<Response<pb::CreateTaskResponse>, Status> {
        Ok(create_task::create_task(&self.0, request).await?)
    }

    async fn update_task(
        &self,
        request: Request<pb::UpdateTaskRequest>,
    ) -> Result<Response<pb::UpdateTaskResponse>, Status> {
        Ok(update_task::update_task(&self.0, request).await?)
    }

    async fn list_tasks(
        &self,
        request: Request<pb::ListTasksRequest>,
    ) -> Result<Response<pb::ListTasksResponse>, Status> {
        Ok(list_tasks::list_tasks(&self.0, request).await?)
    }

    async fn record_decision(
        &self,
        request: Request<pb::RecordDecisionRequest>,
    ) -> Result<Response<pb::RecordDecisionResponse>, Status> {
        Ok(record_decision::record_decision(&self.0, request).await?)
    }

    async fn confirm_decision(
        &self,
        request: Request<pb::ConfirmDecisionRequest>,
    ) -> Result<Response<pb::ConfirmDecisionResponse>, Status> {
        Ok(confirm_decision::confirm_decision(&self.0, request).await?)
    }

    async fn list_decisions(
        &self,
        request: Request<pb::ListDecisionsRequest>,
    ) -> Result<Response<pb::ListDecisionsResponse>, Status> {
        Ok(list_decisions::list_decisions(&self.0, request).await?)
    }

    async fn list_instruments(
        &self,
        request: Request<pb::ListInstrumentsRequest>,
    ) -> Result<Response<pb::ListInstrumentsResponse>, Status> {
        Ok(list_instruments::list_instruments(&self.0, request).await?)
    }

    async fn prepare_check_in(
        &self,
        request: Request<pb::PrepareCheckInRequest>,
    ) -> Result<Response<pb::PrepareCheckInResponse>, Status> {
        Ok(prepare_check_in::prepare_check_in(&self.0, request).await?)
    }

    async fn record_check_in(
        &self,
        request: Request<pb::RecordCheckInRequest>,
    ) -> Result<Response<pb::RecordCheckInResponse>, Status> {
        Ok(record_check_in::record_check_in(&self.0, request).await?)
    }

    async fn record_caregiver_check_in(
        &self,
        request: Request<pb::RecordCaregiverCheckInRequest>,
    ) -> Result<Response<pb::RecordCaregiverCheckInResponse>, Status> {
        Ok(record_check_in::record_caregiver_check_in(&self.0, request).await?)
    }

    async fn list_check_ins(
        &self,
        request: Request<pb::ListCheckInsRequest>,
    ) -> Result<Response<pb::ListCheckInsResponse>, Status> {
        Ok(list_check_ins::list_check_ins(&self.0, request).await?)
    }

    async fn get_progress(
        &self,
        request: Request<pb::GetProgressRequest>,
    ) -> Result<Response<pb::GetProgressResponse>, Status> {
        Ok(get_progress::get_progress(&self.0, request).await?)
    }

    async fn set_crisis_rules(
        &self,
        request: Request<pb::SetCrisisRulesRequest>,
    ) -> Result<Response<pb::SetCrisisRulesResponse>, Status> {
        Ok(set_crisis_rules::set_crisis_rules(&self.0, request).await?)
    }

    async fn get_crisis(
        &self,
        request: Request<pb::GetCrisisRequest>,
    ) -> Result<Response<pb::GetCrisisResponse>, Status> {
        Ok(get_crisis::get_crisis(&self.0, request).await?)
    }

    async fn activate_crisis_plan(
        &self,
        request: Request<pb::ActivateCrisisPlanRequest>,
    ) -> Result<Response<pb::ActivateCrisisPlanResponse>, Status> {
        Ok(activate_crisis_plan::activate_crisis_plan(&self.0, request).await?)
    }

    async fn deactivate_crisis_plan(
        &self,
        request: Request<pb::DeactivateCrisisPlanRequest>,
    ) -> Result<Response<pb::DeactivateCrisisPlanResponse>, Status> {
        Ok(deactivate_crisis_plan::deactivate_crisis_plan(&self.0, request).await?)
    }

    async fn list_crises(
        &self,
        request: Request<pb::ListCrisesRequest>,
    ) -> Result<Response<pb::ListCrisesResponse>, Status> {
        Ok(list_crises::list_crises(&self.0, request).await?)
    }

    async fn update_employment_plan(
        &self,
        request: Request<pb::UpdateEmploymentPlanRequest>,
    ) -> Result<Response<pb::UpdateEmploymentPlanResponse>, Status> {
        Ok(update_employment_plan::update_employment_plan(&self.0, request).await?)
    }

    async fn get_employment_plan(
        &self,
        request: Request<pb::GetEmploymentPlanRequest>,
    ) -> Result<Response<pb::GetEmploymentPlanResponse>, Status> {
        Ok(get_employment_plan::get_employment_plan(&self.0, request).await?)
    }

    async fn set_employment_specialist(
        &self,
        request: Request<pb::SetEmploymentSpecialistRequest>,
    ) -> Result<Response<pb::SetEmploymentSpecialistResponse>, Status> {
        Ok(set_employment_specialist::set_employment_specialist(&self.0, request).await?)
    }

    async fn end_employment_specialist(
        &self,
        request: Request<pb::EndEmploymentSpecialistRequest>,
    ) -> Result<Response<pb::EndEmploymentSpecialistResponse>, Status> {
        Ok(end_employment_specialist::end_employment_specialist(&self.0, request).await?)
    }

    async fn record_employment_step(
        &self,
        request: Request<pb::RecordEmploymentStepRequest>,
    ) -> Result<Response<pb::RecordEmploymentStepResponse>, Status> {
        Ok(record_employment_step::record_employment_step(&self.0, request).await?)
    }

    async fn mark_employment_step_in_error(
        &self,
        request: Request<pb::MarkEmploymentStepInErrorRequest>,
    ) -> Result<Response<pb::MarkEmploymentStepInErrorResponse>, Status> {
        Ok(mark_employment_step_in_error::mark_employment_step_in_error(&self.0, request).await?)
    }

    async fn list_employment_steps(
        &self,
        request: Request<pb::ListEmploymentStepsRequest>,
    ) -> Result<Response<pb::ListEmploymentStepsResponse>, Status> {
        Ok(list_employment_steps::list_employment_steps(&self.0, request).await?)
    }

    async fn get_employment_report(
        &self,
        request: Request<pb::GetEmploymentReportRequest>,
    ) -> Result<Response<pb::GetEmploymentReportResponse>, Status> {
        Ok(get_employment_report::get_employment_report(&self.0, request).await?)
    }

    type GetMyRecordStream = rpc::Steps<pb::GetMyRecordResponse>;

    async fn get_my_record(
        &self,
        request: Request<pb::GetMyRecordRequest>,
    ) -> Result<Response<Self::GetMyRecordStream>, Status> {
        Ok(get_my_record::get_my_record(&self.0, request).await?)
    }

    type ExportMyRecordStream = rpc::Steps<pb::ExportMyRecordResponse>;

    async fn export_my_record(
        &self,
        request: Request<pb::ExportMyRecordRequest>,
    ) -> Result<Response<Self::ExportMyRecordStream>, Status> {
        Ok(export_my_record::export_my_record(&self.0, request).await?)
    }
}

#[async_trait]
impl RecoveryFactsService for Rpc {
    type WatchPersonEventsStream = rpc::Steps<pb::WatchPersonEventsResponse>;

    async fn watch_person_events(
        &self,
        request: Request<pb::WatchPersonEventsRequest>,
    ) -> Result<Response<Self::WatchPersonEventsStream>, Status> {
        Ok(Response::new(watch_person_events::watch_person_events(&self.0, request)?))
    }
}
