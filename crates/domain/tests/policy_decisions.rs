//! What policy decides: one case a line, by key.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use common::*;
use rollcall_domain::clock::Timestamp;
use rollcall_domain::identity::{Identity, Origin, Owner, Status, Tombstone};
use rollcall_domain::policy::decide::{Choice, Found, Known, Occasion, Outcome, Protocol, Question, choose};
use rollcall_domain::policy::leave::expired;
use rollcall_domain::policy::roles::Membership;
use rollcall_domain::policy::settings::Policy;
use serde_json::{Value, json};
use uuid::Uuid;

fn provisioning(fields: &Value) -> Policy {
    policy(&json!({ "provisioning": fields }))
}

#[test]
fn a_first_push_makes_an_identity_and_the_next_changes_nothing() {
    let policy = Policy::default();
    let decision = push(&policy, &ann(), &Known::default());
    assert_eq!(decision.outcome, Outcome::Created);
    let identity = made(decision);
    assert_eq!((identity.id, identity.status), (NEW, Status::Active));
    assert_eq!(identity.text("email"), Some("ann@acme.example"));
    assert_eq!(identity.links[0].external_id.as_deref(), Some("00u1"));
    assert_eq!(push(&policy, &ann(), &linked(identity)).outcome, Outcome::Unchanged);
}

#[test]
fn nobody_is_taken_over_unless_the_match_policy_says_so() {
    let there = || by_app(&[("userName", "ANN@acme.example"), ("email", "ann@acme.example")]);
    let all = &[Found::UserName, Found::Email, Found::ExternalId][..];
    let domains = json!(["acme.example"]);
    for (identity, found, word_expected, id) in [
        (json!({}), all, "queued", None),
        (json!({ "match": { "otherwise": "queue" } }), all, "queued", None),
        (json!({ "match": { "otherwise": "refuse" } }), all, "refused", None),
        (json!({ "match": { "otherwise": "create" } }), all, "created", Some(NEW)),
        (json!({}), &[Found::ExternalId][..], "created", Some(NEW)),
        (json!({ "match": { "by": ["externalId"] } }), all, "linked", Some(OLD)),
        (json!({ "match": { "by": ["userName"] } }), all, "linked", Some(OLD)),
        (json!({ "match": { "by": ["userName"] } }), &[Found::Email][..], "queued", None),
        (json!({ "match": { "by": ["verifiedEmail"] } }), all, "queued", None),
        (
            json!({ "match": { "by": ["verifiedEmail"] }, "verifiedDomains": domains }),
            all,
            "linked",
            Some(OLD),
        ),
        (
            json!({ "match": { "by": ["verifiedEmail"] }, "verifiedDomains": ["other.example"] }),
            all,
            "queued",
            None,
        ),
        (json!({ "match": { "by": ["userName"] }, "protected": ["ann@ACME.example"] }), all, "queued", None),
        (json!({ "match": { "by": ["userName"] }, "protected": [OLD.to_string()] }), all, "queued", None),
    ] {
        let policy = policy(&json!({ "identity": identity }));
        let known = Known { candidates: vec![candidate(found, there())], ..Known::default() };
        let decision = push(&policy, &ann(), &known);
        assert_eq!(word(&decision.outcome), word_expected, "{identity} {found:?}");
        assert_eq!(decision.identity.map(|identity| identity.id), id, "{identity} {found:?}");
    }
}

#[test]
fn matching_several_is_unclear_and_one_of_the_same_source_is_no_match() {
    let policy = policy(&json!({ "identity": { "match": { "by": ["externalId", "userName"] } } }));
    let named =
        |id: u128| Identity { id: Uuid::from_u128(id), ..by_app(&[("userName", "ann@acme.example")]) };
    let candidates = vec![candidate(&[Found::UserName], named(1)), candidate(&[Found::UserName], named(2))];
    let decision = push(&policy, &ann(), &Known { candidates, ..Known::default() });
    assert_eq!(decision.outcome, Outcome::Queued(vec![Uuid::from_u128(1), Uuid::from_u128(2)]));
    let mut own = named(1);
    own.links.push(link(OKTA, Uuid::from_u128(0xa2), true));
    let candidates = vec![candidate(&[Found::UserName], own)];
    let decision = push(&policy, &ann(), &Known { candidates, ..Known::default() });
    assert_eq!(word(&decision.outcome), "queued");
}

