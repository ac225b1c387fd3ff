//! Paths into JSON: `$.a.b[0]['c']`, `$.a[*].b`, `$..key`.

use super::json;

/// One step.
#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(i64),
    All,
    AnyDepth,
}

/// A path.
#[derive(Debug, PartialEq)]
pub struct Path {
    steps: Vec<Step>,
}

/// Most steps of a path.
const STEPS_MAX: usize = 100;

impl Path {
    /// Reads a path.
    pub fn read(text: &str) -> Result<Path, String> {
        let wrong = || format!("`{text}` is no JSON path such as $.a.b[0]");
        let bare = text.trim();
        let bare = bare.strip_prefix("lax ").or_else(|| bare.strip_prefix("strict ")).unwrap_or(bare).trim_start();
        let mut rest = bare.strip_prefix('$').ok_or_else(wrong)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if steps.len() >= STEPS_MAX {
                return Err(format!("the path has more than {STEPS_MAX} steps"));
            }
            rest = step(rest, &mut steps).ok_or_else(wrong)?;
        }
        Ok(Path { steps })
    }

    /// Whether it can have only one answer.
    pub fn is_definite(&self) -> bool {
        !self.steps.iter().any(|step| matches!(step, Step::All | Step::AnyDepth))
    }

    /// The values at the path.
    pub fn find<'a>(&self, document: &'a str) -> Vec<&'a str> {
        let mut found = vec![document.trim()];
        for step in &self.steps {
            found = found.into_iter().flat_map(|value| one_step(step, value)).collect();
        }
        found
    }
}

fn one_step<'a>(step: &Step, value: &'a str) -> Vec<&'a str> {
    match step {
        Step::Key(key) => json::exact_member(value, key).into_iter().collect(),
        Step::Index(index) => {
            let all = json::elements(value).unwrap_or_default();
            let index = if *index < 0 { index + all.len() as i64 } else { *index };
            usize::try_from(index).ok().and_then(|index| all.get(index).copied()).into_iter().collect()
        }
        Step::All => json::children(value),
        Step::AnyDepth => json::descendants(value),
    }
}

fn step<'a>(rest: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    if let Some(after) = rest.strip_prefix("..") {
        steps.push(Step::AnyDepth);
        return if after.starts_with('[') { step(after, steps) } else { name(after, steps) };
    }
    if let Some(after) = rest.strip_prefix('.') {
        return name(after, steps);
    }
    let inside = rest.strip_prefix('[')?.trim_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = inside.strip_prefix(quote) {
            let (key, after) = quoted.split_once(quote)?;
            steps.push(Step::Key(key.to_owned()));
            return after.trim_start().strip_prefix(']');
        }
    }
    let (index, after) = inside.split_once(']')?;
    steps.push(match index.trim() {
        "*" => Step::All,
        number => Step::Index(number.parse().ok()?),
    });
    Some(after)
}

fn name<'a>(rest: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    if let Some(quoted) = rest.strip_prefix('"') {
        let (key, after) = quoted.split_once('"')?;
        steps.push(Step::Key(key.to_owned()));
        return Some(after);
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (key, after) = rest.split_at(end);
    match key {
        "" => None,
        "*" => {
            steps.push(Step::All);
            Some(after)
        }
        key => {
            steps.push(Step::Key(key.to_owned()));
            Some(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let document = r#"{"a":{"b":[{"c":1},{"c":2}],"x:y":"z"},"d.e":3}"#;
        let cases: [(&str, &[&str]); 9] = [
            ("$", &[document]),
            ("$.a.b[1].c", &["2"]),
            ("$.a.b[-1].c", &["2"]),
            ("$.a.b[*].c", &["1", "2"]),
            ("$['d.e']", &["3"]),
            ("$.a.x:y", &["\"z\""]),
            ("lax $.a.\"x:y\"", &["\"z\""]),
            ("$..c", &["1", "2"]),
            ("$.nothing.here", &[]),
        ];
        for (path, found) in cases {
            assert_eq!(Path::read(path).unwrap().find(document), found, "{path}");
        }
        for wrong in ["", "a", "$.", "$[", "$[x]", "$.a..", "$['a"] {
            assert!(Path::read(wrong).is_err(), "{wrong}");
        }
    }
}
