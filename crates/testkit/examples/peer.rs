//! Runs the fake application until its standard input ends: `peer USERS GROUPS MEMBERS [LATENCY_MS]` prints its URL.

use std::time::Duration;

use rollcall_testkit::peer::{Peer, Roster};
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let number = |at: usize| numbers.get(at).copied().unwrap_or_default();
    let latency = Duration::from_millis(number(3));
    let roster = Roster::numbered(number(0), number(1), number(2));
    let peer = Peer::with(roster, |faults| faults.latency = latency).await;
    println!("{}", peer.url());
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    println!("{} requests", peer.count());
}
