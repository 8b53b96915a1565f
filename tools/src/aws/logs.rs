//! Log lines from CloudWatch Logs: one Logs Insights query over the log groups of the services.
//!
//! Only lines that can matter to a verdict are asked for: what reads like a failure, and Lambda's reports. A query costs
//! $0.005 a GB scanned; it looks at the hour before the first alarm and what came since.

use super::{SdkConfig, gap};
use crate::model::{Gap, LogLine, Service, ServiceId, Topology, Window};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::{QueryStatus, ResultField};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// `StartQuery` takes so many log groups.
const MAX_GROUPS: usize = 50;

/// Lines of one answer; Logs Insights gives no more. The newest come first.
const MAX_LINES: i32 = 10_000;

/// Pages of `DescribeLogGroups` that are read to see which groups exist, 50 groups each.
const MAX_PAGES: usize = 20;

/// The card must not wait for logs: what is not there by then is a gap, and in the next look.
const POLLS: u32 = 16;
const POLL: Duration = Duration::from_millis(300);

/// Where Lambda logs unless told otherwise.
const LAMBDA: &str = "/aws/lambda/";

/// What is asked. The words are those that runtimes, drivers and AWS's own errors use.
const QUERY: &str = "fields @timestamp, @log, @message \
    | filter @message like /(?i)(error|exception|fail|fatal|panic|time.?out|timed out|throttl|denied|refused|exhausted|rate exceeded|REPORT RequestId|platform.report)/ \
    | sort @timestamp desc | limit 10000";

/// The logs of the services of a topology.
#[derive(Debug)]
pub(super) struct Logs {
    client: Client,
    /// Log group → the service that writes it.
    groups: BTreeMap<String, ServiceId>,
}

impl Logs {
    /// Reads the logs of the services that `topology` names, in the account and region of `config`.
    pub(super) fn new(config: &SdkConfig, topology: &Topology) -> Self {
        let groups = topology.services.iter().flat_map(groups).collect();
        Self { client: Client::new(config), groups }
    }

    /// What was logged in `window`.
    pub(super) async fn read(&self, window: Window) -> Result<Vec<LogLine>, Gap> {
        let groups = self.existing().await?;
        if groups.is_empty() {
            return Err(Gap {
                wanted: "logs".to_owned(),
                because: "none of the services has a log group that I know of".to_owned(),
                remedy: Some("the log group's name, beginning with `/`, among a service's aliases".to_owned()),
            });
        }
        let started = self
            .client
            .start_query()
            .set_log_group_names(Some(groups.into_iter().take(MAX_GROUPS).collect()))
            .start_time(window.from.as_second())
            .end_time(window.to.as_second())
            .query_string(QUERY)
            .limit(MAX_LINES)
            .send()
            .await
            .map_err(|err| gap("logs", "logs:StartQuery", &err))?;
        let id = started.query_id().unwrap_or_default();
        for _ in 0..POLLS {
            let answer = self.client.get_query_results().query_id(id).send().await;
            let answer = answer.map_err(|err| gap("logs", "logs:GetQueryResults", &err))?;
            match answer.status() {
                Some(QueryStatus::Complete) => {
                    let lines = answer.results().iter().filter_map(|row| self.line(row));
                    return Ok(lines.filter(|line| window.contains(line.at)).collect());
                }
                Some(QueryStatus::Running | QueryStatus::Scheduled) => pause().await,
                other => return Err(unfinished(&format!("the query ended as {other:?}"))),
            }
        }
        Err(unfinished("the query was not done in five seconds"))
    }

    /// The log groups that exist. A query that names one that does not is refused as a whole.
    async fn existing(&self) -> Result<Vec<String>, Gap> {
        let (of_lambda, others): (Vec<&String>, Vec<&String>) =
            self.groups.keys().partition(|group| group.starts_with(LAMBDA));
        let mut existing: Vec<String> = others.into_iter().cloned().collect();
        if of_lambda.is_empty() {
            return Ok(existing);
        }
        let mut found = BTreeSet::new();
        let mut pages = self.client.describe_log_groups().log_group_name_prefix(LAMBDA).into_paginator().send();
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(|err| gap("logs", "logs:DescribeLogGroups", &err))?;
            found.extend(page.log_groups.unwrap_or_default().into_iter().filter_map(|group| group.log_group_name));
        }
        existing.extend(of_lambda.into_iter().filter(|group| found.contains(*group)).cloned());
        Ok(existing)
    }

    fn line(&self, row: &[ResultField]) -> Option<LogLine> {
        let field = |name: &str| row.iter().find(|field| field.field() == Some(name))?.value();
        // `123456789012:/aws/lambda/token-exchange`
        let log = field("@log")?;
        let group = log.split_once(':').map_or(log, |(_, group)| group);
        let service = self.groups.get(group)?.clone();
        Some(LogLine { at: time(field("@timestamp")?)?, service, level: None, text: field("@message")?.to_owned() })
    }
}

#[expect(clippy::disallowed_methods, reason = "the query runs elsewhere, in real time whatever the story's clock says")]
async fn pause() {
    tokio::time::sleep(POLL).await;
}

/// The log groups of a service: the aliases that are one, and where Lambda logs a function.
fn groups(service: &Service) -> Vec<(String, ServiceId)> {
    let aliases = service.aliases.iter().map(String::as_str);
    let mut groups: Vec<String> = aliases.clone().filter(|alias| alias.starts_with('/')).map(str::to_owned).collect();
    if groups.is_empty() && service.kind.as_deref() == Some("AWS::Lambda::Function") {
        // Aliases may be the function's name with its version; `name:live` logs where `name` does.
        let names = std::iter::once(service.id.as_str()).chain(aliases);
        groups.extend(names.map(|name| format!("{LAMBDA}{}", name.split(':').next().unwrap_or(name))));
    }
    groups.into_iter().map(|group| (group, service.id.clone())).collect()
}

/// `2026-11-20 14:01:00.000`, in UTC.
fn time(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    Offset::UTC.to_timestamp(civil).ok()
}

fn unfinished(because: &str) -> Gap {
    Gap { wanted: "logs".to_owned(), because: because.to_owned(), remedy: Some("asking again in a minute".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: &str, kind: &str, aliases: &[&str], expected: &[&str]) {
        let mut service = Service::named(id);
        service.kind = Some(kind.to_owned());
        service.aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        let groups: Vec<String> = groups(&service).into_iter().map(|(group, _)| group).collect();
        assert_eq!(groups, expected);
    }

    #[test]
    fn a_function_logs_under_its_name_and_anything_where_it_is_said() {
        check("token", "AWS::Lambda::Function", &["token:live"], &["/aws/lambda/token", "/aws/lambda/token"]);
        check("token", "AWS::Lambda::Function", &["/ours/token", "x"], &["/ours/token"]);
        check("orders", "AWS::ECS::Service", &["orders-svc", "/ecs/orders"], &["/ecs/orders"]);
        check("table", "AWS::DynamoDB::Table", &[], &[]);
    }

    #[test]
    fn times_are_in_utc() {
        assert_eq!(time("2026-11-20 14:01:00.250"), "2026-11-20T14:01:00.25Z".parse().ok());
        assert_eq!(time("yesterday"), None);
    }
}
