//! Whether segments say what the cited evidence supports: each word by the claims of its own subject.

use super::amount::{Amount, Bound, Role, amounts};
use super::check::Refused;
use super::claims::{Claims, Dim, Entity, Happening, Kind, Support};
use super::clock::is_day_of;
use super::lexicon::Class;
use super::query::{NOTICEABLE, kinds_of, services_of};
use super::reader::Token;
use super::segment::{Relation, Segment, class, is};
use crate::model::{AlarmState, EvidenceId, ServiceId};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The claims that a sentence cites.
pub(super) struct Cited<'a> {
    pub(super) claims: &'a Claims,
    ids: &'a [EvidenceId],
    pub(super) supports: Vec<&'a Support>,
}

/// One segment with what is needed to judge it.
pub(super) struct Scene<'s> {
    pub(super) segment: &'s Segment,
    pub(super) subject: Vec<ServiceId>,
    kinds: Vec<Kind>,
    amounts: Vec<Amount>,
}

impl<'a> Cited<'a> {
    pub(super) fn new(claims: &'a Claims, ids: &'a [EvidenceId]) -> Self {
        let supports = ids.iter().filter_map(|id| claims.by_id.get(id)).flatten().collect();
        Self { claims, ids, supports }
    }

    /// Judges every segment and how they hang together.
    pub(super) fn all(&self, segments: &[Segment]) -> Result<(), Refused> {
        let mut said = 0;
        let mut kinds: Vec<Kind> = Vec::new();
        for (at, segment) in segments.iter().enumerate() {
            for service in &segment.own {
                self.touches(service)?;
            }
            said += self.relate(segments, at)?;
            let next = segments.get(at + 1).and_then(|next| class(next.tokens.first()));
            let own_kinds = kinds_of(segment);
            if !own_kinds.is_empty() || !segment.own.is_empty() {
                kinds = own_kinds;
            }
            let subject = self.subject(segment);
            let amounts = amounts(&segment.tokens, next)?;
            let scene = Scene { segment, subject, kinds: kinds.clone(), amounts };
            said += self.judge(&scene, segments, at)?;
        }
        if said == 0 { Err(Refused::new("", "it says nothing that evidence could support")) } else { Ok(()) }
    }

    /// Whom a segment is about; of the incident as a whole its cause speaks, or the only service of the evidence.
    fn subject(&self, segment: &Segment) -> Vec<ServiceId> {
        if !segment.subject.is_empty() {
            return segment.subject.clone();
        }
        let named: BTreeSet<&ServiceId> = self.supports.iter().flat_map(|support| services_of(support)).collect();
        match (&self.claims.cause, named.len()) {
            (Some(cause), _) => vec![cause.clone()],
            (None, 1) => named.into_iter().cloned().collect(),
            (None, _) => Vec::new(),
        }
    }

    fn touches(&self, service: &ServiceId) -> Result<(), Refused> {
        let touches = self.supports.iter().any(|support| services_of(support).contains(&service));
        if touches { Ok(()) } else { Err(Refused::new(service.as_str(), "the cited evidence does not speak of it")) }
    }

    /// Judges what a segment says of its subject; returns how much that is.
    fn judge(&self, scene: &Scene<'_>, segments: &[Segment], at: usize) -> Result<usize, Refused> {
        let mut said = self.absences(scene)?;
        said += self.words(scene, segments)?;
        said += self.names(scene)?;
        said += self.figures(scene, segments, at)?;
        said += self.measures(scene)?;
        said += self.times(scene)?;
        said += self.steps(scene)?;
        Ok(said)
    }

