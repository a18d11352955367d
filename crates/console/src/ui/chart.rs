//! Charts as SVG, drawn here: no script, no style in the page, and the same in words for those who do not see them.

use std::fmt::Write as _;

use askama::Template;

/// The drawing, without what is around it.
const LEFT: f64 = 44.0;
const TOP: f64 = 8.0;
const WIDTH: f64 = 548.0;
const HEIGHT: f64 = 104.0;

/// Lines over the same time.
#[derive(Debug, Clone, Template)]
#[template(path = "ui/chart.html")]
pub(crate) struct Chart {
    id: String,
    title: String,
    words: String,
    /// From the top: the height and the value of the greatest, of half of it, and of none.
    scale: [(f64, String); 3],
    begin: String,
    end: String,
    lines: Vec<Line>,
}
super::part!(Chart);

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    number: usize,
    name: String,
    points: String,
}

/// Values, the oldest first; `None` where there is none.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
}

impl Chart {
    /// `id` is unique in the page; `words` say what the lines say; `begin` and `end` are under the axis.
    pub(crate) fn new(
        id: String,
        title: String,
        words: String,
        (begin, end): (String, String),
        series: &[Series],
    ) -> Self {
        let values = series.iter().flat_map(|one| one.values.iter().flatten());
        let most = ceiling(values.fold(0.0, |most: f64, value| most.max(*value)));
        let line = |(at, one): (usize, &Series)| Line {
            number: at + 1,
            name: one.name.clone(),
            points: points(&one.values, most),
        };
        Self {
            id,
            title,
            words,
            scale: [most, most / 2.0, 0.0].map(|value| (height(value, most), label(value))),
            begin,
            end,
            lines: series.iter().enumerate().map(line).collect(),
        }
    }
}

fn height(value: f64, most: f64) -> f64 {
    TOP + HEIGHT - HEIGHT * value / most
}

/// A round number that is not less, for the end of the scale.
fn ceiling(most: f64) -> f64 {
    if most <= 1.0 {
        return 1.0;
    }
    let unit = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.into_iter().map(|step| step * unit).find(|top| *top >= most).unwrap_or(most)
}

fn label(value: f64) -> String {
    if value >= 10_000.0 { format!("{}k", value / 1_000.0) } else { value.to_string() }
}

#[expect(clippy::cast_precision_loss, reason = "a place on a screen")]
fn points(values: &[Option<f64>], most: f64) -> String {
    let step = WIDTH / (values.len().max(2) - 1) as f64;
    let mut text = String::new();
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        let (x, y) = (LEFT + step * at as f64, height(*value, most));
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = write!(text, "{x:.0},{y:.1}");
    }
    // One point is no line.
    if values.iter().flatten().count() == 1
        && let Some((_, y)) = text.clone().split_once(',')
    {
        let _ = write!(text, " {:.0},{y}", LEFT + WIDTH);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        for (most, top) in [(0.0, 1.0), (1.0, 1.0), (3.0, 5.0), (17.0, 20.0), (99.0, 100.0), (100.0, 100.0)] {
            assert!((ceiling(most) - top).abs() < 1e-9, "{most}");
        }
        assert_eq!((label(20_000.0), label(2.5)), ("20k".to_owned(), "2.5".to_owned()));
    }

    #[test]
    fn lines_go_from_left_to_right_and_upwards() {
        assert_eq!(points(&[Some(0.0), None, Some(1.0)], 1.0), "44,112.0 592,8.0");
        assert_eq!(points(&[Some(1.0)], 2.0), "44,60.0 592,60.0");
        assert_eq!(points(&[], 2.0), "");
    }
}
