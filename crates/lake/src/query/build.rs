//! Pieces of a syntax tree.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, OrderByExpr, OrderByOptions, Value,
};

/// A function's call.
pub fn call(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Function(function(name, args))
}

/// A function's call, to be completed.
pub fn function(name: &str, args: Vec<Expr>) -> Function {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }
}

/// A text literal.
pub fn text(value: &str) -> Expr {
    Expr::value(Value::SingleQuotedString(value.to_owned()))
}

/// A number.
pub fn number(value: i64) -> Expr {
    Expr::value(Value::Number(value.to_string(), false))
}

/// Stands in a tree while what was there is moved.
pub fn nothing() -> Expr {
    Expr::value(Value::Null)
}

/// A name, in lower case and quoted, so that nothing is done to it any more.
pub fn name(value: &str) -> Ident {
    Ident::with_quote('"', value)
}

/// The text of a literal.
pub fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// A function's plain arguments, if it has no others.
pub fn args_of(function: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    list.args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

/// A function's plain arguments, to be changed.
pub fn args_mut(function: &mut Function) -> Vec<&mut Expr> {
    let FunctionArguments::List(list) = &mut function.args else { return Vec::new() };
    let plain = list.args.iter_mut().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    plain.collect()
}

/// A function's name in lower case, if it is a plain one.
pub fn name_of(function: &Function) -> Option<String> {
    match function.name.0.as_slice() {
        [part] => part.as_ident().map(|ident| ident.value.to_lowercase()),
        _ => None,
    }
}

/// Gives a function another name and keeps everything else.
pub fn rename(function: &mut Function, name: &str) {
    let span = function.name.0.first().and_then(|part| part.as_ident()).map(|ident| ident.span);
    let mut ident = Ident::new(name);
    if let Some(span) = span {
        ident.span = span;
    }
    function.name = ObjectName::from(vec![ident]);
}

/// Puts `ORDER BY` into a function's arguments.
pub fn ordered_by(function: &mut Function, by: Vec<OrderByExpr>) {
    if let FunctionArguments::List(list) = &mut function.args {
        list.clauses.push(FunctionArgumentClause::OrderBy(by));
    }
}

/// One sort key, nulls last.
pub fn sort_key(expr: Expr, ascending: bool) -> OrderByExpr {
    let options = OrderByOptions { asc: Some(ascending), nulls_first: Some(false) };
    OrderByExpr { expr, options, with_fill: None }
}

/// Adds a condition to a function's FILTER.
pub fn filtered(function: &mut Function, condition: Expr) {
    function.filter = Some(Box::new(match function.filter.take() {
        Some(given) => and(*given, condition),
        None => condition,
    }));
}

/// Both, each in parentheses.
pub fn and(left: Expr, right: Expr) -> Expr {
    let nested = |expr| Box::new(Expr::Nested(Box::new(expr)));
    let op = datafusion::sql::sqlparser::ast::BinaryOperator::And;
    Expr::BinaryOp { left: nested(left), op, right: nested(right) }
}

/// Drops all arguments but the first.
pub fn only_first(function: &mut Function) {
    if let FunctionArguments::List(list) = &mut function.args {
        list.args.truncate(1);
    }
}
