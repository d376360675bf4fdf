//! The HSDS import, on a county's real directory and on damaged copies of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests stand outside test functions"
)]

use std::collections::{BTreeMap, BTreeSet};

use directory::hsds::{
    Counts, Import, NeedCategory, OrganizationTree, Place, Reason, Rejection, ServiceStatus,
    SupportKind, Table, parse,
};
use kernel::Sector;
use proptest::prelude::*;

type Files = BTreeMap<String, Vec<u8>>;

fn county() -> Files {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hsds-san-mateo");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn import(files: &Files) -> Import {
    parse(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}

/// A small directory of its own, one text a table.
fn small(tables: &[(&str, &str)]) -> Import {
    parse(tables.iter().map(|(name, text)| (*name, text.as_bytes())))
}

fn read(file: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
    reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn write(rows: &[Vec<String>], end: csv::Terminator) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(end).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

/// The rows of every table, header first; row n stands on line n + 1, as no cell has a newline.
fn rows_of(files: &Files) -> BTreeMap<String, Vec<Vec<String>>> {
    let tables = files.iter().filter(|(name, _)| name.ends_with(".csv"));
    tables.map(|(name, bytes)| (name.clone(), read(bytes))).collect()
}

fn ids(import: &Import) -> BTreeSet<&str> {
    import.organizations.iter().map(|o| o.id.as_str()).collect()
}

fn by_id(import: &Import) -> BTreeMap<&str, &OrganizationTree> {
    import.organizations.iter().map(|o| (o.id.as_str(), o)).collect()
}

/// Whose row it is, worked out apart from the importer: the columns of the county, followed up.
fn owner(tables: &BTreeMap<String, Vec<Vec<String>>>, file: &str, row: usize) -> Option<String> {
    let cell = |file: &str, row: usize, column: &str| -> Option<String> {
        let table = &tables[file];
        let at = table[0].iter().position(|c| c == column)?;
        Some(table.get(row)?[at].clone()).filter(|c| !c.is_empty())
    };
    let find = |file: &str, id: &str| tables[file].iter().position(|row| row[0] == id);
    match file {
        "organizations.csv" => cell(file, row, "id"),
        "services.csv" | "locations.csv" => cell(file, row, "organization_id"),
        "attributes.csv" => {
            let service = find("services.csv", &cell(file, row, "link_id")?)?;
            cell("services.csv", service, "organization_id")
        }
        _ => {
            if let Some(own) = cell(file, row, "organization_id") {
                return Some(own);
            }
            for (column, parent) in
                [("service_id", "services.csv"), ("location_id", "locations.csv")]
            {
                if let Some(id) = cell(file, row, column) {
                    return cell(parent, find(parent, &id)?, "organization_id");
                }
            }
            None
        }
    }
}

#[test]
fn the_county_imports_whole() {
    let import = import(&county());
    assert_eq!(import.counts(), Counts { organizations: 8, services: 23, locations: 22 });
    assert_eq!((import.rejected, import.refused), (vec![], vec![]));
    assert_eq!(import.ignored_columns, []);
    assert_eq!(import.ignored_files, ["LICENSE.md"]);
}

#[test]
fn telephone_numbers_whose_contacts_were_left_out_are_unattached_and_refuse_nothing() {
    let import = import(&county());
    let lines: Vec<_> = import.unattached.iter().map(|place| place.line).collect();
    assert_eq!(lines, [41, 42, 47, 49, 50, 55]);
    assert!(import.unattached.iter().all(|place| place.table == Table::Phones));
}

#[test]
fn facts_stand_where_the_county_put_them() {
    let import = import(&county());
    let agency = by_id(&import)["a9663c95-64d0-58f7-bea5-073f5ea1202f"];
    assert_eq!(agency.email.as_deref(), Some("info@example.org"));
    assert_eq!(agency.phones[0].extension.as_deref(), Some("101"));
    let passports = agency.services.iter().find(|s| s.name == "Passport Photos").unwrap();
    assert_eq!(passports.alternate_name.as_deref(), Some("Fotos para pasaportes"));
    assert_eq!(passports.status, ServiceStatus::Active);
    assert_eq!(passports.phones.len(), 3);
    assert_eq!(passports.languages[0].name.as_deref(), Some("Spanish"));
    assert_eq!(passports.attributes[0].term.taxonomy.as_deref(), Some("Open Eligibility"));
    let location = &agency.locations[0];
    assert_eq!(passports.at[0].location_id, location.id);
    assert_eq!(location.languages.len(), 5);
    assert_eq!(location.addresses[0].address_2.as_deref(), Some("Suite 100"));
    let fair_oaks = by_id(&import)["a6f3cd36-c14b-5411-8d7a-0e2123e36e79"];
    let position = fair_oaks.locations[0].position.unwrap();
    assert_eq!((position.latitude, position.longitude), (37.477227, -122.213221));
}

#[test]
fn needs_come_from_codes_and_never_from_words() {
    let import = import(&county());
    let all = || import.organizations.iter().flat_map(|o| &o.services);
    let passports = all().find(|s| s.name == "Passport Photos").unwrap();
    let needs = [NeedCategory::Transportation, NeedCategory::Care, NeedCategory::Legal];
    assert_eq!(passports.needs, needs.into());
    assert_eq!(passports.support, [SupportKind::Informational, SupportKind::Instrumental].into());
    assert_eq!(passports.sector, Sector::Other);
    // Its text speaks of rehabilitation, beds and chapel; it has no term.
    let centre = all().find(|s| s.name == "Adult Rehabilitation Center").unwrap();
    assert_eq!((centre.needs.len(), centre.support.len(), centre.sector), (0, 0, Sector::Other));
}

#[test]
fn a_directory_reads_the_same_with_crlf_a_byte_order_mark_and_other_file_names() {
    let clean = import(&county());
    let mut files = Files::new();
    for (name, rows) in rows_of(&county()) {
        let mut bytes = b"\xef\xbb\xbf".to_vec();
        bytes.extend(write(&rows, csv::Terminator::CRLF));
        files.insert(format!("export/{}", name.to_uppercase()), bytes);
    }
    assert_eq!(import(&files).organizations, clean.organizations);
}

#[test]
fn a_new_line_in_quotes_is_text_and_lines_stay_physical() {
    let import = small(&[(
        "organizations.csv",
        "id,name,description\r\no1,One,\"first\r\nsecond\"\r\no2,Two,\"a\r\n\r\nb\"\r\no3,,x\r\n",
    )]);
    assert_eq!(import.organizations[0].description.as_deref(), Some("first\nsecond"));
    assert_eq!(import.organizations[1].description.as_deref(), Some("a\n\nb"));
    let at = &import.rejected[0];
    assert_eq!((at.line, at.column, &at.reason), (7, "name", &Reason::Required));
    assert_eq!(at.to_string(), "organizations.csv line 7, column name: must not be empty");
}

/// One damage a case: file, row, column, what is put there, why it is refused.
fn damages() -> Vec<(&'static str, usize, &'static str, String, Reason)> {
    let long = |n: usize| "x".repeat(n);
    vec![
        ("organizations.csv", 4, "name", String::new(), Reason::Required),
        (
            "organizations.csv",
            2,
            "website",
            "javascript:alert(1)".into(),
            Reason::Form("a web address (http or https)"),
        ),
        (
            "services.csv",
            2,
            "status",
            "open".into(),
            Reason::NotOneOf(&["active", "inactive", "defunct", "temporarily closed"]),
        ),
        ("services.csv", 3, "description", "a\0b".into(), Reason::ControlCharacter),
        ("services.csv", 3, "description", long(20_001), Reason::TooLong { limit: 20_000 }),
        ("services.csv", 3, "email", "nobody".into(), Reason::Form("an e-mail address")),
        ("services.csv", 20, "program_id", "p".into(), Reason::Dangling(Table::Programs)),
        ("locations.csv", 1, "latitude", "91".into(), Reason::OutOfRange { least: -90, most: 90 }),
        ("locations.csv", 1, "longitude", "west".into(), Reason::Form("a number")),
        (
            "locations.csv",
            1,
            "longitude",
            String::new(),
            Reason::Form("given together with latitude"),
        ),
        (
            "locations.csv",
            1,
            "location_type",
            "building".into(),
            Reason::NotOneOf(&["physical", "postal", "virtual"]),
        ),
        ("addresses.csv", 1, "city", String::new(), Reason::Required),
        (
            "addresses.csv",
            1,
            "country",
            "USA".into(),
            Reason::Form("a country code of two letters (ISO 3166-1)"),
        ),
        ("phones.csv", 1, "number", "none".into(), Reason::Form("a telephone number")),
        ("phones.csv", 1, "id", long(251), Reason::TooLong { limit: 250 }),
        (
            "languages.csv",
            2,
            "code",
            "Spanish".into(),
            Reason::Form("a language code (ISO 639-1 or 639-3)"),
        ),
        ("languages.csv", 2, "name", String::new(), Reason::Form("given where code is not")),
        (
            "service_at_location.csv",
            1,
            "location_id",
            "nowhere".into(),
            Reason::Dangling(Table::Locations),
        ),
        (
            "attributes.csv",
            1,
            "taxonomy_term_id",
            "t".into(),
            Reason::Dangling(Table::TaxonomyTerms),
        ),
    ]
}

#[test]
fn a_damaged_row_refuses_its_organization_and_no_other() {
    let files = county();
    let clean = import(&files);
    for (file, row, column, value, reason) in damages() {
        let mut tables = rows_of(&files);
        if column == "program_id" {
            for (n, row) in tables.get_mut(file).unwrap().iter_mut().enumerate() {
                row.push(if n == 0 { column.into() } else { String::new() });
            }
        }
        let owner = owner(&tables, file, row).unwrap();
        let table = tables.get_mut(file).unwrap();
        let at = table[0].iter().position(|c| c == column).unwrap();
        table[row][at] = value;
        let mut damaged = files.clone();
        damaged.insert(file.into(), write(table, csv::Terminator::Any(b'\n')));
        let import = import(&damaged);
        let case = format!("{file} {row} {column}");
        let named = &import.rejected[0];
        let expected = (row as u64 + 1, column, &reason, &vec![owner.clone()]);
        assert_eq!(
            (named.line, named.column, &named.reason, &named.organizations),
            expected,
            "{case}"
        );
        assert_eq!(format!("{}", named.table), file, "{case}");
        assert_eq!(import.rejected.len(), 1, "{case}");
        assert_eq!(
            import.refused.iter().map(|r| r.id.as_deref()).collect::<Vec<_>>(),
            [Some(owner.as_str())]
        );
        let rest: Vec<_> = clean.organizations.iter().filter(|o| o.id != owner).cloned().collect();
        assert_eq!(import.organizations, rest, "{case}");
    }
}

#[test]
fn a_service_that_lost_its_organization_takes_the_keeper_of_its_location_with_it() {
    let files = county();
    let mut tables = rows_of(&files);
    let keeper = owner(&tables, "services.csv", 1).unwrap();
    tables.get_mut("services.csv").unwrap()[1][1] = "gone".into();
    let mut damaged = files.clone();
    damaged
        .insert("services.csv".into(), write(&tables["services.csv"], csv::Terminator::Any(b'\n')));
    let import = import(&damaged);
    let at: Vec<_> = import.rejected.iter().map(|r| (r.table, r.line, r.column)).collect();
    assert_eq!(
        at,
        [(Table::Services, 2, "organization_id"), (Table::ServiceAtLocation, 2, "service_id")]
    );
    assert_eq!(import.rejected[0].organizations, [] as [String; 0]);
    assert_eq!(import.rejected[1].organizations, [keeper.as_str()]);
    assert!(!ids(&import).contains(keeper.as_str()) && import.organizations.len() == 7);
}

const TWO: &str = "id,name\na,A\nb,B\n";

#[test]
fn rows_of_nobody_are_rejections_of_their_own() {
    let import = small(&[
        ("organizations.csv", TWO),
        ("services.csv", "id,organization_id,name,status\ns,nobody,S,active\n"),
        ("languages.csv", "id,service_id,name\nl,s,Thai\n"),
    ]);
    assert_eq!(import.organizations.len(), 2);
    let said: Vec<_> = import.rejected.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "services.csv line 2, column organization_id: no row of organizations.csv has this id",
            "languages.csv line 2, column service_id: names line 2 of services.csv, which belongs to no organization",
        ]
    );
}

