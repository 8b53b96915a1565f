//! Reading a topology: which service an alarm belongs to, and what lies around a service.

use crate::model::{Adjacency, Alarm, Service, ServiceId, Topology};
use std::collections::{HashMap, HashSet, VecDeque};

/// Shorter names are too common to be recognised inside an alarm's name.
const MIN_WORD: usize = 3;

/// Words of a text that are looked at for names: every run of them is. Longer than any alarm's name.
const MOST_WORDS: usize = 130;

/// A topology with an index of all names by which its services are known. Built once, asked for every alarm.
#[derive(Clone, Debug, Default)]
pub struct Atlas {
    topology: Topology,
    adjacency: Adjacency,
    positions: HashMap<ServiceId, usize>,
    by_name: HashMap<String, Vec<usize>>,
    /// How many words the longest of these names has.
    most_words: usize,
}

/// How one service is connected with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Calls lead from one to the other; caller first.
    Path(Vec<ServiceId>),
    /// Both call this service.
    SharedCallee(ServiceId),
}

/// A search around a service stops after this many services: near a hub, "connected" would mean nothing any more.
const MAX_AROUND: usize = 500;

impl Atlas {
    /// Indexes `topology`.
    pub fn new(topology: Topology) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::with_capacity(topology.services.len());
        let mut most_words = 0;
        for (position, service) in topology.services.iter().enumerate() {
            let id = service.id.as_str();
            let base = base_name(service);
            let mut names: Vec<String> =
                [id].into_iter().chain(base).chain(service.aliases.iter().map(String::as_str)).map(words).collect();
            names.sort_unstable();
            names.dedup();
            for name in names.into_iter().filter(|name| !name.is_empty()) {
                most_words = most_words.max(name.split(' ').count());
                by_name.entry(name).or_default().push(position);
            }
        }
        let positions =
            topology.services.iter().enumerate().map(|(position, service)| (service.id.clone(), position)).collect();
        Self { adjacency: topology.adjacency(), positions, topology, by_name, most_words }
    }

    /// The services within `hops` calls of `service`, up or down, nearest first, and after them those that call what it
    /// calls.
    pub fn around(&self, service: &ServiceId, hops: usize) -> Vec<(&ServiceId, Connection)> {
        let Some(&start) = self.positions.get(service) else { return Vec::new() };
        let id = |position: usize| &self.topology.services[position].id;
        let path = |positions: &[usize]| Connection::Path(positions.iter().map(|&at| id(at).clone()).collect());
        let down = walk(&self.adjacency.callees, start, hops);
        let up = walk(&self.adjacency.callers, start, hops);
        // At the same distance what it calls comes before what calls it: trouble travels from callee to caller.
        let mut found: Vec<(usize, bool, usize, Connection)> = Vec::new();
        for trail in down {
            found.push((trail.len(), false, trail[trail.len() - 1], path(&trail)));
        }
        for mut trail in up {
            let end = trail[trail.len() - 1];
            trail.reverse();
            found.push((trail.len(), true, end, path(&trail)));
        }
        for &callee in &self.adjacency.callees[start] {
            for &caller in self.adjacency.callers[callee].iter().filter(|&&caller| caller != start) {
                found.push((usize::MAX, false, caller, Connection::SharedCallee(id(callee).clone())));
            }
        }
        found.sort_by_key(|(length, is_up, end, _)| (*length, *is_up, *end));
        found.truncate(MAX_AROUND);
        found.into_iter().map(|(.., end, connection)| (id(end), connection)).collect()
    }

    /// The topology that was indexed.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The service `alarm` belongs to; none when no name fits, or when two services fit equally well.
    pub fn service_of(&self, alarm: &Alarm) -> Option<&Service> {
        self.by_dimension(alarm).or_else(|| self.by_alarm_name(alarm))
    }

    /// The one service of exactly this name, or with this other name, whose account and region do not contradict these.
    pub fn service_named(&self, name: &str, account: Option<&str>, region: Option<&str>) -> Option<&Service> {
        self.fitting(&words(name), account, region)
    }

    /// The service whose name is the longest run of words in `text` that names one: `token-exchange-prod` is about
    /// `token-exchange`.
    pub fn service_told_by(&self, text: &str, account: Option<&str>, region: Option<&str>) -> Option<&Service> {
        let text = words(text);
        let parts: Vec<&str> = text.split(' ').take(MOST_WORDS).collect();
        for length in (1..=parts.len().min(self.most_words)).rev() {
            let mut found = parts.windows(length).filter_map(|run| {
                let run = run.join(" ");
                if run.len() < MIN_WORD { None } else { self.fitting(&run, account, region) }
            });
            if let Some(service) = found.next() {
                return if found.all(|other| other.id == service.id) { Some(service) } else { None };
            }
        }
        None
    }

    fn by_dimension(&self, alarm: &Alarm) -> Option<&Service> {
        let dimensions = &alarm.metric.as_ref()?.dimensions;
        dimensions.values().find_map(|value| {
            // A Lambda's `Resource` dimension is `function:alias`.
            let name = value.split_once(':').map_or(value.as_str(), |(name, _)| name);
            self.only(&words(value), alarm).or_else(|| self.only(&words(name), alarm))
        })
    }

    fn by_alarm_name(&self, alarm: &Alarm) -> Option<&Service> {
        self.service_told_by(&alarm.name, alarm.account.as_deref(), alarm.region.as_deref())
    }

    /// The one service of this name whose account and region do not contradict the alarm's.
    fn only(&self, name: &str, alarm: &Alarm) -> Option<&Service> {
        self.fitting(name, alarm.account.as_deref(), alarm.region.as_deref())
    }

    fn fitting(&self, name: &str, account: Option<&str>, region: Option<&str>) -> Option<&Service> {
        let contradicts = |known: &Option<String>, told: Option<&str>| {
            known.as_deref().is_some_and(|known| told.is_some_and(|told| known != told))
        };
        let mut fitting = self
            .by_name
            .get(name)?
            .iter()
            .map(|&at| &self.topology.services[at])
            .filter(|service| !contradicts(&service.account, account) && !contradicts(&service.region, region));
        let first = fitting.next()?;
        if fitting.next().is_none() { Some(first) } else { None }
    }
}

