//! One rule: what calls it is about, what it decides, and the examples that prove it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::{Leaning, Match};
use super::argument::Argument;
use super::decision::Decision;
use super::http_pattern::HttpPattern;
use super::matcher::Matcher;
use super::narrow::Narrow;
use super::path::{LexicalResolver, PathMatcher, PathResolver};
use super::place::{FsPlace, Narrowing};
use super::policy::Facts;
use super::tool_pattern::ToolPattern;
use super::url::UrlMatcher;
use crate::error::{Error, Result};
use crate::need::FsMode;
use crate::origin::Origin;

/// Conditions on the arguments of a call; all of them must hold.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// `when`: what arguments have to be.
    pub when: Vec<(Argument, Matcher)>,
    /// `path`: where an argument has to lead.
    pub path: Option<PathMatcher>,
    /// `url`: what an argument has to address.
    pub url: Option<UrlMatcher>,
}

/// Arguments that a rule must, or must not, match; checked when the rule is read.
#[derive(Clone, Debug)]
pub struct Example {
    /// The arguments of the call.
    pub arguments: Value,
    /// Whether the rule has to match.
    pub matches: bool,
    /// Where it stands.
    pub origin: Origin,
}

/// Who speaks by a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The operator, of this project.
    Operator,
    /// The operator, of all projects: what one of them lacks is in another.
    User,
    /// A project file that nobody has trusted: it only narrows.
    Untrusted,
}

/// One rule of the policy. [`Rule::new`] matches every call.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Tools that it is about; none means any tool.
    pub tools: Vec<ToolPattern>,
    /// Only tools among these too: the bound that a ceiling sets.
    pub within: Option<Vec<ToolPattern>>,
    /// Only calls that change nothing, as the host finds.
    pub effects_none: bool,
    /// Only built-in plugins. Shipped rules alone use it.
    pub built_in: bool,
    /// What the arguments have to be.
    pub condition: Condition,
    /// It does not match where one of these does.
    pub unless: Vec<Condition>,
    /// Only once the run has called one of these.
    pub after: Vec<ToolPattern>,
    /// What it decides.
    pub decision: Decision,
    /// Why, for the model too.
    pub reason: Option<String>,
    /// What it leaves of mounts and requests, by hand.
    pub narrow: Option<Narrow>,
    /// Calls that prove it.
    pub examples: Vec<Example>,
    /// Whose it is.
    pub voice: Voice,
    /// Where it stands.
    pub origin: Origin,
}

/// What a rule has to do with a call.
pub(super) struct RuleMatch {
    pub(super) answer: Match,
    /// What it leaves; none if the arguments do not say.
    pub(super) narrowing: Option<Narrowing>,
}

/// What a condition found in the arguments.
struct Found {
    answer: Match,
    /// The places that a permission by path is about.
    places: Vec<String>,
    /// The requests that a permission by URL is about.
    requests: Vec<HttpPattern>,
}

impl Condition {
    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.when.is_empty() && self.path.is_none() && self.url.is_none()
    }

    fn evaluate(&self, arguments: &Value, resolver: &dyn PathResolver, leaning: Leaning) -> Found {
        let when = self.when.iter().map(|(argument, matcher)| matcher.evaluate(argument, arguments, leaning)).min();
        let mut found = Found { answer: when.unwrap_or(Match::Yes), places: Vec::new(), requests: Vec::new() };
        if let Some(path) = &self.path {
            let paths = path.evaluate(arguments, resolver, leaning);
            (found.answer, found.places) = (found.answer.min(paths.answer), paths.places);
        }
        if let Some(url) = &self.url {
            let urls = url.evaluate(arguments, leaning);
            (found.answer, found.requests) = (found.answer.min(urls.answer), urls.requests);
        }
        found
    }

    /// What an allowance by path or URL leaves: what it matched, as far as need and grant go.
    fn narrowing(&self, found: Found) -> Narrowing {
        let mut narrowing = Narrowing::none();
        if let Some(path) = &self.path {
            narrowing.set(path.mount(), found.places.into_iter().map(|place| FsPlace::new(place, FsMode::ReadWrite)));
        }
        if self.url.is_some() {
            narrowing.set_requests(found.requests);
        }
        narrowing
    }

    /// The same for who stands in for an allow rule: a standing approval.
    pub(super) fn permits(&self, arguments: &Value, resolver: &dyn PathResolver) -> Option<Narrowing> {
        let found = self.evaluate(arguments, resolver, Leaning::Permit);
        found.answer.counts(Leaning::Permit).then(|| self.narrowing(found))
    }

    /// The names of the arguments that it reads.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        let when = self.when.iter().map(|(argument, _)| argument);
        when.chain(self.path.as_ref().map(PathMatcher::argument)).chain(self.url.as_ref().map(UrlMatcher::argument))
    }

    /// Whether it wants a value of an argument that it also wants to be absent.
    fn is_contradictory(&self) -> Option<&Argument> {
        let mut read = self.path.iter().map(PathMatcher::argument).chain(self.url.iter().map(UrlMatcher::argument));
        let wants = |name: &Argument| self.when.iter().any(|(when, matcher)| when == name && matcher.wants_absence());
        read.find(|name| wants(name))
    }
}

impl Rule {
    /// Whether a tool is one of its tools.
    pub(super) fn is_of(&self, plugin: &str, tool: &str) -> bool {
        self.tools.is_empty() || self.tools.iter().any(|pattern| pattern.matches(plugin, tool))
    }

