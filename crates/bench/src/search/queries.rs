//! The searches that are timed.

use wire::directory::v1::{Near, SearchServicesRequest};

pub struct Query {
    pub name: &'static str,
    ask: fn(usize) -> SearchServicesRequest,
    /// What the first result says.
    pub why: &'static str,
    /// It finds nothing.
    pub none: bool,
    /// The same as it could be asked before.
    pub before: Option<Before>,
}

pub struct Before {
    pub words: &'static [&'static str],
    pub need: Option<&'static str>,
    pub room: bool,
}

impl Query {
    pub fn request(&self, n: usize) -> SearchServicesRequest {
        (self.ask)(n)
    }
}

fn text(text: &str) -> SearchServicesRequest {
    SearchServicesRequest { text: text.to_owned(), ..Default::default() }
}

/// Somewhere in the county, another place each time.
fn near(n: usize, radius_km: f64) -> Option<Near> {
    let step = (n % 97) as f64 / 97.0;
    Some(Near { latitude: 37.2 + 0.3 * step, longitude: -122.5 + 0.4 * (1.0 - step), radius_km })
}

const fn words(words: &'static [&'static str]) -> Option<Before> {
    Some(Before { words, need: None, room: false })
}

pub const QUERIES: &[Query] = &[
    Query {
        name: "food",
        ask: |_| text("food"),
        why: "text: food",
        none: false,
        before: words(&["food"]),
    },
    Query {
        name: "comida",
        ask: |_| text("comida"),
        why: "text: comida as food",
        none: false,
        before: words(&["comida"]),
    },
    Query {
        name: "shleter",
        ask: |_| text("shleter"),
        why: "text: shleter as shelter",
        none: false,
        before: words(&["shleter"]),
    },
    Query {
        name: "dentist riverside evening",
        ask: |_| text("dentist riverside evening"),
        why: "text: riverside",
        none: false,
        before: words(&["dentist", "riverside", "evening"]),
    },
    Query {
        name: "a word of nobody",
        ask: |_| text("xylophones"),
        why: "",
        none: true,
        before: words(&["xylophones"]),
    },
    Query {
        name: "need 103 with capacity",
        ask: |_| SearchServicesRequest {
            need_category: "103".into(),
            with_capacity: true,
            ..Default::default()
        },
        why: "need: housing",
        none: false,
        before: Some(Before { words: &[], need: Some("103"), room: true }),
    },
    Query {
        name: "detox, Spanish, age 30",
        ask: |_| SearchServicesRequest {
            need_category: "106-01-02".into(),
            language: "es".into(),
            age: 30,
            ..Default::default()
        },
        why: "need: detox",
        none: false,
        before: None,
    },
    Query {
        name: "within 10 km",
        ask: |n| SearchServicesRequest { near: near(n, 10.0), ..Default::default() },
        why: "",
        none: false,
        before: None,
    },
    Query {
        name: "food within 20 km, open",
        ask: |n| SearchServicesRequest {
            near: near(n, 20.0),
            open_at: "2026-03-02T09:00".into(),
            ..text("food")
        },
        why: "open on 2026-03-02 at 09:00",
        none: false,
        before: None,
    },
    Query {
        name: "wheelchair, Spanish, open",
        ask: |_| SearchServicesRequest {
            accessibility: "wheelchair".into(),
            language: "Spanish".into(),
            open_at: "2026-03-02T10:00".into(),
            ..Default::default()
        },
        why: "speaks Spanish",
        none: false,
        before: None,
    },
    Query {
        name: "anything",
        ask: |_| SearchServicesRequest::default(),
        why: "",
        none: false,
        before: words(&[]),
    },
];
