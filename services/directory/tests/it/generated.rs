//! Small directories of every table and column of HSDS that is kept, with odd text.

use std::collections::BTreeMap;

use directory::hsds::{Table, header};
use proptest::{prelude::*, sample::Index};

use crate::imports::Files;

/// Cells that are filled, by column; a table's rows in any order.
pub type Rows = Vec<BTreeMap<String, String>>;
/// By table.
pub type Tables = BTreeMap<String, Rows>;

/// What may stand in each column: a word of [`cell`], `=x` for one of a few, `>table` for a row of
/// another, with `!` where something must.
const COLUMNS: &[(&str, &str)] = &[
    (
        "organizations",
        "name:text! alternate_name:text description:text email:mail website:web tax_status:text \
         tax_id:text year_incorporated:=1999 legal_status:text logo:web uri:text \
         parent_organization_id:<organizations",
    ),
    (
        "organization_identifiers",
        "organization_id:>organizations! identifier_scheme:text identifier_type:text! \
         identifier:text!",
    ),
    ("taxonomies", "name:text! description:text uri:text version:text"),
    (
        "taxonomy_terms",
        "code:text name:text! description:text parent_id:>taxonomy_terms taxonomy:text \
         taxonomy_id:>taxonomies language:=es|zh-Hans term_uri:text",
    ),
    ("units", "name:text! scheme:text identifier:text uri:text"),
    ("programs", "organization_id:>organizations! name:text! alternate_name:text description:text"),
    (
        "services",
        "organization_id:>organizations! program_id:>programs name:text! alternate_name:text \
         description:text url:web email:mail status:=active|Active|inactive|TEMPORARILY_CLOSED! \
         interpretation_services:text application_process:text fees_description:text \
         wait_time:text fees:text accreditations:text eligibility_description:text \
         minimum_age:=0.5|03 maximum_age:=18|99.50 assured_date:=2026-01-31 assurer_email:mail \
         licenses:text alert:text last_modified:=2025-03-15T10:30:45.123Z",
    ),
    ("service_at_location", "service_id:>services! location_id:>locations! description:text"),
    (
        "locations",
        "location_type:=physical|Postal|virtual! organization_id:>organizations url:web name:text \
         alternate_name:text description:text transportation:text latitude:=37.4770|-0 \
         longitude:=-122.2|1e1 external_identifier:text external_identifier_type:text",
    ),
    (
        "addresses",
        "location_id:>locations attention:text address_1:text! address_2:text city:text! \
         region:text state_province:text! postal_code:text! country:=US|us! \
         address_type:=physical|POSTAL!",
    ),
    (
        "contacts",
        "organization_id:>organizations service_id:>services \
         service_at_location_id:>service_at_location location_id:>locations name:text title:text \
         department:text email:mail",
    ),
    (
        "phones",
        "organization_id:>organizations service_id:>services \
         service_at_location_id:>service_at_location location_id:>locations contact_id:>contacts \
         number:=555-0100|(650) 555 0101! extension:text type:text description:text",
    ),
    (
        "languages",
        "service_id:>services location_id:>locations phone_id:>phones name:text! code:=es|ZH note:text",
    ),
    (
        "schedules",
        "service_id:>services location_id:>locations service_at_location_id:>service_at_location \
         valid_from:=2026-01-01 valid_to:=2026-12-31 dtstart:=2026-02-01 timezone:=-8|5.5 \
         until:=2027-01-01 count:=007 wkst:=MO|mo freq:=WEEKLY|monthly interval:=2 \
         byday:=MO,TU|2MO, -1FR byweekno:=1,-2 bymonthday:=1, 15 byyearday:=366 description:text \
         opens_at:=09:00|09:00:00-08:00 closes_at:=18:30Z schedule_link:web attending_type:text \
         notes:text",
    ),
    (
        "service_areas",
        "service_id:>services service_at_location_id:>service_at_location name:text \
         description:text extent:text extent_type:=geojson|Text uri:text",
    ),
    ("accessibility", "location_id:>locations description:text details:text url:web"),
    (
        "cost_options",
        "service_id:>services! valid_from:=2026-01-01 valid_to:=2026-12-31 option:text \
         currency:=USD|usd amount:=2.50|35 amount_description:text",
    ),
    ("required_documents", "service_id:>services document:text uri:web"),
    ("funding", "organization_id:>organizations service_id:>services source:text"),
    (
        "service_capacities",
        "service_id:>services! unit_id:>units! available:=0|12! maximum:=012 description:text \
         updated:=2026-01-31T09:00:00Z|2024-09-25T14:23:06.5+01:00!",
    ),
    ("urls", "label:text url:web! organization_id:>organizations service_id:>services"),
    (
        "attributes",
        "link_id:>services! link_entity:=service|Services! taxonomy_term_id:>taxonomy_terms! \
         link_type:text value:text label:text",
    ),
];

