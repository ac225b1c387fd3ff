//! The tree itself.

use crate::check::Check;
use crate::path::Path;

/// A predicate: a boolean tree over tests. Two values, no third: what is missing fails its test, and passes the test's negation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// All of them hold. The empty list holds.
    All(Vec<Expr>),
    /// One of them holds. The empty list does not.
    Any(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// One of the values at the path passes.
    Test(Path, Check),
    /// The *same* element at the path passes the inner predicate, whose paths begin at the element. A list's elements are
    /// tried one by one; anything else that is there counts as one element. `resources[]` with both a type and an ARN is the case
    /// in point.
    Element(Path, Box<Expr>),
}

/// What a language says of a comparison whose field is missing. A switch, because AWS does not document it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The comparison does not hold.
    Fails,
    /// It holds.
    Passes,
}

impl Expr {
    /// Holds for every record.
    pub fn always() -> Expr {
        Expr::All(Vec::new())
    }

    /// Holds for no record.
    pub fn never() -> Expr {
        Expr::Any(Vec::new())
    }

    /// The negation.
    #[expect(clippy::should_implement_trait, reason = "a constructor like its neighbours")]
    pub fn not(expr: Expr) -> Expr {
        Expr::Not(Box::new(expr))
    }

    /// `!=` and its kin: no value at the path passes the check; and where there is no value, what the switch says.
    pub fn fails(path: Path, check: Check, missing: Missing) -> Expr {
        let fails = Expr::not(Expr::Test(path.clone(), check));
        match missing {
            Missing::Passes => fails,
            Missing::Fails => Expr::All(vec![Expr::Test(path, Check::Exists), fails]),
        }
    }

    /// The expressions directly below.
    pub fn inner(&self) -> &[Expr] {
        match self {
            Expr::All(inner) | Expr::Any(inner) => inner,
            Expr::Not(inner) | Expr::Element(_, inner) => std::slice::from_ref(inner),
            Expr::Test(..) => &[],
        }
    }

    /// Number of nodes, and the depth of the deepest. Without recursion, so that it can be asked of anything.
    pub fn extent(&self) -> (usize, usize) {
        let (mut nodes, mut deepest) = (0, 0);
        let mut open = vec![(self, 1)];
        while let Some((expr, depth)) = open.pop() {
            nodes += 1;
            deepest = deepest.max(depth);
            open.extend(expr.inner().iter().map(|inner| (inner, depth + 1)));
        }
        (nodes, deepest)
    }
}
