//! One line per route and method: what it takes and answers. A test compares this with the routes.

use serde_json::{Map, Value, json};

/// A parameter that several operations take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Id,
    MembershipId,
    SchemaId,
    TypeName,
    Attributes,
    ExcludedAttributes,
    Filter,
    SortBy,
    SortOrder,
    StartIndex,
    Count,
    Cursor,
    IfMatch,
    IfNoneMatch,
}

/// The request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Resource,
    Patch,
    Bulk,
    Search,
}

/// The response body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Nothing,
    Resource,
    Listing,
    /// The component of this name.
    Document(&'static str),
    /// A listing of such.
    Documents(&'static str),
}

/// One method of one route.
#[derive(Debug)]
pub(super) struct Operation {
    pub method: &'static str,
    /// As in [`crate::SCIM_ROUTES`].
    pub path: &'static str,
    /// `{type}` stands for the resource type's name.
    pub summary: &'static str,
    pub parameters: &'static [Parameter],
    pub takes: Takes,
    pub answers: &'static [(u16, Shows)],
}

use Parameter::{
    Attributes, Count, Cursor, ExcludedAttributes, Filter, Id, IfMatch, IfNoneMatch, MembershipId, SchemaId,
    SortBy, SortOrder, StartIndex, TypeName,
};

const SHAPE: &[Parameter] = &[Attributes, ExcludedAttributes];
const LISTING: &[Parameter] =
    &[Filter, SortBy, SortOrder, StartIndex, Count, Cursor, Attributes, ExcludedAttributes];
const MEMBERSHIPS: &[Parameter] = &[Filter, StartIndex, Count, Cursor, Attributes, ExcludedAttributes];
/// With `Prefer: respond-async`, where there is a stream of Security Event Tokens.
const LATER: (u16, Shows) = (202, Shows::Nothing);
const SHOWN_IF_NEW: &[(u16, Shows)] = &[(200, Shows::Resource), (304, Shows::Nothing)];
const CHANGED: &[(u16, Shows)] = &[(200, Shows::Resource), LATER, (204, Shows::Nothing)];
const CREATED: &[(u16, Shows)] = &[(201, Shows::Resource), LATER];
const LISTED: &[(u16, Shows)] = &[(200, Shows::Listing)];
const GONE: &[(u16, Shows)] = &[LATER, (204, Shows::Nothing)];

const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/ServiceProviderConfig",
        summary: "What this source supports (RFC 7644 §4)",
        parameters: &[],
        takes: Takes::Nothing,
        answers: &[(200, Shows::Document("ServiceProviderConfig"))],
    },
    Operation {
        method: "GET",
        path: "/Schemas",
        summary: "All schemas (RFC 7644 §4)",
        parameters: &[],
        takes: Takes::Nothing,
        answers: &[(200, Shows::Documents("Schema"))],
    },
    Operation {
        method: "GET",
        path: "/Schemas/{id}",
        summary: "One schema, by its URN (RFC 7644 §4)",
        parameters: &[SchemaId],
        takes: Takes::Nothing,
        answers: &[(200, Shows::Document("Schema"))],
    },
    Operation {
        method: "GET",
        path: "/ResourceTypes",
        summary: "All resource types (RFC 7644 §4)",
        parameters: &[],
        takes: Takes::Nothing,
        answers: &[(200, Shows::Documents("ResourceType"))],
    },
    Operation {
        method: "GET",
        path: "/ResourceTypes/{id}",
        summary: "One resource type, by its name (RFC 7644 §4)",
        parameters: &[TypeName],
        takes: Takes::Nothing,
        answers: &[(200, Shows::Document("ResourceType"))],
    },
    Operation {
        method: "GET",
        path: "/Me",
        summary: "The user that the token stands for; 501 when it stands for none (RFC 7644 §3.11)",
        parameters: &[Attributes, ExcludedAttributes, IfNoneMatch],
        takes: Takes::Nothing,
        answers: SHOWN_IF_NEW,
    },
    Operation {
        method: "PUT",
        path: "/Me",
        summary: "Replaces the user that the token stands for (RFC 7644 §3.11)",
        parameters: &[Attributes, ExcludedAttributes, IfMatch],
        takes: Takes::Resource,
        answers: CHANGED,
    },
    Operation {
        method: "PATCH",
        path: "/Me",
        summary: "Changes the user that the token stands for (RFC 7644 §3.11)",
        parameters: &[Attributes, ExcludedAttributes, IfMatch],
        takes: Takes::Patch,
        answers: CHANGED,
    },
    Operation {
        method: "DELETE",
        path: "/Me",
        summary: "Deletes the user that the token stands for (RFC 7644 §3.11)",
        parameters: &[IfMatch],
        takes: Takes::Nothing,
        answers: GONE,
    },
    Operation {
        method: "POST",
        path: "/Me",
        summary: "Not offered: always 501",
        parameters: &[],
        takes: Takes::Nothing,
        answers: &[],
    },
    Operation {
        method: "POST",
        path: "/Bulk",
        summary: "Many writes in one request (RFC 7644 §3.7)",
        parameters: &[],
        takes: Takes::Bulk,
        answers: &[(200, Shows::Document("BulkResponse")), LATER],
    },
    Operation {
        method: "POST",
        path: "/.search",
        summary: "Searches resources of all types (RFC 7644 §3.4.3)",
        parameters: &[],
        takes: Takes::Search,
        answers: LISTED,
    },
    Operation {
        method: "GET",
        path: "/",
        summary: "Lists resources of all types (RFC 7644 §3.4.2.1)",
        parameters: LISTING,
        takes: Takes::Nothing,
        answers: LISTED,
    },
    Operation {
        method: "POST",
        path: "/GroupMemberships/.search",
        summary: "Searches memberships (RFC 7644 §3.4.3)",
        parameters: &[],
        takes: Takes::Search,
        answers: LISTED,
    },
    Operation {
        method: "GET",
        path: "/GroupMemberships",
        summary: "Lists who is a direct member of which group, by group.value, member.value or both",
        parameters: MEMBERSHIPS,
        takes: Takes::Nothing,
        answers: LISTED,
    },
    Operation {
        method: "POST",
        path: "/GroupMemberships",
        summary: "Makes someone a member of a group",
        parameters: SHAPE,
        takes: Takes::Resource,
        answers: &[(201, Shows::Resource)],
    },
    Operation {
        method: "GET",
        path: "/GroupMemberships/{id}",
        summary: "One membership",
        parameters: &[MembershipId, Attributes, ExcludedAttributes, IfNoneMatch],
        takes: Takes::Nothing,
        answers: SHOWN_IF_NEW,
    },
    Operation {
        method: "DELETE",
        path: "/GroupMemberships/{id}",
        summary: "Ends a membership",
        parameters: &[MembershipId, IfMatch],
        takes: Takes::Nothing,
        answers: &[(204, Shows::Nothing)],
    },
    Operation {
        method: "POST",
        path: "/{endpoint}/.search",
        summary: "Searches {type} resources (RFC 7644 §3.4.3)",
        parameters: &[],
        takes: Takes::Search,
        answers: LISTED,
    },
    Operation {
        method: "GET",
        path: "/{endpoint}",
        summary: "Lists {type} resources (RFC 7644 §3.4.2)",
        parameters: LISTING,
        takes: Takes::Nothing,
        answers: LISTED,
    },
    Operation {
        method: "POST",
        path: "/{endpoint}",
        summary: "Creates a {type} (RFC 7644 §3.3)",
        parameters: SHAPE,
        takes: Takes::Resource,
        answers: CREATED,
    },
    Operation {
        method: "GET",
        path: "/{endpoint}/{id}",
        summary: "One {type} (RFC 7644 §3.4.1)",
        parameters: &[Id, Attributes, ExcludedAttributes, IfNoneMatch],
        takes: Takes::Nothing,
        answers: SHOWN_IF_NEW,
    },
    Operation {
        method: "PUT",
        path: "/{endpoint}/{id}",
        summary: "Replaces a {type} (RFC 7644 §3.5.1)",
        parameters: &[Id, Attributes, ExcludedAttributes, IfMatch],
        takes: Takes::Resource,
        answers: CHANGED,
    },
    Operation {
        method: "PATCH",
        path: "/{endpoint}/{id}",
        summary: "Changes a {type} (RFC 7644 §3.5.2)",
        parameters: &[Id, Attributes, ExcludedAttributes, IfMatch],
        takes: Takes::Patch,
        answers: CHANGED,
    },
    Operation {
        method: "DELETE",
        path: "/{endpoint}/{id}",
        summary: "Deletes a {type} (RFC 7644 §3.6)",
        parameters: &[Id, IfMatch],
        takes: Takes::Nothing,
        answers: GONE,
    },
];

