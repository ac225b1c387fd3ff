//! Functions of IP addresses. An address is text here; `contains` also looks into lists, as in Trino.

use std::net::IpAddr;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::Expr;

use super::{Call, Give, Outcome, Row, Run, Spec, Take, is_text, spec};

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    Spec { simpler: Some(in_list), ..spec("contains", (2, 2), &[Take::Any], Give::Bool, Run::Columns(contains)) },
    spec("is_ip_address", (1, 1), &[Take::Text], Give::Bool, Run::Bool(|row| Ok(Some(row.text(0).parse::<IpAddr>().is_ok())))),
    spec("ip_prefix", (2, 2), &[Take::Text, Take::Int], Give::Text, Run::Text(prefix)),
    spec("is_subnet_of", (2, 2), &[Take::Text], Give::Bool, Run::Bool(|row| in_network(row.text(0), row.text(1)))),
];

/// A list is the engine's to search.
fn in_list(args: &[Expr], kinds: &[DataType]) -> Result<Option<Expr>> {
    let ([list, value], Some(kind)) = (args, kinds.first()) else { return Ok(None) };
    let is_list = matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..));
    Ok(is_list.then(|| datafusion::functions_nested::expr_fn::array_has(list.clone(), value.clone())))
}

fn contains(call: &Call) -> Result<ArrayRef> {
    let column = call.column(0)?;
    if !is_text(column.data_type()) {
        return super::lists::has(call);
    }
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        if row.has_null() { Ok(None) } else { call.judged(text_contains(&row)) }
    });
    Ok(std::sync::Arc::new(each.collect::<Result<BooleanArray>>()?))
}

/// A network holds an address, a JSON list its elements.
fn text_contains(row: &Row<'_>) -> Outcome<bool> {
    if row.text(0).trim_start().starts_with('[') {
        return super::json::array_has_text(row.text(0), row.text(1));
    }
    in_network(row.text(0), row.text(1))
}

/// Whether a network in CIDR notation holds an address (or another network).
pub fn in_network(network: &str, address: &str) -> Outcome<bool> {
    let (base, bits) = network.split_once('/').ok_or_else(|| format!("`{network}` is no network such as 10.0.0.0/8"))?;
    let base: IpAddr = base.parse().map_err(|_| format!("`{network}` is no network such as 10.0.0.0/8"))?;
    let bits: u32 = bits
        .parse()
        .ok()
        .filter(|bits| *bits <= width(base))
        .ok_or_else(|| format!("`{network}` is no network such as 10.0.0.0/8"))?;
    let (address, own_bits) =
        address.split_once('/').map_or((address, None), |(address, bits)| (address, bits.parse::<u32>().ok()));
    // Not every source is an address: `cloudtrail.amazonaws.com` is in no network.
    let Ok(address) = address.parse::<IpAddr>() else { return Ok(Some(false)) };
    let inside =
        width(address) == width(base) && own_bits.is_none_or(|own| own >= bits) && masked(address, bits) == masked(base, bits);
    Ok(Some(inside))
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked(address: IpAddr, bits: u32) -> u128 {
    let value = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    value.checked_shr(width(address) - bits).unwrap_or(0)
}

fn prefix(row: &Row<'_>) -> Outcome<String> {
    let address: IpAddr = row.text(0).parse().map_err(|_| format!("`{}` is no IP address", row.text(0)))?;
    let bits =
        u32::try_from(row.int(1)).ok().filter(|bits| *bits <= width(address)).ok_or("the prefix is longer than the address")?;
    let value = masked(address, bits).checked_shl(width(address) - bits).unwrap_or(0);
    let base = match address {
        IpAddr::V4(_) => IpAddr::V4(u32::try_from(value).unwrap_or(0).into()),
        IpAddr::V6(_) => IpAddr::V6(value.into()),
    };
    Ok(Some(format!("{base}/{bits}")))
}
