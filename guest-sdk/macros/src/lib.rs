//! The attributes of `looplet-guest`: with `#[tool]` a function becomes a tool of a plugin, with
//! `#[hook]` a hook.
//!
//! Separate from the SDK because a crate with procedural macros can hold nothing else. `claims` reads
//! what stands in the attribute, `need` one entry of `needs(…)`, `expand` and `hook` write the code.

mod claims;
mod expand;
mod hook;
mod need;

use proc_macro::TokenStream;

/// Makes a function a tool. Documented in `looplet_guest`, which re-exports it.
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::tool(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a function a hook. Documented in `looplet_guest`, which re-exports it.
#[proc_macro_attribute]
pub fn hook(attribute: TokenStream, item: TokenStream) -> TokenStream {
    hook::hook(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
