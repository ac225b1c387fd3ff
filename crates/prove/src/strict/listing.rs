//! Folders, listed page by page.

use crate::store::{Listed, Refusal, Store};

/// Calls `on` with every page of what stands directly under a prefix; a folder that is not there is empty.
pub(super) fn pages(
    store: &dyn Store,
    prefix: &str,
    after: Option<&str>,
    mut on: impl FnMut(Vec<String>, Vec<Listed>) -> Continue,
) -> Result<(), Refusal> {
    let mut after = after.map(str::to_owned);
    loop {
        let page = match store.list(prefix, after.as_deref()) {
            Err(Refusal::NotFound) => return Ok(()),
            listed => listed?,
        };
        let objects = page.objects.into_iter().filter(|object| object.key != prefix).collect();
        if on(page.folders, objects) == Continue::No {
            return Ok(());
        }
        // A store that gives the same page again and again would never end.
        match page.next {
            Some(next) if after.as_ref().is_none_or(|after| next > *after) => after = Some(next),
            _ => return Ok(()),
        }
    }
}

/// Whether the next page is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Continue {
    Yes,
    No,
}

/// Whether anything at all is directly in a folder.
pub(super) fn first_object(store: &dyn Store, prefix: &str) -> Result<Option<Listed>, Refusal> {
    let mut first = None;
    pages(store, prefix, None, |_, objects| {
        first = objects.into_iter().next();
        if first.is_some() { Continue::No } else { Continue::Yes }
    })?;
    Ok(first)
}
