//! What a statement need not open: files of other days and times, and row groups that cannot hold a value that it asks for.
//!
//! The engine prunes as well, but file by file as it comes to them, with a predicate that it builds anew for each. Here a statement's
//! conditions are looked at once; a needle then costs a look at each row group's extremes and bloom filter, all of them in memory
//! when the home has been asked before.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::utils::{Guarantee, LiteralGuarantee};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::files::{TableFile, UNKNOWN_DAY};
use super::kept::Kept;
use crate::limits::PRUNE_AT_ONCE_MAX;
use crate::schema::{DELIVERY_DAY, EVENT_DAY};

/// Values that a bloom filter is asked for.
const BLOOM_VALUES_MAX: usize = 40;

/// The column of the time that the log tells of each file.
const TIME: &str = "eventtime";

/// Which of the files can hold a row that a condition is true for, as far as days and times tell.
pub fn by_day_and_time(files: &[Arc<TableFile>], predicate: &Arc<dyn PhysicalExpr>, schema: &SchemaRef) -> Vec<bool> {
    let told = Told { files };
    let pruning = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema)).try_build(Arc::clone(predicate));
    pruning.and_then(|pruning| pruning.prune(&told)).unwrap_or_else(|_| vec![true; files.len()])
}

/// What the log tells of files.
struct Told<'f> {
    files: &'f [Arc<TableFile>],
}

impl Told<'_> {
    fn values(&self, column: &Column, of_times: fn((i64, i64)) -> Option<i64>) -> Option<ArrayRef> {
        match column.name() {
            EVENT_DAY | DELIVERY_DAY => Some(days(self.files)),
            TIME => Some(times(self.files, of_times)),
            _ => None,
        }
    }
}

fn days(files: &[Arc<TableFile>]) -> ArrayRef {
    Arc::new(files.iter().map(|file| Some(file.day.as_str())).collect::<StringArray>())
}

fn times(files: &[Arc<TableFile>], of_times: fn((i64, i64)) -> Option<i64>) -> ArrayRef {
    let times: TimestampMicrosecondArray = files.iter().map(|file| file.times.and_then(of_times)).collect();
    Arc::new(times.with_timezone("UTC"))
}

impl PruningStatistics for Told<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |(first, _)| Some(first))
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |(_, last)| Some(last))
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        matches!(column.name(), EVENT_DAY | DELIVERY_DAY)
            .then(|| Arc::new(UInt64Array::from(vec![0; self.files.len()])) as ArrayRef)
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// Of which files a condition on nothing but days and times is true for all rows.
pub fn is_true_of_all(
    files: &[Arc<TableFile>],
    condition: &Expr,
    partition: &Arc<Field>,
    state: &dyn Session,
) -> Result<Vec<bool>> {
    let time = Field::new(TIME, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true);
    let schema = Arc::new(Schema::new(vec![Arc::new(time), Arc::clone(partition)]));
    let condition = state.create_physical_expr(condition.clone(), &DFSchema::try_from(Arc::clone(&schema))?)?;
    let is_true = |of_times: fn((i64, i64)) -> Option<i64>| -> Result<Vec<bool>> {
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![times(files, of_times), days(files)])?;
        let found = condition.evaluate(&batch)?.into_array(files.len())?;
        Ok(found.as_boolean().iter().map(|found| found == Some(true)).collect())
    };
    // A comparison with a fixed time that is true at both ends is true between them. Only the unknown day has rows without a time.
    let first = is_true(|(first, _)| Some(first))?;
    let last = is_true(|(_, last)| Some(last))?;
    let never = is_true(|_| None)?;
    let has_times = files.iter().map(|file| file.day != UNKNOWN_DAY && file.times.is_some());
    let ends = first.into_iter().zip(last).zip(never);
    Ok(has_times.zip(ends).map(|(has_times, ((first, last), never))| first && last && (has_times || never)).collect())
}

/// Values, one of which a row must have in a column.
#[derive(Debug)]
pub struct Wanted {
    column: String,
    values: Vec<String>,
}

/// The values that a condition cannot be true without.
pub fn wanted(predicate: &Arc<dyn PhysicalExpr>) -> Vec<Wanted> {
    let sure = LiteralGuarantee::analyze(predicate).into_iter().filter(|sure| sure.guarantee == Guarantee::In);
    let texts = sure.filter_map(|sure| {
        let values: Option<Vec<String>> = sure.literals.iter().map(text).collect();
        Some(Wanted { column: sure.column.name().to_owned(), values: values? })
    });
    texts.filter(|wanted| ![EVENT_DAY, DELIVERY_DAY].contains(&wanted.column.as_str())).collect()
}

fn text(value: &ScalarValue) -> Option<String> {
    match value {
        ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) => text.clone(),
        _ => None,
    }
}

/// A file with the row groups of it that are to be read.
pub type Read = (Arc<TableFile>, ParquetAccessPlan);

