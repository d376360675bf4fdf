//! What the person asks to be amended, and what they write into the record.

use kernel::Instant;
use time::Duration;
use uuid::Uuid;

use super::{Signature, Words};

/// In which a request is decided (45 CFR 164.526(b)(2)(i)).
pub const TO_DECIDE: Duration = Duration::days(60);
/// By which that is extended, once (45 CFR 164.526(b)(2)(ii)).
pub const EXTENSION: Duration = Duration::days(30);
/// As many requests as a note may have that are not decided.
pub const MAX_OPEN: i64 = 5;
/// As many requests, and as many statements, as a note may have.
pub const MAX_BESIDE: i64 = 20;
/// As many statements of their own as the person may write to an agency within [`OWN_WITHIN`].
pub const MAX_OWN: i64 = 20;
/// After which one no longer counts toward [`MAX_OWN`].
pub const OWN_WITHIN: Duration = Duration::days(30);

/// A request for amendment.
#[derive(Debug, Clone)]
pub struct Amendment {
    pub id: Uuid,
    pub note: Uuid,
    pub person: Uuid,
    pub words: Words,
    pub asked_at: Instant,
    pub due_at: Instant,
    /// When it was extended, and why.
    pub extended: Option<(Instant, Words)>,
    pub decided: Option<Decided>,
}

/// What a request came to.
#[derive(Debug, Clone)]
pub struct Decided {
    pub signed: Signature,
    pub outcome: Outcome,
}

/// See [`Decided`].
#[derive(Debug, Clone)]
pub enum Outcome {
    /// By this version of the note.
    Accepted { version: i32 },
    /// On a ground of the contract's.
    Denied { ground: i16, answer: Words },
}

/// Why nothing can be done with a request any more, as a state's name.
pub type Over = &'static str;

impl Amendment {
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.decided.is_none() && now > self.due_at
    }

    /// Whether it waits for a decision.
    pub fn open(&self) -> Result<(), Over> {
        match self.decided.as_ref().map(|decided| &decided.outcome) {
            None => Ok(()),
            Some(Outcome::Accepted { .. }) => Err("accepted"),
            Some(Outcome::Denied { .. }) => Err("denied"),
        }
    }

    /// Takes more time: once, and not when there is none left.
    pub fn extend(&mut self, now: Instant, why: Words) -> Result<(), Over> {
        self.open()?;
        if self.extended.is_some() {
            return Err("extended");
        }
        if self.is_overdue(now) {
            return Err("overdue");
        }
        self.extended = Some((now, why));
        self.due_at += EXTENSION;
        Ok(())
    }
}

/// The person's own words about a note.
#[derive(Debug, Clone)]
pub struct Statement {
    pub id: Uuid,
    pub words: Words,
    pub at: Instant,
    /// The denied request that it disagrees with.
    pub amendment: Option<Uuid>,
}
