//! Discovery (RFC 7644 §4): what this source really does, generated from what is enabled.

use rollcall_domain::credential::Scope;
use rollcall_domain::delivery::{Endpoint, EndpointKind};
use rollcall_scim::Document;
use rollcall_scim::error::{ErrorType, ScimError};
use rollcall_scim::list::{LIST_RESPONSE, ListRequest};
use rollcall_scim::schema::{ResolvedType, Schema};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cursor::CURSOR_TIMEOUT_SECONDS;
use crate::{Caller, Service, error};

impl Service {
    /// `/ServiceProviderConfig` (RFC 7643 §5, RFC 9865 §4, interoperability profile §4), `/ServiceProviderConfigs` of 1.1.
    ///
    /// # Errors
    ///
    /// 403 without the read scope.
    pub async fn service_provider_config(&self, caller: &Caller) -> Result<Value, ScimError> {
        caller.require(Scope::Read)?;
        let settings = &caller.runtime.source.settings;
        let mut config = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": { "supported": true },
            "bulk": {
                "supported": true,
                "maxOperations": settings.max_bulk_operations,
                "maxPayloadSize": settings.max_request_bytes,
            },
            "filter": { "supported": true, "maxResults": settings.max_page_size },
            "changePassword": { "supported": false },
            "sort": { "supported": true },
            "etag": { "supported": true },
            "pagination": {
                "cursor": true,
                "index": true,
                "defaultPaginationMethod": "index",
                "defaultPageSize": settings.default_page_size,
                "maxPageSize": settings.max_page_size,
                "cursorTimeout": CURSOR_TIMEOUT_SECONDS,
            },
            "authenticationSchemes": [
                {
                    "type": "oauthbearertoken",
                    "name": "OAuth Bearer Token",
                    "description": "A token of this source in the Authorization header",
                    "specUri": "https://www.rfc-editor.org/info/rfc6750",
                    "primary": true,
                },
                {
                    "type": "httpbasic",
                    "name": "HTTP Basic",
                    "description": "Any user name, and a token of this source as the password",
                    "specUri": "https://www.rfc-editor.org/info/rfc7617",
                },
            ],
            "meta": {
                "resourceType": "ServiceProviderConfig",
                "location": format!("{}/ServiceProviderConfig", caller.base_url),
            },
        });
        if caller.speaks_v1() {
            return Ok(config.as_object().map(Caller::v1_config).unwrap_or_default());
        }
        // Only where there are streams: clients with a closed model of this resource take nothing that they do not know.
        let endpoints = self.store.endpoints(Some(caller.runtime.source.tenant)).await;
        let endpoints = endpoints.map_err(error::from_store)?;
        let is_stream =
            |endpoint: &Endpoint| matches!(endpoint.kind, EndpointKind::SetPush | EndpointKind::SetPoll);
        if let (true, Some(fields)) = (endpoints.iter().any(is_stream), config.as_object_mut()) {
            fields.insert("securityEvents".to_owned(), Value::Object(crate::sets::capability()));
        }
        if let (true, Some(fields)) = (caller.runtime.dialect.interop_profile, config.as_object_mut()) {
            fields.insert("interopProfileConformant".to_owned(), true.into());
        }
        Ok(config)
    }

    /// `/Schemas`.
    ///
    /// # Errors
    ///
    /// 403 without the read scope, or with a filter (RFC 7644 §4).
    pub fn schemas(&self, caller: &Caller, request: &ListRequest) -> Result<Value, ScimError> {
        if caller.speaks_v1() {
            caller.require(Scope::Read)?;
            return caller.v1_schemas(request.filter.as_deref());
        }
        unfiltered(caller, request)?;
        let schemas = caller.runtime.registry.schemas().map(|schema| schema_document(caller, schema));
        Ok(list(&schemas.collect::<Result<Vec<_>, _>>()?))
    }

    /// `/Schemas/{urn}`.
    ///
    /// # Errors
    ///
    /// 403 without the read scope, 404.
    pub fn schema(&self, caller: &Caller, urn: &str) -> Result<Value, ScimError> {
        caller.require(Scope::Read)?;
        if caller.speaks_v1() {
            return caller.v1_schema(urn);
        }
        schema_document(caller, caller.runtime.registry.schema(urn).ok_or_else(error::not_found)?)
    }

    /// `/ResourceTypes`.
    ///
    /// # Errors
    ///
    /// As [`Service::schemas`].
    pub fn resource_types(&self, caller: &Caller, request: &ListRequest) -> Result<Value, ScimError> {
        unfiltered(caller, request)?;
        let registry = &caller.runtime.registry;
        let types = registry.types().iter().chain([registry.membership()]);
        let types = types.map(|kind| type_document(caller, kind));
        Ok(list(&types.collect::<Result<Vec<_>, _>>()?))
    }

    /// `/ResourceTypes/{name}`.
    ///
    /// # Errors
    ///
    /// 403 without the read scope, 404.
    pub fn resource_type(&self, caller: &Caller, name: &str) -> Result<Value, ScimError> {
        caller.require(Scope::Read)?;
        let registry = &caller.runtime.registry;
        let membership = Some(registry.membership()).filter(|kind| kind.name() == name);
        type_document(caller, membership.or_else(|| registry.type_named(name)).ok_or_else(error::not_found)?)
    }
}

fn unfiltered(caller: &Caller, request: &ListRequest) -> Result<(), ScimError> {
    caller.require(Scope::Read)?;
    match request.filter {
        Some(_) => {
            Err(ScimError::new(ErrorType::Forbidden, "filter: discovery documents cannot be filtered"))
        }
        None => Ok(()),
    }
}

fn list(resources: &[Value]) -> Value {
    json!({
        "schemas": [LIST_RESPONSE],
        "totalResults": resources.len(),
        "itemsPerPage": resources.len(),
        "startIndex": 1,
        "Resources": resources,
    })
}

fn schema_document(caller: &Caller, schema: &Schema) -> Result<Value, ScimError> {
    document(caller, schema, "Schema", &format!("/Schemas/{}", schema.id))
}

fn type_document(caller: &Caller, kind: &ResolvedType) -> Result<Value, ScimError> {
    document(caller, &kind.resource_type, "ResourceType", &format!("/ResourceTypes/{}", kind.name()))
}

fn document(caller: &Caller, value: &impl Serialize, name: &str, path: &str) -> Result<Value, ScimError> {
    let Ok(Value::Object(fields)) = serde_json::to_value(value) else {
        return Err(error::internal("a discovery document cannot be written"));
    };
    let mut document = Document::new();
    document.insert("schemas".to_owned(), json!([format!("urn:ietf:params:scim:schemas:core:2.0:{name}")]));
    document.extend(fields);
    let location = format!("{}{path}", caller.base_url);
    document.insert("meta".to_owned(), json!({ "resourceType": name, "location": location }));
    Ok(Value::Object(document))
}
