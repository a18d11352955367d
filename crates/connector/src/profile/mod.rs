//! Target profiles: what a SCIM application is like, as YAML.
//!
//! The keys are those of `baton-scim`'s configuration file, and ours; `docs/profile-keys.md` has them all. A
//! profile is checked whole when it is loaded ([`Profile::load`]): every fault is named with file, line and key
//! before any request is made.

mod builtin;
mod check;
mod keys;
mod load;
mod model;
mod path;
mod steps;
mod yaml;

pub use builtin::{Builtin, builtins};
pub use keys::keys;
pub use load::{Fault, ProfileError, schema};
pub use model::{
    Auth, AuthType, ClientAuth, Discovery, Grant, GroupPaths, Http, Jwt, JwtAlgorithm, Limits, MemberPaths,
    MemberRemoval, MemberShape, MembersInList, Operation, Pagination, Paging, Profile, Provisioning, Proxy,
    Redirects, RequestDefaults, Retry, RolePaths, ScimVersion, Shapes, Tls, TokenRequestDefaults,
    UpdateMethod, UserGroupPaths, UserPaths,
};
pub use path::{JsonPath, PathError};
