//! The services by name.

use std::fmt;

use serde::Deserialize;

/// One of the network's services, in the order in which they start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    Directory,
    People,
    Consent,
    Referrals,
    Notes,
    Recovery,
    Audit,
}

impl Service {
    pub const ALL: [Self; 7] = [
        Self::Directory,
        Self::People,
        Self::Consent,
        Self::Referrals,
        Self::Notes,
        Self::Recovery,
        Self::Audit,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::People => "people",
            Self::Consent => "consent",
            Self::Referrals => "referrals",
            Self::Notes => "notes",
            Self::Recovery => "recovery",
            Self::Audit => "audit",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// Whether its own tables are asked while a transaction of its own waits for the answer: it has a few
    /// connections for that alone.
    pub const fn asks_itself(self) -> bool {
        matches!(self, Self::People | Self::Recovery)
    }

    /// The services that this one calls.
    pub fn peers(self) -> &'static [Self] {
        use Service::{Audit, Consent, Directory, Notes, People, Recovery, Referrals};
        match self {
            Self::Directory => &[],
            Self::People => &[Directory, Consent, Notes, Recovery],
            // It follows whom the ledgers show as served.
            Self::Consent => &[Directory, People, Audit],
            // It refers to notes.
            Self::Referrals => &[Directory, People, Consent, Notes],
            Self::Notes => &[Directory, People, Consent],
            // It asks each for what a person asks of everything that there is of them.
            Self::Recovery => &[Directory, People, Consent, Referrals, Notes, Audit],
            // It follows every ledger, its own too.
            Self::Audit => &[Directory, People, Consent, Referrals, Notes, Recovery, Audit],
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
