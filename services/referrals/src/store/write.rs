//! Writes, each under a permit that names the referral and its person, or an act of the network's.

use kernel::{AgencyId, CodeSet, Instant, Purpose, Sensitivity};
use permit::{Act, ByNetwork, Permit, StandingPermit, WriteReferrals, column};
use pg::{PgConnection, Sealed, StoreError};
use policy::Record;
use time::Date;
use uuid::Uuid;

use super::referral::{referral_rows, state};
use crate::domain::{Ending, News, Referral, Standing, State};

/// What lets a referral be written to.
pub trait Hold: Sync {
    fn id(&self) -> Uuid;
    fn person(&self) -> Uuid;
}

impl<A: Act> Hold for Permit<A> {
    fn id(&self) -> Uuid {
        self.record_id()
    }
    fn person(&self) -> Uuid {
        self.person_id()
    }
}

/// One referral of the person of an act of the network's.
#[derive(Debug)]
pub struct OfNetwork<'a> {
    pub act: &'a ByNetwork,
    pub referral: Uuid,
}

impl Hold for OfNetwork<'_> {
    fn id(&self) -> Uuid {
        self.referral
    }
    fn person(&self) -> Uuid {
        self.act.person_id()
    }
}

/// One referral of the person of a standing permit.
pub struct Own<'a> {
    pub permit: &'a StandingPermit,
    pub referral: Uuid,
}

impl Hold for Own<'_> {
    fn id(&self) -> Uuid {
        self.referral
    }
    fn person(&self) -> Uuid {
        self.permit.person_id()
    }
}

/// A referral that is not there yet.
#[derive(Clone)]
pub struct New {
    pub target: Uuid,
    pub service: Option<Uuid>,
    pub need_category: String,
    pub priority: i16,
    pub summary: String,
    /// The purposes under which it is sent at once; none: a draft.
    pub sent: Option<CodeSet<Purpose>>,
    /// Another that asks for the same.
    pub group: Option<Uuid>,
    /// The one from which it follows.
    pub parent: Option<Followed>,
    pub expected_release: Option<Date>,
    pub warm_handoff: bool,
    pub respond_by: Option<Instant>,
    /// Notes, by id.
    pub attached: Vec<Uuid>,
    pub at: Instant,
}

/// A referral from which another follows, and for what its target reads it.
#[derive(Clone)]
pub struct Followed {
    pub id: Uuid,
    pub record: Record,
    pub purposes: CodeSet<Purpose>,
}

/// A referral as it stands, locked until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub struct Locked {
    pub standing: Standing,
    pub target_sees: bool,
    pub source: Uuid,
    pub target: Uuid,
    pub row_version: i64,
}

/// Who moves it: an agency, and the practitioner as authors are spelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    pub agency: Uuid,
    pub practitioner: String,
}

impl Locked {
    /// Sent to this agency, and not answered.
    pub fn asks(&self, target: Uuid) -> bool {
        let waits = self.standing.waits() && self.standing.state != State::Draft;
        waits && self.target == target
    }
}

/// A move.
#[derive(Clone)]
pub struct Change {
    pub to: State,
    /// None: the person, or the network.
    pub by: Option<By>,
    pub reason: Option<String>,
    pub ending: Ending,
    /// Given by what sends it.
    pub sent: Option<CodeSet<Purpose>>,
    pub target_sees: bool,
    pub at: Instant,
}

/// What those who watch are told.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub news: News,
    /// To this agency alone; none: to both.
    pub only: Option<Uuid>,
    pub at: Instant,
}

fn mask<C: kernel::Code>(set: CodeSet<C>) -> i32 {
    i32::try_from(set.bits()).unwrap_or(i32::MAX)
}

