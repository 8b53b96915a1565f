//! Figures with what belongs to them: unit, bound, and whether they tell what is or what is usual.

use super::check::Refused;
use super::claims::Dim;
use super::lexicon::Class;
use super::reader::{Number, Token};
use super::segment::class;

/// What a figure is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What was observed.
    Observed,
    /// What is usual.
    Usual,
    /// How much earlier or later.
    Later,
    Earlier,
    /// How long ago.
    Ago,
    /// How long until then.
    Ahead,
    /// How many services.
    Services,
    /// How many alarms.
    Alarms,
}

/// How a figure is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Exact,
    AtLeast,
    AtMost,
    Above,
    Below,
    About,
    Nearly,
}

/// A figure as it is told.
#[derive(Clone, Debug)]
pub(super) struct Amount {
    pub(super) value: f64,
    half: f64,
    most: f64,
    /// Half of the unit it is told in.
    grain: f64,
    /// Up to where, of a range.
    upto: Option<f64>,
    pub(super) dim: Option<Dim>,
    pub(super) role: Role,
    pub(super) bound: Bound,
}

impl Amount {
    /// Whether it tells `actual`, within what its digits show.
    pub(super) fn tells(&self, actual: f64) -> bool {
        let shown = self.value;
        let hair = 1e-9 * shown.abs().max(1e-3);
        if let Some(upto) = self.upto {
            return shown - hair <= actual && actual <= upto + hair;
        }
        match self.bound {
            Bound::Exact => (actual - shown).abs() <= self.tolerance() + hair,
            Bound::AtLeast => actual >= shown - hair,
            // A bound far above says something else than what is.
            Bound::AtMost => actual <= shown + hair && actual >= shown / 2.0,
            Bound::Above => actual > shown,
            Bound::Below => actual < shown && actual >= shown / 2.0,
            Bound::About => (actual - shown).abs() <= self.half.min(shown.abs() * 0.1).max(shown.abs() * 0.05) + hair,
            Bound::Nearly => actual < shown + hair && actual >= shown * 0.9,
        }
    }

    /// The same in a unit that is so many times as small.
    fn scale(&mut self, factor: f64) {
        self.value *= factor;
        self.half *= factor;
        self.most *= factor;
        self.grain *= factor;
    }

    /// Half of the last digit; of few digits no more than a share, since `3` is not `2.6` here. Percentages are whole numbers
    /// everywhere.
    fn tolerance(&self) -> f64 {
        // Nothing takes no time at all.
        if self.value == 0.0 && self.dim == Some(Dim::Seconds) {
            return 0.0;
        }
        // `60 minutes ago` is not 57: how long ago something was is counted, not rounded to tens.
        if self.role == Role::Ago {
            return self.half.min(self.most).min(self.grain);
        }
        if self.dim == Some(Dim::Percent) { self.half.min(2.5) } else { self.half.min(self.most) }
    }
}

/// How far a figure may be off at most, by how it is shown.
fn most_off(shown: f64) -> f64 {
    match shown.abs() {
        0.0 => 0.05,
        size if size < 10.0 => size * 0.06,
        size if size < 1000.0 => size * 0.05,
        size => size * 0.025,
    }
}

/// The figures of a segment. `relation` is how the next segment follows: `two minutes before x`.
pub(super) fn amounts(tokens: &[Token], next: Option<Class>) -> Result<Vec<Amount>, Refused> {
    let mut found: Vec<Amount> = Vec::new();
    let default = tokens.iter().take_while(|token| number(token).is_none()).find_map(|token| rate(Some(token)));
    let mut at = 0;
    while at < tokens.len() {
        let Some((number, is_fraction)) = number(&tokens[at]) else {
            at += 1;
            continue;
        };
        let begin = at;
        let (mut amount, mut end) = read(tokens, at, number, is_fraction, default)?;
        if class(begin.checked_sub(1).and_then(|before| tokens.get(before))) == Some(Class::Between) {
            let second = tokens.iter().enumerate().skip(end).find_map(|(at, token)| Some((at, self::number(token)?)));
            let Some((second_at, (second, second_fraction))) = second else {
                return Err(Refused::new("between", "a range has two ends"));
            };
            let (upper, upper_end) = read(tokens, second_at, second, second_fraction, default)?;
            // `between 3 and 5 s`: the unit of the second is that of the first.
            if amount.dim.is_none() && upper.dim.is_some() && second.value != 0.0 {
                amount.value *= upper.value / second.value;
                amount.dim = upper.dim;
            }
            amount.upto = Some(upper.value);
            if amount.dim != upper.dim || upper.value < amount.value || upper.value > amount.value * 3.0 + 1.0 {
                return Err(Refused::new("between", "this range says too little"));
            }
            end = upper_end;
        }
        amount.role = role(tokens, begin, end, &amount, next);
        found.push(amount);
        at = end;
    }
    // `from 120 to 1,500 ms`
    let units: Vec<(Option<Dim>, f64)> = found.iter().map(|amount| (amount.dim, unit_factor(tokens))).collect();
    for at in 0..found.len().saturating_sub(1) {
        let (dim, factor) = units[at + 1];
        let pair = matches!((found[at].role, found[at + 1].role), (Role::Usual, Role::Observed));
        if found[at].dim.is_none() && pair && matches!(dim, Some(Dim::Percent | Dim::Seconds | Dim::Rate)) {
            found[at].dim = dim;
            if matches!(dim, Some(Dim::Seconds)) {
                found[at].scale(factor);
            }
        }
    }
    Ok(found)
}

