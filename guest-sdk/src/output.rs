//! What a tool answers when it succeeds: content, attachments, warnings.
//!
//! Separate from the contract's record so that it can be built step by step.

use serde::Serialize;

use crate::contract;
use crate::failure::Failure;

/// A whole answer. A tool that has only text or only data answers that itself, without this type.
///
/// ```
/// use looplet_guest::{Attachment, Output};
///
/// let plot = vec![0x89, b'P', b'N', b'G'];
/// let output = Output::text("a plot of 3 points")
///     .attach(Attachment::new("image/png", plot).named("plot.png"))
///     .warn("2 points had no value");
/// assert_eq!(output.warnings(), ["2 points had no value"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    content: Content,
    attachments: Vec<Attachment>,
    warnings: Vec<String>,
}

/// The result proper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Shown to the model as it is.
    Text(String),
    /// JSON text.
    Json(String),
}

/// Text for the model as it is: for a type alias or a field where a `String` would say too little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

/// Bytes that go beside the content, for example an image for the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    media_type: String,
    name: Option<String>,
    bytes: Vec<u8>,
}

impl Output {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Content::Text(text.into()))
    }

    /// Data. A value that has no form in JSON, such as a map whose keys are lists, is a failure
    /// `execution`.
    pub fn json(value: &(impl Serialize + ?Sized)) -> Result<Self, Failure> {
        match serde_json::to_string(value) {
            Ok(text) => Ok(Self::new(Content::Json(text))),
            Err(error) => Err(Failure::execution(format!("the answer has no form in JSON: {error}"))),
        }
    }

    fn new(content: Content) -> Self {
        Self { content, attachments: Vec::new(), warnings: Vec::new() }
    }

    /// Puts bytes beside the content.
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Adds a remark for the model that is not part of the result, one sentence.
    pub fn warn(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// The result proper.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What goes beside the content.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// The remarks.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Attachment {
    /// Bytes of a media type such as `image/png`.
    pub fn new(media_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { media_type: media_type.into(), name: None, bytes: bytes.into() }
    }

    /// Gives it a name to show, such as `plot.png`. It is never used as a path.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl From<String> for Output {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Text> for Output {
    fn from(Text(text): Text) -> Self {
        Self::text(text)
    }
}

impl From<Output> for contract::ToolOutput {
    fn from(output: Output) -> Self {
        Self {
            content: match output.content {
                Content::Text(text) => contract::Content::Text(text),
                Content::Json(text) => contract::Content::Json(text),
            },
            attachments: output.attachments.into_iter().map(contract::Attachment::from).collect(),
            warnings: output.warnings,
        }
    }
}

impl From<Attachment> for contract::Attachment {
    fn from(attachment: Attachment) -> Self {
        let Attachment { media_type, name, bytes } = attachment;
        Self { media_type, name, bytes }
    }
}
