//! What S3's refusals mean for the reader: one place that turns status codes and error documents into words.

use std::error::Error;

use collect::source::SourceError;
use dial::chain_of;
use prove::store::Refusal;
use serde_json::Value;

use crate::credentials::NoCredentials;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    List,
    Get,
    GetVersion,
    Put,
    Versions,
}

/// Longest text of another system that we pass on.
const REASON_CHARS_MAX: usize = 300;

/// Turns a refusal into a source's error.
pub(crate) fn explain(error: &object_store::Error, asked: Asked, key: &str) -> SourceError {
    if let Some(missing) = find::<NoCredentials>(error) {
        return SourceError::Credentials(missing.to_string());
    }
    let text = chain_of(error);
    if let Some(code) = element(&text, "Code") {
        return by_code(code, &text, asked, key);
    }
    match error {
        object_store::Error::NotFound { .. } => SourceError::NotFound(key.to_owned()),
        object_store::Error::PermissionDenied { .. } => denied(&text, asked, key),
        object_store::Error::Unauthenticated { .. } => SourceError::Credentials(brief(&text)),
        _ if text.contains("without LOCATION") => elsewhere(key),
        _ => io(key, &text),
    }
}

/// Turns an answer that refuses into a source's error.
pub(crate) fn explain_answer(status: u16, body: &str, asked: Asked, key: &str) -> SourceError {
    match (element(body, "Code"), status) {
        (Some(code), _) => by_code(code, body, asked, key),
        (None, 401 | 403) => denied(body, asked, key),
        (None, 404) => SourceError::NotFound(key.to_owned()),
        (None, 301 | 307 | 308) => elsewhere(key),
        (None, _) => io(key, &format!("the server answered with status {status}: {body}")),
    }
}

/// The same for those who verify.
pub(crate) fn refused(error: SourceError) -> Refusal {
    match error {
        SourceError::NotFound(_) => Refusal::NotFound,
        SourceError::Denied { action, .. } => Refusal::Denied(action),
        SourceError::Archived(_) => Refusal::Archived,
        SourceError::TooLarge { limit_bytes, .. } => Refusal::TooLarge(limit_bytes),
        SourceError::Io { reason, .. } => Refusal::Unreadable(reason),
        SourceError::Credentials(_) => Refusal::Unreadable(error.to_string()),
    }
}

/// The same for services that speak JSON, where `action` was asked for.
pub(crate) fn explain_json(said: &Value, action: &str, key: &str) -> SourceError {
    let text = |name: &str| said.get(name).and_then(Value::as_str);
    let code = text("__type").unwrap_or("an unknown error").rsplit('#').next().unwrap_or_default();
    let message = text("message").or_else(|| text("Message")).unwrap_or_default();
    match code {
        "AccessDeniedException" | "AccessDenied" => SourceError::Denied { key: key.to_owned(), action: action.to_owned() },
        "ExpiredTokenException" => expired(),
        // Of a Region that is not enabled, the keys of an account that is known elsewhere are not known either.
        "UnrecognizedClientException" => {
            SourceError::Credentials(brief(&format!("{message} (or the Region is not enabled for this account) [{key}]")))
        }
        "IncompleteSignatureException" | "InvalidSignatureException" | "MissingAuthenticationTokenException" => {
            SourceError::Credentials(brief(&format!("{code}: {message}")))
        }
        _ => io(key, &format!("{code}: {message}")),
    }
}

/// By S3's error code (API reference, "Error responses").
fn by_code(code: &str, text: &str, asked: Asked, key: &str) -> SourceError {
    let message = element(text, "Message").unwrap_or(text);
    match code {
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => denied(text, asked, key),
        "InvalidObjectState" => SourceError::Archived(key.to_owned()),
        "NoSuchKey" | "NoSuchVersion" => SourceError::NotFound(key.to_owned()),
        "NoSuchBucket" => {
            SourceError::NotFound(element(text, "BucketName").map_or_else(|| key.to_owned(), |bucket| format!("s3://{bucket}")))
        }
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => elsewhere(key),
        "RequestTimeTooSkewed" => SourceError::Credentials("the clock of this machine is wrong; set it and try again".to_owned()),
        "ExpiredToken" | "TokenRefreshRequired" => expired(),
        "InvalidAccessKeyId" | "InvalidToken" | "SignatureDoesNotMatch" | "InvalidSecurity" => {
            SourceError::Credentials(brief(&format!("{code}: {message}")))
        }
        _ => io(key, &format!("{code}: {message}")),
    }
}