#[test]
fn an_id_that_stands_twice_refuses_both() {
    let import = small(&[
        ("organizations.csv", "id,name\na,A\nb,B\nc,C\n"),
        ("services.csv", "id,organization_id,name,status\ns,a,S,active\ns,b,S,active\n"),
    ]);
    assert_eq!(ids(&import), ["c"].into());
    assert_eq!(import.rejected[0].reason, Reason::Duplicate { other_line: 3 });
    assert_eq!(import.rejected[1].reason, Reason::Duplicate { other_line: 2 });
}

#[test]
fn a_location_that_two_organizations_use_stands_in_both_and_its_damage_refuses_both() {
    let services = "id,organization_id,name,status\nsa,a,S,active\nsb,b,S,active\n";
    let links = "id,service_id,location_id\n1,sa,l\n2,sb,l\n";
    let with = |number: &str| {
        let phones = format!("id,location_id,number\np,l,{number}\n");
        small(&[
            ("organizations.csv", "id,name\na,A\nb,B\nc,C\n"),
            ("services.csv", services),
            ("service_at_location.csv", links),
            ("locations.csv", "id,location_type,organization_id\nl,physical,a\n"),
            ("phones.csv", &phones),
        ])
    };
    let whole = with("555 0100");
    assert_eq!(whole.counts(), Counts { organizations: 3, services: 2, locations: 1 });
    assert_eq!(by_id(&whole)["a"].locations, by_id(&whole)["b"].locations);
    assert_eq!(by_id(&whole)["b"].locations[0].phones[0].number, "555 0100");
    let damaged = with("none");
    assert_eq!(ids(&damaged), ["c"].into());
    assert_eq!(damaged.rejected[0].organizations, ["a", "b"]);
}

