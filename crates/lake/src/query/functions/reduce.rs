//! `reduce(list, start, (state, element) -> state, state -> result)`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDFImpl, LambdaArgument,
    LambdaParametersProgress, ValueOrLambda, Volatility,
};

use super::lists;
use crate::limits::LIST_ELEMENTS_MAX;

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Reduce {
    signature: HigherOrderSignature,
}

impl Reduce {
    /// The function.
    pub fn new() -> Reduce {
        let args = vec![ValueOrLambda::Value(()), ValueOrLambda::Value(()), ValueOrLambda::Lambda(()), ValueOrLambda::Lambda(())];
        Reduce { signature: HigherOrderSignature::exact(args, Volatility::Immutable) }
    }
}

impl HigherOrderUDFImpl for Reduce {
    fn name(&self) -> &str {
        "reduce"
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, kinds: &[DataType]) -> Result<Vec<DataType>> {
        match kinds.first() {
            Some(DataType::List(_)) => Ok(kinds.to_vec()),
            _ => plan_err!("`reduce` takes a list, a start value and two lambdas"),
        }
    }

    fn lambda_parameters(
        &self,
        step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Value(start), ValueOrLambda::Lambda(merged), ValueOrLambda::Lambda(_)] =
            fields
        else {
            return plan_err!("`reduce` takes a list, a start value and two lambdas");
        };
        let DataType::List(element) = list.data_type() else { return plan_err!("`reduce` takes a list") };
        Ok(match merged {
            None if step == 0 => LambdaParametersProgress::Partial(vec![Some(vec![Arc::clone(start), Arc::clone(element)]), None]),
            merged => {
                let state = nullable(merged.as_ref().unwrap_or(start));
                LambdaParametersProgress::Complete(vec![vec![Arc::clone(&state), Arc::clone(element)], vec![state]])
            }
        })
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields.last() {
            Some(ValueOrLambda::Lambda(result)) => Ok(nullable(result)),
            _ => plan_err!("`reduce` takes a list, a start value and two lambdas"),
        }
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Value(start), ValueOrLambda::Lambda(merge), ValueOrLambda::Lambda(finish)] =
            args.args.as_slice()
        else {
            return exec_err!("`reduce` takes a list, a start value and two lambdas");
        };
        let merged_kind = match args.arg_fields.get(2) {
            Some(ValueOrLambda::Lambda(field)) => field.data_type().clone(),
            _ => DataType::Null,
        };
        let list = list.to_array(args.number_rows)?;
        let start = cast(&start.to_array(args.number_rows)?, &merged_kind)?;
        let state = merged(&list, start, merge, &merged_kind)?;
        let result = finish.evaluate(&[&|| Ok(Arc::clone(&state))], |captured| Ok(captured.to_vec()))?;
        let result = result.into_array(args.number_rows)?;
        // A list that is null has no result.
        let kept: UInt32Array = (0..args.number_rows).map(|row| u32::try_from(row).ok().filter(|_| list.is_valid(row))).collect();
        Ok(ColumnarValue::Array(take(&result, &kept, None)?))
    }
}

fn nullable(field: &FieldRef) -> FieldRef {
    Arc::new(Field::new(field.name(), field.data_type().clone(), true))
}

/// The state after all elements, one element of every list at a time.
fn merged(list: &ArrayRef, start: ArrayRef, merge: &LambdaArgument, kind: &DataType) -> Result<ArrayRef> {
    let list = list.as_list::<i32>();
    let mut state = start;
    for place in 0..LIST_ELEMENTS_MAX {
        let (mut rows, mut elements) = (Vec::new(), Vec::new());
        for row in 0..list.len() {
            if let Some(at) = lists::range(list, row).and_then(|mut range| range.nth(place)) {
                rows.extend(u32::try_from(row).ok());
                elements.extend(u32::try_from(at).ok());
            }
        }
        if rows.is_empty() {
            return Ok(state);
        }
        let rows = UInt32Array::from(rows);
        let before = take(&state, &rows, None)?;
        let element = take(list.values(), &UInt32Array::from(elements), None)?;
        let spread =
            |captured: &[ArrayRef]| Ok(captured.iter().map(|column| take(column, &rows, None)).collect::<Result<Vec<_>, _>>()?);
        let after = merge.evaluate(&[&|| Ok(Arc::clone(&before)), &|| Ok(Arc::clone(&element))], spread)?.into_array(rows.len())?;
        state = put(&state, &cast(&after, kind)?, &rows)?;
    }
    exec_err!("`reduce`: the list has more than {LIST_ELEMENTS_MAX} elements (LIST_ELEMENTS_MAX)")
}

/// The states of some rows replaced.
fn put(state: &ArrayRef, after: &ArrayRef, rows: &UInt32Array) -> Result<ArrayRef> {
    let both = concat(&[state.as_ref(), after.as_ref()])?;
    let mut places: Vec<u32> = (0..state.len()).filter_map(|row| u32::try_from(row).ok()).collect();
    for (at, row) in rows.values().iter().enumerate() {
        if let (Some(place), Ok(at)) = (places.get_mut(*row as usize), u32::try_from(state.len() + at)) {
            *place = at;
        }
    }
    Ok(take(&both, &UInt32Array::from(places), None)?)
}
