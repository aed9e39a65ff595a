//! Files that grow, read as they do: what their lines say becomes logs, and where reading stands is kept, so that
//! neither a restart nor a rotation loses a line.
//!
//! [`run`] goes round the files. A round reads what is new ([`tailer`], [`file`]), hands it on ([`Destination`]) and, when
//! it is durable, moves the positions on ([`checkpoints`]).

mod checkpoints;
mod deliver;
mod file;
mod kubernetes;
mod paths;
mod print;
mod settings;
mod tailer;

use luneta_model::Signal;

use crate::{Format, Protocol, Route, text};

pub use deliver::{Destination, Intake, run};
pub use settings::{FileBounds, Settings, StartAt, local_zone};

/// Files.
pub static FILELOG: Protocol = Protocol {
    name: "filelog",
    doc: "Lines of files that grow",
    port: 0,
    routes: &[Route { path: "", signal: Signal::Logs, formats: &[LINES] }],
};

const LINES: Format = Format { name: "lines", content_type: "text/plain", decode: text::lines };
