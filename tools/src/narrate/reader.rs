//! From the text of a sentence to what its words are: names, numbers, times, quotes, and words of the lexicon. What is none
//! of these is refused here.

use super::check::Refused;
use super::claims::{Claims, Entity};
use super::clock::{self, Shown};
use super::lexicon::{Class, LONGEST_PHRASE, class_of, is_common};
use jiff::civil::Date;

/// A number as it is shown, and half of what its last digit counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) half: f64,
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(Entity),
    Number(Number),
    Time(Shown),
    Date(Date),
    /// Words in quotation marks or code font.
    Quote(String),
    /// A word or phrase of the lexicon.
    Word(Class, String),
    /// Punctuation that separates.
    Mark(char),
    /// An evidence id.
    Id(u32),
}

impl Token {
    /// How it stands in the sentence, for a refusal.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Name(Entity::Service(service)) => service.to_string(),
            Self::Name(Entity::Alarm(name) | Entity::Figure(name)) | Self::Quote(name) => name.clone(),
            Self::Name(Entity::Action(_)) => "remedy".to_owned(),
            Self::Number(number) => number.value.to_string(),
            Self::Time(shown) => shown.text.clone(),
            Self::Date(date) => date.to_string(),
            Self::Word(_, text) => text.clone(),
            Self::Mark(mark) => mark.to_string(),
            Self::Id(id) => format!("E{id}"),
        }
    }
}

/// The words of a name in lower case.
pub(super) fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// What no sentence of a narration holds, whatever its evidence.
const NEVER: [&str; 9] = ["://", "www.", "<@", "<#", "<!", "mailto:", "```", "](", "arn:"];

/// Reads a sentence.
pub(super) fn read(text: &str, claims: &Claims) -> Result<Vec<Token>, Refused> {
    if let Some(found) = NEVER.iter().find(|never| text.contains(**never)) {
        return Err(Refused::new(found, "links and mentions have no place in it"));
    }
    if text.chars().count() > super::LONGEST_SENTENCE {
        return Err(Refused::new("", "it is too long"));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Err(Refused::new(&format!("{control:?}"), "a sentence is one line of text"));
    }
    Reader { chars: text.chars().collect(), at: 0, claims, tokens: Vec::new() }.read()
}

struct Reader<'a> {
    chars: Vec<char>,
    at: usize,
    claims: &'a Claims,
    tokens: Vec<Token>,
}

/// What joins the words of a name; blanks do so too.
fn joins(c: char) -> bool {
    matches!(c, '-' | '_' | '.' | '/' | ':' | '\u{2010}' | '\u{2011}')
}

