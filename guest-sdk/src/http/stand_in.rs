//! In place of the network in native tests.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::{Answer, Request};
use crate::Failure;

#[derive(Default)]
pub(super) struct Queue {
    pub(super) answers: VecDeque<Result<Answer, Failure>>,
    pub(super) sent: Vec<Request>,
}

thread_local! {
    pub(super) static QUEUE: RefCell<Queue> = RefCell::default();
}

pub(super) fn send(request: &Request) -> Result<Answer, Failure> {
    QUEUE.with_borrow_mut(|queue| {
        queue.sent.push(request.clone());
        let none = || Err(Failure::network("there is no network in native tests").hint("`http::testing::answer`"));
        queue.answers.pop_front().unwrap_or_else(none)
    })
}
