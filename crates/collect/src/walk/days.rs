//! Day after day, newest first, over all areas at once.
//!
//! A heap holds what is known: an area, a year, a month or a day, each with the latest day that it can hold. Whatever
//! stands on top is opened, or is a day to collect. So nothing older than needed is ever listed.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use chrono::{Datelike, NaiveDate};
use futures::StreamExt;

use super::{Area, Branch, Contents, Depth, LISTS_AT_ONCE_MAX, Problem, Until, Walk, Wanted, contents, folder_name};
use crate::source::{Listed, Page, Source, SourceError};
use layout::{self, Level};

/// What was delivered on one day, over all areas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayWork {
    /// The day of delivery; `None` for what the layout gives no day.
    pub day: Option<NaiveDate>,
    /// Folders to list.
    pub branches: Vec<Branch>,
    /// Objects that are known already.
    pub objects: Vec<Listed>,
}

/// The days of a walk. Ask with [`Days::next`].
pub struct Days<'a> {
    source: &'a dyn Source,
    walk: &'a Walk,
    wanted: Wanted,
    heap: BinaryHeap<Node>,
    undated: Option<DayWork>,
    problems: Vec<Problem>,
}

/// A period of an area that is not opened yet, or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    /// The latest day that it can hold.
    last: NaiveDate,
    level: Level,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Area(usize),
    Loose(usize),
}

impl Ord for Node {
    /// Latest first; of the same day, what may still hold that day before the day itself; then in listing order.
    fn cmp(&self, other: &Node) -> Ordering {
        self.last.cmp(&other.last).then(other.level.cmp(&self.level)).then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Node) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'a> Days<'a> {
    pub(super) fn new(walk: &'a Walk, source: &'a dyn Source, wanted: &Wanted) -> Days<'a> {
        let mut undated = DayWork { day: None, branches: Vec::new(), objects: walk.single.iter().cloned().collect() };
        let mut heap = BinaryHeap::new();
        for (at, area) in walk.areas.iter().enumerate() {
            heap.extend(beginning(area, at).filter(|node| is_wanted(node, wanted)));
        }
        for (at, branch) in walk.loose.iter().enumerate() {
            match layout::trailing_day(&branch.prefix) {
                Some(day) if wanted.has_days(day, day) => {
                    heap.push(Node { last: day, level: Level::Day, place: Place::Loose(at) });
                }
                Some(_) => {}
                None => undated.branches.push(branch.clone()),
            }
        }
        Days { source, walk, wanted: wanted.clone(), heap, undated: Some(undated), problems: Vec::new() }
    }

    /// The newest day that was not given yet; at the very end, what has no day.
    pub async fn next(&mut self) -> Option<DayWork> {
        while let Some(top) = self.heap.peek().copied() {
            if top.level == Level::Day {
                return Some(self.day(top.last));
            }
            let batch = self.batch(top.last);
            self.open(batch).await;
        }
        self.undated.take().filter(|work| !work.branches.is_empty() || !work.objects.is_empty())
    }

    /// Folders that could not be listed so far; each is told once.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// Everything on the heap that is this day. Nothing that could hold this day is unopened any more.
    fn day(&mut self, day: NaiveDate) -> DayWork {
        let mut work = DayWork { day: Some(day), branches: Vec::new(), objects: Vec::new() };
        while let Some(node) = pop_if(&mut self.heap, |node| node.last == day && node.level == Level::Day) {
            work.branches.extend(match node.place {
                Place::Loose(at) => self.walk.loose.get(at).cloned(),
                Place::Area(_) => self.prefix(node).map(|prefix| Branch { prefix, depth: Depth::Tree }),
            });
        }
        work
    }

    /// What is to be opened next, all of the same last day.
    fn batch(&mut self, last: NaiveDate) -> Vec<Node> {
        let mut batch = Vec::new();
        while let Some(node) = pop_if(&mut self.heap, |node| node.last == last && node.level != Level::Day) {
            batch.push(node);
        }
        batch
    }

    async fn open(&mut self, batch: Vec<Node>) {
        let source = self.source;
        let asked: Vec<(Node, String)> = batch.into_iter().filter_map(|node| Some((node, self.prefix(node)?))).collect();
        let mut lists = futures::stream::iter(asked).map(|(node, prefix)| list(source, node, prefix)).buffered(LISTS_AT_ONCE_MAX);
        let mut answers = Vec::new();
        while let Some(answer) = lists.next().await {
            answers.push(answer);
        }
        for (node, prefix, listed) in answers {
            match listed {
                Ok(contents) => self.sort_out(node, &prefix, contents),
                Err(error) => self.problems.push(Problem { prefix, error }),
            }
        }
    }

    /// Puts a period's parts on the heap; what is no part of the layout goes to the end.
    fn sort_out(&mut self, node: Node, prefix: &str, contents: Contents) {
        if contents.has_objects {
            self.put_off(prefix, Depth::Folder);
        }
        for folder in contents.folders {
            match part(node, folder_name(&folder)) {
                Some(part) if is_wanted(&part, &self.wanted) => self.heap.push(part),
                Some(_) => {}
                None => self.put_off(&folder, Depth::Tree),
            }
        }
    }

