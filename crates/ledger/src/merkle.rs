//! The tree over a ledger's records, as RFC 6962 defines it: hashes, roots, proofs and their checking.
//!
//! A tree is cut into its largest complete subtrees, from the left: one for each bit of its size. All
//! that is kept of a tree to let it grow are the roots of these, its frontier.

mod proof;

use sha2::{Digest as _, Sha256};

pub use proof::{Span, consistency, consistency_holds, inclusion, inclusion_holds};

/// SHA-256.
pub type Hash = [u8; 32];

/// The root of a tree without leaves.
pub fn empty() -> Hash {
    Sha256::new().finalize().into()
}

/// Of one leaf. Leaves and nodes are hashed apart, so that neither passes for the other.
pub fn leaf(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// Of the node over two others.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A complete subtree: `1 << level` leaves, the first of them number `index << level`, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subtree {
    pub level: u32,
    pub index: u64,
}

/// A tree that grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Largest first.
    roots: Vec<Hash>,
}

impl Frontier {
    /// From what was kept of it; none: a tree of this size has another frontier.
    pub fn new(size: u64, roots: Vec<Hash>) -> Option<Self> {
        let fits = usize::try_from(size.count_ones()).is_ok_and(|n| n == roots.len());
        fits.then_some(Self { size, roots })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Adds a leaf, by its hash, and tells each subtree that it completes, the smallest first.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(Subtree, &Hash)) {
        let mut hash = leaf;
        let mut subtree = Subtree { level: 0, index: self.size };
        completed(subtree, &hash);
        // Each trailing one of the size is a subtree that this completes to one of twice its size.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.roots.pop() else { break };
            hash = node(&left, &hash);
            subtree = Subtree { level: subtree.level + 1, index: subtree.index >> 1 };
            completed(subtree, &hash);
        }
        self.roots.push(hash);
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        root(&self.roots)
    }
}

/// Of complete subtrees that follow each other, the largest first.
fn root(roots: &[Hash]) -> Hash {
    roots.iter().rev().copied().reduce(|right, left| node(&left, &right)).unwrap_or_else(empty)
}

#[cfg(test)]
mod tests;