    /// `no cause was found`, `no change is to blame`.
    fn absences(&self, scene: &Scene<'_>) -> Result<usize, Refused> {
        let (cause, guilty) = (scene.segment.has(Class::NoCause), scene.segment.has(Class::NoGuilty));
        if !cause && !guilty {
            return Ok(0);
        }
        let changes = self.supports.iter().any(|support| matches!(support, Support::Change { .. }));
        let wrong = if cause && self.claims.found {
            Some("a cause was found")
        } else if guilty && self.claims.any_guilty {
            Some("a change is guilty")
        } else if guilty && self.claims.any_change && !changes {
            Some("none of the cited evidence is a change")
        } else {
            None
        };
        if let Some(why) = wrong {
            return Err(Refused::new("no", why));
        }
        // Nothing else stands beside it: `no cause was found in x` says another thing.
        let other = scene.segment.tokens.iter().find(|token| {
            !matches!(
                class(Some(token)),
                Some(Class::NoCause | Class::NoGuilty | Class::Plain | Class::Is | Class::Preposition | Class::Begin)
            ) && !matches!(token, Token::Id(_))
        });
        match other {
            Some(other) => Err(Refused::new(&other.shown(), "it limits what is said to be absent")),
            None => Ok(1),
        }
    }

    /// Words that claim a state.
    fn words(&self, scene: &Scene<'_>, segments: &[Segment]) -> Result<usize, Refused> {
        let mut said = 0;
        let segment = scene.segment;
        // What a change is blamed for is judged with the blame.
        let by_change = blames_change(segments) && segment.own.is_empty();
        for (at, token) in segment.tokens.iter().enumerate() {
            let Token::Word(word, text) = token else { continue };
            Self::grammar(scene, at, *word, text)?;
            let word = *word;
            let judged = if word == Class::Trouble && !by_change {
                (Self::each_of(&scene.subject, |s| self.suffers(s)), "the cited evidence shows no trouble of it")
            } else if word == Class::Alarm && !counts(scene, at) && !segment.has(Class::Fine) {
                (
                    Self::each_of(&scene.subject, |s| self.state(s, scene, AlarmState::Alarm)),
                    "no cited alarm of it went to ALARM",
                )
            } else if word == Class::Fine {
                (Self::each_of(&scene.subject, |s| self.state(s, scene, AlarmState::Ok)), "no cited alarm of it is OK")
            } else if word == Class::Change {
                (self.changed(scene), "the cited evidence holds no such change")
            } else if word == Class::Cause {
                (self.is_cause(scene), "this is not what the cited evidence blames")
            } else if word == Class::First && !segment.has(Class::Inspect) {
                (Self::each_of(&scene.subject, |s| self.is_first(s)), "others were out of range before")
            } else if word == Class::Next {
                (Self::each_of(&scene.subject, |s| self.is_next(s, None)), "it is not expected to be hit")
            } else if let Class::Sure(from, to) = word {
                (self.is_sure(segments, from, to), "no evidence is as sure as this")
            } else if word == Class::Begin {
                let any = |s: &ServiceId| self.moments(s, None).next().is_some();
                (Self::each_of(&scene.subject, any), "no cited evidence says when it began")
            } else if word == Class::Plan {
                (Self::each_of(&scene.subject, |s| self.is_planned(s)), "nothing is planned for it")
            } else {
                continue;
            };
            if !judged.0 {
                return Err(Refused::new(text, judged.1));
            }
            said += 1;
        }
        Ok(said)
    }

