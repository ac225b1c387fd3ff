//! Names of the files in a bundle: readable, and never a path. What the input calls itself only decides how a name begins; a
//! part of a hash makes it that file's own.

use std::collections::HashMap;

/// Longest beginning that is taken over from outside, in bytes.
const STEM_MAX: usize = 120;
/// Digits of the hash in a name.
const HASH_DIGITS: usize = 8;

/// How often each name was asked for.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashMap<String, u32>,
}

impl Names {
    /// `folder/stem-hash`, to which an ending like `.json` is put.
    pub(super) fn make(&mut self, folder: &str, source: &str, hash: &[u8; 32]) -> String {
        let digits = hex::encode(hash);
        let short = digits.get(..HASH_DIGITS).unwrap_or(&digits);
        let name = format!("{folder}/{}-{short}", stem(source));
        // Compared as file systems do that do not tell upper from lower case.
        let count = self.taken.entry(name.to_ascii_lowercase()).or_default();
        *count += 1;
        // INVARIANT: no other name ends like this, as eight digits end all others.
        if *count == 1 { name } else { format!("{name}-{count}") }
    }
}

/// What a key or an ID calls itself, as far as it can stand in a file name.
fn stem(source: &str) -> String {
    let last = source.rsplit(['/', '\\']).next().unwrap_or_default();
    let last = [".gz", ".json"].iter().fold(last, |name, ending| name.strip_suffix(ending).unwrap_or(name));
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let stem: String = last.chars().take(STEM_MAX).map(letter).collect();
    match stem.trim_start_matches('-') {
        "" => "unnamed".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names() {
        let mut names = Names::default();
        let cases = [
            (
                "AWSLogs/1/CloudTrail/1_CloudTrail_us-east-1_20261122T0700Z_aB3.json.gz",
                "logs/1_CloudTrail_us-east-1_20261122T0700Z_aB3-07070707",
            ),
            ("../../etc/passwd", "logs/passwd-07070707"),
            ("a/..", "logs/__-07070707"),
            ("..\\..\\boot.ini", "logs/boot_ini-07070707"),
            ("", "logs/unnamed-07070707"),
            ("x/", "logs/unnamed-07070707-2"),
            ("-rf", "logs/rf-07070707"),
            ("a\n\u{202e}b\t$(id)`;'\"", "logs/a__b___id_____-07070707"),
            ("CASE", "logs/CASE-07070707"),
            ("case", "logs/case-07070707-2"),
        ];
        for (source, name) in cases {
            assert_eq!(names.make("logs", source, &[7; 32]), name, "{source:?}");
        }
        assert_eq!(names.make("logs", &"y".repeat(5000), &[7; 32]).len(), "logs/".len() + STEM_MAX + 1 + HASH_DIGITS);
    }
}
