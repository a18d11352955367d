//! The lists of `rollcall c1z`: JSON as the Baton tools print it, or a table.

use std::io::Write;

use rollcall_access::c1z::{GrantFilter, Held, View};
use rollcall_access::model::{Entitlement, Grant, Resource, ResourceId, ResourceType};
use serde::Serialize;
use serde_json::json;

use super::Stopped;
use super::args::Of;
use crate::printer::{Output, Printer, Rows, table};
use crate::{Done, Failure};

/// A list under way.
enum List<'a> {
    Json { out: &'a mut dyn Write, first: bool },
    Table(Rows<'a>),
}

impl List<'_> {
    fn add(&mut self, json: impl Serialize, row: impl FnOnce() -> Vec<String>) -> Result<(), Stopped> {
        match self {
            Self::Json { out, first } => {
                if !std::mem::take(first) {
                    out.write_all(b",")?;
                }
                Ok(serde_json::to_writer(out, &json)?)
            }
            Self::Table(rows) => Ok(rows.add(row())?),
        }
    }
}

/// Prints `{"name":[…]}`, or a table with these columns.
fn list(
    printer: &Printer,
    name: &str,
    columns: &[&str],
    fill: impl FnOnce(&mut List<'_>) -> Result<(), Stopped>,
) -> Done {
    let done: Result<(), Stopped> = printer.stream(|output, out| match output {
        Output::Json => {
            write!(out, "{{\"{name}\":[")?;
            fill(&mut List::Json { out, first: true })?;
            Ok(writeln!(out, "]}}")?)
        }
        Output::Text => {
            let mut list = List::Table(Rows::new(out, columns));
            fill(&mut list)?;
            if let List::Table(rows) = &mut list {
                rows.flush()?;
            }
            Ok(())
        }
    });
    Ok(done?)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceOutput<'a> {
    resource: &'a Resource,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_type: Option<ResourceType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Resource>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntitlementOutput<'a> {
    entitlement: &'a Entitlement,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_type: Option<ResourceType>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GrantOutput<'a> {
    grant: &'a Grant,
    #[serde(skip_serializing_if = "Option::is_none")]
    entitlement: Option<Entitlement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_type: Option<ResourceType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Resource>,
}

fn type_name(kind: Option<&ResourceType>, id: &ResourceId) -> String {
    kind.map_or_else(|| id.resource_type.clone(), |kind| kind.display_name.clone())
}

/// `Ann Lee (user:u1)`, or the id alone.
fn shown(resource: Option<&Resource>, id: &ResourceId) -> String {
    match resource.map(|resource| resource.display_name.as_str()).filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} ({id})"),
        None => id.to_string(),
    }
}

pub(super) fn resource_types(view: &View<'_>, printer: &Printer) -> Done {
    list(printer, "resourceTypes", &["ID", "Display Name", "Traits"], |list| {
        view.resource_types(|kind| {
            list.add(json!({ "resourceType": &kind }), || {
                let traits = serde_json::to_value(&kind.traits).unwrap_or_default();
                let traits: Vec<_> =
                    traits.as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
                let traits = traits.join(", ").replace("TRAIT_", "").to_ascii_lowercase();
                vec![kind.id.clone(), kind.display_name.clone(), traits]
            })
        })
    })
}

pub(super) fn resources(view: &View<'_>, kind: Option<&str>, printer: &Printer) -> Done {
    let columns = ["ID", "Display Name", "Resource Type", "Parent Resource"];
    list(printer, "resources", &columns, |list| {
        view.resources(kind, |resource| add_resource(view, list, &resource))
    })
}

fn add_resource(view: &View<'_>, list: &mut List<'_>, resource: &Resource) -> Result<(), Stopped> {
    let resource_type = view.resource_type(&resource.id.resource_type)?;
    let parent = match &resource.parent_resource_id {
        Some(parent) => view.resource(parent)?,
        None => None,
    };
    let kind = type_name(resource_type.as_ref(), &resource.id);
    list.add(ResourceOutput { resource, resource_type, parent }, || {
        let parent = resource.parent_resource_id.as_ref().map(ToString::to_string);
        let parent = parent.unwrap_or_else(|| "-".to_owned());
        vec![resource.id.resource.clone(), resource.display_name.clone(), kind, parent]
    })
}

pub(super) fn entitlements(view: &View<'_>, kind: Option<&str>, printer: &Printer) -> Done {
    let columns = ["ID", "Display Name", "Resource Type", "Resource", "Slug"];
    list(printer, "entitlements", &columns, |list| {
        view.entitlements(kind, |entitlement| {
            let id = &entitlement.resource.id;
            let resource_type = view.resource_type(&id.resource_type)?;
            let resource = view.resource(id)?;
            let kind = type_name(resource_type.as_ref(), id);
            let name = resource.as_ref().map(|resource| resource.display_name.clone());
            let name = name.unwrap_or_else(|| id.resource.clone());
            list.add(EntitlementOutput { entitlement: &entitlement, resource, resource_type }, || {
                let Entitlement { id, display_name, slug, .. } = &entitlement;
                vec![id.clone(), display_name.clone(), kind, name, slug.clone()]
            })
        })
    })
}

/// The resource that a filter names, to borrow from.
fn resource_of(of: &Of) -> Option<ResourceId> {
    Some(ResourceId::new(of.resource_type.clone()?, of.resource.clone()?))
}

fn filter<'a>(of: &'a Of, resource: Option<&'a ResourceId>) -> GrantFilter<'a> {
    match (&of.entitlement, resource) {
        (Some(entitlement), _) => GrantFilter::Entitlement(entitlement),
        (None, Some(resource)) => GrantFilter::Resource(resource),
        (None, None) => GrantFilter::All,
    }
}

pub(super) fn grants(view: &View<'_>, of: &Of, printer: &Printer) -> Done {
    let resource = resource_of(of);
    let columns = ["ID", "Resource Type", "Resource", "Entitlement", "Principal"];
    list(printer, "grants", &columns, |list| {
        view.grants(filter(of, resource.as_ref()), |grant| add_grant(view, list, &grant))
    })
}

fn add_grant(view: &View<'_>, list: &mut List<'_>, grant: &Grant) -> Result<(), Stopped> {
    let id = &grant.entitlement.resource.id;
    let resource_type = view.resource_type(&id.resource_type)?;
    let (resource, principal) = (view.resource(id)?, view.resource(&grant.principal.id)?);
    let entitlement = view.entitlement(&grant.entitlement.id)?;
    let row = || {
        let name = resource.as_ref().map(|resource| resource.display_name.clone());
        let held = entitlement.as_ref().map(|entitlement| entitlement.display_name.clone());
        vec![
            grant.id.clone(),
            type_name(resource_type.as_ref(), id),
            name.unwrap_or_else(|| id.resource.clone()),
            held.unwrap_or_else(|| grant.entitlement.id.clone()),
            shown(principal.as_ref(), &grant.principal.id),
        ]
    };
    match list {
        List::Table(_) => {
            let row = row();
            list.add((), || row)
        }
        List::Json { .. } => {
            list.add(GrantOutput { grant, entitlement, resource, resource_type, principal }, Vec::new)
        }
    }
}

pub(super) fn principals(view: &View<'_>, of: &Of, printer: &Printer) -> Done {
    let of_resource = resource_of(of);
    let columns = ["ID", "Display Name", "Resource Type", "Parent Resource"];
    list(printer, "resources", &columns, |list| {
        view.principals(filter(of, of_resource.as_ref()), |id| {
            let known = view.resource(&id)?;
            let principal = known.unwrap_or_else(|| Resource { id, ..Resource::default() });
            add_resource(view, list, &principal)
        })
    })
}

pub(super) fn access(view: &View<'_>, kind: &str, id: &str, printer: &Printer) -> Done {
    let id = ResourceId::new(kind, id);
    let principal = view.resource(&id)?;
    let principal = principal.ok_or_else(|| {
        Failure::Theirs(format!(
            "there is no {id} in the file; `rollcall c1z resources -t {kind}` shows who is"
        ))
    })?;
    let held = view.access(&id)?;
    let mut access = Vec::new();
    let mut rows = vec![["Resource Type", "Resource", "Entitlement", "Through"].map(str::to_owned).to_vec()];
    for Held { entitlement, through } in held {
        let of = &entitlement.resource.id;
        let resource_type = view.resource_type(&of.resource_type)?;
        let resource = view.resource(of)?;
        rows.push(vec![
            type_name(resource_type.as_ref(), of),
            shown(resource.as_ref(), of),
            entitlement.id.clone(),
            if through.is_empty() { "-".to_owned() } else { through.join(", ") },
        ]);
        access.push(json!({
            "resourceType": resource_type,
            "resource": resource,
            "entitlements": [entitlement],
            "through": through,
        }));
    }
    printer.data(&json!({ "principal": principal, "access": access }), || {
        format!("{}\n\n{}", shown(Some(&principal), &id), table(&rows))
    });
    Ok(())
}
