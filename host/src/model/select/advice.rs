//! What to tell a person who has no model yet.

use crate::error::Error;

/// No model is named anywhere and no Ollama answers.
pub fn nothing_set_up() -> Error {
    Error::usage("no model is set up").hint(WAYS)
}

/// Only Anthropic is set up.
pub(super) fn only_anthropic() -> Error {
    Error::usage("a model of Anthropic is set up, which this version cannot speak to yet").hint(WAYS)
}

const WAYS: &str = "one of these sets one up:
  OpenAI-compatible  export OPENAI_API_KEY=… OPENAI_MODEL=…  (another server: OPENAI_BASE_URL=…)
  Anthropic          known, not yet supported by this version
  Ollama             ollama serve; ollama pull qwen3:8b
  without a network  --model scripted:FILE
`looplet-host doctor` tests what is set up";
