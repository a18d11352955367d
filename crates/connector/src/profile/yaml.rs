//! A YAML document as JSON, with the line of every key.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, SpannedEventReceiver};
use serde_json::{Map, Number, Value};

/// Nested deeper than this is refused.
const MAX_DEPTH: usize = 32;
/// Values, with those that aliases repeat.
const MAX_VALUES: usize = 100_000;

/// A document and where its parts are.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) value: Value,
    /// Line, from 1, by key path such as `auth.authType` or `scopes[0]`.
    pub(super) lines: BTreeMap<String, usize>,
    /// What is wrong with it as YAML, each with line and key path.
    pub(super) faults: Vec<(usize, String, String)>,
}

/// Reads one document.
///
/// # Errors
///
/// Line and reason, when the text is not YAML.
pub(super) fn read(text: &str) -> Result<Document, (usize, String)> {
    let mut builder = Builder::default();
    Parser::new_from_str(text)
        .load(&mut builder, false)
        .map_err(|error: ScanError| (error.marker().line(), error.info().to_owned()))?;
    let value = builder.root.unwrap_or(Value::Null);
    Ok(Document { value, lines: builder.lines, faults: builder.faults })
}

/// The path of a key below another.
pub(super) fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

enum Open {
    List { items: Vec<Value>, path: String, anchor: usize },
    Object { members: Map<String, Value>, key: Option<(String, usize)>, path: String, anchor: usize },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Value>,
    lines: BTreeMap<String, usize>,
    anchors: HashMap<usize, Value>,
    faults: Vec<(usize, String, String)>,
    values: usize,
}

impl Builder {
    /// The key path that the next value gets.
    fn next_path(&self) -> String {
        match self.open.last() {
            None => String::new(),
            Some(Open::List { items, path, .. }) => format!("{path}[{}]", items.len()),
            Some(Open::Object { key, path, .. }) => {
                key.as_ref().map_or_else(|| path.clone(), |(key, _)| join(path, key))
            }
        }
    }

    fn fault(&mut self, line: usize, path: String, reason: &str) {
        self.faults.push((line, path, reason.to_owned()));
    }

    /// Whether the next scalar is a key.
    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Object { key: None, .. }))
    }

    fn key(&mut self, name: String, line: usize) {
        let Some(Open::Object { members, key, path, .. }) = self.open.last_mut() else { return };
        let (path, repeated) = (join(path, &name), members.contains_key(&name));
        *key = Some((name, line));
        self.lines.insert(path.clone(), line);
        if repeated {
            self.fault(line, path, "is there twice");
        }
    }

    fn value(&mut self, value: Value, line: usize) {
        self.values += size(&value);
        if self.values > MAX_VALUES {
            self.open.clear();
            return;
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List { items, path, .. }) => {
                self.lines.entry(format!("{path}[{}]", items.len())).or_insert(line);
                items.push(value);
            }
            Some(Open::Object { members, key, .. }) => {
                if let Some((key, _)) = key.take() {
                    members.insert(key, value);
                }
            }
        }
    }

    fn start(&mut self, opened: Open, line: usize) {
        let (Open::List { path, .. } | Open::Object { path, .. }) = &opened;
        let path = path.clone();
        self.lines.entry(path.clone()).or_insert(line);
        if self.wants_key() {
            self.fault(line, path, "has a key that is not text");
        } else if self.open.len() == MAX_DEPTH {
            self.fault(line, path, "is nested too deep");
        }
        self.open.push(opened);
    }

    fn end(&mut self, line: usize) {
        let (value, anchor) = match self.open.pop() {
            Some(Open::List { items, anchor, .. }) => (Value::Array(items), anchor),
            Some(Open::Object { members, anchor, .. }) => (Value::Object(members), anchor),
            None => return,
        };
        self.keep(anchor, &value);
        if self.wants_key() {
            // The fault was noted; the value that follows has nowhere else to go.
            self.key(String::new(), line);
        } else {
            self.value(value, line);
        }
    }

    fn keep(&mut self, anchor: usize, value: &Value) {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
    }
}

impl<'input> SpannedEventReceiver<'input> for Builder {
    fn on_event(&mut self, event: Event<'input>, span: Span) {
        let line = span.start.line();
        match event {
            Event::Scalar(text, style, anchor, _) => {
                if self.wants_key() {
                    self.key(text.into_owned(), line);
                } else {
                    let value = scalar(&text, style);
                    self.keep(anchor, &value);
                    self.value(value, line);
                }
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().unwrap_or(Value::Null);
                if self.wants_key() {
                    self.key(value.as_str().unwrap_or_default().to_owned(), line);
                } else {
                    self.value(value, line);
                }
            }
            Event::SequenceStart(anchor, _) => {
                let path = self.next_path();
                self.start(Open::List { items: Vec::new(), path, anchor }, line);
            }
            Event::MappingStart(anchor, _) => {
                let path = self.next_path();
                self.start(Open::Object { members: Map::new(), key: None, path, anchor }, line);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(line),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }
}

/// A plain scalar by YAML's core schema: null, booleans and numbers are not text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Value::Number(whole.into());
    }
    let numeric = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.'));
    let real = text.parse::<f64>().ok().filter(|_| numeric).and_then(Number::from_f64);
    real.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(size).sum::<usize>(),
        _ => 1,
    }
}
