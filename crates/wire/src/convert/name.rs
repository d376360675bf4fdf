//! Resource names: `collection/{uuid}`, canonical spelling only.

use kernel::{Kind, PractitionerId};
use uuid::Uuid;

/// The UUID of a name in `collection`; none for any other spelling.
pub fn id_of(collection: &str, name: &str) -> Option<Uuid> {
    let text = name.strip_prefix(collection)?.strip_prefix('/')?;
    let id = Uuid::try_parse(text).ok()?;
    let mut canonical = [0u8; uuid::fmt::Hyphenated::LENGTH];
    (*id.hyphenated().encode_lower(&mut canonical) == *text).then_some(id)
}

/// The name of an id in `collection`.
pub fn name_of(collection: &str, id: impl std::fmt::Display) -> String {
    format!("{collection}/{id}")
}

/// `agencies/{uuid}`.
pub fn agency_name(id: impl std::fmt::Display) -> String {
    name_of("agencies", id)
}

/// A practitioner's whole name as decisions spell it, `agency/practitioner`.
pub fn practitioner_from_name(name: &str) -> Option<PractitionerId> {
    let (agency, practitioner) = name.strip_prefix("agencies/")?.split_once("/practitioners/")?;
    // An agency with a stroke in it would be another one's practitioner on the way back.
    (!agency.contains('/')).then(|| PractitionerId::new(format!("{agency}/{practitioner}")))
}

/// `agencies/{uuid}/practitioners/{id}`.
pub fn practitioner_name(whole: &PractitionerId) -> String {
    match whole.as_str().split_once('/') {
        Some((agency, practitioner)) => format!("agencies/{agency}/practitioners/{practitioner}"),
        None => String::new(),
    }
}

/// The name of a record by its kind.
pub fn record_name(kind: Kind, id: impl std::fmt::Display) -> String {
    let collection = match kind {
        Kind::Note => "notes",
        Kind::Referral => "referrals",
        Kind::Profile => "profiles",
        Kind::PlanSection => "planSections",
        Kind::Support => "supports",
    };
    name_of(collection, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_practitioner_has_one_spelling() {
        for name in ["agencies/a/practitioners/b", "agencies/a/practitioners/b/practitioners/c"] {
            let whole = practitioner_from_name(name).unwrap();
            assert_eq!(practitioner_name(&whole), name);
        }
        assert_eq!(practitioner_from_name("agencies/a/b/practitioners/c"), None);
        assert_eq!(practitioner_from_name("agencies/a"), None);
    }

    #[test]
    fn one_record_has_one_spelling() {
        let id = Uuid::from_u128(0xA1B2);
        assert_eq!(id_of("notes", &name_of("notes", id)), Some(id));
        for odd in [
            format!("notes/{}", id.to_string().to_uppercase()),
            format!("notes/{}", id.simple()),
            format!("notes/{}", id.braced()),
            format!("notes//{id}"),
            format!("notes/{id}/"),
            format!("referrals/{id}"),
            format!("/notes/{id}"),
        ] {
            assert_eq!(id_of("notes", &odd), None, "{odd}");
        }
    }
}
