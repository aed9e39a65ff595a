//! What a template reads of its data.

use super::{Body, Expression, Node, Pipe, Term};

/// First names of the fields that bodies read; none where one of them uses its data as a whole.
pub(crate) fn fields(bodies: &[Body]) -> Option<Vec<&str>> {
    let mut found = Found { names: Vec::new(), whole: false };
    for body in bodies {
        found.nodes(&body.nodes);
    }
    (!found.whole).then_some(found.names)
}

struct Found<'a> {
    names: Vec<&'a str>,
    whole: bool,
}

impl<'a> Found<'a> {
    fn nodes(&mut self, nodes: &'a [Node]) {
        for node in nodes {
            match node {
                Node::Text(_) | Node::Break | Node::Continue => {}
                Node::Print(pipe) => self.pipe(pipe),
                Node::If { pipe, then, otherwise }
                | Node::With { pipe, then, otherwise }
                | Node::Range { pipe, body: then, otherwise } => {
                    self.pipe(pipe);
                    self.nodes(then);
                    self.nodes(otherwise);
                }
                Node::Call { pipe, .. } => pipe.iter().for_each(|pipe| self.pipe(pipe)),
            }
        }
    }

    fn pipe(&mut self, pipe: &'a Pipe) {
        for command in &pipe.commands {
            self.term(&command.head);
            command.arguments.iter().for_each(|argument| self.term(argument));
        }
    }

    fn term(&mut self, term: &'a Term) {
        match &term.expression {
            Expression::Dot => self.whole = true,
            // The first variable is the data itself; others hold what pipelines gave.
            Expression::Variable(0, path) if path.is_empty() => self.whole = true,
            Expression::Field(path) | Expression::Variable(0, path) => self.field(path),
            Expression::Chain(inner, _) => self.term(inner),
            Expression::Pipe(pipe) => self.pipe(pipe),
            Expression::Variable(..)
            | Expression::Nil
            | Expression::Bool(_)
            | Expression::Number(_)
            | Expression::Text(_)
            | Expression::Function(_) => {}
        }
    }

    fn field(&mut self, path: &'a [String]) {
        if let Some(name) = path.first()
            && !self.names.contains(&name.as_str())
        {
            self.names.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Functions, Template};

    #[test]
    fn fields_are_found_wherever_they_stand() {
        let cases: [(&str, Option<&[&str]>); 6] = [
            ("plain {{ __line__ }}", Some(&[])),
            ("{{ .a }}{{ .b.c | upper }}{{ .a }}", Some(&["a", "b"])),
            ("{{ if eq .a \"x\" }}{{ .b }}{{ else }}{{ $.c }}{{ end }}", Some(&["a", "b", "c"])),
            ("{{ $x := .a }}{{ $x }}{{ (printf \"%s\" .d) }}", Some(&["a", "d"])),
            ("{{ range $k, $v := . }}{{ $k }}{{ end }}", None),
            ("{{ . }}", None),
        ];
        for (text, wanted) in cases {
            let template = Template::parse(text, &Functions::loki()).expect(text);
            assert_eq!(template.fields().as_deref(), wanted, "{text}");
        }
    }
}
