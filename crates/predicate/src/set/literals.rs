//! Literals: many rules share an event's name. Those of them that also need some text at a path - a bucket's name, a part of an ARN - are told
//! apart by one search for all these texts at once, and only those whose text was found are looked at.
//!
//! What is found is more than what holds, never less: a literal is a part of a pattern, searched for in lower case.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use aho_corasick::AhoCorasick;

use super::memo::Memos;
use crate::check::{Case, Check};
use crate::expr::Expr;
use crate::facts::Facts;
use crate::glob::{Glob, Piece};
use crate::path::Path;
use crate::place::Place;

/// Fewest literals at one path for which a search is made; fewer are tested one by one.
const LITERALS_MIN: usize = 4;
/// Shortest literal, in bytes; shorter ones are found everywhere.
const LITERAL_BYTES_MIN: usize = 3;
/// Most literals of which one predicate needs one.
const LITERALS_PER_PREDICATE_MAX: usize = 100;

/// Predicates, some of them behind a search.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// Those that are looked at whatever the record says.
    plain: Vec<u32>,
    searches: Vec<Search>,
}

#[derive(Debug)]
struct Search {
    /// Among all searches of the set.
    number: usize,
    place: Place,
    literals: AhoCorasick,
    /// Predicates by literal.
    of_literal: Vec<Vec<u32>>,
}

/// Which records a bucket is asked about, and so where a search for it is worth its cost.
#[derive(Clone, Copy)]
pub(super) enum Of<'p> {
    /// All of them: only flat columns are searched.
    EveryRecord,
    /// Those with a certain value at this path, which need not be searched again.
    RecordsWith(&'p Path),
}

/// Texts at a path of which a record must have one, in lower case.
type Needed<'e> = (&'e Path, Vec<String>);

impl Bucket {
    /// Of predicates with what they ask. `searches` counts the searches of all buckets.
    pub(super) fn new(predicates: &[(u32, &Expr)], of: Of<'_>, searches: &mut usize) -> Bucket {
        let mut bucket = Bucket::default();
        let mut by_path: HashMap<&Path, Vec<(u32, Vec<String>)>> = HashMap::new();
        for (number, chosen) in choose(predicates, of) {
            match chosen {
                Some((path, literals)) => by_path.entry(path).or_default().push((number, literals)),
                None => bucket.plain.push(number),
            }
        }
        for (path, members) in by_path {
            match Search::new(*searches, path, &members) {
                Some(search) => {
                    *searches += 1;
                    bucket.searches.push(search);
                }
                None => bucket.plain.extend(members.iter().map(|(number, _)| *number)),
            }
        }
        bucket
    }

    /// Hands every predicate that may hold to `each`, some of them more than once.
    pub(super) fn candidates(&self, facts: &mut Facts<'_, '_>, memos: &mut Memos, each: &mut dyn FnMut(u32)) {
        self.plain.iter().for_each(|number| each(*number));
        for search in &self.searches {
            facts.texts(&search.place, &mut |text| memos.found(search.number, text, |found| search.search(text, found), each));
        }
    }
}

impl Search {
    /// For predicates with literals at one path; `None` if these are too few or too many.
    fn new(number: usize, path: &Path, members: &[(u32, Vec<String>)]) -> Option<Search> {
        let mut of_literal: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (number, literals) in members {
            literals.iter().for_each(|literal| of_literal.entry(literal).or_default().push(*number));
        }
        if of_literal.len() < LITERALS_MIN {
            return None;
        }
        // Texts are short: looking for rare bytes first costs more than it saves.
        let literals = AhoCorasick::builder().prefilter(false).ascii_case_insensitive(true).build(of_literal.keys()).ok()?;
        Some(Search { number, place: Place::new(path), literals, of_literal: of_literal.into_values().collect() })
    }

    fn search(&self, text: &str, found: &mut Vec<u32>) {
        // Only what is beyond ASCII has to be put in lower case first.
        let text = if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) };
        for literal in self.literals.find_overlapping_iter(text.as_ref()) {
            found.extend(self.of_literal.get(literal.pattern().as_usize()).into_iter().flatten());
        }
    }
}

/// For each predicate, the literals that tell it best from the others: those that the fewest of them need.
fn choose<'e>(predicates: &[(u32, &'e Expr)], of: Of<'_>) -> Vec<(u32, Option<Needed<'e>>)> {
    let options = |expr: &'e Expr| needed(expr).into_iter().filter(|(path, _)| is_searched(path, of)).collect();
    let all: Vec<(u32, Vec<Needed<'e>>)> = predicates.iter().map(|(number, expr)| (*number, options(expr))).collect();
    let mut uses: HashMap<(&Path, &str), usize> = HashMap::new();
    for (path, literals) in all.iter().flat_map(|(_, options)| options) {
        literals.iter().for_each(|literal| *uses.entry((path, literal)).or_default() += 1);
    }
    let uses_max = |(path, literals): &Needed<'e>| {
        literals.iter().filter_map(|literal| uses.get(&(*path, literal.as_str()))).max().copied().unwrap_or_default()
    };
    let tells = |option: &&Needed<'e>| uses_max(option) == 1 || uses_max(option) <= predicates.len() / 2;
    let cost = |option: &&Needed<'e>| (uses_max(option), option.1.len());
    all.iter().map(|(number, options)| (*number, options.iter().filter(tells).min_by_key(cost).cloned())).collect()
}

/// Whether a path is worth a search.
fn is_searched(path: &Path, of: Of<'_>) -> bool {
    match of {
        Of::EveryRecord => is_flat(path),
        Of::RecordsWith(known) => path.steps != known.steps,
    }
}

/// Whether a path's values are in a column of their own.
fn is_flat(path: &Path) -> bool {
    let place = Place::new(path);
    place.column.is_some() && place.taken == place.steps.len()
}

/// What a predicate needs: each of these.
fn needed(expr: &Expr) -> Vec<Needed<'_>> {
    match expr {
        Expr::All(inner) => inner.iter().flat_map(needed).collect(),
        Expr::Any(inner) => one_of(inner).into_iter().collect(),
        Expr::Test(path, Check::Text(glob, case)) if !path.steps.is_empty() => {
            literal(glob, *case).map(|literal| (path, vec![literal])).into_iter().collect()
        }
        Expr::Not(_) | Expr::Test(..) | Expr::Element(..) => Vec::new(),
    }
}

/// What is needed if one of several is enough, and all of them look at one path.
fn one_of(exprs: &[Expr]) -> Option<Needed<'_>> {
    let mut joined: Option<Needed<'_>> = None;
    for expr in exprs {
        let (path, mut literals) = needed(expr).into_iter().next()?;
        match &mut joined {
            None => joined = Some((path, literals)),
            Some((first, all)) if *first == path && all.len() < LITERALS_PER_PREDICATE_MAX => all.append(&mut literals),
            Some(_) => return None,
        }
    }
    joined
}

/// The longest text of a pattern, in lower case, if it is surely found in the lower case of every text that fits.
fn literal(glob: &Glob, case: Case) -> Option<String> {
    let texts = glob.pieces().iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None });
    let longest = texts.max_by_key(|text| text.len()).filter(|text| text.len() >= LITERAL_BYTES_MIN)?;
    // A document in a string is read without the backslashes before its quotes; and what some letters become in lower case depends on
    // those beside them.
    let is_safe = !longest.contains('"') && (case == Case::Ignored || longest.is_ascii());
    is_safe.then(|| longest.to_lowercase())
}
