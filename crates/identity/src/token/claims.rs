//! What a token says, and whether its issuer may say so.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{AgencyId, CodeSet, Instant, PractitionerId, Purpose, Role, Subject};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::{Date, Duration, format_description::BorrowedFormatItem, macros::format_description};

use super::{LEEWAY, MAX_LIFETIME, MAX_SERVICE_LIFETIME, NETWORK_ISSUER, Refused, b2b::Extensions};
use crate::{
    Named, Principal,
    caller::{CallerKind, Proofed, Verified, fingerprint},
    config::{Asserts, IssuerConfig},
    json,
};

const MAX_TEXT: usize = 255;
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// The claims that we read. Others are of no interest, but none may be there twice.
#[derive(Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    aud: Audience,
    sub: String,
    exp: u64,
    nbf: u64,
    iat: u64,
    jti: String,
    #[serde(deserialize_with = "json::codes")]
    roles: CodeSet<Role>,
    #[serde(default, deserialize_with = "json::codes")]
    purposes: CodeSet<Purpose>,
    #[serde(default, deserialize_with = "json::given")]
    agency: Option<String>,
    #[serde(default, deserialize_with = "json::given")]
    client_id: Option<String>,
    /// NIST SP 800-63A identity assurance level.
    #[serde(default, deserialize_with = "json::given")]
    ial: Option<u8>,
    #[serde(default, deserialize_with = "json::text")]
    family_name: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    given_name: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    birthdate: Option<String>,
    #[serde(default, deserialize_with = "json::given")]
    cnf: Option<Map<String, Value>>,
    /// UDAP's extension objects.
    #[serde(default, deserialize_with = "json::object")]
    extensions: Option<Extensions>,
}

/// The certificate that a confirmation names: RFC 8705, section 3.1. A method that we don't know confirms
/// nothing, and one that is beside the one that we know asks for more than we look at: both refuse the
/// token.
fn thumbprint(confirmation: &Map<String, Value>) -> Result<[u8; 32], Refused> {
    let alone = confirmation.len() == 1;
    let text = confirmation.get("x5t#S256").filter(|_| alone).and_then(Value::as_str);
    // No padding, no other alphabet, no stray bits: one spelling a certificate.
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or("bound to no certificate that is known")
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn holds(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(all) => all.iter().any(|one| one == name),
        }
    }
}

/// What one issuer is trusted with.
pub(crate) struct Trust {
    issuer: Arc<str>,
    asserts: Vec<Asserts>,
    identity_proofing: bool,
    /// Any of these in `aud`. A service token's is compared with the RPC's service again.
    audiences: Vec<String>,
    services: bool,
    /// Staff without an `hl7-b2b` object are refused.
    b2b: bool,
    max_lifetime: Duration,
    /// A token that is bound to no certificate is refused.
    certificate_bound: bool,
}

impl Trust {
    pub(crate) fn of(config: &IssuerConfig, audience: &str) -> Self {
        Self {
            issuer: config.issuer.as_str().into(),
            asserts: config.asserts.clone(),
            identity_proofing: config.identity_proofing,
            audiences: vec![audience.to_owned()],
            services: false,
            b2b: config.b2b,
            max_lifetime: MAX_LIFETIME,
            certificate_bound: config.certificate_bound,
        }
    }
}

/// The network itself, which speaks of its services and of nobody else.
pub(crate) fn network_trust(serving: &[&str]) -> Trust {
    Trust {
        issuer: NETWORK_ISSUER.into(),
        asserts: Vec::new(),
        identity_proofing: false,
        audiences: serving.iter().map(|name| (*name).to_owned()).collect(),
        services: true,
        b2b: false,
        max_lifetime: MAX_SERVICE_LIFETIME,
        // Each call shows the service's own certificate, whatever the token says.
        certificate_bound: false,
    }
}

/// When a token stands; looked at again at every request that brings it.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    not_before: Instant,
    pub(crate) expires_at: Instant,
}

impl Window {
    pub(crate) fn check(&self, now: Instant) -> Result<(), Refused> {
        if now >= self.expires_at + LEEWAY {
            return Err("ended");
        }
        if now + LEEWAY < self.not_before {
            return Err("not begun");
        }
        Ok(())
    }
}

/// A token that stands, its window, which of the audiences it was made for, and the certificate that
/// it is bound to.
pub(crate) struct Accepted {
    pub(crate) verified: Verified,
    pub(crate) window: Window,
    pub(crate) audiences: Vec<String>,
    pub(crate) bound_to: Option<[u8; 32]>,
}

impl Claims {
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Refused> {
        serde_json::from_slice(payload).map_err(|_| "claims missing or unreadable")
    }

    /// `trust` was found by `iss`, and the signature verified with one of its keys.
    pub(crate) fn accept(
        self,
        trust: &Trust,
        token_digest: [u8; 32],
        now: Instant,
    ) -> Result<Accepted, Refused> {
        let audiences: Vec<String> =
            trust.audiences.iter().filter(|name| self.aud.holds(name)).cloned().collect();
        if audiences.is_empty() {
            return Err("another audience");
        }
        if !plain_text(&self.sub) || !plain_text(&self.jti) {
            return Err("sub or jti empty, too long or not plain");
        }
        if self.client_id.as_ref().is_some_and(|id| !plain_text(id)) {
            return Err("client_id empty, too long or not plain");
        }
        let bound_to = self.cnf.as_ref().map(thumbprint).transpose()?;
        if trust.certificate_bound && bound_to.is_none() {
            return Err("bound to no certificate");
        }
        let window = self.window(trust, now)?;
        let kind = self.kind(trust)?;
        let subject = Subject::new(&self.sub);
        let purposes = self.purposes_of(&kind, trust)?;
        let proofed = self.proofed(trust);
        let verified = Verified {
            fingerprint: fingerprint(&trust.issuer, &subject, &kind),
            principals: principals(&trust.issuer, &self.sub, self.client_id.as_deref()),
            kind,
            issuer: Arc::clone(&trust.issuer),
            subject,
            client_id: self.client_id.as_deref().map(Arc::from),
            roles: self.roles,
            purposes,
            expires_at: window.expires_at,
            proofed,
            token_digest,
        };
        Ok(Accepted { verified, window, audiences, bound_to })
    }

