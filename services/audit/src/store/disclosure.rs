//! Events, one row each.

use std::collections::HashMap;

use kernel::{Code, CodeSet, Instant};
use ledger::Outcome;
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::{CallerKind, Disclosure, Entry, Told, codes};

/// Which page.
#[derive(Debug, Clone)]
pub struct Page {
    /// With the custodians' and the person's own access.
    pub include_custodian_access: bool,
    /// After this row, newest first.
    pub before: (Instant, Uuid),
    /// This one alone: a service, and the number there.
    pub only: Option<(String, i64)>,
    pub limit: i64,
    /// When it is asked: what is suspended then is left out.
    pub at: Instant,
}

struct DisclosureRow {
    service: String,
    sequence: i64,
    event_id: Uuid,
    occurred_at: Instant,
    decision_id: Uuid,
    caller_kind: String,
    agency_id: Option<Uuid>,
    recipient_id: Option<Uuid>,
    subject: String,
    roles: i32,
    purposes: i32,
    rpc: String,
    action: String,
    records: Vec<Uuid>,
    record_kinds: i32,
    custodians: Vec<Uuid>,
    bases: Vec<String>,
    consents: Vec<Uuid>,
    obligations: Vec<String>,
}

pub(super) fn set<C: Code>(mask: i32) -> Option<CodeSet<C>> {
    let bits = u32::try_from(mask).ok()?;
    let set = CodeSet::from_bits(bits);
    // A bit that is no code would be lost on the way out.
    (set.iter().count() == bits.count_ones() as usize).then_some(set)
}

fn mask<C: Code>(set: CodeSet<C>) -> i32 {
    i32::try_from(set.bits()).unwrap_or(i32::MAX)
}

impl TryFrom<DisclosureRow> for Disclosure {
    type Error = StoreError;

    fn try_from(row: DisclosureRow) -> Result<Self, StoreError> {
        let bad = |what| StoreError::BadRow { what };
        Ok(Self {
            service: row.service,
            sequence: row.sequence,
            event_id: row.event_id,
            at: row.occurred_at,
            decision_id: row.decision_id,
            caller: CallerKind::parse(&row.caller_kind).ok_or(bad("caller of a disclosure"))?,
            agency: row.agency_id,
            recipient: row.recipient_id,
            subject: row.subject,
            roles: set(row.roles).ok_or(bad("roles of a disclosure"))?,
            purposes: set(row.purposes).ok_or(bad("purposes of a disclosure"))?,
            rpc: row.rpc,
            action: Code::parse(&row.action).ok_or(bad("action of a disclosure"))?,
            records: row.records,
            kinds: set(row.record_kinds).ok_or(bad("kinds of a disclosure"))?,
            custodians: row.custodians,
            bases: codes(&row.bases).ok_or(bad("bases of a disclosure"))?,
            consents: row.consents,
            obligations: codes(&row.obligations).ok_or(bad("obligations of a disclosure"))?,
        })
    }
}

/// What stands at those of the numbers that have been read already.
pub(super) async fn known(
    tx: &mut PgConnection,
    service: &str,
    position: i64,
    ids: &[(i64, Uuid)],
) -> Result<HashMap<i64, Uuid>, StoreError> {
    let numbers: Vec<i64> =
        ids.iter().map(|(sequence, _)| *sequence).filter(|s| *s <= position).collect();
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"SELECT sequence AS "sequence!", event_id AS "event_id!"
        FROM locate_disclosures($1, $2)"#,
        service,
        &numbers
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.sequence, row.event_id)).collect())
}

#[derive(Default)]
struct Columns<'e> {
    sequences: Vec<i64>,
    event_ids: Vec<Uuid>,
    occurred: Vec<Instant>,
    people: Vec<Uuid>,
    decisions: Vec<Uuid>,
    outcomes: Vec<&'static str>,
    kinds: Vec<&'e str>,
    agencies: Vec<Option<Uuid>>,
    recipients: Vec<Option<Uuid>>,
    subjects: Vec<&'e str>,
    roles: Vec<i32>,
    purposes: Vec<i32>,
    rpcs: Vec<&'e str>,
    actions: Vec<&'static str>,
    record_kinds: Vec<i32>,
    details: Vec<&'e str>,
}

