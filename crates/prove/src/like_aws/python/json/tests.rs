//! As Python reads documents.

use super::*;

fn told(text: &str) -> String {
    match loads(text.as_bytes()) {
        Ok(value) => format!("{value:?}"),
        Err(JsonError::Invalid) => "invalid".to_owned(),
        Err(JsonError::TooDeep(text)) => text.to_owned(),
    }
}

/// `document | value`: what Python 3.11 makes of it.
const CASES: &str = r#"
null | None
 [ 1 , -2.5e3, "x" ] | List([Int("1"), Float(-2500.0), Str("x")])
{"a":{},"b":[],"a":[true,false]} | Dict([("a", Dict([])), ("b", List([])), ("a", List([Bool(true), Bool(false)]))])
"\u00e9\ud83d\ude00\n\/" | Str("é😀\n/")
"\ud800x" | Str("�x")
"\ud800\u0041" | Str("�A")
[NaN,Infinity,-Infinity,1e999] | List([Float(NaN), Float(inf), Float(-inf), Float(inf)])
-0 | Int("0")
123456789012345678901234567890 | Int("123456789012345678901234567890")
01 | invalid
-01 | invalid
1. | invalid
.5 | invalid
+1 | invalid
1e | invalid
- | invalid
nul | invalid
[1,] | invalid
[1 2] | invalid
[,] | invalid
{"a":1,} | invalid
{"a"} | invalid
{1:2} | invalid
{"a" 1} | invalid
{} {} | invalid
[ | invalid
"x | invalid
"\x" | invalid
"\u12g4" | invalid
'x' | invalid
"#;

#[test]
fn as_python_reads() {
    for line in CASES.lines().filter(|line| !line.is_empty()) {
        let (text, told_by_python) = line.split_once(" | ").unwrap();
        assert_eq!(told(text), told_by_python, "{text}");
    }
    for bytes in [b"".as_slice(), b"\"\x01\"", b"\xef\xbb\xbf{}", b"\"\xff\"", b"\x0c1", b"{\0}"] {
        assert_eq!(loads(bytes), Err(JsonError::Invalid), "{bytes:?}");
    }
    assert!(matches!(loads("9".repeat(4300).as_bytes()), Ok(Value::Int(_))));
    assert_eq!(loads("9".repeat(4301).as_bytes()), Err(JsonError::Invalid));
}

#[test]
fn as_deep_as_python() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(loads(nested(DEPTH_MAX).as_bytes()).is_ok());
    assert!(told(&nested(DEPTH_MAX + 1)).contains("a JSON array"));
    assert!(told(&"{\"a\":".repeat(1_000_000)).contains("a JSON object"));
}

#[test]
fn the_last_of_two_keys_counts() {
    let value = loads(br#"{"a":1,"b":2,"a":3}"#).unwrap();
    assert_eq!(value.get("a"), Some(&Value::Int("3".to_owned())));
    assert_eq!(value.get("c"), None);
}