#[test]
fn a_unit_does_not_import_without_its_parent_and_nobody_is_their_own_ancestor() {
    let import = small(&[(
        "organizations.csv",
        "id,name,parent_organization_id\na,,\nb,B,a\nc,C,b\nd,D,\ne,E,d\nx,X,y\ny,Y,x\nz,Z,x\n",
    )]);
    assert_eq!(ids(&import), ["d", "e"].into());
    assert_eq!(by_id(&import)["e"].parent_id.as_deref(), Some("d"));
    let reasons: Vec<_> = import.rejected.iter().map(|r| (r.line, r.reason.clone())).collect();
    let names = |line| Reason::NamesRefused { table: Table::Organizations, line };
    assert_eq!(
        reasons,
        [
            (2, Reason::Required),
            (3, names(2)),
            (4, names(3)),
            (7, Reason::ParentCycle),
            (8, Reason::ParentCycle),
            (9, names(7)),
        ]
    );
}

#[test]
fn a_term_that_is_refused_refuses_whoever_is_classified_by_it() {
    let import = small(&[
        ("organizations.csv", TWO),
        ("taxonomies.csv", "id,name\nt,Open Eligibility\n"),
        ("taxonomy_terms.csv", "id,code,name,taxonomy_id\n1,103,,t\n2,110,Work,t\n"),
        (
            "attributes.csv",
            "id,link_id,link_entity,taxonomy_term_id\nx,a,organization,1\ny,b,organization,2\n",
        ),
    ]);
    assert_eq!(ids(&import), ["b"].into());
    assert_eq!(
        import.rejected[1].reason,
        Reason::NamesRefused { table: Table::TaxonomyTerms, line: 2 }
    );
    assert_eq!(by_id(&import)["b"].attributes[0].term.name, "Work");
}

