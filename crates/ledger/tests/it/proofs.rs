//! Proofs from the database hold for every signed head, and nothing else does.

use ledger::{
    leaf,
    merkle::{consistency_holds, inclusion_holds},
};
use sha2::{Digest as _, Sha256};

use crate::{
    stage::Stage,
    tree::{anchored, record, sealed},
};

#[tokio::test]
async fn every_record_is_proved_in_every_head_over_it_and_every_head_in_the_next() {
    let stage = Stage::set().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stage.checkpoints");
    assert_eq!(stage.ledger.head_note().await.unwrap(), None);
    for some in [3, 254, 300, 100] {
        record(&stage, some).await;
        sealed(&stage, &path).await;
    }
    record(&stage, 2).await;
    let heads = anchored(&path);
    let note = stage.ledger.head_note().await.unwrap().unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().ends_with(&format!("{note}\n")));
    for head in &heads {
        for seq in [1, 2, 3, 4, 200, 256, 257, 258, 400, 512, 513, 557, 656, 657] {
            let found = stage.ledger.inclusion(seq, head.size).await.unwrap();
            let Some(index) = u64::try_from(seq - 1).ok().filter(|at| *at < head.size) else {
                assert_eq!(found, None);
                continue;
            };
            let found = found.unwrap();
            let text =
                Sha256::new().chain_update(&found.salt).chain_update(&found.detail).finalize();
            assert_eq!(text[..], found.commitment[..]);
            let leaf = leaf(seq, found.event_id, &found.commitment);
            assert!(inclusion_holds(&leaf, index, head.size, &found.path, &head.root), "{seq}");
        }
        for first in 0..=head.size {
            let proof = stage.ledger.consistency(first, head.size).await.unwrap().unwrap();
            if let Some(old) = heads.iter().find(|old| old.size == first) {
                let (old, new) = ((old.size, &old.root), (head.size, &head.root));
                assert!(consistency_holds(old, new, &proof));
            }
        }
    }
    // Nothing is proved that no head is over.
    assert_eq!(stage.ledger.inclusion(658, 658).await.unwrap(), None);
    assert_eq!(stage.ledger.inclusion(1, 658).await.unwrap(), None);
    assert_eq!(stage.ledger.inclusion(0, 657).await.unwrap(), None);
    assert_eq!(stage.ledger.inclusion(i64::MIN, 657).await.unwrap(), None);
    assert_eq!(stage.ledger.consistency(3, 658).await.unwrap(), None);
    assert_eq!(stage.ledger.consistency(657, 3).await.unwrap(), None);
}
