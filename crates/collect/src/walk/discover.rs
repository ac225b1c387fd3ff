//! From the root down to the Regions: one list request a folder, many folders at a time.

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::{Area, Branch, Contents, Depth, LISTS_AT_ONCE_MAX, Problem, Until, Walk, Wanted, contents, folder_name};
use crate::source::{Source, SourceError};
use layout::{self, Level, Spot};

pub(super) async fn discover(source: &dyn Source, wanted: &Wanted) -> Result<Walk, SourceError> {
    let mut frontier = Frontier { walk: Walk::default(), pending: Vec::new(), wanted };
    let root = start(source, &mut frontier.walk).await?;
    if let Some(root) = &root {
        frontier.enter(root);
    }
    frontier.run(source).await;
    let mut walk = frontier.walk;
    root_failed(root.as_deref(), &mut walk)?;
    walk.areas.sort();
    walk.loose.sort();
    walk.problems.sort_by(|one, other| one.prefix.cmp(&other.prefix));
    Ok(walk)
}

/// The folder to begin with; `None` if the root names an object.
async fn start(source: &dyn Source, walk: &mut Walk) -> Result<Option<String>, SourceError> {
    let root = source.root();
    if root.is_empty() || root.ends_with('/') {
        return Ok(Some(root.to_owned()));
    }
    let page = source.list(root, None).await?;
    walk.single = page.objects.into_iter().find(|object| object.key == root);
    if walk.single.is_some() {
        return Ok(None);
    }
    let folder = page.folders.into_iter().find(|folder| folder.strip_suffix('/') == Some(root));
    folder.map(Some).ok_or_else(|| SourceError::NotFound(format!("{}/{root}", source.origin())))
}

/// If the root itself could not be listed, that is the answer.
fn root_failed(root: Option<&str>, walk: &mut Walk) -> Result<(), SourceError> {
    let failed = walk.problems.iter().position(|problem| Some(problem.prefix.as_str()) == root);
    match failed {
        Some(at) => Err(walk.problems.swap_remove(at).error),
        None => Ok(()),
    }
}

struct Frontier<'a> {
    walk: Walk,
    pending: Vec<String>,
    wanted: &'a Wanted,
}

impl Frontier<'_> {
    async fn run(&mut self, source: &dyn Source) {
        let mut lists = FuturesUnordered::new();
        loop {
            while lists.len() < LISTS_AT_ONCE_MAX
                && let Some(prefix) = self.pending.pop()
            {
                lists.push(list(source, prefix));
            }
            let Some((prefix, listed)) = lists.next().await else { return };
            match listed {
                Ok(contents) => self.sort_out(&prefix, contents),
                Err(error) => self.walk.problems.push(Problem { prefix, error }),
            }
        }
    }

    /// Decides what becomes of a folder that was listed.
    fn sort_out(&mut self, prefix: &str, contents: Contents) {
        if contents.is_long {
            self.loose(prefix, Depth::Tree);
            return;
        }
        if contents.has_objects {
            self.loose(prefix, Depth::Folder);
        }
        for folder in &contents.folders {
            self.enter(folder);
        }
    }

    /// Decides what becomes of a folder that was seen.
    fn enter(&mut self, folder: &str) {
        let spot = layout::spot(folder);
        if !spot.account.as_deref().is_none_or(|account| self.wanted.has_account(account))
            || !spot.region.as_deref().is_none_or(|region| self.wanted.has_region(region))
        {
            self.walk.skipped.unwanted += 1;
            return;
        }
        match spot.level {
            Level::Outside | Level::Logs | Level::Organization | Level::Account | Level::Family => {
                self.pending.push(folder.to_owned());
            }
            Level::Region | Level::Year | Level::Month | Level::Day => match area(folder, spot) {
                Some(area) => self.walk.areas.push(area),
                None => self.loose(folder, Depth::Tree),
            },
            Level::Service => {
                *self.walk.skipped.services.entry(service(folder).to_owned()).or_default() += 1;
            }
            Level::Odd => self.loose(folder, Depth::Tree),
        }
    }

    fn loose(&mut self, prefix: &str, depth: Depth) {
        self.walk.loose.push(Branch { prefix: prefix.to_owned(), depth });
    }
}

async fn list(source: &dyn Source, prefix: String) -> (String, Result<Contents, SourceError>) {
    let until = if layout::spot(&prefix).level == Level::Outside { Until::PlainFiles } else { Until::End };
    let listed = contents(source, &prefix, until).await;
    (prefix, listed)
}

fn service(folder: &str) -> &str {
    let name = folder_name(folder);
    name.split('=').next().unwrap_or(name)
}

/// The area that a folder belongs to: a Region's folder, or one of its years, months or days.
pub(crate) fn area(folder: &str, spot: Spot) -> Option<Area> {
    let below = match spot.level {
        Level::Region => 0,
        Level::Year => 1,
        Level::Month => 2,
        _ => 3,
    };
    let mut prefix = folder.strip_suffix('/')?;
    for _ in 0..below {
        prefix = prefix.rsplit_once('/')?.0;
    }
    Some(Area {
        prefix: format!("{prefix}/"),
        from: folder.to_owned(),
        organization: spot.organization,
        account: spot.account?,
        family: spot.family?,
        region: spot.region?,
    })
}
