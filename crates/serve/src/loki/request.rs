//! Reading a request: parameters from the address and from a form, the tenant, and how labels are wanted.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::{HeaderMap, HeaderValue, header};
use luneta_model::Tenant;

use super::reply::Failure;
use crate::ServeState;
use crate::parameters::Parameters;
use crate::tenant::RequestTenant;

/// Bytes of a form.
const FORM_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Header that says how entries are to be written, and the only flag there is.
const ENCODING_FLAGS: &str = "x-loki-response-encoding-flags";
/// Labels of streams, structured metadata and parsed labels apart.
pub const CATEGORIZE: &str = "categorize-labels";
/// The header that asks for labels of streams, structured metadata and parsed labels apart.
pub const CATEGORIZE_LABELS: (&str, &str) = (ENCODING_FLAGS, CATEGORIZE);

/// What is asked, and whose data is asked for.
#[derive(Debug)]
pub struct Asked {
    /// Parameters of a form, then those of the address.
    pub parameters: Parameters,
    /// Whose data.
    pub tenant: Tenant,
    /// Whether the kinds of labels are wanted apart.
    pub categorize: bool,
}

/// Whether a header asks for [`CATEGORIZE`].
pub fn categorizes(headers: &HeaderMap) -> bool {
    let flags = headers.get_all(ENCODING_FLAGS).iter().filter_map(|value| value.to_str().ok());
    flags.flat_map(|flags| flags.split(',')).any(|flag| flag.trim() == CATEGORIZE)
}

/// Whether a page from elsewhere asks: browsers let any page open a WebSocket and read what comes, and send forms.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    host.is_none() || host != text(header::HOST)
}

impl FromRequest<ServeState> for Asked {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &ServeState) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let RequestTenant(tenant) =
            RequestTenant::from_request_parts(&mut parts, state).await.map_err(|error| Failure::invalid(error.message()))?;
        let is_form = parts.headers.get(header::CONTENT_TYPE).is_some_and(|value| {
            value.to_str().is_ok_and(|text| text.trim().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"))
        });
        let form = if is_form {
            let read = to_bytes(body, FORM_BYTES_MAX).await;
            read.map_err(|error| Failure::invalid(format!("error parsing form values: {error}")))?
        } else {
            Bytes::new()
        };
        let query = parts.uri.query().unwrap_or_default();
        let pairs = [&form[..], query.as_bytes()].into_iter().flat_map(|text| form_urlencoded::parse(text).into_owned());
        let parameters = Parameters::new(pairs.collect());
        Ok(Self { parameters, tenant, categorize: categorizes(&parts.headers) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_other_origins_are_foreign() {
        for (origin, foreign) in [
            (None, false),
            (Some("http://127.0.0.1:4319"), false),
            (Some("http://127.0.0.1:80"), true),
            (Some("https://evil.example"), true),
            (Some("null"), true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:4319"));
            headers.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
            assert_eq!(is_foreign(&headers), foreign, "{origin:?}");
        }
    }
}
