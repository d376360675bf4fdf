//! Every request of the contract, from its bytes to what its handler knows before it asks the database: decoding,
//! the contract's annotations, the handler's own reading, and the refusal.

use std::{any::Any, sync::LazyLock};

use kernel::Instant;
use people::{Outbound, Smtp, SmtpSecurity};
use prost::Message;
use prost_protovalidate::Validate;
use recovery::Instruments;
use rpc::Error;
use sha2::{Digest as _, Sha256};
use time::macros::datetime;
use tonic::Status;

/// When all of it happens.
pub const NOW: Instant = datetime!(2040-03-01 12:00 UTC);
/// What stands in the texts of the seeds: a refusal that says it back repeats what a caller wrote.
pub const CANARY: &str = "zqxjkw";
/// What a status has room for: a client's limit on headers is often 8 KiB, and base64 makes four bytes of three.
const STATUS_BYTES: usize = 6_000;

static OUT: LazyLock<Outbound> = LazyLock::new(|| {
    let smtp = Smtp {
        host: "127.0.0.1".to_owned(),
        port: 25,
        security: SmtpSecurity::None,
        ca: None,
        credentials: None,
        from: "notices@example.org".to_owned(),
        sender_name: String::new(),
    };
    Outbound::new(&[7; 32], false, Some(&smtp)).expect("a way out")
});
static INSTRUMENTS: LazyLock<Instruments> =
    LazyLock::new(|| Instruments::open(None).expect("those that come with it"));

/// A request of the contract.
pub struct Request {
    /// Such as `trellis.notes.v1.GetNoteRequest`.
    pub name: &'static str,
    run: fn(&[u8]),
    valid: fn(&[u8]) -> bool,
}

impl Request {
    /// What an input for it begins with: of its name, so that requests that come later change no other's.
    pub fn key(&self) -> [u8; 2] {
        let [a, b, ..]: [u8; 32] = Sha256::digest(self.name).into();
        [a, b]
    }

    /// From its bytes to what its handler knows.
    pub fn run(&self, bytes: &[u8]) {
        (self.run)(bytes);
    }

    /// Whether the contract's annotations let it through.
    pub fn lets(&self, bytes: &[u8]) -> bool {
        (self.valid)(bytes)
    }
}

macro_rules! requests {
    ($($package:ident: $parse:ident [$($message:ident)+])+) => {
        /// All of them, by name.
        pub const REQUESTS: &[Request] = &[$($(Request {
            name: concat!("trellis.", stringify!($package), ".v1.", stringify!($message)),
            run: |bytes| whole::<wire::$package::v1::$message>(bytes, $parse),
            valid: valid::<wire::$package::v1::$message>,
        },)+)+];
    };
}

requests! {
    audit: audit_of [
        EndAccountingSuspensionRequest FollowLedgerRequest GetConsistencyProofRequest
        GetInclusionProofRequest GetLedgerConsistencyRequest GetLedgerHeadRequest
        GetLedgerInclusionRequest GetTreeHeadRequest LiftLegalHoldRequest ListAccessEventsRequest
        ListAccountingSuspensionsRequest ListAnomaliesRequest ListDisclosuresRequest
        ListLegalHoldsRequest ListRecipientsRequest PlaceLegalHoldRequest ReviewAnomalyRequest
        SuspendAccountingRequest WatchServedRequest
    ]
    consent: consent_of [
        AcceptCourtOrderRequest AcknowledgeRevocationRequest DecideRestrictionRequest
        DeclareEmergencyRequest DraftConsentRequest ExplainRequest GetConsentReceiptRequest
        GetConsentRequest GetFactsRequest LinkPeopleRequest ListConsentsRequest ListCourtOrdersRequest
        ListEmergenciesRequest ListRestrictionsRequest MarkConsentEnteredInErrorRequest
        RecordCourtOrderRequest RecordSignedConsentRequest RequestRestrictionRequest
        ReviewEmergencyRequest RevokeConsentRequest SignConsentRequest WatchConsentsRequest
        WatchEmergenciesRequest WatchFactsRequest WatchPersonEventsRequest
    ]
    directory: directory_of [
        AcknowledgeAgenciesRequest CreateCareTeamRequest CreateServiceRequest ExportDirectoryRequest
        FindServicesRequest GetAgencyRequest GetCareTeamRequest GetServiceRequest
        ImportDirectoryRequest ListAgenciesRequest ListCareTeamsRequest
        ListSuspendedPrincipalsRequest RebindAgencyRequest RegisterAgencyRequest ReinstateAgencyRequest
        ReinstatePrincipalRequest SearchServicesRequest SetCapacityRequest SuspendAgencyRequest
        SuspendPrincipalRequest UpdateAgencyRequest UpdateCareTeamRequest UpdateServiceRequest
    ]
    notes: notes_of [
        AcknowledgeNoteRequest AddStatementRequest AmendNoteRequest AnswerQuestionRequest
        AppendNoteRequest AskQuestionRequest BlockReleaseRequest CosignNoteRequest CreateNoteRequest
        DecideAmendmentRequest DecideBlockReviewRequest ExtendAmendmentRequest GetAttachmentRequest
        GetNoteRequest LiftBlockRequest ListAcknowledgementsRequest ListAmendmentRequestsRequest
        ListAttachmentsRequest ListBlockReviewsRequest ListNoteVersionsRequest ListNotesRequest
        ListQuestionsRequest ListUnreadRequest LocateNotesRequest MarkEnteredInErrorRequest
        PutAttachmentRequest RequestAmendmentRequest RequestBlockReviewRequest SearchNotesRequest
        SignNoteRequest SuggestLabelsRequest UpdateDraftRequest WatchNotesRequest
        WatchPersonEventsRequest
    ]
    people: people_of [
        AcceptInvitationRequest AcknowledgeNoticeRequest AddIdentifierRequest AddRepresentativeRequest
        CheckAgesRequest CheckPreferencesRequest CheckRegistrationsRequest ConfirmNoticeDeliveryRequest
        ConfirmSignInRequest DecideMatchRequest DeleteNoticeDeliveryRequest DismissSupporterRequest
        EndRepresentativeRequest FindPersonRequest GetPersonRequest InvitePersonRequest
        InviteSupporterRequest ListDoubtfulMatchesRequest ListNoticeDeliveriesRequest ListNoticesRequest
        ListRepresentativesRequest MergePeopleRequest RegisterPersonRequest RenewConfirmationCodeRequest
        ResolveSignInsRequest SetNoticeDeliveryRequest SetPreferencesRequest UnmergePeopleRequest
        UpdatePersonRequest WatchNoticesRequest
    ]
    recovery: recovery_of [
        ActivateCrisisPlanRequest AddSupporterRequest ConfirmDecisionRequest ContributeRequest
        CreateGoalRequest CreateTaskRequest DeactivateCrisisPlanRequest DecideContributionRequest
        EndEmploymentSpecialistRequest EndSupporterRequest ExportMyRecordRequest GetCrisisRequest
        GetEmploymentPlanRequest GetEmploymentReportRequest GetMyRecordRequest GetPlanRequest
        GetProgressRequest ListCheckInsRequest ListContributionsRequest ListCrisesRequest
        ListDecisionsRequest ListEmploymentStepsRequest ListGoalsRequest ListInstrumentsRequest
        ListSectionVersionsRequest ListSharesRequest ListSupportersRequest ListTasksRequest
        MarkEmploymentStepInErrorRequest PrepareCheckInRequest RecordCaregiverCheckInRequest
        RecordCheckInRequest RecordDecisionRequest RecordEmploymentStepRequest SetCrisisRulesRequest
        SetEmploymentSpecialistRequest ShareSectionRequest UnshareSectionRequest
        UpdateEmploymentPlanRequest UpdateGoalRequest UpdateSectionRequest UpdateSupporterRequest
        UpdateTaskRequest WatchPersonEventsRequest
    ]
    referrals: referrals_of [
        AcceptReferralRequest AddFeedbackRequest CancelReferralRequest CompleteReferralRequest
        CreateReferralRequest CreateSubReferralRequest DeleteWebhookRequest FailReferralRequest
        GetReferralReportRequest GetReferralRequest GetWebhookRequest HoldReferralRequest
        ListReferralsRequest ListWebhooksRequest MarkEnteredInErrorRequest RecordContactRequest
        RegisterWebhookRequest RejectReferralRequest ReopenReferralRequest ReplayWebhookRequest
        RespondToReferralRequest ResumeReferralRequest RotateWebhookSecretRequest SendReferralRequest
        StartReferralRequest SuggestServicesRequest WatchReferralsRequest
    ]
}

