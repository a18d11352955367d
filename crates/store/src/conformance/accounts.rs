//! Accounts of the console, sessions, links and attempts.

use rollcall_domain::account::{Account, Link, Login, Post, Purpose, Role, Session};
use rollcall_domain::clock::Timestamp;
use rollcall_domain::tenant::TenantKey;
use uuid::Uuid;

use super::world::{Backend, World, draft};
use crate::accounts::Ending;
use crate::{AnyStore, StoreError};

const IDLE: i64 = 1_000;

fn account(number: u8, tenant: Option<TenantKey>) -> Account {
    Account {
        id: Uuid::from_u128(u128::from(number)),
        email: format!("a{number}@example.com"),
        name: format!("Account {number}"),
        password: Some(format!("$argon2id${number}")),
        disabled: None,
        posts: vec![Post { tenant, role: Role::Operator }],
        created: Timestamp(5),
        last_sign_in: None,
        revision: 1,
    }
}

fn session(number: u8, of: &Account, tenant: TenantKey) -> Session {
    Session {
        id: Uuid::from_u128(100 + u128::from(number)),
        account: of.id,
        tenant,
        prefix: format!("session{number}"),
        digest: [number; 32],
        created: Timestamp(10 + i64::from(number)),
        last_used: Timestamp(10 + i64::from(number)),
        expires: Timestamp(5_000),
        browser: "Firefox".to_owned(),
    }
}

fn link(number: u8, purpose: Purpose) -> Link {
    Link {
        id: Uuid::from_u128(200 + u128::from(number)),
        purpose,
        tenant: None,
        prefix: format!("link{number}"),
        digest: [number; 32],
        created: Timestamp(20 + i64::from(number)),
        expires: Timestamp(6_000),
        used: None,
        revoked: None,
    }
}

async fn with_account(backend: &dyn Backend) -> (AnyStore, TenantKey, Account) {
    let World { store, tenant, .. } = World::new(backend).await;
    let ann = account(1, Some(tenant));
    store.add_account(&ann, None, &draft()).await.unwrap();
    (store, tenant, ann)
}

/// An account is found by id and address, is listed by address, and its address is taken once.
pub async fn an_account_comes_back_as_written(backend: &dyn Backend) {
    let (store, tenant, ann) = with_account(backend).await;
    let mut bob = account(2, None);
    bob.posts.push(Post { tenant: Some(tenant), role: Role::Viewer });
    bob.password = None;
    "a0@example.com".clone_into(&mut bob.email);
    store.add_account(&bob, None, &draft()).await.unwrap();
    let taken = Account { email: ann.email.clone(), ..account(3, None) };
    let conflict = StoreError::Conflict { attribute: "email".to_owned(), id: None };
    assert_eq!(store.add_account(&taken, None, &draft()).await, Err(conflict));
    drop(store);
    let store = backend.open().await;
    assert_eq!(store.account(bob.id).await.unwrap(), Some(bob.clone()));
    assert_eq!(store.account_named("a1@example.com").await.unwrap(), Some(ann.clone()));
    assert_eq!(store.account_named("a9@example.com").await.unwrap(), None);
    assert_eq!(store.accounts().await.unwrap(), [bob, ann]);
}

/// A change of an account is void when another came before it.
pub async fn a_change_of_an_account_names_what_it_read(backend: &dyn Backend) {
    let (store, _, ann) = with_account(backend).await;
    let changed = Account {
        name: "Ann".to_owned(),
        email: "ann@example.com".to_owned(),
        password: None,
        disabled: Some(Timestamp(7)),
        posts: Vec::new(),
        ..ann.clone()
    };
    let update = async |account: &Account| store.update_account(account, Ending::None, None, &draft()).await;
    assert_eq!(update(&changed).await, Ok(()));
    assert_eq!(update(&changed).await, Err(StoreError::Stale));
    assert_eq!(update(&account(9, None)).await, Err(StoreError::NotFound));
    let now = Account { revision: 2, ..changed };
    assert_eq!(store.account(ann.id).await.unwrap(), Some(now.clone()));
    let bob = account(2, None);
    store.add_account(&bob, None, &draft()).await.unwrap();
    let taken = Account { email: now.email.clone(), ..bob };
    assert!(
        matches!(update(&taken).await, Err(StoreError::Conflict { attribute, .. }) if attribute == "email")
    );
}