#[test]
fn codes_of_another_taxonomy_mean_nothing() {
    let with = |taxonomy: &str| {
        let terms = format!("id,code,name,taxonomy\n1,103-02,Housing,{taxonomy}\n");
        let import = small(&[
            ("organizations.csv", TWO),
            ("services.csv", "id,organization_id,name,status\ns,a,S,active\n"),
            ("taxonomy_terms.csv", &terms),
            ("attributes.csv", "id,link_id,link_entity,taxonomy_term_id\nx,s,service,1\n"),
        ]);
        (
            import.organizations[0].services[0].needs.len(),
            import.organizations[0].services[0].sector,
        )
    };
    assert_eq!(with("Open Eligibility"), (1, Sector::Housing));
    assert_eq!(with("AIRS"), (0, Sector::Other));
}

#[test]
fn the_optional_tables_are_kept_with_their_facts() {
    let import = small(&[
        ("organization", TWO),
        ("program.csv", "id,organization_id,name\np,a,P\n"),
        (
            "service.csv",
            "id,organization_id,program_id,name,status,minimum_age\ns,a,p,S,Temporarily Closed,18\n",
        ),
        ("location.csv", "id,location_type\nl,virtual\n"),
        ("services_at_location.csv", "id,service_id,location_id\nsl,s,l\n"),
        ("contact.csv", "id,service_id,name\nc,s,Sam\n"),
        ("phone.csv", "id,contact_id,number\nt,c,555\n"),
        ("language.csv", "id,phone_id,code\ng,t,es\n"),
        (
            "schedule.csv",
            "id,service_at_location_id,freq,byday,opens_at\nh,sl,WEEKLY,\"MO,FR\",09:00-08:00\n",
        ),
        ("service_area.csv", "id,service_id,name\nr,s,County\n"),
        ("accessibility_for_disabilities.csv", "id,location_id,description\nw,l,Ramp\n"),
        ("cost_option.csv", "id,service_id,amount,currency\no,s,2.50,usd\n"),
        ("required_document.csv", "id,service_id,document\nd,s,ID card\n"),
        ("funding.csv", "id,organization_id,source\nf,a,County\n"),
        (
            "organization_identifier.csv",
            "id,organization_id,identifier_type,identifier\ni,a,EIN,12-3\n",
        ),
        ("unit.csv", "id,name\nu,Bed\n"),
        (
            "service_capacity.csv",
            "id,service_id,unit_id,available,updated\nv,s,u,4,2026-01-31T09:00:00Z\n",
        ),
    ]);
    assert_eq!(import.rejected, []);
    let a = by_id(&import)["a"];
    let service = &a.services[0];
    assert_eq!(service.contacts[0].phones[0].languages[0].code.as_deref(), Some("es"));
    assert_eq!(service.at[0].schedules[0].byday.as_deref(), Some("MO,FR"));
    assert_eq!(service.costs[0].currency.as_deref(), Some("USD"));
    assert_eq!((service.capacities[0].unit.as_str(), service.capacities[0].available), ("Bed", 4));
    assert_eq!(service.status, ServiceStatus::TemporarilyClosed);
    assert_eq!(service.required_documents.len() + service.areas.len(), 2);
    assert_eq!(a.locations[0].accessibility[0].description.as_deref(), Some("Ramp"));
    assert_eq!((a.programs.len(), a.identifiers.len(), a.funding.len()), (1, 1, 1));
    assert_eq!(by_id(&import)["b"].locations, []);
}