#[test]
fn someone_says_who_a_queued_resource_is() {
    let policy = policy(&json!({ "identity": { "protected": ["ann@acme.example"] } }));
    let there = by_app(&[("userName", "ann@acme.example"), ("email", "old@acme.example"), ("name", "App")]);
    let known = Known { candidates: vec![candidate(&[Found::UserName], there.clone())], ..Known::default() };
    assert_eq!(push(&policy, &ann(), &known).outcome, Outcome::Queued(vec![OLD]));
    let (profile, occasion) = (ann(), Occasion::Pushed);
    let question = Question {
        policy: &policy,
        occasion,
        source: OKTA,
        resource: ANN,
        profile: &profile,
        now: NOW,
        new_id: NEW,
    };
    let chosen = choose(&question, &known, Choice::This(Box::new(there)));
    assert_eq!((chosen.outcome.clone(), chosen.before.is_some()), (Outcome::Chosen, true));
    let identity = made(chosen);
    assert_eq!((identity.id, identity.links[0].adopted), (OLD, true));
    assert_eq!(push(&policy, &profile, &linked(identity.clone())).outcome, Outcome::Unchanged);
    let fresh = choose(&question, &known, Choice::New);
    assert_eq!((fresh.outcome.clone(), made(fresh).id), (Outcome::Created, NEW));
    let twice = choose(&question, &known, Choice::This(Box::new(identity)));
    assert_eq!(twice.outcome, Outcome::Refused { attribute: "id".to_owned(), identity: OLD });
}

#[test]
fn the_first_key_that_matches_decides() {
    let policy = policy(&json!({ "identity": { "match": { "by": ["externalId", "userName"] } } }));
    let (one, other) = (by_app(&[]), Identity { id: Uuid::from_u128(2), ..by_app(&[]) });
    let candidates = vec![candidate(&[Found::UserName], other), candidate(&[Found::ExternalId], one)];
    let decision = push(&policy, &ann(), &Known { candidates, ..Known::default() });
    assert_eq!(made(decision).id, OLD);
}

#[test]
fn what_a_push_updates() {
    let said = |fields: Value| {
        let mut all = json!({ "externalId": "00u1", "userName": "ann@acme.example", "active": true });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        profile(all)
    };
    let user = |fields: Value| provisioning(&json!({ "user": fields }));
    // The identity before: `name` by the application, `phone` by the source, `firstName` by a sign-in.
    for (policy, fields, name, phone, first) in [
        (user(json!({})), json!({ "name": "N", "phone": "2", "firstName": "F" }), "App", Some("2"), "F"),
        (user(json!({ "authority": "scim" })), json!({ "name": "N", "firstName": "F" }), "N", None, "F"),
        (
            user(json!({ "authority": "sso" })),
            json!({ "name": "N", "phone": "2", "firstName": "F" }),
            "N",
            Some("2"),
            "Sso",
        ),
        (
            user(json!({ "attributeAuthority": { "name": "scim" } })),
            json!({ "name": "N", "phone": "1" }),
            "N",
            Some("1"),
            "Sso",
        ),
        (
            user(json!({ "authority": "scim", "attributeAuthority": { "firstName": "sso" } })),
            json!({ "name": "N", "firstName": "F" }),
            "N",
            None,
            "Sso",
        ),
        (
            user(json!({ "updateProfileFromScim": "never" })),
            json!({ "name": "N", "phone": "2" }),
            "App",
            Some("1"),
            "Sso",
        ),
        (
            user(json!({ "updateProfileFromScim": "missing" })),
            json!({ "name": "N", "phone": "2" }),
            "App",
            Some("1"),
            "Sso",
        ),
        (
            user(json!({ "updateProfileFromScim": "missing" })),
            json!({ "lastName": "new" }),
            "App",
            Some("1"),
            "Sso",
        ),
        (user(json!({})), json!({}), "App", None, "Sso"),
    ] {
        let mut before = provisioned(&policy);
        before.attributes.clear();
        for (attribute, value, origin) in
            [("name", "App", Origin::App), ("phone", "1", Origin::Scim), ("firstName", "Sso", Origin::Sso)]
        {
            let source = (origin == Origin::Scim).then_some(OKTA);
            let held = rollcall_domain::identity::Held { value: json!(value), origin, source };
            before.attributes.insert(attribute.to_owned(), held);
        }
        let after = made(push(&policy, &said(fields.clone()), &linked(before)));
        let found = (after.text("name"), after.text("phone"), after.text("firstName"));
        assert_eq!(found, (Some(name), phone, Some(first)), "{:?} {fields}", policy.provisioning.user);
        assert_eq!(after.text("lastName").is_some(), fields.get("lastName").is_some());
    }
}

