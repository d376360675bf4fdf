//! A section with what is added to it.

use prost::Message as _;
use rpc::{Conflict, Error};
use wire::recovery::v1::SectionContent;

use crate::domain::{Content, MOST_BYTES, MOST_ITEMS};

/// What a section says with what is added: of one message after another the lists are joined. What it said before was
/// taken by the contract of its day, and stays; what is added keeps that of today.
pub(super) fn joined(says: Option<&Content>, added: &Content) -> Result<Content, Error> {
    if !wire::validate(&decoded(&added.0)?).is_empty() {
        return Err(Error::field("name", "suggests what is not taken now, but may be declined"));
    }
    let mut bytes = says.map(|content| content.0.clone()).unwrap_or_default();
    bytes.extend_from_slice(&added.0);
    let joined = decoded(&bytes)?;
    let bytes = joined.encode_to_vec();
    // No element of a list has changed: what is told without one is how long the list is.
    let long = wire::validate(&joined).iter().any(|one| !one.field.contains('['));
    if bytes.len() > MOST_BYTES || long {
        let (what, limit) = ("items of a list of the section", MOST_ITEMS);
        return Err(Error::Conflict(Conflict::TooMany { what, limit }));
    }
    Ok(Content(bytes))
}

fn decoded(bytes: &[u8]) -> Result<SectionContent, Error> {
    SectionContent::decode(bytes).map_err(|_| Error::Internal("a section's content"))
}

#[cfg(test)]
mod tests {
    use wire::recovery::v1::{CrisisPlan, PlanItem, PlanSupporter};

    use super::*;

    fn plan(supporters: &[&str], signs: usize) -> Content {
        let named = |name: &&str| PlanSupporter { name: (*name).to_owned(), ..Default::default() };
        let crisis_plan = CrisisPlan {
            supporters: supporters.iter().map(named).collect(),
            signs: vec![PlanItem { words: "a sign".to_owned() }; signs],
            ..Default::default()
        };
        let content =
            SectionContent { crisis_plan: Some(crisis_plan), ..SectionContent::default() };
        Content(content.encode_to_vec())
    }

    #[test]
    fn what_was_written_before_is_not_looked_at_again_and_what_is_added_is() {
        // From when a name could have it.
        let before = plan(&["Kim\u{200B}"], 1);
        let both = joined(Some(&before), &plan(&["Lee"], 49)).unwrap();
        assert_eq!(both.0, plan(&["Kim\u{200B}", "Lee"], 50).0);
        for says in [None, Some(&before)] {
            let odd = joined(says, &plan(&["Lee\u{200B}"], 0));
            assert!(matches!(odd, Err(Error::Invalid(_))));
        }
        let many = ["Lee"; 20];
        for over in [plan(&[], 50), plan(&many, 0)] {
            let refused = joined(Some(&before), &over);
            assert!(matches!(refused, Err(Error::Conflict(Conflict::TooMany { .. }))));
        }
    }
}
