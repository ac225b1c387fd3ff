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
use datafusion::datasource::physical_plan::parquet::{CachedParquetFileReaderFactory, ParquetAccessPlan};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, col, lit};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExecBuilder;
use datafusion::physical_plan::union::UnionExec;
use object_store::ObjectMeta;
use object_store::path::Path;
use record::columns::{COLUMNS, Kind};

use super::kept::Kept;
use super::prune;
use crate::schema::EVENT_DAY;

/// The day of rows whose time is missing or absurd.
pub const UNKNOWN_DAY: &str = "unknown";

/// A file of the table.
#[derive(Clone, Debug)]
pub struct TableFile {
    /// Path in the home's store.
    pub path: Path,
    /// Size in bytes.
    pub size: u64,
    /// Value of the partition column.
    pub day: String,
    /// First and last event time, in microseconds.
    pub times: Option<(i64, i64)>,
    /// Rows, if the log tells.
    pub rows: Option<usize>,
}

impl TableFile {
    /// The file as the store would tell of it. Nothing in it ever changes.
    pub fn object_meta(&self) -> ObjectMeta {
        PartitionedFile::new(self.path.as_ref(), self.size).object_meta
    }
}

/// The table.
#[derive(Clone, Debug)]
pub struct FilesTable {
    url: ObjectStoreUrl,
    kept: Arc<Kept>,
    file_schema: SchemaRef,
    table_schema: SchemaRef,
    partition: Arc<Field>,
    files: Arc<Vec<Arc<TableFile>>>,
    /// Events before this time are not of the table.
    cutoff_us: Option<i64>,
}

/// Some of the table's files.
type Files = Vec<Arc<TableFile>>;

/// The files of a scan with the row groups that are to be read of each; all of them where nothing is said.
type Chosen = Vec<(Arc<TableFile>, Option<ParquetAccessPlan>)>;

impl FilesTable {
    /// A table of files that all have the schema, and one partition column.
    pub fn new(
        url: ObjectStoreUrl,
        kept: Arc<Kept>,
        file_schema: SchemaRef,
        partition: &str,
        files: Arc<Vec<Arc<TableFile>>>,
    ) -> FilesTable {
        let partition = Arc::new(Field::new(partition, DataType::Utf8, false));
        let fields = file_schema.fields().iter().cloned().chain([Arc::clone(&partition)]);
        let table_schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        FilesTable { url, kept, file_schema, table_schema, partition, files, cutoff_us: None }
    }

