//! The other commands.

use std::{fs, path::Path, process::Command};

use crate::support::{folder, run, trellis};

fn cases() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/policy/tests/cases")
}

#[test]
fn policy_check_exits_0_when_all_pass_1_when_one_fails_2_when_a_file_is_none() {
    let dir = folder();
    let good = cases().join("decisions.json");
    let done = run(trellis().args(["policy", "check"]).arg(&good));
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.ends_with(" passed, 0 failed\n"), "{}", done.out);
    assert!(done.out.lines().rev().skip(1).all(|l| l.starts_with("ok ")), "{}", done.out);

    let text = fs::read_to_string(&good).unwrap();
    let wrong = dir.path().join("wrong.json");
    fs::write(&wrong, text.replacen("\"decision\": \"PERMIT\"", "\"decision\": \"DENY\"", 1))
        .unwrap();
    let done = run(trellis().args(["policy", "check"]).arg(&wrong));
    assert_eq!(done.code, Some(1), "{} {}", done.out, done.err);
    assert!(done.out.lines().any(|l| l.starts_with("FAIL ")), "{}", done.out);

    let none = dir.path().join("none.json");
    fs::write(&none, "{}").unwrap();
    let done = run(trellis().args(["policy", "check"]).arg(&none).arg(&good));
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("none.json"), "{}", done.err);
}

#[test]
fn a_token_needs_a_development_issuer_and_a_role_that_fits() {
    let dir = folder();
    let token =
        |args: &[&str]| run(trellis().arg("token").arg("--data").arg(dir.path()).args(args));
    token(&["--kind", "person"]).is_one_line(&["trellis up makes one"]);
    assert!(fs::read_dir(dir.path()).unwrap().next().is_none(), "nothing was made");
    let unknown = token(&["--kind", "network", "--role", "KING"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("NETWORK_ADMIN"), "{}", unknown.err);
    // Proofed is somebody: whoever says so says who.
    for (more, lacking) in [
        (&[][..], "--family-name"),
        (&["--family-name", "Rivera"], "--birth-date"),
        (&["--family-name", "Rivera", "--birth-date", "1985-02-30"], "a day of the calendar"),
    ] {
        let done = token(&[&["--kind", "person", "--proofed"], more].concat());
        assert_eq!(done.code, Some(2));
        assert!(done.err.contains(lacking), "{}", done.err);
    }
    assert_eq!(token(&["--kind", "person", "--given-name", "Jo"]).code, Some(2));
}

#[test]
fn keys_are_made_once_and_rotated_with_an_overlap() {
    let dir = folder();
    let keys = |more: &[&str]| {
        let done = run(trellis().arg("keys").arg(dir.path()).args(more));
        assert_eq!(done.code, Some(0), "{}", done.err);
        let set = fs::read_to_string(dir.path().join("network-jwks.json")).unwrap();
        let set: serde_json::Value = serde_json::from_str(&set).unwrap();
        (done.out, set["keys"].as_array().unwrap().len())
    };
    let (first, one) = keys(&[]);
    let secret = fs::read(dir.path().join("people-matching")).unwrap();
    assert_eq!(keys(&[]), (first.clone(), one));
    let (rotated, two) = keys(&["--rotate"]);
    assert_ne!(rotated, first);
    assert_eq!((one, two), (1, 2));
    assert_eq!(keys(&["--retire"]), (rotated, 1));
    assert_eq!(fs::read(dir.path().join("people-matching")).unwrap(), secret);
}

#[test]
fn a_configuration_that_is_wrong_is_one_line_that_names_the_key() {
    let dir = folder();
    let path = dir.path().join("trellis.toml");
    let serve = || run(trellis().args(["serve", "notes", "--config"]).arg(&path));
    serve().is_one_line(&["trellis.toml", "No such file"]);
    fs::write(&path, "[network]\naudience = \"x\"\nsecret_door = \"hunter2\"\n").unwrap();
    let done = serve();
    done.is_one_line(&["trellis.toml", "line 3", "secret_door"]);
    assert!(!done.err.contains("hunter2"), "{}", done.err);
}

#[test]
fn a_process_that_may_open_too_few_files_for_its_connections_does_not_start() {
    let dir = folder();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/config");
    let config = dir.path().join("trellis.toml");
    let local = fs::read_to_string(sample.join("local.toml")).unwrap();
    fs::write(&config, local.replace("127.0.0.1:50051", "127.0.0.1:0")).unwrap();
    let serve = |limit: &str, of: &str| {
        let line = format!("ulimit {limit} 300 && exec \"$0\" serve {of} --config \"$1\"");
        run(Command::new("sh").args(["-c", &line, env!("CARGO_BIN_EXE_trellis")]).arg(&config))
    };
    // 1,024 connections, two pools of 16, 256 besides.
    let refused = serve("-n", "consent notes");
    refused.is_one_line(&["RLIMIT_NOFILE", "serve.limits.connections", "2 services", "1312"]);
    // And of those that ask themselves a pool of 2 each.
    serve("-n", "people recovery").is_one_line(&["RLIMIT_NOFILE", "2 services", "1316"]);
    // What the system lets it have it takes.
    let taken = serve("-S -n", "consent notes");
    assert_eq!(taken.code, Some(1), "keys and a database are missing");
    assert!(!taken.err.contains("RLIMIT_NOFILE"), "{}", taken.err);
}

#[test]
fn a_rule_pack_is_checked_before_it_is_used_and_a_wrong_one_keeps_the_service_down() {
    let dir = folder();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/config");
    let rules = |path: &Path| run(trellis().args(["policy", "rules"]).arg(path));
    let done = rules(&sample.join("rules/example-state.toml"));
    assert_eq!((done.code, &*done.out), (Some(0), "ok example-state-1\n"), "{}", done.err);
    let shown = run(trellis().args(["policy", "rules"]));
    assert_eq!(shown.code, Some(0));
    assert!(shown.out.contains("source = \"42 CFR 2.14(a)"), "{}", shown.out);

    let wrong = dir.path().join("wrong.toml");
    let text = fs::read_to_string(sample.join("rules/example-state.toml")).unwrap();
    fs::write(&wrong, text.replace("max_days = 60", "max_days = 120")).unwrap();
    let says = ["wrong.toml", "victim_release.max_days", "1 to 90"];
    rules(&wrong).is_one_line(&says);
    let config = dir.path().join("trellis.toml");
    let local = fs::read_to_string(sample.join("local.toml")).unwrap();
    let local = local.replace("127.0.0.1:50051", "127.0.0.1:0");
    fs::write(&config, format!("{local}\n[consent]\nrule_packs = [\"wrong.toml\"]\n")).unwrap();
    run(trellis().args(["serve", "consent", "--config"]).arg(&config)).is_one_line(&says);
}

#[test]
fn help_says_what_to_type() {
    for (args, holds) in [
        (&["--help"][..], "trellis up"),
        (&["up", "--help"], "--database-url"),
        (&["serve", "--help"], "trellis serve notes --config"),
        (&["token", "--help"], "--role CLINICIAN"),
        (&["import", "hsds", "--help"], "--token-file"),
        (&["import", "consents", "--help"], "image_sha256"),
        (&["policy", "check", "--help"], "N passed, M failed"),
        (&["policy", "rules", "--help"], "example-state.toml"),
        (&["migrate", "--help"], "--admin-url-file"),
    ] {
        let done = run(trellis().args(args));
        assert_eq!(done.code, Some(0));
        assert!(done.out.contains(holds), "{args:?}: {}", done.out);
    }
}
