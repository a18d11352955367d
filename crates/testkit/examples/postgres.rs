//! A throwaway PostgreSQL, which goes when standard input ends: prints the URL of a database with our schema, or with
//! the argument `durable`, of an empty one on a server that writes to the disk as in production.

use rollcall_testkit::TestPostgres;
use rollcall_testkit::postgres::{Options, Server};
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> Result<(), String> {
    if std::env::args().nth(1).as_deref() == Some("durable") {
        let settings = [("shared_buffers", "256MB"), ("max_wal_size", "4GB")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let server = Server::start(&Options { durable: true, settings, tls: None })?;
        until_told(&server.url("postgres")).await;
    } else {
        let database = TestPostgres::database().await;
        until_told(database.url()).await;
    }
    Ok(())
}

async fn until_told(url: &str) {
    println!("{url}");
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}
