//! How tenants are called in the lake.
//!
//! The tenant `default` is the schema `main`. Names of schemas are compared without case by some
//! readers, so upper-case letters are marked by `!`, a character no tenant name holds; names that
//! already mean something get a `!` behind them.

use luneta_model::Tenant;

const MARK: char = '!';
const TAKEN: [&str; 5] = ["main", "information_schema", "pg_catalog", "temp", "system"];

/// The schema of a tenant.
pub(crate) fn schema_of(tenant: &Tenant) -> String {
    if *tenant == Tenant::default() {
        return "main".to_owned();
    }
    let mut name = String::new();
    for c in tenant.as_str().chars() {
        if c.is_ascii_uppercase() {
            name.push(MARK);
        }
        name.push(c.to_ascii_lowercase());
    }
    if TAKEN.contains(&name.as_str()) {
        name.push(MARK);
    }
    name
}

/// The tenant of a schema; `None` for schemas that belong to none.
pub(crate) fn tenant_of(schema: &str) -> Option<Tenant> {
    if schema == "main" {
        return Some(Tenant::default());
    }
    let mut name = String::new();
    let mut upper = false;
    for c in schema.strip_suffix(MARK).unwrap_or(schema).chars() {
        if c == MARK && !upper {
            upper = true;
            continue;
        }
        name.push(if upper { c.to_ascii_uppercase() } else { c });
        upper = false;
    }
    let tenant = Tenant::new(&name).ok()?;
    (schema_of(&tenant) == schema).then_some(tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_and_tenants_are_inverse() {
        let cases = [
            ("default", "main"),
            ("main", "main!"),
            ("acme", "acme"),
            ("Acme", "!acme"),
            ("a.B-c_1", "a.!b-c_1"),
            ("system", "system!"),
        ];
        for (tenant, schema) in cases {
            let tenant = Tenant::new(tenant).unwrap();
            assert_eq!(schema_of(&tenant), schema);
            assert_eq!(tenant_of(schema), Some(tenant));
        }
        assert_eq!(tenant_of("default"), None, "a schema another writer made is no tenant twice");
        assert_eq!(tenant_of("Acme"), None);
    }
}
