//! One call of a guest, with shipped limits and no authority unless said otherwise.

use std::sync::Arc;
use std::time::Duration;

use looplet_host::canonical::CanonicalJson;
use looplet_host::capability::Authority;
use looplet_host::message::ToolCall;
use looplet_host::plugin::{CallContext, CallSupport, GuestReport, PluginState};
use looplet_host::sandbox::{Limits, Plugin, Sandbox};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{block_on, plugin, sandbox};

/// A call that is about to be made. Cheap to clone.
#[derive(Clone)]
pub struct Call {
    plugin: Plugin,
    sandbox: Sandbox,
    arguments: Value,
    authority: Authority,
    limits: Limits,
    context: CallContext,
    cancel: CancellationToken,
}

impl Call {
    /// A call of a guest's first tool.
    pub fn of(guest: &'static str, arguments: Value) -> Self {
        Self::of_plugin(plugin(guest), arguments)
    }

    /// A call of a plugin's first tool.
    pub fn of_plugin(plugin: Plugin, arguments: Value) -> Self {
        Self {
            plugin,
            sandbox: sandbox().clone(),
            arguments,
            authority: Authority::default(),
            limits: Limits::SHIPPED,
            context: CallContext::bare(),
            cancel: CancellationToken::new(),
        }
    }

    /// In the sandbox in which the plugin was loaded.
    pub fn inside(mut self, sandbox: &Sandbox) -> Self {
        self.sandbox = sandbox.clone();
        self
    }

    /// With this authority.
    pub fn with(mut self, authority: Authority) -> Self {
        self.authority = authority;
        self
    }

    /// With limits that are changed.
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// With this much time.
    pub fn wall(self, milliseconds: u64) -> Self {
        self.limits(|limits| limits.wall = Duration::from_millis(milliseconds))
    }

    /// With what was kept before.
    pub fn state(mut self, state: &PluginState) -> Self {
        self.context.state = state.clone();
        self
    }

    /// With somebody to turn to.
    pub fn support(mut self, support: Arc<dyn CallSupport>) -> Self {
        self.context.support = support;
        self
    }

    /// Stopped by this token.
    pub fn cancelled_by(mut self, cancel: &CancellationToken) -> Self {
        self.cancel = cancel.clone();
        self
    }

    /// Makes the call.
    ///
    /// # Panics
    /// If the arguments have no canonical form, or the plugin no tool.
    pub async fn start(self) -> GuestReport {
        let call = ToolCall {
            id: "call-1".to_owned(),
            tool: self.plugin.tools().first().expect("has a tool").name.clone(),
            arguments: CanonicalJson::from_value(&self.arguments).expect("is canonical"),
        };
        self.sandbox.call(&self.plugin, &call, self.authority, self.limits, self.context, self.cancel).await
    }

    /// Makes the call and waits for its end.
    pub fn run(self) -> GuestReport {
        block_on(self.start())
    }
}
