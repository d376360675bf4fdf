//! An explanation in plain words, made from its codes alone. "You" is the person whose records these
//! are.

mod english;
mod spanish;

use policy::{BasisKind, Bearing, Explanation, Lack, Part, PartKind, Reason};

use super::text::Language;

/// What a language supplies. What is left out does not compile.
trait Words {
    /// What has a part, as a sentence begins.
    fn part(&self, kind: PartKind) -> &'static str;
    /// What is lacking, as a sentence ends.
    fn lack(&self, lack: Lack) -> &'static str;
    fn basis(&self, basis: BasisKind) -> &'static str;
    fn reason(&self, reason: Reason) -> &'static str;
    /// `{part}` and `{lack}` stand for these.
    fn bearing(&self, bearing: Bearing) -> &'static str;
}

fn words(language: Language) -> &'static dyn Words {
    match language {
        Language::English => &english::English,
        Language::Spanish => &spanish::Spanish,
    }
}

/// The whole: whether, and why.
pub fn in_words(language: Language, explanation: &Explanation) -> &'static str {
    let words = words(language);
    match &explanation.finding {
        Ok(opened) => words.basis(opened.basis),
        Err(refused) => words.reason(refused.reason),
    }
}

/// One part of it.
pub fn part_in_words(language: Language, part: &Part) -> String {
    let words = words(language);
    let lack = part.bearing.lack().map(|lack| words.lack(lack)).unwrap_or_default();
    words.bearing(part.bearing).replace("{part}", words.part(part.kind)).replace("{lack}", lack)
}

#[cfg(test)]
mod tests {
    use kernel::Code as _;

    use super::*;

    #[test]
    fn every_code_has_words_in_every_language_and_no_two_languages_share_them() {
        let all = |language| {
            let words = words(language);
            let mut said: Vec<&'static str> = Vec::new();
            said.extend(PartKind::ALL.iter().map(|code| words.part(*code)));
            said.extend(Lack::ALL.iter().map(|code| words.lack(*code)));
            said.extend(BasisKind::ALL.iter().map(|code| words.basis(*code)));
            said.extend(Reason::ALL.iter().map(|code| words.reason(*code)));
            said
        };
        let (english, spanish) = (all(Language::English), all(Language::Spanish));
        for (one, other) in english.iter().zip(&spanish) {
            assert!(!one.is_empty() && !other.is_empty() && one != other, "{one} / {other}");
            assert!(!one.contains('_') && !other.contains('_'), "{one} / {other}");
        }
    }

    #[test]
    fn a_part_reads_as_a_sentence() {
        let part = |kind, bearing| Part { kind, id: None, rule: None, bearing };
        let lacking = part(PartKind::ConsentPermit, Bearing::WouldOpenBut(Lack::Purpose));
        assert_eq!(
            part_in_words(Language::English, &lacking),
            "A consent of yours would allow this, but it is for another purpose."
        );
        assert_eq!(
            part_in_words(Language::Spanish, &part(PartKind::Restriction, Bearing::Refuses)),
            "Una restricción que usted pidió lo impide."
        );
    }
}
