//! Questions in SQL: DataFusion over the files that the archive's log names.
//!
//! The tables are flat; names are rewritten in the syntax tree, so that AWS's nested paths reach flat columns (`resolve`), and
//! an event's JSON is put together only where it is asked for (`event_json`). Only SELECT is accepted.

mod event_json;
mod files;
mod judged;
mod resolve;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement as DfStatement};
use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use futures::TryStreamExt;

use crate::error::LakeError;
use crate::home::Lake;
use crate::limits::{QUERY_MEMORY_BYTES_MAX, SQL_SIZE_BYTES_MAX};
use crate::schema;
use files::{FilesTable, TableFile};

/// Name of the default store's table.
pub const EVENTS: &str = "events";
/// Name of the ledger's table.
pub const DELIVERIES: &str = "deliveries";

/// Name of the verdicts' table.
pub const VERDICTS: &str = "verdicts";

/// Deepest nesting of a statement.
const SQL_DEPTH_MAX: usize = 100;

/// An answer, as it comes.
pub struct Answer {
    /// Column headers, spelled as the statement spells them.
    pub headers: Vec<String>,
    /// Columns.
    pub schema: SchemaRef,
    /// Rows.
    pub rows: SendableRecordBatchStream,
}

impl Answer {
    /// All rows; for answers that are known to be small.
    pub async fn all(self) -> Result<Vec<RecordBatch>, LakeError> {
        Ok(self.rows.try_collect().await?)
    }
}

impl Lake {
    /// Answers a SELECT over `events`, `deliveries` and `verdicts`.
    pub async fn query(&self, sql: &str) -> Result<Answer, LakeError> {
        let mut statement = parse(sql)?;
        let headers = resolve::headers(&statement);
        resolve::rewrite(&mut statement);
        let context = self.context(judged::is_asked_for(&statement)).await?;
        let plan = context.state().statement_to_plan(DfStatement::Statement(Box::new(statement))).await?;
        let frame = context.execute_logical_plan(plan).await?;
        let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
        let headers = headers.filter(|headers| headers.len() == schema.fields().len());
        let headers = headers.unwrap_or_else(|| schema.fields().iter().map(|field| field.name().clone()).collect());
        let rows = frame.execute_stream().await?;
        Ok(Answer { headers, schema, rows })
    }

    async fn context(&self, with_verdict: bool) -> Result<SessionContext, LakeError> {
        let mut config = SessionConfig::new().with_target_partitions(self.outside.threads.max(1)).with_information_schema(false);
        config.options_mut().execution.parquet.pushdown_filters = true;
        config.options_mut().execution.parquet.reorder_filters = true;
        config.options_mut().execution.time_zone = Some("UTC".to_owned());
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(QUERY_MEMORY_BYTES_MAX)))
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::OsTmpDirectory))
            .build_arc()?;
        let url = ObjectStoreUrl::parse("home://lake")?;
        runtime.register_object_store(url.as_ref(), Arc::clone(&self.home.store));
        let state = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features().build();
        let context = SessionContext::new_with_state(state);
        context.register_udf(ScalarUDF::from(event_json::EventJson::new()));
        let (archive, ledger) = self.table_files().await?;
        let verdicts = self.verdict_files().await?;
        let events = FilesTable::new(url.clone(), viewed(&schema::archive()), schema::EVENT_DAY, archive);
        let deliveries = FilesTable::new(url.clone(), schema::ledger(), schema::DELIVERY_DAY, ledger);
        let verdicts = FilesTable::new(url, schema::verdicts(), schema::DELIVERY_DAY, verdicts);
        context.register_table(EVENTS, Arc::new(events))?;
        context.register_table(VERDICTS, Arc::new(verdicts.clone()))?;
        let deliveries: Arc<dyn TableProvider> =
            if with_verdict { judged::deliveries(deliveries, verdicts).await? } else { Arc::new(deliveries) };
        context.register_table(DELIVERIES, deliveries)?;
        Ok(context)
    }

    async fn verdict_files(&self) -> Result<Vec<TableFile>, LakeError> {
        let mut log = self.verdicts.lock().await;
        log.refresh().await?;
        let files = log.state.files.values().map(|add| TableFile {
            path: format!("{}/{}", log.root(), add.path),
            size: add.size as u64,
            day: add.day().to_owned(),
            times: None,
        });
        Ok(files.collect())
    }

    async fn table_files(&self) -> Result<(Vec<TableFile>, Vec<TableFile>), LakeError> {
        let mut tables = self.tables.lock().await;
        tables.refresh().await?;
        let archive = tables.archive.state.files.values().map(|add| TableFile {
            path: format!("{}/{}", self.home.path(&["archive"]), add.path),
            size: add.size as u64,
            day: add.day().to_owned(),
            times: crate::dedupe::file_times(add),
        });
        let ledger = tables.ledger_files().into_iter().map(|file| TableFile {
            path: format!("{}/{}", self.home.path(&["ledger"]), file.path),
            size: file.size as u64,
            day: file.day,
            times: None,
        });
        Ok((archive.collect(), ledger.collect()))
    }
}

/// Text is read as views: less copying.
fn viewed(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => Field::new(field.name(), DataType::Utf8View, field.is_nullable()),
        DataType::Binary => Field::new(field.name(), DataType::BinaryView, field.is_nullable()),
        _ => field.as_ref().clone(),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Parses one SELECT.
fn parse(sql: &str) -> Result<Statement, LakeError> {
    if sql.len() > SQL_SIZE_BYTES_MAX {
        return Err(LakeError::Query(format!("the statement is longer than {SQL_SIZE_BYTES_MAX} bytes; shorten it")));
    }
    let mut parser = DFParserBuilder::new(sql).with_dialect(&DuckDbDialect {}).with_recursion_limit(SQL_DEPTH_MAX).build()?;
    let mut statements = parser.parse_statements()?;
    let (Some(DfStatement::Statement(statement)), true) = (statements.pop_front(), statements.is_empty()) else {
        return Err(LakeError::Query("give one SELECT statement; nothing else is run".to_owned()));
    };
    match *statement {
        query @ Statement::Query(_) => Ok(query),
        other => {
            let text = other.to_string();
            let verb = text.split_whitespace().next().unwrap_or_default().to_owned();
            Err(LakeError::Query(format!(
                "only SELECT is allowed, this is `{verb}`: the lake is changed by `collect` and `compact` alone"
            )))
        }
    }
}
