//! `trellis pki`.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tempfile::TempDir;
use trellis::Service;
use webpki::EndEntityCert;

use crate::support::{Ended, run, trellis};

fn pki(directory: &Path, more: &[&str]) -> Ended {
    let mut command = trellis();
    command.arg("pki").arg(directory).args(["--trust-domain", "care.example.org"]).args(more);
    run(&mut command)
}

fn made(more: &[&str]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let pki_dir = dir.path().join("pki");
    let done = pki(&pki_dir, more);
    assert_eq!(done.code, Some(0), "{}", done.err);
    (dir, pki_dir)
}

/// The URIs and the DNS names of a certificate.
fn names(path: &Path) -> (Vec<String>, Vec<String>) {
    let der = CertificateDer::from_pem_file(path).unwrap();
    let cert = EndEntityCert::try_from(&der).unwrap();
    let owned = |name: &str| name.to_owned();
    (cert.valid_uri_names().map(owned).collect(), cert.valid_dns_names().map(owned).collect())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn each_service_gets_a_certificate_that_names_it_and_a_key_that_is_its_owners_alone() {
    let dns = ["--dns", "{service}.trellis.svc", "--dns", "localhost"];
    let more = [&dns[..], &["--all", "--client", "agency-1"]].concat();
    let (_dir, pki_dir) = made(&more);
    assert_eq!((mode(&pki_dir), mode(&pki_dir.join("ca.key"))), (0o700, 0o600));
    for service in Service::ALL {
        let folder = pki_dir.join(service.name());
        let (uris, dns) = names(&folder.join("tls.crt"));
        assert_eq!(uris, [format!("spiffe://care.example.org/trellis/{service}")]);
        let expected =
            [service.name().to_owned(), format!("{service}.trellis.svc"), "localhost".into()];
        assert_eq!(dns, expected);
        assert_eq!((mode(&folder), mode(&folder.join("tls.key"))), (0o700, 0o600));
        assert_eq!(
            fs::read(folder.join("ca.crt")).unwrap(),
            fs::read(pki_dir.join("ca.crt")).unwrap()
        );
        assert!(!folder.join("ca.key").exists());
    }
    assert_eq!(names(&pki_dir.join("all/tls.crt")).0.len(), Service::ALL.len());
    assert_eq!(names(&pki_dir.join("client-agency-1/tls.crt")), (vec![], vec![]));
}

#[test]
fn nothing_is_overwritten_unless_it_is_signed_anew() {
    let (_dir, pki_dir) = made(&[]);
    let read = |name: &str| fs::read(pki_dir.join(name)).unwrap();
    let all = ["ca.crt", "ca.key", "notes/tls.crt", "notes/tls.key"];
    let before = all.map(read);
    pki(&pki_dir, &[]).is_one_line(&["ca.crt", "nothing is overwritten"]);
    assert_eq!(all.map(read), before);
    fs::rename(pki_dir.join("ca.crt"), pki_dir.join("kept")).unwrap();
    pki(&pki_dir, &[]).is_one_line(&["nothing is overwritten"]);
    fs::rename(pki_dir.join("kept"), pki_dir.join("ca.crt")).unwrap();

    let done = pki(&pki_dir, &["--renew"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let after = all.map(read);
    assert_eq!(after[..2], before[..2], "the authority stays");
    assert!(after[2] != before[2] && after[3] != before[3], "key and certificate are new");
    assert_eq!(mode(&pki_dir.join("notes/tls.key")), 0o600);
}

#[test]
fn what_can_not_be_made_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let pki_dir = dir.path().join("pki");
    let renewed = pki(&pki_dir, &["--renew"]);
    renewed.is_one_line(&["ca.key"]);
    for (more, named) in [
        (["--dns", "no name"], "--dns no name"),
        (["--client", "../x"], "--client"),
        (["--trust-domain", "Care"], ""),
    ] {
        let fresh = dir.path().join("fresh");
        let done = pki(&fresh, &more);
        assert!(done.code != Some(0) && done.err.contains(named), "{}", done.err);
        assert!(!fresh.exists(), "{more:?}");
    }
    let open = dir.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    pki(&open, &[]).is_one_line(&["is open to others"]);
    assert!(fs::read_dir(&open).unwrap().next().is_none());
}
