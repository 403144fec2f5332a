//! Every order of precedence, and the whole text of every refusal.

use super::*;
use crate::error::Exit;
use crate::model::ollama::Installed;

fn with_environment(variables: &[(&str, &str)]) -> Wishes<'static> {
    let environment = variables.iter().copied().collect();
    Wishes { environment, ..Wishes::default() }
}

fn keyed() -> Wishes<'static> {
    with_environment(&[("OPENAI_API_KEY", "sk-secret"), ("OPENAI_MODEL", "gpt-env")])
}

fn header(wishes: &Wishes<'_>) -> String {
    select(wishes).expect("selects").expect("something is named").header()
}

fn refusal(wishes: &Wishes<'_>) -> String {
    let error = select(wishes).expect_err("is refused");
    assert_eq!(error.exit(), Exit::Usage);
    error.report()
}

#[test]
fn the_flag_wins_over_files_and_files_over_the_environment() {
    let mut wishes = keyed();
    assert_eq!(header(&wishes), "model openai:gpt-env at api.openai.com (OPENAI_MODEL)");
    wishes.user = Some(("openai:gpt-user", Origin::line("user/looplet.toml", 3)));
    assert_eq!(header(&wishes), "model openai:gpt-user at api.openai.com (user/looplet.toml:3)");
    wishes.project = Some(("openai:gpt-project", Origin::line("looplet.toml", 9)));
    assert_eq!(header(&wishes), "model openai:gpt-project at api.openai.com (looplet.toml:9)");
    wishes.flag = Some("scripted:a:b.jsonl");
    assert_eq!(header(&wishes), "model scripted:a:b.jsonl (--model)");
}

#[test]
fn the_name_is_what_follows_the_first_colon() {
    let wishes = Wishes { flag: Some("ollama:qwen3:8b"), ..Wishes::default() };
    let selection = select(&wishes).expect("selects").expect("is named");
    assert_eq!((selection.provider, selection.name.as_str()), (Provider::Ollama, "qwen3:8b"));
    assert!(!selection.needs_consent);
    assert_eq!(selection.header(), "model ollama:qwen3:8b at 127.0.0.1:11434 (--model)");
}

#[test]
fn the_operators_base_url_wins_over_that_of_the_environment() {
    let url = ("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1");
    let mut wishes = with_environment(&[url, ("OPENAI_MODEL", "mock"), ("OPENAI_API_KEY", " ")]);
    assert_eq!(header(&wishes), "model openai:mock at 127.0.0.1:8080 (OPENAI_MODEL)");
    let settings = ProviderSettings {
        base_url: Some(("https://gateway.example/v1".into(), Origin::line("user/looplet.toml", 5))),
        context_tokens: Some(64_000),
        cap_field: None,
    };
    wishes.providers = BTreeMap::from([("openai".to_owned(), settings)]);
    assert_eq!(header(&wishes), "model openai:mock at gateway.example (window 64000, OPENAI_MODEL)");
}

#[test]
fn nothing_named_is_neither_a_model_nor_an_error() {
    assert_eq!(select(&Wishes::default()).expect("no error"), None);
}

#[test]
fn who_has_nothing_is_told_every_way() {
    let error = nothing_set_up();
    assert_eq!(error.exit(), Exit::Usage);
    assert_eq!(
        error.report(),
        "error: no model is set up
hint: one of these sets one up:
  OpenAI-compatible  export OPENAI_API_KEY=… OPENAI_MODEL=…  (another server: OPENAI_BASE_URL=…)
  Anthropic          known, not yet supported by this version
  Ollama             ollama serve; ollama pull qwen3:8b
  without a network  --model scripted:FILE
`looplet-host doctor` tests what is set up"
    );
}

#[test]
fn what_is_half_set_up_is_refused_with_the_line_to_add() {
    assert_eq!(
        refusal(&with_environment(&[("OPENAI_API_KEY", "sk-secret")])),
        "error: `OPENAI_API_KEY` is set, but no model is named\n\
         hint: add `export OPENAI_MODEL=NAME`, or `--model openai:NAME`"
    );
    assert_eq!(
        refusal(&with_environment(&[("OPENAI_MODEL", "gpt")])),
        "error: model `openai:gpt` needs a key\n\
         hint: add `export OPENAI_API_KEY=…`, or `export OPENAI_BASE_URL=…` for a server without one"
    );
    assert_eq!(
        refusal(&with_environment(&[("OPENAI_MODEL", "gpt"), ("OPENAI_API_KEY", "two words")])),
        "error: `OPENAI_API_KEY` holds characters that no key has\n\
         hint: look for blanks, line ends and quotes in it"
    );
    assert_eq!(
        refusal(&with_environment(&[("OPENAI_MODEL", "gpt"), ("OPENAI_BASE_URL", "sk-secret")])),
        "error: the base URL `OPENAI_BASE_URL` is no URL\nhint: write it like `https://api.example/v1`"
    );
    assert!(
        refusal(&with_environment(&[("ANTHROPIC_API_KEY", "k")]))
            .starts_with("error: a model of Anthropic is set up, which this version cannot speak to yet\n")
    );
}