/// Spaces in a list of choices are written as `_` where a column's end would be.
fn columns(spec: &str) -> Vec<(String, String, bool)> {
    let mut columns: Vec<String> = Vec::new();
    for word in spec.split(' ') {
        match columns.last_mut().filter(|_| !word.contains(":=") && !is_column(word)) {
            Some(last) => *last = format!("{last} {word}"),
            None => columns.push(word.to_owned()),
        }
    }
    let column = |text: String| {
        let (name, what) = text.split_once(':').unwrap();
        let needed = what.ends_with('!');
        (name.to_owned(), what.trim_end_matches('!').to_owned(), needed)
    };
    columns.into_iter().map(column).collect()
}

fn is_column(word: &str) -> bool {
    let (name, what) = word.split_once(':').unwrap_or_default();
    !what.is_empty() && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// What a cell is made of, before it is known which rows there are.
#[derive(Debug, Clone)]
struct Seed {
    text: String,
    at: Index,
    filled: bool,
}

fn seed() -> impl Strategy<Value = Seed> {
    let text = prop_oneof![
        "[a-zéñ中😀,\"\r\n\t \u{202E}\u{FEFF}'=;]{0,10}",
        "\\PC{0,12}",
        "(\"{1,3}|,+|\r\n|\n\n| +)x?",
    ];
    (text, any::<Index>(), prop::bool::weighted(0.6)).prop_map(|(text, at, filled)| Seed {
        text,
        at,
        filled,
    })
}

/// A directory, in no particular order of rows or columns.
pub fn directory() -> impl Strategy<Value = (Tables, Files)> {
    let tables: Vec<_> = COLUMNS
        .iter()
        .map(|(_, spec)| {
            let row = prop::collection::vec(seed(), columns(spec).len() + 1);
            prop::collection::vec(row, 0..4)
        })
        .collect();
    (tables, any::<bool>(), any::<bool>()).prop_map(|(seeds, crlf, always)| {
        let tables = fill(&seeds);
        let files = files(&tables, crlf, always);
        (tables, files)
    })
}

fn id(table: &str, n: usize, seed: &Seed) -> String {
    let odd: String = seed.text.chars().filter(|c| !c.is_control()).collect();
    format!("{table}-{n}{odd}.")
}

fn fill(seeds: &[Vec<Vec<Seed>>]) -> Tables {
    let ids: BTreeMap<&str, Vec<String>> = COLUMNS
        .iter()
        .zip(seeds)
        .map(|((table, _), rows)| {
            (*table, rows.iter().enumerate().map(|(n, row)| id(table, n, &row[0])).collect())
        })
        .collect();
    let mut tables = Tables::new();
    let mut program_of = BTreeMap::new();
    for ((table, spec), rows) in COLUMNS.iter().zip(seeds) {
        let rows = rows.iter().enumerate().filter_map(|(n, row)| {
            let mut cells = BTreeMap::from([("id".to_owned(), ids[table][n].clone())]);
            for ((column, what, needed), seed) in columns(spec).into_iter().zip(&row[1..]) {
                let named = |rows: &[String]| (!rows.is_empty()).then(|| seed.at.get(rows).clone());
                let value = match what.split_at(1) {
                    ("=", choices) => {
                        let choices: Vec<_> = choices.split('|').collect();
                        Some(seed.at.get(&choices).replace('_', " "))
                    }
                    (">", other) => named(ids.get(other).map_or(&[], Vec::as_slice)),
                    // No circles: an earlier one.
                    ("<", other) => named(&ids[other][..n]),
                    _ => Some(cell(&what, &seed.text, needed)),
                };
                match value {
                    Some(value) if needed || seed.filled => drop(cells.insert(column, value)),
                    None if needed => return None,
                    _ => {}
                }
            }
            // What a row can't have without the other, and what must be of one organization.
            if cells.contains_key("latitude") != cells.contains_key("longitude") {
                cells.remove("latitude");
                cells.remove("longitude");
            }
            let organization = cells.get("organization_id").cloned();
            match *table {
                "programs" => drop(program_of.insert(cells["id"].clone(), organization)),
                "services" => {
                    let of = cells.get("program_id").and_then(|p| program_of.get(p).cloned());
                    if of.flatten() != organization {
                        cells.remove("program_id");
                    }
                }
                _ => {}
            }
            Some(cells)
        });
        tables.insert((*table).to_owned(), rows.collect());
    }
    // A row whose owner could not be made is none either.
    loop {
        let made: BTreeMap<String, Vec<String>> = tables
            .iter()
            .map(|(t, rows)| (t.clone(), rows.iter().map(|r| r["id"].clone()).collect()))
            .collect();
        let before: usize = tables.values().map(Vec::len).sum();
        for (table, spec) in COLUMNS {
            let links: Vec<_> = columns(spec)
                .into_iter()
                .filter_map(|(column, what, _)| {
                    Some((column, what.strip_prefix(['>', '<'])?.to_owned()))
                })
                .collect();
            let sound = |row: &BTreeMap<String, String>| {
                links.iter().all(|(column, other)| {
                    row.get(column).is_none_or(|id| made[other].contains(id))
                })
            };
            tables.get_mut(*table).unwrap().retain(sound);
        }
        if tables.values().map(Vec::len).sum::<usize>() == before {
            return tables;
        }
    }
}

fn cell(what: &str, text: &str, needed: bool) -> String {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let text: String = text.chars().filter(|c| !odd(*c)).collect();
    match what {
        "mail" => " o'brien+x@mail.example.org".to_owned(),
        "web" => "HTTPS://Example.org/a?b=c,d".to_owned(),
        _ if needed && text.trim().is_empty() => format!("{text}x"),
        _ => text,
    }
}

fn files(tables: &Tables, crlf: bool, always: bool) -> Files {
    let end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let quotes = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
    let mut files = Files::new();
    for (table, rows) in tables.iter().filter(|(t, rows)| *t == "organizations" || !rows.is_empty())
    {
        let mut names: Vec<&str> = rows.iter().flatten().map(|(name, _)| name.as_str()).collect();
        names.extend(["id", "name"].iter().filter(|_| rows.is_empty()));
        names.sort_unstable();
        names.dedup();
        names.reverse();
        let mut writer =
            csv::WriterBuilder::new().terminator(end).quote_style(quotes).from_writer(Vec::new());
        writer.write_record(&names).unwrap();
        for row in rows {
            let cells = names.iter().map(|name| row.get(*name).map_or("", String::as_str));
            writer.write_record(cells).unwrap();
        }
        files.insert(table.clone(), writer.into_inner().unwrap());
    }
    files
}

#[test]
fn every_column_of_every_table_is_generated() {
    assert_eq!(COLUMNS.len(), Table::ALL.len());
    for table in Table::ALL {
        let (_, spec) = COLUMNS.iter().find(|(name, _)| *name == table.name()).unwrap();
        let mut names: Vec<String> = columns(spec).into_iter().map(|(name, ..)| name).collect();
        names.push("id".to_owned());
        names.sort();
        let mut known: Vec<String> =
            header(*table).trim_end().split(',').map(str::to_owned).collect();
        known.sort();
        assert_eq!(names, known, "{table}");
    }
}
