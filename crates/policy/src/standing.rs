//! What one person's facts come to for one request: only what the record still has to decide. What
//! each single fact lacks is said by the same functions, for explanations.

mod directives;
mod others;

use kernel::{Action, CodeSet, Purpose, Role};

use crate::{Agency, matching::Recipient};
pub(crate) use directives::{Deny, Directive, Directives, Permit, each_rule, evaluated};
pub(crate) use others::{
    court_order_lacks, court_orders, emergencies, emergency_lacks, is_documented, is_given,
    represents, restriction_lacks, restrictions, share_lacks, shares,
};

/// The request as an agency's: whom it discloses to, why and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AgencyAsk<'a> {
    /// The caller's agency.
    pub agency: &'a Agency,
    pub practitioner: &'a kernel::PractitionerId,
    pub roles: CodeSet<Role>,
    pub recipient: Recipient<'a>,
    pub purposes: CodeSet<Purpose>,
    pub action: Action,
}

impl AgencyAsk<'_> {
    /// Use in proceedings, or by those who bring them (§2.31(d)).
    pub(crate) fn is_for_proceedings(&self) -> bool {
        self.purposes.contains(Purpose::LegalProceeding) || self.recipient.prosecutor
    }
}
