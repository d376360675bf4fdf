//! `trellis import hsds`, from files to the directory.

use std::{fs, path::Path};

use crate::support::{Ended, Up, folder, run, trellis};

fn import(up: &Up, folder: &Path) -> Ended {
    let token = up.token(&["--kind", "network", "--role", "NETWORK_ADMIN"]);
    let mut command = trellis();
    command.args(["import", "hsds"]).arg(folder).arg("--server").arg(up.url());
    run(command.env("TRELLIS_TOKEN", token))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_is_imported_twice_without_doubles_and_a_damaged_row_is_named() {
    let dir = folder();
    let up = Up::start(&dir.path().join("data"), &[]).await;
    let county = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/linden-county");
    let first = import(&up, &county);
    assert_eq!(first.code, Some(0), "{}{}", first.out, first.err);
    assert!(first.out.contains("; 0 organizations refused"), "{}", first.out);
    assert_eq!(import(&up, &county).out, first.out);

    let damaged = dir.path().join("damaged");
    fs::create_dir(&damaged).unwrap();
    for file in fs::read_dir(&county).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), damaged.join(file.file_name())).unwrap();
    }
    fs::write(damaged.join("README.csv"), "not a table").unwrap();
    let organizations = damaged.join("organizations.csv");
    let mut text = fs::read_to_string(&organizations).unwrap();
    text.push_str("one-column-alone\n");
    fs::write(&organizations, text).unwrap();
    let second = import(&up, &damaged);
    assert_eq!(second.code, Some(1), "{}{}", second.out, second.err);
    assert!(second.out.lines().any(|l| l.starts_with("organizations:")), "{}", second.out);
    assert!(second.err.contains("README.csv"), "{}", second.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_network_refuses_is_one_line() {
    let dir = folder();
    let up = Up::start(&dir.path().join("data"), &[]).await;
    let county = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/linden-county");
    let person = up.token(&["--kind", "person", "--sub", "jordan"]);
    let mut command = trellis();
    command.args(["import", "hsds"]).arg(&county).arg("--server").arg(up.url());
    let done = run(command.env("TRELLIS_TOKEN", person));
    done.is_one_line(&["PermissionDenied"]);
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    import(&up, &empty).is_one_line(&["holds no table of HSDS"]);
}

#[test]
fn a_server_that_is_away_is_one_line() {
    let county = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/linden-county");
    let mut command = trellis();
    command.args(["import", "hsds", "--server", "http://127.0.0.1:9", "--token", "x"]).arg(county);
    run(&mut command).is_one_line(&["http://127.0.0.1:9"]);
}
