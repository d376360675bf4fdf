//! The network that is measured: two agencies, sixty-four members of staff, and what all of its
//! processes must know of each other.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use facts::Directory;
use identity::{
    Asserts, Authenticator, DEV_ISSUER, DevIssuer, IdentityConfig, Mint, NetworkKeys, ServiceTokens,
};
use kernel::{AgencyId, Clock, PersonId, Purpose, Role, Sector, SystemClock};
use ledger::{LogName, Seal, VerifyingKey};
use permit::{PeopleSource, SignIn, SourceError};
use pg::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{
    convert::to_wire,
    directory::v1::{Agency, AgencyBinding, AgencyState, AgencyStatus, WatchAgenciesResponse},
};

/// It holds all notes.
pub const CLINIC: Uuid = Uuid::from_u128(0xc1_0000_4000_8000_0000_0000_0000);
/// It reads half of the notes, each under its person's consent.
pub const PARTNER: Uuid = Uuid::from_u128(0xc2_0000_4000_8000_0000_0000_0000);
/// Tokens in use: note k is read with token k % 64, the even ones of the clinic's staff.
pub const TOKENS: usize = 64;

const AUDIENCE: &str = "https://bench.trellis.example";
pub const CLIENT: &str = "bench";

/// What the orchestrator leaves for the servers, in `world.json` of its folder.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct World {
    /// The notes service's database, as its own role.
    pub notes_url: String,
    /// The same database, as a role that row-level security does not bind: for the unprotected read.
    pub open_url: String,
    /// The referrals service's, where that is measured.
    pub referrals_url: String,
    pub consent_url: String,
    /// Agencies besides, who watch what is sent to them.
    pub watching: u32,
    /// Where the consent service listens.
    pub consent: String,
    pub tokens: Vec<String>,
    pub notes: Vec<Uuid>,
}

impl World {
    pub fn load(home: &Path) -> anyhow::Result<Self> {
        let path = home.join("world.json");
        let text = fs::read(&path).with_context(|| path.display().to_string())?;
        Ok(serde_json::from_slice(&text)?)
    }

    pub fn save(&self, home: &Path) -> anyhow::Result<()> {
        Ok(fs::write(home.join("world.json"), serde_json::to_vec(self)?)?)
    }
}

/// One of the agencies that watch.
pub fn watching(n: u32) -> Uuid {
    Uuid::from_u128(PARTNER.as_u128() + 1 + u128::from(n))
}

/// Where heads go.
pub fn anchors(home: &Path) -> PathBuf {
    home.join("anchors")
}

pub fn log() -> anyhow::Result<LogName> {
    LogName::new("bench.trellis.example/notes").context("the log's name")
}

fn ledger_key() -> anyhow::Result<ledger::SigningKey> {
    ledger::SigningKey::from_seed(&[7; 32]).context("the ledger's key")
}

pub fn ledger_public_key() -> anyhow::Result<VerifyingKey> {
    ledger_key()?.verifying().context("the ledger's public key")
}

/// Anchored in this file.
pub fn seal(anchor: PathBuf) -> anyhow::Result<Seal> {
    Ok(Seal {
        log: log()?,
        key: ledger_key()?,
        earlier: Vec::new(),
        every: ledger::SEAL_EVERY,
        anchor,
    })
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// All agencies, as the directory service would have told them.
pub fn directory(world: &World) -> Arc<Directory> {
    let state = |id: Uuid, display_name: &str| AgencyState {
        agency: Some(Agency {
            name: format!("agencies/{id}"),
            display_name: display_name.to_owned(),
            sector: to_wire(Sector::Healthcare),
            status: AgencyStatus::Active.into(),
            covered_entity: true,
            ..Agency::default()
        }),
        bindings: vec![AgencyBinding {
            issuer: DEV_ISSUER.to_owned(),
            client_ids: vec![CLIENT.to_owned()],
        }],
        ..AgencyState::default()
    };
    let directory = Directory::local();
    let both = [state(CLINIC, "The clinic"), state(PARTNER, "The partner")];
    let others = (0..world.watching).map(|n| state(watching(n), "Another"));
    directory.apply(&WatchAgenciesResponse {
        revision: 1,
        agencies: both.into_iter().chain(others).collect(),
        snapshot: true,
        more: false,
        principals: Vec::new(),
    });
    directory
}

/// The keys of this network, below the orchestrator's folder.
pub struct Keys {
    issuer: DevIssuer,
    network: NetworkKeys,
}

impl Keys {
    pub fn open(home: &Path) -> anyhow::Result<Self> {
        let at = |name: &str| -> PathBuf { home.join(name) };
        Ok(Self {
            issuer: DevIssuer::open(&at("issuer"), AUDIENCE, clock())?,
            network: NetworkKeys::open(&at("network"))?,
        })
    }

    pub async fn authenticator(
        &self,
        service: &str,
        directory: Arc<Directory>,
    ) -> anyhow::Result<Arc<Authenticator>> {
        let config = IdentityConfig {
            audience: AUDIENCE.to_owned(),
            issuers: vec![self.issuer.config()],
            service_keys: Some(self.network.config()),
        };
        Ok(Authenticator::start(&config, &[service], clock(), Arc::new(directory)).await?)
    }

    pub fn service_tokens(&self, service: &str) -> Arc<ServiceTokens> {
        Arc::new(ServiceTokens::new(service, self.network.signing_key().clone(), clock()))
    }

    /// Token number `place` of [`TOKENS`].
    pub fn staff(&self, place: usize) -> anyhow::Result<String> {
        let agency = if place.is_multiple_of(2) { CLINIC } else { PARTNER };
        self.member(place, agency)
    }

    /// Somebody of an agency's staff.
    pub fn member(&self, place: usize, agency: Uuid) -> anyhow::Result<String> {
        Ok(self.issuer.mint(&Mint {
            kind: Asserts::AgencyStaff,
            sub: format!("staff-{place}"),
            agency: Some(AgencyId::from(agency)),
            client_id: Some(CLIENT.to_owned()),
            roles: [Role::Clinician].into(),
            purposes: [Purpose::Treat].into(),
            ttl: time::Duration::hours(12),
            proofed: false,
        })?)
    }

    pub fn person(&self, person: Uuid) -> anyhow::Result<String> {
        Ok(self.issuer.mint(&Mint {
            kind: Asserts::Person,
            sub: person.to_string(),
            agency: None,
            client_id: None,
            roles: [Role::Person].into(),
            purposes: [Purpose::PatientRequest].into(),
            ttl: time::Duration::HOUR,
            proofed: true,
        })?)
    }
}

/// In the people service's place: a sign-in's subject is the person, and the clinic knows everybody.
/// Reads by staff ask neither.
#[derive(Debug)]
pub struct Everybody;

impl PeopleSource for Everybody {
    fn sign_in<'a>(
        &'a self,
        _: &'a str,
        subject: &'a str,
    ) -> BoxFuture<'a, Result<Option<SignIn>, SourceError>> {
        let person = Uuid::try_parse(subject).ok().map(PersonId::from);
        Box::pin(async move { Ok(person.map(|person| SignIn { person, confirmed_by: None })) })
    }

    fn registered<'a>(
        &'a self,
        _: &'a PersonId,
        _: &'a AgencyId,
    ) -> BoxFuture<'a, Result<bool, SourceError>> {
        Box::pin(async { Ok(true) })
    }
}
