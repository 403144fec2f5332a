//! Standing approvals: answers that the operator gave once and that still hold.
//!
//! They answer an ask and never beat a deny. This file knows their meaning and how `approvals.toml`
//! is written; reading and writing the file is for the commands.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::argument::Argument;
use super::matcher::Matcher;
use super::path::PathMatcher;
use super::place::Narrowing;
use super::policy::Facts;
use super::rule::Condition;
use super::tool_pattern::ToolPattern;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::origin::Origin;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        let scope = Scope { tool: tool.as_str().to_owned(), when: Map::new(), path: None };
        Self { scope, tool, condition: Condition::default(), plugin: None, until: Until::Run, origin }
    }

    fn compile(scope: Scope, plugin: Option<Digest>, until: Until, origin: Origin) -> Result<Self> {
        let placed = |error: Error| error.at(origin.clone());
        let tool = ToolPattern::parse(&scope.tool).map_err(placed)?;
        let when = scope.when.iter().map(|(name, value)| Ok((Argument::parse(name)?, Matcher::from_value(value)?)));
        let condition = Condition {
            when: when.collect::<Result<_>>().map_err(placed)?,
            path: scope.path.as_ref().map(PathMatcher::from_value).transpose().map_err(placed)?,
            url: None,
        };
        Ok(Self { scope, tool, condition, plugin, until, origin })
    }

    /// Whether it answers for this call of this component, and what it leaves of the mounts: an
    /// approval by path narrows the call to what it matched, as an allow rule does.
    pub fn fits(&self, facts: &Facts<'_>, plugin: &Digest) -> Option<Narrowing> {
        let named =
            self.tool.matches(facts.plugin, facts.tool) && self.plugin.is_none_or(|approved| approved == *plugin);
        if named { self.condition.permits(facts.arguments, facts.resolver) } else { None }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::path::LexicalResolver;
    use super::*;

    fn scope() -> Scope {
        Scope {
            tool: "files/edit_file".to_owned(),
            when: json!({"mode": "patch"}).as_object().expect("is an object").clone(),
            path: Some(json!({"arg": "path", "mount": "workspace", "glob": ["src/**"]})),
        }
    }

    fn fits(approval: &StandingApproval, tool: &str, arguments: &Value, plugin: &Digest) -> Option<String> {
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
        approval.fits(&facts, plugin).map(|narrowing| serde_json::to_string(&narrowing).expect("serialises"))
    }

    #[test]
    fn an_approval_holds_for_its_scope_and_its_component_and_narrows_to_its_path() {
        let digest = Digest::of(b"component");
        let approval = StandingApproval::new(scope(), digest, Until::Run, Origin::Program).expect("compiles");
        let inside = json!({"path": "src/a.rs", "mode": "patch"});
        assert_eq!(
            fits(&approval, "edit_file", &inside, &digest).as_deref(),
            Some(r#"{"fs":{"workspace":[{"path":"src/a.rs","mode":"rw"}]}}"#)
        );
        assert_eq!(fits(&approval, "edit_file", &inside, &Digest::of(b"changed")), None);
        assert_eq!(fits(&approval, "write_file", &inside, &digest), None);
        assert_eq!(fits(&approval, "edit_file", &json!({"path": "build.rs", "mode": "patch"}), &digest), None);
        assert_eq!(fits(&approval, "edit_file", &json!({"path": "src/a.rs"}), &digest), None);
    }
}