    fn put_off(&mut self, prefix: &str, depth: Depth) {
        if let Some(undated) = &mut self.undated {
            undated.branches.push(Branch { prefix: prefix.to_owned(), depth });
        }
    }

    fn prefix(&self, node: Node) -> Option<String> {
        let Place::Area(at) = node.place else { return None };
        let area = &self.walk.areas.get(at)?.prefix;
        Some(match node.level {
            Level::Year => format!("{area}{}/", node.last.format("%Y")),
            Level::Month => format!("{area}{}/", node.last.format("%Y/%m")),
            Level::Day => format!("{area}{}/", node.last.format("%Y/%m/%d")),
            _ => area.clone(),
        })
    }
}

fn pop_if(heap: &mut BinaryHeap<Node>, fits: impl Fn(&Node) -> bool) -> Option<Node> {
    let is_fit = heap.peek().is_some_and(fits);
    is_fit.then(|| heap.pop()).flatten()
}

async fn list(source: &dyn Source, node: Node, prefix: String) -> (Node, String, Result<Contents, SourceError>) {
    let listed = contents(source, &prefix, Until::End).await;
    (node, prefix, listed)
}

/// Where an area's listing begins.
fn beginning(area: &Area, at: usize) -> impl Iterator<Item = Node> {
    let spot = layout::spot(&area.from);
    let place = Place::Area(at);
    let last = match (spot.level, spot.year, spot.month) {
        (Level::Year, Some(year), _) => last_of_year(year),
        (Level::Month, Some(year), Some(month)) => last_of_month(year, month),
        (Level::Day, _, _) => spot.day,
        _ => Some(NaiveDate::MAX),
    };
    last.map(|last| Node { last, level: spot.level, place }).into_iter()
}

/// A year of an area, a month of a year, a day of a month; `None` for names that are none.
fn part(node: Node, name: &str) -> Option<Node> {
    let (year, month) = (node.last.year(), node.last.month());
    let (level, last) = match node.level {
        Level::Region => (Level::Year, last_of_year(layout::number(name, 4)?.try_into().ok()?)?),
        Level::Year => (Level::Month, last_of_month(year, layout::number(name, 2)?)?),
        Level::Month => (Level::Day, NaiveDate::from_ymd_opt(year, month, layout::number(name, 2)?)?),
        _ => return None,
    };
    Some(Node { last, level, ..node })
}

fn is_wanted(node: &Node, wanted: &Wanted) -> bool {
    let (year, month) = (node.last.year(), node.last.month());
    let first = match node.level {
        Level::Day => Some(node.last),
        Level::Month => NaiveDate::from_ymd_opt(year, month, 1),
        Level::Year => NaiveDate::from_ymd_opt(year, 1, 1),
        _ => None,
    };
    wanted.has_days(first.unwrap_or(NaiveDate::MIN), node.last)
}

fn last_of_year(year: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, 12, 31)
}

fn last_of_month(year: i32, month: u32) -> Option<NaiveDate> {
    let next = if month == 12 {
        NaiveDate::from_ymd_opt(year.checked_add(1)?, 1, 1)
    } else {
        NaiveDate::from_ymd_opt(year, month.checked_add(1)?, 1)
    };
    NaiveDate::from_ymd_opt(year, month, 1)?;
    next?.pred_opt()
}

impl DayWork {
    /// Lists this day's objects, page by page.
    pub fn listing<'a>(&self, source: &'a dyn Source) -> Listing<'a> {
        let branches = self.branches.iter().rev();
        let pending = branches.map(|branch| Pending { branch: branch.clone(), after: None }).collect();
        Listing { source, pending, known: self.objects.clone() }
    }
}

/// The objects of one day's branches, a page at a time.
pub struct Listing<'a> {
    source: &'a dyn Source,
    /// What is left to list, the next one last.
    pending: Vec<Pending>,
    known: Vec<Listed>,
}

struct Pending {
    branch: Branch,
    after: Option<String>,
}

impl<'a> Listing<'a> {
    /// Lists one branch.
    pub fn of(source: &'a dyn Source, branch: Branch) -> Listing<'a> {
        Listing { source, pending: vec![Pending { branch, after: None }], known: Vec::new() }
    }

    /// The next objects, never none of them; a folder that cannot be listed is told and left. `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Vec<Listed>, Problem>> {
        if !self.known.is_empty() {
            return Some(Ok(std::mem::take(&mut self.known)));
        }
        while let Some(Pending { branch, after }) = self.pending.pop() {
            match self.source.list(&branch.prefix, after.as_deref()).await {
                Err(error) => return Some(Err(Problem { prefix: branch.prefix, error })),
                Ok(page) => {
                    let objects = self.note(branch, page);
                    if !objects.is_empty() {
                        return Some(Ok(objects));
                    }
                }
            }
        }
        None
    }

    /// Remembers what a page leaves to list: its folders, and first of all the next page.
    fn note(&mut self, branch: Branch, page: Page) -> Vec<Listed> {
        if branch.depth == Depth::Tree {
            let folders = page.folders.into_iter().rev();
            let below = folders.map(|prefix| Branch { prefix, depth: Depth::Tree });
            self.pending.extend(below.map(|branch| Pending { branch, after: None }));
        }
        if page.next.is_some() {
            self.pending.push(Pending { branch, after: page.next });
        }
        page.objects
    }
}
