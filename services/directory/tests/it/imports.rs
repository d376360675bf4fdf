use std::collections::BTreeMap;

use kernel::Role;
use sqlx::PgConnection;
use tonic::{Code, Status};
use wire::{
    common::v1::Sector,
    directory::v1::{
        Agency, AgencyStatus, DirectoryFormat, GetServiceRequest, ImportDirectoryRequest,
        ImportDirectoryResponse, ListAgenciesRequest, SearchServicesRequest, Service,
        SuspendAgencyRequest,
    },
};

use crate::support::{Client, Network, fields, request_id};

/// Tables by name, as bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

const TABLES: &[&str] = &[
    "agency",
    "agency_binding",
    "service",
    "location",
    "service_at_location",
    "address",
    "phone",
    "language",
    "taxonomy_term",
    "attribute",
    "detail",
    "hsds_row",
    "counter",
    "ledger_head",
];

pub fn county() -> Files {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hsds-san-mateo");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

/// In chunks of an odd size, the tables' chunks in turns.
fn chunks(files: &Files, size: usize) -> Vec<ImportDirectoryRequest> {
    written(files, size, DirectoryFormat::Unspecified)
}

fn written(files: &Files, size: usize, format: DirectoryFormat) -> Vec<ImportDirectoryRequest> {
    let format = format.into();
    let mut turns = BTreeMap::<usize, Vec<ImportDirectoryRequest>>::new();
    for (table, bytes) in files {
        for (turn, data) in bytes.chunks(size).enumerate() {
            let chunk =
                ImportDirectoryRequest { table: table.clone(), data: data.to_vec(), format };
            turns.entry(turn).or_default().push(chunk);
        }
    }
    turns.into_values().flatten().collect()
}

async fn send(
    mut client: Client,
    chunks: Vec<ImportDirectoryRequest>,
) -> Result<ImportDirectoryResponse, Status> {
    client.import_directory(tokio_stream::iter(chunks)).await.map(|r| r.into_inner())
}

pub async fn import(network: &Network, files: &Files) -> ImportDirectoryResponse {
    send(network.admin(), chunks(files, 1_021)).await.unwrap()
}

pub async fn import_json(network: &Network, files: &Files) -> ImportDirectoryResponse {
    send(network.admin(), written(files, 1_021, DirectoryFormat::Json)).await.unwrap()
}

pub async fn agencies(network: &Network) -> Vec<Agency> {
    let all = network.admin().list_agencies(ListAgenciesRequest::default()).await.unwrap();
    all.into_inner().agencies
}

pub async fn find(network: &Network, text: &str) -> Vec<Service> {
    let asked = SearchServicesRequest { page_size: 200, text: text.into(), ..Default::default() };
    network.admin().search_services(asked).await.unwrap().into_inner().services
}

/// Every row of every table, and where it physically stands: a row that was written anew, even as
/// the same, stands elsewhere.
pub async fn everything(conn: &mut PgConnection) -> Vec<String> {
    let mut all = Vec::new();
    for table in TABLES {
        let sql = format!("SELECT t.ctid::text || t::text FROM {table} t ORDER BY 1");
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *conn).await.unwrap();
        all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    all
}

pub async fn count(conn: &mut PgConnection, rows: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {rows}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(conn).await.unwrap()
}

/// Changes a cell's text wherever it stands in a table.
pub fn replace(files: &mut Files, table: &str, from: &str, to: &str) {
    let text = String::from_utf8(files[table].clone()).unwrap();
    assert!(text.contains(from), "{from}");
    files.insert(table.to_owned(), text.replace(from, to).into_bytes());
}

/// Leaves out the lines with this text.
pub fn leave_out(files: &mut Files, table: &str, with: &str) {
    let text = String::from_utf8(files[table].clone()).unwrap();
    assert!(text.contains(with), "{with}");
    let rest: Vec<&str> = text.lines().filter(|line| !line.contains(with)).collect();
    files.insert(table.to_owned(), rest.join("\n").into_bytes());
}

#[tokio::test]
async fn a_county_imports_whole() {
    let network = Network::start().await;
    let done = import(&network, &county()).await;
    assert_eq!((done.organizations, done.services, done.locations), (8, 23, 22));
    assert_eq!((done.organizations_refused, done.rejection_count), (0, 0));
    let all = agencies(&network).await;
    assert_eq!(all.len(), 8);
    for agency in &all {
        assert_eq!((agency.sector(), agency.status()), (Sector::Other, AgencyStatus::Active));
        assert!(!agency.part2_program && !agency.covered_entity && !agency.victim_service_provider);
    }
    // Nobody speaks for it.
    let refused = network
        .staff(&all[0].name, Role::AgencyAdmin)
        .list_agencies(ListAgenciesRequest::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);

    // One is defunct and one inactive: they are there, and no search offers them.
    assert_eq!(find(&network, "").await.len(), 21);
    assert!(find(&network, "service with blank fields").await.is_empty());
    let passports = &find(&network, "passport photos").await[0];
    assert_eq!(passports.languages, ["Spanish"]);
    assert!(!passports.need_categories.is_empty());
    assert!(passports.support_kinds.len() > 1);
    let top = passports.need_categories[0].get(..3).unwrap();
    let asked = SearchServicesRequest { need_category: top.into(), ..Default::default() };
    let below = network.admin().search_services(asked).await.unwrap().into_inner().services;
    assert!(below.iter().any(|s| s.name == passports.name));
}

#[tokio::test]
async fn every_row_of_a_county_that_belongs_to_something_is_kept() {
    let network = Network::start().await;
    let files = county();
    import(&network, &files).await;
    let conn = &mut network.look().await;
    let rows = |table: &str| {
        i64::try_from(csv::Reader::from_reader(&*files[table]).records().count()).unwrap()
    };
    for (file, table) in [
        ("organizations", "agency"),
        ("services", "service"),
        ("locations", "location"),
        ("service_at_location", "service_at_location"),
        ("addresses", "address"),
        ("languages", "language"),
        ("attributes", "attribute"),
    ] {
        assert_eq!(count(conn, table).await, rows(file), "{table}");
    }
    // Six numbers name nobody; terms are kept where they are used.
    assert_eq!(count(conn, "phone").await, rows("phones") - 6);
    assert_eq!(
        count(conn, "taxonomy_term").await,
        count(conn, "(SELECT DISTINCT agency_id, term_source_id FROM attribute) a").await
    );
    let fair_oaks: (f64, f64, String) = sqlx::query_as(
        "SELECT l.latitude, l.longitude, a.address_1 FROM location l JOIN address a
         ON a.agency_id = l.agency_id AND a.location_source_id = l.source_id
         WHERE l.name = 'Fair Oaks Adult Activity Center'",
    )
    .fetch_one(conn)
    .await
    .unwrap();
    assert_eq!(fair_oaks, (37.477227, -122.213221, "2600 Middlefield Road".into()));
}

#[tokio::test]
async fn the_same_county_again_changes_nothing_at_all() {
    let network = Network::start().await;
    let files = county();
    let first = import(&network, &files).await;
    let before = everything(&mut network.look().await).await;
    network.clock.advance(time::Duration::minutes(10));
    assert_eq!(import(&network, &files).await, first);
    assert_eq!(everything(&mut network.look().await).await, before);
}

#[tokio::test]
async fn an_import_is_on_record_once_for_each_organization_that_it_changed() {
    let network = Network::start().await;
    let mut files = county();
    import(&network, &files).await;
    // And once for the lists that are nobody's.
    assert_eq!(network.ledger.head().await.unwrap(), 9);
    replace(&mut files, "organizations", "Redwood City Public Library", "City Library");
    import(&network, &files).await;
    let events = network.ledger.follow(9, 10).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    assert_eq!(events.len(), 1);
    let library = agencies(&network).await.into_iter().find(|a| a.display_name == "City Library");
    assert_eq!(format!("agencies/{}", events[0].1.records[0]), library.unwrap().name);
}

#[tokio::test]
async fn what_changed_at_the_source_changes_here_and_keeps_its_id() {
    let network = Network::start().await;
    let mut files = county();
    import(&network, &files).await;
    let before = agencies(&network).await;
    let passports = find(&network, "passport photos").await.remove(0);
    let beds = find(&network, "adult rehabilitation center").await.remove(0);

    replace(&mut files, "organizations", "Peninsula Volunteers,", "Volunteers of the Peninsula,");
    replace(&mut files, "services", "Passport Photos", "Passport Pictures");
    leave_out(&mut files, "phones", "650 780-7525");
    import(&network, &files).await;

    let after = agencies(&network).await;
    let old = before.iter().find(|a| a.display_name == "Peninsula Volunteers").unwrap();
    let new = after.iter().find(|a| a.name == old.name).unwrap();
    assert_eq!(new.display_name, "Volunteers of the Peninsula");
    assert_ne!(new.etag, old.etag);
    let same = |agency: &&Agency| after.contains(agency);
    assert_eq!(before.iter().filter(same).count(), 7);
    assert_eq!(find(&network, "passport pictures").await[0].name, passports.name);
    assert_eq!(find(&network, "adult rehabilitation center").await[0], beds);
    let conn = &mut network.look().await;
    assert_eq!(count(conn, "phone WHERE gone AND number = '650 780-7525'").await, 1);
    assert_eq!(count(conn, "phone WHERE gone").await, 1);
}

#[tokio::test]
async fn a_service_that_the_source_left_out_is_no_longer_found_but_is_still_there() {
    let network = Network::start().await;
    let whole = county();
    import(&network, &whole).await;
    let passports = find(&network, "passport photos").await.remove(0);
    let mut files = whole.clone();
    for status in ["active", "inactive"] {
        let text = String::from_utf8(whole["services"].clone()).unwrap();
        let line = text.lines().find(|line| line.contains("Passport Photos")).unwrap();
        replace(&mut files, "services", line, &line.replace(",active,", &format!(",{status},")));
    }
    import(&network, &files).await;
    assert!(find(&network, "passport photos").await.is_empty());
    let asked = GetServiceRequest { name: passports.name.clone() };
    let read = network.admin().get_service(asked).await.unwrap().into_inner().service.unwrap();
    assert_eq!(read.display_name, passports.display_name);
    import(&network, &whole).await;
    assert_eq!(find(&network, "passport photos").await[0].name, passports.name);
}

#[tokio::test]
async fn an_import_leaves_a_suspension_alone() {
    let network = Network::start().await;
    let mut files = county();
    import(&network, &files).await;
    let library =
        agencies(&network).await.into_iter().find(|a| a.display_name.contains("Library")).unwrap();
    let suspend = SuspendAgencyRequest {
        request_id: request_id(),
        name: library.name.clone(),
        reason: "an audit".into(),
    };
    network.admin().suspend_agency(suspend).await.unwrap();
    replace(&mut files, "organizations", "Redwood City Public Library", "City Library");
    import(&network, &files).await;
    let now = agencies(&network).await.into_iter().find(|a| a.name == library.name).unwrap();
    assert_eq!((&*now.display_name, now.status()), ("City Library", AgencyStatus::Suspended));
}

#[tokio::test]
async fn a_damaged_copy_is_refused_row_by_row_and_whole_organizations_import() {
    let network = Network::start().await;
    let mut files = county();
    // Of two organizations.
    replace(&mut files, "locations", "37.477227", "north");
    replace(&mut files, "services", "Passport Photos", "");
    let done = import(&network, &files).await;
    assert_eq!((done.organizations, done.organizations_refused), (6, 2));
    let rows: Vec<_> = done.rejections.iter().map(|r| (&*r.table, &*r.column)).collect();
    assert_eq!(rows, [("services", "name"), ("locations", "latitude")]);
    assert_eq!(done.rejection_count, 2);
    for row in &done.rejections {
        let text = String::from_utf8(files[&row.table].clone()).unwrap();
        assert!(row.line > 1 && row.line <= text.lines().count() as i64, "{row:?}");
        assert!(!row.reason.is_empty() && !row.reason.contains("north"), "{row:?}");
    }
    assert_eq!(agencies(&network).await.len(), 6);
    let conn = &mut network.look().await;
    let strays = "location l WHERE NOT EXISTS (SELECT FROM agency a WHERE a.id = l.agency_id)";
    assert_eq!(count(conn, strays).await, 0);
    // The rest comes with the whole copy; what is there stays as it is.
    let six = agencies(&network).await;
    assert_eq!(import(&network, &county()).await.organizations, 8);
    let eight = agencies(&network).await;
    assert!(eight.len() == 8 && six.iter().all(|agency| eight.contains(agency)));
}

#[tokio::test]
async fn an_organization_that_is_refused_stays_as_it_was() {
    let network = Network::start().await;
    let mut files = county();
    import(&network, &files).await;
    let before = everything(&mut network.look().await).await;
    replace(&mut files, "organizations", "Peninsula Family Service,", "Renamed Family Service,");
    replace(&mut files, "locations", "37.477227", "north");
    let done = import(&network, &files).await;
    assert_eq!((done.organizations, done.organizations_refused), (7, 1));
    assert_eq!(everything(&mut network.look().await).await, before);
}

#[tokio::test]
async fn a_unit_is_imported_with_its_parent_whatever_their_order() {
    let network = Network::start().await;
    let table = "id,name,parent_organization_id\nu,Unit,p\np,Parent,g\ng,Grand,\n";
    let files = Files::from([("organizations".into(), table.into())]);
    let done = import(&network, &files).await;
    assert_eq!(done.organizations, 3, "{done:?}");
    let all = agencies(&network).await;
    let named = |name: &str| all.iter().find(|a| a.display_name == name).unwrap();
    assert_eq!(named("Unit").parent, named("Parent").name);
    assert_eq!(named("Parent").parent, named("Grand").name);
    assert_eq!(named("Grand").parent, "");
}

#[tokio::test]
async fn what_an_agency_said_of_its_capacity_stands_against_older_news() {
    let network = Network::start().await;
    let at = |available: u32, updated: &str| {
        Files::from([
            ("organizations".into(), "id,name\no,Homes\n".into()),
            ("services".into(), "id,organization_id,name,status\ns,o,Beds,active\n".into()),
            ("units".into(), "id,name\nu,bed\n".into()),
            (
                "service_capacities".into(),
                format!("id,service_id,unit_id,available,updated\nc,s,u,{available},{updated}\n")
                    .into_bytes(),
            ),
        ])
    };
    let stated = async |available, updated: &str| {
        let done = import(&network, &at(available, updated)).await;
        assert_eq!(done.services, 1, "{done:?}");
        find(&network, "beds").await.remove(0).capacity.map(|c| c.available)
    };
    assert_eq!(stated(3, "2026-02-01T00:00:00Z").await, Some(3));
    assert_eq!(stated(2, "2026-01-01T00:00:00Z").await, Some(3));
    assert_eq!(stated(0, "2026-02-02T00:00:00Z").await, Some(0));
    // The clock stands at 2026-03-01: what is said as of later is not known yet.
    assert_eq!(stated(9, "2027-01-01T00:00:00Z").await, Some(0));
}

#[tokio::test]
async fn texts_longer_than_the_contract_are_shown_cut_and_kept_whole() {
    let network = Network::start().await;
    let (name, about) = ("n".repeat(300), "d".repeat(3_000));
    let table = format!("id,name,description\no,{name},{about}\n");
    import(&network, &Files::from([("organizations".into(), table.into_bytes())])).await;
    let shown = agencies(&network).await.remove(0);
    assert_eq!((shown.display_name.len(), shown.description.len()), (200, 2_000));
    let kept: serde_json::Value = sqlx::query_scalar("SELECT published FROM agency")
        .fetch_one(&mut network.look().await)
        .await
        .unwrap();
    assert_eq!((&kept["name"], &kept["description"]), (&name.into(), &about.into()));
}

#[tokio::test]
async fn a_row_that_names_two_owners_is_kept_once() {
    let network = Network::start().await;
    let table = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    let files = Files::from([
        table("organizations", "id,name\no,One\n"),
        table("services", "id,organization_id,name,status\ns,o,Beds,active\n"),
        table("locations", "id,organization_id,location_type\nl,o,physical\n"),
        table("contacts", "id,organization_id,service_id,name\nc,o,s,Desk\n"),
        table("phones", "id,service_id,location_id,contact_id,number\np,s,l,c,555 0100\n"),
        table("languages", "id,service_id,location_id,phone_id,name\nx,s,l,p,Spanish\n"),
        table("schedules", "id,service_id,location_id,byday\nw,s,l,MO\n"),
    ]);
    let done = import(&network, &files).await;
    assert_eq!((done.organizations, done.rejection_count), (1, 0));
    let conn = &mut network.look().await;
    for (rows, owner) in [
        ("phone", "contact"),
        ("language", "phone"),
        ("detail WHERE kind = 'contacts'", "organization"),
        ("detail WHERE kind = 'schedules'", "service"),
    ] {
        let sql = format!("SELECT string_agg(owner_kind, ' ') FROM {rows}");
        let owners: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut *conn).await.unwrap();
        assert_eq!(owners, owner, "{rows}");
    }
    let before = everything(conn).await;
    import(&network, &files).await;
    assert_eq!(everything(conn).await, before);
}