    /// Whether it holds for all calls of its tools, at any time.
    pub(super) fn is_unconditional(&self) -> bool {
        let holds_always = self.condition.is_empty() && self.unless.is_empty() && self.after.is_empty();
        holds_always && !self.effects_none && !self.built_in && self.within.is_none()
    }

    /// Whether it can only make decisions stricter: where nothing else matches, the call stays unmatched.
    pub fn narrows_only(&self) -> bool {
        self.voice == Voice::Untrusted
    }

    /// The mounts that it leaves less of.
    pub(super) fn mounts(&self) -> impl Iterator<Item = &str> {
        let path = self.condition.path.iter().map(PathMatcher::mount);
        path.chain(self.narrow.iter().flat_map(Narrow::mounts))
    }

    /// What it says, without where it stands and without its examples.
    pub(super) fn meaning(&self) -> String {
        let Self { tools, within, effects_none, built_in, condition, unless, after, decision, .. } = self;
        let (Self { reason, narrow, .. }, narrows_only) = (self, self.narrows_only());
        let about = (tools, within, effects_none, built_in, condition, unless, after);
        format!("rule {decision:?} {about:?} {reason:?} {narrow:?} {narrows_only}\n")
    }

    /// A rule about every call.
    pub fn new(decision: Decision, origin: Origin) -> Self {
        Self {
            tools: Vec::new(),
            within: None,
            effects_none: false,
            built_in: false,
            condition: Condition::default(),
            unless: Vec::new(),
            after: Vec::new(),
            decision,
            reason: None,
            narrow: None,
            examples: Vec::new(),
            voice: Voice::Operator,
            origin,
        }
    }

    /// A rule about some tools.
    pub fn for_tool(tool: ToolPattern, decision: Decision, origin: Origin) -> Self {
        Self { tools: vec![tool], ..Self::new(decision, origin) }
    }

    /// Refuses a rule that can never match or whose examples fail.
    pub fn check(&self) -> Result<()> {
        let mut conditions = std::iter::once(&self.condition).chain(&self.unless);
        if let Some(argument) = conditions.find_map(Condition::is_contradictory) {
            return Err(Error::usage(format!(
                "the rule can never match: `when` wants `{argument}` absent and another condition reads it"
            ))
            .hint("make two rules of it")
            .at(self.origin.clone()));
        }
        if self.narrow.is_some() && self.decision == Decision::Deny {
            return Err(Error::usage("a rule that denies has nothing to narrow")
                .hint("drop `narrow`")
                .at(self.origin.clone()));
        }
        self.examples.iter().try_for_each(|example| self.check_example(example))
    }

    /// Whether it matches a call and what it leaves of the mounts.
    pub(super) fn evaluate(&self, facts: &Facts<'_>) -> RuleMatch {
        if !self.is_about(facts) {
            return RuleMatch { answer: Match::No, narrowing: None };
        }
        self.evaluate_arguments(facts.arguments, facts.resolver)
    }

    fn is_about(&self, facts: &Facts<'_>) -> bool {
        let named = |patterns: &[ToolPattern]| patterns.iter().any(|pattern| pattern.matches(facts.plugin, facts.tool));
        self.is_of(facts.plugin, facts.tool)
            && self.within.as_deref().is_none_or(named)
            && (!self.effects_none || facts.changes_nothing)
            && (!self.built_in || facts.built_in)
            && (self.after.is_empty() || ran(&self.after, facts.ran))
    }

    fn evaluate_arguments(&self, arguments: &Value, resolver: &dyn PathResolver) -> RuleMatch {
        let leaning = Leaning::from(self.decision);
        let found = self.condition.evaluate(arguments, resolver, leaning);
        let mut answer = found.answer;
        for exception in &self.unless {
            answer = answer.min(exception.evaluate(arguments, resolver, leaning.opposite()).answer.negate());
        }
        let narrowing = self.narrowing(arguments, resolver, found);
        if narrowing.is_none() && leaning == Leaning::Permit {
            // What cannot be narrowed as written is not allowed at all.
            answer = answer.min(Match::CannotTell);
        }
        RuleMatch { answer, narrowing }
    }

    /// An allowance by path or URL narrows by itself; what is written by hand for the same thing replaces that.
    fn narrowing(&self, arguments: &Value, resolver: &dyn PathResolver, found: Found) -> Option<Narrowing> {
        let mut narrowing = match self.decision {
            Decision::Allow => self.condition.narrowing(found),
            Decision::Ask | Decision::Deny => Narrowing::none(),
        };
        if let Some(narrow) = &self.narrow {
            narrow.evaluate(arguments, resolver, &mut narrowing)?;
        }
        Some(narrowing)
    }

    fn check_example(&self, example: &Example) -> Result<()> {
        let answer = self.evaluate_arguments(&example.arguments, &LexicalResolver).answer;
        if answer.counts(self.decision.into()) == example.matches {
            return Ok(());
        }
        let (key, should) = if example.matches { ("match", "matches") } else { ("not_match", "does not match") };
        Err(Error::usage(format!("example `{}` of `{key}` fails: the answer is `{answer}`", example.arguments))
            .hint(format!("change the rule until it {should} this, or the example"))
            .at(example.origin.clone()))
    }
}

fn ran(patterns: &[ToolPattern], ran: &BTreeSet<String>) -> bool {
    ran.iter().any(|name| patterns.iter().any(|pattern| pattern.matches_name(name)))
}
