//! For every RPC a real request, about things that exist.

use kernel::{Clock as _, SystemClock};
use prost::Message;
use trellis_tests::{
    Actor, BOUND, Network, Person, World, agency, guardian_of, note_about, referral_of,
    registration, request_id, served, terms, until,
};
use uuid::Uuid;
use wire::{
    audit::v1 as audit,
    common::v1::{Identifier, Labels, Sector, Sensitivity},
    consent::v1::{self as consent, Consent},
    directory::v1 as directory,
    notes::v1 as notes,
    people::v1 as people,
    referrals::v1::{self as referrals, ReferralState as State},
};

/// How far the person's consent to the housing agency has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consented {
    None,
    Signed,
    Revoked,
}

impl Consented {
    pub const ALL: [Self; 3] = [Self::None, Self::Signed, Self::Revoked];

    pub const fn title(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Signed => "signed",
            Self::Revoked => "revoked",
        }
    }
}

/// What the scenes share.
pub struct Stage<'a> {
    pub network: &'a Network,
    pub world: &'a World,
    /// A service of the clinic.
    service: String,
    /// A care team of the clinic.
    team: String,
}

/// A request, and the person whom it is about.
pub struct Scene {
    pub person: Person,
    pub messages: Vec<Vec<u8>>,
}

pub fn one(message: impl Message) -> Vec<Vec<u8>> {
    vec![message.encode_to_vec()]
}

impl<'a> Stage<'a> {
    pub async fn new(network: &'a Network, world: &'a World) -> Self {
        let mut stage = Self { network, world, service: String::new(), team: String::new() };
        let reply = served!(stage.admin().directory(), create_service, offer());
        stage.service = reply.service.unwrap().name;
        // Two to list: a page of one has a next one.
        served!(stage.admin().directory(), create_care_team, team());
        let reply = served!(stage.admin().directory(), create_care_team, team());
        stage.team = reply.care_team.unwrap().name;
        stage
    }

    /// The clinic's administrator.
    fn admin(&self) -> Actor {
        let roles = [kernel::Role::AgencyAdmin];
        let clinic = &self.world.agencies.clinic;
        self.network.actor(self.network.tokens.staff("aa-elm", clinic, &roles, &[]))
    }

    pub async fn scene(&self, rpc: &str, consented: Consented) -> Scene {
        let person = match rpc {
            "PeopleService/AcceptInvitation" => self.world.stranger(self.network).await,
            _ => self.world.person(self.network).await,
        };
        if rpc != "PeopleService/EndRepresentative" {
            self.world.represented(self.network, &person).await;
        }
        let messages = match rpc.split_once('/').unwrap() {
            ("DirectoryService", rpc) => self.directory(rpc).await,
            ("PeopleService" | "PeopleFactsService", rpc) => {
                self.give(&person, consented).await;
                self.people(rpc, &person).await
            }
            ("ConsentService" | "FactsService", rpc) => {
                self.consents(rpc, &person, consented).await
            }
            ("ReferralsService", rpc) if rpc.contains("Webhook") => self.webhooks(rpc).await,
            ("ReferralsService", rpc) => self.referrals(rpc, &person, consented).await,
            ("NotesService" | "NoteFactsService", rpc) => {
                let messages = self.notes(rpc, &person).await;
                self.give(&person, consented).await;
                messages
            }
            ("RecoveryService" | "RecoveryFactsService", rpc) => {
                let messages = self.recovery(rpc, &person).await;
                self.give(&person, consented).await;
                messages
            }
            ("AuditService" | "LedgerService" | "ServedService", rpc) => {
                self.world.note(&person).await;
                self.give(&person, consented).await;
                self.audit(rpc, &person).await
            }
            _ => self.missing(rpc),
        };
        Scene { person, messages }
    }

    pub fn missing(&self, rpc: &str) -> ! {
        panic!("{rpc} has no request in scene.rs: add one")
    }

    /// The consent, as far as it is to come.
    async fn give(&self, person: &Person, consented: Consented) -> Option<Consent> {
        if consented == Consented::None || !self.is_bound(person).await {
            return None;
        }
        let housing = &self.world.agencies.housing;
        let consent = self.world.consent(person, housing).await;
        if consented == Consented::Revoked {
            self.world.revoke(person, &consent).await;
        }
        Some(consent)
    }

    async fn is_bound(&self, person: &Person) -> bool {
        let request = people::GetPersonRequest { name: person.name.clone() };
        person.actor.people().get_person(request).await.is_ok()
    }

