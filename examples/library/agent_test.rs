//! A test of an agent: no network, no person, nothing written.

#[cfg(test)]
mod tests {
    use looplet_host::{Deny, Host, Scripted};
    use serde_json::json;

    #[tokio::test]
    async fn what_nobody_allowed_is_denied() {
        let host = Host::ephemeral().plugin("builtin:files").build().await.unwrap();
        let model = Scripted::calls([("read_file", json!({"path": "a"}))]).then_text("ok");
        let outcome = host.run("x").model(model).approver(Deny).start().unwrap().finish().await;
        assert_eq!(outcome.denied().len(), 1);
    }
}
