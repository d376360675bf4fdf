//! The configurations that deploy/ shows are such that they parse, and complete.

use std::{fs, path::PathBuf};

use trellis::{Config, Service};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/config")
}

#[test]
fn every_sample_configuration_is_accepted() {
    let samples: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let samples: Vec<PathBuf> = samples.into_iter().filter(|path| path.is_file()).collect();
    assert!(samples.len() >= Service::ALL.len() + 2);
    for path in samples {
        let config = Config::load(&path).unwrap_or_else(|error| panic!("{error}"));
        config.rules().unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_sample_rule_pack_is_accepted_and_adds_to_the_default() {
    let mut config = Config::load(&folder().join("consent.toml")).unwrap();
    assert_eq!(
        config.rules().unwrap(),
        consent::Rules::default(),
        "a fictional state's are no sample"
    );
    config.consent.rule_packs = vec![folder().join("rules/example-state.toml")];
    let rules = config.rules().unwrap();
    assert_eq!(rules.name(), "default-2026-11;example-state-1");
    assert_eq!(rules.pack().max_victim_release_days, 60);
    assert!(!rules.pack().parent_signs.is_empty());
}

/// What is below a key of this indent, by the key.
fn blocks(text: &str, indent: usize) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let depth = line.len() - line.trim_start().len();
        if let Some(key) = line.trim_end().strip_suffix(':')
            && depth == indent
        {
            found.push((key.trim().to_owned(), String::new()));
        } else if let Some((_, block)) = found.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
    }
    found
}

#[test]
fn in_the_sample_of_containers_each_service_sees_its_own_secrets_and_anchors() {
    let text = fs::read_to_string(folder().join("../compose.yaml")).unwrap();
    let top = blocks(&text, 0);
    let of = |name: &str| &top.iter().find(|(key, _)| key == name).unwrap().1;
    let services = blocks(of("services"), 2);
    let known = Service::ALL.map(|service| service.name().to_owned());
    for (name, block) in &services {
        let mounts = |what: &str| -> Vec<&str> {
            let parts = block.split(|c: char| c.is_whitespace() || "[]\",".contains(c));
            parts.filter(|part| part.starts_with(what)).collect()
        };
        if known.contains(name) {
            assert_eq!(mounts("./secrets"), [format!("./secrets/{name}:/run/secrets/trellis:ro")]);
            assert_eq!(mounts("anchors"), [format!("anchors-{name}:/var/lib/trellis/anchors")]);
            assert_eq!(mounts("./pki"), [format!("./pki/{name}:/run/secrets/tls:ro")]);
            assert!(!block.contains("admin"), "{name}");
        } else if !["keys", "migrate"].contains(&&**name) {
            assert_eq!(mounts("./secrets"), [] as [&str; 0], "{name}");
        }
    }
    assert_eq!(services.iter().filter(|(name, _)| known.contains(name)).count(), known.len());
    let (_, keys) = services.iter().find(|(name, _)| name == "keys").unwrap();
    assert!(keys.contains("[ $$s = people ] || rm -f /secrets/$$s/people-matching"), "{keys}");
    // Nothing of it is shared by all.
    let mut shared = text.lines().take_while(|line| *line != "services:");
    assert!(!shared.any(|line| line.contains("volumes:")));
}

#[test]
fn in_the_sample_of_a_cluster_secrets_are_named_one_by_one_and_the_administrators_is_the_jobs() {
    let text = fs::read_to_string(folder().join("../kubernetes/notes.yaml")).unwrap();
    let documents: Vec<&str> = text.split("\n---\n").collect();
    let of = |kind: &str| {
        let kind = format!("kind: {kind}\n");
        *documents.iter().find(|document| document.contains(&kind)).unwrap()
    };
    let pods = of("StatefulSet");
    let given: Vec<&str> = pods.lines().filter(|line| line.contains("- secret: {")).collect();
    assert!(given.len() > 2 && given.iter().all(|line| line.contains("items: [")), "{given:?}");
    for other in ["people-matching", "admin"] {
        assert!(!pods.contains(other), "{other}");
    }
    assert!(of("Job").contains("trellis-admin-url"));
}

#[test]
fn a_service_of_its_own_knows_where_its_peers_are_and_no_more() {
    for service in Service::ALL {
        let config = Config::load(&folder().join(format!("{service}.toml"))).unwrap();
        for other in Service::ALL {
            let needed = service.peers().contains(&other) && other != service;
            assert_eq!(config.peers.url(other).is_some(), needed, "{other} in {service}.toml");
        }
        let matching = config.secrets.people_matching.is_some();
        assert_eq!(matching, service == Service::People, "{service}.toml");
        assert!(!config.database.unsafe_durability);
    }
}
