//! A list of what is to be done, kept for the run in the state that the host offers.

use looplet_guest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The key of the list in the state.
const KEY: &str = "items";

const MAX_ITEMS: usize = 200;
const MAX_TEXT: usize = 1_000;

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// New items, one sentence each; they begin as `pending`.
    #[serde(default)]
    add: Vec<String>,
    /// Changes to items that are on the list.
    #[serde(default)]
    update: Vec<Change>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    /// The number of the item.
    id: usize,
    /// How it stands now.
    status: Option<Status>,
    /// What it says now.
    text: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    InProgress,
    Done,
    Dropped,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    id: usize,
    text: String,
    status: Status,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct List {
    items: Vec<Item>,
}

/// Keep a list of what is to be done in this run. `add` items, `update` some by number, both at once, or
/// neither to look; the answer is the whole list. Good for work of three steps or more: keep one item
/// `in_progress`, and set it to `done` as soon as it is.
#[looplet_guest::tool(uncharged)]
fn todo(args: Args) -> Result<List, Failure> {
    let mut list: List = host::state::load(KEY)?.unwrap_or_default();
    if args.add.is_empty() && args.update.is_empty() {
        return Ok(list);
    }
    args.update.into_iter().try_for_each(|change| list.update(change))?;
    args.add.into_iter().try_for_each(|text| list.add(text))?;
    host::state::save(KEY, &list)?;
    Ok(list)
}

impl List {
    fn add(&mut self, text: String) -> Result<(), Failure> {
        check(&text)?;
        if self.items.len() >= MAX_ITEMS {
            return Err(Failure::validation(format!("the list has {MAX_ITEMS} items, more do not fit")));
        }
        // Items are never taken away, so that a number means the same for the whole run.
        self.items.push(Item { id: self.items.len() + 1, text, status: Status::Pending });
        Ok(())
    }

    fn update(&mut self, change: Change) -> Result<(), Failure> {
        let count = self.items.len();
        let Some(item) = self.items.iter_mut().find(|item| item.id == change.id) else {
            let failure = Failure::not_found(format!("there is no item {}", change.id));
            return Err(match count {
                0 => failure.hint("the list is empty"),
                _ => failure.hint(format!("the list has items 1 to {count}")),
            });
        };
        if let Some(text) = change.text {
            check(&text)?;
            item.text = text;
        }
        item.status = change.status.unwrap_or(item.status);
        Ok(())
    }
}

fn check(text: &str) -> Result<(), Failure> {
    if text.trim().is_empty() || text.len() > MAX_TEXT {
        return Err(Failure::validation(format!("an item says something in {MAX_TEXT} bytes at most")));
    }
    Ok(())
}

looplet_guest::plugin!("todo", tools: [todo]);

#[cfg(test)]
mod tests {
    use super::*;

    fn add(texts: &[&str]) -> Args {
        Args { add: texts.iter().map(|&text| text.to_owned()).collect(), ..Args::default() }
    }

    fn update(id: usize, status: Option<Status>, text: Option<&str>) -> Args {
        let change = Change { id, status, text: text.map(str::to_owned) };
        Args { update: vec![change], ..Args::default() }
    }

    fn item(id: usize, text: &str, status: Status) -> Item {
        Item { id, text: text.to_owned(), status }
    }

    fn list(items: &[Item]) -> List {
        List { items: items.to_vec() }
    }

    #[test]
    fn the_list_is_kept_from_call_to_call() {
        assert_eq!(todo(Args::default()), Ok(list(&[])));
        let two = [item(1, "read", Status::Pending), item(2, "write", Status::Pending)];
        assert_eq!(todo(add(&["read", "write"])), Ok(list(&two)));
        let changed = [item(1, "read", Status::Done), item(2, "write it", Status::Pending)];
        assert!(todo(update(1, Some(Status::Done), None)).is_ok());
        assert_eq!(todo(update(2, None, Some("write it"))), Ok(list(&changed)));
        assert_eq!(todo(Args::default()), Ok(list(&changed)));
    }

    #[test]
    fn a_call_that_fails_changes_nothing() {
        assert!(todo(add(&["read"])).is_ok());
        let mut args = update(1, Some(Status::Done), None);
        args.add.push(" ".to_owned());
        let failure = Failure::validation("an item says something in 1000 bytes at most");
        assert_eq!(todo(args), Err(failure));
        assert_eq!(todo(Args::default()), Ok(list(&[item(1, "read", Status::Pending)])));
    }

    #[test]
    fn an_item_that_is_not_there_is_named_with_those_that_are() {
        let failure = Failure::not_found("there is no item 7").hint("the list is empty");
        assert_eq!(todo(update(7, None, None)), Err(failure));
        assert!(todo(add(&["a", "b"])).is_ok());
        let failure = Failure::not_found("there is no item 7").hint("the list has items 1 to 2");
        assert_eq!(todo(update(7, None, None)), Err(failure));
    }

    #[test]
    fn the_list_has_an_end() {
        let many = vec!["x"; MAX_ITEMS];
        assert!(todo(add(&many)).is_ok());
        let failure = Failure::validation("the list has 200 items, more do not fit");
        assert_eq!(todo(add(&["x"])), Err(failure));
    }
}
