use std::collections::{BTreeMap, BTreeSet};

use kernel::Role;
use proptest::test_runner::{Config, TestRunner};
use tonic::Code;
use wire::directory::v1::{
    Capacity, CapacityStatus, CreateServiceRequest, DirectoryFormat, ExportDirectoryRequest,
    ExportDirectoryResponse, RegisterAgencyRequest, SetCapacityRequest,
};

use crate::{
    generated::{self, Rows, Tables},
    imports::{Files, agencies, county, everything, find, import, import_json, leave_out, replace},
    support::{Client, Network, registration, request_id, told},
};

/// The contract's most.
const CHUNK: usize = 1024 * 1024;

async fn after(client: Client, cursor: &str) -> Vec<ExportDirectoryResponse> {
    chunks(client, cursor, DirectoryFormat::Unspecified).await
}

async fn chunks(
    mut client: Client,
    cursor: &str,
    format: DirectoryFormat,
) -> Vec<ExportDirectoryResponse> {
    let asked = ExportDirectoryRequest { cursor: cursor.to_owned(), format: format.into() };
    let mut stream = client.export_directory(asked).await.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(chunk) = stream.message().await.unwrap() {
        assert!(!chunk.data.is_empty() && chunk.data.len() <= CHUNK, "{}", chunk.data.len());
        all.push(chunk);
    }
    all
}

/// Chunks put together; a table's must come in one piece.
fn join(chunks: &[ExportDirectoryResponse]) -> Files {
    let mut files = Files::new();
    let mut last = None;
    for chunk in chunks {
        let new = last != Some(&chunk.table);
        assert_eq!(new, !files.contains_key(&chunk.table), "{}", chunk.table);
        files.entry(chunk.table.clone()).or_default().extend(&chunk.data);
        last = Some(&chunk.table);
    }
    files
}

pub async fn export(network: &Network) -> Files {
    join(&after(network.admin(), "").await)
}

/// The rows of a table as sets of cells, without the empty ones.
fn rows(file: &[u8]) -> Rows {
    let mut reader = csv::Reader::from_reader(file);
    let names = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        let cells = names.iter().zip(record.iter());
        let filled = cells.filter(|(_, cell)| !cell.trim().is_empty());
        filled.map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect()
    };
    let mut rows: Rows = reader.records().map(|r| row(r.unwrap())).collect();
    rows.sort();
    rows
}

fn tables(files: &Files) -> Tables {
    files.iter().map(|(name, file)| (name.clone(), rows(file))).collect()
}

fn table(name: &str, text: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.to_owned(), text.into())
}

#[tokio::test]
async fn a_county_exports_as_it_was_imported() {
    let network = Network::start().await;
    let files = county();
    import(&network, &files).await;
    let out = export(&network).await;
    assert_eq!(tables(&out), tables(&files));
    assert!(out["organizations"].starts_with(b"id,name,alternate_name,description,"));
}

#[test]
fn any_directory_exports_as_it_was_imported() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cases =
        Config { cases: 12, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let seen = std::cell::RefCell::new(BTreeSet::new());
    let tried = TestRunner::new(cases).run(&generated::directory(), |(mut tables, files)| {
        runtime.block_on(async {
            let network = Network::start().await;
            let done = import(&network, &files).await;
            assert_eq!(done.rejection_count, 0, "{:?}", done.rejections);
            tables.retain(|name, rows| name == "organizations" || !rows.is_empty());
            for (name, rows) in &mut tables {
                for row in rows.iter_mut() {
                    row.retain(|_, cell| !cell.trim().is_empty());
                    seen.borrow_mut().extend(row.keys().map(|column| format!("{name}.{column}")));
                }
                rows.sort();
            }
            let out = export(&network).await;
            assert_eq!(self::tables(&out), tables);
            // As JSON it is the same directory, and comes back the same.
            let elsewhere = Network::start().await;
            let json = join(&chunks(network.admin(), "", DirectoryFormat::Json).await);
            let done = import_json(&elsewhere, &json).await;
            assert_eq!(done.rejection_count, 0, "{:?}", done.rejections);
            assert_eq!(export(&elsewhere).await, out);
            let again = join(&chunks(elsewhere.admin(), "", DirectoryFormat::Json).await);
            assert_eq!(again, json);
            // And again, which changes nothing.
            let before = everything(&mut network.look().await).await;
            import(&network, &files).await;
            assert_eq!(everything(&mut network.look().await).await, before);
        });
        Ok(())
    });
    tried.unwrap();
    assert!(seen.borrow().len() > 130, "{}", seen.borrow().len());
}

