//! How many bytes a server's data take on disk.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use tokio_postgres::NoTls;

/// Where a server's data lie.
#[derive(Clone)]
pub enum Storage {
    /// Somebody else's business.
    Unknown,
    /// In the files of a folder.
    Folder(PathBuf),
    /// In the PostgreSQL database of this URL.
    Postgres(String),
}

impl Storage {
    /// The bytes, where they can be counted.
    pub(crate) async fn bytes(&self) -> Result<Option<u64>> {
        match self {
            Self::Unknown => Ok(None),
            Self::Folder(folder) => {
                let mut sum = 0;
                for entry in std::fs::read_dir(folder)? {
                    let about = entry?.metadata()?;
                    sum += if about.is_file() { about.len() } else { 0 };
                }
                Ok(Some(sum))
            }
            Self::Postgres(url) => {
                let (client, connection) = tokio_postgres::connect(url, NoTls)
                    .await
                    .context("the size of the database cannot be asked for")?;
                let connection = tokio::spawn(connection);
                // Without what belongs to the reference line.
                let size = "SELECT pg_database_size(current_database())
                    - coalesce(pg_total_relation_size(to_regclass('bench_doc')), 0)";
                let bytes: i64 = client.query_one(size, &[]).await?.get(0);
                connection.abort();
                Ok(u64::try_from(bytes).ok())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_files_of_a_folder_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), [0; 1000]).unwrap();
        std::fs::write(folder.path().join("b"), [0; 234]).unwrap();
        assert_eq!(Storage::Folder(folder.path().to_owned()).bytes().await.unwrap(), Some(1234));
        assert_eq!(Storage::Unknown.bytes().await.unwrap(), None);
    }
}
