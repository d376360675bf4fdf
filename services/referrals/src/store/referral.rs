//! Rows of `referral`, with their moves.

use std::collections::HashMap;

use kernel::{AgencyId, Instant};
use pg::{Lane, Sealed, StoreError};
use time::Date;
use uuid::Uuid;

use crate::domain::{Answer, Contact, Ending, Feedback, Move, Place, Referral, Saying, State};

/// The facets of a row, whatever else it has.
macro_rules! record {
    ($row:ident) => {
        permit::FacetRow {
            id: $row.id,
            person_id: $row.person_id,
            class: $row.class,
            custodian_id: $row.custodian_id,
            author: $row.author,
            episode_id: $row.episode_id,
            authored_at: $row.authored_at,
            confidentiality: $row.confidentiality,
            sensitivities: $row.sensitivities,
            part2: $row.part2,
            victim_service: $row.victim_service,
            release_block_until: $row.release_block_until,
        }
        .record(kernel::Kind::Referral)
        .ok_or(pg::StoreError::BadRow { what: "facets of a referral" })
    };
}
pub(super) use record;

/// Every reader's one spelling of `referral_rows`; the rest of the statement is its own.
macro_rules! referral_rows {
    ($from:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            crate::store::referral::ReferralRow,
            r#"SELECT id AS "id!", person_id AS "person_id!", class AS "class!", custodian_id,
                author, episode_id, authored_at, confidentiality,
                sensitivities AS "sensitivities!", part2 AS "part2!",
                victim_service AS "victim_service!", release_block_until,
                target_id AS "target_id!", service_id, need_category AS "need_category!",
                priority AS "priority!", summary AS "summary!", state AS "state!", outcome,
                housing_result, enrollment, updated_at AS "updated_at!",
                row_version AS "row_version!", move_states AS "move_states!",
                move_times AS "move_times!", move_agencies AS "move_agencies!: Vec<Option<Uuid>>",
                move_reasons AS "move_reasons!: Vec<Option<Vec<u8>>>",
                move_practitioners AS "move_practitioners!: Vec<Option<String>>",
                move_outcomes AS "move_outcomes!: Vec<Option<i16>>",
                move_housing_results AS "move_housing_results!: Vec<Option<i16>>",
                move_enrollments AS "move_enrollments!: Vec<Option<i16>>", sent AS "sent!", group_id,
                expected_release, warm_handoff AS "warm_handoff!", answers AS "answers!",
                answer_times AS "answer_times!",
                answer_words AS "answer_words!: Vec<Option<Vec<u8>>>",
                answers_by_representative AS "answers_by_representative!",
                contact_times AS "contact_times!", contact_agencies AS "contact_agencies!",
                contact_channels AS "contact_channels!", contact_results AS "contact_results!",
                contact_handoffs AS "contact_handoffs!",
                contact_notes AS "contact_notes!: Vec<Option<Vec<u8>>>", parent_id, respond_by,
                feedback_times AS "feedback_times!",
                feedback_agencies AS "feedback_agencies!: Vec<Option<Uuid>>",
                feedback_by_representative AS "feedback_by_representative!",
                feedback_helpful AS "feedback_helpful!: Vec<Option<i16>>",
                feedback_words AS "feedback_words!: Vec<Option<Vec<u8>>>", attached AS "attached!"
            FROM "# + $from
            $(, $argument)*
        )
    };
}
pub(super) use referral_rows;

pub(super) fn state(number: i16) -> Result<State, StoreError> {
    State::of(number).ok_or(StoreError::BadRow { what: "state of a referral" })
}

