//! A victim-service referral: what a refuge holds moves only by a written release for a time, to an
//! agency that it names (34 U.S.C. 12291(b)(2)).

use std::io::Write;

use anyhow::ensure;
use kernel::{Purpose, Role};
use tonic::{Code, Response, Status};
use wire::{
    common::v1::{
        Action, BasisKind, Confidentiality, Labels, Purpose as For, Redisclosure, Sensitivity,
    },
    consent::v1::{
        ConsentTerms, ConsentType, RecordSignedConsentRequest, RecordedSignature, Rule,
        SignatureMethod,
    },
    convert::timestamp,
    notes::v1::NoteType,
    referrals::v1::{
        CreateReferralRequest, GetReferralRequest, SendReferralRequest, SendReferralResponse,
    },
};

use super::{
    Cast,
    actor::{Actor, Stage},
    checks::{hidden, read_note, refused, refused_because, request_id, there},
    person::{register, write},
    sharing::referral,
    telling::Telling,
    terms::{between, in_days, terms},
};

pub async fn refer(
    stage: &Stage<'_>,
    cast: &Cast,
    t: &mut Telling<impl Write>,
) -> anyhow::Result<()> {
    t.act("The refuge: a victim-service referral needs a release of its own kind")?;
    let purposes = [Purpose::CoordinationOfCare, Purpose::HousingPlacement];
    let roles = [Role::CaseManager];
    let advocate =
        stage.staff("advocate, Juniper House", "ad-reyes", &cast.refuge, &roles, &purposes)?;
    let person = register(&advocate, "https://juniper.example/intake", "JH-212").await?;
    ensure!(person != cast.person, "nobody recognises who comes to a refuge");
    let kind = NoteType::HousingStability;
    let says = "Needs an apartment whose address stays confidential.";
    let note = write(&advocate, &person, kind, labels(), says).await?;
    let draft = CreateReferralRequest {
        request_id: request_id(),
        person: person.clone(),
        labels: Some(labels()),
        summary: "Looking for an apartment whose address stays confidential.".to_owned(),
        ..referral(cast, false)
    };
    let draft = advocate.referrals().create_referral(draft).await?.into_inner();
    let draft = there(draft.referral, "referral")?.name;
    t.step(
        "Juniper House registers Ana as somebody of its own: the network links nobody at a refuge to \
         who they are elsewhere. The advocate writes a note and drafts a referral.",
        &advocate.who,
        "RegisterPerson, CreateNote, SignNote, CreateReferral",
        "OK: draft",
    )?;
    let at_the_refuge = AtTheRefuge { cast, advocate, person, note, draft };
    at_the_refuge.general_is_not_enough(t).await?;
    at_the_refuge.released(t).await
}

fn labels() -> Labels {
    Labels {
        confidentiality: Confidentiality::V.into(),
        sensitivities: vec![Sensitivity::Sdv.into()],
        part2: false,
        victim_service: true,
    }
}

/// What the advocate has made.
struct AtTheRefuge<'a> {
    cast: &'a Cast,
    advocate: Actor,
    person: String,
    note: String,
    draft: String,
}

impl AtTheRefuge<'_> {
    /// From the refuge to Harbor Homes, to be sent and to be read: signed by hand at the refuge.
    async fn on_paper(&self, kind: ConsentType, days: i64) -> anyhow::Result<String> {
        let rule = Rule {
            purposes: vec![For::Coc.into(), For::HousingPlacement.into()],
            actions: vec![Action::Read.into(), Action::Refer.into(), Action::Transition.into()],
            ..between(&self.cast.refuge, &self.cast.housing)
        };
        let says = terms(kind, "What Juniper House wrote about my housing", rule);
        let request = RecordSignedConsentRequest {
            request_id: request_id(),
            person: self.person.clone(),
            terms: Some(ConsentTerms { expires: Some(timestamp(in_days(days))), ..says }),
            signature: Some(RecordedSignature {
                method: SignatureMethod::Paper.into(),
                sign_time: Some(timestamp(in_days(-1))),
                image_sha256: "5a".repeat(32),
                witness: "L. Reyes, advocate".to_owned(),
            }),
            grantor: None,
            co_grantor: None,
            language: "es".to_owned(),
        };
        let reply = self.advocate.consents().record_signed_consent(request).await?.into_inner();
        Ok(there(reply.consent, "consent")?.name)
    }

    async fn send(&self) -> Result<Response<SendReferralResponse>, Status> {
        let (request_id, name) = (request_id(), self.draft.clone());
        let request = SendReferralRequest { request_id, name, etag: String::new() };
        self.advocate.referrals().send_referral(request).await
    }

    async fn general_is_not_enough(&self, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
        self.on_paper(ConsentType::General, 180).await?;
        t.step(
            "Ana signs a general consent to Harbor Homes on paper; the advocate records it.",
            &self.advocate.who,
            "RecordSignedConsent (GENERAL)",
            "OK",
        )?;
        let reader = &self.cast.case_manager;
        hidden(reader, &self.note).await?;
        t.step(
            "A general consent opens nothing that a refuge holds: not even that it holds something.",
            &reader.who,
            "GetNote",
            "NOT_FOUND",
        )?;
        let refusal = refused(self.send().await, Code::FailedPrecondition)?;
        refused_because(&refusal, "CONSENT_NEEDED")?;
        t.step(
            "Nor may the referral be sent under it.",
            &self.advocate.who,
            "SendReferral",
            "FAILED_PRECONDITION, CONSENT_NEEDED",
        )
    }

    async fn released(&self, t: &mut Telling<impl Write>) -> anyhow::Result<()> {
        let release = self.on_paper(ConsentType::VictimServicesRelease, 60).await?;
        t.step(
            "She signs a release of the law's own kind: it names Harbor Homes, for 60 days of at most 90.",
            &self.advocate.who,
            "RecordSignedConsent (VICTIM_SERVICES_RELEASE)",
            "OK",
        )?;
        self.send().await?;
        t.step("Now it can be sent.", &self.advocate.who, "SendReferral", "OK: requested")?;
        let reader = &self.cast.case_manager;
        let get = GetReferralRequest { name: self.draft.clone() };
        let arrived = reader.referrals().get_referral(get).await?.into_inner();
        let read = read_note(reader, &self.note).await?;
        for disclosure in [arrived.disclosure, read.disclosure] {
            let disclosure = there(disclosure, "disclosure")?;
            ensure!(disclosure.bases == [i32::from(BasisKind::Consent)], "opened by consent");
            ensure!(disclosure.basis == std::slice::from_ref(&release), "by the release");
            ensure!(disclosure.redisclosure() == Redisclosure::Prohibited, "no further disclosure");
        }
        t.step(
            "Harbor Homes reads the referral and the note.",
            &reader.who,
            "GetReferral, GetNote",
            "OK, basis CONSENT (the release); redisclosure PROHIBITED",
        )?;
        hidden(reader, &self.cast.note).await?;
        t.step("The release covers nothing of the clinic's.", &reader.who, "GetNote", "NOT_FOUND")
    }
}