    async fn directory(&self, rpc: &str) -> Vec<Vec<u8>> {
        let name = || self.world.agencies.clinic.clone();
        let request_id = request_id();
        match rpc {
            "RegisterAgency" => one(agency("Matrix", Sector::Other)),
            "GetAgency" => one(directory::GetAgencyRequest { name: name() }),
            "ListAgencies" => one(directory::ListAgenciesRequest::default()),
            "UpdateAgency" => {
                let get = directory::GetAgencyRequest { name: name() };
                let agency = served!(self.world.admin.directory(), get_agency, get).agency.unwrap();
                one(directory::UpdateAgencyRequest {
                    request_id,
                    etag: agency.etag.clone(),
                    agency: Some(agency),
                    update_mask: mask(&["display_name", "description", "parent"]),
                })
            }
            "UpdateService" => {
                // One of its own: others change the stage's.
                let made = served!(self.admin().directory(), create_service, offer());
                let service = made.service.unwrap();
                let etag = service.etag.clone();
                let service = directory::Service { agency: String::new(), ..service };
                one(directory::UpdateServiceRequest {
                    request_id,
                    etag,
                    service: Some(service),
                    update_mask: mask(&[
                        "display_name",
                        "description",
                        "need_categories",
                        "languages",
                        "support_kinds",
                        "eligibility",
                        "application_process",
                        "fees",
                        "interpreting",
                        "cultural_offerings",
                        "faith_offerings",
                        "minimum_age",
                        "maximum_age",
                        "places",
                        "schedules",
                        "url",
                        "email",
                        "phones",
                    ]),
                })
            }
            "CreateCareTeam" => one(team()),
            "GetCareTeam" => one(directory::GetCareTeamRequest { name: self.team.clone() }),
            "ListCareTeams" => one(directory::ListCareTeamsRequest::default()),
            "UpdateCareTeam" => {
                let get = directory::GetCareTeamRequest { name: self.team.clone() };
                let team = served!(self.admin().directory(), get_care_team, get);
                let team = team.care_team.unwrap();
                let etag = team.etag.clone();
                let team = directory::CareTeam { agency: String::new(), ..team };
                one(directory::UpdateCareTeamRequest {
                    request_id,
                    etag,
                    care_team: Some(team),
                    update_mask: mask(&["display_name", "members"]),
                })
            }
            // Ahead of everything, so that nobody has to wait for it.
            "AcknowledgeAgencies" => one(directory::AcknowledgeAgenciesRequest {
                follower: request_id,
                revision: i64::MAX,
            }),
            "SuspendAgency" => {
                let (name, reason) = (self.agency().await, "A reason".to_owned());
                one(directory::SuspendAgencyRequest { request_id, name, reason })
            }
            "ReinstateAgency" => {
                let name = self.agency().await;
                let suspend = directory::SuspendAgencyRequest {
                    request_id: trellis_tests::request_id(),
                    name: name.clone(),
                    reason: "A reason".to_owned(),
                };
                served!(self.world.admin.directory(), suspend_agency, suspend);
                one(directory::ReinstateAgencyRequest { request_id, name })
            }
            "RebindAgency" => {
                let name = self.agency().await;
                let bindings = agency("Matrix", Sector::Other).bindings;
                one(directory::RebindAgencyRequest { request_id, name, bindings })
            }
            "SuspendPrincipal" => one(self.suspending_principal()),
            "ReinstatePrincipal" => {
                let name = self.suspended_principal().await;
                one(directory::ReinstatePrincipalRequest { request_id, name })
            }
            "ListSuspendedPrincipals" => {
                // Two to list.
                self.suspended_principal().await;
                self.suspended_principal().await;
                one(directory::ListSuspendedPrincipalsRequest::default())
            }
            "CreateService" => one(offer()),
            "GetService" => one(directory::GetServiceRequest { name: self.service.clone() }),
            "SearchServices" => one(directory::SearchServicesRequest::default()),
            "FindServices" => one(directory::FindServicesRequest {
                search: Some(directory::SearchServicesRequest::default()),
                agencies: Vec::new(),
            }),
            "SetCapacity" => one(directory::SetCapacityRequest {
                request_id,
                service: self.service.clone(),
                capacity: Some(directory::Capacity {
                    status: directory::CapacityStatus::Capacity.into(),
                    available: 2,
                    unit: "bed".to_owned(),
                    ..Default::default()
                }),
                etag: String::new(),
            }),
            "ImportDirectory" => one(directory::ImportDirectoryRequest {
                table: "organizations".to_owned(),
                data: format!("id,name,description\n{},An organization,It is\n", Uuid::new_v4())
                    .into_bytes(),
                format: directory::DirectoryFormat::Csv.into(),
            }),
            "ExportDirectory" => one(directory::ExportDirectoryRequest {
                format: directory::DirectoryFormat::Json.into(),
                ..Default::default()
            }),
            "WatchAgencies" => one(directory::WatchAgenciesRequest {}),
            _ => self.missing(rpc),
        }
    }

    /// Of somebody whom no test knows, for the clinic.
    fn suspending_principal(&self) -> directory::SuspendPrincipalRequest {
        directory::SuspendPrincipalRequest {
            request_id: request_id(),
            principal: Some(directory::Principal {
                issuer: identity::DEV_ISSUER.to_owned(),
                subject: Uuid::new_v4().to_string(),
                client_id: String::new(),
            }),
            agency: self.world.agencies.clinic.clone(),
            reason: directory::SuspensionReason::Left.into(),
        }
    }

    /// A suspension by the clinic.
    async fn suspended_principal(&self) -> String {
        let asked = self.suspending_principal();
        let made = served!(self.admin().directory(), suspend_principal, asked);
        made.suspension.unwrap().name
    }

    /// An agency of its own, for what changes it.
    async fn agency(&self) -> String {
        let request = agency("Matrix", Sector::Other);
        let reply = served!(self.world.admin.directory(), register_agency, request);
        reply.agency.unwrap().name
    }

