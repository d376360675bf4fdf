//! Heads and proofs as callers get them: they can be checked with nothing but the public key.

use std::{path::Path, sync::Arc, time::Duration};

use ledger::{
    Event, Ledger, LogName, Seal, SigningKey, TreeHead, leaf,
    merkle::{Hash, consistency_holds, inclusion_holds},
};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use uuid::Uuid;

use crate::world::*;

const SEED: [u8; 32] = [11; 32];

fn log() -> LogName {
    LogName::new("trellis.example/notes").unwrap()
}

/// The notes service's records have a head over all of them.
pub async fn sealed(ledger: &Ledger, folder: &Path) -> TreeHead {
    let stop = CancellationToken::new();
    let seal = Seal {
        log: log(),
        key: SigningKey::from_seed(&SEED).unwrap(),
        earlier: Vec::new(),
        every: Duration::from_secs(3600),
        anchor: folder.join("notes.checkpoints"),
    };
    let sealing = ledger.seal(seal, Arc::new(kernel::SystemClock), stop.clone()).unwrap();
    stop.cancel();
    sealing.await.unwrap();
    opened(&ledger.head_note().await.unwrap().unwrap())
}

fn opened(checkpoint: &str) -> TreeHead {
    let key = SigningKey::from_seed(&SEED).unwrap().verifying().unwrap();
    TreeHead::open(checkpoint, &log(), &key).unwrap()
}

fn hashes(hashes: &[Vec<u8>]) -> Vec<Hash> {
    hashes.iter().map(|hash| hash.as_slice().try_into().unwrap()).collect()
}

#[tokio::test]
async fn a_person_proves_their_record_and_anybody_who_watches_proves_that_the_log_only_grew() {
    let world = World::new().await;
    let audit = world.audit().await;
    let folder = tempfile::tempdir().unwrap();
    let (jane, staff) = (world.jane(&audit), world.staff(&audit));
    assert_eq!(staff.head("notes").await.unwrap_err().code(), Code::NotFound, "none yet");
    for _ in 0..3 {
        world.notes.record(world.next_read(ELSE)).await.unwrap();
    }
    let first = sealed(&world.notes, folder.path()).await;
    let event = world.next_read(JANE);
    world.notes.record(event.clone()).await.unwrap();
    for _ in 0..296 {
        world.notes.record(world.read(ELSE)).await.unwrap();
    }
    let second = sealed(&world.notes, folder.path()).await;
    world.reaches("notes", 300).await;
    assert_eq!((first.size, second.size), (3, 300));
    assert_eq!(opened(&staff.head("notes").await.unwrap()), second);
    let proof = hashes(&staff.consistency("notes", 3, 300).await.unwrap());
    assert!(consistency_holds((3, &first.root), (300, &second.root), &proof));

    let told = jane.of(JANE).await.unwrap().disclosures.remove(0);
    assert_eq!((&*told.service, told.sequence), ("notes", 4));
    let proof = jane.inclusion(JANE, &told.service, told.sequence, 300).await.unwrap();
    let shown = proof.leaf.unwrap();
    let commitment = Sha256::new().chain_update(&shown.salt).chain_update(&shown.detail).finalize();
    assert_eq!(commitment[..], shown.commitment[..]);
    assert_eq!(serde_json::from_str::<Event>(&shown.detail).unwrap(), event);
    let id: Uuid = shown.event_id.parse().unwrap();
    let leaf = leaf(shown.sequence, id, &shown.commitment);
    assert!(inclusion_holds(&leaf, 3, 300, &hashes(&proof.hashes), &second.root));
    // That it was shown is on record itself.
    world.reaches("audit", 2).await;
    let rpcs = jane.list(wire::audit::v1::ListDisclosuresRequest {
        include_custodian_access: true,
        ..asking(JANE)
    });
    let rpcs = rpcs.await.unwrap().disclosures;
    assert!(rpcs.iter().any(|d| d.rpc == "trellis.audit.v1.AuditService/GetInclusionProof"));
}

