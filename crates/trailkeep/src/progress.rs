//! How far something is that takes its time: drawn on a terminal, a line every ten seconds into a log, JSON lines for programs.
//! All on standard error.

mod drawing;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use collect::collector::{Progress, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lake::{Observer, Phase, Stage};
use serde_json::json;

use crate::{figures, output, outside};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Manner {
    /// Drawn on a terminal, else a line every 10 s.
    Auto,
    /// A JSON object a line, stages of the work included.
    Json,
    /// Not at all.
    None,
}

/// Time between two lines in a log.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Time between two troubles that are told.
const TROUBLE_EVERY: Duration = Duration::from_secs(60);
/// Time between two JSON lines.
const JSON_EVERY: Duration = Duration::from_millis(500);

/// Shows progress.
pub struct Reporter {
    show: Show,
    begun: Instant,
    told: Mutex<Option<Instant>>,
    /// When the last trouble was told, and how many were not told since.
    troubled: Mutex<(Option<Instant>, u64)>,
}

/// Something whose progress is shown.
pub trait Telling {
    /// The lines below the title, on a terminal.
    fn lines(&self, elapsed_s: f64) -> String;

    /// Everything in one line, for a log.
    fn line(&self, elapsed_s: f64) -> String;

    /// What a program reads.
    fn json(&self) -> serde_json::Map<String, serde_json::Value>;
}

enum Show {
    Drawn { bar: ProgressBar, title: String },
    Lines,
    Json,
    Nothing,
}

impl Reporter {
    /// Shows the progress of something with this title.
    pub fn new(manner: Manner, title: &str) -> Reporter {
        let show = match manner {
            Manner::None => Show::Nothing,
            Manner::Json => Show::Json,
            Manner::Auto if output::notes_are_read() => drawn(title),
            Manner::Auto => Show::Lines,
        };
        Reporter { show, begun: outside::stopwatch(), told: Mutex::new(None), troubled: Mutex::default() }
    }

    /// Ends the drawing, so that the summary has the terminal for itself.
    pub fn finish(&self) {
        if let Show::Drawn { bar, .. } = &self.show {
            bar.finish_and_clear();
        }
    }

    /// Says something without tearing the drawing apart.
    pub fn note(&self, text: &str) {
        match &self.show {
            Show::Drawn { bar, .. } => bar.suspend(|| output::note(text)),
            Show::Json => output::note(json!({ "event": "note", "text": text }).to_string()),
            Show::Lines | Show::Nothing => output::note(text),
        }
    }

    /// Shows how far something is that is not a collection.
    pub fn step(&self, title: &str, what: &str, done: u64, expected: u64) {
        let text = || format!("{title}: {} of ~{} {what}", figures::count(done), figures::count(expected));
        match &self.show {
            Show::Drawn { bar, .. } => bar.set_message(text()),
            Show::Lines if self.is_time(LINE_EVERY) => output::note(text()),
            Show::Lines | Show::Json | Show::Nothing => {}
        }
    }

    /// Shows how far something is that counts one kind of thing, of a total if that is known.
    pub fn counted(&self, what: &'static str, done: u64, total: Option<u64>) {
        self.tell(&Counted { what, done, total });
    }

    /// Shows how far something is.
    pub fn tell(&self, telling: &dyn Telling) {
        let elapsed_s = self.begun.elapsed().as_secs_f64();
        match &self.show {
            Show::Nothing => {}
            Show::Lines if !self.is_time(LINE_EVERY) => {}
            Show::Lines => output::note(telling.line(elapsed_s)),
            Show::Json if !self.is_time(JSON_EVERY) => {}
            Show::Json => output::note(as_json(telling, elapsed_s)),
            Show::Drawn { bar, title } => bar.set_message(format!("{title}\n{}", telling.lines(elapsed_s))),
        }
    }

    /// Whether this much time has passed since the last line; the next one is counted from now.
    fn is_time(&self, every: Duration) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = outside::stopwatch();
        let is_time = now.duration_since(told.unwrap_or(self.begun)) >= every;
        if is_time {
            *told = Some(now);
        }
        is_time
    }
}

// What ends early, by an error, leaves no half-drawn line behind.
impl Drop for Reporter {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Watch for Reporter {
    fn progress(&self, progress: &Progress) {
        self.tell(&Collecting { progress, now_us: outside::now().timestamp_micros() });
    }

    /// The first one at once, then one a minute.
    fn trouble(&self, place: &str, reason: &str) {
        let mut troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        let now = outside::stopwatch();
        if troubled.0.is_some_and(|last| now.duration_since(last) < TROUBLE_EVERY) {
            troubled.1 += 1;
            return;
        }
        let others = std::mem::take(&mut troubled.1);
        troubled.0 = Some(now);
        let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
        self.note(&format!(
            "could not be read now, and is tried again: {} · {}{more}",
            output::clean(place),
            output::clean(reason)
        ));
    }
}

impl Observer for Reporter {
    fn stage(&self, stage: Stage, phase: Phase) {
        if let Show::Json = self.show {
            let phase = match phase {
                Phase::Begin => "begin",
                Phase::End => "end",
            };
            output::note(json!({ "event": "stage", "stage": stage.name(), "phase": phase }).to_string());
        }
    }
}

fn drawn(title: &str) -> Show {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar.set_message(title.to_owned());
    bar.tick();
    Show::Drawn { bar, title: title.to_owned() }
}

fn as_json(telling: &dyn Telling, elapsed_s: f64) -> String {
    let mut value = json!({ "event": "progress", "elapsed_s": (elapsed_s * 1000.0).round() / 1000.0 });
    if let Some(map) = value.as_object_mut() {
        map.extend(telling.json());
    }
    value.to_string()
}

/// A collection.
struct Collecting<'a> {
    progress: &'a Progress,
    now_us: i64,
}

impl Telling for Collecting<'_> {
    fn lines(&self, elapsed_s: f64) -> String {
        drawing::lines(self.progress, elapsed_s, self.now_us)
    }

    fn line(&self, elapsed_s: f64) -> String {
        drawing::line(self.progress, elapsed_s)
    }

    fn json(&self) -> serde_json::Map<String, serde_json::Value> {
        let progress = self.progress;
        let latest: serde_json::Map<String, serde_json::Value> =
            progress.latest_us.iter().map(|(region, us)| (region.clone(), figures::iso(*us).into())).collect();
        let told = [
            ("found", progress.found.into()),
            ("done", progress.done.into()),
            ("stored", progress.stored.into()),
            ("duplicate", progress.duplicate.into()),
            ("flawed", progress.flawed.into()),
            ("content_bytes", progress.content_bytes.into()),
            ("day", progress.day.clone().into()),
            ("latest", latest.into()),
        ];
        told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Things of one kind.
struct Counted {
    what: &'static str,
    done: u64,
    total: Option<u64>,
}

impl Telling for Counted {
    fn lines(&self, elapsed_s: f64) -> String {
        format!("  {}", self.line(elapsed_s))
    }

    fn line(&self, elapsed_s: f64) -> String {
        drawing::counted(self.what, self.done, self.total, elapsed_s)
    }

    fn json(&self) -> serde_json::Map<String, serde_json::Value> {
        let told = [("what", self.what.into()), ("done", self.done.into()), ("total", self.total.into())];
        told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