    /// Words that claim nothing by themselves, but need another one.
    fn grammar(scene: &Scene<'_>, at: usize, word: Class, text: &str) -> Result<(), Refused> {
        let segment = scene.segment;
        let needs = |holds: bool, why: &str| if holds { Ok(()) } else { Err(Refused::new(text, why)) };
        match word {
            Class::Usual => needs(compares(scene), "no cited evidence says that this is usual"),
            Class::Than => needs(compares(scene), "it compares with nothing that is known"),
            Class::Milliseconds | Class::Seconds | Class::Minutes | Class::Hours | Class::Percent => {
                needs(follows_number(segment, at), "a unit without a number")
            }
            Class::Foreign | Class::Points => needs(false, "no evidence is measured in this"),
            Class::PerSecond | Class::PerMinute | Class::PerHour | Class::PerDay => {
                needs(!scene.amounts.is_empty() || !scene.kinds.is_empty(), "a unit without a number")
            }
            Class::Factor(_) | Class::Multiple => needs(follows_number(segment, at), "a number without a figure"),
            Class::Services => needs(counts(scene, at), "it is not said how many"),
            Class::Later | Class::Earlier | Class::Ago => {
                needs(follows_number(segment, at.saturating_sub(1)), "it does not say by how much")
            }
            Class::After | Class::Before => needs(
                segment.relation != Relation::Joined || scene.amounts.iter().any(|amount| amount.role == Role::Usual),
                "it does not say of what",
            ),
            Class::AtLeast | Class::AtMost | Class::Above | Class::Below | Class::About | Class::Nearly => {
                let bounds = scene.amounts.iter().any(|amount| amount.bound != Bound::Exact);
                needs(bounds, "it bounds no number")
            }
            // Judged elsewhere, or nothing is claimed.
            Class::Alarms
            | Class::Trouble
            | Class::Alarm
            | Class::Fine
            | Class::Change
            | Class::Cause
            | Class::First
            | Class::Next
            | Class::Sure(..)
            | Class::Begin
            | Class::Plan
            | Class::Plain
            | Class::Preposition
            | Class::Through
            | Class::Pronoun
            | Class::Which
            | Class::And
            | Class::But
            | Class::Is
            | Class::Faults
            | Class::Requests
            | Class::Success
            | Class::Latency
            | Class::Lines
            | Class::Confidence
            | Class::Slower
            | Class::Faster
            | Class::Up
            | Class::Down
            | Class::Times(_)
            | Class::CauseOf
            | Class::Causes
            | Class::CausedBy
            | Class::SpreadFrom
            | Class::SpreadTo
            | Class::MayReach
            | Class::Calls
            | Class::CalledBy
            | Class::From
            | Class::To
            | Class::Between
            | Class::Within
            | Class::Inspect
            | Class::Warn
            | Class::Review
            | Class::NoCause
            | Class::NoGuilty
            | Class::Twelfths(_)
            | Class::Of => Ok(()),
        }
    }

    /// Names other than of services, and what is quoted.
    fn names(&self, scene: &Scene<'_>) -> Result<usize, Refused> {
        let mut said = 0;
        for token in &scene.segment.tokens {
            match token {
                Token::Name(Entity::Alarm(name)) => {
                    let cited = self.supports.iter().any(|support| {
                        matches!(support, Support::State { alarm, service, .. } if alarm == name
                            && (scene.segment.own.is_empty() || service.as_ref().is_some_and(|s| scene.segment.own.contains(s))))
                    });
                    if !cited {
                        return Err(Refused::new(name, "the cited evidence does not hold this alarm"));
                    }
                    said += 1;
                }
                Token::Name(Entity::Action(index)) => {
                    let planned = |s: &ServiceId| {
                        self.supports.iter().any(
                            |support| matches!(support, Support::Action { service, words } if words == index && service == s),
                        )
                    };
                    if !Self::each_of(&scene.subject, planned) {
                        return Err(Refused::new(&token.shown(), "no plan does this there"));
                    }
                    said += 1;
                }
                Token::Quote(quoted) => {
                    if !Self::each_of(&scene.subject, |s| self.quotes(s, quoted)) {
                        return Err(Refused::new(quoted, "these words do not stand in the cited evidence"));
                    }
                    said += 1;
                }
                Token::Id(id) => {
                    if !self.ids.contains(&EvidenceId(*id)) {
                        return Err(Refused::new(&token.shown(), "the sentence does not cite it"));
                    }
                }
                Token::Name(Entity::Service(_) | Entity::Figure(_))
                | Token::Number(_)
                | Token::Time(_)
                | Token::Date(_)
                | Token::Word(..)
                | Token::Mark(_) => {}
            }
        }
        Ok(said)
    }

