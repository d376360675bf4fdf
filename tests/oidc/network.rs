//! A network that trusts the provider, every service a process of its own.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use tonic::{Code, Request, Status, client::Grpc};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;
use trellis_tests::{
    AUDIENCE, Actor, BOUND, Network, Person, Processes, SERVICES, World, referral_of, request_id,
    served, until,
};
use wire::{
    directory::v1::{AgencyBinding, SuspendAgencyRequest},
    notes::v1::{GetNoteRequest, ListNotesRequest},
    people::v1::{AcceptInvitationRequest, GetPersonRequest},
    referrals::v1::GetReferralRequest,
};

use crate::{
    backend::{Backend, b2b, form},
    provider::{ELSEWHERE, Provider},
    sign_in::{self, sign_in},
};

const CLINIC: &str = "clinic-backend";
const HOUSING: &str = "housing-backend";
/// Whose tokens are bound to a certificate.
const SEALED: &str = "sealed-backend";
/// A client may have the network's own name, and its ID tokens the network's audience.
const APP: &str = AUDIENCE;

struct Story {
    provider: Provider,
    processes: Processes,
    world: World,
    clinic: Backend,
    housing: Backend,
}

impl Story {
    async fn begin() -> Self {
        let provider = Provider::start().await;
        let trusted = format!(
            "[[issuers]]\nissuer = \"{}\"\ndiscovery = true\nalgorithms = [\"ES384\"]\n\
             asserts = [\"AGENCY_STAFF\", \"PERSON\"]\nb2b = true",
            provider.issuer
        );
        let processes = Processes::start_trusting(&trusted).await;
        let world = World::with_bindings(processes.network(), |agency| {
            let clients = match agency {
                "Elm Recovery Program" => &[CLINIC][..],
                "Birch Homes" => &[HOUSING, SEALED],
                _ => return Vec::new(),
            };
            let client_ids = clients.iter().map(|&client| client.to_owned()).collect();
            vec![AgencyBinding { issuer: provider.issuer.clone(), client_ids }]
        })
        .await;
        let said = staff(&world.agencies.clinic, "CLINICIAN", &["TREAT", "COC"]);
        let clinic = Backend::new(&provider, CLINIC, Algorithm::RS384, &said).await;
        let purposes = ["COC", "HOUSING_PLACEMENT", "CAREMGT"];
        let said = staff(&world.agencies.housing, "CASE_MANAGER", &purposes);
        let housing = Backend::new(&provider, HOUSING, Algorithm::ES384, &said).await;
        sign_in::register(&provider, APP).await;
        Self { provider, processes, world, clinic, housing }
    }

    fn network(&self) -> &Network {
        self.processes.network()
    }

    async fn clinic(&self, purposes: &[&str]) -> Actor {
        let object = b2b(&self.world.agencies.clinic, purposes);
        self.network().actor(self.clinic.token(&self.provider, Some(&object)).await)
    }

    async fn housing(&self, purposes: &[&str]) -> Actor {
        self.housing_saying(&b2b(&self.world.agencies.housing, purposes)).await
    }

    async fn housing_saying(&self, object: &Value) -> Actor {
        self.network().actor(self.housing.token(&self.provider, Some(object)).await)
    }

    async fn person(&self, sub: &str) -> Actor {
        self.network().actor(sign_in(&self.provider, APP, sub).await.access)
    }
}

fn staff(agency: &str, role: &str, purposes: &[&str]) -> Value {
    let agency = agency.strip_prefix("agencies/").unwrap();
    json!({ "agency": agency, "roles": [role], "purposes": purposes })
}

async fn read(by: &Actor, note: &str) -> Result<(), Code> {
    let request = || GetNoteRequest { name: note.to_owned(), version: 0 };
    let read = client::retry(|| {
        let mut client = by.notes();
        async move { client.get_note(request()).await }
    });
    read.await.map(drop).map_err(|status| status.code())
}

/// An empty message to this RPC, whichever it is: what of a request is looked at before its content.
async fn knock(by: &Actor, path: &'static str) -> Status {
    let service = path.split('.').nth(1).unwrap();
    knock_by(by.client(service), path).await
}

async fn knock_by(client: &client::Client, path: &'static str) -> Status {
    let mut grpc = Grpc::new(client.authorized());
    let answer = async {
        grpc.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
        let codec = ProstCodec::<(), ()>::default();
        let path = path.parse().unwrap();
        let mut stream = grpc.server_streaming(Request::new(()), path, codec).await?.into_inner();
        stream.message().await
    };
    let late = || Ok(Some(()));
    let answer = tokio::time::timeout(BOUND, answer).await.unwrap_or_else(|_| late());
    answer.map_or_else(|status| status, |_| Status::ok(""))
}

