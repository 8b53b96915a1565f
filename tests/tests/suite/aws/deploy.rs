//! The deployment, deployed: `infra/template.yaml` on a local AWS that runs the real program, in front of a local workspace.
//! Slack's signed requests and EventBridge's invocations come in; the facts lie in DynamoDB, the words in the workspace.

use bot::alarms::{amazon_q, eventbridge};
use bot::aws::DynamoStore;
use bot::changes;
use bot::clock::SystemClock;
use bot::drill::{self, ALERTS, WAR_ROOM};
use bot::ports::{Lookback, Store};
use bot::workspace::Workspace;
use bot::workspace::state::Post;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tests::aws::Account;
use tests::cloud::{Cloud, local_path, secret};
use tests::peers::ministack;
use tests::{bootstrap, http, python};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tools::capsule::{self, Delivery};
use tools::model::{Alarm, Incident, ScopeId, Signal, Via};
use tools::ports::Clock;

/// How long anything may take: the local AWS starts a process for every invocation.
const PATIENCE: Duration = Duration::from_mins(1);

/// What an MCP client brings.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const TOKEN_SHA256: &str = "3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9";

/// The deployment in front of a workspace.
struct Deployed {
    account: Account,
    cloud: Cloud,
    outputs: BTreeMap<String, String>,
    workspace: Workspace,
    /// Where the ingress is reached from this machine.
    door: String,
    _server: JoinSet<()>,
}

async fn deploy() -> Deployed {
    let built = bootstrap::build();
    let account = Account::new().await;
    let cloud = Cloud { url: ministack().url(), account: account.id.clone() };
    cloud.put_object("code", "bootstrap.zip", &std::fs::read(built.zip).expect("it was just built")).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let api = format!("http://{}/api", listener.local_addr().expect("it is bound"));
    let (config, mut app) = drill::local(&api, "");
    for (name, value) in
        [("clarity/slack/signing-secret", &config.signing_secret), ("clarity/slack/bot-token", &config.bot_token)]
    {
        cloud.json("secretsmanager", "secretsmanager.CreateSecret", &secret(name, value.expose_secret())).await;
    }
    let text = format!(
        "slack_api = \"{api}\"\ncommand = \"/incident\"\n\n[[scopes]]\nid = \"prod\"\nwatched = [\"{ALERTS}\"]\nwar_room = \"{WAR_ROOM}\"\n\n[mcp.tokens]\n\"sha256:{TOKEN_SHA256}\" = \"U0MINA\"\n"
    );
    let parameter = json!({"Name": "/clarity/config", "Type": "String", "Value": text});
    cloud.json("ssm", "AmazonSSM.PutParameter", &parameter).await;

    // What `sam deploy` does with the path of the code, and where the functions find the local AWS.
    let template =
        std::fs::read_to_string(python::workspace().join("infra/template.yaml")).expect("the template is there");
    let code = "CodeUri: ../target/lambda/clarity";
    assert_eq!(template.matches(code).count(), 1, "the template names the code once");
    let template = template.replace(code, "CodeUri: s3://code/bootstrap.zip");
    let template = template.replace("CLARITY_LOG: info", &format!("AWS_ENDPOINT_URL: {}", cloud.url));
    let outputs = cloud.deploy("clarity", &template).await;
    let door = format!("{}{}", cloud.url, local_path(&outputs["Url"]));

    app.url.clone_from(&door);
    let (workspace, server) =
        Workspace::open(listener, app, drill::people(), drill::channels(), Arc::new(SystemClock)).expect("it is bound");
    Deployed { account, cloud, outputs, workspace, door, _server: server }
}

impl Deployed {
    /// Waits until people can see what they should.
    async fn until<T>(&self, what: &str, mut seen: impl AsyncFnMut(&Self) -> Option<T>) -> T {
        let looking = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(200));
            loop {
                ticks.tick().await;
                if let Some(seen) = seen(self).await {
                    return seen;
                }
            }
        };
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(seen) => seen,
            Err(late) => {
                panic!("{what} never came: {late}.\nposts: {:#?}\nlocal AWS: {}", self.workspace.posts(), log())
            }
        }
    }

    fn ours(&self) -> Vec<Post> {
        self.workspace.posts().into_iter().filter(Post::is_ours).collect()
    }

    fn text(&self, post: &Post) -> String {
        blocks::text::message(&post.body, &|id: &str| self.workspace.name_of(id))
    }

    async fn incidents(&self) -> Vec<Incident> {
        let store = DynamoStore::new(&self.account.config, &self.outputs["Table"]);
        let everything = Lookback::incidents(Timestamp::MIN);
        let index = store.index(&ScopeId("prod".to_owned()), everything).await.expect("the table is there");
        let mut incidents = Vec::new();
        for id in index.recent {
            incidents.extend(store.read(id).await.expect("the table is there"));
        }
        incidents
    }

    /// How many messages a queue holds, waiting or being handled.
    async fn waiting(&self, queue: &str) -> u64 {
        let wanted = json!({"QueueUrl": self.outputs[queue], "AttributeNames": ["All"]});
        let answer = self.cloud.json("sqs", "AmazonSQS.GetQueueAttributes", &wanted).await;
        let count = |name: &str| {
            answer["Attributes"][name].as_str().and_then(|count| count.parse::<u64>().ok()).expect("SQS counts")
        };
        count("ApproximateNumberOfMessages") + count("ApproximateNumberOfMessagesNotVisible")
    }
}

