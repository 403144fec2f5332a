//! One entry of `needs(…)`: what is asked for, why, and whether the tool works without it.
//!
//! The forms: `fs(MOUNT, read|write, "why")`, `http(["PATTERN", …], "why")`, `env(["NAME", …], "why")`,
//! `secret(NAME, "ORIGIN", "why")`, `process(["NAME", …], "why")`, `model("why")`; each may end with
//! `, optional`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Result, Token};

use crate::claims::unknown;

/// One entry of `needs(…)`.
pub(crate) struct Need {
    capability: Capability,
    why: LitStr,
    optional: bool,
}

enum Capability {
    Fs { mount: String, writes: bool },
    Http(Vec<LitStr>),
    Env(Vec<LitStr>),
    Secret { name: String, origin: LitStr },
    Process(Vec<LitStr>),
    Model,
}

impl Need {
    pub(crate) fn parse(input: ParseStream<'_>) -> Result<Self> {
        let kind: Ident = input.parse()?;
        let content;
        syn::parenthesized!(content in input);
        let capability = Capability::parse(&kind, &content)?;
        let why: LitStr = content.parse()?;
        if why.value().trim().is_empty() {
            return Err(syn::Error::new(why.span(), "say in one sentence why it is needed"));
        }
        let optional = read_optional(&content)?;
        Ok(Self { capability, why, optional })
    }

    /// The value of the contract's type `need`.
    pub(crate) fn to_tokens(&self) -> TokenStream {
        let Self { capability, why, optional } = self;
        let capability = capability.to_tokens();
        quote! {
            ::looplet_guest::contract::Need {
                capability: #capability,
                optional: #optional,
                why: #why.into(),
            }
        }
    }
}

impl Capability {
    fn parse(kind: &Ident, input: ParseStream<'_>) -> Result<Self> {
        const KNOWN: [&str; 6] = ["fs", "http", "env", "secret", "process", "model"];
        Ok(match kind.to_string().as_str() {
            "fs" => {
                let mount = before_comma(input, name)?;
                let writes = before_comma(input, mode)?;
                Self::Fs { mount, writes }
            }
            "http" => Self::Http(before_comma(input, texts)?),
            "env" => Self::Env(before_comma(input, texts)?),
            "secret" => {
                let name = before_comma(input, name)?;
                let origin = before_comma(input, <LitStr as Parse>::parse)?;
                Self::Secret { name, origin }
            }
            "process" => Self::Process(before_comma(input, texts)?),
            "model" => Self::Model,
            _ => return Err(unknown(kind, &KNOWN)),
        })
    }

    fn to_tokens(&self) -> TokenStream {
        let contract = quote!(::looplet_guest::contract);
        match self {
            Self::Fs { mount, writes } => {
                let mode = if *writes { quote!(ReadWrite) } else { quote!(ReadOnly) };
                quote!(#contract::Capability::Fs(#contract::FsNeed {
                    mount: #mount.into(),
                    mode: #contract::FsMode::#mode,
                }))
            }
            Self::Http(patterns) => {
                quote!(#contract::Capability::Http(vec![#(#patterns.into()),*]))
            }
            Self::Env(names) => quote!(#contract::Capability::Env(vec![#(#names.into()),*])),
            Self::Secret { name, origin } => {
                quote!(#contract::Capability::Secret(#contract::SecretNeed {
                    name: #name.into(),
                    origin: #origin.into(),
                }))
            }
            Self::Process(names) => {
                quote!(#contract::Capability::Process(vec![#(#names.into()),*]))
            }
            Self::Model => quote!(#contract::Capability::Model),
        }
    }
}

fn before_comma<T>(input: ParseStream<'_>, item: impl FnOnce(ParseStream<'_>) -> Result<T>) -> Result<T> {
    let value = item(input)?;
    if input.is_empty() {
        return Err(input.error("say why it is needed: one sentence for the operator, in quotes"));
    }
    input.parse::<Token![,]>()?;
    Ok(value)
}

