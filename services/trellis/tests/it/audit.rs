//! `trellis audit verify` after a network's day.

use std::{fs, path::Path};

use ledger::{LogName, SigningKey, TreeHead, notes};
use secrecy::ExposeSecret as _;
use testkit::{Processes, SERVICES};

use crate::{
    networks::a_person_signs_a_consent,
    support::{Ended, run, trellis},
};

struct Day {
    network: Processes,
    key: SigningKey,
}

impl Day {
    /// Each service has recorded something, sealed it, and ended.
    async fn over() -> Self {
        Self::over_after(&[]).await
    }

    /// With these statements run on the database before anything else happened.
    async fn over_after(statements: &[&str]) -> Self {
        let mut network = Processes::start().await.unwrap();
        pg::tamper::run(&network.stage().database.admin, statements).await.unwrap();
        a_person_signs_a_consent(&network).await;
        for service in SERVICES {
            assert!(network.process(service).terminate().await.unwrap().success());
        }
        let folder = network.stage().path().join("keys");
        let seed = fs::read_to_string(folder.join("ledger-key")).unwrap();
        let seed = hex::decode(seed.trim()).unwrap();
        let key = SigningKey::from_seed(&seed.try_into().unwrap()).unwrap();
        let public = key.verifying().unwrap().to_string();
        fs::write(folder.join("ledger-key.pub"), public).unwrap();
        Self { network, key }
    }

    fn path(&self) -> &Path {
        self.network.stage().path()
    }

    fn verify(&self, service: &str, more: &[&str]) -> Ended {
        let config = self.path().join(format!("{service}.toml"));
        let admin = &self.network.stage().database.admin;
        let mut command = trellis();
        command.args(["audit", "verify", service, "--config"]).arg(config);
        run(command.args(more).env("TRELLIS_ADMIN_URL", admin.expose_secret()))
    }