    /// Every figure of a segment.
    fn figures(&self, scene: &Scene<'_>, segments: &[Segment], at: usize) -> Result<usize, Refused> {
        for amount in &scene.amounts {
            let good = match amount.role {
                Role::Services => is_count(amount, self.suffering()),
                Role::Alarms => is_count(amount, self.alarms()),
                Role::Later | Role::Earlier => self.lag(scene, segments, at, amount),
                Role::Ago => Self::each_of(&scene.subject, |s| {
                    self.moments(s, Some(happening(scene))).any(|then| amount.tells(seconds(then, self.claims.at)))
                }),
                Role::Ahead => Self::each_of(&scene.subject, |s| {
                    self.supports.iter().any(|support| {
                        matches!(support, Support::Next { service, minutes: Some(minutes), .. }
                            if service == s && amount.tells(minutes * 60.0))
                    })
                }),
                Role::Observed | Role::Usual => {
                    self.is_call_rate(segments, at, amount)
                        || Self::each_of(&scene.subject, |s| self.figure(s, scene, amount))
                }
            };
            if !good {
                let shown = amount.value.to_string();
                return Err(Refused::new(&shown, "the cited evidence of its subject does not hold this figure"));
            }
        }
        Ok(scene.amounts.len())
    }

    /// Whether a figure is one of `service`.
    fn figure(&self, subject: &ServiceId, scene: &Scene<'_>, amount: &Amount) -> bool {
        if scene.segment.has(Class::Next) {
            return amount.dim == Some(Dim::Percent)
                && self.supports.iter().any(|support| {
                    matches!(support, Support::Next { service, percent: Some(percent), .. }
                        if service == subject && amount.tells(*percent))
                });
        }
        if scene.kinds.contains(&Kind::Confidence) {
            return amount.dim == Some(Dim::Percent)
                && self.supports.iter().any(|support| {
                    matches!(support, Support::Cause { service, confidence }
                        if service == subject && amount.tells(100.0 * confidence.min(0.99)))
                });
        }
        if scene.kinds.is_empty() && amount.dim.is_none() {
            return false;
        }
        self.supports.iter().any(|support| {
            let Support::Amount { service, kind, dim, value, usual } = support else { return false };
            if service != subject || !(scene.kinds.is_empty() || scene.kinds.contains(kind)) {
                return false;
            }
            match (amount.dim, amount.role) {
                (Some(Dim::Ratio), _) if *dim == Dim::Ratio && amount.tells(*value) => true,
                (Some(Dim::Ratio), _) => usual.is_some_and(|usual| usual > 0.0 && amount.tells(value / usual)),
                (None, _) if matches!(dim, Dim::Percent | Dim::Seconds) => false,
                (Some(shown), _) if shown != *dim => false,
                (_, Role::Usual) => usual.is_some_and(|usual| amount.tells(usual)),
                (_, _) => amount.tells(*value),
            }
        })
    }

    /// `x calls y 300 times a minute`.
    fn is_call_rate(&self, segments: &[Segment], at: usize, amount: &Amount) -> bool {
        let segment = &segments[at];
        let (Some(before), true) = (at.checked_sub(1).map(|at| &segments[at]), segment.relation == Relation::Calls)
        else {
            return false;
        };
        let called = self.supports.iter().any(|support| {
            matches!(support, Support::Calls { caller, callee, per_min: Some(per_min) }
                if before.subject == [caller.clone()] && segment.own == [callee.clone()] && amount.tells(*per_min))
        });
        called && amount.role == Role::Observed && matches!(amount.dim, Some(Dim::Rate))
    }

