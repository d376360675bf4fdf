//! The contract's `buf.validate` annotations, enforced.

/// One broken constraint, as `google.rpc.BadRequest` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field's path, such as `labels.sensitivities[2]`.
    pub field: String,
    /// The constraint, without the value: a value may be personal data.
    pub description: String,
}

impl Violation {
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into() }
    }
}

/// Every violation of the contract's annotations, at most 100.
pub fn validate<M: prost_protovalidate::Validate>(message: &M) -> Vec<Violation> {
    match message.validate() {
        Ok(()) => Vec::new(),
        Err(error) => error
            .violations()
            .iter()
            .take(100)
            .map(|v| {
                let rule = if v.message().is_empty() { v.rule_id() } else { v.message() };
                Violation::new(v.field_path(), rule)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use prost_protovalidate::Validate as _;

    use super::*;
    use crate::consent::v1::{ConsentTerms, DraftConsentRequest, Rule};
    use crate::directory::v1::SearchServicesRequest;

    #[test]
    fn what_is_made_of_a_refusal_does_not_grow_with_what_is_wrong() {
        let support_kinds = vec![0; 16_000];
        let search = SearchServicesRequest { support_kinds, ..SearchServicesRequest::default() };
        let rule = Rule { purposes: vec![-1; 1_000], actions: vec![-1; 1_000], ..Rule::default() };
        let exceptions = vec![rule; 100];
        let terms = Some(ConsentTerms { exceptions, ..ConsentTerms::default() });
        let draft = DraftConsentRequest { terms, ..DraftConsentRequest::default() };
        for error in [search.validate().unwrap_err(), draft.validate().unwrap_err()] {
            let made = error.violations().len();
            assert!((100..300).contains(&made), "{made}");
        }
        assert_eq!(validate(&search).len(), 100);
    }
}
