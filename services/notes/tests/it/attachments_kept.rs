//! Files of notes: given up, damaged, on record, in no log, and sent by whoever is signed in.

use kernel::{Action, AgencyStatus};
use testkit::fakes::until;
use tonic::Code;
use uuid::Uuid;
use wire::notes::v1::{AttachmentHeader, MediaType};

use crate::{
    attached::{MIB, first, header, meanwhile, next, pdf, rest, taken},
    attachments::{fields, rows, stored},
    disk::Disk,
    world::{CLINIC, HOUSING, World, denied, not_found, reason, refusal},
};

#[tokio::test]
async fn what_is_not_finished_in_a_day_is_given_up_and_goes() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let (bytes, kept) = (pdf(2 * MIB), pdf(MIB + 7));
    let file = author.attach(&draft, &kept).await.unwrap();
    let begun = header(&draft, &bytes);
    let half = [vec![first(&begun)], rest(&bytes[..MIB], 0, MIB)].concat();
    assert_eq!(fields(author.put_all(half).await), ["chunk"]);
    let sweep = async || notes::sweep(&world.app).await.unwrap();
    assert_eq!(stored(&world).len(), 3);
    // To the very end of the day it goes on.
    world.clock.advance(time::Duration::hours(24));
    assert_eq!(sweep().await, (0, 0));
    let author = world.clinician(CLINIC, "dr-c");
    assert_eq!(author.received(&begun).await.unwrap(), MIB);
    world.clock.advance(time::Duration::SECOND);
    assert_eq!(sweep().await, (1, 0));
    assert_eq!(sweep().await, (0, 0));
    let gone = author.put_all(vec![first(&begun)]).await.unwrap_err();
    assert_eq!(reason(&gone), "WRONG_STATE");
    // Whoever was still sending has stopped.
    world.clock.advance(time::Duration::hours(1) + time::Duration::SECOND);
    assert_eq!(sweep().await, (0, 1));
    assert_eq!(sweep().await, (0, 0));
    assert_eq!(stored(&world).len(), 2);
    assert_eq!(rows(&world).await, (2, 1, 1, 1));
    let author = world.clinician(CLINIC, "dr-c");
    assert!(author.read(&file.name).await.unwrap().1 == kept);
}

#[tokio::test]
async fn what_could_not_be_removed_is_removed_another_time() {
    let disk = Disk::of(usize::MAX);
    let world = World::with(|folder| disk.files(folder)).await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(MIB + 7);
    let other = header(&draft, &pdf(MIB + 7));
    assert_eq!(fields(author.send(&other, &bytes).await), ["header.sha256"]);
    world.clock.advance(time::Duration::hours(2));
    disk.away(true);
    notes::sweep(&world.app).await.unwrap_err();
    assert_eq!(rows(&world).await, (1, 0, 1, 0));
    disk.away(false);
    assert_eq!(notes::sweep(&world.app).await.unwrap(), (0, 1));
    assert!(stored(&world).is_empty());
}

#[tokio::test]
async fn bytes_that_are_not_those_that_were_put_are_an_alarm_and_reach_nobody() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let internal = (Code::Internal, "INTERNAL".to_owned());
    type Damage = fn(&std::path::Path);
    let damages: [Damage; 4] = [
        |part| {
            let mut bytes = std::fs::read(part).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            std::fs::write(part, bytes).unwrap();
        },
        |part| std::fs::write(part, b"\x01").unwrap(),
        |part| std::fs::write(part, b"").unwrap(),
        |part| std::fs::remove_file(part).unwrap(),
    ];
    for (n, damage) in damages.into_iter().enumerate() {
        let before = stored(&world);
        let bytes = pdf(MIB + 100);
        let file = author.attach(&draft, &bytes).await.unwrap();
        let new: Vec<_> = stored(&world).into_iter().filter(|p| !before.contains(p)).collect();
        assert!(new[1].ends_with("/01"), "{new:?}");
        damage(&world.folder.path().join(&new[1]));
        // What comes before it is as it was.
        let mut stream = author.open(&file.name, 0).await.unwrap();
        stream.message().await.unwrap().unwrap();
        assert!(taken(stream.message().await.unwrap().unwrap()).data == bytes[..MIB]);
        assert_eq!(refusal(stream.message().await), internal, "{n}");
        assert_eq!(refusal(author.read_from(&file.name, MIB + 1).await), internal, "{n}");
        let alarms = world.logs.text().matches("alarm=\"bad file\"").count();
        assert_eq!(alarms, 2 * (n + 1));
    }
}