fn denied(text: &str, asked: Asked, key: &str) -> SourceError {
    let action = match asked {
        _ if mentions_kms(text) => "kms:Decrypt",
        Asked::List => "s3:ListBucket",
        Asked::Get => "s3:GetObject",
        Asked::GetVersion => "s3:GetObjectVersion",
        Asked::Put => "s3:PutObject",
        Asked::Versions => "s3:ListBucketVersions",
    };
    SourceError::Denied { key: key.to_owned(), action: action.to_owned() }
}

/// Only S3's own words count: the key may hold any text.
fn mentions_kms(text: &str) -> bool {
    element(text, "Message").is_some_and(|message| message.contains("kms:") || message.contains("KMS"))
}

fn expired() -> SourceError {
    let hint = "they have expired; renew them (`aws sso login`) and run the same command again";
    SourceError::Credentials(hint.to_owned())
}

fn elsewhere(key: &str) -> SourceError {
    io(key, "the bucket is in another Region; name it with --aws-region")
}

pub(crate) fn io(key: &str, reason: &str) -> SourceError {
    SourceError::Io { key: key.to_owned(), reason: brief(reason) }
}

fn brief(text: &str) -> String {
    let line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    line.chars().take(REASON_CHARS_MAX).collect()
}

/// The text of the first element of this name in an error document.
pub(crate) fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(inner, _)| inner)
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, message: &str) -> object_store::Error {
        let body = format!("status: 403: <Error><Code>{code}</Code><Message>{message}</Message></Error>");
        object_store::Error::PermissionDenied { path: "k".to_owned(), source: body.into() }
    }

    #[test]
    fn refusals() {
        let kms = "User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on the resource";
        let cases = [
            (refused("AccessDenied", "Access Denied"), Asked::List, "grant s3:ListBucket"),
            (refused("AccessDenied", "Access Denied"), Asked::Get, "grant s3:GetObject"),
            (refused("AccessDenied", kms), Asked::Get, "grant kms:Decrypt"),
            (refused("InvalidObjectState", "x"), Asked::Get, "is archived"),
            (refused("ExpiredToken", "x"), Asked::Get, "aws sso login"),
            (refused("InvalidAccessKeyId", "unknown"), Asked::Get, "no usable AWS credentials: InvalidAccessKeyId: unknown"),
            (refused("RequestTimeTooSkewed", "x"), Asked::List, "clock"),
            (refused("NoSuchKey", "x"), Asked::Get, "was not found"),
            (refused("PermanentRedirect", "x"), Asked::List, "--aws-region"),
            (refused("KMS.DisabledException", "key\nis disabled"), Asked::Get, "KMS.DisabledException: key is disabled"),
        ];
        for (error, asked, told) in cases {
            let said = explain(&error, asked, "k").to_string();
            assert!(said.contains(told), "{said} / {told}");
        }
    }

    #[test]
    fn answers_without_a_document_are_read_by_their_status() {
        let said = |status, body| explain_answer(status, body, Asked::Get, "k").to_string();
        assert!(said(403, "").contains("grant s3:GetObject"));
        assert!(said(404, "").contains("was not found"));
        assert!(said(301, "").contains("--aws-region"));
        assert!(said(418, "short\nand stout").contains("status 418: short and stout"));
        assert!(said(403, "<Error><Code>InvalidObjectState</Code></Error>").contains("is archived"));
    }

    #[test]
    fn refusals_in_json() {
        let said = |code: &str| {
            let said = serde_json::json!({ "__type": format!("com.amazonaws#{code}"), "message": "m" });
            explain_json(&said, "cloudtrail:ListPublicKeys", "k").to_string()
        };
        assert!(said("AccessDeniedException").contains("grant cloudtrail:ListPublicKeys"));
        assert!(said("ExpiredTokenException").contains("aws sso login"));
        assert!(said("UnrecognizedClientException").contains("not enabled"));
        assert!(said("InvalidTimeRangeException").contains("InvalidTimeRangeException: m"));
    }

    #[test]
    fn those_who_verify_are_told_the_same() {
        let denied = SourceError::Denied { key: "k".to_owned(), action: "kms:Decrypt".to_owned() };
        assert_eq!(super::refused(denied), Refusal::Denied("kms:Decrypt".to_owned()));
        assert_eq!(super::refused(SourceError::Archived("k".to_owned())), Refusal::Archived);
        assert_eq!(super::refused(SourceError::NotFound("k".to_owned())), Refusal::NotFound);
        let credentials = super::refused(SourceError::Credentials("renew".to_owned()));
        assert_eq!(credentials, Refusal::Unreadable("no usable AWS credentials: renew".to_owned()));
    }

    #[test]
    fn missing_credentials_are_found_below() {
        let source = Box::new(NoCredentials("set a profile".to_owned()));
        let error = object_store::Error::Generic { store: "S3", source };
        assert!(matches!(explain(&error, Asked::List, ""), SourceError::Credentials(said) if said == "set a profile"));
    }
}
