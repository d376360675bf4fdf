//! Tokens for every kind of caller.

use std::{path::Path, sync::Arc};

use identity::{Asserts, DevIssuer, Mint, Proofed, ServiceTokens, SigningKey};
use kernel::{AgencyId, Clock, CodeSet, Purpose, Role};
use time::Duration;

use crate::{AUDIENCE, CLIENT_ID};

/// The development issuer of a network, and its service key.
pub struct Tokens {
    issuer: DevIssuer,
    service_key: SigningKey,
    clock: Arc<dyn Clock>,
}

impl Tokens {
    pub(crate) fn new(keys: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let issuer = DevIssuer::open(keys, AUDIENCE, Arc::clone(&clock))?;
        let service_key = SigningKey::from_pem_file(&keys.join("network-key.pem"))?;
        Ok(Self { issuer, service_key, clock })
    }

    /// Whatever the issuer can be brought to say.
    pub fn mint(&self, mint: &Mint) -> String {
        self.issuer.mint(mint).expect("a token that can be minted")
    }

    /// Somebody of an agency (`agencies/…`).
    pub fn staff(
        &self,
        agency: &str,
        sub: &str,
        roles: impl Into<CodeSet<Role>>,
        purposes: impl Into<CodeSet<Purpose>>,
    ) -> String {
        let agency = agency.strip_prefix("agencies/").unwrap_or(agency);
        self.mint(&Mint {
            agency: Some(AgencyId::new(agency)),
            client_id: Some(CLIENT_ID.to_owned()),
            ..mint(Asserts::AgencyStaff, sub, roles.into(), purposes.into())
        })
    }

    /// A clinician, for treatment and the coordination of care.
    pub fn clinician(&self, agency: &str) -> String {
        let purposes = [Purpose::Treat, Purpose::CoordinationOfCare];
        self.staff(agency, "clinician", [Role::Clinician], purposes)
    }

    /// A person's own sign-in.
    pub fn person(&self, sub: &str) -> String {
        self.mint(&mint(
            Asserts::Person,
            sub,
            [Role::Person].into(),
            [Purpose::PatientRequest].into(),
        ))
    }

    /// A person's own sign-in, whose issuer has seen papers of this name (IAL2).
    pub fn proofed(&self, sub: &str, who: &Proofed) -> String {
        let person =
            mint(Asserts::Person, sub, [Role::Person].into(), [Purpose::PatientRequest].into());
        self.issuer.mint_proofed(&person, who).expect("a token that can be minted")
    }

    /// The network's administrator, who registers agencies.
    pub fn network_admin(&self) -> String {
        self.mint(&mint(Asserts::Network, "admin", [Role::NetworkAdmin].into(), CodeSet::EMPTY))
    }

    /// What the service `from` shows the service `to`.
    pub fn service(&self, from: &str, to: &str) -> String {
        let tokens = ServiceTokens::new(from, self.service_key.clone(), Arc::clone(&self.clock));
        let value = tokens.authorization(to).expect("a service token");
        let value = value.to_str().expect("a header's value");
        value.trim_start_matches("Bearer ").to_owned()
    }
}

fn mint(kind: Asserts, sub: &str, roles: CodeSet<Role>, purposes: CodeSet<Purpose>) -> Mint {
    Mint {
        kind,
        sub: sub.to_owned(),
        agency: None,
        client_id: None,
        roles,
        purposes,
        ttl: Duration::hours(12),
        proofed: false,
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}
