//! The binary `clarity`.

use anyhow::Context;
use bot::clock::SystemClock;
use bot::config::{File, Secrets};
use bot::drill::{Progress, Report, Speed, Stage};
use bot::embedded::Embedded;
use bot::serve;
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tools::capsule::{self, Capsule, World};
use tools::context::GetIncidentContext;
use tools::dependency::draw::{CreateDependencyVisualization, Format};
use tools::eval;
use tools::narrate;
use tools::ports::Clock as _;
use tools::tool::Tool;
use tracing_subscriber::EnvFilter;

/// Turns a flood of AWS alarms into one card that says what is going on, what caused it, and what to do.
///
/// Without a command it plays the auth cascade in a local war room in the browser.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Replay a capsule into a local war room.
    Drill(DrillArgs),
    /// Run the bot for a Slack workspace.
    ///
    /// Secrets come from the environment: `CLARITY_SLACK_BOT_TOKEN`, `CLARITY_SLACK_SIGNING_SECRET`,
    /// `CLARITY_SLACK_APP_TOKEN` if Slack is reached by a socket, `CLARITY_ALARMS_SECRET` if alarms come from other machines, and `CLARITY_AUDIT_KEY` if logs are to be signed.
    Serve {
        /// The configuration, TOML.
        #[arg(long)]
        config: PathBuf,
    },
    /// Look whether everything that the configuration names is there and lets the bot in.
    ///
    /// A line for each thing, what is missing and the smallest step that mends it. Nothing is changed; secrets come from the
    /// environment, as for `serve`.
    Check {
        /// The configuration, TOML.
        #[arg(long)]
        config: PathBuf,
        /// Where Slack reaches the front door, `https://clarity.example.com`, if that is to be tried as well.
        #[arg(long)]
        url: Option<String>,
    },
    /// Print the manifest of the Slack app: under *Create New App, From a manifest* Slack takes it as it is.
    Manifest(bot::slack::manifest::Wanted),
    /// Look into who may do what.
    Policy {
        #[command(subcommand)]
        ask: bot::policy::Ask,
    },
    /// Print the verdict on a capsule.
    Context {
        /// The capsule, JSON or zstd-compressed JSON.
        #[arg(long)]
        capsule: PathBuf,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
        /// Speak about this moment, as 2026-11-20T03:14:00Z, instead of the end of the capsule.
        #[arg(long)]
        at: Option<jiff::Timestamp>,
    },
    /// Draw who suffers, how it spread, and who is next.
    Graph {
        /// The capsule, JSON or zstd-compressed JSON; or `auth-cascade`.
        #[arg(long)]
        capsule: String,
        /// Speak about this moment, as 2026-11-20T03:14:00Z, instead of the end of the capsule.
        #[arg(long)]
        at: Option<jiff::Timestamp>,
        /// Where the picture goes; its name ends in `.png`, `.svg`, `.mmd` (Mermaid) or `.dot` (Graphviz).
        #[arg(long)]
        out: PathBuf,
    },
    /// Run as a Lambda function. The program called `bootstrap` does so without being told.
    #[cfg(feature = "aws")]
    Lambda(bot::lambda::start::Told),
    /// Copy the facts out, or check that they are still as they were written.
    ///
    /// The key of the anchors comes from the environment, `CLARITY_AUDIT_KEY`; without it none is made, and none can be
    /// relied upon.
    Audit {
        #[command(subcommand)]
        task: bot::audit::Task,
    },
    /// Write the postmortem of an incident, and its cards as a page, into a folder.
    Postmortem(bot::postmortem::Wanted),
    /// Turn public data into capsules.
    Import {
        #[command(subcommand)]
        source: ImportSource,
    },
    /// Score the verdict on a directory of capsules whose truth is known; or the narrator and its checker.
    Eval {
        /// Where the capsules are; the narrator can do with the one that comes with the program.
        #[arg(required_unless_present = "narrator")]
        directory: Option<PathBuf>,
        /// Try the checker of narrated sentences on paraphrases, true and false, and count what it drops of the narrator's.
        #[arg(long, conflicts_with_all = ["stress", "json"])]
        narrator: bool,
        /// Look at every fault again with edges missing, services silent, and alarms early or late, 20 times each.
        #[arg(long)]
        stress: bool,
        /// Print JSON instead of tables.
        #[arg(long)]
        json: bool,
    },
    /// Serve a toolset to an MCP client over stdin and stdout.
    #[cfg(feature = "mcp")]
    Mcp {
        #[command(subcommand)]
        toolset: Served,
    },
}

