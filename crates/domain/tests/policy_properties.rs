//! What holds of every decision, whatever the policy and whoever is known.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod common;

use common::*;
use proptest::prelude::*;
use rollcall_domain::identity::{Held, Identity, Origin, Owner, Status, Tombstone};
use rollcall_domain::mapping::profile::Profile;
use rollcall_domain::policy::decide::{Found, Known, Occasion, Outcome, Question, decide};
use rollcall_domain::policy::roles::Membership;
use rollcall_domain::policy::settings::Policy;
use serde_json::{Value, json};
use uuid::Uuid;

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words)
}

fn some_of(words: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(words, 0..=words.len())
}

fn policies() -> impl Strategy<Value = Policy> {
    let identity = (
        some_of(&["externalId", "userName", "verifiedEmail"]),
        one_of(&["queue", "refuse", "create"]),
        some_of(&["acme.example", "corp.example"]),
        one_of(&["anySource", "allSources"]),
        some_of(&["ann@acme.example"]),
    );
    let user = (
        one_of(&["never", "missing", "always"]),
        one_of(&["app", "sso", "scim"]),
        one_of(&["app", "sso", "scim"]),
    );
    let rest = (
        one_of(&["relink", "new", "refuse"]),
        one_of(&["externalId", "none"]),
        one_of(&["off", "createUser", "createUserAndMembership"]),
        one_of(&["disable", "delete-after-grace", "anonymize", "keep", "hard"]),
        some_of(&["g1", "g2"]),
        one_of(&["ignore", "sync"]),
        one_of(&["ignore", "map"]),
    );
    (identity, user, rest).prop_map(|(identity, user, rest)| {
        policy(&json!({
            "identity": {
                "match": { "by": identity.0, "otherwise": identity.1 },
                "verifiedDomains": identity.2, "activeWhile": identity.3, "protected": identity.4,
            },
            "provisioning": {
                "user": { "updateProfileFromScim": user.0, "authority": user.1, "attributeAuthority": { "active": user.2 } },
                "scimReuse": { "rehire": rest.0, "user": rest.1 },
                "jit": { "mode": rest.2, "defaultRoleIds": ["member"] },
                "deprovision": { "mode": rest.3 },
                "requiredGroups": rest.4,
                "groups": { "mode": rest.5, "mapping": { "g1": ["dev"], "g2": ["ops", "dev"] } },
                "roles": { "mode": rest.6, "mapping": { "r1": ["boss"] } },
            },
        }))
    })
}

fn profiles() -> impl Strategy<Value = Profile> {
    let text = |words: &'static [&'static str]| prop::option::of(one_of(words));
    let fields = (
        text(&["00u1", "00u2"]),
        text(&["ann@acme.example", "ann@corp.example", "ann@evil.example"]),
        text(&["Ann", "Bee"]),
        prop::option::of(any::<bool>()),
        some_of(&["g1", "g2"]),
        some_of(&["r1", "r2"]),
        text(&["Tools"]),
    );
    fields.prop_map(|(external_id, email, name, active, groups, roles, department)| {
        let mut profile =
            profile(json!({ "userName": "ann@acme.example", "groups": groups, "roles": roles }));
        profile.external_id = external_id.map(str::to_owned);
        profile.email = email.map(str::to_owned);
        profile.name = name.map(str::to_owned);
        profile.active = active;
        profile.attributes.extend(department.map(|department| ("department".to_owned(), json!(department))));
        profile
    })
}

fn identities() -> impl Strategy<Value = Identity> {
    let origin = || prop::sample::select(vec![Origin::App, Origin::Sso, Origin::Scim]);
    let links = (any::<bool>(), prop::option::of(any::<bool>()), any::<bool>());
    let status = prop::sample::select(vec![Status::Active, Status::Disabled]);
    let owned = some_of(&["member", "dev", "boss", "stray"]);
    let wrote = (origin(), any::<bool>());
    (wrote, links, status, owned, any::<bool>()).prop_map(
        |((origin, is_ours), links, status, owned, protected)| {
            let source = (origin == Origin::Scim).then_some(if is_ours { OKTA } else { ENTRA });
            let held = |value: &str| Held { value: json!(value), origin, source };
            let mut identity = Identity::new(OLD);
            for (name, value) in
                [("userName", "ann@acme.example"), ("email", "ann@corp.example"), ("name", "Old")]
            {
                identity.attributes.insert(name.to_owned(), held(value));
            }
            let mut own = link(OKTA, ANN, links.0);
            own.adopted = links.2;
            identity.links.push(own);
            identity.links.extend(links.1.map(|active| link(ENTRA, ANN_AT_ENTRA, active)));
            identity.status = status;
            identity.disabled_by =
                (status != Status::Active).then_some(if links.2 { Origin::App } else { Origin::Scim });
            identity.protected = protected;
            identity.grants.extend(owned.iter().map(|role| grant(role, Owner::Source(OKTA))));
            for (role, owner) in [("owner", Owner::App), ("dev", Owner::Source(ENTRA))] {
                identity.grants.insert(grant(role, owner));
            }
            identity
        },
    )
}

