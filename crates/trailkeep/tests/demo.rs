//! `demo` as somebody new runs it, and then every command that it says to try next.

use testbed::Program;

use crate::asked::EXE;

/// What `demo` has to have said.
const STORY: [&str; 12] = [
    "✓ made",
    "✓ collected",
    "0 refused",
    "✓ vouched",
    "none altered, none missing",
    "✓ checked",
    "every sum is the generator's",
    "Five questions",
    "both were found",
    "it still holds what was delivered",
    "everything in",
    "What to try next",
];

/// How the commands to try next end: the bucket was tampered with, so that one must say so.
fn wanted_code(command: &str) -> i32 {
    if command.contains("--public-keys") { 4 } else { 0 }
}

#[test]
fn demo_tells_its_story_and_what_it_says_to_try_works() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("it's kept");
    let program = Program::new(EXE).with("TRAILKEEP_SEAL_KEY", folder.path().join("seal-key.pem").display().to_string());
    let shown = program.run(&["demo", "--keep", &kept.display().to_string()]).expect_code(0).stdout;
    eprintln!("{shown}");
    for part in STORY {
        assert!(shown.contains(part), "`{part}` is missing in:\n{shown}");
    }
    let commands: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("  trailkeep ")).collect();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands.into_iter().filter(|command| !command.contains("s3://")) {
        let words = split(command);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        program.run(&words).expect_code(wanted_code(command));
    }
}

/// The words of a command line as a shell takes them: blanks divide, quotes hold together, `'\''` is a quote.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, ' ') => words.push(std::mem::take(&mut word)),
            (None, '"' | '\'') => quote = Some(character),
            (None, '\\') => word.extend(characters.next()),
            (Some(open), character) if open == character => quote = None,
            (_, character) => word.push(character),
        }
    }
    words.push(word);
    words
}
