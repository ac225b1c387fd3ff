//! Questions in SQL: CloudTrail Lake's dialect (Trino's SELECT), answered by DataFusion over the files that the archive's log names.
//!
//! Text becomes tokens, where the names of stores and the parameters are seen to (`tokens`), then one SELECT's syntax tree
//! (`statement`). That is rewritten (`rewrite`): AWS's nested paths reach flat columns, Trino's constructs those of the engine. Functions
//! that the engine has not, or has with another meaning, are in `functions`. Nothing but SELECT is accepted, and every query has limits.

mod alarm;
mod build;
mod dialect;
mod errors;
mod event_json;
mod files;
mod functions;
mod judged;
mod kept;
mod limited;
mod operators;
mod physical;
mod prune;
mod results;
mod rewrite;
mod statement;
mod stores;
mod subqueries;
mod tokens;
mod unnest;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{Expr, ScalarUDF, bitwise_and, col, lit};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::Statement;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;

pub use errors::SqlError;
pub(crate) use kept::Kept;
pub use limited::QueryLimits;
pub(crate) use limited::in_words;

use crate::append::NO_STORE;
use crate::archive::PartsOf;
use crate::delta::Add;
use crate::error::LakeError;
use crate::home::Lake;
use crate::limits::QUERY_SPILL_BYTES_MAX;
use crate::schema;
use crate::stores::Store;
use errors::Known;
use files::{FilesTable, TableFile};

/// Name of the default store's table.
pub const EVENTS: &str = "events";
/// Name of the ledger's table.
pub const DELIVERIES: &str = "deliveries";

/// Name of the verdicts' table.
pub const VERDICTS: &str = "verdicts";

/// A question.
#[derive(Clone, Debug, Default)]
pub struct Question<'a> {
    /// One SELECT.
    pub sql: &'a str,
    /// Values for its `?`, in their order.
    pub parameters: &'a [String],
    /// What it may use.
    pub limits: QueryLimits,
}

/// An answer, as it comes.
pub struct Answer {
    /// Column headers, spelled as the statement spells them.
    pub headers: Vec<String>,
    /// Columns.
    pub schema: SchemaRef,
    /// Rows.
    pub rows: SendableRecordBatchStream,
    /// What the reader should know: which store answered for a name that is none of ours.
    pub notes: Vec<String>,
}

impl Answer {
    /// All rows; for answers that are known to be small.
    pub async fn all(self) -> Result<Vec<RecordBatch>, LakeError> {
        Ok(self.rows.try_collect().await?)
    }
}

/// A statement rewritten once, and what becomes of that when it is rewritten again: the same, or the rewriter is wrong. For those who look
/// for statements with which it is.
pub fn rewritten_twice(sql: &str) -> Result<[String; 2], SqlError> {
    let known = stores::Stores::of(&[Store::events()]);
    let statement::Read { mut query, tokens } = statement::read(sql, &[])?;
    rewrite::rewrite(&mut query, &known).map_err(|error| error.placed(&tokens))?;
    let once = query.to_string();
    let again = rewrite::rewrite(&mut query, &known);
    Ok([once, again.map_or_else(|error| format!("refused: {error}"), |_| query.to_string())])
}

/// The columns of a table that is not of events, in lower case.
fn columns_of_table(table: &str) -> Vec<String> {
    let (schema, more): (SchemaRef, &[&str]) = match table {
        DELIVERIES => (schema::ledger(), &[schema::DELIVERY_DAY, "verdict"]),
        VERDICTS => (schema::verdicts(), &[schema::DELIVERY_DAY]),
        _ => return Vec::new(),
    };
    schema.fields().iter().map(|field| field.name().clone()).chain(more.iter().map(|name| (*name).to_owned())).collect()
}

impl Lake {
    /// Answers a SELECT over `events`, `deliveries` and `verdicts`.
    pub async fn query(&self, sql: &str) -> Result<Answer, LakeError> {
        self.ask(&Question { sql, ..Question::default() }).await
    }