    fn anchor(&self, service: &str) -> std::path::PathBuf {
        self.path().join(format!("anchors-{service}/{service}.checkpoints"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_holds_to_the_last_record_and_what_was_changed_is_said() {
    let day = Day::over().await;
    for service in SERVICES {
        let done = day.verify(service, &[]);
        assert_eq!(done.code, Some(0), "{} {}", done.out, done.err);
        let heads = notes(&fs::read_to_string(day.anchor(service)).unwrap());
        // A service that was asked nothing has recorded nothing.
        let holds = match heads.is_empty() {
            true => ": holds: 0 records, 0 heads; the last anchored head is over 0, and 0 lie",
            false => ", and 0 lie beyond it",
        };
        assert!(done.out.contains(holds) && done.out.contains(": holds: "), "{}", done.out);
    }

    // The state is kept while it runs, is of this ledger, and is gone in the end.
    let state = day.path().join("state.json");
    let kept = ["--state", state.to_str().unwrap()];
    assert_eq!(day.verify("consent", &kept).code, Some(0));
    assert!(!state.exists());
    fs::write(&state, "{\"log\":\"trellis-tests/notes\",\"at\":null}").unwrap();
    day.verify("consent", &kept).is_one_line(&["state.json"]);
    fs::remove_file(&state).unwrap();

    // Records that were anchored are gone.
    let anchor = day.anchor("consent");
    let whole = fs::read_to_string(&anchor).unwrap();
    let log = LogName::new("trellis-tests/consent").unwrap();
    let later = TreeHead { size: 9_999, root: [1; 32], at: time::OffsetDateTime::UNIX_EPOCH };
    let later = later.sign(&log, &day.key).unwrap();
    fs::write(&anchor, format!("{whole}{later}\n")).unwrap();
    let done = day.verify("consent", &[]);
    assert_eq!(done.code, Some(1), "{}", done.err);
    assert!(done.out.contains("consent: an anchored head is over 9999 records"), "{}", done.out);
    assert!(done.out.contains("consent: DOES NOT HOLD: "), "{}", done.out);
    let changed = whole.replacen("time 2", "time 3", 1);
    assert_ne!(changed, whole);
    fs::write(&anchor, changed).unwrap();
    let done = day.verify("consent", &[]);
    assert_eq!(done.code, Some(1), "{}", done.err);
    assert!(done.out.contains("consent: something in an anchor is no head"), "{}", done.out);
    fs::write(&anchor, &whole).unwrap();

    // Another's anchor, no anchor, another's key.
    let folder = day.path().join("anchors-people");
    fs::rename(day.anchor("people"), folder.join("consent.checkpoints")).unwrap();
    let done = day.verify("consent", &["--anchors", folder.to_str().unwrap()]);
    assert!(done.out.contains("is no head of this log by this key"), "{}", done.out);
    let none = day.path().join("keys");
    let none = ["--anchors", none.to_str().unwrap(), "--without-anchors"];
    day.verify("consent", &none[..2]).is_one_line(&["no consent.checkpoints"]);
    let done = day.verify("consent", &none);
    assert_eq!(done.code, Some(0));
    assert!(done.out.contains("no anchor: only the heads beside"), "{}", done.out);
    let key = day.path().join("other.pub");
    let other = SigningKey::from_seed(&[3; 32]).unwrap().verifying().unwrap();
    fs::write(&key, other.to_string()).unwrap();
    let done = day.verify("consent", &["--key", key.to_str().unwrap()]);
    assert_eq!(done.code, Some(1));
    fs::write(&key, "no key").unwrap();
    day.verify("consent", &["--key", key.to_str().unwrap()]).is_one_line(&["other.pub"]);
}

impl Day {
    async fn sql(&self, statements: &[&str]) {
        let admin = &self.network.stage().database.admin;
        pg::tamper::run(admin, statements).await.unwrap();
    }

    fn purge(&self, more: &[&str]) -> Ended {
        let mut command = trellis();
        command.args(["audit", "purge", "notes", "audit", "--config"]);
        command.arg(self.path().join("notes.toml")).args(more);
        let admin = &self.network.stage().database.admin;
        run(command.env("TRELLIS_ADMIN_URL", admin.expose_secret()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_time_goes_but_for_what_is_held() {
    let (held, other) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    let mut past =
        ["SET ROLE trellis_notes_owner", "SET search_path = notes"].map(str::to_owned).to_vec();
    past.push("SELECT open_month('2020-02-01')".to_owned());
    for person in [held, other, other] {
        let at = uuid::Timestamp::from_unix(uuid::NoContext, 1_580_774_400, 0);
        let id = uuid::Uuid::new_v7(at);
        let event = old_event(id, person);
        past.push(format!("SELECT append_audit(ARRAY['{id}'::uuid], ARRAY['{event}'])"));
    }
    let past: Vec<&str> = past.iter().map(String::as_str).collect();
    let day = Day::over_after(&past).await;
    let dry = day.purge(&["--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.err);
    assert!(dry.out.starts_with("notes: 2020-02 would go\nnotes: 1 months"), "{}", dry.out);
    assert_eq!(day.purge(&["--keep-months", "35"]).code, Some(2), "it is too short");
    let hold = format!(
        "INSERT INTO audit.legal_hold VALUES (gen_random_uuid(), '{held}', NULL, 'x', now())"
    );
    day.sql(&[&hold]).await;
    let done = day.purge(&[]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("notes: 2020-02: 3 records, 1 of them held\n"), "{}", done.out);
    assert!(done.out.contains("notes: 0 records whose hold was lifted\n"), "{}", done.out);
    let verified = day.verify("notes", &[]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    assert!(verified.out.contains("(2 of them past their time, and gone)"), "{}", verified.out);
    let late = day.verify("notes", &["--keep-months", "1200"]);
    assert_eq!(late.out.matches("is gone before its time").count(), 2, "{}", late.out);
    let lift = "INSERT INTO audit.legal_hold_lifted SELECT hold_id, now() FROM audit.legal_hold";
    day.sql(&[lift]).await;
    let done = day.purge(&[]);
    assert!(done.out.contains("notes: 1 records whose hold was lifted\n"), "{}", done.out);
    let verified = day.verify("notes", &[]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    assert!(verified.out.contains("(3 of them past their time, and gone)"), "{}", verified.out);
}

/// A refusal of February 2020, as a ledger spells it.
fn old_event(id: uuid::Uuid, person: uuid::Uuid) -> String {
    let event = ledger::Event {
        event_id: id,
        occurred_at: time::macros::datetime!(2020-02-04 00:00 UTC),
        outcome: ledger::Outcome::Deny,
        rpc: "trellis.notes.v1.NotesService/GetNote".into(),
        decision_id: id,
        person: Some(person),
        caller: ledger::Caller {
            kind: "AGENCY_STAFF".into(),
            issuer: "https://id.example".into(),
            subject: "dr".into(),
            agency: None,
            roles: [kernel::Role::Clinician].into(),
            on_behalf: None,
        },
        purposes: [kernel::Purpose::Treat].into(),
        action: ledger::Action::Read,
        records: Vec::new(),
        record_kinds: [kernel::Kind::Note].into(),
        custodians: Vec::new(),
        bases: Vec::new(),
        consents: Vec::new(),
        obligations: Vec::new(),
        redisclosure: None,
        reason: None,
        revision: 1,
        trace_id: None,
        recipient: None,
    };
    event.leaf().unwrap()
}
