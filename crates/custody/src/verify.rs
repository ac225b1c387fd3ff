//! The whole proof of a home: its seal, its files, its rows, and AWS's digests over them.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lake::{KeysSource, Lake, LakeError};
use prove::report::{Counts, FINDINGS_MAX, Finding, Judgment, KeysFrom, Kind, Level, Report, Totals};
use prove::store::{Store, anchored};
use prove::strict::{KeySource, KeysFound, Options, Progress, Stores};
use seal::PublicKeys;
use serde::{Deserialize, Serialize};

use crate::check::{HomeChecked, Trust, check, finding};
use crate::{keys, rows, store};

/// What was found in a home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeReport {
    /// What was checked of the home itself.
    pub home: HomeChecked,
    /// The judgment over the home and over what each source delivered, from rows and evidence alone.
    #[serde(flatten)]
    pub report: Report,
}

/// Keys that a home keeps, and those that the caller brings.
#[derive(Clone, Debug)]
struct Keys {
    found: KeysFound,
}

impl KeySource for Keys {
    fn keys(&self, _: &str, _: DateTime<Utc>, _: DateTime<Utc>) -> Result<KeysFound, String> {
        Ok(self.found.clone())
    }
}

/// Proves a home. `brought` are public keys from elsewhere, with the words for where they came from; `temporary` is a folder for a
/// file that grows with the number of deliveries.
pub async fn verify(
    lake: Arc<Lake>,
    brought: Vec<(String, PublicKeys)>,
    trust: &Trust,
    options: &Options,
    now: DateTime<Utc>,
    temporary: &Path,
    progress: Arc<dyn Progress>,
) -> Result<HomeReport, LakeError> {
    let mut objects = check(&lake, trust).await?;
    let index = rows::pass(&lake, &mut objects, temporary).await?;
    let (home, mut findings) = (objects.checked, objects.findings);
    let found = known_keys(&lake, brought, &mut findings).await?;
    let stores = store::open(&lake, index, found.keys.clone());
    let keys: Arc<dyn KeySource> = Arc::new(Keys { found });
    let mut sources = Vec::new();
    for store in stores {
        sources.push(judge(store, Arc::clone(&keys), options.clone(), now, Arc::clone(&progress)).await?);
    }
    let report = combine(sources, findings, &lake.home().name, options, now);
    Ok(HomeReport { home, report })
}

/// The report over a home that was sealed and cannot even be opened.
pub fn unopened(name: &str, error: &LakeError, options: &Options, now: DateTime<Utc>) -> HomeReport {
    let path = match error {
        LakeError::Damaged { path, .. } => path.as_str(),
        LakeError::NoHome(_) | LakeError::NewerFormat { .. } => "config/format/",
        _ => "_delta_log/",
    };
    let message = format!("the home was sealed here and cannot be opened any longer: {error}");
    let hint = Some("restore it from a copy of the home, or collect from the source again");
    let found = finding(Level::Violation, Kind::HomeAltered, path, &message, hint);
    HomeReport { home: HomeChecked::default(), report: combine(Vec::new(), vec![found], name, options, now) }
}

/// Adds what was found beside a report.
pub fn add_finding(report: &mut Report, found: Finding) {
    report.totals.count(found.level, found.kind);
    report.findings.push(found);
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    report.judgment = report.totals.judgment();
}

/// One report over all sources of a home, its own findings first.
fn combine(sources: Vec<Report>, findings: Vec<Finding>, name: &str, options: &Options, now: DateTime<Utc>) -> Report {
    let mut all = Report {
        judgment: Judgment::Proven,
        source: name.to_owned(),
        since: sources.iter().map(|report| report.since).min().flatten().or(options.since),
        until: sources.iter().map(|report| report.until).max().or(options.until).unwrap_or(now),
        verified_at: now,
        keys: Vec::new(),
        keys_are_of_aws: false,
        counts: Counts::default(),
        cells: Vec::new(),
        totals: Totals::default(),
        findings: Vec::new(),
        findings_left_out: 0,
    };
    for found in findings {
        all.totals.count(found.level, found.kind);
        if all.findings.len() < FINDINGS_MAX { all.findings.push(found) } else { all.findings_left_out += 1 }
    }
    // What was asked for need not be in every source.
    let is_anything = sources.iter().any(|report| !report.cells.is_empty());
    for report in sources {
        let report = if is_anything { without_nothing_found(report) } else { report };
        all.counts.add(&report.counts);
        all.totals.add(&report.totals);
        all.cells.extend(report.cells);
        all.keys.extend(report.keys);
        all.findings_left_out += report.findings_left_out;
        let room = FINDINGS_MAX.saturating_sub(all.findings.len());
        all.findings_left_out += report.findings.len().saturating_sub(room) as u64;
        all.findings.extend(report.findings.into_iter().take(room));
    }
    all.keys.sort();
    all.keys.dedup();
    all.keys_are_of_aws = KeysFrom::are_of_aws(&all.keys);
    if all.totals.judgment() == Judgment::Proven && all.counts.digests == 0 {
        let found = nothing_checked();
        all.totals.count(found.level, found.kind);
        all.findings.push(found);
    }
    all.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    all.judgment = all.totals.judgment();
    all
}

