//! The exchanges with a 1.1 application.

use serde_json::json;

const V1: &str = "scimVersion=1.1";
const CUSTOM: &str = "scimVersion=1.1\ncustomAttributesJSON={\"id\":\"urn:scim:schemas:core:1.0:User\",\"name\":\"User\",\"schema\":\"urn:scim:schemas:core:1.0\",\"endpoint\":\"/Users\",\"attributes\":[{\"name\":\"myCustomName\",\"type\":\"string\",\"multiValued\":false,\"schema\":\"urn:scim:schemas:core:1.0\",\"readOnly\":false,\"required\":false,\"caseExact\":false}]}";
const CORE: &str = "urn:scim:schemas:core:1.0";
const ENTERPRISE: &str = "urn:scim:schemas:extension:enterprise:1.0";

cases! {
    a_test_asks_for_the_plural_configuration:
        V1, json!({"test": null}), json!({"GET scim/v1/Users": {"totalResults": 0}, "GET scim/v1/ServiceProviderConfigs": {"patch": {"supported": true}, "documentationUrl": "https://x"}})
        => json!(["GET Users?startIndex=1&count=1", "GET ServiceProviderConfigs", "GET Schemas",
            {"is": {"scimVersion": "1.1", "users": 0, "describesItself": true, "can": [["patch", true]], "resourceTypes": ["User", "Group"], "schemas": []}}]);
    a_user_is_created_with_its_schemas_and_enterprise_attributes:
        V1, json!({"create": "User", "with": {"__NAME__": "alice", "roles.default.value": "r1", "entitlements.default.value": "e1", "emails.work.value": "a@x",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "42", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager.value": "boss"}}), json!({})
        => json!([["POST Users", {"schemas": [CORE, ENTERPRISE], "userName": "alice", ENTERPRISE: {"employeeNumber": "42", "manager": {"managerId": "boss"}},
            "roles": [{"value": "r1"}], "entitlements": [{"value": "e1"}], "emails": [{"value": "a@x", "type": "work"}]}]]);
    enterprise_names_of_1_1_are_taken_too:
        V1, json!({"create": "User", "with": {"__NAME__": "b", "urn:scim:schemas:extension:enterprise:1.0:department": "D", "urn:scim:schemas:extension:enterprise:1.0:manager.value": "m"}}), json!({})
        => json!([["POST Users", {"schemas": [CORE, ENTERPRISE], "userName": "b", ENTERPRISE: {"department": "D", "manager": {"managerId": "m"}}}]]);
    a_custom_attribute_of_the_core_schema_is_sent_at_the_top:
        CUSTOM, json!({"create": "User", "with": {"__NAME__": "b", "urn:scim:schemas:core:1.0.myCustomName": "Frank"}}), json!({})
        => json!([["POST Users", {"schemas": [CORE], "userName": "b", "myCustomName": "Frank"}]]);
    a_custom_attribute_of_the_core_schema_is_read_back:
        CUSTOM, json!({"get": "User/u1"}), json!({"GET scim/v1/Users/u1": {"id": "u1", "userName": "a", "myCustomName": "Frank", "addresses": null}})
        => json!(["GET Users/u1", {"is": {"__UID__": "u1", "__NAME__": "a", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u1", "userName": "a", "urn:scim:schemas:core:1.0:myCustomName": "Frank"}}]);
    attributes_nested_under_the_core_urn_are_read:
        V1, json!({"get": "User/u1"}), json!({"GET scim/v1/Users/u1": {"schemas": null, "id": "u1", "userName": "a", CORE: {"marketplaceDomain": "{}", "ssoUniqueId": ""}, "meta": {"version": "1"}}})
        => json!(["GET Users/u1", {"is": {"__UID__": "u1", "__NAME__": "a", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "u1", "userName": "a",
            "urn:scim:schemas:core:1.0:marketplaceDomain": "{}", "urn:scim:schemas:core:1.0:ssoUniqueId": "", "meta.resourceType": "User", "meta.version": "1"}}]);
    a_value_is_deleted_by_its_operation_and_active_does_not_ride_along:
        "scimVersion=1.1\nupdateMethod=PATCH", json!({"update": "User/u1", "with": {"phoneNumbers.other.operation": "delete", "phoneNumbers.other.value": "+31"}}),
        json!({"GET scim/v1/Users/u1": {"id": "u1", "userName": "a", "phoneNumbers": [{"value": "+31", "type": "other"}, {"value": "+32", "type": "other"}]}})
        => json!(["GET Users/u1", ["PATCH Users/u1", {"schemas": [CORE], "phoneNumbers": [{"value": "+31", "type": "other", "operation": "delete"}]}]]);
    an_attribute_is_cleared_by_meta:
        V1, json!({"update": "User/u1", "with": {"nickName": null, "title": "Dr"}}), json!({})
        => json!([["PATCH Users/u1", {"schemas": [CORE], "title": "Dr", "meta": {"attributes": ["nickName"]}}]]);
    a_user_is_put_whole:
        "scimVersion=1.1\nupdateUserMethod=PUT", json!({"update": "User/u1", "with": {"nickName": "n"}}), json!({"GET scim/v1/Users/u1": {"schemas": [CORE], "id": "u1", "userName": "a", "active": false, "groups": [{"value": "g"}], "meta": {"version": "3"}}})
        => json!(["GET Users/u1", ["PUT Users/u1 If-Match: 3", {"schemas": [CORE], "id": "u1", "userName": "a", "active": false, "nickName": "n"}]]);
    groups_are_patched_and_never_put_empty:
        "scimVersion=1.1\nupdateGroupMethod=PATCH", json!({"update": "User/u1", "with": {"groups": ["g2", "g3"]}}), json!({})
        => json!(["GET Users/u1", ["PATCH Groups/g3", {"schemas": [CORE], "members": [{"value": "u1"}]}], ["PATCH Groups/g1", {"schemas": [CORE], "members": [{"value": "u1", "operation": "delete"}]}]]);
    groups_are_put_with_all_their_members:
        "scimVersion=1.1\nupdateGroupMethod=PUT", json!({"delta": "User/u1", "with": {"groups": {"add": "g3"}}}), json!({})
        => json!(["GET Groups/g3", ["PUT Groups/g3 If-Match: W/\"7\"", {"schemas": [CORE], "id": "g3", "displayName": "Grp g3", "members": [{"value": "m0"}, {"value": "u1"}]}]]);
    a_group_is_created_without_an_empty_meta:
        V1, json!({"create": "Group", "with": {"displayName": "G", "members": ["u1"]}}), json!({})
        => json!([["POST Groups", {"schemas": [CORE], "displayName": "G", "members": [{"value": "u1"}]}]]);
    a_group_is_patched:
        "scimVersion=1.1\nupdateGroupMethod=PATCH", json!({"update": "Group/g1", "with": {"displayName": "G2"}}), json!({})
        => json!([["PATCH Groups/g1", {"schemas": [CORE], "displayName": "G2"}]]);
    a_group_that_is_renamed_by_put_keeps_its_members:
        "scimVersion=1.1\nupdateGroupMethod=PUT", json!({"update": "Group/g1", "with": {"displayName": "G2"}}), json!({})
        => json!(["GET Groups/g1", ["PUT Groups/g1 If-Match: W/\"7\"", {"schemas": [CORE], "id": "g1", "displayName": "G2", "members": [{"value": "m0"}]}]]);
    a_delta_works:
        V1, json!({"delta": "User/u1", "with": {"nickName": {"replace": "n"}, "emails.work.value": {"add": "n@x"}, "roles.value": {"remove": "r"}}}), json!({})
        => json!([["PATCH Users/u1", {"schemas": [CORE], "nickName": "n", "emails": [{"value": "n@x", "type": "work"}], "roles": [{"value": "r", "operation": "delete"}]}]]);
    a_list_has_custom_attributes_and_its_filter_the_words_of_1_1:
        CUSTOM, json!({"search": "User", "filter": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"b\" and not (title pr)", "attributes": "urn:scim:schemas:core:1.0:myCustomName"}),
        json!({"GET scim/v1/Users": {"then": [{"totalResults": 2, "Resources": [
            {"id": "1", "userName": "a", "myCustomName": "x", ENTERPRISE: {"manager": {"managerId": "b"}}}, {"id": "2", "userName": "c", "title": "Dr", ENTERPRISE: {"manager": {"managerId": "b"}}}]}, {"totalResults": 2}]}})
        => json!([
            format!("GET Users?filter={ENTERPRISE}:manager.managerId eq \"b\"&attributes=myCustomName,id,userName,{ENTERPRISE}:manager,title&startIndex=1&count=100"),
            format!("GET Users?filter={ENTERPRISE}:manager.managerId eq \"b\"&attributes=myCustomName,id,userName,{ENTERPRISE}:manager,title&startIndex=3&count=100"),
            {"is": {"objects": [{"__UID__": "1", "__NAME__": "a", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
                "id": "1", "userName": "a", "urn:scim:schemas:core:1.0:myCustomName": "x"}]}}]);
    an_error_of_1_1_says_who_is_gone:
        V1, json!({"get": "User/u9"}), json!({"GET scim/v1/Users/u9": [404, {"Errors": [{"description": "no", "code": "404"}]}]})
        => json!(["GET Users/u9", {"error": "UnknownUidException"}]);
}