#[test]
fn one_source_does_not_take_away_what_another_wrote() {
    let policy = Policy::default();
    let mut before = provisioned(&policy);
    let held =
        rollcall_domain::identity::Held { value: json!("+1"), origin: Origin::Scim, source: Some(ENTRA) };
    before.attributes.insert("phone".to_owned(), held);
    before.links.push(link(ENTRA, ANN_AT_ENTRA, true));
    assert_eq!(push(&policy, &ann(), &linked(before)).outcome, Outcome::Unchanged);
}

#[test]
fn extra_fields_are_attributes_of_their_own() {
    let policy = Policy::default();
    let mut said = ann();
    said.attributes.insert("department".to_owned(), json!("Tools"));
    let identity = made(push(&policy, &said, &Known::default()));
    assert_eq!(identity.attributes["attributes.department"].value, json!("Tools"));
    let identity = made(push(&policy, &ann(), &linked(identity)));
    assert!(!identity.attributes.contains_key("attributes.department"), "no longer said");
}

#[test]
fn addresses_change_within_verified_domains_only() {
    for (domains, adopted, old, new, may) in [
        (json!([]), false, "ann@acme.example", "ann@evil.example", true),
        (json!(["acme.example"]), false, "ann@acme.example", "bee@acme.example", true),
        (json!(["acme.example"]), false, "ann@acme.example", "ann@evil.example", false),
        (json!(["acme.example"]), false, "boss@corp.example", "ann@acme.example", false),
        (json!(["acme.example", "corp.example"]), false, "boss@corp.example", "ann@ACME.example", true),
        (json!([]), true, "ann@acme.example", "ann@evil.example", false),
    ] {
        let policy = policy(&json!({
            "identity": { "verifiedDomains": domains }, "provisioning": { "user": { "authority": "scim" } },
        }));
        let mut before = provisioned(&policy);
        before.attributes.get_mut("email").unwrap().value = json!(old);
        before.links[0].adopted = adopted;
        let mut said = ann();
        said.email = Some(new.to_owned());
        let decision = push(&policy, &said, &linked(before));
        let after = made(decision.clone());
        assert_eq!(after.text("email"), Some(if may { new } else { old }), "{domains} {old} {new}");
        assert_eq!(decision.rules.iter().any(|rule| rule.key == "identity.verifiedDomains"), !may);
    }
}

