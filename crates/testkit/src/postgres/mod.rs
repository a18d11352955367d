//! A throwaway PostgreSQL: one server a test process, started when a test first asks, and a database a test.
//!
//! [`TestPostgres::database`] is the way in; [`Server`] is for tests that need one of their own. What is started
//! here ends with the process that started it, however that ends, and leaves no file.

mod admin;
mod programs;
mod server;

use admin::Admin;
use rollcall_store_postgres::PostgresStore;
pub use server::{Certified, Options, Server};

/// The server that the tests of this process share.
pub struct TestPostgres;

impl TestPostgres {
    /// A database with nothing in it.
    ///
    /// # Panics
    ///
    /// Where there is no PostgreSQL, saying how to install it, or it does not start.
    pub async fn empty() -> Database {
        Database(Admin::shared().create(None).await)
    }

    /// A database with our schema in it, and the default tenant.
    ///
    /// # Panics
    ///
    /// As [`TestPostgres::empty`].
    pub async fn database() -> Database {
        let prepare = async |url: String| {
            PostgresStore::open(&url, &crate::store::options()).await.expect("a schema");
        };
        Self::like("rollcall_schema", prepare).await
    }

    /// A database like the one that `prepare` makes of an empty one, whose URL it is handed. It is run once a
    /// process for each `name`; its connections are closed when it ends.
    ///
    /// # Panics
    ///
    /// As [`TestPostgres::empty`].
    pub async fn like(name: &'static str, prepare: impl AsyncFnOnce(String)) -> Database {
        let admin = Admin::shared();
        admin.template(name, prepare).await;
        Database(admin.create(Some(name)).await)
    }
}

/// A database of one test, which goes when this goes.
pub struct Database(admin::Created);

impl Database {
    /// `postgres://…`, with a password that nothing may show.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Keeps everybody from a table, until what it returns is dropped.
    ///
    /// # Panics
    ///
    /// When there is no such table.
    pub async fn lock(&self, table: &str) -> Lock {
        let (client, connection) =
            tokio_postgres::connect(&self.0.url, tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(connection);
        let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        client.batch_execute(&lock).await.expect("the lock");
        Lock(client)
    }

    /// All rows of a table, as text.
    ///
    /// # Panics
    ///
    /// When it cannot be read.
    pub async fn text_of(&self, table: &str) -> String {
        let (client, connection) =
            tokio_postgres::connect(&self.0.url, tokio_postgres::NoTls).await.expect("a connection");
        let reading = tokio::spawn(connection);
        let rows = client.simple_query(&format!("SELECT * FROM {table}")).await.expect("its rows");
        drop(client);
        let _ = reading.await;
        let mut text = String::new();
        for row in rows {
            if let tokio_postgres::SimpleQueryMessage::Row(row) = row {
                (0..row.len()).filter_map(|at| row.get(at)).for_each(|value| text.extend([value, "\n"]));
            }
        }
        text
    }

    /// The password in [`Database::url`].
    pub fn password(&self) -> &str {
        Admin::shared().server().password()
    }
}

/// A locked table.
pub struct Lock(tokio_postgres::Client);

impl Lock {
    /// Waits until somebody waits for it.
    ///
    /// # Panics
    ///
    /// When nobody does for a minute.
    pub async fn awaited(&self) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let waiting = "SELECT 1 FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
            WHERE d.datname = current_database() AND NOT l.granted";
        while self.0.simple_query(waiting).await.expect("who waits").len() < 3 {
            assert!(std::time::Instant::now() < until, "nobody waits for the table");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        Admin::shared().remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;

    async fn ask(url: &str, question: &str) -> Result<String, String> {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .map_err(|error| format!("{error:?}"))?;
        tokio::spawn(connection);
        let row = client.query_one(question, &[]).await.map_err(|error| format!("{error:?}"))?;
        Ok(row.get::<_, String>(0))
    }

    #[tokio::test]
    async fn each_test_has_a_database_of_its_own_which_goes_with_it() {
        let (one, other) = (TestPostgres::empty().await, TestPostgres::empty().await);
        assert_ne!(one.url(), other.url());
        let name = ask(one.url(), "SELECT current_database()::text").await.unwrap();
        drop(one);
        let gone = format!("SELECT count(*)::text FROM pg_database WHERE datname = '{name}'");
        let until = Instant::now() + Duration::from_secs(10);
        while ask(other.url(), &gone).await.unwrap() != "0" {
            assert!(Instant::now() < until, "{name} is still there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn a_database_is_like_its_template() {
        let prepare = async |url: String| {
            ask(&url, "CREATE TABLE kept AS SELECT 'here' AS what").await.unwrap_err();
        };
        for _ in 0..2 {
            let database = TestPostgres::like("kept", prepare).await;
            assert_eq!(ask(database.url(), "SELECT what FROM kept").await.as_deref(), Ok("here"));
        }
    }

    #[tokio::test]
    async fn nobody_comes_in_without_the_password() {
        let database = TestPostgres::empty().await;
        let wrong = database.url().replace(database.password(), "wrong");
        assert!(ask(&wrong, "SELECT 'in'").await.unwrap_err().contains("28P01"));
    }

    /// Not even a killed test leaves anything: the watchdog sees the end of its standard input.
    #[test]
    fn a_server_leaves_nothing() {
        let server = Server::start(&Options::default()).unwrap();
        let (folder, process) = (server.folder().to_owned(), server.process());
        let is_running =
            || Command::new("kill").args(["-0", &process.to_string()]).status().unwrap().success();
        assert!(folder.exists() && is_running());
        drop(server);
        assert!(!folder.exists() && !is_running());
    }
}
