//! What guards ask, here and in other services: many questions, one statement, ids and facets only.

use kernel::{AgencyId, Instant};
use permit::{Appointment, Support};
use pg::{Db, PgConnection, StoreError};
use policy::Relationship;
use time::Date;
use uuid::Uuid;

use super::representative::{excluded, relationship};
use crate::domain::days_at;

/// From so many years on nobody is a minor: no rule of a network says more.
const MAJORITY: i32 = 18;

/// A live binding to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub person: Uuid,
    pub confirmed_by: Vec<Uuid>,
    pub proofed: bool,
}

/// For whom a sign-in acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acts {
    pub appointment: Appointment,
    pub recorded_at: Instant,
}

/// What a sign-in is bound to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    pub bound: Option<Bound>,
    pub acts: Vec<Acts>,
    pub supports: Vec<Support>,
}

/// To what these sign-ins (issuer, subject) are bound now; one answer each, in order.
pub async fn resolve(
    db: &Db,
    sign_ins: Vec<(String, String)>,
    now: Instant,
) -> Result<Vec<Resolved>, StoreError> {
    let (issuers, subjects): (Vec<String>, Vec<String>) = sign_ins.into_iter().unzip();
    db.run_one("sign_in.resolve", move |conn| {
        let (issuers, subjects) = (issuers.clone(), subjects.clone());
        Box::pin(async move {
            let mut answers = vec![Resolved::default(); issuers.len()];
            people(&mut *conn, &issuers, &subjects, &mut answers).await?;
            representatives(&mut *conn, &issuers, &subjects, &mut answers).await?;
            of_minors(&mut *conn, now, &mut answers).await?;
            supporters(conn, &issuers, &subjects, &mut answers).await?;
            Ok(answers)
        })
    })
    .await
}

async fn people(
    conn: &mut PgConnection,
    issuers: &[String],
    subjects: &[String],
    answers: &mut [Resolved],
) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT place AS "place!", person_id AS "person_id!", proofed AS "proofed!",
             confirmed_by AS "confirmed_by!"
         FROM resolve_sign_ins($1, $2)"#,
        issuers,
        subjects,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        at(answers, row.place)?.bound = Some(Bound {
            person: row.person_id,
            confirmed_by: row.confirmed_by,
            proofed: row.proofed,
        });
    }
    Ok(())
}

async fn representatives(
    conn: &mut PgConnection,
    issuers: &[String],
    subjects: &[String],
    answers: &mut [Resolved],
) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT place AS "place!", id AS "id!", person_id AS "person_id!",
             relationship AS "relationship!", authority AS "authority!", from_at AS "from_at!",
             until_at, excluded AS "excluded!", recorded_at AS "recorded_at!",
             confirmed_by AS "confirmed_by!"
         FROM resolve_representatives($1, $2)"#,
        issuers,
        subjects,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let appointment = Appointment {
            id: row.id,
            person: row.person_id.into(),
            relationship: relationship(row.relationship)?,
            authority: row.authority,
            from: Some(row.from_at),
            until: row.until_at,
            excluded_sensitivities: excluded(row.excluded)?,
            // Proofing proves who they are, and not their appointment.
            confirmed_by: Some(row.confirmed_by.into_iter().map(AgencyId::from).collect()),
        };
        let recorded_at = row.recorded_at;
        at(answers, row.place)?.acts.push(Acts { appointment, recorded_at });
    }
    Ok(())
}

