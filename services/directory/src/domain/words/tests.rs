use super::*;

fn said(text: &str) -> Vec<(String, Option<&'static str>)> {
    units(text).into_iter().map(|u| (u.said, u.need.map(|n| n.name))).collect()
}

#[test]
fn accents_and_capitals_do_not_matter_and_fillers_say_nothing() {
    let food = vec![("comida".to_owned(), Some("food"))];
    for text in ["comida", "COMIDA", "Necesito comida", "  ¿comida?", "ayuda con la comida"] {
        assert_eq!(said(text), food, "{text}");
    }
    assert_eq!(said("clases de inglés"), said("clases de ingles"));
    assert_eq!(said("ingle\u{301}s"), said("ingl\u{e9}s"));
    // Alone, a filler is the word that is asked for.
    assert_eq!(said("help"), [("help".to_owned(), None)]);
    assert_eq!(said(" % "), []);
}

#[test]
fn a_phrase_is_one_need_and_a_word_twice_is_asked_once() {
    assert_eq!(said("food bank"), [("food bank".to_owned(), Some("food"))]);
    let two = said("English classes near childcare");
    assert_eq!(
        two.iter().map(|(_, need)| *need).collect::<Vec<_>>(),
        [Some("English classes"), Some("childcare")]
    );
    assert_eq!(said("tax tax").len(), 1);
}

#[test]
fn needs_are_known_in_both_languages() {
    for (english, spanish) in [
        ("food", "comida"),
        ("housing", "vivienda"),
        ("clothing", "ropa"),
        ("job", "empleo"),
        ("job", "trabajo"),
        ("dentist", "dentista"),
        ("English classes", "inglés"),
        ("legal help", "ayuda legal"),
        ("shelter", "refugio"),
        ("shelter", "albergue"),
        ("treatment", "tratamiento"),
        ("detox", "desintoxicación"),
        ("counselling", "consejería"),
        ("transport", "transporte"),
        ("childcare", "guardería"),
        ("health", "salud"),
        ("medicine", "medicina"),
        ("showers", "duchas"),
    ] {
        let need = |text| said(text).into_iter().filter_map(|(_, need)| need).next();
        assert!(need(english).is_some(), "{english}");
        assert_eq!(need(english), need(spanish), "{spanish}");
    }
}

#[test]
fn every_word_is_folded_and_no_word_is_of_two_needs() {
    let mut seen = std::collections::BTreeMap::new();
    for need in NEEDS {
        assert!(!need.english.is_empty() && !need.said.is_empty(), "{}", need.name);
        for word in need.said {
            assert_eq!(fold(word).join(" "), *word);
            assert!(fold(word).len() <= PHRASE, "{word}");
            assert_eq!(seen.insert(*word, need.name), None, "{word}");
        }
        for code in need.codes {
            assert!(crate::hsds::meaning(code).is_some(), "{code}");
        }
    }
}

#[test]
fn a_misspelt_word_is_corrected_and_a_short_one_is_left_alone() {
    for (said, meant) in [
        ("comidaa", "comida"),
        ("shleter", "shelter"),
        ("vivenda", "vivienda"),
        ("dentsit", "dentist"),
    ] {
        let mut unit = Unit::new(said.to_owned(), None);
        unit.correct(&[]);
        assert_eq!(unit.meant.as_deref(), Some(meant), "{said}");
        assert!(unit.need.is_some(), "{said}");
    }
    let mut unit = Unit::new("libary".to_owned(), None);
    unit.correct(&["liberty".to_owned(), "library".to_owned()]);
    assert_eq!(unit.meant.as_deref(), Some("library"));
    for short in ["jbo", "bede", "quarantine"] {
        let mut unit = Unit::new(short.to_owned(), None);
        unit.correct(&["bedes".to_owned()]);
        assert_eq!(unit.meant, None, "{short}");
    }
}

#[test]
fn slips_are_counted_and_more_than_the_word_allows_is_none() {
    assert_eq!(slips("shleter", "shelter"), Some(1));
    assert_eq!(slips("shelter", "shelter"), None);
    assert_eq!(slips("sheltr", "shelters"), None);
    assert_eq!(slips("counsleing", "counselling"), Some(2));
}

#[test]
fn a_code_is_of_the_need_that_names_it_most_closely() {
    let name = |code| need_of_code(code).map(|need| need.name);
    assert_eq!(name("102-04"), Some("food"));
    assert_eq!(name("106-01-02"), Some("detox"));
    assert_eq!(name("106-02"), Some("dentist"));
    assert_eq!(name("1025"), None);
}

#[test]
fn a_language_is_known_by_its_code_and_its_names() {
    for said in ["es", "es-MX", "Spanish", "espa\u{f1}ol", "Castellano"] {
        assert!(spoken(said).iter().all(|any| any.contains(&"spanish".to_owned())), "{said}");
    }
    assert_eq!(spoken("Chinese (Mandarin)").len(), 2);
    assert_eq!(spoken("Mixteco"), [["mixteco"]]);
    assert_eq!(spoken(" "), [] as [Vec<String>; 0]);
}
