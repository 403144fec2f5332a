//! The attribute `#[tool]` of `looplet-guest`: a function becomes a tool of a plugin.
//!
//! Separate from the SDK because a crate with procedural macros can hold nothing else. `claims` reads
//! what stands in the attribute, `need` one entry of `needs(…)`, `expand` writes the code.

mod claims;
mod expand;
mod need;

use proc_macro::TokenStream;

/// Makes a function a tool. Documented in `looplet_guest`, which re-exports it.
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::tool(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
