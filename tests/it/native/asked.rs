//! A person who is asked about a native tool: what the question holds, and how far an answer may reach.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use expect_test::expect;
use looplet_host::permission::{Answer, Approver, Question};

use super::{GREET, greet, host, script, told};

/// Keeps what it is asked and says the same each time.
struct Asked(Mutex<Vec<Question>>, Answer);

#[async_trait]
impl Approver for Asked {
    async fn ask(&self, question: &Question) -> Answer {
        self.0.lock().unwrap().push(question.clone());
        self.1.clone()
    }
}

async fn asked(answer: Answer) -> (String, Vec<Question>) {
    let asked = Arc::new(Asked(Mutex::default(), answer));
    let ask = "[[rules]]\ntool = \"native/greet\"\ndecision = \"ask\"\n";
    let launch = host(ask).await.run("greet Ada").model(script(&[GREET])).tool(greet());
    let told = told(launch.approver(Arc::clone(&asked) as Arc<dyn Approver>)).await;
    let questions = asked.0.lock().unwrap().clone();
    (told, questions)
}

#[tokio::test]
async fn the_question_names_the_kind_and_offers_this_once_alone() {
    let (told, questions) = asked(Answer::Yes).await;
    expect![[r"
        #1 ✓ greet(name='Ada') [native] → greeting: Hello, Ada!
        #2 ✓ done(summary='All is said.')
        done"]]
    .assert_eq(&told);
    let [question] = &questions[..] else { panic!("{questions:?}") };
    let plugin = &question.plugin;
    assert_eq!((plugin.name.as_str(), plugin.kind.as_str(), plugin.built_in), ("native", "native", false));
    assert!(question.reach.is_empty() && question.scopes.is_empty() && !question.may_remember);
}

#[tokio::test]
async fn denied_a_no_keeps_the_function_from_running() {
    let (told, _) = asked(Answer::NoBecause("not her".to_owned())).await;
    expect![[r#"
        #1 ⊘ greet(name='Ada') [native] → denied by the person
        #2 ✓ done(summary='All is said.')
        done"#]]
    .assert_eq(&told);
}