#[tokio::test]
async fn a_command_and_alarms_go_through_the_deployment() {
    let deployed = deploy().await;
    nobody_comes_in_unsigned(&deployed).await;
    a_signed_command_is_answered(&deployed).await;
    a_change_is_kept(&deployed).await;
    the_first_minute_of_the_drill_becomes_a_card(&deployed).await;
    an_mcp_client_asks_about_it(&deployed).await;
}

async fn nobody_comes_in_unsigned(deployed: &Deployed) {
    let (status, _) = http::get(&format!("{}/healthz", deployed.door), &[]).await;
    assert_eq!(status, 200, "the function starts: {}", log());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let (status, _) =
        http::post(&format!("{}/slack/commands", deployed.door), &form, "command=%2Fincident&text=help").await;
    assert_eq!(status, 401, "a command without a signature");
    let event = eventbridge::compose(&tests::alarm("forged", 0), "forged").to_string();
    let (status, _) = http::post(&format!("{}/alarms/eventbridge", deployed.door), &[], &event).await;
    assert_eq!(status, 401, "an alarm that does not come through IAM");
    let answer = deployed.cloud.invoke(&deployed.outputs["Ingress"], &json!({"source": "nobody"})).await;
    assert!(answer["errorMessage"].is_string(), "what is no alarm makes the invocation fail: {answer}");
}

async fn a_signed_command_is_answered(deployed: &Deployed) {
    // Slack gives a command three seconds and does not try again; a person does, and this machine may be busy.
    let mut tries = 0;
    while let Err(problem) = deployed.workspace.command("U0MINA", WAR_ROOM, "help").await {
        tries += 1;
        assert!(tries < 3 && problem.contains("operation_timeout"), "{problem}\n{}", log());
    }
    let help = deployed
        .until("the answer", async |deployed| deployed.ours().iter().map(|post| deployed.text(post)).next())
        .await;
    assert!(help.contains("/incident context"), "{help}");
}

async fn a_change_is_kept(deployed: &Deployed) {
    let mut call = Value::Null;
    let mut passed = 0;
    let samples = std::fs::read_dir(python::workspace().join("tests/samples/aws")).expect("the samples are there");
    for sample in samples {
        let path = sample.expect("it is readable").path();
        let text = std::fs::read_to_string(&path).expect("it is readable");
        let event: Value = serde_json::from_str(&text).expect("it is JSON");
        let is_change = matches!(changes::parse(&event), Ok(changes::Parsed::Change(_)));
        let is_alarm = event["source"] == "aws.cloudwatch";
        assert!(is_alarm || rule_matches(deployed, &event).await == is_change, "{}", path.display());
        passed += usize::from(is_change);
        if event["detail"]["eventName"] == "UpdateAlias20150331" {
            call = event;
        }
    }
    assert!(passed >= 10, "the samples are changes: {passed}");
    let mut read = call.clone();
    read["detail"]["eventName"] = json!("GetAlias20150331");
    assert!(!rule_matches(deployed, &read).await, "who only looks changes nothing");

    deployed.cloud.invoke_async(&deployed.outputs["Ingress"], &call).await;
    let kept = deployed
        .until("the change", async |deployed| {
            let store = DynamoStore::new(&deployed.account.config, &deployed.outputs["Table"]);
            let everything = Lookback::changes(Timestamp::MIN);
            let index = store.index(&ScopeId("prod".to_owned()), everything).await.expect("the table is there");
            (!index.changes.is_empty()).then_some(index.changes)
        })
        .await;
    let told: Vec<(&str, &str)> =
        kept.iter().map(|change| (change.service.as_str(), change.summary.as_str())).collect();
    assert_eq!(told, [("token-exchange", "alias live → version 118")]);
}

