//! Whether segments hang together as the sentence says: who caused whom, who calls whom, who came first.

use super::check::Refused;
use super::claims::{Happening, Support};
use super::lexicon::Class;
use super::reader::Token;
use super::segment::{Relation, Segment, is};
use super::support::Cited;
use crate::model::ServiceId;

impl Cited<'_> {
    /// Judges how the segment at `at` follows from the one before it; returns how much that says.
    pub(super) fn relate(&self, segments: &[Segment], at: usize) -> Result<usize, Refused> {
        let segment = &segments[at];
        let empty = Vec::new();
        let left = at.checked_sub(1).map(|before| &segments[before]);
        let before: &Vec<ServiceId> = left.map_or(&empty, |left| &left.subject);
        let word = segment.tokens.first().map(Token::shown).unwrap_or_default();
        let holds = |holds: bool, why: &str| if holds { Ok(1) } else { Err(Refused::new(&word, why)) };
        match segment.relation {
            Relation::Joined => Ok(0),
            Relation::Causes => {
                let changed = left.is_some_and(|left| left.has(Class::Change));
                let cause = if changed { Causer::Change(before) } else { Causer::Services(before) };
                holds(self.causes(cause, &segment.own), NO_CAUSE)
            }
            Relation::CausedBy | Relation::CauseOf => {
                // `because it calls x`: the call is judged, and nothing else is said.
                let next = segments.get(at + 1);
                if segment.relation == Relation::CausedBy
                    && segment.own.is_empty()
                    && next.is_some_and(|next| next.relation == Relation::Calls)
                {
                    let expects = left.is_some_and(|left| left.has(Class::Next));
                    return holds(expects, NO_CAUSE);
                }
                let (effect, cause) = self.sides(segments, at)?;
                let expects = left.is_some_and(|left| left.has(Class::Next));
                if expects {
                    let through = cause.first();
                    return holds(
                        Self::each_of(&effect, |s| self.is_next(s, through)),
                        "it is not expected through this",
                    );
                }
                let changed = segment.has(Class::Change)
                    || (segment.relation == Relation::CauseOf && left.is_some_and(|left| left.has(Class::Change)));
                let causer = if changed { Causer::Change(&cause) } else { Causer::Services(&cause) };
                holds(self.causes(causer, &effect), NO_CAUSE)
            }
            Relation::MayReach => {
                let by = before.first();
                holds(Self::each_of(&segment.own, |s| self.is_next(s, by)), "it is not expected to be hit by this")
            }
            Relation::Through => {
                let next = left.is_some_and(|left| left.has(Class::Next) || left.relation == Relation::MayReach);
                let by = segment.own.first();
                holds(next && Self::each_of(before, |s| self.is_next(s, by)), "it is not expected through this")
            }
            Relation::Calls => holds(self.all_call(before, &segment.own), NO_CALL),
            Relation::CalledBy => holds(self.all_call(&segment.own, before), NO_CALL),
            Relation::Before => holds(self.in_order(before, &segment.own), NO_ORDER),
            Relation::After => holds(self.in_order(&segment.own, before), NO_ORDER),
        }
    }

    /// Effect and cause, where the effect is told first: `b fails because of a`, `because of a, b fails`, `the cause of b is
    /// a`, `a is the cause of b`.
    fn sides(&self, segments: &[Segment], at: usize) -> Result<(Vec<ServiceId>, Vec<ServiceId>), Refused> {
        let segment = &segments[at];
        let left = at.checked_sub(1).map(|before| segments[before].subject.clone()).unwrap_or_default();
        if segment.relation == Relation::CauseOf {
            let copula = segment.tokens.iter().position(|token| is(token, Class::Is));
            if let (Some(copula), true) = (copula, left.is_empty()) {
                let named = |tokens: &[Token]| -> Vec<ServiceId> {
                    let own = segment.own.iter();
                    own.filter(|s| tokens.iter().any(|token| token.shown() == s.as_str())).cloned().collect()
                };
                return Ok((named(&segment.tokens[..copula]), named(&segment.tokens[copula..])));
            }
            return Ok((segment.own.clone(), left));
        }
        if !left.is_empty() {
            return Ok((left, segment.own.clone()));
        }
        let is_first = segments[..at].iter().all(|before| before.tokens.is_empty());
        let next = segments.get(at + 1).filter(|next| is_first && next.relation == Relation::Joined);
        let effect = next.map(|next| next.own.clone()).unwrap_or_default();
        Ok((effect, segment.own.clone()))
    }

    /// Whether the verdict says that each of `causes` hurt each of `effects`; the incident as a whole where none is named.
    fn causes(&self, causer: Causer<'_>, effects: &[ServiceId]) -> bool {
        match causer {
            Causer::Change(services) => {
                let on_path = |effect: &ServiceId| self.claims.path.contains(effect) || services.contains(effect);
                Self::each_of(services, |service| self.is_guilty(service)) && effects.iter().all(on_path)
            }
            Causer::Services(services) => Self::each_of(services, |cause| {
                if effects.is_empty() {
                    return self.blames(cause);
                }
                effects.iter().all(|effect| self.spread(cause, effect))
            }),
        }
    }

    /// Whether trouble went from one service on the path to a later one, and the evidence of both is cited.
    fn spread(&self, cause: &ServiceId, effect: &ServiceId) -> bool {
        let place = |service: &ServiceId| self.claims.path.iter().position(|on_path| on_path == service);
        let (Some(from), Some(to)) = (place(cause), place(effect)) else { return false };
        from < to && self.shows(cause) && self.shows(effect)
    }

    /// Whether the cited evidence speaks of the trouble of a service, or of a call that it takes part in.
    fn shows(&self, wanted: &ServiceId) -> bool {
        self.supports.iter().any(|support| match support {
            Support::Amount { service, .. } | Support::Cause { service, .. } => service == wanted,
            Support::Moment { service, what, .. } => {
                service.as_ref() == Some(wanted)
                    && matches!(what, Happening::Onset | Happening::Alarm | Happening::Lines)
            }
            Support::Calls { caller, callee, .. } => caller == wanted || callee == wanted,
            Support::State { .. }
            | Support::Words { .. }
            | Support::Change { .. }
            | Support::Next { .. }
            | Support::Action { .. } => false,
        })
    }

    fn all_call(&self, callers: &[ServiceId], callees: &[ServiceId]) -> bool {
        Self::each_of(callers, |from| {
            Self::each_of(callees, |to| {
                self.supports.iter().any(|support| {
                    matches!(support, Support::Calls { caller, callee, .. } if caller == from && callee == to)
                })
            })
        })
    }

    fn in_order(&self, earlier: &[ServiceId], later: &[ServiceId]) -> bool {
        let onset = |service: &ServiceId| self.moments(service, Some(Happening::Onset)).next();
        Self::each_of(earlier, |one| {
            Self::each_of(later, |other| matches!((onset(one), onset(other)), (Some(one), Some(other)) if one < other))
        })
    }
}

/// What is said to have caused something.
#[derive(Clone, Copy)]
enum Causer<'a> {
    /// Services.
    Services(&'a [ServiceId]),
    /// A change of a service.
    Change(&'a [ServiceId]),
}

const NO_CAUSE: &str = "the cited evidence does not say that one caused the other";
const NO_CALL: &str = "the cited evidence holds no such call";
const NO_ORDER: &str = "the cited evidence does not say that one came before the other";
