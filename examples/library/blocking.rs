//! The same without async: a run is an iterator.

use looplet_host::{HostBuilder, IntoModel, Result};

pub(crate) fn run(host: HostBuilder, model: impl IntoModel) -> Result<usize> {
    let host = host.build_blocking()?;
    let mut steps = 0;
    for step in host.run("What is looplet?").model(model).allow("files/*").start_blocking()? {
        println!("{}", step.pretty());
        steps += 1;
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use looplet_host::{Host, Mount, Scripted};
    use serde_json::json;

    #[test]
    fn each_step_comes_out_of_the_iterator() {
        let dir = tempfile::tempdir().unwrap();
        let host = Host::ephemeral().plugin("builtin:files").mount(Mount::read_only("workspace", dir.path()).unwrap());
        let list = || [("list_dir", json!({"path": "."}))];
        let model = Scripted::calls(list()).then_calls(list()).then_text("ok");
        assert_eq!(super::run(host, model).unwrap(), 2);
    }
}
