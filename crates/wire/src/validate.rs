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