/// All RPCs that want a token: whose it is is asked before whom the RPC admits.
fn wanting_a_token() -> impl Iterator<Item = &'static str> {
    let wants = |row: &&identity::Row| row.admit != identity::Admit::Public;
    identity::ADMISSION.iter().filter(wants).map(|row| row.path)
}

/// Every RPC of every service refuses this caller so, before anything of the request is read.
async fn refused_everywhere(by: &Actor, as_: (Code, &str), why: &str) {
    let mut services = BTreeSet::new();
    for path in wanting_a_token() {
        let status = knock(by, path).await;
        let details = status.get_error_details();
        let reason = details.error_info().map_or("", |info| info.reason.as_str());
        assert_eq!((status.code(), reason), as_, "{why}: {path}: {status:?}");
        services.insert(path.split('.').nth(1).unwrap());
    }
    assert_eq!(services, SERVICES.into_iter().collect(), "{why}");
}

const BAD_TOKEN: (Code, &str) = (Code::Unauthenticated, "UNAUTHENTICATED");

#[tokio::test(flavor = "multi_thread")]
async fn backends_and_people_come_with_tokens_of_a_certified_provider() {
    let mut story = Story::begin().await;
    let jane = signs_in_and_binds(&story).await;
    let note = story.world.note(&jane).await.name;
    consent_opens_and_only_it(&story, &jane, &note).await;
    purposes_narrow(&story, &note).await;
    bad_objects_are_refused(&story).await;
    other_tokens_are_refused(&story).await;
    a_bound_token_stands_over_its_certificate_alone(&story).await;
    own_notes_are_the_persons_own(&story, &jane, &note).await;
    keys_rotate(&story).await;
    a_suspension_needs_no_token_to_end(&story, &note).await;
    nobody_is_named_in_a_log(&mut story);
}

/// A person whom the clinic registered and invites, with a sign-in of the provider's.
async fn signs_in_and_binds(story: &Story) -> Person {
    let (world, network) = (&story.world, story.network());
    assert_eq!(sign_in::without_the_verifier(&story.provider, APP).await, "invalid_grant");
    let stranger = world.stranger(network).await;
    let actor = story.person(&stranger.sub).await;
    let get = || GetPersonRequest { name: stranger.name.clone() };
    let before = actor.people().get_person(get()).await.unwrap_err();
    assert_eq!(before.code(), Code::NotFound, "nobody yet");
    let code = world.invite(&stranger).await;
    let accept = || AcceptInvitationRequest { request_id: request_id(), code: code.clone() };
    // Staff of a provider that also speaks of people is not a person.
    let staff = story.clinic(&["COC"]).await.people().accept_invitation(accept()).await;
    assert_eq!(staff.map(drop).unwrap_err().code(), Code::PermissionDenied);
    served!(actor.people(), accept_invitation, accept());
    served!(actor.people(), get_person, get());
    // A later token of the same sign-in, and none of another.
    let later = story.person(&stranger.sub).await;
    served!(later.people(), get_person, get());
    let other = story.person("another").await;
    assert_eq!(other.people().get_person(get()).await.unwrap_err().code(), Code::NotFound);
    let again = other.people().accept_invitation(accept()).await;
    assert!(again.is_err(), "an invitation is for once");
    // Nor of another issuer's, whose subject is spelled the same.
    let namesake = &stranger.actor;
    let refused = namesake.people().get_person(get()).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound, "another issuer's");
    assert!(namesake.people().accept_invitation(accept()).await.is_err());
    Person { actor, ..stranger }
}

async fn consent_opens_and_only_it(story: &Story, jane: &Person, note: &str) {
    let world = &story.world;
    let (clinic, housing) = (story.clinic(&["COC"]).await, story.housing(&["COC"]).await);
    assert_eq!(read(&housing, note).await, Err(Code::NotFound), "without a consent");
    world.consent(jane, &world.agencies.housing).await;
    until("the consent opens it", BOUND, || async { read(&housing, note).await.ok() }).await;
    let request = referral_of(&jane.name, &world.agencies.housing, true);
    let sent = served!(clinic.referrals(), create_referral, request).referral.unwrap();
    let get = GetReferralRequest { name: sent.name.clone() };
    let received = served!(housing.referrals(), get_referral, get).referral.unwrap();
    assert_eq!(received.summary, sent.summary);
    // Somebody else, of whom no consent says anything.
    let other = world.person(story.network()).await;
    let theirs = world.note(&other).await.name;
    assert_eq!(read(&housing, &theirs).await, Err(Code::NotFound));
    assert_eq!(read(&clinic, &theirs).await, Ok(()));
}

