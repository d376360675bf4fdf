//! The statement of one step, its conditions those that were asked and no others, so that each is planned
//! by its own indexes.

use kernel::{Code as _, Sector};
use sqlx::{Postgres, QueryBuilder};

use super::step::{Place, Step};
use crate::domain::{Moment, Near, Search, Terms, words::spoken};

/// Kilometres of a degree of latitude.
const DEGREE: f64 = 111.19;

pub(super) struct Asked<'a> {
    pub search: &'a Search,
    pub terms: &'a Terms,
}

type Sql = QueryBuilder<Postgres>;

fn matches(sql: &mut Sql, column: &str, query: &str) {
    sql.push(column).push(" @@ ").push_bind(query.to_owned()).push("::tsquery");
}

fn has_all(sql: &mut Sql, facets: Vec<String>) {
    sql.push("x.facets @> ").push_bind(facets);
}

fn facets(prefix: &str, words: &[String]) -> Vec<String> {
    words.iter().map(|word| format!("{prefix}:{word}")).collect()
}

impl Asked<'_> {
    /// What is shown of the hits, up to where they come from.
    pub(super) fn shown(&self, sql: &mut Sql) {
        sql.push(
            "SELECT s.id, s.agency_id, s.name_key, s.display_name, s.description, s.need_categories, \
             s.languages, s.support_kinds, s.eligibility, s.application_process, s.fees, s.stated, \
             s.capacity_status, s.capacity_available, s.capacity_unit, s.capacity_as_of, s.capacity_maximum, \
             s.capacity_reported_by, s.version, \
             hit.measure, x.minimum_age, x.maximum_age, ",
        );
        sql.push("ARRAY[");
        for (n, own) in self.terms.own.iter().enumerate() {
            sql.push(if n > 0 { ", " } else { "" });
            match own.is_empty() {
                true => sql.push("false"),
                false => sql.push("x.words @@ ").push_bind(own.clone()).push("::tsquery"),
            };
        }
        sql.push("]::boolean[] AS said, ");
        self.stated(sql, ", ", true);
        sql.push(", ");
        match self.search.near {
            Some(near) => distance(sql, near),
            None => _ = sql.push("NULL::double precision"),
        }
        sql.push(" AS km FROM (");
    }

    /// Whether each of what was asked is stated.
    fn stated(&self, sql: &mut Sql, between: &str, named: bool) {
        let search = self.search;
        let name = |sql: &mut Sql, name: &str| {
            if named {
                sql.push(" AS ").push(name);
            }
        };
        match &self.terms.need {
            Some(need) => matches(sql, "x.title", need),
            None => _ = sql.push("true"),
        }
        name(sql, "need");
        let unless = |asked: bool, condition: &'static str| if asked { condition } else { "true" };
        sql.push(between).push(unless(!search.language.is_empty(), "NOT x.facets @> '{lang:?}'"));
        name(sql, "language");
        sql.push(between).push(unless(
            search.age.is_some(),
            "(x.minimum_age IS NOT NULL OR x.maximum_age IS NOT NULL)",
        ));
        name(sql, "age");
        sql.push(between)
            .push(unless(!search.accessibility.is_empty(), "NOT x.facets @> '{access:?}'"));
        name(sql, "accessibility");
        sql.push(between).push(unless(search.near.is_some(), "x.area IS NOT NULL"));
        name(sql, "near");
        sql.push(between);
        match search.open_at {
            Some(moment) => open(sql, moment),
            None => _ = sql.push("true"),
        }
        name(sql, "open");
    }

    fn by_words(&self) -> bool {
        !self.terms.units.is_empty() || self.terms.need.is_some()
    }

    /// Which services, in which order; a limit follows.
    pub(super) fn inner(&self, sql: &mut Sql, step: Step, after: Option<&Place>) {
        let measure = match step.ring {
            Some(_) => "d.km",
            // Words and needs are found by their own indexes, whatever the names are: in the order of the
            // names a search for what has other names would read most of them.
            None if self.by_words() => "(x.room + 0)",
            None => "x.room",
        };
        sql.push("SELECT x.service_id, x.name_key, ").push(measure);
        sql.push("::double precision AS measure FROM service_search x");
        if let (Some(_), Some(near)) = (step.ring, self.search.near) {
            sql.push(" CROSS JOIN LATERAL (SELECT ");
            distance(sql, near);
            sql.push(" AS km OFFSET 0) AS d");
        }
        sql.push(" WHERE x.found");
        self.hard(sql);
        self.text(sql, step);
        self.soft(sql, step);
        if let Some(after) = after {
            sql.push(" AND (").push(measure).push(", x.name_key, x.service_id) > (");
            // Compared as it stands in the index.
            match step.ring {
                Some(_) => sql.push_bind(after.measure),
                None => sql.push_bind(after.measure as i16),
            };
            sql.push(", ").push_bind(after.name.clone()).push(r#" COLLATE "C", "#);
            sql.push_bind(after.id).push(")");
        }
        sql.push(" ORDER BY ").push(measure).push(", x.name_key, x.service_id");
    }

    /// Conditions that only what is stated meets.
    fn hard(&self, sql: &mut Sql) {
        let (search, terms) = (self.search, self.terms);
        if !search.faith_based() {
            sql.push(" AND NOT x.faith");
        }
        let mut all: Vec<String> = Vec::new();
        all.extend(search.sector.map(|sector: Sector| format!("sector:{}", sector.code())));
        all.extend(search.interpreting.then(|| "interpreting".to_owned()));
        all.extend(facets("culture", &terms.culture));
        all.extend(facets("faith", &terms.faith));
        if !all.is_empty() {
            sql.push(" AND ");
            has_all(sql, all);
        }
        if !search.support_kinds.is_empty() {
            let kinds = search.support_kinds.iter().map(|kind| format!("kind:{}", kind.index()));
            sql.push(" AND x.facets && ").push_bind(kinds.collect::<Vec<_>>());
        }
        if let Some(agency) = search.agency {
            sql.push(" AND x.agency_id = ").push_bind(agency);
        }
        if !search.among.is_empty() {
            sql.push(" AND x.agency_id = ANY (").push_bind(search.among.clone()).push(")");
        }
        if search.with_capacity {
            sql.push(" AND x.room = 0");
        }
        if !search.capacity_statuses.is_empty() {
            let codes = search.capacity_statuses.iter().map(|status| status.code().to_owned());
            sql.push(" AND x.capacity_status = ANY (")
                .push_bind(codes.collect::<Vec<_>>())
                .push(")");
        }
        if let Some(since) = search.capacity_since {
            sql.push(" AND x.capacity_as_of >= ").push_bind(since);
        }
    }

    fn text(&self, sql: &mut Sql, step: Step) {
        let Some(text) = self.terms.text() else { return };
        sql.push(" AND ");
        match step.titled {
            Some(true) => matches(sql, "x.title", &text),
            _ => {
                matches(sql, "x.words", &text);
                sql.push(" AND NOT ");
                matches(sql, "x.title", &text);
            }
        }
    }

    /// Conditions that are met or, where the step is not of what is stated, may not be stated.
    fn soft(&self, sql: &mut Sql, step: Step) {
        let (search, terms) = (self.search, self.terms);
        let known = step.stated;
        if let Some(need) = &terms.need {
            sql.push(" AND ");
            match &terms.need_in_words {
                Some(words) if !known => matches(sql, "x.words", &format!("{need} | ({words})")),
                _ => matches(sql, "x.title", need),
            }
        }
        for forms in spoken(&search.language) {
            let mut any = facets("lang", &forms);
            any.extend((!known).then(|| "lang:?".to_owned()));
            sql.push(" AND x.facets && ").push_bind(any);
        }
        if let Some(age) = search.age {
            sql.push(" AND COALESCE(x.minimum_age, 0) <= ").push_bind(f64::from(age));
            sql.push(" AND COALESCE(x.maximum_age, 999) >= ").push_bind(f64::from(age));
            if known {
                sql.push(" AND (x.minimum_age IS NOT NULL OR x.maximum_age IS NOT NULL)");
            }
        }
        if !search.accessibility.is_empty() {
            sql.push(" AND (");
            has_all(sql, facets("access", &terms.access));
            sql.push(if known { ")" } else { " OR x.facets @> '{access:?}')" });
        }
        if let Some(near) = search.near {
            match step.ring {
                Some((from, to, _)) => {
                    sql.push(" AND ");
                    around(sql, near, to);
                    sql.push(" AND d.km > ").push_bind(from).push(" AND d.km <= ").push_bind(to);
                }
                None => {
                    sql.push(" AND (x.area IS NULL OR (");
                    around(sql, near, near.radius_km);
                    sql.push(" AND ");
                    distance(sql, near);
                    sql.push(" <= ").push_bind(near.radius_km).push("))");
                }
            }
        }
        if let Some(moment) = search.open_at {
            sql.push(" AND ");
            match known {
                true => open(sql, moment),
                false => not_closed(sql, moment),
            }
        }
        if !known {
            sql.push(" AND NOT (");
            self.stated(sql, " AND ", false);
            sql.push(")");
        }
    }
}

