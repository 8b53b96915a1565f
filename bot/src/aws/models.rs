//! The models that the configuration names, as Bedrock is asked for them.

use crate::config::{Bedrock, Model};
use std::collections::BTreeMap;
use tools::aws::bedrock::{Choice, Price};
use tools::language::Toolset;

/// What comes out of a cache costs this share of what is read, where nobody told another price.
const CACHED_SHARE: f64 = 0.1;

/// Which models phrase for which toolset.
pub fn routes(bedrock: &Bedrock) -> BTreeMap<Toolset, Vec<Choice>> {
    let of = |models: &[Model]| models.iter().map(choice).collect();
    BTreeMap::from([
        (Toolset::Context, of(&bedrock.context)),
        (Toolset::Dependency, of(&bedrock.dependency)),
        (Toolset::Recovery, of(&bedrock.recovery)),
    ])
}

fn choice(model: &Model) -> Choice {
    let price = model.usd_read.zip(model.usd_written).map(|(read, written)| Price {
        read,
        cached: model.usd_cached.unwrap_or(CACHED_SHARE * read),
        written,
    });
    Choice { id: model.id.clone(), region: model.region.clone(), price, caches: model.caches }
}