#[cfg(feature = "mcp")]
#[derive(Subcommand)]
enum Served {
    /// What is going on, and what caused it: `auth-flow-context`.
    Context(Recorded),
    /// Who depends on whom, and who is hit next: `service-dependency-mapping`.
    Dependency(Recorded),
    /// What can be done about it: `recovery-coordination`.
    Recovery(Recorded),
}

#[cfg(feature = "mcp")]
#[derive(Args)]
struct Recorded {
    /// The recorded incident to speak about: `auth-cascade`, or a capsule file.
    #[arg(long, default_value = AUTH_CASCADE)]
    capsule: String,
}

#[derive(Subcommand)]
enum ImportSource {
    /// The PetShop data set: amazon-science/petshop-root-cause-analysis.
    Petshop {
        /// Where the data set is.
        source: PathBuf,
        /// Where the capsules go.
        target: PathBuf,
    },
    /// The `RootCauseBench` scenarios: edgedelta/root-cause-bench.
    #[command(name = "rootcausebench")]
    RootCauseBench {
        /// Where the scenarios are.
        source: PathBuf,
        /// Where the capsules go.
        target: PathBuf,
    },
}

#[derive(Args)]
struct DrillArgs {
    /// `auth-cascade`, or a capsule file.
    #[arg(default_value = AUTH_CASCADE)]
    capsule: String,
    /// Play in the terminal and leave.
    #[arg(long)]
    headless: bool,
    /// Seconds of the story in a second of yours, or `max`.
    #[arg(long)]
    speed: Option<Speed>,
    /// The port of the war room; 0 takes any that is free.
    #[arg(long, default_value_t = PORT)]
    port: u16,
}

/// The name of the drill that comes with the program.
const AUTH_CASCADE: &str = "auth-cascade";

/// The port of the war room, unless another is asked for.
const PORT: u16 = 7420;

/// In the browser people want to see it happen; in the terminal they want the outcome.
const BROWSER_SPEED: Speed = Speed::Times(6.0);

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("CLARITY_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let cli = Cli::parse_from(told());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return fail(&anyhow::Error::new(err).context("the runtime does not start")),
    };
    match runtime.block_on(run(cli.task)) {
        Ok(code) => code,
        Err(err) => fail(&err),
    }
}

/// The command line. Lambda starts the program as `bootstrap`, without a word.
fn told() -> Vec<OsString> {
    let mut told: Vec<OsString> = std::env::args_os().collect();
    let is_lambda = told.len() == 1 && told.first().is_some_and(|name| Path::new(name).ends_with("bootstrap"));
    if is_lambda {
        told.push("lambda".into());
    }
    told
}

/// One sentence with what to do, and a non-zero exit.
fn fail(err: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "clarity: {err:#}");
    ExitCode::FAILURE
}

