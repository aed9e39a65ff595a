//! Go's `text/template` language, as the rules of Prometheus and LogQL's `line_format` and
//! `label_format` use it.
//!
//! A text is parsed once, with the table of functions that it may call, and rendered as often as there
//! is data. Rendering reads no clock and does no IO: what functions ask of the world outside is in the
//! [`Scope`]. Neither parsing nor rendering panics; both are bounded.
//!
//! ```
//! use luneta_template::{Functions, Limits, Scope, Template, Value};
//!
//! let template = Template::parse("{{ $labels.job }}: {{ $value | humanize }}B", &Functions::prometheus())?;
//! let scope = Scope::new(Value::alert(Value::texts([("job", "api")]), Value::texts([("", ""); 0]), "", 1_234_567.0));
//! assert_eq!(template.render(&scope, &Limits::default())?, "api: 1.235MB");
//! # Ok::<(), luneta_template::TemplateError>(())
//! ```
//!
//! The language is Go's as of 1.27 with the option `missingkey=zero`: a key that a map of texts lacks
//! gives an empty text. What differs:
//!
//! * Texts are Unicode: a cut through a character leaves U+FFFD, where Go leaves half of it.
//! * All whole numbers are 64 bits with a sign, and fit wherever Go wants any of its kinds of them.
//! * Values are no functions, so `call` is refused; the methods are those of times and durations.
//! * `Local` is UTC. Rules of daylight saving time are known up to the year 2100.
//! * Of `printf`, `%#v` writes lists and maps as `%v` does, `%#g` drops zeros at the end, and `%x` of a
//!   float takes no precision.
//! * Regular expressions are those of the `regex` crate, which reads what RE2 reads but for corners.

mod error;
mod eval;
mod format;
mod functions;
mod pattern;
mod syntax;
mod template;
mod time;
mod value;

pub use error::{ErrorKind, Fault, TemplateError};
pub use eval::{Limits, Query, Scope};
pub use functions::{Function, Functions, Kind};
pub use template::{TEMPLATE_BYTES_MAX, Template};
pub use time::{Duration, Time};
pub use value::{Map, MapKind, TextMap, Value};
