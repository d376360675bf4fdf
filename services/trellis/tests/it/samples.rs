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
