//! Documents and shell scripts of others: whatever they hold, they are judged or said to be unreadable, within limits.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let report = check::check("fuzz", text, &|_| None);
    assert!(report.findings.len() <= check::limits::FINDINGS_MAX);
    check::markdown(&[report]);
});
