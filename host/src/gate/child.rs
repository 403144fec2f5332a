//! The gate of a run inside a run: the same policy and approvals, at most the same tools, nothing wider.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::tool::GatedTool;
use super::{Gate, OnAsk, RunMemory, states};
use crate::agent::Notes;
use crate::capability::fs::Quotas;
use crate::capability::http::EgressAllowance;
use crate::hook::HookChain;
use crate::permission::{Answer, Approver, OnBehalf, Question, ToolPattern, Until};
use crate::plugin::RunKey;

impl Gate {
    /// A gate for a sub-agent with those of the tools that one of the patterns names; without one, all.
    ///
    /// What ran here has run there, for rules with `after`. What a person refused for the rest of this run
    /// stays refused; what was allowed for the rest of it was allowed to it alone. Asks go to the same
    /// person, one at a time with those of this run; one that would wait for later is refused, since nobody
    /// could go on with the call that waits for the sub-agent.
    pub(crate) fn child(
        &self,
        patterns: &[ToolPattern],
        ran: BTreeSet<String>,
        who: OnBehalf,
        hooks: Arc<HookChain>,
    ) -> Self {
        let is_had = |tool: &&GatedTool| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches_name(&tool.full_name()))
        };
        let tools: Vec<GatedTool> = self.tools.iter().filter(is_had).cloned().collect();
        let memory = self.memory(|memory| {
            let approvals = memory.approvals.iter().enumerate();
            let given = approvals.filter(|(index, approval)| *index < self.given || approval.until() == Until::Forever);
            RunMemory {
                ran: Arc::new(memory.ran.iter().cloned().chain(ran).collect()),
                approvals: Arc::new(given.map(|(_, approval)| approval.clone()).collect()),
                refused: memory.refused.clone(),
                ..RunMemory::default()
            }
        });
        Self {
            key: RunKey::unique(),
            redaction: self.redaction.clone(),
            states: states(&tools, &self.redaction),
            tools,
            mounts: self.mounts.clone(),
            policy: self.policy.clone(),
            on_ask: if self.on_ask == OnAsk::Later { OnAsk::Nobody } else { self.on_ask },
            approver: Arc::new(ForChild { approver: Arc::clone(&self.approver), who }),
            remember: self.remember.clone(),
            hooks,
            given: memory.approvals.len(),
            run: Arc::new(Mutex::new(memory)),
            notes: Notes::default(),
            asking: Arc::clone(&self.asking),
            egress: Arc::new(EgressAllowance::within(&self.egress)),
            quotas: Arc::new(Quotas::within(&self.quotas)),
            children: None,
        }
    }

    /// The tools whose calls were let through, as `plugin/tool`.
    pub(crate) fn ran(&self) -> BTreeSet<String> {
        self.memory(|memory| (*memory.ran).clone())
    }

    /// Bytes that its calls wrote to mounts with a quota, by mount.
    pub(crate) fn drawn(&self) -> BTreeMap<String, u64> {
        self.quotas.written()
    }
}

/// The person of a run, who is told that a sub-agent asks.
struct ForChild {
    approver: Arc<dyn Approver>,
    who: OnBehalf,
}

#[async_trait]
impl Approver for ForChild {
    async fn ask(&self, question: &Question) -> Answer {
        let mut question = question.clone();
        question.on_behalf.get_or_insert_with(|| self.who.clone());
        self.approver.ask(&question).await
    }