#[tokio::test]
async fn no_log_no_error_and_no_record_holds_a_files_name_or_its_words() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let words = b"canary-words";
    let said = AttachmentHeader {
        file_name: "canary-name".to_owned(),
        media_type: MediaType::Text.into(),
        ..header(&draft, words)
    };
    let file = author.send(&said, words).await.unwrap();
    assert_eq!(file.file_name, "canary-name");
    assert_eq!(author.read(&file.name).await.unwrap().1, words);
    let part = world.folder.path().join(&stored(&world)[0]);
    let mut errors = Vec::new();
    let other = |change: fn(&mut AttachmentHeader)| {
        let mut other = AttachmentHeader { request_id: Uuid::new_v4().to_string(), ..said.clone() };
        change(&mut other);
        other
    };
    for bad in [
        other(|said| said.file_name = "canary-name/".to_owned()),
        other(|said| said.sha256 = "canary-hash".to_owned()),
        other(|said| said.sha256 = "0".repeat(64)),
        other(|said| said.media_type = MediaType::Pdf.into()),
        other(|said| said.size = 5),
        other(|said| said.note = "notes/canary".to_owned()),
    ] {
        errors.push(author.send(&bad, words).await.unwrap_err());
    }
    errors.push(author.read("attachments/canary").await.unwrap_err());
    std::fs::write(part, b"\x01canary-warped").unwrap();
    errors.push(author.read(&file.name).await.unwrap_err());
    for error in &errors {
        let details = String::from_utf8_lossy(error.details()).into_owned();
        assert!(!format!("{error:?} {details}").contains("canary"), "{error:?}");
    }
    let logs = world.logs.text();
    assert!(logs.contains("bad file") && !logs.contains("canary"), "{logs}");
    for event in world.stage.events().await {
        assert!(!event.leaf().unwrap().contains("canary"));
    }
    // The database keeps the name sealed, with the other content.
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT (to_jsonb(a) - 'content')::text FROM attachment a")
            .fetch_all(&mut world.admin().await)
            .await
            .unwrap();
    assert!(columns.iter().all(|row| !row.contains("canary")));
}

#[tokio::test]
async fn each_upload_download_and_refusal_is_on_record() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let file = author.attach(&draft, &pdf(10)).await.unwrap();
    author.read(&file.name).await.unwrap();
    author.attached(&draft).await.unwrap();
    assert_eq!(refusal(world.clinician(HOUSING, "ms-h").read(&file.name).await), not_found());
    let note = Uuid::try_parse(draft.name.trim_start_matches("notes/")).unwrap();
    let told: Vec<_> = world
        .stage
        .events()
        .await
        .into_iter()
        .filter(|event| event.rpc.contains("Attachment"))
        .map(|event| {
            assert_eq!(event.records, [note]);
            let rpc = event.rpc.rsplit('/').next().unwrap().to_owned();
            (rpc, event.action, event.outcome == ledger::Outcome::Permit)
        })
        .collect();
    let of = |rpc: &str, action, permitted| (rpc.to_owned(), action, permitted);
    assert_eq!(
        told,
        [
            of("PutAttachment", Action::Write, true),
            of("PutAttachment", Action::Write, true),
            of("GetAttachment", Action::Read, true),
            of("ListAttachments", Action::Read, true),
            of("GetAttachment", Action::Read, false),
        ]
    );
}

