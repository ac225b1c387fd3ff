//! How far a collection is: drawn on a terminal, a line every ten seconds into a log, JSON lines for programs. All on standard
//! error.

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
/// Time between two JSON lines.
const JSON_EVERY: Duration = Duration::from_millis(500);

/// Shows progress.
pub struct Reporter {
    show: Show,
    begun: Instant,
    told: Mutex<Option<Instant>>,
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
        Reporter { show, begun: outside::stopwatch(), told: Mutex::new(None) }
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

impl Watch for Reporter {
    fn progress(&self, progress: &Progress) {
        let elapsed_s = self.begun.elapsed().as_secs_f64();
        match &self.show {
            Show::Nothing => {}
            Show::Lines if !self.is_time(LINE_EVERY) => {}
            Show::Lines => output::note(drawing::line(progress, elapsed_s)),
            Show::Json if !self.is_time(JSON_EVERY) => {}
            Show::Json => output::note(as_json(progress, elapsed_s)),
            Show::Drawn { bar, title } => {
                let now_us = outside::now().timestamp_micros();
                bar.set_message(format!("{title}\n{}", drawing::lines(progress, elapsed_s, now_us)));
            }
        }
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

fn as_json(progress: &Progress, elapsed_s: f64) -> String {
    let latest: serde_json::Map<String, serde_json::Value> =
        progress.latest_us.iter().map(|(region, us)| (region.clone(), figures::iso(*us).into())).collect();
    let value = json!({
        "event": "progress",
        "elapsed_s": (elapsed_s * 1000.0).round() / 1000.0,
        "found": progress.found,
        "done": progress.done,
        "stored": progress.stored,
        "duplicate": progress.duplicate,
        "flawed": progress.flawed,
        "content_bytes": progress.content_bytes,
        "day": progress.day,
        "latest": latest,
    });
    value.to_string()
}
