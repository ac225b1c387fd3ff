//! `evidence/`: what rows cannot give back, as it came. Each object is named by its SHA-256 and created once.
//!
//! Evidence is written before the commit that names it. After a crash an object may therefore lie there that no row names; the
//! delivery comes again then, and finds it.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::PutPayload;

use crate::archive::PartsOf;
use crate::error::LakeError;
use crate::home::Lake;
use crate::ledger::Metadata;
use crate::limits::EVIDENCE_AT_ONCE_MAX;

/// A delivery that is evidence about log files: kept, not taken apart.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The stored bytes.
    pub stored: Bytes,
    /// Length and SHA-256 of their content; none where they could not be inflated.
    pub content: Option<(u64, [u8; 32])>,
    /// What the source keeps beside the bytes.
    pub metadata: Metadata,
    /// What is wrong with the bytes.
    pub reason: Option<String>,
}

/// An object of evidence that is still to be written.
pub(crate) struct Keep {
    path: String,
    body: Bytes,
}

impl Keep {
    /// A delivery that was refused.
    pub fn refused(sha256: &[u8; 32], body: &Bytes) -> Keep {
        Keep { path: format!("evidence/deliveries/{}", hex::encode(sha256)), body: body.clone() }
    }

    /// A digest, in the folder of its day: there are 24 a day for each account and Region.
    pub fn digest(day: &str, sha256: &[u8; 32], body: &Bytes) -> Keep {
        Keep { path: format!("evidence/digests/{day}/{}", hex::encode(sha256)), body: body.clone() }
    }

    /// Path in the home.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl Lake {
    /// Writes evidence, several objects at a time. What is there already is the same: its name says so.
    pub(crate) async fn keep_evidence(&self, all: &[Keep]) -> Result<(), LakeError> {
        let writes = all.iter().map(|keep| async {
            let path = self.home.path(&[]).parts_of(&keep.path);
            self.home.create(&path, PutPayload::from(keep.body.clone())).await
        });
        futures::stream::iter(writes).buffer_unordered(EVIDENCE_AT_ONCE_MAX).try_for_each(|_| async { Ok(()) }).await
    }
}
