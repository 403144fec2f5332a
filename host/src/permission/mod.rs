//! What may happen: rules, and the decision about one call. Pure, without files, clock or engine.
//!
//! [`Policy::decide`] is the heart: it takes [`Facts`] and gives a [`Verdict`]. Around it stand the
//! languages that rules are written in (patterns, matchers, path globs, narrowing), the answers to an
//! ask (standing approvals, the [`Approver`]) and the [`Masks`] that hold below every tool.

mod answer;
mod approval;
mod approvals;
mod argument;
mod ask_id;
mod check;
mod decision;
mod fields;
mod http_origin;
mod http_pattern;
mod http_target;
mod kind;
mod mask;
mod matcher;
mod narrow;
mod nearest;
mod path;
mod pattern;
mod place;
mod policy;
mod rule;
mod shadow;
mod standing;
mod template;
mod tool_pattern;
mod url;
mod url_path;
mod wide;

pub use answer::{Leaning, Match};
pub use approval::{Answer, Approver, Askable, Deny, OnBehalf, Question, Reach};
pub use approvals::StandingApprovals;
pub use argument::{Argument, Lookup};
pub use ask_id::AskId;
pub use check::{Finding, KnownTool, Severity, check_bound};
pub use decision::{Decision, Unmatched};
pub use http_origin::HttpOrigin;
pub use http_pattern::HttpPattern;
pub use http_target::HttpTarget;
pub use kind::ToolKind;
pub use mask::{Mask, MaskHit, MaskKind, Masks, Tier};
pub use matcher::Matcher;
pub use narrow::Narrow;
pub use nearest::nearest;
pub use path::{LexicalResolver, PathFact, PathMatch, PathMatcher, PathResolver};
pub use pattern::{PathGlob, TextGlob};
pub use place::{FsPlace, Narrowing};
pub use policy::{Facts, Fallback, Matched, Nothing, Policy, Verdict};
pub use rule::{Condition, Example, Rule, Voice};
pub use standing::{Scope, StandingApproval, Until};
pub use template::Template;
pub use tool_pattern::ToolPattern;
pub use url::{UrlMatch, UrlMatcher};
