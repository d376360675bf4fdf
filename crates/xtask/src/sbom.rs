//! `cargo xtask sbom`: what the program is made of, as CycloneDX: every crate that is linked into it, with version,
//! licence, hash and address. The same checkout makes the same file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, ensure};
use cyclonedx_bom::{
    external_models::uri::Purl,
    models::{
        bom::SpecVersion,
        component::{Classification, Component, Components},
        dependency::{Dependencies, Dependency},
        hash::{Hash, HashAlgorithm, HashValue, Hashes},
        license::{LicenseChoice, Licenses},
        metadata::Metadata,
    },
    prelude::{Bom, UrnUuid, Validate},
};
use sha2::{Digest as _, Sha256};
use toml::{Table, Value};

use crate::{project::Project, run, tools};

const VERSION: SpecVersion = SpecVersion::V1_5;
const BINARY: &str = "trellis";

pub fn run(project: &Project) -> anyhow::Result<ExitCode> {
    let path = check(project)?;
    println!("{}", path.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes it, and looks whether it is whole.
pub fn write(project: &Project) -> anyhow::Result<PathBuf> {
    let tree = ["tree", "--quiet", "--locked", "--package", BINARY];
    let edges = ["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "\t{p}\t{l}"];
    let linked = Linked::read(&run::output(project.cargo(&tree).args(edges))?)?;
    let lock = fs::read_to_string(project.root.join("Cargo.lock"))?;
    let bom = bom(&linked, &hashes(&lock)?)?;
    let folder = project.target.join("sbom");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{BINARY}.cdx.json"));
    let mut json = Vec::new();
    bom.output_as_json(&mut json, VERSION).context("the bill can't be written")?;
    whole(&json, &linked)?;
    fs::write(&path, &json)?;
    Ok(path)
}

/// As [`write`], and held against the schema of CycloneDX.
pub fn check(project: &Project) -> anyhow::Result<PathBuf> {
    let path = write(project)?;
    let here = project.root.join("crates/xtask/sbom");
    let python = tools::environment(project, &here.join("requirements.txt"))?;
    run::must(project.command(python, &[]).arg(here.join("valid.py")).arg(&path))
        .context("the bill is not as the schema of CycloneDX has it")?;
    Ok(path)
}

type Id = (String, String);

/// Crates, and which of them each asks for.
struct Linked {
    root: Id,
    /// Licences by name and version.
    crates: BTreeMap<Id, String>,
    edges: BTreeMap<Id, BTreeSet<Id>>,
}

impl Linked {
    /// Lines of `cargo tree`: depth, package, licences.
    fn read(tree: &str) -> anyhow::Result<Self> {
        let (mut crates, mut edges) = (BTreeMap::new(), BTreeMap::<Id, BTreeSet<Id>>::new());
        let mut above: Vec<Id> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let mut parts = line.split('\t');
            let (depth, package, license) = (parts.next(), parts.next(), parts.next());
            let depth: usize = depth.and_then(|depth| depth.parse().ok()).context("no depth")?;
            let mut words = package.unwrap_or_default().split_whitespace();
            let (name, version) = (words.next().unwrap_or_default(), words.next());
            let version = version.unwrap_or_default().trim_start_matches('v');
            ensure!(!name.is_empty() && !version.is_empty(), "cargo tree says {line:?}");
            let id = (name.to_owned(), version.to_owned());
            let license = license.unwrap_or_default().trim_end_matches(" (*)").to_owned();
            crates.entry(id.clone()).or_insert(license);
            edges.entry(id.clone()).or_default();
            above.truncate(depth);
            if let Some(by) = above.last() {
                edges.entry(by.clone()).or_default().insert(id.clone());
            }
            above.push(id);
        }
        let root = above.into_iter().next().context("cargo tree names nothing")?;
        Ok(Self { root, crates, edges })
    }
}

/// Of what comes from a registry, as the lock file has them.
fn hashes(lock: &str) -> anyhow::Result<BTreeMap<Id, String>> {
    let lock: Table = lock.parse().context("Cargo.lock")?;
    let packages = lock.get("package").and_then(Value::as_array).context("no package is locked")?;
    let text = |package: &Value, key: &str| package.get(key)?.as_str().map(str::to_owned);
    let one = |package: &Value| {
        let id = (text(package, "name")?, text(package, "version")?);
        Some((id, text(package, "checksum")?))
    };
    Ok(packages.iter().filter_map(one).collect())
}

/// How a crate is named in the bill.
fn reference((name, version): &Id) -> String {
    format!("pkg:cargo/{name}@{version}")
}

fn component(id: &Id, license: &str, hash: Option<&String>) -> anyhow::Result<Component> {
    let (name, version) = id;
    let kind = if name == BINARY { Classification::Application } else { Classification::Library };
    let mut component = Component::new(kind, name, version, Some(reference(id)));
    component.purl = Some(Purl::new("cargo", name, version).context("no address of a crate")?);
    // Before SPDX had expressions, two licences were parted by a stroke.
    let license = license.replace(" / ", "/").replace('/', " OR ");
    ensure!(!license.is_empty(), "{name} {version} states no licence");
    component.licenses = Some(Licenses(vec![LicenseChoice::expression(&license)]));
    let of = |hash: &String| Hash { alg: HashAlgorithm::SHA_256, content: HashValue(hash.clone()) };
    component.hashes = hash.map(|hash| Hashes(vec![of(hash)]));
    Ok(component)
}

fn bom(linked: &Linked, hashes: &BTreeMap<Id, String>) -> anyhow::Result<Bom> {
    let mut components = Vec::new();
    let mut whose = None;
    let mut digest = Sha256::new();
    for (id, license) in &linked.crates {
        let hash = hashes.get(id);
        let ours = id.0 == BINARY || id.0.starts_with("trellis-");
        ensure!(ours || hash.is_some(), "{} {} has no hash in Cargo.lock", id.0, id.1);
        digest.update(format!("{} {license} {}\n", reference(id), hash.map_or("", String::as_str)));
        let component = component(id, license, hash)?;
        if *id == linked.root { whose = Some(component) } else { components.push(component) }
    }
    let dependencies = linked.edges.iter().map(|(id, on)| Dependency {
        dependency_ref: reference(id),
        dependencies: on.iter().map(reference).collect(),
    });
    Ok(Bom {
        serial_number: Some(
            UrnUuid::new(serial(&digest.finalize())).map_err(|why| anyhow::anyhow!("{why:?}"))?,
        ),
        metadata: Some(Metadata { component: whose, ..Metadata::default() }),
        components: Some(Components(components)),
        dependencies: Some(Dependencies(dependencies.collect())),
        spec_version: VERSION,
        ..Bom::default()
    })
}

/// A UUID of what is in it (version 8), so that the same is the same.
fn serial(digest: &[u8]) -> String {
    let hash = hex::encode(digest);
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    let [a, b, c, d, e] = [part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32)];
    format!("urn:uuid:{a}-{b}-8{c}-8{d}-{e}")
}

/// Whether it reads back as valid CycloneDX, and names what is linked and nothing else.
fn whole(json: &[u8], linked: &Linked) -> anyhow::Result<()> {
    let bom = Bom::parse_from_json(json).context("the bill can't be read again")?;
    let valid = bom.validate_version(VERSION);
    ensure!(valid.passed(), "the bill is no CycloneDX: {valid:?}");
    let whose = bom.metadata.and_then(|metadata| metadata.component).into_iter();
    let named = bom.components.into_iter().flat_map(|all| all.0).chain(whose);
    let named: BTreeSet<_> = named.filter_map(|component| component.bom_ref).collect();
    let there: BTreeSet<_> = linked.crates.keys().map(reference).collect();
    let lacks: Vec<_> = there.symmetric_difference(&named).collect();
    ensure!(lacks.is_empty(), "the bill and cargo tree differ in {lacks:?}");
    let edges = bom.dependencies.map_or(0, |all| all.0.len());
    ensure!(edges == there.len(), "of {} crates {edges} say on what they depend", there.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0\ttrellis v0.1.0 (/x)\tApache-2.0\n1\ta v1.0.0\tMIT/Apache-2.0\n2\tb v2.0.0\tMIT\n\
                        1\tb v2.0.0\tMIT (*)\n";
    const LOCK: &str = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"00aa\"\n\
                        [[package]]\nname = \"b\"\nversion = \"2.0.0\"\nchecksum = \"00bb\"\n";

    fn made(lock: &str) -> anyhow::Result<Vec<u8>> {
        let bom = bom(&Linked::read(TREE)?, &hashes(lock)?)?;
        let mut json = Vec::new();
        bom.output_as_json(&mut json, VERSION)?;
        Ok(json)
    }

    #[test]
    fn every_crate_is_named_once_with_its_licence_hash_and_address() {
        let lock = LOCK.replace("00aa", &"a".repeat(64)).replace("00bb", &"b".repeat(64));
        let json = made(&lock).unwrap();
        assert_eq!(json, made(&lock).unwrap());
        whole(&json, &Linked::read(TREE).unwrap()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let a = &json["components"][0];
        assert_eq!(a["purl"], "pkg:cargo/a@1.0.0");
        assert_eq!(a["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(a["hashes"][0]["content"], "a".repeat(64));
        assert_eq!(json["metadata"]["component"]["name"], "trellis");
        assert_eq!(json["components"].as_array().unwrap().len(), 2);
        assert_eq!(json["dependencies"][0]["dependsOn"][0], "pkg:cargo/b@2.0.0");
    }

    #[test]
    fn what_lacks_a_hash_or_a_crate_is_no_bill() {
        let why = made("[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"00\"\n");
        assert!(why.unwrap_err().to_string().contains("b 2.0.0 has no hash"));
        let json = made(LOCK).unwrap();
        // A hash that is none.
        assert!(whole(&json, &Linked::read(TREE).unwrap()).is_err());
        let lock = LOCK.replace("00aa", &"a".repeat(64)).replace("00bb", &"b".repeat(64));
        let more = format!("{TREE}1\tc v3.0.0\tMIT\n");
        let why = whole(&made(&lock).unwrap(), &Linked::read(&more).unwrap()).unwrap_err();
        assert!(why.to_string().contains("pkg:cargo/c@3.0.0"), "{why}");
    }
}
