//! One request over a connection of its own: plain or with TLS, directly or through the proxy that `HTTPS_PROXY` and `NO_PROXY` name.
//! Redirects are not followed: a signed message goes where it was sent.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use tower_service::Service;

use crate::limits::CONNECT_TIME_MAX;
use crate::target::Url;

/// A connection of any kind.
trait Stream: Read + Write + Unpin + Send {}

impl<S: Read + Write + Unpin + Send> Stream for S {}

/// Sends a request and waits for the head of its answer.
pub(crate) async fn request(url: &Url, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
    let stream = connect(url).await.map_err(|reason| format!("`{}` could not be reached: {reason}", url.host()))?;
    let failed = |error: hyper::Error| format!("`{}` did not answer: {}", url.host(), chain_of(&error));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.map_err(failed)?;
    // Ends by itself with the answer, or with the sender.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(failed)
}

async fn connect(url: &Url) -> Result<Box<dyn Stream>, String> {
    let uri = url.uri().clone();
    if !url.is_https() {
        return tcp().call(uri).await.map(boxed).map_err(|error| chain_of(&error));
    }
    let config = trusting().map_err(|reason| format!("no certificates to trust: {reason}"))?;
    let Some(proxy) = Matcher::from_env().intercept(&uri) else {
        return with_tls(&config, tcp()).call(uri).await.map(boxed).map_err(|error| chain_of(error.as_ref()));
    };
    if !matches!(proxy.uri().scheme_str(), Some("http" | "https")) {
        return Err("the proxy is of a kind that is not supported; use an http:// one".to_owned());
    }
    let mut tunnel = Tunnel::new(proxy.uri().clone(), with_tls(&config, tcp()));
    if let Some(auth) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(auth.clone());
    }
    with_tls(&config, tunnel).call(uri).await.map(boxed).map_err(|error| chain_of(error.as_ref()))
}

fn boxed(stream: impl Stream + 'static) -> Box<dyn Stream> {
    Box::new(stream)
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIME_MAX));
    tcp
}

fn with_tls<C>(config: &ClientConfig, below: C) -> HttpsConnector<C> {
    HttpsConnectorBuilder::new().with_tls_config(config.clone()).https_or_http().enable_http1().wrap_connector(below)
}

/// Trusts whom this machine trusts.
fn trusting() -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(builder.with_native_roots().map_err(|error| error.to_string())?.with_no_client_auth())
}

/// An error with what is below it.
fn chain_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let said = error.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        below = error.source();
    }
    text
}
