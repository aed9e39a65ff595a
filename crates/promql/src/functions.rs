//! The table of functions. Adding one is a line here and its body.

use crate::eval::bodies::{calendar, histogram_values as hist, mathematics as maths, over_time, rates, regression, windows};
use crate::histogram::Histogram;
use crate::series::Sample;
pub use crate::syntax::ValueType as ArgumentType;
use crate::syntax::ValueType;
use ValueType::{Matrix, Scalar, String as Text, Vector};
use rates::Growth;
use windows::{Window, WindowContext};

/// A function of the language.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Types of its arguments.
    pub arguments: &'static [ArgumentType],
    /// How many of the last arguments may be left out.
    pub optional: usize,
    /// How often the last argument may be repeated.
    pub repeats: usize,
    /// Type of its value.
    pub returns: ValueType,
    /// Whether it must be switched on.
    pub experimental: bool,
    pub(crate) body: Body,
}

/// How a function is computed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    /// From each float by itself.
    Float(fn(f64) -> f64),
    /// From each float as a time; without an argument, from the time of evaluation.
    Calendar(fn(&chrono::DateTime<chrono::Utc>) -> f64),
    /// From each native histogram by itself.
    Histogram(fn(&Histogram) -> f64),
    /// From each window of a range.
    Window(WindowBody),
    /// In its own way.
    Named(Named),
}

/// Computes one window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WindowBody {
    pub compute: fn(&Window<'_>, &mut WindowContext<'_>) -> Option<Sample>,
    /// Whether counter resets are wanted.
    pub counter: bool,
    /// Whether the name of the metric stays.
    pub keeps_name: bool,
    /// What it is of series of floats, if it is a growth: there is a faster way to that.
    pub growth: Option<Growth>,
}

/// Functions with bodies of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Absent,
    AbsentOverTime,
    Clamp,
    ClampMax,
    ClampMin,
    End,
    HistogramFraction,
    HistogramQuantile,
    HistogramQuantiles,
    Info,
    LabelJoin,
    LabelReplace,
    MaxOf,
    MinOf,
    Pi,
    Range,
    Round,
    Scalar,
    Sort,
    SortByLabel,
    SortByLabelDesc,
    SortDesc,
    Start,
    Step,
    Time,
    Timestamp,
    Vector,
}

impl Function {
    const fn new(name: &'static str, arguments: &'static [ArgumentType], returns: ValueType, body: Body) -> Self {
        Self { name, arguments, optional: 0, repeats: 0, returns, experimental: false, body }
    }

    const fn float(name: &'static str, body: fn(f64) -> f64) -> Self {
        Self::new(name, &[Vector], Vector, Body::Float(body))
    }

    const fn calendar(name: &'static str, body: fn(&chrono::DateTime<chrono::Utc>) -> f64) -> Self {
        Self::new(name, &[Vector], Vector, Body::Calendar(body)).optional(1)
    }

    const fn histogram(name: &'static str, body: fn(&Histogram) -> f64) -> Self {
        Self::new(name, &[Vector], Vector, Body::Histogram(body))
    }

    const fn window(name: &'static str, compute: fn(&Window<'_>, &mut WindowContext<'_>) -> Option<Sample>) -> Self {
        Self::new(name, &[Matrix], Vector, Body::Window(WindowBody { compute, counter: false, keeps_name: false, growth: None }))
    }

    const fn named(name: &'static str, arguments: &'static [ArgumentType], returns: ValueType, body: Named) -> Self {
        Self::new(name, arguments, returns, Body::Named(body))
    }

    const fn with(mut self, arguments: &'static [ArgumentType]) -> Self {
        self.arguments = arguments;
        self
    }

    const fn optional(mut self, count: usize) -> Self {
        self.optional = count;
        self
    }

    const fn repeats(mut self, count: usize) -> Self {
        self.repeats = count;
        self
    }

    const fn experimental(mut self) -> Self {
        self.experimental = true;
        self
    }

    const fn growing(mut self, growth: Growth) -> Self {
        if let Body::Window(body) = &mut self.body {
            body.growth = Some(growth);
        }
        self
    }

    const fn of_counters(mut self) -> Self {
        if let Body::Window(body) = &mut self.body {
            body.counter = true;
        }
        self
    }

    const fn keeping_names(mut self) -> Self {
        if let Body::Window(body) = &mut self.body {
            body.keeps_name = true;
        }
        self
    }

    /// Fewest and most arguments.
    pub fn arity(&self) -> (usize, usize) {
        (self.arguments.len() - self.optional, self.arguments.len().saturating_add(self.repeats))
    }

    /// Type of an argument.
    pub fn argument(&self, index: usize) -> Option<ArgumentType> {
        self.arguments.get(index).or(self.arguments.last()).copied()
    }

    /// Prometheus's figure for optional and repeated arguments: 0 for neither, -1 for any number.
    pub fn variadic(&self) -> i64 {
        match (self.optional, self.repeats) {
            (0, 0) => 0,
            (_, usize::MAX) => -1,
            (_, repeats) => repeats as i64 + 1,
        }
    }

    pub(crate) fn is_named(&self, named: Named) -> bool {
        matches!(self.body, Body::Named(own) if own == named)
    }
}

/// The function of a name; functions know upper and lower case.
pub(crate) fn find_function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// All functions, for completion and documentation.
pub fn functions() -> &'static [Function] {
    FUNCTIONS
}

