//! A disk that is really full.

use std::{fs, process::Command};

use uuid::Uuid;

use super::{Fault, Files};
use crate::domain::{Attachment, PART_BYTES};

const DISK: &str = "TRELLIS_SMALL_DISK";
const THIS: &str =
    "files::tests::a_full_disk_keeps_whole_parts_and_nothing_of_one_that_does_not_fit";

/// The disk is of 3 MiB and in a mount namespace of its own, in which this test runs itself once more.
#[test]
fn a_full_disk_keeps_whole_parts_and_nothing_of_one_that_does_not_fit() {
    let namespace = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c"]);
        command
    };
    if let Some(disk) = std::env::var_os(DISK) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(fill(disk.as_ref()));
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size=3m tmpfs {}", folder.path().display());
    // Where a kernel lets nobody mount anything there is no small disk to be had.
    let may = namespace().arg(&mount).output();
    if !may.is_ok_and(|may| may.status.success()) {
        return eprintln!("no namespace of mounts here");
    }
    let mut again = namespace();
    again.arg(format!("{mount} && exec \"$0\" --exact {THIS}"));
    again.arg(std::env::current_exe().unwrap()).env(DISK, folder.path());
    let done = again.output().unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && told.contains("1 passed"), "{told}");
}

async fn fill(disk: &std::path::Path) {
    let files = Files::folder(&disk.join("files")).unwrap();
    let file = Attachment {
        id: Uuid::new_v4(),
        note: Uuid::new_v4(),
        file_name: String::new(),
        media_type: 1,
        size: 4 * PART_BYTES,
        sha256: Vec::new(),
        author: String::new(),
        stored_as: Uuid::new_v4(),
        finished_at: None,
        part_hashes: Vec::new(),
    };
    let bytes = vec![7; PART_BYTES];
    for part in 0..2 {
        files.put(&file, part, &bytes).await.unwrap();
    }
    let other = disk.join("others");
    fs::write(&other, vec![0; PART_BYTES / 2]).unwrap();
    assert_eq!(files.put(&file, 2, &bytes).await, Err(Fault::Away));
    let folder = disk.join("files").join(file.stored_as.to_string());
    let names = || {
        let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["00", "01"]);
    assert_eq!(files.kept(&file).await, Ok(2));
    // Once there is room it goes on.
    fs::remove_file(other).unwrap();
    let rest = Attachment { size: 2 * PART_BYTES + PART_BYTES / 2, ..file.clone() };
    files.put(&rest, 2, &bytes[..PART_BYTES / 2]).await.unwrap();
    assert_eq!(files.kept(&rest).await, Ok(3));
    files.remove(file.stored_as).await.unwrap();
    assert!(!folder.exists());
}
