//! The tools of a run, by the names that the model uses.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::permission::nearest;
use crate::record::{Done, ToolRecord};

/// Most names that a model is told when it called one that does not exist.
const NAMES_TOLD: usize = 40;

/// As long as a tool's name can be; a longer one is compared by so many letters.
const NAME_LETTERS: usize = 64;

/// The tools of a run and its way to say that it is done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tools {
    by_name: BTreeMap<String, Arc<ToolRecord>>,
    done: Done,
}

impl Tools {
    pub(super) fn new(tools: &[ToolRecord], done: Done) -> Self {
        let by_name = tools.iter().map(|tool| (tool.name.clone(), Arc::new(tool.clone()))).collect();
        Self { by_name, done }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<ToolRecord>> {
        self.by_name.get(name)
    }

    pub(super) fn done(&self) -> &Done {
        &self.done
    }

    /// What a model is told that used a name which no tool has: the nearest name, and all names.
    pub(super) fn advice(&self, name: &str) -> String {
        let names = || self.by_name.keys().map(String::as_str).chain([self.done.name.as_str()]);
        let mut told = names().take(NAMES_TOLD).collect::<Vec<_>>().join(", ");
        if self.by_name.len() >= NAMES_TOLD {
            told.push_str(", …");
        }
        let word: String = name.chars().take(NAME_LETTERS).collect();
        match nearest(&word.to_lowercase(), names()) {
            Some(near) => format!("did you mean `{near}`? available: {told}"),
            None => format!("available: {told}"),
        }
    }
}
