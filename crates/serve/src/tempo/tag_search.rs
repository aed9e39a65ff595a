//! Searches as older clients write them: `tags` in logfmt, and bounds on the trace's duration.

use super::parameters::duration;
use crate::conditions::{TAGS_MAX, constants, contains_in_any_case, quoted, spanset};
use crate::parameters::Parameters;

/// Values of tags, and bounds on the duration of the trace, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct TagSearch {
    /// Keys and what is in their values, in any case.
    pub(super) tags: Vec<(String, String)>,
    /// The trace takes at least this long.
    pub(super) duration_min_ns: Option<i64>,
    /// The trace takes at most this long.
    pub(super) duration_max_ns: Option<i64>,
}

impl TagSearch {
    /// What an address asks for.
    ///
    /// # Errors
    /// Names the parameter that cannot be read.
    pub(super) fn of(parameters: &Parameters) -> Result<Self, String> {
        let read = |name: &str| {
            let read =
                |text: &str| duration(text).ok_or_else(|| format!("`{name}={text}` is no duration, such as 100ms or 1.5s"));
            parameters.first(name).map(read).transpose()
        };
        Ok(Self {
            tags: logfmt(parameters.first("tags").unwrap_or_default())?,
            duration_min_ns: read("minDuration")?,
            duration_max_ns: read("maxDuration")?,
        })
    }

    /// The same in TraceQL.
    ///
    /// # Errors
    /// When it contradicts itself, or asks for what cannot be.
    pub(super) fn query(&self) -> Result<String, String> {
        if self.tags.len() > TAGS_MAX {
            return Err(format!("`tags` has more than {TAGS_MAX} tags"));
        }
        if let Some((at, (key, _))) = self.tags.iter().enumerate().find(|(at, tag)| self.tags[..*at].iter().any(|b| b.0 == tag.0))
        {
            return Err(format!("`{key}` stands twice in `tags`, again as number {}", at + 1));
        }
        if let (Some(min), Some(max)) = (self.duration_min_ns, self.duration_max_ns)
            && min > max
        {
            return Err("`minDuration` is longer than `maxDuration`".to_owned());
        }
        let mut conditions = self.tags.iter().map(|(key, value)| condition(key, value)).collect::<Result<Vec<_>, _>>()?;
        for (sign, bound) in [(">=", self.duration_min_ns), ("<=", self.duration_max_ns)] {
            conditions.extend(bound.map(|ns| format!("traceDuration {sign} {ns}ns")));
        }
        Ok(spanset(&conditions))
    }
}

/// A tag in TraceQL.
fn condition(key: &str, value: &str) -> Result<String, String> {
    let word = |field: &str, words: &[&str]| match words.iter().find(|word| word.eq_ignore_ascii_case(value)) {
        Some(word) => Ok(format!("{field} = {word}")),
        None => Err(format!("`{key}={value}` in `tags`: the value is one of {}", words.join(", "))),
    };
    Ok(match key {
        "status" | "status.code" => word("status", &["ok", "error", "unset"])?,
        "kind" | "span.kind" => word("kind", &["unspecified", "internal", "server", "client", "producer", "consumer"])?,
        "error" if value.eq_ignore_ascii_case("true") => "status = error".to_owned(),
        "error" if value.eq_ignore_ascii_case("false") => "status != error".to_owned(),
        "name" => contains_in_any_case("name", value),
        "service" | "service.name" => contains_in_any_case("resource.service.name", value),
        "root.service.name" => contains_in_any_case("rootServiceName", value),
        "root.name" => contains_in_any_case("rootName", value),
        _ => {
            let field = format!(".{}", quoted(key));
            let text = contains_in_any_case(&field, value);
            // Numbers are found as a whole: 50 is no part of 500.
            match constants(value).get(1) {
                Some(typed) => format!("({text} || {field} = {typed})"),
                None => text,
            }
        }
    })
}

/// `key=value key="a value" key`; quoted values are written as in JSON.
fn logfmt(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        if key.is_empty() {
            return Err(format!("`tags` is not logfmt: there is no key before `{}`", shortened(rest)));
        }
        let (value, after) = match after.strip_prefix('=') {
            None => (String::new(), after),
            Some(after) if after.starts_with('"') => {
                let end = closing(after).ok_or("a quote in `tags` is not closed")?;
                let (quoted, after) = after.split_at(end);
                let value = serde_json::from_str(quoted);
                (value.map_err(|_| format!("`{}` in `tags` is no quoted text", shortened(quoted)))?, after)
            }
            Some(after) => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        pairs.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(pairs)
}

/// Where the quoted text that begins here ends.
fn closing(text: &str) -> Option<usize> {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: Result<&str, &str>) {
        let found = TagSearch::of(&Parameters::of(query)).and_then(|search| search.query());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{query}");
        if let Ok(query) = found {
            luneta_query::traceql::parse(&query).expect(&query);
        }
    }

    #[test]
    fn searches_of_the_first_version() {
        check("", Ok("{}"));
        check("tags=service.name%3Dshop", Ok("{ resource.service.name =~ \"(?is).*shop.*\" }"));
        check("tags=name%3D%22GET%20/a%20b%22%20error%3Dtrue", Ok("{ name =~ \"(?is).*GET \\\\/a b.*\" && status = error }"));
        check("tags=status%3DError%20kind%3Dserver", Ok("{ status = error && kind = server }"));
        check("tags=error%3Dfalse", Ok("{ status != error }"));
        check(
            "tags=http.status_code%3D500",
            Ok("{ (.\"http.status_code\" =~ \"(?is).*500.*\" || .\"http.status_code\" = 500) }"),
        );
        check(
            "tags=a%3D%22x%5C%22y%5Cu00e9%22&minDuration=2ms",
            Ok("{ .\"a\" =~ \"(?is).*x\\\\\\\"yé.*\" && traceDuration >= 2000000ns }"),
        );
        check("tags=a%3Dx.y%20b%20c%3D", Ok("{ .\"a\" =~ \"(?is).*x\\\\.y.*\" && .\"b\" != nil && .\"c\" != nil }"));
        check("minDuration=1s&maxDuration=1m", Ok("{ traceDuration >= 1000000000ns && traceDuration <= 60000000000ns }"));
    }

    #[test]
    fn faults() {
        check("tags=%3Dx", Err("`tags` is not logfmt: there is no key before `=x`"));
        check("tags=a%3D%22x", Err("a quote in `tags` is not closed"));
        check("tags=a%3D%22x%5Cq%22", Err("`\"x\\q\"` in `tags` is no quoted text"));
        check("tags=a%3D1%20a%3D2", Err("`a` stands twice in `tags`, again as number 2"));
        check("tags=status%3Dbad", Err("`status=bad` in `tags`: the value is one of ok, error, unset"));
        check("minDuration=soon", Err("`minDuration=soon` is no duration, such as 100ms or 1.5s"));
        check("minDuration=2s&maxDuration=1s", Err("`minDuration` is longer than `maxDuration`"));
    }
}
