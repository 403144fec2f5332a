//! One configuration file, read and checked by itself, before it meets others.
//!
//! This type only mirrors what was written; [`Settings`](super::Settings) is what holds in the end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::document::{Node, SourceFile};
use super::hooks::HookSettings;
use super::name::{check_name, check_prefix};
use super::rules::{placed, read, tools};
use super::secrets::SecretSettings;
use super::sourced::Sourced;
use super::types::{
    Budget, Ceiling, Grant, GrantLimits, GrantTable, ModelSettings, OnAsk, OnUnknown, PluginSource, Provider,
    TextSource,
};
use super::walk::{SetKey, check};
use super::written::{WrittenMount, WrittenPlugin};
use crate::capability::http::AddressPolicy;
use crate::error::{Error, Result};
use crate::model::{Price, micro_usd};
use crate::need::FsMode;
use crate::origin::Origin;
use crate::permission::{HttpPattern, Rule, ToolPattern, Unmatched};
use crate::redaction::Redaction;

/// The version of the format that this host reads.
const FORMAT: u64 = 1;

/// One configuration file whose keys, types and rules are in order.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    pub(super) name: String,
    pub(super) keys: Vec<SetKey>,
    pub(super) system: Option<Sourced<TextSource>>,
    pub(super) context: Vec<Sourced<PathBuf>>,
    pub(super) done_required: Option<Sourced<bool>>,
    pub(super) done_schema: Option<Sourced<TextSource>>,
    pub(super) model: ModelSettings,
    pub(super) providers: BTreeMap<String, Provider>,
    pub(super) budget: Budget,
    pub(super) mounts: BTreeMap<String, WrittenMount>,
    pub(super) plugins: BTreeMap<String, WrittenPlugin>,
    pub(super) secrets: BTreeMap<String, SecretSettings>,
    pub(super) grants: Vec<Grant>,
    pub(super) unmatched: Option<Sourced<Unmatched>>,
    pub(super) on_ask: Option<Sourced<OnAsk>>,
    pub(super) rules: Vec<Rule>,
    pub(super) redact: Vec<Sourced<String>>,
    pub(super) hooks: Vec<HookSettings>,
    pub(super) unattended: Option<Sourced<bool>>,
    pub(super) on_unknown: Option<Sourced<OnUnknown>>,
    pub(super) denied_is_failure: Option<Sourced<bool>>,
    pub(super) ceiling: Ceiling,
}

impl ConfigFile {
    /// Reads a file: syntax, keys, types, patterns, rules and their examples.
    pub fn parse(file: &SourceFile) -> Result<Self> {
        let root = Node::parse(file)?;
        let keys = check(&root)?;
        check_format(&root)?;
        Reader { root: &root, dir: &file.dir }.read(&file.name, keys)
    }

    /// As people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The files that it names, in order: what trust in it must cover too.
    pub fn named_files(&self) -> Vec<PathBuf> {
        let texts = self.system.iter().chain(&self.done_schema).filter_map(|text| text.value.file());
        let plugins = self.plugins.values().filter_map(|plugin| plugin.source.as_ref()?.file());
        let context = self.context.iter().map(|path| path.value.as_path());
        let hooks = self.hooks.iter().filter_map(|hook| hook.source.file());
        let mut files: Vec<_> = texts.chain(context).chain(plugins).chain(hooks).map(Path::to_owned).collect();
        files.sort();
        files.dedup();
        files
    }

    /// What it asks for that this version cannot do, without the members of what is missing as a whole.
    pub fn unsupported(&self) -> Vec<Unsupported> {
        let mut found: Vec<Unsupported> = Vec::new();
        for set in &self.keys {
            let Some(feature) = set.missing else { continue };
            let inside =
                |outer: &Unsupported| set.path.strip_prefix(&outer.key).is_some_and(|rest| rest.starts_with('.'));
            if !found.iter().any(inside) {
                found.push(Unsupported { key: set.path.clone(), feature, origin: set.origin.clone() });
            }
        }
        found.sort_by(|a, b| a.origin.cmp(&b.origin));
        found
    }

