//! Languages by code and by name.

use super::fold;

/// One language a line: its codes, its English and its Spanish names.
const TONGUES: &[&[&str]] = &[
    &["es", "spa", "spanish", "espanol", "castellano", "castilian"],
    &["en", "eng", "english", "ingles"],
    &["zh", "zho", "chi", "chinese", "chino", "mandarin", "cmn", "cantonese", "yue"],
    &["cmn", "mandarin"],
    &["yue", "cantonese", "cantones"],
    &["tl", "tgl", "fil", "tagalog", "filipino", "pilipino"],
    &["vi", "vie", "vietnamese", "vietnamita"],
    &["ko", "kor", "korean", "coreano"],
    &["ru", "rus", "russian", "ruso"],
    &["ar", "ara", "arabic", "arabe"],
    &["fr", "fra", "fre", "french", "frances"],
    &["ht", "hat", "haitian", "haitiano"],
    &["pt", "por", "portuguese", "portugues"],
    &["de", "deu", "ger", "german", "aleman"],
    &["it", "ita", "italian", "italiano"],
    &["ja", "jpn", "japanese", "japones"],
    &["hi", "hin", "hindi"],
    &["pa", "pan", "punjabi"],
    &["fa", "fas", "per", "farsi", "persian", "dari"],
    &["uk", "ukr", "ukrainian", "ucraniano"],
    &["pl", "pol", "polish", "polaco"],
    &["hmn", "hmong"],
    &["km", "khm", "khmer", "cambodian"],
    &["lo", "lao", "laotian"],
    &["so", "som", "somali"],
    &["am", "amh", "amharic"],
    &["sw", "swa", "swahili"],
    &["nv", "nav", "navajo"],
    &["sm", "smo", "samoan"],
    &["to", "ton", "tongan"],
    &["ase", "asl"],
];
const NO_NAME: &[&str] = &["language", "lengua", "idioma", "de", "and", "y"];

/// Each of these must be found, in one of its forms.
pub(crate) fn spoken(said: &str) -> Vec<Vec<String>> {
    let mut words = fold(said);
    let code = words.first().is_some_and(|first| (2..=3).contains(&first.len()));
    if code && said.contains('-') && !said.contains(' ') {
        // What follows is a script or a country.
        words.truncate(1);
    }
    words
        .retain(|word| !NO_NAME.contains(&word.as_str()) || word == "de" && said.trim().len() == 2);
    // The line that is named by the word: the first where several have it.
    let forms = |word: String| {
        let line = TONGUES.iter().find(|line| line.iter().take(3).any(|form| *form == word));
        let line = line.or_else(|| {
            TONGUES
                .iter()
                .filter(|line| line.contains(&word.as_str()))
                .min_by_key(|line| line.len())
        });
        line.map_or_else(|| vec![word], |line| line.iter().map(|form| (*form).to_owned()).collect())
    };
    words.into_iter().map(forms).collect()
}
