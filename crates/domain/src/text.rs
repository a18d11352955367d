//! Text that is shown, or kept to be shown.

/// So many characters of it at most, and a mark where it goes on.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_is_cut_between_characters() {
        for (text, most, expected) in [("", 0, ""), ("äö", 2, "äö"), ("äöü", 2, "äö…"), ("abc", 0, "…")]
        {
            assert_eq!(cut(text, most), expected);
        }
    }
}
