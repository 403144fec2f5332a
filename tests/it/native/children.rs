//! Sub-agents: what they have of the run that began them, what it pays, and what ends them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use expect_test::expect;
use looplet_host::hook::ToolAnswer;
use looplet_host::host::Launch;
use looplet_host::journal::Runs;
use looplet_host::message::Message;
use looplet_host::model::{EventSink, Model, ModelError, ModelRequest, ModelResponse, Scripted};
use looplet_host::native::{Child, Tool};
use looplet_host::permission::{Answer, Approver, Question};
use looplet_host::record::{Body, RunResumed, RunStarted};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{greet, host, told};

/// A model that plays a part for each task.
struct Actors(BTreeMap<&'static str, Scripted>);

#[async_trait]
impl Model for Actors {
    async fn complete(&self, request: &ModelRequest<'_>, events: &EventSink) -> Result<ModelResponse, ModelError> {
        let messages = request.messages();
        let task = messages.iter().find_map(|message| match message {
            Message::User { text } => self.0.get(text.as_str()),
            _ => None,
        });
        if messages.iter().any(|message| matches!(message, Message::User { text } if text == "slow")) {
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        task.expect("is a task of the test").complete(request, events).await
    }
}

fn actors<const N: usize>(parts: [(&'static str, Scripted); N]) -> Arc<Actors> {
    Arc::new(Actors(parts.into()))
}

/// What `research` takes.
#[derive(Deserialize, JsonSchema)]
struct Ask {
    question: String,
}

/// A tool that hands its question to a sub-agent.
fn research(shape: impl Fn(Child) -> Child + Send + Sync + 'static) -> Tool {
    let shape = Arc::new(shape);
    Tool::native("research", "Look something up.", move |a: Ask, ctx| {
        let child = shape(ctx.child(a.question));
        async move {
            let out = child.start()?.finish().await;
            Ok(json!({ "answer": out.text(), "stopped": out.stop_reason.to_string() }))
        }
    })
}

fn call(tool: &str, arguments: Value) -> Scripted {
    Scripted::calls([(tool, arguments)])
}

fn ask(question: &str) -> Scripted {
    call("research", json!({ "question": question })).then_text("done with it")
}

fn think() -> Scripted {
    call("think", json!({ "thought": "hm" }))
}

async fn launch(model: Arc<Actors>, tool: Tool) -> Launch {
    host("").await.run("top").model(model).allow("*").tool(tool)
}

/// The first records of all runs in a place, the oldest first, and what each came to.
fn journals(runs: &Runs) -> Vec<(RunStarted, Vec<Body>)> {
    let read = |id| runs.read(id).unwrap();
    let all = runs.ids().unwrap().into_iter().map(read);
    all.map(|journal| {
        (journal.started().unwrap().clone(), journal.records.into_iter().map(|record| record.body).collect())
    })
    .collect()
}

fn child_of(runs: &Runs) -> (RunStarted, Vec<Body>) {
    journals(runs).into_iter().find(|(started, _)| started.child_of.is_some()).expect("there is a sub-agent")
}

#[tokio::test]
async fn a_sub_agent_has_a_run_of_its_own_and_answers() {
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let model = actors([("top", ask("why")), ("why", think().then_text("because"))]);
    let shape = |child: Child| child.system("Be brief.").tools(["think"]).max_steps(6).budget_share(0.25);
    let launch = launch(model, research(shape)).await.max_steps(13).keep_in(runs.clone());
    expect![[r"
        #1 ✓ research(question='why') [native] → 2 keys
        answered"]]
    .assert_eq(&told(launch).await);
    let (started, bodies) = child_of(&runs);
    let parent = started.child_of.clone().unwrap();
    let tools: Vec<String> = started.tools.iter().map(looplet_host::record::ToolRecord::full_name).collect();
    assert_eq!((parent.step, tools), (1, vec!["think/think".to_owned()]));
    // A quarter of the 12 that are left.
    assert_eq!((started.budget.steps, started.budget.calls), (Some(3), Some(249)));
    assert_eq!(started.messages[0], Message::System { text: "Be brief.".into() });
    assert!(bodies.iter().any(|body| matches!(body, Body::Stopped(reason) if reason.as_str() == "text")));
    assert_eq!(runs.latest(None).unwrap(), parent.run, "nobody goes on with a sub-agent");
}

#[tokio::test]
async fn what_it_spends_is_charged_to_the_run() {
    let usage = |input| looplet_host::model::Usage { input, output: 1, cached: 0, cost_micro_usd: None };
    let greets = || call("greet", json!({ "name": "Ada" })).with_usage(usage(100));
    let top = Scripted::calls([("research", json!({ "question": "greet" }))])
        .then_calls([("greet", json!({ "name": "Grace" }))])
        .then_calls([("greet", json!({ "name": "Alan" }))]);
    let twice = greets().then_calls([("greet", json!({ "name": "Bob" }))]).then_text("greeted");
    let model = actors([("top", top), ("greet", twice)]);
    let launch = launch(model, research(|child| child)).await.tool(greet()).max_steps(4);
    let mut run = launch.start().unwrap();
    let mut lines = Vec::new();
    while let Some(step) = run.next().await {
        lines.push(step.number);
    }
    let outcome = run.finish().await;
    // One for the call, two for those of the sub-agent, one is left.
    assert_eq!((lines, outcome.stop_reason.as_str()), (vec![1, 2], "budget_exhausted"));
    assert_eq!((outcome.usage.input, outcome.usage.output), (100, 1));
}

#[tokio::test]
async fn denied_it_has_no_tool_that_the_run_has_not_and_none_that_was_not_named() {
    let model = actors([("top", ask("grep")), ("grep", call("grep", json!({ "pattern": "x" })).then_text("tried"))]);
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let _ = told(launch(model, research(|child| child.tools(["think"]))).await.keep_in(runs.clone())).await;
    let (_, bodies) = child_of(&runs);
    let refused = bodies.iter().find_map(|body| match body {
        Body::CallDecided(decided) => Some(format!("{:?}", decided.outcome().unwrap())),
        _ => None,
    });
    assert!(refused.as_deref().is_some_and(|text| text.contains("there is no tool `grep`")), "{refused:?}");
    let model = actors([("top", ask("web"))]);
    expect![[r"
        #1 ✗ research(question='web') [native] → a sub-agent without tools cannot begin: no tool of the run fits its patterns
        answered"]]
    .assert_eq(&told(launch(model, research(|child| child.tools(["http/*"]))).await).await);
}

#[tokio::test]
async fn denied_rules_and_hooks_of_the_run_hold_in_it() {
    let tries = || actors([("top", ask("think")), ("think", think().then_text("tried"))]);
    let denied = |runs: &Runs| {
        child_of(runs).1.iter().find_map(|body| match body {
            Body::CallDecided(decided) => Some(format!("{:?}", decided.outcome())),
            _ => None,
        })
    };
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let deny = "[[rules]]\ntool = \"think\"\ndecision = \"deny\"\nreason = \"no thinking\"\n";
    let launch_with = host(deny).await.run("top").model(tries()).allow("*").tool(research(|child| child));
    let _ = told(launch_with.keep_in(runs.clone())).await;
    assert_eq!(denied(&runs).as_deref(), Some("Some(Denied(\"no thinking\"))"));
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let launch = launch(tries(), research(|child| child)).await.on_pre_tool(|_, call| match call.plugin.as_str() {
        "think" => ToolAnswer::deny("not in here"),
        _ => ToolAnswer::pass(),
    });
    let _ = told(launch.keep_in(runs.clone())).await;
    assert_eq!(denied(&runs).as_deref(), Some("Some(Denied(\"not in here\"))"));
}

/// Answers by a function and keeps what was asked.
struct Desk(Mutex<Vec<Question>>, fn(&Question) -> Answer);

#[async_trait]
impl Approver for Desk {
    async fn ask(&self, question: &Question) -> Answer {
        self.0.lock().unwrap().push(question.clone());
        self.1(question)
    }
}

/// Thinks, and lets a sub-agent think, where thinking is asked about. Gives who was asked for.
async fn asked(answer: fn(&Question) -> Answer) -> Vec<String> {
    let policy =
        "[[rules]]\ntool = \"think\"\ndecision = \"ask\"\n[[rules]]\ntool = \"native\"\ndecision = \"allow\"\n";
    let top = think().then_calls([("research", json!({ "question": "think" }))]).then_text("done");
    let model = actors([("top", top), ("think", think().then_text("thought"))]);
    let desk = Arc::new(Desk(Mutex::default(), answer));
    let launch = host(policy).await.run("top").model(model).tool(research(|child| child));
    let _ = told(launch.approver(Arc::clone(&desk) as Arc<dyn Approver>)).await;
    let questions = desk.0.lock().unwrap();
    let who = |question: &Question| match &question.on_behalf {
        Some(child) => format!("a sub-agent of step {}: {}", child.step, child.task),
        None => "the run".to_owned(),
    };
    questions.iter().map(who).collect()
}

#[tokio::test]
async fn denied_an_answer_for_the_rest_of_the_run_is_not_for_its_sub_agents() {
    let for_run = |question: &Question| Answer::YesForRun(question.scopes[0].clone());
    assert_eq!(asked(for_run).await, ["the run", "a sub-agent of step 2: think"]);
}

#[tokio::test]
async fn a_refusal_for_the_rest_of_the_run_is_for_its_sub_agents_too() {
    assert_eq!(asked(|_| Answer::NoForRun).await, ["the run"]);
}

#[tokio::test]
async fn what_it_ran_has_run_for_rules_that_ask_what_came_before() {
    let after = "[[rules]]\ntool = \"native/greet\"\nafter = { tool = \"think\" }\ndecision = \"deny\"\nreason = \"not after thinking\"\n";
    let top = Scripted::calls([("research", json!({ "question": "think" }))])
        .then_calls([("greet", json!({ "name": "Ada" }))])
        .then_text("done");
    let model = actors([("top", top), ("think", think().then_text("thought"))]);
    let launch = host(after).await.run("top").model(model).allow("*").tool(research(|child| child)).tool(greet());
    expect![[r"
        #1 ✓ research(question='think') [native] → 2 keys
        #2 ⊘ greet(name='Ada') [native] → denied by policy.toml:1 «not after thinking»
        answered"]]
    .assert_eq(&told(launch).await);
}

#[tokio::test]
async fn denied_they_are_nested_three_deep_at_most() {
    let dig = Tool::native("dig", "Dig.", |_: super::Greet, ctx| async move {
        let out = ctx.child("deeper").start()?.finish().await;
        Ok(out.text().unwrap_or_default())
    });
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let launch = host("").await.run("top").model(Arc::new(Digger)).allow("*").tool(dig).keep_in(runs.clone());
    let _ = told(launch).await;
    let failures: Vec<String> = journals(&runs)
        .into_iter()
        .flat_map(|(_, bodies)| bodies)
        .filter_map(|body| match body {
            Body::CallEnded(ended) if !ended.outcome.is_ok() => Some(format!("{:?}", ended.outcome)),
            _ => None,
        })
        .collect();
    assert_eq!(runs.ids().unwrap().len(), 4);
    assert!(matches!(&failures[..], [only] if only.contains("sub-agents are nested 3 deep at most")), "{failures:?}");
}

/// Digs once in each run, and then comes up.
struct Digger;

#[async_trait]
impl Model for Digger {
    async fn complete(&self, request: &ModelRequest<'_>, events: &EventSink) -> Result<ModelResponse, ModelError> {
        let digs = call("dig", json!({ "name": "x" })).then_text("up");
        digs.complete(request, events).await
    }
}

#[tokio::test]
async fn time_of_a_sub_agent_is_not_time_of_the_call() {
    let model = actors([("top", ask("slow")), ("slow", Scripted::text("slowly"))]);
    let tool = research(|child| child).wall(Duration::from_millis(60));
    expect![[r"
        #1 ✓ research(question='slow') [native] → 2 keys
        answered"]]
    .assert_eq(&told(launch(model, tool).await).await);
}

#[tokio::test]
async fn it_stops_with_the_run_that_is_dropped_and_its_call_is_an_unknown_outcome() {
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let model = || actors([("top", ask("slow")), ("slow", Scripted::text("slowly"))]);
    let mut run = launch(model(), research(|child| child)).await.keep_in(runs.clone()).start().unwrap();
    let id = run.id();
    assert!(tokio::time::timeout(Duration::from_millis(60), run.next()).await.is_err());
    drop(run);
    let (_, bodies) = child_of(&runs);
    assert!(matches!(bodies.last(), Some(Body::Stopped(reason)) if reason.as_str() == "stream_closed"), "{bodies:?}");
    let again = launch(model(), research(|child| child)).await.keep_in(runs.clone());
    let refused = again.resume(id, RunResumed::default()).err().unwrap();
    assert_eq!(refused.to_string(), "step 1 was begun, and nobody knows whether it took effect");
}

#[tokio::test]
async fn a_sub_agent_is_not_resumed_by_itself() {
    let dir = TempDir::new().unwrap();
    let runs = Runs::at(dir.path());
    let model = || actors([("top", ask("think")), ("think", think().then_text("thought"))]);
    let _ = told(launch(model(), research(|child| child)).await.keep_in(runs.clone())).await;
    let (started, _) = child_of(&runs);
    let again = launch(model(), research(|child| child)).await.keep_in(runs.clone());
    let refused = again.resume(started.run, RunResumed::default()).err().unwrap().to_string();
    assert!(refused.starts_with("the run is a sub-agent of step 1 of run "), "{refused}");
}

#[tokio::test]
async fn many_runs_with_sub_agents_do_not_wait_for_each_other_for_ever() {
    let host = host("").await;
    let runs = (0..24).map(|_| {
        let model = actors([("top", ask("think")), ("think", think().then_text("thought"))]);
        let launch = host.run("top").model(model).allow("*").tool(research(|child| child));
        tokio::spawn(async move { told(launch).await })
    });
    for run in runs.collect::<Vec<_>>() {
        let told = tokio::time::timeout(Duration::from_mins(1), run).await.expect("comes to its end").unwrap();
        assert!(told.ends_with("answered"), "{told}");
    }
}

#[tokio::test]
async fn denied_a_call_begins_eight_at_most() {
    let many = Tool::native("research", "Ask often.", |a: Ask, ctx| async move {
        for _ in 0..8 {
            drop(ctx.child(a.question.clone()).start()?);
        }
        let ninth = ctx.child(a.question).start().err().map(|failure| failure.message);
        Ok(ninth.unwrap_or_default())
    });
    expect![[r"
        #1 ✓ research(question='x') [native] → a call may begin 8 sub-agents, and it has
        answered"]]
    .assert_eq(&told(launch(actors([("top", ask("x"))]), many).await).await);
}
