//! TLS to the server: what each `sslmode` takes and refuses.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rollcall_store::Directory as _;
use rollcall_store_postgres::{Options, PostgresStore};
use rollcall_testkit::postgres::{self, Certified, Server};
use tokio_postgres::NoTls;

/// Whoever signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut own = CertificateParams::new([]).unwrap();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = own.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(own, key), pem }
    }

    /// A certificate and its key, both in PEM.
    fn sign(&self, name: &str, hosts: &[&str]) -> (String, String) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut own = CertificateParams::new(hosts).unwrap();
        own.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        (own.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// The host, `sslmode`, the authority that is trusted, and what comes of it: whether TLS is used, or the refusal.
type Case = (&'static str, &'static str, Option<&'static str>, Result<bool, &'static str>);

fn options() -> Options {
    Options { connections: 3, ..Options::default() }
}

/// Who is connected under a name: whether by TLS, and by which certificate.
async fn seen(server: &Server, name: &str) -> Option<(bool, Option<String>)> {
    let (client, connection) = tokio_postgres::connect(&server.url("postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    let question =
        "SELECT s.ssl, s.client_dn::TEXT FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid)
        WHERE a.application_name = $1 LIMIT 1";
    let row = client.query_opt(question, &[&name]).await.unwrap();
    row.map(|row| (row.get(0), row.get(1)))
}

/// Opens a store; the words of the refusal where it is refused.
async fn open(server: &Server, host: &str, parameters: &str) -> Result<PostgresStore, String> {
    let url = server.url("postgres").replace("127.0.0.1", host);
    let store = PostgresStore::open(&format!("{url}?{parameters}"), &options()).await;
    store.map_err(|error| error.to_string())
}

/// A server whose certificate is for `localhost` only, and not for the address that it has; in the folder are the
/// files of its authority and of another, and those of a client.
fn start(folder: &Path) -> Server {
    let (authority, other) = (Authority::new("Ours"), Authority::new("Another"));
    let (certificate, key) = authority.sign("server", &["localhost"]);
    let (client, client_key) = authority.sign("node one", &[]);
    let files = [("ours", &authority.pem), ("other", &other.pem), ("client", &client), ("key", &client_key)];
    for (name, pem) in files {
        std::fs::write(folder.join(name), pem).unwrap();
    }
    let tls = Some(Certified { certificate, key, authority: authority.pem });
    Server::start(&postgres::Options { tls, ..postgres::Options::default() }).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_sslmode_takes_the_certificates_that_libpq_takes() {
    const ADDRESS: &str = "127.0.0.1";
    const UNKNOWN: &str = "UnknownIssuer";
    const OTHER_NAME: &str = "not valid for name";
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let cases: &[Case] = &[
        (ADDRESS, "disable", None, Ok(false)),
        (ADDRESS, "prefer", None, Ok(true)),
        (ADDRESS, "require", None, Ok(true)),
        (ADDRESS, "require", Some("ours"), Ok(true)),
        (ADDRESS, "require", Some("other"), Err(UNKNOWN)),
        (ADDRESS, "verify-ca", Some("ours"), Ok(true)),
        (ADDRESS, "verify-ca", Some("other"), Err(UNKNOWN)),
        (ADDRESS, "verify-ca", None, Err(UNKNOWN)),
        ("localhost", "verify-full", Some("ours"), Ok(true)),
        ("localhost", "verify-full", Some("other"), Err(UNKNOWN)),
        ("localhost", "verify-full", None, Err(UNKNOWN)),
        (ADDRESS, "verify-full", Some("ours"), Err(OTHER_NAME)),
    ];
    for (at, (host, mode, root, expected)) in cases.iter().enumerate() {
        let case = format!("{host} sslmode={mode} sslrootcert={root:?}");
        let name = format!("case{at}");
        let root = root.map(|root| format!("&sslrootcert={}", folder.path().join(root).display()));
        let root = root.unwrap_or_default();
        let opened = open(&server, host, &format!("application_name={name}&sslmode={mode}{root}")).await;
        match (opened, expected) {
            (Ok(store), Ok(by_tls)) => {
                assert!(store.tenant("default").await.unwrap().is_some(), "{case}");
                assert_eq!(seen(&server, &name).await, Some((*by_tls, None)), "{case}");
            }
            (Err(error), Err(words)) => {
                assert!(error.contains(words) && !error.contains(server.password()), "{case}: {error}");
            }
            (opened, _) => panic!("{case}: {:?}", opened.err()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_known_by_its_own_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let parameters = format!(
        "application_name=node&sslmode=verify-full&sslrootcert={}&sslcert={}&sslkey={}",
        file("ours"),
        file("client"),
        file("key")
    );
    let store = open(&server, "localhost", &parameters).await.unwrap();
    assert!(store.tenant("default").await.unwrap().is_some());
    let (by_tls, who) = seen(&server, "node").await.unwrap();
    assert!(by_tls && who.as_deref().is_some_and(|who| who.contains("node one")), "{who:?}");
}

/// Nobody in between takes the encryption away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_requires_tls_does_without_for_no_server() {
    let server = Server::start(&postgres::Options::default()).unwrap();
    for mode in ["require", "verify-ca", "verify-full"] {
        let error = open(&server, "localhost", &format!("sslmode={mode}")).await.err().unwrap();
        assert!(error.contains("TLS"), "{mode}: {error}");
    }
    assert!(open(&server, "localhost", "sslmode=prefer").await.is_ok());
}
