//! AWS's list prices, as constants: https://aws.amazon.com/cloudtrail/pricing/, us-east-1, read in 2026. Storage, requests and tax are not in them.

use clap::ValueEnum;

/// Where and when the prices were read.
pub const SOURCE: &str = "aws.amazon.com/cloudtrail/pricing, us-east-1, 2026";
/// Events that a price is for.
pub const EVENTS: f64 = 100_000.0;
/// Dollars for so many management events of a second or further copy; the first is free.
pub const MANAGEMENT_COPY_USD: f64 = 2.00;
/// Dollars for so many data events.
pub const DATA_USD: f64 = 0.10;
/// Dollars for so many network activity events.
pub const NETWORK_USD: f64 = 0.10;
/// Days of a month.
pub const MONTH_DAYS: f64 = 30.0;

/// Which copy of the management events a trail delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Copy {
    /// The first in this account and Region.
    First,
    /// Another.
    Further,
}

/// Dollars a month for so many events a day.
pub fn month_usd(category: &str, per_day: f64, copy: Copy) -> f64 {
    let price = match (category, copy) {
        ("Management", Copy::First) => 0.0,
        ("Management", Copy::Further) => MANAGEMENT_COPY_USD,
        ("Data", _) => DATA_USD,
        ("NetworkActivity", _) => NETWORK_USD,
        _ => 0.0,
    };
    per_day * MONTH_DAYS / EVENTS * price
}
