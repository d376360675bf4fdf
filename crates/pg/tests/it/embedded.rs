use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use pg::{Embedded, embedded};

use crate::stage::{connect, fast, sql, until};

fn alive(pid: u32) -> bool {
    // A zombie has ended, too.
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
}

fn kill9(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

fn kept(dir: &Path) -> embedded::Options {
    embedded::Options { data_dir: Some(dir.join("data")), fast: true, ..Default::default() }
}

/// A folder that the server's user can pass through.
fn folder() -> tempfile::TempDir {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap()
}

#[tokio::test]
async fn a_temporary_server_answers_and_leaves_nothing_behind() {
    let server = Embedded::start(fast()).await.unwrap();
    let mut conn = connect(&server.admin_url()).await;
    let locale: (String, String) = sqlx::query_as(
        "SELECT current_setting('server_encoding'), current_setting('listen_addresses')",
    )
    .fetch_one(&mut conn)
    .await
    .unwrap();
    assert_eq!(locale, ("UTF8".into(), String::new()));
    let (pid, dir) = (server.pid(), server.data_dir().to_path_buf());
    server.stop().await;
    assert!(!alive(pid) && !dir.exists());
}

#[tokio::test]
async fn only_the_servers_user_can_enter_the_sockets_folder() {
    use std::os::unix::fs::MetadataExt as _;
    let server = Embedded::start(fast()).await.unwrap();
    let url = server.url("x", "y");
    let socket_dir = url.split_once("host=").unwrap().1;
    assert_eq!(std::fs::metadata(socket_dir).unwrap().mode() & 0o777, 0o700);
    assert_eq!(std::fs::metadata(server.data_dir()).unwrap().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_stop_and_after_a_kill() {
    let home = folder();
    let server = Embedded::start(kept(home.path())).await.unwrap();
    let mut conn = connect(&server.admin_url()).await;
    sql(&mut conn, "CREATE TABLE t (n int); INSERT INTO t VALUES (1)").await;
    server.stop().await;

    let mut server = Embedded::start(kept(home.path())).await.unwrap();
    let mut conn = connect(&server.admin_url()).await;
    sql(&mut conn, "INSERT INTO t VALUES (2)").await;
    kill9(server.pid());
    until("the server to die", async || !server.is_running()).await;
    drop(server);
    assert!(home.path().join("data/postmaster.pid").exists(), "it had no time to tidy up");

    let server = Embedded::start(kept(home.path())).await.unwrap();
    let mut conn = connect(&server.admin_url()).await;
    let sum: i64 = sqlx::query_scalar("SELECT sum(n) FROM t").fetch_one(&mut conn).await.unwrap();
    assert_eq!(sum, 3);
}

/// Run by the tests below as a process of its own: a parent that can be killed.
#[test]
fn the_parent_that_gets_killed() {
    let Ok(dir) = std::env::var("TRELLIS_TEST_PARENT") else { return };
    let options = match dir.as_str() {
        "" => fast(),
        dir => kept(Path::new(dir)),
    };
    let server = Embedded::start_blocking(&options).unwrap();
    println!("\nserver {} {}", server.pid(), server.data_dir().display());
    std::thread::park();
}

fn parent(dir: &str) -> (std::process::Child, u32, String) {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "embedded::the_parent_that_gets_killed", "--nocapture"])
        .env("TRELLIS_TEST_PARENT", dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(parent.stdout.take().unwrap());
    let line = out.lines().map(Result::unwrap).find(|l| l.starts_with("server ")).unwrap();
    let mut words = line.split(' ').skip(1);
    let pid = words.next().unwrap().parse().unwrap();
    (parent, pid, words.next().unwrap().to_owned())
}

#[tokio::test]
async fn a_server_ends_with_its_parent_even_when_that_is_killed() {
    let (mut parent, pid, dir) = parent("");
    assert!(alive(pid));
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("the server to end", async || !alive(pid)).await;
    until("its folder to go", async || !Path::new(&dir).exists()).await;
}

#[tokio::test]
async fn a_restart_waits_for_the_orphan_of_a_killed_parent() {
    let home = folder();
    let (mut parent, pid, _) = parent(home.path().to_str().unwrap());
    parent.kill().unwrap();
    parent.wait().unwrap();
    // At once: the orphan may still be on its way out.
    let server = Embedded::start(kept(home.path())).await.unwrap();
    assert!(!alive(pid));
    connect(&server.admin_url()).await;
}

#[tokio::test]
async fn a_left_over_pid_that_is_somebody_elses_by_now_does_not_stop_a_start() {
    let home = folder();
    let server = Embedded::start(kept(home.path())).await.unwrap();
    let pid_file = home.path().join("data/postmaster.pid");
    let text = std::fs::read_to_string(&pid_file).unwrap();
    let old = server.pid().to_string();
    server.stop().await;
    // Process 1 always lives.
    std::fs::write(&pid_file, text.replacen(&old, "1", 1)).unwrap();
    Embedded::start(kept(home.path())).await.unwrap();
}
