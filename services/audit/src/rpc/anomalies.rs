//! What the RPCs of anomalies share.

use kernel::AgencyId;
use permit::Call;
use rpc::Error;
use uuid::Uuid;
use wire::{
    audit::v1 as pb,
    convert::{name_of, timestamp, to_wire},
};

use crate::{domain::explain_anomaly, store::anomaly::Anomaly};

/// Whose anomalies the caller may see: those of their own agency's staff.
pub(super) fn office(call: &Call) -> Result<Uuid, Error> {
    call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)
}

pub(super) fn shown(anomaly: &Anomaly) -> pb::Anomaly {
    let review = anomaly.review.as_ref();
    pb::Anomaly {
        name: name_of("anomalies", anomaly.id),
        kind: to_wire(anomaly.kind),
        practitioner: anomaly.subject.clone(),
        begin_time: Some(timestamp(anomaly.begun_at)),
        end_time: Some(timestamp(anomaly.ended_at)),
        count: anomaly.count,
        threshold: anomaly.threshold,
        explanation: explain_anomaly(anomaly.kind, anomaly.count, anomaly.threshold),
        found_time: Some(timestamp(anomaly.found_at)),
        outcome: review.map_or(0, |review| to_wire(review.outcome)),
        note: review.map(|review| review.note.clone()).unwrap_or_default(),
        review_time: review.map(|review| timestamp(review.at)),
        reviewer: review.map(|review| review.reviewer.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Code as _;

    use super::*;
    use crate::domain::{AnomalyKind, AnomalyOutcome};

    #[test]
    fn codes_are_numbered_as_in_the_contract() {
        for kind in AnomalyKind::ALL {
            let wire = pb::AnomalyKind::try_from(to_wire(*kind)).unwrap();
            assert_eq!(wire.as_str_name(), format!("ANOMALY_KIND_{kind}"));
        }
        for outcome in AnomalyOutcome::ALL {
            let wire = pb::AnomalyOutcome::try_from(to_wire(*outcome)).unwrap();
            assert_eq!(wire.as_str_name(), format!("ANOMALY_OUTCOME_{outcome}"));
        }
    }
}
