//! A consent as it is held, and its moves: DRAFT to ACTIVE (signed) or INACTIVE (withdrawn), ACTIVE
//! to REVOKED, and either of these to INACTIVE (entered in error).

use kernel::{AgencyId, Code, Instant, PractitionerId};
use policy::{Consent, ConsentStatus, ConsentType, PersonFacts, Signature, SignatureMethod};
use serde::{Deserialize, Serialize};

use super::{Mistake, text::Language};

/// A consent and what is kept beside what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    pub consent: Consent,
    pub created_at: Instant,
    /// Withdrawn before it was signed.
    pub withdrawn_at: Option<Instant>,
    /// None: drafted by the person.
    pub drafted_agency: Option<AgencyId>,
    /// As shown for signing.
    pub text: String,
    /// SHA-256 of its UTF-8, in hexadecimal.
    pub text_sha256: String,
    pub language: Language,
    /// A school grade.
    pub reading_level: f32,
    /// Signed by hand.
    pub recorded: Option<Recorded>,
    /// Revoked by staff on the person's word.
    pub revocation: Option<Revocation>,
    /// By which rules it was signed.
    pub rule_pack: Option<String>,
    /// Signed, and then found to be a mistake.
    pub in_error: Option<InError>,
    /// Grows with every change.
    pub version: i32,
}

/// What was recorded of a signature by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Whose staff recorded it, and who of them.
    pub agency: AgencyId,
    pub practitioner: PractitionerId,
    /// SHA-256 of the image, in hexadecimal.
    pub image_sha256: String,
    pub witness: String,
}

/// How staff learned that the person revokes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Spoken,
    Written,
}

impl Word {
    pub fn of(code: &str) -> Option<Self> {
        [Self::Spoken, Self::Written].into_iter().find(|word| word.code() == code)
    }

    pub fn code(self) -> &'static str {
        match self {
            Self::Spoken => "SPOKEN",
            Self::Written => "WRITTEN",
        }
    }
}

/// A revocation that staff recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    pub agency: AgencyId,
    pub word: Word,
}

/// That a consent was entered in error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InError {
    pub at: Instant,
    pub mistake: Mistake,
    /// Whose staff marked it; none: the person.
    pub agency: Option<AgencyId>,
}

/// A move that the present state does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongState {
    pub state: &'static str,
    pub allowed: Vec<&'static str>,
}

/// Where a consent may go from here.
fn moves(status: ConsentStatus) -> &'static [ConsentStatus] {
    match status {
        ConsentStatus::Draft => &[ConsentStatus::Active, ConsentStatus::Inactive],
        ConsentStatus::Active => &[ConsentStatus::Revoked, ConsentStatus::Inactive],
        ConsentStatus::Revoked => &[ConsentStatus::Inactive],
        ConsentStatus::Inactive => &[],
    }
}

/// The consent as its signing at `now` would make it. It takes effect no earlier.
pub fn as_if_signed(draft: &Consent, now: Instant) -> Consent {
    Consent {
        status: ConsentStatus::Active,
        effective: Some(draft.effective.map_or(now, |stated| stated.max(now))),
        signature: Some(Signature {
            method: Some(SignatureMethod::Electronic),
            signed_at: Some(now),
        }),
        ..draft.clone()
    }
}

impl Held {
    fn wrong_state(&self) -> WrongState {
        let status = self.consent.status;
        WrongState {
            state: status.code(),
            allowed: moves(status).iter().map(|s| s.code()).collect(),
        }
    }

    /// Whether it can still be signed.
    pub fn signable(&self) -> Result<(), WrongState> {
        match self.consent.status {
            ConsentStatus::Draft => Ok(()),
            _ => Err(self.wrong_state()),
        }
    }

    /// `rules`: by which nothing kept it from being signed.
    pub fn sign(&self, rules: &str, now: Instant) -> Result<Self, WrongState> {
        self.signable()?;
        Ok(Self {
            consent: as_if_signed(&self.consent, now),
            rule_pack: Some(rules.to_owned()),
            version: self.version.saturating_add(1),
            ..self.clone()
        })
    }