/// A bare word, or text in quotes for names that are no Rust identifiers.
fn name(input: ParseStream<'_>) -> Result<String> {
    if input.peek(LitStr) {
        return Ok(input.parse::<LitStr>()?.value());
    }
    Ok(input.parse::<Ident>()?.to_string())
}

fn mode(input: ParseStream<'_>) -> Result<bool> {
    let word: Ident = input.parse()?;
    match word.to_string().as_str() {
        "read" => Ok(false),
        "write" => Ok(true),
        _ => Err(unknown(&word, &["read", "write"])),
    }
}

/// `"one"` or `["one", "two"]`.
fn texts(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    if input.peek(LitStr) {
        return Ok(vec![input.parse()?]);
    }
    let content;
    syn::bracketed!(content in input);
    let items = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
    Ok(items.into_iter().collect())
}

fn read_optional(input: ParseStream<'_>) -> Result<bool> {
    if input.is_empty() {
        return Ok(false);
    }
    input.parse::<Token![,]>()?;
    if input.is_empty() {
        return Ok(false);
    }
    let word: Ident = input.parse()?;
    if word != "optional" {
        return Err(unknown(&word, &["optional"]));
    }
    if input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
    }
    if input.is_empty() { Ok(true) } else { Err(input.error("nothing follows `optional`")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse::Parser;

    fn read(text: &str) -> String {
        match Need::parse.parse_str(text) {
            Ok(need) => need.to_tokens().to_string().replace(' ', ""),
            Err(error) => error.to_string(),
        }
    }

    fn expected(capability: &str, optional: bool) -> String {
        let contract = "::looplet_guest::contract::";
        let capability = capability.replace("C::", contract);
        format!("{contract}Need{{capability:{capability},optional:{optional},why:\"w\".into(),}}")
    }

    #[test]
    fn every_kind_becomes_its_case_of_the_contract() {
        assert_eq!(
            read(r#"fs(workspace, write, "w", optional)"#),
            expected(r#"C::Capability::Fs(C::FsNeed{mount:"workspace".into(),mode:C::FsMode::ReadWrite,})"#, true)
        );
        assert_eq!(
            read(r#"fs("my-notes", read, "w",)"#),
            expected(r#"C::Capability::Fs(C::FsNeed{mount:"my-notes".into(),mode:C::FsMode::ReadOnly,})"#, false)
        );
        assert_eq!(
            read(r#"http("GET https://a.example/**", "w")"#).replace("GEThttps", "GET https"),
            expected(r#"C::Capability::Http(vec!["GET https://a.example/**".into()])"#, false)
        );
        assert_eq!(
            read(r#"env(["HOME","LANG"], "w")"#),
            expected(r#"C::Capability::Env(vec!["HOME".into(),"LANG".into()])"#, false)
        );
        assert_eq!(
            read(r#"secret(github, "https://api.example", "w")"#),
            expected(
                r#"C::Capability::Secret(C::SecretNeed{name:"github".into(),origin:"https://api.example".into(),})"#,
                false
            )
        );
        assert_eq!(read(r#"process("git", "w")"#), expected(r#"C::Capability::Process(vec!["git".into()])"#, false));
        assert_eq!(read(r#"model("w")"#), expected("C::Capability::Model", false));
    }

    #[test]
    fn every_mistake_is_named() {
        assert_eq!(read("fs(a, append, \"w\")"), "unknown word `append`, expected one of `read`, `write`");
        assert_eq!(
            read("disk(a)"),
            "unknown word `disk`, expected one of `fs`, `http`, `env`, `secret`, `process`, `model`"
        );
        assert_eq!(
            read("fs(a, read)"),
            "unexpected end of input, say why it is needed: one sentence for the operator, in quotes"
        );
        assert_eq!(read("model(\" \")"), "say in one sentence why it is needed");
        assert_eq!(read("model(\"w\", maybe)"), "unknown word `maybe`, expected one of `optional`");
        assert_eq!(read("model(\"w\", optional, optional)"), "nothing follows `optional`");
    }
}