/// The consent names COC, HOUSING_PLACEMENT, TREAT and SUPERVISION; the client may also ask for CAREMGT.
async fn purposes_narrow(story: &Story, note: &str) {
    let hl7 = |code: &str| format!("urn:oid:2.16.840.1.113883.5.8#{code}");
    let (coc, caremgt) = (hl7("COC"), hl7("CAREMGT"));
    assert_eq!(read(&story.housing(&[&coc]).await, note).await, Ok(()));
    assert_eq!(read(&story.housing(&["HOUSING_PLACEMENT"]).await, note).await, Ok(()));
    for wider in [vec![&*coc, &*caremgt], vec![&*caremgt]] {
        let read = read(&story.housing(&wider).await, note).await;
        assert_eq!(read, Err(Code::NotFound), "{wider:?}: not what was consented to");
    }
    let narrowed = story.housing(&[&coc]).await;
    for wider in ["HOUSING_PLACEMENT", "CAREMGT"] {
        let read = read(&narrowed.with_purposes([wider]), note).await;
        assert_eq!(read, Err(Code::PermissionDenied), "{wider}: taken away by the object");
    }
}

async fn bad_objects_are_refused(story: &Story) {
    let agencies = &story.world.agencies;
    let good = b2b(&agencies.housing, &["COC"]);
    let changed = |name: &str, value: Value| {
        let mut object = good.clone();
        object[name] = value;
        object
    };
    for object in [
        changed("version", json!("2")),
        changed("organization_id", b2b(&agencies.clinic, &[])["organization_id"].clone()),
        changed("purpose_of_use", json!([])),
        changed("purpose_of_use", json!(["COC", "NO_SUCH"])),
        // Of another client of the provider's, not of this one.
        changed("purpose_of_use", json!(["TREAT"])),
        json!("1"),
        json!({}),
    ] {
        let actor = story.housing_saying(&object).await;
        assert_eq!(read(&actor, &unknown()).await, Err(Code::Unauthenticated), "{object}");
    }
    let without = story.network().actor(story.housing.token(&story.provider, None).await);
    assert_eq!(read(&without, &unknown()).await, Err(Code::Unauthenticated), "no object");
    let good = story.housing_saying(&good).await;
    assert_eq!(read(&good, &unknown()).await, Err(Code::NotFound), "as it should be");
}

fn unknown() -> String {
    format!("notes/{}", uuid::Uuid::new_v4())
}

async fn other_tokens_are_refused(story: &Story) {
    let (provider, agencies) = (&story.provider, &story.world.agencies);
    let object = b2b(&agencies.housing, &["COC"]);
    let elsewhere = story.housing.token_for(provider, Some(ELSEWHERE), Some(&object)).await;
    let opaque = story.housing.token_for(provider, None, Some(&object)).await;
    assert!(!opaque.contains('.'), "opaque");
    // The provider was told that this client is the clinic's; the directory knows better.
    let said = staff(&agencies.clinic, "CLINICIAN", &["COC"]);
    let impostor = Backend::new(provider, "impostor", Algorithm::ES384, &said).await;
    let of_clinic = b2b(&agencies.clinic, &["COC"]);
    let impostor = impostor.token(provider, Some(&of_clinic)).await;
    let admin = json!({ "roles": ["NETWORK_ADMIN"], "purposes": [] });
    let admin = Backend::new(provider, "admin", Algorithm::ES384, &admin).await;
    let admin = admin.token(provider, None).await;
    let service = json!({ "roles": ["SERVICE"], "purposes": [] });
    let service = Backend::new(provider, "notes", Algorithm::ES384, &service).await;
    let service = service.token(provider, None).await;
    let id = sign_in(provider, APP, "somebody").await.id;
    for (why, token) in [
        ("another audience", elsewhere),
        ("an opaque token", opaque),
        ("a client that is not bound to the agency", impostor),
        ("a kind that the issuer may not assert", admin),
        ("a service that it is not", service),
        ("an ID token", id),
    ] {
        refused_everywhere(&story.network().actor(token), BAD_TOKEN, why).await;
    }
    // The provider itself: an assertion for somebody else, and one that was used.
    let misled = story.housing.assertion("https://elsewhere.test/token", None);
    assert_eq!(provider.refuses(&form(&misled)).await, "invalid_client");
    let once = story.housing.assertion(&format!("{}/token", provider.issuer), None);
    provider.tokens(&form(&once)).await;
    assert_eq!(provider.refuses(&form(&once)).await, "invalid_client");
}

