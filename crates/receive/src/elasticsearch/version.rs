//! Which version of Elasticsearch a client takes this server for.

use axum::http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// A version a client may ask to be compatible with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Major {
    Seven,
    Eight,
    Nine,
}

impl Major {
    fn of(digit: &str) -> Option<Self> {
        Some(match digit {
            "7" => Major::Seven,
            "8" => Major::Eight,
            "9" => Major::Nine,
            _ => return None,
        })
    }

    /// The one the client asks for, else its own, else that which most clients of today talk to.
    pub(super) fn of_client(headers: &HeaderMap) -> Self {
        asked(headers).or_else(|| own(headers)).unwrap_or(Major::Eight)
    }

    /// The whole number, for clients that compare.
    pub(super) const fn number(self) -> &'static str {
        match self {
            Major::Seven => "7.17.29",
            Major::Eight => "8.19.4",
            Major::Nine => "9.2.0",
        }
    }

    /// The version of the library that keeps the index, which some clients print.
    pub(super) const fn lucene(self) -> &'static str {
        match self {
            Major::Seven => "8.11.3",
            Major::Eight => "9.12.2",
            Major::Nine => "10.3.1",
        }
    }
}

/// The content type of an answer: that of the request's kind, as version 8 and later insist on.
pub(super) fn content_type(headers: &HeaderMap) -> HeaderValue {
    HeaderValue::from_static(match asked(headers) {
        None => "application/json",
        Some(Major::Seven) => "application/vnd.elasticsearch+json;compatible-with=7",
        Some(Major::Eight) => "application/vnd.elasticsearch+json;compatible-with=8",
        Some(Major::Nine) => "application/vnd.elasticsearch+json;compatible-with=9",
    })
}

/// `compatible-with=` of what is accepted, else of what is sent.
fn asked(headers: &HeaderMap) -> Option<Major> {
    text(headers, &ACCEPT).and_then(compatible).or_else(|| text(headers, &CONTENT_TYPE).and_then(compatible))
}

fn compatible(media_type: &str) -> Option<Major> {
    if !media_type.contains("vnd.elasticsearch+") {
        return None;
    }
    let (_, version) = media_type.split_once("compatible-with=")?;
    Major::of(version.trim_start_matches('"').get(..1)?)
}

/// A version in the client's name: Beats, Logstash and the client libraries follow those of the server.
fn own(headers: &HeaderMap) -> Option<Major> {
    let name = text(headers, &USER_AGENT)?;
    let known = name.starts_with("Elastic") || name.starts_with("elastic") || name.starts_with("Elastic-");
    let (_, version) = name.split_once('/')?;
    let (major, _) = version.split_once('.')?;
    known.then(|| Major::of(major)).flatten()
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_say_what_they_take() {
        let nine = "application/vnd.elasticsearch+json; compatible-with=9";
        let cases = [
            (nine, "elasticsearch-py/9.5.1 (Python/3.11)", Major::Nine, "application/vnd.elasticsearch+json;compatible-with=9"),
            ("application/json", "elasticsearch-py/7.17.13 (Python/3.11)", Major::Seven, "application/json"),
            ("application/json", "Elastic-filebeat/9.1.0 (linux; amd64)", Major::Nine, "application/json"),
            ("", "Vector/0.50.0", Major::Eight, "application/json"),
            ("application/vnd.elasticsearch+json;compatible-with=6", "", Major::Eight, "application/json"),
        ];
        for (accept, agent, major, reply) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            assert_eq!((Major::of_client(&headers), content_type(&headers).to_str().unwrap()), (major, reply), "{agent}");
        }
    }
}
