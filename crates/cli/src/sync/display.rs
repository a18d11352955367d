//! How far a sync is: a bar on a terminal, a line every few seconds elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use rollcall_access::c1z::Problem;
use rollcall_access::sync::{Observer, Stage};
use rollcall_bench::table::thousands;

use crate::printer::Printer;

const REDRAW: Duration = Duration::from_millis(100);
const LINE_EVERY: Duration = Duration::from_secs(5);
const BAR: u64 = 24;
/// Problems that are printed; the others are in the log, at level debug.
const SHOWN: u64 = 20;

/// Prints how far a sync is.
pub(super) struct Display<'a> {
    printer: &'a Printer,
    terminal: bool,
    stage: Option<Stage>,
    /// When this stage began, and when something was printed.
    begun: Instant,
    printed: Option<Instant>,
    problems: u64,
}

impl<'a> Display<'a> {
    pub(super) fn new(printer: &'a Printer) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { printer, terminal, stage: None, begun: Instant::now(), printed: None, problems: 0 }
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(&mut self) {
        self.clear();
        if let Some(more) = self.problems.checked_sub(SHOWN).filter(|more| *more > 0) {
            self.printer.note(&format!("left out: {} more; --log-level debug prints them", thousands(more)));
        }
    }

    fn clear(&mut self) {
        if self.terminal && self.printed.take().is_some() {
            let mut out = std::io::stderr().lock();
            let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
        }
    }

    fn show(&mut self, stage: Stage, count: u64, total: Option<u64>) {
        let now = Instant::now();
        let elapsed = now.duration_since(self.begun);
        if self.terminal {
            let mut out = std::io::stderr().lock();
            let text = line(stage, count, total, elapsed, true);
            let _ = write!(out, "\r\x1b[K{text}").and_then(|()| out.flush());
        } else {
            self.printer.note(&line(stage, count, total, elapsed, false));
        }
        self.printed = Some(now);
    }
}

impl Observer for Display<'_> {
    fn read(&mut self, stage: Stage, count: u64, total: Option<u64>) {
        if self.stage != Some(stage) {
            self.clear();
            (self.stage, self.begun, self.printed) = (Some(stage), Instant::now(), None);
        }
        let pause = if self.terminal { REDRAW } else { LINE_EVERY };
        if self.printed.unwrap_or(self.begun).elapsed() >= pause {
            self.show(stage, count, total);
        }
    }

    fn problem(&mut self, problem: &Problem) {
        self.problems += 1;
        let Problem { what, id, reason } = problem;
        if self.problems <= SHOWN {
            self.clear();
            self.printer.note(&format!("left out: {what} {id}: {reason}"));
        } else {
            tracing::debug!(what, id, reason, "left out");
        }
    }
}

/// `users  4,300 of 10,000  [#####···]  43 %  1,200/s`.
fn line(stage: Stage, count: u64, total: Option<u64>, elapsed: Duration, bar: bool) -> String {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = thousands(count.saturating_mul(1_000) / millis);
    let (name, shown) = (stage.name(), thousands(count));
    let Some(total) = total.filter(|total| *total >= count && *total > 0) else {
        return format!("{name}  {shown}  {rate}/s");
    };
    let percent = count * 100 / total;
    let filled = usize::try_from(count * BAR / total).unwrap_or_default();
    let rest = usize::try_from(BAR).unwrap_or_default() - filled;
    let bar = if bar { format!("  [{}{}]", "#".repeat(filled), "·".repeat(rest)) } else { String::new() };
    format!("{name}  {shown} of {}{bar}  {percent} %  {rate}/s", thousands(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_counts_share_and_rate() {
        let second = Duration::from_secs(1);
        for (count, total, bar, expected) in [
            (4_300, Some(10_000), true, "users  4,300 of 10,000  [##########··············]  43 %  4,300/s"),
            (
                10_000,
                Some(10_000),
                true,
                "users  10,000 of 10,000  [########################]  100 %  10,000/s",
            ),
            (4_300, Some(10_000), false, "users  4,300 of 10,000  43 %  4,300/s"),
            (4_300, None, true, "users  4,300  4,300/s"),
            // The application is wrong about how many there are.
            (300, Some(200), true, "users  300  300/s"),
        ] {
            assert_eq!(line(Stage::Users, count, total, second, bar), expected);
        }
        assert_eq!(line(Stage::Groups, 5, None, Duration::ZERO, false), "groups  5  5,000/s");
    }
}
