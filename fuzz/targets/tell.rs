//! What `--tell` and a file of targets say: read, or refused with a hint. Secrets are never shown, whatever else is wrong.
#![no_main]

use finding::Severity;
use libfuzzer_sys::fuzz_target;
use tell::{Target, TellError};

/// Stands in every variable, and nowhere in the input.
const SECRET: &str = "https://hooks.example.com/b7k9q2x5";
const SECRET_PART: &str = "b7k9q2x5";

fuzz_target!(|text: &str| {
    if text.contains(SECRET_PART) {
        return;
    }
    let variable = |_: &str| Some(SECRET.to_owned());
    // `slack=@FILE` and `url_file` would read files of this machine.
    if text.contains('@') || text.contains("_file") {
        return;
    }
    judge(tell::from_flag(text, Severity::Low, &variable).map(|target| vec![target]));
    judge(tell::from_text(text, "targets.toml", &variable));
});

fn judge(read: Result<Vec<Target>, TellError>) {
    let told = match read {
        Ok(targets) => {
            assert!(!targets.is_empty() && targets.len() <= tell::limits::TARGETS_MAX);
            targets.iter().map(|target| format!("{} {}", target.name, target.kind.place())).collect()
        }
        Err(error) => error.to_string(),
    };
    assert!(!told.contains(SECRET_PART), "{told}");
}
