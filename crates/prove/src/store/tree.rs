//! Keys in order, listed as a bucket lists them: what stands directly under a prefix, page by page.

use super::{Listed, Page};

/// Entries of one page.
pub const PAGE_ENTRIES_MAX: usize = 10_000;

/// An object of a sorted list, and where its bytes are.
#[derive(Clone, Debug)]
pub struct Entry<T> {
    /// Its key.
    pub key: Box<str>,
    /// Size as stored, in bytes.
    pub size_bytes: u64,
    /// Where its bytes are.
    pub of: T,
}

/// Objects in the order of their keys.
#[derive(Clone, Debug)]
pub struct Sorted<T> {
    entries: Vec<Entry<T>>,
}

impl<T> Sorted<T> {
    /// Sorts objects; their keys are distinct.
    pub fn new(mut entries: Vec<Entry<T>>) -> Sorted<T> {
        entries.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Sorted { entries }
    }

    /// The object of this key.
    pub fn find(&self, key: &str) -> Option<&Entry<T>> {
        let at = self.entries.binary_search_by(|entry| entry.key.as_ref().cmp(key)).ok()?;
        self.entries.get(at)
    }

    /// Lists what stands directly under a prefix, beginning after a key or folder.
    pub fn page(&self, prefix: &str, after: Option<&str>) -> Page {
        let mut page = Page::default();
        let mut at = after.map_or_else(|| self.from(prefix), |after| self.past(after).max(self.from(prefix)));
        let mut last = None;
        while let Some(entry) = self.entries.get(at).filter(|entry| entry.key.starts_with(prefix)) {
            if page.folders.len() + page.objects.len() == PAGE_ENTRIES_MAX {
                page.next = last;
                return page;
            }
            let folder = folder_below(&entry.key, prefix).map(str::to_owned);
            match &folder {
                Some(folder) => {
                    at = self.past(folder);
                    page.folders.push(folder.clone());
                }
                None => {
                    at += 1;
                    page.objects.push(Listed { key: entry.key.to_string(), size_bytes: entry.size_bytes, is_archived: false });
                }
            }
            last = Some(folder.unwrap_or_else(|| entry.key.to_string()));
        }
        page
    }

    /// The first entry that is not before a key.
    fn from(&self, key: &str) -> usize {
        self.entries.partition_point(|entry| entry.key.as_ref() < key)
    }

    /// The first entry behind a key; behind a whole folder, if it ends in `/`.
    fn past(&self, after: &str) -> usize {
        let is_within = |entry: &Entry<T>| after.ends_with('/') && entry.key.starts_with(after);
        self.entries.partition_point(|entry| entry.key.as_ref() <= after || is_within(entry))
    }
}

/// The folder directly under a prefix in which a key stands.
fn folder_below<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    let below = key.get(prefix.len()..)?;
    let slash = below.find('/')?;
    key.get(..=prefix.len() + slash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(keys: &[&str]) -> Sorted<()> {
        Sorted::new(keys.iter().map(|key| Entry { key: (*key).into(), size_bytes: 1, of: () }).collect())
    }

    fn names(page: &Page) -> (Vec<&str>, Vec<&str>) {
        (page.folders.iter().map(String::as_str).collect(), page.objects.iter().map(|listed| listed.key.as_str()).collect())
    }

    #[test]
    fn one_level_at_a_time() {
        let sorted = sorted(&["b/x/2", "a", "b/1", "b/x/1", "b!", "b0", "c//d"]);
        assert_eq!(names(&sorted.page("", None)), (vec!["b/", "c/"], vec!["a", "b!", "b0"]));
        assert_eq!(names(&sorted.page("b/", None)), (vec!["b/x/"], vec!["b/1"]));
        assert_eq!(names(&sorted.page("b/x/", None)), (vec![], vec!["b/x/1", "b/x/2"]));
        assert_eq!(names(&sorted.page("c/", None)), (vec!["c//"], vec![]));
        assert_eq!(names(&sorted.page("d/", None)), (vec![], vec![]));
        assert_eq!(names(&sorted.page("", Some("b/"))), (vec!["c/"], vec!["b0"]));
        assert_eq!(names(&sorted.page("b/", Some("b/1"))), (vec!["b/x/"], vec![]));
    }

    #[test]
    fn every_key_is_found_and_no_other() {
        let sorted = sorted(&["a/b", "a/c"]);
        assert!(sorted.find("a/b").is_some() && sorted.find("a/c").is_some());
        assert!(sorted.find("a/").is_none() && sorted.find("a/bb").is_none());
    }

    #[test]
    fn pages_together_are_the_whole() {
        let keys: Vec<String> = (0..PAGE_ENTRIES_MAX * 2 + 7)
            .map(|number| if number % 3 == 0 { format!("p/{number:06}/x") } else { format!("p/{number:06}") })
            .collect();
        let sorted = sorted(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        let (mut folders, mut objects, mut after) = (0, 0, None);
        loop {
            let page = sorted.page("p/", after.as_deref());
            folders += page.folders.len();
            objects += page.objects.len();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((folders, objects), (keys.len().div_ceil(3), keys.len() - keys.len().div_ceil(3)));
    }
}