    /// Answers a question.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Answer, LakeError> {
        let mut alarm = alarm::Alarm::after(question.limits.time).map_err(|error| LakeError::Worker(error.to_string()))?;
        let statement::Read { mut query, tokens } = statement::read(question.sql, question.parameters)?;
        let all = self.stores().await?;
        let rewritten = rewrite::rewrite(&mut query, &stores::Stores::of(&all)).map_err(|error| error.placed(&tokens))?;
        let context = self.context(judged::is_asked_for(&query, &tokens), &all, &question.limits).await?;
        let planned = self.plan(&context, query, question, &mut alarm).await;
        let (schema, rows) = planned.map_err(|error| explained(error, &context, &tokens))?;
        let headers = Some(rewritten.headers).filter(|headers| headers.len() == schema.fields().len());
        let headers = headers.unwrap_or_else(|| schema.fields().iter().map(|field| field.name().clone()).collect());
        let rows = Box::pin(limited::Limited::new(rows, question.limits, alarm, tokens));
        Ok(Answer { headers, schema, rows, notes: rewritten.notes })
    }

    /// A statement as the engine gets it: over flat columns. For those who compare engines.
    pub async fn rewritten(&self, sql: &str) -> Result<String, LakeError> {
        let statement::Read { mut query, tokens } = statement::read(sql, &[])?;
        let all = self.stores().await?;
        rewrite::rewrite(&mut query, &stores::Stores::of(&all)).map_err(|error| error.placed(&tokens))?;
        Ok(query.to_string())
    }

    /// Plans a statement and starts it, within its time.
    async fn plan(
        &self,
        context: &SessionContext,
        query: Box<datafusion::sql::sqlparser::ast::Query>,
        question: &Question<'_>,
        alarm: &mut alarm::Alarm,
    ) -> Result<(SchemaRef, SendableRecordBatchStream), DataFusionError> {
        let work = async {
            match started(context, query.clone()).await {
                // Common parts of expressions that are found twice get the same name in the engine: then they are worked out twice.
                Err(error) if error.to_string().contains("duplicate unqualified field name __common_expr") => {
                    started(&without_common_parts(context), query).await
                }
                done => done,
            }
        };
        tokio::select! {
            planned = work => planned,
            () = alarm => Err(limited::out_of_time(&question.limits)),
        }
    }

    async fn context(&self, with_verdict: bool, stores: &[Store], limits: &QueryLimits) -> Result<SessionContext, LakeError> {
        let mut config = SessionConfig::new().with_target_partitions(self.outside.threads.max(1)).with_information_schema(false);
        config.options_mut().execution.time_zone = Some("UTC".to_owned());
        config.options_mut().sql_parser.default_null_ordering = "nulls_last".to_owned();
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory_bytes)))
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_mode(DiskManagerMode::OsTmpDirectory)
                    .with_max_temp_directory_size(QUERY_SPILL_BYTES_MAX),
            )
            .build_arc()?;
        let url = ObjectStoreUrl::parse("home://lake")?;
        runtime.register_object_store(url.as_ref(), Arc::clone(&self.home.store));
        let context = trino_context(config, runtime)?;
        let (archive, ledger) = self.table_files().await?;
        let has_rows_in_no_store = self.has_rows_in_no_store().await;
        let verdicts = self.verdict_files().await?;
        let table = |schema, day, files| FilesTable::new(url.clone(), Arc::clone(&self.kept), schema, day, files);
        let events = table(viewed(&schema::archive()), schema::EVENT_DAY, archive);
        let deliveries = table(schema::ledger(), schema::DELIVERY_DAY, ledger);
        let verdicts = table(schema::verdicts(), schema::DELIVERY_DAY, verdicts);
        for store in stores.iter().filter(|store| !store.is_events()) {
            let rows = context.read_table(Arc::new(events.clone()))?.filter(rows_of(store, (self.outside.now_us)()))?;
            context.register_table(stores::table_of(store), rows.into_view())?;
        }
        let cutoff_us =
            stores.iter().find(|store| store.is_events()).map_or(i64::MIN, |store| store.cutoff_us((self.outside.now_us)()));
        let events = if cutoff_us == i64::MIN { events } else { events.since(cutoff_us) };
        let events: Arc<dyn TableProvider> = match has_rows_in_no_store {
            true => context.read_table(Arc::new(events))?.filter(col("membership").not_eq(lit(NO_STORE)))?.into_view(),
            false => Arc::new(events),
        };
        context.register_table(EVENTS, events)?;
        context.register_table(VERDICTS, Arc::new(verdicts.clone()))?;
        let deliveries: Arc<dyn TableProvider> =
            if with_verdict { judged::deliveries(deliveries, verdicts).await? } else { Arc::new(deliveries) };
        context.register_table(DELIVERIES, deliveries)?;
        Ok(context)
    }

    /// Whether other writings of records have to be left out: mostly there are none, and nothing has to be looked at.
    async fn has_rows_in_no_store(&self) -> bool {
        let tables = self.tables.lock().await;
        tables.archive.state.files.values().any(|add| add.tag(schema::NO_STORE_TAG).is_some())
    }

    async fn verdict_files(&self) -> Result<Arc<Vec<Arc<TableFile>>>, LakeError> {
        let mut log = self.verdicts.lock().await;
        log.refresh().await?;
        let files = log.state.files.values().map(|add| Arc::new(table_file(log.root(), add)));
        Ok(Arc::new(files.collect()))
    }

    async fn table_files(&self) -> Result<(Arc<Vec<Arc<TableFile>>>, Arc<Vec<Arc<TableFile>>>), LakeError> {
        let mut tables = self.tables.lock().await;
        tables.refresh().await?;
        let root = self.home.path(&["archive"]);
        let archive = self.kept.files(tables.archive.state.version, || {
            tables.archive.state.files.values().map(|add| Arc::new(table_file(&root, add))).collect()
        });
        let root = self.home.path(&["ledger"]);
        let ledger = tables.ledger_files().into_iter().map(|file| {
            let path = root.clone().parts_of(&file.path);
            Arc::new(TableFile { path, size: file.size as u64, day: file.day, times: None, rows: None })
        });
        Ok((archive, Arc::new(ledger.collect())))
    }
}

