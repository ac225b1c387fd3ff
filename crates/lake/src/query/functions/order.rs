//! `array_sort(list, (left, right) -> number)`: an order of the user's own.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, AsArray, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDFImpl,
    LambdaParametersProgress, ValueOrLambda, Volatility,
};

use super::lists::{list_array, range};
use crate::limits::LIST_ELEMENTS_MAX;

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct SortBy {
    signature: HigherOrderSignature,
}

impl SortBy {
    /// The function.
    pub fn new() -> SortBy {
        let args = vec![ValueOrLambda::Value(()), ValueOrLambda::Lambda(())];
        SortBy { signature: HigherOrderSignature::exact(args, Volatility::Immutable) }
    }
}

impl HigherOrderUDFImpl for SortBy {
    fn name(&self) -> &str {
        "lake_sort_by"
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        match kinds.first() {
            Some(DataType::List(_)) => Ok(kinds.to_vec()),
            _ => plan_err!("`array_sort` takes a list and a lambda that compares two elements"),
        }
    }

    fn lambda_parameters(
        &self,
        _: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        match fields.first() {
            Some(ValueOrLambda::Value(list)) => match list.data_type() {
                DataType::List(element) => {
                    let element = Arc::new(Field::new(element.name(), element.data_type().clone(), true));
                    Ok(LambdaParametersProgress::Complete(vec![vec![Arc::clone(&element), element]]))
                }
                _ => plan_err!("`array_sort` takes a list"),
            },
            _ => plan_err!("`array_sort` takes a list"),
        }
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields.first() {
            Some(ValueOrLambda::Value(list)) => Ok(Arc::new(Field::new(list.name(), list.data_type().clone(), true))),
            _ => plan_err!("`array_sort` takes a list"),
        }
    }

    /// Every pair of elements is compared once, all rows together; then each list is sorted by what was found.
    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Lambda(compare)] = args.args.as_slice() else {
            return exec_err!("`array_sort` takes a list and a lambda");
        };
        let list = list.to_array(args.number_rows)?;
        let list = list.as_list::<i32>();
        let (mut rows, mut left, mut right) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..list.len() {
            for (one, other) in pairs(range(list, row).unwrap_or_default()) {
                rows.extend(u32::try_from(row).ok());
                left.extend(u32::try_from(one).ok());
                right.extend(u32::try_from(other).ok());
                if rows.len() > LIST_ELEMENTS_MAX {
                    return exec_err!("`array_sort`: there are more than {LIST_ELEMENTS_MAX} pairs to compare (LIST_ELEMENTS_MAX)");
                }
            }
        }
        let rows = UInt32Array::from(rows);
        let values = list.values();
        let (left, right) = (take(values, &UInt32Array::from(left), None)?, take(values, &UInt32Array::from(right), None)?);
        let spread = |captured: &[arrow::array::ArrayRef]| {
            Ok(captured.iter().map(|column| take(column, &rows, None)).collect::<std::result::Result<Vec<_>, _>>()?)
        };
        let found = compare.evaluate(&[&|| Ok(Arc::clone(&left)), &|| Ok(Arc::clone(&right))], spread)?.into_array(rows.len())?;
        let found = cast(&found, &DataType::Int64)?;
        let mut found = found.as_primitive::<Int64Type>().iter();
        let (mut places, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..list.len() {
            let own = range(list, row);
            valid.push(own.is_some());
            let own = own.unwrap_or_default();
            lengths.push(own.len());
            places.extend(sorted(own, &mut found).into_iter().filter_map(|at| u32::try_from(at).ok()));
        }
        Ok(ColumnarValue::Array(list_array(lengths, take(values, &UInt32Array::from(places), None)?, valid)?))
    }
}

fn pairs(range: std::ops::Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    range.clone().flat_map(move |one| (one + 1..range.end).map(move |other| (one, other)))
}

/// A list's places in order; `found` has what the lambda said of each of its pairs. What is said against all logic gives some order.
fn sorted(range: std::ops::Range<usize>, found: &mut impl Iterator<Item = Option<i64>>) -> Vec<usize> {
    let mut before: Vec<usize> = vec![0; range.len()];
    let start = range.start;
    for (one, other) in pairs(range.clone()) {
        let later = match found.next().flatten().unwrap_or(0).cmp(&0) {
            Ordering::Greater => one,
            Ordering::Equal | Ordering::Less => other,
        };
        if let Some(count) = before.get_mut(later - start) {
            *count += 1;
        }
    }
    let mut places: Vec<usize> = range.collect();
    places.sort_by_key(|at| before.get(at - start).copied().unwrap_or(0));
    places
}
