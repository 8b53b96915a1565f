//! What to read of which kind of service, and what AWS means by it.
//!
//! Units and traps: Lambda and API Gateway measure milliseconds, load balancers and RDS seconds; Lambda's throttles are in
//! neither `Invocations` nor `Errors`; Cognito counts attempts as samples and successes as their sum; a metric without
//! traffic has no point, which is not zero.

use crate::model::{Measure, Service};

/// One CloudWatch metric of one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Raw {
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    pub(super) stat: &'static str,
    pub(super) dimensions: Vec<(&'static str, String)>,
}

/// How a measure is made of metrics: the weighted sum of `parts`, divided by the sum of `over` if there is any.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recipe {
    pub(super) measure: Measure,
    parts: Vec<(f64, Raw)>,
    over: Vec<Raw>,
    /// Metrics that have a point whenever something happened at all: then a missing part is zero.
    unless_silent: Vec<Raw>,
}

/// A millisecond in seconds.
const MS: f64 = 0.001;

/// DynamoDB tells latency and errors by operation only.
const OPERATIONS: [&str; 8] =
    ["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "BatchWriteItem", "TransactWriteItems"];

impl Recipe {
    fn of(measure: Measure, parts: impl IntoIterator<Item = (f64, Raw)>) -> Self {
        Self { measure, parts: parts.into_iter().collect(), over: Vec::new(), unless_silent: Vec::new() }
    }

    fn over(mut self, over: Vec<Raw>) -> Self {
        self.over = over;
        self
    }

    fn zero_unless_silent(mut self, alive: impl IntoIterator<Item = Raw>) -> Self {
        self.unless_silent = alive.into_iter().collect();
        self
    }

    /// Every metric it needs.
    pub(super) fn reads(&self) -> impl Iterator<Item = &Raw> {
        self.parts.iter().map(|(_, raw)| raw).chain(&self.over).chain(&self.unless_silent)
    }

    /// The measure at one step, where `at` has the metrics there.
    pub(super) fn value(&self, at: &dyn Fn(&Raw) -> Option<f64>) -> Option<f64> {
        let sum = |found: Vec<f64>| (!found.is_empty()).then(|| found.into_iter().sum::<f64>());
        let top = sum(self.parts.iter().filter_map(|(weight, raw)| Some(weight * at(raw)?)).collect());
        let is_silent = !self.unless_silent.iter().any(|raw| at(raw).is_some());
        let top = top.or((!is_silent).then_some(0.0))?;
        if self.over.is_empty() {
            return Some(top);
        }
        let bottom = sum(self.over.iter().filter_map(at).collect())?;
        (bottom > 0.0).then(|| top / bottom)
    }
}

/// What to read of a service. Its name and its aliases are tried in turn as the value of the dimension.
pub(super) fn recipes(service: &Service) -> Vec<Recipe> {
    let kind = service.kind.as_deref().unwrap_or_default();
    let names = || std::iter::once(service.id.as_str()).chain(service.aliases.iter().map(String::as_str));
    let each = |recipes: fn(&str) -> Vec<Recipe>| names().flat_map(recipes).collect();
    match kind {
        "AWS::Lambda::Function" | "AWS::Lambda" => each(lambda),
        "AWS::ApiGateway::Stage" | "AWS::ApiGateway::RestApi" => each(rest_api),
        "AWS::ApiGatewayV2::Api" | "AWS::ApiGatewayV2::Stage" => each(http_api),
        "AWS::Cognito::UserPool" => user_pool(&names().collect::<Vec<_>>()),
        "AWS::DynamoDB::Table" => each(table),
        "AWS::SQS::Queue" => each(queue),
        "AWS::RDS::DBInstance" => each(|name| database("DBInstanceIdentifier", name)),
        "AWS::RDS::DBCluster" => each(|name| database("DBClusterIdentifier", name)),
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            names().filter(|name| name.starts_with("app/")).flat_map(balancer).collect()
        }
        _ => Vec::new(),
    }
}

fn lambda(name: &str) -> Vec<Recipe> {
    let metric = |metric, stat| raw("AWS/Lambda", metric, stat, &[("FunctionName", name)]);
    let [invocations, errors, throttles] = ["Invocations", "Errors", "Throttles"].map(|name| metric(name, "Sum"));
    vec![
        // A throttled call is a request that failed, for its caller.
        Recipe::of(Measure::Requests, [(1.0, invocations.clone()), (1.0, throttles.clone())]),
        Recipe::of(Measure::Faults, [(1.0, errors), (1.0, throttles.clone())]).zero_unless_silent([invocations]),
        Recipe::of(Measure::Latency, [(MS, metric("Duration", "Average"))]),
        other([throttles]),
        other([metric("ConcurrentExecutions", "Maximum")]),
        other([metric("ProvisionedConcurrencySpilloverInvocations", "Sum")]),
        other([metric("ProvisionedConcurrencyUtilization", "Maximum")]),
        other([metric("IteratorAge", "Maximum")]),
        // Lambda Insights, where it is switched on: the only metric of cold starts.
        other([raw("LambdaInsights", "init_duration", "SampleCount", &[("function_name", name)])]),
        other([raw("LambdaInsights", "init_duration", "Average", &[("function_name", name)])]),
    ]
}

