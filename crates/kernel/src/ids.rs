//! Identifiers. They compare byte for byte; a service's own are UUIDs in their canonical
//! lower-case form, so that one record has one spelling.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The UUID that this identifier spells canonically, if it does.
            pub fn uuid(&self) -> Option<Uuid> {
                let id = Uuid::try_parse(&self.0).ok()?;
                let mut text = [0u8; uuid::fmt::Hyphenated::LENGTH];
                (*id.hyphenated().encode_lower(&mut text) == *self.0).then_some(id)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                let mut text = [0u8; uuid::fmt::Hyphenated::LENGTH];
                Self(Arc::from(&*id.hyphenated().encode_lower(&mut text)))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// An agency, or a unit of one with flags of its own.
    AgencyId,
    /// A person whose care is coordinated. A random UUID: it carries no date.
    PersonId,
    /// Any record about a person: a note, a referral, a profile, a plan section.
    RecordId,
    /// A consent, restriction, emergency access, court order or plan share.
    ConsentId,
    /// An episode of care.
    EpisodeId,
    /// A care team registered in the directory.
    CareTeamId,
    /// A practitioner's name within one agency; `agency/practitioner` is the whole name.
    PractitionerId,
    /// A sign-in's subject, as its issuer names it.
    Subject,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_a_uuid() {
        let id = Uuid::from_u128(0xabcdef);
        assert_eq!(AgencyId::from(id).uuid(), Some(id));
        for odd in [
            id.to_string().to_uppercase(),
            id.simple().to_string(),
            id.braced().to_string(),
            id.urn().to_string(),
            String::from("clinic"),
        ] {
            assert_eq!(AgencyId::new(&odd).uuid(), None, "{odd}");
        }
    }
}