/// The text names whoever asked: it is not for those to whom the accounting does not name them.
#[tokio::test]
async fn a_proof_tells_no_more_of_who_asked_than_the_accounting() {
    let world = World::new().await;
    let audit = world.audit().await;
    let folder = tempfile::tempdir().unwrap();
    let read = world.read(JANE);
    let represented = Event {
        caller: ledger::Caller {
            kind: "REPRESENTATIVE".into(),
            subject: "aunt".into(),
            agency: None,
            ..read.caller.clone()
        },
        bases: vec!["REPRESENTATIVE".into()],
        ..read.clone()
    };
    let sent = Event { recipient: Some(REFUGE), ..world.next_read(JANE) };
    world.notes.record(Event { event_id: Uuid::new_v4(), ..represented }).await.unwrap();
    world.notes.record(sent).await.unwrap();
    sealed(&world.notes, folder.path()).await;
    world.reaches("notes", 2).await;
    let jane = world.jane(&audit);
    let head = opened(&jane.head("notes").await.unwrap());
    for sequence in [1, 2] {
        let proof = jane.inclusion(JANE, "notes", sequence, 2).await.unwrap();
        let shown = proof.leaf.unwrap();
        assert_eq!((shown.salt.len(), &*shown.detail), (0, ""));
        let leaf = leaf(sequence, shown.event_id.parse().unwrap(), &shown.commitment);
        let index = u64::try_from(sequence - 1).unwrap();
        assert!(inclusion_holds(&leaf, index, 2, &hashes(&proof.hashes), &head.root));
    }
}

#[tokio::test]
async fn of_what_is_not_shown_there_is_no_proof() {
    let world = World::new().await;
    let audit = world.audit().await;
    let folder = tempfile::tempdir().unwrap();
    let (hers, others) = (world.read(JANE), world.next_read(ELSE));
    let refused = Event {
        outcome: ledger::Outcome::Deny,
        bases: vec![],
        reason: Some("NO_ACTIVE_CONSENT".into()),
        ..world.next_read(JANE)
    };
    for event in [hers, others, refused] {
        world.notes.record(event).await.unwrap();
    }
    sealed(&world.notes, folder.path()).await;
    world.reaches("notes", 3).await;
    let jane = world.jane(&audit);
    world.bind("vouched", JANE, Some(&[REFUGE]));
    let vouched = world.person(&audit, "vouched");
    let unknown = whole(&jane.inclusion(Uuid::from_u128(0x99), "notes", 1, 3).await.unwrap_err());
    for (what, asked) in [
        ("another's record", jane.inclusion(JANE, "notes", 2, 3).await),
        ("a refusal", jane.inclusion(JANE, "notes", 3, 3).await),
        ("one that is not there", jane.inclusion(JANE, "consent", 1, 3).await),
        ("an unknown service", jane.inclusion(JANE, "nowhere", 1, 3).await),
        ("another person's", jane.inclusion(ELSE, "notes", 2, 3).await),
        ("of an agency that does not vouch", vouched.inclusion(JANE, "notes", 1, 3).await),
        ("over more than any head", jane.inclusion(JANE, "notes", 1, 4).await),
    ] {
        assert_eq!(whole(&asked.unwrap_err()), unknown, "{what}");
    }
    // Each of them is on record, as every refusal is.
    let events = audit.ledger.follow(0, 100).await.unwrap();
    let events: Vec<_> = events.into_iter().filter_map(ledger::Followed::told).collect();
    let proofs = events.iter().filter(|(_, event)| event.rpc.ends_with("/GetInclusionProof"));
    assert_eq!(proofs.filter(|(_, event)| event.outcome == ledger::Outcome::Deny).count(), 8);
    assert!(jane.inclusion(JANE, "notes", 1, 3).await.is_ok());
    let role = world.staff(&audit).inclusion(JANE, "notes", 1, 3).await.unwrap_err();
    assert_eq!(role.code(), Code::PermissionDenied);
    assert_eq!(jane.consistency("notes", 1, 4).await.unwrap_err().code(), Code::NotFound);
    for odd in [
        jane.consistency("notes", 3, 2).await.map(|_| ()).unwrap_err(),
        jane.inclusion(JANE, "notes", 3, 2).await.map(|_| ()).unwrap_err(),
        jane.inclusion(JANE, "notes", 0, 2).await.map(|_| ()).unwrap_err(),
        jane.head("Notes!").await.map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(odd.code(), Code::InvalidArgument);
    }
}