#[test]
fn a_program_or_attribute_of_someone_else_is_refused() {
    let import = small(&[
        ("organizations.csv", TWO),
        ("programs.csv", "id,organization_id,name\np,b,P\n"),
        ("services.csv", "id,organization_id,program_id,name,status\ns,a,p,S,active\n"),
        ("taxonomy_terms.csv", "id,name\n1,T\n"),
        (
            "attributes.csv",
            "id,link_id,link_entity,taxonomy_term_id\nx,s,spaceship,1\ny,m,metadata,1\nz,1,taxonomy_term,1\n",
        ),
    ]);
    assert_eq!(ids(&import), ["b"].into());
    assert_eq!(import.rejected[0].reason, Reason::OtherOrganization(Table::Programs));
    assert_eq!((import.rejected[1].line, import.rejected[1].column), (2, "link_entity"));
    // A list that all share hangs below nobody, so nothing hangs below it.
    assert_eq!((import.rejected[2].line, import.rejected[2].column), (4, "link_entity"));
    assert_eq!(import.unattached, [Place { table: Table::Attributes, line: 3 }]);
}

#[test]
fn what_cannot_be_read_at_all_imports_nothing_and_says_why() {
    let why = |tables: &[(&str, &str)]| {
        let import = small(tables);
        assert_eq!(import.organizations, []);
        import.rejected.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        why(&[]),
        ["organizations.csv line 1: the table can't be read: the file is missing"]
    );
    let twice = why(&[("organizations.csv", TWO), ("organization.csv", TWO)]);
    assert_eq!(twice, ["organizations.csv line 1: the table can't be read: two files hold it"]);
    let empty = why(&[("organizations.csv", TWO), ("phones.csv", "")]);
    assert_eq!(empty, ["phones.csv line 1: the table can't be read: it has no header"]);
}