fn without_nothing_found(mut report: Report) -> Report {
    let told = report.totals.by_kind.remove(&Kind::NothingFound).unwrap_or_default();
    report.totals.violations = report.totals.violations.saturating_sub(told);
    report.findings.retain(|finding| finding.kind != Kind::NothingFound);
    report
}

/// A seal alone proves no log file.
fn nothing_checked() -> Finding {
    let message = "the home has no digest of the time that was asked for: its seal holds, and no log file is proven by CloudTrail's signatures";
    let hint = Some("collect digests too: they are in CloudTrail-Digest/, if log file validation is on");
    finding(Level::Unproven, Kind::NothingChecked, "evidence/digests/", message, hint)
}

async fn judge(
    store: store::HomeStore,
    keys: Arc<dyn KeySource>,
    options: Options,
    now: DateTime<Utc>,
    progress: Arc<dyn Progress>,
) -> Result<Report, LakeError> {
    let work = move || {
        let name = store.name().to_owned();
        match anchored(Box::new(store)) {
            Ok(found) => {
                let stores = Stores { main: Arc::from(found.store), mapped: Default::default() };
                Ok(prove::strict::verify(&stores, keys.as_ref(), &options, now, progress.as_ref()))
            }
            Err(error) => Err(LakeError::Damaged { path: name, reason: error.to_string() }),
        }
    };
    tokio::task::spawn_blocking(work).await?
}

/// All keys, and where they came from. A kept answer that is no list of keys any longer is told, and passed over.
async fn known_keys(lake: &Lake, brought: Vec<(String, PublicKeys)>, findings: &mut Vec<Finding>) -> Result<KeysFound, LakeError> {
    let mut known = PublicKeys::default();
    let mut awss = PublicKeys::default();
    let (mut kept_from, mut origins) = (Vec::new(), Vec::new());
    match keys::kept(lake).await {
        Ok(all) => {
            known.extend(all.keys());
            for (path, error) in &all.damaged {
                findings.push(finding(Level::Violation, Kind::HomeAltered, path, &error.to_string(), None));
            }
            for kept in all.answers {
                let region = kept.region.map(|region| format!(" {region}")).unwrap_or_default();
                kept_from.push(format!("{}{region}", kept.source));
                if kept.source == KeysSource::Aws {
                    awss.extend(kept.keys);
                }
            }
        }
        Err(error) => findings.push(finding(Level::Violation, Kind::HomeAltered, "evidence/keys/", &error.to_string(), None)),
    }
    for (origin, read) in brought {
        known.extend(read);
        origins.push(origin);
    }
    let is_of_aws = !known.is_empty() && known.iter().all(|key| awss.iter().any(|of_aws| of_aws.is_same(key)));
    Ok(KeysFound { keys: known, origin: origin(kept_from, origins), is_complete: false, is_of_aws })
}

/// `the home, which has them from AWS us-east-1; file keys.json`.
fn origin(mut kept_from: Vec<String>, mut brought: Vec<String>) -> String {
    for all in [&mut kept_from, &mut brought] {
        all.sort();
        all.dedup();
    }
    let kept = (!kept_from.is_empty()).then(|| format!("the home, which has them from {}", kept_from.join(" and ")));
    let all: Vec<String> = kept.into_iter().chain(brought).collect();
    if all.is_empty() { "nowhere".to_owned() } else { all.join("; ") }
}
