//! Progress as text.

use collect::collector::Progress;

use crate::figures;
use crate::output::clean;

/// Width of the bar.
const BAR_CHARS: u64 = 16;
/// Regions whose lag is shown.
const REGIONS_MAX: usize = 4;

/// The lines below the title.
pub fn lines(progress: &Progress, elapsed_s: f64, now_us: i64) -> String {
    let mut text = format!("  files   {}\n  events  {}", files(progress, elapsed_s), events(progress));
    if let Some(day) = &progress.day {
        text.push_str(&format!("\n  day     {}", clean(day)));
    }
    if !progress.latest_us.is_empty() {
        text.push_str(&format!("\n  lag     {}", lags(progress, now_us)));
    }
    text
}

/// Everything in one line.
pub fn line(progress: &Progress, elapsed_s: f64) -> String {
    let day = progress.day.as_deref().map(|day| format!(" · day {}", clean(day))).unwrap_or_default();
    format!("files {} · events {}{day}", files(progress, elapsed_s), events(progress))
}

fn files(progress: &Progress, elapsed_s: f64) -> String {
    let size = figures::size(progress.content_bytes);
    let pace = figures::size((progress.content_bytes as f64 / elapsed_s.max(0.001)) as u64);
    let done = figures::count(progress.done);
    if progress.found <= progress.done {
        return format!("{done}  {size}  {pace}/s");
    }
    let (bar, eta) = (bar(progress.done, progress.found), eta(progress.done, progress.found, elapsed_s));
    format!("{done} / ~{}  {bar}  {size}  {pace}/s{eta}", figures::count(progress.found))
}

/// One count of things, of a total if that is known.
pub fn counted(what: &str, done: u64, total: Option<u64>, elapsed_s: f64) -> String {
    let count = figures::count(done);
    match total.filter(|total| *total > done) {
        Some(total) => {
            format!("{what}  {count} / {}  {}{}", figures::count(total), bar(done, total), eta(done, total, elapsed_s))
        }
        None => format!("{what}  {count}  {}/s", figures::count((done as f64 / elapsed_s.max(0.001)) as u64)),
    }
}

/// `[######----------] 37 %`
fn bar(done: u64, total: u64) -> String {
    let percent = done.saturating_mul(100) / total.max(1);
    let full = done.saturating_mul(BAR_CHARS) / total.max(1);
    let bar: String = (0..BAR_CHARS).map(|at| if at < full { '#' } else { '-' }).collect();
    format!("[{bar}] {percent} %")
}

/// `  ETA 0:42`, as soon as something is done.
fn eta(done: u64, total: u64, elapsed_s: f64) -> String {
    let left_s = elapsed_s * total.saturating_sub(done) as f64 / done.max(1) as f64;
    if done == 0 { String::new() } else { format!("  ETA {}", clock(left_s)) }
}

fn events(progress: &Progress) -> String {
    format!(
        "{} new   duplicates {}   bad records {}",
        figures::count(progress.stored),
        figures::count(progress.duplicate),
        figures::count(progress.flawed)
    )
}

fn lags(progress: &Progress, now_us: i64) -> String {
    let mut regions: Vec<(&String, &i64)> = progress.latest_us.iter().collect();
    regions.sort_by_key(|(_, latest)| std::cmp::Reverse(**latest));
    let shown: Vec<String> = regions
        .iter()
        .take(REGIONS_MAX)
        .map(|(region, latest)| format!("{} {}", clean(region), figures::ago(now_us.saturating_sub(**latest) / 1_000_000)))
        .collect();
    let more = regions.len().saturating_sub(REGIONS_MAX);
    let rest = if more > 0 { format!(" - and {}", figures::counted(more as u64, "more Region")) } else { String::new() };
    format!("{}{rest}", shown.join(" - "))
}

/// `0:42`, `1:02:03`.
fn clock(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    if s < 3_600 { format!("{}:{:02}", s / 60, s % 60) } else { format!("{}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_half_way() {
        let progress = Progress {
            found: 12_100,
            done: 8_214,
            stored: 412_306,
            duplicate: 1_024,
            content_bytes: 412_000_000,
            day: Some("2026-09-01".to_owned()),
            latest_us: [("us-east-1".to_owned(), 640_000_000), ("eu-west-1".to_owned(), 580_000_000)].into(),
            ..Progress::default()
        };
        assert_eq!(
            lines(&progress, 10.8, 1_000_000_000),
            "  files   8,214 / ~12,100  [##########------] 67 %  412 MB  38 MB/s  ETA 0:05
  events  412,306 new   duplicates 1,024   bad records 0
  day     2026-09-01
  lag     us-east-1 6 min - eu-west-1 7 min"
        );
        let unknown = Progress { found: 3, done: 3, ..Progress::default() };
        assert_eq!(line(&unknown, 1.0), "files 3  0 B  0 B/s · events 0 new   duplicates 0   bad records 0");
        assert_eq!(clock(3_723.0), "1:02:03");
        assert_eq!(counted("events", 1_000, Some(4_000), 10.0), "events  1,000 / 4,000  [####------------] 25 %  ETA 0:30");
        assert_eq!(counted("files", 1_000, None, 2.0), "files  1,000  500/s");
    }
}
