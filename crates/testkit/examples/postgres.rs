//! A throwaway PostgreSQL: prints the URL of a database with our schema, which goes when standard input ends.

use rollcall_testkit::TestPostgres;
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() {
    let database = TestPostgres::database().await;
    println!("{}", database.url());
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}
