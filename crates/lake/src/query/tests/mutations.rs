//! Statements that are nearly right: every case of the tests with tokens dropped, doubled, swapped and taken from others. None makes the
//! rewriter panic, and what was rewritten once is rewritten no further.

use datafusion::sql::sqlparser::tokenizer::Tokenizer;

use crate::query::dialect::TrinoDialect;
use crate::query::rewritten_twice;

/// Mutations of every statement.
const ROUNDS: usize = 60;

/// A small generator of numbers, the same ones each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn statements() -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for file in super::files() {
        for block in std::fs::read_to_string(file).unwrap().split("\n\n") {
            let Some((_, sql)) = block.split_once("\n----").and_then(|(head, _)| head.split_once('\n')) else { continue };
            if let Ok(tokens) = Tokenizer::new(&TrinoDialect, sql).tokenize() {
                all.push(tokens.iter().map(ToString::to_string).collect());
            }
        }
    }
    all
}

fn mutated(tokens: &[String], others: &[Vec<String>], dice: &mut Dice) -> String {
    let mut tokens = tokens.to_vec();
    for _ in 0..=dice.below(3) {
        let (at, other) = (dice.below(tokens.len()), dice.below(tokens.len()));
        match dice.below(5) {
            0 => drop(tokens.remove(at)),
            1 => tokens.insert(at, tokens[other].clone()),
            2 => tokens.swap(at, other),
            3 => {
                let from = &others[dice.below(others.len())];
                tokens.insert(at, from[dice.below(from.len())].clone());
            }
            _ => tokens.truncate(at.max(1)),
        }
        if tokens.is_empty() {
            break;
        }
    }
    tokens.concat()
}

#[test]
fn nearly_right_statements_do_no_harm() {
    let (all, mut dice) = (statements(), Dice(2026));
    let mut rewritten = 0;
    for tokens in &all {
        for round in 0..ROUNDS {
            let sql = if round == 0 { tokens.concat() } else { mutated(tokens, &all, &mut dice) };
            let Ok([once, twice]) = rewritten_twice(&sql) else { continue };
            assert_eq!(once, twice, "{sql}");
            rewritten += 1;
        }
    }
    assert!(rewritten > all.len() * 5, "{rewritten} of {}", all.len() * ROUNDS);
}
