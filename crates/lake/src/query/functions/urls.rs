//! Functions of URLs.

use std::borrow::Cow;

use super::{Give, Outcome, Row, Run, Spec, Take, spec};

const TEXTS: &[Take] = &[Take::Text];

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    spec("url_extract_fragment", (1, 1), TEXTS, Give::Text, Run::Text(|row| Ok(parts(row.text(0)).fragment.map(decoded)))),
    spec("url_extract_host", (1, 1), TEXTS, Give::Text, Run::Text(|row| Ok(parts(row.text(0)).host.map(str::to_owned)))),
    spec("url_extract_parameter", (2, 2), TEXTS, Give::Text, Run::Text(parameter)),
    spec("url_extract_path", (1, 1), TEXTS, Give::Text, Run::Text(|row| Ok(Some(decoded(parts(row.text(0)).path))))),
    spec(
        "url_extract_port",
        (1, 1),
        TEXTS,
        Give::Int,
        Run::Int(|row| Ok(parts(row.text(0)).port.and_then(|port| port.parse().ok()))),
    ),
    spec("url_extract_protocol", (1, 1), TEXTS, Give::Text, Run::Text(|row| Ok(parts(row.text(0)).scheme.map(str::to_owned)))),
    spec("url_extract_query", (1, 1), TEXTS, Give::Text, Run::Text(|row| Ok(parts(row.text(0)).query.map(decoded)))),
    spec("url_encode", (1, 1), TEXTS, Give::Text, Run::Text(|row| Ok(Some(encoded(row.text(0)))))),
    spec("url_decode", (1, 1), TEXTS, Give::Text, Run::Text(|row| Ok(Some(decoded_form(row.text(0)))))),
];

#[derive(Default)]
struct Parts<'a> {
    scheme: Option<&'a str>,
    host: Option<&'a str>,
    port: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

fn parts(url: &str) -> Parts<'_> {
    let mut parts = Parts::default();
    let (rest, fragment) = url.split_once('#').map_or((url, None), |(rest, fragment)| (rest, Some(fragment)));
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    (parts.fragment, parts.query) = (fragment, query);
    let Some((scheme, rest)) = rest.split_once("://") else {
        parts.path = rest;
        return parts;
    };
    parts.scheme = Some(scheme);
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    parts.path = path;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match authority.rsplit_once(':').filter(|(_, port)| is_port(port)) {
        Some((host, port)) => (parts.host, parts.port) = (Some(host), Some(port)),
        None => parts.host = Some(authority),
    }
    parts
}

fn parameter(row: &Row<'_>) -> Outcome<String> {
    let Some(query) = parts(row.text(0)).query else { return Ok(None) };
    let found =
        query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).find(|(name, _)| decoded_form(name) == row.text(1));
    Ok(found.map(|(_, value)| decoded_form(value)))
}

fn decoded_form(text: &str) -> String {
    decoded(&text.replace('+', " "))
}

/// Percent signs decoded; what is no UTF-8 becomes U+FFFD.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                plain.push(value);
                at += 3;
            }
            _ => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    match String::from_utf8_lossy(&plain) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

/// As in a form: blanks are `+`.
fn encoded(text: &str) -> String {
    let mut written = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => written.push(char::from(byte)),
            b' ' => written.push('+'),
            other => written.push_str(&format!("%{other:02X}")),
        }
    }
    written
}
