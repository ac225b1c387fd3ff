//! Just enough HTTP for a server on loopback that we have started ourselves: one request, one connection, and a
//! signature that nobody checks (moto keeps objects private from requests without any).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Sends a request and returns status and body.
pub(crate) fn request(server: SocketAddr, method: &str, path: &str, body: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
    request_to(server, "s3", method, path, &["Content-Type: application/octet-stream".to_owned()], body)
}

/// The same to another service, with headers of one's own.
pub(crate) fn request_to(
    server: SocketAddr,
    service: &str,
    method: &str,
    path: &str,
    headers: &[String],
    body: &[u8],
) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(server)?;
    // Whom the server believes us to be.
    let credential = format!("testing/20260101/us-east-1/{service}/aws4_request");
    let mut head = vec![
        format!("{method} {path} HTTP/1.1"),
        format!("Host: {server}"),
        format!("Authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"),
        "Connection: close".to_owned(),
    ];
    head.extend_from_slice(headers);
    head.push(format!("Content-Length: {}\r\n\r\n", body.len()));
    let head = head.join("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(split(&answer))
}

fn split(answer: &[u8]) -> (u16, Vec<u8>) {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let (head, body) = answer.split_at(end);
    let status = String::from_utf8_lossy(head).split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, body.get(4..).unwrap_or_default().to_vec())
}

/// A path with everything escaped that a key may hold and a request line may not.
pub(crate) fn escape(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