/// Agencies and services that were made here, and a capacity stated of an imported service.
async fn made_here(network: &Network) {
    let clinic = network.agency("Clinic, \"the\" one").await;
    let unit = RegisterAgencyRequest {
        parent: clinic.name.clone(),
        part2_program: true,
        victim_service_provider: true,
        description: "Nights\nonly".into(),
        ..registration("Unit")
    };
    network.register(unit).await;
    let mut staff = network.staff(&clinic.name, Role::AgencyAdmin);
    for (name, status) in [("Beds", CapacityStatus::Waitlist), ("Meals", CapacityStatus::Capacity)]
    {
        let offer = CreateServiceRequest {
            request_id: request_id(),
            display_name: name.into(),
            description: "About it".into(),
            need_categories: vec!["102".into(), "103-02".into()],
            languages: vec!["es".into(), "Tagalog".into()],
            eligibility: "Anybody".into(),
            ..Default::default()
        };
        let service = staff.create_service(offer).await.unwrap().into_inner().service.unwrap();
        let capacity = Capacity {
            status: status.into(),
            available: 3,
            unit: "bed".into(),
            maximum: 5,
            ..Default::default()
        };
        let asked = SetCapacityRequest {
            request_id: request_id(),
            service: service.name,
            capacity: Some(capacity),
            etag: String::new(),
        };
        staff.set_capacity(asked).await.unwrap();
    }
}

#[tokio::test]
async fn agencies_and_services_of_this_network_are_exported_without_its_flags() {
    let network = Network::start().await;
    made_here(&network).await;
    let out = export(&network).await;
    let names: Vec<&str> = out.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "attributes",
            "languages",
            "organizations",
            "service_capacities",
            "services",
            "taxonomy_terms",
            "units"
        ]
    );
    let out = tables(&out);
    let one = |table: &str, column: &str, value: &str| {
        let found: Vec<_> =
            out[table].iter().filter(|r| r.get(column).is_some_and(|v| v == value)).collect();
        assert_eq!(found.len(), 1, "{table} {column} {value}");
        found[0].clone()
    };
    let all = agencies(&network).await;
    let id = |name: &str| {
        let agency = all.iter().find(|a| a.display_name == name).unwrap();
        agency.name.strip_prefix("agencies/").unwrap().to_owned()
    };
    let clinic = id("Clinic, \"the\" one");
    let unit = BTreeMap::from([
        ("id".to_owned(), id("Unit")),
        ("name".to_owned(), "Unit".to_owned()),
        ("description".to_owned(), "Nights\nonly".to_owned()),
        ("parent_organization_id".to_owned(), clinic.clone()),
    ]);
    assert_eq!(one("organizations", "name", "Unit"), unit);
    let beds = one("services", "name", "Beds");
    assert_eq!((&*beds["organization_id"], &*beds["status"]), (&*clinic, "active"));
    assert_eq!((&*beds["description"], &*beds["eligibility_description"]), ("About it", "Anybody"));
    let capacity = one("service_capacities", "service_id", &beds["id"]);
    assert_eq!(capacity["unit_id"], one("units", "name", "bed")["id"]);
    assert_eq!(
        (&*capacity["available"], &*capacity["description"]),
        ("3", "There is a waiting list.")
    );
    assert_eq!(capacity["maximum"], "5");
    assert_eq!(capacity["updated"], "2026-03-01T09:00:00.000000Z");
    assert_eq!((out["languages"].len(), out["attributes"].len()), (4, 4));
    assert_eq!(one("taxonomy_terms", "code", "103-02")["taxonomy"], "Open Eligibility");
}

