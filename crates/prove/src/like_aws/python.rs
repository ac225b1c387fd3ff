//! What the AWS CLI inherits from Python, as far as it can be seen in its lines.
//!
//! A digest that is no digest is judged by the exception that it causes: which types can be iterated, which texts are dates, what a value
//! looks like as text. Texts are those of Python 3.11.

pub(super) mod dates;
pub(super) mod json;
pub(super) mod value;
