//! IP addresses are texts here; where their order is asked for, they are compared by their bytes.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr};

use crate::query::build;
use crate::query::dialect::{CAST, TO_IP, TRY_CAST};

/// Name of the function that gives an address a text that sorts as its bytes do.
const KEY: &str = "lake_ip_key";

/// `CAST(sourceIPAddress AS ipaddress) BETWEEN IPADDRESS '10.0.0.0' AND IPADDRESS '10.0.0.9'`.
pub fn rewrite(expr: &mut Expr) {
    match expr {
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq,
            right,
        } => {
            by_bytes([left, right]);
        }
        Expr::Between { expr, low, high, .. } => by_bytes([expr, low, high]),
        _ => {}
    }
}

fn by_bytes<const N: usize>(sides: [&mut Box<Expr>; N]) {
    if sides.iter().any(|side| is_address(side)) {
        for side in sides {
            **side = build::call(KEY, vec![std::mem::replace(side, build::nothing())]);
        }
    }
}

fn is_address(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_address(inner),
        Expr::Function(function) => {
            let (name, args) = (build::name_of(function).unwrap_or_default(), build::args_of(function).unwrap_or_default());
            let is_cast = [CAST, TRY_CAST].contains(&name.as_str());
            name.ends_with(TO_IP) || is_cast && args.get(1).and_then(|kind| build::text_of(kind)) == Some("ipaddress")
        }
        _ => false,
    }
}