/// A referral as `referral_rows` gives it.
pub(super) struct ReferralRow {
    pub id: Uuid,
    pub person_id: Uuid,
    pub class: i16,
    pub custodian_id: Option<Uuid>,
    pub author: Option<String>,
    pub episode_id: Option<Uuid>,
    pub authored_at: Option<Instant>,
    pub confidentiality: Option<i16>,
    pub sensitivities: i32,
    pub part2: bool,
    pub victim_service: bool,
    pub release_block_until: Option<Instant>,
    pub target_id: Uuid,
    pub service_id: Option<Uuid>,
    pub need_category: String,
    pub priority: i16,
    pub summary: Vec<u8>,
    pub state: i16,
    pub outcome: Option<i16>,
    pub housing_result: Option<i16>,
    pub enrollment: Option<i16>,
    pub updated_at: Instant,
    pub row_version: i64,
    pub move_states: Vec<i16>,
    pub move_times: Vec<Instant>,
    pub move_agencies: Vec<Option<Uuid>>,
    pub move_reasons: Vec<Option<Vec<u8>>>,
    pub move_practitioners: Vec<Option<String>>,
    pub move_outcomes: Vec<Option<i16>>,
    pub move_housing_results: Vec<Option<i16>>,
    pub move_enrollments: Vec<Option<i16>>,
    pub sent: bool,
    pub group_id: Option<Uuid>,
    pub expected_release: Option<Date>,
    pub warm_handoff: bool,
    pub answers: Vec<i16>,
    pub answer_times: Vec<Instant>,
    pub answer_words: Vec<Option<Vec<u8>>>,
    pub answers_by_representative: Vec<bool>,
    pub contact_times: Vec<Instant>,
    pub contact_agencies: Vec<Uuid>,
    pub contact_channels: Vec<i16>,
    pub contact_results: Vec<i16>,
    pub contact_handoffs: Vec<bool>,
    pub contact_notes: Vec<Option<Vec<u8>>>,
    pub parent_id: Option<Uuid>,
    pub respond_by: Option<Instant>,
    pub feedback_times: Vec<Instant>,
    pub feedback_agencies: Vec<Option<Uuid>>,
    pub feedback_by_representative: Vec<bool>,
    pub feedback_helpful: Vec<Option<i16>>,
    pub feedback_words: Vec<Option<Vec<u8>>>,
    pub attached: Vec<Uuid>,
}

/// Words, if there are any.
fn text(sealed: Option<&[u8]>) -> Result<String, StoreError> {
    let Some(sealed) = sealed else { return Ok(String::new()) };
    let bytes = Sealed::open(sealed)?.to_vec();
    String::from_utf8(bytes).map_err(|_| StoreError::BadRow { what: "words of a referral" })
}

impl ReferralRow {
    fn moves(&self) -> Result<Vec<Move>, StoreError> {
        let whens = self.move_states.iter().zip(&self.move_times);
        let whys = self.move_agencies.iter().zip(&self.move_reasons);
        let results = self.move_outcomes.iter().zip(&self.move_housing_results);
        let endings = results.zip(&self.move_enrollments);
        let all = whens.zip(whys).zip(&self.move_practitioners).zip(endings);
        let moves = all.map(|((((number, at), (agency, reason)), practitioner), ending)| {
            let ((outcome, housing_result), enrollment) = ending;
            Ok(Move {
                state: state(*number)?,
                at: *at,
                agency: *agency,
                practitioner: practitioner.clone(),
                reason: text(reason.as_deref())?,
                ending: Ending {
                    outcome: outcome.unwrap_or_default(),
                    housing_result: housing_result.unwrap_or_default(),
                    enrollment: enrollment.unwrap_or_default(),
                },
            })
        });
        moves.collect()
    }

    fn said(&self) -> Result<Vec<Answer>, StoreError> {
        let whats = self.answers.iter().zip(&self.answer_times);
        let hows = self.answer_words.iter().zip(&self.answers_by_representative);
        let all = whats.zip(hows).map(|((number, at), (words, by_representative))| {
            let saying = Saying::of(*number);
            Ok(Answer {
                saying: saying.ok_or(StoreError::BadRow { what: "answer to a referral" })?,
                at: *at,
                words: text(words.as_deref())?,
                by_representative: *by_representative,
            })
        });
        all.collect()
    }

    fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        let whens = self.contact_times.iter().zip(&self.contact_agencies);
        let hows = self.contact_channels.iter().zip(&self.contact_results);
        let whats = self.contact_handoffs.iter().zip(&self.contact_notes);
        let all = whens.zip(hows).zip(whats).map(
            |(((at, agency), (channel, result)), (warm_handoff, note))| {
                Ok(Contact {
                    at: *at,
                    agency: *agency,
                    channel: *channel,
                    result: *result,
                    warm_handoff: *warm_handoff,
                    note: text(note.as_deref())?,
                })
            },
        );
        all.collect()
    }

    fn feedback(&self) -> Result<Vec<Feedback>, StoreError> {
        let whens = self.feedback_times.iter().zip(&self.feedback_agencies);
        let whats = self.feedback_helpful.iter().zip(&self.feedback_words);
        let all = whens.zip(&self.feedback_by_representative).zip(whats);
        let all = all.map(|(((at, agency), by_representative), (helpful, words))| {
            Ok(Feedback {
                at: *at,
                agency: *agency,
                by_representative: *by_representative,
                helpful: helpful.unwrap_or_default(),
                words: text(words.as_deref())?,
            })
        });
        all.collect()
    }
}

impl TryFrom<ReferralRow> for Referral {
    type Error = StoreError;

    fn try_from(row: ReferralRow) -> Result<Self, StoreError> {
        let (moves, answers) = (row.moves()?, row.said()?);
        let (contacts, feedback) = (row.contacts()?, row.feedback()?);
        if i64::try_from(moves.len()) != Ok(row.row_version) {
            return Err(StoreError::BadRow { what: "moves of a referral" });
        }
        Ok(Self {
            target: AgencyId::from(row.target_id),
            service: row.service_id,
            need_category: row.need_category,
            priority: row.priority,
            summary: text(Some(&row.summary))?,
            state: state(row.state)?,
            ending: Ending {
                outcome: row.outcome.unwrap_or_default(),
                housing_result: row.housing_result.unwrap_or_default(),
                enrollment: row.enrollment.unwrap_or_default(),
            },
            moves,
            answers,
            contacts,
            feedback,
            attached: row.attached,
            parent: row.parent_id,
            respond_by: row.respond_by,
            group: row.group_id,
            expected_release: row.expected_release,
            warm_handoff: row.warm_handoff,
            sent: row.sent,
            updated_at: row.updated_at,
            row_version: row.row_version,
            record: record!(row)?,
        })
    }
}

/// One group of point reads: one answer an id, in order.
pub(super) async fn read(lane: &Lane, ids: Vec<Uuid>) -> Result<Vec<Option<Referral>>, StoreError> {
    let wanted = ids.clone();
    let rows = lane
        .run_one("referrals.read", move |conn| {
            let wanted = wanted.clone();
            Box::pin(async move {
                Ok(referral_rows!("read_referrals($1)", &wanted).fetch_all(conn).await?)
            })
        })
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        found.insert(row.id, Referral::try_from(row)?);
    }
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}

/// One group of locates.
pub(super) async fn locate(lane: &Lane, ids: Vec<Uuid>) -> Result<Vec<Option<Place>>, StoreError> {
    let wanted = ids.clone();
    let rows = lane
        .run_one("referrals.locate", move |conn| {
            let wanted = wanted.clone();
            Box::pin(async move {
                Ok(sqlx::query!(
                    r#"SELECT id AS "id!", person_id AS "person_id!", class AS "class!",
                        custodian_id, author, episode_id, authored_at, confidentiality,
                        sensitivities AS "sensitivities!", part2 AS "part2!",
                        victim_service AS "victim_service!", release_block_until,
                        target_id AS "target_id!", sent AS "sent!"
                    FROM locate_referrals($1)"#,
                    &wanted
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let (id, target) = (row.id, AgencyId::from(row.target_id));
        let place = Place { target, sent: row.sent, record: record!(row)? };
        found.insert(id, place);
    }
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}