/// Of many who use a link, one does; a revoked one is used by nobody.
pub async fn a_link_is_used_once(backend: &dyn Backend) {
    let (store, _, ann) = with_account(backend).await;
    let first = link(1, Purpose::FirstRun);
    store.add_link(&first, true, &draft()).await.unwrap();
    let use_up = Some((first.id, Timestamp(30)));
    let (bob, eve) = (account(2, None), account(3, None));
    let entry = draft();
    let (one, other) =
        tokio::join!(store.add_account(&bob, use_up, &entry), store.add_account(&eve, use_up, &entry));
    let outcomes = [one, other];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert!(outcomes.contains(&Err(StoreError::Stale)), "{outcomes:?}");
    assert_eq!(store.accounts().await.unwrap().len(), 2);
    assert_eq!(store.link("link1").await.unwrap().unwrap().used, Some(Timestamp(30)));
    assert_eq!(store.use_link(first.id, Timestamp(31), &draft()).await, Err(StoreError::Stale));
    let changed = store.update_account(&ann, Ending::None, use_up, &draft()).await;
    assert_eq!(changed, Err(StoreError::Stale));
    assert_eq!(store.account(ann.id).await.unwrap().unwrap().revision, 1);
    let second = link(2, Purpose::Password(ann.id));
    store.add_link(&second, true, &draft()).await.unwrap();
    store.revoke_link(second.id, Timestamp(32), &draft()).await.unwrap();
    assert_eq!(store.use_link(second.id, Timestamp(33), &draft()).await, Err(StoreError::Stale));
    assert_eq!(
        store.revoke_link(Uuid::from_u128(9), Timestamp(1), &draft()).await,
        Err(StoreError::NotFound)
    );
}

/// A session is found by its prefix, is written when used, takes the place of another, and ends.
pub async fn sessions_are_found_by_prefix_and_end(backend: &dyn Backend) {
    let (store, tenant, ann) = with_account(backend).await;
    let other = store.create_tenant(Uuid::from_u128(9), "other", &draft()).await.unwrap().key;
    let all = [1, 2, 3].map(|number| session(number, &ann, tenant));
    for session in &all {
        store.add_session(session, None, &draft()).await.unwrap();
    }
    assert_eq!(store.account(ann.id).await.unwrap().unwrap().last_sign_in, Some(Timestamp(13)));
    assert_eq!(store.session("session1").await.unwrap(), Some(all[0].clone()));
    let latest: Vec<Uuid> = store.sessions(ann.id).await.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(latest, [all[2].id, all[1].id, all[0].id]);
    store.touch_session(all[0].id, Timestamp(99), other).await.unwrap();
    let touched = Session { last_used: Timestamp(99), tenant: other, ..all[0].clone() };
    assert_eq!(store.session("session1").await.unwrap(), Some(touched));
    let fresh = session(4, &ann, tenant);
    store.add_session(&fresh, Some(all[0].id), &draft()).await.unwrap();
    assert_eq!(store.session("session1").await.unwrap(), None);
    store.end_sessions(ann.id, Ending::One(all[1].id), &draft()).await.unwrap();
    assert_eq!(store.session("session2").await.unwrap(), None);
    // Another account's session does not end.
    store.end_sessions(Uuid::from_u128(2), Ending::One(fresh.id), &draft()).await.unwrap();
    store.end_sessions(ann.id, Ending::Others(fresh.id), &draft()).await.unwrap();
    assert_eq!(store.sessions(ann.id).await.unwrap(), [fresh]);
    store.end_sessions(ann.id, Ending::All, &draft()).await.unwrap();
    store.touch_session(all[0].id, Timestamp(99), tenant).await.unwrap();
    assert_eq!(store.sessions(ann.id).await.unwrap(), []);
}

