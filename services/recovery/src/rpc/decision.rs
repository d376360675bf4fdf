//! Decisions as the contract tells them.

use kernel::Instant;
use permit::StandingPermit;
use pg::PgConnection;
use prost::Message as _;
use rpc::{Error, InTx};
use uuid::Uuid;
use wire::{
    Violation,
    convert::{instant, name_of, timestamp},
    recovery::v1 as pb,
};

use super::{reply::grantee, share_section::share};
use crate::{
    domain::{
        Confirmed, Content, Grantee, MOST_BYTES, MOST_SUGGESTED, OwnKind, OwnRecord, Share,
        SharedOf,
    },
    store,
};

/// What a decision is to say, as it is kept in at most so many bytes; and what is wrong with it.
fn content(
    given: Option<&pb::DecisionContent>,
    (most, long): (usize, &'static str),
) -> (Content, Vec<Violation>) {
    let bytes = given.map(pb::DecisionContent::encode_to_vec).unwrap_or_default();
    let mut wrong = Vec::new();
    if bytes.len() > most {
        wrong.push(Violation::new("content", long));
    }
    let open = given.is_some_and(|said| said.decided_by() == pb::DecisionMaker::Open);
    match given.map(|said| said.decided.is_some()) {
        Some(true) if open => {
            wrong.push(Violation::new("content.decided_by", "must say who decided"));
        }
        Some(false) if !open => {
            wrong.push(Violation::new("content.decided", "must be given, or decided_by be OPEN"));
        }
        _ => {}
    }
    let revisit = given.and_then(|said| said.revisit_time.as_ref());
    if revisit.is_some_and(|time| instant(time).is_none()) {
        wrong.push(Violation::new("content.revisit_time", "must be a time"));
    }
    (Content(bytes), wrong)
}

/// What it is to say, and what is wrong with the request.
pub(super) fn checked(
    request: &pb::RecordDecisionRequest,
    own: bool,
    now: Instant,
) -> (Content, Vec<Violation>) {
    let most = match own {
        true => (MOST_BYTES, "must come to at most 64 KiB"),
        false => (MOST_SUGGESTED, "must come to at most 8 KiB"),
    };
    let (content, mut wrong) = content(request.content.as_ref(), most);
    let until = request.until_time.as_ref();
    if !own {
        let given = [
            ("name", !request.name.is_empty()),
            ("etag", !request.etag.is_empty()),
            ("practitioner", !request.practitioner.is_empty()),
            ("until_time", until.is_some()),
        ];
        let given = given.into_iter().filter(|(_, given)| *given);
        wrong.extend(given.map(|(field, _)| Violation::new(field, "is the person's to give")));
        return (content, wrong);
    }
    let ahead = until.and_then(instant).is_some_and(|until| until > now);
    if !request.practitioner.is_empty() && !ahead {
        wrong.push(Violation::new("until_time", "must be in the future"));
    }
    if request.practitioner.is_empty() && until.is_some() {
        wrong.push(Violation::new("until_time", "must not be given without a practitioner"));
    }
    if request.name.is_empty() && !request.etag.is_empty() {
        wrong.push(Violation::new("etag", "must not be given without a name"));
    }
    (content, wrong)
}

/// As it stands, without what it says.
pub(super) fn bare(id: Uuid, person: Uuid, version: i32, stands: &Confirmed) -> pb::Decision {
    pb::Decision {
        name: name_of("decisions", id),
        person: name_of("people", person),
        version,
        practitioner: stands.with.as_ref().map(grantee).unwrap_or_default(),
        confirm_time: stands.at.map(timestamp),
        ..pb::Decision::default()
    }
}

/// `own`: to the person themself.
pub(super) fn shown(
    record: &OwnRecord,
    stands: &Confirmed,
    own: bool,
) -> Result<pb::Decision, Error> {
    let content = pb::DecisionContent::decode(&*record.content.0);
    Ok(pb::Decision {
        create_time: Some(timestamp(record.created_at)),
        write_time: Some(timestamp(record.written_at)),
        etag: if own { record.version.to_string() } else { String::new() },
        content: Some(content.map_err(|_| Error::Internal("a decision's content"))?),
        ..bare(record.id, record.person, record.version, stands)
    })
}

/// How a decision is shown to whom it is made with.
pub(super) fn share_of(
    id: Uuid,
    (decision, person): (Uuid, Uuid),
    (grantee, now, until): (Grantee, Instant, Instant),
) -> Share {
    let of = SharedOf::Record(decision, OwnKind::Decision);
    Share::new(id, (of, person), grantee, (now, until))
}

/// Says with whom a decision is made, and shows it to them and to whom it was made with before no more.
pub(super) async fn made_with(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    (id, version): (Uuid, i32),
    (with, shared, now): (Option<&Grantee>, Option<&Share>, Instant),
) -> Result<(), InTx> {
    let before = store::set_decision(&mut *tx, permit, (id, version), with).await?;
    if let Some(before) = before {
        let of = SharedOf::Record(id, OwnKind::Decision);
        store::end_with(&mut *tx, permit, of, &before, now).await?;
    }
    if let Some(new) = shared {
        share(tx, permit, new, ("practitioner", true)).await?;
    }
    Ok(())
}
