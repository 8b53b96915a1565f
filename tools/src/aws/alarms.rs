//! The alarms that are in state `ALARM` at this moment, as CloudWatch tells them when asked.

use super::{SdkConfig, gap};
use crate::model::{Alarm, AlarmState, Gap, Metric};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm, StateValue};
use jiff::Timestamp;

/// Every metric alarm and every composite alarm that fires now, the oldest first.
pub async fn firing(config: &SdkConfig) -> Result<Vec<Alarm>, Gap> {
    let mut pages = Client::new(config)
        .describe_alarms()
        .state_value(StateValue::Alarm)
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .into_paginator()
        .send();
    let mut alarms = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|err| gap("alarms", "cloudwatch:DescribeAlarms", &err))?;
        alarms.extend(page.metric_alarms.unwrap_or_default().into_iter().filter_map(of_metric));
        alarms.extend(page.composite_alarms.unwrap_or_default().into_iter().filter_map(of_composite));
    }
    alarms.sort_by(|a, b| a.changed_at.cmp(&b.changed_at).then_with(|| a.name.cmp(&b.name)));
    Ok(alarms)
}

fn of_metric(alarm: MetricAlarm) -> Option<Alarm> {
    let stat = alarm.extended_statistic.or_else(|| alarm.statistic.map(|stat| stat.as_str().to_owned()));
    // Metric math has no metric of its own.
    let metric = alarm.namespace.zip(alarm.metric_name).map(|(namespace, name)| Metric {
        namespace,
        name,
        stat,
        dimensions: alarm
            .dimensions
            .unwrap_or_default()
            .into_iter()
            .filter_map(|dimension| dimension.name.zip(dimension.value))
            .collect(),
    });
    // When the state changed, not when it was last confirmed.
    let changed_at = alarm.state_transitioned_timestamp.or(alarm.state_updated_timestamp);
    let mut told = told(alarm.alarm_name?, changed_at?, alarm.alarm_arn.as_deref())?;
    told.metric = metric;
    told.reason = alarm.state_reason.unwrap_or_default();
    told.description = alarm.alarm_description;
    told.muted = alarm.actions_enabled == Some(false);
    Some(told)
}

fn of_composite(alarm: CompositeAlarm) -> Option<Alarm> {
    let changed_at = alarm.state_transitioned_timestamp.or(alarm.state_updated_timestamp);
    let mut told = told(alarm.alarm_name?, changed_at?, alarm.alarm_arn.as_deref())?;
    told.reason = alarm.state_reason.unwrap_or_default();
    told.description = alarm.alarm_description;
    told.muted = alarm.actions_enabled == Some(false) || alarm.actions_suppressed_by.is_some();
    Some(told)
}

/// `arn:aws:cloudwatch:us-east-1:123456789012:alarm:name` says where it lives.
fn told(name: String, changed_at: DateTime, arn: Option<&str>) -> Option<Alarm> {
    let part = |at| arn.and_then(|arn| arn.split(':').nth(at)).filter(|part| !part.is_empty()).map(str::to_owned);
    Some(Alarm {
        account: part(4),
        region: part(3),
        ..Alarm::named(
            name,
            AlarmState::Alarm,
            Timestamp::new(changed_at.secs(), i32::try_from(changed_at.subsec_nanos()).ok()?).ok()?,
        )
    })
}
