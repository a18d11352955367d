//! JSON: one document, or a line for each thing.

use std::io::Write;

use serde::Serialize;

use super::ExportError;
use crate::c1z::{GrantFilter, View};

/// `{"sync":{…},"resourceTypes":[…],"resources":[…],"entitlements":[…],"grants":[…]}`.
pub(super) fn document(view: &View<'_>, out: &mut dyn Write) -> Result<(), ExportError> {
    out.write_all(b"{\"sync\":")?;
    json(out, view.sync())?;
    list(out, "resourceTypes", |list| view.resource_types(|kind| list.add(&kind)))?;
    list(out, "resources", |list| view.resources(None, |resource| list.add(&resource)))?;
    list(out, "entitlements", |list| view.entitlements(None, |entitlement| list.add(&entitlement)))?;
    list(out, "grants", |list| view.grants(GrantFilter::All, |grant| list.add(&grant)))?;
    Ok(out.write_all(b"}\n")?)
}

/// `{"sync":{…}}`, then `{"resourceType":{…}}`, `{"resource":{…}}`, `{"entitlement":{…}}`, `{"grant":{…}}`.
pub(super) fn lines(view: &View<'_>, out: &mut dyn Write) -> Result<(), ExportError> {
    line(out, "sync", view.sync())?;
    view.resource_types(|kind| line(out, "resourceType", &kind))?;
    view.resources(None, |resource| line(out, "resource", &resource))?;
    view.entitlements(None, |entitlement| line(out, "entitlement", &entitlement))?;
    view.grants(GrantFilter::All, |grant| line(out, "grant", &grant))
}

/// The elements of an array under way.
struct List<'a> {
    out: &'a mut dyn Write,
    first: bool,
}

impl List<'_> {
    fn add(&mut self, value: &impl Serialize) -> Result<(), ExportError> {
        if !std::mem::take(&mut self.first) {
            self.out.write_all(b",")?;
        }
        self.out.write_all(b"\n")?;
        json(self.out, value)
    }
}

fn list(
    out: &mut dyn Write,
    name: &str,
    fill: impl FnOnce(&mut List<'_>) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    write!(out, ",\n\"{name}\":[")?;
    fill(&mut List { out, first: true })?;
    Ok(out.write_all(b"]")?)
}

fn line(out: &mut dyn Write, name: &str, value: &impl Serialize) -> Result<(), ExportError> {
    write!(out, "{{\"{name}\":")?;
    json(out, value)?;
    Ok(out.write_all(b"}\n")?)
}

fn json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), ExportError> {
    serde_json::to_writer(out, value).map_err(|error| ExportError::Writing(error.into()))
}