    async fn people(&self, rpc: &str, person: &Person) -> Vec<Vec<u8>> {
        let (request_id, name) = (request_id(), person.name.clone());
        match rpc {
            "RegisterPerson" => {
                let labels = Labels { part2: true, ..Labels::default() };
                one(people::RegisterPersonRequest {
                    labels: Some(labels),
                    details: Some(details()),
                    ..registration()
                })
            }
            "GetPerson" => one(people::GetPersonRequest { name }),
            "FindPerson" => {
                let identifier = Some(person.identifier.clone());
                one(people::FindPersonRequest { identifier, demographics: None })
            }
            "UpdatePerson" => one(people::UpdatePersonRequest {
                request_id,
                person: name,
                etag: "1".to_owned(),
                given_name: "Pat".to_owned(),
                family_name: "Example".to_owned(),
                birth_date: "1990-01-02".to_owned(),
                preferred_language: "en".to_owned(),
                details: Some(details()),
            }),
            "AddIdentifier" => one(people::AddIdentifierRequest {
                request_id,
                person: name,
                identifier: Some(Identifier {
                    system: "urn:tests:added".to_owned(),
                    value: Uuid::new_v4().to_string(),
                }),
            }),
            "SetPreferences" => one(people::SetPreferencesRequest {
                request_id,
                person: name,
                preferences: Some(people::Preferences {
                    language: "es".to_owned(),
                    ..people::Preferences::default()
                }),
                etag: String::new(),
            }),
            "InvitePerson" => one(people::InvitePersonRequest { request_id, person: name }),
            "AcceptInvitation" => {
                let code = self.world.invite(person).await;
                one(people::AcceptInvitationRequest { request_id, code })
            }
            "ConfirmSignIn" => {
                let code = self.code(person).await;
                let representative = String::new();
                one(people::ConfirmSignInRequest { request_id, person: name, representative, code })
            }
            "RenewConfirmationCode" => one(renewing(&name)),
            "AddRepresentative" => one(guardian_of(&name)),
            "EndRepresentative" => {
                let name = self.world.represented(self.network, person).await;
                one(people::EndRepresentativeRequest { request_id, name })
            }
            "ListRepresentatives" => one(people::ListRepresentativesRequest {
                person: name,
                ..people::ListRepresentativesRequest::default()
            }),
            "ListNotices" => one(noticed(&name)),
            "WatchNotices" => {
                one(people::WatchNoticesRequest { cursor: String::new(), person: name })
            }
            "AcknowledgeNotice" => {
                // The clinic recorded a representative.
                let list = served!(person.actor.people(), list_notices, noticed(&name));
                let name = list.notices[0].name.clone();
                one(people::AcknowledgeNoticeRequest { request_id, name })
            }
            "SetNoticeDelivery" => one(told_at(&name)),
            // No mail server: there is no code that would be right.
            "ConfirmNoticeDelivery" => one(people::ConfirmNoticeDeliveryRequest {
                request_id,
                person: name,
                code: "AAAA2222".to_owned(),
            }),
            "ListNoticeDeliveries" => one(people::ListNoticeDeliveriesRequest { person: name }),
            "DeleteNoticeDelivery" => {
                served!(person.actor.people(), set_notice_delivery, told_at(&name));
                let way = people::DeliveryWay::Webhook.into();
                one(people::DeleteNoticeDeliveryRequest { request_id, person: name, way })
            }
            "ListDoubtfulMatches" => {
                self.doubtful().await;
                self.doubtful().await;
                one(people::ListDoubtfulMatchesRequest::default())
            }
            "DecideMatch" => {
                let (first, second) = self.doubtful().await;
                let request = people::ListDoubtfulMatchesRequest::default();
                let steward = self.network.actor(self.network.tokens.data_steward());
                let list = served!(steward.people(), list_doubtful_matches, request);
                let of_both = |doubt: &&people::DoubtfulMatch| {
                    let names = [&doubt.person, &doubt.other].map(|p| &p.as_ref().unwrap().person);
                    names.contains(&&first) && names.contains(&&second)
                };
                one(people::DecideMatchRequest {
                    request_id,
                    name: list.matches.iter().find(of_both).unwrap().name.clone(),
                    decision: people::MatchDecision::Same.into(),
                    reason: "Their papers were seen".to_owned(),
                })
            }
            "MergePeople" => {
                let (person, other) = self.doubtful().await;
                let reason = "Their papers were seen".to_owned();
                one(people::MergePeopleRequest { request_id, person, other, reason })
            }
            "UnmergePeople" => {
                let (person, other) = self.doubtful().await;
                let merge = people::MergePeopleRequest {
                    request_id: trellis_tests::request_id(),
                    person: person.clone(),
                    other: other.clone(),
                    reason: "Their papers were seen".to_owned(),
                };
                let steward = self.network.actor(self.network.tokens.data_steward());
                served!(steward.people(), merge_people, merge);
                let reason = "They came together".to_owned();
                one(people::UnmergePeopleRequest { request_id, person, other, reason })
            }
            "ResolveSignIns" => one(people::ResolveSignInsRequest {
                sign_ins: vec![people::SignIn {
                    issuer: identity::DEV_ISSUER.to_owned(),
                    subject: person.sub.clone(),
                }],
            }),
            "CheckRegistrations" => one(people::CheckRegistrationsRequest {
                questions: vec![people::RegistrationQuestion {
                    person: name,
                    agency: self.world.agencies.clinic.clone(),
                }],
            }),
            "CheckPreferences" => one(people::CheckPreferencesRequest {
                questions: vec![people::PreferenceQuestion {
                    person: name,
                    agencies: vec![self.world.agencies.clinic.clone()],
                }],
            }),
            "InviteSupporter" => one(people::InviteSupporterRequest {
                supporter: "supporters/0198c9a0-0000-7000-8000-00000000005a".to_owned(),
                person: name,
                inviter: Some(people::SignIn {
                    issuer: identity::DEV_ISSUER.to_owned(),
                    subject: "somebody".to_owned(),
                }),
            }),
            "DismissSupporter" => one(people::DismissSupporterRequest {
                supporter: "supporters/0198c9a0-0000-7000-8000-00000000005a".to_owned(),
                person: name,
            }),
            "CheckAges" => one(people::CheckAgesRequest {
                questions: vec![people::AgeQuestion {
                    person: name,
                    time: Some(wire::convert::timestamp(SystemClock.now())),
                }],
            }),
            _ => self.missing(rpc),
        }
    }

    /// Two people of one name and birth date, whom two agencies registered.
    async fn doubtful(&self) -> (String, String) {
        let letter = |digit: u32| char::from_digit(digit + 10, 36).unwrap();
        let digits = Uuid::new_v4().simple().to_string();
        let family: String =
            digits.chars().filter_map(|c| c.to_digit(16)).map(letter).take(12).collect();
        let of = || people::RegisterPersonRequest { family_name: family.clone(), ..registration() };
        let one = served!(self.world.clinician.people(), register_person, of());
        let other = served!(self.world.manager.people(), register_person, of());
        (one.person.unwrap().name, other.person.unwrap().name)
    }

    /// The confirmation code that the person would show.
    async fn code(&self, person: &Person) -> String {
        let request = renewing(&person.name);
        served!(person.actor.people(), renew_confirmation_code, request).code
    }

