//! The one table of keys: name, type, who may set it, whether it works yet, default, one sentence.
//!
//! Checking a file, the JSON Schema, the reference, the refusal of what is not built yet and the rules
//! of trust all read this table. **Enabling a feature is changing [`Support::Later`] to
//! [`Support::Now`] in its rows.** In a path `*` stands for names that the operator chooses and `[]`
//! for the items of a list of tables.

/// One key of the configuration file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Where it stands, as in `mounts.*.mode`.
    pub path: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Who may set it.
    pub who: Who,
    /// Whether this version can do it.
    pub support: Support,
    /// What holds without it, in words or as TOML.
    pub default: &'static str,
    /// One sentence for the reference.
    pub doc: &'static str,
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A table of keys that stand in this table too.
    Table,
    /// A list of such tables.
    Tables,
    /// A text.
    Text,
    /// A text, or `{ file = "…" }`.
    TextOrFile,
    /// A list of texts.
    Texts,
    /// A text or a list of texts.
    TextOrTexts,
    /// A whole number from 0.
    Whole,
    /// A number.
    Number,
    /// True or false.
    Bool,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A table that is read elsewhere: matchers, or settings with a schema of their own.
    Open,
    /// A list of such tables.
    Opens,
}

/// Who may set a key: its origin class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The operator alone: flags, `--policy`, the user's file. In a project file it is an error, however trusted.
    Operator,
    /// Also a project file whose content a person has trusted, within the ceiling.
    TrustedProject,
    /// Also a project file that nobody has trusted, as far as it narrows.
    AnyoneNarrowing,
}

/// Whether this version can do what a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It can.
    Now,
    /// It cannot; the name of the feature.
    Later(&'static str),
    /// It can, but for one value; the value and the name of the feature.
    NowBut(&'static str, &'static str),
}

use Kind::{Bool, Number, OneOf, Open, Opens, Table, Tables, Text, TextOrFile, TextOrTexts, Texts, Whole};
use Support::{Later, Now};
use Who::{AnyoneNarrowing as Anyone, Operator, TrustedProject as Trusted};

const MODES: Kind = OneOf(&["ro", "rw"]);
const PROGRAMS: Support = Later("programs");
const MODELS: Support = Later("several models");

const fn key(
    path: &'static str,
    kind: Kind,
    who: Who,
    support: Support,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { path, kind, who, support, default, doc }
}

