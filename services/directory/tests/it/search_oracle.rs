//! A generated directory, and searches of it answered twice: by the service, and by looking at every
//! service in memory.

use std::collections::BTreeMap;

use proptest::{
    option::weighted as some, prelude::*, strategy::ValueTree as _, test_runner::TestRunner,
};
use wire::directory::v1::{Near, SearchServicesRequest};

use crate::{
    imports::{Files, import},
    search::{find, names, text},
    support::Network,
};

#[derive(Debug, Clone)]
struct One {
    name: String,
    word: &'static str,
    need: Option<&'static str>,
    languages: Vec<&'static str>,
    ages: Option<(u8, u8)>,
    /// Tenths of a degree north of the centre.
    place: Option<u8>,
    ramp: Option<bool>,
    /// Day of the week.
    open: Option<u8>,
    interpreting: bool,
    faith: bool,
    room: Option<bool>,
}

const NEEDS: [&str; 3] = ["102-04", "102", "103-01"];
const TONGUES: [&str; 3] = ["Spanish", "Korean", "English"];
const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

fn service() -> impl Strategy<Value = One> {
    let facts = (
        prop::sample::select(vec!["orchard", "bicycle"]),
        some(0.6, prop::sample::select(NEEDS.to_vec())),
        prop::sample::subsequence(TONGUES.to_vec(), 0..=3),
        some(0.5, (0u8..40, 40u8..90)),
        some(0.7, 0u8..8),
        some(0.5, any::<bool>()),
        some(0.6, 0u8..7),
    );
    let more = (any::<bool>(), proptest::bool::weighted(0.2), some(0.6, any::<bool>()));
    (facts, more).prop_map(|((word, need, languages, ages, place, ramp, open), more)| One {
        name: String::new(),
        word,
        need,
        languages,
        ages,
        place,
        // A place is where a ramp is.
        ramp: ramp.filter(|_| place.is_some()),
        open,
        interpreting: more.0,
        faith: more.1,
        room: more.2,
    })
}

fn files(all: &[One]) -> Files {
    let mut tables: BTreeMap<&str, String> = [
        ("organizations", "id,name,description\no,Harbour,Helps\n"),
        (
            "services",
            "id,organization_id,name,description,status,interpretation_services,minimum_age,maximum_age\n",
        ),
        ("locations", "id,location_type,organization_id,latitude,longitude\n"),
        ("service_at_location", "id,service_id,location_id\n"),
        ("accessibility", "id,location_id,description\n"),
        ("schedules", "id,service_id,freq,byday,opens_at,closes_at\n"),
        ("languages", "id,service_id,name\n"),
        ("units", "id,name\nu,bed\n"),
        ("service_capacities", "id,service_id,unit_id,available,updated\n"),
        (
            "taxonomy_terms",
            "id,code,name,taxonomy\n102-04,102-04,A,Open Eligibility\n102,102,B,Open Eligibility\n\
             103-01,103-01,C,Open Eligibility\nfaith,,Quaker,Faith offering\n",
        ),
        ("attributes", "id,link_id,link_entity,taxonomy_term_id\n"),
    ]
    .map(|(table, header)| (table, header.to_owned()))
    .into();
    let mut row = |table: &'static str, row: String| {
        let rows = tables.get_mut(table).unwrap();
        rows.push_str(&row);
        rows.push('\n');
    };
    for (n, one) in all.iter().enumerate() {
        let (from, to) =
            one.ages.map_or_else(Default::default, |(a, b)| (a.to_string(), b.to_string()));
        let interpreting = if one.interpreting { "By phone" } else { "" };
        let (name, word) = (&one.name, one.word);
        row("services", format!("s{n},o,{name},About a {word},active,{interpreting},{from},{to}"));
        if let Some(place) = one.place {
            row("locations", format!("l{n},physical,o,{},-122.3", 37.0 + f64::from(place) / 10.0));
            row("service_at_location", format!("{n},s{n},l{n}"));
        }
        if let Some(ramp) = one.ramp {
            row("accessibility", format!("{n},l{n},{}", if ramp { "A ramp" } else { "Stairs" }));
        }
        if let Some(day) = one.open {
            row("schedules", format!("{n},s{n},WEEKLY,{},09:00,17:00", DAYS[usize::from(day)]));
        }
        for language in &one.languages {
            row("languages", format!("{n}{language},s{n},{language}"));
        }
        if let Some(room) = one.room {
            row(
                "service_capacities",
                format!("{n},s{n},u,{},2026-02-01T00:00:00Z", u8::from(room)),
            );
        }
        if let Some(need) = one.need {
            row("attributes", format!("n{n},s{n},service,{need}"));
        }
        if one.faith {
            row("attributes", format!("f{n},s{n},service,faith"));
        }
    }
    tables.into_iter().map(|(table, rows)| (table.to_owned(), rows.into_bytes())).collect()
}