/// A parent acts for a minor alone: where the person may be of age by what anybody states, it has ended, whatever
/// end was recorded. What was withheld from the parent stays so from the same sign-in by its other appointments.
async fn of_minors(
    conn: &mut PgConnection,
    now: Instant,
    answers: &mut [Resolved],
) -> Result<(), StoreError> {
    let child = |acts: &Acts| match acts.appointment.relationship {
        Relationship::Parent => acts.appointment.person.uuid(),
        _ => None,
    };
    let children: Vec<Uuid> =
        answers.iter().flat_map(|answer| &answer.acts).filter_map(child).collect();
    if children.is_empty() {
        return Ok(());
    }
    let (first, last) = days_at(now);
    let (firsts, lasts) = (vec![first; children.len()], vec![last; children.len()]);
    let stated = stated_ages(conn, &children, &firsts, &lasts).await?;
    let of_age = |(child, stated): (Uuid, Option<(i32, i32)>)| {
        stated.is_some_and(|(_, oldest)| oldest >= MAJORITY).then_some(child)
    };
    let of_age: Vec<Uuid> = children.into_iter().zip(stated).filter_map(of_age).collect();
    for answer in answers {
        let has_ended = |acts: &Acts| child(acts).is_some_and(|child| of_age.contains(&child));
        let acts = std::mem::take(&mut answer.acts);
        let (ended, kept): (Vec<Acts>, Vec<Acts>) = acts.into_iter().partition(has_ended);
        answer.acts = kept;
        for ended in ended.iter().map(|acts| &acts.appointment).filter(|one| one.in_force(now)) {
            let others = answer.acts.iter_mut().map(|acts| &mut acts.appointment);
            for other in others.filter(|other| other.person == ended.person) {
                let withheld = other.excluded_sensitivities.union(ended.excluded_sensitivities);
                other.excluded_sensitivities = withheld;
            }
        }
    }
    Ok(())
}

async fn supporters(
    conn: &mut PgConnection,
    issuers: &[String],
    subjects: &[String],
    answers: &mut [Resolved],
) -> Result<(), StoreError> {
    let rows = sqlx::query!(
        r#"SELECT place AS "place!", supporter_id AS "supporter_id!", person_id AS "person_id!"
         FROM resolve_supporters($1, $2)"#,
        issuers,
        subjects,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let support = Support { id: row.supporter_id, person: row.person_id.into() };
        at(answers, row.place)?.supports.push(support);
    }
    Ok(())
}

/// Whether these people are registered by these agencies; one answer each, in order.
pub async fn registered(db: &Db, asked: Vec<(Uuid, Uuid)>) -> Result<Vec<bool>, StoreError> {
    let (people, agencies): (Vec<Uuid>, Vec<Uuid>) = asked.into_iter().unzip();
    let mut answers = vec![false; people.len()];
    let places = db
        .run_one("registration.check", move |conn| {
            let (people, agencies) = (people.clone(), agencies.clone());
            Box::pin(async move {
                Ok(sqlx::query_scalar!(
                    r#"SELECT place AS "place!" FROM check_registrations($1, $2)"#,
                    &people,
                    &agencies,
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    for place in places {
        *at(&mut answers, place)? = true;
    }
    Ok(answers)
}

/// The least and the most whole years that these people may be, by the first day and by the last; one
/// answer each, in order. None: nobody states a birth date.
pub async fn ages(
    db: &Db,
    asked: Vec<(Uuid, (Date, Date))>,
) -> Result<Vec<Option<(i32, i32)>>, StoreError> {
    let (people, days): (Vec<Uuid>, Vec<(Date, Date)>) = asked.into_iter().unzip();
    let (first, last): (Vec<Date>, Vec<Date>) = days.into_iter().unzip();
    db.run_one("age.check", move |conn| {
        let (people, first, last) = (people.clone(), first.clone(), last.clone());
        Box::pin(async move { stated_ages(conn, &people, &first, &last).await })
    })
    .await
}

async fn stated_ages(
    conn: &mut PgConnection,
    people: &[Uuid],
    first: &[Date],
    last: &[Date],
) -> Result<Vec<Option<(i32, i32)>>, StoreError> {
    let mut answers = vec![None; people.len()];
    let rows = sqlx::query!(
        r#"SELECT place AS "place!", youngest AS "youngest!", oldest AS "oldest!"
                     FROM stated_ages($1, $2, $3)"#,
        people,
        first,
        last,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        *at(&mut answers, row.place)? = Some((row.youngest, row.oldest));
    }
    Ok(answers)
}

/// The answer at a place that the database counts from 1.
pub(super) fn at<T>(answers: &mut [T], place: i64) -> Result<&mut T, StoreError> {
    usize::try_from(place)
        .ok()
        .and_then(|place| answers.get_mut(place.checked_sub(1)?))
        .ok_or(StoreError::BadRow { what: "place of an answer" })
}
