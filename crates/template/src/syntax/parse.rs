//! From tokens to trees.

use std::collections::HashMap;
use std::sync::Arc;

use super::lex::{Keyword, Kind, Token, lex};
use super::tree::{Body, Command, Expression, Node, Pipe, Term};
use super::{Number, quote};
use crate::error::{ErrorKind, TemplateError};
use crate::functions::{Function, Functions};
use crate::pattern;

/// How deep blocks and parentheses may be nested.
const NESTING_MAX: usize = 64;

/// What a text holds: the template itself first, then those that it defines.
pub(crate) struct Parsed {
    pub(crate) bodies: Vec<Body>,
    pub(crate) names: HashMap<String, usize>,
}

/// Parses a template. `variables` are known to it before it begins, from slot 1 on; slot 0 is `$`.
pub(crate) fn parse(text: &str, functions: &Functions) -> Result<Parsed, TemplateError> {
    let (tokens, fault) = lex(text);
    let mut parser = Parser {
        text,
        tokens,
        fault,
        at: 0,
        functions,
        variables: Vec::new(),
        slots: 0,
        ranges: 0,
        nesting: 0,
        bodies: vec![Body::default()],
        names: HashMap::new(),
    };
    parser.template()?;
    let names = parser.names;
    let mut bodies = parser.bodies;
    for body in &mut bodies {
        resolve(&mut body.nodes, &names);
    }
    Ok(Parsed { bodies, names })
}

/// Finds the templates that calls name, once all are known.
fn resolve(nodes: &mut [Node], names: &HashMap<String, usize>) {
    for node in nodes {
        match node {
            Node::Call { name, body, .. } => *body = names.get(name).copied(),
            Node::If { then, otherwise, .. } | Node::With { then, otherwise, .. } => {
                resolve(then, names);
                resolve(otherwise, names);
            }
            Node::Range { body, otherwise, .. } => {
                resolve(body, names);
                resolve(otherwise, names);
            }
            Node::Text(_) | Node::Print(_) | Node::Break | Node::Continue => {}
        }
    }
}

/// What ended a list of nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Text,
    End(usize),
    Else(usize),
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    fault: Option<(usize, String)>,
    at: usize,
    functions: &'t Functions,
    /// Names in scope, each with its slot.
    variables: Vec<String>,
    /// Most variables in scope at once, of the template being read.
    slots: usize,
    ranges: usize,
    nesting: usize,
    bodies: Vec<Body>,
    names: HashMap<String, usize>,
}

type Parse<T> = Result<T, TemplateError>;

impl<'t> Parser<'t> {
    fn error<T>(&self, at: usize, message: impl Into<String>) -> Parse<T> {
        Err(TemplateError::at(ErrorKind::Syntax, self.text, at, message.into()))
    }

    /// The next token; past the last, what is wrong with the text there.
    fn peek(&self) -> Parse<Token> {
        if let Some(token) = self.tokens.get(self.at) {
            return Ok(*token);
        }
        match &self.fault {
            Some((at, message)) => self.error(*at, message.clone()),
            None => Ok(Token { kind: Kind::End, start: self.text.len(), end: self.text.len() }),
        }
    }

    fn next(&mut self) -> Parse<Token> {
        let token = self.peek()?;
        self.at += 1;
        Ok(token)
    }

    fn peek_solid(&mut self) -> Parse<Token> {
        while self.peek()?.kind == Kind::Space {
            self.at += 1;
        }
        self.peek()
    }

    fn next_solid(&mut self) -> Parse<Token> {
        self.peek_solid()?;
        self.next()
    }

