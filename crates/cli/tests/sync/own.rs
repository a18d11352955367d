//! Rollcall reads Rollcall.

use serde_json::json;

use crate::common::Server;
use crate::world::{Ended, bare};

#[test]
fn a_source_of_a_running_server_is_read_and_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start(folder, &[]);
    let token = Server::source(folder, "okta", &[]);
    let mut client = server.client("okta", &token);
    let mut create = |endpoint: &str, body: serde_json::Value| {
        let (status, made) = client.send("POST", endpoint, Some(&body)).unwrap();
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    };
    let users: Vec<_> = (0..120)
        .map(|n| create("/Users", json!({"userName": format!("user{n}"), "active": n % 2 == 0})))
        .collect();
    let inner = create("/Groups", json!({"displayName": "Inner", "members": [{"value": users[3]}]}));
    let outer = create(
        "/Groups",
        json!({"displayName": "Outer", "members": [{"value": inner}, {"value": users[5]}]}),
    );
    let sync = |arguments: &[&str]| -> Ended {
        let mut command = bare(folder, &["sync", "--service-provider", "standard"]);
        command
            .env("SCIM_BASE_URL", format!("http://{}/scim/okta/v2", server.address))
            .env("BATON_TOKEN", &token);
        command.args(arguments).output().unwrap().into()
    };
    assert_eq!(sync(&[]).ok(), "wrote sync.c1z: 120 users, 2 groups, 0 roles, 3 grants\n");
    let entitlement = format!("group:{outer}:member");
    let grant = ["--grant-entitlement", &entitlement, "--grant-principal", &users[7]];
    assert_eq!(sync(&grant).ok(), format!("granted {entitlement}:user:{}\n", users[7]));
    let revoke = format!("{entitlement}:group:{inner}");
    assert_eq!(sync(&["--revoke-grant", &revoke]).ok(), format!("revoked {revoke}\n"));
    sync(&[]).ok();
    let diff = Ended::from(bare(folder, &["c1z", "diff"]).output().unwrap()).ok();
    assert_eq!(diff, format!("+ {entitlement}:user:{}\n- {revoke}\n", users[7]));
    let log = std::fs::read_to_string(&server.log).unwrap();
    assert!(!log.contains(&token), "the log holds a secret");
}
