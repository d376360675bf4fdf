//! The UDAP business-to-business object (`extensions.hl7-b2b`): for whom and why a client asks. A client
//! writes it into its assertion and its issuer copies it into the token, so it may take from what the issuer
//! itself asserts, and can't add to it. Whom else it names (`subject_name`, `subject_id`) is never read.

use kernel::{AgencyId, Code, CodeSet, Purpose};
use serde::Deserialize;

use super::Refused;
use crate::json;

/// The only one there is.
const VERSION: &str = "1";
/// HL7 v3 ActReason, as UDAP spells a code of it. A code alone is taken, too.
const ACT_REASON: &str = "urn:oid:2.16.840.1.113883.5.8#";
/// An agency of ours, as a URI.
const AGENCY: &str = "urn:uuid:";

#[derive(Deserialize)]
pub(crate) struct Extensions {
    #[serde(rename = "hl7-b2b", default, deserialize_with = "json::object")]
    pub(crate) b2b: Option<B2b>,
}

/// What we read of it. It has no Debug.
#[derive(Deserialize)]
pub(crate) struct B2b {
    version: String,
    organization_id: String,
    purpose_of_use: Vec<String>,
}

impl B2b {
    /// Those of the token's purposes that it names. `agency` is who the token speaks for, which its issuer
    /// and client must be bound to.
    pub(crate) fn narrow(
        &self,
        agency: &AgencyId,
        purposes: CodeSet<Purpose>,
    ) -> Result<CodeSet<Purpose>, Refused> {
        if self.version != VERSION {
            return Err("an hl7-b2b object of another version");
        }
        if self.organization_id.strip_prefix(AGENCY) != Some(agency.as_str()) {
            return Err("an hl7-b2b object of another organization");
        }
        let named = self.purpose_of_use.iter().map(|text| purpose(text));
        let named: CodeSet<Purpose> =
            named.collect::<Option<_>>().ok_or("an hl7-b2b object with an unknown purpose")?;
        if named.is_empty() {
            return Err("an hl7-b2b object without a purpose");
        }
        // Neither what was asked for nor less of it, silently.
        if !named.is_subset(purposes) {
            return Err("an hl7-b2b object with a purpose that the token does not have");
        }
        Ok(named)
    }
}

/// Three purposes are this network's own, and none of HL7's.
fn purpose(text: &str) -> Option<Purpose> {
    let own = [Purpose::Supervision, Purpose::HousingPlacement, Purpose::EmploymentSupport];
    match text.strip_prefix(ACT_REASON) {
        Some(code) => Purpose::parse(code).filter(|purpose| !own.contains(purpose)),
        None => Purpose::parse(text),
    }
}
