//! One event as the person is shown it.

use kernel::{Action, Code, CodeSet, Instant, Kind, Purpose, Role};
use policy::{BasisKind, Obligation};
use uuid::Uuid;

kernel::codes! {
    /// Who asked, as ledgers spell it.
    CallerKind {
        Staff = "AGENCY_STAFF",
        Person = "PERSON",
        Representative = "REPRESENTATIVE",
        Supporter = "SUPPORTER",
        Network = "NETWORK",
        Service = "SERVICE",
    }

    /// What opened a record, as ledgers spell it: the policy's bases, and two for what is no record
    /// of care.
    Basis {
        Share = "SHARE",
        Custodian = "CUSTODIAN",
        SelfAccess = "SELF",
        Representative = "REPRESENTATIVE",
        Emergency = "EMERGENCY",
        CourtOrder = "COURT_ORDER",
        Consent = "CONSENT",
        /// An agency read a consent that names it.
        NamedInConsent = "NAMED_IN_CONSENT",
        /// The network acted in consequence of the person's own act.
        Network = "NETWORK",
        /// A person accepted an invitation: nobody's sign-in until then.
        Invitation = "INVITATION",
        /// Somebody gave the person something of their own, and saw nothing of the person's.
        Support = "SUPPORT",
    }
}

impl Basis {
    /// The policy's own name for it, if it is one of the policy's.
    pub fn of_policy(self) -> Option<BasisKind> {
        BasisKind::parse(self.code())
    }
}

/// Who got what of a person, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// In whose ledger it stands.
    pub service: String,
    /// Its number there.
    pub sequence: i64,
    pub event_id: Uuid,
    pub at: Instant,
    pub decision_id: Uuid,
    pub caller: CallerKind,
    /// The caller's agency.
    pub agency: Option<Uuid>,
    /// The agency to which records were sent.
    pub recipient: Option<Uuid>,
    pub subject: String,
    pub roles: CodeSet<Role>,
    pub purposes: CodeSet<Purpose>,
    pub rpc: String,
    pub action: Action,
    pub records: Vec<Uuid>,
    pub kinds: CodeSet<Kind>,
    pub custodians: Vec<Uuid>,
    pub bases: Vec<Basis>,
    pub consents: Vec<Uuid>,
    pub obligations: Vec<Obligation>,
}

/// Codes from their spellings; none where one is not known.
pub fn codes<C: Code>(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Option<Vec<C>> {
    texts.into_iter().map(|text| C::parse(text.as_ref())).collect()
}

impl Disclosure {
    /// None where the event speaks in codes that are not known here: it could not be shown.
    pub fn of(service: &str, sequence: i64, event: &ledger::Event) -> Option<Self> {
        Some(Self {
            service: service.to_owned(),
            sequence,
            event_id: event.event_id,
            at: event.occurred_at,
            decision_id: event.decision_id,
            caller: CallerKind::parse(&event.caller.kind)?,
            agency: event.caller.agency,
            recipient: event.recipient,
            subject: event.caller.subject.to_string(),
            roles: event.caller.roles,
            purposes: event.purposes,
            rpc: event.rpc.to_string(),
            action: event.action,
            records: event.records.clone(),
            kinds: event.record_kinds,
            custodians: event.custodians.clone(),
            bases: codes(&event.bases)?,
            consents: event.consents.iter().map(|(id, _)| *id).collect(),
            obligations: codes(&event.obligations)?,
        })
    }

    /// The agency that got something: the one sent to, or else the caller's.
    pub fn to_agency(&self) -> Option<Uuid> {
        self.recipient.or(self.agency)
    }

    /// The collection that names its records.
    pub fn collection(&self) -> Collection {
        Collection::written(&self.rpc, &self.bases, &self.records)
            .unwrap_or_else(|| Collection::of(self.kinds, &self.service, &self.rpc))
    }
}

/// What an event's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    Of(Kind),
    Consents,
    Restrictions,
    Emergencies,
    CourtOrders,
    /// What sections of the person's plan have said.
    SectionVersions,
    /// With whom they share those.
    Shares,
    /// Who supports them.
    Supporters,
    /// What others suggest for their plan.
    Contributions,
    Goals,
    CheckIns,
    Tasks,
    Decisions,
    EmploymentPlans,
    /// By what rule their crisis plan is activated.
    CrisisRules,
    /// What was done about it.
    CrisisSteps,
    /// What the person must be told.
    Notices,
    /// Where the person is told outside their box that something waits.
    NoticeDeliveries,
    /// Whether the person is known twice, and links between the two.
    Matches,
    /// This accounting itself.
    Accounting,
    Other,
}

impl Collection {
    /// Where the RPC alone does not say it. What staff record as a decision is a suggestion, and one that the person
    /// takes in is a decision, whose name is random, and no version of a section.
    pub fn written(rpc: &str, bases: &[Basis], records: &[Uuid]) -> Option<Self> {
        let random = |id: &Uuid| id.get_version_num() == 4;
        match rpc.rsplit('/').next()? {
            "RecordDecision" if bases.contains(&Basis::Support) => Some(Self::Contributions),
            "DecideContribution" if !records.is_empty() && records.iter().all(random) => {
                Some(Self::Decisions)
            }
            _ => None,
        }
    }