    fn source(&self, token: Token) -> &'t str {
        &self.text[token.start..token.end]
    }

    fn unexpected<T>(&self, token: Token, place: &str) -> Parse<T> {
        let shown = match token.kind {
            Kind::End => "EOF".to_owned(),
            Kind::Keyword(_) => format!("<{}>", self.source(token)),
            _ if self.source(token).chars().count() > 10 => {
                format!("{:?}...", self.source(token).chars().take(10).collect::<String>())
            }
            _ => format!("{:?}", self.source(token)),
        };
        self.error(token.start, format!("unexpected {shown} in {place}"))
    }

    fn nested<T>(&mut self, at: usize, inner: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.nesting == NESTING_MAX {
            return self.error(at, format!("nested deeper than {NESTING_MAX}"));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    fn template(&mut self) -> Parse<()> {
        self.variables = std::iter::once("$".to_owned()).chain(self.functions.variables().iter().cloned()).collect();
        self.slots = self.variables.len();
        let mut nodes = Vec::new();
        match self.list(&mut nodes, true)? {
            Ended::Text => {}
            Ended::End(at) => return self.error(at, "unexpected {{end}}"),
            Ended::Else(at) => return self.error(at, "unexpected {{else}}"),
        }
        self.bodies[0] = Body { nodes, slots: self.slots };
        Ok(())
    }

    /// Nodes up to `{{end}}`, `{{else}}` or the end of the text.
    fn list(&mut self, nodes: &mut Vec<Node>, top: bool) -> Parse<Ended> {
        loop {
            let token = self.next_solid()?;
            match token.kind {
                Kind::Text => nodes.push(Node::Text(self.source(token).to_owned())),
                Kind::Open => {
                    if let Some(ended) = self.action(token.start, nodes, top)? {
                        return Ok(ended);
                    }
                }
                Kind::End => return Ok(Ended::Text),
                _ => return self.unexpected(token, "input"),
            }
        }
    }

    fn action(&mut self, opened: usize, nodes: &mut Vec<Node>, top: bool) -> Parse<Option<Ended>> {
        let token = self.peek_solid()?;
        let Kind::Keyword(keyword) = token.kind else {
            let pipe = self.pipeline("command", Kind::Close, &mut 0)?;
            nodes.push(Node::Print(pipe));
            return Ok(None);
        };
        self.at += 1;
        let node = match keyword {
            Keyword::End => {
                self.close("end")?;
                return Ok(Some(Ended::End(opened)));
            }
            Keyword::Else => {
                let ahead = self.peek_solid()?.kind;
                if !matches!(ahead, Kind::Keyword(Keyword::If | Keyword::With)) {
                    self.close("else")?;
                }
                return Ok(Some(Ended::Else(opened)));
            }
            Keyword::If | Keyword::With | Keyword::Range => self.nested(opened, |parser| parser.control(keyword))?,
            Keyword::Break | Keyword::Continue => {
                let word = self.source(token);
                self.close(&format!("{{{{{word}}}}}"))?;
                if self.ranges == 0 {
                    return self.error(opened, format!("{{{{{word}}}}} outside {{{{range}}}}"));
                }
                if keyword == Keyword::Break { Node::Break } else { Node::Continue }
            }
            Keyword::Template => self.call(opened)?,
            Keyword::Block => self.nested(opened, |parser| parser.block(opened))?,
            Keyword::Define if top => {
                self.nested(opened, Self::define)?;
                return Ok(None);
            }
            Keyword::Define => return self.unexpected(token, "command"),
        };
        nodes.push(node);
        Ok(None)
    }

    fn close(&mut self, place: &str) -> Parse<()> {
        let token = self.next_solid()?;
        if token.kind == Kind::Close { Ok(()) } else { self.unexpected(token, place) }
    }

    /// `if`, `with` and `range`, up to their end.
    fn control(&mut self, keyword: Keyword) -> Parse<Node> {
        let scope = self.variables.len();
        let place = match keyword {
            Keyword::If => "if",
            Keyword::With => "with",
            _ => "range",
        };
        let pipe = self.pipeline(place, Kind::Close, &mut 0)?;
        let is_range = keyword == Keyword::Range;
        self.ranges += usize::from(is_range);
        let (mut first, mut otherwise) = (Vec::new(), Vec::new());
        let ended = self.list(&mut first, false);
        self.ranges -= usize::from(is_range);
        if let Ended::Else(_) = self.ended(ended?)? {
            let chained = self.peek_solid()?;
            match (chained.kind, keyword) {
                (Kind::Keyword(Keyword::If), Keyword::If) | (Kind::Keyword(Keyword::With), Keyword::With) => {
                    self.at += 1;
                    // One `{{end}}` ends the whole chain.
                    let node = self.nested(chained.start, |parser| parser.control(keyword))?;
                    otherwise.push(node);
                }
                // A keyword is right behind `else`: elsewhere it follows what opens an action.
                (Kind::Keyword(_), _) => return self.unexpected(chained, "input"),
                _ => {
                    let ended = self.list(&mut otherwise, false)?;
                    if let Ended::Else(at) = self.ended(ended)? {
                        return self.error(at, "expected end; found {{else}}");
                    }
                }
            }
        }
        self.variables.truncate(scope);
        Ok(match keyword {
            Keyword::If => Node::If { pipe, then: first, otherwise },
            Keyword::With => Node::With { pipe, then: first, otherwise },
            _ => Node::Range { pipe, body: first, otherwise },
        })
    }

    fn ended(&self, ended: Ended) -> Parse<Ended> {
        match ended {
            Ended::Text => self.error(self.text.len(), "unexpected EOF"),
            ended => Ok(ended),
        }
    }

    fn template_name(&mut self, place: &str) -> Parse<String> {
        let token = self.next_solid()?;
        match token.kind {
            Kind::Quoted | Kind::Raw => self.constant(token),
            _ => self.unexpected(token, place),
        }
    }

    fn call(&mut self, opened: usize) -> Parse<Node> {
        let name = self.template_name("template clause")?;
        let pipe = if self.peek_solid()?.kind == Kind::Close {
            self.at += 1;
            None
        } else {
            Some(self.pipeline("template clause", Kind::Close, &mut 0)?)
        };
        Ok(Node::Call { name, body: None, pipe, at: opened })
    }

    fn block(&mut self, opened: usize) -> Parse<Node> {
        let name = self.template_name("block clause")?;
        let pipe = self.pipeline("block clause", Kind::Close, &mut 0)?;
        self.definition(&name, opened, "block clause")?;
        Ok(Node::Call { name, body: None, pipe: Some(pipe), at: opened })
    }

    fn define(&mut self) -> Parse<()> {
        let at = self.peek_solid()?.start;
        let name = self.template_name("define clause")?;
        self.close("define clause")?;
        self.definition(&name, at, "define clause")
    }

    /// The body of a template that has a name. It knows `$` alone.
    fn definition(&mut self, name: &str, at: usize, place: &str) -> Parse<()> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let slots = std::mem::replace(&mut self.slots, 1);
        let ranges = std::mem::take(&mut self.ranges);
        let mut nodes = Vec::new();
        let ended = self.list(&mut nodes, false)?;
        match self.ended(ended)? {
            Ended::Else(_) => return self.error(at, format!("unexpected {{{{else}}}} in {place}")),
            Ended::End(_) | Ended::Text => {}
        }
        let body = Body { nodes, slots: self.slots };
        self.variables = variables;
        self.slots = slots;
        self.ranges = ranges;
        match self.names.get(name).copied() {
            None => {
                self.names.insert(name.to_owned(), self.bodies.len());
                self.bodies.push(body);
            }
            Some(known) if is_empty(&self.bodies[known].nodes) => self.bodies[known] = body,
            Some(_) if is_empty(&body.nodes) => {}
            Some(_) => return self.error(at, format!("multiple definition of template {name:?}")),
        }
        Ok(())
    }

    /// Commands up to `end`; `until` becomes the byte behind it.
    fn pipeline(&mut self, place: &str, end: Kind, until: &mut usize) -> Parse<Pipe> {
        let at = self.peek_solid()?.start;
        let (declared, assigns) = self.declarations(place)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            let token = self.peek_solid()?;
            match token.kind {
                kind if kind == end => {
                    self.at += 1;
                    *until = token.end;
                    break;
                }
                kind if begins_command(kind) => {}
                _ => return self.unexpected(token, place),
            }
            let command = self.command()?;
            let constant = matches!(
                command.head.expression,
                Expression::Bool(_) | Expression::Dot | Expression::Nil | Expression::Number(_) | Expression::Text(_)
            );
            if constant && !commands.is_empty() {
                let message = format!("non executable command in pipeline stage {}", commands.len() + 1);
                return self.error(command.head.start, message);
            }
            commands.push(command);
        }
        if commands.is_empty() {
            return self.error(at, format!("missing value for {place}"));
        }
        let variables = declared.into_iter().map(|(name, at)| self.slot(&name, assigns, at)).collect::<Parse<_>>()?;
        Ok(Pipe { variables, commands, at })
    }

    /// `$x :=`, `$x =` and, of a range, `$i, $x :=`. True when they are assigned.
    fn declarations(&mut self, place: &str) -> Parse<(Vec<(String, usize)>, bool)> {
        let mut declared = Vec::new();
        loop {
            let variable = self.peek_solid()?;
            if variable.kind != Kind::Variable {
                return Ok((declared, false));
            }
            let start = self.at;
            self.at += 1;
            let follower = self.peek_solid()?;
            match follower.kind {
                Kind::Declare | Kind::Assign => {
                    self.at += 1;
                    declared.push((self.source(variable).to_owned(), variable.start));
                    return Ok((declared, follower.kind == Kind::Assign));
                }
                Kind::Comma => {
                    self.at += 1;
                    declared.push((self.source(variable).to_owned(), variable.start));
                    if place != "range" || declared.len() > 1 {
                        return self.error(follower.start, format!("too many declarations in {place}"));
                    }
                    if self.peek_solid()?.kind != Kind::Variable {
                        return self.error(follower.start, "range can only initialize variables");
                    }
                }
                _ => {
                    self.at = start;
                    return Ok((declared, false));
                }
            }
        }
    }

    fn slot(&mut self, name: &str, assigns: bool, at: usize) -> Parse<usize> {
        if assigns {
            return self.variable(name, at);
        }
        self.variables.push(name.to_owned());
        self.slots = self.slots.max(self.variables.len());
        Ok(self.variables.len() - 1)
    }

    fn variable(&self, name: &str, at: usize) -> Parse<usize> {
        match self.variables.iter().rposition(|known| known == name) {
            Some(slot) => Ok(slot),
            None => self.error(at, format!("undefined variable \"{name}\"")),
        }
    }

    fn command(&mut self) -> Parse<Command> {
        let mut terms = Vec::new();
        loop {
            self.peek_solid()?;
            terms.extend(self.operand()?);
            let token = self.peek()?;
            match token.kind {
                Kind::Space => self.at += 1,
                Kind::Pipe => {
                    self.at += 1;
                    break;
                }
                Kind::Close | Kind::RightParen => break,
                _ => return self.unexpected(token, "operand"),
            }
        }
        if terms.is_empty() {
            return self.error(self.peek()?.start, "empty command");
        }
        let end = terms.last().map_or(0, |term| term.end);
        let head = terms.remove(0);
        let pattern = constant_pattern(&head, &terms);
        Ok(Command { head, arguments: terms, end, pattern })
    }

    /// A term with the fields behind it, if one is next.
    fn operand(&mut self) -> Parse<Option<Term>> {
        let Some(mut term) = self.term()? else { return Ok(None) };
        let (start, term_end) = (term.start, term.end);
        let mut fields = Vec::new();
        while self.peek()?.kind == Kind::Field {
            let token = self.next()?;
            fields.push(self.source(token)[1..].to_owned());
            term.end = token.end;
        }
        if fields.is_empty() {
            return Ok(Some(term));
        }
        let end = term.end;
        let expression = match term.expression {
            Expression::Field(mut path) => {
                path.extend(fields);
                Expression::Field(path)
            }
            Expression::Variable(slot, _) => Expression::Variable(slot, fields),
            Expression::Bool(_) | Expression::Text(_) | Expression::Number(_) | Expression::Nil | Expression::Dot => {
                return self.error(start, format!("unexpected . after term {:?}", &self.text[start..term_end]));
            }
            _ => Expression::Chain(Box::new(term), fields),
        };
        Ok(Some(Term { expression, start, end }))
    }

    fn term(&mut self) -> Parse<Option<Term>> {
        let token = self.peek_solid()?;
        let source = self.source(token);
        let mut end = token.end;
        let expression = match token.kind {
            Kind::Identifier => Expression::Function(self.function(source, token)?),
            Kind::Dot => Expression::Dot,
            Kind::Nil => Expression::Nil,
            Kind::Bool => Expression::Bool(source == "true"),
            Kind::Variable => Expression::Variable(self.variable(source, token.start)?, Vec::new()),
            Kind::Field => Expression::Field(vec![source[1..].to_owned()]),
            Kind::Number => match Number::parse(source) {
                Some(number) => Expression::Number(number),
                None => return self.error(token.start, format!("malformed character constant: {source}")),
            },
            Kind::Quoted | Kind::Raw => Expression::Text(self.constant(token)?),
            Kind::LeftParen => {
                self.at += 1;
                let pipe = self.nested(token.start, |p| p.pipeline("parenthesized pipeline", Kind::RightParen, &mut end))?;
                self.at -= 1;
                Expression::Pipe(Box::new(pipe))
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(Term { expression, start: token.start, end }))
    }

    fn function(&self, name: &str, token: Token) -> Parse<Arc<Function>> {
        match self.functions.get(name) {
            Some(function) => Ok(Arc::clone(function)),
            None => self.error(token.start, format!("function \"{name}\" not defined")),
        }
    }

    fn constant(&self, token: Token) -> Parse<String> {
        let source = self.source(token);
        if token.kind == Kind::Raw {
            // As in Go, a raw text has no carriage returns.
            return Ok(source[1..source.len() - 1].replace('\r', ""));
        }
        match quote::unquote(source) {
            Some(text) => Ok(text),
            None => self.error(token.start, format!("invalid syntax in {source}")),
        }
    }
}

fn begins_command(kind: Kind) -> bool {
    let constant = matches!(kind, Kind::Bool | Kind::Nil | Kind::Number | Kind::Quoted | Kind::Raw);
    constant || matches!(kind, Kind::Dot | Kind::Field | Kind::Identifier | Kind::Variable | Kind::LeftParen)
}

/// Whether a template says nothing, so that another of the same name may take its place.
fn is_empty(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
}

/// Compiles the regular expression of a call where it is a constant. One that is wrong is left for
/// rendering to complain of.
fn constant_pattern(head: &Term, arguments: &[Term]) -> Option<Box<regex::Regex>> {
    let Expression::Function(function) = &head.expression else { return None };
    match &arguments.get(function.pattern_argument()?)?.expression {
        Expression::Text(text) => pattern::compile(text).ok().map(Box::new),
        _ => None,
    }
}
