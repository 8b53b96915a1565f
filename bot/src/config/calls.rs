//! Who calls whom.

use serde::Deserialize;
use std::collections::BTreeSet;
use tools::model::{Edge, Service, Topology};

/// Who calls whom: what people declare, and what AWS is asked for. Both are merged; AWS's names fold into the services that
/// are declared under the same name, with it as an alias, or with the ARN as one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calls {
    /// Services with their AWS types and other names; none unless told.
    pub services: Vec<Service>,
    /// Who calls whom among them; nobody unless told.
    pub edges: Vec<Edge>,
    /// Whether X-Ray's service graph is read, which knows the calls that were traced; `false` unless told.
    pub xray: bool,
    /// Whether Lambda's event source mappings are read: which queue or stream feeds which function; `false` unless told.
    pub event_sources: bool,
    /// The EventBridge buses whose rules and targets are read, such as `["default"]`, ten at most; none unless told. Each rule
    /// costs a call.
    pub buses: Vec<String>,
}

impl Calls {
    /// What is declared.
    pub fn declared(&self) -> Topology {
        Topology { services: self.services.clone(), edges: self.edges.clone() }
    }

    /// The first setting by which AWS is asked; none if it is not.
    pub fn asks_aws(&self) -> Option<&'static str> {
        [
            (self.xray, "topology.xray = true"),
            (self.event_sources, "topology.event_sources = true"),
            (!self.buses.is_empty(), "topology.buses"),
        ]
        .into_iter()
        .find_map(|(is_set, setting)| is_set.then_some(setting))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let mut services = BTreeSet::new();
        for id in self.services.iter().map(|service| &service.id) {
            if !services.insert(id) {
                return Err(format!("the service `{id}` stands there twice"));
            }
        }
        let mut ends = self.edges.iter().flat_map(|edge| [&edge.caller, &edge.callee]);
        if let Some(end) = ends.find(|end| !services.contains(end)) {
            return Err(format!("an edge leads from or to `{end}`, which is none of the services"));
        }
        if self.buses.len() > MAX_BUSES {
            return Err(format!("`topology.buses` has {} names; {MAX_BUSES} are read at most", self.buses.len()));
        }
        let mut buses = BTreeSet::new();
        for bus in &self.buses {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte);
            if bus.is_empty() || bus.len() > 256 || !bus.bytes().all(is_plain) {
                return Err(format!(
                    "the event bus `{bus}` needs a name of 1 to 256 letters, digits, `/`, `.`, `-` and `_`"
                ));
            }
            if !buses.insert(bus) {
                return Err(format!("the event bus `{bus}` stands there twice"));
            }
        }
        Ok(())
    }
}

/// Every rule of a bus costs a call.
const MAX_BUSES: usize = 10;
