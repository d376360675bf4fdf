//! A measure over time, as SVG that says in words what it shows.

use kernel::Instant;
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color as _, IntoDrawingArea as _, IntoFont as _, LineSeries,
    RGBColor, SVGBackend, WHITE,
};

/// What is drawn, but for its points.
pub struct Picture {
    pub title: String,
    /// The least and the most that a value can be.
    pub range: (i32, i32),
    /// A value that means something.
    pub mark: Option<i32>,
    pub language: String,
}

const SIZE: (u32, u32) = (720, 360);
/// Seen apart from each other and from white by everybody, as far as that goes (WCAG 2.2, 1.4.11).
const LINE: RGBColor = RGBColor(0, 82, 155);
const MARK: RGBColor = RGBColor(138, 75, 8);
const DAY: time::Duration = time::Duration::DAY;

/// The points, oldest first.
pub fn svg(picture: &Picture, points: &[(Instant, i32)]) -> Result<String, String> {
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
mod tests;