/// A new password ends sessions in the same commit, and not when it is refused.
pub async fn a_change_of_an_account_ends_its_sessions(backend: &dyn Backend) {
    let (store, tenant, mut ann) = with_account(backend).await;
    let (kept, ended) = (session(1, &ann, tenant), session(2, &ann, tenant));
    for session in [&kept, &ended] {
        store.add_session(session, None, &draft()).await.unwrap();
    }
    let stale = Account { revision: 7, ..ann.clone() };
    assert!(store.update_account(&stale, Ending::All, None, &draft()).await.is_err());
    assert_eq!(store.sessions(ann.id).await.unwrap().len(), 2);
    store.update_account(&ann, Ending::Others(kept.id), None, &draft()).await.unwrap();
    assert_eq!(store.sessions(ann.id).await.unwrap(), [kept]);
    ann.revision = 2;
    store.update_account(&ann, Ending::All, None, &draft()).await.unwrap();
    assert_eq!(store.sessions(ann.id).await.unwrap(), []);
}

/// A person of an OpenID provider is signed in to one account, and an account has one person of each provider.
pub async fn a_person_of_a_provider_has_one_account(backend: &dyn Backend) {
    let (store, _, ann) = with_account(backend).await;
    let login = |account: &Account, issuer: &str, subject: &str| Login {
        account: account.id,
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        created: Timestamp(9),
    };
    let (here, there) = ("https://id.example", "https://id.example/");
    let taken = Err(StoreError::Conflict { attribute: "subject".to_owned(), id: None });
    let add = async |login: &Login, new: Option<&Account>| store.add_login(login, new, &draft()).await;
    assert_eq!(store.account_of_login(here, "1").await, Ok(None));
    assert_eq!(add(&login(&ann, here, "1"), None).await, Ok(()));
    assert_eq!(add(&login(&ann, here, "2"), None).await, taken, "another person has the account");
    assert_eq!(add(&login(&ann, there, "2"), None).await, Ok(()));
    let bob = account(2, None);
    assert_eq!(add(&login(&bob, here, "1"), Some(&bob)).await, taken);
    assert_eq!(store.account(bob.id).await, Ok(None), "half of it was done");
    let ann_too = Account { email: ann.email.clone(), ..account(3, None) };
    let conflict = Err(StoreError::Conflict { attribute: "email".to_owned(), id: None });
    assert_eq!(add(&login(&ann_too, here, "3"), Some(&ann_too)).await, conflict);
    assert_eq!(add(&login(&bob, here, "B"), Some(&bob)).await, Ok(()));
    for (issuer, subject, expected) in [
        (here, "1", Some(&ann)),
        (there, "2", Some(&ann)),
        (here, "B", Some(&bob)),
        (here, "b", None),
        (here, "3", None),
        (there, "1", None),
    ] {
        let found = store.account_of_login(issuer, subject).await.unwrap();
        assert_eq!(found.as_ref(), expected, "{issuer} {subject}");
    }
    store.remove_logins(ann.id, &draft()).await.unwrap();
    assert_eq!(store.account_of_login(here, "1").await, Ok(None));
    assert_eq!(store.account_of_login(there, "2").await, Ok(None));
    assert_eq!(store.account_of_login(here, "B").await, Ok(Some(bob)));
    assert_eq!(add(&login(&ann, here, "2"), None).await, Ok(()));
}

