//! The words of a name: identifiers, metrics, paths and messages are compared word by word.

/// `HTTPCode_Target_5XXCount` → `http code target 5xx count`. Whole words, so that `age` is not found in `usage`.
pub(crate) fn of(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| characters[before]);
        let after_lower = before.is_some_and(char::is_lowercase) && character.is_uppercase();
        // The last capital of a run begins the next word: `XXCount` is `xx count`.
        let ends_run = before.is_some_and(char::is_uppercase)
            && character.is_uppercase()
            && characters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if !character.is_alphanumeric() || after_lower || ends_run {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The beginning of a word that its forms share, roughly: `mappings` and `mapped` are `mapp`, `queries` and `query` are
/// `quer`. It is for comparing, not for showing. After the suffix list of Porter's stemmer (1980), its first step only.
pub(crate) fn stem(word: &str) -> &str {
    const ENDINGS: [&str; 12] = ["ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "s", "y"];
    let long_enough = |rest: &&str| rest.chars().count() >= 3;
    let rest = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending).filter(long_enough)).unwrap_or(word);
    rest.strip_suffix('e').filter(long_enough).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &[&str]) {
        assert_eq!(of(name), expected, "{name}");
    }

    #[test]
    fn names_fall_into_words() {
        check("HTTPCode_Target_5XXCount", &["http", "code", "target", "5xx", "count"]);
        check("pkg/store/orderWriter.go", &["pkg", "store", "order", "writer", "go"]);
        check("http_server_p99_ms", &["http", "server", "p99", "ms"]);
        check("", &[]);
        check("Ärger im Übermaß", &["ärger", "im", "übermaß"]);
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for (one, other) in [
            ("queries", "query"),
            ("writer", "writes"),
            ("registers", "register"),
            ("caches", "caching"),
            ("cache", "cached"),
        ] {
            assert_eq!(stem(one), stem(other), "{one} and {other}");
        }
        assert_eq!(stem("bus"), "bus");
        assert_eq!(stem("ärger"), "ärg");
    }
}
