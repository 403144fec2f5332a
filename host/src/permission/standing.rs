//! Standing approvals: answers that the operator gave once and that still hold.
//!
//! They answer an ask and never beat a deny. This file knows their meaning and how `approvals.toml`
//! is written; reading and writing the file is for the commands.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::argument::Argument;
use super::matcher::Matcher;
use super::path::PathMatcher;
use super::pattern::ToolPattern;
use super::place::Narrowing;
use super::policy::Facts;
use super::rule::Condition;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::origin::Origin;

/// The version of `approvals.toml` that this host reads and writes.
const FORMAT: u32 = 1;

/// How long an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// To the end of this run, and of runs that resume it.
    Run,
    /// Until it is revoked or the plugin changes.
    Forever,
}

/// What an approval is about, as it is written in the file and offered in a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// A tool pattern; for an answer of a person always one tool, as `files/edit_file`.
    pub tool: String,
    /// As `when` of a rule.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub when: Map<String, Value>,
    /// As `path` of a rule; the call is narrowed to what it matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Value>,
}

/// An answer that still holds.
#[derive(Clone, Debug)]
pub struct StandingApproval {
    scope: Scope,
    tool: ToolPattern,
    condition: Condition,
    plugin: Option<Digest>,
    until: Until,
    origin: Origin,
}

impl StandingApproval {
    /// The approval of a scope for one component. It ends when the component changes.
    pub fn new(scope: Scope, plugin: Digest, until: Until, origin: Origin) -> Result<Self> {
        Self::compile(scope, Some(plugin), until, origin)
    }

    /// What `--allow PATTERN` gives: an approval for this run, whatever the component.
    pub fn by_flag(tool: ToolPattern, origin: Origin) -> Self {
        let scope = Scope {
            tool: tool.as_str().to_owned(),
            when: Map::new(),
            path: None,
        };
        Self {
            scope,
            tool,
            condition: Condition::default(),
            plugin: None,
            until: Until::Run,
            origin,
        }
    }

    fn compile(scope: Scope, plugin: Option<Digest>, until: Until, origin: Origin) -> Result<Self> {
        let placed = |error: Error| error.at(origin.clone());
        let tool = ToolPattern::parse(&scope.tool).map_err(placed)?;
        let when = scope
            .when
            .iter()
            .map(|(name, value)| Ok((Argument::parse(name)?, Matcher::from_value(value)?)));
        let condition = Condition {
            when: when.collect::<Result<_>>().map_err(placed)?,
            path: scope
                .path
                .as_ref()
                .map(PathMatcher::from_value)
                .transpose()
                .map_err(placed)?,
        };
        Ok(Self {
            scope,
            tool,
            condition,
            plugin,
            until,
            origin,
        })
    }

    /// Whether it answers for this call of this component, and what it leaves of the mounts: an
    /// approval by path narrows the call to what it matched, as an allow rule does.
    pub fn fits(&self, facts: &Facts<'_>, plugin: &Digest) -> Option<Narrowing> {
        let named = self.tool.matches(facts.plugin, facts.tool)
            && self.plugin.is_none_or(|approved| approved == *plugin);
        if named {
            self.condition.permits(facts.arguments, facts.resolver)
        } else {
            None
        }
    }

    /// What it is about.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The tools that it is about.
    pub fn tools(&self) -> &ToolPattern {
        &self.tool
    }

    /// The component that it is bound to; none for a flag.
    pub fn plugin(&self) -> Option<&Digest> {
        self.plugin.as_ref()
    }

    /// How long it stands.
    pub fn until(&self) -> Until {
        self.until
    }

    /// Who gave it.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// The approvals that were given for good, of all projects: what `approvals.toml` holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StandingApprovals(Vec<Entry>);

/// One `[[approvals]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Absolute path of the directory it was given in.
    project: String,
    #[serde(flatten)]
    scope: Scope,
    plugin: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    #[serde(default)]
    approvals: Vec<Entry>,
}

