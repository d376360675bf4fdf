//! What is kept, as the contract tells it.

use prost::Message as _;
use rpc::Error;
use wire::{
    convert::{name_of, practitioner_name, timestamp},
    recovery::v1 as pb,
};

use crate::domain::{Content, Section, Share, Version};

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
        section: name_of("planSections", share.section),
        person: name_of("people", share.person),
        grantee: practitioner_name(&share.grantee),
        create_time: Some(timestamp(share.created_at)),
        until_time: Some(timestamp(share.until)),
        end_time: share.ended_at.map(timestamp),
    }
}
