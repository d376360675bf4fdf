//! One caller of the story: a name, a token, and a client of every service.

use std::time::Duration;

use anyhow::Context as _;
use identity::{Asserts, DevIssuer, Mint};
use kernel::{AgencyId, Purpose, Role};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};
use wire::{
    audit::v1::audit_service_client::AuditServiceClient,
    consent::v1::consent_service_client::ConsentServiceClient, convert::id_of,
    directory::v1::directory_service_client::DirectoryServiceClient,
    notes::v1::notes_service_client::NotesServiceClient,
    people::v1::people_service_client::PeopleServiceClient,
    recovery::v1::recovery_service_client::RecoveryServiceClient,
    referrals::v1::referrals_service_client::ReferralsServiceClient,
};

/// Puts the caller's token on every request.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

type Authorized = InterceptedService<Channel, Bearer>;

/// Somebody who calls.
#[derive(Clone)]
pub struct Actor {
    pub who: String,
    service: Authorized,
}

/// Where the story plays and who vouches for its callers.
pub struct Stage<'a> {
    pub channel: Channel,
    pub issuer: &'a DevIssuer,
}

impl Stage<'_> {
    fn actor(&self, who: &str, mint: &Mint) -> anyhow::Result<Actor> {
        let token = self.issuer.mint(mint).context("minting a token")?;
        let bearer = format!("Bearer {token}").parse().context("a token as metadata")?;
        let service = InterceptedService::new(self.channel.clone(), Bearer(bearer));
        Ok(Actor { who: who.to_owned(), service })
    }

    /// The network's administrator.
    pub fn admin(&self) -> anyhow::Result<Actor> {
        let mint = mint(Asserts::Network, "linden-network", &[Role::NetworkAdmin], &[]);
        self.actor("network administrator", &mint)
    }

    /// A member of an agency's staff.
    pub fn staff(
        &self,
        who: &str,
        sub: &str,
        agency: &str,
        roles: &[Role],
        purposes: &[Purpose],
    ) -> anyhow::Result<Actor> {
        let mut mint = mint(Asserts::AgencyStaff, sub, roles, purposes);
        let id = id_of("agencies", agency).context("an agency's name")?;
        mint.agency = Some(AgencyId::from(id));
        mint.client_id = Some("demo".to_owned());
        self.actor(who, &mint)
    }

    /// One of the person's circle, with a sign-in of their own.
    pub fn supporter(&self, who: &str, sub: &str) -> anyhow::Result<Actor> {
        let support = [Purpose::SupportNetwork];
        self.actor(who, &mint(Asserts::Person, sub, &[Role::Supporter], &support))
    }

    /// The person, with a sign-in of their own.
    pub fn person(&self, who: &str, sub: &str) -> anyhow::Result<Actor> {
        self.actor(who, &mint(Asserts::Person, sub, &[Role::Person], &[Purpose::PatientRequest]))
    }
}

fn mint(kind: Asserts, sub: &str, roles: &[Role], purposes: &[Purpose]) -> Mint {
    Mint {
        kind,
        sub: sub.to_owned(),
        agency: None,
        client_id: None,
        roles: roles.iter().copied().collect(),
        purposes: purposes.iter().copied().collect(),
        ttl: Duration::from_secs(3600).try_into().unwrap_or(time::Duration::HOUR),
        proofed: false,
    }
}

impl Actor {
    pub fn directory(&self) -> DirectoryServiceClient<Authorized> {
        DirectoryServiceClient::new(self.service.clone())
    }
    pub fn people(&self) -> PeopleServiceClient<Authorized> {
        PeopleServiceClient::new(self.service.clone())
    }
    pub fn consents(&self) -> ConsentServiceClient<Authorized> {
        ConsentServiceClient::new(self.service.clone())
    }
    pub fn referrals(&self) -> ReferralsServiceClient<Authorized> {
        ReferralsServiceClient::new(self.service.clone())
    }
    pub fn notes(&self) -> NotesServiceClient<Authorized> {
        NotesServiceClient::new(self.service.clone())
    }
    pub fn recovery(&self) -> RecoveryServiceClient<Authorized> {
        RecoveryServiceClient::new(self.service.clone())
    }
    pub fn audit(&self) -> AuditServiceClient<Authorized> {
        AuditServiceClient::new(self.service.clone())
    }
}
