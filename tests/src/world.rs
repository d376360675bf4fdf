//! Agencies of four sectors, and people whom they share.

use std::time::Duration;

use kernel::{Clock as _, Purpose, Role, SystemClock};
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::{Action, Identifier, Purpose as Use, Relationship, Sector},
    consent::v1::{
        Consent, ConsentTerms, ConsentType, Disclosers, DraftConsentRequest, Effect,
        GetConsentRequest, Recipients, RevokeConsentRequest, Rule, SignConsentRequest, Statements,
    },
    convert::timestamp,
    directory::v1::{AgencyBinding, RegisterAgencyRequest},
    notes::v1::{CreateNoteRequest, GetNoteRequest, Note, NoteSection, NoteType, SignNoteRequest},
    people::v1::{
        AcceptInvitationRequest, AddRepresentativeRequest, GetPersonRequest, InvitePersonRequest,
        RegisterPersonRequest,
    },
    referrals::v1::{CreateReferralRequest, GetReferralRequest, Referral},
};

use crate::{Actor, BOUND, CLIENT, Network, request_id, until};

/// See [`taken_up`](crate::taken_up).
#[macro_export]
macro_rules! served {
    ($client:expr, $method:ident, $request:expr) => {{
        let request = $request;
        let answer = $crate::taken_up(|| {
            let (mut client, request) = ($client, request.clone());
            async move { client.$method(request).await }
        });
        answer.await.unwrap().into_inner()
    }};
}

/// The agencies' names: `agencies/{uuid}`.
#[derive(Debug, Clone)]
pub struct Agencies {
    /// An SUD program (Part 2, covered entity), a unit of a hospital.
    pub clinic: String,
    pub housing: String,
    pub probation: String,
    /// An agency that no consent names.
    pub school: String,
}

/// Agencies, and one caller of each kind that the tests need most.
pub struct World {
    pub agencies: Agencies,
    pub admin: Actor,
    /// CLINICIAN of the clinic: TREAT, COC.
    pub clinician: Actor,
    /// CASE_MANAGER of the housing agency: COC, HOUSING_PLACEMENT.
    pub manager: Actor,
    /// OFFICER of probation: SUPERVISION.
    pub officer: Actor,
    /// CASE_MANAGER of the school: COC.
    pub unrelated: Actor,
}

/// A person whom the clinic registered, with a sign-in of their own that the clinic vouches for.
#[derive(Clone)]
pub struct Person {
    /// `people/{uuid}`.
    pub name: String,
    /// The clinic's own identifier for them.
    pub identifier: Identifier,
    /// `sub` of their sign-in.
    pub sub: String,
    pub actor: Actor,
}

impl Person {
    /// `sub` of who acts for them.
    pub fn representative(&self) -> String {
        format!("for-{}", self.sub)
    }
}

static REGISTERING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

impl World {
    pub async fn new(network: &Network) -> Self {
        Self::with_bindings(network, |_| Vec::new()).await
    }

    /// The same, with bindings more for each agency, by what people call it.
    pub async fn with_bindings(
        network: &Network,
        more: impl Fn(&str) -> Vec<AgencyBinding>,
    ) -> Self {
        let agency = |display_name: &str, sector| {
            let mut request = agency(display_name, sector);
            request.bindings.extend(more(display_name));
            request
        };
        let tokens = &network.tokens;
        let admin = network.actor(tokens.network_admin());
        let hospital = agency("Elm Hospital", Sector::Healthcare);
        let hospital = RegisterAgencyRequest { covered_entity: true, ..hospital };
        let clinic = RegisterAgencyRequest {
            parent: register(&admin, hospital).await,
            part2_program: true,
            covered_entity: true,
            ..agency("Elm Recovery Program", Sector::Healthcare)
        };
        let agencies = Agencies {
            clinic: register(&admin, clinic).await,
            housing: register(&admin, agency("Birch Homes", Sector::Housing)).await,
            probation: register(&admin, agency("Oak County Probation", Sector::Justice)).await,
            school: register(&admin, agency("Fir Adult School", Sector::Education)).await,
        };
        let staff = |sub: &str, agency: &str, role, purposes: &[Purpose]| {
            network.actor(tokens.staff(sub, agency, &[role], purposes))
        };
        let (treat, coc) = (Purpose::Treat, Purpose::CoordinationOfCare);
        let place = Purpose::HousingPlacement;
        let world = Self {
            clinician: staff("dr-elm", &agencies.clinic, Role::Clinician, &[treat, coc]),
            manager: staff("cm-birch", &agencies.housing, Role::CaseManager, &[coc, place]),
            officer: staff("po-oak", &agencies.probation, Role::Officer, &[Purpose::Supervision]),
            unrelated: staff("cm-fir", &agencies.school, Role::CaseManager, &[coc]),
            agencies,
            admin,
        };
        for actor in [&world.clinician, &world.manager, &world.officer, &world.unrelated] {
            everywhere_known(actor).await;
        }
        world
    }

