//! The one `bindgen!` of the host, over the world that names everything a plugin can export.
//!
//! No plugin has to fit that world: the host looks up each exported interface by itself.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "everything",
    imports: {
        // The only one that waits: for a person.
        "looplet:plugin/host.approve": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});
