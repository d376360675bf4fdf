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
        let mut network = Processes::start().await.unwrap();
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
