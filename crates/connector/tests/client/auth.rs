//! Signing in: which header or parameter goes out, and where tokens come from.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rollcall_connector::profile::{Auth, AuthType, ClientAuth, Grant, JsonPath, Jwt, JwtAlgorithm};
use rollcall_connector::secret::{Credentials, Secret};
use rollcall_connector::transport::{PeerError, Request, Transport};
use rollcall_testkit::peer::{Failure, Peer, Roster, Seen};
use serde_json::{Map, Value, json};

use crate::setup::{options, profile};

fn all_credentials() -> Credentials {
    let secret = |text: &str| Some(Secret::new(text));
    Credentials {
        username: Some("ann".to_owned()),
        password: secret("pass:word"),
        client_id: Some("cl/ient".to_owned()),
        client_secret: secret("s=ec&ret"),
        account_id: Some("ACC".to_owned()),
        refresh_token: secret("refresh-me"),
        ..Credentials::default()
    }
}

async fn connected(auth: Auth, credentials: Credentials) -> (Peer, Transport) {
    let peer = Peer::start(Roster::numbered(1, 0, 0)).await;
    let transport = connect(&peer, auth, credentials);
    (peer, transport)
}

fn connect(peer: &Peer, auth: Auth, credentials: Credentials) -> Transport {
    let mut profile = profile(peer);
    profile.auth = auth;
    Transport::new(&profile, credentials, options()).unwrap()
}

async fn get(transport: &Transport) -> Result<(), PeerError> {
    transport.send(&Request::get(["Users", "u000000"])).await.map(|_| ())
}

fn of(kind: AuthType) -> Auth {
    Auth { auth_type: kind, ..Auth::default() }
}

fn obtaining(peer: &Peer, grant: Grant) -> Auth {
    Auth { auth_url: Some(peer.token_url()), grant: Some(grant), ..of(AuthType::Oauth2) }
}

