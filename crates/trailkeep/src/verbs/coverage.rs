//! What the lake holds of a period, for people: without it, "nothing was found" means nothing.

use investigate::model::{Coverage, Vouched};

use crate::figures;
use crate::output::{Screen, clean};

/// Gaps that are shown.
const GAPS_SHOWN_MAX: usize = 5;
/// Accounts that are named.
const ACCOUNTS_SHOWN_MAX: usize = 8;
/// Verdicts that are well.
const GOOD: [&str; 2] = ["verified", "valid"];
/// Verdicts that say nothing yet.
const OPEN: [&str; 2] = ["pending", "unknown"];

/// The section.
pub fn section(coverage: &Coverage, screen: Screen) -> Vec<String> {
    let day =
        |time: Option<i64>| time.map(figures::iso).and_then(|iso| iso.get(..16).map(|t| t.replace('T', " "))).unwrap_or_default();
    let mut lines = vec![screen.bold("COVERAGE OF THE PERIOD")];
    lines.push(format!(
        "held      {} of {} in {}, {} to {}",
        figures::counted(coverage.events, "event"),
        figures::counted(coverage.accounts, "account"),
        figures::counted(coverage.regions, "Region"),
        day(coverage.times.first_us),
        day(coverage.times.last_us)
    ));
    let mut accounts: Vec<(&str, Vec<&str>)> = Vec::new();
    for area in &coverage.areas {
        match accounts.last_mut().filter(|(account, _)| *account == area.account) {
            Some((_, regions)) => regions.push(&area.region),
            None => accounts.push((&area.account, vec![&area.region])),
        }
    }
    for (account, regions) in accounts.iter().take(ACCOUNTS_SHOWN_MAX) {
        let account = if account.is_empty() { "no account" } else { account };
        lines.push(clean(&format!("          {account}: {}", regions.join(", "))));
    }
    let hidden = accounts.len().saturating_sub(ACCOUNTS_SHOWN_MAX);
    if hidden > 0 {
        lines.push(format!("          … and {}", figures::counted(hidden as u64, "more account")));
    }
    lines.push(format!("data      {}", families(coverage)));
    lines.push(format!("gaps      {}", gaps(coverage)));
    lines.push(format!("vouched   {}", clean(&vouched(&coverage.vouched))));
    if coverage.missing > 0 {
        lines.push(format!("missing   {} that a digest names", figures::counted(coverage.missing, "log file")));
    }
    if coverage.refused > 0 {
        lines.push(format!("refused   {} could not be read; `trailkeep status`", figures::counted(coverage.refused, "log file")));
    }
    lines
}

/// What must be known before anything is concluded.
pub fn warnings(coverage: &Coverage) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut bad: Vec<String> = coverage
        .vouched
        .iter()
        .filter(|vouched| !GOOD.contains(&vouched.verdict.as_str()) && !OPEN.contains(&vouched.verdict.as_str()))
        .map(|vouched| format!("{} {}", figures::counted(vouched.files, "log file"), vouched.verdict))
        .collect();
    if coverage.missing > 0 {
        bad.push(format!("{} missing", figures::counted(coverage.missing, "log file")));
    }
    if !bad.is_empty() {
        warnings.push(format!("integrity: {}", bad.join(", ")));
    }
    if coverage.data_events == 0 {
        warnings.push("no data events in this period: who read or wrote objects cannot be seen".to_owned());
    }
    if !coverage.gaps.is_empty() {
        warnings.push(format!("{} in the logs of this period", figures::counted(coverage.gaps.len() as u64, "gap")));
    }
    warnings
}

fn families(coverage: &Coverage) -> String {
    let data = match coverage.data_events {
        0 => "no data events".to_owned(),
        events => figures::counted(events, "data event"),
    };
    let network = match coverage.network_events {
        0 => "no network activity events".to_owned(),
        events => figures::counted(events, "network activity event"),
    };
    format!("{data}, {network}")
}

fn gaps(coverage: &Coverage) -> String {
    if coverage.gaps.is_empty() {
        return "no day without events between an account's and Region's first and last".to_owned();
    }
    let shown = coverage.gaps.iter().take(GAPS_SHOWN_MAX);
    let shown = shown.map(|gap| clean(&format!("{} {} {} to {}", gap.account, gap.region, gap.from, gap.to)));
    let hidden = coverage.gaps.len().saturating_sub(GAPS_SHOWN_MAX);
    let more = if hidden > 0 { format!("; and {hidden} more") } else { String::new() };
    format!("{}{more}", shown.collect::<Vec<_>>().join("; "))
}

fn vouched(vouched: &[Vouched]) -> String {
    if vouched.is_empty() {
        return "no log files".to_owned();
    }
    let total: u64 = vouched.iter().map(|vouched| vouched.files).sum();
    let good: u64 = vouched.iter().filter(|vouched| GOOD.contains(&vouched.verdict.as_str())).map(|vouched| vouched.files).sum();
    let others: Vec<String> = vouched
        .iter()
        .filter(|vouched| !GOOD.contains(&vouched.verdict.as_str()))
        .map(|vouched| format!("{} {}", figures::count(vouched.files), vouched.verdict))
        .collect();
    let others = if others.is_empty() { String::new() } else { format!("; {}", others.join(", ")) };
    format!("{} of {} by AWS's digests{others}", figures::count(good), figures::counted(total, "log file"))
}
