//! A page of a listing, as S3 writes it (ListObjectsV2).

use prove::store::{Listed, Page};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Tiers out of which an object has to be restored before it can be read.
const ARCHIVED: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// What a page says.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) page: Page,
    /// Whether there are more.
    pub(super) is_truncated: bool,
    /// Where the next page begins; a server that is none of AWS's may not say it.
    pub(super) token: Option<String>,
}

/// The parts of a page that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Other,
    Object,
    Folder,
    Restore,
}

#[derive(Default)]
struct Reading {
    listing: Listing,
    part: Part,
    object: Entry,
    folder: String,
    is_encoded: bool,
    is_truncated: bool,
}

/// An object as far as it was read.
#[derive(Default)]
struct Entry {
    key: String,
    size_bytes: u64,
    is_archived: bool,
    is_restored: bool,
}

impl Listing {
    /// Reads a page; what is not a page is an error, never an empty one.
    pub(super) fn read(document: &str) -> Result<Listing, String> {
        let refused = |reason: &str| format!("the bucket's listing could not be read: {reason}");
        let mut reader = Reader::from_str(document);
        let (mut reading, mut text, mut is_page) = (Reading::default(), String::new(), false);
        loop {
            match reader.read_event().map_err(|error| refused(&error.to_string()))? {
                Event::Start(element) => {
                    is_page |= element.local_name().as_ref() == b"ListBucketResult";
                    text.clear();
                    reading.begin(&element);
                }
                Event::Text(part) => text.push_str(&part.decode().map_err(|error| refused(&error.to_string()))?),
                Event::GeneralRef(reference) => text.push(character(&reference).ok_or_else(|| refused("an unknown entity"))?),
                Event::End(element) => reading.end(element.local_name().as_ref(), &text).map_err(|reason| refused(&reason))?,
                Event::Eof if is_page => return reading.finish().map_err(|reason| refused(&reason)),
                Event::Eof => return Err(refused("it is something else")),
                _ => {}
            }
        }
    }
}

