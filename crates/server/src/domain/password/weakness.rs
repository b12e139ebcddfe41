//! What makes a long password easy to guess.

use zeroize::Zeroizing;

use super::WeakPassword;
use super::common::is_listed;
use crate::domain::email::Email;

/// The name of this service, which people like to put into its password.
const SERVICE: &str = "jotgate";

/// What has to be left of a password besides the person's own words, in letters and digits.
const ENOUGH_BESIDES: usize = 8;

/// A unit up to this length, repeated, is a repetition and not a phrase.
const SHORT_UNIT: usize = 4;

/// Runs of neighbouring characters this long on average make a sequence.
const LONG_RUN: usize = 4;

/// No two common passwords are longer together.
const LONGEST_PAIR: usize = 40;

/// Looks for the plainest reason first. The text and whatever is made of it are wiped.
pub(super) fn find(text: &str, email: &Email, name: Option<&str>) -> Option<WeakPassword> {
    let lower: Zeroizing<Vec<char>> = Zeroizing::new(text.chars().flat_map(char::to_lowercase).collect());
    let unit = repeated_unit(&lower);
    if unit.len() < lower.len() && unit.len() <= SHORT_UNIT {
        Some(WeakPassword::Repetition)
    } else if is_sequence(&lower) || (unit.len() < lower.len() && is_sequence(unit)) {
        Some(WeakPassword::Sequence)
    } else if is_common(&lower) || is_common(unit) {
        Some(WeakPassword::Common)
    } else if is_own(&lower, email, name) {
        Some(WeakPassword::OwnWords)
    } else {
        None
    }
}

/// The shortest beginning that, repeated, gives the whole text; the last time may be cut short. The text itself when
/// there is none.
fn repeated_unit(text: &[char]) -> &[char] {
    let repeats = |unit: &usize| text.iter().zip(text.iter().skip(*unit)).all(|(a, b)| a == b);
    let unit = (1..=text.len() / 2).find(repeats).unwrap_or(text.len());
    text.get(..unit).unwrap_or(text)
}

/// Whether the text consists of a few runs of the same or of neighbouring characters: `abcdefgh12345678`.
fn is_sequence(text: &[char]) -> bool {
    let mut runs = 1;
    // The ways in which all steps of the current run can be read: `op` is up the alphabet and right on the keyboard.
    let mut ways = [true; WAYS];
    for (a, b) in text.iter().zip(text.iter().skip(1)) {
        let still = std::array::from_fn(|way| ways[way] && leads(way, *a, *b));
        let goes_on = still.contains(&true);
        runs += usize::from(!goes_on);
        ways = if goes_on { still } else { [true; WAYS] };
    }
    runs * LONG_RUN <= text.len()
}

/// How one character can follow another: the same, up or down the alphabet, right or left on the keyboard.
const WAYS: usize = 5;

/// Whether the step from `a` to `b` goes this way.
fn leads(way: usize, a: char, b: char) -> bool {
    match way {
        0 => a == b,
        1 => follows(a, b),
        2 => follows(b, a),
        3 => beside(a, b),
        _ => beside(b, a),
    }
}

/// Whether `b` comes right after `a`, 0 after 9.
fn follows(a: char, b: char) -> bool {
    u32::from(b) == u32::from(a) + 1 || (a, b) == ('9', '0')
}

/// Whether the right one of two keys stands beside the left one, on a keyboard of the common layouts.
fn beside(left: char, right: char) -> bool {
    const ROWS: [&str; 6] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "qsdfghjklm"];
    ROWS.iter().any(|row| row.chars().zip(row.chars().skip(1)).any(|pair| pair == (left, right)))
}

/// Whether the text, with or without the digits and marks around it, is on the list, or is two that are.
fn is_common(text: &[char]) -> bool {
    let mut word = Zeroizing::new(String::with_capacity(text.len() * 4));
    word.extend(text);
    let core = word.trim_matches(|c: char| !c.is_alphabetic());
    let pair = |(at, _)| word.split_at_checked(at).is_some_and(|(one, two)| is_listed(one) && is_listed(two));
    is_listed(&word) || is_listed(core) || (text.len() <= LONGEST_PAIR && word.char_indices().any(pair))
}

/// Whether too little is left when the person's own words are taken away, or only a common password.
fn is_own(text: &[char], email: &Email, name: Option<&str>) -> bool {
    let mut rest = Zeroizing::new(String::with_capacity(text.len() * 4));
    rest.extend(text);
    let whole = rest.len();
    for word in own_words(email, name) {
        cut_out(&mut rest, &word);
    }
    let letters: Zeroizing<Vec<char>> = Zeroizing::new(rest.chars().filter(|c| c.is_alphanumeric()).collect());
    rest.len() < whole && (letters.len() < ENOUGH_BESIDES || is_sequence(&letters) || is_common(&letters))
}

/// The words a person would be known by, longest first so that a part does not hide the whole.
fn own_words(email: &Email, name: Option<&str>) -> Vec<String> {
    let texts = [email.key(), email.display(), name.unwrap_or_default(), SERVICE].map(str::to_lowercase);
    let parts = texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let mut words: Vec<String> = parts.chain(texts.iter().map(String::as_str)).map(str::to_owned).collect();
    words.retain(|word| word.chars().count() >= 3);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// Takes the word out of the text wherever it stands, without leaving copies of the text behind.
fn cut_out(text: &mut String, word: &str) {
    while let Some(at) = text.find(word) {
        text.replace_range(at..at + word.len(), "\u{20}");
    }
}

#[cfg(test)]
mod tests {
    use super::repeated_unit;

    #[test]
    fn the_repeated_unit_is_the_shortest() {
        let unit = |text: &str| repeated_unit(&text.chars().collect::<Vec<_>>()).iter().collect::<String>();
        assert_eq!(unit("aaaa"), "a");
        assert_eq!(unit("abcabcab"), "abc");
        assert_eq!(unit("abcd"), "abcd");
        assert_eq!(unit(""), "");
    }
}