async fn the_first_minute_of_the_drill_becomes_a_card(deployed: &Deployed) {
    let capsule = capsule::parse(capsule::AUTH_CASCADE.as_bytes()).expect("it comes with the program");
    let story: Vec<&Delivery> =
        capsule.signals.iter().filter(|delivery| matches!(delivery.signal, Signal::Alarm { .. })).collect();
    let begin = story[0].received;
    let end = begin.saturating_add(SignedDuration::from_mins(1)).expect("soon");
    // The functions have the clock of the machine: the story ends now.
    let shift = SystemClock.now().duration_since(end);
    let mut played: Vec<Alarm> = Vec::new();
    for delivery in story.into_iter().filter(|delivery| delivery.received < end) {
        let Signal::Alarm { via, alarm } = &delivery.signal else { continue };
        let mut alarm = (**alarm).clone();
        alarm.changed_at = alarm.changed_at.saturating_add(shift).expect("soon");
        match via {
            Via::EventBridge => {
                let id = delivery.event_id.clone().unwrap_or_else(|| format!("{}@{}", alarm.name, alarm.changed_at));
                let event = eventbridge::compose(&alarm, &id);
                assert!(rule_matches(deployed, &event).await, "the rule lets the event pass");
                deployed.cloud.invoke_async(&deployed.outputs["Ingress"], &event).await;
            }
            Via::AmazonQ => {
                deployed.workspace.post_as_app("Amazon Q Developer", ALERTS, amazon_q::compose(&alarm));
            }
            Via::Sns
            | Via::AlarmAction
            | Via::Opsgenie
            | Via::JiraServiceManagement
            | Via::Datadog
            | Via::PagerDuty
            | Via::Sentry
            | Via::Alertmanager
            | Via::Grafana
            | Via::Terraform
            | Via::Email
            | Via::Webhook => panic!("the story has no signal by {via}"),
        }
        played.push(alarm);
    }
    let names: BTreeSet<&str> = played.iter().map(|alarm| alarm.name.as_str()).collect();
    assert!(names.len() >= 3, "a flood begins in the first minute: {names:?}");

    let incident = deployed
        .until("the flood", async |deployed| {
            let incidents = deployed.incidents().await;
            let kept: BTreeSet<&str> = incidents
                .iter()
                .flat_map(|incident| &incident.alarms)
                .map(|joined| joined.alarm.name.as_str())
                .collect();
            if kept != names {
                return None;
            }
            incidents.into_iter().find(|incident| incident.is_flood() && incident.verdict.is_some())
        })
        .await;
    let card = deployed
        .until("the card", async |deployed| {
            let in_room =
                |post: &&Post| post.channel == WAR_ROOM && post.thread_ts.is_none() && post.ephemeral_to.is_none();
            let texts: Vec<String> = deployed.ours().iter().filter(in_room).map(|post| deployed.text(post)).collect();
            texts.into_iter().find(|text| text.contains(&incident.id.to_string()))
        })
        .await;
    assert!(card.contains("What caused it") && card.contains("Time to context"), "{card}");
    // Nothing was given up on the way.
    assert_eq!((deployed.waiting("Lost").await, deployed.waiting("InboxDead").await), (0, 0));
}

async fn an_mcp_client_asks_about_it(deployed: &Deployed) {
    let url = format!("{}{}/mcp/context", deployed.cloud.url, local_path(&deployed.outputs["McpUrl"]));
    let ask = |method: &str, params: Value| {
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let bearer = format!("Bearer {TOKEN}");
        let url = &url;
        async move {
            let headers = [
                ("content-type", "application/json"),
                ("accept", "application/json, text/event-stream"),
                ("mcp-protocol-version", "2025-11-25"),
                ("authorization", bearer.as_str()),
            ];
            let (status, answer) = http::post(url, &headers, &call).await;
            assert_eq!(status, 200, "{answer}\n{}", log());
            serde_json::from_str::<Value>(&answer).expect("it is JSON")
        }
    };
    let (status, _) = http::post(&url, &[("content-type", "application/json")], "{}").await;
    assert_eq!(status, 401, "a client without a token");
    let listed = ask("tools/list", json!({})).await;
    assert_eq!(listed["result"]["tools"].as_array().map(Vec::len), Some(9), "{listed}");
    let told = ask("tools/call", json!({"name": "get_timeline", "arguments": {}})).await;
    let text = told["result"]["content"][0]["text"].as_str().unwrap_or_default();
    assert!(told["result"]["isError"] != true && !text.is_empty(), "{told}");
}

/// Whether a deployed rule would hand the event to the ingress. Nobody but CloudWatch may put events with its source onto
/// the bus, on AWS and here, so that the last step is taken by hand.
async fn rule_matches(deployed: &Deployed, event: &Value) -> bool {
    let rules = deployed.cloud.json("events", "AWSEvents.ListRules", &json!({})).await;
    for rule in rules["Rules"].as_array().expect("the stack has rules") {
        let question = json!({"EventPattern": rule["EventPattern"], "Event": event.to_string()});
        if deployed.cloud.json("events", "AWSEvents.TestEventPattern", &question).await["Result"] == true {
            return true;
        }
    }
    false
}

/// The last words of the local AWS, the functions' among them.
fn log() -> String {
    let log = python::target().join("peers/ministack/log");
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
