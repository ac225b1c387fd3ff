//! Saved results: `result_N.csv.gz` and the sign file that vouches for them, in the layout and with the signature of CloudTrail Lake.
//!
//! They are signed with an RSA key of this user, made on first use and kept beside the seal key; its public half is written
//! as an answer of ListPublicKeys, which is what a verifier asks for.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use object_store::path::Path;
use object_store::{PutMode, PutOptions, PutPayload};
use seal::hash::Hash;
use seal::query_results::{SIGN_FILE_NAME, SignFile};
use seal::signing::RsaKey;

use crate::ask::Answer;
use crate::exit::Failure;
use crate::rows::{self, Formulas, Writer};
use crate::settings::Context;
use crate::{lakes, outside, results_key};

/// CSV in one file of results, in bytes before compression; then the next one begins.
const RESULT_CSV_BYTES_MAX: usize = 64 << 20;
/// Account in the layout where none is named.
const ACCOUNT: &str = "000000000000";
/// Region in the sign file where none is known.
const REGION: &str = "us-east-1";

/// What was saved, and where.
pub struct Saved {
    /// The folder of this query's results.
    pub folder: String,
    /// Rows.
    pub rows: u64,
    /// Files of results.
    pub files: usize,
    /// The key that signed them.
    pub fingerprint: String,
}

/// Saves an answer under `place`, a folder or `s3://bucket/prefix`.
pub async fn save(answer: Answer, place: &str, account: Option<&str>, context: &Context) -> Result<Saved, Failure> {
    let key = results_key::open(context)?;
    let target = Target::new(place, account.unwrap_or(ACCOUNT), context).await?;
    let Answer { headers, mut rows, .. } = answer;
    let mut hashes = Vec::new();
    let mut count = 0;
    let mut file = ResultFile::new(&headers);
    while let Some(batch) = rows.next().await? {
        count += batch.num_rows() as u64;
        file.csv.batch(&batch)?;
        if file.written() >= RESULT_CSV_BYTES_MAX {
            let full = std::mem::replace(&mut file, ResultFile::new(&headers));
            hashes.push(target.result(hashes.len() + 1, full).await?);
        }
    }
    hashes.push(target.result(hashes.len() + 1, file).await?);
    target.sign(&hashes, &key, context).await?;
    Ok(Saved { folder: target.shown, rows: count, files: hashes.len(), fingerprint: key.fingerprint() })
}

/// The folder of one query's results.
struct Target {
    store: Arc<dyn object_store::ObjectStore>,
    folder: Path,
    shown: String,
}

impl Target {
    async fn new(place: &str, account: &str, context: &Context) -> Result<Target, Failure> {
        let home = lakes::place(place, context).await?;
        let day = outside::now().format("%Y/%m/%d").to_string();
        let below = format!("AWSLogs/{account}/CloudTrail-Lake/Query/{day}/{}", outside::uuid());
        let folder = below.split('/').fold(home.prefix.clone(), |path, part| path.join(part));
        Ok(Target { store: home.store, folder, shown: format!("{}/{below}", place.trim_end_matches('/')) })
    }

    /// Writes a file of results; the hash is that of its compressed bytes.
    async fn result(&self, number: usize, file: ResultFile) -> Result<Hash, Failure> {
        let body = file.finish()?;
        let hash = Hash::of(&body);
        self.put(&format!("result_{number}.csv.gz"), body).await?;
        Ok(hash)
    }

    async fn sign(&self, hashes: &[Hash], key: &RsaKey, context: &Context) -> Result<(), Failure> {
        let region = context.aws_region.value.as_deref().unwrap_or(REGION);
        let signed = SignFile::sign(region, outside::now(), hashes, key).map_err(|error| Failure::failed(error.to_string(), ""))?;
        self.put(SIGN_FILE_NAME, signed.to_json().into_bytes()).await
    }

    async fn put(&self, name: &str, body: Vec<u8>) -> Result<(), Failure> {
        let path = self.folder.clone().join(name);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = self.store.put_opts(&path, PutPayload::from(body), options).await;
        put.map(|_| ()).map_err(|error| {
            Failure::failed(
                format!("`{}/{name}` could not be written: {error}", self.shown),
                "results that are not signed are not whole",
            )
        })
    }
}

/// A file of results that is being written.
struct ResultFile {
    csv: rows::Csv,
    buffer: Buffer,
}

impl ResultFile {
    fn new(headers: &[String]) -> ResultFile {
        let buffer = Buffer::default();
        let packed = GzEncoder::new(buffer.clone(), Compression::default());
        ResultFile { csv: rows::Csv::new(Box::new(packed), headers.to_vec(), Formulas::Kept), buffer }
    }

    fn written(&self) -> usize {
        self.csv.written()
    }

    fn finish(mut self) -> Result<Vec<u8>, Failure> {
        self.csv.end()?;
        drop(self.csv);
        Ok(self.buffer.take())
    }
}

/// Bytes that are written in one place and taken in another.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