/// A file that a log names.
fn table_file(root: &Path, add: &Add) -> TableFile {
    TableFile {
        path: root.clone().parts_of(&add.path),
        size: add.size as u64,
        day: add.day().to_owned(),
        times: crate::dedupe::file_times(add),
        rows: Some(crate::compact::rows_of(add)).filter(|rows| *rows > 0),
    }
}

/// Plans a statement and starts it.
async fn started(
    context: &SessionContext,
    query: Box<datafusion::sql::sqlparser::ast::Query>,
) -> Result<(SchemaRef, SendableRecordBatchStream), DataFusionError> {
    let plan = context.state().statement_to_plan(DfStatement::Statement(Box::new(Statement::Query(query)))).await?;
    let plan = results::shown(subqueries::rewritten(plan)?, context)?;
    let frame = context.execute_logical_plan(plan).await?;
    let plan = frame.create_physical_plan().await?;
    let rows = execute_stream(Arc::clone(&plan), task_of(context, &plan)?)?;
    // The optimizer may have chosen other types for text than the plan had.
    Ok((rows.schema(), in_its_own_task(rows)))
}

/// Rows that are made in a task of their own: a join may work for minutes before it gives way, and who waits must hear the alarm.
fn in_its_own_task(mut rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let mut builder = RecordBatchReceiverStream::builder(rows.schema(), 1);
    let sender = builder.tx();
    builder.spawn(async move {
        while let Some(batch) = rows.next().await {
            if sender.send(batch).await.is_err() {
                break;
            }
        }
        Ok(())
    });
    builder.build()
}

