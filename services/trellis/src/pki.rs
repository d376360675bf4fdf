//! An authority for development: one key that signs a certificate for each service of a network.
//!
//! Whoever can read its folder can be any service, and make certificates for anybody. In production an
//! authority of the operator's own issues the same names, for days rather than months.

use std::{
    fs::{self, DirBuilder},
    net::IpAddr,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use kernel::Instant;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::Duration;

use crate::{Service, secrets::put};

/// Between two machines' clocks.
const SKEW: Duration = Duration::minutes(5);
/// The authority's, and beside each certificate a copy of the first.
const CA: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
const CERT: &str = "tls.crt";
const KEY: &str = "tls.key";

/// What is to be issued.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub trust_domain: String,
    /// Names and addresses that services are reached by, besides their own; `{service}` is the service's.
    pub dns: Vec<String>,
    pub ips: Vec<IpAddr>,
    /// How long the services' certificates are good, and how long the authority is.
    pub days: u16,
    pub ca_days: u16,
    /// One more that names all services, for a process that runs several.
    pub all: bool,
    /// Certificates for callers that are no services.
    pub clients: Vec<String>,
}

/// One certificate to be signed.
struct Leaf {
    /// Of its folder.
    name: String,
    services: Vec<Service>,
    client: bool,
}

/// Makes an authority and what it signs, or with `renew` signs anew with the authority that is there.
/// Returns the folders, one a certificate, each as a secret of its own is mounted.
pub fn issue(
    directory: &Path,
    wanted: &Wanted,
    renew: bool,
    now: Instant,
) -> anyhow::Result<Vec<PathBuf>> {
    ensure!(
        serve::is_trust_domain(&wanted.trust_domain),
        "--trust-domain: must be 1 to 255 of a to z, 0 to 9, '.', '-', '_'"
    );
    let leaves = leaves(wanted)?;
    // Before anything is written: that all of it can be made.
    let params = leaves.iter().map(|leaf| params(leaf, wanted, now));
    let params = params.collect::<anyhow::Result<Vec<_>>>()?;
    if !renew {
        let names = [CA, CA_KEY].into_iter().chain(leaves.iter().map(|leaf| leaf.name.as_str()));
        if let Some(there) = names.map(|name| directory.join(name)).find(|path| path.exists()) {
            bail!("{} is there: nothing is overwritten (--renew signs anew)", there.display());
        }
    }
    let authority = match renew {
        true => authority(directory)?,
        false => new_authority(directory, wanted, now)?,
    };
    private(directory)?;
    let mut made = Vec::new();
    let ca = read(directory, CA)?;
    for (leaf, params) in leaves.iter().zip(params) {
        let key = KeyPair::generate()?;
        let signed = params.signed_by(&key, &authority)?;
        let folder = directory.join(&leaf.name);
        private(&folder)?;
        keep(&folder.join(CA), &ca, 0o644)?;
        keep(&folder.join(KEY), &key.serialize_pem(), 0o600)?;
        keep(&folder.join(CERT), &signed.pem(), 0o644)?;
        made.push(folder);
    }
    Ok(made)
}

fn leaves(wanted: &Wanted) -> anyhow::Result<Vec<Leaf>> {
    let one = |service: Service| Leaf {
        name: service.name().to_owned(),
        services: vec![service],
        client: false,
    };
    let mut leaves: Vec<Leaf> = Service::ALL.into_iter().map(one).collect();
    if wanted.all {
        let services = Service::ALL.to_vec();
        leaves.push(Leaf { name: "all".to_owned(), services, client: false });
    }
    for client in &wanted.clients {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let short = !client.is_empty() && client.len() <= 40;
        ensure!(
            short && client.bytes().all(plain),
            "--client: must be 1 to 40 of a to z, 0 to 9, '-'"
        );
        let name = format!("client-{client}");
        leaves.push(Leaf { name, services: Vec::new(), client: true });
    }
    Ok(leaves)
}

fn params(leaf: &Leaf, wanted: &Wanted, now: Instant) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, leaf.name.as_str());
    // It is shown on both ends of a connection.
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params.not_before = now - SKEW;
    params.not_after = now + Duration::days(wanted.days.into());
    if leaf.client {
        return Ok(params);
    }
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    let mut dns: Vec<String> = Vec::new();
    for service in &leaf.services {
        let id = serve::spiffe_id(&wanted.trust_domain, service.name());
        params.subject_alt_names.push(SanType::URI(id.try_into()?));
        let named = wanted.dns.iter().map(|name| name.replace("{service}", service.name()));
        for name in std::iter::once(service.name().to_owned()).chain(named) {
            if !dns.contains(&name) {
                dns.push(name);
            }
        }
    }
    for name in dns {
        ensure!(is_host(&name), "--dns {name}: must be 1 to 253 of a to z, 0 to 9, '-', '.'");
        params.subject_alt_names.push(SanType::DnsName(name.try_into()?));
    }
    params.subject_alt_names.extend(wanted.ips.iter().copied().map(SanType::IpAddress));
    Ok(params)
}

fn is_host(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
    (1..=253).contains(&name.len()) && name.bytes().all(allowed)
}

fn new_authority(
    directory: &Path,
    wanted: &Wanted,
    now: Instant,
) -> anyhow::Result<Issuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    let name = format!("Trellis development authority, {}", wanted.trust_domain);
    params.distinguished_name.push(DnType::CommonName, name);
    // It signs what is at the ends, and no other authority.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - SKEW;
    params.not_after = now + Duration::days(wanted.ca_days.into());
    let key = KeyPair::generate()?;
    private(directory)?;
    keep(&directory.join(CA_KEY), &key.serialize_pem(), 0o600)?;
    keep(&directory.join(CA), &params.self_signed(&key)?.pem(), 0o644)?;
    Ok(Issuer::new(params, key))
}

fn authority(directory: &Path) -> anyhow::Result<Issuer<'static, KeyPair>> {
    let at =
        |name: &str| format!("{}: is not what this command wrote", directory.join(name).display());
    let key = KeyPair::from_pem(&read(directory, CA_KEY)?).with_context(|| at(CA_KEY))?;
    Issuer::from_ca_cert_pem(&read(directory, CA)?, key).with_context(|| at(CA))
}

fn read(directory: &Path, name: &str) -> anyhow::Result<String> {
    let path = directory.join(name);
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// A folder that is its owner's alone: made where it is missing.
fn private(directory: &Path) -> anyhow::Result<()> {
    let name = || directory.display().to_string();
    DirBuilder::new().recursive(true).mode(0o700).create(directory).with_context(name)?;
    let mode = fs::metadata(directory).with_context(name)?.permissions().mode();
    ensure!(mode & 0o077 == 0, "{}: is open to others: chmod 700", name());
    Ok(())
}

fn keep(path: &Path, pem: &str, mode: u32) -> anyhow::Result<()> {
    put(path, pem, mode).with_context(|| path.display().to_string())
}
