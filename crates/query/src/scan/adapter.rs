//! Translates expressions over the scan schema into what one file (or one batch in memory) holds.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal, case, is_not_null};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_expr_adapter::{DefaultPhysicalExprAdapter, PhysicalExprAdapter, PhysicalExprAdapterFactory};
use luneta_model::{AttributeScope, schema};

use super::functions::{AttributeAccess, AttributeGet, EndTime, MergeAttributes, TaggedAttribute};
use super::points::{PointCounts, PointInt, PointValue};
use super::promoted_column;

/// Makes adapters for files in which the columns named in `strays` are not the whole truth: the
/// overflow map may hold values of another type under the same key.
#[derive(Debug, Default)]
pub struct LakeAdapterFactory {
    strays: Arc<HashSet<String>>,
}

impl LakeAdapterFactory {
    /// A factory for files with these strays.
    pub fn new(strays: HashSet<String>) -> Self {
        Self { strays: Arc::new(strays) }
    }
}

impl PhysicalExprAdapterFactory for LakeAdapterFactory {
    fn create(&self, logical: SchemaRef, physical: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let rest = DefaultPhysicalExprAdapter::new(Arc::clone(&logical), Arc::clone(&physical));
        Ok(Arc::new(LakeAdapter { logical, physical, rest, strays: Arc::clone(&self.strays) }))
    }
}

#[derive(Debug)]
struct LakeAdapter {
    logical: SchemaRef,
    physical: SchemaRef,
    rest: DefaultPhysicalExprAdapter,
    strays: Arc<HashSet<String>>,
}

impl PhysicalExprAdapter for LakeAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        // Top-down, and never into what was replaced: replacements name columns of the file.
        expr.transform_down(|e| {
            if let Some(access) = AttributeAccess::of_physical(&e) {
                return Ok(Transformed::new(self.attribute(&access)?, true, TreeNodeRecursion::Jump));
            }
            let Some(column) = e.downcast_ref::<Column>() else { return Ok(Transformed::no(e)) };
            let replaced = match self.column(column.name())? {
                Some(replaced) => replaced,
                None => self.rest.rewrite(Arc::clone(&e))?,
            };
            Ok(Transformed::new(replaced, true, TreeNodeRecursion::Jump))
        })
        .map(|t| t.data)
    }
}

impl LakeAdapter {
    fn physical_column(&self, name: &str) -> Option<(Arc<dyn PhysicalExpr>, &DataType)> {
        let (index, field) = self.physical.column_with_name(name)?;
        Some((Arc::new(Column::new(name, index)), field.data_type()))
    }

    /// `attributes['key']`: the key's column, the overflow map, or both.
    fn attribute(&self, access: &AttributeAccess<'_>) -> Result<Arc<dyn PhysicalExpr>> {
        let name = promoted_column(access);
        if access.is_tagged() {
            let null = || -> Arc<dyn PhysicalExpr> { Arc::new(Literal::new(ScalarValue::Null)) };
            let args = [name.as_str(), access.scope.column(), access.scope.types_column()];
            let args: Vec<_> = args.map(|name| self.physical_column(name).map_or_else(null, |(column, _)| column)).to_vec();
            if args.iter().all(|arg| arg.downcast_ref::<Literal>().is_some()) {
                return Ok(Arc::new(Literal::new(ScalarValue::Utf8(None))));
            }
            return call(ScalarUDF::from(TaggedAttribute::new(access.key)), args, &self.physical);
        }
        let wanted = access.data_type();
        let column = self.physical_column(&name).map(|(column, data_type)| cast(column, data_type, &wanted));
        let map = self.physical_column(access.scope.column()).map(|(column, _)| column);
        let may_be_in_map = column.is_none() || self.strays.contains(&name) || self.strays.contains("*");
        let from_map = match map {
            Some(map) if may_be_in_map => {
                let args = vec![map, text(access.key), text(access.type_code())];
                Some(call(ScalarUDF::from(AttributeGet::default()), args, &self.physical)?)
            }
            _ => None,
        };
        match (column, from_map) {
            (Some(column), Some(map)) => case(None, vec![(is_not_null(Arc::clone(&column))?, column)], Some(map)),
            (Some(one), None) | (None, Some(one)) => Ok(one),
            (None, None) => Ok(Arc::new(Literal::new(ScalarValue::try_from(&wanted)?))),
        }
    }

