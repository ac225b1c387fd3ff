//! A table over a plain list of Parquet files: what the Delta log names, pruned by day and time.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Column, ColumnStatistics, DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;

/// A file of the table.
#[derive(Clone, Debug)]
pub struct TableFile {
    /// Path in the home's store.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Value of the partition column.
    pub day: String,
    /// First and last event time, in microseconds.
    pub times: Option<(i64, i64)>,
}

/// The table.
#[derive(Clone, Debug)]
pub struct FilesTable {
    url: ObjectStoreUrl,
    file_schema: SchemaRef,
    table_schema: SchemaRef,
    partition: Arc<Field>,
    files: Vec<TableFile>,
}

impl FilesTable {
    /// A table of files that all have the schema, and one partition column.
    pub fn new(url: ObjectStoreUrl, file_schema: SchemaRef, partition: &str, files: Vec<TableFile>) -> FilesTable {
        let partition = Arc::new(Field::new(partition, DataType::Utf8, false));
        let fields = file_schema.fields().iter().cloned().chain([Arc::clone(&partition)]);
        let table_schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        FilesTable { url, file_schema, table_schema, partition, files }
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What is known of a file without opening it: enough to pass it over.
    fn statistics(&self, file: &TableFile) -> Statistics {
        let mut columns = vec![ColumnStatistics::new_unknown(); self.file_schema.fields().len()];
        if let (Some((first, last)), Ok(at)) = (file.times, self.file_schema.index_of("eventtime"))
            && let Some(column) = columns.get_mut(at)
        {
            let time = |us: i64| Precision::Inexact(ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into())));
            column.min_value = time(first);
            column.max_value = time(last);
        }
        Statistics { num_rows: Precision::Absent, total_byte_size: Precision::Absent, column_statistics: columns }
    }

    fn partitioned(&self, file: &TableFile) -> PartitionedFile {
        PartitionedFile::new(file.path.clone(), file.size)
            .with_partition_values(vec![ScalarValue::Utf8(Some(file.day.clone()))])
            .with_statistics(Arc::new(self.statistics(file)))
    }

    /// Spreads the files over the threads, largest first.
    fn groups(&self, count: usize) -> Vec<FileGroup> {
        let mut files: Vec<&TableFile> = self.files.iter().collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.size));
        let mut groups: Vec<(u64, Vec<PartitionedFile>)> =
            (0..count.clamp(1, files.len().max(1))).map(|_| (0, Vec::new())).collect();
        for file in files {
            if let Some(smallest) = groups.iter_mut().min_by_key(|(size, _)| *size) {
                smallest.0 += file.size;
                smallest.1.push(self.partitioned(file));
            }
        }
        groups.into_iter().map(|(_, files)| FileGroup::new(files)).collect()
    }
}

#[async_trait]
impl TableProvider for FilesTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.table_schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table_schema = TableSchema::builder(Arc::clone(&self.file_schema))
            .with_table_partition_cols(vec![Arc::clone(&self.partition)])
            .build();
        let late = selects_few(filters) || reads_many(projection, filters);
        let mut source = ParquetSource::new(table_schema)
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_enable_page_index(true)
            .with_bloom_filter_on_read(true)
            .with_pushdown_filters(late)
            .with_reorder_filters(late);
        if let Some(predicate) = conjunction(filters.to_vec()) {
            let schema = DFSchema::try_from(self.schema())?;
            source = source.with_predicate(state.create_physical_expr(predicate, &schema)?);
        }
        let config = FileScanConfigBuilder::new(self.url.clone(), Arc::new(source))
            .with_file_groups(self.groups(state.config().target_partitions()))
            .with_projection_indices(projection.cloned())?
            .with_limit(limit.filter(|_| filters.is_empty()))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Columns that a value picks few rows by.
fn is_needle(name: &str) -> bool {
    let needles = [
        "eventid",
        "requestid",
        "sharedeventid",
        "sourceipaddress",
        "useridentity_accesskeyid",
        "useridentity_arn",
        "delivery",
        "key",
    ];
    needles.contains(&name) || name.starts_with("requestparameters_") || name.starts_with("responseelements_")
}

/// Whether the filters pick few rows, so that it pays to read the other columns only for those.
fn selects_few(filters: &[Expr]) -> bool {
    filters.iter().any(|filter| match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            matches!((left.as_ref(), right.as_ref()), (Expr::Column(column), Expr::Literal(..)) | (Expr::Literal(..), Expr::Column(column)) if is_needle(&column.name))
        }
        Expr::InList(list) if !list.negated => matches!(list.expr.as_ref(), Expr::Column(column) if is_needle(&column.name)),
        _ => false,
    })
}

/// Columns beside those of the filters from which on it pays to read them late.
const LATE_COLUMNS_MIN: usize = 8;

/// Whether many more columns are read than the filters need.
fn reads_many(projection: Option<&Vec<usize>>, filters: &[Expr]) -> bool {
    let filtered: HashSet<&Column> = filters.iter().flat_map(Expr::column_refs).collect();
    !filters.is_empty() && projection.is_none_or(|columns| columns.len() >= filtered.len() + LATE_COLUMNS_MIN)
}