#[test]
fn unknown_columns_and_rows_of_nothing_are_passed_over() {
    let import =
        small(&[("organizations.csv", "id,shoe,name\na,44,A\n,,\n\n"), ("notes.csv", "x\n")]);
    assert_eq!(import.organizations.len(), 1);
    assert_eq!(import.rejected, []);
    assert_eq!(import.ignored_columns, [(Table::Organizations, "shoe".to_owned())]);
    assert_eq!(import.ignored_files, ["notes.csv"]);
}

#[test]
fn a_small_file_cannot_cost_much() {
    use std::fmt::Write;
    let (mut organizations, mut phones) = (
        String::from("id,name,parent_organization_id\n"),
        String::from("id,organization_id,number\n"),
    );
    for n in 0..20_000 {
        writeln!(organizations, "o{n},N,o{}", n + 1).unwrap();
        writeln!(phones, "same,o0,1").unwrap();
    }
    let import = small(&[("organizations.csv", &organizations), ("phones.csv", &phones)]);
    // The last parent dangles, and the chain falls with it.
    assert_eq!((import.organizations.len(), import.refused.len()), (0, 20_000));
    assert!(import.rejected.iter().all(|r| r.organizations.len() <= 1));
}

/// Everything that is not the damaged row's organization is as in the clean import, and that one
/// is refused, or untouched, or the row was plainly reported as nobody's.
fn check_damage(clean: &Import, damaged: &Import, owner: Option<&str>, table: &str, line: u64) {
    let refused: BTreeSet<_> = damaged.refused.iter().filter_map(|r| r.id.as_deref()).collect();
    for rejection in &damaged.rejected {
        for id in &rejection.organizations {
            assert!(refused.contains(id.as_str()), "{rejection} names {id}, which imported");
        }
    }
    let here = |t: Table, l: u64| t.to_string() == table && l == line;
    let nobodys =
        damaged.rejected.iter().any(|r| here(r.table, r.line) && r.organizations.is_empty())
            || damaged.unattached.iter().any(|p| here(p.table, p.line));
    let after = by_id(damaged);
    for (id, tree) in by_id(clean) {
        match after.get(id) {
            Some(same) if *same == tree => {}
            Some(_) => assert!(
                owner == Some(id) && (damaged.rejected.is_empty() || nobodys),
                "{id} imported changed: {:?}",
                damaged.rejected
            ),
            // The row that bore its id may bear another now.
            None => assert!(
                refused.contains(id) || (table == "organizations.csv" && owner == Some(id)),
                "{id} is gone without a word"
            ),
        }
    }
}