/// The operation of this method and route.
pub(super) fn find(method: &str, path: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.method == method && operation.path == path)
}

impl Operation {
    /// The error statuses that it may answer with, beside those of every request.
    pub(super) fn refusals(&self) -> Vec<u16> {
        let (takes, writes) = (self.takes != Takes::Nothing, self.takes_effect());
        let named = self.path.contains('{') || self.path == "/Me";
        let all = [
            (400, takes || self.parameters.contains(&Filter) || self.parameters.contains(&Attributes)),
            (401, true),
            (403, true),
            (404, named),
            (409, writes && matches!(self.takes, Takes::Resource | Takes::Patch)),
            (412, self.parameters.contains(&IfMatch)),
            (413, takes),
            (415, takes),
            (429, true),
            (501, self.path == "/Me"),
            (503, true),
        ];
        all.into_iter().filter_map(|(status, may)| may.then_some(status)).collect()
    }

    fn takes_effect(&self) -> bool {
        !matches!(self.takes, Takes::Nothing | Takes::Search)
    }
}

impl Parameter {
    const ALL: [Self; 14] = [
        Id,
        MembershipId,
        SchemaId,
        TypeName,
        Attributes,
        ExcludedAttributes,
        Filter,
        SortBy,
        SortOrder,
        StartIndex,
        Count,
        Cursor,
        IfMatch,
        IfNoneMatch,
    ];

