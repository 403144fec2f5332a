//! Writes the code behind `#[tool]`: the function as it was, and a type of the same name that
//! implements `Tool`.
//!
//! A function lives in the namespace of values and a struct with braces in that of types only, so both
//! can have one name: `plugin!` takes the type, tests call the function, `use` brings both.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, FnArg, ItemFn, Lit, LitStr, Meta, Result, ReturnType, Type};

use crate::claims::{Claims, Limits};

/// What the contract allows for a description.
const MAX_DESCRIPTION: usize = 8 * 1024;

/// The whole expansion, or the complaint.
pub(crate) fn tool(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let claims: Claims = syn::parse2(attribute)?;
    let function: ItemFn = syn::parse2(item)?;
    check_signature(&function)?;
    let implementation = implementation(&claims, &function)?;
    let visibility = &function.vis;
    let ident = &function.sig.ident;
    let about = format!("The tool `{}`, for [`looplet_guest::plugin!`].", tool_name(&claims, &function)?);
    Ok(quote! {
        #[allow(
            clippy::needless_pass_by_value,
            clippy::unnecessary_wraps,
            reason = "a tool owns its arguments and answers a `Result`, whatever it does with them"
        )]
        #function

        #[doc = #about]
        #[allow(
            non_camel_case_types,
            dead_code,
            reason = "it stands for the function of this name among the types, and is never made"
        )]
        #visibility struct #ident {}

        #implementation
    })
}

fn check_signature(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(word) = &signature.asyncness {
        return Err(syn::Error::new(word.span(), "a tool is not async: the host runs it on a thread of its own"));
    }
    if let Some(word) = &signature.unsafety {
        return Err(syn::Error::new(word.span(), "a tool is not unsafe"));
    }
    if !signature.generics.params.is_empty() {
        return Err(syn::Error::new(signature.generics.span(), "a tool has no generics"));
    }
    if signature.inputs.len() > 2 {
        let message = "a tool takes at most two parameters: its arguments, and `&Call`";
        return Err(syn::Error::new(signature.inputs.span(), message));
    }
    if matches!(signature.output, ReturnType::Default) {
        return Err(syn::Error::new(signature.ident.span(), "a tool answers a `Result<T, Failure>`"));
    }
    Ok(())
}

fn implementation(claims: &Claims, function: &ItemFn) -> Result<TokenStream> {
    let ident = &function.sig.ident;
    let name = tool_name(claims, function)?;
    let spec = spec(claims, function)?;
    let arguments = arguments_type(function)?;
    let parameters = match function.sig.inputs.len() {
        0 => quote!(),
        1 => quote!(arguments),
        _ => quote!(arguments, call),
    };
    // Also without parameters the arguments are read, so that a stray one is refused.
    let binding = if parameters.is_empty() { quote!(_) } else { quote!(arguments) };
    Ok(quote! {
        impl ::looplet_guest::Tool for #ident {
            const NAME: &'static str = #name;

            fn spec() -> ::looplet_guest::contract::ToolSpec {
                #spec
            }

            fn call(
                call: &::looplet_guest::Call,
            ) -> ::core::result::Result<::looplet_guest::Output, ::looplet_guest::Failure> {
                #[allow(unused_imports, reason = "one of the two serves, by what the tool answers")]
                use ::looplet_guest::answer::{ByContent as _, ByJson as _};
                let #binding: #arguments = call.arguments()?;
                match #ident(#parameters) {
                    Ok(value) => ::looplet_guest::answer::Answer(value).into_output(),
                    Err(failure) => Err(::looplet_guest::Failure::from(failure)),
                }
            }
        }
    })
}