    /// The first line that keeps something out of runs.
    pub fn redacts(&self) -> Option<Origin> {
        self.redact.first().map(|pattern| pattern.origin.clone())
    }

    pub(super) fn sets(&self, path: &str) -> bool {
        self.keys.iter().any(|set| set.key.path == path)
    }
}

/// A key whose feature does not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The key as it is written.
    pub key: String,
    /// The feature.
    pub feature: &'static str,
    /// Where it stands.
    pub origin: Origin,
}

fn check_format(root: &Node) -> Result<()> {
    match root.get("format") {
        Some(node) if node.whole() != Some(FORMAT) => {
            Err(Error::usage(format!("this host reads format {FORMAT} only"))
                .hint("use a newer looplet-host, or write the file anew")
                .at(node.origin.clone()))
        }
        _ => Ok(()),
    }
}

struct Reader<'a> {
    root: &'a Node,
    dir: &'a Path,
}

impl Reader<'_> {
    fn read(&self, name: &str, keys: Vec<SetKey>) -> Result<ConfigFile> {
        Ok(ConfigFile {
            name: name.to_owned(),
            keys,
            system: self.text_or_file(&["agent", "system"]),
            context: self
                .at(&["agent", "context"])
                .into_iter()
                .flat_map(Node::texts)
                .map(|(path, at)| Sourced::new(self.path(path), at.clone()))
                .collect(),
            done_required: self.value(&["agent", "done", "required"], Node::bool),
            done_schema: self.text_or_file(&["agent", "done", "schema"]),
            model: ModelSettings {
                name: self.value(&["model", "use"], text),
                temperature: self.value(&["model", "temperature"], Node::number),
                max_output_tokens: self.value(&["model", "max_output_tokens"], Node::whole),
            },
            providers: self.named(&["providers"], |_, node| provider(node))?,
            budget: budget(self.at(&["budget"]))?,
            mounts: self.named(&["mounts"], |_, node| Ok(self.mount(node)))?,
            plugins: self.named(&["plugins"], |_, node| self.plugin(node))?,
            secrets: self.named(&["secrets"], |name, node| SecretSettings::read(name, node, |file| self.path(file)))?,
            grants: self.entries(&["grants"]).iter().map(|(tools, node)| grant(tools, node)).collect::<Result<_>>()?,
            unmatched: self.value(&["policy", "unmatched"], unmatched),
            on_ask: self.value(&["policy", "on_ask"], OnAsk::of),
            rules: self.at(&["rules"]).map_or(&[][..], Node::items).iter().map(read).collect::<Result<_>>()?,
            redact: self.redact()?,
            hooks: self.hooks()?,
            unattended: self.value(&["run", "unattended"], Node::bool),
            on_unknown: self.value(&["run", "on_unknown"], OnUnknown::of),
            denied_is_failure: self.value(&["run", "denied_is_failure"], Node::bool),
            ceiling: self.ceiling()?,
        })
    }

    fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self.root, |node, key| node.get(key))
    }

    fn entries(&self, path: &[&str]) -> &[(String, Node)] {
        self.at(path).map_or(&[], Node::entries)
    }

    fn value<T>(&self, path: &[&str], read: impl Fn(&Node) -> Option<T>) -> Option<Sourced<T>> {
        sourced(self.at(path), read)
    }

    /// A table of things that the operator names; the names are checked.
    fn named<T>(&self, path: &[&str], read: impl Fn(&str, &Node) -> Result<T>) -> Result<BTreeMap<String, T>> {
        self.entries(path)
            .iter()
            .map(|(name, node)| {
                placed(node, check_name(name))?;
                Ok((name.clone(), read(name, node)?))
            })
            .collect()
    }

    fn path(&self, text: &str) -> PathBuf {
        // `.` alone would leave `dir/.` behind, which reads badly in every message.
        if text == "." { self.dir.to_owned() } else { self.dir.join(text.strip_prefix("./").unwrap_or(text)) }
    }

    fn text_or_file(&self, path: &[&str]) -> Option<Sourced<TextSource>> {
        self.value(path, |node| match node.text() {
            Some(text) => Some(TextSource::Inline(text.to_owned())),
            None => node.get("file")?.text().map(|file| TextSource::File(self.path(file))),
        })
    }

    fn mount(&self, node: &Node) -> WrittenMount {
        WrittenMount {
            path: sourced(node.get("path"), |node| node.text().map(|path| self.path(path))),
            mode: sourced(node.get("mode"), mode),
            hide: patterns(node.get("hide")),
            read_only: patterns(node.get("read_only")),
            quota_mib: sourced(node.get("quota_mib"), Node::whole),
            origin: node.origin.clone(),
        }
    }

    fn plugin(&self, node: &Node) -> Result<WrittenPlugin> {
        let source = node.get("from").and_then(Node::text).map(|from| match from {
            "builtin" => PluginSource::BuiltIn(None),
            from => match from.strip_prefix("builtin:") {
                Some(name) => PluginSource::BuiltIn(Some(name.to_owned())),
                None => PluginSource::File(self.path(from)),
            },
        });
        let mounts = node.get("mounts").map_or(&[][..], Node::entries);
        for (word, mount) in mounts {
            placed(mount, check_name(word).and_then(|()| check_name(mount.text().unwrap_or_default())))?;
        }
        node.get("prefix").map_or(Ok(()), |prefix| placed(prefix, check_prefix(prefix.text())))?;
        Ok(WrittenPlugin {
            source,
            digest: sourced(node.get("digest"), text),
            prefix: sourced(node.get("prefix"), text),
            settings: sourced(node.get("settings"), |node| Some(node.to_json())),
            mounts: mounts.iter().filter_map(|(word, mount)| Some((word.clone(), mount.text()?.to_owned()))).collect(),
            unmatched: sourced(node.get("unmatched"), unmatched),
            origin: node.origin.clone(),
        })
    }

    fn redact(&self) -> Result<Vec<Sourced<String>>> {
        let written = patterns(self.at(&["redact", "patterns"]));
        for pattern in &written {
            Redaction::default().with(&pattern.value).map_err(|error| error.at(pattern.origin.clone()))?;
        }
        Ok(written)
    }

    fn hooks(&self) -> Result<Vec<HookSettings>> {
        let tables = self.at(&["hooks"]).map_or(&[][..], Node::items);
        tables.iter().map(|table| HookSettings::read(table, |file| self.path(file))).collect()
    }

    fn ceiling(&self) -> Result<Ceiling> {
        let list = |key| self.at(&["ceiling", key]);
        Ok(Ceiling {
            mode: self.value(&["ceiling", "mode"], mode),
            allow: list("allow").map(tools).transpose()?,
            env: list("env").map(names),
            secrets: list("secrets").map(names),
            http: list("http").map(requests).transpose()?,
            addresses: list("addresses").map(networks).transpose()?,
            wall_ms: self.value(&["ceiling", "wall_ms"], Node::whole),
            memory_mib: self.value(&["ceiling", "memory_mib"], Node::whole),
            url_bytes: self.value(&["ceiling", "url_bytes"], Node::whole),
            body_mib: self.value(&["ceiling", "body_mib"], Node::whole),
            budget: budget(self.at(&["ceiling", "budget"]))?,
        })
    }
}