#[test]
fn who_is_not_wanted_any_more_is_deprovisioned_as_policy_says() {
    let mut leaving = ann();
    leaving.active = Some(false);
    for (mode, status, delete_after, is_sealed, word_expected) in [
        ("disable", Status::Disabled, None, false, "deprovisioned"),
        ("soft", Status::Disabled, None, false, "deprovisioned"),
        ("delete-after-grace", Status::Disabled, Some(7), false, "deprovisioned"),
        ("anonymize", Status::Anonymized, None, true, "deprovisioned"),
        ("hard", Status::Deleted, None, false, "deprovisioned"),
        ("keep", Status::Active, None, false, "updated"),
    ] {
        let policy = provisioning(&json!({
            "deprovision": { "mode": mode, "graceDays": 7 },
            "jit": { "defaultRoleIds": ["member"] },
        }));
        let known = linked(provisioned(&policy));
        for occasion in [Occasion::Pushed, Occasion::Removed] {
            let decision = ask(&policy, occasion, &leaving, &known);
            assert_eq!(word(&decision.outcome), word_expected, "{mode} {occasion:?}");
            let after = made(decision);
            let due = delete_after.map(|days: i64| Timestamp(NOW.0 + days * 86_400_000));
            assert_eq!((after.status, after.delete_at), (status, due), "{mode} {occasion:?}");
            assert_eq!(after.sealed.is_some(), is_sealed, "{mode}");
            assert_eq!(roles(&after).is_empty(), mode != "keep", "{mode} {occasion:?}");
            assert_eq!(after.links.is_empty(), occasion == Occasion::Removed);
        }
    }
}

#[test]
fn who_comes_back_has_what_they_had() {
    let mut leaving = ann();
    leaving.active = Some(false);
    for mode in ["disable", "delete-after-grace", "anonymize", "keep"] {
        let policy = provisioning(&json!({
            "deprovision": { "mode": mode }, "jit": { "defaultRoleIds": ["member"] },
        }));
        let before = provisioned(&policy);
        let gone = made(push(&policy, &leaving, &linked(before.clone())));
        let back = made(push(&policy, &ann(), &linked(gone)));
        assert_eq!(back, before, "{mode}");
    }
}

#[test]
fn an_anonymous_identity_says_nothing_of_the_person_and_learns_of_them_all_the_same() {
    let policy = provisioning(&json!({ "deprovision": { "mode": "anonymize" } }));
    let mut leaving = ann();
    leaving.active = Some(false);
    let gone = made(push(&policy, &leaving, &linked(provisioned(&policy))));
    let shown: Vec<(&str, &str)> =
        gone.attributes.iter().map(|(name, held)| (&**name, held.value.as_str().unwrap())).collect();
    assert_eq!(
        shown,
        [
            ("email", "user-00abcdef0123@user.anon"),
            ("name", "user-00abcdef0123"),
            ("userName", "user-00abcdef0123@user.anon")
        ]
    );
    leaving.name = Some("Ann Cee".to_owned());
    let gone = made(push(&policy, &leaving, &linked(gone)));
    assert_eq!(gone.text("name"), Some("user-00abcdef0123"));
    leaving.active = Some(true);
    assert_eq!(made(push(&policy, &leaving, &linked(gone))).text("name"), Some("Ann Cee"));
}

#[test]
fn after_the_grace_an_identity_is_deleted_unless_it_came_back() {
    let policy = provisioning(&json!({ "deprovision": { "mode": "delete-after-grace", "graceDays": 1 } }));
    let removed = made(ask(&policy, Occasion::Removed, &ann(), &linked(provisioned(&policy))));
    let due = removed.delete_at.unwrap();
    assert_eq!(expired(&removed, Timestamp(due.0 - 1)), None);
    let gone = expired(&removed, due).unwrap();
    assert_eq!((gone.status, gone.attributes.len(), gone.grants.len()), (Status::Deleted, 0, 0));
    let known = Known { tombstone: Some(tombstone()), returning: Some(removed), ..Known::default() };
    let back = made(push(&policy, &ann(), &known));
    assert_eq!(
        (back.status, back.delete_at, expired(&back, Timestamp(i64::MAX))),
        (Status::Active, None, None)
    );
}

