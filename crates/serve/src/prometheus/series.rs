//! Which series there are: `series`, `labels`, values of a label.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use luneta_promql::Matcher;
use luneta_query::MetricsError;

use super::evaluate::cut;
use super::json;
use super::parameters::{limit, selectors, timeout, window};
use super::reply::{Failure, Listing, Remarks};
use super::request::Asked;
use crate::ServeState;

/// Before a name of a label whose characters are escaped.
const ESCAPED: &str = "U__";
/// Hex digits of a character.
const CODE_DIGITS_MAX: usize = 6;

/// `series`: labels of the series that match.
pub async fn series(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    if asked.parameters.all("match[]").next().is_none() {
        return Err(Failure::bad_data("no match[] parameter provided"));
    }
    let limit = limit(&asked.parameters)?;
    let mut remarks = Remarks::default();
    let found =
        search(&state, &asked, async |selectors, window| state.engine().metric_series(&asked.tenant, selectors, window).await);
    let found = cut(found.await?, limit, &mut remarks);
    Ok(Listing::of(found, json::labels, &remarks).into_response())
}

/// `labels`: names of labels.
pub async fn labels(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let limit = limit(&asked.parameters)?;
    let found = search(&state, &asked, async |selectors, window| {
        state.engine().metric_label_names(&asked.tenant, selectors, window).await
    });
    Ok(texts_reply(found.await?, limit))
}

/// `label/{name}/values`: values of a label.
pub async fn label_values(State(state): State<ServeState>, Path(name): Path<String>, asked: Asked) -> Result<Response, Failure> {
    let limit = limit(&asked.parameters)?;
    let name = unescaped(&name);
    let found = search(&state, &asked, async |selectors, window| {
        state.engine().metric_label_values(&asked.tenant, &name, selectors, window).await
    });
    Ok(texts_reply(found.await?, limit))
}

fn texts_reply(texts: BTreeSet<String>, limit: Option<usize>) -> Response {
    let mut remarks = Remarks::default();
    let texts = cut(texts.into_iter().collect(), limit, &mut remarks);
    Listing::of(texts, |out, text: &String| json::text(out, text), &remarks).into_response()
}

/// What `find` finds of the series that match any selector of a request, or of all series when it has none, in the
/// request's window.
async fn search<T: Default>(
    state: &ServeState,
    asked: &Asked,
    find: impl AsyncFnOnce(&[Vec<Matcher>], (i64, i64)) -> Result<T, MetricsError>,
) -> Result<T, Failure> {
    let mut selectors = selectors(&asked.parameters)?;
    if selectors.is_empty() {
        selectors.push(Vec::new());
    }
    let (after, until) = window(&asked.parameters)?;
    let timeout = timeout(&asked.parameters, state.engine().config().timeout)?;
    if until <= after {
        return Ok(T::default());
    }
    let started = std::time::Instant::now();
    let found = tokio::time::timeout(timeout, find(&selectors, (after, until))).await;
    state.queries().record(started.elapsed(), !matches!(found, Ok(Ok(_))));
    Ok(found.map_err(|_| Failure::timeout("the search for series"))??)
}

/// The name that an escaped one stands for: `__` is an underscore, `_2e_` the character of that code.
/// What is not escaped well stands for itself.
fn unescaped(name: &str) -> String {
    name.strip_prefix(ESCAPED).and_then(decoded).unwrap_or_else(|| name.to_owned())
}

fn decoded(mut rest: &str) -> Option<String> {
    let mut out = String::new();
    while let Some((plain, escape)) = rest.split_once('_') {
        out.push_str(plain);
        let (code, behind) = escape.split_once('_')?;
        if code.is_empty() {
            out.push('_');
        } else {
            let digits = code.len() <= CODE_DIGITS_MAX && code.bytes().all(|b| b.is_ascii_hexdigit());
            let number = u32::from_str_radix(code, 16).ok().filter(|_| digits)?;
            out.push(char::from_u32(number)?);
        }
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn names_of_labels_are_unescaped() {
        for (name, wanted) in [
            ("job", "job"),
            ("a__b", "a__b"),
            ("U__job", "job"),
            ("U__http_2e_route", "http.route"),
            ("U__a__b_2E__66_", "a_b.f"),
            ("U___1F600_x", "😀x"),
            ("U__a_", "U__a_"),
            ("U__a_2e", "U__a_2e"),
            ("U__a_xy_", "U__a_xy_"),
            ("U__a_+2e_", "U__a_+2e_"),
            ("U__a_d800_", "U__a_d800_"),
            ("U__a_00000002e_", "U__a_00000002e_"),
            ("U__", ""),
        ] {
            assert_eq!(unescaped(name), wanted, "{name}");
        }
    }
}
