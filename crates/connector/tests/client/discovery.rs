//! What an application says about itself: asked once, overridden by the profile, and not needed.

use rollcall_connector::discovery::Discovery;
use rollcall_connector::profile::{Profile, ScimVersion};
use rollcall_connector::transport::PeerError;
use rollcall_testkit::peer::{Failure, Peer, Roster, Version};
use serde_json::{Value, json};

use crate::setup::{profile, transport};

async fn peer() -> Peer {
    Peer::start(Roster::numbered(1, 0, 0)).await
}

fn discovery(profile: &Profile) -> Discovery {
    Discovery::new(transport(profile), profile)
}

#[tokio::test]
async fn each_document_is_asked_for_once_and_kept() {
    let peer = peer().await;
    let discovery = discovery(&profile(&peer));
    for _ in 0..3 {
        let config = discovery.clone().service_provider_config().await.unwrap();
        assert_eq!(config["patch"]["supported"], true);
        assert_eq!(discovery.resource_types().await.unwrap().len(), 2);
        assert_eq!(discovery.schemas().await.unwrap()[0]["name"], "User");
    }
    assert_eq!(peer.lines(), ["GET /ServiceProviderConfig", "GET /ResourceTypes", "GET /Schemas"]);
}

#[tokio::test]
async fn the_profile_goes_before_the_application() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    let over = json!({"patch": {"supported": false}, "filter": {"maxResults": 5}, "x": 1});
    profile.discovery.service_provider_config = over.as_object().unwrap().clone();
    let user = "urn:ietf:params:scim:schemas:core:2.0:User";
    profile.discovery.schemas =
        vec![json!({"id": user, "name": "Ours"}), json!({"id": "urn:x", "name": "X"})];
    let discovery = discovery(&profile);
    let config = discovery.service_provider_config().await.unwrap();
    assert_eq!(config["patch"], json!({"supported": false}));
    assert_eq!(config["filter"], json!({"supported": true, "maxResults": 5}));
    let schemas = discovery.schemas().await.unwrap();
    let names: Vec<&Value> = schemas.iter().map(|schema| &schema["name"]).collect();
    assert_eq!(names, ["Ours", "X"]);
}

#[tokio::test]
async fn an_application_that_does_not_describe_itself_is_taken_as_it_is() {
    let failures = [
        Failure::Html(404),
        Failure::Status(404),
        Failure::Status(403),
        Failure::Status(501),
        Failure::Html(200),
    ];
    for failure in failures {
        let peer = peer().await;
        for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
            peer.fail(1, "GET", path, &failure);
        }
        let discovery = discovery(&profile(&peer));
        assert_eq!(*discovery.service_provider_config().await.unwrap(), json!({}), "{failure:?}");
        assert_eq!(discovery.resource_types().await.unwrap()[1]["endpoint"], "/Groups", "{failure:?}");
        assert_eq!(discovery.schemas().await.unwrap().len(), 0, "{failure:?}");
    }
}

#[tokio::test]
async fn an_application_that_fails_is_not_one_without_documents() {
    let peer = peer().await;
    peer.fail(9, "GET", "/Service", &Failure::Status(500));
    let mut profile = profile(&peer);
    profile.http.retry.attempts = 2;
    let discovery = discovery(&profile);
    let error = discovery.service_provider_config().await.unwrap_err();
    assert!(matches!(error, PeerError::Unavailable { .. }), "{error:?}");
    peer.fail(1, "GET", "/Schemas", &Failure::Status(401));
    assert!(matches!(discovery.schemas().await.unwrap_err(), PeerError::Unauthorized(_)));
    assert_eq!(discovery.schemas().await.unwrap().len(), 1, "an error is not kept");
}

#[tokio::test]
async fn a_profile_may_say_that_nothing_is_asked() {
    let peer = peer().await;
    let mut profile = profile(&peer);
    profile.discovery.ask = false;
    let discovery = discovery(&profile);
    assert_eq!(*discovery.service_provider_config().await.unwrap(), json!({}));
    assert_eq!(discovery.resource_types().await.unwrap().len(), 2);
    assert_eq!(peer.count(), 0);
}

#[tokio::test]
async fn scim_1_1_has_its_own_names() {
    let peer = peer().await;
    peer.set(|faults| faults.version = Version::V1);
    let mut profile = profile(&peer);
    profile.scim_version = ScimVersion::V1;
    let discovery = discovery(&profile);
    assert_eq!(discovery.service_provider_config().await.unwrap()["patch"]["supported"], true);
    assert_eq!(discovery.resource_types().await.unwrap().len(), 2);
    assert_eq!(peer.lines(), ["GET /ServiceProviderConfigs"]);
}