    async fn consents(&self, rpc: &str, person: &Person, consented: Consented) -> Vec<Vec<u8>> {
        let agencies = &self.world.agencies;
        let given = self.give(person, consented).await;
        let say = || terms(&agencies.clinic, &agencies.housing);
        let named = async || match &given {
            Some(consent) => consent.name.clone(),
            None => self.world.draft(person, say()).await.name,
        };
        let request_id = request_id();
        match rpc {
            "DraftConsent" => one(consent::DraftConsentRequest {
                request_id,
                person: person.name.clone(),
                terms: Some(say()),
                language: String::new(),
            }),
            "SignConsent" => {
                let draft = self.world.draft(person, say()).await;
                let (name, text_sha256) = (draft.name, draft.text_sha256);
                one(consent::SignConsentRequest { request_id, name, text_sha256 })
            }
            "RevokeConsent" => {
                one(consent::RevokeConsentRequest { request_id, name: named().await, word: 0 })
            }
            "MarkConsentEnteredInError" => {
                // What the clinic recorded: its staff may say that they did so by mistake.
                let name = match consented {
                    Consented::None => named().await,
                    _ => self.recorded(person, consented).await.name,
                };
                let mistake = consent::ConsentMistake::Duplicate.into();
                one(consent::MarkConsentEnteredInErrorRequest { request_id, name, mistake })
            }
            "GetConsent" => one(consent::GetConsentRequest { name: named().await }),
            "GetConsentReceipt" => {
                one(consent::GetConsentReceiptRequest { name: named().await, format: 0 })
            }
            "Explain" => one(consent::ExplainRequest {
                person: person.name.clone(),
                request: Some(consent::ExplainedRequest {
                    agency: agencies.housing.clone(),
                    purposes: vec![wire::common::v1::Purpose::Coc.into()],
                    action: wire::common::v1::Action::Read.into(),
                    ..consent::ExplainedRequest::default()
                }),
                record: Some(consent::ExplainedRecord {
                    kind: wire::common::v1::RecordKind::Note.into(),
                    custodian: agencies.clinic.clone(),
                    ..consent::ExplainedRecord::default()
                }),
                ..consent::ExplainRequest::default()
            }),
            "ListConsents" => one(consent::ListConsentsRequest {
                person: person.name.clone(),
                ..consent::ListConsentsRequest::default()
            }),
            "GetFacts" => one(consent::GetFactsRequest {
                questions: vec![consent::FactsQuestion {
                    person: person.name.clone(),
                    known_revision: -1,
                    on_behalf_of: agencies.housing.clone(),
                }],
                directory_revision: 0,
            }),
            "WatchFacts" => one(consent::WatchFactsRequest { after: 0 }),
            "LinkPeople" => one(consent::LinkPeopleRequest {
                link: Uuid::new_v4().to_string(),
                person: person.name.clone(),
                other: format!("people/{}", Uuid::new_v4()),
                begin_time: Some(wire::convert::timestamp(SystemClock.now())),
                end_time: None,
            }),
            "WatchPersonEvents" => one(consent::WatchPersonEventsRequest { after: 0 }),
            "RecordSignedConsent" => one(self.recording(person)),
            "WatchConsents" => one(consent::WatchConsentsRequest { cursor: String::new() }),
            "AcknowledgeRevocation" => {
                let name = match given {
                    Some(consent) if consented == Consented::Signed => {
                        self.world.revoke(person, &consent).await.name
                    }
                    _ => named().await,
                };
                one(consent::AcknowledgeRevocationRequest { request_id, name, kind: 0 })
            }
            _ => self.beside_consents(rpc, person).await,
        }
    }

    /// To housing, on paper.
    fn recording(&self, person: &Person) -> consent::RecordSignedConsentRequest {
        consent::RecordSignedConsentRequest {
            request_id: request_id(),
            person: person.name.clone(),
            terms: Some(terms(&self.world.agencies.clinic, &self.world.agencies.housing)),
            signature: Some(consent::RecordedSignature {
                method: consent::SignatureMethod::Paper.into(),
                sign_time: Some(in_seconds(-60)),
                image_sha256: "ab".repeat(32),
                witness: "The front desk".to_owned(),
            }),
            ..consent::RecordSignedConsentRequest::default()
        }
    }

    async fn recorded(&self, person: &Person, consented: Consented) -> Consent {
        let paper = self.recording(person);
        let reply = served!(self.world.clinician.consents(), record_signed_consent, paper);
        let consent = reply.consent.unwrap();
        if consented == Consented::Revoked {
            self.world.revoke(person, &consent).await;
        }
        consent
    }

    /// A webhook of the clinic's, of which there are five at most: one for those that leave it as it is, and one
    /// that ends. Nothing is ever delivered to them.
    async fn webhooks(&self, rpc: &str) -> Vec<Vec<u8>> {
        let roles = [kernel::Role::AgencyAdmin];
        let coc = [kernel::Purpose::CoordinationOfCare];
        let tokens = &self.network.tokens;
        let admin = tokens.staff("aa-elm", &self.world.agencies.clinic, &roles, &coc);
        let mut desk = self.network.actor(admin).referrals();
        let url = |rpc: &str| match rpc {
            "DeleteWebhook" | "RegisterWebhook" => format!("https://hooks.invalid/{rpc}"),
            _ => "https://hooks.invalid/stays".to_owned(),
        };
        let there = desk.list_webhooks(referrals::ListWebhooksRequest::default()).await.unwrap();
        let there = there.into_inner().webhooks.into_iter().filter(|one| one.url == url(rpc));
        let mut stays = None;
        for webhook in there {
            let (request_id, name) = (request_id(), webhook.name);
            match url(rpc).ends_with("stays") {
                true => stays = Some(name),
                false => {
                    let request = referrals::DeleteWebhookRequest { request_id, name };
                    desk.delete_webhook(request).await.unwrap();
                }
            }
        }
        let register =
            || referrals::RegisterWebhookRequest { request_id: request_id(), url: url(rpc) };
        let name = match (stays, rpc) {
            (Some(name), _) => name,
            (None, "RegisterWebhook") => String::new(),
            (None, _) => {
                let registered = desk.register_webhook(register()).await.unwrap().into_inner();
                registered.webhook.unwrap().name
            }
        };
        let request_id = request_id();
        match rpc {
            "RegisterWebhook" => one(register()),
            "RotateWebhookSecret" => {
                one(referrals::RotateWebhookSecretRequest { request_id, name })
            }
            "ReplayWebhook" => {
                one(referrals::ReplayWebhookRequest { request_id, name, cursor: String::new() })
            }
            "DeleteWebhook" => one(referrals::DeleteWebhookRequest { request_id, name }),
            "GetWebhook" => one(referrals::GetWebhookRequest { name }),
            "ListWebhooks" => one(referrals::ListWebhooksRequest::default()),
            _ => self.missing(rpc),
        }
    }

