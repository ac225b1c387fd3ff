//! The modifiers of a field: `userAgent|contains|all`.

use super::error::{SigmaError, closest};

/// What a value becomes before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Base64,
    Base64Offset,
    Utf16Le,
    Utf16Be,
    Utf16,
    Windash,
    Expand,
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Plain,
    Contains,
    StartsWith,
    EndsWith,
    Regex,
    Cidr,
    Exists,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Time(TimePart),
}

/// A part of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

/// All modifiers of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Modifiers {
    pub(crate) comparison: Comparison,
    pub(crate) changes: Vec<Change>,
    pub(crate) is_all: bool,
    pub(crate) is_cased: bool,
    pub(crate) is_negated: bool,
    pub(crate) is_field: bool,
    /// Flags of a regular expression.
    pub(crate) flags: String,
}

/// Every modifier of the specification.
const KNOWN: [&str; 36] = [
    "all",
    "startswith",
    "endswith",
    "contains",
    "exists",
    "cased",
    "neq",
    "windash",
    "re",
    "i",
    "m",
    "s",
    "ignorecase",
    "multiline",
    "dotall",
    "base64",
    "base64offset",
    "wide",
    "utf16le",
    "utf16be",
    "utf16",
    "lt",
    "lte",
    "gt",
    "gte",
    "cidr",
    "expand",
    "fieldref",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
    "equalsfield",
    "endswithfield",
];

impl Modifiers {
    /// Reads the words behind the field's name.
    pub(crate) fn read<'w>(words: impl Iterator<Item = &'w str>, line: usize) -> Result<Modifiers, SigmaError> {
        let mut modifiers = Modifiers {
            comparison: Comparison::Plain,
            changes: Vec::new(),
            is_all: false,
            is_cased: false,
            is_negated: false,
            is_field: false,
            flags: String::new(),
        };
        for word in words {
            modifiers.add(word, line)?;
        }
        modifiers.check(line)?;
        Ok(modifiers)
    }

    fn add(&mut self, word: &str, line: usize) -> Result<(), SigmaError> {
        match word {
            "all" => self.is_all = true,
            "cased" => self.is_cased = true,
            "neq" => self.is_negated = true,
            "fieldref" => self.is_field = true,
            "i" | "ignorecase" => self.flags.push('i'),
            "m" | "multiline" => self.flags.push('m'),
            "s" | "dotall" => self.flags.push('s'),
            _ => match (change(word), comparison(word)) {
                (Some(change), _) => self.changes.push(change),
                (None, Some(comparison)) if self.comparison == Comparison::Plain => self.comparison = comparison,
                (None, Some(_)) => {
                    let what = format!("the modifier `{word}` stands beside another way to compare");
                    return Err(SigmaError::new(line, what, "keep one of them; for two comparisons write two lines"));
                }
                (None, None) => return Err(unknown(word, line)),
            },
        }
        Ok(())
    }

    fn check(&self, line: usize) -> Result<(), SigmaError> {
        let is_text =
            matches!(self.comparison, Comparison::Plain | Comparison::Contains | Comparison::StartsWith | Comparison::EndsWith);
        let problem = if !self.flags.is_empty() && self.comparison != Comparison::Regex {
            Some(("`i`, `m` and `s` are flags of a regular expression", "put `re` before them"))
        } else if !is_text && self.comparison != Comparison::Regex && (self.is_cased || self.is_field) {
            Some(("`cased` and `fieldref` go with texts only", "take them away"))
        } else if self.comparison == Comparison::Regex && self.is_field {
            Some(("`fieldref` does not go with `re`", "compare with `contains`, `startswith` or `endswith`"))
        } else if !is_text && self.changes.iter().any(|change| *change != Change::Expand) {
            Some(("an encoding goes with `contains`, `startswith`, `endswith` or an exact value only", "take one of the two away"))
        } else if self.is_field && !self.changes.is_empty() {
            Some(("`fieldref` names a field, which cannot be encoded", "take the encoding away"))
        } else {
            None
        };
        problem.map_or(Ok(()), |(what, hint)| Err(SigmaError::new(line, what, hint)))
    }
}

fn change(word: &str) -> Option<Change> {
    Some(match word {
        "base64" => Change::Base64,
        "base64offset" => Change::Base64Offset,
        "wide" | "utf16le" => Change::Utf16Le,
        "utf16be" => Change::Utf16Be,
        "utf16" => Change::Utf16,
        "windash" => Change::Windash,
        "expand" => Change::Expand,
        _ => return None,
    })
}

fn comparison(word: &str) -> Option<Comparison> {
    Some(match word {
        "contains" => Comparison::Contains,
        "startswith" => Comparison::StartsWith,
        "endswith" => Comparison::EndsWith,
        "re" => Comparison::Regex,
        "cidr" => Comparison::Cidr,
        "exists" => Comparison::Exists,
        "lt" => Comparison::Less,
        "lte" => Comparison::LessOrEqual,
        "gt" => Comparison::Greater,
        "gte" => Comparison::GreaterOrEqual,
        "minute" => Comparison::Time(TimePart::Minute),
        "hour" => Comparison::Time(TimePart::Hour),
        "day" => Comparison::Time(TimePart::Day),
        "month" => Comparison::Time(TimePart::Month),
        "year" => Comparison::Time(TimePart::Year),
        _ => return None,
    })
}

fn unknown(word: &str, line: usize) -> SigmaError {
    let hint = match word {
        "week" => "compare `day` and `month` instead; weeks are counted differently from country to country".to_owned(),
        "equalsfield" | "endswithfield" => "it was an experiment; write `fieldref`, or `fieldref|endswith`".to_owned(),
        _ => match closest(word, KNOWN) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "the specification's are: contains, startswith, endswith, all, re, cased, neq, exists, cidr, lt, lte, gt, gte, base64, \
                     base64offset, wide, utf16, windash, expand, fieldref, minute, hour, day, month, year"
                .to_owned(),
        },
    };
    let what = if word == "week" { "the modifier `week` is not supported" } else { "there is no such modifier" };
    SigmaError::new(line, format!("`{word}`: {what}"), hint)
}