/// A number, and whether it is a part of one.
fn number(token: &Token) -> Option<(Number, bool)> {
    match token {
        Token::Number(number) => Some((*number, false)),
        Token::Word(Class::Twelfths(twelfths), _) => {
            let value = f64::from(*twelfths) / 12.0;
            let is_fraction = *twelfths > 0 && *twelfths < 12;
            Some((Number { value, half: if is_fraction { 0.02 } else { 0.5 } }, is_fraction))
        }
        Token::Word(Class::Times(halves), _) => Some((Number { value: f64::from(*halves) / 2.0, half: 0.25 }, true)),
        Token::Word(..)
        | Token::Name(_)
        | Token::Time(_)
        | Token::Date(_)
        | Token::Quote(_)
        | Token::Mark(_)
        | Token::Id(_) => None,
    }
}

/// Units, and how many of the base unit each is.
const UNITS: [(Class, Dim, f64); 7] = [
    (Class::Milliseconds, Dim::Seconds, 0.001),
    (Class::Seconds, Dim::Seconds, 1.0),
    (Class::Minutes, Dim::Seconds, 60.0),
    (Class::Hours, Dim::Seconds, 3600.0),
    (Class::Percent, Dim::Percent, 1.0),
    (Class::Foreign, Dim::Unknown, 1.0),
    (Class::Points, Dim::Unknown, 1.0),
];

/// Rates, and how many a minute each is.
const RATES: [(Class, f64); 4] =
    [(Class::PerSecond, 60.0), (Class::PerMinute, 1.0), (Class::PerHour, 1.0 / 60.0), (Class::PerDay, 1.0 / 1440.0)];

fn unit(class: Option<Class>) -> Option<(Dim, f64)> {
    UNITS.iter().find(|(unit, ..)| Some(*unit) == class).map(|(_, dim, factor)| (*dim, *factor))
}

fn rate(token: Option<&Token>) -> Option<f64> {
    let class = class(token);
    RATES.iter().find(|(rate, _)| Some(*rate) == class).map(|(_, factor)| *factor)
}

/// The factor of the last unit of time in the segment.
fn unit_factor(tokens: &[Token]) -> f64 {
    let units = tokens.iter().filter_map(|token| unit(class(Some(token))));
    units.filter(|(dim, _)| *dim == Dim::Seconds).map(|(_, factor)| factor).next_back().unwrap_or(1.0)
}

