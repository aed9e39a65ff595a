//! Whose data a request asks for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use luneta_model::Tenant;

use crate::sql::ApiError;

/// The tenant of a request: header `X-Scope-OrgID`, `default` without it.
#[derive(Debug)]
pub struct RequestTenant(pub Tenant);

impl<S: Sync> FromRequestParts<S> for RequestTenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(header) = parts.headers.get("x-scope-orgid") else { return Ok(Self(Tenant::default())) };
        let name = header.to_str().map_err(|_| ApiError::invalid("X-Scope-OrgID must be ASCII text"))?;
        Tenant::new(name).map(Self).map_err(|e| ApiError::invalid(format!("X-Scope-OrgID: {e}")))
    }
}