/// All keys. A table stands before its members.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("format", Whole, Anyone, Now, "1", "The version of this file's format."),

    key("agent", Table, Trusted, Now, "", "What the agent is told."),
    key("agent.system", TextOrFile, Trusted, Now, "none", "The system prompt, or the file that holds it."),
    key("agent.context", Texts, Trusted, Now, "[]", "Files that are shown to the model as data."),
    key("agent.done", Table, Trusted, Now, "", "How a run has to end."),
    key("agent.done.required", Bool, Trusted, Now, "false", "A run that ends without `done` exits 1."),
    key("agent.done.schema", TextOrFile, Trusted, Now, "none", "The JSON Schema of what `done` is given: its text, or the file that holds it."),

    key("model", Table, Trusted, Now, "", "The model."),
    key("model.use", Text, Trusted, Now, "none", "Which one, as `provider:name`."),
    key("model.temperature", Number, Trusted, Now, "the provider's", "Sampling temperature."),
    key("model.max_output_tokens", Whole, Trusted, Now, "the provider's", "At most so many tokens an answer."),
    key("model.fallback", Texts, Trusted, MODELS, "[]", "Models to try when the first one fails."),
    key("model.summarise", Text, Trusted, MODELS, "none", "The model that shortens long conversations."),

    key("providers", Table, Trusted, Now, "", "Where models are, by provider."),
    key("providers.*", Table, Trusted, Now, "", "One provider: `openai`, `anthropic`, `ollama`."),
    key("providers.*.base_url", Text, Operator, Now, "the provider's", "Where requests go."),
    key("providers.*.context_tokens", Whole, Trusted, Now, "the model's", "The size of the context window; sent to servers that take it."),
    key("providers.*.prices", Table, Operator, Now, "", "What its models cost; nothing is known of prices without it."),
    key("providers.*.prices.*", Table, Operator, Now, "", "One model, by its name without the provider: US dollars for a million tokens."),
    key("providers.*.prices.*.input", Number, Operator, Now, "0", "Tokens of requests."),
    key("providers.*.prices.*.cached", Number, Operator, Now, "that of input", "Tokens of requests that the provider had in its cache."),
    key("providers.*.prices.*.output", Number, Operator, Now, "0", "Tokens of answers."),
    key("providers.*.headers", Open, Operator, Later("headers of providers"), "{}", "Headers added to every request."),

    key("budget", Table, Anyone, Now, "", "What one run may spend; each has its own stop reason."),
    key("budget.steps", Whole, Anyone, Now, "none", "Tool calls that count."),
    key("budget.turns", Whole, Anyone, Now, "none", "Model requests."),
    key("budget.tokens", Whole, Anyone, Now, "none", "Tokens, in and out."),
    key("budget.active_s", Whole, Anyone, Now, "none", "Seconds; stands still while a person is asked."),
    key("budget.egress_kib", Whole, Anyone, Now, "none", "KiB that requests of tools and hooks may carry out: addresses, headers and bodies."),
    key("budget.failures_in_a_row", Whole, Anyone, Now, "none", "Calls that fail one after the other."),
    key("budget.calls", Table, Anyone, Now, "", "Calls by tool pattern."),
    key("budget.calls.*", Whole, Anyone, Now, "none", "Calls of the tools that the name matches, as `http/fetch`."),
    key("budget.money_usd", Number, Anyone, Now, "none", "US dollars, by `providers.*.prices`; a model without a price refuses to start."),

    key("mounts", Table, Anyone, Now, "", "Directories that tools may be given, by name."),
    key("mounts.*", Table, Anyone, Now, "", "One directory; tools find it at `/NAME`, `workspace` also at `.`."),
    key("mounts.*.path", Text, Trusted, Now, "", "The directory, relative to this file."),
    key("mounts.*.mode", MODES, Anyone, Now, "ro", "How far it may be used at most."),
    key("mounts.*.hide", Texts, Anyone, Now, "[]", "What is not there for any tool; `!` in front lifts a shipped pattern."),
    key("mounts.*.read_only", Texts, Anyone, Now, "[]", "What no tool can change; `!` in front lifts a shipped pattern."),
    key("mounts.*.quota_mib", Whole, Anyone, Now, "none", "MiB that a run may write."),

    key("secrets", Table, Operator, Now, "", "Values that the host adds to requests and no plugin sees."),
    key("secrets.*", Table, Operator, Now, "", "One secret."),
    key("secrets.*.from", Table, Operator, Now, "", "Where it is taken from."),
    key("secrets.*.from.env", Text, Operator, Now, "none", "An environment variable."),
    key("secrets.*.from.file", Text, Operator, Now, "none", "A file."),
    key("secrets.*.from.command", Texts, Operator, Now, "none", "What a program prints, with its arguments; run when the host starts."),
    key("secrets.*.from.keyring", Table, Operator, Now, "", "The keyring of the person who is logged in; where the host is built with it."),
    key("secrets.*.from.keyring.service", Text, Operator, Now, "", "What it is for."),
    key("secrets.*.from.keyring.user", Text, Operator, Now, "", "Whose it is."),
    key("secrets.*.to", Text, Operator, Now, "", "The one origin that it is sent to."),
    key("secrets.*.header", Table, Operator, Now, "", "The header that carries it."),
    key("secrets.*.header.name", Text, Operator, Now, "authorization", "The name of the header."),
    key("secrets.*.header.value", Text, Operator, Now, "Bearer {}", "Its value; `{}` is the secret."),

    key("plugins", Table, Trusted, Now, "", "Plugins, by the name that rules and grants speak of."),
    key("plugins.*", Table, Trusted, Now, "", "One plugin."),
    key("plugins.*.from", Text, Trusted, Now, "", "`builtin`, `builtin:NAME` for one under another name, or a `.wasm` relative to this file."),
    key("plugins.*.digest", Text, Trusted, Now, "none", "The component must have this digest."),
    key("plugins.*.settings", Open, Trusted, Now, "{}", "Settings, checked against the plugin's own schema."),
    key("plugins.*.prefix", Text, Trusted, Now, "none", "Put before the names of its tools as the model sees them."),
    key("plugins.*.mounts", Table, Trusted, Now, "", "The plugin's words for mounts."),
    key("plugins.*.mounts.*", Text, Trusted, Now, "the same name", "The mount that the plugin's word stands for."),
    key("plugins.*.unmatched", OneOf(&["ask", "deny"]), Anyone, Now, "as `policy`", "What happens to its calls that no rule matches."),

    key("grants", Table, Trusted, Now, "", "What a plugin, or tools of it, may be given; the rest is not there."),
    key("grants.*", Table, Trusted, Now, "", "What the tools that the name matches may be given."),
    key("grants.*.fs", Table, Trusted, Now, "", "Mounts."),
    key("grants.*.fs.*", MODES, Trusted, Now, "none", "How far the mount of that name may be used."),
    key("grants.*.env", Texts, Trusted, Now, "[]", "Environment variables."),
    key("grants.*.limits", Table, Trusted, Now, "", "Limits of one call."),
    key("grants.*.limits.wall_ms", Whole, Trusted, Now, "10000", "Milliseconds."),
    key("grants.*.limits.memory_mib", Whole, Trusted, Now, "64", "MiB of memory."),
    key("grants.*.limits.url_bytes", Whole, Trusted, Now, "8192", "Bytes of a URL."),
    key("grants.*.limits.body_mib", Whole, Trusted, Now, "4", "MiB of bodies, each way, decoded."),
    key("grants.*.http", Texts, Trusted, Now, "[]", "Requests, as `METHOD scheme://host/path-glob`."),
    key("grants.*.addresses", Texts, Trusted, Now, "[]", "Networks that may be reached beside the public ones: `10.20.0.0/16`, or one address."),
    key("grants.*.public_addresses_only", Bool, Trusted, Now, "true", "Without it private networks and loopback may be reached; never link-local ones."),
    key("grants.*.secrets", Texts, Trusted, Now, "[]", "Secrets that are added to its requests."),
    key("grants.*.programs", Texts, Trusted, PROGRAMS, "[]", "Native programs with their arguments."),
    key("grants.*.sees_hidden", Bool, Trusted, PROGRAMS, "false", "Its programs see what masks hide."),
    key("grants.*.unsandboxed", Bool, Operator, PROGRAMS, "false", "Its programs run without a sandbox."),

    key("policy", Table, Anyone, Now, "", "What holds where rules are silent."),
    key("policy.unmatched", OneOf(&["ask", "deny"]), Anyone, Now, "deny", "What happens to a call that no rule matches."),
    key("policy.on_ask", OneOf(&["person", "deny", "park"]), Anyone, Now, "person", "Who answers an ask."),

    key("rules", Tables, Anyone, Now, "", "Rules; of all that match the strictest wins."),
    key("rules[].tool", TextOrTexts, Anyone, Now, "any tool", "Patterns `plugin/tool`; without `/` all tools of a plugin."),
    key("rules[].effects", OneOf(&["none"]), Anyone, Now, "any", "Only calls that change nothing, as the host finds."),
    key("rules[].when", Open, Anyone, Now, "{}", "What arguments have to be."),
    key("rules[].path", Open, Anyone, Now, "none", "Where an argument has to lead: `{ arg, mount, glob }`."),
    key("rules[].url", Open, Anyone, Now, "none", "What an argument has to address: `{ arg, pattern }`."),
    key("rules[].unless", Tables, Anyone, Now, "[]", "The rule does not match where one of these does."),
    key("rules[].unless[].when", Open, Anyone, Now, "{}", "What arguments have to be."),
    key("rules[].unless[].path", Open, Anyone, Now, "none", "Where an argument has to lead."),
    key("rules[].unless[].url", Open, Anyone, Now, "none", "What an argument has to address."),
    key("rules[].after", Table, Anyone, Now, "", "What the run must have done before."),
    key("rules[].after.tool", TextOrTexts, Anyone, Now, "any time", "A call of one of these tools."),
    key("rules[].decision", OneOf(&["allow", "ask", "deny"]), Anyone, Now, "", "What the rule decides."),
    key("rules[].reason", Text, Anyone, Now, "none", "Why; the model is told too."),
    key("rules[].narrow", Open, Anyone, Now, "none", "What is left of mounts and requests: `{ fs = { workspace = [\"{/path}\"] }, http = \"{/url}\" }`."),
    key("rules[].match", Opens, Anyone, Now, "[]", "Arguments that the rule must match."),
    key("rules[].not_match", Opens, Anyone, Now, "[]", "Arguments that the rule must not match."),

    key("redact", Table, Trusted, Now, "", "What is kept out of runs: out of the journal, of requests, and of what hooks see."),
    key("redact.patterns", Texts, Trusted, Now, "[]", "Regular expressions; `[redacted]` stands where one matches."),

    key("hooks", Tables, Trusted, Now, "", "Hooks, in the order in which they are called."),
    key("hooks[].use", Text, Trusted, Now, "", "The component: `builtin:NAME` or a file."),
    key("hooks[].powers", Texts, Trusted, Now, "[\"observe\", \"gate\"]", "What it may do."),
    key("hooks[].settings", Open, Trusted, Now, "{}", "Its settings."),
    key("hooks[].grants", Table, Trusted, Now, "", "What it may be given."),
    key("hooks[].grants.fs", Table, Trusted, Now, "", "Mounts."),
    key("hooks[].grants.fs.*", MODES, Trusted, Now, "none", "How far the mount of that name may be used."),
    key("hooks[].grants.env", Texts, Trusted, Now, "[]", "Environment variables."),
    key("hooks[].grants.http", Texts, Trusted, Now, "[]", "Requests, as `METHOD scheme://host/path-glob`."),
    key("hooks[].grants.addresses", Texts, Trusted, Now, "[]", "Networks that may be reached beside the public ones."),
    key("hooks[].grants.public_addresses_only", Bool, Trusted, Now, "true", "Without it private networks and loopback may be reached; never link-local ones."),
    key("hooks[].grants.secrets", Texts, Trusted, Now, "[]", "Secrets that are added to its requests."),
    key("hooks[].limits", Table, Trusted, Now, "", "Limits of one point."),
    key("hooks[].limits.wall_ms", Whole, Trusted, Now, "50", "Milliseconds."),
    key("hooks[].limits.memory_mib", Whole, Trusted, Now, "16", "MiB of memory."),
    key("hooks[].limits.url_bytes", Whole, Trusted, Now, "8192", "Bytes of a URL."),
    key("hooks[].limits.body_mib", Whole, Trusted, Now, "4", "MiB of bodies, each way, decoded."),
    key("hooks[].on_fault", OneOf(&["deny", "stop"]), Trusted, Now, "deny", "What follows a fault."),

    key("run", Table, Trusted, Now, "", "How runs go."),
    key("run.unattended", Bool, Trusted, Now, "false", "Never waits on a terminal, prints JSON lines, wants a lock."),
    key("run.on_unknown", OneOf(&["stop", "skip", "retry"]), Trusted, Now, "stop", "What to do about a call whose outcome a crash hid."),
    key("run.denied_is_failure", Bool, Trusted, Now, "false", "A run with a denied call exits 3."),

    key("ceiling", Table, Operator, Now, "", "The most that a trusted project file may give. For the user's file."),
    key("ceiling.mode", MODES, Operator, Now, "rw", "The most that its mounts and grants may be used."),
    key("ceiling.allow", Texts, Operator, Now, "any tool", "The tools that its allow rules may speak of."),
    key("ceiling.env", Texts, Operator, Now, "any", "The environment variables that its grants may name."),
    key("ceiling.secrets", Texts, Operator, Now, "any", "The secrets that its grants may name."),
    key("ceiling.http", Texts, Operator, Now, "any", "The requests that its grants may name."),
    key("ceiling.addresses", Texts, Operator, Now, "any", "The networks that its grants may name; `[]` for public addresses alone."),
    key("ceiling.wall_ms", Whole, Operator, Now, "none", "The most that its limits may say."),
    key("ceiling.memory_mib", Whole, Operator, Now, "none", "The most that its limits may say."),
    key("ceiling.url_bytes", Whole, Operator, Now, "none", "The most that its limits may say."),
    key("ceiling.body_mib", Whole, Operator, Now, "none", "The most that its limits may say."),
    key("ceiling.budget", Table, Operator, Now, "", "The most that its budgets may say."),
    key("ceiling.budget.steps", Whole, Operator, Now, "none", "Tool calls that count."),
    key("ceiling.budget.turns", Whole, Operator, Now, "none", "Model requests."),
    key("ceiling.budget.tokens", Whole, Operator, Now, "none", "Tokens, in and out."),
    key("ceiling.budget.active_s", Whole, Operator, Now, "none", "Seconds."),
    key("ceiling.budget.egress_kib", Whole, Operator, Now, "none", "KiB that requests may carry out."),
    key("ceiling.budget.money_usd", Number, Operator, Now, "none", "US dollars."),
];