fn any_cell() -> impl Strategy<Value = (String, usize, usize)> {
    let tables = rows_of(&county());
    let shapes: Vec<_> =
        tables.into_iter().map(|(n, rows)| (n, rows.len(), rows[0].len())).collect();
    prop::sample::select(shapes)
        .prop_flat_map(|(name, rows, columns)| (Just(name), 1..rows, 0..columns))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn columns_come_in_any_order(seed in any::<prop::sample::Index>(), reverse in any::<bool>()) {
        let files = county();
        let mut shuffled = Files::new();
        for (name, rows) in rows_of(&files) {
            let turned = rows.into_iter().map(|mut row| {
                let by = seed.index(row.len());
                row.rotate_left(by);
                if reverse { row.reverse(); }
                row
            });
            shuffled.insert(name, write(&turned.collect::<Vec<_>>(), csv::Terminator::Any(b'\n')));
        }
        prop_assert_eq!(import(&shuffled).organizations, import(&files).organizations);
    }

    #[test]
    fn a_cell_that_cannot_be_is_always_named_where_it_stands(
        (file, row, column) in any_cell(),
        bad in prop::sample::select(vec!["\0", "a\u{1b}[2J", "\u{7f}"]),
    ) {
        let files = county();
        let clean = import(&files);
        let tables = rows_of(&files);
        let owner = owner(&tables, &file, row);
        let mut rows = tables[&file].clone();
        let name = rows[0][column].clone();
        rows[row][column] = bad.into();
        let mut damaged = files.clone();
        damaged.insert(file.clone(), write(&rows, csv::Terminator::Any(b'\n')));
        let import = import(&damaged);
        let line = row as u64 + 1;
        let named = import.rejected.iter().any(|r| {
            r.table.to_string() == file && r.line == line && r.column == name
                && r.reason == Reason::ControlCharacter
        });
        prop_assert!(named);
        check_damage(&clean, &import, owner.as_deref(), &file, line);
    }

    #[test]
    fn any_value_in_any_cell_harms_its_own_organization_at_most(
        (file, row, column) in any_cell(),
        value in prop_oneof![
            Just(String::new()), Just("no-such-id".to_owned()), Just("99999".to_owned()),
            Just("x".repeat(30_000)), "\\PC{0,20}", "[a-z \",\n]{0,12}",
        ],
    ) {
        let files = county();
        let clean = import(&files);
        let tables = rows_of(&files);
        let owner = owner(&tables, &file, row);
        let mut rows = tables[&file].clone();
        rows[row][column] = value;
        let mut damaged = files.clone();
        damaged.insert(file.clone(), write(&rows, csv::Terminator::Any(b'\n')));
        // A term is nobody's, and who is classified by it is known by the rejections.
        let owner = if file.starts_with("taxonom") { Some("a9663c95-64d0-58f7-bea5-073f5ea1202f") }
            else { owner.as_deref() };
        check_damage(&clean, &import(&damaged), owner, &file, row as u64 + 1);
    }

    #[test]
    fn a_quotation_mark_anywhere_is_found_and_costs_its_own_row_only(
        (file, row, _) in any_cell(), at in any::<prop::sample::Index>(),
    ) {
        let files = county();
        let clean = import(&files);
        let owner = owner(&rows_of(&files), &file, row);
        let text = String::from_utf8(files[&file].clone()).unwrap();
        let mut lines: Vec<_> = text.split('\n').map(str::to_owned).collect();
        let line = &mut lines[row];
        let places: Vec<_> = line.char_indices().map(|(n, _)| n).collect();
        line.insert(*at.get(&places), '"');
        let mut damaged = files.clone();
        damaged.insert(file.clone(), lines.join("\n").into_bytes());
        let import = import(&damaged);
        let there = |r: &Rejection| {
            r.table.to_string() == file && r.line == row as u64 + 1
        };
        prop_assert!(import.rejected.iter().any(there), "{:?}", import.rejected);
        check_damage(&clean, &import, owner.as_deref(), &file, row as u64 + 1);
    }

    #[test]
    fn any_bytes_in_any_file_are_survived(
        file in prop::sample::select(rows_of(&county()).into_keys().collect::<Vec<_>>()),
        at in any::<prop::sample::Index>(), cut in 0..40_usize, put in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut files = county();
        let bytes = files.get_mut(&file).unwrap();
        let from = at.index(bytes.len());
        let to = bytes.len().min(from + cut);
        bytes.splice(from..to, put);
        let lines = bytes.iter().filter(|b| **b == b'\n').count() as u64 + 1;
        let import = import(&files);
        for rejection in import.rejected.iter().filter(|r| r.table.to_string() == file) {
            prop_assert!((1..=lines).contains(&rejection.line));
        }
        let refused: BTreeSet<_> = import.refused.iter().filter_map(|r| r.id.as_deref()).collect();
        prop_assert!(ids(&import).is_disjoint(&refused));
    }
}
