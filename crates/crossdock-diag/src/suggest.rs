//! "Did you mean": the nearest of the words that would have been right.
//! Here: the choice and how lists of words read. Not here: who asks.

/// The candidate nearest to `word`, if it is near enough to be a slip of the hand and not another word.
///
/// Near enough: at most one edit in three characters (an exchange of neighbours is one), or the same word in other case or with
/// other separators. The word itself is never suggested.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == word {
            continue;
        }
        let distance = distance(&plain, candidate);
        let allowed = plain.chars().count().max(candidate.chars().count()).div_ceil(3).min(4);
        // Strictly smaller, so that of equals the first listed wins and the answer does not depend on luck.
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn distance(plain_word: &str, candidate: &str) -> usize {
    let candidate = plain(candidate);
    if candidate.len() > 3
        && plain_word.len() > 3
        && (candidate.starts_with(plain_word) || plain_word.starts_with(&candidate))
    {
        // `facilities` for `facility`, `timeout` for `timeout_ms`: a beginning counts as near.
        return 1;
    }
    strsim::osa_distance(plain_word, &candidate)
}

/// Lower case, without `_`, `-` and spaces.
fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// "`a`, `b`, `c`", and after `most` of them "… and 12 more".
pub fn list_of<'a>(words: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    if words.len() <= most + 1 {
        return words.join(", ");
    }
    format!("{} … and {} more", words[..most].join(", "), words.len() - most)
}
