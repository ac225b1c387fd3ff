//! Functions of IP addresses. An address is text here; `contains` also looks into lists, as in Trino.

use std::net::IpAddr;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::Expr;

use super::{Call, Give, Outcome, Row, Run, Spec, Take, is_text, spec};

/// The table.
pub const FUNCTIONS: &[Spec] = &[
    Spec { simpler: Some(in_list), ..spec("contains", (2, 2), &[Take::Any], Give::Bool, Run::Columns(contains)) },
    spec("is_ip_address", (1, 1), &[Take::Text], Give::Bool, Run::Bool(|row| Ok(Some(row.text(0).parse::<IpAddr>().is_ok())))),
    spec("lake_to_ip", (1, 1), &[Take::Text], Give::Text, Run::Text(to_ip)),
    spec("ip_subnet_min", (1, 1), &[Take::Text], Give::Text, Run::Text(|row| Ok(Some(ends(row.text(0))?.0.to_string())))),
    spec("ip_subnet_max", (1, 1), &[Take::Text], Give::Text, Run::Text(|row| Ok(Some(ends(row.text(0))?.1.to_string())))),
    spec("ip_subnet_range", (1, 1), &[Take::Text], Give::Texts, Run::Texts(range)),
    spec("ip_prefix", (2, 2), &[Take::Text, Take::Int], Give::Text, Run::Text(prefix)),
    spec("lake_ip_key", (1, 1), &[Take::Text], Give::Text, Run::Text(|row| key(row.text(0)).map(Some))),
    spec("is_subnet_of", (2, 2), &[Take::Text], Give::Bool, Run::Bool(|row| in_network(row.text(0), row.text(1)))),
];

/// A list is the engine's to search.
fn in_list(args: &[Expr], kinds: &[DataType]) -> datafusion::common::Result<Option<Expr>> {
    let ([list, value], Some(kind)) = (args, kinds.first()) else { return Ok(None) };
    let is_list = matches!(kind, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..));
    Ok(is_list.then(|| datafusion::functions_nested::expr_fn::array_has(list.clone(), value.clone())))
}

fn contains(call: &Call) -> datafusion::common::Result<ArrayRef> {
    let column = call.column(0)?;
    if !is_text(column.data_type()) {
        return super::lists::has(call);
    }
    let each = (0..call.rows).map(|at| {
        let row = call.row(at);
        if row.has_null() { Ok(None) } else { call.judged(text_contains(&row)) }
    });
    Ok(std::sync::Arc::new(each.collect::<datafusion::common::Result<BooleanArray>>()?))
}

/// A network holds an address, a JSON list its elements.
fn text_contains(row: &Row<'_>) -> Outcome<bool> {
    if row.text(0).trim_start().starts_with('[') {
        return super::json::array_has_text(row.text(0), row.text(1));
    }
    in_network(row.text(0), row.text(1))
}

fn no_network(network: &str) -> String {
    let network = super::shown(network);
    format!(
        "`{network}` is no network such as 10.0.0.0/8; a part of a text is found with strpos(text, 'part') > 0 or LIKE '%part%'"
    )
}

/// An address or a network in its shortest spelling.
fn to_ip(row: &Row<'_>) -> Outcome<String> {
    let text = row.text(0).trim();
    if text.contains('/') {
        let (base, bits) = network_of(text)?;
        return Ok(Some(format!("{}/{bits}", joined(base, masked(base, bits), bits))));
    }
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => {
            Ok(Some(address.to_ipv4_mapped().map_or_else(|| address.to_string(), |mapped| mapped.to_string())))
        }
        Ok(address) => Ok(Some(address.to_string())),
        Err(_) => Err(format!("`{}` cannot be made ipaddress; try_cast makes null of what cannot be cast", row.text(0))),
    }
}

/// An address as hexadecimal digits, in the order of its bytes: IPv4 as the IPv6 addresses that stand for it, as in Trino.
fn key(address: &str) -> Result<String, String> {
    let address: IpAddr = address.trim().parse().map_err(|_| format!("`{}` is no IP address", super::shown(address)))?;
    let bytes = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    Ok(format!("{:032x}", u128::from(bytes)))
}

/// A network's address and the number of its bits.
fn network_of(network: &str) -> Result<(IpAddr, u32), String> {
    let (base, bits) = network.split_once('/').ok_or_else(|| no_network(network))?;
    let base: IpAddr = base.parse().map_err(|_| no_network(network))?;
    let bits = bits.parse().ok().filter(|bits| *bits <= width(base)).ok_or_else(|| no_network(network))?;
    Ok((base, bits))
}

/// The address whose first bits these are, in the family of another.
fn joined(like: IpAddr, value: u128, bits: u32) -> IpAddr {
    let value = value.checked_shl(width(like) - bits).unwrap_or(0);
    match like {
        IpAddr::V4(_) => IpAddr::V4(u32::try_from(value).unwrap_or(0).into()),
        IpAddr::V6(_) => IpAddr::V6(value.into()),
    }
}

/// The first and the last address of a network.
fn ends(network: &str) -> Result<(IpAddr, IpAddr), String> {
    let (base, bits) = network_of(network)?;
    let first = masked(base, bits);
    let low = joined(base, first, bits);
    let high = match low {
        IpAddr::V4(low) => IpAddr::V4((u32::from(low) | u32::MAX.checked_shr(bits).unwrap_or(0)).into()),
        IpAddr::V6(low) => IpAddr::V6((u128::from(low) | u128::MAX.checked_shr(bits).unwrap_or(0)).into()),
    };
    Ok((low, high))
}

fn range(row: &Row<'_>) -> Outcome<Vec<Option<String>>> {
    let (low, high) = ends(row.text(0))?;
    Ok(Some(vec![Some(low.to_string()), Some(high.to_string())]))
}

/// Whether a network in CIDR notation holds an address (or another network).
pub fn in_network(network: &str, address: &str) -> Outcome<bool> {
    let (base, bits) = network_of(network)?;
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
    let base = joined(address, masked(address, bits), bits);
    Ok(Some(format!("{base}/{bits}")))
}
