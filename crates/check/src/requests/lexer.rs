//! Just enough of a shell to find the words of commands: quotes, comments, continued lines, here-documents, plain variables.
//! Nothing is run: `$(...)` stays as it is written.

use std::collections::BTreeMap;

use crate::limits::{COMMANDS_MAX, FILE_BYTES_MAX, WORDS_MAX};

/// A command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its words, unquoted.
    pub words: Vec<String>,
    /// Whether a new line, and nothing else, ended it.
    pub ends_with_line: bool,
}

/// What was found in a script.
#[derive(Debug, Default)]
pub struct Script {
    /// Its commands.
    pub commands: Vec<Command>,
    /// Files that it writes with here-documents.
    pub files: BTreeMap<String, String>,
    /// A quotation mark that is never closed: its line.
    pub open_quote: Option<usize>,
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    line: usize,
    command: Command,
    /// The word that is being put together; `None` between words.
    word: Option<String>,
    /// Whether the next word is the file of a redirection, and whether into it.
    redirect: Option<bool>,
    written_file: Option<String>,
    /// Here-documents whose text begins on the next line: the word that ends them.
    pending: Vec<String>,
    variables: BTreeMap<String, String>,
    words: usize,
    /// Characters that variables stood for.
    expanded: usize,
    script: Script,
}