/// Prints; a reader that went away (`| head`) is not an error.
fn say(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

async fn run(task: Option<Task>) -> anyhow::Result<ExitCode> {
    match task {
        None => {
            let everything = DrillArgs { capsule: AUTH_CASCADE.to_owned(), headless: false, speed: None, port: PORT };
            drill(everything).await
        }
        Some(Task::Drill(arguments)) => drill(arguments).await,
        Some(Task::Serve { config }) => serve(&config).await,
        Some(Task::Check { config, url }) => check(&config, url.as_deref()).await,
        Some(Task::Manifest(wanted)) => {
            say(wanted.manifest()?);
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Policy { ask }) => {
            say(ask.answer()?);
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Context { capsule, json, at }) => context(&capsule, json, at).await,
        Some(Task::Graph { capsule, at, out }) => graph(&capsule, at, &out).await,
        Some(Task::Import { source: ImportSource::Petshop { source, target } }) => {
            let imported = capsule::petshop::import(&source, &target)?;
            say(format_args!(
                "{} cases and {} quiet windows written to {}",
                imported.cases,
                imported.quiet_windows,
                target.display()
            ));
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Import { source: ImportSource::RootCauseBench { source, target } }) => {
            let imported = capsule::rootcausebench::import(&source, &target)?;
            say(format_args!("{} scenarios written to {}", imported.scenarios, target.display()));
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Audit { task }) => {
            let out = &mut std::io::BufWriter::new(std::io::stdout());
            let is_good = bot::audit::run(task, bot::audit::signer()?.as_ref(), out).await?;
            Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Some(Task::Postmortem(wanted)) => {
            for path in bot::postmortem::write(&wanted, SystemClock.now()).await? {
                say(path.display());
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Eval { directory, narrator: true, .. }) => Box::pin(narrator(directory.as_deref())).await,
        Some(Task::Eval { directory, narrator: false, stress, json }) => {
            score(&directory.context("say where the capsules are")?, stress, json)
        }
        #[cfg(feature = "mcp")]
        Some(Task::Mcp { toolset }) => Box::pin(serve_toolset(toolset)).await,
        #[cfg(feature = "aws")]
        Some(Task::Lambda(told)) => {
            Box::pin(bot::lambda::start::run(told)).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn serve(config: &Path) -> anyhow::Result<ExitCode> {
    let file = File::load(config)?;
    let serving = serve::start(&file, Secrets::from_environment()?).await?;
    say(format_args!("The front door is open: http://{}", serving.address));
    serving.until(serve::asked_to_stop()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Serves a toolset over stdin and stdout, which then belong to the client alone.
#[cfg(feature = "mcp")]
async fn serve_toolset(served: Served) -> anyhow::Result<ExitCode> {
    use tools::mcp::{Desk, Toolset};
    let (toolset, Recorded { capsule }) = match served {
        Served::Context(recorded) => (Toolset::Context, recorded),
        Served::Dependency(recorded) => (Toolset::Dependency, recorded),
        Served::Recovery(recorded) => (Toolset::Recovery, recorded),
    };
    tools::mcp::serve_stdio(toolset, Desk::capsule(Arc::new(load(&capsule)?))).await?;
    Ok(ExitCode::SUCCESS)
}

async fn check(config: &Path, url: Option<&str>) -> anyhow::Result<ExitCode> {
    let file = File::load(config)?;
    let findings = bot::check::check(&file, Secrets::from_environment(), url, SystemClock.now()).await?;
    for finding in &findings {
        say(finding);
    }
    let is_good = !findings.iter().any(bot::check::Finding::is_missing);
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn load(name: &str) -> anyhow::Result<Capsule> {
    if name == AUTH_CASCADE {
        return Ok(capsule::parse(capsule::AUTH_CASCADE.as_bytes())?);
    }
    let path = Path::new(name);
    let hint = if path.components().count() == 1 && path.extension().is_none() {
        format!("there is no drill `{name}`. There is `{AUTH_CASCADE}`; or give the path of a capsule")
    } else {
        format!("`{name}` cannot be played")
    };
    capsule::load(path).context(hint)
}

async fn drill(arguments: DrillArgs) -> anyhow::Result<ExitCode> {
    let capsule = Arc::new(load(&arguments.capsule)?);
    let port = if arguments.headless { 0 } else { arguments.port };
    let mut stage = Stage::set(Arc::clone(&capsule), Embedded::in_memory(), port).await?;
    if arguments.headless {
        let report = stage.play(arguments.speed.unwrap_or(Speed::Max), progress).await?;
        return Ok(tell(&stage, &report));
    }
    say(format_args!("The war room is open: {}", stage.workspace.url()));
    say(format_args!("Playing `{}`. Try `/incident context` there; Ctrl-C here closes it.", capsule.name));
    let speed = arguments.speed.unwrap_or(BROWSER_SPEED);
    let playing = async {
        let report = stage.play(speed, |_| {}).await?;
        say(format_args!("\n{report}"));
        anyhow::bail!(stage.linger().await)
    };
    tokio::select! {
        ended = playing => ended,
        stopped = tokio::signal::ctrl_c() => {
            stopped.context("Ctrl-C cannot be waited for")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn progress(progress: &Progress) {
    let Progress { now, delivered, total } = progress;
    let _ = write!(std::io::stderr(), "\r{} UTC  {delivered}/{total} alarms delivered", blocks::phrase::clock(*now));
    if delivered == total {
        let _ = writeln!(std::io::stderr());
    }
}

/// What people would see, then the figures.
fn tell(stage: &Stage, report: &Report) -> ExitCode {
    let names = |id: &str| stage.workspace.name_of(id);
    for post in &report.messages {
        say(format_args!("\n#war-room\n{}", blocks::text::message(&post.body, &names)));
        let replies = report.thread.iter().filter(|reply| reply.thread_ts.as_ref() == Some(&post.ts));
        for reply in replies {
            for line in blocks::text::message(&reply.body, &names).lines() {
                say(format_args!("    {line}"));
            }
        }
    }
    say(format_args!("\n{report}"));
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn context(path: &Path, json: bool, at: Option<jiff::Timestamp>) -> anyhow::Result<ExitCode> {
    let capsule = Arc::new(capsule::load(path)?);
    let now = at.unwrap_or(capsule.window.to);
    let alarms = capsule.alarms_until(now);
    anyhow::ensure!(!alarms.is_empty(), "`{}` has no alarm by {now}, so there is nothing to explain", capsule.name);
    let verdict = GetIncidentContext { alarms, now }.call(&World::outside(Arc::clone(&capsule))).await?;
    if json {
        say(serde_json::to_string_pretty(&verdict)?);
    } else {
        let message = blocks::context::verdict(&capsule.name, &verdict);
        say(blocks::text::message(&message.to_json(), &|_| None));
    }
    Ok(ExitCode::SUCCESS)
}

/// Draws a capsule into a file, in the form that its name asks for.
async fn graph(capsule: &str, at: Option<jiff::Timestamp>, out: &Path) -> anyhow::Result<ExitCode> {
    let format = match out.extension().and_then(|ending| ending.to_str()) {
        Some("png") => Format::Png,
        Some("svg") => Format::Svg,
        Some("mmd") => Format::Mermaid,
        Some("dot") => Format::Dot,
        _ => anyhow::bail!("`{}` says no form; let it end in .png, .svg, .mmd or .dot", out.display()),
    };
    let capsule = Arc::new(load(capsule)?);
    let now = at.unwrap_or(capsule.window.to);
    let alarms = capsule.alarms_until(now);
    anyhow::ensure!(!alarms.is_empty(), "`{}` has no alarm by {now}, so there is nothing to draw", capsule.name);
    let picture = CreateDependencyVisualization { alarms, now, format }.call(&World::outside(capsule)).await?;
    let alt = picture.alt.clone();
    let bytes = picture.into_bytes().context("there is not enough memory for the picture")?;
    std::fs::write(out, bytes).with_context(|| format!("`{}` cannot be written", out.display()))?;
    say(alt);
    Ok(ExitCode::SUCCESS)
}

fn score(directory: &Path, stress: bool, json: bool) -> anyhow::Result<ExitCode> {
    #[expect(clippy::disallowed_methods, reason = "a stopwatch measures the machine, not the story")]
    let begin = std::time::Instant::now();
    let mut judged = Vec::new();
    let mut stressed = eval::stress::Stressed::default();
    for capsule in eval::load_dir(directory)? {
        let capsule = capsule?;
        judged.push(eval::evaluate(&capsule, &|| begin.elapsed()));
        if stress {
            stressed.join(&eval::stress::stress(&capsule));
        }
    }
    let report = eval::Report::of(judged);
    let report = if stress { report.with_stress(&stressed) } else { report };
    if json {
        say(serde_json::to_string(&report)?);
    } else {
        say(report);
    }
    Ok(ExitCode::SUCCESS)
}

/// Narrates every capsule and every plan that could be made of it, and tries the checker on that. What it was wrong about goes to
/// stderr.
async fn narrator(directory: Option<&Path>) -> anyhow::Result<ExitCode> {
    let capsules: Vec<Capsule> = match directory {
        Some(directory) => eval::load_dir(directory)?.collect::<Result<_, _>>()?,
        None => vec![load(AUTH_CASCADE)?],
    };
    let mut trial = narrate::Trial::default();
    for capsule in capsules {
        let capsule = Arc::new(capsule);
        let situation = eval::situation_at_end(&capsule);
        let verdict = tools::context::verdict(&situation);
        let outlook = tools::dependency::outlook(&situation, &verdict, &tools::dependency::Lags::default());
        let plans = eval::plans_at_end(&capsule).await;
        let claims = narrate::Claims::of(&verdict, Some(&outlook), &plans).of_topology(&capsule.topology);
        trial.join(narrate::trial(&verdict, Some(&outlook), &plans, &claims));
        for plan in &plans {
            trial.join(narrate::trial_of_plan(plan));
        }
    }
    say(&trial);
    for (what, sentences) in [("kept, and false", &trial.fooled), ("dropped, and true", &trial.lost)] {
        for sentence in sentences {
            let _ = writeln!(std::io::stderr(), "{what}: {sentence}");
        }
    }
    Ok(if trial.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
