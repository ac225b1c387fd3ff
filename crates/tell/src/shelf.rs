//! Where findings are kept: a home, as this crate needs it.

use async_trait::async_trait;

/// Small documents that are created and never replaced.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// Creates a document, durably; `false` if there is one of that path, which stays as it is.
    async fn create(&self, path: &str, body: Vec<u8>) -> Result<bool, String>;
    /// Paths of all documents below a folder, in order.
    async fn paths(&self, folder: &str) -> Result<Vec<String>, String>;
    /// A document; `None` if it is not there.
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String>;
}
