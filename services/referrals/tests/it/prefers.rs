//! A people service that says what a test says people prefer, and keeps what it was asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;
use wire::{
    common::v1::ContactRule,
    convert::{agency_name, name_of},
    people::v1::{self as pb, people_facts_service_server::PeopleFactsService},
};

/// What was said to whom.
#[derive(Debug, Clone, Default)]
pub struct Prefers {
    said: Arc<Mutex<HashMap<(String, String), pb::StatedPreferences>>>,
    asked: Arc<Mutex<Vec<pb::PreferenceQuestion>>>,
    away: Arc<Mutex<bool>>,
}

impl Prefers {
    pub fn say(&self, person: Uuid, agency: Uuid, stated: pb::StatedPreferences) {
        let key = (name_of("people", person), agency_name(agency));
        self.said.lock().unwrap().insert(key, stated);
    }

    pub fn rule(&self, person: Uuid, agency: Uuid, rule: ContactRule) {
        let stated =
            pb::StatedPreferences { contact_rule: rule.into(), ..pb::StatedPreferences::default() };
        self.say(person, agency, stated);
    }

    pub fn away(&self, away: bool) {
        *self.away.lock().unwrap() = away;
    }

    pub fn asked(&self) -> Vec<pb::PreferenceQuestion> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn answer(&self, question: &pb::PreferenceQuestion) -> pb::StatedPreferences {
        let said = self.said.lock().unwrap();
        let of = |agency: &String| {
            let key = (question.person.clone(), agency.clone());
            said.get(&key).cloned().unwrap_or_default()
        };
        let all: Vec<_> = question.agencies.iter().map(of).collect();
        let open = i32::from(ContactRule::Open);
        let rule = all.iter().map(|one| one.contact_rule).fold(open, Ord::max);
        pb::StatedPreferences { contact_rule: rule, ..all[0].clone() }
    }
}

#[async_trait]
impl PeopleFactsService for Prefers {
    async fn check_preferences(
        &self,
        request: Request<pb::CheckPreferencesRequest>,
    ) -> Result<Response<pb::CheckPreferencesResponse>, Status> {
        if *self.away.lock().unwrap() {
            return Err(Status::unavailable("away"));
        }
        let questions = request.into_inner().questions;
        self.asked.lock().unwrap().extend(questions.clone());
        let preferences = questions.iter().map(|question| self.answer(question)).collect();
        Ok(Response::new(pb::CheckPreferencesResponse { preferences }))
    }

    async fn invite_supporter(
        &self,
        _: Request<pb::InviteSupporterRequest>,
    ) -> Result<Response<pb::InviteSupporterResponse>, Status> {
        Err(Status::unimplemented("for recovery alone"))
    }

    async fn dismiss_supporter(
        &self,
        _: Request<pb::DismissSupporterRequest>,
    ) -> Result<Response<pb::DismissSupporterResponse>, Status> {
        Err(Status::unimplemented("for recovery alone"))
    }

    async fn resolve_sign_ins(
        &self,
        _: Request<pb::ResolveSignInsRequest>,
    ) -> Result<Response<pb::ResolveSignInsResponse>, Status> {
        Err(Status::unimplemented("the guard asks the fake source"))
    }

    async fn check_registrations(
        &self,
        _: Request<pb::CheckRegistrationsRequest>,
    ) -> Result<Response<pb::CheckRegistrationsResponse>, Status> {
        Err(Status::unimplemented("the guard asks the fake source"))
    }

    async fn check_ages(
        &self,
        _: Request<pb::CheckAgesRequest>,
    ) -> Result<Response<pb::CheckAgesResponse>, Status> {
        Err(Status::unimplemented("for the consent service"))
    }
}
