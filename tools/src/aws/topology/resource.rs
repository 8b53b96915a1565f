//! What an ARN names.

/// A resource of AWS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Resource {
    /// Its own name, without account, region, alias or version.
    pub(super) name: String,
    /// Its type as CloudFormation writes it; none for what is rarely seen here.
    pub(super) kind: Option<&'static str>,
    /// The 12-digit account it belongs to.
    pub(super) account: Option<String>,
    /// Where it is.
    pub(super) region: Option<String>,
    /// Its ARN.
    pub(super) arn: String,
}

impl Resource {
    /// What `arn` names; none if it is no ARN. A stream of a table is the table, a version or alias of a function the function.
    pub(super) fn parse(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _partition, service, region, account, rest] = parts[..] else { return None };
        let (kind, name) = named(service, rest);
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(Self { name: some(name)?, kind, account: some(account), region: some(region), arn: arn.to_owned() })
    }
}

/// Type and name in the last part of an ARN of `service`.
fn named<'a>(service: &str, rest: &'a str) -> (Option<&'static str>, &'a str) {
    // These names may have slashes in them.
    if let ("events", Some(name)) = (service, rest.strip_prefix("event-bus/")) {
        return (Some("AWS::Events::EventBus"), name);
    }
    if let ("logs", Some(name)) = (service, rest.strip_prefix("log-group:")) {
        return (Some("AWS::Logs::LogGroup"), name.strip_suffix(":*").unwrap_or(name));
    }
    let parts: Vec<&str> = rest.split([':', '/']).collect();
    let (kind, name) = match (service, &parts[..]) {
        ("lambda", ["function", name, ..]) => ("AWS::Lambda::Function", name),
        ("sqs", [name]) => ("AWS::SQS::Queue", name),
        ("sns", [name]) => ("AWS::SNS::Topic", name),
        ("kinesis", ["stream", name, ..]) => ("AWS::Kinesis::Stream", name),
        ("firehose", ["deliverystream", name]) => ("AWS::KinesisFirehose::DeliveryStream", name),
        ("dynamodb", ["table", name, ..]) => ("AWS::DynamoDB::Table", name),
        ("states", ["stateMachine", name, ..]) => ("AWS::StepFunctions::StateMachine", name),
        ("events", ["rule", .., name]) => ("AWS::Events::Rule", name),
        ("events", ["api-destination", name, ..]) => ("AWS::Events::ApiDestination", name),
        ("ecs", ["task-definition", name, ..]) => ("AWS::ECS::TaskDefinition", name),
        ("ecs", ["cluster", name]) => ("AWS::ECS::Cluster", name),
        ("execute-api", [name, ..]) => ("AWS::ApiGateway::RestApi", name),
        ("kafka", ["cluster", name, ..]) => ("AWS::MSK::Cluster", name),
        ("mq", ["broker", name, ..]) => ("AWS::AmazonMQ::Broker", name),
        ("rds", ["cluster", name]) => ("AWS::RDS::DBCluster", name),
        ("batch", ["job-queue", name]) => ("AWS::Batch::JobQueue", name),
        ("codebuild", ["project", name]) => ("AWS::CodeBuild::Project", name),
        ("codepipeline", [name]) => ("AWS::CodePipeline::Pipeline", name),
        (_, parts) => return (None, parts.last().copied().unwrap_or_default()),
    };
    (Some(kind), name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(arn: &str, kind: &str, name: &str) {
        let resource = Resource::parse(arn).unwrap();
        let expected = (Some(kind).filter(|kind| !kind.is_empty()), name);
        assert_eq!((resource.kind, resource.name.as_str()), expected, "{arn}");
    }

    #[test]
    fn an_arn_names_a_resource_of_a_type() {
        let at = "us-east-1:123456789012";
        check(&format!("arn:aws:lambda:{at}:function:mailer"), "AWS::Lambda::Function", "mailer");
        check(&format!("arn:aws:lambda:{at}:function:mailer:live"), "AWS::Lambda::Function", "mailer");
        check(&format!("arn:aws:sqs:{at}:mails.fifo"), "AWS::SQS::Queue", "mails.fifo");
        check(
            &format!("arn:aws:dynamodb:{at}:table/orders/stream/2026-11-20T00:00:00.000"),
            "AWS::DynamoDB::Table",
            "orders",
        );
        check(&format!("arn:aws:kinesis:{at}:stream/clicks/consumer/c:1"), "AWS::Kinesis::Stream", "clicks");
        check(
            &format!("arn:aws:events:{at}:event-bus/aws.partner/shop/1"),
            "AWS::Events::EventBus",
            "aws.partner/shop/1",
        );
        check(&format!("arn:aws:events:{at}:rule/orders/placed"), "AWS::Events::Rule", "placed");
        check(&format!("arn:aws:logs:{at}:log-group:/aws/events/all:*"), "AWS::Logs::LogGroup", "/aws/events/all");
        check(&format!("arn:aws-cn:states:{at}:stateMachine:refund"), "AWS::StepFunctions::StateMachine", "refund");
        check(&format!("arn:aws:ecs:{at}:task-definition/nightly:7"), "AWS::ECS::TaskDefinition", "nightly");
        check(&format!("arn:aws:kafka:{at}:cluster/bus/0a1b-2"), "AWS::MSK::Cluster", "bus");
        check(&format!("arn:aws:inspector:{at}:target/0-x"), "", "0-x");
        let resource = Resource::parse(&format!("arn:aws:sns:{at}:alarms")).unwrap();
        assert_eq!(
            (resource.region.as_deref(), resource.account.as_deref()),
            (Some("us-east-1"), Some("123456789012"))
        );
    }

    #[test]
    fn what_is_no_arn_names_nothing() {
        for text in ["", "mailer", "arn:aws:sqs:us-east-1:1", "arn:aws:sqs:us-east-1:1:", "x:aws:sqs:us-east-1:1:q"] {
            assert_eq!(Resource::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "(arn:aws:(lambda|events|logs|sqs):r:1:)?[a-z/:*-]{0,30}") {
            if let Some(resource) = Resource::parse(&text) {
                prop_assert!(!resource.name.is_empty() && text.contains(&resource.name));
            }
        }
    }
}
