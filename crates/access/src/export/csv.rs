//! CSV (RFC 4180): a line for each grant, and one for each resource that can hold something and holds nothing.
//!
//! The columns are those of the reference's export. Values are written as they are: a spreadsheet takes one that
//! begins with `=` for a formula.

use std::borrow::Cow;
use std::io::Write;

use super::ExportError;
use crate::c1z::{GrantFilter, View};
use crate::model::{Entitlement, GROUP, Resource, Status, USER};

const COLUMNS: [&str; 12] = [
    "Type",
    "Last Name",
    "First Name",
    "User ID",
    "User Status",
    "Email Address",
    "Entitlement Display Name",
    "Entitlement",
    "Resource Type",
    "Resource Name",
    "Entitlement Description",
    "Entitlement Slug",
];

pub(super) fn write(view: &View<'_>, out: &mut dyn Write) -> Result<(), ExportError> {
    line(out, &COLUMNS)?;
    for kind in [USER, GROUP] {
        view.resources(Some(kind), |principal| {
            let mut held = 0;
            view.grants(GrantFilter::Principal(&principal.id), |grant| -> Result<(), ExportError> {
                held += 1;
                let id = &grant.entitlement.id;
                let entitlement = view.entitlement(id)?.unwrap_or(grant.entitlement.clone());
                row(view, out, &principal, Some(&entitlement))
            })?;
            // Users without any are what a review may be looking for; groups are in groups, or are not.
            if held == 0 && kind == USER { row(view, out, &principal, None) } else { Ok(()) }
        })?;
    }
    Ok(())
}

fn row(
    view: &View<'_>,
    out: &mut dyn Write,
    principal: &Resource,
    entitlement: Option<&Entitlement>,
) -> Result<(), ExportError> {
    let attribute =
        |name: &str| principal.profile().and_then(|profile| profile.get(name)?.as_str()).unwrap_or_default();
    let user = principal.user();
    let status = match user.and_then(|user| user.status.as_ref()).map(|status| status.status) {
        Some(Status::Enabled) => "enabled",
        Some(Status::Disabled) => "disabled",
        Some(Status::Deleted) => "deleted",
        Some(Status::Unspecified | Status::Other(_)) | None => "",
    };
    let last = if user.is_some() { attribute("last_name") } else { principal.display_name.as_str() };
    let none = Entitlement::default();
    let held = entitlement.unwrap_or(&none);
    let of = &held.resource;
    let kind = match entitlement {
        Some(_) => view.resource_type(&of.id.resource_type)?.map(|kind| kind.display_name),
        None => None,
    };
    let kind = kind.as_deref().unwrap_or(&of.id.resource_type);
    let email = user.and_then(|user| user.email()).unwrap_or_default();
    let cells = [
        principal.id.resource_type.as_str(),
        last,
        attribute("first_name"),
        principal.id.resource.as_str(),
        status,
        email,
        held.display_name.as_str(),
        held.id.as_str(),
        kind,
        of.display_name.as_str(),
        held.description.as_str(),
        held.slug.as_str(),
    ];
    line(out, &cells)
}

fn line(out: &mut dyn Write, cells: &[&str]) -> Result<(), ExportError> {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        out.write_all(quoted(cell).as_bytes())?;
    }
    Ok(out.write_all(b"\r\n")?)
}

/// In quotes where it must be.
fn quoted(cell: &str) -> Cow<'_, str> {
    if cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
        Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        for (cell, text) in [
            ("a", "a"),
            ("a,b", "\"a,b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("", ""),
        ] {
            assert_eq!(quoted(cell), text);
        }
    }
}
