//! The message history of a run: appended to, never rewritten.
//!
//! Holds, for each wire that was used, the messages as they are sent. A turn adds the bytes of what is
//! new; what was written before is neither written nor digested again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::wire::Wire;
use crate::digest::{Digest, Digester};
use crate::message::Message;

/// The messages of a run, oldest first.
///
/// ```
/// use looplet_host::message::Message;
/// use looplet_host::model::Transcript;
/// let mut transcript = Transcript::default();
/// transcript.push(Message::User { text: "hello".into() });
/// assert_eq!(transcript.messages().len(), 1);
/// ```
#[derive(Debug, Default)]
pub struct Transcript {
    messages: Vec<Message>,
    answers: usize,
    written: Mutex<Vec<Written>>,
}

/// The history in the form of one wire.
#[derive(Debug)]
struct Written {
    wire: &'static str,
    /// How many messages `bytes` holds.
    messages: usize,
    /// Each message with a comma before it.
    bytes: Vec<u8>,
    /// The head that `digester` began with.
    head: Vec<u8>,
    digester: Digester,
    /// How many of `bytes` are in `digester`, or were left out of it as the first comma.
    digested: usize,
}

impl Transcript {
    /// Appends a message.
    pub fn push(&mut self, message: Message) {
        if matches!(message, Message::Assistant { .. }) {
            self.answers += 1;
        }
        self.messages.push(message);
    }

    /// All messages, oldest first.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// How many of them came from the model.
    pub fn answers(&self) -> usize {
        self.answers
    }

    /// Head, messages and tail in one piece.
    pub(super) fn bytes(&self, wire: &dyn Wire, head: &[u8]) -> Vec<u8> {
        let mut all = self.lock();
        let written = Written::up_to_date(&mut all, wire, &self.messages);
        let messages = &written.bytes[written.first_byte(head)..];
        [head, messages, wire.tail()].concat()
    }

    /// The digest of [`Transcript::bytes`], at the cost of what is new.
    pub(super) fn digest(&self, wire: &dyn Wire, head: &[u8]) -> Digest {
        let mut all = self.lock();
        let written = Written::up_to_date(&mut all, wire, &self.messages);
        let mut digester = written.digest_up_to_date(head).clone();
        digester.update(wire.tail());
        digester.finish()
    }

    /// Length of [`Transcript::bytes`].
    pub(super) fn size(&self, wire: &dyn Wire, head: &[u8]) -> usize {
        let mut all = self.lock();
        let written = Written::up_to_date(&mut all, wire, &self.messages);
        head.len() + written.bytes.len() - written.first_byte(head) + wire.tail().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Written>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    fn new(wire: &dyn Wire) -> Self {
        Self {
            wire: wire.id(),
            messages: 0,
            bytes: Vec::new(),
            head: Vec::new(),
            digester: Digester::default(),
            digested: 0,
        }
    }

    /// The entry of a wire, with all messages in it.
    fn up_to_date<'w>(all: &'w mut Vec<Self>, wire: &dyn Wire, messages: &[Message]) -> &'w mut Self {
        let index = all.iter().position(|written| written.wire == wire.id()).unwrap_or(all.len());
        if index == all.len() {
            all.push(Self::new(wire));
        }
        let written = &mut all[index];
        for message in &messages[written.messages..] {
            written.bytes.push(b',');
            wire.message(message, &mut written.bytes);
        }
        written.messages = messages.len();
        written
    }

    /// Where the messages begin after this head: at the first comma only if something stands before it.
    fn first_byte(&self, head: &[u8]) -> usize {
        usize::from(head.ends_with(b"[") && !self.bytes.is_empty())
    }

    /// The digester with the head and all messages in it.
    fn digest_up_to_date(&mut self, head: &[u8]) -> &Digester {
        if self.head != head {
            self.head = head.to_vec();
            self.digester = Digester::default();
            self.digester.update(head);
            self.digested = 0;
        }
        let from = self.digested.max(self.first_byte(head));
        self.digester.update(&self.bytes[from..]);
        self.digested = self.bytes.len();
        &self.digester
    }
}

/// The copy writes its messages anew at its first use.
impl Clone for Transcript {
    fn clone(&self) -> Self {
        Self { messages: self.messages.clone(), answers: self.answers, written: Mutex::default() }
    }
}

impl Extend<Message> for Transcript {
    fn extend<I: IntoIterator<Item = Message>>(&mut self, messages: I) {
        messages.into_iter().for_each(|message| self.push(message));
    }
}

impl FromIterator<Message> for Transcript {
    fn from_iter<I: IntoIterator<Item = Message>>(messages: I) -> Self {
        let mut transcript = Self::default();
        transcript.extend(messages);
        transcript
    }
}
