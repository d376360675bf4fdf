//! When a rule matches. A PERMIT and a DENY read some conditions differently, each in the way
//! that discloses less.

use kernel::{Action, AgencyId, CareTeamId, CodeSet, PractitionerId, Purpose, Sensitivity};

use crate::{
    Agency, Facets, Record,
    codes::{Effect, RecipientClass},
    consent::{Disclosers, Recipients, Rule},
};

/// Who receives: the caller, or for REFER the agency that is sent to, which has no practitioner,
/// team or role of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipient<'a> {
    pub agency: &'a Agency,
    pub practitioner: Option<&'a PractitionerId>,
    pub care_teams: &'a [CareTeamId],
    pub prosecutor: bool,
}

impl Recipient<'_> {
    /// One match is enough; a list of nobody matches nobody.
    pub(crate) fn is_among(&self, listed: &Recipients) -> bool {
        listed.agencies.contains(&self.agency.id)
            || (listed.class == Some(RecipientClass::Tpo) && self.agency.covered_entity)
            || self.practitioner.is_some_and(|name| {
                listed
                    .practitioners
                    .iter()
                    .any(|p| is_whole_name(p.as_str(), &self.agency.id, name))
            })
            || self.care_teams.iter().any(|team| listed.care_teams.contains(team))
    }
}

/// Whether `text` is `agency/practitioner`: the same name at another agency is somebody else.
pub(crate) fn is_whole_name(text: &str, agency: &AgencyId, practitioner: &PractitionerId) -> bool {
    text.strip_prefix(agency.as_str()).and_then(|rest| rest.strip_prefix('/'))
        == Some(practitioner.as_str())
}

/// What a PERMIT without `purposes` does not cover.
pub(crate) fn never_implied() -> CodeSet<Purpose> {
    [Purpose::Marketing, Purpose::HealthcareResearch, Purpose::LegalProceeding].into()
}

/// A code in a rule stands for itself and all below it.
pub(crate) fn with_below(codes: CodeSet<Sensitivity>) -> CodeSet<Sensitivity> {
    codes.iter().fold(CodeSet::EMPTY, |all, code| all.union(code.and_below()))
}

/// A DENY's reading of `listed`, which is closed downwards: any of them, every record that is
/// labelled in no way, and for SUD and above every Part 2 record, whatever it says of itself.
pub(crate) fn has_any(facets: &Facets, listed: CodeSet<Sensitivity>) -> bool {
    facets.sensitivities.intersects(listed)
        || facets.unlabelled
        || (facets.part2 && listed.contains(Sensitivity::Sud))
}

/// A PERMIT's reading of `listed`, which is closed downwards: it has some, and none outside.
pub(crate) fn has_only(facets: &Facets, listed: CodeSet<Sensitivity>) -> bool {
    !facets.sensitivities.is_empty() && facets.sensitivities.is_subset(listed)
}

impl Rule {
    pub(crate) fn covers_recipient(&self, recipient: &Recipient<'_>) -> bool {
        self.recipients.as_ref().is_none_or(|listed| recipient.is_among(listed))
    }

    pub(crate) fn covers_purposes(&self, asserted: CodeSet<Purpose>) -> bool {
        match (self.effect, self.purposes) {
            (Effect::Permit, Some(listed)) => asserted.is_subset(listed),
            (Effect::Permit, None) => !asserted.intersects(never_implied()),
            (Effect::Deny, Some(listed)) => asserted.intersects(listed),
            (Effect::Deny, None) => true,
        }
    }

    pub(crate) fn covers_action(&self, action: Action) -> bool {
        match (self.effect, self.actions) {
            (_, Some(listed)) => listed.contains(action),
            (Effect::Permit, None) => action == Action::Read,
            (Effect::Deny, None) => true,
        }
    }

    pub(crate) fn covers_record(&self, record: &Record, facets: &Facets) -> bool {
        // What costs least to compare first, then what tells most records apart.
        self.kinds.is_none_or(|listed| listed.contains(record.kind))
            && self.classes.is_none_or(|listed| listed.contains(record.class))
            && self.confidentialities.is_none_or(|listed| listed.contains(facets.confidentiality))
            && self.sensitivities.is_none_or(|listed| match self.effect {
                Effect::Permit => has_only(facets, with_below(listed)),
                Effect::Deny => has_any(facets, with_below(listed)),
            })
            && lists(self.records.as_ref(), Some(&record.id))
            && lists(self.episodes.as_ref(), record.episode.as_ref())
            && lists(self.authors.as_ref(), record.author.as_ref())
            && self.disclosers.as_ref().is_none_or(|d| d.names(record.custodian.as_ref()))
            && self.covers_time(record)
    }

    fn covers_time(&self, record: &Record) -> bool {
        match record.authored_on {
            Some(at) => {
                self.authored_from.is_none_or(|from| from <= at)
                    && self.authored_until.is_none_or(|until| at < until)
            }
            // An unknown time may lie inside a window: refused there, and never permitted.
            None => {
                self.effect == Effect::Deny
                    || (self.authored_from.is_none() && self.authored_until.is_none())
            }
        }
    }

    /// Whether the rule makes sense: an empty list of codes or ids says neither "any" nor "none",
    /// and exceptions have no exceptions.
    pub(crate) fn can_be_evaluated(&self) -> bool {
        fn none_of<T>(listed: &Option<Vec<T>>) -> bool {
            listed.as_ref().is_some_and(Vec::is_empty)
        }
        // All are looked at, without branches: nearly always none is empty.
        let empty = [
            self.purposes.is_some_and(CodeSet::is_empty),
            self.actions.is_some_and(CodeSet::is_empty),
            self.kinds.is_some_and(CodeSet::is_empty),
            self.classes.is_some_and(CodeSet::is_empty),
            self.confidentialities.is_some_and(CodeSet::is_empty),
            self.sensitivities.is_some_and(CodeSet::is_empty),
            none_of(&self.authors),
            none_of(&self.episodes),
            none_of(&self.records),
        ];
        !empty.contains(&true) && self.exceptions.is_empty()
    }

    /// Names who discloses, who receives and what for, as Part 2 demands (§2.31(a)).
    pub(crate) fn names_parties_and_purpose(&self) -> bool {
        self.disclosers.is_some() && self.recipients.is_some() && self.purposes.is_some()
    }

    /// Names the agency itself, not a class, a team or a person of it.
    pub(crate) fn names_agency(&self, agency: &AgencyId) -> bool {
        self.recipients.as_ref().is_some_and(|listed| listed.agencies.contains(agency))
    }
}

impl Disclosers {
    pub(crate) fn names(&self, custodian: Option<&AgencyId>) -> bool {
        custodian.is_some_and(|id| self.agencies.contains(id))
    }
}

impl Recipients {
    /// A list of nobody.
    pub(crate) fn is_nobody(&self) -> bool {
        self.agencies.is_empty()
            && self.practitioners.is_empty()
            && self.care_teams.is_empty()
            && self.class.is_none()
    }
}

fn lists<T: PartialEq>(listed: Option<&Vec<T>>, value: Option<&T>) -> bool {
    listed.is_none_or(|listed| value.is_some_and(|value| listed.contains(value)))
}
