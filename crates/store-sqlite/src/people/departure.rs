//! The end of a source: what it says of people ends first, part by part.

use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::decide::Occasion;
use rollcall_domain::policy::leave::disowned;
use rollcall_store::StoreError;
use rollcall_store::people::IdentityQuery;
use rollcall_store::write::Batch;
use uuid::Uuid;

use super::admin::{check, rules};
use super::case::Case;
use super::identity;
use super::person::PersonRow;
use crate::error::OrUnavailable as _;
use crate::session::Session;

const NEXT: &str = "SELECT resource, id, identity, reserved, state, profile, candidates, since, held, gone
    FROM person WHERE source = ?1 ORDER BY resource LIMIT ?2";
const END_RECOMPUTATION: &str = "DELETE FROM recomputation WHERE source = ?1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[NEXT, END_RECOMPUTATION];

/// Decides about some as if their users were deleted; returns how many.
pub(crate) fn dismiss(session: &mut Session<'_>, context: &Batch, limit: u32) -> Result<usize, StoreError> {
    check(session, context)?;
    let rules = rules(context)?;
    session.prepare(END_RECOMPUTATION)?.execute([context.source.0]).or_unavailable()?;
    let people: Vec<(i64, PersonRow)> = {
        let mut statement = session.prepare(NEXT)?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, PersonRow::read(row, 1)?));
        let rows = statement.query_map((context.source.0, limit), read).or_unavailable()?;
        rows.collect::<rusqlite::Result<_>>().or_unavailable()?
    };
    let count = people.len();
    for (key, row) in people {
        let profile = row.profile()?.unwrap_or_else(Profile::default);
        let case = Case {
            resource: (key, row.id),
            row: Some(row),
            profile: &profile,
            occasion: Occasion::Removed,
            new_id: Uuid::nil(),
            is_new: false,
            approved: true,
        };
        case.judge(session, context, rules)?;
    }
    Ok(count)
}

/// Takes the source out of some identities; the key of the last one, where others follow.
pub(crate) fn disown(
    session: &mut Session<'_>,
    context: &Batch,
    after: i64,
    limit: u32,
) -> Result<Option<i64>, StoreError> {
    check(session, context)?;
    let source = rules(context)?.source;
    let query = IdentityQuery { after, limit, ..IdentityQuery::default() };
    let page = identity::page(session.connection(), context.tenant, &query)?;
    for stored in &page {
        identity::save(session, context, Some(stored), &disowned(&stored.identity, source))?;
    }
    Ok(page.last().filter(|_| page.len() == limit as usize).map(|last| last.key))
}
