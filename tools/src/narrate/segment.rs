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
pub(super) fn split(tokens: &[Token]) -> Result<Vec<Segment>, Refused> {
    let mut segments = lead(cut(tokens));
    for segment in &mut segments {
        gather(segment)?;
    }
    segments.retain(|segment| segment.relation != Relation::Joined || !segment.tokens.is_empty());
    subjects(&mut segments)?;
    // What stands before the first name speaks of it: `the cause: x`.
    if let Some(first) = segments.iter().position(|segment| !segment.own.is_empty())
        && segments[first].relation == Relation::Joined
    {
        let named = segments[first].own.clone();
        for segment in &mut segments[..first] {
            segment.subject.clone_from(&named);
        }
    }
    Ok(segments)
}

/// A time that leads belongs to the statement behind it: `at 03:14, x left its normal range`.
fn lead(mut segments: Vec<Segment>) -> Vec<Segment> {
    let is_time = |token: &Token| match token {
        Token::Time(_) | Token::Date(_) => true,
        Token::Word(class, _) => matches!(class, Class::Preposition | Class::Begin | Class::Plain | Class::Of),
        Token::Name(_) | Token::Number(_) | Token::Quote(_) | Token::Mark(_) | Token::Id(_) => false,
    };
    let leads = segments.len() > 1 && segments[1].relation == Relation::Joined && !segments[1].which;
    if leads && !segments[0].tokens.is_empty() && segments[0].tokens.iter().all(is_time) {
        let first = segments.remove(0);
        segments[0].tokens.splice(0..0, first.tokens);
        segments[0].linked = true;
    }
    segments
}

/// Whether a service is named behind `at`, with nothing but an article or so between.
fn names_next(tokens: &[Token], at: usize) -> bool {
    let mut rest = tokens[at + 1..].iter();
    let skips = |token: &Token| matches!(class(Some(token)), Some(Class::Plain | Class::Of | Class::Requests));
    let next = rest.by_ref().find(|token| !skips(token));
    service(next).is_some()
}

/// Words that relate what stands behind them to what stands before; some of them only before a service.
const RELATIONS: [(Class, Relation, bool); 10] = [
    (Class::Causes, Relation::Causes, false),
    (Class::SpreadTo, Relation::Causes, false),
    (Class::CausedBy, Relation::CausedBy, false),
    (Class::CauseOf, Relation::CauseOf, false),
    (Class::MayReach, Relation::MayReach, false),
    (Class::CalledBy, Relation::CalledBy, false),
    (Class::Through, Relation::Through, true),
    (Class::Calls, Relation::Calls, true),
    (Class::Before, Relation::Before, true),
    (Class::After, Relation::After, true),
];

fn cut(tokens: &[Token]) -> Vec<Segment> {
    let mut segments = vec![Segment::new(Relation::Joined)];
    let (mut chain, mut between) = (false, false);
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let lists = service(before).is_some() && service(tokens.get(at + 1)).is_some();
        let found = class(Some(token));
        let joint = match token {
            Token::Mark(',') if service(before).is_some() && listed(tokens, at) => continue,
            Token::Mark(mark) => Some((*mark != ',', false)),
            Token::Word(Class::And, _) if between || lists => {
                between = false;
                None
            }
            Token::Word(Class::And | Class::But, _) => Some((true, false)),
            Token::Word(Class::Which, _) => Some((true, true)),
            Token::Word(..)
            | Token::Name(_)
            | Token::Number(_)
            | Token::Time(_)
            | Token::Date(_)
            | Token::Quote(_)
            | Token::Id(_) => None,
        };
        if let Some((linked, which)) = joint {
            segments.push(Segment { linked, which, aside: which, ..Segment::new(Relation::Joined) });
            continue;
        }
        between = between || found == Some(Class::Between);
        let relation = RELATIONS.iter().find(|(class, ..)| Some(*class) == found);
        if let Some((_, relation, _)) = relation.filter(|(.., named)| !named || names_next(tokens, at)) {
            segments.push(Segment::new(*relation));
        } else if found == Some(Class::SpreadFrom) {
            chain = true;
            segments.push(Segment::new(Relation::Joined));
        } else if chain && found == Some(Class::To) && names_next(tokens, at) {
            segments.push(Segment::new(Relation::Causes));
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
    let timed = matches!(segment.tokens.get(1), Some(Token::Time(_) | Token::Date(_)));
    let opens_aside = matches!(class(segment.tokens.first()), Some(Class::Preposition | Class::Of)) && !timed;
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
            segment.subject.clone_from(if segment.which { &last } else { &main });
        } else {
            segment.subject.clone_from(&segment.own);
            // `b fails because a …` goes on about a, and `b was hit by a and …` about b.
            let because = segment.tokens.first().is_some_and(|token| token.shown() == "because");
            let starts = segment.relation == Relation::Joined
                || (segment.relation == Relation::CausedBy && (because || main.is_empty()));
            if starts && (!segment.aside || main.is_empty()) {
                moved = segment.relation == Relation::CausedBy;
                main.clone_from(&segment.own);
            }
            last.clone_from(&segment.own);
            for service in &segment.own {
                if !named.contains(service) {
                    named.push(service.clone());
                }
            }
        }
    }
    Ok(())
}
