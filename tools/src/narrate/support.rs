//! Whether segments say what the cited evidence supports: each word by the claims of its own subject.

use super::amount::{Amount, Bound, Role, amounts};
use super::check::Refused;
use super::claims::{Claims, Dim, Entity, Happening, Kind, Support};
use super::clock::is_day_of;
use super::lexicon::Class;
use super::reader::Token;
use super::segment::{Relation, Segment, class, is};
use crate::model::{AlarmState, EvidenceId, ServiceId};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Less than this share of a difference is none.
const NOTICEABLE: f64 = 0.02;

/// The claims that a sentence cites.
pub(super) struct Cited<'a> {
    pub(super) claims: &'a Claims,
    ids: &'a [EvidenceId],
    pub(super) supports: Vec<&'a Support>,
}

/// One segment with what is needed to judge it.
struct Scene<'s> {
    segment: &'s Segment,
    subject: Vec<ServiceId>,
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
        for (at, token) in segment.tokens.iter().enumerate() {
            let Token::Word(word, text) = token else { continue };
            let holds = |holds: bool, why: &str| if holds { Ok(1) } else { Err(Refused::new(text, why)) };
            said += match word {
                Class::Trouble => {
                    holds(self.each(scene, |s| self.suffers(s)), "the cited evidence shows no trouble of it")?
                }
                Class::Alarm if self.counts(scene, at) || segment.has(Class::Fine) => 0,
                Class::Alarm => holds(
                    self.each(scene, |s| self.state(s, scene, AlarmState::Alarm)),
                    "no cited alarm of it went to ALARM",
                )?,
                Class::Fine => {
                    holds(self.each(scene, |s| self.state(s, scene, AlarmState::Ok)), "no cited alarm of it is OK")?
                }
                Class::Change => holds(self.changed(scene), "the cited evidence holds no such change")?,
                Class::Cause => holds(self.is_cause(scene), "this is not what the cited evidence blames")?,
                Class::First if segment.has(Class::Inspect) => 0,
                Class::First => holds(self.each(scene, |s| self.is_first(s)), "others were out of range before")?,
                Class::Next => holds(self.each(scene, |s| self.is_next(s, None)), "it is not expected to be hit")?,
                Class::Sure(from, to) => holds(self.is_sure(segments, *from, *to), "no evidence is as sure as this")?,
                Class::Begin => holds(
                    self.each(scene, |s| self.moments(s, None).next().is_some()),
                    "no cited evidence says when it began",
                )?,
                Class::Usual => holds(compares(scene), "no cited evidence says that this is usual")?,
                Class::Than => holds(compares(scene), "it compares with nothing that is known")?,
                Class::Milliseconds | Class::Seconds | Class::Minutes | Class::Hours | Class::Percent => {
                    holds(follows_number(segment, at), "a unit without a number")?
                }
                Class::Plan => holds(self.each(scene, |s| self.is_planned(s)), "nothing is planned for it")?,
                Class::Foreign | Class::Points => holds(false, "no evidence is measured in this")?,
                Class::PerSecond | Class::PerMinute | Class::PerHour | Class::PerDay => {
                    holds(!scene.amounts.is_empty() || !scene.kinds.is_empty(), "a unit without a number")? - 1
                }
                Class::Factor(_) | Class::Multiple => {
                    holds(follows_number(segment, at), "a number without a figure")? - 1
                }
                Class::Services => holds(self.counts(scene, at), "it is not said how many")? - 1,
                Class::Alarms => 0,
                Class::Later | Class::Earlier | Class::Ago => {
                    holds(follows_number(segment, at.saturating_sub(1)), "it does not say by how much")? - 1
                }
                Class::After | Class::Before => holds(
                    segment.relation != Relation::Joined
                        || scene.amounts.iter().any(|amount| amount.role == Role::Usual),
                    "it does not say of what",
                )?,
                Class::AtLeast | Class::AtMost | Class::Above | Class::Below | Class::About | Class::Nearly => {
                    let bounds = scene.amounts.iter().any(|amount| amount.bound != Bound::Exact);
                    holds(bounds, "it bounds no number")? - 1
                }
                _ => 0,
            };
        }
        Ok(said)
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
                    if !self.each(scene, planned) {
                        return Err(Refused::new(&token.shown(), "no plan does this there"));
                    }
                    said += 1;
                }
                Token::Quote(quoted) => {
                    if !self.each(scene, |s| self.quotes(s, quoted)) {
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
                Role::Services => self.suffering() == count(amount),
                Role::Alarms => self.alarms() == count(amount),
                Role::Later | Role::Earlier => self.lag(scene, segments, at, amount),
                Role::Ago => self.each(scene, |s| {
                    self.moments(s, self.happening(scene)).any(|then| amount.tells(seconds(then, self.claims.at)))
                }),
                Role::Ahead => self.each(scene, |s| {
                    self.supports.iter().any(|support| {
                        matches!(support, Support::Next { service, minutes: Some(minutes), .. }
                            if service == s && amount.tells(minutes * 60.0))
                    })
                }),
                Role::Observed | Role::Usual => {
                    self.is_call_rate(segments, at, amount) || self.each(scene, |s| self.figure(s, scene, amount))
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
                .flat_map(|segment| segment.own.first())
                .find(|other| !scene.subject.contains(other)),
        };
        let Some(other) = other else { return false };
        let onset = |service: &ServiceId| self.moments(service, Some(Happening::Onset)).next();
        self.each(scene, |s| match (onset(s), onset(other)) {
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
            if !self.each(scene, shown) {
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
        if self.each(scene, moved) {
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
        let what = self.happening(scene);
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
                self.each(scene, |s| self.moments(s, what).any(shows))
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
        let of_named = self.supports.iter().filter_map(|support| match support {
            Support::State { alarm, service, .. } if named(alarm) => service.as_ref(),
            _ => None,
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

    fn each(&self, scene: &Scene<'_>, holds: impl Fn(&ServiceId) -> bool) -> bool {
        Self::each_of(&scene.subject, holds)
    }

    /// The figures of a service with what is usual: of some kinds, or of all that grow as things get worse.
    fn of(&self, subject: &ServiceId, kinds: &[Kind]) -> impl Iterator<Item = (f64, Option<f64>)> {
        self.supports.iter().filter_map(move |support| match support {
            Support::Amount { service, kind, value, usual, .. }
                if service == subject && (kinds.contains(kind) || (kinds.is_empty() && *kind != Kind::Success)) =>
            {
                Some((*value, *usual))
            }
            _ => None,
        })
    }

    fn suffers(&self, subject: &ServiceId) -> bool {
        self.supports.iter().any(|support| match support {
            Support::Amount { service, value, usual, .. } => {
                service == subject && usual.is_none_or(|usual| (value - usual).abs() > usual.abs() * NOTICEABLE)
            }
            Support::Moment { service, what, .. } => {
                service.as_ref() == Some(subject) && matches!(what, Happening::Onset | Happening::Lines)
            }
            Support::State { service, state, .. } => service.as_ref() == Some(subject) && *state == AlarmState::Alarm,
            Support::Cause { service, .. } => service == subject,
            Support::Calls { .. }
            | Support::Words { .. }
            | Support::Change { .. }
            | Support::Next { .. }
            | Support::Action { .. } => false,
        })
    }

    fn state(&self, subject: &ServiceId, scene: &Scene<'_>, wanted: AlarmState) -> bool {
        let named = scene.segment.tokens.iter().find_map(|token| match token {
            Token::Name(Entity::Alarm(name)) => Some(name),
            _ => None,
        });
        self.supports.iter().any(|support| {
            let Support::State { alarm, service, state } = support else { return false };
            let own = service.as_ref() == Some(subject);
            let meant = named.map_or(own, |named| named == alarm && (own || scene.segment.own.is_empty()));
            meant && *state == wanted
        })
    }

    fn is_planned(&self, subject: &ServiceId) -> bool {
        self.supports.iter().any(|support| matches!(support, Support::Action { service, .. } if service == subject))
    }

    fn changed(&self, scene: &Scene<'_>) -> bool {
        let blames = scene.segment.has(Class::Cause) || scene.segment.relation == Relation::CausedBy;
        self.each(scene, |s| {
            self.supports.iter().any(|support| {
                matches!(support, Support::Change { service, guilty } if service == s && (*guilty || !blames))
            })
        })
    }

    /// Whether the segment blames what the verdict blames.
    fn is_cause(&self, scene: &Scene<'_>) -> bool {
        if scene.segment.has(Class::Change) {
            return self.each(scene, |s| self.is_guilty(s));
        }
        scene.subject.len() == 1 && !scene.segment.subject.is_empty() && self.blames(&scene.subject[0])
    }

    pub(super) fn is_guilty(&self, subject: &ServiceId) -> bool {
        self.supports
            .iter()
            .any(|support| matches!(support, Support::Change { service, guilty: true } if service == subject))
    }

    /// Whether the cited evidence is what the verdict blames the service for.
    pub(super) fn blames(&self, subject: &ServiceId) -> bool {
        self.supports.iter().any(|support| matches!(support, Support::Cause { service, .. } if service == subject))
    }

    fn is_first(&self, subject: &ServiceId) -> bool {
        let Some(own) = self.moments(subject, Some(Happening::Onset)).next() else { return false };
        self.claims.onsets.iter().all(|(service, onset)| service == subject || own < *onset)
    }

    pub(super) fn is_next(&self, subject: &ServiceId, by: Option<&ServiceId>) -> bool {
        self.supports.iter().any(|support| {
            matches!(support, Support::Next { service, through, .. }
                if service == subject && by.is_none_or(|by| by == through))
        })
    }

    /// Whether a hedge is as sure as the verdict is.
    fn is_sure(&self, segments: &[Segment], from: u8, to: u8) -> bool {
        let (from, to) = (f64::from(from), f64::from(to));
        let blames = segments.iter().any(|segment| {
            segment.has(Class::Cause)
                || matches!(segment.relation, Relation::Causes | Relation::CausedBy | Relation::CauseOf)
        });
        let expects = segments.iter().any(|s| s.has(Class::Next) || s.relation == Relation::MayReach);
        self.supports.iter().any(|support| match support {
            Support::Cause { confidence, .. } => blames && (from..=to).contains(&(confidence * 100.0)),
            Support::Next { percent: Some(percent), .. } => expects && (from..=to).contains(percent),
            _ => false,
        })
    }

    fn quotes(&self, subject: &ServiceId, quoted: &str) -> bool {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let quoted = flat(quoted.trim_end_matches('…'));
        quoted.chars().count() >= 3
            && self.supports.iter().any(|support| {
                matches!(support, Support::Words { service, text, .. }
                    if service == subject && flat(&text.replace('`', "'")).contains(&quoted))
            })
    }

    /// When something happened to a service.
    pub(super) fn moments(&self, subject: &ServiceId, wanted: Option<Happening>) -> impl Iterator<Item = Timestamp> {
        self.supports.iter().filter_map(move |support| match support {
            Support::Moment { service, what, at }
                if service.as_ref() == Some(subject) && wanted.is_none_or(|wanted| wanted == *what) =>
            {
                Some(*at)
            }
            _ => None,
        })
    }

    /// Of what a time in the segment is.
    fn happening(&self, scene: &Scene<'_>) -> Option<Happening> {
        let segment = scene.segment;
        let alarm = segment.tokens.iter().any(|token| matches!(token, Token::Name(Entity::Alarm(_))));
        Some(if segment.has(Class::Alarm) || segment.has(Class::Fine) || alarm {
            Happening::Alarm
        } else if segment.has(Class::Change) || segment.has(Class::Review) {
            Happening::Change
        } else if segment.has(Class::Lines) {
            Happening::Lines
        } else {
            Happening::Onset
        })
    }

    /// Whether a word is a thing that is counted.
    fn counts(&self, scene: &Scene<'_>, at: usize) -> bool {
        let counted = scene.amounts.iter().any(|amount| matches!(amount.role, Role::Services | Role::Alarms));
        counted && at > 0
    }

    /// How many services the cited evidence shows in trouble.
    fn suffering(&self) -> usize {
        let all: BTreeSet<&ServiceId> = self.supports.iter().flat_map(|support| services_of(support)).collect();
        all.into_iter().filter(|service| self.suffers(service)).count()
    }

    fn alarms(&self) -> usize {
        let names: BTreeSet<&str> = self
            .supports
            .iter()
            .filter_map(|support| match support {
                Support::State { alarm, state: AlarmState::Alarm, .. } => Some(alarm.as_str()),
                _ => None,
            })
            .collect();
        names.len()
    }
}

fn count(amount: &Amount) -> usize {
    (0..1000)
        .find(|count| amount.bound == Bound::Exact && amount.value == f64::from(*count))
        .map_or(usize::MAX, |c| c as usize)
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

/// Of what a segment speaks. `failed requests` are faults, and `requests take` is latency.
fn kinds_of(segment: &Segment) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut add = |kind: Kind| {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    };
    let has = |class: Class| segment.has(class);
    for token in &segment.tokens {
        if let Token::Name(Entity::Figure(name)) = token {
            add(Kind::Named(name.clone()));
        }
    }
    for (class, kind) in [
        (Class::Faults, Kind::Faults),
        (Class::Success, Kind::Success),
        (Class::Latency, Kind::Latency),
        (Class::Slower, Kind::Latency),
        (Class::Faster, Kind::Latency),
        (Class::Lines, Kind::Lines),
        (Class::Confidence, Kind::Confidence),
    ] {
        if has(class) {
            add(kind);
        }
    }
    if kinds.is_empty() && has(Class::Requests) {
        kinds.push(Kind::Requests);
    }
    kinds
}

/// Of whom a claim speaks.
fn services_of(support: &Support) -> Vec<&ServiceId> {
    match support {
        Support::Amount { service, .. }
        | Support::Words { service, .. }
        | Support::Change { service, .. }
        | Support::Cause { service, .. }
        | Support::Action { service, .. } => vec![service],
        Support::Moment { service, .. } | Support::State { service, .. } => service.iter().collect(),
        Support::Calls { caller, callee, .. } => vec![caller, callee],
        Support::Next { service, through, .. } => vec![service, through],
    }
}
