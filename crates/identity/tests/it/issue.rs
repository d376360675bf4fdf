//! Tokens of our own making.

use std::{os::unix::fs::PermissionsExt, sync::Arc};

use identity::{
    Asserts, Authenticator, Binding, DevIssuer, IdentityConfig, IssueError, Mint, Proofed,
    SigningKey,
};
use kernel::{CodeSet, Instant, ManualClock, Purpose, Role};
use time::Duration;

use crate::world::{AGENCY, AUDIENCE, Bindings, CLIENT, GET_AGENCY, GET_NOTE, NOW, World, bearer};

fn staff() -> Mint {
    Mint {
        kind: Asserts::AgencyStaff,
        sub: "dr-a".into(),
        agency: Some(AGENCY.into()),
        client_id: Some(CLIENT.into()),
        roles: [Role::Clinician].into(),
        purposes: [Purpose::Treat].into(),
        ttl: Duration::hours(1),
        proofed: false,
    }
}

fn person() -> Mint {
    let roles = [Role::Person].into();
    Mint { kind: Asserts::Person, agency: None, client_id: None, roles, proofed: true, ..staff() }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Instant::from_unix_timestamp(NOW).unwrap()))
}

#[tokio::test]
async fn the_development_issuer_mints_what_a_network_that_trusts_it_takes() {
    let directory = tempfile::tempdir().unwrap();
    let clock = clock();
    let issuer = DevIssuer::open(directory.path(), AUDIENCE, clock.clone()).unwrap();
    let bindings = Arc::new(Bindings::default());
    bindings.set(AGENCY, identity::DEV_ISSUER, CLIENT, Binding::Bound);
    let config = IdentityConfig {
        audience: AUDIENCE.into(),
        issuers: vec![issuer.config()],
        service_keys: None,
    };
    let network = Authenticator::start(&config, &["notes"], clock.clone(), bindings).await.unwrap();
    let ask = async |token: &str| {
        network.authenticate(GET_AGENCY, &bearer(token)).await.map(Option::unwrap)
    };
    let caller = ask(&issuer.mint(&staff()).unwrap()).await.unwrap();
    assert_eq!(caller.purposes(), CodeSet::from([Purpose::Treat]));
    assert_eq!(caller.agency().unwrap().as_str(), AGENCY);
    let caller = ask(&issuer.mint(&person()).unwrap()).await.unwrap();
    assert!(caller.proofed().is_none(), "it does not say who");
    let who = Proofed {
        family_name: "Roe".into(),
        given_name: None,
        birth_date: time::macros::date!(1980 - 01 - 02),
    };
    let caller = ask(&issuer.mint_proofed(&person(), &who).unwrap()).await.unwrap();
    assert!(caller.proofed() == Some(&who));
    // The same key after a restart.
    let again = DevIssuer::open(directory.path(), AUDIENCE, clock.clone()).unwrap();
    assert!(ask(&again.mint(&staff()).unwrap()).await.is_ok());
    // For another audience: no.
    let other = DevIssuer::open(directory.path(), "https://other.example", clock).unwrap();
    assert!(ask(&other.mint(&staff()).unwrap()).await.is_err());
    assert!(network.authenticate(GET_NOTE, &bearer("x")).await.is_err());
}

#[tokio::test]
async fn nobody_trusts_the_development_issuer_unasked() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(world.clock.clone());
    let issuer = DevIssuer::open(directory.path(), AUDIENCE, clock).unwrap();
    world.bindings.set(AGENCY, identity::DEV_ISSUER, CLIENT, Binding::Bound);
    world.refuses("staff", &issuer.mint(&staff()).unwrap()).await;
    world.refuses("person", &issuer.mint(&person()).unwrap()).await;
}

#[test]
fn what_could_never_be_accepted_is_not_minted() {
    let directory = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::open(directory.path(), AUDIENCE, clock()).unwrap();
    for ttl in [Duration::ZERO, Duration::seconds(-1), Duration::hours(24) + Duration::SECOND] {
        assert!(matches!(issuer.mint(&Mint { ttl, ..staff() }), Err(IssueError::Lifetime)));
    }
    for mint in [
        Mint { agency: None, ..staff() },
        Mint { client_id: None, ..staff() },
        Mint { roles: CodeSet::EMPTY, ..staff() },
        Mint { roles: [Role::Person].into(), ..staff() },
        Mint { roles: [Role::Service].into(), ..staff() },
        Mint { agency: Some(AGENCY.into()), ..person() },
    ] {
        assert!(matches!(issuer.mint(&mint), Err(IssueError::Claims)));
    }
}

#[test]
fn a_private_key_is_its_owners_alone() {
    let directory = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::open(directory.path(), AUDIENCE, clock()).unwrap();
    let network = identity::NetworkKeys::open(directory.path()).unwrap();
    for name in ["dev-issuer-key.pem", "network-key.pem"] {
        let path = directory.path().join(name);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        let pem = std::fs::read_to_string(&path).unwrap();
        let secret = pem.lines().nth(1).unwrap();
        let shown =
            format!("{issuer:?} {network:?} {:?}", SigningKey::from_pem_file(&path).unwrap());
        assert!(!shown.contains(secret));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(SigningKey::from_pem_file(&path), Err(IssueError::Exposed)));
    }
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 4, "nothing is left beside the two keys and the two sets");
}

#[test]
fn a_key_file_that_is_no_es256_key_is_refused() {
    identity::prepare_crypto().unwrap();
    for text in ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert!(matches!(SigningKey::from_pem(text.as_bytes()), Err(IssueError::Key)));
    }
}

#[tokio::test]
async fn a_service_token_is_kept_until_it_is_near_its_end_one_for_each_callee() {
    let world = World::new().await;
    let tokens = world.service_tokens("notes");
    let first = tokens.authorization("consent").unwrap();
    assert!(first.is_sensitive());
    assert_ne!(first, tokens.authorization("people").unwrap());
    world.clock.advance(Duration::seconds(239));
    assert_eq!(first, tokens.authorization("consent").unwrap());
    world.clock.advance(Duration::seconds(1));
    assert_ne!(first, tokens.authorization("consent").unwrap());
    let now = tokens.authorization("consent").unwrap();
    world.clock.advance(Duration::seconds(-10));
    assert_ne!(now, tokens.authorization("consent").unwrap(), "made in the future");
}
