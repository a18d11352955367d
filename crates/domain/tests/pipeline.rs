//! The whole way, from resources as providers send them to identities: the documents that the product was made
//! from, and what went wrong elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where something is not as it should be"
)]

mod common;

use common::{ANN, NEW, NOW, OKTA, made, policy, roles};
use rollcall_domain::identity::{Identity, Origin, Status};
use rollcall_domain::mapping::expression::{
    Evaluated, Expression, Failure, FailureKind, OnError, Outcome as Ran, Returned,
};
use rollcall_domain::mapping::{Mapping, MappingSettings};
use rollcall_domain::pipeline::{
    Decided, Extracted, HookAnswer, Input, Outlook, Step, StopReason, extract, extract_group,
};
use rollcall_domain::policy::decide::{Known, Occasion, Outcome};
use rollcall_domain::policy::roles::Membership;
use rollcall_domain::policy::settings::Policy;
use rollcall_scim::Document;
use rollcall_scim::patch::Patch;
use rollcall_scim::rules::Rules;
use rollcall_scim::schema::{Registry, ResolvedType};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn user() -> Arc<ResolvedType> {
    Arc::clone(Registry::builtin().unwrap().type_named("User").unwrap())
}

fn object(value: Value) -> Document {
    if let Value::Object(object) = value { object } else { panic!("{value}") }
}

fn mapping(settings: Value) -> Mapping {
    MappingSettings::from_json(settings).unwrap().compile(&user()).unwrap()
}

fn begin(mapping: &Mapping, document: Value) -> Extracted {
    extract(Input::pushed("okta", "okta", "PUT", object(document)), mapping, &user())
}

fn outlook() -> Outlook {
    Outlook { source: OKTA, resource: ANN, now: NOW, new_id: NEW }
}

/// From a resource to a decision, without expressions and hook.
fn run(mapping: &Mapping, policy: &Policy, document: Value, known: &Known) -> Decided {
    let profiled = begin(mapping, document).profile(None).unwrap();
    profiled.hooked(HookAnswer::None).unwrap().decide(policy, known, &outlook())
}

/// A document after a PATCH as providers send it.
fn patched(document: &Value, operations: &Value) -> Value {
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    let rules = Rules { create_on_replace_miss: true, ..Rules::default() };
    let patch = Patch::parse(json!({ "schemas": schemas, "Operations": operations }), &rules).unwrap();
    let applied = patch.apply(&object(document.clone()), &user(), &rules).unwrap();
    Value::Object(applied.document)
}

/// The mapping of the configuration that the mapping keys are from, as printed in its documentation.
fn printed_profile() -> Value {
    let text = include_str!("../../../corpus/printed/configuration.json");
    serde_json::from_str::<Value>(text).unwrap()["profile"].take()
}

#[test]
fn the_printed_configuration_does_what_it_says() {
    let mapping = mapping(json!({ "profile": printed_profile() }));
    let document = json!({
        "userName": "ann@acme.example", "externalId": "00u1", "displayName": "Ann Bee", "active": true,
        "emails": [
            { "value": "ann@home.example", "type": "home" },
            { "value": "ann@acme.example", "type": "work", "primary": true },
        ],
        (ENTERPRISE): { "department": "Tools" },
    });
    let decided = run(&mapping, &Policy::default(), document, &Known::default());
    let profile = serde_json::to_value(&decided.profile).unwrap();
    for (field, value) in [
        ("externalId", json!("00u1")),
        ("email", json!("ann@acme.example")),
        ("name", json!("Ann Bee")),
        ("active", json!(true)),
        ("attributes", json!({ "department": "Tools" })),
    ] {
        assert_eq!(profile[field], value, "{field}");
    }
    assert_eq!(decided.decision.outcome, Outcome::Created);
}

#[test]
fn every_mapping_key_and_no_other_is_taken() {
    let keys = [
        "subject",
        "externalId",
        "email",
        "firstName",
        "lastName",
        "name",
        "phone",
        "active",
        "groups",
        "roles",
    ];
    for key in keys {
        mapping(json!({ "profile": { "mapping": { (key): "userName" } } }));
    }
    let settings = |value: Value| MappingSettings::from_json(value).map(|settings| settings.compile(&user()));
    let unknown = settings(json!({ "profile": { "mapping": { "mail": "userName" } } })).unwrap().unwrap_err();
    let listed = keys.join(", ");
    assert_eq!(
        unknown[0].to_string(),
        format!("mapping.mail is not a key; there are {listed}; other fields go under extraFields")
    );
    let shape = settings(json!({ "profile": { "extrafields": {} } })).unwrap_err().to_string();
    assert_eq!(shape, "unknown field `extrafields`, expected `mapping` or `extraFields`");
}

