//! The stages of a collector's work, and the lines with which it announces them.

use serde_json::Value;

/// A stage inside which a crash must do no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Reading deliveries from their source.
    Fetch,
    /// Writing rows.
    Rows,
    /// Writing ledger rows.
    Ledger,
    /// The commit that makes both real.
    Commit,
    /// Appending the named ledger files to the ledger's own log.
    LedgerCommit,
    /// Rewriting files.
    Compact,
    /// Bringing an older home up to date.
    Upgrade,
    /// Removing expired days.
    Retain,
}

/// All of them.
pub const STAGES: [Stage; 8] =
    [Stage::Fetch, Stage::Rows, Stage::Ledger, Stage::Commit, Stage::LedgerCommit, Stage::Compact, Stage::Upgrade, Stage::Retain];

impl Stage {
    /// Its name in the progress lines.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Fetch => "fetch",
            Stage::Rows => "rows",
            Stage::Ledger => "ledger",
            Stage::Commit => "commit",
            Stage::LedgerCommit => "ledger-commit",
            Stage::Compact => "compact",
            Stage::Upgrade => "upgrade",
            Stage::Retain => "retain",
        }
    }
}

/// `{"event":"stage","stage":"commit","phase":"begin"}`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageLine {
    /// Which stage.
    pub stage: Stage,
    /// Whether it begins; else it ends.
    pub begins: bool,
}

impl StageLine {
    /// Reads a progress line; anything else is `None`.
    pub fn parse(line: &str) -> Option<StageLine> {
        let value: Value = serde_json::from_str(line).ok()?;
        if value["event"] != "stage" {
            return None;
        }
        let stage = STAGES.into_iter().find(|stage| value["stage"] == stage.name())?;
        match value["phase"].as_str()? {
            "begin" => Some(StageLine { stage, begins: true }),
            "end" => Some(StageLine { stage, begins: false }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_lines_are_read_and_others_are_not() {
        let cases = [
            (r#"{"event":"stage","stage":"commit","phase":"begin"}"#, Some((Stage::Commit, true))),
            (r#"{"event":"stage","stage":"ledger-commit","phase":"end","ms":3}"#, Some((Stage::LedgerCommit, false))),
            (r#"{"event":"progress","files":3}"#, None),
            (r#"{"event":"stage","stage":"lunch","phase":"begin"}"#, None),
            ("warning: something", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(StageLine::parse(line).map(|line| (line.stage, line.begins)), expected, "{line}");
        }
    }
}
