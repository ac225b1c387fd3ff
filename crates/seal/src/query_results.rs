//! Sign files: what vouches for saved results of CloudTrail Lake queries.
//!
//! Beside `result_1.csv.gz`, `result_2.csv.gz`, ... stands `result_sign.json`. Unlike in digests the hashes are over the
//! *compressed* files, and the signature is over the hashes alone, in their order: names, Region and time are claims that nothing
//! protects, so a name is only believed when it is the one that CloudTrail gives to the file at that place.
//! Source: CloudTrail user guide, "CloudTrail sign file structure".

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::digest::{SHA_256, SHA256_WITH_RSA};
use crate::hash::Hash;
use crate::keys::PublicKey;
use crate::signing::{RsaError, RsaKey};

/// Name of a sign file.
pub const SIGN_FILE_NAME: &str = "result_sign.json";
/// Largest sign file that is read: about 100,000 results.
pub const SIGN_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Version that is written.
const VERSION: &str = "1.0";

/// A sign file, in the words of its JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignFile {
    /// `1.0`; older files have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Region of the account that saved the results, and of the key.
    pub region: String,
    /// The results.
    pub files: Vec<ResultFile>,
    /// [`SHA_256`].
    pub hash_algorithm: String,
    /// [`SHA256_WITH_RSA`].
    pub signature_algorithm: String,
    /// When the results were delivered: what to ask `ListPublicKeys` for.
    pub query_complete_time: String,
    /// Over [`SignFile::string_to_sign`], in hexadecimal.
    pub hash_signature: String,
    /// Name of the key that signed it.
    pub public_key_fingerprint: String,
}

/// A file of results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultFile {
    /// SHA-256 of the compressed file, in hexadecimal.
    pub file_hash_value: String,
    /// Its name, beside the sign file.
    pub file_name: String,
}

/// What is wrong with results or their sign file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryResultsError {
    /// Larger than [`SIGN_FILE_BYTES_MAX`].
    #[error("the sign file has more than {SIGN_FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// No JSON.
    #[error("the sign file is no JSON: {0}")]
    NoJson(String),
    /// JSON, but a field is missing or of another type.
    #[error("the sign file is not in CloudTrail's format: {0}")]
    Format(String),
    /// It lists nothing.
    #[error("the sign file lists no results")]
    NoFiles,
    /// A name that CloudTrail does not give.
    #[error("the sign file calls result {number} `{name}`; CloudTrail calls it `result_{number}.csv.gz`")]
    Name {
        /// Place in the list, from 1.
        number: usize,
        /// What it is called.
        name: String,
    },
    /// A result was altered.
    #[error("`{name}` has the SHA-256 {found}, the sign file vouches for {expected}")]
    Hash {
        /// Its name.
        name: String,
        /// In the sign file.
        expected: String,
        /// Of the file.
        found: Hash,
    },
    /// Signed by another key, over other hashes, or not at all.
    #[error("the signature of the sign file does not match its hashes")]
    Signature,
    /// The key is not among those at hand.
    #[error("no public key with the fingerprint `{0}`")]
    UnknownKey(String),
    /// Its bytes are no key.
    #[error("the public key with the fingerprint `{fingerprint}` is no RSA public key in PKCS #1 form")]
    Key {
        /// Fingerprint.
        fingerprint: String,
        /// The bytes in base64, as they were listed.
        value: String,
    },
}