static FUNCTIONS: &[Function] = &[
    Function::float("abs", f64::abs),
    Function::named("absent", &[Vector], Vector, Named::Absent),
    Function::named("absent_over_time", &[Matrix], Vector, Named::AbsentOverTime),
    Function::float("acos", f64::acos),
    Function::float("acosh", maths::acosh),
    Function::float("asin", f64::asin),
    Function::float("asinh", f64::asinh),
    Function::float("atan", f64::atan),
    Function::float("atanh", f64::atanh),
    Function::window("avg_over_time", over_time::avg),
    Function::float("ceil", f64::ceil),
    Function::window("changes", over_time::changes),
    Function::named("clamp", &[Vector, Scalar, Scalar], Vector, Named::Clamp),
    Function::named("clamp_max", &[Vector, Scalar], Vector, Named::ClampMax),
    Function::named("clamp_min", &[Vector, Scalar], Vector, Named::ClampMin),
    Function::float("cos", f64::cos),
    Function::float("cosh", f64::cosh),
    Function::window("count_over_time", over_time::count),
    Function::calendar("day_of_month", calendar::day_of_month),
    Function::calendar("day_of_week", calendar::day_of_week),
    Function::calendar("day_of_year", calendar::day_of_year),
    Function::calendar("days_in_month", calendar::days_in_month),
    Function::float("deg", f64::to_degrees),
    Function::window("delta", rates::delta).growing(Growth::DELTA),
    Function::window("deriv", regression::deriv),
    Function::window("double_exponential_smoothing", regression::double_exponential_smoothing)
        .with(&[Matrix, Scalar, Scalar])
        .experimental(),
    Function::named("end", &[], Scalar, Named::End).experimental(),
    Function::float("exp", f64::exp),
    Function::window("first_over_time", over_time::first).keeping_names().experimental(),
    Function::float("floor", f64::floor),
    Function::histogram("histogram_avg", hist::avg),
    Function::histogram("histogram_count", hist::count),
    Function::named("histogram_fraction", &[Scalar, Scalar, Vector], Vector, Named::HistogramFraction),
    Function::named("histogram_quantile", &[Scalar, Vector], Vector, Named::HistogramQuantile),
    Function::named("histogram_quantiles", &[Vector, Text, Scalar], Vector, Named::HistogramQuantiles).repeats(9).experimental(),
    Function::histogram("histogram_stddev", hist::stddev),
    Function::histogram("histogram_stdvar", hist::stdvar),
    Function::histogram("histogram_sum", hist::sum),
    Function::calendar("hour", calendar::hour),
    Function::window("idelta", rates::idelta),
    Function::window("increase", rates::increase).of_counters().growing(Growth::INCREASE),
    Function::named("info", &[Vector, Vector], Vector, Named::Info).optional(1).experimental(),
    Function::window("irate", rates::irate),
    Function::named("label_join", &[Vector, Text, Text, Text], Vector, Named::LabelJoin).optional(1).repeats(usize::MAX),
    Function::named("label_replace", &[Vector, Text, Text, Text, Text], Vector, Named::LabelReplace),
    Function::window("last_over_time", over_time::last).keeping_names(),
    Function::float("ln", f64::ln),
    Function::float("log10", f64::log10),
    Function::float("log2", f64::log2),
    Function::window("mad_over_time", over_time::mad).experimental(),
    Function::named("max_of", &[Scalar, Scalar], Scalar, Named::MaxOf).experimental(),
    Function::window("max_over_time", over_time::max),
    Function::named("min_of", &[Scalar, Scalar], Scalar, Named::MinOf).experimental(),
    Function::window("min_over_time", over_time::min),
    Function::calendar("minute", calendar::minute),
    Function::calendar("month", calendar::month),
    Function::named("pi", &[], Scalar, Named::Pi),
    Function::window("predict_linear", regression::predict_linear).with(&[Matrix, Scalar]),
    Function::window("present_over_time", over_time::present),
    Function::window("quantile_over_time", over_time::quantile).with(&[Scalar, Matrix]),
    Function::float("rad", f64::to_radians),
    Function::named("range", &[], Scalar, Named::Range).experimental(),
    Function::window("rate", rates::rate).of_counters().growing(Growth::RATE),
    Function::window("resets", over_time::resets),
    Function::named("round", &[Vector, Scalar], Vector, Named::Round).optional(1),
    Function::named("scalar", &[Vector], Scalar, Named::Scalar),
    Function::float("sgn", maths::sign),
    Function::float("sin", f64::sin),
    Function::float("sinh", f64::sinh),
    Function::named("sort", &[Vector], Vector, Named::Sort),
    Function::named("sort_by_label", &[Vector, Text], Vector, Named::SortByLabel).optional(1).repeats(usize::MAX).experimental(),
    Function::named("sort_by_label_desc", &[Vector, Text], Vector, Named::SortByLabelDesc)
        .optional(1)
        .repeats(usize::MAX)
        .experimental(),
    Function::named("sort_desc", &[Vector], Vector, Named::SortDesc),
    Function::float("sqrt", f64::sqrt),
    Function::named("start", &[], Scalar, Named::Start).experimental(),
    Function::window("stddev_over_time", over_time::stddev),
    Function::window("stdvar_over_time", over_time::stdvar),
    Function::named("step", &[], Scalar, Named::Step).experimental(),
    Function::window("sum_over_time", over_time::sum),
    Function::float("tan", f64::tan),
    Function::float("tanh", f64::tanh),
    Function::named("time", &[], Scalar, Named::Time),
    Function::named("timestamp", &[Vector], Vector, Named::Timestamp),
    Function::window("ts_of_first_over_time", over_time::time_of_first).experimental(),
    Function::window("ts_of_last_over_time", over_time::time_of_last).experimental(),
    Function::window("ts_of_max_over_time", over_time::time_of_max).experimental(),
    Function::window("ts_of_min_over_time", over_time::time_of_min).experimental(),
    Function::named("vector", &[Scalar], Vector, Named::Vector),
    Function::calendar("year", calendar::year),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_are_unique() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
    }
}