    /// Their kind's when they are of one kind, or else their service's.
    pub fn of(kinds: CodeSet<Kind>, service: &str, rpc: &str) -> Self {
        let mut kinds = kinds.iter();
        match (kinds.next(), kinds.next(), service) {
            (_, _, "people") if rpc.ends_with("/Notify") => Self::Notices,
            (_, _, "people")
                if rpc.contains("NoticeDeliver") || rpc.ends_with("/DeliverNotice") =>
            {
                Self::NoticeDeliveries
            }
            (None, _, "people") if is_match(rpc) => Self::Matches,
            (None, _, "people") if rpc.ends_with("Supporter") => Self::Supporters,
            // A record beside the plan is decided on as a section is. Staff's list of crises is of sections.
            (Some(Kind::PlanSection), None, "recovery") if !rpc.ends_with("/ListCrises") => {
                Self::beside_plans(rpc)
            }
            (Some(kind), None, _) => Self::Of(kind),
            (_, _, "notes") => Self::Of(Kind::Note),
            (_, _, "referrals") => Self::Of(Kind::Referral),
            (_, _, "people") => Self::Of(Kind::Profile),
            (_, _, "consent") => Self::beside_consents(rpc),
            (_, _, "recovery") => Self::beside_plans(rpc),
            (_, _, "audit") => Self::Accounting,
            _ => Self::Other,
        }
    }

    /// What the recovery service holds, by the RPC's name.
    fn beside_plans(rpc: &str) -> Self {
        match rpc.rsplit('/').next().unwrap_or_default() {
            "ShareSection" | "UnshareSection" | "ListShares" | "SetEmploymentSpecialist" => {
                Self::Shares
            }
            "UpdateSection" | "ListSectionVersions" | "DecideContribution" => Self::SectionVersions,
            "AddSupporter" | "UpdateSupporter" | "EndSupporter" | "ListSupporters" => {
                Self::Supporters
            }
            "Contribute" | "ListContributions" => Self::Contributions,
            "CreateGoal" | "UpdateGoal" | "ListGoals" => Self::Goals,
            "PrepareCheckIn"
            | "RecordCheckIn"
            | "RecordCaregiverCheckIn"
            | "ListCheckIns"
            | "GetProgress" => Self::CheckIns,
            "CreateTask" | "UpdateTask" | "ListTasks" => Self::Tasks,
            "RecordDecision" | "ConfirmDecision" | "ListDecisions" => Self::Decisions,
            "UpdateEmploymentPlan"
            | "GetEmploymentPlan"
            | "EndEmploymentSpecialist"
            | "RecordEmploymentStep"
            | "MarkEmploymentStepInError"
            | "ListEmploymentSteps" => Self::EmploymentPlans,
            // A supporter's list goes by the rules, and staff's by what is open to them.
            "SetCrisisRules" | "GetCrisis" | "ListCrises" => Self::CrisisRules,
            "ActivateCrisisPlan" | "DeactivateCrisisPlan" => Self::CrisisSteps,
            _ => Self::Of(Kind::PlanSection),
        }
    }

    /// What the consent service holds, by the RPC's name.
    fn beside_consents(rpc: &str) -> Self {
        let rpc = rpc.rsplit('/').next().unwrap_or_default();
        let named = |word| rpc.contains(word);
        match () {
            () if named("Restriction") => Self::Restrictions,
            () if named("Emergenc") => Self::Emergencies,
            () if named("CourtOrder") => Self::CourtOrders,
            () => Self::Consents,
        }
    }
}

/// Whether a data steward's RPC.
fn is_match(rpc: &str) -> bool {
    ["/ListDoubtfulMatches", "/DecideMatch", "/MergePeople", "/UnmergePeople"]
        .iter()
        .any(|name| rpc.ends_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: &str = "/trellis.recovery.v1.RecoveryService/";

    #[test]
    fn what_is_kept_beside_a_plan_is_named_as_what_it_is() {
        let plan = CodeSet::from([Kind::PlanSection]);
        for (rpc, kinds, expected) in [
            ("GetPlan", plan, Collection::Of(Kind::PlanSection)),
            ("ListGoals", plan, Collection::Goals),
            ("ListCheckIns", plan, Collection::CheckIns),
            ("ListTasks", plan, Collection::Tasks),
            ("ListDecisions", plan, Collection::Decisions),
            ("ListCrises", plan, Collection::Of(Kind::PlanSection)),
            ("ListCrises", CodeSet::EMPTY, Collection::CrisisRules),
            ("UpdateTask", CodeSet::EMPTY, Collection::Tasks),
            ("ConfirmDecision", CodeSet::EMPTY, Collection::Decisions),
        ] {
            assert_eq!(Collection::of(kinds, "recovery", &format!("{OF}{rpc}")), expected, "{rpc}");
        }
    }

    #[test]
    fn a_suggested_decision_is_a_suggestion_and_one_that_is_taken_in_a_decision() {
        let (version, random) = (Uuid::from_u128(7 << 76), Uuid::new_v4());
        let of = |rpc: &str, bases: &[Basis], records: &[Uuid]| {
            Collection::written(&format!("{OF}{rpc}"), bases, records)
        };
        let suggested = of("RecordDecision", &[Basis::Support], &[version]);
        assert_eq!(suggested, Some(Collection::Contributions));
        assert_eq!(of("RecordDecision", &[Basis::SelfAccess], &[random]), None);
        let taken_in = of("DecideContribution", &[Basis::SelfAccess], &[random]);
        assert_eq!(taken_in, Some(Collection::Decisions));
        assert_eq!(of("DecideContribution", &[Basis::SelfAccess], &[version]), None);
        assert_eq!(of("DecideContribution", &[Basis::SelfAccess], &[]), None);
    }
}
