//! What a conversation needs of a terminal, so that it can be tested without one.

/// The terminal has gone, or the question was taken back: nobody hears an answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// What a person typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text(String),
    /// The end of input.
    End,
}

/// How much fits, in characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

pub(super) trait Screen {
    fn size(&self) -> Size;

    /// Writes text as it is: whoever calls has made it inert.
    fn say(&mut self, text: &str) -> Result<(), Gone>;

    /// Drops what was typed before, writes the prompt and reads a line.
    fn ask(&mut self, prompt: &str) -> Result<Line, Gone>;

    /// Lets the person edit a text; the inner error says why that could not be done.
    fn edit(&mut self, text: &str) -> Result<Result<String, String>, Gone>;
}
