//! Tokens for callers of every kind, from a network's own keys.

use std::{path::Path, sync::Arc};

use identity::{Asserts, DevIssuer, Mint, ServiceTokens, SigningKey};
use kernel::{AgencyId, Clock as _, CodeSet, ManualClock, Purpose, Role, SystemClock};
use time::Duration;
use wire::convert::id_of;

/// What `aud` of a user's token says in `trellis up` and here.
pub const AUDIENCE: &str = "trellis-dev";
/// The client that agencies made here are registered with.
pub const CLIENT: &str = "tests";

/// The development issuer and the network's key.
pub struct Tokens {
    issuer: DevIssuer,
    before: DevIssuer,
    network: SigningKey,
}

impl Tokens {
    /// From the folder that holds the keys.
    pub fn open(keys: &Path) -> Self {
        identity::prepare_crypto().unwrap();
        let clock = Arc::new(SystemClock);
        let yesterday = Arc::new(ManualClock::at(SystemClock.now() - Duration::DAY));
        Self {
            issuer: DevIssuer::open(keys, AUDIENCE, clock).unwrap(),
            before: DevIssuer::open(keys, AUDIENCE, yesterday).unwrap(),
            network: SigningKey::from_pem_file(&keys.join("network-key.pem")).unwrap(),
        }
    }

    /// A member of an agency's staff; `agency` is its name, `agencies/{uuid}`.
    pub fn staff(&self, sub: &str, agency: &str, roles: &[Role], purposes: &[Purpose]) -> String {
        self.issuer.mint(&staff(sub, agency, roles, purposes)).unwrap()
    }

    /// The same, an hour's token of yesterday.
    pub fn expired(&self, sub: &str, agency: &str, roles: &[Role], purposes: &[Purpose]) -> String {
        self.before.mint(&staff(sub, agency, roles, purposes)).unwrap()
    }

    /// A person's own sign-in.
    pub fn person(&self, sub: &str) -> String {
        let mint = mint(Asserts::Person, sub, &[Role::Person], &[Purpose::PatientRequest]);
        self.issuer.mint(&mint).unwrap()
    }

    /// The sign-in of somebody who acts for others.
    pub fn representative(&self, sub: &str) -> String {
        let roles = [Role::Representative];
        let mint = mint(Asserts::Person, sub, &roles, &[Purpose::PatientRequest]);
        self.issuer.mint(&mint).unwrap()
    }

    /// The sign-in of somebody who supports others.
    pub fn supporter(&self, sub: &str) -> String {
        let roles = [Role::Supporter];
        let mint = mint(Asserts::Person, sub, &roles, &[Purpose::SupportNetwork]);
        self.issuer.mint(&mint).unwrap()
    }

    pub fn network_admin(&self) -> String {
        self.issuer.mint(&mint(Asserts::Network, "admin", &[Role::NetworkAdmin], &[])).unwrap()
    }

    /// A data steward of the network.
    pub fn data_steward(&self) -> String {
        self.data_steward_named("steward")
    }

    pub fn data_steward_named(&self, sub: &str) -> String {
        self.issuer.mint(&mint(Asserts::Network, sub, &[Role::DataSteward], &[])).unwrap()
    }

    /// A service's token for another service.
    pub fn service(&self, name: &str, callee: &str) -> String {
        let tokens = ServiceTokens::new(name, self.network.clone(), Arc::new(SystemClock));
        let value = tokens.authorization(callee).unwrap();
        value.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
    }

    /// Anything else.
    pub fn mint(&self, mint: &Mint) -> String {
        self.issuer.mint(mint).unwrap()
    }
}

fn staff(sub: &str, agency: &str, roles: &[Role], purposes: &[Purpose]) -> Mint {
    Mint {
        agency: Some(AgencyId::from(id_of("agencies", agency).expect("an agency's name"))),
        client_id: Some(CLIENT.to_owned()),
        ..mint(Asserts::AgencyStaff, sub, roles, purposes)
    }
}

fn mint(kind: Asserts, sub: &str, roles: &[Role], purposes: &[Purpose]) -> Mint {
    Mint {
        kind,
        sub: sub.to_owned(),
        agency: None,
        client_id: None,
        roles: roles.iter().copied().collect::<CodeSet<Role>>(),
        purposes: purposes.iter().copied().collect(),
        ttl: Duration::HOUR,
        proofed: false,
    }
}
