//! `search(body, 'text')` in a statement.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value, visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::{condition, parse};
use crate::error::QueryError;

const NAME: &str = "search";
const USE: &str = "search() takes the column `body` and a text: search(body, 'words \"a phrase\" -not key:value')";

/// Puts conditions in the place of searches.
///
/// # Errors
/// [`QueryError::Parse`] when a search cannot be read.
pub(crate) fn expand(statement: &mut Statement) -> Result<(), QueryError> {
    let inner = match statement {
        Statement::Statement(inner) => inner,
        Statement::Explain(explain) => return expand(&mut explain.statement),
        _ => return Ok(()),
    };
    let done = visit_expressions_mut(inner.as_mut(), |expr| {
        let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
        if !call.name.to_string().eq_ignore_ascii_case(NAME) {
            return ControlFlow::Continue(());
        }
        match condition_of(call) {
            Ok(condition) => {
                *expr = condition;
                ControlFlow::Continue(())
            }
            Err(message) => ControlFlow::Break(message),
        }
    });
    match done {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(message) => Err(QueryError::Parse { message, position: None }),
    }
}

fn condition_of(call: &Function) -> Result<Expr, String> {
    let FunctionArguments::List(list) = &call.args else { return Err(USE.into()) };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(column)), FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(text)))] =
        list.args.as_slice()
    else {
        return Err(USE.into());
    };
    let Value::SingleQuotedString(text) = &text.value else { return Err(USE.into()) };
    let table = match column {
        Expr::Identifier(name) if name.value.eq_ignore_ascii_case("body") => String::new(),
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [table, name] if name.value.eq_ignore_ascii_case("body") => table.value.clone(),
            _ => return Err(USE.into()),
        },
        _ => return Err(USE.into()),
    };
    let search = parse(text).map_err(|error| error.to_string())?;
    let sql = condition(&search, &table);
    let expr = Parser::new(&GenericDialect {}).try_with_sql(&sql).and_then(|mut parser| parser.parse_expr());
    expr.map(|inner| Expr::Nested(Box::new(inner))).map_err(|error| error.to_string())
}
