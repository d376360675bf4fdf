//! The first steps of most stories: agencies, a person, a consent.

use client::request_id;
use tonic::Response;
use wire::{
    common::v1::{Action, Identifier, Purpose, RecordKind, Sector},
    consent::v1::{
        Consent, ConsentTerms, ConsentType, Disclosers, DraftConsentRequest, Effect, Recipients,
        Rule, SignConsentRequest, Statements,
    },
    directory::v1::{AgencyBinding, RegisterAgencyRequest},
    people::v1::{AcceptInvitationRequest, InvitePersonRequest, RegisterPersonRequest},
};

use crate::{CLIENT_ID, Caller, Network};

/// The year 2100, by any test's clock.
const FAR_AWAY: i64 = 4_102_444_800;

/// Three agencies of different sectors, one of them with a unit of its own.
#[derive(Debug, Clone)]
pub struct Agencies {
    pub clinic: String,
    /// The clinic's programme for substance use disorders: a Part 2 programme.
    pub programme: String,
    pub housing: String,
    pub probation: String,
}

/// Somebody who does not exist.
#[derive(Debug, Clone)]
pub struct Someone {
    pub given_name: String,
    pub family_name: String,
    pub birth_date: String,
    /// In a system that all agencies share: by it they are one person everywhere.
    pub medicaid: String,
}

impl Someone {
    /// A different person for each number.
    pub fn number(n: u32) -> Self {
        Self {
            given_name: "Jordan".into(),
            family_name: format!("Rivera{n}"),
            birth_date: "1985-04-12".into(),
            medicaid: format!("T{n:08}"),
        }
    }
}

/// The three agencies of the story, as a network administrator registers them.
pub fn story_agencies() -> [RegisterAgencyRequest; 3] {
    let agency = |display_name: &str, sector: Sector| RegisterAgencyRequest {
        display_name: display_name.into(),
        sector: sector.into(),
        ..registration()
    };
    [
        RegisterAgencyRequest {
            covered_entity: true,
            ..agency("Alder Clinic", Sector::Healthcare)
        },
        agency("Bridge Housing", Sector::Housing),
        agency("County Probation", Sector::Justice),
    ]
}

/// A refusal with everything that it says. On a busy machine the moment between the last question and the COMMIT may
/// be too short: what is UNAVAILABLE is asked again, with the same `request_id`.
macro_rules! done {
    ($client:expr, $method:ident, $request:expr) => {{
        let request = $request;
        let answer = client::retry(|| {
            let (mut client, request) = ($client, request.clone());
            async move { client.$method(request).await }
        });
        answer
            .await
            .map(Response::into_inner)
            .map_err(|status| anyhow::anyhow!(client::explain(&status)))
    }};
}

fn registration() -> RegisterAgencyRequest {
    RegisterAgencyRequest {
        request_id: request_id(),
        bindings: vec![AgencyBinding {
            issuer: identity::DEV_ISSUER.into(),
            client_ids: vec![CLIENT_ID.into()],
        }],
        ..RegisterAgencyRequest::default()
    }
}

/// A general consent: `from` may let `to` read notes and referrals for treatment and coordination.
pub fn permit_reading(from: &[&str], to: &[&str]) -> ConsentTerms {
    let names = |agencies: &[&str]| agencies.iter().map(|&name| name.to_owned()).collect();
    ConsentTerms {
        r#type: ConsentType::General.into(),
        description: "So that they can work together".into(),
        rule: Some(Rule {
            effect: Effect::Permit.into(),
            recipients: Some(Recipients { agencies: names(to), ..Recipients::default() }),
            disclosers: Some(Disclosers { agencies: names(from) }),
            purposes: vec![Purpose::Treat.into(), Purpose::Coc.into()],
            actions: vec![Action::Read.into(), Action::Transition.into(), Action::Refer.into()],
            kinds: vec![RecordKind::Note.into(), RecordKind::Referral.into()],
            ..Rule::default()
        }),
        expires: Some(prost_types::Timestamp { seconds: FAR_AWAY, nanos: 0 }),
        statements: Some(Statements {
            right_to_revoke: true,
            redisclosure: true,
            refusal_consequences: true,
        }),
        ..ConsentTerms::default()
    }
}

impl Network {
    /// Registers an agency and waits until every service knows it.
    pub async fn register_agency(&self, request: RegisterAgencyRequest) -> anyhow::Result<String> {
        let reply = done!(self.network_admin().directory(), register_agency, request)?;
        let agency = reply.agency.unwrap_or_default().name;
        self.hears_of(&agency).await?;
        Ok(agency)
    }

    /// The agencies of the story.
    pub async fn agencies(&self) -> anyhow::Result<Agencies> {
        let [clinic, housing, probation] = story_agencies();
        let clinic = self.register_agency(clinic).await?;
        let programme = RegisterAgencyRequest {
            display_name: "Alder Recovery Programme".into(),
            sector: Sector::Healthcare.into(),
            parent: clinic.clone(),
            part2_program: true,
            covered_entity: true,
            ..registration()
        };
        Ok(Agencies {
            clinic,
            programme: self.register_agency(programme).await?,
            housing: self.register_agency(housing).await?,
            probation: self.register_agency(probation).await?,
        })
    }

    /// Registers somebody at the caller's agency, under its own number and the shared one.
    pub async fn register(&self, staff: &Caller, who: &Someone) -> anyhow::Result<String> {
        let own = request_id();
        let request = RegisterPersonRequest {
            request_id: request_id(),
            identifiers: vec![
                Identifier { system: "urn:agency:client".into(), value: own },
                Identifier { system: "urn:trellis:medicaid".into(), value: who.medicaid.clone() },
            ],
            given_name: who.given_name.clone(),
            family_name: who.family_name.clone(),
            birth_date: who.birth_date.clone(),
            ..RegisterPersonRequest::default()
        };
        let reply = done!(staff.people(), register_person, request)?;
        Ok(reply.person.unwrap_or_default().name)
    }

    /// Invites a person and accepts with this sign-in: the person, signed in.
    pub async fn sign_in(&self, staff: &Caller, person: &str, sub: &str) -> anyhow::Result<Caller> {
        let invite = InvitePersonRequest { request_id: request_id(), person: person.to_owned() };
        let code = done!(staff.people(), invite_person, invite)?.code;
        let caller = self.person(sub);
        let accept = AcceptInvitationRequest { request_id: request_id(), code };
        done!(caller.people(), accept_invitation, accept)?;
        Ok(caller)
    }

    /// Drafts a consent and signs its text, as the person.
    pub async fn consent(
        &self,
        person: &Caller,
        name: &str,
        terms: ConsentTerms,
    ) -> anyhow::Result<Consent> {
        let draft = DraftConsentRequest {
            request_id: request_id(),
            person: name.to_owned(),
            terms: Some(terms),
            language: String::new(),
        };
        let draft = done!(person.consents(), draft_consent, draft)?;
        let draft = draft.consent.unwrap_or_default();
        let sign = SignConsentRequest {
            request_id: request_id(),
            name: draft.name,
            text_sha256: draft.text_sha256,
        };
        let signed = done!(person.consents(), sign_consent, sign)?;
        Ok(signed.consent.unwrap_or_default())
    }
}