/// To be called first where a referral is sent: what follows from a change of the person's consents
/// waits until this transaction has ended, and so finds the referral.
pub async fn sending(tx: &mut PgConnection, hold: &impl Hold) -> Result<(), StoreError> {
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock_shared(hashtextextended(current_schema() || ' sent ' || $1, 0))
            AS "locked!: ()""#,
        hold.person().to_string()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes a referral and its first move.
pub async fn create(
    tx: &mut PgConnection,
    permit: &Permit<WriteReferrals>,
    new: &New,
    group: Option<Uuid>,
    target_sees: bool,
) -> Result<Locked, StoreError> {
    let record = permit.record().ok_or(StoreError::NotFound)?;
    let source = record.custodian.as_ref().and_then(AgencyId::uuid).ok_or(StoreError::NotFound)?;
    let state = if new.sent.is_some() { State::Requested } else { State::Draft };
    let summary = Sealed::seal(new.summary.as_bytes());
    sqlx::query!(
        "INSERT INTO referral (id, person_id, kind, class, custodian_id, author, episode_id,
            authored_at, confidentiality, sensitivities, part2, victim_service, target_id,
            service_id, need_category, priority, summary, state, purposes, target_sees, updated_at,
            row_version, group_id, expected_release, warm_handoff, parent_id, respond_by, attached)
         VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
            $18, $19, $7, 1, $20, $21, $22, $23,
            COALESCE($24, CASE WHEN $18::integer IS NOT NULL THEN answer_by($15, $7) END), $25)",
        permit.record_id(),
        permit.person_id(),
        column(record.class),
        source,
        record.author.as_ref().map(ToString::to_string),
        record.episode.as_ref().and_then(kernel::EpisodeId::uuid),
        new.at,
        record.confidentiality.map(column),
        mask::<Sensitivity>(record.sensitivities),
        record.part2,
        record.victim_service,
        new.target,
        new.service,
        new.need_category,
        new.priority,
        summary.bytes(),
        state.number(),
        new.sent.map(mask),
        target_sees,
        group,
        new.expected_release,
        new.warm_handoff,
        new.parent.as_ref().map(|parent| parent.id),
        new.respond_by,
        &new.attached,
    )
    .execute(&mut *tx)
    .await?;
    let by = record
        .author
        .as_ref()
        .map(|author| By { agency: source, practitioner: author.to_string() });
    let (reason, ending, sent) = (None, Ending::default(), None);
    let first = Change { to: state, by, reason, ending, sent, target_sees, at: new.at };
    add_move(tx, permit, 1, &first).await?;
    Ok(Locked {
        standing: Standing { state, held: None },
        target_sees,
        source,
        target: new.target,
        row_version: 1,
    })
}