#[test]
fn all_that_is_wrong_with_a_mapping_is_told_at_once() {
    let settings = json!({
        "profile": { "mapping": { "email": "emails[", "mail": "x" }, "extraFields": { "x": "" } },
        "expressions": { "users": [
            { "name": "a", "expression": "" }, { "name": "a", "expression": "" }, { "name": "", "expression": "" },
        ] },
    });
    let errors = MappingSettings::from_json(settings).unwrap().compile(&user()).unwrap_err();
    assert_eq!(errors.len(), 5, "{errors:?}");
}

#[test]
fn a_configured_path_that_finds_nothing_falls_back_and_the_trace_says_so() {
    let mapping = mapping(
        json!({ "profile": { "mapping": { "email": r#"emails[type eq "work"].value"#, "name": "nickName" } } }),
    );
    let decided = run(
        &mapping,
        &Policy::default(),
        json!({ "userName": "ann@acme.example", "name": { "givenName": "Ann", "familyName": "Bee" }, "active": "maybe" }),
        &Known::default(),
    );
    assert_eq!(decided.profile.email.as_deref(), Some("ann@acme.example"));
    assert_eq!(decided.profile.name.as_deref(), Some("Ann Bee"));
    assert_eq!(decided.profile.active, None);
    let Step::Extraction(fields) = &decided.trace.steps[2] else { panic!("{:?}", decided.trace) };
    let field = |name: &str| fields.iter().find(|field| field.field == name).unwrap();
    assert_eq!(field("email").path, "userName");
    assert_eq!(field("name").path, "name.givenName + name.familyName");
    assert_eq!(field("active").note.as_deref(), Some("active: \"maybe\" is neither true nor false"));
}

/// Defect (1): Entra ID's `"False"` was ignored, and the person stayed active.
#[test]
fn false_as_text_deactivates() {
    let mapping = mapping(json!({}));
    let policy = Policy::default();
    let before = json!({ "userName": "ann", "active": true });
    let known = Known {
        linked: Some(made(run(&mapping, &policy, before.clone(), &Known::default()).decision)),
        ..Known::default()
    };
    let after = patched(&before, &json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    assert_eq!(after["active"], json!(false));
    for document in [after, json!({ "userName": "ann", "active": "False" })] {
        let decided = run(&mapping, &policy, document, &known);
        assert_eq!(made(decided.decision).status, Status::Disabled);
    }
}

/// Defect (2): any PATCH that did not touch `active` made an inactive member active again.
#[test]
fn a_patch_of_something_else_reactivates_nobody() {
    let mapping = mapping(json!({}));
    let policy = Policy::default();
    let inactive = json!({ "userName": "ann", "active": false });
    let identity = made(run(&mapping, &policy, inactive.clone(), &Known::default()).decision);
    assert_eq!(identity.status, Status::Disabled);
    let known = Known { linked: Some(identity), ..Known::default() };
    let after = patched(&inactive, &json!([{ "op": "replace", "path": "displayName", "value": "Ann" }]));
    for document in [after, json!({ "userName": "ann", "displayName": "Ann" })] {
        let identity = made(run(&mapping, &policy, document.clone(), &known).decision);
        assert_eq!((identity.status, identity.text("name")), (Status::Disabled, Some("Ann")), "{document}");
    }
}

/// Defect (3): a PATCH computed roles from its own body, and they collapsed to the default ones.
#[test]
fn a_patch_of_something_else_takes_no_roles() {
    let mapping = mapping(json!({}));
    let policy = policy(&json!({ "provisioning": {
        "jit": { "defaultRoleIds": ["member"] },
        "groups": { "mode": "sync", "mapping": { "g-dev": ["dev"] } },
        "roles": { "mode": "map", "mapping": { "boss": ["admin"] } },
    } }));
    let memberships = vec![Membership { id: Uuid::from_u128(0x61), external_id: Some("g-dev".to_owned()) }];
    let known = Known { memberships, ..Known::default() };
    let before = json!({ "userName": "ann", "roles": [{ "value": "boss" }] });
    let identity = made(run(&mapping, &policy, before.clone(), &known).decision);
    assert_eq!(roles(&identity), ["admin", "dev", "member"]);
    let known = Known { linked: Some(identity), ..known };
    let after = patched(&before, &json!([{ "op": "replace", "path": "title", "value": "Lead" }]));
    let decided = run(&mapping, &policy, after, &known);
    assert_eq!(decided.decision.outcome, Outcome::Unchanged);
    assert_eq!(decided.decision.roles, rollcall_domain::policy::roles::RoleChange::default());
}

/// Defect (4): the `externalId` was lost on a PATCH; here it stays with the resource and the link.
#[test]
fn a_patch_of_something_else_keeps_the_external_id() {
    let mapping = mapping(json!({}));
    let before = json!({ "userName": "ann", "externalId": "00u1" });
    let identity = made(run(&mapping, &Policy::default(), before.clone(), &Known::default()).decision);
    let after = patched(&before, &json!([{ "op": "replace", "value": { "displayName": "Ann" } }]));
    assert_eq!(after["externalId"], json!("00u1"));
    let known = Known { linked: Some(identity), ..Known::default() };
    let identity = made(run(&mapping, &Policy::default(), after, &known).decision);
    assert_eq!(identity.links[0].external_id.as_deref(), Some("00u1"));
}

/// Defects (5) and (6): group pushes that were dropped. What reaches policy is the membership that is left, so
/// that a member who is removed loses the role in the same decision.
#[test]
fn who_leaves_a_group_loses_its_role_and_no_other() {
    let mapping = mapping(json!({}));
    let policy = policy(&json!({ "provisioning": {
        "jit": { "defaultRoleIds": ["member"] }, "groups": { "mode": "sync", "mapping": { "g-dev": ["dev"] } },
    } }));
    let document = json!({ "userName": "ann" });
    let inside = vec![Membership { id: Uuid::from_u128(0x61), external_id: Some("g-dev".to_owned()) }];
    let known = Known { memberships: inside, ..Known::default() };
    let identity = made(run(&mapping, &policy, document.clone(), &known).decision);
    assert_eq!(roles(&identity), ["dev", "member"]);
    let known = Known { linked: Some(identity), ..Known::default() };
    let decided = run(&mapping, &policy, document, &known);
    assert_eq!(roles(decided.decision.identity.as_ref().unwrap()), ["member"]);
    assert_eq!(decided.decision.roles.lost, common::set(&["dev"]));
}

/// Defect (7): reads left events. A push that says nothing new leaves none either.
#[test]
fn what_changes_nothing_is_no_change() {
    let mapping = mapping(json!({}));
    let document = json!({ "userName": "ann", "displayName": "Ann", "active": true });
    let identity = made(run(&mapping, &Policy::default(), document.clone(), &Known::default()).decision);
    let known = Known { linked: Some(identity), ..Known::default() };
    let decided = run(&mapping, &Policy::default(), document, &known);
    assert_eq!(decided.decision.outcome, Outcome::Unchanged);
    let Some(Step::Change { difference, .. }) = decided.trace.steps.last() else {
        panic!("{:?}", decided.trace)
    };
    assert_eq!(difference, &json!({}));
}

/// Differential check: what an administrator did locally is not undone by the next push.
#[test]
fn a_local_deactivation_stays_until_it_is_undone_locally() {
    let mapping = mapping(json!({}));
    let document = json!({ "userName": "ann", "active": true });
    let mut identity = made(run(&mapping, &Policy::default(), document.clone(), &Known::default()).decision);
    identity.status = Status::Disabled;
    identity.disabled_by = Some(Origin::App);
    let known = Known { linked: Some(identity), ..Known::default() };
    let status = |policy: &Policy| made(run(&mapping, policy, document.clone(), &known).decision).status;
    assert_eq!(status(&Policy::default()), Status::Disabled);
    let scim = policy(&json!({ "provisioning": { "user": { "attributeAuthority": { "active": "scim" } } } }));
    assert_eq!(status(&scim), Status::Active);
}

/// Differential check: who pushed a user or a group of a known name got what that name could do.
#[test]
fn a_known_name_gives_neither_an_identity_nor_a_role() {
    let mapping = mapping(json!({}));
    let policy = policy(
        &json!({ "provisioning": { "groups": { "mode": "sync", "mapping": { "0198-admins": ["admin"] } } } }),
    );
    let admin = common::by_app(&[("userName", "admin")]);
    let candidates =
        vec![common::candidate(&[rollcall_domain::policy::decide::Found::UserName], admin.clone())];
    let known = Known { candidates, ..Known::default() };
    let document = json!({ "userName": "admin", "groups": [{ "value": "x", "display": "0198-admins" }] });
    let decided = run(&mapping, &policy, document, &known);
    assert_eq!(decided.decision.outcome, Outcome::Queued(vec![admin.id]));
    let document = json!({ "userName": "eve", "groups": [{ "value": "x", "display": "0198-admins" }] });
    let decided = run(&mapping, &policy, document, &Known::default());
    assert!(roles(decided.decision.identity.as_ref().unwrap()).is_empty());
}

/// An evaluation's answer, as the workers would give it.
fn evaluated(extracted: &Extracted, results: &[(&str, Returned)]) -> Evaluated {
    let evaluation = extracted.evaluation().unwrap();
    let mut evaluated = Evaluated::begin(evaluation.properties.clone());
    for (name, result) in results {
        let ran =
            Ran { expression: (*name).to_owned(), result: result.clone(), micros: 1, printed: String::new() };
        evaluated.take(ran, evaluation.on_error);
    }
    evaluated
}

fn with_expressions(on_error: &str) -> Mapping {
    mapping(json!({
        "expressions": { "users": [{ "name": "b", "expression": "…" }, { "name": "a", "expression": "…" }] },
        "onExpressionError": on_error,
    }))
}

#[test]
fn expressions_are_asked_in_the_order_of_their_names_with_what_was_extracted() {
    let extracted = begin(&with_expressions("fail"), json!({ "userName": "ann", "phoneNumber": "0123" }));
    let evaluation = extracted.evaluation().unwrap();
    let names: Vec<&str> = evaluation.expressions.iter().map(|one: &Expression| &*one.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(Value::Object(evaluation.properties.clone()), json!({ "subject": "ann", "userName": "ann" }));
    assert_eq!(evaluation.data["phoneNumber"], json!("0123"));
    assert_eq!(evaluation.declared["emails"], json!([]));
    assert_eq!((&evaluation.source["slug"], &evaluation.request["method"]), (&json!("okta"), &json!("PUT")));
}

#[test]
fn what_expressions_return_is_the_profile() {
    let extracted = begin(&with_expressions("fail"), json!({ "userName": "ann" }));
    let properties =
        json!({ "username": "bee", "is_active": "False", "attributes": { "phone": "0123456789" } });
    let evaluated = evaluated(&extracted, &[("a", Returned::Properties(object(properties)))]);
    let decided = extracted.profile(Some(evaluated)).unwrap().hooked(HookAnswer::None).unwrap();
    let profile = decided.profile();
    assert_eq!((profile.user_name.as_deref(), profile.active), (Some("bee"), Some(false)));
    assert_eq!(profile.attributes["phone"], json!("0123456789"));
}

#[test]
fn a_failing_expression_stops_the_request_or_is_left_out_as_the_operator_says() {
    let failure = Failure::new("a", FailureKind::Evaluation, "no");
    let results = [
        ("a", Returned::Failed(failure.clone())),
        ("b", Returned::Properties(object(json!({ "name": "B" })))),
    ];
    let extracted = begin(&with_expressions("fail"), json!({ "userName": "ann" }));
    let answer = evaluated(&extracted, &results[..1]);
    let stopped = extracted.profile(Some(answer)).unwrap_err();
    assert_eq!(stopped.reason, StopReason::Failed(failure));
    assert!(matches!(stopped.trace.steps.last(), Some(Step::Expressions(_))));
    let extracted = begin(&with_expressions("continue"), json!({ "userName": "ann" }));
    let answer = evaluated(&extracted, &results);
    assert_eq!(extracted.profile(Some(answer)).unwrap().profile().name.as_deref(), Some("B"));
}

#[test]
fn what_no_profile_can_take_is_told_by_field() {
    for (returned, message) in [
        (json!({ "mail": "x" }), "mail is not a field of the profile"),
        (json!({ "email": ["x"] }), r#"email takes text, not ["x"]"#),
        (json!({ "active": 1 }), "active takes true or false, not 1"),
        (json!({ "groups": [{}] }), "groups takes a list of texts, not [{}]"),
        (json!({ "attributes": "x" }), r#"attributes takes an object, not "x""#),
    ] {
        let extracted = begin(&with_expressions("fail"), json!({ "userName": "ann" }));
        let answer = evaluated(&extracted, &[("a", Returned::Properties(object(returned)))]);
        let stopped = extracted.profile(Some(answer)).unwrap_err();
        assert!(stopped.to_string().contains(message), "{stopped}");
    }
}

#[test]
fn a_skipped_resource_stops_without_being_a_failure() {
    let extracted = begin(&with_expressions("fail"), json!({ "userName": "svc" }));
    let answer = evaluated(&extracted, &[("a", Returned::Skipped("a service".to_owned()))]);
    let stopped = extracted.profile(Some(answer)).unwrap_err();
    assert_eq!(stopped.reason, StopReason::Skipped("a service".to_owned()));
}

#[test]
fn a_hook_may_change_the_profile_or_refuse_and_its_silence_is_settled_before() {
    let profiled = || begin(&mapping(json!({})), json!({ "userName": "ann" })).profile(None).unwrap();
    let mut changed = profiled().profile().clone();
    changed.name = Some("Hooked".to_owned());
    let hooked = profiled().hooked(HookAnswer::Changed(Box::new(changed))).unwrap();
    assert_eq!(hooked.profile().name.as_deref(), Some("Hooked"));
    let down = |goes_on| HookAnswer::Down { goes_on, reason: "timed out".to_owned() };
    assert_eq!(profiled().hooked(down(true)).unwrap().profile(), profiled().profile());
    assert_eq!(
        profiled().hooked(down(false)).unwrap_err().reason,
        StopReason::HookDown("timed out".to_owned())
    );
    let refused = profiled().hooked(HookAnswer::Refused("no seat".to_owned())).unwrap_err();
    assert_eq!(refused.reason, StopReason::Refused("no seat".to_owned()));
}

#[test]
fn a_trace_tells_every_step_and_survives_storage() {
    let extracted = begin(&with_expressions("fail"), json!({ "userName": "ann", "displayName": "Ann" }));
    let answer = evaluated(&extracted, &[("a", Returned::Nothing)]);
    let hooked = extracted.profile(Some(answer)).unwrap().hooked(HookAnswer::Unchanged).unwrap();
    let decided = hooked.decide(&Policy::default(), &Known::default(), &outlook());
    let text = serde_json::to_value(&decided.trace).unwrap();
    let steps: Vec<&str> = text
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &**step.as_object().unwrap().keys().next().unwrap())
        .collect();
    assert_eq!(
        steps,
        ["request", "resource", "extraction", "expressions", "profile", "hook", "policy", "change"]
    );
    assert_eq!(text[7]["change"]["difference"]["name"], json!({ "after": "Ann" }));
    assert_eq!(serde_json::from_value::<rollcall_domain::pipeline::Trace>(text).unwrap(), decided.trace);
}

#[test]
fn a_removed_resource_goes_the_same_way_without_expressions() {
    let mapping = with_expressions("fail");
    let policy = Policy::default();
    let document = json!({ "userName": "ann", "externalId": "00u1" });
    let made_by: Identity =
        made(run(&common_mapping(), &policy, document.clone(), &Known::default()).decision);
    let input =
        Input { occasion: Occasion::Removed, ..Input::pushed("okta", "okta", "DELETE", object(document)) };
    let extracted = extract(input, &mapping, &user());
    assert!(extracted.evaluation().is_none());
    let known = Known { linked: Some(made_by), ..Known::default() };
    let decided = extracted.profile(None).unwrap().hooked(HookAnswer::None).unwrap().decide(
        &policy,
        &known,
        &outlook(),
    );
    assert!(decided.decision.outcome.is_deprovisioning());
    assert_eq!(decided.decision.tombstone.unwrap().external_id, "00u1");
}

fn common_mapping() -> Mapping {
    mapping(json!({}))
}

#[test]
fn expressions_that_fail_by_default_stop_the_request() {
    assert_eq!(mapping(json!({})).on_error, OnError::Fail);
}

#[test]
fn a_group_ends_with_its_profile() {
    let registry = Registry::builtin().unwrap();
    let kind = registry.type_named("Group").unwrap();
    let mapping = mapping(json!({ "expressions": { "groups": [{ "name": "g", "expression": "…" }] } }));
    let document = object(json!({ "displayName": "Tools", "externalId": "g1" }));
    let extracted = extract_group(Input::pushed("okta", "okta", "POST", document), &mapping, kind);
    let mut answer = Evaluated::begin(extracted.evaluation().unwrap().properties.clone());
    let returned = Returned::Properties(object(json!({ "attributes": { "kind": "team" } })));
    answer.take(
        Ran { expression: "g".to_owned(), result: returned, micros: 1, printed: String::new() },
        OnError::Fail,
    );
    let (profile, trace) = extracted.profile(Some(answer)).unwrap();
    let expected = json!({ "externalId": "g1", "name": "Tools", "attributes": { "kind": "team" } });
    assert_eq!(serde_json::to_value(profile).unwrap(), expected);
    assert!(matches!(trace.steps.last(), Some(Step::GroupProfile(_))));
}
