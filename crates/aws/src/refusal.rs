//! What S3's refusals mean for the reader: one place that turns status codes and error documents into words.

use std::error::Error;

use collect::source::SourceError;

use crate::credentials::{NoCredentials, chain_of};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    List,
    Get,
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

/// By S3's error code (API reference, "Error responses").
fn by_code(code: &str, text: &str, asked: Asked, key: &str) -> SourceError {
    let message = element(text, "Message").unwrap_or(text);
    match code {
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => denied(text, asked, key),
        "InvalidObjectState" => SourceError::Archived(key.to_owned()),
        "NoSuchKey" => SourceError::NotFound(key.to_owned()),
        "NoSuchBucket" => SourceError::NotFound(element(text, "BucketName").unwrap_or(key).to_owned()),
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => elsewhere(key),
        "RequestTimeTooSkewed" => SourceError::Credentials("the clock of this machine is wrong; set it and try again".to_owned()),
        "ExpiredToken" | "TokenRefreshRequired" => {
            let hint = "they have expired; renew them (`aws sso login`) and run the same command again";
            SourceError::Credentials(hint.to_owned())
        }
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
    };
    SourceError::Denied { key: key.to_owned(), action: action.to_owned() }
}

/// Only S3's own words count: the key may hold any text.
fn mentions_kms(text: &str) -> bool {
    element(text, "Message").is_some_and(|message| message.contains("kms:") || message.contains("KMS"))
}

fn elsewhere(key: &str) -> SourceError {
    io(key, "the bucket is in another Region; name it with --region")
}

fn io(key: &str, reason: &str) -> SourceError {
    SourceError::Io { key: key.to_owned(), reason: brief(reason) }
}

fn brief(text: &str) -> String {
    let line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    line.chars().take(REASON_CHARS_MAX).collect()
}

/// The text of the first element of this name in an error document.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
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
            (refused("PermanentRedirect", "x"), Asked::List, "--region"),
            (refused("KMS.DisabledException", "key\nis disabled"), Asked::Get, "KMS.DisabledException: key is disabled"),
        ];
        for (error, asked, told) in cases {
            let said = explain(&error, asked, "k").to_string();
            assert!(said.contains(told), "{said} / {told}");
        }
    }

    #[test]
    fn missing_credentials_are_found_below() {
        let source = Box::new(NoCredentials("set a profile".to_owned()));
        let error = object_store::Error::Generic { store: "S3", source };
        assert!(matches!(explain(&error, Asked::List, ""), SourceError::Credentials(said) if said == "set a profile"));
    }
}
