//! All that a plugin is, apart from its code: what a lock keeps, what a review shows, and how two of them differ.

use serde::{Deserialize, Serialize};

use super::spec::{Effects, PluginInfo, ToolSpec};
use crate::need::{Need, WishedLimits};

/// What a plugin says of itself and what it imports, as texts that people can read and compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// What it calls itself.
    pub id: String,
    /// Its version.
    pub version: String,
    /// One sentence for people.
    pub description: String,
    /// The interfaces that it imports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<String>,
    /// The hook points that it exports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<String>,
    /// What its hooks need, each with its reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hook_needs: Vec<String>,
    /// The JSON Schema of its settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_schema: Option<String>,
    /// Its tools, by name.
    #[serde(default, rename = "tool", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolDefinition>,
}

/// What a tool says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolDefinition {
    /// Its name.
    pub name: String,
    /// For the model.
    pub description: String,
    /// What it claims of its calls, and what it wishes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// What it asks for, each with its reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// The JSON Schema of its arguments.
    pub input_schema: String,
    /// The JSON Schema of its results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<String>,
}

impl Definition {
    /// Puts it together.
    pub fn new(info: &PluginInfo, tools: &[ToolSpec], imports: &[String], hooks: &[String]) -> Self {
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        let mut tools: Vec<ToolDefinition> = tools.iter().map(ToolDefinition::new).collect();
        tools.sort_by(|a, b| a.name.cmp(&b.name));
        let mut hook_needs: Vec<String> = info.hook_needs.iter().map(need).collect();
        hook_needs.extend(info.hook_limits.iter().flat_map(wishes));
        Self {
            id: info.id.clone(),
            version: info.version.clone(),
            description: info.description.clone(),
            imports: sorted(imports),
            hooks: sorted(hooks),
            hook_needs,
            settings_schema: info.settings_schema.as_ref().map(|schema| schema.as_str().to_owned()),
            tools,
        }
    }

    /// What another one says otherwise, a line each: `-` before what was, `+` before what is. The texts are the
    /// plugin's own.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        text(&mut lines, "calls itself", &self.id, &now.id);
        text(&mut lines, "version", &self.version, &now.version);
        text(&mut lines, "description", &self.description, &now.description);
        list(&mut lines, "imports", &self.imports, &now.imports);
        list(&mut lines, "hooks", &self.hooks, &now.hooks);
        list(&mut lines, "hooks need", &self.hook_needs, &now.hook_needs);
        optional(&mut lines, "settings", self.settings_schema.as_ref(), now.settings_schema.as_ref());
        for tool in &self.tools {
            match now.tools.iter().find(|other| other.name == tool.name) {
                Some(other) => tool.differences(other, &mut lines),
                None => lines.push(format!("- tool {}", tool.name)),
            }
        }
        for tool in now.tools.iter().filter(|tool| !self.tools.iter().any(|other| other.name == tool.name)) {
            lines.push(format!("+ tool {}", tool.name));
            ToolDefinition { name: tool.name.clone(), ..ToolDefinition::default() }.differences(tool, &mut lines);
        }
        lines
    }
}

impl ToolDefinition {
    fn new(spec: &ToolSpec) -> Self {
        let mut claims = effects(spec.effects);
        let marks = [(spec.concurrent_safe, "concurrent safe"), (spec.uncharged, "uncharged")];
        claims.extend(marks.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()));
        claims.extend(spec.limits.iter().flat_map(wishes));
        claims.extend(spec.show.iter().map(|shown| format!("shows {} as {:?}", shown.pointer, shown.role)));
        Self {
            name: spec.name.clone(),
            description: spec.description.clone(),
            claims,
            needs: spec.needs.iter().map(need).collect(),
            input_schema: spec.input_schema.as_str().to_owned(),
            output_schema: spec.output_schema.as_ref().map(|schema| schema.as_str().to_owned()),
        }
    }

    fn differences(&self, now: &Self, lines: &mut Vec<String>) {
        let of = |what: &str| format!("tool {}: {what}", self.name);
        text(lines, &of("description"), &self.description, &now.description);
        list(lines, &of("needs"), &self.needs, &now.needs);
        list(lines, &of("claims"), &self.claims, &now.claims);
        text(lines, &of("takes"), &self.input_schema, &now.input_schema);
        optional(lines, &of("gives"), self.output_schema.as_ref(), now.output_schema.as_ref());
    }
}

/// `http GET https://a/** (optional): why`.
fn need(need: &Need) -> String {
    let optional = if need.optional { " (optional)" } else { "" };
    format!("{}{optional}: {}", need.capability, need.why)
}

fn wishes(limits: &WishedLimits) -> Vec<String> {
    let wish = |value: Option<u32>, unit: &str| value.map(|value| format!("wishes {value} {unit}"));
    let wishes = [
        wish(limits.wall_ms, "ms"),
        wish(limits.memory_bytes, "bytes of memory"),
        wish(limits.output_bytes, "bytes of output"),
    ];
    wishes.into_iter().flatten().collect()
}

fn effects(effects: Effects) -> Vec<String> {
    let Effects { reads, writes, destructive, idempotent, open_world } = effects;
    let words = [
        (reads, "reads"),
        (writes, "writes"),
        (destructive, "destructive"),
        (idempotent, "idempotent"),
        (open_world, "open world"),
    ];
    words.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()).collect()
}

fn text(lines: &mut Vec<String>, what: &str, before: &str, now: &str) {
    if before != now {
        lines.extend((!before.is_empty()).then(|| format!("- {what} {before}")));
        lines.extend((!now.is_empty()).then(|| format!("+ {what} {now}")));
    }
}

fn optional(lines: &mut Vec<String>, what: &str, before: Option<&String>, now: Option<&String>) {
    let plain = |text: Option<&String>| text.cloned().unwrap_or_default();
    text(lines, what, &plain(before), &plain(now));
}

fn list(lines: &mut Vec<String>, what: &str, before: &[String], now: &[String]) {
    let gone = before.iter().filter(|item| !now.contains(item)).map(|item| format!("- {what} {item}"));
    let new = now.iter().filter(|item| !before.contains(item)).map(|item| format!("+ {what} {item}"));
    lines.extend(gone.chain(new));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Definition {
        let tool = |name: &str| ToolDefinition {
            name: name.to_owned(),
            description: "Looks.".to_owned(),
            needs: vec!["fs workspace ro: to look".to_owned()],
            input_schema: "{}".to_owned(),
            ..ToolDefinition::default()
        };
        Definition {
            id: "a".into(),
            version: "1.0.0".into(),
            tools: vec![tool("look"), tool("old")],
            ..Definition::default()
        }
    }

    #[test]
    fn two_that_say_the_same_do_not_differ() {
        assert_eq!(definition().differences(&definition()), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_a_line() {
        let mut now = definition();
        now.version = "1.1.0".into();
        now.imports = vec!["wasi:sockets/tcp@0.2.3".into()];
        now.tools[0].description = "Looks. Always call it first.".into();
        now.tools[0].needs.push("http GET https://evil.example/**: to tell".into());
        now.tools[1].name = "new".into();
        assert_eq!(
            definition().differences(&now),
            [
                "- version 1.0.0",
                "+ version 1.1.0",
                "+ imports wasi:sockets/tcp@0.2.3",
                "- tool look: description Looks.",
                "+ tool look: description Looks. Always call it first.",
                "+ tool look: needs http GET https://evil.example/**: to tell",
                "- tool old",
                "+ tool new",
                "+ tool new: description Looks.",
                "+ tool new: needs fs workspace ro: to look",
                "+ tool new: takes {}",
            ]
        );
    }
}