/// The figure at `at` with its unit, and where it ends.
fn read(
    tokens: &[Token],
    at: usize,
    number: Number,
    is_fraction: bool,
    default: Option<f64>,
) -> Result<(Amount, usize), Refused> {
    let Number { mut value, mut half } = number;
    let mut end = at + 1;
    while let Some(Class::Factor(factor)) = class(tokens.get(end)) {
        value *= f64::from(factor);
        half *= f64::from(factor);
        end += 1;
    }
    let bound = bound(tokens, at);
    let most = most_off(number.value) * if number.value == 0.0 { 1.0 } else { value / number.value };
    let mut amount = Amount { value, half, most, grain: 0.5, upto: None, dim: None, role: Role::Observed, bound };
    if matches!(class(tokens.get(at)), Some(Class::Times(_))) {
        amount.dim = Some(Dim::Ratio);
        return Ok((amount, end));
    }
    if let Some((dim, factor)) = unit(class(tokens.get(end))) {
        if dim == Dim::Unknown {
            return Err(Refused::new(&tokens[end].shown(), "no evidence is measured in this unit"));
        }
        amount.dim = Some(dim);
        amount.scale(factor);
        return Ok((amount, end + 1));
    }
    let compares = |at: usize| {
        let text = tokens.get(at).map(Token::shown).unwrap_or_default();
        let by_class = matches!(
            class(tokens.get(at)),
            Some(Class::Usual | Class::Up | Class::Slower | Class::Than | Class::Pronoun | Class::Which)
        );
        by_class
            || text.starts_with("as ")
            || text == "what"
            || (matches!(text.as_str(), "the" | "a") && matches!(class(tokens.get(at + 1)), Some(Class::Usual)))
    };
    if class(tokens.get(end)) == Some(Class::Multiple) {
        end += 1;
        if compares(end) {
            amount.dim = Some(Dim::Ratio);
            amount.half = amount.half.min(amount.value * 0.1);
            return Ok((amount, end));
        }
    }
    if is_fraction {
        let ratio = compares(end);
        amount.dim = Some(if ratio { Dim::Ratio } else { Dim::Percent });
        if !ratio {
            amount.scale(100.0);
        }
        return Ok((amount, end));
    }
    let until = tokens[end..].iter().position(|token| self::number(token).is_some());
    let until = until.map_or(tokens.len(), |count| end + count);
    let per = tokens[end..until].iter().take(5).find_map(|token| rate(Some(token)));
    if let Some(factor) = per.or(default) {
        amount.dim = Some(Dim::Rate);
        amount.scale(factor);
    }
    Ok((amount, end))
}

fn bound(tokens: &[Token], at: usize) -> Bound {
    let mut before = tokens[..at].iter().rev().skip_while(|token| class(Some(token)) == Some(Class::Plain));
    match class(before.next()) {
        Some(Class::AtLeast) => Bound::AtLeast,
        Some(Class::AtMost) => Bound::AtMost,
        Some(Class::Above) => Bound::Above,
        Some(Class::Below) => Bound::Below,
        Some(Class::About) => Bound::About,
        Some(Class::Nearly) => Bound::Nearly,
        _ => Bound::Exact,
    }
}

/// Words that make a usual figure of the one behind them, and of none before.
const PREFIXES: [&str; 9] = [
    "against",
    "versus",
    "vs",
    "as against",
    "compared with",
    "compared to",
    "instead of",
    "rather than",
    "up from the usual",
];

fn role(tokens: &[Token], begin: usize, end: usize, amount: &Amount, next: Option<Class>) -> Role {
    let behind = class(tokens.get(end));
    if amount.dim == Some(Dim::Seconds) {
        let last = if end == tokens.len() { next } else { behind };
        match last {
            Some(Class::Later | Class::After) => return Role::Later,
            Some(Class::Earlier) => return Role::Earlier,
            Some(Class::Before) if end == tokens.len() => return Role::Earlier,
            Some(Class::Ago) => return Role::Ago,
            _ => {}
        }
        let ahead = tokens.iter().any(|token| class(Some(token)) == Some(Class::Next));
        if ahead {
            return Role::Ahead;
        }
    }
    match behind {
        Some(Class::Services) => return Role::Services,
        Some(Class::Alarms) => return Role::Alarms,
        Some(Class::Alarm) if tokens[end].shown() == "alarms" => return Role::Alarms,
        _ => {}
    }
    for token in tokens[..begin].iter().rev().take(5) {
        match class(Some(token)) {
            Some(Class::Usual | Class::Than | Class::From) => return Role::Usual,
            Some(Class::Up | Class::Down) if token.shown().contains("usual") || token.shown().contains("normal") => {
                return Role::Usual;
            }
            Some(
                Class::Plain
                | Class::Is
                | Class::Pronoun
                | Class::Of
                | Class::AtLeast
                | Class::AtMost
                | Class::Above
                | Class::Below
                | Class::About
                | Class::Nearly,
            ) => {}
            _ => break,
        }
    }
    if amount.dim == Some(Dim::Ratio) {
        return Role::Observed;
    }
    for (at, token) in tokens.iter().enumerate().skip(end).take(8) {
        if number(token).is_some() {
            break;
        }
        match class(Some(token)) {
            Some(Class::Usual) if !PREFIXES.contains(&token.shown().as_str()) => {
                let later = tokens[at..].iter().any(|token| number(token).is_some());
                return if later { Role::Observed } else { Role::Usual };
            }
            Some(Class::Before) => return Role::Usual,
            Some(Class::Up | Class::Down | Class::Than) => break,
            _ => {}
        }
    }
    Role::Observed
}
