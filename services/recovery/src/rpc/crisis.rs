//! Crises as the contract tells them.

use kernel::Instant;
use wire::{
    convert::{name_of, timestamp},
    recovery::v1 as pb,
};

use super::reply::grantee;
use crate::domain::{Rules, Step};

pub(super) fn state(until: Option<Instant>) -> pb::CrisisState {
    match until {
        Some(_) => pb::CrisisState::Active,
        None => pb::CrisisState::Inactive,
    }
}

pub(super) fn rules(rules: &Rules) -> pb::CrisisRules {
    let mut views: Vec<pb::CrisisView> = Vec::new();
    for (section, to) in &rules.views {
        let section = i32::from(*section);
        match views.last_mut().filter(|view| view.section == section) {
            Some(view) => view.viewers.push(grantee(to)),
            None => views.push(pb::CrisisView { section, viewers: vec![grantee(to)] }),
        }
    }
    pb::CrisisRules {
        activators: rules.activators.iter().map(|id| name_of("supporters", id)).collect(),
        threshold: rules.threshold.into(),
        views,
        end_threshold: rules.end_threshold.into(),
        most_hours: rules.most_hours.into(),
        create_time: Some(timestamp(rules.created_at)),
    }
}

pub(super) fn step(step: &Step) -> pb::CrisisStep {
    pb::CrisisStep {
        name: name_of("crisisSteps", step.id),
        kind: step.act as i32,
        supporter: step.by.map(|id| name_of("supporters", id)).unwrap_or_default(),
        time: Some(timestamp(step.at)),
        turned: step.turned,
    }
}
