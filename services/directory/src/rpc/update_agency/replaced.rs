//! An agency with what was asked for in place of what it states.

use rpc::Mask;
use wire::directory::v1::{self as pb, RegisterAgencyRequest};

pub(super) fn replaced(mask: &Mask, mut now: pb::Agency, asked: pb::Agency) -> pb::Agency {
    macro_rules! replace {
        ($($field:ident),+) => {$(
            if mask.names(stringify!($field)) {
                now.$field = asked.$field;
            }
        )+};
    }
    replace!(
        display_name,
        description,
        sector,
        parent,
        part2_program,
        victim_service_provider,
        covered_entity
    );
    now
}

/// As if it were registered so.
pub(super) fn registering(agency: pb::Agency, request_id: &str) -> RegisterAgencyRequest {
    RegisterAgencyRequest {
        request_id: request_id.to_owned(),
        display_name: agency.display_name,
        sector: agency.sector,
        parent: agency.parent,
        part2_program: agency.part2_program,
        victim_service_provider: agency.victim_service_provider,
        covered_entity: agency.covered_entity,
        description: agency.description,
        bindings: Vec::new(),
    }
}
