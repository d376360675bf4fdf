//! Between the contract and the domain. The contract's enums hold the kernel's codes in the same
//! order after UNSPECIFIED (a test holds them together), so a code is its index and one.

mod beside;
mod consent;
mod name;
mod time;

use kernel::{Code, CodeSet};

pub use beside::{
    court_order, person_facts, person_facts_court_order, person_facts_emergency,
    person_facts_restriction, restriction, restriction_terms,
};
pub use consent::{
    co_grantor, consent, consent_rule, consent_terms, grantor, grantor_to_wire,
    person_facts_consent,
};
pub use name::{
    agency_name, id_of, name_of, practitioner_from_name, practitioner_name, record_name,
};
pub use time::{instant, timestamp};

/// The contract's number of a code.
pub fn to_wire<C: Code>(code: C) -> i32 {
    i32::try_from(code.index()).map_or(0, |i| i.saturating_add(1))
}

/// The code of a contract's number; none for UNSPECIFIED and for numbers not known.
pub fn from_wire<C: Code>(number: i32) -> Option<C> {
    usize::try_from(number.checked_sub(1)?).ok().and_then(|i| C::ALL.get(i)).copied()
}

/// Codes of a set, in order.
pub fn set_to_wire<C: Code>(set: CodeSet<C>) -> Vec<i32> {
    set.iter().map(to_wire).collect()
}

/// A set from numbers; none where one of them is not a code: dropping it would widen a condition.
pub fn set_from_wire<C: Code>(numbers: &[i32]) -> Option<CodeSet<C>> {
    numbers.iter().map(|n| from_wire(*n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{common::v1 as pb, consent::v1 as pbc};

    fn agree<C: Code, E: TryFrom<i32>>(prefix: &str, name: impl Fn(E) -> &'static str) {
        for code in C::ALL {
            let number = to_wire(*code);
            let Ok(value) = E::try_from(number) else { panic!("{prefix}{code:?}") };
            assert_eq!(name(value), format!("{prefix}{}", code.code()));
            assert_eq!(from_wire::<C>(number), Some(*code));
        }
        let past = i32::try_from(C::ALL.len()).unwrap() + 1;
        assert!(E::try_from(past).is_err(), "{prefix} has more values than there are codes");
        assert_eq!(from_wire::<C>(past), None);
        assert_eq!(from_wire::<C>(0), None);
        assert_eq!(from_wire::<C>(-1), None);
    }

    #[test]
    fn every_enum_of_the_contract_is_the_domains_list_in_its_order() {
        use policy as p;
        agree::<kernel::Purpose, pb::Purpose>("PURPOSE_", |e| e.as_str_name());
        agree::<kernel::Action, pb::Action>("ACTION_", |e| e.as_str_name());
        agree::<kernel::Kind, pb::RecordKind>("RECORD_KIND_", |e| e.as_str_name());
        agree::<kernel::Class, pb::RecordClass>("RECORD_CLASS_", |e| e.as_str_name());
        agree::<kernel::Confidentiality, pb::Confidentiality>("CONFIDENTIALITY_", |e| {
            e.as_str_name()
        });
        agree::<kernel::Sensitivity, pb::Sensitivity>("SENSITIVITY_", |e| e.as_str_name());
        agree::<kernel::Sector, pb::Sector>("SECTOR_", |e| e.as_str_name());
        agree::<kernel::Role, pb::Role>("ROLE_", |e| e.as_str_name());
        agree::<p::BasisKind, pb::BasisKind>("BASIS_KIND_", |e| e.as_str_name());
        agree::<p::Obligation, pb::Obligation>("OBLIGATION_", |e| e.as_str_name());
        agree::<p::Redisclosure, pb::Redisclosure>("REDISCLOSURE_", |e| e.as_str_name());
        agree::<p::ConsentType, pbc::ConsentType>("CONSENT_TYPE_", |e| e.as_str_name());
        agree::<p::ConsentStatus, pbc::ConsentStatus>("CONSENT_STATUS_", |e| e.as_str_name());
        agree::<p::Effect, pbc::Effect>("EFFECT_", |e| e.as_str_name());
        agree::<p::Relationship, pb::Relationship>("RELATIONSHIP_", |e| e.as_str_name());
        agree::<p::PartKind, pbc::PartKind>("PART_KIND_", |e| e.as_str_name());
        agree::<p::Lack, pbc::PartLack>("PART_LACK_", |e| e.as_str_name());
        agree::<p::SignatureMethod, pbc::SignatureMethod>("SIGNATURE_METHOD_", |e| e.as_str_name());
        agree::<p::RestrictionStatus, pbc::RestrictionStatus>("RESTRICTION_STATUS_", |e| {
            e.as_str_name()
        });
        agree::<p::RestrictionReason, pbc::RestrictionReason>("RESTRICTION_REASON_", |e| {
            e.as_str_name()
        });
        agree::<p::RecipientClass, pbc::RecipientClass>("RECIPIENT_CLASS_", |e| e.as_str_name());
    }
}
