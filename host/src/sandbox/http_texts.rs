//! The texts of a request that a guest builds, held to a length: the library keeps them whole for every handle,
//! where no limit on memory sees them.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::{HostOutgoingRequest as _, Method, Scheme};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;

use super::state::CallState;
use crate::capability::http::HttpLimits;

/// The interface as the library names it.
const TYPES: &str = "wasi:http/types@0.2.12";

type Set = wasmtime::Result<(Result<(), ()>,)>;
type Request = Resource<HostOutgoingRequest>;

/// Puts `wasi:http` into a linker. What is too long is refused as what is no such text.
pub(super) fn add(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    let added = shorten(linker);
    linker.allow_shadowing(false);
    added
}

fn shorten(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let mut types = linker.instance(TYPES)?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: StoreContextMut<'_, CallState>, (request, method): (Request, Method)| -> Set {
            let fits = !matches!(&method, Method::Other(word) if word.len() > HttpLimits::WORD_BYTES);
            let mut http = store.data_mut().http();
            Ok((if fits { http.set_method(request, method)? } else { Err(()) },))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-scheme",
        |mut store: StoreContextMut<'_, CallState>, (request, scheme): (Request, Option<Scheme>)| -> Set {
            let fits = !matches!(&scheme, Some(Scheme::Other(word)) if word.len() > HttpLimits::WORD_BYTES);
            let mut http = store.data_mut().http();
            Ok((if fits { http.set_scheme(request, scheme)? } else { Err(()) },))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: StoreContextMut<'_, CallState>, (request, host): (Request, Option<String>)| -> Set {
            let fits = host.as_ref().is_none_or(|host| host.len() <= HttpLimits::HOST_BYTES);
            let mut http = store.data_mut().http();
            Ok((if fits { http.set_authority(request, host)? } else { Err(()) },))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: StoreContextMut<'_, CallState>, (request, path): (Request, Option<String>)| -> Set {
            let fits = path.as_ref().is_none_or(|path| path.len() <= HttpLimits::TEXT_BYTES);
            let mut http = store.data_mut().http();
            Ok((if fits { http.set_path_with_query(request, path)? } else { Err(()) },))
        },
    )
}
