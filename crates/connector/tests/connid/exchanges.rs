//! The exchanges with a 2.0 application.

use serde_json::json;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const LUCKY: &str = "urn:mem:params:scim:schemas:extension:LuckyNumberExtension";
const LUCKY_JSON: &str = "customAttributesJSON={\"id\":\"urn:mem:params:scim:schemas:extension:LuckyNumberExtension\",\"name\":\"LuckyNumbers\",\"endpoint\":\"/Users\",\"attributes\":[{\"name\":\"luckyNumber\",\"type\":\"integer\",\"multiValued\":false}]}";

cases! {
    a_test_asks_for_a_user_and_for_what_the_application_says_of_itself:
        "", json!({"test": null}), json!({"GET scim/v2/Users": {"totalResults": 3, "Resources": []}, "GET scim/v2/ServiceProviderConfig": {"patch": {"supported": true}, "sort": {"supported": false}}})
        => json!(["GET Users?startIndex=1&count=1", "GET ServiceProviderConfig", "GET ResourceTypes", "GET Schemas",
            {"is": {"scimVersion": "2.0", "users": 3, "describesItself": true, "can": [["patch", true], ["sort", false]], "resourceTypes": ["User", "Group"], "schemas": []}}]);

    a_user_is_created_with_all_that_is_given_and_nothing_else:
        "", json!({"create": "User", "with": {
            "__NAME__": "alice", "__PASSWORD__": "pw", "__ENABLE__": false, "name.familyName": "Smith", "name.givenName": "Al",
            "emails.work.value": "a@x", "emails.work.primary": true, "phoneNumbers.mobile.value": "+1", "addresses.home.locality": "Rome",
            "entitlements.default.value": "e1", "roles.default.value": "r1", "externalId": "ext-1", "x509Certificates.default.value": "Zg==",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "42",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager.value": "boss"}}), json!({})
        => json!([["POST Users", {
            "schemas": [USER, ENTERPRISE], "userName": "alice", "password": "pw", "active": false, "name": {"familyName": "Smith", "givenName": "Al"},
            "externalId": "ext-1", ENTERPRISE: {"employeeNumber": "42", "manager": {"value": "boss"}},
            "emails": [{"value": "a@x", "primary": true, "type": "work"}], "phoneNumbers": [{"value": "+1", "type": "mobile"}],
            "addresses": [{"locality": "Rome", "type": "home"}], "entitlements": [{"value": "e1", "type": "default"}],
            "roles": [{"value": "r1", "type": "default"}], "x509Certificates": [{"value": "Zg==", "type": "default"}]}], {"is": "new1"}]);

    /// `groups` of a user is read-only: the groups are changed, whatever `explicitGroupAddOnCreate` says.
    groups_of_a_new_user_are_joined:
        "", json!({"create": "User", "with": {"__NAME__": "bob", "groups": ["g1", "g2"]}}), json!({})
        => json!([["POST Users", {"userName": "bob"}],
            ["PATCH Groups/g1", [{"op": "add", "path": "members", "value": [{"value": "new1"}]}]],
            ["PATCH Groups/g2", [{"op": "add", "path": "members", "value": [{"value": "new1"}]}]]]);
    groups_of_a_new_user_are_joined_by_patch:
        "explicitGroupAddOnCreate=true\nupdateGroupMethod=PATCH", json!({"create": "User", "with": {"__NAME__": "bob", "groups": "g1"}}), json!({})
        => json!([["POST Users", {"userName": "bob"}], ["PATCH Groups/g1", [{"op": "add", "path": "members", "value": [{"value": "new1"}]}]]]);
    groups_of_a_new_user_are_joined_by_put_under_their_version:
        "explicitGroupAddOnCreate=true\nupdateGroupMethod=PUT", json!({"create": "User", "with": {"__NAME__": "bob", "groups": ["g1"]}}), json!({})
        => json!([["POST Users", {"userName": "bob"}], "GET Groups/g1",
            ["PUT Groups/g1 If-Match: W/\"7\"", {"id": "g1", "displayName": "Grp g1", "members": [{"value": "m0"}, {"value": "new1"}]}]]);
    groups_are_joined_as_wso2_wants_it:
        "scimProvider=WSO2", json!({"create": "User", "with": {"__NAME__": "bob", "groups": ["g1"]}}), json!({})
        => json!([["POST Users", {"userName": "bob"}], ["PATCH Groups/g1", [{"op": "add", "value": {"members": [{"value": "new1", "display": "bob"}]}}]]]);
    groups_are_joined_as_salesforce_wants_it:
        "scimProvider=salesforce", json!({"create": "User", "with": {"__NAME__": "bob", "groups": ["g1"]}}), json!({})
        => json!([["POST Users", {"userName": "bob"}], ["PATCH Groups/g1", [{"op": "add", "path": "members", "value": {"members": [{"value": "new1"}]}}]]]);
    groups_are_joined_as_keycloak_wants_it:
        "scimProvider=KEYCLOAK", json!({"delta": "User/u1", "with": {"groups": {"add": "g3"}}}), json!({})
        => json!(["GET Users/u1", ["PATCH Groups/g3", [{"op": "add", "path": "members", "value": [{"value": "u1", "display": "Alice A", "$ref": "BASE/scim/v2/Users/u1"}]}]]]);
    groups_are_joined_as_aws_wants_it:
        "scimProvider=AWS", json!({"create": "User", "with": {"__NAME__": "bob", "groups": ["g1"]}}), json!({})
        => json!([["POST Users", {"userName": "bob"}], ["PATCH Groups/g1", [{"op": "add", "path": "members", "value": [{"value": "new1"}]}]]]);
    groups_are_joined_as_egnyte_wants_it:
        "scimProvider=EGNYTE", json!({"create": "User", "with": {"__NAME__": "bob", "groups": ["g1"]}}), json!({})
        => json!([["POST Users", {"userName": "bob"}], ["PATCH Groups/g1", [{"op": "add", "path": "members", "value": [{"value": "new1"}]}]]]);

    every_value_of_a_name_is_sent:
        "", json!({"create": "User", "with": {"__NAME__": "bob", "emails.work.value": ["a@x", "b@x"]}}), json!({})
        => json!([["POST Users", {"userName": "bob", "emails": [{"value": "a@x", "type": "work"}, {"value": "b@x", "type": "work"}]}]]);
    parts_of_a_value_without_type_are_one_value:
        "", json!({"create": "User", "with": {"__NAME__": "bob", "emails.value": "a@x", "emails.primary": true}}), json!({})
        => json!([["POST Users", {"userName": "bob", "emails": [{"value": "a@x", "primary": true}]}]]);
    an_integer_that_is_given_as_text_is_sent_as_a_number:
        LUCKY_JSON, json!({"create": "User", "with": {"__NAME__": "b", "urn:mem:params:scim:schemas:extension:LuckyNumberExtension:luckyNumber": "7"}}), json!({})
        => json!([["POST Users", {"schemas": [USER, LUCKY], "userName": "b", LUCKY: {"luckyNumber": 7}}]]);

    an_update_by_patch_has_what_was_asked_and_no_active:
        "", json!({"update": "User/u1", "with": {"nickName": "nick"}}), json!({})
        => json!([["PATCH Users/u1", [{"op": "replace", "path": "nickName", "value": "nick"}]]]);
    an_update_by_put_keeps_what_was_read_under_its_version:
        "updateUserMethod=PUT", json!({"update": "User/u1", "with": {"nickName": "nick"}}), json!({})
        => json!(["GET Users/u1", ["PUT Users/u1 If-Match: W/\"1\"", {
            "id": "u1", "userName": "alice", "displayName": "Alice A", "active": false,
            "emails": [{"value": "o1@x", "type": "work"}, {"value": "o2@x", "type": "work"}, {"value": "h@x", "type": "home"}],
            "addresses": [{"locality": "Rome", "type": "work", "country": "IT"}, {"locality": "Milan", "type": "home"}], "nickName": "nick"}]]);
    groups_that_are_not_named_stay:
        "updateGroupMethod=PATCH", json!({"update": "User/u1", "with": {"nickName": "nick"}}), json!({})
        => json!([["PATCH Users/u1", [{"op": "replace", "path": "nickName", "value": "nick"}]]]);
    groups_that_are_named_are_joined_and_the_others_left:
        "updateGroupMethod=PATCH", json!({"update": "User/u1", "with": {"__NAME__": "alice", "groups": ["g2", "g3"]}}), json!({})
        => json!(["GET Users/u1",
            ["PATCH Groups/g3", [{"op": "add", "path": "members", "value": [{"value": "u1"}]}]],
            ["PATCH Groups/g1", [{"op": "remove", "path": "members[value eq \"u1\"]"}]]]);
    members_are_removed_by_value_where_that_is_said:
        "enableMemberRemovalByPath=false", json!({"update": "User/u1", "with": {"groups": ["g2"]}}), json!({})
        => json!(["GET Users/u1", ["PATCH Groups/g1", [{"op": "remove", "path": "members", "value": [{"value": "u1"}]}]]]);
    members_are_changed_as_wso2_wants_it:
        "scimProvider=WSO2", json!({"update": "User/u1", "with": {"groups": ["g2", "g3"]}}), json!({})
        => json!(["GET Users/u1",
            ["PATCH Groups/g3", [{"op": "add", "value": {"members": [{"value": "u1", "display": "alice"}]}}]],
            ["PATCH Groups/g1", [{"op": "remove", "path": "members[value eq \"u1\"]", "value": {"members": [{"value": "u1", "display": "alice"}]}}]]]);
    members_are_changed_as_salesforce_wants_it:
        "scimProvider=SALESFORCE", json!({"update": "User/u1", "with": {"groups": ["g2", "g3"]}}), json!({})
        => json!(["GET Users/u1",
            ["PATCH Groups/g3", [{"op": "add", "path": "members", "value": {"members": [{"value": "u1"}]}}]],
            ["PATCH Groups/g1", [{"op": "remove", "path": "members[value eq \"u1\"]", "value": {"members": [{"value": "u1"}]}}]]]);
    groups_are_changed_by_put_one_by_one:
        "updateGroupMethod=PUT", json!({"update": "User/u1", "with": {"groups": ["g2", "g3"]}}), json!({"GET scim/v2/Groups/g1": {"id": "g1", "displayName": "G", "members": [{"value": "u1"}, {"value": "u2"}]}})
        => json!(["GET Users/u1", "GET Groups/g3", "GET Groups/g1",
            ["PUT Groups/g3 If-Match: W/\"7\"", {"id": "g3", "displayName": "Grp g3", "members": [{"value": "m0"}, {"value": "u1"}]}],
            ["PUT Groups/g1", {"id": "g1", "displayName": "G", "members": [{"value": "u2"}]}]]);

    a_group_is_created_with_its_members:
        "", json!({"create": "Group", "with": {"displayName": "Admins", "members": ["u1", "u2"]}}), json!({})
        => json!([["POST Groups", {"displayName": "Admins", "members": [{"value": "u1"}, {"value": "u2"}]}]]);
    the_name_of_a_new_group_is_its_display_name:
        "", json!({"create": "Group", "with": {"__NAME__": "Admins"}}), json!({}) => json!([["POST Groups", {"displayName": "Admins"}]]);
    a_group_is_updated_by_put_of_all_of_it:
        "updateGroupMethod=PUT", json!({"update": "Group/g1", "with": {"displayName": "Admins2", "members": ["u1"]}}), json!({})
        => json!(["GET Groups/g1", ["PUT Groups/g1 If-Match: W/\"7\"", {"id": "g1", "displayName": "Admins2", "members": [{"value": "u1"}]}]]);
    a_group_is_updated_by_patch_of_what_differs:
        "updateGroupMethod=PATCH", json!({"update": "Group/g1", "with": {"displayName": "Admins2", "members": ["u1"]}}), json!({})
        => json!(["GET Groups/g1", ["PATCH Groups/g1", [
            {"op": "replace", "path": "displayName", "value": "Admins2"}, {"op": "add", "path": "members", "value": [{"value": "u1"}]},
            {"op": "remove", "path": "members[value eq \"m0\"]"}]]]);
    a_group_of_aws_is_renamed:
        "scimProvider=AWS", json!({"update": "Group/g1", "with": {"displayName": "Admins2"}}), json!({})
        => json!([["PATCH Groups/g1", [{"op": "replace", "path": "displayName", "value": "Admins2"}]]]);
    members_of_a_group_of_aws_cannot_be_replaced_as_it_does_not_show_them:
        "scimProvider=AWS", json!({"update": "Group/g1", "with": {"members": ["u1"]}}), json!({}) => json!([{"error": "UnsupportedOperationException"}]);
    /// AWS shows members nowhere: of each group it is asked whether the user is in it.
    groups_of_a_user_of_aws_are_found_by_asking_each:
        "scimProvider=AWS", json!({"update": "User/u1", "with": {"groups": ["g3"]}}), json!({"GET scim/v2/Users/u1": {"id": "u1", "userName": "a"},
            "GET scim/v2/Groups": {"then": [{"Resources": [{"id": "g1"}, {"id": "g2"}]}, {"Resources": [{"id": "g1"}]}, {"Resources": []}]}})
        => json!(["GET Users/u1", "GET Groups?attributes=displayName,id&cursor=&count=100", "GET Groups?filter=id eq \"g1\" and members eq \"u1\"", "GET Groups?filter=id eq \"g2\" and members eq \"u1\"",
            ["PATCH Groups/g3", [{"op": "add", "path": "members", "value": [{"value": "u1"}]}]], ["PATCH Groups/g1", [{"op": "remove", "path": "members[value eq \"u1\"]"}]]]);
    a_group_of_egnyte_is_updated_by_what_differs:
        "scimProvider=EGNYTE", json!({"update": "Group/g1", "with": {"displayName": "Admins2", "members": ["m0"]}}), json!({})
        => json!(["GET Groups/g1", ["PATCH Groups/g1", [{"op": "replace", "path": "displayName", "value": "Admins2"}]]]);
    members_are_replaced_and_not_only_added:
        "replaceMembersOnUpdate=true", json!({"update": "Group/g1", "with": {"displayName": "Grp g1", "members": ["u1", "u2"]}}), json!({})
        => json!(["GET Groups/g1", ["PATCH Groups/g1", [
            {"op": "add", "path": "members", "value": [{"value": "u1"}, {"value": "u2"}]}, {"op": "remove", "path": "members[value eq \"m0\"]"}]]]);

    a_delta_of_plain_attributes_needs_no_reading_and_enable_is_active:
        "", json!({"delta": "User/u1", "with": {"__NAME__": {"replace": "alice2"}, "__ENABLE__": {"replace": "false"}, "nickName": {"replace": "n"}, "__PASSWORD__": {"replace": "np"}}}), json!({})
        => json!([["PATCH Users/u1", [{"op": "replace", "path": "userName", "value": "alice2"}, {"op": "replace", "path": "active", "value": false},
            {"op": "replace", "path": "nickName", "value": "n"}, {"op": "replace", "path": "password", "value": "np"}]]]);
    values_that_go_are_named_one_by_one_and_before_those_that_come:
        "", json!({"delta": "User/u1", "with": {"emails.work.value": {"add": "n@x", "remove": ["o1@x", "o2@x"]}}}), json!({})
        => json!([["PATCH Users/u1", [{"op": "remove", "path": "emails[type eq \"work\" and value eq \"o1@x\"]"},
            {"op": "remove", "path": "emails[type eq \"work\" and value eq \"o2@x\"]"}, {"op": "add", "path": "emails", "value": [{"value": "n@x", "type": "work"}]}]]]);
    a_replaced_value_leaves_those_of_other_types:
        "", json!({"delta": "User/u1", "with": {"emails.work.value": {"replace": "w@x"}}}), json!({})
        => json!(["GET Users/u1", ["PATCH Users/u1", [{"op": "remove", "path": "emails[type eq \"work\" and value eq \"o2@x\"]"},
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "w@x"}]]]);
    parts_of_a_value_are_changed_together:
        "", json!({"delta": "User/u1", "with": {"emails.home.value": {"replace": "w@x"}, "emails.home.primary": {"replace": true}}}), json!({})
        => json!(["GET Users/u1", ["PATCH Users/u1", [{"op": "replace", "path": "emails[type eq \"home\"].value", "value": "w@x"},
            {"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}]]]);
    manager_and_cost_center_have_valid_paths:
        "", json!({"delta": "User/u1", "with": {
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value": {"replace": "b2"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter": {"replace": "cc"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.ref": {"replace": "https://x/Users/b2"}}}), json!({})
        => json!([["PATCH Users/u1", [{"op": "replace", "path": format!("{ENTERPRISE}:manager.value"), "value": "b2"},
            {"op": "replace", "path": format!("{ENTERPRISE}:manager.$ref"), "value": "https://x/Users/b2"},
            {"op": "replace", "path": format!("{ENTERPRISE}:costCenter"), "value": "cc"}]]]);
    a_cleared_attribute_is_removed:
        "", json!({"delta": "User/u1", "with": {"nickName": {"replace": []}}}), json!({}) => json!([["PATCH Users/u1", [{"op": "remove", "path": "nickName"}]]]);
    an_address_is_changed_in_its_place:
        "", json!({"delta": "User/u1", "with": {"addresses.work.locality": {"replace": "Turin"}}}), json!({})
        => json!(["GET Users/u1", ["PATCH Users/u1", [{"op": "replace", "path": "addresses[type eq \"work\"].locality", "value": "Turin"}]]]);
    an_address_and_an_email_do_not_mix:
        "", json!({"delta": "User/u1", "with": {"addresses.other.locality": {"add": "Turin"}, "emails.home.value": {"add": "zz@x"}}}), json!({})
        => json!(["GET Users/u1", ["PATCH Users/u1", [{"op": "add", "path": "addresses", "value": [{"type": "other", "locality": "Turin"}]},
            {"op": "add", "path": "emails", "value": [{"value": "zz@x", "type": "home"}]}]]]);
    a_part_of_an_address_is_removed_by_a_valid_path:
        "", json!({"delta": "User/u1", "with": {"addresses.work.locality": {"remove": "Rome"}}}), json!({})
        => json!(["GET Users/u1", ["PATCH Users/u1", [{"op": "remove", "path": "addresses[type eq \"work\"].locality"}]]]);
    a_delta_of_groups_only_does_not_touch_the_user:
        "updateGroupMethod=PATCH", json!({"delta": "User/u1", "with": {"groups": {"add": "g3", "remove": "g1"}}}), json!({})
        => json!([["PATCH Groups/g3", [{"op": "add", "path": "members", "value": [{"value": "u1"}]}]],
            ["PATCH Groups/g1", [{"op": "remove", "path": "members[value eq \"u1\"]"}]]]);
    a_delta_of_groups_by_put_changes_the_groups:
        "updateGroupMethod=PUT", json!({"delta": "User/u1", "with": {"groups": {"add": "g3"}}}), json!({})
        => json!(["GET Groups/g3", ["PUT Groups/g3 If-Match: W/\"7\"", {"id": "g3", "displayName": "Grp g3", "members": [{"value": "m0"}, {"value": "u1"}]}]]);
    a_delta_of_a_group_is_one_request_without_reading_anyone:
        "updateGroupMethod=PATCH", json!({"delta": "Group/g1", "with": {"__NAME__": {"replace": "N"}, "displayName": {"replace": "N"}, "members": {"add": ["u2"], "remove": ["u1", "u9"]}}}), json!({})
        => json!([["PATCH Groups/g1", [{"op": "replace", "path": "displayName", "value": "N"}, {"op": "add", "path": "members", "value": [{"value": "u2"}]},
            {"op": "remove", "path": "members[value eq \"u1\"]"}, {"op": "remove", "path": "members[value eq \"u9\"]"}]]]);
    members_are_replaced_by_a_difference:
        "", json!({"delta": "Group/g1", "with": {"members": {"replace": ["u1", "m0"]}}}), json!({})
        => json!(["GET Groups/g1", ["PATCH Groups/g1", [{"op": "add", "path": "members", "value": [{"value": "u1"}]}]]]);
    a_delta_of_a_group_by_put_is_sent:
        "updateGroupMethod=PUT", json!({"delta": "Group/g1", "with": {"members": {"add": "u2"}}}), json!({})
        => json!(["GET Groups/g1", ["PUT Groups/g1 If-Match: W/\"7\"", {"id": "g1", "displayName": "Grp g1", "members": [{"value": "m0"}, {"value": "u2"}]}]]);
    roles_and_entitlements_of_any_type_are_changed:
        "", json!({"delta": "User/u1", "with": {"roles.admin.value": {"replace": "r"}, "entitlements.x.value": {"add": "e"}}}), json!({})
        => json!(["GET Users/u1", ["PATCH Users/u1", [{"op": "add", "path": "roles", "value": [{"type": "admin", "value": "r"}]},
            {"op": "add", "path": "entitlements", "value": [{"value": "e", "type": "x"}]}]]]);

    a_search_names_the_attributes_that_are_wanted:
        "", json!({"search": "User", "attributes": "name.familyName,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter,emails.work.value,__ENABLE__"}), json!({"GET scim/v2/Users": {"totalResults": 0}})
        => json!([format!("GET Users?attributes=name.familyName,{ENTERPRISE}:costCenter,emails,active,id,userName&startIndex=1&count=100"), {"is": {"objects": []}}]);
    a_search_without_attributes_gets_those_that_are_shown_by_default:
        "", json!({"search": "User"}), json!({"GET scim/v2/Users": {"totalResults": 0, "Resources": []}})
        => json!(["GET Users?startIndex=1&count=100", {"is": {"objects": []}}]);
    a_search_of_egnyte_names_no_attributes:
        "requestAttributesOnSearch=false", json!({"search": "User", "attributes": "userName"}), json!({"GET scim/v2/Users": {"totalResults": 0}})
        => json!(["GET Users?startIndex=1&count=100"]);
    a_quote_in_a_filter_is_escaped:
        "", json!({"search": "User", "filter": "__NAME__ eq \"o\\\"brien\""}), json!({"GET scim/v2/Users": {"totalResults": 1, "Resources": [{"id": "1", "userName": "o\"brien"}]}})
        => json!(["GET Users?filter=userName eq \"o\\\"brien\"&startIndex=1&count=100", {"is": {"objects": [{"__UID__": "1", "__NAME__": "o\"brien", "id": "1", "userName": "o\"brien"}]}}]);
    a_flat_name_in_a_filter_becomes_a_value_path:
        "", json!({"search": "User", "filter": "emails.work.value eq \"a@x\""}), json!({"GET scim/v2/Users": {"totalResults": 0}})
        => json!(["GET Users?filter=emails[type eq \"work\" and value eq \"a@x\"]&startIndex=1&count=100"]);
    a_boolean_in_a_filter_is_not_quoted:
        "", json!({"search": "User", "filter": "active eq true"}), json!({"GET scim/v2/Users": {"totalResults": 0}})
        => json!(["GET Users?filter=active eq true&startIndex=1&count=100"]);
    every_operator_is_pushed:
        "", json!({"search": "User", "filter": "userName sw \"a\" and not (title co \"x\" or meta.lastModified gt \"2020-01-01T00:00:00Z\")"}), json!({"GET scim/v2/Users": {"totalResults": 0}})
        => json!(["GET Users?filter=userName sw \"a\" and not (title co \"x\" or meta.lastModified gt \"2020-01-01T00:00:00Z\")&startIndex=1&count=100"]);
    what_the_application_does_not_understand_is_evaluated_here:
        "scimProvider=AWS", json!({"search": "User", "filter": "active eq true and userName sw \"a\"", "attributes": "userName"}),
        json!({"GET scim/v2/Users": {"Resources": [{"id": "1", "userName": "ann", "active": true}, {"id": "2", "userName": "bo", "active": true}]}})
        => json!(["GET Users?filter=active eq true&attributes=userName,id,active&cursor=&count=100",
            {"is": {"objects": [{"__UID__": "1", "__NAME__": "ann", "id": "1", "userName": "ann"}]}}]);
    a_filter_that_is_refused_is_evaluated_here:
        "", json!({"search": "User", "filter": "title sw \"d\""}), json!({"GET scim/v2/Users": {"then": [
            [400, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "scimType": "invalidFilter"}],
            {"totalResults": 2, "Resources": [{"id": "1", "title": "Dr"}, {"id": "2"}]}, {"totalResults": 2}]}})
        => json!(["GET Users?filter=title sw \"d\"&startIndex=1&count=100", "GET Users?startIndex=1&count=100", "GET Users?startIndex=3&count=100",
            {"is": {"objects": [{"__UID__": "1", "id": "1", "title": "Dr"}]}}]);
    a_search_by_id_is_a_get:
        "", json!({"search": "Group", "filter": "__UID__ eq \"g1\"", "attributes": "displayName"}), json!({})
        => json!(["GET Groups/g1", {"is": {"objects": [{"__UID__": "g1", "__NAME__": "Grp g1", "id": "g1", "displayName": "Grp g1"}]}}]);
    who_is_not_there_is_not_found:
        "", json!({"search": "User", "filter": "id eq \"u9\""}), json!({"GET scim/v2/Users/u9": [404, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404"}]})
        => json!(["GET Users/u9", {"is": {"objects": []}}]);
    a_group_is_found_by_its_name:
        "", json!({"search": "Group", "filter": "__NAME__ eq \"G\""}), json!({"GET scim/v2/Groups": {"totalResults": 0}})
        => json!(["GET Groups?filter=displayName eq \"G\"&startIndex=1&count=100"]);
    what_the_application_does_not_sort_is_sorted_here:
        "", json!({"search": "Group", "sortBy": "displayName"}), json!({"GET scim/v2/Groups": {"then": [{"totalResults": 3, "Resources": [{"id": "1", "displayName": "b"}, {"id": "2"}, {"id": "3", "displayName": "A"}]}, {"totalResults": 3}]}})
        => json!(["GET ServiceProviderConfig", "GET Groups?startIndex=1&count=100", "GET Groups?startIndex=4&count=100",
            {"is": {"objects": [{"__UID__": "3", "__NAME__": "A", "id": "3", "displayName": "A"}, {"__UID__": "1", "__NAME__": "b", "id": "1", "displayName": "b"}, {"__UID__": "2", "id": "2"}]}}]);
    what_the_application_sorts_it_is_asked_to:
        "", json!({"search": "Group", "sortBy": "displayName"}), json!({"GET scim/v2/Groups": {"totalResults": 0}, "GET scim/v2/ServiceProviderConfig": {"sort": {"supported": true}}})
        => json!(["GET ServiceProviderConfig", "GET Groups?sortBy=displayName&sortOrder=ascending&startIndex=1&count=100"]);

    an_attribute_that_nobody_knows_is_refused_before_anything_is_sent:
        "", json!({"create": "User", "with": {"__NAME__": "bob", "shoeSize": 42}}), json!({}) => json!(["GET Schemas", "GET ResourceTypes", {"error": "InvalidAttributeValueException"}]);
    an_attribute_that_the_application_declares_is_taken:
        "", json!({"create": "User", "with": {"__NAME__": "bob", "shoeSize": "42"}}), json!({"GET scim/v2/Schemas": {"Resources": [{"id": USER, "attributes": [{"name": "shoeSize", "type": "integer"}]}]}})
        => json!(["GET Schemas", "GET ResourceTypes", ["POST Users", {"userName": "bob", "shoeSize": 42}]]);
    an_update_to_what_is_so_already_sends_nothing:
        "", json!({"update": "User/u1", "with": {"__NAME__": "alice", "emails.home.value": "h@x", "__ENABLE__": false, "groups": ["g2", "g1"]}}), json!({})
        => json!(["GET Users/u1", {"is": 0}]);
    a_patch_that_the_application_does_not_know_is_done_by_put:
        "", json!({"update": "Group/g1", "with": {"displayName": "N"}}), json!({"PATCH scim/v2/Groups/g1": [501, null]})
        => json!([["PATCH Groups/g1", [{"op": "replace", "path": "displayName", "value": "N"}]], "GET Groups/g1",
            ["PUT Groups/g1 If-Match: W/\"7\"", {"id": "g1", "displayName": "N", "members": [{"value": "m0"}]}]]);
    a_put_that_meets_a_newer_version_is_planned_anew:
        "updateGroupMethod=PUT", json!({"update": "Group/g1", "with": {"displayName": "N"}}), json!({
            "GET scim/v2/Groups/g1": {"then": [{"id": "g1", "displayName": "G", "meta": {"version": "1"}}, {"id": "g1", "displayName": "G", "members": [{"value": "new"}], "meta": {"version": "2"}}]},
            "PUT scim/v2/Groups/g1": {"then": [[412, null], {"id": "g1"}]}})
        => json!(["GET Groups/g1", ["PUT Groups/g1 If-Match: 1", {"id": "g1", "displayName": "N"}],
            "GET Groups/g1", ["PUT Groups/g1 If-Match: 2", {"id": "g1", "displayName": "N", "members": [{"value": "new"}]}]]);
    a_user_whose_creation_had_no_answer_is_looked_up_and_not_made_twice:
        "", json!({"create": "User", "with": {"__NAME__": "bob"}}), json!({"POST scim/v2/Users": "hang up", "GET scim/v2/Users": {"totalResults": 1, "Resources": [{"id": "b1", "userName": "bob"}]}})
        => json!([["POST Users", {"userName": "bob"}], "GET Users?filter=userName eq \"bob\"&startIndex=1&count=100", {"is": {"found": "b1"}}]);
    a_user_whose_creation_did_not_arrive_is_sent_again:
        "", json!({"create": "User", "with": {"__NAME__": "bob"}}), json!({"POST scim/v2/Users": {"then": ["hang up", [201, {"id": "b1"}]]}, "GET scim/v2/Users": {"totalResults": 1, "Resources": [{"id": "x", "userName": "someone else"}]}})
        => json!([["POST Users", {"userName": "bob"}], "GET Users?filter=userName eq \"bob\"&startIndex=1&count=100", "GET Users?filter=userName eq \"bob\"&startIndex=2&count=100", ["POST Users", {"userName": "bob"}], {"is": "b1"}]);
    an_id_in_the_location_is_enough:
        "", json!({"create": "User", "with": {"__NAME__": "bob"}}), json!({"POST scim/v2/Users": [201, null], "GET scim/v2/Users": {"totalResults": 1, "Resources": [{"id": "b1", "userName": "bob"}]}})
        => json!([["POST Users", {"userName": "bob"}], "GET Users?filter=userName eq \"bob\"&startIndex=1&count=100", {"is": "b1"}]);
    groups_that_are_not_shown_on_users_are_searched:
        "", json!({"update": "User/u1", "with": {"groups": ["g2"]}}), json!({"GET scim/v2/Users/u1": {"id": "u1", "userName": "a"}, "GET scim/v2/Groups": {"then": [{"totalResults": 1, "Resources": [{"id": "g1"}]}, {"totalResults": 1}]}})
        => json!(["GET Users/u1", "GET Groups?filter=members.value eq \"u1\"&attributes=displayName,id&startIndex=1&count=100", "GET Groups?filter=members.value eq \"u1\"&attributes=displayName,id&startIndex=2&count=100",
            ["PATCH Groups/g2", [{"op": "add", "path": "members", "value": [{"value": "u1"}]}]], ["PATCH Groups/g1", [{"op": "remove", "path": "members[value eq \"u1\"]"}]]]);
}