fn valid<M: Message + Default + Validate>(bytes: &[u8]) -> bool {
    M::decode(bytes).is_ok_and(|message| rpc::valid(&message).is_ok())
}

/// The first two bytes say which request it is, the others are the request.
pub fn run(data: &[u8]) {
    let Some((key, bytes)) = data.split_first_chunk::<2>() else { return };
    let named = REQUESTS.iter().find(|request| request.key() == *key);
    let number = usize::from(u16::from_be_bytes(*key)) % REQUESTS.len();
    if let Some(request) = named.or_else(|| REQUESTS.get(number)) {
        (request.run)(bytes);
    }
}

fn whole<M>(bytes: &[u8], parse: fn(&dyn Any) -> Result<(), Error>)
where
    M: Message + Default + Validate + 'static,
{
    let Ok(message) = M::decode(bytes) else { return };
    let again = message.encode_to_vec();
    let decoded = M::decode(&*again).expect("what was encoded here is decoded here");
    assert!(decoded.encode_to_vec() == again, "what was decoded is not what was encoded");
    let canary = holds(&again, CANARY);
    for refused in [rpc::valid(&message), parse(&message)].into_iter().filter_map(Result::err) {
        told(refused, canary);
    }
}

/// A refusal has room in the headers, names fields, and says nothing back that a caller wrote.
pub fn told(error: Error, canary: bool) {
    if let Error::Invalid(violations) = &error {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._[]".contains(c);
        for violation in violations.iter().take(100) {
            assert!(violation.field.chars().all(plain), "a field's name: {:?}", violation.field);
        }
    }
    let status = Status::from(error);
    assert!(status.details().len() <= STATUS_BYTES, "a status of {} bytes", status.details().len());
    assert!(!canary || !holds(status.details(), CANARY), "a status says a value back");
    assert!(!canary || !status.message().contains(CANARY), "a message says a value back");
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn audit_of(request: &dyn Any) -> Result<(), Error> {
    audit::fuzzing::parse(request)
}

fn consent_of(request: &dyn Any) -> Result<(), Error> {
    consent::fuzzing::parse(request, NOW)?;
    crate::facts::terms(request);
    Ok(())
}

fn directory_of(request: &dyn Any) -> Result<(), Error> {
    directory::fuzzing::parse(request, NOW)
}

fn notes_of(request: &dyn Any) -> Result<(), Error> {
    notes::fuzzing::parse(request)
}

fn people_of(request: &dyn Any) -> Result<(), Error> {
    people::fuzzing::parse(request, NOW, &OUT)
}

fn recovery_of(request: &dyn Any) -> Result<(), Error> {
    recovery::fuzzing::parse(request, NOW, &INSTRUMENTS)
}

fn referrals_of(request: &dyn Any) -> Result<(), Error> {
    referrals::fuzzing::parse(request, NOW)
}