/// baton-scim, defect 1, 2 and 3: `--token` was not read, `oauth2` not known, and `basic` a panic.
#[tokio::test]
async fn what_is_given_is_presented_as_the_kind_says() {
    let text = |text: &str| Some(text.to_owned());
    let token = || Credentials { token: Some(Secret::new("tok")), ..Credentials::default() };
    let key = || Credentials { api_key: Some(Secret::new("key")), ..Credentials::default() };
    let both = || Credentials { token: Some(Secret::new("tok")), ..key() };
    let basic = format!("Basic {}", STANDARD.encode("ann:pass:word"));
    for (auth, credentials, header, value) in [
        (of(AuthType::Oauth2), token(), "authorization", "Bearer tok"),
        (of(AuthType::Oauth2), key(), "authorization", "Bearer key"),
        (of(AuthType::Oauth2), both(), "authorization", "Bearer tok"),
        (
            Auth { api_key_prefix: text("Token"), ..of(AuthType::Oauth2) },
            token(),
            "authorization",
            "Token tok",
        ),
        (of(AuthType::ApiKey), key(), "authorization", "key"),
        (of(AuthType::ApiKey), both(), "authorization", "key"),
        (of(AuthType::ApiKey), token(), "authorization", "tok"),
        (Auth { api_key_prefix: text("SSWS"), ..of(AuthType::ApiKey) }, key(), "authorization", "SSWS key"),
        (Auth { api_key_header: text("X-Api-Key"), ..of(AuthType::ApiKey) }, key(), "x-api-key", "key"),
        (of(AuthType::Basic), all_credentials(), "authorization", &basic),
    ] {
        let (peer, transport) = connected(auth.clone(), credentials).await;
        get(&transport).await.unwrap();
        assert_eq!(peer.requests()[0].header(header), Some(value), "{auth:?}");
    }
    let (peer, transport) =
        connected(Auth { api_key_query: text("key"), ..of(AuthType::ApiKey) }, key()).await;
    get(&transport).await.unwrap();
    let seen = &peer.requests()[0];
    assert_eq!((seen.parameter("key"), seen.header("authorization")), (Some("key"), None));
    let (peer, transport) = connected(of(AuthType::None), both()).await;
    get(&transport).await.unwrap();
    assert_eq!(peer.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn what_is_missing_is_named_before_anything_is_sent() {
    let peer = Peer::start(Roster::default()).await;
    for (auth, expected) in [
        (of(AuthType::Basic), "--username"),
        (of(AuthType::ApiKey), "--api-key"),
        (of(AuthType::Oauth2), "--token"),
        (Auth { auth_url: Some(peer.token_url()), ..of(AuthType::Oauth2) }, "--token"),
        (obtaining(&peer, Grant::ClientCredentials), "--scim-client-id"),
        (obtaining(&peer, Grant::AccountCredentials), "--account-id"),
        (obtaining(&peer, Grant::Password), "--password"),
        (obtaining(&peer, Grant::RefreshToken), "refresh token"),
    ] {
        let mut profile = profile(&peer);
        profile.auth = auth;
        let error = Transport::new(&profile, Credentials::default(), options()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(peer.count(), 0);
}

/// baton-scim, defect 7: JSON with an empty `grant_type`; values that are not encoded.
#[tokio::test]
async fn each_grant_sends_its_form() {
    let basic = format!("Basic {}", STANDARD.encode("cl%2Fient:s%3Dec%26ret"));
    for (grant, body) in [
        (
            Grant::ClientCredentials,
            "grant_type=client_credentials&password=pass%3Aword&scope=a%20b&username=ann",
        ),
        (Grant::Password, "grant_type=password&password=pass%3Aword&scope=a%20b&username=ann"),
        (Grant::RefreshToken, "grant_type=refresh_token&refresh_token=refresh-me&scope=a%20b"),
        (Grant::AccountCredentials, "account_id=ACC&grant_type=account_credentials&scope=a%20b"),
    ] {
        let peer = Peer::start(Roster::numbered(1, 0, 0)).await;
        let auth = Auth { scopes: vec!["a".to_owned(), "b".to_owned()], ..obtaining(&peer, grant) };
        get(&connect(&peer, auth, all_credentials())).await.unwrap();
        let seen = peer.requests();
        let (asked, sent) = (&seen[0], &seen[1]);
        assert_eq!(asked.line(), "POST /oauth/token");
        assert_eq!(asked.text, body, "{grant:?}");
        assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(asked.header("authorization"), Some(basic.as_str()), "{grant:?}");
        assert_eq!(sent.header("authorization"), Some("Bearer token-1"));
    }
}

#[tokio::test]
async fn client_credentials_may_go_in_the_body_and_the_body_may_be_json() {
    let peer = Peer::start(Roster::numbered(1, 0, 0)).await;
    let credentials = Credentials { username: None, password: None, ..all_credentials() };
    let in_body = Auth { client_auth: ClientAuth::Body, ..obtaining(&peer, Grant::ClientCredentials) };
    get(&connect(&peer, in_body.clone(), credentials.clone())).await.unwrap();
    let mut as_json = in_body;
    as_json.token_request_defaults.content_type = Some("application/json".to_owned());
    get(&connect(&peer, as_json, credentials)).await.unwrap();
    let seen = peer.requests();
    assert_eq!(seen[0].text, "client_id=cl%2Fient&client_secret=s%3Dec%26ret&grant_type=client_credentials");
    assert_eq!(seen[0].header("authorization"), None);
    let expected =
        json!({"client_id": "cl/ient", "client_secret": "s=ec&ret", "grant_type": "client_credentials"});
    assert_eq!(seen[2].body, Some(expected));
}

#[tokio::test]
async fn a_custom_token_request_is_sent_as_written_and_a_basic_one_by_get() {
    let peer = Peer::start(Roster::numbered(1, 0, 0)).await;
    let pair = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into();
    let mut auth = Auth { auth_url: Some(peer.token_url()), ..of(AuthType::CustomTokenSource) };
    auth.token_request_defaults.headers = pair("X-Company", "C");
    auth.token_request_defaults.query_params = pair("q", "1 2");
    auth.token_request_defaults.form_body_values = pair("assertion", "a=b");
    get(&connect(&peer, auth.clone(), all_credentials())).await.unwrap();
    auth.auth_type = AuthType::BasicTokenSource;
    get(&connect(&peer, auth, all_credentials())).await.unwrap();
    let seen = peer.requests();
    let (custom, basic) = (&seen[0], &seen[2]);
    assert_eq!(
        (custom.line().as_str(), custom.text.as_str()),
        ("POST /oauth/token?q=1 2", "assertion=a%3Db")
    );
    assert_eq!((custom.header("x-company"), custom.header("authorization")), (Some("C"), None));
    assert_eq!((basic.line().as_str(), basic.text.as_str()), ("GET /oauth/token?q=1 2", ""));
    assert!(basic.header("authorization").unwrap().starts_with("Basic "));
}

fn claims(assertion: &str) -> (Value, Value) {
    let part = |at: usize| {
        let text = assertion.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    (part(0), part(1))
}

#[tokio::test]
async fn a_jwt_assertion_is_signed_and_says_who_for_whom_and_until_when() {
    let peer = Peer::start(Roster::numbered(1, 0, 0)).await;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let jwt = Jwt {
        key_file: None,
        key_id: Some("k1".to_owned()),
        algorithm: JwtAlgorithm::ES256,
        issuer: None,
        subject: Some("admin@example.com".to_owned()),
        audience: None,
        claims: Map::new(),
    };
    let auth = Auth { jwt: Some(jwt), ..obtaining(&peer, Grant::JwtBearer) };
    let credentials = Credentials {
        client_id: Some("cid".to_owned()),
        jwt_key: Some(Secret::new(key.serialize_pem())),
        ..Credentials::default()
    };
    get(&connect(&peer, auth, credentials)).await.unwrap();
    let text = peer.requests()[0].text.clone();
    let assertion = text.split('&').find_map(|pair| pair.strip_prefix("assertion=")).unwrap();
    assert!(text.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"), "{text}");
    let (header, claims) = claims(assertion);
    assert_eq!(header, json!({"alg": "ES256", "typ": "JWT", "kid": "k1"}));
    assert_eq!(claims["iss"], "cid");
    assert_eq!(claims["sub"], "admin@example.com");
    assert_eq!(claims["aud"], peer.token_url());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let public = ring::signature::UnparsedPublicKey::new(
        &ring::signature::ECDSA_P256_SHA256_FIXED,
        key.public_key_raw(),
    );
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
}

fn token_requests(peer: &Peer) -> usize {
    peer.requests().iter().filter(|seen: &&Seen| seen.path == "/oauth/token").count()
}

/// baton-scim, defect 7: a token was obtained twice and never again.
#[tokio::test]
async fn a_token_is_obtained_once_for_all_and_again_when_it_expires() {
    let peer = Peer::start(Roster::numbered(1, 0, 0)).await;
    let transport = connect(&peer, obtaining(&peer, Grant::ClientCredentials), all_credentials());
    let many: Vec<_> = (0..8).map(|_| get(&transport)).collect();
    futures_util::future::try_join_all(many).await.unwrap();
    assert_eq!(token_requests(&peer), 1);
    for life in [json!(0), json!("0")] {
        let peer = Peer::with(Roster::numbered(1, 0, 0), |faults| faults.token_life = life.clone()).await;
        let transport = connect(&peer, obtaining(&peer, Grant::ClientCredentials), all_credentials());
        get(&transport).await.unwrap();
        get(&transport).await.unwrap();
        assert_eq!(token_requests(&peer), 2, "{life}");
    }
}

#[tokio::test]
async fn after_one_401_there_is_one_fresh_token_and_no_more() {
    let peer = Peer::with(Roster::numbered(1, 0, 0), |faults| faults.needs_last_token = true).await;
    let first = connect(&peer, obtaining(&peer, Grant::ClientCredentials), all_credentials());
    let second = connect(&peer, obtaining(&peer, Grant::ClientCredentials), all_credentials());
    get(&first).await.unwrap();
    // The other's token makes the first one's stale.
    get(&second).await.unwrap();
    get(&first).await.unwrap();
    assert_eq!(token_requests(&peer), 3);
    peer.set(|faults| faults.authorization = Some("never".to_owned()));
    let error = get(&first).await.unwrap_err();
    assert!(matches!(error, PeerError::Unauthorized(_)), "{error:?}");
    assert_eq!(token_requests(&peer), 4);
}

#[tokio::test]
async fn a_given_token_that_is_refused_is_an_error_at_once() {
    let peer =
        Peer::with(Roster::numbered(1, 0, 0), |faults| faults.authorization = Some("x".to_owned())).await;
    let credentials = Credentials { token: Some(Secret::new("hunter2hunter2")), ..Credentials::default() };
    let error = get(&connect(&peer, of(AuthType::Oauth2), credentials)).await.unwrap_err();
    assert!(matches!(error, PeerError::Unauthorized(_)), "{error:?}");
    assert!(error.to_string().contains("check token"), "{error}");
    assert_eq!(peer.count(), 1);
}

#[tokio::test]
async fn the_token_is_found_where_the_path_says() {
    let peer = Peer::start(Roster::numbered(1, 0, 0)).await;
    peer.set(|faults| faults.token_body = Some(json!({"data": {"tokens": [{"jwt": "TOKEN"}]}})));
    let path = Some(JsonPath::parse("data.tokens[*].jwt").unwrap());
    let auth = Auth { token_path: path, ..obtaining(&peer, Grant::ClientCredentials) };
    get(&connect(&peer, auth, all_credentials())).await.unwrap();
    assert_eq!(peer.requests()[1].header("authorization"), Some("Bearer token-1"));
    let transport = connect(&peer, obtaining(&peer, Grant::ClientCredentials), all_credentials());
    let error = get(&transport).await.unwrap_err().to_string();
    assert!(error.contains("no text at access_token"), "{error}");
}

#[tokio::test]
async fn a_refused_token_request_says_why_and_shows_no_secret() {
    let peer = Peer::start(Roster::numbered(1, 0, 0)).await;
    peer.fail(1, "POST", "/oauth", &Failure::Status(400));
    let transport = connect(&peer, obtaining(&peer, Grant::ClientCredentials), all_credentials());
    let error = get(&transport).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        matches!(error, PeerError::Token(_)) && text.contains("400") && text.contains("as planned"),
        "{text}"
    );
    assert!(!text.contains("s=ec&ret") && !text.contains("pass:word"), "{text}");
}
