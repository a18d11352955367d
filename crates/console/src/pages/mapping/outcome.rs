//! What comes of a mapping and a sample, beside what comes of the mapping that is stored; or what is wrong, and where.

use rollcall_domain::mapping::MappingSettings;
use rollcall_domain::source::Source;
use rollcall_service::people::{Sample, Tried};
use serde_json::Value;

use super::super::request::ended;
use super::read;
use crate::Console;
use crate::answer::Failure;
use crate::guard::Visit;
use crate::text;
use crate::ui::json::{Fact, facts};
use crate::ui::{Difference, Trace};

/// What comes of it.
pub(super) enum Outcome {
    /// This.
    Made(Box<Made>),
    /// Nothing, for this.
    Wrong(Wrong),
}

/// A profile, and what it means.
pub(super) struct Made {
    pub(super) end: String,
    pub(super) profile: Vec<Fact>,
    /// To the profile that the stored mapping makes.
    pub(super) difference: Difference,
    pub(super) trace: Trace,
}

/// What is wrong.
#[derive(Debug)]
pub(super) struct Wrong {
    /// One line each.
    pub(super) lines: Vec<String>,
    /// The line that it is on, with a mark under the place.
    pub(super) excerpt: Option<String>,
}

impl Wrong {
    /// Something that is wrong with all of it; several are parted by `; `.
    pub(super) fn whole(text: &str) -> Self {
        Self { lines: text.split("; ").map(str::to_owned).collect(), excerpt: None }
    }

    /// What the reader of a text says, with line and column; `key` is what was read.
    pub(super) fn at(key: &str, error: &serde_json::Error, source: &str) -> Self {
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or(&reason).to_owned();
        let place = (error.line(), error.column());
        let line = source.lines().nth(place.0.saturating_sub(1)).unwrap_or_default();
        let mark = format!("{line}\n{}^", " ".repeat(place.1.saturating_sub(1)));
        Self {
            lines: vec![text::fill(key, &[&place.0, &place.1, &reason])],
            excerpt: (!line.is_empty()).then_some(mark),
        }
    }
}

impl Outcome {
    pub(super) fn wrong(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }

    pub(super) fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong(_))
    }

    /// Of what was typed, for this source. Nothing is written.
    ///
    /// # Errors
    ///
    /// What the person at the form can do nothing about.
    pub(super) async fn of(
        app: &Console,
        visit: &Visit,
        source: &Source,
        mapping: &str,
        sample: &str,
        is_group: bool,
    ) -> Result<Self, Failure> {
        let mapping = match read(mapping) {
            Ok(mapping) => mapping,
            Err(wrong) => return Ok(Self::Wrong(wrong)),
        };
        let payload: Value = match serde_json::from_str(sample) {
            Ok(payload) => payload,
            Err(error) => return Ok(Self::Wrong(Wrong::at("mapping.wrong_sample", &error, sample))),
        };
        let stored = tried(app, visit, source, source.settings.mapping.clone(), &payload, is_group).await;
        let made = match tried(app, visit, source, mapping, &payload, is_group).await {
            Ok(made) => made,
            Err(reason) => return Ok(Self::Wrong(Wrong::whole(&reason))),
        };
        // What the stored mapping cannot make is nothing to compare with.
        let before = stored.map_or(Value::Null, |stored| profile(&stored));
        let (end, trace) = ended(&made);
        let profile = profile(&made);
        Ok(Self::Made(Box::new(Made {
            end,
            difference: Difference::between(&before, &profile),
            profile: facts(&profile),
            trace: Trace::of(&trace),
        })))
    }
}

/// What this mapping makes of a sample, or why it makes nothing.
async fn tried(
    app: &Console,
    visit: &Visit,
    source: &Source,
    mapping: Option<MappingSettings>,
    payload: &Value,
    is_group: bool,
) -> Result<Tried, String> {
    let mut supposed = source.clone();
    // A source without mapping and policy makes nothing of anyone; here it is looked at as if it did.
    supposed.settings.mapping = Some(mapping.unwrap_or_default());
    let sample = Sample { payload: payload.clone(), method: "POST".to_owned(), is_group };
    app.service.try_out(visit.admin(), &supposed, sample).await.map_err(|error| error.told().1)
}

fn profile(tried: &Tried) -> Value {
    let profile = match tried {
        Tried::Decided(decided) => serde_json::to_value(&decided.profile),
        Tried::Group(profile, _) => serde_json::to_value(profile),
        Tried::Stopped(_) => Ok(Value::Null),
    };
    profile.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        let text = "{\n  \"profile\": {\n    \"maping\": {}\n  }\n}";
        let wrong = read(text).unwrap_err();
        assert!(wrong.lines[0].contains("line 3, column 12"), "{:?}", wrong.lines);
        assert!(wrong.lines[0].contains("unknown field `maping`"), "{:?}", wrong.lines);
        assert_eq!(wrong.excerpt.as_deref(), Some("    \"maping\": {}\n           ^"));
        assert!(read("  ").unwrap().is_none());
        assert!(read("{}").unwrap().is_some());
    }
}
