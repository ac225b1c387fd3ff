//! Trino's functions that the engine does not have, or has with another meaning.
//!
//! A function is a row of a table (`Spec`): its name, what it takes, what it gives, and how one row (or a whole column) is worked out. Null
//! in, null out, as in Trino, unless it works on whole columns. Inside TRY a function's errors are nulls: every function that
//! can fail is there a second time under a name of its own.

mod arrays;
mod cast;
mod elements;
mod formats;
mod hashes;
mod intervals;
mod json;
mod json_made;
mod json_path;
mod lists;
mod maps;
mod maths;
mod network;
mod order;
mod patterns;
mod reduce;
mod regex;
mod rows;
mod text;
mod times;
mod units;
mod urls;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, HigherOrderUDF, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

pub use cast::type_name;
pub use elements::FIELD;
pub use intervals::{SHOWN, TIMES, is_span};
pub use rows::{Call, Outcome, Row};
pub use times::from_text as read_time;

/// In front of the name of a function that answers null where the plain one fails.
pub const TRYING: &str = "lake_try_";

/// What a function takes at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Take {
    /// Text (also JSON).
    Text,
    /// Text, or a list.
    TextOrList,
    /// Text, or bytes.
    TextOrBytes,
    /// A whole number.
    Int,
    /// Any number.
    Double,
    /// A point in time; dates and texts are made one.
    Time,
    /// Anything, as it is.
    Any,
}

/// What a function gives.
#[derive(Clone, Copy)]
pub enum Give {
    /// Text.
    Text,
    /// A document.
    Json,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// True or false.
    Bool,
    /// A point in time.
    Time,
    /// A list of texts.
    Texts,
    /// What its arguments say: their types, and their values where they are literals.
    By(fn(&[DataType], &[Option<&ScalarValue>]) -> Result<DataType>),
}

