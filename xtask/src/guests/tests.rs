//! What is found in a folder of guests and when it counts as changed; no compiler is started.

use super::*;

/// A repository with two plugins, one of them built in, and a helper.
fn repository() -> (tempfile::TempDir, Repository) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("clone");
    let write = |name: &str, text: &str| {
        let file = root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    let component = "[lib]\ncrate-type = [\"cdylib\"]\n";
    write("Cargo.toml", "[workspace]\n");
    write("wit/world.wit", "package looplet:plugin;\n");
    write("plugins/Cargo.toml", "[workspace]\nmembers = [\"*\"]\n");
    write("plugins/README.md", "");
    write("plugins/nosy/Cargo.toml", &format!("[package]\nname = \"nosy\"\n{component}"));
    write(
        "plugins/files/Cargo.toml",
        &format!("[package]\nname = \"files\"\n[package.metadata.looplet]\nbuiltin = true\n{component}"),
    );
    write("plugins/shared/Cargo.toml", "[package]\nname = \"shared\"\n");
    write("plugins/shared/src/lib.rs", "");
    let repository = Repository::at(root, folder.path().join("target"));
    (folder, repository)
}

fn toolchain(version: &str) -> Toolchain {
    Toolchain::Installed { version: version.into() }
}

fn stamp(repository: &Repository, toolchain: &Toolchain) -> String {
    let guests = Guests::in_folder(repository, "plugins").unwrap();
    guests.stamp(&guests.crates[0], toolchain).unwrap()
}

#[test]
fn crates_that_become_components_are_guests_and_the_metadata_names_the_built_in_ones() {
    let (_folder, repository) = repository();
    let guests = Guests::in_folder(&repository, "plugins").unwrap();
    assert_eq!(guests.names(), ["files", "nosy"]);
    assert_eq!(guests.only_builtin().names(), ["files"]);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let repository = Repository::at("nowhere", "nowhere/target");
    let error = Guests::in_folder(&repository, "plugins").err().unwrap().to_string();
    assert!(error.starts_with("cannot list `nowhere/plugins`: "), "{error}");
}

#[test]
fn the_contract_a_helper_a_manifest_and_the_compiler_make_a_guest_stale_and_another_guest_does_not() {
    let (_folder, repository) = repository();
    let write = |name: &str| {
        let file = repository.root().join(name);
        let text = fs::read_to_string(&file).unwrap_or_default();
        fs::write(&file, format!("{text}\n# changed\n")).unwrap();
    };
    let mut seen = vec![stamp(&repository, &toolchain("1"))];

    fs::create_dir(repository.root().join("plugins/nosy/src")).unwrap();
    write("plugins/nosy/src/lib.rs");
    assert_eq!(stamp(&repository, &toolchain("1")), seen[0]);

    for name in
        ["wit/world.wit", "plugins/shared/src/lib.rs", "plugins/Cargo.lock", "Cargo.toml", "plugins/nosy/Cargo.toml"]
    {
        write(name);
        seen.push(stamp(&repository, &toolchain("1")));
    }
    seen.push(stamp(&repository, &toolchain("2")));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

#[test]
fn a_component_with_its_stamp_is_not_built_again() {
    let (_folder, repository) = repository();
    let toolchain = toolchain("a compiler that does not exist");
    let guests = Guests::in_folder(&repository, "plugins").unwrap();
    let cache = guests.cache();
    fs::create_dir_all(&cache).unwrap();
    for guest in &guests.crates {
        fs::write(component_file(&cache, guest), "component").unwrap();
        fs::write(stamp_file(&cache, guest), guests.stamp(guest, &toolchain).unwrap()).unwrap();
    }
    let expected = ["files", "nosy"].map(|name| Component {
        name: name.into(),
        file: cache.join(format!("{name}.wasm")),
        is_new: false,
        loaded: Loaded::Always,
    });
    assert_eq!(guests.build(&toolchain).unwrap(), expected);

    fs::remove_file(component_file(&cache, &guests.crates[0])).unwrap();
    let stamp = guests.stamp(&guests.crates[0], &toolchain).unwrap();
    assert!(!is_fresh(&cache, &guests.crates[0], &stamp));
}

#[test]
fn clones_that_share_a_target_directory_keep_their_components_apart() {
    let (folder, first) = repository();
    let second = Repository::at(folder.path().join("clone/../clone"), first.target());
    let cache = |repository| Guests::in_folder(repository, "plugins").unwrap().cache();
    assert_ne!(cache(&first), cache(&second));
}
