//! One event: one person in one decision.

use std::{borrow::Cow, sync::Arc};

use kernel::{Clock, CodeSet, Instant, Kind, Purpose, Role};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

pub use kernel::Action;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    Permit,
    Deny,
}

/// Who asked, as the token and the directory have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// `AGENCY_STAFF`, `PERSON`, `REPRESENTATIVE`, `SUPPORTER`, `NETWORK`, `SERVICE`.
    pub kind: Arc<str>,
    pub issuer: Arc<str>,
    /// The practitioner within the agency, or the sign-in's subject.
    pub subject: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<Uuid>,
    pub roles: CodeSet<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<OnBehalf>,
}

/// For whom a service asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnBehalf {
    pub issuer: Arc<str>,
    pub subject: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<Uuid>,
}

/// The order of the fields is the order of the bytes of [`Event::leaf`]: add at the end, optional
/// and left out when absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// From [`new_id`]. Writing the same id again changes nothing.
    pub event_id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub occurred_at: Instant,
    pub outcome: Outcome,
    /// `trellis.notes.v1.NoteService/GetNote`.
    pub rpc: Arc<str>,
    /// The same in the events of one decision over several people.
    pub decision_id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
    pub caller: Caller,
    pub purposes: CodeSet<Purpose>,
    pub action: Action,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Uuid>,
    pub record_kinds: CodeSet<Kind>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custodians: Vec<Uuid>,
    /// Codes of the bases: `CUSTODIAN`, `CONSENT` and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<Arc<str>>,
    /// What was relied on, or refused by: id and version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<(Uuid, i32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redisclosure: Option<Arc<str>>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// The person's consent revision that was decided on.
    pub revision: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<[u8; 16]>,
    /// To which agency records were sent, where they were sent to another than the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Uuid>,
}

/// An event that can't be written down: an instant outside years 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event that cannot be written down")]
pub struct BadEvent;

impl Event {
    /// The one spelling of an event in bytes: JSON without spaces, fields in their fixed order,
    /// codes in their list's order, ids in lower case, instants in UTC to the microsecond. What is
    /// read back from the ledger spells the same.
    pub fn leaf(&self) -> Result<String, BadEvent> {
        serde_json::to_string(self).map_err(|_| BadEvent)
    }

    /// As the database will give it back: UTC, microseconds. Almost always it is so already.
    pub(crate) fn normal(&self) -> Cow<'_, Self> {
        let at = self.occurred_at.to_offset(time::UtcOffset::UTC);
        let at = at.replace_nanosecond(at.nanosecond() / 1_000 * 1_000).unwrap_or(at);
        // Equal instants may be spelled at different offsets.
        if at == self.occurred_at && self.occurred_at.offset() == at.offset() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self { occurred_at: at, ..self.clone() })
    }
}

/// A version 7 UUID of the injected clock's time.
pub fn new_id(clock: &impl Clock) -> Uuid {
    let now = clock.now();
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.nanosecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let clock = kernel::ManualClock::at(time::macros::datetime!(2026-02-03 04:05:06.789 UTC));
        let event = Event {
            event_id: new_id(&clock),
            occurred_at: clock.now(),
            outcome: Outcome::Deny,
            rpc: "trellis.notes.v1.NoteService/GetNote".into(),
            decision_id: Uuid::from_u128(7),
            person: Some(Uuid::from_u128(8)),
            caller: Caller {
                kind: "AGENCY_STAFF".into(),
                issuer: "https://id.example".into(),
                subject: "p-1".into(),
                agency: Some(Uuid::from_u128(9)),
                roles: [Role::Clinician].into(),
                on_behalf: None,
            },
            purposes: [Purpose::Treat].into(),
            action: Action::Read,
            records: vec![Uuid::from_u128(10)],
            record_kinds: [Kind::Note].into(),
            custodians: vec![],
            bases: vec![],
            consents: vec![(Uuid::from_u128(11), 2)],
            obligations: vec![],
            redisclosure: None,
            reason: Some("NO_ACTIVE_CONSENT".into()),
            revision: 4,
            trace_id: Some([3; 16]),
            recipient: None,
        };
        let leaf = event.leaf().unwrap();
        let back: Event = serde_json::from_str(&leaf).unwrap();
        assert_eq!(back, event);
        assert_eq!(back.leaf().unwrap(), leaf);
        assert_eq!(event.event_id.get_version_num(), 7);
    }
}