fn spec(claims: &Claims, function: &ItemFn) -> Result<TokenStream> {
    let name = tool_name(claims, function)?;
    let description = description(claims, function)?;
    let arguments = arguments_type(function)?;
    let output_schema = output_schema(claims, function);
    let effects = effects(claims);
    let needs = claims.needs.iter().map(crate::need::Need::to_tokens);
    let limits = limits(claims.limits.as_ref());
    let show = show(claims);
    let uncharged = claims.has("uncharged");
    let concurrent_safe = claims.has("concurrent_safe");
    Ok(quote! {
        ::looplet_guest::contract::ToolSpec {
            name: #name.into(),
            description: #description.into(),
            input_schema: ::looplet_guest::schema::of_arguments::<#arguments>(),
            output_schema: #output_schema,
            effects: #effects,
            needs: vec![#(#needs),*],
            limits: #limits,
            show: vec![#(#show),*],
            uncharged: #uncharged,
            concurrent_safe: #concurrent_safe,
        }
    })
}

fn tool_name(claims: &Claims, function: &ItemFn) -> Result<String> {
    let (name, span) = match &claims.name {
        Some(literal) => (literal.value(), literal.span()),
        None => (function.sig.ident.unraw().to_string(), function.sig.ident.span()),
    };
    let fits = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 64
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if fits {
        return Ok(name);
    }
    let message = format!("`{name}` is no name of a tool: lower-case letters, digits and `_`, 64 at most");
    Err(syn::Error::new(span, message))
}

fn description(claims: &Claims, function: &ItemFn) -> Result<String> {
    let text = match &claims.description {
        Some(literal) => literal.value(),
        None => doc_comment(&function.attrs),
    };
    let text = text.trim();
    if text.is_empty() {
        let message = "a tool has a doc comment: the model reads it as the description";
        return Err(syn::Error::new(function.sig.ident.span(), message));
    }
    if text.len() > MAX_DESCRIPTION {
        let message = format!("the description has {} bytes, {MAX_DESCRIPTION} at most", text.len());
        return Err(syn::Error::new(function.sig.ident.span(), message));
    }
    Ok(text.to_owned())
}

/// The doc comment with one leading space of each line taken off.
fn doc_comment(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(doc_line).map(|line| {
        let text = line.value();
        text.strip_prefix(' ').unwrap_or(&text).trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn doc_line(attribute: &Attribute) -> Option<LitStr> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(literal) = &meta.value else {
        return None;
    };
    let Lit::Str(text) = &literal.lit else {
        return None;
    };
    meta.path.is_ident("doc").then(|| text.clone())
}

fn arguments_type(function: &ItemFn) -> Result<TokenStream> {
    match function.sig.inputs.first() {
        None => Ok(quote!(::looplet_guest::NoArguments)),
        Some(FnArg::Typed(parameter)) => Ok(parameter.ty.to_token_stream()),
        Some(FnArg::Receiver(receiver)) => {
            Err(syn::Error::new(receiver.span(), "a tool is a plain function, not a method"))
        }
    }
}

fn output_schema(claims: &Claims, function: &ItemFn) -> TokenStream {
    match return_type(function) {
        Some(result) if claims.has("output_schema") => quote! {
            Some(::looplet_guest::schema::of_answer::<
                <#result as ::looplet_guest::answer::Answers>::Answer,
            >())
        },
        _ => quote!(None),
    }
}

fn return_type(function: &ItemFn) -> Option<&Type> {
    match &function.sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, result) => Some(result),
    }
}

fn effects(claims: &Claims) -> TokenStream {
    let all = [
        ("reads", quote!(READS)),
        ("writes", quote!(WRITES)),
        ("destructive", quote!(DESTRUCTIVE)),
        ("idempotent", quote!(IDEMPOTENT)),
        ("open_world", quote!(OPEN_WORLD)),
    ];
    let claimed = all.iter().filter(|(word, _)| claims.has(word)).map(|(_, flag)| flag);
    quote!(::looplet_guest::contract::Effects::empty() #(| ::looplet_guest::contract::Effects::#claimed)*)
}

pub(crate) fn limits(limits: Option<&Limits>) -> TokenStream {
    let Some(limits) = limits else {
        return quote!(None);
    };
    let wall_ms = option(limits.wall_ms);
    let memory_bytes = option(limits.memory_bytes);
    let output_bytes = option(limits.output_bytes);
    quote! {
        Some(::looplet_guest::contract::WishedLimits {
            wall_ms: #wall_ms,
            memory_bytes: #memory_bytes,
            output_bytes: #output_bytes,
        })
    }
}

fn option(value: Option<u32>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

fn show(claims: &Claims) -> impl Iterator<Item = TokenStream> + '_ {
    claims.show.iter().map(|shown| {
        let pointer = &shown.pointer;
        let role = match shown.role.to_string().as_str() {
            "path" => quote!(Path),
            "before" => quote!(Before),
            "after" => quote!(After),
            "command" => quote!(Command),
            "url" => quote!(Url),
            _ => quote!(Text),
        };
        quote! {
            ::looplet_guest::contract::ShownArgument {
                pointer: #pointer.into(),
                role: ::looplet_guest::contract::ArgumentRole::#role,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(attribute: &str, item: &str) -> String {
        let attribute = attribute.parse().expect("is valid");
        match tool(attribute, item.parse().expect("is valid")) {
            Ok(_) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_doc_comment_is_the_description_without_its_margin() {
        let function: ItemFn = syn::parse_quote! {
            /// First line.
            ///
            ///   indented
            #[inline]
            fn a() -> Result<(), Failure> {}
        };
        let found = description(&Claims::default(), &function).expect("is valid");
        assert_eq!(found, "First line.\n\n  indented");
    }

    #[test]
    fn functions_that_cannot_be_tools_are_refused_with_the_reason() {
        let cases = [
            ("", "/// D\nasync fn a() -> R {}", "a tool is not async: the host runs it on a thread of its own"),
            ("", "/// D\nunsafe fn a() -> R {}", "a tool is not unsafe"),
            ("", "/// D\nfn a<T>(x: T) -> R {}", "a tool has no generics"),
            ("", "/// D\nfn a(&self) -> R {}", "a tool is a plain function, not a method"),
            ("", "/// D\nfn a() {}", "a tool answers a `Result<T, Failure>`"),
            (
                "",
                "/// D\nfn a(x: A, y: &Call, z: u8) -> R {}",
                "a tool takes at most two parameters: its arguments, and `&Call`",
            ),
            ("", "fn a() -> R {}", "a tool has a doc comment: the model reads it as the description"),
            ("", "/// D\nfn aB() -> R {}", "`aB` is no name of a tool: lower-case letters, digits and `_`, 64 at most"),
            (
                "name = \"1\"",
                "/// D\nfn a() -> R {}",
                "`1` is no name of a tool: lower-case letters, digits and `_`, 64 at most",
            ),
        ];
        for (attribute, item, expected) in cases {
            assert_eq!(complaint(attribute, item), expected, "{item}");
        }
    }

    #[test]
    fn a_keyword_can_be_the_name_of_a_tool() {
        let function: ItemFn = syn::parse_quote!(
            fn r#move() -> R {}
        );
        assert_eq!(tool_name(&Claims::default(), &function).expect("is valid"), "move");
    }
}
