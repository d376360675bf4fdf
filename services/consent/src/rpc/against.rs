//! What a consent is captured against, asked before its transaction.

use std::sync::Arc;

use kernel::{AgencyId, Instant, PersonId};
use permit::Call;
use policy::{Agencies, Consent, Relationship, capture::Ages};
use rpc::Error;

use crate::{App, Rules};

pub(super) struct Against {
    pub(super) agencies: Arc<Agencies>,
    pub(super) rules: Arc<Rules>,
    /// None: the rules ask about nobody's age here.
    pub(super) age: Option<Ages>,
    /// Of whose staff the sign-in is that signs for the person, as far as anybody knows.
    pub(super) staff_of: Vec<AgencyId>,
}

impl Against {
    /// Whoever signs does it with the caller's sign-in.
    pub(super) fn signed_with(self, app: &App, call: &Call) -> Self {
        let caller = call.caller();
        let staff_of = app.directory.teams_of(caller.issuer(), caller.subject().as_str());
        Self { staff_of, ..self }
    }
}

/// A draft, or what was signed before: then every age that the person has been of since counts.
pub(super) async fn against(app: &App, consent: &Consent) -> Result<Against, Error> {
    let themself = consent.signers().all(|by| by.relationship == Relationship::SelfSigned);
    let since = consent.signature.as_ref().and_then(|signature| signature.signed_at);
    signed_by(app, &consent.person, themself, since).await
}

/// `themself`: the person alone signs. `since`: when it was signed; none: now.
pub(super) async fn signed_by(
    app: &App,
    person: &PersonId,
    themself: bool,
    since: Option<Instant>,
) -> Result<Against, Error> {
    let (_, agencies) = app.agencies()?;
    let (rules, staff_of) = (Arc::clone(&app.rules), Vec::new());
    if themself && !rules.pack().asks_themself() {
        return Ok(Against { agencies, rules, age: None, staff_of });
    }
    let now = app.clock.now();
    let mut age = app.guard.ages(person, now).await?;
    if let Some(before) = since.filter(|since| *since < now) {
        age = age.or(app.guard.ages(person, before).await?);
    }
    Ok(Against { agencies, rules, age: Some(age), staff_of })
}
