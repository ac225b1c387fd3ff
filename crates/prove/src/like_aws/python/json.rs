//! Python's `json.loads`: takes NaN, infinities, numbers of any length and lone surrogates, and the last of keys that are there twice.
//!
//! Without recursion; nested as deep as Python goes before it gives up, and no deeper.

use super::value::Value;

/// How deep arrays and objects may be nested; Python 3.11 below the AWS CLI raises at the next one.
pub const DEPTH_MAX: usize = 982;
/// Most values of one document: those of a digest of 64 MB stay far below.
pub const VALUES_MAX: usize = 8_000_000;
/// Longest whole number that Python reads.
const INT_DIGITS_MAX: usize = 4300;

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// It is no JSON (`ValueError`).
    Invalid,
    /// It is nested too deep (`RecursionError`); what Python says.
    TooDeep(&'static str),
}

/// Reads a document.
pub fn loads(bytes: &[u8]) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonError::Invalid)?;
    let mut reader = Reader { text, at: 0, open: Vec::new(), values: 0 };
    let value = reader.document()?;
    reader.blanks();
    if reader.at == text.len() { Ok(value) } else { Err(JsonError::Invalid) }
}

/// An array or object that has not ended.
enum Open {
    List(Vec<Value>),
    Dict(Vec<(String, Value)>, String),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Open>,
    values: usize,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Value, JsonError> {
        loop {
            self.blanks();
            let Some(mut value) = self.begin()? else { continue };
            // A whole value is there: it may be the last one of what is around it, and so on.
            loop {
                match self.close(value)? {
                    Closed::Document(document) => return Ok(document),
                    Closed::Around(around) => value = around,
                    Closed::More => break,
                }
            }
        }
    }

    /// A value that is whole at once, or `None` where an array or object has begun and its first value comes next.
    fn begin(&mut self) -> Result<Option<Value>, JsonError> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(JsonError::Invalid);
        }
        match self.peek() {
            Some(b'[') => self.begin_list(),
            Some(b'{') => self.begin_dict(),
            Some(b'"') => self.string().map(|text| Some(Value::Str(text))),
            _ => self.word().map(Some),
        }
    }

    fn begin_list(&mut self) -> Result<Option<Value>, JsonError> {
        if self.open.len() == DEPTH_MAX {
            return Err(JsonError::TooDeep("maximum recursion depth exceeded while decoding a JSON array from a unicode string"));
        }
        self.at += 1;
        self.blanks();
        if self.take(b']') {
            return Ok(Some(Value::List(Vec::new())));
        }
        self.open.push(Open::List(Vec::new()));
        Ok(None)
    }

    fn begin_dict(&mut self) -> Result<Option<Value>, JsonError> {
        if self.open.len() == DEPTH_MAX {
            return Err(JsonError::TooDeep("maximum recursion depth exceeded while decoding a JSON object from a unicode string"));
        }
        self.at += 1;
        self.blanks();
        if self.take(b'}') {
            return Ok(Some(Value::Dict(Vec::new())));
        }
        let name = self.name()?;
        self.open.push(Open::Dict(Vec::new(), name));
        Ok(None)
    }

    /// Puts a value into what is around it, and looks whether that ends.
    fn close(&mut self, value: Value) -> Result<Closed, JsonError> {
        let Some(around) = self.open.pop() else { return Ok(Closed::Document(value)) };
        self.blanks();
        match around {
            Open::List(mut values) => {
                values.push(value);
                if self.take(b']') {
                    return Ok(Closed::Around(Value::List(values)));
                }
                self.expect(b',')?;
                self.open.push(Open::List(values));
            }
            Open::Dict(mut pairs, name) => {
                pairs.push((name, value));
                if self.take(b'}') {
                    return Ok(Closed::Around(Value::Dict(pairs)));
                }
                self.expect(b',')?;
                self.blanks();
                let name = self.name()?;
                self.open.push(Open::Dict(pairs, name));
            }
        }
        Ok(Closed::More)
    }

    /// A key and its colon.
    fn name(&mut self) -> Result<String, JsonError> {
        let name = self.string()?;
        self.blanks();
        self.expect(b':')?;
        Ok(name)
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.expect(b'"')?;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let end = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').ok_or(JsonError::Invalid)?;
            text.push_str(rest.get(..end).unwrap_or_default());
            self.at += end;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                _ => return Err(JsonError::Invalid),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let letter = self.peek().ok_or(JsonError::Invalid)?;
        self.at += 1;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(JsonError::Invalid),
        })
    }

    /// A code unit, or two that belong together. Rust has no lone surrogates: they become U+FFFD, and such a text equals no other.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let unit = self.four_digits()?;
        if (0xd800..0xdc00).contains(&unit) && self.rest().starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.four_digits()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(JsonError::Invalid)?;
        self.at += 4;
        Ok(unit)
    }

    /// A number or a constant.
    fn word(&mut self) -> Result<Value, JsonError> {
        for (word, value) in [
            ("null", Value::None),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let begin = self.at;
        self.take(b'-');
        let whole = self.digits();
        let digits = self.text.get(whole..self.at).unwrap_or_default();
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(JsonError::Invalid);
        }
        let length = digits.len();
        let is_float = self.fraction() | self.exponent();
        let text = self.text.get(begin..self.at).unwrap_or_default();
        match (is_float, text) {
            (true, _) => text.parse().map(Value::Float).map_err(|_| JsonError::Invalid),
            (false, "-0") => Ok(Value::Int("0".to_owned())),
            (false, _) if length > INT_DIGITS_MAX => Err(JsonError::Invalid),
            (false, _) => Ok(Value::Int(text.to_owned())),
        }
    }

    /// Passes digits; returns where they begin.
    fn digits(&mut self) -> usize {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        begin
    }

    fn fraction(&mut self) -> bool {
        let before = self.at;
        if self.take(b'.') && self.digits() < self.at {
            return true;
        }
        self.at = before;
        false
    }

    fn exponent(&mut self) -> bool {
        let before = self.at;
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if self.digits() < self.at {
                return true;
            }
        }
        self.at = before;
        false
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(JsonError::Invalid) }
    }
}

enum Closed {
    /// Nothing was around it.
    Document(Value),
    /// What is around it has ended with it.
    Around(Value),
    /// Another value follows.
    More,
}

#[cfg(test)]
mod tests;
