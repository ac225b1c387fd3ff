//! MITRE ATT&CK tags in both numberings: that of version 18, and that of version 19, which moved "impair defenses" (T1562) to T1685 and
//! split the tactic "defense evasion" in two. A rule may carry either; a finding carries both.

use serde::{Deserialize, Serialize};

/// What a rule's tags say of ATT&CK.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attack {
    /// Tactics as the rule names them.
    pub tactics: Vec<String>,
    /// Techniques by the numbers of ATT&CK 18 and before.
    pub v18: Vec<String>,
    /// Techniques by the numbers of ATT&CK 19.
    pub v19: Vec<String>,
}

/// Techniques whose number changed: (18, 19). Where several became one, the first is meant on the way back.
const MOVED: [(&str, &str); 2] = [("T1562.008", "T1685.002"), ("T1562.001", "T1685")];

/// Reads a rule's tags.
pub fn attack(tags: &[String]) -> Attack {
    let mut attack = Attack::default();
    for tag in tags {
        let Some(name) = tag.to_lowercase().strip_prefix("attack.").map(str::to_owned) else { continue };
        if !is_technique(&name) {
            push(&mut attack.tactics, name.replace('_', "-"));
            continue;
        }
        let number = name.to_uppercase();
        let old = MOVED.iter().find(|(_, new)| *new == number).map_or(number.as_str(), |(old, _)| old);
        let new = MOVED.iter().find(|(old, _)| *old == number).map_or(number.as_str(), |(_, new)| new);
        push(&mut attack.v18, old.to_owned());
        push(&mut attack.v19, new.to_owned());
    }
    attack
}

/// `t1562` or `t1562.008`.
fn is_technique(name: &str) -> bool {
    name.strip_prefix('t')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

fn push(list: &mut Vec<String>, value: String) {
    if !list.contains(&value) {
        list.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_numbering_gives_both() {
        for tag in ["attack.t1562.008", "attack.T1685.002"] {
            let attack = attack(&[tag.to_owned(), "attack.defense-impairment".to_owned(), "cve.2024-1".to_owned()]);
            assert_eq!((attack.v18, attack.v19), (vec!["T1562.008".to_owned()], vec!["T1685.002".to_owned()]));
            assert_eq!(attack.tactics, ["defense-impairment"]);
        }
        assert_eq!(attack(&["attack.t1078.004".to_owned()]).v19, ["T1078.004"]);
        assert_eq!(attack(&["attack.discovery".to_owned()]).tactics, ["discovery"]);
    }
}
