//! Metadata that somebody has written down beside a copy of a bucket.
//!
//! S3 keeps a digest's signature in the metadata of its object, and a copy on disk has none. What is laid over a source here
//! becomes part of the delivery: its entity tag says so, so that a copy that was collected before comes once more, with its
//! metadata, and then never again.

use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::collector::Input;
use crate::source::{Fetched, Listed, Page, Requests, Source, SourceError, Stream};

/// Metadata by object.
pub trait Beside: Send + Sync {
    /// What is written down about an object: names in lower case, without `x-amz-meta-`. Mostly nothing.
    fn metadata(&self, origin: &str, key: &str) -> Vec<(String, String)>;
}

/// A source, or a stream, with metadata laid over it. What an object has of its own counts before that.
struct Laid<S> {
    below: S,
    beside: Arc<dyn Beside>,
}

/// Lays metadata over an input.
pub fn lay_over(input: Input, beside: &Arc<dyn Beside>) -> Input {
    let beside = Arc::clone(beside);
    match input {
        Input::Tree(below) => Input::Tree(Arc::new(Laid { below, beside })),
        Input::Stream(below) => Input::Stream(Box::new(Laid { below, beside })),
        // What is in a bucket has its metadata.
        Input::Queue(queue) => Input::Queue(queue),
    }
}

#[async_trait]
impl Source for Laid<Arc<dyn Source>> {
    fn origin(&self) -> &str {
        self.below.origin()
    }

    fn root(&self) -> &str {
        self.below.root()
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, SourceError> {
        let mut page = self.below.list(prefix, after).await?;
        for listed in &mut page.objects {
            tag(&mut listed.etag, &self.beside.metadata(self.below.origin(), &listed.key));
        }
        Ok(page)
    }

    async fn fetch(&self, key: &str, size_bytes_max: u64) -> Result<Fetched, SourceError> {
        let mut fetched = self.below.fetch(key, size_bytes_max).await?;
        add(&mut fetched, self.beside.metadata(self.below.origin(), key));
        Ok(fetched)
    }

    fn requests(&self) -> Requests {
        self.below.requests()
    }
}

impl Stream for Laid<Box<dyn Stream>> {
    fn origin(&self) -> &str {
        self.below.origin()
    }

    fn next(&mut self, size_bytes_max: u64) -> Option<Result<(Listed, Fetched), SourceError>> {
        let next = self.below.next(size_bytes_max)?;
        Some(next.map(|(mut listed, mut fetched)| {
            let metadata = self.beside.metadata(self.below.origin(), &listed.key);
            tag(&mut listed.etag, &metadata);
            add(&mut fetched, metadata);
            (listed, fetched)
        }))
    }
}

fn add(fetched: &mut Fetched, metadata: Vec<(String, String)>) {
    tag(&mut fetched.etag, &metadata);
    for (name, value) in metadata {
        if !fetched.metadata.iter().any(|(have, _)| *have == name) {
            fetched.metadata.push((name, value));
        }
    }
}

/// Makes the metadata part of the entity tag.
fn tag(etag: &mut String, metadata: &[(String, String)]) {
    if metadata.is_empty() {
        return;
    }
    let mut sorted: Vec<_> = metadata.iter().collect();
    sorted.sort();
    let mut hasher = Sha256::new();
    for text in sorted.into_iter().flat_map(|(name, value)| [name, value]) {
        hasher.update(text.as_bytes());
        hasher.update([0]);
    }
    etag.push('+');
    etag.push_str(&hex::encode(hasher.finalize()).chars().take(16).collect::<String>());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    struct Signatures;

    impl Beside for Signatures {
        fn metadata(&self, origin: &str, key: &str) -> Vec<(String, String)> {
            let values = [("signature".to_owned(), "0a".to_owned()), ("origin".to_owned(), origin.to_owned())];
            if key == "signed" { values.to_vec() } else { Vec::new() }
        }
    }

    struct Once(Option<(Listed, Fetched)>);

    impl Stream for Once {
        fn origin(&self) -> &'static str {
            "stdin:"
        }

        fn next(&mut self, _: u64) -> Option<Result<(Listed, Fetched), SourceError>> {
            self.0.take().map(Ok)
        }
    }

    #[tokio::test]
    async fn a_listing_and_a_read_agree_on_the_tag() {
        let plain = Memory::new("", &["plain", "signed"]);
        let tags = |page: Page| page.objects.into_iter().map(|listed| listed.etag).collect::<Vec<_>>();
        let before = tags(plain.list("", None).await.unwrap());
        let beside: Arc<dyn Beside> = Arc::new(Signatures);
        let Input::Tree(laid) = lay_over(Input::Tree(Arc::new(plain)), &beside) else { panic!("a tree") };
        let after = tags(laid.list("", None).await.unwrap());
        assert_eq!(after[0], before[0]);
        assert!(after[1].starts_with(&format!("{}+", before[1])), "{after:?}");
        let fetched = laid.fetch("signed", 99).await.unwrap();
        assert_eq!((fetched.etag, fetched.metadata.len()), (after[1].clone(), 2));
        assert!(laid.fetch("plain", 99).await.unwrap().metadata.is_empty());
    }

    #[test]
    fn what_an_object_has_of_its_own_counts() {
        let listed = Listed { key: "signed".to_owned(), size_bytes: 1, etag: "e".to_owned() };
        let own = vec![("signature".to_owned(), "own".to_owned())];
        let fetched = Fetched { body: bytes::Bytes::new(), etag: "e".to_owned(), metadata: own.clone() };
        let once = Once(Some((listed, fetched)));
        let beside: Arc<dyn Beside> = Arc::new(Signatures);
        let Input::Stream(mut laid) = lay_over(Input::Stream(Box::new(once)), &beside) else { panic!("a stream") };
        let (listed, fetched) = laid.next(9).unwrap().unwrap();
        assert_eq!((fetched.metadata[0].clone(), fetched.metadata.len()), (own[0].clone(), 2));
        assert!(listed.etag == fetched.etag && listed.etag.starts_with("e+"), "{}", listed.etag);
        assert!(laid.next(9).is_none());
    }
}
