//! Hooks in Rust, and what a component keeps over the loss of its instance: through the library.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use looplet_host::hook::{Answered, Hook, Point, Points, ResultVerdict, RunView, StepView, ToolAnswer};
use looplet_host::host::{Host, Launch};
use looplet_host::machine::{NamedBy, PluginFile, hook_files};
use looplet_host::message::Outcome;
use looplet_host::model::Scripted;
use looplet_host::model::select::Environment;
use looplet_host::sandbox::Sandbox;
use looplet_host::settings::{Flags, Layers, ProjectFile, Settings, SourceFile, Surroundings};
use looplet_tests::guests;

const SCRIPT: &str = concat!(
    r#"{"calls":[{"tool":"greet","arguments":{"name":"Ada"}}]}"#,
    "\n",
    r#"{"calls":[{"tool":"greet","arguments":{"name":"Grace"}}]}"#,
    "\n",
    r#"{"calls":[{"tool":"done","arguments":{"summary":"greeted"}}]}"#,
    "\n",
    r#"{"text":"bye"}"#,
);

/// A host with `greet`, which everything allows, and the hooks of a file.
async fn host(hooks: &str) -> Host {
    let dir = PathBuf::from("/");
    let text = format!("[[rules]]\ntool = \"greet\"\ndecision = \"allow\"\n{hooks}");
    let file = SourceFile { name: "policy.toml".into(), dir: dir.clone(), text };
    let layers = Layers { user: None, project: Some(ProjectFile::Policy(file)) };
    let surroundings = Surroundings { terminal: false, cwd: std::env::temp_dir(), home: None };
    let settings = Settings::load(&layers, &Flags::default(), &surroundings).unwrap();
    let greet = looplet_host::builtin::get("greet").unwrap();
    let files = vec![PluginFile { name: "greet".into(), bytes: greet.bytes.into(), by: NamedBy::Argument }];
    let hooks = hook_files(&settings.hooks).unwrap();
    Host::assemble(&Sandbox::new().unwrap(), settings, files, hooks, &[], &Environment::default()).await.unwrap()
}

async fn lines(launch: Launch) -> Vec<String> {
    let model = Scripted::from_text("script", SCRIPT).unwrap();
    let mut run = launch.model(Arc::new(model)).start().unwrap();
    let mut lines = Vec::new();
    while let Some(step) = run.next().await {
        lines.push(match &step.outcome {
            Outcome::Ok(output) => format!("#{} ok {}", step.number, output.content.to_text()),
            other => format!("#{} {other:?}", step.number),
        });
    }
    lines.push(run.finish().await.stop_reason.in_words().into_owned());
    lines
}

#[tokio::test]
async fn closures_deny_replace_reject_and_are_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let launch = host("")
        .await
        .run("greet them")
        .on_pre_tool(|view, call| match call.call.arguments.as_str().contains("Grace") {
            true => ToolAnswer::deny(format!("enough after {} steps", view.steps)),
            false => ToolAnswer::pass(),
        })
        .on_post_tool(|_, step| match &step.outcome {
            Outcome::Ok(_) => ResultVerdict {
                replace: Some(Outcome::Ok(looplet_host::message::ToolOutput::text("hi"))),
                ..Default::default()
            },
            _ => ResultVerdict::default(),
        })
        .on_check_done(|_, answer| answer["sources"].as_array().map(drop).ok_or("name your sources"))
        .on_post_step(move |_, step| hears.lock().unwrap().push(step.number));
    let expected = [
        "#1 ok hi",
        "#2 Denied(\"enough after 1 steps\")",
        "#3 Failed(Failure { kind: Validation, message: \"name your sources\", retriable: false, hint: None })",
        "answered",
    ];
    assert_eq!(lines(launch).await, expected);
    assert_eq!(*told.lock().unwrap(), [1, 2, 3]);
}

/// Counts, after each step, the steps and messages that it finds in the past of the run.
struct Looks {
    reads: bool,
    found: Arc<Mutex<Vec<(usize, bool)>>>,
}

#[async_trait]
impl Hook for Looks {
    fn points(&self) -> Points {
        Points::of([Point::PostStep])
    }

    fn reads_history(&self) -> bool {
        self.reads
    }

    async fn post_step(&self, view: &RunView, _: &StepView) -> Answered<()> {
        let found = (view.history.steps(1, 9).len(), view.history.messages(0, 9).is_empty());
        self.found.lock().unwrap().push(found);
        Ok(())
    }
}

#[tokio::test]
async fn a_run_keeps_no_past_where_no_hook_looks_at_it() {
    let found = async |all: [bool; 2]| {
        let found = Arc::new(Mutex::new(Vec::new()));
        let looks = |reads| Looks { reads, found: Arc::clone(&found) };
        let launch = host("").await.run("greet them").hook("one", looks(all[0])).hook("other", looks(all[1]));
        lines(launch).await;
        found.lock().unwrap().clone()
    };
    assert_eq!(found([false, false]).await, [(0, true); 6]);
    let each = [(1, false), (2, false), (3, false)].map(|found| [found; 2]).concat();
    assert_eq!(found([false, true]).await, each, "what one reads the other may too");
}

#[tokio::test]
async fn what_a_component_keeps_outlives_its_instance() {
    let path = guests::HOOK_GATE;
    let hooks = format!("[[hooks]]\nuse = {path:?}\nsettings = {{ deny_from = 2 }}\n");
    let denied = |counts: &str| format!("#2 Denied(\"greet/greet: {counts}\")");
    let kept = lines(host(&hooks).await.run("greet them")).await;
    assert_eq!(kept[1], denied("2 in memory, 2 kept"));
    let dropped = lines(host(&hooks).await.run("greet them").forgetful_hooks()).await;
    assert_eq!(dropped[1], denied("1 in memory, 2 kept"));
}
