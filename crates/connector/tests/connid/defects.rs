//! What the reference does wrong, and this does not: beside the exchanges, what is read and what errors mean.

use std::sync::Arc;

use rollcall_connector::connid::schema::Class;
use serde_json::{Value, json};

use crate::call::{connector, run};
use crate::script::Script;

const LUCKY: &str = "customAttributesJSON=[{\"id\":\"urn:x:extension:L\",\"endpoint\":\"/Users\",\"attributes\":[{\"name\":\"n\",\"type\":\"integer\"},{\"name\":\"d\",\"type\":\"decimal\"},{\"name\":\"c\",\"type\":\"complex\",\"subAttributes\":[{\"name\":\"x\",\"type\":\"string\"}]}]},{\"id\":\"urn:x:extension:M\",\"endpoint\":\"/Users\",\"attributes\":[{\"name\":\"m\",\"type\":\"string\"}]}]";

const NOT_FOUND: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

fn error(status: u16) -> Value {
    json!([status, {"schemas": [NOT_FOUND], "status": status.to_string(), "scimType": "uniqueness", "detail": "nope"}])
}

cases! {
    // 2.2 and 2.7: reading.
    enable_is_returned_and_so_are_meta_and_every_value:
        "", json!({"get": "User/u1"}), json!({"GET scim/v2/Users/u1": {"id": "u1", "userName": "alice", "active": false, "schemas": ["a", "b"],
            "emails": [{"value": "w1@x", "type": "work", "primary": true}, {"value": "w2@x", "type": "work"}], "meta": {"created": "2020-01-01T00:00:00Z", "version": "W/1"}}})
        => json!(["GET Users/u1", {"is": {"__UID__": "u1", "__NAME__": "alice", "__ENABLE__": false, "id": "u1", "userName": "alice", "active": false, "schemas": ["a", "b"],
            "emails.work.value": ["w1@x", "w2@x"], "emails.work.primary": [true, null], "meta.created": "2020-01-01T00:00:00Z", "meta.version": "W/1"}}]);
    a_type_that_is_not_canonical_does_not_end_the_reading:
        "", json!({"search": "User"}), json!({"GET scim/v2/Users": {"then": [{"totalResults": 2, "Resources": [{"id": "1", "emails": [{"value": "a", "type": "Work"}]}, {"id": "2", "emails": [{"value": "b", "type": "personal"}]}]}, {"totalResults": 2}]}})
        => json!(["GET Users?startIndex=1&count=100", "GET Users?startIndex=3&count=100",
            {"is": {"objects": [{"__UID__": "1", "id": "1", "emails.Work.value": "a"}, {"__UID__": "2", "id": "2", "emails.personal.value": "b"}]}}]);
    every_user_has_its_own_custom_attribute:
        LUCKY, json!({"search": "User"}), json!({"GET scim/v2/Users": {"then": [{"totalResults": 3, "Resources": [{"id": "1", "urn:x:extension:L": {"n": 1}}, {"id": "2", "urn:x:extension:L": {"n": 2}}, {"id": "3"}]}, {"totalResults": 3}]}})
        => json!(["GET Users?startIndex=1&count=100", "GET Users?startIndex=4&count=100",
            {"is": {"objects": [{"__UID__": "1", "id": "1", "urn:x:extension:L:n": 1}, {"__UID__": "2", "id": "2", "urn:x:extension:L:n": 2}, {"__UID__": "3", "id": "3"}]}}]);
    several_schemas_and_complex_and_decimal_attributes_are_written:
        LUCKY, json!({"create": "User", "with": {"__NAME__": "b", "urn:x:extension:L.n": "7", "urn:x:extension:L:d": "0.5", "urn:x:extension:L:c.x": "y", "urn:x:extension:M:m": "z"}}), json!({})
        => json!([["POST Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:x:extension:L", "urn:x:extension:M"], "userName": "b",
            "urn:x:extension:L": {"n": 7, "d": 0.5, "c": {"x": "y"}}, "urn:x:extension:M": {"m": "z"}}]]);
    several_schemas_and_complex_and_decimal_attributes_are_read:
        LUCKY, json!({"get": "User/1"}), json!({"GET scim/v2/Users/1": {"id": "1", "urn:x:extension:L": {"n": 7, "d": 0.5, "c": {"x": "y"}}, "urn:x:extension:M": {"m": "z"}}})
        => json!(["GET Users/1", {"is": {"__UID__": "1", "id": "1", "urn:x:extension:L:n": 7, "urn:x:extension:L:d": 0.5, "urn:x:extension:L:c.x": "y", "urn:x:extension:M:m": "z"}}]);
    extension_names_have_a_dot_where_that_is_configured:
        "useColonOnExtensionAttributes=false", json!({"get": "User/1"}), json!({"GET scim/v2/Users/1": {"id": "1", "urn:x:extension:L": {"n": 7}}})
        => json!(["GET Users/1", {"is": {"__UID__": "1", "id": "1", "urn:x:extension:L.n": 7}}]);
    members_of_groups_are_ids:
        "", json!({"get": "Group/g"}), json!({"GET scim/v2/Groups/g": {"id": "g", "displayName": "G", "members": [{"value": "u1", "display": "A"}]}})
        => json!(["GET Groups/g", {"is": {"__UID__": "g", "__NAME__": "G", "id": "g", "displayName": "G", "members": ["u1"], "members.display": ["A"]}}]);
    values_without_type_are_seen_under_the_configured_one:
        "genericComplexType=work\naddressesType=home", json!({"get": "User/1"}), json!({"GET scim/v2/Users/1": {"id": "1", "emails": [{"value": "a"}], "addresses": [{"locality": "R"}]}})
        => json!(["GET Users/1", {"is": {"__UID__": "1", "id": "1", "emails.work.value": "a", "addresses.home.locality": "R"}}]);
    null_lists_and_booleans_as_text_are_read:
        "", json!({"get": "User/1"}), json!({"GET scim/v2/Users/1": {"ID": "1", "USERNAME": "a", "active": "True", "emails": null, "photos": [null]}})
        => json!(["GET Users/1", {"is": {"__UID__": "1", "__NAME__": "a", "__ENABLE__": true, "id": "1", "userName": "a", "active": true, "photos": []}}]);

    everyone_who_fits_is_found_and_not_only_the_first:
        "", json!({"search": "User", "filter": "title eq \"Dr\""}), json!({"GET scim/v2/Users": {"then": [{"totalResults": 2, "Resources": [{"id": "1", "title": "Dr"}, {"id": "2", "title": "Dr"}]}, {"totalResults": 2}]}})
        => json!(["GET Users?filter=title eq \"Dr\"&startIndex=1&count=100", "GET Users?filter=title eq \"Dr\"&startIndex=3&count=100",
            {"is": {"objects": [{"__UID__": "1", "id": "1", "title": "Dr"}, {"__UID__": "2", "id": "2", "title": "Dr"}]}}]);

    // 2.7: pages.
    a_page_that_the_application_caps_is_not_the_last:
        "", json!({"search": "User", "pageSize": 2}), json!({"GET scim/v2/Users": {"then": [{"totalResults": 2, "Resources": [{"id": "1"}]}, {"totalResults": 2, "Resources": [{"id": "2"}]}, {"totalResults": 2}]}})
        => json!(["GET Users?startIndex=1&count=2", "GET Users?startIndex=2&count=2", "GET Users?startIndex=3&count=2", {"is": {"objects": [{"__UID__": "1", "id": "1"}, {"__UID__": "2", "id": "2"}]}}]);
    a_page_that_is_capped_has_a_cookie:
        "", json!({"search": "User", "pageSize": 2, "pages": 1}), json!({"GET scim/v2/Users": {"totalResults": 3, "Resources": [{"id": "1"}]}})
        => json!(["GET Users?startIndex=1&count=2", {"is": {"cookie": true, "objects": [{"__UID__": "1", "id": "1"}]}}]);
    without_start_index_in_the_answer_pages_do_not_overlap:
        "", json!({"search": "User", "pageSize": 2}), json!({"GET scim/v2/Users": {"then": [{"Resources": [{"id": "1"}, {"id": "2"}]}, {"Resources": [{"id": "3"}]}, {"Resources": []}]}})
        => json!(["GET Users?startIndex=1&count=2", "GET Users?startIndex=3&count=2", "GET Users?startIndex=4&count=2", {"is": {"objects": [{"__UID__": "1", "id": "1"}, {"__UID__": "2", "id": "2"}, {"__UID__": "3", "id": "3"}]}}]);
    a_listing_that_lacks_someone_says_so:
        "", json!({"search": "User"}), json!({"GET scim/v2/Users": {"then": [{"totalResults": 3, "Resources": [{"id": "1"}]}, {"totalResults": 3, "Resources": []}]}})
        => json!(["GET Users?startIndex=1&count=100", "GET Users?startIndex=2&count=100", {"is": {"incomplete": "1 came, but totalResults says 3", "objects": [{"__UID__": "1", "id": "1"}]}}]);
    pages_by_cursor_are_followed:
        "", json!({"search": "User"}), json!({"GET scim/v2/Users": {"then": [{"Resources": [{"id": "1"}], "nextCursor": "c"}, {"Resources": [{"id": "2"}]}]}})
        => json!(["GET Users?startIndex=1&count=100", "GET Users?cursor=c&count=100", {"is": {"objects": [{"__UID__": "1", "id": "1"}, {"__UID__": "2", "id": "2"}]}}]);

    // 2.4: answers without a body, and with one that is none.
    an_update_that_is_answered_204_is_done: "", json!({"update": "User/u1", "with": {"nickName": "n"}}), json!({"PATCH scim/v2/Users/u1": [204, null]})
        => json!([["PATCH Users/u1", [{"op": "replace", "path": "nickName", "value": "n"}]], {"is": 1}]);
    a_put_that_is_answered_204_is_done: "updateUserMethod=PUT", json!({"update": "User/u1", "with": {"nickName": "n"}}), json!({"GET scim/v2/Users/u1": {"id": "u1", "userName": "a"}, "PUT scim/v2/Users/u1": [204, null]})
        => json!(["GET Users/u1", ["PUT Users/u1", {"id": "u1", "userName": "a", "nickName": "n"}], {"is": 1}]);

    // 2.9: errors.
    a_request_that_is_refused_is_not_a_missing_object: "", json!({"create": "User", "with": {"__NAME__": "x"}}), json!({"POST scim/v2/Users": error(401)})
        => json!([["POST Users", {"userName": "x"}], {"error": "InvalidCredentialException"}]);
    a_request_that_is_forbidden_is_not_a_missing_object: "", json!({"create": "User", "with": {"__NAME__": "x"}}), json!({"POST scim/v2/Users": error(403)})
        => json!([["POST Users", {"userName": "x"}], {"error": "PermissionDeniedException"}]);
    a_request_that_is_wrong_says_so: "", json!({"create": "User", "with": {"__NAME__": "x"}}), json!({"POST scim/v2/Users": error(400)})
        => json!([["POST Users", {"userName": "x"}], {"error": "InvalidAttributeValueException"}]);
    an_object_that_is_there_already_is_told_apart: "", json!({"create": "User", "with": {"__NAME__": "x"}}), json!({"POST scim/v2/Users": error(409)})
        => json!([["POST Users", {"userName": "x"}], {"error": "AlreadyExistsException"}]);
    a_failed_precondition_is_told_apart: "", json!({"update": "User/u1", "with": {"title": "x"}}), json!({"PATCH scim/v2/Users/u1": error(412)})
        => json!([["PATCH Users/u1", [{"op": "replace", "path": "title", "value": "x"}]], ["PATCH Users/u1", [{"op": "replace", "path": "title", "value": "x"}]],
            ["PATCH Users/u1", [{"op": "replace", "path": "title", "value": "x"}]], {"error": "PreconditionFailedException"}]);
    too_many_requests_are_tried_again_and_then_said_to_be_retryable: "", json!({"create": "User", "with": {"__NAME__": "x"}}), json!({"POST scim/v2/Users": error(429)})
        => json!([["POST Users", {"userName": "x"}], ["POST Users", {"userName": "x"}], {"error": "RetryableException"}]);
    a_failing_application_is_no_missing_object: "", json!({"delete": "User/u1"}), json!({"DELETE scim/v2/Users/u1": error(500)})
        => json!(["DELETE Users/u1", "DELETE Users/u1", {"error": "RetryableException"}]);
    a_deleted_object_that_is_not_there_is_unknown: "", json!({"delete": "User/u1"}), json!({"DELETE scim/v2/Users/u1": error(404)})
        => json!(["DELETE Users/u1", {"error": "UnknownUidException"}]);
    a_refused_deletion_is_no_missing_object: "", json!({"delete": "Group/g1"}), json!({"DELETE scim/v2/Groups/g1": error(403)})
        => json!(["DELETE Groups/g1", {"error": "PermissionDeniedException"}]);
    an_object_that_is_not_there_is_unknown: "", json!({"get": "User/u1"}), json!({"GET scim/v2/Users/u1": error(404)})
        => json!(["GET Users/u1", {"error": "UnknownUidException"}]);
    a_404_that_is_no_scim_is_no_missing_object: "", json!({"get": "User/u1"}), json!({"GET scim/v2/Users/u1": [404, "<html>Not Found</html>"]})
        => json!(["GET Users/u1", {"error": "ConnectorException"}]);
    an_update_of_what_is_not_there_is_unknown: "", json!({"update": "User/u1", "with": {"title": "x"}}), json!({"PATCH scim/v2/Users/u1": error(404)})
        => json!([["PATCH Users/u1", [{"op": "replace", "path": "title", "value": "x"}]], {"error": "UnknownUidException"}]);
    a_sign_in_page_is_no_list: "", json!({"test": null}), json!({"GET scim/v2/Users": [200, "<html>Sign in</html>"]})
        => json!(["GET Users?startIndex=1&count=1", {"error": "ConnectorException"}]);
    a_test_with_a_wrong_token_fails: "", json!({"test": null}), json!({"GET scim/v2/Users": error(401)})
        => json!(["GET Users?startIndex=1&count=1", {"error": "InvalidCredentialException"}]);

    // 1: the token request, which has a grant type, is encoded, and is made anew once after a 401.
    a_token_is_asked_for_as_oauth_has_it_and_once_more_after_a_401:
        "clientId=cid\nclientSecret=s=e&c\naccessTokenBaseAddress=BASE/token", json!({"get": "User/u1"}),
        json!({"POST token": {"access_token": "T1"}, "GET scim/v2/Users/u1": {"then": [error(401), {"id": "u1"}]}})
        => json!([["POST token", "client_id=cid&client_secret=s%3De%26c&grant_type=client_credentials"], "GET Users/u1",
            ["POST token", "client_id=cid&client_secret=s%3De%26c&grant_type=client_credentials"], "GET Users/u1", {"is": {"__UID__": "u1", "id": "u1"}}]);
    a_deletion_with_an_expired_token_is_sent_again_with_a_fresh_one:
        "clientId=cid\nclientSecret=s\naccessTokenBaseAddress=BASE/token", json!({"delete": "User/u1"}),
        json!({"POST token": {"access_token": "T1"}, "DELETE scim/v2/Users/u1": {"then": [error(401), [204, null]]}})
        => json!([["POST token", "client_id=cid&client_secret=s&grant_type=client_credentials"], "DELETE Users/u1",
            ["POST token", "client_id=cid&client_secret=s&grant_type=client_credentials"], "DELETE Users/u1"]);
}

