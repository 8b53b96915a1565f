//! Which services make up the auth journey: by what AWS says they are, by who calls whom, and only where neither tells, by
//! their names.

use crate::context::Situation;
use crate::context::estate::Estate;
use crate::context::fold::kind_of;
use crate::model::Stage;

/// More hops of one stage are not followed.
const MOST_OF_A_STAGE: usize = 6;

/// The journey of an estate.
#[derive(Debug, Default)]
pub(in crate::context) struct Journey {
    /// Stage and node, in the order of the stages, then of the names.
    pub(in crate::context) hops: Vec<(Stage, usize)>,
    /// How many more there are than are followed.
    pub(in crate::context) left_out: usize,
}

/// What is known of a node besides its place.
#[derive(Clone, Debug, Default)]
struct Face {
    kind: String,
    /// Its name and its aliases in lower case.
    names: Vec<String>,
}

impl Face {
    fn is(&self, families: &[&str]) -> bool {
        families.iter().any(|family| self.kind.starts_with(family))
    }

    fn named(&self, stems: &[&str]) -> bool {
        self.names.iter().any(|name| stems.iter().any(|stem| name.contains(stem)))
    }

    fn is_pool(&self) -> bool {
        self.is(&["AWS::Cognito"])
    }

    fn is_gateway(&self) -> bool {
        self.is(&["AWS::ApiGateway", "AWS::AppSync"])
    }

    fn is_edge(&self) -> bool {
        self.is(&["AWS::CloudFront", "AWS::WAF", "AWS::ElasticLoadBalancing", "AWS::GlobalAccelerator"])
    }

    fn is_function(&self) -> bool {
        self.is(&["AWS::Lambda"])
    }

    fn is_store(&self) -> bool {
        const FAMILIES: [&str; 8] = [
            "AWS::DynamoDB",
            "AWS::DAX",
            "AWS::ElastiCache",
            "AWS::MemoryDB",
            "AWS::RDS",
            "AWS::DocDB",
            "AWS::DSQL",
            "AWS::SecretsManager",
        ];
        self.is(&FAMILIES)
    }

    fn sounds_like_authorizer(&self) -> bool {
        self.named(&["authoriz", "authoris", "authz", "jwt"])
    }

    fn sounds_like_token_function(&self) -> bool {
        self.named(&["token", "login", "signin", "sign-in", "oauth", "oidc"])
    }

    fn sounds_like_auth(&self) -> bool {
        self.sounds_like_authorizer() || self.sounds_like_token_function() || self.named(&["auth"])
    }
}

impl Journey {
    /// Finds it; without any service of its core there is none.
    pub(in crate::context) fn of(situation: &Situation, estate: &Estate<'_>) -> Self {
        let mut faces = vec![Face::default(); estate.nodes.len()];
        let mut services: Vec<_> = situation.topology.iter().flat_map(|topology| &topology.services).collect();
        services.sort_by(|a, b| a.id.cmp(&b.id));
        for service in services {
            let Some(node) = estate.node(&service.id) else { continue };
            let face = &mut faces[node];
            if let Some(kind) = kind_of(service).filter(|kind| kind.len() > face.kind.len()) {
                kind.clone_into(&mut face.kind);
            }
            face.names.extend(
                [service.id.as_str()]
                    .into_iter()
                    .chain(service.aliases.iter().map(String::as_str))
                    .map(str::to_lowercase),
            );
        }
        let nodes = 0..faces.len();
        let calls = |from: usize, is: &dyn Fn(usize) -> bool| estate.any_callees[from].iter().any(|&to| is(to));
        let called_by = |to: usize, is: &dyn Fn(usize) -> bool| estate.callers[to].iter().any(|&from| is(from));
        let is_gateway = |node: usize| faces[node].is_gateway();
        let behind_a_gateway = |node: usize| !estate.has_graph || called_by(node, &is_gateway);
        let sounds_like_token_function = |node: usize| {
            faces[node].is_function() && faces[node].sounds_like_token_function() && behind_a_gateway(node)
        };
        let mut stage: Vec<Option<Stage>> = vec![None; faces.len()];
        for node in nodes.clone() {
            let face = &faces[node];
            let is_inner = !face.is_gateway() && !face.is_edge() && !face.is_store();
            stage[node] = if face.is_pool() {
                Some(Stage::UserPool)
            } else if face.is_function() && face.sounds_like_authorizer() && behind_a_gateway(node) {
                Some(Stage::Authorizer)
            } else if (is_inner && calls(node, &|to| faces[to].is_pool())) || sounds_like_token_function(node) {
                Some(Stage::TokenFunction)
            } else {
                None
            };
        }
        let is_core = stage.iter().map(Option::is_some).collect::<Vec<_>>();
        let is_door = |node: usize| {
            let leads_there =
                if estate.has_graph { calls(node, &|to| is_core[to]) } else { faces[node].sounds_like_auth() };
            faces[node].is_gateway() && leads_there
        };
        let doors: Vec<bool> = nodes.clone().map(is_door).collect();
        let mut outer = stage.clone();
        for node in nodes.clone().filter(|&node| stage[node].is_none()) {
            let waited_for = |to: usize| {
                called_by(to, &|from| matches!(stage[from], Some(Stage::Authorizer | Stage::TokenFunction)))
            };
            let before_the_door = |node: usize| calls(node, &|to| doors[to] || is_core[to]);
            outer[node] = if doors[node] {
                Some(Stage::Gateway)
            } else if faces[node].is_edge()
                && calls(node, &|to| doors[to] || is_core[to] || (faces[to].is_edge() && before_the_door(to)))
            {
                Some(Stage::Edge)
            } else if faces[node].is_store() && waited_for(node) {
                Some(Stage::Store)
            } else {
                None
            };
        }
        let mut journey = Self::default();
        if !is_core.contains(&true) {
            return journey;
        }
        for wanted in Stage::ALL {
            let of_stage: Vec<usize> = nodes.clone().filter(|&node| outer[node] == Some(wanted)).collect();
            journey.left_out += of_stage.len().saturating_sub(MOST_OF_A_STAGE);
            journey.hops.extend(of_stage.into_iter().take(MOST_OF_A_STAGE).map(|node| (wanted, node)));
        }
        journey
    }

    /// The stage a node stands for.
    pub(in crate::context) fn stage(&self, node: usize) -> Option<Stage> {
        self.hops.iter().find(|hop| hop.1 == node).map(|hop| hop.0)
    }
}