    async fn confirm(&self, tool: &str, action: &str, details: &str) -> bool {
        let tool = format!("{tool}, for a sub-agent of step {}", self.who.step);
        self.approver.confirm(&tool, action, details).await
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::capability::Reached;
    use crate::gate::ask::is_within;
    use crate::host::Host;
    use crate::machine::PluginFile;
    use crate::model::select::Environment;
    use crate::origin::Origin;
    use crate::permission::{Policy, StandingApproval};
    use crate::sandbox::Sandbox;
    use crate::settings::{Flags, Layers, ProjectFile, Settings, SourceFile, Surroundings};

    fn settings(dir: &std::path::Path, rules: &str) -> Settings {
        let text = format!(
            "[mounts.workspace]\npath = \".\"\nmode = \"rw\"\n[grants]\nfiles = {{ fs = {{ workspace = \"rw\" }} }}\n{rules}"
        );
        let file = SourceFile { name: "policy.toml".into(), dir: dir.to_owned(), text };
        let layers = Layers { user: None, project: Some(ProjectFile::Policy(file)) };
        let surroundings = Surroundings { terminal: false, cwd: dir.to_owned(), home: None };
        Settings::load(&layers, &Flags::default(), &surroundings).expect("is a policy")
    }

    /// `files` on a directory; the policy comes later.
    fn host(dir: &std::path::Path) -> Host {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let files = PluginFile::from(crate::builtin::get("files").expect("is built in"));
        let sandbox = Sandbox::new().expect("can run components");
        let variables = Environment::default();
        let assembled = Host::assemble(&sandbox, settings(dir, ""), vec![files], Vec::new(), &[], &variables);
        runtime.block_on(assembled).expect("is a host")
    }

    fn rules() -> impl Strategy<Value = String> {
        let rule = (
            prop_oneof![Just("files"), Just("files/read_file"), Just("files/{write,edit}_file"), Just("*")],
            prop_oneof![Just("allow"), Just("ask"), Just("deny")],
            proptest::option::of(prop_oneof![Just("src/**"), Just("docs/*"), Just("**")]),
        );
        proptest::collection::vec(rule, 0..5).prop_map(|rules| {
            let rule = |(tool, decision, glob): &(&str, &str, Option<&str>)| {
                let path =
                    glob.map(|glob| format!("path = {{ arg = \"path\", mount = \"workspace\", glob = \"{glob}\" }}\n"));
                format!("[[rules]]\ntool = \"{tool}\"\ndecision = \"{decision}\"\n{}", path.unwrap_or_default())
            };
            rules.iter().map(rule).collect()
        })
    }

    fn patterns() -> impl Strategy<Value = Vec<ToolPattern>> {
        let pattern = prop_oneof![Just("files/read_file"), Just("files/*_file"), Just("http"), Just("*")];
        proptest::collection::vec(pattern, 0..3)
            .prop_map(|texts| texts.iter().map(|text| ToolPattern::parse(text).expect("is one")).collect())
    }

    fn behalf() -> OnBehalf {
        OnBehalf { step: 1, task: "look".to_owned() }
    }

    #[test]
    fn a_sub_agent_never_holds_more_than_its_run() {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["src", "docs"] {
            make(&dir.path().join(name));
        }
        let host = host(dir.path());
        let paths = prop_oneof![Just("src/a.rs"), Just("docs/b.md"), Just("c.txt"), Just("../d")];
        proptest!(ProptestConfig::with_cases(64), |(text in rules(), patterns in patterns(), path in paths, answered in any::<bool>())| {
            let policy: Policy = settings(dir.path(), &text).policy.clone();
            let run = Gate::new(host.tools().to_vec(), host.mounts().to_vec(), policy);
            if answered {
                // What a person allowed for the rest of the run: it is the run's alone.
                let all = ToolPattern::parse("*").expect("is a pattern");
                let answer = StandingApproval::by_flag(all, Origin::flag("the answer at the prompt"));
                run.memory(|memory| Arc::make_mut(&mut memory.approvals).push(answer));
            }
            let child = run.child(&patterns, BTreeSet::new(), behalf(), Arc::default());
            let arguments = json!({ "path": path, "content": "x" });
            for tool in child.tools() {
                let full_name = tool.full_name();
                prop_assert!(run.tool(&full_name).is_some(), "{full_name} is not a tool of the run");
                let (inside, outside) = (child.judge(tool, &arguments), run.judge(tool, &arguments));
                prop_assert!(inside.approved_by.is_none(), "{full_name} goes by an answer that is not its own");
                prop_assert!(inside.verdict.decision >= outside.verdict.decision);
                if inside.obstacle().is_none() {
                    prop_assert!(outside.obstacle().is_none(), "{full_name} runs inside and not outside");
                }
                let reached = |judged: &crate::gate::Judgement| -> Vec<Reached> {
                    judged.authority.iter().flat_map(|resolved| resolved.reached.clone()).collect()
                };
                if !answered && inside.authority.is_ok() {
                    prop_assert!(is_within(&reached(&inside), &reached(&outside)));
                }
            }
        });
    }

    #[expect(clippy::disallowed_methods, reason = "a test makes its own directories")]
    fn make(path: &std::path::Path) {
        std::fs::create_dir(path).expect("a directory");
    }
}
