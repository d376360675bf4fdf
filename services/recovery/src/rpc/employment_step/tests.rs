use EmployerTold as T;
use EmploymentDisclosureChoice as C;

use super::*;

fn choosing(choice: C) -> Option<pb::EmploymentDisclosure> {
    Some(pb::EmploymentDisclosure { choice: choice.into(), words: None })
}

#[test]
fn an_employer_is_told_exactly_what_was_chosen_for_it_or_nothing() {
    let told = [T::Nothing, T::ThatThereIsSupport, T::WhatThePersonSays];
    for (choice, may) in [
        (C::Unspecified, [true, false, false]),
        (C::Nothing, [true, false, false]),
        (C::ThatIHaveSupport, [true, true, false]),
        (C::WhatISay, [true, false, true]),
    ] {
        let general = pb::EmploymentPlanContent {
            disclosure: choosing(choice),
            ..pb::EmploymentPlanContent::default()
        };
        let single = pb::EmploymentPlanContent {
            disclosure: choosing(C::WhatISay),
            employer_disclosures: vec![pb::EmployerDisclosure {
                employer: "Corner Cafe".into(),
                disclosure: choosing(choice),
            }],
            ..pb::EmploymentPlanContent::default()
        };
        for (told, may) in told.into_iter().zip(may) {
            assert_eq!(may_be_told(&general, "corner cafe", told), may, "{choice:?} {told:?}");
            assert_eq!(may_be_told(&single, " CORNER  cafe", told), may, "{choice:?} {told:?}");
        }
        assert!(may_be_told(&single, "another", T::WhatThePersonSays));
        assert!(!may_be_told(&single, "another", T::Unspecified));
    }
    assert!(!may_be_told(&pb::EmploymentPlanContent::default(), "a", T::ThatThereIsSupport));
}