fn sourced<T>(node: Option<&Node>, read: impl Fn(&Node) -> Option<T>) -> Option<Sourced<T>> {
    let node = node?;
    read(node).map(|value| Sourced::new(value, node.origin.clone()))
}

fn text(node: &Node) -> Option<String> {
    node.text().map(str::to_owned)
}

fn mode(node: &Node) -> Option<FsMode> {
    node.text().and_then(super::flags::mode)
}

fn unmatched(node: &Node) -> Option<Unmatched> {
    node.text().map(|word| if word == "ask" { Unmatched::Ask } else { Unmatched::Deny })
}

fn patterns(node: Option<&Node>) -> Vec<Sourced<String>> {
    node.into_iter().flat_map(Node::texts).map(|(text, origin)| Sourced::new(text.to_owned(), origin.clone())).collect()
}

fn names(node: &Node) -> Vec<String> {
    node.texts().map(|(name, _)| name.to_owned()).collect()
}

fn provider(node: &Node) -> Result<Provider> {
    let prices = node.get("prices").map_or(&[][..], Node::entries);
    Ok(Provider {
        base_url: sourced(node.get("base_url"), text),
        context_tokens: sourced(node.get("context_tokens"), Node::whole),
        prices: prices.iter().map(|(model, node)| Ok((model.clone(), price(node)?))).collect::<Result<_>>()?,
    })
}