/// In each service, over a connection of its own client's certificate and over no other's.
async fn a_bound_token_stands_over_its_certificate_alone(story: &Story) {
    let (network, agency) = (story.network(), &story.world.agencies.housing);
    let mut said = staff(agency, "CASE_MANAGER", &["COC"]);
    said["cnf"] = json!({ "x5t#S256": thumbprint(network, "client-agency") });
    let sealed = Backend::new(&story.provider, SEALED, Algorithm::ES384, &said).await;
    let token = sealed.token(&story.provider, Some(&b2b(agency, &["COC"]))).await;
    for service in SERVICES {
        let path = plain_rpc_of(service);
        let own = network.showing(service, "client-agency", &token);
        let taken = knock_by(&own, path).await;
        let unheard = matches!(taken.code(), Code::Unavailable | Code::Unknown);
        assert!(!unheard && !is_bad_token(&taken), "{path}: {taken:?}");
        // Beside it, also once the token is remembered: of a service, of the callee itself.
        for other in ["directory", service] {
            let refused = knock_by(&network.showing(service, other, &token), path).await;
            assert!(is_bad_token(&refused), "{path} over {other}: {refused:?}");
        }
    }
    refused_everywhere(&network.actor(token), BAD_TOKEN, "bound, and no certificate").await;
}

fn is_bad_token(status: &Status) -> bool {
    let details = status.get_error_details();
    let reason = details.error_info().map_or("", |info| info.reason.as_str());
    (status.code(), reason) == BAD_TOKEN
}

/// RFC 8705: the SHA-256 of a certificate that `trellis pki` made.
fn thumbprint(network: &Network, certificate: &str) -> String {
    let path = network.data().join("pki").join(certificate).join("tls.crt");
    let pem = std::fs::read_to_string(path).unwrap();
    let lines = pem.lines().skip(1).take_while(|line| !line.starts_with("-----"));
    let der = STANDARD.decode(lines.collect::<String>()).unwrap();
    URL_SAFE_NO_PAD.encode(digest(&SHA256, &der))
}

/// One that is no stream.
fn plain_rpc_of(service: &str) -> &'static str {
    let plain = |path: &&str| {
        let stream = ["/Watch", "/Import", "/Export"].iter().any(|begins| path.contains(begins));
        path.split('.').nth(1) == Some(service) && !stream
    };
    wanting_a_token().find(plain).unwrap()
}

async fn own_notes_are_the_persons_own(story: &Story, jane: &Person, note: &str) {
    let list = ListNotesRequest { person: jane.name.clone(), ..Default::default() };
    let listed = served!(jane.actor.notes(), list_notes, list.clone()).notes;
    assert_eq!(listed.iter().map(|note| &*note.name).collect::<Vec<_>>(), [note]);
    assert_eq!(read(&jane.actor, note).await, Ok(()));
    let namesake = story.network().actor(story.network().tokens.person(&jane.sub));
    assert_eq!(read(&namesake, note).await, Err(Code::NotFound), "another issuer's");
    let refused = namesake.notes().list_notes(list.clone()).await;
    assert!(refused.map_or(true, |page| page.into_inner().notes.is_empty()));
    let other = story.person("another").await;
    assert_eq!(read(&other, note).await, Err(Code::NotFound));
    let refused = other.notes().list_notes(list).await;
    assert!(refused.map_or(true, |page| page.into_inner().notes.is_empty()));
}

/// In each service: what the new key signed is taken after one question, and then no more what the old one did.
async fn keys_rotate(story: &Story) {
    let before = story.housing(&["COC"]).await;
    story.provider.rotate(false).await;
    let after = story.housing(&["COC"]).await;
    for service in SERVICES {
        let path = plain_rpc_of(service);
        let old = knock(&before, path).await;
        assert_ne!(old.code(), Code::Unauthenticated, "{path}: nobody has asked yet: {old:?}");
        let new = knock(&after, path).await;
        assert_ne!(new.code(), Code::Unauthenticated, "{path}: {new:?}");
        let old = knock(&before, path).await;
        assert_eq!(old.code(), Code::Unauthenticated, "{path}: {old:?}");
    }
    refused_everywhere(&before, BAD_TOKEN, "a key that was rotated out").await;
}

async fn a_suspension_needs_no_token_to_end(story: &Story, note: &str) {
    let housing = story.housing(&["COC"]).await;
    assert_eq!(read(&housing, note).await, Ok(()));
    let suspend = SuspendAgencyRequest {
        request_id: request_id(),
        name: story.world.agencies.housing.clone(),
        reason: "an audit".to_owned(),
    };
    served!(story.world.admin.without_deadline().directory(), suspend_agency, suspend);
    let suspended = (Code::PermissionDenied, "AGENCY_SUSPENDED");
    refused_everywhere(&housing, suspended, "suspended").await;
    // And one that it gets meanwhile.
    let later = story.housing(&["COC"]).await;
    refused_everywhere(&later, suspended, "suspended, a later token").await;
}

fn nobody_is_named_in_a_log(story: &mut Story) {
    for service in SERVICES {
        let log = story.processes.process(service).errors();
        for name in ["Canary", "1234567893", "hl7-b2b"] {
            assert!(!log.contains(name), "{service}: {name}");
        }
    }
}