fn worlds() -> impl Strategy<Value = Known> {
    let found = prop::sample::subsequence(vec![Found::ExternalId, Found::UserName, Found::Email], 1..=3);
    let groups = prop::option::of(one_of(&["g1", "g2"]));
    (prop::option::of(identities()), prop::option::of((found, identities())), any::<bool>(), groups).prop_map(
        |(linked, other, has_tombstone, group)| {
            let candidates = other.into_iter().map(|(found, mut identity)| {
                identity.id = Uuid::from_u128(7);
                identity.links.retain(|link| link.source != OKTA);
                candidate(&found, identity)
            });
            let tombstone =
                Tombstone { source: OKTA, external_id: "00u1".to_owned(), identity: OLD, at: NOW };
            let membership =
                |group: &str| Membership { id: Uuid::from_u128(0x61), external_id: Some(group.to_owned()) };
            Known {
                linked,
                candidates: candidates.collect(),
                tombstone: has_tombstone.then_some(tombstone),
                returning: None,
                memberships: group.into_iter().map(membership).collect(),
            }
        },
    )
}

fn at(
    policy: &Policy,
    profile: &Profile,
    known: &Known,
    later_ms: i64,
) -> rollcall_domain::policy::decide::Decision {
    let now = rollcall_domain::clock::Timestamp(NOW.0 + later_ms);
    let occasion = Occasion::Pushed;
    decide(&Question { policy, occasion, source: OKTA, resource: ANN, profile, now, new_id: NEW }, known)
}

/// Grants that are not the source's.
fn others(identity: &Identity) -> Vec<Value> {
    let others = identity.grants.iter().filter(|grant| grant.owner != Owner::Source(OKTA));
    others.map(|grant| serde_json::to_value(grant).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn deciding_twice_changes_nothing_the_second_time(
        policy in policies(), profile in profiles(), known in worlds(), later in 0_i64..1_000_000,
    ) {
        let first = at(&policy, &profile, &known, 0);
        if let Some(identity) = first.identity {
            let known = Known { linked: Some(identity.clone()), ..known };
            let second = at(&policy, &profile, &known, later);
            prop_assert_eq!(second.identity.as_ref(), Some(&identity));
            prop_assert_eq!(second.outcome, Outcome::Unchanged);
        }
    }

    #[test]
    fn grants_of_others_are_never_touched_unless_the_identity_is_deleted(
        policy in policies(), profile in profiles(), known in worlds(),
    ) {
        let decision = at(&policy, &profile, &known, 0);
        if let (Some(before), Some(after)) = (&decision.before, &decision.identity)
            && after.status != Status::Deleted
        {
            prop_assert_eq!(others(before), others(after));
        }
    }

    #[test]
    fn nobody_is_taken_over_without_a_key_that_allows_it(
        policy in policies(), profile in profiles(), known in worlds(),
    ) {
        let decision = at(&policy, &profile, &Known { linked: None, ..known }, 0);
        if let Outcome::Linked(by) = decision.outcome {
            prop_assert!(policy.identity.r#match.by.contains(&by));
            prop_assert!(!decision.before.unwrap().protected);
        }
    }

    #[test]
    fn a_protected_identity_keeps_status_attributes_and_roles(
        policy in policies(), profile in profiles(), identity in identities(),
    ) {
        let before = Identity { protected: true, ..identity };
        let known = Known { linked: Some(before.clone()), ..Known::default() };
        let after = at(&policy, &profile, &known, 0).identity.unwrap();
        prop_assert!(after.status == before.status || after.status == Status::Active);
        prop_assert_eq!(&after.attributes, &before.attributes);
        prop_assert!(after.roles().is_superset(&before.roles()));
    }

    #[test]
    fn what_a_decision_is_survives_json(policy in policies(), profile in profiles(), known in worlds()) {
        let decision = at(&policy, &profile, &known, 0);
        let text = serde_json::to_string(&decision).unwrap();
        prop_assert_eq!(serde_json::from_str::<rollcall_domain::policy::decide::Decision>(&text).unwrap(), decision);
        let text = serde_json::to_string(&known).unwrap();
        prop_assert_eq!(serde_json::from_str::<Known>(&text).unwrap(), known);
    }
}
