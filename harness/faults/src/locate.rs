//! Where cargo put a week's binary, as seen from a drill or a measurement of the same build.

use std::env;
use std::path::{Path, PathBuf};

use crate::FaultError;

/// The path of a binary that was built together with the running executable.
///
/// Asked in this order: what the test runner says (`NEXTEST_BIN_EXE_<name>`, `CARGO_BIN_EXE_<name>`), then the
/// folder of the running executable, then the folder above it, because cargo puts an example into
/// `<profile>/examples`, a test or measurement into `<profile>/deps` and a binary into `<profile>`.
///
/// # Errors
/// [`FaultError::NotBuilt`] names every folder that was searched and the command that builds the binary.
pub fn binary(name: &str) -> Result<PathBuf, FaultError> {
    for runner in ["NEXTEST_BIN_EXE_", "CARGO_BIN_EXE_"] {
        if let Some(path) = env::var_os(format!("{runner}{name}")).map(PathBuf::from)
            && path.is_file()
        {
            return Ok(path);
        }
    }
    let me = env::current_exe().map_err(|e| FaultError::system("finding the running executable", e))?;
    binary_beside(&me, name)
}

/// [`binary`] for an executable at a given place.
fn binary_beside(executable: &Path, name: &str) -> Result<PathBuf, FaultError> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let mut looked_in = Vec::new();
    for folder in executable.ancestors().skip(1).take(2) {
        let path = folder.join(&file);
        if path.is_file() {
            return Ok(path);
        }
        looked_in.push(folder.to_path_buf());
    }
    Err(FaultError::NotBuilt { name: name.into(), looked_in })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_is_found_from_an_example_a_test_and_a_neighbour() {
        let dir = tempfile::tempdir().unwrap();
        let built = dir.path().join("debug/echo-server");
        std::fs::create_dir_all(built.parent().unwrap()).unwrap();
        std::fs::write(&built, "").unwrap();
        for me in ["debug/examples/week-02-drill", "debug/deps/gate-1f", "debug/echo-client"] {
            assert_eq!(binary_beside(&dir.path().join(me), "echo-server").unwrap(), built, "from {me}");
        }
    }

    #[test]
    fn a_missing_binary_names_the_folders_and_the_command() {
        let dir = tempfile::tempdir().unwrap();
        let error =
            binary_beside(&dir.path().join("debug/examples/x"), "echo-server").unwrap_err().to_string();
        assert!(error.contains("cargo build --bin echo-server"), "{error}");
        assert!(error.contains("debug/examples"), "{error}");
    }
}
