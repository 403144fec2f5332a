//! What an author writes in `#[tool(…)]`, read and checked.
//!
//! Separate from `expand` so that every complaint about the attribute is made here, with the place it
//! is about.

use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitInt, LitStr, Result, Token};

use crate::need::Need;

/// The words that stand alone.
const FLAGS: [&str; 8] =
    ["reads", "writes", "destructive", "idempotent", "open_world", "uncharged", "concurrent_safe", "output_schema"];

/// The words that take something.
const TAKERS: [&str; 5] = ["needs(…)", "show(…)", "limits(…)", "name = \"…\"", "description = \"…\""];

const ROLES: [&str; 6] = ["path", "before", "after", "command", "url", "text"];

/// Everything that the attribute says.
#[derive(Default)]
pub(crate) struct Claims {
    pub(crate) name: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) needs: Vec<Need>,
    pub(crate) show: Vec<Shown>,
    pub(crate) limits: Option<Limits>,
    flags: Vec<String>,
}

/// `path = "/path"` in `show(…)`.
pub(crate) struct Shown {
    pub(crate) role: Ident,
    pub(crate) pointer: LitStr,
}

/// `limits(…)` in the units of the contract.
#[derive(Default)]
pub(crate) struct Limits {
    pub(crate) wall_ms: Option<u32>,
    pub(crate) memory_bytes: Option<u32>,
    pub(crate) output_bytes: Option<u32>,
}

impl Claims {
    /// Whether a word that stands alone was written.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|written| written == flag)
    }

    fn read_item(&mut self, input: ParseStream<'_>) -> Result<()> {
        let word: Ident = input.parse()?;
        match word.to_string().as_str() {
            "needs" => self.needs.extend(in_parentheses(input, Need::parse)?),
            "show" => self.show.extend(in_parentheses(input, Shown::parse)?),
            "limits" => return once(&mut self.limits, &word, Limits::parse(input)?),
            "name" => return once(&mut self.name, &word, assigned(input)?),
            "description" => return once(&mut self.description, &word, assigned(input)?),
            flag if FLAGS.contains(&flag) => {
                if self.has(flag) {
                    return Err(twice(&word));
                }
                self.flags.push(flag.to_owned());
            }
            _ => return Err(unknown(&word, &[&FLAGS[..], &TAKERS[..]].concat())),
        }
        Ok(())
    }
}

impl Parse for Claims {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut claims = Self::default();
        while !input.is_empty() {
            claims.read_item(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(claims)
    }
}

impl Shown {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let role: Ident = input.parse()?;
        if !ROLES.contains(&role.to_string().as_str()) {
            return Err(unknown(&role, &ROLES));
        }
        let pointer: LitStr = assigned(input)?;
        if !pointer.value().starts_with('/') {
            let message = "a JSON pointer begins with `/`, such as \"/path\"";
            return Err(syn::Error::new(pointer.span(), message));
        }
        Ok(Self { role, pointer })
    }
}

impl Limits {
    pub(crate) fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut limits = Self::default();
        in_parentheses(input, |input| limits.read_item(input))?;
        Ok(limits)
    }

    fn read_item(&mut self, input: ParseStream<'_>) -> Result<()> {
        const KNOWN: [&str; 3] = ["wall_ms", "memory_mib", "output_kib"];
        let word: Ident = input.parse()?;
        let (slot, unit) = match word.to_string().as_str() {
            "wall_ms" => (&mut self.wall_ms, 1),
            "memory_mib" => (&mut self.memory_bytes, 1024 * 1024),
            "output_kib" => (&mut self.output_bytes, 1024),
            _ => return Err(unknown(&word, &KNOWN)),
        };
        let number: LitInt = assigned(input)?;
        let in_units = number.base10_parse::<u32>()?.checked_mul(unit);
        let value = in_units.ok_or_else(|| syn::Error::new(number.span(), "more than the contract can say"))?;
        once(slot, &word, value)
    }
}

/// `( item, item )` after a word.
pub(crate) fn in_parentheses<T>(
    input: ParseStream<'_>,
    mut item: impl FnMut(ParseStream<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let content;
    syn::parenthesized!(content in input);
    let mut items = Vec::new();
    while !content.is_empty() {
        items.push(item(&content)?);
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(items)
}

/// `= value` after a word.
fn assigned<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

pub(crate) fn once<T>(slot: &mut Option<T>, word: &Ident, value: T) -> Result<()> {
    match slot.replace(value) {
        Some(_) => Err(twice(word)),
        None => Ok(()),
    }
}

fn twice(word: &Ident) -> syn::Error {
    syn::Error::new(word.span(), format!("`{word}` stands twice"))
}

/// A word that means nothing here, with those that do.
pub(crate) fn unknown(word: &Ident, known: &[&str]) -> syn::Error {
    let list: Vec<_> = known.iter().map(|word| format!("`{word}`")).collect();
    syn::Error::new(word.span(), format!("unknown word `{word}`, expected one of {}", list.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(attribute: &str) -> String {
        match syn::parse_str::<Claims>(attribute) {
            Ok(_) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn limits_come_out_in_the_units_of_the_contract() {
        let claims: Claims =
            syn::parse_str("limits(memory_mib = 128, wall_ms = 30_000, output_kib = 1)").expect("is valid");
        let limits = claims.limits.expect("is valid");
        let found = (limits.memory_bytes, limits.wall_ms, limits.output_bytes);
        assert_eq!(found, (Some(134_217_728), Some(30_000), Some(1024)));
    }

    #[test]
    fn words_that_stand_alone_are_kept_and_the_rest_is_absent() {
        let claims: Claims = syn::parse_str("reads, concurrent_safe,").expect("is valid");
        assert!(claims.has("reads") && claims.has("concurrent_safe") && !claims.has("writes"));
    }

    #[test]
    fn needs_may_be_written_in_one_list_or_in_several() {
        let one: Claims = syn::parse_str(r#"needs(fs(a, read, "x"), model("y"))"#).expect("is valid");
        let two: Claims = syn::parse_str(r#"needs(fs(a, read, "x")), needs(model("y", optional))"#).expect("is valid");
        assert_eq!((one.needs.len(), two.needs.len()), (2, 2));
    }

    #[test]
    fn every_mistake_is_named() {
        assert_eq!(complaint("reads, reads"), "`reads` stands twice");
        assert_eq!(complaint("name = \"a\", name = \"b\""), "`name` stands twice");
        assert_eq!(complaint("limits(wall_ms = 1, wall_ms = 2)"), "`wall_ms` stands twice");
        assert_eq!(complaint("limits(memory_mib = 4096)"), "more than the contract can say");
        assert_eq!(complaint("show(path = \"path\")"), "a JSON pointer begins with `/`, such as \"/path\"");
        assert_eq!(
            complaint("show(file = \"/path\")"),
            "unknown word `file`, expected one of `path`, `before`, `after`, `command`, `url`, `text`"
        );
        assert_eq!(
            complaint("pure"),
            "unknown word `pure`, expected one of `reads`, `writes`, `destructive`, `idempotent`, \
             `open_world`, `uncharged`, `concurrent_safe`, `output_schema`, `needs(…)`, `show(…)`, \
             `limits(…)`, `name = \"…\"`, `description = \"…\"`"
        );
    }
}