impl Reader<'_> {
    fn read(mut self) -> Result<Vec<Token>, Refused> {
        while let Some(c) = self.peek() {
            if c.is_whitespace() {
                self.at += 1;
                continue;
            }
            if self.name() || self.id() {
                continue;
            }
            match c {
                '`' => self.quote('`')?,
                '"' => self.quote('"')?,
                '“' => self.quote('”')?,
                '*' | '_' => self.at += 1,
                '0'..='9' => self.figure()?,
                '~' | '≈' => self.sign(Class::About),
                '≥' => self.sign(Class::AtLeast),
                '≤' => self.sign(Class::AtMost),
                '×' => self.sign(Class::Multiple),
                '%' => self.sign(Class::Percent),
                ',' | ';' | ':' | '(' | ')' | '–' | '—' | '.' | '!' => {
                    self.tokens.push(Token::Mark(c));
                    self.at += 1;
                }
                '-' if self.is_dash() => {
                    self.tokens.push(Token::Mark('—'));
                    self.at += 1;
                }
                '/' if self.after_number() => self.word()?,
                '-' if self.between_letters() || self.after_number() => self.at += 1,
                _ if c.is_alphabetic() => self.word()?,
                _ => return Err(Refused::new(&c.to_string(), "this sign has no place in it")),
            }
        }
        Ok(self.tokens)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn before(&self) -> Option<char> {
        self.at.checked_sub(1).map(|before| self.chars[before])
    }

    fn sign(&mut self, class: Class) {
        self.tokens.push(Token::Word(class, self.chars[self.at].to_string()));
        self.at += 1;
    }

    fn is_dash(&self) -> bool {
        let blank = |c: Option<&char>| c.is_none_or(|c| c.is_whitespace());
        self.before().is_none_or(char::is_whitespace) && blank(self.chars.get(self.at + 1))
    }

    fn between_letters(&self) -> bool {
        let next = self.chars.get(self.at + 1).is_some_and(|c| c.is_alphabetic());
        next && self.before().is_some_and(|c| c.is_alphanumeric() || matches!(c, '`' | '"' | '*'))
    }

    fn after_number(&self) -> bool {
        matches!(self.tokens.last(), Some(Token::Number(_) | Token::Word(..)))
            && self.before().is_some_and(char::is_alphanumeric)
    }

    /// A name, where one begins: the longest that fits. A name that is made of common words alone has to be in code font.
    fn name(&mut self) -> bool {
        let inside = self.before().is_some_and(char::is_alphanumeric);
        // A hyphen or so before it makes it the end of another name.
        let tail = self.before().is_some_and(joins) && self.at >= 2 && self.chars[self.at - 2].is_alphanumeric();
        if inside || tail || !self.peek().is_some_and(|c| c.is_alphanumeric()) {
            return false;
        }
        let mut best: Option<(usize, bool, Vec<&Entity>)> = None;
        for name in &self.claims.names {
            let Some(end) = self.fits(&name.words) else { continue };
            let exact: String = self.chars[self.at..end].iter().collect();
            let exact = exact == name.exact;
            let is_figure = matches!(name.entity, Entity::Figure(_) | Entity::Action(_));
            let plain = name.words.iter().all(|word| is_common(word) || word.parse::<f64>().is_ok() || word.len() == 1);
            if plain && !is_figure {
                continue;
            }
            match &mut best {
                Some((longest, ..)) if *longest > end => {}
                Some((longest, was_exact, all)) if *longest == end && *was_exact == exact => all.push(&name.entity),
                Some((longest, true, _)) if *longest == end => {}
                _ => best = Some((end, exact, vec![&name.entity])),
            }
        }
        let Some((end, _, entities)) = best else { return false };
        let first = entities[0].clone();
        if entities.iter().any(|entity| **entity != first) {
            // One name for two things: it names neither.
            return false;
        }
        self.at = end;
        self.tokens.push(Token::Name(first));
        self.possessive();
        true
    }

    /// Where `words` end if they stand here.
    fn fits(&self, words: &[String]) -> Option<usize> {
        let mut at = self.at;
        for (nth, word) in words.iter().enumerate() {
            if nth > 0 {
                let begin = at;
                while self.chars.get(at).is_some_and(|c| !c.is_alphanumeric()) {
                    let c = self.chars[at];
                    // Of blanks there is one; other names are full of signs.
                    if matches!(c, ',' | ';' | '(' | ')' | '`' | '"' | '!') {
                        return None;
                    }
                    at += 1;
                }
                if at == begin {
                    return None;
                }
            }
            for expected in word.chars() {
                let found = self.chars.get(at)?;
                if !found.to_lowercase().eq(expected.to_lowercase()) {
                    return None;
                }
                at += 1;
            }
            if self.chars.get(at).is_some_and(|c| c.is_alphanumeric()) {
                return None;
            }
        }
        let continued = self.chars.get(at).is_some_and(|c| joins(*c))
            && self.chars.get(at + 1).is_some_and(|c| c.is_alphanumeric());
        (!continued).then_some(at)
    }

    fn possessive(&mut self) {
        let is_s =
            |at: usize| matches!(self.chars.get(at), Some('\'' | '’')) && matches!(self.chars.get(at + 1), Some('s'));
        if is_s(self.at) && !self.chars.get(self.at + 2).is_some_and(|c| c.is_alphanumeric()) {
            self.at += 2;
        } else if matches!(self.peek(), Some('\'' | '’')) {
            self.at += 1;
        }
    }

    /// `E7`.
    fn id(&mut self) -> bool {
        if self.peek() != Some('E') || self.before().is_some_and(char::is_alphanumeric) {
            return false;
        }
        let digits: String = self.chars[self.at + 1..].iter().take_while(|c| c.is_ascii_digit()).collect();
        let end = self.at + 1 + digits.len();
        let Ok(id) = digits.parse() else { return false };
        if self.chars.get(end).is_some_and(|c| c.is_alphanumeric()) {
            return false;
        }
        self.at = end;
        self.tokens.push(Token::Id(id));
        true
    }

    /// What stands in quotation marks is a name, or the words of somebody else.
    fn quote(&mut self, end: char) -> Result<(), Refused> {
        let rest = &self.chars[self.at + 1..];
        let Some(length) = rest.iter().position(|c| *c == end) else {
            return Err(Refused::new(&self.chars[self.at].to_string(), "it is not closed"));
        };
        let inner: String = rest[..length].iter().collect();
        self.at += length + 2;
        let inner = inner.trim_matches(['*', '_', ' ', '.', ',', '`']).to_owned();
        let spelled = words(&inner);
        let exact = |name: &&super::claims::Name| name.exact == inner || name.exact.replace('`', "'") == inner;
        let named = self.claims.names.iter().filter(exact).map(|name| &name.entity);
        let named: Vec<&Entity> = if named.clone().next().is_some() {
            named.collect()
        } else {
            self.claims.names.iter().filter(|name| name.words == spelled).map(|name| &name.entity).collect()
        };
        // A service and its alarm may share their name: then it is the service's.
        let service = named.iter().find(|entity| matches!(entity, Entity::Service(_)));
        let others = named.iter().filter(|entity| matches!(entity, Entity::Service(_)));
        let ambiguous = others.count() > 1;
        let token = match service.or(named.first()) {
            Some(_) if ambiguous => return Err(Refused::new(&inner, "two services go by this name")),
            Some(entity) => Token::Name((*entity).clone()),
            None => Token::Quote(inner),
        };
        self.tokens.push(token);
        self.possessive();
        Ok(())
    }

    /// A number, a time or a date.
    fn figure(&mut self) -> Result<(), Refused> {
        if let Some((token, end)) = clock::read(&self.chars, self.at)? {
            self.at = end;
            self.tokens.push(token);
            return Ok(());
        }
        let begin = self.at;
        let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
        let mut digits = String::new();
        let mut decimals = None;
        while let Some(c) = self.peek() {
            let next = self.chars.get(self.at + 1);
            match c {
                '0'..='9' => {
                    digits.push(c);
                    decimals = decimals.map(|count: i32| count + 1);
                }
                ',' | '\u{a0}' | '\u{202f}' | '\u{2009}' if decimals.is_none() && self.group() => {}
                '.' if decimals.is_none() && digit(next) => {
                    digits.push('.');
                    decimals = Some(0);
                }
                _ => break,
            }
            self.at += 1;
        }
        let text: String = self.chars[begin..self.at].iter().collect();
        let value: f64 = digits.parse().map_err(|_| Refused::new(&text, "this number cannot be read"))?;
        let attached: String = self.chars[self.at..].iter().take_while(|c| c.is_alphanumeric()).collect();
        if digits == "5" && attached == "xx" {
            self.at += 2;
            self.tokens.push(Token::Word(Class::Faults, "5xx".to_owned()));
            return Ok(());
        }
        let zeros = digits.chars().rev().take_while(|c| *c == '0').count().min(digits.len().saturating_sub(1));
        let place = match decimals {
            Some(count) => 0.1_f64.powi(count),
            None => 10_f64.powi(i32::try_from(zeros).unwrap_or(0)),
        };
        self.tokens.push(Token::Number(Number { value, half: place / 2.0 }));
        // A unit may follow without a blank; anything else makes it a name that nobody knows.
        if attached.is_empty() || class_of(&attached.to_lowercase()).is_some_and(is_unit) {
            Ok(())
        } else {
            Err(Refused::new(&format!("{text}{attached}"), "this is neither a number nor a name"))
        }
    }

    /// Whether three digits and no more follow: the sign here separates thousands.
    fn group(&self) -> bool {
        let digit = |at: usize| self.chars.get(at).is_some_and(char::is_ascii_digit);
        (1..=3).all(|ahead| digit(self.at + ahead)) && !digit(self.at + 4)
    }

    /// The longest phrase of the lexicon that begins here.
    fn word(&mut self) -> Result<(), Refused> {
        let mut phrase = String::new();
        let mut best = None;
        let mut at = self.at;
        for _ in 0..LONGEST_PHRASE {
            if self.chars.get(at) == Some(&'/') && phrase.is_empty() {
                phrase.push('/');
                at += 1;
            }
            let begin = at;
            while self.chars.get(at).is_some_and(|c| c.is_alphanumeric()) {
                phrase.extend(self.chars[at].to_lowercase());
                at += 1;
            }
            if at == begin {
                break;
            }
            if let Some(class) = class_of(&phrase) {
                best = Some((class, phrase.clone(), at));
            }
            let blanks = self.chars[at..].iter().take_while(|c| matches!(c, ' ' | '-' | '\u{a0}')).count();
            if blanks != 1 {
                break;
            }
            phrase.push(' ');
            at += 1;
        }
        if let Some((class, phrase, end)) = best {
            self.at = end;
            self.tokens.push(Token::Word(class, phrase));
            return Ok(());
        }
        let word: String = self.chars[self.at..].iter().take_while(|c| !c.is_whitespace()).collect();
        Err(Refused::new(word.trim_end_matches(['.', ',']), "no evidence and no common word says this"))
    }
}

/// Whether a class can be written right behind a number.
fn is_unit(class: Class) -> bool {
    matches!(
        class,
        Class::Milliseconds
            | Class::Seconds
            | Class::Minutes
            | Class::Hours
            | Class::Percent
            | Class::Factor(_)
            | Class::Multiple
            | Class::Foreign
    )
}