    /// Logical columns that no file has as they are; `None` for all others.
    fn column(&self, name: &str) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        if name == "end_time" && self.physical.field_with_name("end_time").is_err() {
            let start = self.physical_column("start_time");
            let duration = self.physical_column("duration_ns");
            if let (Some((start, _)), Some((duration, _))) = (start, duration) {
                return call(ScalarUDF::from(EndTime::default()), vec![start, duration], &self.physical).map(Some);
            }
        }
        if let Some(scope) = AttributeScope::ALL.into_iter().find(|s| s.column() == name) {
            return self.whole_map(scope).map(Some);
        }
        if schema::ENCODED.contains(&name) {
            return self.point(name);
        }
        let Some((column, data_type)) = self.physical_column(name) else { return Ok(self.empty_list(name)) };
        if let (DataType::Dictionary(..), Ok(field)) = (data_type, self.logical.field_with_name(name)) {
            return Ok(Some(cast(column, data_type, field.data_type())));
        }
        Ok(None)
    }

    /// Spans without events or links have empty lists of them, also where no file has the column.
    fn empty_list(&self, name: &str) -> Option<Arc<dyn PhysicalExpr>> {
        let DataType::List(item) = self.logical.field_with_name(name).ok()?.data_type() else { return None };
        if !matches!(name, "events" | "links") {
            return None;
        }
        let list = ListArray::new(Arc::clone(item), OffsetBuffer::from_lengths([0]), new_empty_array(item.data_type()), None);
        Some(Arc::new(Literal::new(ScalarValue::List(Arc::new(list)))))
    }

    /// Columns of metric points that files keep in another form; `None` where the file has nothing.
    fn point(&self, name: &str) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let null = || -> Arc<dyn PhysicalExpr> { Arc::new(Literal::new(ScalarValue::Null)) };
        let find = |name: &str| self.physical_column(name).map(|(column, _)| column);
        let or_null = |name: &str| find(name).unwrap_or_else(null);
        let (function, args) = match name {
            "value" if find("value_double").is_none() && find("value_int").is_none() => return Ok(None),
            "value" => {
                (ScalarUDF::from(PointValue::default()), ["value_double", "value_int", "value_scale"].map(or_null).to_vec())
            }
            "value_int" => match (find("value_int"), find("value_scale")) {
                (Some(int), Some(scale)) => (ScalarUDF::from(PointInt::default()), vec![int, scale]),
                _ => return Ok(None),
            },
            list => {
                let positions: Vec<_> = (0..).map_while(|at| find(&format!("{list}.{at}"))).collect();
                if positions.is_empty() && find(list).is_none() {
                    return Ok(None);
                }
                let args = std::iter::once(or_null(list)).chain(positions).collect();
                (ScalarUDF::from(PointCounts::default()), args)
            }
        };
        call(function, args, &self.physical).map(Some)
    }

    /// The whole map of one scope: promoted columns and overflow together.
    fn whole_map(&self, scope: AttributeScope) -> Result<Arc<dyn PhysicalExpr>> {
        let null = || -> Arc<dyn PhysicalExpr> { Arc::new(Literal::new(ScalarValue::Null)) };
        let or_null = |name: &str| self.physical_column(name).map_or_else(null, |(column, _)| column);
        let mut args = vec![or_null(scope.column()), or_null(scope.types_column())];
        let mut keys = Vec::new();
        if scope == AttributeScope::Resource
            && let Some((column, _)) = self.physical_column("service_name")
        {
            keys.push("service.name".to_owned());
            args.push(column);
        }
        for field in self.physical.fields() {
            if let Some((of, key)) = AttributeScope::split_column(field.name())
                && of == scope
                && let Some((column, _)) = self.physical_column(field.name())
            {
                keys.push(key.to_owned());
                args.push(column);
            }
        }
        // A row count is needed even where the file holds no attribute at all.
        if args.len() == 2
            && let Some((column, _)) = self.physical_column("start_time").or_else(|| self.physical_column("time"))
        {
            args.push(column);
        }
        call(ScalarUDF::from(MergeAttributes::new(keys)), args, &self.physical)
    }
}

fn cast(expr: Arc<dyn PhysicalExpr>, from: &DataType, to: &DataType) -> Arc<dyn PhysicalExpr> {
    if from == to { expr } else { Arc::new(CastExpr::new(expr, to.clone(), Some(safe_cast()))) }
}

/// Values that do not fit read as null instead of failing the query.
fn safe_cast() -> arrow::compute::CastOptions<'static> {
    arrow::compute::CastOptions { safe: true, ..Default::default() }
}

fn text(value: &str) -> Arc<dyn PhysicalExpr> {
    Arc::new(Literal::new(ScalarValue::Utf8(Some(value.to_owned()))))
}

fn call(function: ScalarUDF, args: Vec<Arc<dyn PhysicalExpr>>, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
    let config = Arc::new(ConfigOptions::default());
    Ok(Arc::new(ScalarFunctionExpr::try_new(Arc::new(function), args, schema, config)?))
}
