//! Insights selectors: which rates CloudTrail watches.

use serde::{Deserialize, Serialize};

/// One kind of Insights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct InsightSelector {
    /// Which rate.
    pub insight_type: InsightType,
    /// `Management`, `Data` or both; empty means `Management` alone.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub event_categories: Vec<String>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub enum InsightType {
    ApiCallRateInsight,
    ApiErrorRateInsight,
}

impl InsightSelector {
    /// Whether events of a category are watched.
    pub fn watches(&self, category: &str) -> bool {
        if self.event_categories.is_empty() {
            return category == "Management";
        }
        self.event_categories.iter().any(|named| named == category)
    }
}
