//! A sentence in segments: each speaks of one subject, and follows from another by a relation.

use super::check::Refused;
use super::claims::Entity;
use super::lexicon::Class;
use super::reader::Token;
use crate::model::ServiceId;

/// How a segment follows from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// It is the next statement.
    Joined,
    /// What stands before causes what stands here.
    Causes,
    /// The other way round.
    CausedBy,
    /// What stands before may hit what stands here.
    MayReach,
    /// What stands before is hit through what stands here.
    Through,
    Calls,
    CalledBy,
    /// What stands before began earlier.
    Before,
    /// What stands before began later.
    After,
    /// `the cause of`: the effect stands here.
    CauseOf,
}

/// A part of a sentence about one subject.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) relation: Relation,
    pub(super) tokens: Vec<Token>,
    /// Those it names.
    pub(super) own: Vec<ServiceId>,
    /// Those it is about, its own or those of before; empty for the incident as a whole.
    pub(super) subject: Vec<ServiceId>,
    /// Whether it only adds to another segment: `which …`, `at x, …`.
    pub(super) aside: bool,
    /// Whether `and`, `but` or a mark stronger than a comma precedes it.
    linked: bool,
    which: bool,
}

impl Segment {
    fn new(relation: Relation) -> Self {
        let (tokens, own, subject) = (Vec::new(), Vec::new(), Vec::new());
        Self { relation, tokens, own, subject, aside: false, linked: true, which: false }
    }

    /// Whether a word of this class stands in it.
    pub(super) fn has(&self, class: Class) -> bool {
        self.tokens.iter().any(|token| is(token, class))
    }
}

pub(super) fn is(token: &Token, class: Class) -> bool {
    matches!(token, Token::Word(found, _) if *found == class)
}

pub(super) fn class(token: Option<&Token>) -> Option<Class> {
    match token {
        Some(Token::Word(class, _)) => Some(*class),
        Some(
            Token::Name(_)
            | Token::Number(_)
            | Token::Time(_)
            | Token::Date(_)
            | Token::Quote(_)
            | Token::Mark(_)
            | Token::Id(_),
        )
        | None => None,
    }
}

fn service(token: Option<&Token>) -> Option<&ServiceId> {
    match token {
        Some(Token::Name(Entity::Service(service))) => Some(service),
        _ => None,
    }
}

/// The segments of a sentence, each with its subject.
pub(super) fn split(tokens: Vec<Token>) -> Result<Vec<Segment>, Refused> {
    let mut segments = cut(tokens);
    for segment in &mut segments {
        gather(segment)?;
    }
    segments.retain(|segment| segment.relation != Relation::Joined || !segment.tokens.is_empty());
    subjects(&mut segments)?;
    Ok(segments)
}

/// Whether a service is named behind `at`, with nothing but an article or so between.
fn names_next(tokens: &[Token], at: usize) -> bool {
    let mut rest = tokens[at + 1..].iter();
    let skips = |token: &Token| matches!(class(Some(token)), Some(Class::Plain | Class::Of | Class::Requests));
    let next = rest.by_ref().find(|token| !skips(token));
    service(next).is_some()
}

fn cut(tokens: Vec<Token>) -> Vec<Segment> {
    let mut segments = vec![Segment::new(Relation::Joined)];
    let mut chain = false;
    let mut between = false;
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let next = tokens.get(at + 1);
        let mut open = |relation: Relation| segments.push(Segment::new(relation));
        match token {
            Token::Mark(',') if service(before).is_some() && listed(&tokens, at) => continue,
            Token::Mark(mark) => {
                open(Relation::Joined);
                let linked = *mark != ',';
                if let Some(last) = segments.last_mut() {
                    last.linked = linked;
                }
                continue;
            }
            Token::Word(class, _) => match class {
                Class::And if between => between = false,
                Class::And if service(before).is_some() && service(next).is_some() => {}
                Class::And | Class::But => {
                    open(Relation::Joined);
                    continue;
                }
                Class::Which => {
                    open(Relation::Joined);
                    if let Some(last) = segments.last_mut() {
                        (last.which, last.aside) = (true, true);
                    }
                    continue;
                }
                Class::Causes => open(Relation::Causes),
                Class::SpreadTo => open(Relation::Causes),
                Class::CausedBy => open(Relation::CausedBy),
                Class::CauseOf => open(Relation::CauseOf),
                Class::MayReach => open(Relation::MayReach),
                Class::Through if names_next(&tokens, at) => open(Relation::Through),
                Class::Calls if names_next(&tokens, at) => open(Relation::Calls),
                Class::CalledBy => open(Relation::CalledBy),
                Class::Before if names_next(&tokens, at) => open(Relation::Before),
                Class::After if names_next(&tokens, at) => open(Relation::After),
                Class::SpreadFrom => {
                    chain = true;
                    open(Relation::Joined);
                }
                Class::To if chain && names_next(&tokens, at) => open(Relation::Causes),
                Class::Between => between = true,
                _ => {}
            },
            Token::Name(_) | Token::Number(_) | Token::Time(_) | Token::Date(_) | Token::Quote(_) | Token::Id(_) => {}
        }
        if let Some(last) = segments.last_mut() {
            last.tokens.push(token.clone());
        }
    }
    segments
}