impl Key {
    /// The path of the table that holds it: nothing at the top, `rules[]` for a list of tables.
    pub fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }

    /// The last part of its path, `*` for names that the operator chooses.
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// The path that its members have as parent.
    pub(super) fn as_parent(&self) -> String {
        match self.kind {
            Kind::Tables => format!("{}[]", self.path),
            _ => self.path.to_owned(),
        }
    }
}

/// The keys that a table may have.
pub fn members(parent: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.parent() == parent)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_has_a_sentence_a_parent_and_stands_once() {
        let mut seen = BTreeSet::new();
        for key in KEYS {
            assert!(key.doc.ends_with('.') && key.doc.len() < 100, "{} has no sentence", key.path);
            assert!(seen.insert(key.path), "{} stands twice", key.path);
            let parent = key.parent();
            let there =
                parent.is_empty() || KEYS.iter().any(|other| other.as_parent() == parent && seen.contains(other.path));
            assert!(there, "{} has no table before it", key.path);
        }
    }

    #[test]
    fn what_only_the_operator_sets_is_marked_so() {
        let operator: Vec<_> = KEYS
            .iter()
            .filter(|key| key.who == Operator && !key.path.starts_with("ceiling"))
            .map(|key| key.path)
            .collect();
        assert_eq!(
            operator,
            [
                "providers.*.base_url",
                "providers.*.prices",
                "providers.*.prices.*",
                "providers.*.prices.*.input",
                "providers.*.prices.*.cached",
                "providers.*.prices.*.output",
                "providers.*.headers",
                "secrets",
                "secrets.*",
                "secrets.*.from",
                "secrets.*.from.env",
                "secrets.*.from.file",
                "secrets.*.from.command",
                "secrets.*.from.keyring",
                "secrets.*.from.keyring.service",
                "secrets.*.from.keyring.user",
                "secrets.*.to",
                "secrets.*.header",
                "secrets.*.header.name",
                "secrets.*.header.value",
                "grants.*.unsandboxed"
            ]
        );
    }

    #[test]
    fn what_anyone_may_set_can_only_narrow() {
        let anyone: BTreeSet<_> =
            KEYS.iter().filter(|key| key.who == Anyone).filter_map(|key| key.path.split(['.', '[']).next()).collect();
        assert_eq!(
            anyone.into_iter().collect::<Vec<_>>(),
            ["budget", "format", "mounts", "plugins", "policy", "rules"]
        );
    }
}
