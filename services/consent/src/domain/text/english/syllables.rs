//! Syllables of English words, by a rule of thumb: a group of vowels (a, e, i, o, u, y) is one, and
//! an e that is written and not spoken is none: the last of "care", "notes" or "shared", but not of
//! "people" (-le after a consonant), "places" (-es after a hiss) or "needed" (-ed after t or d).
//! Vowels side by side in two syllables ("client") are counted as one.

pub(super) fn count(word: &str) -> u32 {
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    let groups = letters.chunk_by(|a, b| is_vowel(*a) == is_vowel(*b));
    let groups: u32 =
        groups.map(|group| u32::from(group.first().is_some_and(|c| is_vowel(*c)))).sum();
    groups.saturating_sub(u32::from(ends_silent(&letters))).max(1)
}

fn is_vowel(letter: char) -> bool {
    matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

fn ends_silent(letters: &[char]) -> bool {
    match letters {
        [.., before, 'l', 'e'] | [.., before, 'l', 'e', 's' | 'd'] if !is_vowel(*before) => false,
        [.., 's' | 'c', 'h', 'e', 's'] => false,
        [.., before, 'e', 's'] => {
            !is_vowel(*before) && !matches!(before, 's' | 'x' | 'z' | 'c' | 'g')
        }
        [.., before, 'e', 'd'] => !is_vowel(*before) && !matches!(before, 't' | 'd'),
        [.., before, 'e'] => !is_vowel(*before),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn words_have_the_syllables_that_people_count() {
        for (syllables, words) in [
            (1, "I the care shared notes they rules where signed HIV"),
            (2, "people places needed agree housing consent payment refuse changes"),
            (3, "refusal agency family beginning"),
            (4, "information operations"),
        ] {
            for word in words.split(' ') {
                assert_eq!(count(word), syllables, "{word}");
            }
        }
    }
}
