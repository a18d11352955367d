//! Files to try things on.

#![allow(dead_code, clippy::unwrap_used, reason = "not every test needs all of it, and each may stop")]

use std::path::{Path, PathBuf};

use rollcall_access::c1z::{File, Limits, Run, Writer};
use rollcall_access::model::{
    Annotation, Email, GROUP, ProfileTrait, ROLE, Resource, ResourceId, Status, USER, UserStatus, UserTrait,
    member_of, membership, scim_resource_types,
};
use rollcall_domain::clock::Timestamp;
use serde_json::{Map, Value, json};

/// 2026-11-22T01:30:21.250Z.
pub(crate) const NOW: Timestamp = Timestamp(1_795_311_021_250);

pub(crate) fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { unreachable!("{value} is no object") };
    object
}

pub(crate) fn user(id: &str, name: &str) -> Resource {
    let trait_ = UserTrait {
        emails: vec![Email { address: format!("{id}@example.com"), is_primary: true }],
        status: Some(UserStatus { status: Status::Enabled, details: String::new() }),
        profile: object(json!({ "user_id": id, "first_name": name, "last_name": "Lee" })),
        login: id.to_owned(),
        ..UserTrait::default()
    };
    Resource {
        id: ResourceId::new(USER, id),
        display_name: format!("{name} Lee"),
        annotations: vec![Annotation::User(trait_)],
        ..Resource::default()
    }
}

pub(crate) fn group(id: &str, name: &str) -> Resource {
    let profile = object(json!({ "group_id": id, "group_name": name }));
    Resource {
        id: ResourceId::new(GROUP, id),
        display_name: name.to_owned(),
        annotations: vec![Annotation::Group(ProfileTrait { profile })],
        ..Resource::default()
    }
}

pub(crate) fn role(id: &str, name: &str) -> Resource {
    let profile = object(json!({ "role_id": id, "role_name": name }));
    Resource {
        id: ResourceId::new(ROLE, id),
        display_name: name.to_owned(),
        annotations: vec![Annotation::Role(ProfileTrait { profile })],
        ..Resource::default()
    }
}

/// A sync that began so many seconds after [`NOW`], and took one.
pub(crate) fn run(id: &str, seconds: i64) -> Run {
    let started = Timestamp(NOW.0 + seconds * 1_000);
    Run { id: id.to_owned(), started, ended: Timestamp(started.0 + 1_000) }
}

/// Writes resources, an entitlement for each that can have members, and grants of (resource, principal).
pub(crate) fn fill(writer: &mut Writer, resources: &[Resource], grants: &[(&str, &str)]) {
    for kind in scim_resource_types() {
        writer.resource_type(&kind).unwrap();
    }
    for resource in resources {
        writer.resource(resource).unwrap();
        if resource.id.resource_type != USER {
            writer.entitlement(&member_of(resource.clone())).unwrap();
        }
    }
    let named = |name: &str| {
        let (kind, id) = name.split_once(':').unwrap();
        ResourceId::new(kind, id)
    };
    for (of, principal) in grants {
        let resource = resources.iter().find(|resource| resource.id == named(of)).unwrap();
        writer.grant(&membership(resource, &named(principal))).unwrap();
    }
}

/// Makes a file of one sync, after those that `earlier` keeps; its database is beside it, as `.db`.
pub(crate) fn file(
    folder: &Path,
    run: Run,
    earlier: Option<&File>,
    resources: &[Resource],
    grants: &[(&str, &str)],
) -> PathBuf {
    let path = folder.join(format!("{}.c1z", run.id));
    let mut writer = Writer::create(&path, run).unwrap();
    if let Some(earlier) = earlier {
        writer.keep(earlier, 1).unwrap();
    }
    fill(&mut writer, resources, grants);
    writer.finish().unwrap();
    std::fs::write(path.with_extension("db"), unpacked(&path)).unwrap();
    path
}

/// The database of a file.
pub(crate) fn unpacked(path: &Path) -> Vec<u8> {
    let packed = std::fs::read(path).unwrap();
    assert_eq!(packed[..5], *b"C1ZF\0");
    zstd::stream::decode_all(&packed[5..]).unwrap()
}

/// A file of a database.
pub(crate) fn packed(path: &Path, database: &[u8]) {
    std::fs::write(path, [b"C1ZF\0", &*zstd::stream::encode_all(database, 1).unwrap()].concat()).unwrap();
}

pub(crate) fn open(path: &Path) -> File {
    File::open(path, None, Limits::default()).unwrap()
}