impl<'e> Columns<'e> {
    fn of(entries: &[&'e Entry]) -> Self {
        let mut all = Self::default();
        let told = entries.iter().filter_map(|e| Some((e.sequence, e.told.as_ref()?)));
        for (sequence, Told { event, detail }) in told {
            all.sequences.push(sequence);
            all.event_ids.push(event.event_id);
            all.occurred.push(event.occurred_at);
            all.people.push(event.person.unwrap_or_default());
            all.decisions.push(event.decision_id);
            all.outcomes.push(match event.outcome {
                Outcome::Permit => "PERMIT",
                Outcome::Deny => "DENY",
            });
            all.kinds.push(&event.caller.kind);
            all.agencies.push(event.caller.agency);
            all.recipients.push(event.recipient);
            all.subjects.push(&event.caller.subject);
            all.roles.push(mask(event.caller.roles));
            all.purposes.push(mask(event.purposes));
            all.rpcs.push(&event.rpc);
            all.actions.push(event.action.code());
            all.record_kinds.push(mask(event.record_kinds));
            all.details.push(detail);
        }
        all
    }
}

/// Adds events in one statement. Lists are taken out of the event as it is spelled, since arrays of
/// arrays of different lengths are none to PostgreSQL.
pub(super) async fn add(
    tx: &mut PgConnection,
    service: &str,
    entries: &[&Entry],
) -> Result<(), StoreError> {
    let all = Columns::of(entries);
    if all.sequences.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO disclosure (service, sequence, event_id, occurred_at, person_id, decision_id,
            outcome, caller_kind, agency_id, recipient_id, subject, roles, purposes, rpc, action,
            records, record_kinds, custodians, bases, consents, obligations, detail)
         SELECT $1, e.sequence, e.event_id, e.occurred_at, e.person_id, e.decision_id, e.outcome,
            e.caller_kind, e.agency_id, e.recipient_id, e.subject, e.roles, e.purposes, e.rpc,
            e.action,
            ARRAY(SELECT jsonb_array_elements_text(e.detail -> 'records')::uuid),
            e.record_kinds,
            ARRAY(SELECT jsonb_array_elements_text(e.detail -> 'custodians')::uuid),
            ARRAY(SELECT jsonb_array_elements_text(e.detail -> 'bases')),
            ARRAY(SELECT (jsonb_array_elements(e.detail -> 'consents') ->> 0)::uuid),
            ARRAY(SELECT jsonb_array_elements_text(e.detail -> 'obligations')),
            e.detail
         FROM (SELECT u.*, u.spelled::jsonb AS detail
            FROM unnest($2::bigint[], $3::uuid[], $4::timestamptz[], $5::uuid[], $6::uuid[],
                $7::text[], $8::text[], $9::uuid[], $10::uuid[], $11::text[], $12::integer[],
                $13::integer[], $14::text[], $15::text[], $16::integer[], $17::text[])
                AS u (sequence, event_id, occurred_at, person_id, decision_id, outcome,
                    caller_kind, agency_id, recipient_id, subject, roles, purposes, rpc, action,
                    record_kinds, spelled)) e",
        service,
        &all.sequences,
        &all.event_ids,
        &all.occurred,
        &all.people,
        &all.decisions,
        &all.outcomes as &[&str],
        &all.kinds as &[&str],
        &all.agencies as &[Option<Uuid>],
        &all.recipients as &[Option<Uuid>],
        &all.subjects as &[&str],
        &all.roles,
        &all.purposes,
        &all.rpcs as &[&str],
        &all.actions as &[&str],
        &all.record_kinds,
        &all.details as &[&str],
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of what was disclosed, newest first, and whether there is more. An event without a basis
/// opened nothing (an empty list, say), so it discloses nothing; nor does an agency's look for
/// consents that found none. `confirmed_by`: only what these agencies hold, and what they and the
/// person did about consents, which no agency holds, and what they read of a plan, which none holds either.
pub(super) async fn list(
    tx: &mut PgConnection,
    person: Uuid,
    confirmed_by: Option<Vec<Uuid>>,
    page: &Page,
) -> Result<(Vec<Disclosure>, bool), StoreError> {
    let rows = sqlx::query_as!(
        DisclosureRow,
        "SELECT service, sequence, event_id, occurred_at, decision_id, caller_kind, agency_id,
            recipient_id, subject, roles, purposes, rpc, action, records, record_kinds, custodians, bases,
            consents, obligations
         FROM disclosure d
         WHERE person_id = $1 AND outcome = 'PERMIT' AND bases <> '{}' AND told_now(d, $9)
            AND (bases <> '{NAMED_IN_CONSENT}' OR records <> '{}')
            AND ($2 OR NOT (bases <@ '{SELF,INVITATION,SUPPORT}' OR COALESCE(
                bases <@ '{CUSTODIAN}' AND custodians <@ ARRAY[agency_id], false)))
            AND ($3::uuid[] IS NULL OR CASE WHEN custodians = '{}'
                THEN service = 'consent' AND (agency_id IS NULL OR agency_id = ANY ($3))
                    OR service = 'recovery' AND agency_id = ANY ($3)
                ELSE custodians <@ $3 END)
            AND (occurred_at, event_id) < ($4, $5)
            AND ($7::text IS NULL OR (service = $7 AND sequence = $8))
         ORDER BY occurred_at DESC, event_id DESC
         LIMIT $6",
        person,
        page.include_custodian_access,
        confirmed_by.as_deref(),
        page.before.0,
        page.before.1,
        page.limit + 1,
        page.only.as_ref().map(|(service, _)| service),
        page.only.as_ref().map(|(_, sequence)| *sequence),
        page.at,
    )
    .fetch_all(tx)
    .await?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    let page = rows.into_iter().take(limit).map(Disclosure::try_from);
    Ok((page.collect::<Result<_, _>>()?, more))
}
