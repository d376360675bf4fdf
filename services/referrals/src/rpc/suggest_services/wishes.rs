//! What is looked for, from what fits the person best to what a consent covers at all.

use wire::{directory::v1::SearchServicesRequest, people::v1::StatedPreferences};

/// The search with all that the person prefers, with less and less of it, and with none of it; what the request
/// says itself stands.
pub(super) fn wishes(
    search: &SearchServicesRequest,
    prefers: &StatedPreferences,
) -> Vec<SearchServicesRequest> {
    let none = SearchServicesRequest {
        include_faith_based: search.include_faith_based || prefers.include_faith_based,
        ..search.clone()
    };
    let language = prefers.language.split('-').next().unwrap_or_default();
    // Spoken everywhere in this network, so few services state it.
    let language = if language.eq_ignore_ascii_case("en") { "" } else { language };
    let or = |given: &String, stated: &str| match given.is_empty() {
        true => stated.to_owned(),
        false => given.clone(),
    };
    let spoken = SearchServicesRequest { language: or(&search.language, language), ..none.clone() };
    let offered = SearchServicesRequest {
        cultural_offering: or(&search.cultural_offering, &prefers.cultural_offering),
        faith_offering: or(&search.faith_offering, &prefers.faith_offering),
        ..spoken.clone()
    };
    let interpreted = SearchServicesRequest {
        interpreting: search.interpreting || prefers.interpreting || !language.is_empty(),
        ..none.clone()
    };
    let both = SearchServicesRequest { interpreting: interpreted.interpreting, ..offered.clone() };
    let mut all: Vec<SearchServicesRequest> = Vec::new();
    for wish in [both, offered, spoken, interpreted, none] {
        if all.last() != Some(&wish) {
            all.push(wish);
        }
    }
    all
}
