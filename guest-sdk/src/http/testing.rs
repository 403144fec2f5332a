//! Says what is answered in tests of plugins; not there on WebAssembly.

use super::stand_in::QUEUE;
use super::{Answer, Request};
use crate::Failure;

/// What the next request of this thread is answered; several are given in order.
///
/// ```
/// use looplet_guest::http::{Answer, Request, testing};
///
/// testing::answer(Ok(Answer::new(200, Vec::new(), "hello")));
/// assert_eq!(Request::get("https://a.example/").send()?.text(), "hello");
/// assert_eq!(testing::sent(), [Request::get("https://a.example/")]);
/// # Ok::<_, looplet_guest::Failure>(())
/// ```
pub fn answer(answer: Result<Answer, Failure>) {
    QUEUE.with_borrow_mut(|queue| queue.answers.push_back(answer));
}

/// The requests of this thread since the last time.
pub fn sent() -> Vec<Request> {
    QUEUE.with_borrow_mut(|queue| std::mem::take(&mut queue.sent))
}
