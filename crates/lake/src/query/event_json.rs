//! `eventJson`: the record's exact bytes, put together from its row.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use crate::rebuild::{needed_columns, records_of};
use crate::schema;

/// Name of the function; its arguments are the columns that [`needed_columns`] lists, in that order.
pub const NAME: &str = "event_json";

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct EventJson {
    signature: Signature,
}

impl EventJson {
    /// The function.
    pub fn new() -> EventJson {
        EventJson { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for EventJson {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let stored = schema::archive();
        let mut fields = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (name, value) in needed_columns().into_iter().zip(args.args) {
            let kind = stored.field_with_name(name).map_err(DataFusionError::from)?.data_type().clone();
            arrays.push(cast(&value.into_array(args.number_rows)?, &kind)?);
            fields.push(Field::new(name, kind, true));
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        let texts = records_of(&batch).into_iter().map(|bytes| bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        Ok(ColumnarValue::Array(Arc::new(texts.collect::<StringArray>())))
    }
}
