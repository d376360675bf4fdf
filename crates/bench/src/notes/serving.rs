//! The notes service as the binary would start it, with fixed answers of the consent service.

use std::{path::Path, sync::Arc};

use futures::future::BoxFuture;
use identity::AuthLayer;
use kernel::{
    AgencyId, AgencyStatus, CodeSet, ConsentId, Instant, PersonId, Purpose, Sector, Sensitivity,
};
use ledger::Ledger;
use permit::{Answer, ConsentSource, Guard, Question, SourceError};
use policy::{
    Agencies, Agency, Consent, ConsentStatus, ConsentType, Disclosers, Effect, PersonFacts,
    Recipients, Rule, Statements,
};
use serve::{Running, ServeConfig, Server};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::world::{CLINIC, Everybody, Keys, PARTNER, World, clock, directory};

/// Everybody lets the partner read what the clinic holds, but what is HIV.
struct Consented(Arc<Agencies>);

impl Consented {
    fn new() -> Self {
        let agency = |id: Uuid| Agency {
            id: AgencyId::from(id),
            status: AgencyStatus::Active,
            sector: Sector::Healthcare,
            covered_entity: true,
            part2_program: false,
            victim_service_provider: false,
        };
        Self(Arc::new(Agencies::new([agency(CLINIC), agency(PARTNER)])))
    }
}

fn consent(person: &PersonId, number: u128, effect: Effect, of: CodeSet<Sensitivity>) -> Consent {
    let rule = Rule {
        recipients: Some(Recipients {
            agencies: vec![AgencyId::from(PARTNER)],
            ..Recipients::default()
        }),
        disclosers: Some(Disclosers { agencies: vec![AgencyId::from(CLINIC)] }),
        purposes: Some([Purpose::Treat].into()),
        sensitivities: (!of.is_empty()).then_some(of),
        ..Rule::new(effect)
    };
    Consent {
        id: ConsentId::from(Uuid::from_u128(number)),
        person: person.clone(),
        kind: ConsentType::General,
        status: ConsentStatus::Active,
        effective: Some(Instant::UNIX_EPOCH),
        expires: None,
        never_expires: true,
        revoked_at: None,
        revocable_after: None,
        grantor: None,
        co_grantor: None,
        signature: None,
        description: Some("notes of the clinic".to_owned()),
        statements: Statements::default(),
        supersedes: Vec::new(),
        rule,
        exceptions: Vec::new(),
        person_deceased: false,
    }
}

impl ConsentSource for Consented {
    fn facts(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<Answer>, SourceError>> {
        let answer = |question: Question| {
            let mut facts = PersonFacts::new(question.person.clone());
            let all = consent(&question.person, 1, Effect::Permit, CodeSet::EMPTY);
            let hiv = consent(&question.person, 2, Effect::Deny, [Sensitivity::Hiv].into());
            facts.consents = vec![all, hiv];
            let (facts, agencies) = (Arc::new(facts), Arc::clone(&self.0));
            Answer { revision: 1, time: time::OffsetDateTime::UNIX_EPOCH, facts, agencies }
        };
        let answers = questions.into_iter().map(answer).collect();
        Box::pin(async move { Ok(answers) })
    }
}

pub async fn start(keys: &Keys, url: &str, files: &Path) -> anyhow::Result<Running> {
    let db = pg::connect(&pg::Config::new(url, "notes")).await?;
    pg::check_server(&db, pg::Allow { unsafe_durability: false }).await?;
    let ledger = Ledger::start(db.clone(), ledger::Config::default());
    let known = directory(&World::default());
    let pages = rpc::Pages::new(&[7; 32], clock()).map_err(|_| anyhow::anyhow!("page key"))?;
    let deps = rpc::Deps {
        db,
        guard: Guard::new(Arc::new(Consented::new()), Arc::new(Everybody), ledger, clock()),
        clock: clock(),
        pages,
        directory: Arc::clone(&known),
        stop: CancellationToken::new(),
    };
    let app = ::notes::start(deps, ::notes::Files::folder(files)?);
    let authenticator = keys.authenticator("notes", known).await?;
    let listen = ServeConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        plaintext: true,
        ..ServeConfig::default()
    };
    Ok(Server::builder(listen)
        .descriptors(wire::DESCRIPTORS)
        .add_service(::notes::server(app))
        .auth(AuthLayer::new(authenticator))
        .start()
        .await?)
}
