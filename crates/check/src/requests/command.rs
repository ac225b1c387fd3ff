//! AWS CLI commands among the words of a script.

use super::lexer::{Command, assignment};

/// A command of the AWS CLI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aws {
    /// `cloudtrail`.
    pub service: String,
    /// `put-event-selectors`.
    pub operation: String,
    /// Names without dashes, with the words that follow each.
    pub options: Vec<(String, Vec<String>)>,
    /// The line on which it begins.
    pub line: usize,
}

/// What may stand before a command.
const BEFORE: [&str; 14] =
    ["then", "do", "else", "if", "while", "!", "{", "time", "exec", "sudo", "env", "nohup", "command", "eval"];
/// How the AWS CLI is called.
const AWS: [&str; 5] = ["aws", "$AWS", "${AWS}", "$aws", "awslocal"];
/// Options of the CLI itself that take a value and may stand before the service.
const GLOBAL: [&str; 10] = [
    "--region",
    "--profile",
    "--output",
    "--endpoint-url",
    "--color",
    "--ca-bundle",
    "--query",
    "--cli-read-timeout",
    "--cli-connect-timeout",
    "--cli-binary-format",
];

/// The commands of the AWS CLI. A command that breaks off where an option begins, with its line and nothing else, goes on with the
/// next line: examples lose their backslashes. The lines of those that did are given too.
pub fn commands(commands: &[Command]) -> (Vec<Aws>, Vec<usize>) {
    let (mut found, mut broken) = (Vec::new(), Vec::new());
    let mut rest = commands.iter().peekable();
    while let Some(command) = rest.next() {
        let Some(words) = aws_words(&command.words) else { continue };
        let (mut words, mut ends_with_line) = (words.to_vec(), command.ends_with_line);
        while let Some(next) = rest.next_if(|next| ends_with_line && goes_on(&words, &next.words)) {
            broken.push(next.line);
            words.extend(next.words.iter().cloned());
            ends_with_line = next.ends_with_line;
        }
        found.extend(parse(&words, command.line));
    }
    (found, broken)
}

/// Whether the words of the next line can only belong to this command.
fn goes_on(words: &[String], next: &[String]) -> bool {
    let Some(first) = next.first() else { return false };
    let is_option = first.starts_with("--") && first.len() > 2;
    let is_value = first.trim_start().starts_with(['[', '{']) && first.len() > 1;
    is_option || is_value && words.last().is_some_and(|last| last.starts_with("--"))
}

/// The words after `aws`, if that is what is called.
fn aws_words(words: &[String]) -> Option<&[String]> {
    let called = |word: &String| AWS.contains(&word.as_str()) || word.ends_with("/aws");
    let at = words.iter().position(called)?;
    let before = words.get(..at)?;
    let fine = before.iter().all(|word| BEFORE.contains(&word.as_str()) || assignment(word).is_some());
    if fine { words.get(at + 1..) } else { None }
}

fn parse(words: &[String], line: usize) -> Option<Aws> {
    let mut rest = words.iter().peekable();
    let mut names = Vec::new();
    while names.len() < 2 {
        let word = rest.next()?;
        if word.starts_with("--") {
            if GLOBAL.contains(&word.as_str()) {
                rest.next();
            }
        } else {
            names.push(word.clone());
        }
    }
    let mut options: Vec<(String, Vec<String>)> = Vec::new();
    for word in rest {
        match word.strip_prefix("--").filter(|name| !name.is_empty()) {
            Some(name) => {
                let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value.to_owned())));
                options.push((name.to_owned(), value.into_iter().collect()));
            }
            None => {
                if let Some((_, values)) = options.last_mut() {
                    values.push(word.clone());
                }
            }
        }
    }
    let mut names = names.into_iter();
    Some(Aws { service: names.next()?, operation: names.next()?, options, line })
}
