//! A delivery's uncompressed bytes, known to be text where they are: checked once, not again for every value.

/// The content of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// UTF-8, as JSON should be.
    Text(String),
    /// Something else.
    Bytes(Vec<u8>),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Content {
        String::from_utf8(bytes).map_or_else(|error| Content::Bytes(error.into_bytes()), Content::Text)
    }
}

impl Content {
    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Content::Text(text) => text.as_bytes(),
            Content::Bytes(bytes) => bytes,
        }
    }

    /// The bytes, to be kept or used again.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Content::Text(text) => text.into_bytes(),
            Content::Bytes(bytes) => bytes,
        }
    }

    /// Part of the content as text, if it is text.
    pub fn text(&self, from: u32, to: u32) -> Option<&str> {
        let range = from as usize..to as usize;
        match self {
            Content::Text(text) => text.get(range),
            Content::Bytes(bytes) => std::str::from_utf8(bytes.get(range)?).ok(),
        }
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}
