use roxmltree::Document;
use time::macros::datetime;

use super::*;

fn barc() -> Picture {
    Picture {
        title: "BARC-10 & <more>".into(),
        range: (10, 60),
        mark: Some(47),
        language: "en".into(),
    }
}

fn circles(document: &Document<'_>) -> Vec<(f64, f64)> {
    let number = |node: roxmltree::Node<'_, '_>, name: &str| node.attribute(name)?.parse().ok();
    // Of whatever namespace.
    let all = document.descendants().filter(|node| node.tag_name().name() == "circle");
    all.filter_map(|node| Some((number(node, "cx")?, number(node, "cy")?))).collect()
}

#[test]
fn every_point_is_drawn_where_it_is_and_said_in_words() {
    let points = [
        (datetime!(2040-01-01 12:00 UTC), 10),
        (datetime!(2040-01-11 12:00 UTC), 60),
        (datetime!(2040-01-21 12:00 UTC), 35),
    ];
    let svg = svg(&barc(), &points).unwrap();
    let document = Document::parse(&svg).unwrap();
    let at = circles(&document);
    assert_eq!(at.len(), 3, "{svg}");
    assert!(at[0].0 < at[1].0 && at[1].0 < at[2].0);
    // Equal times apart, and half of the range half way up.
    assert!((at[1].0 - at[0].0 - (at[2].0 - at[1].0)).abs() <= 1.0, "{at:?}");
    assert!(at[1].1 < at[2].1 && at[2].1 < at[0].1, "{at:?}");
    assert!((at[2].1 - (at[0].1 + at[1].1) / 2.0).abs() <= 1.0, "{at:?}");
    let text = |name: &str| {
        let node = document.descendants().find(|node| node.tag_name().name() == name).unwrap();
        node.text().unwrap().to_owned()
    };
    assert_eq!(text("title"), "BARC-10 & <more>");
    assert_eq!(text("desc"), "From 10 to 60. 2040-01-01: 10; 2040-01-11: 60; 2040-01-21: 35.");
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    assert!(!svg.contains("script") && !svg.contains("href") && !svg.contains("url("));
}

#[test]
fn every_range_and_every_length_of_time_is_drawn() {
    let start = datetime!(2040-01-01 12:00 UTC);
    for range in [(0, 1), (1, 5), (1, 6), (0, 4), (-1000, 1000), (0, 100_000)] {
        for days in [0, 1, 7, 30, 365, 36_500] {
            let points = [(start, range.0), (start + DAY * days, range.1)];
            let picture = Picture { range, mark: None, ..barc() };
            let drawn = svg(&picture, &points).unwrap();
            let document = Document::parse(&drawn).unwrap();
            assert_eq!(circles(&document).len(), 2, "{range:?} {days}");
            // Each label once.
            let texts = document.descendants().filter(|node| node.tag_name().name() == "text");
            let mut said: Vec<_> = texts.filter_map(|node| node.text()).map(str::trim).collect();
            let numbers = |text: &&str| text.parse::<i32>().is_ok();
            said.retain(numbers);
            let all = said.len();
            said.dedup();
            assert!(all >= 2 && said.len() == all, "{range:?}: {said:?}");
        }
    }
}

#[test]
fn one_point_and_none_are_pictures_too() {
    let one = svg(&barc(), &[(datetime!(2040-01-01 12:00 UTC), 47)]).unwrap();
    assert_eq!(circles(&Document::parse(&one).unwrap()).len(), 1);
    let none = svg(&Picture { language: "es".into(), ..barc() }, &[]).unwrap();
    let document = Document::parse(&none).unwrap();
    assert!(circles(&document).is_empty());
    assert_eq!(document.root_element().attribute("lang"), Some("es"));
    assert!(none.contains("Todavía no hay respuestas."));
    // Many at one instant are no division by nothing.
    let same = [(datetime!(2040-01-01 12:00 UTC), 20); 5];
    assert_eq!(circles(&Document::parse(&svg(&barc(), &same).unwrap()).unwrap()).len(), 5);
}
