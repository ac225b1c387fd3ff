//! `expand`: names between percent signs that stand for values of the user's own.

use std::collections::BTreeMap;

use super::error::SigmaError;
use crate::limits::EXPANDED_VALUES_MAX;
use crate::yaml;

/// Values for placeholders, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placeholders {
    values: BTreeMap<String, Vec<String>>,
}

impl Placeholders {
    /// Reads a YAML (or JSON) map from names to values or lists of them.
    pub fn read(text: &str) -> Result<Placeholders, SigmaError> {
        let mut values = BTreeMap::new();
        for document in yaml::documents(text)? {
            for member in document.members() {
                let of_name = member.value.each().iter().map(|node| {
                    node.scalar().ok_or_else(|| {
                        let what = format!("the placeholder `{}` must be a text or a list of texts", member.key);
                        SigmaError::new(node.line, what, "write `name: [value, value]`")
                    })
                });
                values.insert(member.key.clone(), of_name.collect::<Result<_, _>>()?);
            }
        }
        Ok(Placeholders { values })
    }

    /// All values that a text with placeholders stands for.
    pub(crate) fn expand(&self, text: &str, line: usize) -> Result<Vec<String>, SigmaError> {
        let mut done = vec![String::new()];
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once('%') {
            let Some((name, after)) = after.split_once('%') else { break };
            rest = after;
            let values = self.values.get(name).ok_or_else(|| {
                let hint = "give a file with `--placeholders FILE` in which that name has a list of values";
                SigmaError::new(line, format!("the placeholder `%{name}%` has no values"), hint)
            })?;
            if done.len().saturating_mul(values.len()) > EXPANDED_VALUES_MAX {
                let what = format!("`{text}` stands for more than {EXPANDED_VALUES_MAX} values");
                return Err(SigmaError::new(line, what, "shorten the lists of its placeholders"));
            }
            done = done.iter().flat_map(|before| values.iter().map(move |value| format!("{before}{plain}{value}"))).collect();
        }
        Ok(done.into_iter().map(|before| before + rest).collect())
    }
}
