//! How calls of native tools end: failures, panics, time, cancelling, answers that are too large.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use expect_test::expect;
use looplet_host::message::{Content, Failure, FailureKind, Outcome};
use looplet_host::native::Tool;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{GREET, Greet, host, script, told};

/// What is told of a run in which this tool is called once.
async fn with(tool: Tool) -> String {
    told(host("").await.run("greet Ada").model(script(&[GREET])).allow("native").tool(tool)).await
}

/// Says when it is dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A tool that never answers, and whether its future was dropped.
fn endless() -> (Tool, Arc<AtomicBool>) {
    let is_dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_dropped);
    let tool = Tool::native("greet", "Wait.", move |_: Greet, _| {
        let dropped = Dropped(Arc::clone(&flag));
        async move {
            let _dropped = dropped;
            std::future::pending::<()>().await;
            Ok("never")
        }
    });
    (tool, is_dropped)
}

#[tokio::test]
async fn a_failure_is_told_with_its_kind() {
    let tool = Tool::native("greet", "Greet.", |a: Greet, ctx| async move {
        ctx.log(format!("looked for {}", a.name));
        Err::<&str, _>(Failure::new(FailureKind::NotFound, format!("nobody is called {}", a.name)))
    });
    expect![[r"
        #1 ✗ greet(name='Ada') [native] → not found: nobody is called Ada
            looked for Ada
        #2 ✓ done(summary='All is said.')
        done"]]
    .assert_eq(&with(tool).await);
}

#[tokio::test]
async fn a_panic_ends_the_step_and_not_the_run() {
    let waits = Tool::native("greet", "Greet.", |a: Greet, _| async move {
        tokio::task::yield_now().await;
        assert!(a.name.is_empty(), "late");
        Ok("never")
    });
    expect![[r"
        #1 ✗ greet(name='Ada') [native] → ended by the host: the tool panicked: late
        #2 ✓ done(summary='All is said.')
        done"]]
    .assert_eq(&with(waits).await);
    let at_once = Tool::native("greet", "Greet.", |a: Greet, _| {
        assert!(a.name.is_empty(), "at once");
        async { Ok("never") }
    });
    expect![[r"
        #1 ✗ greet(name='Ada') [native] → ended by the host: the tool panicked: at once
        #2 ✓ done(summary='All is said.')
        done"]]
    .assert_eq(&with(at_once).await);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_dropped() {
    let (tool, is_dropped) = endless();
    expect![[r"
        #1 ✗ greet(name='Ada') [native] → ended by the host: timeout: the tool was stopped after 30 ms; whether it had an effect is not known
        #2 ✓ done(summary='All is said.')
        done"]]
    .assert_eq(&with(tool.wall(Duration::from_millis(30))).await);
    assert!(is_dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn cancelling_the_run_drops_the_call() {
    let (tool, is_dropped) = endless();
    let cancel = CancellationToken::new();
    let launch = host("").await.run("greet Ada").model(script(&[GREET])).allow("native").tool(tool);
    let stop = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        stop.cancel();
    });
    expect![[r"
        #1 ✗ greet(name='Ada') [native] → ended by the host: cancelled while it ran; whether it took effect is unknown
        cancelled"]]
    .assert_eq(&told(launch.cancel(cancel)).await);
    assert!(is_dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn what_it_answers_is_bounded_and_cleaned() {
    let text = Tool::native("greet", "Greet.", |_: Greet, _| async { Ok(format!("\u{1b}[2J{}", "a".repeat(1 << 20))) });
    let launch = host("").await.run("greet Ada").model(script(&[GREET])).allow("native").tool(text);
    let step = launch.start().unwrap().next().await.unwrap();
    let Outcome::Ok(output) = step.outcome else { panic!("{:?}", step.outcome) };
    let Content::Text(text) = output.content else { panic!("is a text") };
    assert!(text.starts_with("\u{fffd}[2Jaaa") && text.len() <= 256 << 10, "{}", text.len());
    assert_eq!(output.warnings, ["the result was cut: 262144 of 1048580 bytes are shown"]);
    let data = Tool::native("greet", "Greet.", |_: Greet, _| async { Ok(json!(["a".repeat(1 << 20)])) });
    expect![[r"
        #1 ✗ greet(name='Ada') [native] → ended by the host: the tool answered with 1048580 bytes of data, 262144 are allowed
        #2 ✓ done(summary='All is said.')
        done"]]
    .assert_eq(&with(data).await);
}

#[tokio::test]
async fn the_context_says_whose_call_it_is() {
    let tool = Tool::native("greet", "Greet.", |_: Greet, ctx| async move {
        ctx.progress("half", 1, Some(2));
        let of_run = ctx.id() == format!("{}-{}", ctx.run(), ctx.step());
        Ok(json!({ "step": ctx.step(), "is_over": ctx.cancelled().is_cancelled(), "of_run": of_run }))
    });
    let launch = host("").await.run("greet Ada").model(script(&[GREET])).allow("native").tool(tool);
    let step = launch.start().unwrap().next().await.unwrap();
    let Outcome::Ok(output) = &step.outcome else { panic!("{:?}", step.outcome) };
    assert_eq!(output.content, Content::Json(json!({ "step": 1, "is_over": false, "of_run": true })));
    assert_eq!(step.progress[0].stage, "half");
}