/// Whether the comma at `at` stands in a list of services: more of them follow, the last after `and`.
fn listed(tokens: &[Token], at: usize) -> bool {
    let mut rest = at + 1;
    loop {
        let Some(Token::Name(Entity::Service(_))) = tokens.get(rest) else { return false };
        match tokens.get(rest + 1) {
            Some(Token::Mark(',')) => rest += 2,
            Some(Token::Word(Class::And, _)) => return service(tokens.get(rest + 2)).is_some(),
            _ => return false,
        }
    }
}

/// The services that a segment names: one, or a list. Others would leave open of whom it speaks.
fn gather(segment: &mut Segment) -> Result<(), Refused> {
    let mut since_last: Vec<&Token> = Vec::new();
    let mut own: Vec<ServiceId> = Vec::new();
    let cause_of = segment.relation == Relation::CauseOf;
    for token in &segment.tokens {
        let Some(service) = service(Some(token)) else {
            since_last.push(token);
            continue;
        };
        let list = since_last.iter().all(|token| {
            matches!(class(Some(token)), Some(Class::And)) || matches!(class(Some(token)), Some(Class::Plain))
        });
        // `the cause of B is A`
        let copula = cause_of && since_last.iter().any(|token| is(token, Class::Is));
        if !own.is_empty() && !own.contains(service) && !list && !copula {
            return Err(Refused::new(
                service.as_str(),
                "two services stand in one statement, and nothing relates them",
            ));
        }
        if !own.contains(service) {
            own.push(service.clone());
        }
        since_last.clear();
    }
    let opens_aside = matches!(class(segment.tokens.first()), Some(Class::Preposition | Class::Of));
    segment.aside = segment.aside || opens_aside;
    segment.own = own;
    Ok(())
}

/// Whom each segment is about.
fn subjects(segments: &mut [Segment]) -> Result<(), Refused> {
    let mut main: Vec<ServiceId> = Vec::new();
    let mut named: Vec<ServiceId> = Vec::new();
    let mut last: Vec<ServiceId> = Vec::new();
    let mut moved = false;
    for segment in segments {
        let many = named.len() > main.len().max(1);
        if segment.own.is_empty() {
            if many && segment.has(Class::Pronoun) {
                return Err(Refused::new("it", "several services are named before, so it is open which one is meant"));
            }
            let says = segment.tokens.iter().any(|token| !matches!(class(Some(token)), Some(Class::Plain | Class::Is)));
            if many && says && !segment.which && (!segment.linked || moved) && segment.relation == Relation::Joined {
                return Err(Refused::new("", "it is open of which service a part of it speaks"));
            }
            segment.subject = if segment.which { last.clone() } else { main.clone() };
        } else {
            segment.subject = segment.own.clone();
            let starts = matches!(segment.relation, Relation::Joined | Relation::CausedBy);
            if starts && (!segment.aside || main.is_empty()) {
                moved = segment.relation == Relation::CausedBy;
                main = segment.own.clone();
            }
            last = segment.own.clone();
            for service in &segment.own {
                if !named.contains(service) {
                    named.push(service.clone());
                }
            }
        }
    }
    Ok(())
}