    /// Proofing without a name and a day of birth says that somebody was proofed, and not who: nothing.
    fn proofed(&self, trust: &Trust) -> Option<Proofed> {
        let asserted = trust.identity_proofing && self.ial.is_some_and(|ial| ial >= 2);
        // OpenID Connect also has years alone, and year 0000 for one that is withheld.
        let birth_date = Date::parse(self.birthdate.as_deref()?, DAY).ok()?;
        Some(Proofed {
            family_name: self.family_name.clone()?,
            given_name: self.given_name.clone(),
            birth_date,
        })
        .filter(|_| asserted && birth_date.year() > 0)
    }

    /// The token's, or those of them that its `hl7-b2b` object names.
    fn purposes_of(&self, kind: &CallerKind, trust: &Trust) -> Result<CodeSet<Purpose>, Refused> {
        let b2b = self.extensions.as_ref().and_then(|all| all.b2b.as_ref());
        match (kind, b2b) {
            (CallerKind::Staff { agency, .. }, Some(b2b)) => b2b.narrow(agency, self.purposes),
            (CallerKind::Staff { .. }, None) if trust.b2b => Err("staff without an hl7-b2b object"),
            (_, Some(_)) => Err("an hl7-b2b object for somebody who is not staff"),
            (_, None) => Ok(self.purposes),
        }
    }

    fn window(&self, trust: &Trust, now: Instant) -> Result<Window, Refused> {
        let instant = |seconds: u64| {
            let seconds = i64::try_from(seconds).map_err(|_| "a time out of range")?;
            // Room for the leeway at the end of time.
            Instant::from_unix_timestamp(seconds)
                .ok()
                .filter(|at| at.checked_add(LEEWAY).is_some())
                .ok_or("a time out of range")
        };
        let (issued_at, not_before, expires_at) =
            (instant(self.iat)?, instant(self.nbf)?, instant(self.exp)?);
        if expires_at <= issued_at || expires_at <= not_before {
            return Err("ends before it begins");
        }
        if expires_at - issued_at > trust.max_lifetime {
            return Err("lives too long");
        }
        // Issued in the future is not begun either: one instant for both, also when the clock is
        // set back under a token that is remembered.
        let window = Window { not_before: not_before.max(issued_at), expires_at };
        window.check(now)?;
        Ok(window)
    }

    fn kind(&self, trust: &Trust) -> Result<CallerKind, Refused> {
        if self.roles.is_empty() {
            return Err("no role");
        }
        if trust.services {
            return self.service();
        }
        let kind = Asserts::ALL
            .into_iter()
            .find(|kind| self.roles.is_subset(kind.roles()))
            .ok_or("roles of several kinds, or of a service")?;
        if !trust.asserts.contains(&kind) {
            return Err("a kind that its issuer may not assert");
        }
        if kind != Asserts::AgencyStaff && self.agency.is_some() {
            return Err("an agency for somebody who is not staff");
        }
        match kind {
            Asserts::AgencyStaff => self.staff(),
            Asserts::Person => Ok(CallerKind::Individual),
            Asserts::Network => Ok(CallerKind::Network),
        }
    }

    fn staff(&self) -> Result<CallerKind, Refused> {
        let agency = self.agency.as_ref().ok_or("staff without an agency")?;
        let agency = AgencyId::new(agency);
        if agency.uuid().is_none_or(|id| id.is_nil()) {
            return Err("an agency that is not a canonical UUID");
        }
        self.client_id.as_ref().ok_or("staff without a client_id")?;
        Ok(CallerKind::Staff { agency, practitioner: PractitionerId::new(&self.sub) })
    }

    fn service(&self) -> Result<CallerKind, Refused> {
        let alone = self.roles == CodeSet::from([Role::Service])
            && self.purposes.is_empty()
            && self.agency.is_none()
            && self.client_id.is_none();
        let named = self.sub.bytes().all(|b| b.is_ascii_lowercase());
        (alone && named)
            .then(|| CallerKind::Service { name: self.sub.as_str().into() })
            .ok_or("not a service's token")
    }
}

/// All that suspensions may name a caller by.
fn principals(issuer: &str, subject: &str, client: Option<&str>) -> Vec<Principal> {
    let client = client.map(Named::Client);
    std::iter::once(Named::Subject(subject))
        .chain(client)
        .map(|named| Principal::of(issuer, named))
        .collect()
}

/// Whether a `sub`, a `jti` or a `client_id` may be so: text that may go into a database and a comparison, and of
/// which no two look alike by what is not seen, or stands around them.
pub fn plain_text(text: &str) -> bool {
    let unseen = |c| kernel::is_unseen(c) || kernel::is_within_words(c);
    let bare = !text.is_empty() && text.trim() == text;
    bare && text.len() <= MAX_TEXT && !text.chars().any(unseen)
}
