//! A workspace of three packages, small enough to say exactly what its inputs are.

#![allow(unreachable_pub, clippy::unwrap_used, reason = "a module of one test file")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;

const ROOT: &str = r#"
[workspace]
resolver = "3"
members = ["weeks/two", "weeks/one", "harness/drills"]

[workspace.package]
version = "0.1.0"
edition = "2024"

[workspace.dependencies]
one = { path = "weeks/one" }
drills = { path = "harness/drills" }
serde = { version = "1", features = ["derive"] }
alias = { package = "renamed", version = "2" }
elsewhere = "3"

[workspace.lints.rust]
unsafe_code = "deny"

[profile.release]
debug = 1
"#;

const LOCK: &str = r#"
version = 4

[[package]]
name = "two"
version = "0.1.0"
dependencies = ["drills", "one", "renamed 2.0.0", "serde", "unix-only"]

[[package]]
name = "one"
version = "0.1.0"
dependencies = ["only-in-tests-of-one", "serde"]

[[package]]
name = "drills"
version = "0.1.0"

[[package]]
name = "only-in-tests-of-one"
version = "1.0.0"
source = "registry+x"
checksum = "aa"

[[package]]
name = "renamed"
version = "1.0.0"
source = "registry+x"
checksum = "bb"

[[package]]
name = "renamed"
version = "2.0.0"
source = "registry+x"
checksum = "cc"
dependencies = ["deep"]

[[package]]
name = "deep"
version = "0.3.0"
source = "registry+x"
checksum = "dd"

[[package]]
name = "serde"
version = "1.0.0"
source = "registry+x"
checksum = "ee"

[[package]]
name = "unix-only"
version = "1.0.0"
source = "registry+x"
checksum = "99"

[[package]]
name = "elsewhere"
version = "3.0.0"
source = "registry+x"
checksum = "ff"
"#;

/// Writes a file and the folders above it.
pub fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// `two` is judged; it is built on `one`, and its tests on `drills`. The tests of `one` need a crate of their own.
pub fn workspace() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(root, "Cargo.toml", ROOT);
    put(root, "Cargo.lock", LOCK);
    put(
        root,
        "weeks/two/Cargo.toml",
        "[package]\nname = \"two\"\n[dependencies]\none.workspace = true\nalias.workspace = true\n\
         serde.workspace = true\n[target.'cfg(unix)'.dependencies]\nunix-only = \"1\"\n[dev-dependencies]\ndrills.workspace = true\n",
    );
    put(
        root,
        "weeks/one/Cargo.toml",
        "[package]\nname = \"one\"\n[dependencies]\nserde.workspace = true\n\
         [dev-dependencies]\nonly-in-tests-of-one = \"1\"\ndrills = { path = \"../../harness/drills\" }\n",
    );
    put(root, "harness/drills/Cargo.toml", "[package]\nname = \"drills\"\n");
    for path in [
        "weeks/two/src/lib.rs",
        "weeks/two/src/bin/tool.rs",
        "weeks/two/tests/gate.rs",
        "weeks/two/benches/main.rs",
        "weeks/two/drill/main.rs",
        "weeks/two/fixtures/case.json",
        "weeks/two/build.rs",
        "weeks/one/src/lib.rs",
        "weeks/one/tests/gate.rs",
        "harness/drills/src/lib.rs",
        "harness/drills/tests/own.rs",
    ] {
        put(root, path, path);
    }
    dir
}
