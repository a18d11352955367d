//! Whether two requests can be told apart by how long their answers take.

use std::time::{Duration, Instant};

/// Requests of each kind in one pass.
const ROUNDS: usize = 41;
/// Two are alike if they are so in one of these passes: what the machine does meanwhile falls on both, but not in
/// equal parts.
const PASSES: usize = 9;

/// How many times as long one takes as the other, at the median of requests made in turn: 1.0 is the same. Of several
/// passes, the one in which they are most alike; none follows one that is within `enough`.
///
/// Each is given the number of its call, which never comes twice.
pub async fn ratio(enough: f64, first: impl AsyncFn(usize), second: impl AsyncFn(usize)) -> f64 {
    let mut least = f64::INFINITY;
    for pass in 0..PASSES {
        let mut times = [Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS)];
        for round in 0..ROUNDS {
            let number = 2 * (pass * ROUNDS + round);
            // Whoever comes second finds the caches of the processor warm.
            for which in [round % 2, (round + 1) % 2] {
                let begun = Instant::now();
                if which == 0 {
                    first(number).await;
                } else {
                    second(number + 1).await;
                }
                times[which].push(begun.elapsed());
            }
        }
        let [one, other] = times.map(median);
        least = least.min((one / other).max(other / one));
        if least <= enough {
            break;
        }
    }
    least
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}
