//! Every target on its kept inputs, and on changes of them for some seconds; and that the targets are all there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use prost_reflect::DescriptorPool;
use trellis_fuzz::{REQUESTS, Request, TARGETS, corpus, explore, seeds, target};

mod floods;

/// Bounds of time and memory are of one target at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn holds(name: &str) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let number = |variable: &str| std::env::var(variable).ok()?.parse().ok();
    let seed = number("TRELLIS_FUZZ_SEED").unwrap_or(1);
    let long = Duration::from_millis(number("TRELLIS_FUZZ_MILLIS").unwrap_or(2_000));
    let explored = explore(target(name).unwrap(), seed, long);
    let explored = explored.unwrap_or_else(|why| panic!("{why} (TRELLIS_FUZZ_SEED={seed})"));
    println!("{name}: {explored:?}, seed {seed}");
    assert!(explored.kept > 0, "{name} has nothing to begin with");
    assert!(explored.changed > 0, "{name} was not changed");
}

macro_rules! holds {
    ($($name:ident)+) => {
        $(#[test] fn $name() { holds(stringify!($name)); })+
        const TESTED: &[&str] = &[$(stringify!($name)),+];
    };
}

holds! {
    address attachment cases claims config consents facts headers heads hsds json keys names pages requests rules
    sniff token web
}

#[test]
fn every_target_has_its_test() {
    let all: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(all, TESTED);
}

#[test]
fn every_request_of_the_contract_is_a_target_and_known_by_its_own_key() {
    let pool = DescriptorPool::decode(wire::DESCRIPTORS).unwrap();
    let ours = pool.services().filter(|service| service.full_name().starts_with("trellis."));
    let methods: Vec<_> = ours.flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    // One that has no field has nothing to parse.
    let inputs = methods.iter().map(|method| method.input());
    let inputs = inputs.filter(|input| input.fields().len() > 0);
    let contract: BTreeSet<_> = inputs.map(|input| input.full_name().to_owned()).collect();
    let here: BTreeSet<_> = REQUESTS.iter().map(|request| request.name.to_owned()).collect();
    assert_eq!(contract, here);
    let keys: HashSet<_> = REQUESTS.iter().map(Request::key).collect();
    assert_eq!(keys.len(), REQUESTS.len());
}

#[test]
fn most_requests_begin_with_one_that_the_contract_lets_through() {
    let seeds = seeds("requests");
    let odd = REQUESTS.iter().zip(&seeds).filter(|(request, seed)| !request.lets(&seed[2..]));
    let odd: Vec<_> = odd.map(|(request, _)| request.name).collect();
    assert!(odd.len() * 4 <= REQUESTS.len(), "{} of {}: {odd:?}", odd.len(), REQUESTS.len());
}

#[test]
fn what_is_kept_is_small_and_named_by_its_hash() {
    use sha2::{Digest as _, Sha256};
    let mut bytes = 0;
    for target in TARGETS {
        for (path, input) in corpus(target) {
            bytes += input.len();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let hash = hex::encode(Sha256::digest(&input));
            assert_eq!(name, hash[..16], "{}", path.display());
        }
    }
    assert!(bytes <= 300 * 1024, "{bytes} bytes");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(!entry.path().is_dir() || target(&name).is_some(), "{name} is no target");
    }
}
