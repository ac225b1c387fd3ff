//! Our clock against the one of the S3 endpoint: AWS refuses requests that are signed more than five minutes off.

use std::time::Duration;

use aws::doctor::{Check, Verdict};
use chrono::DateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::check as checked;
use crate::outside;
use crate::settings::Context;

/// Longest time for the whole question.
const TIMEOUT: Duration = Duration::from_secs(4);
/// A clock may be wrong by this much, in seconds: AWS allows 15 minutes, CloudTrail's times deserve better.
const SKEW_S_MAX: i64 = 120;
/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// Asks the endpoint for the time. Plain HTTP does: nothing but the `Date` header of its answer (RFC 9110, 6.6.1) is used.
pub async fn check_clock_at(host: &str) -> Option<Check> {
    let date = tokio::time::timeout(TIMEOUT, date_of(host)).await.ok()??;
    let theirs = DateTime::parse_from_rfc2822(&date).ok()?;
    let skew_s = (outside::now() - theirs.to_utc()).num_seconds();
    let verdict = if skew_s.abs() > SKEW_S_MAX { Verdict::Failed } else { Verdict::Ok };
    let more = if verdict == Verdict::Ok { "" } else { "; set the clock, or requests are refused" };
    Some(checked("clock", verdict, format!("{} s apart from {host}{more}", skew_s.abs())))
}

/// Checks the clock where there is an endpoint to ask.
pub async fn check(context: &Context, source: Option<&str>) -> Check {
    let needs_aws = source.is_some_and(|source| source.starts_with("s3://")) || context.home_name().starts_with("s3://");
    if !needs_aws {
        return checked("clock", Verdict::Unknown, "not checked: neither source nor home is in S3");
    }
    let host = match context.endpoint_url.value.as_deref() {
        Some(url) => host_of(url),
        None => Some(format!("s3.{}.amazonaws.com:80", context.aws_region.value.as_deref().unwrap_or("us-east-1"))),
    };
    let unknown = || checked("clock", Verdict::Unknown, "not checked: the S3 endpoint did not tell its time");
    match host {
        Some(host) => check_clock_at(&host).await.unwrap_or_else(unknown),
        None => unknown(),
    }
}

/// `host:port` of a plain HTTP endpoint, or the host at port 80 of a TLS one.
fn host_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next().filter(|authority| !authority.is_empty())?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.chars().all(|c| c.is_ascii_digit()) && !port.is_empty());
    match (scheme, has_port) {
        ("http", true) => Some(host.to_owned()),
        ("http" | "https", false) => Some(format!("{host}:80")),
        ("https", true) => host.rsplit_once(':').map(|(name, _)| format!("{name}:80")),
        _ => None,
    }
}

async fn date_of(host: &str) -> Option<String> {
    let mut stream = TcpStream::connect(host).await.ok()?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let question = format!("HEAD / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let mut page = [0; 1024];
    while answer.len() < ANSWER_BYTES_MAX {
        let count = stream.read(&mut page).await.ok()?;
        answer.extend_from_slice(page.get(..count)?);
        if count == 0 || answer.windows(4).any(|window| window == b"\r\n\r\n") {
            break;
        }
    }
    date_header(&String::from_utf8_lossy(&answer))
}

fn date_header(answer: &str) -> Option<String> {
    let header = answer.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("date").then(|| value.trim().to_owned())
    });
    header.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        assert_eq!(host_of("http://127.0.0.1:5000/").as_deref(), Some("127.0.0.1:5000"));
        assert_eq!(host_of("https://minio.example").as_deref(), Some("minio.example:80"));
        assert_eq!(host_of("https://minio.example:9000/x").as_deref(), Some("minio.example:80"));
        assert_eq!(host_of("nonsense"), None);
    }

    #[test]
    fn dates() {
        let answer = "HTTP/1.1 403 Forbidden\r\ndate: Sun, 22 Nov 2026 22:10:00 GMT\r\n\r\n";
        assert_eq!(date_header(answer).as_deref(), Some("Sun, 22 Nov 2026 22:10:00 GMT"));
        assert_eq!(date_header("HTTP/1.1 200 OK\r\n\r\n"), None);
    }
}
