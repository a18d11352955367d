//! A throwaway PostgreSQL, which goes when standard input ends: prints the URL of a database with our schema, or with
//! the argument `durable`, of an empty one on a server that writes to the disk as in production.

use rollcall_testkit::TestPostgres;
use rollcall_testkit::postgres::{Options, Server};
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> Result<(), String> {
    if std::env::args().nth(1).as_deref() == Some("durable") {
        let settings =
            [("shared_buffers", format!("{}MB", memory_mib() / 4)), ("max_wal_size", "4GB".to_owned())];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let server = Server::start(&Options { durable: true, settings, tls: None })?;
        until_told(&server.url("postgres")).await;
    } else {
        let database = TestPostgres::database().await;
        until_told(database.url()).await;
    }
    Ok(())
}

/// Memory of the machine. A quarter of it is what a server is given in production (PostgreSQL's documentation, 19.4.1).
fn memory_mib() -> u64 {
    let file = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = file.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.map_or(1_024, |kib| kib / 1_024)
}

async fn until_told(url: &str) {
    println!("{url}");
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}
