//! A measure over time, as SVG that says in words what it shows.

use kernel::Instant;
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color as _, IntoDrawingArea as _, IntoFont as _, LineSeries,
    RGBColor, SVGBackend, WHITE,
};

/// What is drawn, but for its points.
pub(super) struct Picture {
    pub(super) title: String,
    /// The least and the most that a value can be.
    pub(super) range: (i32, i32),
    /// A value that means something.
    pub(super) mark: Option<i32>,
    pub(super) language: String,
}

const SIZE: (u32, u32) = (720, 360);
/// Seen apart from each other and from white by everybody, as far as that goes (WCAG 2.2, 1.4.11).
const LINE: RGBColor = RGBColor(0, 82, 155);
const MARK: RGBColor = RGBColor(138, 75, 8);
const DAY: time::Duration = time::Duration::DAY;

/// The points, oldest first.
pub(super) fn svg(picture: &Picture, points: &[(Instant, i32)]) -> Result<String, String> {
    let mut drawn = String::new();
    draw(&mut drawn, picture, points).map_err(|error| error.to_string())?;
    told(&drawn, picture, points).ok_or_else(|| "no svg".to_owned())
}

fn draw(
    into: &mut String,
    picture: &Picture,
    points: &[(Instant, i32)],
) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(into, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    // One point, or none, has room on both sides.
    let (first, last) = match (points.first(), points.last()) {
        (Some((first, _)), Some((last, _))) => (*first - DAY, *last + DAY),
        _ => (Instant::UNIX_EPOCH - DAY, Instant::UNIX_EPOCH + DAY),
    };
    let days = |at: Instant| (at - first) / DAY;
    let (least, most) = (f64::from(picture.range.0), f64::from(picture.range.1));
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..days(last), least..most)?;
    let day = |days: &f64| date(first + DAY * *days);
    let value = |value: &f64| format!("{value:.0}");
    let mut mesh = chart.configure_mesh();
    mesh.light_line_style(WHITE)
        .axis_style(BLACK)
        .label_style(("sans-serif", 14).into_font())
        .x_labels(5)
        .x_label_formatter(&day)
        .y_labels(steps(picture.range))
        .y_label_formatter(&value);
    if points.is_empty() {
        // No day of which there is anything to say.
        mesh.disable_x_mesh().disable_x_axis();
    }
    mesh.draw()?;
    if let Some(mark) = picture.mark {
        let ends = [(0.0, f64::from(mark)), (days(last), f64::from(mark))];
        chart.draw_series(LineSeries::new(ends, MARK.stroke_width(2)))?;
    }
    let line = || points.iter().map(|(at, value)| (days(*at), f64::from(*value)));
    chart.draw_series(LineSeries::new(line(), LINE.stroke_width(2)))?;
    chart.draw_series(line().map(|point| Circle::new(point, 4, LINE.filled())))?;
    area.present()?;
    Ok(())
}

/// Labels of a range of whole numbers: each of a few, else some.
fn steps((least, most): (i32, i32)) -> usize {
    usize::try_from(most.saturating_sub(least)).map_or(2, |range| range.clamp(1, 10) + 1)
}

fn date(at: Instant) -> String {
    at.date().to_string()
}

/// The picture with a title, a description and a role for who hears it.
fn told(drawn: &str, picture: &Picture, points: &[(Instant, i32)]) -> Option<String> {
    let (head, rest) = drawn.split_once('>')?;
    let head = head.strip_prefix("<svg")?;
    let (title, told) = (escaped(&picture.title), escaped(&described(picture, points)));
    Some(format!(
        "<svg role=\"img\" aria-labelledby=\"title desc\" lang=\"{}\"{head}>\
         <title id=\"title\">{title}</title><desc id=\"desc\">{told}</desc>{rest}",
        picture.language,
    ))
}

fn described(picture: &Picture, points: &[(Instant, i32)]) -> String {
    let each: Vec<String> =
        points.iter().map(|(at, value)| format!("{}: {value}", date(*at))).collect();
    let ((least, most), each) = (picture.range, each.join("; "));
    match (&*picture.language, points.is_empty()) {
        ("es", true) => "Todavía no hay respuestas.".to_owned(),
        ("es", false) => format!("De {least} a {most}. {each}."),
        (_, true) => "There are no answers yet.".to_owned(),
        (_, false) => format!("From {least} to {most}. {each}."),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
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
                let mut said: Vec<_> =
                    texts.filter_map(|node| node.text()).map(str::trim).collect();
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
}