fn price(node: &Node) -> Result<Price> {
    let of = |key| node.get(key).map(|node| amount(node, key)).transpose();
    let input = of("input")?.unwrap_or_default();
    Ok(Price { input, cached: of("cached")?.unwrap_or(input), output: of("output")?.unwrap_or_default() })
}

/// Millionths of the dollars that are written.
fn amount(node: &Node, key: &str) -> Result<u64> {
    node.number().and_then(micro_usd).ok_or_else(|| {
        Error::usage(format!("`{key}` is no amount of money")).hint("US dollars, as `2.5`").at(node.origin.clone())
    })
}

fn budget(node: Option<&Node>) -> Result<Budget> {
    let whole = |key| sourced(node.and_then(|node| node.get(key)), Node::whole);
    let calls = node.and_then(|node| node.get("calls")).map_or(&[][..], Node::entries).iter().map(|(name, node)| {
        let most = Sourced::new(node.whole().unwrap_or_default(), node.origin.clone());
        Ok((placed(node, ToolPattern::parse(name))?, most))
    });
    Ok(Budget {
        steps: whole("steps"),
        turns: whole("turns"),
        tokens: whole("tokens"),
        active_s: whole("active_s"),
        money_micro_usd: match node.and_then(|node| node.get("money_usd")) {
            Some(node) => Some(Sourced::new(amount(node, "money_usd")?, node.origin.clone())),
            None => None,
        },
        egress_kib: whole("egress_kib"),
        failures_in_a_row: whole("failures_in_a_row"),
        calls: calls.collect::<Result<_>>()?,
    })
}

/// Patterns of requests.
fn requests(node: &Node) -> Result<Vec<HttpPattern>> {
    node.texts().map(|(text, at)| HttpPattern::parse(text).map_err(|error| error.at(at.clone()))).collect()
}

/// Networks beside the public addresses.
fn networks(node: &Node) -> Result<AddressPolicy> {
    let with =
        |all: AddressPolicy, (text, at): (&str, &Origin)| all.with_network(text).map_err(|error| error.at(at.clone()));
    node.texts().try_fold(AddressPolicy::default(), with)
}

fn grant(tools: &str, node: &Node) -> Result<Grant> {
    Ok(Grant {
        tools: placed(node, ToolPattern::parse(tools))?,
        table: grant_table(node)?,
        limits: grant_limits(node.get("limits")),
        known_only: false,
        origin: node.origin.clone(),
    })
}

/// What a table of grants gives, of a tool or a hook.
pub(super) fn grant_table(node: &Node) -> Result<GrantTable> {
    let fs = node.get("fs").map_or(&[][..], Node::entries);
    for (mount, node) in fs {
        placed(node, check_name(mount))?;
    }
    let mut addresses = node.get("addresses").map(networks).transpose()?.unwrap_or_default();
    if node.get("public_addresses_only").and_then(Node::bool) == Some(false) {
        addresses = addresses.with_private();
    }
    Ok(GrantTable {
        fs: fs.iter().filter_map(|(mount, node)| Some((mount.clone(), mode(node)?))).collect(),
        env: node.get("env").map(names).unwrap_or_default(),
        http: node.get("http").map(requests).transpose()?.unwrap_or_default(),
        addresses,
        secrets: node.get("secrets").map(names).unwrap_or_default(),
    })
}

pub(super) fn grant_limits(node: Option<&Node>) -> GrantLimits {
    let limit = |key| sourced(node.and_then(|limits| limits.get(key)), Node::whole);
    GrantLimits {
        wall_ms: limit("wall_ms"),
        memory_mib: limit("memory_mib"),
        url_bytes: limit("url_bytes"),
        body_mib: limit("body_mib"),
    }
}
