//! `.baton.yaml`: keys that are flags, values that are texts or lists of texts.

use std::path::Path;

use saphyr_parser::{Event, Parser};

use super::{Given, SETTINGS, checked};
use crate::ConfigError;

/// What the file gives, and the keys that mean nothing here.
pub(super) fn parse(path: &Path, text: &str) -> Result<(Given, Vec<String>), ConfigError> {
    let malformed = |line: usize, reason: &str| ConfigError::Malformed {
        path: path.to_owned(),
        reason: format!("line {line}: {reason}"),
    };
    let mut given = Given::new();
    let mut unknown = Vec::new();
    for (key, values, line) in entries(text).map_err(|(line, reason)| malformed(line, &reason))? {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == key) else {
            unknown.push(key);
            continue;
        };
        let values = values.ok_or_else(|| malformed(line, &format!("{key}: a text is wanted")))?;
        let checked = values.into_iter().map(|text| checked(setting, &key, text));
        given.insert(setting.name, checked.collect::<Result<_, _>>()?);
    }
    Ok((given, unknown))
}

/// A key, its texts (`None` when it has something else), and its line.
type Entry = (String, Option<Vec<String>>, usize);

/// The keys of the one object of a document.
fn entries(text: &str) -> Result<Vec<Entry>, (usize, String)> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut depth = 0_usize;
    let mut key: Option<(String, usize)> = None;
    let mut texts: Option<Vec<String>> = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| (error.marker().line(), error.info().to_owned()))?;
        let line = span.start.line();
        let complete = match (depth, event) {
            (0, Event::MappingStart(..)) => {
                depth = 1;
                continue;
            }
            (0, Event::Scalar(value, ..)) if is_null(&value) => continue,
            (0, Event::Scalar(..) | Event::SequenceStart(..)) => {
                return Err((line, "keys and values are wanted".to_owned()));
            }
            (1, Event::Scalar(value, ..)) if key.is_none() => {
                key = Some((value.into_owned(), line));
                continue;
            }
            (1, Event::Scalar(value, ..)) => {
                Some(if is_null(&value) { Vec::new() } else { vec![value.into_owned()] })
            }
            (1, Event::SequenceStart(..)) => {
                (depth, texts) = (2, Some(Vec::new()));
                continue;
            }
            (1, Event::Alias(_)) => None,
            (2, Event::SequenceEnd | Event::MappingEnd) => {
                depth = 1;
                texts.take()
            }
            (2, Event::Scalar(value, ..)) => {
                if let Some(texts) = &mut texts {
                    texts.push(value.into_owned());
                }
                continue;
            }
            (1.., Event::SequenceStart(..) | Event::MappingStart(..)) => {
                (depth, texts) = (depth + 1, None);
                continue;
            }
            (1.., Event::SequenceEnd | Event::MappingEnd) => {
                depth -= 1;
                continue;
            }
            _ => continue,
        };
        let (key, line) = key.take().ok_or_else(|| (line, "a key is a text".to_owned()))?;
        entries.push((key, complete, line));
    }
    Ok(entries)
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null")
}
