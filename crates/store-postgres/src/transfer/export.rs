//! Reading everything as it was at one moment, in one transaction.

use std::collections::HashMap;

use async_trait::async_trait;
use rollcall_store::StoreError;
use rollcall_store::transfer::{Cell, Export, Kind, Row, Table};

use super::sql::{self, Owned};
use crate::column::{Parameter, TextColumn, get};
use crate::pool::Snapshot;

const VALUES: &str = "SELECT resource, attribute, value, apart = 0 FROM value WHERE resource = ANY($1)";

/// A reading transaction.
pub(super) struct Moment(pub(super) Snapshot);

#[async_trait]
impl Export for Moment {
    async fn page(
        &mut self,
        table: &'static Table,
        after: Option<&[Cell]>,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError> {
        let kinds = table.key_columns().iter().map(|column| column.kind);
        let mut parameters: Vec<Owned> =
            after.unwrap_or_default().iter().zip(kinds).map(|(cell, kind)| sql::bound(cell, kind)).collect();
        parameters.push(sql::bound(&Cell::Integer(limit.into()), Kind::Integer));
        let sql = sql::select(table, after.is_some());
        let found = self.0.rows_of(&sql, &borrowed(&parameters)).await?;
        let mut rows = Vec::with_capacity(found.len());
        for row in &found {
            let cells = table.columns.iter().enumerate().map(|(at, column)| self::sql::read(row, at, column));
            rows.push(cells.collect::<Result<Row, _>>()?);
        }
        if table.name == "resource" {
            self.add_entries(&mut rows).await?;
        }
        Ok(rows)
    }
}

impl Moment {
    /// Adds to each resource its index rows.
    async fn add_entries(&self, rows: &mut [Row]) -> Result<(), StoreError> {
        let keys: Vec<i64> = rows.iter().filter_map(|row| row.first()?.integer()).collect();
        let mut entries: HashMap<i64, Vec<(i64, String, bool)>> = HashMap::new();
        for row in self.0.rows(VALUES, &[&keys]).await? {
            let text: TextColumn = get(&row, 2)?;
            entries.entry(get(&row, 0)?).or_default().push((get(&row, 1)?, text.0, get(&row, 3)?));
        }
        for row in rows {
            let key = row.first().and_then(Cell::integer).unwrap_or_default();
            let mut told = entries.remove(&key).unwrap_or_default();
            told.sort();
            if let Some(cell) = row.last_mut() {
                *cell = Cell::Text(serde_json::json!(told).to_string());
            }
        }
        Ok(())
    }
}

/// Parameters as statements take them.
pub(super) fn borrowed(parameters: &[Owned]) -> Vec<&(dyn Parameter + '_)> {
    parameters.iter().map(|one| &**one as &(dyn Parameter + '_)).collect()
}