    /// The name of the component.
    pub(super) fn name(self) -> &'static str {
        match self {
            Id => "id",
            MembershipId => "membershipId",
            SchemaId => "schemaId",
            TypeName => "typeName",
            Attributes => "attributes",
            ExcludedAttributes => "excludedAttributes",
            Filter => "filter",
            SortBy => "sortBy",
            SortOrder => "sortOrder",
            StartIndex => "startIndex",
            Count => "count",
            Cursor => "cursor",
            IfMatch => "ifMatch",
            IfNoneMatch => "ifNoneMatch",
        }
    }

    fn describe(self) -> Value {
        let (place, name, schema, description) = match self {
            Id => ("path", "id", json!({ "type": "string", "format": "uuid" }), "The resource's id"),
            MembershipId => {
                ("path", "id", text(), "The membership's id: the group's, a dot, and the member's")
            }
            SchemaId => ("path", "id", text(), "The schema's URN"),
            TypeName => ("path", "id", text(), "The resource type's name"),
            Attributes => ("query", "attributes", text(), "Attributes to show, by comma (RFC 7644 §3.9)"),
            ExcludedAttributes => {
                ("query", "excludedAttributes", text(), "Attributes to leave out, by comma (RFC 7644 §3.9)")
            }
            Filter => ("query", "filter", text(), "A filter (RFC 7644 §3.4.2.2)"),
            SortBy => ("query", "sortBy", text(), "Attribute to sort by (RFC 7644 §3.4.2.3)"),
            SortOrder => {
                let schema = json!({ "type": "string", "enum": ["ascending", "descending"] });
                ("query", "sortOrder", schema, "Ascending unless said")
            }
            StartIndex => ("query", "startIndex", number(1), "First result, from 1 (RFC 7644 §3.4.2.4)"),
            Count => ("query", "count", number(0), "Results in a page at most"),
            Cursor => ("query", "cursor", text(), "Empty for the first page, then `nextCursor` (RFC 9865)"),
            IfMatch => ("header", "If-Match", text(), "Versions that are to be changed; else 412"),
            IfNoneMatch => ("header", "If-None-Match", text(), "Versions that the client has; then 304"),
        };
        let required = place == "path";
        json!({ "name": name, "in": place, "required": required, "description": description, "schema": schema })
    }
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number(least: u8) -> Value {
    json!({ "type": "integer", "minimum": least })
}

/// The components that operations refer to.
pub(super) fn parameters() -> Value {
    let all = Parameter::ALL.iter().map(|parameter| (parameter.name().to_owned(), parameter.describe()));
    Value::Object(all.collect::<Map<_, _>>())
}