    /// Ends it: what was signed is revoked, what was not is withdrawn. `on_word`: by staff.
    pub fn revoke(&self, on_word: Option<Revocation>, now: Instant) -> Result<Self, WrongState> {
        let mut ended = Self { version: self.version.saturating_add(1), ..self.clone() };
        match self.consent.status {
            ConsentStatus::Draft => {
                ended.consent.status = ConsentStatus::Inactive;
                ended.withdrawn_at = Some(now);
            }
            ConsentStatus::Active => {
                ended.consent.status = ConsentStatus::Revoked;
                ended.consent.revoked_at = Some(now);
                ended.revocation = on_word;
            }
            ConsentStatus::Inactive | ConsentStatus::Revoked => return Err(self.wrong_state()),
        }
        Ok(ended)
    }

    /// Marks what was signed as entered in error. The rest is kept, a revocation too.
    pub fn mark(&self, in_error: InError) -> Result<Self, WrongState> {
        let mut marked = Self { version: self.version.saturating_add(1), ..self.clone() };
        match self.consent.status {
            ConsentStatus::Active | ConsentStatus::Revoked => {
                marked.consent.status = ConsentStatus::Inactive;
                marked.in_error = Some(in_error);
                Ok(marked)
            }
            ConsentStatus::Draft | ConsentStatus::Inactive => Err(self.wrong_state()),
        }
    }

    /// When it was signed.
    pub fn signed_at(&self) -> Option<Instant> {
        self.consent.signature.as_ref().and_then(|s| s.signed_at)
    }

    /// From when it is effective, once signed.
    pub fn begins_at(&self) -> Option<Instant> {
        self.signed_at().and(self.consent.effective)
    }

    /// Until when, once signed.
    pub fn ends_at(&self) -> Option<Instant> {
        self.signed_at().and(self.consent.expires)
    }

    /// Before when a revocation does not take effect (§2.35(b)), once signed.
    pub fn revocable_at(&self) -> Option<Instant> {
        match self.consent.kind {
            ConsentType::CriminalJustice => self.signed_at().and(self.consent.revocable_after),
            _ => None,
        }
    }
}

/// §2.35(b): whether it was agreed that it can't be ended yet.
pub fn lasts_as_agreed(consent: &Consent, now: Instant) -> bool {
    consent.kind == ConsentType::CriminalJustice
        && consent.revocable_after.is_some_and(|after| now < after)
}

/// Whether a consent that is on file is in force, or may come to be.
pub fn still_counts(consent: &Consent, now: Instant) -> bool {
    let stands = match consent.status {
        ConsentStatus::Active => true,
        ConsentStatus::Revoked => lasts_as_agreed(consent, now),
        ConsentStatus::Draft | ConsentStatus::Inactive => false,
    };
    stands && consent.expires.is_none_or(|end| now < end)
}

/// When time alone changes next what these facts come to.
pub fn next_turn(facts: &PersonFacts, now: Instant) -> Option<Instant> {
    let consents = facts.consents.iter().flat_map(|c| match c.status {
        ConsentStatus::Active => [c.effective, c.expires],
        ConsentStatus::Revoked if c.kind == ConsentType::CriminalJustice => {
            [c.revocable_after, None]
        }
        // Another's, whom a data steward found to be the same: it is revoked from then on.
        ConsentStatus::Revoked => [c.revoked_at, None],
        _ => [None, None],
    });
    let emergencies = facts.emergency_accesses.iter().map(|e| e.expires);
    let orders = facts.court_orders.iter().flat_map(|o| [o.issued_at, o.expires]);
    consents.chain(emergencies).chain(orders).flatten().filter(|at| *at > now).min()
}

#[cfg(test)]
mod tests {
    use policy::{Effect, Rule};
    use time::{Duration, macros::datetime};

    use super::*;

    const NOW: Instant = datetime!(2026-05-04 10:00 UTC);

    fn draft() -> Held {
        Held {
            consent: Consent {
                id: "c".into(),
                person: "p".into(),
                kind: ConsentType::General,
                status: ConsentStatus::Draft,
                effective: None,
                expires: Some(NOW + Duration::days(30)),
                never_expires: false,
                revoked_at: None,
                revocable_after: None,
                grantor: None,
                co_grantor: None,
                signature: None,
                description: None,
                statements: policy::Statements::default(),
                supersedes: Vec::new(),
                rule: Rule::new(Effect::Permit),
                exceptions: Vec::new(),
                person_deceased: false,
            },
            created_at: NOW,
            withdrawn_at: None,
            drafted_agency: None,
            text: String::new(),
            text_sha256: String::new(),
            language: Language::English,
            reading_level: 0.0,
            recorded: None,
            revocation: None,
            rule_pack: None,
            in_error: None,
            version: 1,
        }
    }

