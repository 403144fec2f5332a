//! What the operator could do about a decision. Never shown to the model.

use super::decision::Decision;
use super::policy::Verdict;

impl Verdict {
    /// The line or flag that would let calls of this tool (`plugin/tool`) through, for the operator
    /// alone; none if they go through already.
    pub fn remedy(&self, tool: &str) -> Option<String> {
        let lines = || self.deciding().into_iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        match (self.decision, &self.nothing_left, &self.unmatched) {
            (Decision::Allow, ..) => None,
            (Decision::Ask, ..) => Some(format!("`--allow '{tool}'` answers for this run")),
            (Decision::Deny, Some(mount), _) => {
                Some(format!("{} narrow `{mount}` to different places: change one", lines()))
            }
            (Decision::Deny, None, Some(_)) if !self.matched.iter().any(|rule| rule.decision == Decision::Deny) => {
                Some(format!(
                    "`--allow '{tool}'`, or in looplet.toml:\n  [[rules]]\n  tool = \"{tool}\"\n  decision = \"allow\""
                ))
            }
            (Decision::Deny, ..) if self.matched.iter().any(|rule| rule.decision == Decision::Deny) => {
                Some(format!("{} would have to except it (`unless`)", lines()))
            }
            (Decision::Deny, ..) => Some(format!("{} narrows to what these arguments do not say", lines())),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::origin::Origin;
    use crate::permission::{Decision, Verdict};

    #[test]
    fn the_operator_is_told_the_line_that_would_allow_it() {
        let mut verdict = Verdict {
            decision: Decision::Deny,
            reason: String::new(),
            matched: Vec::new(),
            unmatched: Some(Origin::Shipped),
            narrowing: crate::permission::Narrowing::none(),
            nothing_left: None,
        };
        let remedy = |verdict: &Verdict| verdict.remedy("files/read_file").unwrap_or_default();
        assert_eq!(
            remedy(&verdict),
            "`--allow 'files/read_file'`, or in looplet.toml:\n  [[rules]]\n  tool = \"files/read_file\"\n  decision = \"allow\""
        );
        verdict.decision = Decision::Ask;
        assert_eq!(remedy(&verdict), "`--allow 'files/read_file'` answers for this run");
        verdict.decision = Decision::Allow;
        assert_eq!(verdict.remedy("files/read_file"), None);
    }
}