    /// `two minutes later`, `40 s before x`.
    fn lag(&self, scene: &Scene<'_>, segments: &[Segment], at: usize, amount: &Amount) -> bool {
        let by_next = segments.get(at + 1).filter(|next| matches!(next.relation, Relation::Before | Relation::After));
        let other = match by_next {
            Some(next) => next.own.first(),
            None => segments[..at]
                .iter()
                .rev()
                .filter_map(|segment| segment.own.first())
                .find(|other| !scene.subject.contains(other)),
        };
        let Some(other) = other else { return false };
        let onset = |service: &ServiceId| self.moments(service, Some(Happening::Onset)).next();
        Self::each_of(&scene.subject, |s| match (onset(s), onset(other)) {
            (Some(own), Some(other)) if amount.role == Role::Later => amount.tells(seconds(other, own)),
            (Some(own), Some(other)) => amount.tells(seconds(own, other)),
            _ => false,
        })
    }

    /// What is measured, and in which direction it moved.
    fn measures(&self, scene: &Scene<'_>) -> Result<usize, Refused> {
        let mut said = 0;
        let segment = scene.segment;
        let own = kinds_of(segment);
        for kind in &own {
            let shown = |s: &ServiceId| match kind {
                Kind::Confidence => self.supports.iter().any(|support| matches!(support, Support::Cause { .. })),
                Kind::Requests if !scene.amounts.is_empty() => true,
                Kind::Requests | Kind::Faults | Kind::Success | Kind::Latency | Kind::Lines | Kind::Named(_) => {
                    self.of(s, std::slice::from_ref(kind)).any(|(value, _)| value > 0.0)
                }
            };
            if !Self::each_of(&scene.subject, shown) {
                let word = format!("{kind:?}").to_lowercase();
                return Err(Refused::new(&word, "the cited evidence of its subject does not measure this"));
            }
            said += 1;
        }
        let slower = segment.has(Class::Slower);
        let up = segment.has(Class::Up) || slower;
        let down = segment.has(Class::Down) || segment.has(Class::Faster);
        if !up && !down {
            return Ok(said);
        }
        let moved = |s: &ServiceId| {
            let mut seen = 0;
            let all = self.of(s, &scene.kinds).all(|(value, usual)| {
                seen += 1;
                let rose = usual.is_some_and(|usual| value > usual + usual.abs() * NOTICEABLE);
                let fell = usual.is_some_and(|usual| value < usual - usual.abs() * NOTICEABLE);
                (!up || rose) && (!down || fell)
            });
            all && seen > 0 && !(down && scene.kinds.is_empty())
        };
        if Self::each_of(&scene.subject, moved) {
            return Ok(said + 1);
        }
        let direction = |token: &&Token| {
            [Class::Up, Class::Down, Class::Slower, Class::Faster].iter().any(|class| is(token, *class))
        };
        let word = segment.tokens.iter().find(direction).map(Token::shown).unwrap_or_default();
        Err(Refused::new(&word, "the cited evidence of its subject does not move this way"))
    }

    /// Times of day and dates.
    fn times(&self, scene: &Scene<'_>) -> Result<usize, Refused> {
        let mut said = 0;
        let what = Some(happening(scene));
        let tokens = &scene.segment.tokens;
        for (at, token) in tokens.iter().enumerate() {
            let before = class(at.checked_sub(1).and_then(|before| tokens.get(before)));
            let shows = |at: Timestamp| match token {
                Token::Time(shown) => shown.shows(at),
                Token::Date(date) => is_day_of(*date, at),
                Token::Name(_)
                | Token::Number(_)
                | Token::Quote(_)
                | Token::Word(..)
                | Token::Mark(_)
                | Token::Id(_) => false,
            };
            if !matches!(token, Token::Time(_) | Token::Date(_)) {
                continue;
            }
            let bounded = matches!(
                before,
                Some(
                    Class::Before
                        | Class::After
                        | Class::To
                        | Class::Above
                        | Class::Below
                        | Class::AtLeast
                        | Class::AtMost
                )
            );
            let alarms: Vec<&ServiceId> = self.alarms_named(scene);
            let good = if scene.segment.own.is_empty() && !alarms.is_empty() {
                alarms.iter().all(|s| self.moments(s, what).any(shows))
            } else {
                Self::each_of(&scene.subject, |s| self.moments(s, what).any(shows))
            };
            if bounded || !good {
                return Err(Refused::new(&token.shown(), "the cited evidence of its subject does not hold this time"));
            }
            said += 1;
        }
        Ok(said)
    }