    /// Somebody new.
    pub async fn person(&self, network: &Network) -> Person {
        let person = self.stranger(network).await;
        let code = self.invite(&person).await;
        let accept = AcceptInvitationRequest { request_id: request_id(), code };
        served!(person.actor.people(), accept_invitation, accept);
        person
    }

    /// Somebody new, whose sign-in is not bound to them yet.
    pub async fn stranger(&self, network: &Network) -> Person {
        let sub = format!("person-{}", Uuid::new_v4());
        let actor = network.actor(network.tokens.person(&sub));
        let request = registration();
        let identifier = request.identifiers[0].clone();
        // All have the same names: registrations at once would look each other up again and again.
        let one = REGISTERING.lock().await;
        let registered = served!(self.clinician.people(), register_person, request);
        drop(one);
        let name = registered.person.unwrap().name;
        Person { name, identifier, sub, actor }
    }

    /// Somebody who acts for the person, recorded by the clinic: `representatives/{uuid}`. Their
    /// sign-in is [`Person::representative`].
    pub async fn represented(&self, network: &Network, person: &Person) -> String {
        let actor = network.actor(network.tokens.representative(&person.representative()));
        self.appoint(&self.recorder(network), person, &actor).await
    }

    /// CASE_MANAGER of the clinic: COC.
    pub fn recorder(&self, network: &Network) -> Actor {
        let (roles, purposes) = ([Role::CaseManager], [Purpose::CoordinationOfCare]);
        network.actor(network.tokens.staff("cm-elm", &self.agencies.clinic, &roles, &purposes))
    }

    /// As [`World::represented`], by these two.
    pub async fn appoint(&self, recorder: &Actor, person: &Person, actor: &Actor) -> String {
        let reply = served!(recorder.people(), add_representative, guardian_of(&person.name));
        let accept = AcceptInvitationRequest { request_id: request_id(), code: reply.code };
        served!(actor.people(), accept_invitation, accept);
        reply.representative.unwrap().name
    }

    /// An invitation's code.
    pub async fn invite(&self, person: &Person) -> String {
        let invite = InvitePersonRequest { request_id: request_id(), person: person.name.clone() };
        served!(self.clinician.people(), invite_person, invite).code
    }

    /// A signed progress note of the clinic.
    pub async fn note(&self, person: &Person) -> Note {
        self.note_of(note_about(&person.name)).await
    }

    /// The same, of about as many words as a note may have.
    pub async fn large_note(&self, person: &Person) -> Note {
        let section = || NoteSection {
            title: String::new(),
            body: "word ".repeat(19_000),
            ..NoteSection::default()
        };
        let sections = (0..10).map(|_| section()).collect();
        self.note_of(CreateNoteRequest { sections, ..note_about(&person.name) }).await
    }

    async fn note_of(&self, message: CreateNoteRequest) -> Note {
        let draft = served!(self.clinician.notes(), create_note, message);
        let name = draft.note.unwrap().name;
        let sign = SignNoteRequest { request_id: request_id(), name, etag: String::new() };
        served!(self.clinician.notes(), sign_note, sign).note.unwrap()
    }

    /// A consent that lets this agency read the clinic's records and work with its referrals, for
    /// TREAT, COC, HOUSING_PLACEMENT and SUPERVISION; signed by the person.
    pub async fn consent(&self, person: &Person, to: &str) -> Consent {
        let draft = self.draft(person, terms(&self.agencies.clinic, to)).await;
        self.sign(person, &draft).await
    }

    /// A consent written down by the clinician.
    pub async fn draft(&self, person: &Person, terms: ConsentTerms) -> Consent {
        drafted(&self.clinician, person, terms).await
    }

    /// A consent written down by the person, who may have many more than an agency.
    pub async fn own_draft(&self, person: &Person, terms: ConsentTerms) -> Consent {
        drafted(&person.actor, person, terms).await
    }

    pub async fn sign(&self, person: &Person, draft: &Consent) -> Consent {
        let sign = SignConsentRequest {
            request_id: request_id(),
            name: draft.name.clone(),
            text_sha256: draft.text_sha256.clone(),
        };
        let reply = served!(person.actor.consents(), sign_consent, sign);
        reply.consent.unwrap()
    }

    pub async fn revoke(&self, person: &Person, consent: &Consent) -> Consent {
        let name = consent.name.clone();
        let revoke = RevokeConsentRequest { request_id: request_id(), name, word: 0 };
        let reply = served!(person.actor.consents(), revoke_consent, revoke);
        reply.consent.unwrap()
    }

    /// A referral of the clinic's to the housing agency, as a draft or sent.
    pub async fn referral(&self, person: &Person, send: bool) -> Referral {
        let request = referral_of(&person.name, &self.agencies.housing, send);
        // Every purpose asserted must be covered, and the consent does not name TREAT.
        let sender = self.clinician.with_purposes(["COC"]);
        served!(sender.referrals(), create_referral, request).referral.unwrap()
    }
}

