//! `trellis import consents`, from paper to the consent service.

use std::{fs, path::Path};

use client::{Client, TokenSource};
use kernel::{Clock as _, SystemClock};
use wire::{
    common::v1::{Identifier, Sector},
    consent::v1::{Consent, ConsentStatus, ListConsentsRequest, SignatureMethod},
    directory::v1::{AgencyBinding, RegisterAgencyRequest},
    people::v1::RegisterPersonRequest,
};

use crate::support::{Ended, Up, folder, run, trellis};

const SAMPLE: &str = include_str!("../../data/paper-consents.csv");

/// A clinic with two people, and an agency for housing.
struct County {
    up: Up,
    clinic: String,
    housing: String,
    people: Vec<String>,
}

impl County {
    async fn start(data: &Path) -> Self {
        let up = Up::start(data, &[]).await;
        let admin = up.token(&["--kind", "network", "--role", "NETWORK_ADMIN"]);
        let admin = bearer(&up, &admin).await;
        let clinic = agency(&admin, "Rivergate", Sector::Healthcare).await;
        let housing = agency(&admin, "Harbor Homes", Sector::Housing).await;
        let mut county = Self { up, clinic, housing, people: Vec::new() };
        let staff = bearer(&county.up, &county.staff("CASE_MANAGER")).await;
        for given in ["Ana", "Jordan"] {
            county.people.push(person(&staff, given, "1988-04-17").await);
        }
        county
    }

    fn staff(&self, role: &str) -> String {
        self.up.token(&[
            "--kind",
            "staff",
            "--agency",
            &self.clinic,
            "--client",
            "demo",
            "--role",
            role,
        ])
    }

    /// The sample, about those who are here.
    fn sample(&self) -> String {
        let place = |kind: &str, n: &str| format!("{kind}/00000000-0000-4000-8000-0000000000{n}");
        SAMPLE
            .replace(&place("agencies", "a1"), &self.clinic)
            .replace(&place("agencies", "a2"), &self.housing)
            .replace(&place("people", "01"), &self.people[0])
            .replace(&place("people", "02"), &self.people[1])
    }

    fn import(&self, file: &Path, role: &str) -> Ended {
        let mut command = trellis();
        command.args(["import", "consents"]).arg(file).arg("--server").arg(self.up.url());
        run(command.env("TRELLIS_TOKEN", self.staff(role)))
    }

    /// The consents of one of the people, as the clinic sees them, oldest first.
    async fn on_file(&self, person: usize) -> Vec<Consent> {
        let staff = bearer(&self.up, &self.staff("CASE_MANAGER")).await;
        let person = self.people[person].clone();
        let request = ListConsentsRequest { person, ..Default::default() };
        let mut found =
            staff.consents().list_consents(request).await.unwrap().into_inner().consents;
        found.sort_by_key(|consent| consent.signed_time.unwrap().seconds);
        found
    }
}

async fn bearer(up: &Up, token: &str) -> Client {
    Client::connect(&up.url(), TokenSource::fixed(token)).await.unwrap()
}

async fn agency(admin: &Client, display_name: &str, sector: Sector) -> String {
    let request = RegisterAgencyRequest {
        request_id: client::request_id(),
        display_name: display_name.to_owned(),
        sector: sector.into(),
        bindings: vec![AgencyBinding {
            issuer: identity::DEV_ISSUER.to_owned(),
            client_ids: vec!["demo".to_owned()],
        }],
        covered_entity: true,
        ..Default::default()
    };
    let reply = admin.directory().register_agency(request).await.unwrap().into_inner();
    reply.agency.unwrap().name
}

async fn person(staff: &Client, given_name: &str, birth_date: &str) -> String {
    let request = RegisterPersonRequest {
        request_id: client::request_id(),
        identifiers: vec![Identifier {
            system: "https://rivergate.example/mrn".to_owned(),
            value: given_name.to_owned(),
        }],
        given_name: given_name.to_owned(),
        family_name: "Rivera".to_owned(),
        birth_date: birth_date.to_owned(),
        ..Default::default()
    };
    let reply = staff.people().register_person(request).await.unwrap().into_inner();
    reply.person.unwrap().name
}

