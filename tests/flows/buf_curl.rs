//! `buf curl`, which knows the contract by server reflection alone: JSON in, JSON out.

use std::{path::PathBuf, process::Command};

use serde_json::{Value, json};
use trellis_tests::{Up, trellis};
use uuid::Uuid;

use crate::{run, tool};

/// One network and the tool.
struct Curl {
    buf: PathBuf,
    url: String,
    data: PathBuf,
}

impl Curl {
    /// A token, as `trellis token` prints it.
    fn token(&self, args: &[&str]) -> String {
        let mut command = Command::new(trellis());
        command.arg("token").arg("--data").arg(&self.data).args(args);
        run(&mut command).trim().to_owned()
    }

    fn command(&self, token: &str, rpc: &str, body: &Value) -> Command {
        let mut curl = Command::new(&self.buf);
        curl.args(["curl", "--protocol", "grpc", "--http2-prior-knowledge"]);
        curl.arg("--header").arg(format!("authorization: Bearer {token}"));
        curl.arg("--data").arg(body.to_string()).arg(format!("{}/trellis.{rpc}", self.url));
        curl
    }

    fn call(&self, token: &str, rpc: &str, body: &Value) -> Value {
        let said = run(&mut self.command(token, rpc, body));
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{rpc}: {error}: {said}"))
    }

    /// The gRPC code by which it was refused, as buf prints it.
    fn refused(&self, token: &str, rpc: &str, body: &Value) -> String {
        let output = self.command(token, rpc, body).output().unwrap();
        assert!(!output.status.success(), "{rpc} was served");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let error: Value =
            serde_json::from_str(&said).unwrap_or_else(|_| panic!("{rpc}: not JSON: {said}"));
        error["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn id() -> String {
    Uuid::new_v4().to_string()
}

fn name<'a>(reply: &'a Value, what: &str) -> &'a str {
    reply[what]["name"].as_str().unwrap_or_else(|| panic!("no {what} in {reply}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn buf_curl_refers_accepts_and_reads_by_reflection() {
    let buf = tool("TRELLIS_BUF");
    let up = Up::start().await;
    let url = format!("http://{}", up.addr);
    let curl = Curl { buf, url, data: up.data().to_owned() };
    tokio::task::spawn_blocking(move || play(&curl)).await.unwrap();
}

fn play(curl: &Curl) {
    let admin = curl.token(&["--kind", "network", "--role", "NETWORK_ADMIN"]);
    let register = |title: &str, sector: &str, flag: bool| {
        let agency = json!({
            "requestId": id(), "displayName": title, "sector": sector,
            "part2Program": flag, "coveredEntity": flag,
            "bindings": [{"issuer": "trellis:dev", "clientIds": ["curl"]}],
        });
        let reply = curl.call(&admin, "directory.v1.DirectoryService/RegisterAgency", &agency);
        name(&reply, "agency").to_owned()
    };
    let clinic = register("Curl Clinic", "SECTOR_HEALTHCARE", true);
    let housing = register("Curl Housing", "SECTOR_HOUSING", false);
    let staff = |agency: &str, role: &str| {
        let args = ["--kind", "staff", "--agency", agency, "--client", "curl", "--role", role];
        curl.token(&args)
    };
    let clinician = staff(&clinic, "CLINICIAN");
    let manager = staff(&housing, "CASE_MANAGER");
    let sub = format!("curl-{}", id());
    let herself = curl.token(&["--kind", "person", "--sub", &sub]);

    let registered = json!({
        "requestId": id(), "givenName": "Pat", "familyName": "Example",
        "birthDate": "1990-01-02", "identifiers": [{"system": "urn:curl:mrn", "value": id()}],
    });
    let reply = curl.call(&clinician, "people.v1.PeopleService/RegisterPerson", &registered);
    let person = name(&reply, "person").to_owned();
    let referral = json!({
        "requestId": id(), "person": person, "target": housing, "needCategory": "103-05-04",
        "summary": "A transitional apartment.", "send": true,
    });
    let create = "referrals.v1.ReferralsService/CreateReferral";
    assert_eq!(curl.refused(&clinician, create, &referral), "failed_precondition");

    let invite = json!({"requestId": id(), "person": person});
    let invited = curl.call(&clinician, "people.v1.PeopleService/InvitePerson", &invite);
    let accept = json!({"requestId": id(), "code": invited["code"]});
    let bound = curl.call(&herself, "people.v1.PeopleService/AcceptInvitation", &accept);
    assert_eq!(bound["person"], person.as_str());
    let consent = consent(curl, &clinician, &herself, &person, &clinic, &housing);

    // Refer, accept.
    let mut again = referral.clone();
    again["requestId"] = id().into();
    let sent = curl.call(&clinician, create, &again);
    assert_eq!(sent["referral"]["state"], "REFERRAL_STATE_REQUESTED");
    let accept = json!({"requestId": id(), "name": name(&sent, "referral")});
    let accepted = curl.call(&manager, "referrals.v1.ReferralsService/AcceptReferral", &accept);
    assert_eq!(accepted["referral"]["state"], "REFERRAL_STATE_ACCEPTED");

    // Read.
    let note = json!({
        "requestId": id(), "person": person, "type": "NOTE_TYPE_PROGRESS",
        "sections": [{"body": "Doing well."}],
    });
    let note = curl.call(&clinician, "notes.v1.NotesService/CreateNote", &note);
    let note = name(&note, "note").to_owned();
    let sign = json!({"requestId": id(), "name": note});
    curl.call(&clinician, "notes.v1.NotesService/SignNote", &sign);
    let get = json!({"name": note});
    let read = curl.call(&manager, "notes.v1.NotesService/GetNote", &get);
    assert_eq!(read["note"]["sections"][0]["body"], "Doing well.");
    assert_eq!(read["disclosure"]["basis"], json!([consent]));
    let notice = read["disclosure"]["notice"]["text"].as_str().unwrap_or_default();
    assert!(notice.contains("42 CFR part 2"), "{read}");

    // And no longer.
    let revoke = json!({"requestId": id(), "name": consent});
    curl.call(&herself, "consent.v1.ConsentService/RevokeConsent", &revoke);
    assert_eq!(curl.refused(&manager, "notes.v1.NotesService/GetNote", &get), "not_found");
}

fn consent(
    curl: &Curl,
    clinician: &str,
    herself: &str,
    person: &str,
    clinic: &str,
    housing: &str,
) -> String {
    let draft = json!({
        "requestId": id(), "person": person,
        "terms": {
            "type": "CONSENT_TYPE_GENERAL",
            "description": "Notes and referrals at Curl Clinic",
            "rule": {
                "effect": "EFFECT_PERMIT",
                "recipients": {"agencies": [housing]},
                "disclosers": {"agencies": [clinic]},
                "purposes": ["PURPOSE_COC", "PURPOSE_TREAT"],
                "actions": ["ACTION_READ", "ACTION_TRANSITION", "ACTION_REFER"],
            },
            "expires": "2100-01-01T00:00:00Z",
            "statements": {"rightToRevoke": true},
        },
    });
    let drafted = curl.call(clinician, "consent.v1.ConsentService/DraftConsent", &draft);
    let consent = name(&drafted, "consent").to_owned();
    let hash = &drafted["consent"]["textSha256"];
    let sign = json!({"requestId": id(), "name": consent, "textSha256": hash});
    curl.call(herself, "consent.v1.ConsentService/SignConsent", &sign);
    consent
}