    #[test]
    fn a_consent_takes_effect_no_earlier_than_its_signing() {
        let mut held = draft();
        assert_eq!(held.sign("rules-1", NOW).unwrap().begins_at(), Some(NOW));
        held.consent.effective = Some(NOW - Duration::days(3));
        assert_eq!(held.sign("rules-1", NOW).unwrap().begins_at(), Some(NOW));
        held.consent.effective = Some(NOW + Duration::days(3));
        assert_eq!(held.sign("rules-1", NOW).unwrap().begins_at(), Some(NOW + Duration::days(3)));
        assert_eq!(held.begins_at(), None);
    }

    #[test]
    fn every_wrong_move_tells_the_moves_allowed_now() {
        let signed = draft().sign("rules-1", NOW).unwrap();
        let wrong = signed.sign("rules-1", NOW).unwrap_err();
        assert_eq!(wrong, WrongState { state: "ACTIVE", allowed: vec!["REVOKED", "INACTIVE"] });
        let revoked = signed.revoke(None, NOW).unwrap();
        assert_eq!((revoked.version, revoked.consent.revoked_at), (3, Some(NOW)));
        assert_eq!(revoked.revoke(None, NOW).unwrap_err().allowed, ["INACTIVE"]);
        let marked = revoked.mark(in_error()).unwrap();
        for ended in [marked, draft().revoke(None, NOW).unwrap()] {
            assert_eq!(ended.sign("rules-1", NOW).unwrap_err().allowed, Vec::<&str>::new());
            assert_eq!(ended.revoke(None, NOW).unwrap_err().allowed, Vec::<&str>::new());
            assert_eq!(ended.mark(in_error()).unwrap_err().allowed, Vec::<&str>::new());
        }
        assert_eq!(draft().mark(in_error()).unwrap_err().allowed, ["ACTIVE", "INACTIVE"]);
    }

    fn in_error() -> InError {
        InError { at: NOW, mistake: Mistake::Duplicate, agency: None }
    }

    #[test]
    fn what_is_marked_as_entered_in_error_keeps_what_was_signed_and_revoked() {
        let revoked = draft().sign("rules-1", NOW).unwrap().revoke(None, NOW).unwrap();
        let marked = revoked.mark(in_error()).unwrap();
        assert_eq!((marked.consent.status, marked.version), (ConsentStatus::Inactive, 4));
        let mut kept = marked.clone();
        (kept.consent.status, kept.in_error, kept.version) = (ConsentStatus::Revoked, None, 3);
        assert_eq!(kept, revoked);
    }

    #[test]
    fn what_has_ended_for_good_counts_no_more() {
        let signed = draft().sign("rules-1", NOW).unwrap();
        let revoked = signed.revoke(None, NOW).unwrap();
        let counts = |held: &Held, now| still_counts(&held.consent, now);
        assert!(counts(&signed, NOW) && !counts(&signed, NOW + Duration::days(30)));
        assert!(!counts(&revoked, NOW) && !counts(&draft(), NOW));
        assert!(!counts(&signed.mark(in_error()).unwrap(), NOW));
        let mut justice = revoked;
        justice.consent.kind = ConsentType::CriminalJustice;
        justice.consent.revocable_after = Some(NOW + Duration::days(3));
        assert!(counts(&justice, NOW) && !counts(&justice, NOW + Duration::days(3)));
    }

    #[test]
    fn the_next_turn_is_the_earliest_beginning_or_end_ahead() {
        let (day, mut later) = (Duration::days(1), draft());
        later.consent.effective = Some(NOW + day);
        let (now, later) = (
            draft().sign("rules-1", NOW).unwrap().consent,
            later.sign("rules-1", NOW).unwrap().consent,
        );
        let mut facts = PersonFacts::new("p".into());
        facts.consents = vec![now, later, draft().consent];
        assert_eq!(next_turn(&facts, NOW), Some(NOW + day));
        assert_eq!(next_turn(&facts, NOW + day), Some(NOW + day * 30));
        assert_eq!(next_turn(&facts, NOW + day * 30), None);
    }
}