impl QueryResultsError {
    /// The same in the words of `aws cloudtrail verify-query-results`, where it has words for it. It stops at the first error and
    /// exits with 255.
    pub fn as_aws_cli(&self) -> String {
        match self {
            QueryResultsError::NoFiles => "ValidationError: No export file was found in sign file.".to_owned(),
            QueryResultsError::Hash { name, expected, found } => format!(
                "ValidationError: File {name} has inconsistent hash value with hash value recorded in sign file, \
                 hash value in sign file is {expected} , but get {found}"
            ),
            QueryResultsError::Signature => "ValidationError: Invalid signature in sign file".to_owned(),
            QueryResultsError::Key { value, .. } => {
                format!("ValidationError: Sign file invalid, unable to load PKCS #1 key: {value}")
            }
            QueryResultsError::UnknownKey(fingerprint) => format!("No public keys found for key with fingerprint: {fingerprint}"),
            QueryResultsError::NoJson(reason) => {
                format!("InformationCollectionError: Unable to load {SIGN_FILE_NAME} file, due to {reason}")
            }
            QueryResultsError::TooLarge | QueryResultsError::Format(_) | QueryResultsError::Name { .. } => {
                "ValidationError: Invalid sign file provided.".to_owned()
            }
        }
    }
}

/// What the AWS CLI prints when all is well.
pub const AWS_CLI_VALID: &str = "Successfully validated sign and query result files";

impl SignFile {
    /// Reads a sign file.
    pub fn parse(content: &[u8]) -> Result<SignFile, QueryResultsError> {
        if content.len() as u64 > SIGN_FILE_BYTES_MAX {
            return Err(QueryResultsError::TooLarge);
        }
        serde_json::from_slice(content).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => QueryResultsError::Format(error.to_string()),
            _ => QueryResultsError::NoJson(error.to_string()),
        })
    }

    /// Makes the sign file of results, given the hashes of the compressed files in their order.
    pub fn sign(region: &str, completed: DateTime<Utc>, hashes: &[Hash], key: &RsaKey) -> Result<SignFile, RsaError> {
        let named =
            |(place, hash): (usize, &Hash)| ResultFile { file_hash_value: hash.to_string(), file_name: file_name(place + 1) };
        let mut file = SignFile {
            version: Some(VERSION.to_owned()),
            region: region.to_owned(),
            files: hashes.iter().enumerate().map(named).collect(),
            hash_algorithm: SHA_256.to_owned(),
            signature_algorithm: SHA256_WITH_RSA.to_owned(),
            query_complete_time: completed.to_rfc3339_opts(SecondsFormat::Secs, true),
            hash_signature: String::new(),
            public_key_fingerprint: key.fingerprint(),
        };
        file.hash_signature = hex::encode(key.sign(file.string_to_sign().as_bytes())?);
        Ok(file)
    }

    /// The file, as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// What is signed: the hashes as they stand in the file, joined by one space.
    pub fn string_to_sign(&self) -> String {
        let hashes: Vec<&str> = self.files.iter().map(|file| file.file_hash_value.as_str()).collect();
        hashes.join(" ")
    }

    /// That it lists something, under the names that CloudTrail gives. Nothing may be read by these names before.
    pub fn check_names(&self) -> Result<(), QueryResultsError> {
        if self.files.is_empty() {
            return Err(QueryResultsError::NoFiles);
        }
        let mut numbered = (1..).zip(&self.files);
        match numbered.find(|(number, file)| file.file_name != file_name(*number)) {
            Some((number, file)) => Err(QueryResultsError::Name { number, name: file.file_name.clone() }),
            None => Ok(()),
        }
    }

    /// That this key signed it.
    pub fn check_signature(&self, key: &PublicKey) -> Result<(), QueryResultsError> {
        let signature = hex::decode(&self.hash_signature).map_err(|_| QueryResultsError::Signature)?;
        let is_signed = self.signature_algorithm == SHA256_WITH_RSA && key.verify(self.string_to_sign().as_bytes(), &signature);
        if is_signed { Ok(()) } else { Err(QueryResultsError::Signature) }
    }
}

impl ResultFile {
    /// That the compressed file has the hash that is vouched for.
    pub fn check(&self, found: Hash) -> Result<(), QueryResultsError> {
        if self.file_hash_value == found.to_string() {
            return Ok(());
        }
        Err(QueryResultsError::Hash { name: self.file_name.clone(), expected: self.file_hash_value.clone(), found })
    }
}

fn file_name(number: usize) -> String {
    format!("result_{number}.csv.gz")
}

#[cfg(test)]
mod tests;