/// A request for an agency that speaks through the development issuer.
pub fn agency(display_name: &str, sector: Sector) -> RegisterAgencyRequest {
    RegisterAgencyRequest {
        request_id: request_id(),
        display_name: display_name.to_owned(),
        sector: sector.into(),
        bindings: vec![AgencyBinding {
            issuer: identity::DEV_ISSUER.to_owned(),
            client_ids: vec![CLIENT.to_owned()],
        }],
        ..RegisterAgencyRequest::default()
    }
}

async fn register(admin: &Actor, request: RegisterAgencyRequest) -> String {
    let reply = served!(admin.directory(), register_agency, request);
    reply.agency.unwrap().name
}

/// Services in other processes hear of an agency a moment later.
pub async fn everywhere_known(actor: &Actor) {
    let stranger = GetPersonRequest { name: format!("people/{}", Uuid::new_v4()) };
    let nothing = Uuid::new_v4();
    let note = GetNoteRequest { name: format!("notes/{nothing}"), version: 0 };
    let referral = GetReferralRequest { name: format!("referrals/{nothing}") };
    let consent = GetConsentRequest { name: format!("consents/{nothing}") };
    until("every service knows the agency", BOUND, || async {
        let codes = [
            actor.people().get_person(stranger.clone()).await.err()?.code(),
            actor.notes().get_note(note.clone()).await.err()?.code(),
            actor.referrals().get_referral(referral.clone()).await.err()?.code(),
            actor.consents().get_consent(consent.clone()).await.err()?.code(),
        ];
        codes.iter().all(|code| *code == Code::NotFound).then_some(())
    })
    .await;
}

/// Somebody with an identifier that nobody else has.
pub fn registration() -> RegisterPersonRequest {
    RegisterPersonRequest {
        request_id: request_id(),
        identifiers: vec![Identifier {
            system: "urn:tests:mrn".to_owned(),
            value: Uuid::new_v4().to_string(),
        }],
        given_name: "Pat".to_owned(),
        family_name: "Example".to_owned(),
        birth_date: "1990-01-02".to_owned(),
        ..RegisterPersonRequest::default()
    }
}

/// Somebody who acts for this person, from now on.
pub fn guardian_of(person: &str) -> AddRepresentativeRequest {
    AddRepresentativeRequest {
        request_id: request_id(),
        person: person.to_owned(),
        relationship: Relationship::Guardian.into(),
        authority: "Letters of guardianship".to_owned(),
        ..AddRepresentativeRequest::default()
    }
}

/// A progress note.
pub fn note_about(person: &str) -> CreateNoteRequest {
    CreateNoteRequest {
        request_id: request_id(),
        person: person.to_owned(),
        r#type: NoteType::Progress.into(),
        sections: vec![NoteSection {
            title: String::new(),
            body: "Doing well.".to_owned(),
            ..NoteSection::default()
        }],
        ..CreateNoteRequest::default()
    }
}

/// A referral for a home.
pub fn referral_of(person: &str, target: &str, send: bool) -> CreateReferralRequest {
    CreateReferralRequest {
        request_id: request_id(),
        person: person.to_owned(),
        target: target.to_owned(),
        need_category: "103-05-04".to_owned(),
        summary: "A transitional apartment.".to_owned(),
        send,
        ..CreateReferralRequest::default()
    }
}

/// What [`World::consent`] says.
pub fn terms(from: &str, to: &str) -> ConsentTerms {
    ConsentTerms {
        r#type: ConsentType::General.into(),
        description: "Notes and referrals of the program".to_owned(),
        rule: Some(Rule {
            effect: Effect::Permit.into(),
            recipients: Some(Recipients { agencies: vec![to.to_owned()], ..Recipients::default() }),
            disclosers: Some(Disclosers { agencies: vec![from.to_owned()] }),
            purposes: vec![
                Use::Treat.into(),
                Use::Coc.into(),
                Use::HousingPlacement.into(),
                Use::Supervision.into(),
            ],
            actions: vec![Action::Read.into(), Action::Transition.into(), Action::Refer.into()],
            ..Rule::default()
        }),
        expires: Some(timestamp(SystemClock.now() + Duration::from_secs(90 * 86_400))),
        statements: Some(Statements {
            right_to_revoke: true,
            redisclosure: true,
            refusal_consequences: true,
        }),
        ..ConsentTerms::default()
    }
}

async fn drafted(by: &Actor, person: &Person, terms: ConsentTerms) -> Consent {
    let draft = DraftConsentRequest {
        request_id: request_id(),
        person: person.name.clone(),
        terms: Some(terms),
        language: String::new(),
    };
    let reply = served!(by.consents(), draft_consent, draft);
    reply.consent.unwrap()
}
