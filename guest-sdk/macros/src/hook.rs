//! Writes the code behind `#[hook]`: the function as it was, and a type of the same name that says what
//! the hook needs.
//!
//! Separate from `expand` because a hook claims next to nothing: its point is its name, and what it is told
//! and answers is checked by the compiler where `plugin!` calls it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Ident, ItemFn, Result, ReturnType, Token};

use crate::claims::{Limits, in_parentheses, once, unknown};
use crate::expand;
use crate::need::Need;

/// Every point, with how many parameters its function has.
const POINTS: [(&str, usize); 12] = [
    ("run_start", 3),
    ("should_compact", 3),
    ("pre_prompt", 1),
    ("pre_model", 3),
    ("post_model", 2),
    ("pre_tool", 2),
    ("post_tool", 2),
    ("post_step", 2),
    ("check_done", 2),
    ("should_stop", 1),
    ("run_end", 2),
    ("observe", 3),
];

/// Everything that the attribute says.
#[derive(Default)]
struct Wishes {
    needs: Vec<Need>,
    limits: Option<Limits>,
}

impl Parse for Wishes {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut wishes = Self::default();
        while !input.is_empty() {
            let word: Ident = input.parse()?;
            match word.to_string().as_str() {
                "needs" => wishes.needs.extend(in_parentheses(input, Need::parse)?),
                "limits" => once(&mut wishes.limits, &word, Limits::parse(input)?)?,
                _ => return Err(unknown(&word, &["needs(…)", "limits(…)"])),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(wishes)
    }
}

/// The whole expansion, or the complaint.
pub(crate) fn hook(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let wishes: Wishes = syn::parse2(attribute)?;
    let function: ItemFn = syn::parse2(item)?;
    check_signature(&function)?;
    let visibility = &function.vis;
    let ident = &function.sig.ident;
    let about = format!("The hook `{ident}`, for [`looplet_guest::plugin!`].");
    let needs = wishes.needs.iter().map(Need::to_tokens);
    let limits = expand::limits(wishes.limits.as_ref());
    Ok(quote! {
        #[allow(clippy::unnecessary_wraps, reason = "a hook answers a `Result`, whatever it does")]
        #function

        #[doc = #about]
        #[allow(
            non_camel_case_types,
            dead_code,
            reason = "it stands for the function of this name among the types, and is never made"
        )]
        #visibility struct #ident {}

        impl ::looplet_guest::hook::Hook for #ident {
            fn wishes() -> ::looplet_guest::contract::HookWishes {
                ::looplet_guest::contract::HookWishes { needs: vec![#(#needs),*], limits: #limits }
            }
        }
    })
}

fn check_signature(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    let Some((_, parameters)) = POINTS.iter().find(|(point, _)| signature.ident == point) else {
        let known: Vec<_> = POINTS.iter().map(|(point, _)| format!("`{point}`")).collect();
        let message = format!("a hook is named after its point, one of {}", known.join(", "));
        return Err(syn::Error::new(signature.ident.span(), message));
    };
    if let Some(word) = &signature.asyncness {
        return Err(syn::Error::new(word.span(), "a hook is not async: the run waits for it"));
    }
    if let Some(word) = &signature.unsafety {
        return Err(syn::Error::new(word.span(), "a hook is not unsafe"));
    }
    if !signature.generics.params.is_empty() {
        return Err(syn::Error::new(signature.generics.span(), "a hook has no generics"));
    }
    if signature.inputs.len() != *parameters {
        let message = format!("`{}` takes {parameters} parameters, see `looplet_guest::hook`", signature.ident);
        return Err(syn::Error::new(signature.ident.span(), message));
    }
    if matches!(signature.output, ReturnType::Default) {
        let message = "a hook answers a `Result<_, Failure>`, see `looplet_guest::hook` for of what";
        return Err(syn::Error::new(signature.ident.span(), message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(attribute: &str, item: &str) -> String {
        let attribute = attribute.parse().expect("is valid");
        match hook(attribute, item.parse().expect("is valid")) {
            Ok(_) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn functions_that_cannot_be_hooks_are_refused_with_the_reason() {
        let cases = [
            ("", "fn pre_tool(v: &RunView, c: &CallView) -> R {}", "none"),
            ("limits(wall_ms = 200), needs(model(\"to think\"))", "fn should_stop(v: &RunView) -> R {}", "none"),
            (
                "",
                "fn before() -> R {}",
                "a hook is named after its point, one of `run_start`, `should_compact`, `pre_prompt`, `pre_model`, \
                 `post_model`, `pre_tool`, `post_tool`, `post_step`, `check_done`, `should_stop`, `run_end`, `observe`",
            ),
            ("", "async fn should_stop(v: &RunView) -> R {}", "a hook is not async: the run waits for it"),
            ("", "unsafe fn should_stop(v: &RunView) -> R {}", "a hook is not unsafe"),
            ("", "fn should_stop<T>(v: &T) -> R {}", "a hook has no generics"),
            ("", "fn should_stop() -> R {}", "`should_stop` takes 1 parameters, see `looplet_guest::hook`"),
            (
                "",
                "fn should_stop(v: &RunView) {}",
                "a hook answers a `Result<_, Failure>`, see `looplet_guest::hook` for of what",
            ),
            (
                "reads",
                "fn should_stop(v: &RunView) -> R {}",
                "unknown word `reads`, expected one of `needs(…)`, `limits(…)`",
            ),
            (
                "limits(wall_ms = 1), limits(wall_ms = 2)",
                "fn should_stop(v: &RunView) -> R {}",
                "`limits` stands twice",
            ),
        ];
        for (attribute, item, expected) in cases {
            assert_eq!(complaint(attribute, item), expected, "{item}");
        }
    }
}