/// Links are listed for what they are for; one that is to be alone revokes the others.
pub async fn links_are_listed_for_their_purpose(backend: &dyn Backend) {
    let World { store, tenant, .. } = World::new(backend).await;
    let (one, other) = (Purpose::Source(Uuid::from_u128(1)), Purpose::Source(Uuid::from_u128(2)));
    let of_tenant = |number, purpose| Link { tenant: Some(tenant), ..link(number, purpose) };
    let links = [of_tenant(1, one), of_tenant(2, one), of_tenant(3, other)];
    for link in &links {
        store.add_link(link, false, &draft()).await.unwrap();
    }
    let taken = Link { id: Uuid::from_u128(9), ..links[0].clone() };
    assert!(matches!(store.add_link(&taken, false, &draft()).await, Err(StoreError::Conflict { .. })));
    assert_eq!(store.links(one).await.unwrap(), [links[1].clone(), links[0].clone()]);
    assert_eq!(store.links(Purpose::FirstRun).await.unwrap(), []);
    let alone = of_tenant(4, one);
    store.add_link(&alone, true, &draft()).await.unwrap();
    let revoked: Vec<bool> =
        store.links(one).await.unwrap().iter().map(|link| link.revoked.is_some()).collect();
    assert_eq!(revoked, [false, true, true]);
    assert_eq!(store.link("link3").await.unwrap(), Some(links[2].clone()));
}

/// Attempts are counted by subject until the window after the first is over, or they are forgotten.
pub async fn attempts_are_counted_within_a_window(backend: &dyn Backend) {
    let World { store, .. } = World::new(backend).await;
    let (ann, here) = ([1; 32], [2; 32]);
    let count =
        async |subjects: &[[u8; 32]], at| store.count_attempts(subjects, Timestamp(at), 100).await.unwrap();
    assert_eq!(count(&[ann, here], 0).await, [1, 1]);
    assert_eq!(count(&[here], 50).await, [2]);
    assert_eq!(count(&[ann, here], 99).await, [2, 3]);
    assert_eq!(count(&[ann], 100).await, [1]);
    store.forget_attempts(&here).await.unwrap();
    assert_eq!(count(&[here], 101).await, [1]);
    let subject = [[3; 32]];
    let (first, second, third) = tokio::join!(
        store.count_attempts(&subject, Timestamp(0), 100),
        store.count_attempts(&subject, Timestamp(0), 100),
        store.count_attempts(&subject, Timestamp(0), 100),
    );
    let mut counted = [first, second, third].map(|counted| counted.unwrap()[0]);
    counted.sort_unstable();
    assert_eq!(counted, [1, 2, 3]);
}

/// Pruning takes what is over, and nothing else.
pub async fn what_is_over_is_pruned(backend: &dyn Backend) {
    let (store, tenant, ann) = with_account(backend).await;
    let (now, idle) = (Timestamp(5_000), Timestamp(5_000 - IDLE));
    let used = |number, at, until| Session {
        last_used: Timestamp(at),
        expires: Timestamp(until),
        ..session(number, &ann, tenant)
    };
    let goes_on = used(1, 4_500, 9_000);
    for session in [&goes_on, &used(2, 3_999, 9_000), &used(3, 4_500, 5_000)] {
        store.add_session(session, None, &draft()).await.unwrap();
    }
    let until = |number, expires| Link { expires: Timestamp(expires), ..link(number, Purpose::FirstRun) };
    for link in [&until(1, 3_999), &until(2, 4_100)] {
        store.add_link(link, false, &draft()).await.unwrap();
    }
    store.count_attempts(&[[1; 32]], Timestamp(3_999), 9_999).await.unwrap();
    store.count_attempts(&[[2; 32]], Timestamp(4_100), 9_999).await.unwrap();
    store.prune_accounts(now, idle).await.unwrap();
    assert_eq!(store.sessions(ann.id).await.unwrap(), [goes_on]);
    assert_eq!(store.links(Purpose::FirstRun).await.unwrap(), [until(2, 4_100)]);
    let counted = store.count_attempts(&[[1; 32], [2; 32]], Timestamp(4_200), 9_999).await.unwrap();
    assert_eq!(counted, [1, 2]);
}