#[tokio::test(flavor = "multi_thread")]
async fn paper_consents_are_recorded_once_and_each_refused_row_is_named() {
    let dir = folder();
    let county = County::start(&dir.path().join("data")).await;
    let file = dir.path().join("paper.csv");
    fs::write(&file, county.sample()).unwrap();
    let first = county.import(&file, "CASE_MANAGER");
    assert_eq!(first.code, Some(0), "{}{}", first.out, first.err);
    assert_eq!(first.out, "3 consents on record; 0 rows refused\n");
    let on_file = county.on_file(1).await;
    assert_eq!(on_file.len(), 2);
    assert_eq!(on_file[0].status(), ConsentStatus::Active);
    assert_eq!(on_file[0].signature_method(), SignatureMethod::WetInk);
    assert_eq!(on_file[0].language, "es");
    assert_eq!(on_file[0].recorded_agency, county.clinic);
    let witness = on_file[0].recorded_signature.as_ref().map(|paper| paper.witness.clone());
    assert_eq!(witness.as_deref(), Some("R. Stone, front desk"));

    let stranger = "people/00000000-0000-4000-8000-00000000ffff";
    let good = county.sample();
    let row = good.lines().nth(1).unwrap();
    let bad = [
        row.replace("GENERAL", "BLANKET").replace("2045-03-01T00:00:00Z", "2045"),
        row.replace(&county.people[0], stranger),
        row.replace("R. Stone, front desk", "").replace("2045", "2025"),
        row.replace("RIGHT_TO_REVOKE", ""),
        row.replace(&format!(",{},COC", county.clinic), &format!(",{},COC", county.housing)),
        "one-cell-alone".to_owned(),
    ];
    fs::write(&file, format!("{good}{}\n", bad.join("\n"))).unwrap();
    let second = county.import(&file, "CASE_MANAGER");
    assert_eq!(second.code, Some(1), "{}{}", second.out, second.err);
    let shown = file.display().to_string();
    let named: Vec<&str> = second.out.lines().filter_map(|l| l.strip_prefix(&shown)).collect();
    let places: Vec<String> =
        named.iter().map(|l| l.split(':').take(3).collect::<Vec<_>>().join(":")).collect();
    let all = [
        ":5:type",
        ":5:expires",
        ":6:person",
        ":7:witness",
        ":8:statements",
        ":9:disclosers",
        ":10:",
    ];
    assert_eq!(places, all, "{}", second.out);
    assert!(second.out.ends_with("3 consents on record; 6 rows refused\n"), "{}", second.out);
    assert!(!second.out.contains("BLANKET") && !second.out.contains("ffff"), "{}", second.out);
    // The good rows were on record already, though the file is another.
    assert_eq!((county.on_file(0).await.len(), county.on_file(1).await.len()), (1, 2));
    assert!(county.on_file(0).await[0].recorded_signature.is_some());

    // What is about the caller stops at once, and in one line.
    let admin = county.import(&file, "AGENCY_ADMIN");
    assert_eq!(admin.code, Some(1));
    assert_eq!(admin.err.lines().count(), 1, "{}", admin.err);
    assert!(admin.err.contains("PermissionDenied"), "{}", admin.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_14_a_parent_signs_on_paper_for_a_child_and_not_for_a_minor_of_twelve() {
    let dir = folder();
    let county = County::start(&dir.path().join("data")).await;
    let staff = bearer(&county.up, &county.staff("CASE_MANAGER")).await;
    let this_year = SystemClock.now().year();
    let mut rows = Vec::new();
    for (name, years, beside) in
        [("Kim", 10, ""), ("Lee", 14, ""), ("Mia", 14, "SELF"), ("Noa", 20, "SELF")]
    {
        let born = format!("{}-01-01", this_year - years);
        let person = person(&staff, name, &born).await;
        let paper = "PARENT,Birth certificate";
        let row = county.sample().lines().nth(1).unwrap().replace(&county.people[0], &person);
        rows.push(format!("{}{paper},{beside}", row.strip_suffix(',').unwrap()));
    }
    let head = format!("{},co_grantor", SAMPLE.lines().next().unwrap());
    let file = dir.path().join("parents.csv");
    fs::write(&file, format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    let done = county.import(&file, "CASE_MANAGER");
    assert!(done.out.ends_with("2 consents on record; 2 rows refused\n"), "{}", done.out);
    let shown = file.display().to_string();
    let named: Vec<&str> = done.out.lines().filter_map(|l| l.strip_prefix(&shown)).collect();
    let places: Vec<&str> = named.iter().filter_map(|l| l.get(..11)).collect();
    assert_eq!(places, [":3:grantor:", ":5:grantor:"], "{}", done.out);
}

#[test]
fn a_file_that_is_none_of_consents_is_one_line() {
    let dir = folder();
    let file = dir.path().join("other.csv");
    let import = || {
        let mut command = trellis();
        command.args(["import", "consents", "--server", "http://127.0.0.1:9", "--token", "x"]);
        run(command.arg(&file))
    };
    import().is_one_line(&["other.csv", "No such file"]);
    fs::write(&file, "id,name\n1,x\n").unwrap();
    import().is_one_line(&["other.csv", "line 1", "no column"]);
    fs::write(&file, SAMPLE.lines().next().unwrap()).unwrap();
    import().is_one_line(&["other.csv", "holds no row"]);
    fs::write(&file, SAMPLE).unwrap();
    import().is_one_line(&["http://127.0.0.1:9"]);
}