#[tokio::test]
async fn two_imports_of_one_county_at_once_make_it_once() {
    let network = Network::start().await;
    let replica = network.replica().await;
    let files = county();
    // A process takes one at a time: these are two.
    let (one, two) = tokio::join!(import(&network, &files), import(&replica, &files));
    assert_eq!(one, two);
    assert_eq!(agencies(&network).await.len(), 8);
    assert_eq!(count(&mut network.look().await, "service").await, 23);
}

#[tokio::test]
async fn an_upload_that_is_no_directory_is_refused_by_name() {
    let network = Network::start().await;
    let chunk = |table: &str, size: usize| ImportDirectoryRequest {
        table: table.into(),
        data: vec![b'x'; size],
        ..Default::default()
    };
    let unknown = send(network.admin(), vec![chunk("organizations", 1), chunk("people", 1)]).await;
    let unknown = unknown.unwrap_err();
    assert_eq!(fields(&unknown), ["table"]);
    use tonic_types::StatusExt as _;
    let details = unknown.get_error_details();
    let why = &details.bad_request().unwrap().field_violations[0].description;
    assert_eq!(why, "not a table of HSDS that is imported");
    let both = send(network.admin(), vec![chunk("../x", (1 << 20) + 1)]).await.unwrap_err();
    assert_eq!(fields(&both), ["data", "table"]);
    let large = (0..65).map(|_| chunk("organizations", 1 << 20)).collect();
    assert_eq!(fields(&send(network.admin(), large).await.unwrap_err()), ["data"]);
    let nothing = send(network.admin(), vec![]).await.unwrap();
    assert_eq!((nothing.organizations, nothing.rejection_count), (0, 1));
    assert_eq!(nothing.rejections[0].table, "organizations");
    let garbage = send(network.admin(), vec![chunk("organizations", 1 << 20)]).await.unwrap();
    assert_eq!(garbage.organizations, 0);
    assert!(garbage.rejection_count > 0);
    // And the next good one works.
    assert_eq!(import(&network, &county()).await.organizations, 8);
}

#[tokio::test]
async fn only_a_network_administrator_imports() {
    let network = Network::start().await;
    let clinic = network.agency("Clinic").await;
    let staff = network.staff(&clinic.name, Role::AgencyAdmin);
    let refused = send(staff, chunks(&county(), 4_096)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(agencies(&network).await.len(), 1);
}