/// facts §2.2: the reference logs the body of a creation, with the password.
#[tokio::test]
async fn a_password_is_in_no_plan_that_is_shown() {
    let script = Script::start(&json!({})).await;
    let connector = connector(&script.url, "password=hunter2\nusername=u");
    let flat = json!({"__NAME__": "bob", "__PASSWORD__": "secret-1"});
    let object = connector.object(Class::User, flat.as_object().unwrap()).await.unwrap();
    let requests = connector.plan_create(Class::User, &object).await.unwrap();
    let shown: Vec<String> = requests.iter().map(|request| connector.shown(request).to_string()).collect();
    let shown = shown.concat();
    assert!(
        shown.contains("•••")
            && !shown.contains("secret-1")
            && !shown.contains("hunter2")
            && !shown.contains("Bearer token"),
        "{shown}"
    );
    assert!(script.asked().is_empty(), "a plan sends nothing");
}

/// facts §2.5: the order of the reference's operations is that of a hash set.
#[tokio::test]
async fn the_order_of_operations_is_the_same_every_time() {
    let script = Arc::new(Script::start(&json!({})).await);
    let connector = connector(&script.url, "");
    let call = json!({"delta": "User/u1", "with": {
        "emails.work.value": {"add": ["n@x"], "remove": ["o1@x"]}, "nickName": {"replace": "n"}, "title": {"replace": []}}});
    for _ in 0..50 {
        run(&connector, &call).await.unwrap();
    }
    let asked = script.asked();
    assert_eq!(asked.len(), 50);
    assert!(asked.iter().all(|one| one.body == asked[0].body));
}