fn tombstone() -> Tombstone {
    Tombstone { source: OKTA, external_id: "00u1".to_owned(), identity: NEW, at: NOW }
}

#[test]
fn a_rehire_is_recognised_by_the_tombstone() {
    let removed = |policy: &Policy| {
        let decision = ask(policy, Occasion::Removed, &ann(), &linked(provisioned(policy)));
        assert_eq!(decision.tombstone, Some(tombstone()));
        made(decision)
    };
    let fresh = Uuid::from_u128(0xf);
    for (reuse, is_there, word_expected, id) in [
        (json!({}), true, "relinked", Some(NEW)),
        (json!({}), false, "relinked", Some(NEW)),
        (json!({ "rehire": "relink" }), true, "relinked", Some(NEW)),
        (json!({ "rehire": "new" }), true, "created", Some(fresh)),
        (json!({ "rehire": "refuse" }), true, "refused", None),
        (json!({ "user": "none", "rehire": "refuse" }), true, "created", Some(fresh)),
    ] {
        let policy = provisioning(&json!({ "scimReuse": reuse }));
        let returning = is_there.then(|| removed(&policy));
        let known = Known { tombstone: Some(tombstone()), returning, ..Known::default() };
        let profile = ann();
        let question = rollcall_domain::policy::decide::Question {
            policy: &policy,
            occasion: Occasion::Pushed,
            source: OKTA,
            resource: Uuid::from_u128(0xa9),
            profile: &profile,
            now: NOW,
            new_id: fresh,
        };
        let decision = rollcall_domain::policy::decide::decide(&question, &known);
        assert_eq!(word(&decision.outcome), word_expected, "{reuse} {is_there}");
        assert_eq!(decision.identity.map(|identity| identity.id), id, "{reuse} {is_there}");
    }
}

#[test]
fn the_tombstone_of_another_source_or_person_is_none() {
    let policy = Policy::default();
    for other in [
        Tombstone { source: ENTRA, ..tombstone() },
        Tombstone { external_id: "00u2".to_owned(), ..tombstone() },
    ] {
        let known = Known { tombstone: Some(other), ..Known::default() };
        assert_eq!(push(&policy, &ann(), &known).outcome, Outcome::Created);
    }
}

#[test]
fn with_several_sources_one_or_all_must_want_someone() {
    for (active_while, here, there, is_active) in [
        ("anySource", true, true, true),
        ("anySource", false, true, true),
        ("anySource", true, false, true),
        ("anySource", false, false, false),
        ("allSources", true, true, true),
        ("allSources", false, true, false),
        ("allSources", true, false, false),
    ] {
        let policy = policy(&json!({ "identity": { "activeWhile": active_while } }));
        let mut before = provisioned(&policy);
        before.links.push(link(ENTRA, ANN_AT_ENTRA, there));
        let mut said = ann();
        said.active = Some(here);
        let after = made(push(&policy, &said, &linked(before)));
        assert_eq!(after.status == Status::Active, is_active, "{active_while} {here} {there}");
    }
}

#[test]
fn the_last_resource_that_goes_is_what_counts() {
    let policy = Policy::default();
    let mut before = provisioned(&policy);
    before.links.push(link(ENTRA, ANN_AT_ENTRA, true));
    let after = made(ask(&policy, Occasion::Removed, &ann(), &linked(before)));
    assert_eq!((after.status, after.links.len()), (Status::Active, 1));
}