    /// The table without the events before a time. Those whose time is not known stay: they do not grow old.
    pub fn since(self, cutoff_us: i64) -> FilesTable {
        FilesTable { cutoff_us: Some(cutoff_us), ..self }
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What is known of a file without opening it: enough to pass it over, or not to open it for a count.
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

    fn partitioned(&self, file: &TableFile, plan: Option<&ParquetAccessPlan>) -> PartitionedFile {
        let partitioned = PartitionedFile::new(file.path.as_ref(), file.size)
            .with_partition_values(vec![ScalarValue::Utf8(Some(file.day.clone()))])
            .with_statistics(Arc::new(self.statistics(file)));
        match plan {
            Some(plan) => partitioned.with_extension(plan.clone()),
            None => partitioned,
        }
    }

    /// Spreads the files over the threads, newest first.
    fn groups(&self, chosen: &Chosen, count: usize) -> Vec<FileGroup> {
        let mut files: Vec<_> = chosen.iter().collect();
        files.sort_by_key(|(file, _)| std::cmp::Reverse(file.times));
        let mut groups: Vec<(u64, Vec<PartitionedFile>)> =
            (0..count.clamp(1, files.len().max(1))).map(|_| (0, Vec::new())).collect();
        for (file, plan) in files {
            if let Some(smallest) = groups.iter_mut().min_by_key(|(size, _)| *size) {
                smallest.0 += file.size;
                smallest.1.push(self.partitioned(file, plan.as_ref()));
            }
        }
        groups.into_iter().map(|(_, files)| FileGroup::new(files)).collect()
    }

    /// The files that can hold rows for which all conditions are true.
    fn files_left(&self, filters: &[Expr], state: &dyn Session) -> Result<Files> {
        let mut files: Files = self.files.to_vec();
        let all: Vec<Expr> = filters.iter().cloned().chain(self.cutoff()).collect();
        if let Some(predicate) = self.physical(&all, state)? {
            let mut keep = prune::by_day_and_time(&files, &predicate, &self.table_schema).into_iter();
            files.retain(|_| keep.next().unwrap_or(true));
        }
        for days in filters.iter().filter(|filter| prune::is_of_days(filter)) {
            let mut keep = prune::is_true_of_all(&files, days, &self.partition, state)?.into_iter();
            files.retain(|_| keep.next().unwrap_or(true));
        }
        Ok(files)
    }

    /// Those of the files that hold nothing but rows of the time, and those that have to be looked at.
    fn split_by_time(&self, files: Files, times: &[Expr], state: &dyn Session) -> Result<(Files, Files)> {
        let mut sure = vec![true; files.len()];
        for time in times {
            let is_true = prune::is_true_of_all(&files, time, &self.partition, state)?;
            sure.iter_mut().zip(is_true).for_each(|(sure, is_true)| *sure &= is_true);
        }
        let (whole, edge): (Vec<_>, Vec<_>) = files.into_iter().zip(sure).partition(|(_, sure)| *sure);
        let files = |some: Vec<(Arc<TableFile>, bool)>| some.into_iter().map(|(file, _)| file).collect();
        Ok((files(whole), files(edge)))
    }

    /// Conditions as the engine evaluates them over the whole table.
    fn physical(&self, filters: &[Expr], state: &dyn Session) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let schema = DFSchema::try_from(self.schema())?;
        conjunction(filters.to_vec()).map(|filter| state.create_physical_expr(filter, &schema)).transpose()
    }

    /// Leaves out what cannot hold the values that are asked for.
    async fn chosen(&self, files: Files, filters: &[Expr], scan: &Scan<'_>) -> Result<Chosen> {
        let wanted = self.physical(filters, scan.state)?.map(|predicate| prune::wanted(&predicate)).unwrap_or_default();
        let store = scan.state.runtime_env().object_store(&self.url)?;
        if wanted.is_empty() {
            if self.is_late(scan.projection, filters) {
                prune::keep_pages(&files, &self.kept, &store).await?;
            }
            return Ok(files.into_iter().map(|file| (file, None)).collect());
        }
        let read = prune::by_values(files, &wanted, &self.kept, &store).await?;
        Ok(read.into_iter().map(|(file, plan)| (file, Some(plan))).collect())
    }

