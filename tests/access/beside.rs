//! Requests about what opens or closes records beside consents.

use kernel::{Purpose, Role};
use trellis_tests::{Actor, Person, request_id, served};
use uuid::Uuid;
use wire::consent::v1 as consent;

use crate::scene::{Stage, in_seconds, one};

impl Stage<'_> {
    pub fn of_clinic(&self, sub: &str, role: Role) -> Actor {
        let clinic = &self.world.agencies.clinic;
        let token = self.network.tokens.staff(sub, clinic, &[role], &[Purpose::EmergencyTreat]);
        self.network.actor(token)
    }

    /// Lists have two to list: a page of one has a next one.
    pub async fn beside_consents(&self, rpc: &str, person: &Person) -> Vec<Vec<u8>> {
        let (request_id, of) = (request_id(), person.name.clone());
        match rpc {
            "RequestRestriction" => one(self.restriction(person)),
            "DecideRestriction" => one(consent::DecideRestrictionRequest {
                request_id,
                name: self.restricted(person).await,
                decision: consent::RestrictionDecision::Agree.into(),
            }),
            "ListRestrictions" => {
                self.restricted(person).await;
                self.restricted(person).await;
                one(consent::ListRestrictionsRequest { person: of, ..Default::default() })
            }
            "DeclareEmergency" => one(emergency(person)),
            "ReviewEmergency" => one(consent::ReviewEmergencyRequest {
                request_id,
                name: self.declared(person).await,
                outcome: consent::EmergencyOutcome::Justified.into(),
                comment: "As the chart says.".to_owned(),
            }),
            "ListEmergencies" => {
                self.declared(person).await;
                self.declared(person).await;
                one(consent::ListEmergenciesRequest { person: of, ..Default::default() })
            }
            "WatchEmergencies" => one(consent::WatchEmergenciesRequest::default()),
            "RecordCourtOrder" => one(self.order(person)),
            "AcceptCourtOrder" => {
                let name = self.ordered(person).await;
                one(consent::AcceptCourtOrderRequest { request_id, name })
            }
            "ListCourtOrders" => {
                self.ordered(person).await;
                self.ordered(person).await;
                one(consent::ListCourtOrdersRequest { person: of, ..Default::default() })
            }
            _ => self.missing(rpc),
        }
    }

    fn restriction(&self, person: &Person) -> consent::RequestRestrictionRequest {
        consent::RequestRestrictionRequest {
            request_id: request_id(),
            person: person.name.clone(),
            terms: Some(consent::RestrictionTerms {
                reason: consent::RestrictionReason::Preference.into(),
                custodian: self.world.agencies.clinic.clone(),
                recipients: Some(consent::Recipients {
                    agencies: vec![self.world.agencies.school.clone()],
                    ..consent::Recipients::default()
                }),
                ..consent::RestrictionTerms::default()
            }),
        }
    }

    async fn restricted(&self, person: &Person) -> String {
        let asked = self.restriction(person);
        let reply = served!(person.actor.consents(), request_restriction, asked);
        reply.restriction.unwrap().name
    }

    async fn declared(&self, person: &Person) -> String {
        let medic = self.of_clinic("dr-er", Role::Medical);
        let reply = served!(medic.consents(), declare_emergency, emergency(person));
        reply.emergency.unwrap().name
    }

    fn order(&self, person: &Person) -> consent::RecordCourtOrderRequest {
        consent::RecordCourtOrderRequest {
            request_id: request_id(),
            person: person.name.clone(),
            terms: Some(consent::CourtOrderTerms {
                court: "Superior Court, file 26-118".to_owned(),
                section: "2.64".to_owned(),
                order: true,
                subpoena: true,
                recipient_agency: self.world.agencies.probation.clone(),
                records: vec![format!("notes/{}", Uuid::from_u128(7))],
                issue_time: Some(in_seconds(0)),
                expire_time: Some(in_seconds(86_400)),
                document_sha256: "ab".repeat(32),
            }),
        }
    }

    async fn ordered(&self, person: &Person) -> String {
        let officer = self.of_clinic("po-elm", Role::PrivacyOfficer);
        let reply = served!(officer.consents(), record_court_order, self.order(person));
        reply.court_order.unwrap().name
    }
}

fn emergency(person: &Person) -> consent::DeclareEmergencyRequest {
    consent::DeclareEmergencyRequest {
        request_id: request_id(),
        person: person.name.clone(),
        facts: Some(consent::EmergencyFacts {
            recipient_name: "Dr. Moss".to_owned(),
            recipient_affiliation: "Emergency department".to_owned(),
            nature: "Overdose".to_owned(),
            consent_unobtainable: "Unconscious".to_owned(),
        }),
        hours: 1,
    }
}