#[test]
fn roles_are_reconciled_as_a_set_and_owned_grants_only() {
    let group = Membership { id: Uuid::from_u128(0x61), external_id: Some("g-admins".to_owned()) };
    let policy = provisioning(&json!({
        "jit": { "defaultRoleIds": ["member"] },
        "groups": { "mode": "sync", "mapping": { "g-admins": ["admin", "auditor"], (group.id.to_string()): ["by-id"] } },
        "roles": { "mode": "map", "mapping": { "Boss": ["boss"], "Ghost": [] } },
    }));
    let mut said = ann();
    said.roles = vec!["Boss".to_owned(), "Unknown".to_owned()];
    let known = Known { memberships: vec![group.clone()], ..Known::default() };
    let identity = made(push(&policy, &said, &known));
    assert_eq!(roles(&identity), ["admin", "auditor", "boss", "by-id", "member"]);
    // What others granted stays, the same role twice where two grant it.
    let mut before = identity;
    before.grants.insert(grant("owner", Owner::App));
    before.grants.insert(grant("admin", Owner::Source(ENTRA)));
    let decision = push(&policy, &ann(), &linked(before));
    assert_eq!(decision.roles.lost, set(&["auditor", "boss", "by-id"]));
    let after = made(decision);
    assert_eq!(roles(&after), ["admin", "member", "owner"]);
    assert!(after.grants.contains(&grant("admin", Owner::Source(ENTRA))));
    assert!(!after.grants.contains(&grant("admin", Owner::Source(OKTA))));
}

#[test]
fn renaming_a_group_changes_nothing() {
    let policy = provisioning(
        &json!({ "groups": { "mode": "sync", "mapping": { "Admins": ["admin"], "g1": ["dev"] } } }),
    );
    let named =
        |external: &str| Membership { id: Uuid::from_u128(0x61), external_id: Some(external.to_owned()) };
    // A membership has no display name: a group called `Admins` gives nothing.
    let known = Known { memberships: vec![named("g1")], ..Known::default() };
    assert_eq!(roles(&made(push(&policy, &ann(), &known))), ["dev"]);
}

#[test]
fn groups_and_roles_give_nothing_unless_policy_reads_them() {
    let policy = provisioning(&json!({
        "groups": { "mapping": { "g1": ["admin"] } }, "roles": { "mapping": { "Boss": ["boss"] } },
        "jit": { "mode": "createUser", "defaultRoleIds": ["member"] },
    }));
    let mut said = ann();
    said.groups = vec!["g1".to_owned()];
    said.roles = vec!["Boss".to_owned()];
    let decision = push(&policy, &said, &Known::default());
    assert_eq!((decision.outcome.clone(), roles(&made(decision)).len()), (Outcome::Created, 0));
}

#[test]
fn who_is_in_no_required_group_counts_as_inactive() {
    let policy = provisioning(&json!({ "requiredGroups": ["g-staff"] }));
    let staff = Membership { id: Uuid::from_u128(0x61), external_id: Some("g-staff".to_owned()) };
    let outside = push(&policy, &ann(), &Known::default());
    assert_eq!(outside.outcome, Outcome::Ignored("not in a required group".to_owned()));
    let inside = Known { memberships: vec![staff], ..Known::default() };
    let identity = made(push(&policy, &ann(), &inside));
    let left = push(&policy, &ann(), &linked(identity));
    assert_eq!(word(&left.outcome), "deprovisioned");
    // Back in the group: active again, also when the source says nothing of `active`.
    let mut silent = ann();
    silent.active = None;
    let known = Known { linked: left.identity, ..inside };
    assert_eq!(push(&policy, &silent, &known).outcome, Outcome::Reactivated);
}

#[test]
fn a_protected_identity_is_left_alone() {
    let policy =
        provisioning(&json!({ "deprovision": { "mode": "hard" }, "jit": { "defaultRoleIds": ["member"] } }));
    let mut before = provisioned(&policy);
    before.protected = true;
    let mut said = ann();
    said.active = Some(false);
    said.email = Some("evil@evil.example".to_owned());
    for occasion in [Occasion::Pushed, Occasion::Removed] {
        let after = made(ask(&policy, occasion, &said, &linked(before.clone())));
        assert_eq!(
            (after.status, after.text("email")),
            (Status::Active, Some("ann@acme.example")),
            "{occasion:?}"
        );
        assert_eq!(roles(&after), ["member"], "{occasion:?}");
    }
}

