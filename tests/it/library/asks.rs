//! Who answers asks: nobody, a desk, from elsewhere.

use looplet_host::{Answer, AskId, Deny, Desk, Event, Host, NotAsked, RunId};
use looplet_tests::harness::block_on;
use tempfile::TempDir;

use super::{files, reads};

async fn asking(dir: &TempDir) -> Host {
    files(dir.path()).ask("files/*").build().await.unwrap()
}

#[test]
fn an_approver_that_denies_is_nobody() {
    let dir = TempDir::new().unwrap();
    let host = block_on(asking(&dir));
    let outcome = block_on(host.run("x").model(reads()).approver(Deny).start().unwrap().finish());
    assert_eq!(outcome.denied().len(), 1);
}

#[test]
fn an_ask_lies_on_the_desk_until_it_is_answered() {
    let dir = TempDir::new().unwrap();
    let desk = Desk::new();
    block_on(async {
        let run = asking(&dir).await.run("x").model(reads()).approver(desk.clone()).start().unwrap();
        let id = run.id();
        let ended = tokio::spawn(run.finish());
        let ask = desk.asked().await;
        assert_eq!((ask.run, ask.question.tool.as_str()), (id, "read_file"));
        assert_eq!(desk.pending(), std::slice::from_ref(&ask));
        // What a page was sent comes back as it was.
        let sent = serde_json::to_value(ask.ask).unwrap();
        let came: AskId = serde_json::from_value(sent).unwrap();
        let yes: Answer = serde_json::from_str("\"yes\"").unwrap();
        assert_eq!(desk.answer(RunId::generate(), came, yes.clone()), Err(NotAsked));
        assert_eq!(desk.answer(id, came, yes.clone()), Ok(()));
        assert_eq!(desk.answer(id, came, yes), Err(NotAsked));
        let outcome = ended.await.unwrap();
        assert_eq!((outcome.denied().len(), outcome.asked), (0, 1));
    });
    assert_eq!(desk.pending(), []);
}

#[test]
fn an_ask_is_an_event_with_its_number_on_the_desk() {
    let dir = TempDir::new().unwrap();
    let desk = Desk::new();
    let (asks, outcome) = block_on(async {
        let run = asking(&dir).await.run("x").model(reads()).approver(desk.clone()).start().unwrap();
        let (id, mut events, mut asks) = (run.id(), run.events(), 0);
        loop {
            match events.next().await.unwrap() {
                Event::Asked { ask, question } => {
                    assert_eq!((question.tool.as_str(), question.step), ("read_file", 1));
                    desk.answer(id, ask.unwrap(), Answer::Yes).unwrap();
                    asks += 1;
                }
                Event::Outcome { outcome } => break (asks, *outcome),
                _ => {}
            }
        }
    });
    assert_eq!((asks, outcome.asked, outcome.denied().len()), (1, 1, 0));
}

#[test]
fn what_another_approver_is_asked_is_an_event_too() {
    let dir = TempDir::new().unwrap();
    let host = block_on(asking(&dir));
    let mut events = host.run("x").model(reads()).approver(Deny).start().unwrap().events();
    let first = block_on(events.next()).unwrap();
    let Event::Asked { ask: None, question } = first else { panic!("{first:?}") };
    assert_eq!(question.plugin.name, "files");
}

#[test]
fn a_no_from_the_desk_denies_and_its_reason_is_for_the_model() {
    let dir = TempDir::new().unwrap();
    let desk = Desk::new();
    let outcome = block_on(async {
        let run = asking(&dir).await.run("x").model(reads()).approver(desk.clone()).start().unwrap();
        let ended = tokio::spawn(run.finish());
        let ask = desk.asked().await;
        desk.answer(ask.run, ask.ask, Answer::NoBecause("not that one".into())).unwrap();
        ended.await.unwrap()
    });
    assert_eq!(outcome.denied().len(), 1);
}

#[test]
fn a_run_that_is_dropped_takes_its_ask_with_it() {
    let dir = TempDir::new().unwrap();
    let desk = Desk::new();
    block_on(async {
        let run = asking(&dir).await.run("x").model(reads()).approver(desk.clone()).start().unwrap();
        let ended = tokio::spawn(run.finish());
        let ask = desk.asked().await;
        ended.abort();
        assert!(ended.await.unwrap_err().is_cancelled());
        assert_eq!(desk.pending(), []);
        assert_eq!(desk.answer(ask.run, ask.ask, Answer::Yes), Err(NotAsked));
    });
}
