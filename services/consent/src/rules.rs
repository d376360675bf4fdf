//! The rules that consents are captured by: the reviewed default, and what the operator's packs add.

use policy::capture::RulePack;

/// The reviewed default's name. The same rules stand in `rules/default.toml`, with their sources; a test
/// of the binary, which reads packs, holds the two together.
const DEFAULT: &str = "default-2026-11";

/// The most protective of the default and any number of packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    name: String,
    pack: RulePack,
}

impl Default for Rules {
    fn default() -> Self {
        Self { name: DEFAULT.to_owned(), pack: RulePack::default() }
    }
}

impl Rules {
    /// With a pack besides. `name`: its id and version.
    #[must_use]
    pub fn with(self, name: &str, pack: RulePack) -> Self {
        Self { name: format!("{};{name}", self.name), pack: self.pack.with(pack) }
    }

    /// As consents signed by them say.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn pack(&self) -> &RulePack {
        &self.pack
    }
}
