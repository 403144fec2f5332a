//! One request to a model: a view of the setup and the history in the form of the model's wire.

use bytes::Bytes;

use super::Model;
use super::setup::RequestSetup;
use super::transcript::Transcript;
use super::wire::Wire;
use crate::digest::Digest;
use crate::message::Message;

/// What a model is asked. Making one costs nothing; it borrows the history.
#[derive(Clone, Copy)]
pub struct ModelRequest<'a> {
    wire: &'a dyn Wire,
    setup: &'a RequestSetup,
    transcript: &'a Transcript,
}

impl<'a> ModelRequest<'a> {
    /// The request that this model would send.
    pub fn new<M: Model + ?Sized>(model: &'a M, setup: &'a RequestSetup, transcript: &'a Transcript) -> Self {
        Self::for_wire(model.wire(), setup, transcript)
    }

    /// The request in the form of a wire; for rebuilding what was sent, without a model.
    pub fn for_wire(wire: &'a dyn Wire, setup: &'a RequestSetup, transcript: &'a Transcript) -> Self {
        Self { wire, setup, transcript }
    }

    /// System text, tools and parameters.
    pub fn setup(&self) -> &'a RequestSetup {
        self.setup
    }

    /// The history, oldest message first.
    pub fn messages(&self) -> &'a [Message] {
        self.transcript.messages()
    }

    /// How many answers of the model the history holds.
    pub fn answers(&self) -> usize {
        self.transcript.answers()
    }

    /// The body, byte for byte as it is sent. Copies the history once; writes only what is new in it.
    pub fn bytes(&self) -> Bytes {
        self.transcript.bytes(self.wire, &self.head()).into()
    }

    /// The digest of [`ModelRequest::bytes`], at the cost of what is new in the history.
    pub fn digest(&self) -> Digest {
        self.transcript.digest(self.wire, &self.head())
    }

    /// A guess at the size in tokens: a quarter of the bytes, rounded up.
    pub fn estimated_tokens(&self) -> u64 {
        (self.transcript.size(self.wire, &self.head()) as u64).div_ceil(4)
    }

    fn head(&self) -> Vec<u8> {
        let tools = self.setup.written_tools(self.wire);
        let mut head = Vec::new();
        self.wire.head(self.setup, &tools, &mut head);
        head
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::super::setup::ToolDeclaration;
    use super::super::wire::PlainWire;
    use super::*;
    use crate::canonical::CanonicalJson;
    use crate::message::ProposedCall;

    /// The plain wire, counting what it writes.
    #[derive(Default)]
    struct Counting {
        tools: AtomicUsize,
        messages: AtomicUsize,
    }

    impl Wire for Counting {
        fn id(&self) -> &'static str {
            "counting"
        }

        fn head(&self, setup: &RequestSetup, tools: &[u8], out: &mut Vec<u8>) {
            PlainWire.head(setup, tools, out);
        }

        fn tool(&self, tool: &ToolDeclaration, out: &mut Vec<u8>) {
            self.tools.fetch_add(1, Ordering::Relaxed);
            PlainWire.tool(tool, out);
        }

        fn message(&self, message: &Message, out: &mut Vec<u8>) {
            self.messages.fetch_add(1, Ordering::Relaxed);
            PlainWire.message(message, out);
        }
    }

    fn setup() -> RequestSetup {
        RequestSetup::new().with_tools(vec![ToolDeclaration {
            name: "greet".into(),
            description: "Greet.".into(),
            input_schema: CanonicalJson::empty_object(),
        }])
    }

    fn user(text: &str) -> Message {
        Message::User { text: text.into() }
    }

    #[test]
    fn a_message_is_written_once_however_often_the_request_is_built() {
        let wire = Counting::default();
        let setup = setup();
        let mut transcript = Transcript::default();
        for turn in 0..500 {
            transcript.push(user(&format!("word {turn}")));
            let request = ModelRequest::for_wire(&wire, &setup, &transcript);
            let (digest, bytes) = (request.digest(), request.bytes());
            assert_eq!(Digest::of(&bytes), digest);
            assert_eq!(request.bytes(), bytes);
        }
        assert_eq!(wire.messages.load(Ordering::Relaxed), 500);
        assert_eq!(wire.tools.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn appending_leaves_all_bytes_before_it_as_they_were() {
        let setup = setup().with_system("be brief");
        let mut transcript: Transcript = [user("one")].into_iter().collect();
        let before = ModelRequest::for_wire(&PlainWire, &setup, &transcript).bytes();
        transcript.push(user("two"));
        let after = ModelRequest::for_wire(&PlainWire, &setup, &transcript).bytes();
        let kept = before.len() - PlainWire.tail().len();
        assert_eq!(before[..kept], after[..kept]);
        assert_eq!(after[kept..], *br#",{"role":"user","text":"two"}]}"#);
    }

    #[test]
    fn the_plain_form_holds_all_that_shapes_the_answer() {
        let setup = setup().with_system("be brief").with_temperature(0.5).with_max_output_tokens(9);
        let transcript: Transcript = [user("hi")].into_iter().collect();
        let bytes = ModelRequest::for_wire(&PlainWire, &setup, &transcript).bytes();
        assert_eq!(
            String::from_utf8(bytes.to_vec()).expect("is text"),
            concat!(
                r#"{"temperature":0.5,"max_output_tokens":9,"#,
                r#""tools":[{"name":"greet","description":"Greet.","input_schema":{}}],"#,
                r#""messages":[{"role":"system","text":"be brief"},{"role":"user","text":"hi"}]}"#
            )
        );
    }

    fn any_message() -> impl Strategy<Value = Message> {
        prop_oneof![
            ".*".prop_map(|text| Message::User { text }),
            (".*", ".*").prop_map(|(text, arguments)| Message::Assistant {
                text,
                calls: vec![ProposedCall::new("1", "greet", arguments)],
            }),
            ".*".prop_map(|text| Message::Tool { call_id: "1".into(), name: "greet".into(), text, failed: false }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        /// Grown message by message, asked for bytes or digest at any point, under changing heads: the
        /// request is the same as one that is built from nothing.
        #[test]
        fn a_grown_request_equals_one_built_anew(
            turns in prop::collection::vec((any_message(), any::<bool>(), any::<bool>()), 0..12)
        ) {
            let setups = [setup(), setup().with_system("be brief")];
            let mut grown = Transcript::default();
            for (message, ask, other) in turns {
                grown.push(message);
                let setup = &setups[usize::from(other)];
                let request = ModelRequest::for_wire(&PlainWire, setup, &grown);
                if ask {
                    let anew = grown.clone();
                    let anew = ModelRequest::for_wire(&PlainWire, setup, &anew).bytes();
                    prop_assert_eq!(request.digest(), Digest::of(&anew));
                    prop_assert_eq!(request.estimated_tokens(), (anew.len() as u64).div_ceil(4));
                    prop_assert_eq!(request.bytes(), &anew);
                    prop_assert!(serde_json::from_slice::<serde_json::Value>(&anew).is_ok());
                }
            }
        }
    }
}