impl Reading {
    fn begin(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            b"Contents" => (self.part, self.object) = (Part::Object, Entry::default()),
            b"CommonPrefixes" => self.part = Part::Folder,
            b"RestoreStatus" => self.part = Part::Restore,
            _ => {}
        }
    }

    fn end(&mut self, name: &[u8], text: &str) -> Result<(), String> {
        match (self.part, name) {
            (Part::Object, b"Key") => text.clone_into(&mut self.object.key),
            (Part::Object, b"Size") => self.object.size_bytes = text.parse().map_err(|_| format!("`{text}` is no size"))?,
            (Part::Object, b"StorageClass") => self.object.is_archived = ARCHIVED.contains(&text),
            (Part::Restore, b"RestoreExpiryDate") => self.object.is_restored = true,
            (Part::Restore, b"RestoreStatus") => self.part = Part::Object,
            (Part::Object, b"Contents") => self.object_ends(),
            (Part::Folder, b"Prefix") => text.clone_into(&mut self.folder),
            (Part::Folder, b"CommonPrefixes") => self.folder_ends(),
            (Part::Other, b"EncodingType") => self.is_encoded = text == "url",
            (Part::Other, b"IsTruncated") => self.is_truncated = text == "true",
            (Part::Other, b"NextContinuationToken") => self.listing.token = Some(text.to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn object_ends(&mut self) {
        self.part = Part::Other;
        let Entry { key, size_bytes, is_archived, is_restored } = std::mem::take(&mut self.object);
        self.listing.page.objects.push(Listed { key, size_bytes, is_archived: is_archived && !is_restored });
    }

    fn folder_ends(&mut self) {
        self.part = Part::Other;
        self.listing.page.folders.push(std::mem::take(&mut self.folder));
    }

    fn finish(self) -> Result<Listing, String> {
        let Listing { mut page, token, .. } = self.listing;
        if self.is_encoded {
            page.objects.iter_mut().try_for_each(|object| decode(&mut object.key))?;
            page.folders.iter_mut().try_for_each(decode)?;
        }
        page.folders.sort();
        page.objects.sort_by(|one, other| one.key.cmp(&other.key));
        match self.is_truncated {
            true if page.folders.is_empty() && page.objects.is_empty() && token.is_none() => {
                Err("it goes on, but does not say where".to_owned())
            }
            is_truncated => Ok(Listing { page, is_truncated, token: token.filter(|_| is_truncated) }),
        }
    }
}

/// The character that an entity stands for.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok().flatten();
    }
    match reference.decode().ok()?.as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// Undoes `encoding-type=url`: percent codes, and `+` for a blank.
fn decode(key: &mut String) -> Result<(), String> {
    if !key.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(());
    }
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (code, after) = others.split_at_checked(2).ok_or("a key with half a code")?;
                rest = after;
                str::from_utf8(code).ok().and_then(|code| u8::from_str_radix(code, 16).ok()).ok_or("a key with an unknown code")?
            }
            plain => *plain,
        });
    }
    *key = String::from_utf8(bytes).map_err(|_| "a key that is no UTF-8".to_owned())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(key: &str, more: &str) -> String {
        format!("<Contents><Key>{key}</Key><LastModified>x</LastModified><Size>5</Size>{more}</Contents>")
    }

    fn page(inside: &str) -> Result<Listing, String> {
        let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
        Listing::read(&format!("<?xml version=\"1.0\"?>\n<ListBucketResult {namespace}>{inside}</ListBucketResult>"))
    }

    #[test]
    fn a_page() {
        let inside = [
            "<Name>b</Name><Prefix>AWSLogs/</Prefix><KeyCount>3</KeyCount><EncodingType>url</EncodingType>",
            "<IsTruncated>true</IsTruncated><NextContinuationToken>1/a==</NextContinuationToken>",
            &contents("b+c%2B%01%C3%A9", "<StorageClass>STANDARD</StorageClass>"),
            &contents("a", "<Owner><ID>Key</ID></Owner>"),
            "<CommonPrefixes><Prefix>y/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>x%20/</Prefix></CommonPrefixes>",
        ];
        let Listing { page, token, is_truncated } = page(&inside.concat()).unwrap();
        assert!(is_truncated);
        let keys: Vec<&str> = page.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["a", "b c+\u{1}é"]);
        assert_eq!(page.objects[0].size_bytes, 5);
        assert_eq!(page.folders, ["x /", "y/"]);
        assert_eq!(token.as_deref(), Some("1/a=="));
    }

    #[test]
    fn tiers() {
        let restored = "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>x</RestoreExpiryDate></RestoreStatus>";
        let restoring = "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
        let cases = [
            ("STANDARD", "", false),
            ("GLACIER_IR", "", false),
            ("INTELLIGENT_TIERING", "", false),
            ("GLACIER", "", true),
            ("DEEP_ARCHIVE", restoring, true),
            ("DEEP_ARCHIVE", restored, false),
        ];
        for (class, status, told) in cases {
            let class = format!("<StorageClass>{class}</StorageClass>");
            for more in [format!("{class}{status}"), format!("{status}{class}")] {
                assert_eq!(page(&contents("k", &more)).unwrap().page.objects[0].is_archived, told, "{more}");
            }
        }
    }

    #[test]
    fn names_that_are_not_encoded_are_taken_as_they_are() {
        let listing = page(&contents("a+b%41&amp;&#x41;&lt;", "")).unwrap();
        assert_eq!(listing.page.objects[0].key, "a+b%41&A<");
    }

    #[test]
    fn what_is_no_page_is_no_empty_page() {
        assert!(page("").is_ok());
        assert!(Listing::read("").is_err());
        assert!(Listing::read("<Error><Code>AccessDenied</Code></Error>").is_err());
        assert!(page("<Contents><Key>a</Key><Size>many</Size></Contents>").is_err());
        assert!(page("<IsTruncated>true</IsTruncated>").is_err());
        assert!(page("<EncodingType>url</EncodingType><Contents><Key>a%2</Key></Contents>").is_err());
        assert!(page("<Contents><Key>&unknown;</Key></Contents>").is_err());
    }
}