    /// A referral in the state where this RPC has something to do, if the consent lets it come
    /// so far: without one it stays a draft, and when the consent goes it is held.
    async fn referrals(&self, rpc: &str, person: &Person, consented: Consented) -> Vec<Vec<u8>> {
        let world = self.world;
        let housing = &world.agencies.housing;
        let before = match consented {
            Consented::None => None,
            _ => Some(world.consent(person, housing).await),
        };
        let send = before.is_some() && rpc != "SendReferral";
        let name = world.referral(person, send).await.name;
        if send {
            self.advance(rpc, &name).await;
        }
        if let Some(consent) = before.filter(|_| consented == Consented::Revoked) {
            world.revoke(person, &consent).await;
            // What has ended is not held.
            if send && rpc != "ReopenReferral" {
                self.held(&name).await;
            }
        }
        let (request_id, etag) = (request_id(), String::new());
        let reason = "A reason".to_owned();
        match rpc {
            "CreateReferral" => one(referrals::CreateReferralRequest {
                labels: Some(Labels {
                    sensitivities: vec![Sensitivity::Sud.into()],
                    ..Labels::default()
                }),
                ..referral_of(&person.name, housing, true)
            }),
            "CreateSubReferral" => {
                // Whoever refers somebody has registered them.
                let shared = Identifier {
                    system: "urn:trellis:medicaid".to_owned(),
                    value: Uuid::new_v4().to_string(),
                };
                let as_known =
                    |identifiers| people::RegisterPersonRequest { identifiers, ..registration() };
                let both = as_known(vec![person.identifier.clone(), shared.clone()]);
                served!(world.clinician.people(), register_person, both);
                let known =
                    served!(world.manager.people(), register_person, as_known(vec![shared]));
                assert_eq!(known.person.unwrap().name, person.name);
                one(referrals::CreateSubReferralRequest {
                    request_id,
                    parent: name,
                    target: world.agencies.school.clone(),
                    need_category: "104".to_owned(),
                    summary: "An evening class.".to_owned(),
                    ..referrals::CreateSubReferralRequest::default()
                })
            }
            "SendReferral" => one(referrals::SendReferralRequest { request_id, name, etag }),
            "AcceptReferral" => one(referrals::AcceptReferralRequest { request_id, name, etag }),
            "StartReferral" => one(referrals::StartReferralRequest { request_id, name, etag }),
            "ResumeReferral" => one(referrals::ResumeReferralRequest { request_id, name, etag }),
            "RejectReferral" => one(referrals::RejectReferralRequest {
                request_id,
                name,
                etag,
                reason,
                outcome: referrals::Outcome::NoCapacity.into(),
                housing_result: referrals::HousingResult::ProviderRejected.into(),
            }),
            "HoldReferral" => one(referrals::HoldReferralRequest {
                request_id,
                name,
                etag,
                reason,
                enrollment: 0,
            }),
            "CancelReferral" => {
                one(referrals::CancelReferralRequest { request_id, name, etag, reason })
            }
            "ReopenReferral" => {
                one(referrals::ReopenReferralRequest { request_id, name, etag, reason })
            }
            "MarkEnteredInError" => {
                one(referrals::MarkEnteredInErrorRequest { request_id, name, etag })
            }
            "RespondToReferral" => one(referrals::RespondToReferralRequest {
                request_id,
                name,
                answer: referrals::PersonAnswer::Asks.into(),
                words: "Is there a lift?".to_owned(),
            }),
            "RecordContact" => one(referrals::RecordContactRequest {
                request_id,
                name,
                channel: referrals::ContactChannel::Phone.into(),
                result: referrals::ContactResult::NoAnswer.into(),
                ..referrals::RecordContactRequest::default()
            }),
            "AddFeedback" => one(referrals::AddFeedbackRequest {
                request_id,
                name,
                helpful: 4,
                words: "They called back the same day.".to_owned(),
            }),
            "SuggestServices" => one(referrals::SuggestServicesRequest {
                person: person.name.clone(),
                search: Some(directory::SearchServicesRequest {
                    need_category: "103-02".to_owned(),
                    ..directory::SearchServicesRequest::default()
                }),
                labels: None,
            }),
            "GetReferralReport" => one(referrals::GetReferralReportRequest {
                quarter: "2026-Q1".to_owned(),
                side: referrals::ReportSide::Sent.into(),
            }),
            "CompleteReferral" => one(referrals::CompleteReferralRequest {
                request_id,
                name,
                etag,
                outcome: referrals::Outcome::GotHelp.into(),
                housing_result: referrals::HousingResult::ClientAccepted.into(),
                enrollment: referrals::Enrollment::Enrolled.into(),
            }),
            "FailReferral" => one(referrals::FailReferralRequest {
                request_id,
                name,
                etag,
                reason,
                outcome: referrals::Outcome::CouldNotContact.into(),
                housing_result: referrals::HousingResult::ClientRejected.into(),
                enrollment: referrals::Enrollment::NotEnrolled.into(),
            }),
            "GetReferral" => one(referrals::GetReferralRequest { name }),
            "ListReferrals" => one(referrals::ListReferralsRequest {
                person: person.name.clone(),
                ..referrals::ListReferralsRequest::default()
            }),
            "WatchReferrals" => one(referrals::WatchReferralsRequest { cursor: String::new() }),
            _ => self.missing(rpc),
        }
    }

