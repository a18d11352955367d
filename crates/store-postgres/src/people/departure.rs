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
use super::known::Together;
use super::person::PersonRow;
use crate::session::Session;

const NEXT: &str = "SELECT resource, id, identity, reserved, state, profile, candidates, since, held, gone
    FROM person WHERE source = $1 ORDER BY resource LIMIT $2";
const END_RECOMPUTATION: &str = "DELETE FROM recomputation WHERE source = $1";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[NEXT, END_RECOMPUTATION];

/// Decides about some as if their users were deleted; returns how many.
pub(crate) async fn dismiss(session: &mut Session, context: &Batch, limit: u32) -> Result<usize, StoreError> {
    check(session, context).await?;
    let rules = rules(context)?;
    session.execute(END_RECOMPUTATION, &[&context.source.0]).await?;
    let rows = session.rows(NEXT, &[&context.source.0, &i64::from(limit)]).await?;
    let people: Vec<(i64, PersonRow)> = rows.iter().map(PersonRow::read).collect::<Result<_, _>>()?;
    let mut ahead = Together::of(session.connection(), rules, &people, Occasion::Removed).await?;
    let count = people.len();
    for (key, row) in people {
        let profile = row.profile()?.unwrap_or_else(Profile::default);
        let case = Case {
            resource: (key, row.id),
            ahead: ahead.take(key, row.identity),
            row: Some(row),
            profile: &profile,
            occasion: Occasion::Removed,
            new_id: Uuid::nil(),
            is_new: false,
            approved: true,
        };
        let judged = case.judge(session, context, rules).await?;
        ahead.forget(&judged.decision);
    }
    Ok(count)
}

/// Takes the source out of some identities; the key of the last one, where others follow.
pub(crate) async fn disown(
    session: &mut Session,
    context: &Batch,
    after: i64,
    limit: u32,
) -> Result<Option<i64>, StoreError> {
    check(session, context).await?;
    let source = rules(context)?.source;
    let query = IdentityQuery { after, limit, ..IdentityQuery::default() };
    let page = identity::page(session.connection(), context.tenant, &query).await?;
    for stored in &page {
        identity::save(session, context, Some(stored), &disowned(&stored.identity, source)).await?;
    }
    Ok(page.last().filter(|_| page.len() == limit as usize).map(|last| last.key))
}