    /// The services of the alarms that are named.
    fn alarms_named(&self, scene: &Scene<'_>) -> Vec<&'a ServiceId> {
        let named = |alarm: &str| {
            scene.segment.tokens.iter().any(|token| matches!(token, Token::Name(Entity::Alarm(name)) if name == alarm))
        };
        let of_named = self.supports.iter().filter_map(|support| {
            let Support::State { alarm, service, .. } = support else { return None };
            service.as_ref().filter(|_| named(alarm))
        });
        of_named.collect()
    }

    /// What a person should do.
    fn steps(&self, scene: &Scene<'_>) -> Result<usize, Refused> {
        let segment = scene.segment;
        let known = [
            (Class::Inspect, &self.claims.inspect),
            (Class::Warn, &self.claims.warn),
            (Class::Review, &self.claims.review),
        ];
        let mut said = 0;
        for (class, services) in known {
            if !segment.has(class) {
                continue;
            }
            let named = !segment.own.is_empty() && segment.own.iter().all(|s| services.contains(s));
            let inspects_change = class == Class::Inspect
                && segment.has(Class::Change)
                && !segment.own.is_empty()
                && segment.own.iter().all(|s| self.claims.review.contains(s));
            if !named && !inspects_change {
                return Err(Refused::new("", "this is none of the next steps"));
            }
            said += 1;
        }
        Ok(said)
    }

    /// Whether something holds of everybody a segment is about.
    pub(super) fn each_of(subject: &[ServiceId], holds: impl Fn(&ServiceId) -> bool) -> bool {
        !subject.is_empty() && subject.iter().all(holds)
    }
}

/// Of what a time in the segment is.
fn happening(scene: &Scene<'_>) -> Happening {
    let segment = scene.segment;
    let alarm = segment.tokens.iter().any(|token| matches!(token, Token::Name(Entity::Alarm(_))));
    if segment.has(Class::Alarm) || segment.has(Class::Fine) || alarm {
        Happening::Alarm
    } else if segment.has(Class::Change) || segment.has(Class::Review) {
        Happening::Change
    } else if segment.has(Class::Lines) {
        Happening::Lines
    } else {
        Happening::Onset
    }
}

/// Whether a change is blamed anywhere.
fn blames_change(segments: &[Segment]) -> bool {
    segments.iter().any(|segment| segment.relation == Relation::CausedBy && segment.has(Class::Change))
}

/// Whether a word may be a thing that is counted.
fn counts(scene: &Scene<'_>, at: usize) -> bool {
    at > 0 && scene.amounts.iter().any(|amount| matches!(amount.role, Role::Services | Role::Alarms))
}

/// Whether a figure counts so many.
fn is_count(amount: &Amount, count: usize) -> bool {
    amount.bound == Bound::Exact && (amount.value - count as f64).abs() < 0.5
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// Whether a number stands right before `at`, but for its own factors and words.
fn follows_number(segment: &Segment, at: usize) -> bool {
    segment.tokens[..at]
        .iter()
        .rev()
        .take(3)
        .any(|token| matches!(token, Token::Number(_)) || matches!(class(Some(token)), Some(Class::Twelfths(_))))
}

/// Whether `usual` and `than` have something to compare.
fn compares(scene: &Scene<'_>) -> bool {
    !scene.amounts.is_empty()
        || [Class::Up, Class::Down, Class::Slower, Class::Faster].iter().any(|class| scene.segment.has(*class))
}