    async fn advance(&self, rpc: &str, name: &str) {
        let desk = self.world.manager.referrals();
        let (name, etag) = (name.to_owned(), String::new());
        let far = match rpc {
            "StartReferral" | "HoldReferral" | "CreateSubReferral" => 1,
            "CompleteReferral" | "FailReferral" => 2,
            "ResumeReferral" => 3,
            _ => 0,
        };
        if rpc == "ReopenReferral" {
            let (request_id, name, etag) = (request_id(), name.clone(), etag.clone());
            let reason = "A reason".to_owned();
            let cancel = referrals::CancelReferralRequest { request_id, name, etag, reason };
            served!(desk.clone(), cancel_referral, cancel);
        }
        if far >= 1 {
            let (request_id, name, etag) = (request_id(), name.clone(), etag.clone());
            let accept = referrals::AcceptReferralRequest { request_id, name, etag };
            served!(desk.clone(), accept_referral, accept);
        }
        if far >= 2 {
            let (request_id, name, etag) = (request_id(), name.clone(), etag.clone());
            let start = referrals::StartReferralRequest { request_id, name, etag };
            served!(desk.clone(), start_referral, start);
        }
        if far >= 3 {
            let (request_id, reason) = (request_id(), "A reason".to_owned());
            let hold =
                referrals::HoldReferralRequest { request_id, name, etag, reason, enrollment: 0 };
            served!(desk.clone(), hold_referral, hold);
        }
    }

    /// The network puts a referral on hold a moment after its consent has ended.
    pub async fn held(&self, name: &str) {
        until("the referral is on hold", BOUND, || async {
            let get = referrals::GetReferralRequest { name: name.to_owned() };
            let reply = served!(self.world.clinician.referrals(), get_referral, get);
            let state = reply.referral.unwrap().state;
            (state == i32::from(State::OnHold)).then_some(())
        })
        .await;
    }

