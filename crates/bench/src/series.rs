//! The rounds of one measurement, and what is said of them.

use std::time::Duration;

use anyhow::Result;

use crate::load::{Run, Tally};

/// Rounds of the same measurement: the rate of each, the latencies of all.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// Requests a second, one a round.
    rates: Vec<f64>,
    tally: Tally,
}

impl Series {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { rates: Vec::new(), tally: Tally::new()? })
    }

    /// Adds a round.
    pub(crate) fn add<W>(&mut self, run: &Run<W>) -> Result<()> {
        self.add_tally(&run.total()?, run.elapsed)
    }

    /// Adds a round that is one lane of a run, on one connection: its time is the sum of its requests' times.
    pub(crate) fn add_sequential(&mut self, tally: &Tally) -> Result<()> {
        let micros = tally.micros.mean() * count(tally);
        self.add_tally(tally, Duration::from_secs_f64(micros / 1e6))
    }

    fn add_tally(&mut self, tally: &Tally, elapsed: Duration) -> Result<()> {
        let seconds = elapsed.as_secs_f64();
        self.rates.push(if seconds > 0.0 { count(tally) / seconds } else { 0.0 });
        self.tally.add(tally)
    }

    /// Requests a second: the median of the rounds.
    pub(crate) fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    /// The share of `reference`'s rate that this reached: the median over the rounds that both were in.
    pub(crate) fn ratio(&self, reference: &Self) -> f64 {
        let rounds = self.rates.iter().zip(&reference.rates);
        median(
            rounds
                .filter(|(_, reference)| **reference > 0.0)
                .map(|(own, reference)| own / reference)
                .collect(),
        )
    }

    /// The latency that `share` (0 to 1) of the requests kept below, in milliseconds.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        to_f64(self.tally.micros.value_at_quantile(share)) / 1e3
    }

    pub(crate) fn requests(&self) -> u64 {
        self.tally.micros.len()
    }

    pub(crate) fn errors(&self) -> u64 {
        self.tally.errors
    }

    pub(crate) fn first_error(&self) -> Option<&str> {
        self.tally.first_error.as_deref()
    }
}

fn count(tally: &Tally) -> f64 {
    to_f64(tally.micros.len())
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts, bytes and microseconds stay far below 2^53")]
pub(crate) fn to_f64(count: u64) -> f64 {
    count as f64
}

/// The middle value, or the mean of the middle two; 0 when there is none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |place: usize| values.get(place).copied().unwrap_or(0.0);
    if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(rates: &[f64]) -> Series {
        Series { rates: rates.to_vec(), tally: Tally::new().unwrap() }
    }

    fn close(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-9, "{left} is not {right}");
    }

    #[test]
    fn the_median_is_the_middle() {
        close(median(vec![]), 0.0);
        close(median(vec![3.0]), 3.0);
        close(median(vec![9.0, 1.0, 5.0]), 5.0);
        close(median(vec![4.0, 1.0, 2.0, 9.0]), 3.0);
    }

    #[test]
    fn a_ratio_compares_within_rounds() {
        // The machine was slow in the second round, for both.
        close(series(&[400.0, 40.0, 500.0]).ratio(&series(&[1000.0, 100.0, 1000.0])), 0.4);
        close(series(&[400.0]).ratio(&series(&[0.0])), 0.0);
    }

    #[test]
    fn rates_and_quantiles_come_from_the_tally() {
        let mut tally = Tally::new().unwrap();
        for micros in 1..=100 {
            tally.micros.record(micros * 100).unwrap();
        }
        let mut series = Series::new().unwrap();
        series.add_tally(&tally, Duration::from_secs(2)).unwrap();
        series.add_tally(&tally, Duration::from_secs(1)).unwrap();
        close(series.rate(), 75.0);
        assert_eq!(series.requests(), 200);
        assert!((series.quantile_ms(0.5) - 5.0).abs() < 0.1);
        assert!((series.quantile_ms(0.99) - 9.9).abs() < 0.1);
    }

    #[test]
    fn one_connection_is_as_fast_as_its_requests() {
        let mut tally = Tally::new().unwrap();
        tally.micros.record_n(500, 10).unwrap();
        let mut series = Series::new().unwrap();
        series.add_sequential(&tally).unwrap();
        close(series.rate().round(), 2000.0);
    }
}