#[derive(Debug, Clone)]
struct Query {
    word: Option<&'static str>,
    need: Option<&'static str>,
    language: Option<&'static str>,
    age: Option<u8>,
    ramp: bool,
    /// Tenths of a degree around the centre.
    near: Option<u8>,
    day: Option<u8>,
    interpreting: bool,
    faith: bool,
    room: bool,
    only_stated: bool,
}

fn query() -> impl Strategy<Value = Query> {
    let rare = proptest::bool::weighted;
    let facts = (
        some(0.3, prop::sample::select(vec!["orchard", "bicycle"])),
        some(0.3, prop::sample::select(vec!["102", "102-04", "103"])),
        some(0.3, prop::sample::select(vec!["es", "Korean"])),
        some(0.3, 1u8..100),
        rare(0.2),
        some(0.3, 1u8..9),
        some(0.3, 0u8..7),
    );
    let more = (rare(0.2), rare(0.5), rare(0.2), rare(0.3));
    (facts, more).prop_map(|((word, need, language, age, ramp, near, day), more)| Query {
        word,
        need,
        language,
        age,
        ramp,
        near,
        day,
        interpreting: more.0,
        faith: more.1,
        room: more.2,
        only_stated: more.3,
    })
}

impl Query {
    fn request(&self) -> SearchServicesRequest {
        let near = self.near.map(|tenths| Near {
            latitude: 37.0,
            longitude: -122.3,
            // Between two places.
            radius_km: 11.119_5 * f64::from(tenths) - 5.0,
        });
        SearchServicesRequest {
            need_category: self.need.unwrap_or_default().into(),
            language: self.language.unwrap_or_default().into(),
            age: self.age.map_or(0, i32::from),
            accessibility: if self.ramp { "ramp".into() } else { String::new() },
            near,
            // The second of March 2026 is a Monday.
            open_at: self
                .day
                .map_or_else(String::new, |day| format!("2026-03-{:02}T10:00", 2 + day)),
            interpreting: self.interpreting,
            include_faith_based: self.faith,
            with_capacity: self.room,
            only_stated: self.only_stated,
            ..text(self.word.unwrap_or_default())
        }
    }

    /// Where it stands, or none: not at all.
    fn place(&self, one: &One) -> Option<(bool, u8, u8, String)> {
        let hard = self.word.is_none_or(|word| word == one.word)
            && (!self.interpreting || one.interpreting)
            && (self.faith || !one.faith)
            && (!self.room || one.room == Some(true));
        // Of each: whether it is met, where it is stated.
        let below =
            |need: &str, asked: &str| need == asked || need.starts_with(&format!("{asked}-"));
        let needs = self.need.map(|asked| match one.need {
            Some(need) => Some(below(need, asked)),
            // None of the words of a need is in any of these services.
            None => Some(false),
        });
        let speaks = |asked: &str| match asked {
            _ if one.languages.is_empty() => None,
            "es" => Some(one.languages.contains(&"Spanish")),
            other => Some(one.languages.contains(&other)),
        };
        let soft = [
            needs,
            self.language.map(speaks),
            self.age.map(|age| one.ages.map(|(from, to)| from <= age && age <= to)),
            self.ramp.then_some(one.ramp),
            self.near.map(|tenths| one.place.map(|place| place < tenths)),
            self.day.map(|day| one.open.map(|open| open == day)),
        ];
        let asked: Vec<Option<bool>> = soft.into_iter().flatten().collect();
        let stated = asked.iter().all(Option::is_some);
        let fits = hard && !asked.contains(&Some(false)) && (stated || !self.only_stated);
        let room = match one.room {
            Some(true) => 0,
            None => 1,
            Some(false) => 2,
        };
        let measure =
            if stated && self.near.is_some() { one.place.unwrap_or_default() } else { room };
        // What is stated first.
        fits.then(|| (!stated, 0, measure, one.name.clone()))
    }
}

#[tokio::test]
async fn a_generated_directory_answers_as_looking_at_every_service_would() {
    let network = Network::start().await;
    let mut runner = TestRunner::deterministic();
    let mut all = prop::collection::vec(service(), 120).new_tree(&mut runner).unwrap().current();
    for (n, one) in all.iter_mut().enumerate() {
        one.name = format!("n{n:03}");
    }
    let done = import(&network, &files(&all)).await;
    assert_eq!((done.rejections, done.services), (vec![], 120));
    let queries = prop::collection::vec(query(), 150).new_tree(&mut runner).unwrap().current();
    let mut met = 0;
    for query in queries {
        let mut expected: Vec<_> = all.iter().filter_map(|one| query.place(one)).collect();
        expected.sort();
        let expected: Vec<&str> = expected.iter().map(|(.., name)| name.as_str()).collect();
        met += expected.len();
        let found = find(&network, &query.request()).await;
        assert_eq!(names(&found), expected, "{query:?}");
    }
    assert!(met > 1_000, "most queries find something: {met}");
}
