//! One case in the conformance format, changed in one place.

use policy::cases::check_file;
use serde_json::{Value, json};

/// The case with `value` at `pointer`, made where it is not there yet.
pub fn with(mut case: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match case.pointer_mut(parent).expect("a place") {
        Value::Array(list) if key == "-" => list.push(value),
        place => place[key] = value,
    }
    case
}

/// The case without what is at `pointer`.
pub fn without(mut case: Value, pointer: &str) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let place = case.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    assert!(place.remove(key).is_some(), "nothing at {pointer}");
    case
}

/// Runs it, expecting this.
pub fn expect(case: &Value, expected: Value) {
    let case = with(case.clone(), "/expect", expected);
    let file = json!({"format": 1, "cases": [case]}).to_string();
    let report = check_file(file.as_bytes()).expect("in the format");
    assert_eq!(report.failed(), 0, "{report}{case:#}");
}