#[tokio::test]
async fn an_export_imported_elsewhere_exports_the_same_bytes() {
    let network = Network::start().await;
    import(&network, &county()).await;
    made_here(&network).await;
    let out = export(&network).await;
    let elsewhere = Network::start().await;
    let done = import(&elsewhere, &out).await;
    assert_eq!((done.organizations, done.rejection_count), (10, 0), "{:?}", done.rejections);
    assert_eq!(export(&elsewhere).await, out);
    let beds = &find(&elsewhere, "beds").await;
    let beds = beds.iter().find(|s| s.display_name == "Beds").unwrap();
    assert_eq!(beds.need_categories, ["102", "103-02"]);
    let capacity = beds.capacity.as_ref().unwrap();
    // Who stated it there is not known here.
    assert_eq!((capacity.available, capacity.maximum, &*capacity.reported_by), (3, 5, ""));
}

#[tokio::test]
async fn an_export_that_comes_back_changes_nothing() {
    let network = Network::start().await;
    import(&network, &county()).await;
    made_here(&network).await;
    let out = export(&network).await;
    // Terms and units that were made of our own words come as a list of nobody's, once.
    import(&network, &out).await;
    assert_eq!(agencies(&network).await.len(), 10);
    let before = everything(&mut network.look().await).await;
    import(&network, &out).await;
    assert_eq!(everything(&mut network.look().await).await, before);
    assert_eq!(export(&network).await, out);
}

#[tokio::test]
async fn what_the_source_no_longer_has_is_gone_from_the_export() {
    let network = Network::start().await;
    let mut files = county();
    import(&network, &files).await;
    leave_out(&mut files, "phones", "650 780-7525");
    replace(&mut files, "services", "Passport Photos", "Passport Pictures");
    import(&network, &files).await;
    assert_eq!(tables(&export(&network).await), tables(&files));
    // An organization that is refused stays as it was.
    let before = export(&network).await;
    replace(&mut files, "organizations", "Peninsula Family Service,", "Renamed Family Service,");
    replace(&mut files, "locations", "37.477227", "north");
    import(&network, &files).await;
    assert_eq!(export(&network).await, before);
}

#[tokio::test]
async fn of_a_location_of_several_the_newest_row_is_exported_once() {
    let network = Network::start().await;
    let files = |name: &str, good: &str| {
        Files::from([
            table("organizations", format!("id,name,email\na,A,{good}\nb,B,\n")),
            table("services", "id,organization_id,name,status\ns,a,S,active\nt,b,T,active\n"),
            table(
                "locations",
                format!("id,organization_id,location_type,name\nl,a,physical,{name}\n"),
            ),
            table("service_at_location", "id,service_id,location_id\nx,s,l\ny,t,l\n"),
        ])
    };
    import(&network, &files("Old", "")).await;
    // A is refused now, and keeps what it had.
    let done = import(&network, &files("New", "nobody")).await;
    assert_eq!((done.organizations, done.organizations_refused), (1, 1));
    let out = tables(&export(&network).await);
    let names: Vec<_> = out["locations"].iter().map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["New"]);
}

/// Larger than a few chunks, and more rows than are read at once.
fn large() -> Files {
    let mut organizations = String::from("id,name,description\n");
    for n in 0..400 {
        let about = format!("{n} ").repeat(2_500);
        organizations += &format!("o{n},Organization {n},\"{about}\"\n");
    }
    let mut terms = String::from("id,name\n");
    for n in 0..4_500 {
        terms += &format!("t{n},Term {n}\n");
    }
    Files::from([table("organizations", organizations), table("taxonomy_terms", terms)])
}

