//! Makes connections: plain or with TLS, directly or through the proxy that `HTTPS_PROXY` and `NO_PROXY` name.
//!
//! Plain HTTP is for endpoints of one's own, on this machine or near it: those are asked without a proxy.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, Write};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use tower_service::Service;

/// Makes connections to one place.
#[derive(Clone)]
pub struct Dialer {
    target: Uri,
    host: String,
    way: Way,
}

/// How it is reached.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "one a connection: a box would cost an allocation and save nothing")]
enum Way {
    Plain(HttpConnector),
    Tls(HttpsConnector<HttpConnector>),
    Tunnel(HttpsConnector<Tunnel<HttpsConnector<HttpConnector>>>),
}

/// A connection of any kind.
pub trait Stream: Read + Write + Unpin + Send {}

impl<S: Read + Write + Unpin + Send> Stream for S {}

impl Dialer {
    /// Reads `http[s]://host[:port]`. A connection may take so long.
    pub fn new(endpoint: &str, connect_timeout: Duration) -> Result<Dialer, String> {
        let refused = || format!("`{endpoint}` is no endpoint; write it as `https://host[:port]`");
        let target: Uri = endpoint.trim_end_matches('/').parse().map_err(|_| refused())?;
        let host = target.authority().filter(|_| matches!(target.path(), "" | "/")).ok_or_else(refused)?;
        let host = host.as_str().to_owned();
        let way = match target.scheme_str() {
            Some("http") => Way::Plain(tcp(connect_timeout)),
            Some("https") => secure(Matcher::from_env().intercept(&target), tcp(connect_timeout))?,
            _ => return Err(refused()),
        };
        Ok(Dialer { target, host, way })
    }

    /// The `Host` header.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Connects.
    pub async fn dial(&self) -> Result<Box<dyn Stream>, String> {
        let target = self.target.clone();
        let told = |error: &dyn Error| format!("`{}` could not be reached: {}", self.host, chain_of(error));
        match self.way.clone() {
            Way::Plain(mut tcp) => tcp.call(target).await.map(boxed).map_err(|error| told(&error)),
            Way::Tls(mut tls) => tls.call(target).await.map(boxed).map_err(|error| told(error.as_ref())),
            Way::Tunnel(mut tunnel) => tunnel.call(target).await.map(boxed).map_err(|error| told(error.as_ref())),
        }
    }
}

fn boxed(stream: impl Stream + 'static) -> Box<dyn Stream> {
    Box::new(stream)
}

fn tcp(connect_timeout: Duration) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(connect_timeout));
    tcp
}

fn secure(proxy: Option<Intercept>, tcp: HttpConnector) -> Result<Way, String> {
    let config = trusting().map_err(|reason| format!("no certificates to trust: {reason}"))?;
    let Some(proxy) = proxy else { return Ok(Way::Tls(with_tls(&config, tcp))) };
    if !matches!(proxy.uri().scheme_str(), Some("http" | "https")) {
        return Err(format!("the proxy `{}` is of a kind that is not supported; use an http:// one", proxy.uri()));
    }
    let mut tunnel = Tunnel::new(proxy.uri().clone(), with_tls(&config, tcp));
    if let Some(auth) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(auth.clone());
    }
    Ok(Way::Tunnel(with_tls(&config, tunnel)))
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

/// An error with everything below it, each thing said once.
pub fn chain_of(error: &dyn Error) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let cases = [
            ("http://127.0.0.1:9000/", Some("127.0.0.1:9000")),
            ("https://s3.eu-west-1.amazonaws.com", Some("s3.eu-west-1.amazonaws.com")),
            ("http://[::1]:9000", Some("[::1]:9000")),
            ("http://host/path", None),
            ("ftp://host", None),
            ("host:9000", None),
        ];
        for (endpoint, host) in cases {
            assert_eq!(Dialer::new(endpoint, Duration::from_secs(5)).ok().as_ref().map(Dialer::host), host, "{endpoint}");
        }
    }
}