impl StandingApprovals {
    /// Reads the text of `approvals.toml`; `name` is how people call the file.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let damaged = |line: u32, message: &str| {
            Error::usage(format!("the list of approvals cannot be read: {message}"))
                .hint("mend the line, or remove the file: approvals are then asked for again")
                .at(Origin::line(name, line))
        };
        let file: File = toml::from_str(text).map_err(|error| {
            damaged(
                line_of(text, error.span().map_or(0, |span| span.start)),
                error.message(),
            )
        })?;
        if file.format != FORMAT {
            return Err(damaged(
                1,
                &format!("its format is {}, this host knows {FORMAT}", file.format),
            ));
        }
        let approvals = Self(file.approvals);
        for (index, entry) in approvals.0.iter().enumerate() {
            let line = approvals_line(text, index);
            StandingApproval::compile(
                entry.scope.clone(),
                Some(entry.plugin),
                Until::Forever,
                Origin::line(name, line),
            )?;
        }
        Ok(approvals)
    }

    /// The text of `approvals.toml`.
    pub fn render(&self) -> String {
        let file = File {
            format: FORMAT,
            approvals: self.0.clone(),
        };
        // Matchers come from TOML or from `Scope`, and neither has a null, the one thing TOML cannot say.
        let body = toml::to_string(&file).unwrap_or_default();
        format!("# Answers that stand until they are revoked: `looplet-host approvals`.\n{body}")
    }

    /// Those of one project, ready to answer; `name` is how people call the file.
    pub fn of_project(&self, name: &str, project: &str) -> Result<Vec<StandingApproval>> {
        let entries = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.project == project);
        entries
            .map(|(index, entry)| {
                let origin = Origin::flag(&format!("{name} approval {}", index + 1));
                StandingApproval::compile(
                    entry.scope.clone(),
                    Some(entry.plugin),
                    Until::Forever,
                    origin,
                )
            })
            .collect()
    }

    /// Every approval with its number, from 1, project, scope and component.
    pub fn list(&self) -> impl Iterator<Item = (usize, &str, &Scope, &Digest)> {
        self.0.iter().enumerate().map(|(index, entry)| {
            (
                index + 1,
                entry.project.as_str(),
                &entry.scope,
                &entry.plugin,
            )
        })
    }

    /// Remembers an approval; one that is there already is not added twice. Refuses a scope that has no meaning.
    pub fn add(&mut self, project: &str, scope: Scope, plugin: Digest) -> Result<()> {
        StandingApproval::compile(scope.clone(), Some(plugin), Until::Forever, Origin::Program)?;
        let entry = Entry {
            project: project.to_owned(),
            scope,
            plugin,
        };
        if !self.0.contains(&entry) {
            self.0.push(entry);
        }
        Ok(())
    }

    /// Takes back the approval of that number; false if there is none.
    pub fn revoke(&mut self, number: usize) -> bool {
        let found = number.checked_sub(1).filter(|index| *index < self.0.len());
        found.map(|index| self.0.remove(index)).is_some()
    }
}

fn line_of(text: &str, at: usize) -> u32 {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
}