fn distance(sql: &mut Sql, near: Near) {
    sql.push("distance_km(x.places, ").push_bind(near.latitude);
    sql.push(", ").push_bind(near.longitude).push(")");
}

/// A box around the circle: what is outside is not looked at. Over a pole or the date line it is the whole
/// way round.
fn around(sql: &mut Sql, near: Near, km: f64) {
    let up = km / DEGREE * 1.01;
    let farthest = (near.latitude.abs() + up).min(90.0);
    let across = up / farthest.to_radians().cos().max(1e-6);
    let (mut west, mut east) = (near.longitude - across, near.longitude + across);
    if west < -180.0 || east > 180.0 {
        (west, east) = (-180.0, 180.0);
    }
    sql.push("x.area && box(point(").push_bind(west).push(", ").push_bind(near.latitude - up);
    sql.push("), point(").push_bind(east).push(", ").push_bind(near.latitude + up).push("))");
}

/// Plain weeks by their index; only where hours have a first or a last day are they looked at.
fn open(sql: &mut Sql, moment: Moment) {
    sql.push("(x.week @> ").push_bind(minute_of_week(moment)).push(" OR (x.hours_dated AND ");
    open_then(sql, moment);
    sql.push(" = 2))");
}

fn not_closed(sql: &mut Sql, moment: Moment) {
    sql.push("(x.week @> ").push_bind(minute_of_week(moment));
    sql.push(" OR (NOT x.hours_whole AND NOT x.hours_dated) OR (x.hours_dated AND ");
    open_then(sql, moment);
    sql.push(" >= 1))");
}

fn minute_of_day(moment: Moment) -> i32 {
    i32::from(moment.at.hour()) * 60 + i32::from(moment.at.minute())
}

fn minute_of_week(moment: Moment) -> i32 {
    i32::from(moment.day.weekday().number_days_from_monday()) * 1440 + minute_of_day(moment)
}

fn open_then(sql: &mut Sql, moment: Moment) {
    sql.push("open_then(x.hours, x.hours_whole, ").push_bind(moment.day);
    sql.push(", ").push_bind(minute_of_day(moment)).push(")");
}