/// The name of a service without its type: X-Ray tools write a node as `<name>_<type>`, all others only know the name.
pub(crate) fn base_name(service: &Service) -> Option<&str> {
    service.id.as_str().strip_suffix(service.kind.as_deref()?)?.strip_suffix('_')
}

/// Shortest trails from `start` along `next`, of at most `hops` steps, breadth first; the start itself is left out.
fn walk(next: &[Vec<usize>], start: usize, hops: usize) -> Vec<Vec<usize>> {
    let mut trails = Vec::new();
    let mut seen = HashSet::from([start]);
    let mut queue = VecDeque::from([vec![start]]);
    while let Some(trail) = queue.pop_front() {
        if trails.len() >= MAX_AROUND {
            break;
        }
        if trail.len() <= hops {
            for &neighbour in &next[trail[trail.len() - 1]] {
                if seen.insert(neighbour) {
                    let mut longer = trail.clone();
                    longer.push(neighbour);
                    queue.push_back(longer);
                }
            }
        }
        if trail.len() > 1 {
            trails.push(trail);
        }
    }
    trails
}

/// `Auth-Prod_tokenExchange` → `auth prod tokenexchange`: lower case, any run of other characters one space.
pub(crate) fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_alphanumeric() {
            words.extend(character.to_lowercase());
        } else if !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlarmState, Metric, ServiceId};
    use jiff::Timestamp;
    use std::collections::BTreeMap;

    fn topology() -> Topology {
        let mut exchange = Service::named("token-exchange");
        exchange.account = Some("111111111111".to_owned());
        let mut cognito = Service::named("user-pool");
        cognito.aliases = vec!["cognito".to_owned(), "eu-west-1_AbC".to_owned()];
        let mut search = Service::named("PetSearch_AWS::ECS::Fargate");
        search.kind = Some("AWS::ECS::Fargate".to_owned());
        let twins = ["twin one", "twin two"].map(|id| {
            let mut twin = Service::named(id);
            twin.aliases = vec!["twin".to_owned()];
            twin
        });
        let mut services = vec![exchange, cognito, search, Service::named("token")];
        services.extend(twins);
        Topology { services, edges: Vec::new() }
    }

    #[track_caller]
    fn check(name: &str, dimension: Option<&str>, account: Option<&str>, expected: Option<&str>) {
        let alarm = Alarm {
            account: account.map(str::to_owned),
            metric: dimension.map(|value| Metric {
                namespace: "AWS/X".to_owned(),
                name: "Errors".to_owned(),
                stat: None,
                dimensions: BTreeMap::from([("Name".to_owned(), value.to_owned())]),
            }),
            ..Alarm::named(name.to_owned(), AlarmState::Alarm, Timestamp::UNIX_EPOCH)
        };
        let atlas = Atlas::new(topology());
        let found = atlas.service_of(&alarm).map(|service| service.id.clone());
        assert_eq!(found, expected.map(ServiceId::new));
    }

    #[test]
    fn dimensions_win_over_words() {
        check("token-exchange-errors", Some("eu-west-1_AbC"), None, Some("user-pool"));
        check("anything", Some("token-exchange:live"), None, Some("token-exchange"));
        check("anything", Some("PetSearch"), None, Some("PetSearch_AWS::ECS::Fargate"));
    }

    #[test]
    fn the_longest_run_of_words_wins() {
        check("auth-prod-lambda-token-exchange-errors", None, None, Some("token-exchange"));
        check("auth-prod-cognito-throttles", None, None, Some("user-pool"));
        check("TOKEN_errors", None, None, Some("token"));
    }

    #[track_caller]
    fn check_named(name: &str, account: Option<&str>, exactly: Option<&str>, told: Option<&str>) {
        let atlas = Atlas::new(topology());
        let id = |found: Option<&Service>| found.map(|service| service.id.clone());
        assert_eq!(id(atlas.service_named(name, account, None)), exactly.map(ServiceId::new), "{name} as a name");
        assert_eq!(id(atlas.service_told_by(name, account, None)), told.map(ServiceId::new), "{name} as words");
    }

    #[test]
    fn a_resource_is_known_by_its_name_and_a_deployment_by_its_words() {
        check_named("token-exchange", None, Some("token-exchange"), Some("token-exchange"));
        check_named("eu-west-1_AbC", Some("111111111111"), Some("user-pool"), Some("user-pool"));
        check_named("auth/token-exchange-prod", None, None, Some("token-exchange"));
        check_named("token-exchange", Some("999999999999"), None, Some("token"));
        check_named("twin", None, None, None);
        check_named("", None, None, None);
    }

    #[test]
    fn what_is_ambiguous_or_contradicts_belongs_to_nobody() {
        check("twin-errors", None, None, None);
        check("token-exchange-errors", None, Some("999999999999"), Some("token"));
        check("nightly-export-late", None, None, None);
    }
}