/// The line of the given `[[approvals]]`, from 0.
fn approvals_line(text: &str, index: usize) -> u32 {
    let mut heads = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.trim_start().starts_with("[[approvals]]"));
    heads
        .nth(index)
        .and_then(|(line, _)| u32::try_from(line + 1).ok())
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::path::LexicalResolver;
    use super::*;

    fn scope() -> Scope {
        Scope {
            tool: "files/edit_file".to_owned(),
            when: json!({"mode": "patch"})
                .as_object()
                .expect("is an object")
                .clone(),
            path: Some(json!({"arg": "path", "mount": "workspace", "glob": ["src/**"]})),
        }
    }

    fn fits(
        approval: &StandingApproval,
        tool: &str,
        arguments: &Value,
        plugin: &Digest,
    ) -> Option<String> {
        let ran = BTreeSet::new();
        let facts = Facts {
            plugin: "files",
            tool,
            arguments,
            changes_nothing: false,
            built_in: false,
            ran: &ran,
            resolver: &LexicalResolver,
        };
        approval
            .fits(&facts, plugin)
            .map(|narrowing| serde_json::to_string(&narrowing).expect("serialises"))
    }

    #[test]
    fn an_approval_holds_for_its_scope_and_its_component_and_narrows_to_its_path() {
        let digest = Digest::of(b"component");
        let approval =
            StandingApproval::new(scope(), digest, Until::Run, Origin::Program).expect("compiles");
        let inside = json!({"path": "src/a.rs", "mode": "patch"});
        assert_eq!(
            fits(&approval, "edit_file", &inside, &digest).as_deref(),
            Some(r#"{"workspace":[{"path":"src/a.rs","mode":"rw"}]}"#)
        );
        assert_eq!(
            fits(&approval, "edit_file", &inside, &Digest::of(b"changed")),
            None
        );
        assert_eq!(fits(&approval, "write_file", &inside, &digest), None);
        assert_eq!(
            fits(
                &approval,
                "edit_file",
                &json!({"path": "build.rs", "mode": "patch"}),
                &digest
            ),
            None
        );
        assert_eq!(
            fits(
                &approval,
                "edit_file",
                &json!({"path": "src/a.rs"}),
                &digest
            ),
            None
        );
    }

    #[test]
    fn the_file_reads_back_what_was_written() {
        let mut approvals = StandingApprovals::default();
        approvals
            .add("/home/me/proj", scope(), Digest::of(b"component"))
            .expect("is a scope");
        approvals
            .add("/home/me/proj", scope(), Digest::of(b"component"))
            .expect("is a scope");
        approvals
            .add(
                "/srv",
                Scope {
                    tool: "think".to_owned(),
                    when: Map::new(),
                    path: None,
                },
                Digest::of(b"other"),
            )
            .expect("is a scope");
        let text = approvals.render();
        expect_test::expect![[r##"
            # Answers that stand until they are revoked: `looplet-host approvals`.
            format = 1

            [[approvals]]
            project = "/home/me/proj"
            tool = "files/edit_file"
            plugin = "sha256:6985ca1f4daa5a584a28eae043a239cb96689af1337ea13afb63e00c2bf512fa"

            [approvals.when]
            mode = "patch"

            [approvals.path]
            arg = "path"
            mount = "workspace"
            glob = ["src/**"]

            [[approvals]]
            project = "/srv"
            tool = "think"
            plugin = "sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"
        "##]]
        .assert_eq(&text);
        assert_eq!(
            StandingApprovals::parse("approvals.toml", &text).expect("reads"),
            approvals
        );
        assert_eq!(
            approvals
                .of_project("approvals.toml", "/srv")
                .expect("compiles")
                .len(),
            1
        );
        assert!(approvals.revoke(1) && !approvals.revoke(2) && !approvals.revoke(0));
    }

    #[test]
    fn a_damaged_file_is_refused_with_its_line() {
        let report = |text: &str| {
            StandingApprovals::parse("approvals.toml", text)
                .expect_err("is refused")
                .report()
        };
        let entry = "format = 1\n\n[[approvals]]\nproject = \"/srv\"\ntool = \"a/b/c\"\nplugin = ";
        let digest = Digest::of(b"x");
        assert_eq!(
            report(&format!("{entry}\"{digest}\"")),
            "error: approvals.toml:3: `a/b/c` is no tool pattern\nhint: write `plugin/tool`, as in `files/*`"
        );
        assert_eq!(
            report("format = 2"),
            "error: approvals.toml:1: the list of approvals cannot be read: its format is 2, this host knows 1\nhint: mend the line, or remove the file: approvals are then asked for again"
        );
        assert!(report("format = 1\nx = 2").starts_with(
            "error: approvals.toml:2: the list of approvals cannot be read: unknown field `x`"
        ));
        assert!(
            report("format = ")
                .starts_with("error: approvals.toml:1: the list of approvals cannot be read: ")
        );
    }
}