    /// Reads some files.
    fn exec(&self, chosen: &Chosen, scan: &Scan<'_>, filters: &[Expr], count: usize) -> Result<Arc<dyn ExecutionPlan>> {
        let table_schema = TableSchema::builder(Arc::clone(&self.file_schema))
            .with_table_partition_cols(vec![Arc::clone(&self.partition)])
            .build();
        let late = self.is_late(scan.projection, filters);
        let store = scan.state.runtime_env().object_store(&self.url)?;
        let readers = CachedParquetFileReaderFactory::new(store, Arc::clone(&self.kept.footers));
        let mut source = ParquetSource::new(table_schema)
            .with_table_parquet_options(scan.state.table_options().parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(readers))
            .with_enable_page_index(true)
            // Those of needles have been looked at.
            .with_bloom_filter_on_read(false)
            .with_pushdown_filters(late)
            .with_reorder_filters(late);
        if let Some(predicate) = self.physical(filters, scan.state)? {
            source = source.with_predicate(predicate);
        }
        let rows = chosen.iter().map(|(file, plan)| file.rows.filter(|_| plan.is_none())).sum::<Option<usize>>();
        let mut statistics = Statistics::new_unknown(&self.table_schema);
        statistics.num_rows = rows.filter(|_| filters.is_empty()).map_or(Precision::Absent, Precision::Exact);
        let config = FileScanConfigBuilder::new(self.url.clone(), Arc::new(source))
            .with_file_groups(self.groups(chosen, count))
            .with_statistics(statistics)
            .with_projection_indices(scan.projection.cloned())?
            .with_limit(scan.limit.filter(|_| filters.is_empty()))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// Reads files that hold rows of other times too, and leaves those out.
    fn edge_exec(&self, chosen: &Chosen, scan: &Scan<'_>, filters: &[Expr], times: &[Expr]) -> Result<Arc<dyn ExecutionPlan>> {
        let columns: Vec<usize> = scan.projection.cloned().unwrap_or_else(|| (0..self.table_schema.fields().len()).collect());
        let mut with_time = columns.clone();
        for column in times.iter().flat_map(Expr::column_refs) {
            let at = self.table_schema.index_of(&column.name)?;
            with_time.extend((!with_time.contains(&at)).then_some(at));
        }
        let all: Vec<Expr> = filters.iter().chain(times).cloned().collect();
        let inner = self.exec(chosen, &Scan { projection: Some(&with_time), limit: None, ..*scan }, &all, 1)?;
        let schema = DFSchema::try_from(inner.schema().as_ref().clone())?;
        let Some(condition) = conjunction(times.to_vec()) else { return Ok(inner) };
        let condition = scan.state.create_physical_expr(condition, &schema)?;
        let projection = (with_time.len() > columns.len()).then(|| (0..columns.len()).collect::<Vec<_>>());
        Ok(Arc::new(FilterExecBuilder::new(condition, inner).apply_projection(projection)?.build()?))
    }

    /// Whether it pays to test the conditions first and to read the other columns only where they are true.
    fn is_late(&self, projection: Option<&Vec<usize>>, filters: &[Expr]) -> bool {
        selects_few(filters) || reads_many(projection, filters) || self.reads_documents(projection, filters)
    }

    /// Whether whole documents are read, which cost more than all other columns together, for rows that other conditions may rule out.
    fn reads_documents(&self, projection: Option<&Vec<usize>>, filters: &[Expr]) -> bool {
        let is_document = |name: &str| COLUMNS.iter().any(|spec| spec.name == name && spec.kind == Kind::Doc);
        let shown = self.table_schema.fields().iter().enumerate();
        let mut shown =
            shown.filter(|(at, _)| projection.is_none_or(|columns| columns.contains(at))).map(|(_, field)| field.name());
        let filtered = || filters.iter().flat_map(Expr::column_refs).any(|column| is_document(&column.name));
        !filters.is_empty() && (shown.any(|name| is_document(name)) || filtered())
    }

    /// What the table's own cutoff adds to the conditions on time.
    fn cutoff(&self) -> Option<Expr> {
        let time = |us| lit(ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into())));
        let ageless = || col(EVENT_DAY).eq(lit(UNKNOWN_DAY));
        self.cutoff_us.map(|cutoff_us| col("eventtime").gt_eq(time(cutoff_us)).or(ageless()))
    }
}

/// What a scan is asked for.
#[derive(Clone, Copy)]
struct Scan<'s> {
    state: &'s dyn Session,
    projection: Option<&'s Vec<usize>>,
    limit: Option<usize>,
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
        let is_done_here = |filter: &Expr| prune::is_of_days(filter) || prune::is_of_time(filter);
        let kind = |filter: &&Expr| match is_done_here(filter) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(kind).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (mut times, others): (Vec<Expr>, Vec<Expr>) =
            filters.iter().filter(|filter| !prune::is_of_days(filter)).cloned().partition(prune::is_of_time);
        times.extend(self.cutoff());
        let files = self.files_left(filters, state)?;
        let (whole, edge) = self.split_by_time(files, &times, state)?;
        let scan = Scan { state, projection, limit };
        let whole = self.chosen(whole, &others, &scan).await?;
        let edge = self.chosen(edge, &others, &scan).await?;
        let threads = state.config().target_partitions();
        if edge.is_empty() {
            return self.exec(&whole, &scan, &others, threads);
        }
        let edge = self.edge_exec(&edge, &scan, &others, &times)?;
        if whole.is_empty() {
            return Ok(edge);
        }
        UnionExec::try_new(vec![self.exec(&whole, &scan, &others, threads)?, edge])
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