#[test]
fn nobody_new_is_made_when_policy_says_so() {
    let policy = provisioning(&json!({ "jit": { "mode": "off" } }));
    assert_eq!(word(&push(&policy, &ann(), &Known::default()).outcome), "ignored");
    let known = linked(provisioned(&Policy::default()));
    assert_eq!(push(&policy, &ann(), &known).outcome, Outcome::Unchanged, "who is there goes on");
}

#[test]
fn a_sign_in_is_who_policy_says() {
    let policy_of = |linking: &str, create: bool, mode: &str| {
        policy(&json!({
            "identity": { "accountLinking": { "oidc": linking, "saml": "none" }, "verifiedDomains": ["acme.example"] },
            "provisioning": { "user": { "createOnSignIn": create }, "jit": { "mode": mode, "defaultRoleIds": ["member"] } },
        }))
    };
    let mut claims = ann();
    claims.subject = Some("00u1".to_owned());
    let own = provisioned(&Policy::default());
    let same = || candidate(&[Found::Subject], own.clone());
    let address = || candidate(&[Found::Email], by_app(&[("email", "ann@acme.example")]));
    for (linking, create, mode, candidates, protocol, expected, id) in [
        (
            "sameConnection",
            true,
            "createUserAndMembership",
            vec![same()],
            Protocol::Oidc,
            "updated",
            Some(NEW),
        ),
        (
            "sameConnection",
            true,
            "createUserAndMembership",
            vec![address()],
            Protocol::Oidc,
            "created",
            Some(NEW),
        ),
        (
            "verifiedEmail",
            true,
            "createUserAndMembership",
            vec![address()],
            Protocol::Oidc,
            "linked",
            Some(OLD),
        ),
        (
            "verifiedEmail",
            true,
            "createUserAndMembership",
            vec![address(), same()],
            Protocol::Oidc,
            "updated",
            Some(NEW),
        ),
        (
            "none",
            true,
            "createUserAndMembership",
            vec![same(), address()],
            Protocol::Oidc,
            "created",
            Some(NEW),
        ),
        (
            "verifiedEmail",
            true,
            "createUserAndMembership",
            vec![same()],
            Protocol::Saml,
            "created",
            Some(NEW),
        ),
        ("sameConnection", false, "createUserAndMembership", vec![], Protocol::Oidc, "ignored", None),
        ("sameConnection", true, "off", vec![], Protocol::Oidc, "ignored", None),
    ] {
        let policy = policy_of(linking, create, mode);
        let known = Known { candidates, ..Known::default() };
        let decision = ask(&policy, Occasion::SignIn(protocol), &claims, &known);
        assert_eq!(word(&decision.outcome), expected, "{linking} {create} {mode} {protocol:?}");
        assert_eq!(
            decision.identity.map(|identity| identity.id),
            id,
            "{linking} {create} {mode} {protocol:?}"
        );
    }
}

#[test]
fn a_sign_in_brings_nobody_back_and_overwrites_nothing_it_may_not() {
    let policy = provisioning(&json!({ "user": { "updateProfileOnLogin": "always", "authority": "scim" } }));
    let mut claims = ann();
    claims.subject = Some("00u1".to_owned());
    claims.name = Some("Other".to_owned());
    claims.phone = Some("+1".to_owned());
    let mut gone = provisioned(&policy);
    gone.status = Status::Disabled;
    gone.disabled_by = Some(Origin::Scim);
    let decision = ask(&policy, Occasion::SignIn(Protocol::Oidc), &claims, &linked(gone.clone()));
    assert_eq!((word(&decision.outcome), decision.identity), ("ignored".to_owned(), Some(gone)));
    let after = made(ask(&policy, Occasion::SignIn(Protocol::Oidc), &claims, &linked(provisioned(&policy))));
    assert_eq!((after.text("name"), after.text("phone")), (Some("Ann Bee"), Some("+1")));
    assert_eq!(push(&policy, &ann(), &linked(after)).outcome, Outcome::Unchanged, "nor does the next push");
}