/// What a plan runs in. A nested loop join that runs out of memory starts its left side a second time, to spill it; what is below does
/// not survive that (DataFusion 55: `partition not used yet`). So it may not spill, and memory is its limit.
fn task_of(context: &SessionContext, plan: &Arc<dyn ExecutionPlan>) -> Result<Arc<TaskContext>, DataFusionError> {
    let mut open = vec![plan];
    while let Some(plan) = open.pop() {
        if plan.name() == "NestedLoopJoinExec" {
            let state = context.state();
            let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
            let runtime = RuntimeEnvBuilder::from_runtime_env(state.runtime_env()).with_disk_manager_builder(disk).build_arc()?;
            return Ok(SessionStateBuilder::new_from_existing(state).with_runtime_env(runtime).build().task_ctx());
        }
        open.extend(plan.children());
    }
    Ok(context.task_ctx())
}

/// The same session, which does not look for common parts of expressions.
fn without_common_parts(context: &SessionContext) -> SessionContext {
    let state = context.state();
    let rules = state.optimizers().iter().filter(|rule| rule.name() != "common_sub_expression_eliminate").cloned().collect();
    let context = SessionContext::new_with_state(SessionStateBuilder::new_from_existing(state).with_optimizer_rules(rules).build());
    // A state that is made from another one takes its functions in any order: ours must come last, to be found under shared names.
    register_functions(&context, &functions::all().into_iter().map(Arc::new).collect::<Vec<_>>());
    context
}

/// The rows of a store: its members that are not past its retention.
fn rows_of(store: &Store, now_us: i64) -> Expr {
    let is_member = bitwise_and(col("membership"), lit(store.mask())).not_eq(lit(0_i64));
    match store.cutoff_us(now_us) {
        i64::MIN => is_member,
        cutoff => is_member.and(col("eventtime").gt_eq(lit(ScalarValue::TimestampMicrosecond(Some(cutoff), Some("UTC".into()))))),
    }
}

/// A session that has Trino's functions, operators and UNNEST.
fn trino_context(config: SessionConfig, runtime: Arc<RuntimeEnv>) -> Result<SessionContext, LakeError> {
    let all: Vec<Arc<ScalarUDF>> = functions::all().into_iter().map(Arc::new).collect();
    let named = |name: &str| {
        let found = all.iter().find(|function| function.name() == name).cloned();
        found.ok_or_else(|| LakeError::Worker(format!("function {name} is not registered")))
    };
    let operators = operators::Operators { field: named(functions::FIELD)?, times: named(functions::TIMES)? };
    let unnest = unnest::UnnestPlanner {
        as_list: named("lake_as_list")?,
        as_map: named("lake_as_map")?,
        ordinals: named("lake_ordinals")?,
        field: named(functions::FIELD)?,
    };
    let planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(operators)];
    let builder = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_expr_planners(planners)
        .with_default_features()
        .with_physical_optimizer_rules(physical::rules());
    let context = SessionContext::new_with_state(builder.with_relation_planners(vec![Arc::new(unnest)]).build());
    register_functions(&context, &all);
    Ok(context)
}

/// Puts our functions in the place of those that have the same names.
fn register_functions(context: &SessionContext, all: &[Arc<ScalarUDF>]) {
    for function in all {
        context.register_udf(function.as_ref().clone());
    }
    for function in functions::with_lambdas() {
        context.register_higher_order_function(Arc::new(function));
    }
    context.register_udf(ScalarUDF::from(event_json::EventJson::new()));
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

/// An error in the user's words, with its place.
fn explained(
    error: DataFusionError,
    context: &SessionContext,
    tokens: &[datafusion::sql::sqlparser::tokenizer::TokenWithSpan],
) -> LakeError {
    if let DataFusionError::ResourcesExhausted(reason) = error.find_root() {
        return LakeError::QueryLimit(in_words(reason));
    }
    let state = context.state();
    let mut functions: Vec<String> = state
        .scalar_functions()
        .keys()
        .chain(state.aggregate_functions().keys())
        .filter(|name| !name.starts_with("lake_"))
        .cloned()
        .collect();
    functions.sort();
    LakeError::Sql(SqlError::planned(&error, &Known { columns: &rewrite::paths::all(), functions: &functions }).placed(tokens))
}

#[cfg(test)]
mod tests;
