//! API tokens and the audit.

use rollcall_domain::api::{ApiScope, ApiToken};
use rollcall_domain::audit::{Draft, Verifier};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use uuid::Uuid;

use super::world::{Backend, World, draft, source};
use crate::StoreError;
use crate::administration::AuditQuery;

fn token(number: u8, tenant: Option<TenantKey>) -> ApiToken {
    ApiToken {
        id: Uuid::from_u128(u128::from(number)),
        name: format!("token {number}"),
        tenant,
        prefix: format!("prefix{number}"),
        digest: [number; 32],
        scopes: vec![ApiScope::SourcesRead, ApiScope::AuditRead],
        created: Timestamp(5),
        expires: None,
        revoked: None,
        last_used: None,
    }
}

/// API tokens are found by prefix and id, and listed by age: a tenant's, or all.
pub async fn api_tokens_come_back_by_age_within_their_tenant(backend: &dyn Backend) {
    let World { store, tenant, .. } = World::new(backend).await;
    let other = store.create_tenant(Uuid::from_u128(9), "other", &draft()).await.unwrap().key;
    let mut ours = token(1, Some(tenant));
    let (theirs, whole) = (token(2, Some(other)), token(3, None));
    for token in [&whole, &theirs, &ours] {
        store.add_api_token(token, &draft()).await.unwrap();
    }
    let taken = ApiToken { id: Uuid::from_u128(4), ..ours.clone() };
    let conflict = StoreError::Conflict { attribute: "prefix".to_owned(), id: None };
    assert_eq!(store.add_api_token(&taken, &draft()).await, Err(conflict));
    ours.revoked = Some(Timestamp(9));
    store.update_api_token(&ours, &draft()).await.unwrap();
    assert_eq!(store.update_api_token(&taken, &draft()).await, Err(StoreError::NotFound));
    store.touch_api_tokens(&[(ours.id, Timestamp(8)), (ours.id, Timestamp(7))]).await.unwrap();
    ours.last_used = Some(Timestamp(8));
    assert_eq!(store.api_token("prefix1").await.unwrap(), Some(ours.clone()));
    assert_eq!(store.api_token("prefix9").await.unwrap(), None);
    assert_eq!(store.api_token_of(theirs.id).await.unwrap(), Some(theirs.clone()));
    assert_eq!(store.api_tokens(Some(tenant), None, 9).await.unwrap(), [ours.clone()]);
    assert_eq!(store.api_tokens(None, None, 2).await.unwrap(), [ours, theirs.clone()]);
    assert_eq!(store.api_tokens(None, Some(theirs.id), 2).await.unwrap(), [whole]);
}

fn told(subject: &str, tenant: Option<TenantKey>) -> Draft {
    let mut draft = draft();
    subject.clone_into(&mut draft.event.subject);
    draft.event.tenant = tenant;
    draft
}

/// Every change of settings is in the chain, which holds, also after a reopening.
pub async fn a_change_of_settings_has_its_entry(backend: &dyn Backend) {
    let World { store, tenant, source: key, .. } = World::new(backend).await;
    let mut second = source(tenant, "second");
    second.key = store.create_source(&second, &told("sources/second", Some(tenant))).await.unwrap();
    store.update_source(&second.clone().into(), &told("sources/second", Some(tenant))).await.unwrap();
    store.delete_source(key, &told("sources/first", Some(tenant))).await.unwrap();
    store.create_tenant(Uuid::from_u128(9), "other", &told("tenants/other", None)).await.unwrap();
    store.add_api_token(&token(1, None), &told("api-tokens/1", None)).await.unwrap();
    drop(store);
    let store = backend.open().await;
    let chain = store.audit_chain(0, 100).await.unwrap();
    let subjects: Vec<&str> = chain.iter().map(|entry| &*entry.event.subject).collect();
    let expected =
        ["tests", "sources/second", "sources/second", "sources/first", "tenants/other", "api-tokens/1"];
    assert_eq!(subjects, expected);
    let mut verifier = Verifier::new(draft().key);
    chain.iter().try_for_each(|entry| verifier.next(entry)).unwrap();
    assert_eq!(verifier.ends_at(&store.audit_head().await.unwrap()), Ok(chain[5].head()));
    assert_eq!(store.audit_chain(4, 1).await.unwrap(), chain[4..5]);
}

/// A change that is refused leaves the chain as it was.
pub async fn what_fails_has_no_entry(backend: &dyn Backend) {
    let World { store, tenant, .. } = World::new(backend).await;
    let before = store.audit_head().await.unwrap();
    let mut taken = source(tenant, "first");
    taken.id = Uuid::from_u128(11);
    assert!(store.create_source(&taken, &draft()).await.is_err());
    assert!(store.update_api_token(&token(1, None), &draft()).await.is_err());
    assert_eq!(store.audit_head().await.unwrap(), before);
}

/// Entries are listed latest first, by tenant, actor, action and subject with what is below it.
pub async fn entries_are_found_by_what_they_are_about(backend: &dyn Backend) {
    let World { store, tenant, .. } = World::new(backend).await;
    for (number, subject) in ["sources/a", "sources/a/tokens/1", "sources/ab", "tenants/a"].iter().enumerate()
    {
        let mut draft = told(subject, (number != 3).then_some(tenant));
        draft.event.actor = if number == 1 { "someone".to_owned() } else { "test".to_owned() };
        let id = Uuid::from_u128(100 + number as u128);
        store.create_tenant(id, &format!("t{number}"), &draft).await.unwrap();
    }
    let query = |tenant, actor: Option<&str>, subject: Option<&str>| AuditQuery {
        tenant,
        actor: actor.map(str::to_owned),
        action: None,
        subject: subject.map(str::to_owned),
    };
    let cases = [
        (query(None, None, None), &[5, 4, 3, 2, 1][..]),
        (query(Some(tenant), None, None), &[4, 3, 2]),
        (query(None, Some("someone"), None), &[3]),
        (query(Some(tenant), Some("test"), None), &[4, 2]),
        (query(None, None, Some("sources/a")), &[3, 2]),
        (query(None, None, Some("sources")), &[4, 3, 2]),
        (AuditQuery { action: Some("other".to_owned()), ..AuditQuery::default() }, &[]),
    ];
    for (query, expected) in cases {
        let found = store.audit(&query, None, 9).await.unwrap();
        let found: Vec<u64> = found.iter().map(|entry| entry.sequence).collect();
        assert_eq!(found, expected, "{query:?}");
    }
    let page = store.audit(&AuditQuery::default(), Some(4), 2).await.unwrap();
    assert_eq!(page.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [3, 2]);
}
