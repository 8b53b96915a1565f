//! Metrics from CloudWatch: [`recipe`] knows what to read of which kind of service, [`CloudWatch`] reads it, and logs beside
//! it.

mod recipe;

use super::logs::Logs;
use super::{SdkConfig, gap};
use crate::model::{Gap, LogLine, Measure, Series, Service, Topology, Window};
use crate::ports::Telemetry;
use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use jiff::{SignedDuration, Timestamp};
use recipe::{Raw, Recipe, recipes};
use std::collections::BTreeMap;

/// One point a minute: what AWS's own metrics have.
const STEP_S: i32 = 60;

/// `GetMetricData` takes so many queries in one call.
const MAX_QUERIES: usize = 500;

/// The metrics and the logs of the services of a topology.
#[derive(Debug)]
pub struct CloudWatch {
    client: Client,
    logs: Logs,
    services: Vec<Service>,
}

impl CloudWatch {
    /// Reads the metrics and the logs of the services that `topology` names, in the account and region of `config`.
    pub fn new(config: &SdkConfig, topology: &Topology) -> Self {
        Self { client: Client::new(config), logs: Logs::new(config, topology), services: topology.services.clone() }
    }

    /// The points of each metric on the grid of `grid`.
    async fn read(&self, wanted: &[Raw], grid: Grid) -> Result<Points, Gap> {
        let mut points = Points::new();
        for chunk in wanted.chunks(MAX_QUERIES) {
            let queries = chunk.iter().enumerate().map(|(at, raw)| query(at, raw)).collect();
            let mut pages = self
                .client
                .get_metric_data()
                .set_metric_data_queries(Some(queries))
                .start_time(DateTime::from_secs(grid.start.as_second()))
                .end_time(DateTime::from_secs(grid.end().as_second()))
                .scan_by(ScanBy::TimestampAscending)
                .into_paginator()
                .send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|err| gap("metrics", "cloudwatch:GetMetricData", &err))?;
                for result in page.metric_data_results.unwrap_or_default() {
                    let at = result.id().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
                    let Some(raw) = at.and_then(|at| chunk.get(at)) else { continue };
                    let series = points.entry(raw.clone()).or_insert_with(|| vec![None; grid.steps]);
                    // Every point goes to its place, so that it does not matter which comes first.
                    for (at, value) in result.timestamps().iter().zip(result.values()) {
                        if let Some(slot) = grid.step_of(at.secs()).and_then(|step| series.get_mut(step)) {
                            *slot = Some(*value);
                        }
                    }
                }
            }
        }
        Ok(points)
    }
}

#[async_trait]
impl Telemetry for CloudWatch {
    async fn series(&self, window: Window) -> Result<Vec<Series>, Gap> {
        let grid = Grid::within(window);
        let recipes: Vec<(&Service, Vec<Recipe>)> =
            self.services.iter().map(|service| (service, recipes(service))).collect();
        let mut wanted: Vec<Raw> =
            recipes.iter().flat_map(|(_, recipes)| recipes).flat_map(Recipe::reads).cloned().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let points = self.read(&wanted, grid).await?;
        let mut all = Vec::new();
        for (service, recipes) in recipes {
            all.extend(cook(service, &recipes, &points, grid));
        }
        Ok(all)
    }

    async fn logs(&self, window: Window) -> Result<Vec<LogLine>, Gap> {
        self.logs.read(window).await
    }
}

type Points = BTreeMap<Raw, Vec<Option<f64>>>;

/// The steps of a window.
#[derive(Clone, Copy, Debug)]
struct Grid {
    start: Timestamp,
    steps: usize,
}

impl Grid {
    /// The whole minutes inside `window`: the last one is over.
    fn within(window: Window) -> Self {
        let step = i64::from(STEP_S);
        let first = window.from.as_second().saturating_add(step - 1).div_euclid(step);
        let end = window.to.as_second().div_euclid(step);
        let start = Timestamp::from_second(first * step).unwrap_or(window.from);
        Self { start, steps: usize::try_from(end - first).unwrap_or(0) }
    }

    fn end(self) -> Timestamp {
        let length = i64::try_from(self.steps).unwrap_or(i64::MAX).saturating_mul(i64::from(STEP_S));
        self.start.saturating_add(SignedDuration::from_secs(length)).unwrap_or(Timestamp::MAX)
    }

    fn step_of(self, second: i64) -> Option<usize> {
        usize::try_from((second - self.start.as_second()).div_euclid(i64::from(STEP_S))).ok()
    }
}

/// The series of one service. Several names may lead to the same measure: the first that has any point is it.
fn cook(service: &Service, recipes: &[Recipe], points: &Points, grid: Grid) -> Vec<Series> {
    let mut cooked: Vec<(Measure, Vec<Option<f64>>)> = Vec::new();
    for recipe in recipes {
        if cooked.iter().any(|(measure, _)| *measure == recipe.measure) {
            continue;
        }
        let values: Vec<Option<f64>> = (0..grid.steps)
            .map(|step| recipe.value(&|raw| points.get(raw).and_then(|series| *series.get(step)?)))
            .collect();
        if values.iter().any(Option::is_some) {
            cooked.push((recipe.measure.clone(), values));
        }
    }
    let step_s = STEP_S.unsigned_abs();
    let series = |(measure, values)| Series { service: service.id.clone(), measure, start: grid.start, step_s, values };
    cooked.into_iter().map(series).collect()
}

fn query(at: usize, raw: &Raw) -> MetricDataQuery {
    let dimension = |(name, value): &(&'static str, String)| Dimension::builder().name(*name).value(value).build();
    let metric = Metric::builder()
        .namespace(raw.namespace)
        .metric_name(raw.name)
        .set_dimensions(Some(raw.dimensions.iter().map(dimension).collect()))
        .build();
    let stat = MetricStat::builder().metric(metric).period(STEP_S).stat(raw.stat).build();
    MetricDataQuery::builder().id(format!("m{at}")).metric_stat(stat).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_has_the_minutes_that_are_over() {
        let window = |from: &str, to: &str| Window { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let grid = Grid::within(window("2026-11-20T03:00:01Z", "2026-11-20T03:03:59Z"));
        assert_eq!((grid.start, grid.steps), ("2026-11-20T03:01:00Z".parse().unwrap(), 2));
        assert_eq!(grid.end(), "2026-11-20T03:03:00Z".parse().unwrap());
        assert_eq!(grid.step_of(grid.start.as_second() + 61), Some(1));
        assert_eq!(grid.step_of(grid.start.as_second() - 1), None);
        assert_eq!(Grid::within(window("2026-11-20T03:00:01Z", "2026-11-20T03:00:59Z")).steps, 0);
    }
}