#[tokio::test]
async fn an_export_is_resumed_after_any_chunk_without_a_gap_or_a_repeat() {
    let network = Network::start().await;
    let files = large();
    import(&network, &files).await;
    let whole = after(network.admin(), "").await;
    assert!(whole.len() > 4, "{}", whole.len());
    assert_eq!(tables(&join(&whole)), tables(&files));
    for (n, chunk) in whole.iter().enumerate() {
        let rest = after(network.admin(), &chunk.cursor).await;
        let resumed: Vec<_> = whole[..=n].iter().cloned().chain(rest).collect();
        assert_eq!(join(&resumed), join(&whole), "after chunk {n}");
    }
}

#[tokio::test]
async fn json_is_resumed_after_any_chunk_and_a_cursor_is_of_its_format() {
    let network = Network::start().await;
    import(&network, &large()).await;
    let whole = chunks(network.admin(), "", DirectoryFormat::Json).await;
    assert!(whole.len() > 4, "{}", whole.len());
    for (n, chunk) in whole.iter().enumerate() {
        let rest = chunks(network.admin(), &chunk.cursor, DirectoryFormat::Json).await;
        let resumed: Vec<_> = whole[..=n].iter().cloned().chain(rest).collect();
        assert_eq!(join(&resumed), join(&whole), "after chunk {n}");
    }
    let objects: Vec<serde_json::Value> =
        serde_json::from_slice(&join(&whole)["organizations"]).unwrap();
    assert_eq!(objects.len(), 400);
    let asked = ExportDirectoryRequest { cursor: whole[0].cursor.clone(), ..Default::default() };
    let refused = network.admin().export_directory(asked).await.unwrap_err();
    assert_eq!(told(&refused), (Code::OutOfRange, "CURSOR_EXPIRED".into()));
}

/// As HSDS nests it, with what stands in several places, and as a page.
const NESTED: &str = r#"{"contents": [{
    "id": "o", "name": "One", "description": "About", "year_incorporated": 2011, "legal_status": null,
    "additional_websites": [{"id": "w", "url": "https://example.org"}],
    "funding": [{"id": "f", "source": "The county"}],
    "phones": [{"id": "p", "number": "555 0100", "extension": 100,
        "languages": [{"id": "g", "code": "es"}]}],
    "programs": [{"id": "m", "name": "Shelter"}],
    "organization_identifiers": [{"id": "i", "identifier_type": "EIN", "identifier": "12"}],
    "locations": [{"id": "l", "location_type": "physical", "latitude": 37.5, "longitude": -122,
        "addresses": [{"id": "a", "address_1": "1 Main", "city": "C", "state_province": "CA",
            "postal_code": "94000", "country": "US", "address_type": "physical"}],
        "phones": [{"id": "p", "number": "555 0100"}]}],
    "services": [{
        "id": "s", "name": "Beds", "status": "active", "minimum_age": 12, "shoe_size": 44,
        "program": {"id": "n", "name": "Nights"},
        "capacities": [{"id": "c", "available": 3, "updated": "2026-01-31T09:00:00Z",
            "unit": {"id": "u", "name": "bed"}}],
        "service_at_locations": [{"id": "x", "location": {
            "id": "l", "location_type": "physical", "phones": [{"id": "p", "number": "555 0100"}]}}],
        "attributes": [{"id": "t", "link_entity": "link_entity", "taxonomy_term": {
            "id": "b", "code": "103-02", "name": "Shelter",
            "taxonomy_detail": {"id": "e", "name": "Open Eligibility"}}}]
    }]
}]}"#;

