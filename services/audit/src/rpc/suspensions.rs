//! What the RPCs of suspensions share.

use permit::Call;
use rpc::Error;
use uuid::Uuid;
use wire::{
    audit::v1 as pb,
    convert::{agency_name, name_of, timestamp},
};

use super::holds;
use crate::store::suspension::Suspension;

/// Suspensions of one agency that are in force at once.
pub(super) const MOST: usize = 10_000;

/// Whose suspensions the caller may see and make: their agency's.
pub(super) fn office(call: &Call) -> Result<Uuid, Error> {
    holds::office(call)?.ok_or(Error::NotFound)
}

pub(super) fn shown(suspension: &Suspension) -> pb::AccountingSuspension {
    let form = match suspension.document {
        None => pb::StatementForm::Oral,
        Some(_) => pb::StatementForm::Written,
    };
    pb::AccountingSuspension {
        name: name_of("accountingSuspensions", suspension.id),
        person: name_of("people", suspension.person),
        agency: agency_name(suspension.agency),
        official: suspension.official.clone(),
        form: form.into(),
        document_sha256: suspension.document.clone().unwrap_or_default(),
        statement_time: Some(timestamp(suspension.stated_at)),
        begin_time: Some(timestamp(suspension.begun_at)),
        until_time: Some(timestamp(suspension.until_at)),
        end_time: suspension.ended_at.map(timestamp),
    }
}
