//! A search as a condition in SQL.

use super::parse::{Compare, Search, trace_id};
use crate::sql::{quote, text_literal};

/// Names of severities, and the numbers they stand for.
const SEVERITIES: [(&str, i32); 7] =
    [("trace", 1), ("debug", 5), ("info", 9), ("warn", 13), ("warning", 13), ("error", 17), ("fatal", 21)];
/// Numbers of one severity.
const SEVERITY_NUMBERS: i32 = 4;

/// The condition in SQL that records of the table `logs` pass when they are searched for. `table` is what the statement
/// calls the table; empty where that needs no saying.
pub fn condition(search: &Search, table: &str) -> String {
    let table = if table.is_empty() { String::new() } else { format!("{}.", quote(table)) };
    Compiler { table }.condition(search)
}

struct Compiler {
    table: String,
}

impl Compiler {
    fn condition(&self, search: &Search) -> String {
        match search {
            Search::All(parts) if parts.is_empty() => "TRUE".into(),
            Search::All(parts) => self.joined(parts, " AND "),
            Search::Any(parts) => self.joined(parts, " OR "),
            // What has no such field does not have the value either.
            Search::Not(inner) => format!("(({}) IS NOT TRUE)", self.condition(inner)),
            Search::Text(text) => self.body_holds(text),
            Search::Trace { id, text } => {
                format!("({}trace_id = {} OR {})", self.table, text_literal(id), self.body_holds(text))
            }
            Search::Span { id } => format!("({}span_id = {} OR {})", self.table, text_literal(id), self.body_holds(id)),
            Search::Field { key, compare, value } => self.field(key, *compare, value),
        }
    }

    fn joined(&self, parts: &[Search], by: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.condition(part)).collect();
        format!("({})", parts.join(by))
    }

    fn body_holds(&self, text: &str) -> String {
        format!("{}body ILIKE {}", self.table, containing(text))
    }

    fn field(&self, key: &str, compare: Compare, value: &str) -> String {
        let lower = key.to_ascii_lowercase();
        match lower.as_str() {
            "severity" | "level" => return self.severity(compare, value),
            "body" | "message" | "msg" if compare == Compare::Equal => return self.body_holds(value),
            _ => {}
        }
        let column = match lower.as_str() {
            "service" | "service_name" | "service.name" => Some("service_name"),
            "trace" | "traceid" | "trace_id" => Some("trace_id"),
            "span" | "spanid" | "span_id" => Some("span_id"),
            "body" | "message" | "msg" => Some("body"),
            "event_name" | "severity_text" | "scope_name" | "scope_version" => Some(lower.as_str()),
            "scope" => Some("scope_name"),
            _ => None,
        };
        let subject = match column {
            Some(column) => format!("{}{column}", self.table),
            None => self.attribute(key),
        };
        let id = trace_id(value).filter(|_| column == Some("trace_id"));
        compared(&subject, compare, id.as_deref().unwrap_or(value))
    }

    /// Whatever has the attribute: the record, or its resource.
    fn attribute(&self, key: &str) -> String {
        let of = |map: &str, key: &str| format!("CAST({}{map}[{}] AS VARCHAR)", self.table, text_literal(key));
        if let Some(key) = key.strip_prefix("resource:") {
            return of("resource_attributes", key);
        }
        if let Some(key) = key.strip_prefix("scope:") {
            return of("scope_attributes", key);
        }
        format!("coalesce({}, {})", of("attributes", key), of("resource_attributes", key))
    }

    fn severity(&self, compare: Compare, value: &str) -> String {
        let column = format!("{}severity_number", self.table);
        let named = SEVERITIES.iter().find(|(name, _)| value.eq_ignore_ascii_case(name)).map(|(_, low)| *low);
        let Some(low) = named.or_else(|| value.parse::<i32>().ok()) else {
            // A level's own name, as the sender calls it.
            return compared(&format!("upper({}severity_text)", self.table), compare, &value.to_uppercase());
        };
        let high = if named.is_some() { low + SEVERITY_NUMBERS - 1 } else { low };
        match compare {
            Compare::Less => format!("{column} < {low}"),
            Compare::LessOrEqual => format!("{column} <= {high}"),
            Compare::Greater => format!("{column} > {high}"),
            Compare::GreaterOrEqual => format!("{column} >= {low}"),
            Compare::Exists => format!("{column} > 0"),
            Compare::Equal | Compare::Contains | Compare::Like => format!("{column} BETWEEN {low} AND {high}"),
        }
    }
}

fn compared(subject: &str, compare: Compare, value: &str) -> String {
    let than = |sign: &str| match value.parse::<f64>().ok().filter(|number| number.is_finite()) {
        Some(number) => format!("TRY_CAST({subject} AS DOUBLE) {sign} {number}"),
        None => format!("{subject} {sign} {}", text_literal(value)),
    };
    match compare {
        Compare::Equal => format!("{subject} = {}", text_literal(value)),
        Compare::Contains => format!("{subject} ILIKE {}", containing(value)),
        Compare::Like => format!("{subject} ILIKE {}", text_literal(&escaped(value).replace('*', "%"))),
        Compare::Exists => format!("{subject} IS NOT NULL"),
        Compare::Less => than("<"),
        Compare::LessOrEqual => than("<="),
        Compare::Greater => than(">"),
        Compare::GreaterOrEqual => than(">="),
    }
}

fn containing(text: &str) -> String {
    text_literal(&format!("%{}%", escaped(text)))
}

/// A text in which nothing has a meaning in patterns of `LIKE`.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