#[tokio::test]
async fn nested_json_is_the_same_as_its_tables() {
    let network = Network::start().await;
    let done = import_json(&network, &Files::from([table("organizations", NESTED)])).await;
    assert_eq!((done.services, done.locations, done.rejection_count), (1, 1, 0), "{done:?}");
    let expected = Files::from([
        table(
            "organizations",
            "id,name,description,year_incorporated
o,One,About,2011
",
        ),
        table(
            "organization_identifiers",
            "id,organization_id,identifier_type,identifier
i,o,EIN,12
",
        ),
        table(
            "taxonomies",
            "id,name
e,Open Eligibility
",
        ),
        table(
            "taxonomy_terms",
            "id,code,name,taxonomy_id
b,103-02,Shelter,e
",
        ),
        table(
            "units",
            "id,name
u,bed
",
        ),
        table(
            "programs",
            "id,organization_id,name
m,o,Shelter
n,o,Nights
",
        ),
        table(
            "services",
            "id,organization_id,program_id,name,status,minimum_age
s,o,n,Beds,active,12
",
        ),
        table(
            "service_at_location",
            "id,service_id,location_id
x,s,l
",
        ),
        table(
            "locations",
            "id,location_type,organization_id,latitude,longitude
l,physical,o,37.5,-122
",
        ),
        table(
            "addresses",
            "id,location_id,address_1,city,state_province,postal_code,country,address_type\n\
             a,l,1 Main,C,CA,94000,US,physical\n",
        ),
        table(
            "phones",
            "id,organization_id,location_id,number,extension
p,o,l,555 0100,100
",
        ),
        table(
            "languages",
            "id,phone_id,code
g,p,es
",
        ),
        table(
            "funding",
            "id,organization_id,source
f,o,The county
",
        ),
        table(
            "service_capacities",
            "id,service_id,unit_id,available,updated
c,s,u,3,2026-01-31T09:00:00Z
",
        ),
        table(
            "urls",
            "id,url,organization_id
w,https://example.org,o
",
        ),
        table(
            "attributes",
            "id,link_id,link_entity,taxonomy_term_id
t,s,services,b
",
        ),
    ]);
    assert_eq!(tables(&export(&network).await), tables(&expected));
    let beds = find(&network, "beds").await.remove(0);
    assert_eq!(beds.need_categories, ["103-02"]);
    assert_eq!(beds.capacity.unwrap().available, 3);
}

#[tokio::test]
async fn json_that_contradicts_itself_or_is_none_is_refused() {
    let network = Network::start().await;
    let twice = r#"[{"id": "o", "name": "One", "phones": [{"id": "p", "number": "555 0100"}],
        "contacts": [{"id": "c", "phones": [{"id": "p", "number": "555 0199"}]}]},
        {"id": "q", "name": "Two\u0000"}, {"id": "r", "name": "Three"}]"#;
    let done = import_json(&network, &Files::from([table("organizations", twice)])).await;
    assert_eq!((done.organizations, done.organizations_refused), (1, 2), "{done:?}");
    let told: Vec<_> = done.rejections.iter().map(|r| (&*r.table, &*r.column)).collect();
    assert_eq!(told, [("organizations", "name"), ("phones", "id"), ("phones", "id")]);
    let deep = r#"[{"services":"#.repeat(50_000);
    let broken = [
        " ",
        "[",
        r#"{"id": 1"#,
        "[1]",
        r#""o""#,
        r#"[{"id": "o"}] x"#,
        r#"[{"phones": [1]}]"#,
        &deep,
    ];
    for bad in broken {
        let done = import_json(&network, &Files::from([table("organizations", bad)])).await;
        assert_eq!((done.organizations, done.rejection_count), (0, 1), "{bad:.20}");
        assert!(done.rejections[0].reason.contains("JSON objects"), "{bad:.20}");
    }
}

