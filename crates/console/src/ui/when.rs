//! A moment, in words beside its exact time.

use askama::Template;
use rollcall_domain::clock::Timestamp;

use crate::text;

/// A moment: `3 minutes ago`, with the exact time in UTC as its title.
#[derive(Debug, Clone, Template)]
#[template(source = "<time datetime=\"{{ exact }}\" title=\"{{ exact }}\">{{ words }}</time>", ext = "html")]
pub(crate) struct When {
    exact: String,
    words: String,
}
super::part!(When);

/// Milliseconds of each unit, with the keys of one of it and of several.
const UNITS: [(i64, &str, &str); 4] = [
    (86_400_000, "when.day", "when.days"),
    (3_600_000, "when.hour", "when.hours"),
    (60_000, "when.minute", "when.minutes"),
    (1_000, "when.second", "when.seconds"),
];

impl When {
    /// As seen from `now`. Further than 30 days away, it is the date.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        let exact = at.to_string();
        let away = (now.0 - at.0).abs();
        let words = match UNITS.iter().find(|(unit, _, _)| away >= *unit) {
            None => text::t("when.now").to_owned(),
            Some((unit, _, _)) if *unit == 86_400_000 && away > 30 * unit => {
                exact.get(..10).unwrap_or_default().to_owned()
            }
            Some((unit, one, several)) => {
                let count = away / unit;
                let span = text::fill(if count == 1 { one } else { several }, &[&count]);
                text::fill(if at < now { "when.ago" } else { "when.ahead" }, &[&span])
            }
        };
        Self { exact, words }
    }

    /// The same, where there is one.
    pub(crate) fn maybe(at: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        at.map(|at| Self::new(at, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_said_in_their_largest_unit() {
        let now = Timestamp(1_795_311_021_250);
        for (away, words) in [
            (0, "just now"),
            (3_000, "3 seconds ago"),
            (61_000, "1 minute ago"),
            (-7_200_000, "in 2 hours"),
            (5 * 86_400_000, "5 days ago"),
            (40 * 86_400_000, "2026-10-13"),
        ] {
            let shown = When::new(Timestamp(now.0 - away), now);
            assert_eq!(shown.words, words);
            assert!(shown.render().unwrap().contains("datetime=\"2026-"));
        }
    }
}
