//! Hooks in Rust around the loop: who is called though another failed, how far their words reach.

use super::*;
use crate::hook::{
    CallView, Hook, HookChain, HookEntry, HookFault, OnFault, OnPrePrompt, OnPreTool, Point, Points, Powers,
    RequestVerdict, ToolAnswer,
};
use crate::message::ToolCall;

fn chain(hooks: Vec<Arc<dyn Hook>>) -> Arc<HookChain> {
    let entry =
        |(index, hook)| HookEntry { name: format!("hook{index}"), powers: Powers::ALL, on_fault: OnFault::Deny, hook };
    Arc::new(HookChain::new(hooks.into_iter().enumerate().map(entry).collect()))
}

async fn finish(mut bench: Bench, hooks: Vec<Arc<dyn Hook>>) -> Ended {
    let parts = Parts { hooks: chain(hooks), ..bench.parts() };
    let run = Run::start(bench.started.clone(), parts).expect("can begin");
    bench.finish_run(run).await
}

/// Is told of the end; fails there, or notes it.
struct AtTheEnd(Option<Arc<Mutex<Vec<String>>>>);

#[async_trait]
impl Hook for AtTheEnd {
    fn points(&self) -> Points {
        Points::of([Point::RunEnd])
    }

    async fn run_end(&self, _: &RunView, reason: &str) -> crate::hook::Answered<()> {
        let notes = self.0.as_ref().ok_or_else(|| HookFault::new("broken"))?;
        notes.lock().expect("is whole").push(reason.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn a_hook_is_told_of_the_end_once_though_the_one_before_it_failed() {
    let notes = Arc::<Mutex<Vec<String>>>::default();
    let hooks: Vec<Arc<dyn Hook>> = vec![Arc::new(AtTheEnd(None)), Arc::new(AtTheEnd(Some(Arc::clone(&notes))))];
    let ended = finish(Bench::new([text("bye")]), hooks).await;
    assert_eq!((ended.reason(), notes.lock().expect("is whole").as_slice()), ("text", &["text".to_owned()][..]));
}

#[tokio::test]
async fn rewrites_are_chained_and_the_last_arguments_count() {
    let adds = |key: &'static str| {
        OnPreTool(move |_: &RunView, call: &CallView| {
            let mut arguments = call.call.arguments.to_value();
            arguments[key] = arguments.as_object().map_or(0, serde_json::Map::len).into();
            ToolAnswer::rewrite(CanonicalJson::from_value(&arguments).expect("has a form"))
        })
    };
    let arguments = CanonicalJson::from_text(r#"{"a":0}"#).expect("has a form");
    let call = CallView {
        plugin: "p".into(),
        call: ToolCall { id: "c".into(), tool: "write".into(), arguments },
        changes_nothing: false,
        repeatable: false,
        reach: Vec::new(),
    };
    let chain = chain(vec![Arc::new(adds("b")), Arc::new(adds("c"))]);
    let screened = chain.pre_tool(&RunView::of_beginning(RunId::from_parts(1, 1)), call).await;
    assert_eq!(screened.arguments.as_str(), r#"{"a":0,"b":1,"c":2}"#);
}

#[tokio::test]
async fn texts_of_hooks_are_cut_together_and_every_hook_is_called() {
    let called = Arc::new(AtomicU64::new(0));
    let says = |bytes: usize| {
        let called = Arc::clone(&called);
        OnPrePrompt(move |_: &RunView| {
            called.fetch_add(1, Ordering::Relaxed);
            Some("x".repeat(bytes))
        })
    };
    let hooks: Vec<Arc<dyn Hook>> = vec![Arc::new(says(10_000)), Arc::new(says(10_000)), Arc::new(says(10))];
    let ended = finish(Bench::new([text("bye")]), hooks).await;
    let Some(Message::User { text }) = ended.messages.get(1) else { panic!("{:?}", ended.messages) };
    assert_eq!(text.matches('x').count(), 16 << 10);
    assert_eq!(called.load(Ordering::Relaxed), 3);
}

/// Offers `look` alone.
struct OffersLook;

#[async_trait]
impl Hook for OffersLook {
    fn points(&self) -> Points {
        Points::of([Point::PreModel])
    }

    async fn pre_model(&self, _: &RunView, _: &str, _: &[Message]) -> crate::hook::Answered<RequestVerdict> {
        Ok(RequestVerdict { offer_only: Some(vec!["look".into()]), ..RequestVerdict::default() })
    }
}

#[tokio::test]
async fn a_tool_that_is_not_offered_is_decided_on_like_any_other() {
    let ended =
        finish(Bench::new([calls([("greet", ""), ("write", "denied")]), text("bye")]), vec![Arc::new(OffersLook)])
            .await;
    let asked = ended.lines.iter().find_map(|line| match &line.record.body {
        Body::ModelAsked(asked) => asked.offered.clone(),
        _ => None,
    });
    assert_eq!((asked, ended.told()), (Some(vec!["look".to_owned()]), vec!["ok", "refused: drafts only"]));
}

#[tokio::test]
async fn steps_that_ended_in_another_order_are_told_by_number() {
    let told = Arc::<Mutex<Vec<Vec<u32>>>>::default();
    let notes = Arc::clone(&told);
    let notes_all = crate::hook::OnShouldStop(move |view: &RunView| {
        let numbers = view.history.steps(2, 9).iter().map(|step| step.number).collect();
        notes.lock().expect("is whole").push(numbers);
        None
    });
    let turn = [("look", "yields"), ("look", "yields"), ("look", "")];
    let ended = finish(Bench::new([calls(turn), text("bye")]), vec![Arc::new(notes_all)]).await;
    assert_eq!(ended.log[6..9], ["end 3", "end 1", "end 2"]);
    assert_eq!(*told.lock().expect("is whole"), [[2, 3]]);
}

#[tokio::test]
async fn a_done_behind_a_call_that_cancels_is_not_accepted() {
    let ended = Bench::new([calls([("greet", "cancels the run"), ("done", "hi")])]).finish().await;
    assert_eq!((ended.reason(), output(&ended)), ("cancelled", None));
    assert_eq!(ended.told(), ["cancelled", "not run: the run stopped before it"]);
}
