//! Proofs: which hashes they are made of, and whether they hold (RFC 6962 2.1, RFC 9162 2.1).

use super::{Hash, Subtree, node, root};

/// Leaves in a row, from number `begin` up to and without `end`, that a proof names by one hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub begin: u64,
    pub end: u64,
}

impl Span {
    /// The complete subtrees that it consists of, largest first.
    pub fn subtrees(self) -> Vec<Subtree> {
        let mut at = self.begin;
        let mut all = Vec::new();
        while at < self.end {
            // A span of a proof begins where a subtree as large as the span could.
            let level = (self.end - at).ilog2();
            all.push(Subtree { level, index: at >> level });
            at += 1 << level;
        }
        all
    }

    /// Its hash, from those of its subtrees.
    pub fn hash(subtrees: &[Hash]) -> Hash {
        root(subtrees)
    }
}

/// What proves that leaf `index` is in the tree of `size` leaves, from the leaf upward.
pub fn inclusion(index: u64, size: u64) -> Vec<Span> {
    let mut path = Vec::new();
    let mut within = Span { begin: 0, end: size };
    if index >= size {
        return path;
    }
    while let Some((left, right)) = halves(within) {
        let (holds, other) = if index < right.begin { (left, right) } else { (right, left) };
        path.push(other);
        within = holds;
    }
    path.reverse();
    path
}

/// What proves that the tree of `first` leaves is the beginning of that of `second`.
pub fn consistency(first: u64, second: u64) -> Vec<Span> {
    let mut path = Vec::new();
    if first == 0 || first >= second {
        return path;
    }
    let mut within = Span { begin: 0, end: second };
    // The old tree, as far as it has not been named.
    let mut whole = true;
    while within.end != first {
        let Some((left, right)) = halves(within) else { break };
        if first <= right.begin {
            path.push(right);
            within = left;
        } else {
            path.push(left);
            within = right;
            whole = false;
        }
    }
    if !whole {
        path.push(within);
    }
    path.reverse();
    path
}

/// The left one as large as it can be, complete and smaller than the whole.
fn halves(span: Span) -> Option<(Span, Span)> {
    let leaves = span.end - span.begin;
    let most = leaves.checked_sub(1).filter(|most| *most > 0)?;
    let middle = span.begin + (1 << most.ilog2());
    Some((Span { end: middle, ..span }, Span { begin: middle, ..span }))
}

/// Whether `proof` shows that the leaf with this hash is number `index` of the tree (RFC 9162 2.1.3.2).
pub fn inclusion_holds(leaf: &Hash, index: u64, size: u64, proof: &[Hash], head: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for other in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(other, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, other);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *head
}

/// Whether `proof` shows that the tree of `first` leaves is the beginning of that of `second` (RFC 9162
/// 2.1.4.2).
pub fn consistency_holds(
    (first, first_head): (u64, &Hash),
    (second, second_head): (u64, &Hash),
    proof: &[Hash],
) -> bool {
    if first > second {
        return false;
    }
    if first == second || first == 0 {
        let same =
            if first == 0 { *first_head == super::empty() } else { first_head == second_head };
        return same && proof.is_empty();
    }
    // Where the old tree is complete its own hash begins the proof, and is left out of it.
    let (begin, rest) = match (first.is_power_of_two(), proof.split_first()) {
        (true, _) => (*first_head, proof),
        (false, Some((begin, rest))) => (*begin, rest),
        (false, None) => return false,
    };
    let (mut at, mut last) = (first - 1, second - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (begin, begin);
    for other in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node(other, &old);
            new = node(other, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node(&new, other);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == *first_head && new == *second_head
}
