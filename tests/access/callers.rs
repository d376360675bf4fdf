//! Who asks.

use identity::{ADMISSION, Admit};
use kernel::{Purpose, Role};
use trellis_tests::{Network, Person, World};

use crate::contract::Rpc;

/// A column of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// CLINICIAN of the record's custodian.
    Clinician,
    /// PEER_SUPPORTER of the record's custodian.
    Peer,
    /// CASE_MANAGER of the agency that the consent names.
    Housing,
    /// The same for a purpose that the consent does not name.
    OtherPurpose,
    /// OFFICER of an agency that the consent does not name.
    Officer,
    /// CASE_MANAGER of another such agency.
    Unrelated,
    /// The person.
    Person,
    /// Who acts for the person, recorded by the record's custodian.
    Representative,
    /// A person whom the records are not about.
    OtherPerson,
    /// A supporter, of nobody's circle.
    Supporter,
    /// MEDICAL of the record's custodian.
    Medic,
    /// PRIVACY_OFFICER of the record's custodian.
    PrivacyOfficer,
    /// AGENCY_ADMIN of the record's custodian.
    AgencyAdmin,
    /// PRIVACY_OFFICER of an agency that the consent does not name.
    OtherPrivacyOfficer,
    /// AGENCY_ADMIN of the same.
    OtherAgencyAdmin,
    NetworkAdmin,
    DataSteward,
    /// A service of this network.
    Service,
    NoToken,
    /// The clinician's, ended.
    Expired,
}

impl Who {
    pub const ALL: [Self; 20] = [
        Self::Clinician,
        Self::Peer,
        Self::Housing,
        Self::OtherPurpose,
        Self::Officer,
        Self::Unrelated,
        Self::Person,
        Self::Representative,
        Self::OtherPerson,
        Self::Supporter,
        Self::Medic,
        Self::PrivacyOfficer,
        Self::AgencyAdmin,
        Self::OtherPrivacyOfficer,
        Self::OtherAgencyAdmin,
        Self::NetworkAdmin,
        Self::DataSteward,
        Self::Service,
        Self::NoToken,
        Self::Expired,
    ];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Clinician => "clinician",
            Self::Peer => "peer",
            Self::Housing => "housing",
            Self::OtherPurpose => "purpose",
            Self::Officer => "officer",
            Self::Unrelated => "school",
            Self::Person => "person",
            Self::Representative => "represent",
            Self::OtherPerson => "other",
            Self::Supporter => "supporter",
            Self::Medic => "medic",
            Self::PrivacyOfficer => "privacy",
            Self::AgencyAdmin => "ag.admin",
            Self::OtherPrivacyOfficer => "o.privacy",
            Self::OtherAgencyAdmin => "o.admin",
            Self::NetworkAdmin => "admin",
            Self::DataSteward => "steward",
            Self::Service => "service",
            Self::NoToken => "none",
            Self::Expired => "expired",
        }
    }

    pub fn token(
        self,
        network: &Network,
        world: &World,
        person: &Person,
        other: &Person,
        rpc: &Rpc,
    ) -> Option<String> {
        let tokens = &network.tokens;
        let agencies = &world.agencies;
        let (clinic, housing, school) = (&agencies.clinic, &agencies.housing, &agencies.school);
        let coc = Purpose::CoordinationOfCare;
        Some(match self {
            Self::Clinician => world.clinician.token.clone(),
            Self::Peer => tokens.staff("ps-elm", clinic, &[Role::PeerSupporter], &[coc]),
            Self::Housing => world.manager.token.clone(),
            Self::OtherPurpose => {
                let purpose = [Purpose::EmploymentSupport];
                tokens.staff("cm-birch-2", housing, &[Role::CaseManager], &purpose)
            }
            Self::Officer => world.officer.token.clone(),
            Self::Unrelated => world.unrelated.token.clone(),
            Self::Person => person.actor.token.clone(),
            Self::Representative => tokens.representative(&person.representative()),
            Self::OtherPerson => other.actor.token.clone(),
            Self::Supporter => tokens.supporter("kim-of-nobody"),
            Self::Medic => tokens.staff("dr-ash", clinic, &[Role::Medical], &[coc]),
            Self::PrivacyOfficer => tokens.staff("po-ash", clinic, &[Role::PrivacyOfficer], &[coc]),
            Self::AgencyAdmin => tokens.staff("aa-elm", clinic, &[Role::AgencyAdmin], &[coc]),
            Self::OtherPrivacyOfficer => {
                tokens.staff("po-fir", school, &[Role::PrivacyOfficer], &[coc])
            }
            Self::OtherAgencyAdmin => tokens.staff("aa-fir", school, &[Role::AgencyAdmin], &[coc]),
            Self::NetworkAdmin => world.admin.token.clone(),
            Self::DataSteward => tokens.data_steward(),
            Self::Service => tokens.service(following(rpc), rpc.service()),
            Self::NoToken => return None,
            Self::Expired => tokens.expired("dr-elm", clinic, &[Role::Clinician], &[coc]),
        })
    }
}

