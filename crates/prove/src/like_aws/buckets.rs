//! Buckets by name, and what the AWS CLI says about names that are none.

use super::python::value::Value;
use super::trouble::Trouble;
use crate::store::Store;
use crate::strict::Stores;

/// Longest name of a bucket that the AWS CLI sends anywhere.
const NAME_CHARACTERS_MAX: usize = 255;

/// The stores by the bucket's name that digests call them.
#[derive(Clone, Copy)]
pub struct Buckets<'a> {
    stores: &'a Stores,
    main: &'a str,
}

impl<'a> Buckets<'a> {
    /// The main store is the bucket `main`.
    pub fn new(stores: &'a Stores, main: &'a str) -> Buckets<'a> {
        Buckets { stores, main }
    }

    /// The store of a bucket; a bucket that was not given is one without objects.
    pub fn find(&self, bucket: &str) -> Option<&'a dyn Store> {
        if bucket == self.main {
            return Some(self.stores.main.as_ref());
        }
        self.stores.mapped.get(bucket).map(AsRef::as_ref)
    }
}

/// The name, or what is raised where a bucket's client is made.
pub fn bucket_name(bucket: &Value) -> Result<&str, Trouble> {
    match bucket {
        Value::Str(name) if is_name(name) => Ok(name),
        Value::Str(name) => Err(Trouble::Invalid(invalid_name(name))),
        Value::List(_) | Value::Dict(_) => Err(Trouble::Invalid(unhashable(bucket))),
        other => Err(Trouble::Invalid(format!("expected string or bytes-like object, got '{}'", other.type_name()))),
    }
}

/// The same for the bucket that is asked for.
pub fn bucket_name_of(bucket: &str) -> Result<&str, String> {
    if is_name(bucket) { Ok(bucket) } else { Err(invalid_name(bucket)) }
}

/// The key, or what is raised where an object is asked for.
pub fn object_key(key: &Value) -> Result<&str, Trouble> {
    match key {
        Value::Str(key) if !key.is_empty() => Ok(key),
        Value::Str(_) => Err(Trouble::Invalid(
            "Parameter validation failed:\nInvalid length for parameter Key, value: 0, valid min length: 1".to_owned(),
        )),
        other => Err(Trouble::Invalid(format!(
            "Parameter validation failed:\nInvalid type for parameter Key, value: {}, type: <class '{}'>, valid types: <class 'str'>",
            other.to_text(),
            other.type_name()
        ))),
    }
}

/// What is raised where a list or a dictionary is looked up.
pub fn unhashable(value: &Value) -> String {
    format!("unhashable type: '{}'", value.type_name())
}

fn is_name(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    plain && !name.is_empty() && name.len() <= NAME_CHARACTERS_MAX
}

fn invalid_name(name: &str) -> String {
    format!(
        "Parameter validation failed:\nInvalid bucket name \"{name}\": Bucket name must match the regex \
         \"^[a-zA-Z0-9.\\-_]{{1,255}}$\" or be an ARN matching the regex \
         \"^arn:(aws).*:(s3|s3-object-lambda):[a-z\\-0-9]*:[0-9]{{12}}:accesspoint[/:][a-zA-Z0-9\\-.]{{1,63}}$|\
         ^arn:(aws).*:s3-outposts:[a-z\\-0-9]+:[0-9]{{12}}:outpost[/:][a-zA-Z0-9\\-]{{1,63}}[/:]accesspoint[/:][a-zA-Z0-9\\-]{{1,63}}$\""
    )
}
