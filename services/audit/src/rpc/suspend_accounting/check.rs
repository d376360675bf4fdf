//! What a suspension's request has to say.

use facts::Directory;
use kernel::{AgencyId, Sector};
use rpc::{Error, Outage};
use time::Duration;
use uuid::Uuid;
use wire::{
    Violation,
    audit::v1::{StatementForm, SuspendAccountingRequest},
    convert::{id_of, instant},
};

use crate::store::suspension::Suspension;

/// 45 CFR 164.528(a)(2)(ii)(C).
pub(super) const ORAL: Duration = Duration::days(30);
/// The law has no bound for what is written. This one keeps a slip of the pen from standing for ever.
const WRITTEN: Duration = Duration::days(1_826);

pub(super) const NO_INSTANT: &str = "must be an instant of the years 1 to 9999";

/// What the annotations can't say, whenever it is asked.
pub(in crate::rpc) fn odd(req: &SuspendAccountingRequest, office: Uuid) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut wrong = |field: &str, why: &str| found.push(Violation::new(field, why));
    if !req.official.is_empty() && kernel::is_blank(&req.official) {
        wrong("official", "must say who");
    }
    if id_of("agencies", &req.agency) == Some(office) {
        wrong("agency", "must be another agency");
    }
    match (req.form(), req.document_sha256.is_empty()) {
        (StatementForm::Written, true) => wrong("document_sha256", "must be that of the statement"),
        (StatementForm::Oral, false) => wrong("document_sha256", "an oral statement has none"),
        _ => {}
    }
    for (field, time) in [("until_time", &req.until_time), ("statement_time", &req.statement_time)]
    {
        if time.as_ref().is_some_and(|time| instant(time).is_none()) {
            wrong(field, NO_INSTANT);
        }
    }
    found
}

/// What is wrong with its times and its agency now. Law enforcement is of the justice sector; an agency that
/// the directory does not know is of none.
pub(super) fn fits(new: &Suspension, directory: &Directory) -> Result<(), Error> {
    let mut found = Vec::new();
    let mut wrong = |field: &str, why: &str| found.push(Violation::new(field, why));
    if new.stated_at > new.begun_at {
        wrong("statement_time", "must not be later than now");
    }
    let (from, most, late) = match new.document {
        None => (new.stated_at, ORAL, "must be at most 30 days after the oral statement"),
        Some(_) => (new.begun_at, WRITTEN, "must be at most 1,826 days from now"),
    };
    if new.until_at <= new.begun_at {
        wrong("until_time", "must be after now");
    } else if new.until_at - from > most {
        wrong("until_time", late);
    }
    let known = directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?.1;
    let agency = known.get(&AgencyId::from(new.agency));
    if agency.is_none_or(|agency| agency.sector != Sector::Justice) {
        wrong("agency", "must be an agency of the justice sector");
    }
    if found.is_empty() { Ok(()) } else { Err(Error::Invalid(found)) }
}