/// How a function works.
#[derive(Clone, Copy)]
pub enum Run {
    /// Row by row, to text or JSON.
    Text(fn(&Row<'_>) -> Outcome<String>),
    /// Row by row, to whole numbers.
    Int(fn(&Row<'_>) -> Outcome<i64>),
    /// Row by row, to numbers.
    Double(fn(&Row<'_>) -> Outcome<f64>),
    /// Row by row, to true or false.
    Bool(fn(&Row<'_>) -> Outcome<bool>),
    /// Row by row, to microseconds since 1970 UTC.
    Time(fn(&Row<'_>) -> Outcome<i64>),
    /// Row by row, to lists of texts.
    Texts(fn(&Row<'_>) -> Outcome<Vec<Option<String>>>),
    /// All rows at once.
    Columns(fn(&Call) -> Result<ArrayRef>),
}

/// Finds a simpler expression for arguments of these types.
pub type Simpler = fn(&[Expr], &[DataType]) -> Result<Option<Expr>>;

/// A function.
#[derive(Clone, Copy)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// Fewest and most arguments.
    pub count: (usize, usize),
    /// What it takes; the last one counts for all further arguments.
    pub take: &'static [Take],
    /// What it gives.
    pub give: Give,
    /// How.
    pub run: Run,
    /// A simpler expression for some arguments.
    pub simpler: Option<Simpler>,
}

impl Spec {
    /// What it takes at a place.
    fn take_at(&self, at: usize) -> Take {
        self.take.get(at).or_else(|| self.take.last()).copied().unwrap_or(Take::Any)
    }
}

/// A function that has no simpler form.
pub const fn spec(name: &'static str, count: (usize, usize), take: &'static [Take], give: Give, run: Run) -> Spec {
    Spec { name, count, take, give, run, simpler: None }
}

/// All tables of functions.
const TABLES: [&[Spec]; 17] = [
    arrays::FUNCTIONS,
    cast::FUNCTIONS,
    elements::FUNCTIONS,
    formats::FUNCTIONS,
    hashes::FUNCTIONS,
    intervals::FUNCTIONS,
    json::FUNCTIONS,
    json_made::FUNCTIONS,
    lists::FUNCTIONS,
    maps::FUNCTIONS,
    maths::FUNCTIONS,
    network::FUNCTIONS,
    regex::FUNCTIONS,
    text::FUNCTIONS,
    times::FUNCTIONS,
    units::FUNCTIONS,
    urls::FUNCTIONS,
];

fn specs() -> impl Iterator<Item = &'static Spec> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// Whether there is a function of this name here, which TRY can make answer null.
pub fn can_fail(name: &str) -> bool {
    specs().any(|spec| spec.name == name)
}

/// Names of all functions as users write them.
#[cfg(test)]
pub fn names() -> Vec<&'static str> {
    specs().map(|spec| spec.name).filter(|name| !name.starts_with("lake_")).collect()
}

/// All functions, each also in its trying form.
pub fn all() -> Vec<ScalarUDF> {
    let both = |spec: &'static Spec| {
        [(spec.name.to_owned(), false), (format!("{TRYING}{}", spec.name), true)]
            .map(|(name, tries)| Scalar::udf(spec, name, tries))
    };
    specs().flat_map(both).collect()
}

/// All functions with several lambdas.
pub fn with_lambdas() -> Vec<HigherOrderUDF> {
    vec![HigherOrderUDF::new_from_impl(reduce::Reduce::new()), HigherOrderUDF::new_from_impl(order::SortBy::new())]
}

/// The type of points in time.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The type of JSON documents: text that is not text, so that a cast of it to text takes the quotes away.
pub const JSON: DataType = DataType::LargeUtf8;

/// The beginning of a value, for messages.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Whether a type is text.
pub fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8)
}

/// A list of these.
pub fn list_of(kind: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(kind, true)))
}

/// A map of these.
pub fn map_of(key: DataType, value: DataType) -> DataType {
    let entries = DataType::Struct(vec![Field::new("key", key, false), Field::new("value", value, true)].into());
    DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
}

/// The engine's face of a function.
#[derive(Debug)]
struct Scalar {
    name: String,
    spec: Described,
    tries: bool,
    signature: Signature,
}

/// A spec, to be printed by its name.
struct Described(&'static Spec);

impl std::fmt::Debug for Described {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(self.0.name)
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Scalar) -> bool {
        self.name == other.name
    }
}

impl Eq for Scalar {}

impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Scalar {
    fn udf(spec: &'static Spec, name: String, tries: bool) -> ScalarUDF {
        ScalarUDF::from(Scalar { name, spec: Described(spec), tries, signature: Signature::user_defined(Volatility::Immutable) })
    }

    fn spec(&self) -> &'static Spec {
        self.spec.0
    }
}

impl ScalarUDFImpl for Scalar {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("`{}` is asked by its fields", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let kinds: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let kind = match self.spec().give {
            Give::Text => DataType::Utf8,
            Give::Json => JSON,
            Give::Int => DataType::Int64,
            Give::Double => DataType::Float64,
            Give::Bool => DataType::Boolean,
            Give::Time => time_type(),
            Give::Texts => list_of(DataType::Utf8),
            Give::By(told) => told(&kinds, args.scalar_arguments)?,
        };
        Ok(Arc::new(Field::new(&self.name, kind, true)))
    }

    fn coerce_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        let spec = self.spec();
        let (least, most) = spec.count;
        if kinds.len() < least || kinds.len() > most {
            let wanted = if least == most {
                format!("{least}")
            } else if most == usize::MAX {
                format!("{least} or more")
            } else {
                format!("{least} to {most}")
            };
            return plan_err!("`{}` takes {wanted} arguments, not {}", spec.name, kinds.len());
        }
        kinds.iter().enumerate().map(|(at, kind)| coerced(spec.name, spec.take_at(at), kind, at)).collect()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { args.number_rows };
        let kind = args.return_field.data_type().clone();
        let given = args.args.iter().enumerate().map(|(at, arg)| match self.spec().take_at(at) {
            Take::Time => times::of_texts(self.spec().name, arg, self.tries),
            _ => Ok(arg.clone()),
        });
        let call = Call::new(self.spec().name, &given.collect::<Result<Vec<_>>>()?, rows, kind.clone(), self.tries)?;
        let array = run(self.spec().run, &call)?;
        let array = if array.data_type() == &kind { array } else { arrow::compute::cast(&array, &kind)? };
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(simpler) = self.spec().simpler else { return Ok(ExprSimplifyResult::Original(args)) };
        let kinds = args.iter().map(|arg| info.get_data_type(arg)).collect::<Result<Vec<_>>>()?;
        Ok(match simpler(&args, &kinds)? {
            Some(expr) => ExprSimplifyResult::Simplified(expr),
            None => ExprSimplifyResult::Original(args),
        })
    }
}

/// The type that an argument is made.
fn coerced(name: &str, take: Take, kind: &DataType, at: usize) -> Result<DataType> {
    let wrong = |wanted: &str| plan_err!("argument {} of `{name}` must be {wanted}", at + 1);
    let is_nested = kind.is_nested();
    match take {
        Take::Any => Ok(kind.clone()),
        Take::TextOrList if is_nested => Ok(kind.clone()),
        Take::TextOrBytes if kind == &DataType::Binary => Ok(kind.clone()),
        Take::Text | Take::TextOrList | Take::TextOrBytes if is_text(kind) => Ok(kind.clone()),
        Take::Text | Take::TextOrBytes if is_nested => wrong("text"),
        Take::Text | Take::TextOrList | Take::TextOrBytes => Ok(DataType::Utf8),
        Take::Int if is_nested => wrong("a whole number"),
        Take::Int => Ok(DataType::Int64),
        Take::Double if is_nested => wrong("a number"),
        Take::Double => Ok(DataType::Float64),
        Take::Time => match kind {
            DataType::Timestamp(_, Some(zone)) => Ok(DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(zone)))),
            DataType::Time32(_) | DataType::Time64(_) => Ok(kind.clone()),
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 | DataType::Null => Ok(time_type()),
            text if is_text(text) => Ok(text.clone()),
            _ => wrong("a time"),
        },
    }
}

fn run(run: Run, call: &Call) -> Result<ArrayRef> {
    Ok(match run {
        Run::Text(each) => Arc::new(call.each(each)?.into_iter().collect::<StringArray>()),
        Run::Int(each) => Arc::new(call.each(each)?.into_iter().collect::<Int64Array>()),
        Run::Double(each) => Arc::new(call.each(each)?.into_iter().collect::<Float64Array>()),
        Run::Bool(each) => Arc::new(call.each(each)?.into_iter().collect::<BooleanArray>()),
        Run::Time(each) => Arc::new(call.each(each)?.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        Run::Texts(each) => Arc::new(texts(call.each(each)?)),
        Run::Columns(all) => all(call)?,
    })
}

fn texts(rows: Vec<Option<Vec<Option<String>>>>) -> arrow::array::ListArray {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in rows {
        match row {
            Some(texts) => {
                texts.into_iter().for_each(|text| builder.values().append_option(text));
                builder.append(true);
            }
            None => builder.append(false),
        }
    }
    builder.finish()
}

/// An error of a function, in the user's words.
pub fn failed(name: &str, what: impl std::fmt::Display) -> DataFusionError {
    let name = name.strip_prefix("lake_").unwrap_or(name);
    DataFusionError::Execution(format!("`{name}`: {what}"))
}
