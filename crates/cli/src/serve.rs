//! `rollcall serve`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rollcall_config::{Given, Settings};
use rollcall_console::Console;
use rollcall_scim::error::ScimError;
use rollcall_server::{App, Tls, listen};
use rollcall_service::Service;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Global, Serve};
use crate::lock::Serving;
use crate::open::open;
use crate::printer::Printer;
use crate::{Done, Failure, hub};

/// How often times of last use are written.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// After so many of these, sessions and links that are over are forgotten.
const PRUNE_EVERY: u32 = 120;
/// How often it is looked whether identities are to be recomputed or deleted.
const TEND_EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn run(global: &Global, serve: &Serve, printer: &Printer) -> Done {
    let given = Given {
        tls_certificate: serve.tls_certificate.clone(),
        tls_key: serve.tls_key.clone(),
        log: serve.log.clone(),
        log_format: serve.log_format.clone(),
        ..global.given()
    };
    let opened = open(global, given).await?;
    let (settings, service) = (opened.settings, opened.service);
    let _serving = settings.database.file().map(Serving::of).transpose()?;
    crate::log::start(&settings.log, settings.log_format == "json")?;
    let tls = settings.tls().map(|(certificate, key)| Tls::load(certificate, key)).transpose();
    let tls =
        tls.map_err(|error| Failure::Theirs(format!("{:#}", anyhow::Error::from(error))))?.map(Arc::new);
    let listener = TcpListener::bind(&settings.listen)
        .await
        .map_err(|error| Failure::Theirs(format!("cannot listen on {}: {error}", settings.listen)))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{}", listener.local_addr().context("the listener has no address")?);
    let reached = if settings.public_url.is_empty() { address.clone() } else { settings.public_url.clone() };
    let first = crate::console::first_run(&service, &reached).await?;
    greet(printer, &settings, &address, first.as_deref());
    let console = Console::new(
        Arc::clone(&service),
        rollcall_console::Settings {
            public_url: Some(settings.public_url.clone()).filter(|url| !url.is_empty()),
            https: tls.is_some(),
            address_header: Some(settings.client_address_header.to_lowercase())
                .filter(|name| !name.is_empty()),
            openid: crate::openid::provider(&settings)?,
        },
    );
    let app = App::new(
        Arc::clone(&service),
        rollcall_server::Settings {
            public_url: Some(settings.public_url.clone()).filter(|url| !url.is_empty()),
            https: tls.is_some(),
            body_timeout: settings.body_timeout(),
        },
    );
    let tending = tokio::spawn(tend_identities(Arc::clone(&service)));
    let flush = tokio::spawn(flush_for_ever(Arc::clone(&service)));
    let logging = tokio::spawn({
        let service = Arc::clone(&service);
        async move { service.work_on_request_log().await }
    });
    let finishing = tokio::spawn({
        let service = Arc::clone(&service);
        async move { service.work_on_accepted().await }
    });
    let workers = hub::start(&settings, Arc::clone(&service), opened.store, opened.poster);
    let (stop, ending) = (stop(serve.stop_with_stdin)?, app.clone());
    let stop = async move {
        stop.await;
        ending.close();
    };
    let router = rollcall_server::router_with(app, rollcall_console::router(&console));
    listen::serve(listener, router, tls, stop, settings.grace()).await;
    workers.stop().await;
    flush.abort();
    tending.abort();
    logging.abort();
    finishing.abort();
    service.flush_request_log().await;
    let _ = service.flush_last_used().await;
    tracing::info!("stopped");
    Ok(())
}

fn greet(printer: &Printer, settings: &Settings, address: &str, first_run: Option<&str>) {
    let database = &settings.database;
    // A URL comes from where it is not seen by others: a file, or the environment.
    let flag = match database.file() {
        Some(file) if *database != Settings::default().database => format!(" --database {}", file.display()),
        _ => String::new(),
    };
    let console = match first_run {
        Some(link) => format!(
            "Make your account in the console by this link, which is good for one account and three days:\n\n    \
             {link}\n\n(it is not shown again; `rollcall console setup-link` prints another)\n\n\
             Or without the console: in another terminal, run\n\n    "
        ),
        None => "Connect an identity provider in the console, or in another terminal by\n\n    ".to_owned(),
    };
    printer.note(&format!(
        "\nRollcall keeps its data in {database} and its secret in {}.\n\n{console}\
         rollcall source create okta --dialect okta{flag}\n\n\
         (or entra, google, onelogin, jumpcloud, ping, generic; with cargo: cargo run --release -- source …)\n\
         and paste the base URL and the token it prints into the provider's provisioning settings.\n",
        settings.key_path().display(),
    ));
    // Last, for those who wait for it.
    printer.data(&json!({ "listening": address }), || format!("listening on {address}"));
}

async fn flush_for_ever(service: Arc<Service>) {
    let mut rounds = 0_u32;
    loop {
        tokio::time::sleep(FLUSH_EVERY).await;
        rounds = rounds.wrapping_add(1);
        if rounds.is_multiple_of(PRUNE_EVERY)
            && let Err(error) = service.prune_accounts().await
        {
            tracing::warn!(%error, "sessions that are over stay for a while");
        }
        if let Err(error) = service.flush_last_used().await {
            tracing::warn!(detail = error.detail, "times of last use were not written");
        }
    }
}

/// Goes on with recomputations, and deletes identities whose time has come.
async fn tend_identities(service: Arc<Service>) {
    loop {
        let more = async { Ok(service.recompute().await? | (service.expire_identities().await? > 0)) };
        match more.await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(TEND_EVERY).await,
            Err::<_, ScimError>(error) => {
                tracing::warn!(detail = error.detail, "identities wait to be recomputed");
                tokio::time::sleep(FLUSH_EVERY).await;
            }
        }
    }
}

/// Ready at SIGINT, SIGTERM, or when asked for, the end of standard input.
fn stop(with_stdin: bool) -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let stdin = async {
            if with_stdin { rollcall_bench::parent_gone().await } else { std::future::pending().await }
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stdin => {}
        }
    })
}
