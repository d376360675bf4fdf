//! The page to read: one file of HTML, without script, link or font, for everybody's eyes and for who hears it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use prost_reflect::DynamicMessage;
use wire::recovery::v1::{
    GetMyRecordResponse, PartEnd, PartOutcome, RecordEnd, RecordPart, RecordProgress,
};

use super::{
    export::{About, Agencies},
    value::{self, View},
    words,
};

/// Where a page ends: beyond, what there is of a part is in its JSON file alone.
const LARGEST: usize = 8 * 1024 * 1024;

const STYLE: &str = "\
body{font:1rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0 auto;max-width:60rem;padding:1rem}\
h1,h2{line-height:1.25}\
section{margin:2.5rem 0}\
a{color:#00458a}\
a:focus{outline:3px solid #00458a;outline-offset:2px}\
table{border-collapse:collapse;width:100%;margin:1rem 0}\
caption{text-align:left;font-weight:bold;padding:.25rem 0}\
th,td{border:1px solid #6b6b6b;padding:.4rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
th[scope=row]{width:30%;background:#f2f2f2}\
td{white-space:pre-wrap}\
td ul,td ol,td dl{white-space:normal;margin:0;padding-left:1.2rem}\
dt{font-weight:bold}\
dd{margin-left:1rem;white-space:pre-wrap}\
th[scope=col],.short{overflow-wrap:normal}\
figure{margin:1rem 0}\
img{max-width:100%;height:auto}\
.note{border-left:.4rem solid #8a4b08;padding-left:.8rem}";

pub struct Page {
    about: About,
    agencies: Agencies,
    parts: String,
    /// What there is of the part that is being read.
    records: String,
    count: usize,
    listed: Vec<RecordPart>,
    cut: Vec<RecordPart>,
}

impl Page {
    pub fn new(about: About, agencies: Agencies) -> Self {
        Self {
            about,
            agencies,
            parts: String::new(),
            records: String::new(),
            count: 0,
            listed: Vec::new(),
            cut: Vec::new(),
        }
    }

    /// Parts of which not all is here.
    pub fn cut(&self) -> &[RecordPart] {
        &self.cut
    }

    /// Adds the records of a page of a part.
    pub fn add(&mut self, part: RecordPart, message: &GetMyRecordResponse, read: &DynamicMessage) {
        let view = View { person: &self.about.person, agencies: &self.agencies };
        let mut records = Vec::new();
        if let Some(progress) = &message.progress {
            records.push(picture(progress));
        } else {
            for (one, record) in value::records(part, read) {
                self.count += 1;
                let caption = format!("{one} {}", self.count);
                records.push(value::table(&view, &caption, &record));
            }
        }
        for record in records {
            let made = self.parts.len() + self.records.len() + record.0.len();
            if made <= LARGEST {
                self.records.push_str(&record.0);
            } else if self.cut.last() != Some(&part) {
                self.cut.push(part);
            }
        }
    }

    pub fn end_part(&mut self, end: &PartEnd) {
        let part = end.part();
        let (id, slug) = (words::slug(part), format!("heading-{}", words::slug(part)));
        let whole = end.outcome() == PartOutcome::Whole;
        let records = std::mem::take(&mut self.records);
        let section = html! {
            section id=(id) aria-labelledby=(slug) {
                h2 id=(slug) { (words::title(part)) }
                p { (words::intro(part)) }
                @if !whole {
                    p class="note" { strong { "This part is not whole. " } (end.explanation) }
                }
                @if whole && end.records == 0 {
                    p { "There is nothing in this part." }
                }
                (PreEscaped(records))
                @if self.cut.contains(&part) {
                    p class="note" {
                        "There is more of this than this page can hold. All of it is in the JSON file of this part."
                    }
                }
            }
        };
        self.parts.push_str(&section.0);
        self.count = 0;
        self.listed.push(part);
    }

    /// The whole page.
    pub fn finish(self, end: &RecordEnd) -> String {
        let made = value::instant(self.about.at);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "My record" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { "My record" }
                        p {
                            "This is what the services of the network hold about you and show to you, read on " (made)
                            ". All times are in Coordinated Universal Time (UTC). It is yours: keep it where only you "
                            "can open it."
                        }
                        p {
                            "Beside this page are files with every detail, for other software to read. "
                            "manifest.json names them."
                        }
                    }
                    nav aria-label="Parts of this record" {
                        ul {
                            @for part in &self.listed {
                                li { a href={ "#" (words::slug(*part)) } { (words::title(*part)) } }
                            }
                            li { a href="#not-here" { "What is not in here, and why" } }
                        }
                    }
                    main {
                        (PreEscaped(&self.parts))
                        (missing(end))
                    }
                }
            }
        };
        page.0
    }
}

fn missing(end: &RecordEnd) -> Markup {
    html! {
        section id="not-here" aria-labelledby="heading-not-here" {
            h2 id="heading-not-here" { "What is not in here, and why" }
            @if !end.whole {
                p class="note" { strong { "Not every part could be read to its end." } }
            }
            table {
                caption { "What is not in here" }
                thead {
                    tr {
                        th scope="col" { "What" }
                        th scope="col" { "Missing?" }
                        th scope="col" { "Why" }
                        th scope="col" { "What you can do" }
                    }
                }
                tbody {
                    @for one in &end.withheld {
                        tr {
                            th scope="row" {
                                (words::withheld(one.kind()))
                                @if one.part() != RecordPart::Unspecified {
                                    " (" (words::title(one.part())) ")"
                                }
                                @if !one.record.is_empty() { " " (one.record) }
                            }
                            td class="short" { (if one.certain { "Yes" } else { "It may be" }) }
                            td {
                                (one.explanation)
                                @if one.reason.contains(' ') { " (" (one.reason) ")" }
                            }
                            td { (if one.review.is_empty() { "Nothing" } else { &one.review }) }
                        }
                    }
                }
            }
        }
    }
}

/// A measure, for who sees it and for who does not.
fn picture(measure: &RecordProgress) -> Markup {
    let Some(progress) = &measure.progress else { return html! {} };
    let picture = STANDARD.encode(&progress.svg);
    html! {
        figure {
            img src={ "data:image/svg+xml;base64," (picture) }
                alt={ (measure.title) ", drawn over time. The table below has the same numbers." };
            figcaption { (measure.title) }
        }
        table {
            caption { (measure.title) ": each time and number" }
            thead { tr { th scope="col" { "When" } th scope="col" { "Number" } } }
            tbody {
                @for point in &progress.points {
                    tr {
                        th scope="row" { (value::time(point.time.map(|at| at.seconds).unwrap_or_default())) }
                        td { (point.value) }
                    }
                }
            }
        }
    }
}
