//! Durations as they are typed.

/// `90d`, `12h`, `30m` or `45s` in milliseconds.
pub(super) fn duration_ms(text: &str) -> Result<i64, String> {
    let units = [('s', 1_000), ('m', 60_000), ('h', 3_600_000), ('d', 86_400_000)];
    let unit = units.into_iter().find(|(name, _)| text.ends_with(*name));
    let number = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse::<u32>().ok());
    match (unit, number) {
        (Some((_, ms)), Some(number)) => Ok(i64::from(number) * ms),
        _ => Err("write a number and s, m, h or d, such as 90d".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, ms) in
            [("45s", Some(45_000)), ("90d", Some(7_776_000_000)), ("d", None), ("1y", None), ("-1d", None)]
        {
            assert_eq!(duration_ms(text).ok(), ms, "{text}");
        }
    }
}