/// Reads a script.
pub fn read(text: &str) -> Script {
    let mut lexer = Lexer {
        chars: text.chars().collect(),
        at: 0,
        line: 1,
        command: Command::default(),
        word: None,
        redirect: None,
        written_file: None,
        pending: Vec::new(),
        variables: BTreeMap::new(),
        words: 0,
        expanded: 0,
        script: Script::default(),
    };
    while lexer.words < WORDS_MAX && lexer.script.commands.len() < COMMANDS_MAX {
        let Some(next) = lexer.next() else { break };
        lexer.take(next);
    }
    lexer.end_command(true);
    lexer.script
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        self.line += usize::from(next == '\n');
        Some(next)
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn take(&mut self, next: char) {
        match next {
            '\\' => match self.next() {
                Some('\n') | None => {}
                Some(other) => self.push(other),
            },
            '\'' => self.single(),
            '"' => self.double(),
            '$' => self.dollar(),
            '`' => self.until('`'),
            '#' if self.word.is_none() => self.comment(),
            '\n' => self.end_line(),
            ' ' | '\t' | '\r' => self.end_word(),
            ';' | '|' | '&' => self.end_command(false),
            '(' | ')' => self.end_command(false),
            '<' if self.peek() == Some('<') => self.here_document(),
            '<' | '>' => self.redirection(next),
            other => self.push(other),
        }
    }

    fn comment(&mut self) {
        while self.peek().is_some_and(|next| next != '\n') {
            self.at += 1;
        }
    }

    fn single(&mut self) {
        let begin = self.line;
        self.word.get_or_insert_default();
        loop {
            match self.next() {
                Some('\'') => return,
                Some(other) => self.push(other),
                None => return self.script.open_quote = Some(begin),
            }
        }
    }

    fn double(&mut self) {
        let begin = self.line;
        self.word.get_or_insert_default();
        loop {
            match self.next() {
                Some('"') => return,
                Some('\\') => match self.next() {
                    Some('\n') | None => {}
                    Some(escaped @ ('"' | '\\' | '$' | '`')) => self.push(escaped),
                    Some(other) => {
                        self.push('\\');
                        self.push(other);
                    }
                },
                Some('$') => self.dollar(),
                Some(other) => self.push(other),
                None => return self.script.open_quote = Some(begin),
            }
        }
    }

    fn until(&mut self, end: char) {
        self.push(end);
        while let Some(next) = self.next() {
            self.push(next);
            if next == end {
                return;
            }
        }
    }

    /// `$NAME`, `${NAME}`, `${NAME:-default}`, `$(...)`, or a dollar sign.
    fn dollar(&mut self) {
        match self.peek() {
            Some('(') => self.substitution(),
            Some('{') => self.braced(),
            Some(next) if next.is_ascii_alphabetic() || next == '_' => {
                let name = self.name();
                let known = self.variables.get(&name).cloned();
                self.expand(known, &format!("${name}"));
            }
            _ => self.push('$'),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(next) = self.peek().filter(|next| next.is_ascii_alphanumeric() || *next == '_') {
            name.push(next);
            self.at += 1;
        }
        name
    }

    fn braced(&mut self) {
        self.at += 1;
        let name = self.name();
        let mut rest = String::new();
        while let Some(next) = self.next() {
            if next == '}' {
                break;
            }
            rest.push(next);
        }
        let default = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-')).map(str::to_owned);
        let known = self.variables.get(&name).cloned().or(default);
        self.expand(known, &format!("${{{name}{rest}}}"));
    }

    /// Variables that hold variables can grow without end; past a limit they stay as they are written.
    fn expand(&mut self, known: Option<String>, written: &str) {
        let text = known.filter(|text| self.expanded + text.len() <= FILE_BYTES_MAX as usize);
        self.expanded += text.as_ref().map_or(0, String::len);
        self.word.get_or_insert_default().push_str(text.as_deref().unwrap_or(written));
    }

    /// As it is written, to the parenthesis that closes it.
    fn substitution(&mut self) {
        self.push('$');
        let mut open = 0usize;
        while let Some(next) = self.next() {
            self.push(next);
            match next {
                '(' => open += 1,
                ')' if open <= 1 => return,
                ')' => open -= 1,
                _ => {}
            }
        }
    }

    fn redirection(&mut self, sign: char) {
        // `2>` names a stream, not a word.
        if self.word.as_deref().is_some_and(|word| word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_digit())) {
            self.word = None;
        }
        self.end_word();
        while matches!(self.peek(), Some('>' | '&')) {
            self.at += 1;
        }
        self.redirect = Some(sign == '>');
    }

    fn here_document(&mut self) {
        self.end_word();
        self.at += 1;
        if self.peek() == Some('<') {
            self.at += 1;
            self.redirect = Some(false);
            return;
        }
        if self.peek() == Some('-') {
            self.at += 1;
        }
        while self.peek() == Some(' ') {
            self.at += 1;
        }
        let mut end = String::new();
        while let Some(next) = self.peek().filter(|next| !next.is_whitespace() && !";|&<>".contains(*next)) {
            self.at += 1;
            if !"'\"\\".contains(next) {
                end.push(next);
            }
        }
        self.pending.push(end);
    }

    fn end_line(&mut self) {
        self.end_word();
        let file = self.written_file.take();
        for end in std::mem::take(&mut self.pending) {
            let text = self.here_text(&end);
            if let Some(file) = &file {
                self.script.files.insert(file.clone(), text);
            }
        }
        self.end_command(true);
    }

    fn here_text(&mut self, end: &str) -> String {
        let mut text = String::new();
        while self.peek().is_some() {
            let mut line = String::new();
            while let Some(next) = self.next().filter(|next| *next != '\n') {
                line.push(next);
            }
            if line.trim() == end {
                break;
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        self.words += 1;
        match self.redirect.take() {
            Some(true) => self.written_file = Some(word),
            Some(false) => {}
            None => {
                if self.command.words.is_empty() {
                    // A word that went over several lines began on the first of them.
                    self.command.line = self.line - word.matches('\n').count().min(self.line - 1);
                    if self.chars.get(self.at.saturating_sub(1)) == Some(&'\n') {
                        self.command.line = self.command.line.saturating_sub(1).max(1);
                    }
                }
                self.command.words.push(word);
            }
        }
    }

    fn end_command(&mut self, ends_with_line: bool) {
        self.end_word();
        let command = std::mem::take(&mut self.command);
        if command.words.is_empty() {
            return;
        }
        if !self.assign(&command.words) {
            self.script.commands.push(Command { ends_with_line, ..command });
        }
    }

    /// Keeps variables of a command that only sets some.
    fn assign(&mut self, words: &[String]) -> bool {
        let words = match words.first().map(String::as_str) {
            Some("export" | "local" | "readonly" | "declare") => words.get(1..).unwrap_or_default(),
            _ => words,
        };
        let pairs: Option<Vec<(&str, &str)>> = words.iter().map(|word| assignment(word)).collect();
        let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) else { return false };
        for (name, value) in pairs {
            self.variables.insert(name.to_owned(), value.to_owned());
        }
        true
    }
}

/// `NAME=value`.
pub fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    fits.then_some((name, value))
}
