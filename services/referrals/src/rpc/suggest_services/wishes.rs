//! What is looked for, from what fits the person best to what a consent covers at all.

use wire::{directory::v1::SearchServicesRequest, people::v1::StatedPreferences};

/// The search with all that the person prefers and is stated, with less and less of it, and with none of it; what
/// the request says itself stands.
pub(super) fn wishes(
    search: &SearchServicesRequest,
    prefers: &StatedPreferences,
) -> Vec<SearchServicesRequest> {
    let none = SearchServicesRequest {
        include_faith_based: search.include_faith_based || prefers.include_faith_based,
        ..search.clone()
    };
    let language = match prefers.language.split('-').next().unwrap_or_default() {
        // Spoken everywhere in this network, so few services state it.
        "en" | "eng" | "EN" | "ENG" => "",
        language => language,
    };
    let or = |given: &String, stated: &str| match given.is_empty() {
        true => stated.to_owned(),
        false => given.clone(),
    };
    let maybe = SearchServicesRequest { language: or(&search.language, language), ..none.clone() };
    // Otherwise what says nothing of languages would come with what speaks it.
    let strict = |wish: &SearchServicesRequest| SearchServicesRequest {
        only_stated: search.only_stated || *wish != none,
        ..wish.clone()
    };
    let spoken = strict(&maybe);
    let offered = strict(&SearchServicesRequest {
        cultural_offering: or(&search.cultural_offering, &prefers.cultural_offering),
        faith_offering: or(&search.faith_offering, &prefers.faith_offering),
        ..maybe.clone()
    });
    let interpreting = prefers.interpreting || !language.is_empty() && !prefers.no_interpreting;
    let interpreted = strict(&SearchServicesRequest {
        interpreting: search.interpreting || interpreting,
        ..none.clone()
    });
    let both = SearchServicesRequest {
        interpreting: search.interpreting || prefers.interpreting,
        only_stated: offered.only_stated || interpreted.only_stated,
        ..offered.clone()
    };
    let mut all: Vec<SearchServicesRequest> = Vec::new();
    for wish in [both, offered, spoken, interpreted, maybe] {
        if wish != none && !all.contains(&wish) {
            all.push(wish);
        }
    }
    all.push(none);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(prefers: &StatedPreferences) -> Vec<(String, bool, String, bool)> {
        let wishes = wishes(&SearchServicesRequest::default(), prefers);
        let told = |wish: SearchServicesRequest| {
            (wish.language, wish.interpreting, wish.cultural_offering, wish.only_stated)
        };
        wishes.into_iter().map(told).collect()
    }

    fn wish(
        language: &str,
        interpreting: bool,
        culture: &str,
        strict: bool,
    ) -> (String, bool, String, bool) {
        (language.to_owned(), interpreting, culture.to_owned(), strict)
    }

    #[test]
    fn the_plain_search_comes_last_and_once() {
        let nothing = StatedPreferences::default();
        assert_eq!(asked(&nothing), [wish("", false, "", false)]);
        let english = StatedPreferences { language: "eng-US".to_owned(), ..nothing.clone() };
        assert_eq!(asked(&english), [wish("", false, "", false)]);
        let deaf = StatedPreferences {
            language: "en".to_owned(),
            interpreting: true,
            cultural_offering: "Deaf".to_owned(),
            ..nothing.clone()
        };
        let all = [
            wish("", true, "Deaf", true),
            wish("", false, "Deaf", true),
            wish("", true, "", true),
            wish("", false, "", false),
        ];
        assert_eq!(asked(&deaf), all);
        let spanish = StatedPreferences { language: "es-MX".to_owned(), ..nothing.clone() };
        let all = [
            wish("es", false, "", true),
            wish("", true, "", true),
            wish("es", false, "", false),
            wish("", false, "", false),
        ];
        assert_eq!(asked(&spanish), all);
        let none = StatedPreferences { no_interpreting: true, ..spanish };
        let all =
            [wish("es", false, "", true), wish("es", false, "", false), wish("", false, "", false)];
        assert_eq!(asked(&none), all);
    }
}
