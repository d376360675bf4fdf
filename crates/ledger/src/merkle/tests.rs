use std::collections::HashMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;

use super::*;

/// A tree with all its nodes.
#[derive(Default)]
struct Grown {
    frontier: Frontier,
    nodes: HashMap<Subtree, Hash>,
    /// The root at each size.
    roots: Vec<Hash>,
}

impl Grown {
    fn of<T: AsRef<[u8]>>(leaves: &[T]) -> Self {
        let mut all = Self { roots: vec![empty()], ..Self::default() };
        for data in leaves {
            let nodes = &mut all.nodes;
            all.frontier.push(leaf(data.as_ref()), |subtree, hash| {
                assert_eq!(nodes.insert(subtree, *hash), None, "completed once");
            });
            all.roots.push(all.frontier.root());
        }
        all
    }

    fn proof(&self, spans: &[Span]) -> Vec<Hash> {
        let hash = |span: &Span| {
            let parts: Vec<Hash> = span.subtrees().iter().map(|part| self.nodes[part]).collect();
            Span::hash(&parts)
        };
        spans.iter().map(hash).collect()
    }
}

fn hash(hex: &str) -> Hash {
    hex::decode(hex).unwrap().try_into().unwrap()
}

/// The leaves of the reference tests of Certificate Transparency, whose values these are.
fn reference() -> Vec<Vec<u8>> {
    let leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    leaves.iter().map(|leaf| hex::decode(leaf).unwrap()).collect()
}

#[test]
fn roots_are_those_of_the_reference() {
    let tree = Grown::of(&reference());
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    assert_eq!(tree.roots, roots.map(hash));
}

#[test]
fn proofs_are_those_of_the_reference() {
    let tree = Grown::of(&reference());
    let of = |hashes: &[&str]| hashes.iter().map(|one| hash(one)).collect::<Vec<_>>();
    let (a, b, c) = (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    );
    let (d, e) = (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    );
    let four = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
    let two = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
    let one = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(tree.proof(&inclusion(0, 1)), of(&[]));
    assert_eq!(tree.proof(&inclusion(0, 8)), of(&[a, b, c]));
    assert_eq!(tree.proof(&inclusion(5, 8)), of(&[d, e, four]));
    assert_eq!(tree.proof(&inclusion(2, 3)), of(&[two]));
    assert_eq!(tree.proof(&inclusion(1, 5)), of(&[one, b, d]));
    assert_eq!(tree.proof(&consistency(1, 1)), of(&[]));
    assert_eq!(tree.proof(&consistency(1, 8)), of(&[a, b, c]));
    let six = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
    assert_eq!(tree.proof(&consistency(6, 8)), of(&[six, e, four]));
    assert_eq!(tree.proof(&consistency(2, 5)), of(&[b, d]));
}

/// The same tree, grown by the other library.
fn other<T: AsRef<[u8]> + Clone>(leaves: &[T]) -> MemoryBackedTree<sha2::Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    leaves.iter().for_each(|leaf| tree.push(leaf.as_ref().to_vec()));
    tree
}

fn agree<T: AsRef<[u8]> + Clone>(leaves: &[T]) {
    let ours = Grown::of(leaves);
    let theirs = other(leaves);
    let size = leaves.len();
    assert_eq!(ours.frontier.root()[..], theirs.root().as_bytes()[..]);
    for (index, data) in leaves.iter().enumerate() {
        let proof = ours.proof(&inclusion(index as u64, size as u64));
        assert_eq!(proof.as_flattened(), theirs.prove_inclusion(index).as_bytes());
        let (at, size) = (index as u64, size as u64);
        let head = &ours.roots[leaves.len()];
        assert!(inclusion_holds(&leaf(data.as_ref()), at, size, &proof, head));
    }
    for added in 1..size {
        let first = size - added;
        let proof = ours.proof(&consistency(first as u64, size as u64));
        assert_eq!(proof.as_flattened(), theirs.prove_consistency(added).as_bytes());
        let old = (first as u64, &ours.roots[first]);
        assert!(consistency_holds(old, (size as u64, &ours.roots[size]), &proof));
    }
}

#[test]
fn every_small_tree_is_as_another_library_has_it() {
    let leaves: Vec<[u8; 4]> = (0..70u32).map(u32::to_be_bytes).collect();
    for size in 0..leaves.len() {
        agree(&leaves[..size]);
    }
}

/// One thing changed in what is shown.
fn broken(proof: &[Hash], at: usize, how: u8) -> Vec<Hash> {
    let mut broken = proof.to_vec();
    match how % 4 {
        0 if !proof.is_empty() => broken[at % proof.len()][at % 32] ^= 1 << (at % 8),
        1 if !proof.is_empty() => _ = broken.remove(at % proof.len()),
        2 if proof.len() > 1 => broken.swap(at % proof.len(), (at + 1) % proof.len()),
        _ => broken.insert(at % (proof.len() + 1), leaf(b"stray")),
    }
    broken
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn generated_trees_are_as_another_library_has_them(
        leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..400),
    ) {
        agree(&leaves);
    }

    #[test]
    fn a_proof_that_was_changed_does_not_hold(
        size in 1u64..600, index: u64, first: u64, at: usize, how: u8,
    ) {
        let leaves: Vec<[u8; 8]> = (0..size).map(u64::to_be_bytes).collect();
        let tree = Grown::of(&leaves);
        let root = |size: u64| &tree.roots[usize::try_from(size).unwrap()];
        let (index, first) = (index % size, first % size);
        let hash = leaf(&index.to_be_bytes());
        let proof = tree.proof(&inclusion(index, size));
        prop_assert!(inclusion_holds(&hash, index, size, &proof, root(size)));
        prop_assert!(!inclusion_holds(&hash, index, size, &broken(&proof, at, how), root(size)));
        prop_assert!(!inclusion_holds(&leaf(b"other"), index, size, &proof, root(size)));
        let other = (index + 1) % size;
        prop_assert!(other == index || !inclusion_holds(&hash, other, size, &proof, root(size)));
        let proof = tree.proof(&consistency(first, size));
        let (old, new) = ((first, root(first)), (size, root(size)));
        prop_assert!(consistency_holds(old, new, &proof));
        prop_assert!(!consistency_holds(old, new, &broken(&proof, at, how)));
        prop_assert!(!consistency_holds((first, &hash), new, &proof) || first == 1 && index == 0);
        prop_assert!(!consistency_holds(new, old, &proof));
    }

    #[test]
    fn a_frontier_that_was_kept_grows_as_one_that_was_not(size in 0u64..300, more in 0u64..50) {
        let mut kept = Frontier::default();
        for n in 0..size {
            kept.push(leaf(&n.to_be_bytes()), |_, _| {});
        }
        let mut again = Frontier::new(kept.size(), kept.roots().to_vec()).unwrap();
        prop_assert_eq!(Frontier::new(size + 1, kept.roots().to_vec()).is_some(),
            (size + 1).count_ones() == size.count_ones());
        for n in size..size + more {
            kept.push(leaf(&n.to_be_bytes()), |_, _| {});
            again.push(leaf(&n.to_be_bytes()), |_, _| {});
        }
        prop_assert_eq!(kept.root(), again.root());
    }
}