#[test]
fn names_that_say_too_little_are_refused_with_the_place() {
    let flag = |text| refusal(&Wishes { flag: Some(text), ..Wishes::default() });
    assert_eq!(
        flag("gpt-5.5"),
        "error: --model: model `gpt-5.5` names no provider\nhint: write `openai:gpt-5.5` or `ollama:gpt-5.5`"
    );
    assert_eq!(
        flag("qwen3:8b"),
        "error: --model: model `qwen3:8b`: no provider `qwen3`\n\
         hint: there are `openai`, `ollama` and `scripted`; a model with a tag is `ollama:qwen3:8b`"
    );
    assert_eq!(
        flag("openai:"),
        "error: --model: model `openai:` has no name after the colon\nhint: write `provider:name`"
    );
    let project = Some(("anthropic:claude", Origin::line("looplet.toml", 2)));
    assert_eq!(
        refusal(&Wishes { project, ..keyed() }),
        "error: looplet.toml:2: model `anthropic:claude`: this version cannot speak to Anthropic yet\n\
         hint: use an OpenAI-compatible server or Ollama"
    );
}

#[test]
fn no_output_holds_the_key() {
    let wishes = keyed();
    let selection = select(&wishes).expect("selects");
    assert!(!format!("{wishes:?} {selection:?}").contains("sk-secret"));
}

fn installed(name: &str, tools: bool, context_tokens: Option<u32>) -> Installed {
    Installed { name: name.into(), tools, context_tokens }
}

#[test]
fn the_only_model_with_tools_is_chosen_and_needs_consent() {
    let models = [installed("llama2:7b", false, None), installed("qwen3:8b", true, Some(40_960))];
    let selection = Selection::from_installed(&Wishes::default(), &models).expect("one is chosen");
    assert!(selection.needs_consent);
    assert_eq!(
        selection.header(),
        "model ollama:qwen3:8b at 127.0.0.1:11434 \
         (window 32768, tools yes, the only installed model that can call tools)"
    );
}

#[test]
fn of_several_or_no_models_with_tools_none_is_chosen() {
    let choose =
        |models: &[Installed]| Selection::from_installed(&Wishes::default(), models).expect_err("is refused").report();
    assert_eq!(
        choose(&[installed("a", true, None), installed("b", true, None)]),
        "error: Ollama at 127.0.0.1:11434 has several models that can call tools\n\
         hint: name one of them:\n  --model ollama:a\n  --model ollama:b"
    );
    assert_eq!(
        choose(&[installed("a", false, None)]),
        "error: Ollama at 127.0.0.1:11434 has no model that can call tools\n\
         hint: installed: `a`; `ollama pull qwen3:8b` installs one that can"
    );
    assert_eq!(
        choose(&[]),
        "error: Ollama at 127.0.0.1:11434 has no model that can call tools\n\
         hint: nothing is installed; `ollama pull qwen3:8b` installs one that can"
    );
}

#[test]
fn a_named_model_is_checked_against_what_is_installed() {
    let models = [installed("llama2:latest", false, None), installed("small:latest", true, Some(8192))];
    let check = |name: &'static str| {
        let wishes = Wishes { flag: Some(name), ..Wishes::default() };
        let selection = select(&wishes).expect("selects").expect("is named");
        selection.checked(&wishes, &models).map(|selection| selection.header()).map_err(|error| error.report())
    };
    assert_eq!(
        check("ollama:small"),
        Ok("model ollama:small at 127.0.0.1:11434 (window 8192, tools yes, --model)".into())
    );
    assert_eq!(
        check("ollama:llama2"),
        Err("error: model `llama2` of Ollama cannot call tools\n\
             hint: `--model ollama:small:latest` is installed and can"
            .into())
    );
    assert_eq!(
        check("ollama:qwen3:8b"),
        Err("error: Ollama at 127.0.0.1:11434 has no model `qwen3:8b`\n\
             hint: installed: `llama2:latest`, `small:latest`; `ollama pull qwen3:8b` installs it"
            .into())
    );
    assert_eq!(check("scripted:x"), Ok("model scripted:x (--model)".into()));
}

#[test]
fn an_ollama_that_is_not_on_this_machine_is_said_to_be_elsewhere() {
    let mut wishes = with_environment(&[("OLLAMA_HOST", "10.0.0.5")]);
    wishes.flag = Some("ollama:qwen3:8b");
    assert_eq!(header(&wishes), "model ollama:qwen3:8b at 10.0.0.5:11434, which is not this machine (--model)");
    let settings = ProviderSettings {
        base_url: Some(("http://localhost:1234".into(), Origin::line("user/looplet.toml", 2))),
        ..ProviderSettings::default()
    };
    wishes.providers.insert("ollama".into(), settings);
    assert_eq!(header(&wishes), "model ollama:qwen3:8b at localhost:1234 (--model)", "the file is stronger");
}