#[tokio::test]
async fn no_part_is_kept_and_nothing_is_answered_once_the_token_has_ended() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(2 * MIB + 7);
    let begun = header(&draft, &bytes);
    let some = [vec![first(&begun)], rest(&bytes[..MIB], 0, MIB)].concat();
    let refused = meanwhile(&author, some, async {
        until("the first part is kept", async || stored(&world).len() == 1).await;
        world.clock.advance(time::Duration::hours(2));
        rest(&bytes, MIB, MIB)
    });
    assert_eq!(refused.await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(stored(&world).len(), 1);
    // Neither how far it has come is told, nor what a file is that was whole before.
    let asked = async || world.stage.events().await.len();
    for whole in [false, true] {
        if whole {
            let end = [vec![first(&begun)], rest(&bytes, MIB, MIB)].concat();
            assert!(author.put_all(end).await.unwrap().attachment.is_some());
        }
        let before = asked().await;
        let refused = meanwhile(&author, vec![first(&begun)], async {
            until("it is permitted", async || asked().await > before).await;
            world.clock.advance(time::Duration::hours(2));
            Vec::new()
        });
        assert_eq!(refused.await.unwrap_err().code(), Code::Unauthenticated, "{whole}");
        let before = asked().await;
        let refused = meanwhile(&author, vec![first(&begun)], async {
            until("it is permitted", async || asked().await > before).await;
            world.suspended(&[CLINIC]);
            Vec::new()
        });
        assert_eq!(reason(&refused.await.unwrap_err()), "AGENCY_SUSPENDED", "{whole}");
        world.suspended(&[]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_part_is_not_told_once_the_sender_is_admitted_no_more() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let bytes = pdf(MIB + 7);
    let begun = header(&draft, &bytes);
    let half = [vec![first(&begun)], rest(&bytes[..MIB], 0, MIB)].concat();
    let refused = meanwhile(&author, half, async {
        let kept = || stored(&world).iter().any(|name| !name.contains('#'));
        until("the first part is kept", async || kept()).await;
        world.suspended(&[CLINIC]);
        Vec::new()
    });
    assert_eq!(reason(&refused.await.unwrap_err()), "AGENCY_SUSPENDED");
    world.suspended(&[]);
    let asked = async || world.stage.events().await.len();
    for (ended, told) in [(false, "AGENCY_SUSPENDED"), (true, "UNAUTHENTICATED")] {
        // What is missing, more than is missing, and from elsewhere: each tells how far it has come.
        for wrong in [next(MIB, b"x"), next(MIB, &[0; 8]), next(0, b"x")] {
            let before = asked().await;
            let refused = meanwhile(&author, vec![first(&begun)], async {
                until("it is permitted", async || asked().await > before).await;
                match ended {
                    true => world.clock.advance(time::Duration::hours(2)),
                    false => world.suspended(&[CLINIC]),
                }
                vec![wrong]
            });
            assert_eq!(reason(&refused.await.unwrap_err()), told);
            world.suspended(&[]);
        }
    }
    // Of its bytes, too, nothing was lost.
    let end = [vec![first(&begun)], rest(&bytes, MIB, MIB)].concat();
    assert!(author.put_all(end).await.unwrap().attachment.is_some());
}

#[tokio::test]
async fn what_a_file_is_that_was_whole_before_is_told_to_who_may_read_it_at_the_end() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let (draft, bytes) = (author.draft(person).await, pdf(10));
    let begun = header(&draft, &bytes);
    author.send(&begun, &bytes).await.unwrap();
    let asked = async || world.stage.events().await.len();
    let before = asked().await;
    let refused = meanwhile(&author, vec![first(&begun)], async {
        until("it is permitted", async || asked().await > before).await;
        // As those know who keep consents, whom the decision asks.
        let suspended = AgencyStatus::Suspended;
        world.consents.agency_with(CLINIC, |clinic| clinic.status = suspended);
        Vec::new()
    });
    assert_eq!(refusal(refused.await), denied("AGENCY_SUSPENDED"));
    world.consents.agency_with(CLINIC, |clinic| clinic.status = AgencyStatus::Active);
    assert!(author.put_all(vec![first(&begun)]).await.unwrap().attachment.is_some());
}