/// X-Ray and people write `api/stage`; the metrics have both apart.
fn rest_api(name: &str) -> Vec<Recipe> {
    let (api, stage) = name.split_once('/').map_or((name, None), |(api, stage)| (api, Some(stage)));
    let mut dimensions = vec![("ApiName", api)];
    dimensions.extend(stage.map(|stage| ("Stage", stage)));
    api_gateway("5XXError", &dimensions)
}

fn http_api(name: &str) -> Vec<Recipe> {
    api_gateway("5xx", &[("ApiId", name)])
}

fn api_gateway(faults: &'static str, dimensions: &[(&'static str, &str)]) -> Vec<Recipe> {
    let metric = |metric, stat| raw("AWS/ApiGateway", metric, stat, dimensions);
    let count = metric("Count", "Sum");
    vec![
        Recipe::of(Measure::Requests, [(1.0, count.clone())]),
        Recipe::of(Measure::Faults, [(1.0, metric(faults, "Sum"))]).zero_unless_silent([count]),
        Recipe::of(Measure::Latency, [(MS, metric("Latency", "Average"))]),
    ]
}

/// Its metrics come by pool and client: the pool's id looks like `us-east-1_AbCdEf`, all else that is long enough may be
/// a client's.
fn user_pool(names: &[&str]) -> Vec<Recipe> {
    let is_pool =
        |name: &&&str| name.split_once('_').is_some_and(|(region, id)| region.contains('-') && !id.is_empty());
    let is_client =
        |name: &&&str| name.len() >= 20 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let pools = names.iter().filter(is_pool);
    let pairs: Vec<[(&'static str, &str); 2]> = pools
        .flat_map(|pool| {
            names.iter().filter(is_client).map(move |client| [("UserPool", *pool), ("UserPoolClient", *client)])
        })
        .collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let metric = |stat| pairs.iter().map(move |pair| raw("AWS/Cognito", "SignInSuccesses", stat, pair));
    let attempts: Vec<(f64, Raw)> = metric("SampleCount").map(|raw| (1.0, raw)).collect();
    let successes = metric("Sum").map(|raw| (-1.0, raw));
    let mut recipes = vec![
        Recipe::of(Measure::Requests, attempts.clone()),
        Recipe::of(Measure::Faults, attempts.into_iter().chain(successes)),
    ];
    // What is refused at the door, of all clients together.
    for throttles in ["SignInThrottles", "SignUpThrottles", "TokenRefreshThrottles", "FederationThrottles"] {
        let measure = Measure::Other(format!("AWS/Cognito/{throttles}:Sum"));
        let parts = pairs.iter().map(|pair| (1.0, raw("AWS/Cognito", throttles, "Sum", pair)));
        recipes.push(Recipe::of(measure, parts));
    }
    recipes
}

fn table(name: &str) -> Vec<Recipe> {
    let by_operation = |metric: &'static str, stat: &'static str| -> Vec<Raw> {
        let dimensions = |operation| [("TableName", name), ("Operation", operation)];
        OPERATIONS.iter().map(|operation| raw("AWS/DynamoDB", metric, stat, &dimensions(operation))).collect()
    };
    let weighed = |weight: f64, raws: &[Raw]| raws.iter().cloned().map(|raw| (weight, raw)).collect::<Vec<_>>();
    let count = by_operation("SuccessfulRequestLatency", "SampleCount");
    let mut faults = weighed(1.0, &by_operation("ThrottledRequests", "Sum"));
    faults.extend(weighed(1.0, &by_operation("SystemErrors", "Sum")));
    let of_table = |metric, stat| raw("AWS/DynamoDB", metric, stat, &[("TableName", name)]);
    let throttled = weighed(1.0, &by_operation("ThrottledRequests", "Sum"));
    // Only requests that succeeded have a latency.
    let requests = weighed(1.0, &count).into_iter().chain(faults.clone());
    vec![
        Recipe::of(Measure::Requests, requests),
        Recipe::of(Measure::Faults, faults).zero_unless_silent(count.clone()),
        Recipe::of(Measure::Latency, weighed(MS, &by_operation("SuccessfulRequestLatency", "Sum"))).over(count),
        Recipe::of(Measure::Other("AWS/DynamoDB/ThrottledRequests:Sum".to_owned()), throttled),
        other([of_table("ReadThrottleEvents", "Sum")]),
        other([of_table("WriteThrottleEvents", "Sum")]),
        other([of_table("ConsumedReadCapacityUnits", "Sum")]),
        other([of_table("ConsumedWriteCapacityUnits", "Sum")]),
        other([of_table("ProvisionedReadCapacityUnits", "Average")]),
        other([of_table("ProvisionedWriteCapacityUnits", "Average")]),
    ]
}

fn queue(name: &str) -> Vec<Recipe> {
    let metric = |metric, stat| raw("AWS/SQS", metric, stat, &[("QueueName", name)]);
    vec![
        Recipe::of(Measure::Requests, [(1.0, metric("NumberOfMessagesSent", "Sum"))]),
        other([metric("ApproximateAgeOfOldestMessage", "Maximum")]),
        other([metric("ApproximateNumberOfMessagesVisible", "Maximum")]),
    ]
}

fn database(dimension: &'static str, name: &str) -> Vec<Recipe> {
    let metric = |metric| raw("AWS/RDS", metric, "Average", &[(dimension, name)]);
    let [reads, writes] = ["ReadIOPS", "WriteIOPS"].map(metric);
    vec![
        // Operations a second, so many a minute.
        Recipe::of(Measure::Requests, [(60.0, reads), (60.0, writes)]),
        Recipe::of(Measure::Latency, [(1.0, metric("ReadLatency"))]),
        other([metric("WriteLatency")]),
        other([metric("CPUUtilization")]),
        other([metric("DatabaseConnections")]),
    ]
}

fn balancer(name: &str) -> Vec<Recipe> {
    let metric = |metric, stat| raw("AWS/ApplicationELB", metric, stat, &[("LoadBalancer", name)]);
    let count = metric("RequestCount", "Sum");
    let faults = ["HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"].map(|name| (1.0, metric(name, "Sum")));
    vec![
        Recipe::of(Measure::Requests, [(1.0, count.clone())]),
        Recipe::of(Measure::Faults, faults).zero_unless_silent([count]),
        Recipe::of(Measure::Latency, [(1.0, metric("TargetResponseTime", "Average"))]),
    ]
}

fn other([raw]: [Raw; 1]) -> Recipe {
    Recipe::of(Measure::Other(format!("{}/{}:{}", raw.namespace, raw.name, raw.stat)), [(1.0, raw)])
}

fn raw(namespace: &'static str, name: &'static str, stat: &'static str, dimensions: &[(&'static str, &str)]) -> Raw {
    let dimensions = dimensions.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Raw { namespace, name, stat, dimensions }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(kind: &str, aliases: &[&str]) -> Service {
        let mut service = Service::named("it");
        service.kind = Some(kind.to_owned());
        service.aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        service
    }

    /// The measure where these metrics have these values, and all others none.
    #[track_caller]
    fn check(kind: &str, aliases: &[&str], measure: &Measure, there: &[(&str, &str, f64)], expected: Option<f64>) {
        let recipes = recipes(&service(kind, aliases));
        let at = |raw: &Raw| {
            there.iter().find(|(name, stat, _)| (raw.name, raw.stat) == (*name, *stat)).map(|found| found.2)
        };
        let recipe = recipes.iter().find(|recipe| recipe.measure == *measure).expect("a recipe");
        assert_eq!(recipe.value(&at), expected);
    }

    #[test]
    fn throttled_calls_of_lambda_are_requests_that_failed() {
        let all = [("Invocations", "Sum", 90.0), ("Errors", "Sum", 5.0), ("Throttles", "Sum", 10.0)];
        let check = |measure, there: &[_], expected| check("AWS::Lambda::Function", &[], &measure, there, expected);
        check(Measure::Requests, &all, Some(100.0));
        check(Measure::Faults, &all, Some(15.0));
        check(Measure::Latency, &[("Duration", "Average", 250.0)], Some(0.25));
        // With every call throttled, nothing is invoked.
        check(Measure::Requests, &all[2..], Some(10.0));
        check(Measure::Faults, &all[2..], Some(10.0));
    }

    #[test]
    fn nothing_reported_is_no_zero_unless_there_was_traffic() {
        let check = |there: &[_], expected| check("AWS::ApiGateway::Stage", &[], &Measure::Faults, there, expected);
        check(&[], None);
        check(&[("Count", "Sum", 12.0)], Some(0.0));
        check(&[("5XXError", "Sum", 2.0)], Some(2.0));
    }

    #[test]
    fn failed_sign_ins_are_attempts_without_success() {
        let pool = ["us-east-1_AbCdEf123", "1h57kf5cpq17m0eml12EXAMPLE", "4o2kf5cpq17m0eml12exampl"];
        let there = [("SignInSuccesses", "SampleCount", 40.0), ("SignInSuccesses", "Sum", 31.0)];
        check("AWS::Cognito::UserPool", &pool, &Measure::Requests, &there, Some(40.0));
        check("AWS::Cognito::UserPool", &pool, &Measure::Faults, &there, Some(9.0));
        assert!(recipes(&service("AWS::Cognito::UserPool", &pool[..1])).is_empty(), "no client, no metric");
    }

    #[test]
    fn seconds_stay_seconds() {
        check("AWS::RDS::DBInstance", &[], &Measure::Latency, &[("ReadLatency", "Average", 0.004)], Some(0.004));
        let there = [("TargetResponseTime", "Average", 0.5)];
        check("AWS::ElasticLoadBalancingV2::LoadBalancer", &["app/web/1"], &Measure::Latency, &there, Some(0.5));
    }

    #[test]
    fn a_table_is_the_sum_of_its_operations() {
        let there = [("SuccessfulRequestLatency", "SampleCount", 10.0), ("SuccessfulRequestLatency", "Sum", 40.0)];
        check("AWS::DynamoDB::Table", &[], &Measure::Requests, &there, Some(80.0));
        check("AWS::DynamoDB::Table", &[], &Measure::Faults, &there, Some(0.0));
        check("AWS::DynamoDB::Table", &[], &Measure::Latency, &there, Some(0.004));
    }

    #[test]
    fn limits_are_read_under_the_names_that_bottlenecks_know() {
        let check = |kind: &str, aliases: &[&str], metric: (&str, &str), name: &str| {
            let there = [(metric.0, metric.1, 7.0)];
            let measure = Measure::Other(name.to_owned());
            let recipes = recipes(&service(kind, aliases));
            let at = |raw: &Raw| there.iter().find(|it| (raw.name, raw.stat) == (it.0, it.1)).map(|it| it.2);
            let recipe = recipes.iter().find(|recipe| recipe.measure == measure).expect("a recipe");
            assert!(recipe.value(&at).is_some_and(|value| value >= 7.0), "{name}");
            assert_eq!(recipe.value(&|_| None), None, "{name}: no point is no zero");
        };
        let function = "AWS::Lambda::Function";
        check(function, &[], ("Throttles", "Sum"), "AWS/Lambda/Throttles:Sum");
        check(function, &[], ("ConcurrentExecutions", "Maximum"), "AWS/Lambda/ConcurrentExecutions:Maximum");
        let spilled = "ProvisionedConcurrencySpilloverInvocations";
        check(function, &[], (spilled, "Sum"), &format!("AWS/Lambda/{spilled}:Sum"));
        check(function, &[], ("init_duration", "SampleCount"), "LambdaInsights/init_duration:SampleCount");
        let table = "AWS::DynamoDB::Table";
        check(table, &[], ("ThrottledRequests", "Sum"), "AWS/DynamoDB/ThrottledRequests:Sum");
        check(table, &[], ("ConsumedReadCapacityUnits", "Sum"), "AWS/DynamoDB/ConsumedReadCapacityUnits:Sum");
        check("AWS::RDS::DBInstance", &[], ("DatabaseConnections", "Average"), "AWS/RDS/DatabaseConnections:Average");
        check(
            "AWS::SQS::Queue",
            &[],
            ("ApproximateAgeOfOldestMessage", "Maximum"),
            "AWS/SQS/ApproximateAgeOfOldestMessage:Maximum",
        );
        let pool = ["us-east-1_AbCdEf123", "1h57kf5cpq17m0eml12exampl"];
        check("AWS::Cognito::UserPool", &pool, ("SignInThrottles", "Sum"), "AWS/Cognito/SignInThrottles:Sum");
    }

    #[test]
    fn what_is_no_aws_service_has_no_metrics() {
        assert!(recipes(&Service::named("it")).is_empty());
        assert!(recipes(&service("remote", &[])).is_empty());
    }

    #[test]
    fn a_stage_is_a_dimension_of_its_own() {
        let recipes = rest_api("orders-api/prod");
        let dimensions = &recipes[0].parts[0].1.dimensions;
        assert_eq!(*dimensions, [("ApiName", "orders-api".to_owned()), ("Stage", "prod".to_owned())]);
    }
}