/// Leaves out row groups that cannot hold what is wanted, and files of which nothing is left.
pub async fn by_values(
    files: Vec<Arc<TableFile>>,
    wanted: &[Wanted],
    kept: &Kept,
    store: &Arc<dyn ObjectStore>,
) -> Result<Vec<Read>> {
    let looked = futures::stream::iter(files).map(async |file| -> Result<Option<Read>> {
        let meta = file.object_meta();
        let footer = kept.footer(store, &meta).await?;
        let sought = Sought { file: &file.path, footer: &footer, columns: columns(&footer, wanted) };
        let mut plan = ParquetAccessPlan::new_none(footer.num_row_groups());
        for group in 0..footer.num_row_groups() {
            if sought.can_be_in(group, kept, store).await? {
                plan.set(group, RowGroupAccess::Scan);
            }
        }
        if plan.row_group_index_iter().next().is_none() {
            return Ok(None);
        }
        kept.keep_pages(store, &meta).await?;
        Ok(Some((file, plan)))
    });
    looked.buffered(PRUNE_AT_ONCE_MAX).try_filter_map(async |found| Ok(found)).try_collect().await
}

/// Sees to it that the pages of files can be read one by one.
pub async fn keep_pages(files: &[Arc<TableFile>], kept: &Kept, store: &Arc<dyn ObjectStore>) -> Result<()> {
    let looked = futures::stream::iter(files.to_vec()).map(async |file| kept.keep_pages(store, &file.object_meta()).await);
    looked.buffered(PRUNE_AT_ONCE_MAX).try_collect().await
}

/// What is looked for in a file, by the positions of the columns that it has.
struct Sought<'s> {
    file: &'s Path,
    footer: &'s ParquetMetaData,
    columns: Vec<(usize, &'s [String])>,
}

fn columns<'s>(footer: &ParquetMetaData, wanted: &'s [Wanted]) -> Vec<(usize, &'s [String])> {
    wanted.iter().filter_map(|wanted| Some((column_of(footer, &wanted.column)?, wanted.values.as_slice()))).collect()
}

impl Sought<'_> {
    async fn can_be_in(&self, group: usize, kept: &Kept, store: &Arc<dyn ObjectStore>) -> Result<bool> {
        let Some(row_group) = self.footer.row_groups().get(group) else { return Ok(true) };
        for (column, values) in &self.columns {
            let values = between(row_group, *column, values);
            if values.is_empty() {
                return Ok(false);
            }
            // Of many values, one would be found anyway: each is found wrongly once in a hundred times.
            if values.len() > BLOOM_VALUES_MAX {
                continue;
            }
            let bloom = kept.bloom(store, self.file, self.footer, group, *column).await?;
            if bloom.is_some_and(|bloom| !has_one(&bloom, &values)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn column_of(footer: &ParquetMetaData, name: &str) -> Option<usize> {
    footer.file_metadata().schema_descr().columns().iter().position(|column| column.name() == name)
}

fn has_one(bloom: &Sbbf, values: &[&str]) -> bool {
    values.iter().any(|value| bloom.check(*value))
}

/// The texts that are between the extremes of a column.
fn between<'v>(row_group: &RowGroupMetaData, column: usize, values: &'v [String]) -> Vec<&'v str> {
    values.iter().map(String::as_str).filter(|value| is_between(row_group, column, value)).collect()
}

/// Whether a text is between the extremes of a column, as far as they are told. They may be cut short, outwards.
fn is_between(row_group: &RowGroupMetaData, column: usize, value: &str) -> bool {
    let Some(statistics) = row_group.columns().get(column).and_then(|chunk| chunk.statistics()) else { return true };
    let is_empty = statistics.null_count_opt() == u64::try_from(row_group.num_rows()).ok();
    let from = statistics.min_bytes_opt().is_none_or(|least| least <= value.as_bytes());
    let to = statistics.max_bytes_opt().is_none_or(|most| value.as_bytes() <= most);
    !is_empty && from && to
}

/// Whether a condition is about days and times only, and can be judged file by file.
pub fn is_of_days(condition: &Expr) -> bool {
    let columns = condition.column_refs();
    !columns.is_empty()
        && !condition.is_volatile()
        && columns.iter().all(|column| [EVENT_DAY, DELIVERY_DAY].contains(&column.name.as_str()))
}

/// Whether a condition compares the event's time with a fixed one.
pub fn is_of_time(condition: &Expr) -> bool {
    let is_time = |expr: &Expr| matches!(expr, Expr::Column(column) if column.name == TIME);
    let is_moment = |expr: &Expr| matches!(expr, Expr::Literal(value, _) if matches!(value.data_type(), DataType::Timestamp(..)) && !value.is_null());
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq, right }) => {
            (is_time(left) && is_moment(right)) || (is_moment(left) && is_time(right))
        }
        Expr::Between(between) => !between.negated && is_time(&between.expr) && is_moment(&between.low) && is_moment(&between.high),
        _ => false,
    }
}