    async fn notes(&self, rpc: &str, person: &Person) -> Vec<Vec<u8>> {
        let request_id = request_id();
        match rpc {
            "CreateNote" => one(notes::CreateNoteRequest {
                labels: Some(Labels {
                    sensitivities: vec![Sensitivity::Sud.into()],
                    ..Labels::default()
                }),
                ..note_about(&person.name)
            }),
            "UpdateDraft" | "SignNote" => {
                let draft = note_about(&person.name);
                let draft = served!(self.world.clinician.notes(), create_note, draft);
                let notes::Note { name, etag, r#type, labels, .. } = draft.note.unwrap();
                if rpc == "SignNote" {
                    return one(notes::SignNoteRequest { request_id, name, etag: String::new() });
                }
                let (episode, sections) = (String::new(), said("Other words."));
                one(notes::UpdateDraftRequest {
                    request_id,
                    name,
                    etag,
                    r#type,
                    labels,
                    episode,
                    sections,
                    ..notes::UpdateDraftRequest::default()
                })
            }
            "CosignNote" => {
                let notes::Note { name, etag, .. } = self.awaiting_cosigner(person).await;
                one(notes::CosignNoteRequest { request_id, name, etag })
            }
            "AmendNote" | "AppendNote" => {
                let notes::Note { name, etag, .. } = self.world.note(person).await;
                let sections = said("Amended.");
                if rpc == "AmendNote" {
                    return one(notes::AmendNoteRequest { request_id, name, etag, sections });
                }
                one(notes::AppendNoteRequest { request_id, name, etag, sections })
            }
            "MarkEnteredInError" => {
                let (name, etag) = (self.world.note(person).await.name, String::new());
                let reason = "Another person's.".to_owned();
                one(notes::MarkEnteredInErrorRequest { request_id, name, etag, reason })
            }
            "ListNoteVersions" => {
                let name = self.world.note(person).await.name;
                one(notes::ListNoteVersionsRequest { name })
            }
            "WatchPersonEvents" => one(notes::WatchPersonEventsRequest { after: 0 }),
            "LocateNotes" => {
                one(notes::LocateNotesRequest { names: vec![self.world.note(person).await.name] })
            }
            "GetNote" => {
                let name = self.world.note(person).await.name;
                one(notes::GetNoteRequest { name, version: 0 })
            }
            "ListNotes" => {
                self.world.note(person).await;
                let person = person.name.clone();
                one(notes::ListNotesRequest { person, ..notes::ListNotesRequest::default() })
            }
            "SuggestLabels" => {
                let system = "http://hl7.org/fhir/sid/icd-10-cm".to_owned();
                let codes = vec![notes::CodedTerm { system, code: "F11.20".to_owned() }];
                one(notes::SuggestLabelsRequest { codes })
            }
            "SearchNotes" => {
                let note = self.world.note(person).await;
                let word = note.sections[0].body.split(' ').next_back().unwrap();
                one(notes::SearchNotesRequest {
                    people: vec![person.name.clone()],
                    query: word.to_owned(),
                    ..notes::SearchNotesRequest::default()
                })
            }
            "WatchNotes" => {
                self.world.note(person).await;
                let people = vec![person.name.clone()];
                one(notes::WatchNotesRequest { people, cursor: String::new() })
            }
            "PutAttachment" => {
                let draft = note_about(&person.name);
                let draft = served!(self.world.clinician.notes(), create_note, draft).note.unwrap();
                let header = Some(intake(draft.name));
                one(notes::PutAttachmentRequest { header, chunk: None })
            }
            "GetAttachment" | "ListAttachments" => {
                let (name, note) = self.attached(person).await;
                if rpc == "GetAttachment" {
                    return one(notes::GetAttachmentRequest { name, offset: 0 });
                }
                one(notes::ListAttachmentsRequest { note })
            }
            _ => self.rights(rpc, person).await,
        }
    }

    /// A file of a signed note: its name, and the note's.
    async fn attached(&self, person: &Person) -> (String, String) {
        let clinician = &self.world.clinician;
        let draft = served!(clinician.notes(), create_note, note_about(&person.name));
        let note = draft.note.unwrap().name;
        let chunk = Some(notes::AttachmentChunk { offset: 0, data: INTAKE.to_vec() });
        let parts = [
            notes::PutAttachmentRequest { header: Some(intake(note.clone())), chunk: None },
            notes::PutAttachmentRequest { header: None, chunk },
        ];
        let put = clinician.notes().put_attachment(tokio_stream::iter(parts)).await.unwrap();
        let name = put.into_inner().attachment.unwrap().name;
        let sign = notes::SignNoteRequest {
            request_id: request_id(),
            name: note.clone(),
            etag: String::new(),
        };
        served!(clinician.notes(), sign_note, sign);
        (name, note)
    }

    /// Signed by somebody in training.
    async fn awaiting_cosigner(&self, person: &Person) -> notes::Note {
        let (roles, purposes) = ([kernel::Role::PeerSupporter], [kernel::Purpose::Treat]);
        let clinic = &self.world.agencies.clinic;
        let trainee = self.network.tokens.staff("ps-elm", clinic, &roles, &purposes);
        let trainee = self.network.actor(trainee);
        let draft = notes::CreateNoteRequest {
            under_supervision: true,
            r#type: notes::NoteType::PeerSupport.into(),
            ..note_about(&person.name)
        };
        let name = served!(trainee.notes(), create_note, draft).note.unwrap().name;
        let sign = notes::SignNoteRequest { request_id: request_id(), name, etag: String::new() };
        served!(trainee.notes(), sign_note, sign).note.unwrap()
    }

    async fn audit(&self, rpc: &str, person: &Person) -> Vec<Vec<u8>> {
        let service = "notes".to_owned();
        match rpc {
            "ListDisclosures" => one(audit::ListDisclosuresRequest {
                person: person.name.clone(),
                ..audit::ListDisclosuresRequest::default()
            }),
            "ListRecipients" => one(audit::ListRecipientsRequest { person: person.name.clone() }),
            "ListAccessEvents" => one(audit::ListAccessEventsRequest {
                scope: audit::AccessScope::ByOwnStaff.into(),
                ..audit::ListAccessEventsRequest::default()
            }),
            "ListAnomalies" => {
                while self.anomalies().await.len() < 2 {
                    self.anomaly().await;
                }
                one(audit::ListAnomaliesRequest::default())
            }
            "ReviewAnomaly" => one(audit::ReviewAnomalyRequest {
                request_id: request_id(),
                name: self.anomaly().await,
                outcome: audit::AnomalyOutcome::Explained.into(),
                note: "The notes were named in a list.".to_owned(),
            }),
            "PlaceLegalHold" => one(place(person)),
            "LiftLegalHold" => one(audit::LiftLegalHoldRequest {
                request_id: request_id(),
                name: self.legal_hold(person).await,
            }),
            "ListLegalHolds" => {
                self.legal_hold(person).await;
                self.legal_hold(person).await;
                one(audit::ListLegalHoldsRequest::default())
            }
            "SuspendAccounting" => one(self.suspending(person)),
            "EndAccountingSuspension" => one(audit::EndAccountingSuspensionRequest {
                request_id: request_id(),
                name: self.suspension(person).await,
            }),
            "ListAccountingSuspensions" => {
                self.suspension(person).await;
                self.suspension(person).await;
                one(audit::ListAccountingSuspensionsRequest::default())
            }
            "FollowLedger" => one(audit::FollowLedgerRequest { service, after: 0 }),
            "GetTreeHead" | "GetConsistencyProof" => {
                self.sealed(1).await;
                match rpc {
                    "GetTreeHead" => one(audit::GetTreeHeadRequest { service }),
                    _ => one(audit::GetConsistencyProofRequest {
                        service,
                        first_size: 1,
                        second_size: 1,
                    }),
                }
            }
            "GetInclusionProof" => {
                let sequence = self.sequence(person).await;
                one(audit::GetInclusionProofRequest {
                    person: person.name.clone(),
                    service,
                    sequence,
                    tree_size: self.sealed(sequence).await,
                })
            }
            "GetLedgerHead" => {
                self.sealed(1).await;
                one(audit::GetLedgerHeadRequest { service })
            }
            "GetLedgerInclusion" => {
                let tree_size = self.sealed(1).await;
                one(audit::GetLedgerInclusionRequest { service, sequence: 1, tree_size })
            }
            "GetLedgerConsistency" => one(audit::GetLedgerConsistencyRequest {
                service,
                first_size: 1,
                second_size: self.sealed(1).await,
            }),
            "WatchServed" => one(audit::WatchServedRequest { after: 0 }),
            _ => self.missing(rpc),
        }
    }
}

impl Stage<'_> {
    /// Over how many records of the notes service a head is, once it is over so many.
    async fn sealed(&self, records: i64) -> i64 {
        until("a head", BOUND, || async {
            let request = audit::GetTreeHeadRequest { service: "notes".to_owned() };
            let head = self.world.admin.audit().get_tree_head(request).await.ok()?.into_inner();
            let size: i64 = head.checkpoint.lines().nth(1)?.parse().ok()?;
            (size >= records).then_some(size)
        })
        .await
    }

    /// An open anomaly of the clinic's: somebody of its staff was refused again and again.
    async fn anomaly(&self) -> String {
        let (who, roles) = (format!("nosy-{}", Uuid::new_v4()), [kernel::Role::Clinician]);
        let purposes = [kernel::Purpose::Treat];
        let clinic = &self.world.agencies.clinic;
        let nosy = self.network.tokens.staff(&who, clinic, &roles, &purposes);
        let nosy = self.network.actor(nosy);
        for _ in 0..20 {
            let get =
                notes::GetNoteRequest { name: format!("notes/{}", Uuid::new_v4()), version: 0 };
            assert!(nosy.notes().get_note(get).await.is_err(), "there is no such note");
        }
        until("an anomaly", BOUND, || async {
            let mut open = self.anomalies().await.into_iter();
            open.find(|anomaly| anomaly.practitioner == who).map(|anomaly| anomaly.name)
        })
        .await
    }

