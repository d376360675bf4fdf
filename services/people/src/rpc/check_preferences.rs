//! CheckPreferences.

use rpc::Error;
use tonic::{Request, Response};
use wire::{
    convert::id_of,
    people::v1::{
        CheckPreferencesRequest, CheckPreferencesResponse, InterpreterKind, StatedPreferences,
    },
};

use super::preferences;
use crate::{
    App,
    domain::{ContactRule, Holding},
    store::preference,
};

/// What people prefer, as far as a referral needs it. For the referrals service alone.
pub async fn handle(
    app: &App,
    request: Request<CheckPreferencesRequest>,
) -> Result<Response<CheckPreferencesResponse>, Error> {
    rpc::only_for(&*identity::Caller::of(&request)?, "referrals")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    // The contract's patterns have been checked; what still is no id is nil, which nobody has.
    let id = |kind, name: &str| id_of(kind, name).unwrap_or_default();
    let (mut people, mut agencies) = (Vec::new(), Vec::new());
    for question in &req.questions {
        for agency in &question.agencies {
            people.push(id("people", &question.person));
            agencies.push(id("agencies", agency));
        }
    }
    let mut found = preference::checked(&app.deps.db, people, agencies).await?.into_iter();
    let answers = req.questions.iter().map(|question| {
        let holding: Vec<Holding> = found.by_ref().take(question.agencies.len()).collect();
        answer(&holding)
    });
    Ok(Response::new(CheckPreferencesResponse { preferences: answers.collect() }))
}

fn answer(holding: &[Holding]) -> StatedPreferences {
    let rule = holding.iter().map(|one| one.contact_rule).fold(ContactRule::Open, Ord::max);
    let rule = preferences::rule(rule).into();
    let Some(first) = holding.first() else {
        return StatedPreferences { contact_rule: rule, ..StatedPreferences::default() };
    };
    let words = |of: fn(&crate::domain::Preferences) -> &String| {
        first.first(|p| Some(of(p).clone()).filter(|text| !text.is_empty())).unwrap_or_default()
    };
    let none = [i32::from(InterpreterKind::Unspecified), InterpreterKind::None.into()];
    let interpreter = first.first(|p| Some(p.interpreter).filter(|kind| *kind != 0));
    // Once they have spoken for themself, nobody else opts in for them.
    let faith = first.own.as_ref().or(first.heard.as_ref()).map(|said| &said.preferences);
    StatedPreferences {
        contact_rule: rule,
        language: words(|p| &p.language),
        interpreting: interpreter.is_some_and(|kind| !none.contains(&kind)),
        no_interpreting: interpreter == Some(InterpreterKind::None.into()),
        cultural_offering: words(|p| &p.cultural_offering),
        faith_offering: faith.map(|p| p.faith_offering.clone()).unwrap_or_default(),
        include_faith_based: faith.is_some_and(|p| p.include_faith_based),
    }
}
