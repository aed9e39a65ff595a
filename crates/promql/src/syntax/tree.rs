//! Trees as JSON, in the form of Prometheus's `parse_query`.

use serde_json::{Value, json};

use super::ast::{At, Cardinality, DurationExpr, Expr, ExprKind, Matching, Modifier, Selector, TimeShift};
use super::print::written;
use crate::functions::Function;
use crate::number::format_general;

/// The tree of an expression.
pub(crate) fn tree(expr: &Expr) -> Value {
    match &expr.kind {
        ExprKind::Number(value) => json!({"type": "numberLiteral", "val": format_general(*value)}),
        ExprKind::String(text) => json!({"type": "stringLiteral", "val": text}),
        ExprKind::Selector(selector) => selector_tree("vectorSelector", selector),
        ExprKind::Matrix { selector, range } => {
            let mut node = selector_tree("matrixSelector", selector);
            set_duration(&mut node, "range", range);
            node
        }
        ExprKind::Subquery { expr, range, step, shift } => {
            let mut node = json!({"type": "subquery", "expr": tree(expr), "step": 0});
            set_duration(&mut node, "range", range);
            if let Some(step) = step {
                set_duration(&mut node, "step", step);
            }
            set_shift(&mut node, shift);
            node
        }
        ExprKind::Unary { negate, expr } => {
            json!({"type": "unaryExpr", "op": if *negate { "-" } else { "+" }, "expr": tree(expr)})
        }
        ExprKind::Paren(expr) => json!({"type": "parenExpr", "expr": tree(expr)}),
        ExprKind::Binary { op, left, right, returns_bool, matching } => json!({
            "type": "binaryExpr",
            "op": op.as_str(),
            "lhs": tree(left),
            "rhs": tree(right),
            "matching": matching_tree(expr, matching),
            "bool": returns_bool,
        }),
        ExprKind::Aggregate { op, parameter, expr, grouping } => json!({
            "type": "aggregation",
            "op": op.as_str(),
            "expr": tree(expr),
            "param": parameter.as_ref().map(|p| tree(p)),
            "grouping": grouping.labels,
            "without": grouping.without,
        }),
        ExprKind::Call { function, arguments } => json!({
            "type": "call",
            "func": function_tree(function),
            "args": written(arguments).map(tree).collect::<Vec<_>>(),
        }),
    }
}

fn function_tree(function: &Function) -> Value {
    json!({
        "name": function.name,
        "argTypes": function.arguments.iter().map(|a| a.as_str()).collect::<Vec<_>>(),
        "variadic": function.variadic(),
        "returnType": function.returns.as_str(),
    })
}

/// How vectors match; none for operations with a scalar.
fn matching_tree(expr: &Expr, matching: &Matching) -> Value {
    let vectors = expr.children().into_iter().all(|child| super::value_type(child) == super::ValueType::Vector);
    if !vectors {
        return Value::Null;
    }
    let cardinality = match matching.cardinality {
        Cardinality::OneToOne => "one-to-one",
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::OneToMany => "one-to-many",
        Cardinality::ManyToMany => "many-to-many",
    };
    json!({
        "card": cardinality,
        "labels": matching.labels,
        "on": matching.on,
        "include": matching.include,
        "fillValues": {"lhs": matching.fill.left, "rhs": matching.fill.right},
    })
}

fn selector_tree(kind: &str, selector: &Selector) -> Value {
    let matchers: Vec<Value> = selector
        .matchers
        .iter()
        .map(|matcher| json!({"name": matcher.name, "type": matcher.op.as_str(), "value": matcher.value}))
        .collect();
    let mut node = json!({
        "type": kind,
        "name": selector.name.clone().unwrap_or_default(),
        "matchers": matchers,
        "anchored": selector.modifier == Some(Modifier::Anchored),
        "smoothed": selector.modifier == Some(Modifier::Smoothed),
    });
    set_shift(&mut node, &selector.shift);
    node
}

fn set_shift(node: &mut Value, shift: &TimeShift) {
    node["offset"] = json!(0);
    if let Some(offset) = &shift.offset {
        set_duration(node, "offset", offset);
    }
    node["timestamp"] = match shift.at {
        Some(At::Time(milliseconds)) => json!(milliseconds),
        _ => Value::Null,
    };
    node["startOrEnd"] = match shift.at {
        Some(At::Start) => json!("start"),
        Some(At::End) => json!("end"),
        _ => Value::Null,
    };
}

/// Milliseconds, or for arithmetic its text under another key.
fn set_duration(node: &mut Value, key: &str, duration: &DurationExpr) {
    match duration {
        DurationExpr::Literal(milliseconds) => node[key] = json!(milliseconds),
        other => node[format!("{key}Expr")] = json!(other.to_string()),
    }
}
