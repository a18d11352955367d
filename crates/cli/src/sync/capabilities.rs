//! `rollcall capabilities`: what a sync reads and changes, as Baton's `capabilities` command prints it.

use rollcall_access::model::{GROUP, ROLE, USER, scim_resource_types};
use serde_json::{Value, json};

use crate::printer::Printer;

/// What is done with each resource type. An application's profile may leave something out.
const DONE: [(&str, &[&str]); 3] = [
    (USER, &["CAPABILITY_SYNC", "CAPABILITY_ACCOUNT_PROVISIONING", "CAPABILITY_RESOURCE_DELETE"]),
    (GROUP, &["CAPABILITY_PROVISION", "CAPABILITY_SYNC", "CAPABILITY_RESOURCE_DELETE"]),
    (ROLE, &["CAPABILITY_PROVISION", "CAPABILITY_SYNC"]),
];

pub(crate) fn run(printer: &Printer) {
    let said = said();
    // As the reference: JSON, whichever output is wanted.
    printer.data(&said, || said.to_string());
}

/// The message `ConnectorCapabilities`, in an `Any`.
fn said() -> Value {
    let types = scim_resource_types();
    let of = |kind: &rollcall_access::model::ResourceType| {
        let done = DONE.iter().find(|(id, _)| *id == kind.id).map(|(_, done)| done);
        json!({ "resourceType": kind, "capabilities": done })
    };
    json!({
        "@type": "type.googleapis.com/c1.connector.v2.ConnectorCapabilities",
        "resourceTypeCapabilities": types.iter().map(of).collect::<Vec<_>>(),
        "connectorCapabilities": [
            "CAPABILITY_PROVISION", "CAPABILITY_SYNC", "CAPABILITY_ACCOUNT_PROVISIONING", "CAPABILITY_RESOURCE_DELETE",
        ],
        "credentialDetails": {
            "capabilityAccountProvisioning": {
                "supportedCredentialOptions": ["CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD"],
                "preferredCredentialOption": "CAPABILITY_DETAIL_CREDENTIAL_OPTION_NO_PASSWORD",
            },
        },
    })
}
