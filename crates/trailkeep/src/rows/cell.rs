//! One value as text.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use record::columns::COLUMNS;

use super::unwritable;
use crate::exit::Failure;

/// CloudTrail Lake's way to write a time.
const TIMESTAMP: &str = "%Y-%m-%d %H:%M:%S%.3f";

fn options() -> FormatOptions<'static> {
    FormatOptions::new().with_timestamp_format(Some(TIMESTAMP)).with_timestamp_tz_format(Some(TIMESTAMP)).with_null("null")
}

/// The columns of a batch, ready to be read cell by cell.
pub struct Cells<'a> {
    columns: Vec<(&'a dyn Array, ArrayFormatter<'a>)>,
}

impl<'a> Cells<'a> {
    /// The cells of a batch.
    pub fn of(batch: &'a RecordBatch) -> Result<Cells<'a>, Failure> {
        let options: FormatOptions<'a> = options();
        let columns = batch.columns().iter().map(|array| {
            let formatter = ArrayFormatter::try_new(array.as_ref(), &options).map_err(|error| unwritable(&error))?;
            Ok((array.as_ref(), formatter))
        });
        Ok(Cells { columns: columns.collect::<Result<Vec<_>, Failure>>()? })
    }

    /// One row; `None` where nothing is.
    pub fn row(&self, at: usize) -> impl Iterator<Item = Option<String>> {
        self.columns.iter().map(move |(array, formatter)| (!array.is_null(at)).then(|| formatter.value(at).to_string()))
    }
}

/// The fields of one row that are there, by their paths as AWS spells them: `userIdentity.sessionContext.sessionIssuer.arn`.
pub fn fields(batch: &RecordBatch, headers: &[String], at: usize) -> Result<Vec<(String, String)>, Failure> {
    let mut fields = Vec::new();
    for (header, array) in headers.iter().zip(batch.columns()) {
        collect_fields(header, array.as_ref(), at, &mut fields)?;
    }
    Ok(fields)
}

fn collect_fields(path: &str, array: &dyn Array, at: usize, fields: &mut Vec<(String, String)>) -> Result<(), Failure> {
    if array.is_null(at) {
        return Ok(());
    }
    if let Some(structure) = array.as_struct_opt() {
        for (name, column) in structure.column_names().into_iter().zip(structure.columns()) {
            collect_fields(&format!("{path}.{name}"), column.as_ref(), at, fields)?;
        }
        return Ok(());
    }
    let formatter = ArrayFormatter::try_new(array, &options()).map_err(|error| unwritable(&error))?;
    let spec = COLUMNS.iter().find(|spec| spec.path.eq_ignore_ascii_case(path));
    fields.push((spec.map_or_else(|| path.to_owned(), |spec| spec.path.to_owned()), formatter.value(at).to_string()));
    Ok(())
}
