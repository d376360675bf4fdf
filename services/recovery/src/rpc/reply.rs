//! What is kept, as the contract tells it.

use prost::Message as _;
use rpc::{Conflict, Error};
use wire::{
    convert::{name_of, practitioner_name, timestamp},
    directory::v1::SupportKind,
    recovery::v1 as pb,
};

use crate::domain::{
    Content, Contribution, DECISION, Grantee, Said, Section, Share, Supporter, Version,
};

/// Which section it is that content is of; none: of none, or of several.
pub(super) fn kind(content: &pb::SectionContent) -> Option<i16> {
    let given = [
        content.wellness_toolbox.is_some(),
        content.daily_maintenance_plan.is_some(),
        content.triggers.is_some(),
        content.early_warning_signs.is_some(),
        content.breaking_down.is_some(),
        content.crisis_plan.is_some(),
        content.post_crisis_plan.is_some(),
    ];
    let mut kinds = (1..).zip(given).filter(|(_, given)| *given).map(|(kind, _)| kind);
    kinds.next().filter(|_| kinds.next().is_none())
}

/// The version that an etag names, as replies have it; none: it is empty.
pub(super) fn version_of(etag: &str) -> Result<Option<i32>, Error> {
    if etag.is_empty() {
        return Ok(None);
    }
    let version = etag.parse::<i32>().ok().filter(|version| version.to_string() == etag);
    version.map(Some).ok_or(Error::Conflict(Conflict::Stale))
}

fn opened(content: &Content) -> Result<pb::SectionContent, Error> {
    pb::SectionContent::decode(&*content.0).map_err(|_| Error::Internal("a section's content"))
}

/// `own`: to the person themself.
pub(super) fn section(
    section: &Section,
    content: Option<&Content>,
    own: bool,
) -> Result<pb::PlanSection, Error> {
    Ok(pb::PlanSection {
        name: name_of("planSections", section.id),
        person: name_of("people", section.person),
        kind: i32::from(section.kind),
        version: section.version,
        write_time: section.written_at.map(timestamp),
        etag: if own { section.version.to_string() } else { String::new() },
        content: content.map(opened).transpose()?,
    })
}

pub(super) fn version(version: &Version) -> Result<pb::SectionVersion, Error> {
    Ok(pb::SectionVersion {
        name: name_of("sectionVersions", version.id),
        section: name_of("planSections", version.section),
        version: version.number,
        write_time: Some(timestamp(version.at)),
        content: Some(opened(&version.content)?),
    })
}

pub(super) fn share(share: &Share) -> pb::SectionShare {
    pb::SectionShare {
        name: name_of("shares", share.id),
        section: name_of(share.of.collection(), share.of.id()),
        person: name_of("people", share.person),
        grantee: grantee(&share.grantee),
        create_time: Some(timestamp(share.created_at)),
        until_time: Some(timestamp(share.until)),
        end_time: share.ended_at.map(timestamp),
        crisis: share.crisis.map(|id| name_of("crisisSteps", id)).unwrap_or_default(),
    }
}

pub(super) fn grantee(grantee: &Grantee) -> String {
    match grantee {
        Grantee::Practitioner(whole) => practitioner_name(whole),
        Grantee::Supporter(id) => name_of("supporters", id),
    }
}

/// What the person says of a supporter, of a request that was checked.
pub(super) fn said(called: &str, relationship: i32, kinds: &[i32], contribute_only: bool) -> Said {
    let bit = |kind: &i32| u32::try_from(*kind).ok().and_then(|kind| 1i32.checked_shl(kind));
    Said {
        called: Content(called.as_bytes().to_vec()),
        relationship: i16::try_from(relationship).unwrap_or_default(),
        kinds: kinds.iter().filter_map(bit).fold(0, |mask, bit| mask | bit),
        contribute_only,
    }
}

pub(super) fn supporter(supporter: &Supporter) -> Result<pb::Supporter, Error> {
    let called = String::from_utf8(supporter.said.called.0.clone());
    let kinds = SupportKind::Emotional as i32..=SupportKind::Affiliational as i32;
    Ok(pb::Supporter {
        name: name_of("supporters", supporter.id),
        person: name_of("people", supporter.person),
        called: called.map_err(|_| Error::Internal("what a supporter is called"))?,
        relationship: i32::from(supporter.said.relationship),
        support_kinds: kinds.filter(|kind| supporter.said.kinds & (1 << kind) != 0).collect(),
        contribute_only: supporter.said.contribute_only,
        create_time: Some(timestamp(supporter.created_at)),
        end_time: supporter.ended_at.map(timestamp),
        etag: supporter.version.to_string(),
    })
}

pub(super) fn contribution(contribution: &Contribution) -> Result<pb::Contribution, Error> {
    let decision = contribution.kind == DECISION;
    let decided = |content: &Content| pb::DecisionContent::decode(&*content.0);
    let decided = decision.then(|| decided(&contribution.content)).transpose();
    Ok(pb::Contribution {
        name: name_of("contributions", contribution.id),
        person: name_of("people", contribution.person),
        contributor: grantee(&contribution.by),
        content: (!decision).then(|| opened(&contribution.content)).transpose()?,
        decision: decided.map_err(|_| Error::Internal("a decision's content"))?,
        state: i32::from(contribution.state),
        create_time: Some(timestamp(contribution.created_at)),
        decide_time: contribution.decided_at.map(timestamp),
    })
}