async fn add_move(
    tx: &mut PgConnection,
    hold: &impl Hold,
    n: i64,
    change: &Change,
) -> Result<(), StoreError> {
    let reason = change.reason.as_ref().map(|words| Sealed::seal(words.as_bytes()));
    sqlx::query!(
        "INSERT INTO referral_move (referral_id, n, person_id, state, at, agency, practitioner,
            reason, outcome, housing_result, enrollment, cause)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULLIF($9, 0::smallint),
            NULLIF($10, 0::smallint), NULLIF($11, 0::smallint), $12)",
        hold.id(),
        n,
        hold.person(),
        change.to.number(),
        change.at,
        change.by.as_ref().map(|by| by.agency),
        change.by.as_ref().map(|by| &*by.practitioner),
        reason.as_ref().map(Sealed::bytes),
        change.ending.outcome,
        change.ending.housing_result,
        change.ending.enrollment,
        change.by.is_none().then(|| cause(change.reason.as_deref())).flatten(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The column's number for why nobody's agency moved it.
fn cause(reason: Option<&str>) -> Option<i16> {
    let causes = ["CONSENT_REVOKED", "PERSON_DECLINED", "ACCEPTED_ELSEWHERE", "NOT_ANSWERED"];
    (1..).zip(causes).find(|(_, cause)| Some(*cause) == reason).map(|(number, _)| number)
}

/// Locks the referral and says how it stands.
pub async fn locked(tx: &mut PgConnection, hold: &impl Hold) -> Result<Locked, StoreError> {
    let row = sqlx::query_as!(
        LockedRow,
        r#"SELECT id, state, held_from, hold_reason_system, target_sees,
            custodian_id AS "custodian_id!", target_id, row_version
         FROM referral WHERE id = $1 AND person_id = $2 FOR UPDATE"#,
        hold.id(),
        hold.person()
    )
    .fetch_one(tx)
    .await?;
    row.locked()
}

/// A row as it stands, locked by its statement.
pub(super) struct LockedRow {
    pub id: Uuid,
    pub state: i16,
    pub held_from: Option<i16>,
    pub hold_reason_system: bool,
    pub target_sees: bool,
    pub custodian_id: Uuid,
    pub target_id: Uuid,
    pub row_version: i64,
}

impl LockedRow {
    pub(super) fn locked(&self) -> Result<Locked, StoreError> {
        Ok(Locked {
            standing: standing(self.state, self.held_from, self.hold_reason_system)?,
            target_sees: self.target_sees,
            source: self.custodian_id,
            target: self.target_id,
            row_version: self.row_version,
        })
    }
}

pub(super) fn standing(
    number: i16,
    held_from: Option<i16>,
    by_network: bool,
) -> Result<Standing, StoreError> {
    let held = held_from.filter(|_| by_network).map(state).transpose()?;
    Ok(Standing { state: state(number)?, held })
}

/// Moves the referral that is locked.
pub async fn change(
    tx: &mut PgConnection,
    hold: &impl Hold,
    from: &Locked,
    change: &Change,
) -> Result<(), StoreError> {
    let held = change.to == State::OnHold;
    sqlx::query!(
        "UPDATE referral SET state = $3, held_from = $4, hold_reason_system = $5,
            outcome = NULLIF($6, 0::smallint), housing_result = NULLIF($7, 0::smallint),
            enrollment = NULLIF($8, 0::smallint), purposes = COALESCE($9, purposes),
            target_sees = $10, updated_at = $11, row_version = $12,
            overdue_at = CASE WHEN $9::integer IS NULL THEN overdue_at END,
            respond_by = CASE WHEN $9::integer IS NULL OR ($13 AND respond_by > $11) THEN respond_by
                ELSE answer_by(priority, $11) END
         WHERE id = $1 AND person_id = $2",
        hold.id(),
        hold.person(),
        change.to.number(),
        held.then_some(from.standing.state.number()),
        held && change.by.is_none(),
        change.ending.outcome,
        change.ending.housing_result,
        change.ending.enrollment,
        change.sent.map(mask),
        change.target_sees,
        change.at,
        from.row_version + 1,
        from.standing.state == State::Draft,
    )
    .execute(&mut *tx)
    .await?;
    let n = from.row_version + 1;
    add_move(tx, hold, n, change).await
}

/// Whether the target sees it: no move.
pub async fn sees(
    tx: &mut PgConnection,
    hold: &impl Hold,
    target_sees: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE referral SET target_sees = $3 WHERE id = $1 AND person_id = $2",
        hold.id(),
        hold.person(),
        target_sees
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps an event and returns its number. Other writers wait for the counter from here to the
/// commit, so that numbers are seen in their order: to be called late.
pub async fn tell(
    tx: &mut PgConnection,
    hold: &impl Hold,
    of: &Locked,
    told: Told,
) -> Result<i64, StoreError> {
    let (kind, state) = match told.news {
        News::State(state) => (1_i16, Some(state)),
        News::Withdrawn => (2, None),
        News::Added => (4, None),
        News::Overdue => (5, None),
    };
    Ok(sqlx::query_scalar!(
        "INSERT INTO referral_event (seq, referral_id, person_id, source_id, target_id, kind,
            state, at, for_agency)
         VALUES (next_values('referral_event', 1), $1, $2, $3, $4, $5, $6, $7, $8)
         RETURNING seq",
        hold.id(),
        hold.person(),
        of.source,
        of.target,
        kind,
        state.map(State::number),
        told.at,
        told.only,
    )
    .fetch_one(tx)
    .await?)
}

/// The referral as it stands in this transaction, for the reply to its writer.
pub async fn reread(tx: &mut PgConnection, hold: &impl Hold) -> Result<Referral, StoreError> {
    let (ids, person) = (vec![hold.id()], hold.person());
    let row = referral_rows!("referral_rows($1, true) WHERE person_id = $2", &ids, person)
        .fetch_one(tx)
        .await?;
    Referral::try_from(row)
}