    /// The clinic's privacy officer.
    fn officer(&self) -> Actor {
        let (clinic, roles) = (&self.world.agencies.clinic, [kernel::Role::PrivacyOfficer]);
        let purposes = [kernel::Purpose::CoordinationOfCare];
        self.network.actor(self.network.tokens.staff("po-ash", clinic, &roles, &purposes))
    }

    /// A hold that the clinic placed.
    async fn legal_hold(&self, person: &Person) -> String {
        let placed = served!(self.officer().audit(), place_legal_hold, place(person));
        placed.hold.unwrap().name
    }

    /// Of what the clinic's records told probation.
    fn suspending(&self, person: &Person) -> audit::SuspendAccountingRequest {
        audit::SuspendAccountingRequest {
            request_id: request_id(),
            person: person.name.clone(),
            agency: self.world.agencies.probation.clone(),
            official: "Chief Oak, Oak County Probation".to_owned(),
            form: audit::StatementForm::Written.into(),
            until_time: Some(in_seconds(86_400)),
            statement_time: Some(in_seconds(-60)),
            document_sha256: "5e".repeat(32),
        }
    }

    /// A suspension that the clinic recorded.
    async fn suspension(&self, person: &Person) -> String {
        let asked = self.suspending(person);
        let made = served!(self.officer().audit(), suspend_accounting, asked);
        made.suspension.unwrap().name
    }

    /// The open anomalies of the clinic's, the last found first.
    async fn anomalies(&self) -> Vec<audit::Anomaly> {
        let open = audit::ListAnomaliesRequest {
            page_size: 200,
            open_only: true,
            ..audit::ListAnomaliesRequest::default()
        };
        served!(self.officer().audit(), list_anomalies, open).anomalies
    }

    /// The number of a record about this person at the notes service.
    async fn sequence(&self, person: &Person) -> i64 {
        until("a record", BOUND, || async {
            let request = audit::ListDisclosuresRequest {
                person: person.name.clone(),
                include_custodian_access: true,
                ..audit::ListDisclosuresRequest::default()
            };
            let told = person.actor.audit().list_disclosures(request).await.ok()?.into_inner();
            let of_notes = told.disclosures.into_iter().find(|d| d.service == "notes");
            of_notes.map(|disclosure| disclosure.sequence)
        })
        .await
    }
}

/// A file.
const INTAKE: &[u8] = b"Seen today.";

/// What is said of it.
fn intake(note: String) -> notes::AttachmentHeader {
    notes::AttachmentHeader {
        request_id: request_id(),
        note,
        file_name: "intake.txt".to_owned(),
        media_type: notes::MediaType::Text.into(),
        size: i64::try_from(INTAKE.len()).unwrap(),
        sha256: "486428512ce49924e45d7a0dd20cb80bf4aba617e91b8f96b28863a2bc57d6bf".to_owned(),
    }
}

/// All that a profile may say beside names and birth date.
fn said(body: &str) -> Vec<notes::NoteSection> {
    vec![notes::NoteSection { body: body.to_owned(), ..notes::NoteSection::default() }]
}

fn details() -> people::Details {
    // Nobody else's, or all who are named alike would be one.
    let number = Uuid::new_v4().as_u128();
    people::Details {
        middle_name: "Lee".to_owned(),
        former_names: vec![people::OtherName {
            given_name: "Pat".to_owned(),
            family_name: "Former".to_owned(),
        }],
        addresses: vec![people::Address {
            line: format!("{} Main Street", number % 100_000),
            city: "Redwood City".to_owned(),
            state: "CA".to_owned(),
            postal_code: "94063".to_owned(),
            country: "US".to_owned(),
        }],
        phones: vec![format!("+1 650 {:07}", number % 10_000_000)],
        emails: vec!["pat@example.org".to_owned()],
    }
}

fn place(person: &Person) -> audit::PlaceLegalHoldRequest {
    audit::PlaceLegalHoldRequest {
        request_id: request_id(),
        person: person.name.clone(),
        matter: "2026-CV-17".to_owned(),
    }
}

fn offer() -> directory::CreateServiceRequest {
    directory::CreateServiceRequest {
        request_id: request_id(),
        display_name: "Outpatient treatment".to_owned(),
        need_categories: vec!["106-01".to_owned()],
        languages: vec!["en".to_owned()],
        support_kinds: vec![directory::SupportKind::Emotional.into()],
        ..directory::CreateServiceRequest::default()
    }
}

fn team() -> directory::CreateCareTeamRequest {
    directory::CreateCareTeamRequest {
        request_id: request_id(),
        display_name: "Night team".to_owned(),
        members: vec!["dr-elm".to_owned()],
    }
}

fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}

/// An instant so far from now.
pub fn in_seconds(seconds: i64) -> prost_types::Timestamp {
    let now = SystemClock.now().unix_timestamp();
    prost_types::Timestamp { seconds: now + seconds, nanos: 0 }
}

fn noticed(person: &str) -> people::ListNoticesRequest {
    people::ListNoticesRequest {
        person: person.to_owned(),
        ..people::ListNoticesRequest::default()
    }
}

/// An app of theirs. Nothing is ever delivered to it.
fn told_at(name: &str) -> people::SetNoticeDeliveryRequest {
    people::SetNoticeDeliveryRequest {
        request_id: request_id(),
        person: name.to_owned(),
        delivery: Some(people::NoticeDelivery {
            way: people::DeliveryWay::Webhook.into(),
            url: "https://hooks.invalid/theirs".to_owned(),
            ..people::NoticeDelivery::default()
        }),
        etag: String::new(),
    }
}

fn renewing(person: &str) -> people::RenewConfirmationCodeRequest {
    people::RenewConfirmationCodeRequest {
        request_id: request_id(),
        person: person.to_owned(),
        ..people::RenewConfirmationCodeRequest::default()
    }
}