#[tokio::test]
async fn a_row_as_large_as_a_record_may_be_comes_back_in_a_chunk_of_its_own() {
    let network = Network::start().await;
    let area = |bytes: usize| {
        let (extent, about) = ("é".repeat(500_000), "é".repeat(20_000));
        let row = |name: usize| format!("a,s,,{},{about},{extent},,\r\n", "n".repeat(name));
        let row = row(bytes - row(0).len());
        let names = "id,service_id,service_at_location_id,name,description,extent,extent_type,uri";
        Files::from([
            table("organizations", "id,name\no,One\n"),
            table("services", "id,organization_id,name,status\ns,o,Beds,active\n"),
            table("service_areas", format!("{names}\r\n{row}")),
        ])
    };
    let done = import(&network, &area(CHUNK + 1)).await;
    assert_eq!((done.organizations, done.rejection_count), (0, 1));
    assert_eq!(done.rejections[0].reason, "the row is too long");
    let files = area(CHUNK);
    assert_eq!(import(&network, &files).await.organizations, 1);
    let chunks = after(network.admin(), "").await;
    let sizes: Vec<_> = chunks
        .iter()
        .filter(|c| c.table == "service_areas")
        .map(|chunk| chunk.data.len())
        .collect();
    assert_eq!((sizes.len(), sizes[1]), (2, CHUNK));
    assert_eq!(join(&chunks)["service_areas"], files["service_areas"]);
    let rest = after(network.admin(), &chunks[chunks.len() - 2].cursor).await;
    assert_eq!(rest.iter().map(|c| c.data.len()).collect::<Vec<_>>(), [CHUNK]);
}

#[tokio::test]
async fn what_changes_meanwhile_is_told_as_it_is_when_its_chunk_is_made() {
    let network = Network::start().await;
    let mut files = large();
    import(&network, &files).await;
    let asked = ExportDirectoryRequest::default();
    let mut stream = network.admin().export_directory(asked).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    drop(stream);
    let sent = rows(&first.data);
    // Of a row that was sent, and of one that was not; one more, and one less.
    replace(&mut files, "organizations", "Organization 0,", "Renamed 0,");
    replace(&mut files, "organizations", "Organization 99,", "Renamed 99,");
    replace(&mut files, "taxonomy_terms", "Term 44\n", "Word 44\n");
    files.get_mut("organizations").unwrap().extend(b"zz,Last,\n");
    import(&network, &files).await;
    let rest = after(network.admin(), &first.cursor).await;
    let mut all = vec![first];
    all.extend(rest);
    let out = tables(&join(&all));
    let names: BTreeMap<&str, &str> =
        out["organizations"].iter().map(|row| (&*row["id"], &*row["name"])).collect();
    assert_eq!((names.len(), out["organizations"].len()), (401, 401));
    assert!(sent.iter().any(|row| row["id"] == "o0"));
    assert_eq!((names["o0"], names["o99"], names["zz"]), ("Organization 0", "Renamed 99", "Last"));
    assert!(out["taxonomy_terms"].iter().any(|row| row["name"] == "Word 44"));
}

#[tokio::test]
async fn only_a_network_administrator_exports_and_only_from_their_own_cursor() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let asked = ExportDirectoryRequest::default();
    let mut staff = network.staff(&clinic.name, Role::AgencyAdmin);
    let refused = staff.export_directory(asked).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let cursor = after(network.admin(), "").await.remove(0).cursor;
    for (mut client, cursor) in [
        (network.other_admin(), cursor.clone()),
        (network.admin(), format!("{cursor}A")),
        (network.admin(), "AAAA".into()),
    ] {
        let refused = client
            .export_directory(ExportDirectoryRequest { cursor, ..Default::default() })
            .await
            .unwrap_err();
        assert_eq!(told(&refused), (Code::OutOfRange, "CURSOR_EXPIRED".into()));
    }
    assert!(after(network.admin(), &cursor).await.is_empty());
}

#[tokio::test]
async fn an_export_is_on_record_before_its_first_row() {
    let network = Network::start().await;
    network.agency("Clinic").await;
    let head = network.ledger.head().await.unwrap();
    let asked = ExportDirectoryRequest::default();
    let mut stream = network.admin().export_directory(asked).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    let events = network.ledger.follow(head, 10).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    let [(_, event)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(&*event.rpc, "trellis.directory.v1.DirectoryService/ExportDirectory");
    assert_eq!((&*event.caller.kind, event.action), ("NETWORK", kernel::Action::Read));
}
