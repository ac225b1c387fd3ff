//! Where a test looks: a path into a record, and how it is read.

use std::fmt;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The member of an object with exactly this key (upper and lower case count). Of duplicate keys the first one counts.
    Key(String),
    /// The element of a list at this position, from zero.
    Index(usize),
    /// Every element of a list, or every member of an object: it is enough that one of them passes.
    Each,
}

/// How a path deals with lists, with documents, and with keys that hold dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// As Sigma wants it. *Lists*: a list stands for its elements, at every step and at the end; it is enough that one of them
    /// passes. *Documents*: an object has a text, which is its JSON without blanks between its parts; text in which quotes are
    /// escaped (a document inside a string) is also tried without the backslashes. *Keys*: if there is no key `a`, then `a.b` is
    /// tried as one key.
    Loose,
    /// As CloudWatch wants it. A list is entered by [`Step::Index`] and [`Step::Each`] alone. A list or object at the end is
    /// there ([`Check::Exists`](crate::Check::Exists)) but has no text and no number. A key is exactly one member.
    Strict,
}

/// A path from the record, or inside [`Expr::Element`](crate::Expr::Element) from the element, to the values that are tested.
///
/// A path reaches any number of *values*: none if something on the way is missing, several where lists are on the way. The
/// empty path reaches the record (the element) itself, and its text is the whole JSON text, whatever the reading.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// The steps, outermost first.
    pub steps: Vec<Step>,
    /// How they are taken.
    pub reading: Reading,
}

impl Path {
    /// The record itself.
    pub fn record() -> Path {
        Path { steps: Vec::new(), reading: Reading::Loose }
    }

    /// A field name with dots, as Sigma writes it: `userIdentity.sessionContext.sessionIssuer.arn`.
    pub fn loose(dotted: &str) -> Path {
        Path { steps: dotted.split('.').map(|key| Step::Key(key.to_owned())).collect(), reading: Reading::Loose }
    }

    /// Keys with dots between them, each exactly one member.
    pub fn strict(dotted: &str) -> Path {
        Path { reading: Reading::Strict, ..Path::loose(dotted) }
    }

    /// Steps that are read strictly.
    pub fn of_steps(steps: Vec<Step>) -> Path {
        Path { steps, reading: Reading::Strict }
    }

    /// The path with dots between its keys, if it has only keys.
    pub fn dotted(&self) -> Option<String> {
        let keys = self.steps.iter().map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None });
        Some(keys.collect::<Option<Vec<&str>>>()?.join("."))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            match step {
                Step::Key(key) => write!(f, "{dot}{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Each => f.write_str("[*]")?,
            }
        }
        if self.steps.is_empty() { f.write_str("(whole record)") } else { Ok(()) }
    }
}
