//! Syllables of Spanish words: each strong vowel (a, e, o, and every vowel with an accent) is one of
//! its own; a weak one (i, u, a final y) joins the vowels beside it. The u of que, qui, gue and gui
//! is silent.

pub(super) fn count(word: &str) -> u32 {
    let letters: Vec<char> = word.to_lowercase().chars().collect();
    let spoken = (0..letters.len()).map(|at| sound(&letters, at));
    let (mut syllables, mut in_group, mut strong) = (0, false, 0);
    for sound in spoken.chain([Sound::Consonant]) {
        match sound {
            Sound::Silent => {}
            Sound::Strong | Sound::Weak => {
                in_group = true;
                strong += u32::from(sound == Sound::Strong);
            }
            Sound::Consonant => {
                if in_group {
                    syllables += strong.max(1);
                }
                (in_group, strong) = (false, 0);
            }
        }
    }
    syllables.max(1)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sound {
    Strong,
    Weak,
    Silent,
    Consonant,
}

fn sound(letters: &[char], at: usize) -> Sound {
    let letter = |at: Option<usize>| at.and_then(|at| letters.get(at)).copied();
    let (before, after) = (letter(at.checked_sub(1)), letter(at.checked_add(1)));
    match letter(Some(at)) {
        Some('a' | 'e' | 'o' | 'á' | 'é' | 'í' | 'ó' | 'ú') => Sound::Strong,
        Some('u')
            if matches!(after, Some('e' | 'i' | 'é' | 'í'))
                && matches!(before, Some('q' | 'g')) =>
        {
            Sound::Silent
        }
        Some('i' | 'u' | 'ü') => Sound::Weak,
        Some('y') if after.is_none() => Sound::Weak,
        _ => Sound::Consonant,
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn words_have_the_syllables_that_grammar_counts() {
        for (syllables, words) in [
            (1, "y que muy con quien"),
            (2, "firmo guía tío leer viuda bajo agua"),
            (3, "cuidado agencia recibir vivienda vergüenzas"),
            (4, "información expediente negativa"),
            (5, "autorización consentimiento"),
        ] {
            for word in words.split(' ') {
                assert_eq!(count(word), syllables, "{word}");
            }
        }
    }
}