/// Another of the same kind and agency; for a person, another person. None: there is one alone, or it is of another
/// agency.
pub fn colleague(who: Who, network: &Network, world: &World, other: &Person) -> Option<String> {
    let (tokens, clinic) = (&network.tokens, &world.agencies.clinic);
    let coc = [Purpose::CoordinationOfCare];
    Some(match who {
        Who::Clinician => {
            let purposes = [Purpose::Treat, Purpose::CoordinationOfCare];
            tokens.staff("dr-oak", clinic, &[Role::Clinician], &purposes)
        }
        Who::Medic => tokens.staff("dr-yew", clinic, &[Role::Medical], &coc),
        Who::PrivacyOfficer => tokens.staff("po-elder", clinic, &[Role::PrivacyOfficer], &coc),
        Who::AgencyAdmin => tokens.staff("aa-oak", clinic, &[Role::AgencyAdmin], &coc),
        Who::Person => other.actor.token.clone(),
        Who::DataSteward => tokens.data_steward_named("another"),
        _ => return None,
    })
}

/// The service that asks this: what is for one of them is not there for the others.
pub fn following(rpc: &Rpc) -> &'static str {
    match rpc.method.name() {
        "WatchServed" | "CheckAges" => "consent",
        "WatchPersonEvents" | "LinkPeople" => "people",
        "LocateNotes" | "CheckPreferences" => "referrals",
        "InviteSupporter" | "DismissSupporter" => "recovery",
        _ => "audit",
    }
}

/// A caller whose role the RPC admits, and who has something to do there.
pub fn admitted(rpc: &Rpc) -> Who {
    let of_the_target = ["Accept", "Reject", "Start", "Hold", "Resume", "Complete", "Fail"];
    let sub = rpc.method.name() == "CreateSubReferral";
    if sub || of_the_target.iter().any(|verb| rpc.method.name() == format!("{verb}Referral")) {
        return Who::Housing;
    }
    // Staff revoke on the person's word, with another request, and mark what they recorded.
    if ["RevokeConsent", "MarkConsentEnteredInError"].contains(&rpc.method.name()) {
        return Who::Person;
    }
    // An agency's administrator says less of it.
    if rpc.method.name() == "UpdateAgency" {
        return Who::NetworkAdmin;
    }
    let row = ADMISSION.iter().find(|row| row.path == rpc.path()).unwrap();
    let candidates = [
        (Who::Clinician, Role::Clinician),
        (Who::Medic, Role::Medical),
        (Who::PrivacyOfficer, Role::PrivacyOfficer),
        (Who::Person, Role::Person),
        (Who::AgencyAdmin, Role::AgencyAdmin),
        (Who::NetworkAdmin, Role::NetworkAdmin),
        (Who::DataSteward, Role::DataSteward),
        (Who::Supporter, Role::Supporter),
    ];
    match row.admit {
        Admit::ServiceOnly => Who::Service,
        Admit::Public => Who::NoToken,
        Admit::Roles(roles) => {
            candidates.into_iter().find(|(_, role)| roles.contains(*role)).unwrap().0
        }
    }
}
