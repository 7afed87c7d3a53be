//! Which packages a run is built from, read from the manifests alone: no cargo is started, no network is needed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::error::EvidenceError;
use crate::file;

/// The largest manifest or lock file that is read: 8 MiB.
pub(super) const MANIFEST_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Reads a TOML file as a JSON value.
pub(super) fn toml(path: &Path) -> Result<Value, EvidenceError> {
    let text = file::utf8(path, file::read_bounded(path, MANIFEST_BYTES_MAX)?)?;
    toml::from_str(&text).map_err(|error| EvidenceError::Malformed {
        path: path.to_path_buf(),
        why: error.to_string().trim_end().to_owned(),
    })
}

/// The workspace's own manifest.
pub(super) struct Root {
    folder: PathBuf,
    manifest: Value,
}

/// One package of the workspace.
#[derive(Debug)]
pub(super) struct Package {
    /// Its name in the lock file.
    pub name: String,
    /// Its folder below the workspace, `/`-separated.
    pub path: String,
    /// Its folder.
    pub on_disk: PathBuf,
    /// The packages that its build names, by their names in the lock file; of the first package with its
    /// dev-dependencies, which are no part of any other build.
    pub needs: BTreeSet<String>,
    /// Those of them that the workspace's manifest specifies.
    inherited: BTreeSet<String>,
    /// Folders of those that lie in the workspace.
    local: Vec<String>,
}

impl Root {
    pub(super) fn read(folder: &Path) -> Result<Root, EvidenceError> {
        Ok(Root { folder: folder.to_path_buf(), manifest: toml(&folder.join("Cargo.toml"))? })
    }

    fn dependency(&self, key: &str) -> Option<&Value> {
        self.manifest.get("workspace")?.get("dependencies")?.get(key)
    }

    /// How the workspace builds these packages: everything of its manifest that can change what is built. Not its
    /// version, lints or member list, which cannot.
    pub(super) fn build(&self, closure: &[Package]) -> Value {
        let workspace = self.manifest.get("workspace").unwrap_or(&Value::Null);
        let package = workspace.get("package").unwrap_or(&Value::Null);
        let inherited: BTreeSet<&String> = closure.iter().flat_map(|package| &package.inherited).collect();
        let dependencies: Map<String, Value> = inherited
            .into_iter()
            .filter_map(|key| self.dependency(key).map(|dependency| (key.clone(), dependency.clone())))
            .collect();
        json!({
            "profile": self.manifest.get("profile"),
            "patch": self.manifest.get("patch"),
            "resolver": workspace.get("resolver"),
            "edition": package.get("edition"),
            "rust-version": package.get("rust-version"),
            "dependencies": dependencies,
        })
    }

    fn package(&self, path: &str, with_dev: bool) -> Result<Package, EvidenceError> {
        let on_disk = self.folder.join(path);
        let at = on_disk.join("Cargo.toml");
        let manifest = toml(&at)?;
        let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
        let Some(name) = name else {
            return Err(EvidenceError::Package { path: at, why: "there is no package.name".into() });
        };
        let mut package = Package {
            name: name.into(),
            path: path.into(),
            on_disk,
            needs: BTreeSet::new(),
            inherited: BTreeSet::new(),
            local: Vec::new(),
        };
        let tables: &[&str] = match with_dev {
            true => &["dependencies", "build-dependencies", "dev-dependencies"],
            false => &["dependencies", "build-dependencies"],
        };
        let targets = manifest.get("target").and_then(Value::as_object).into_iter().flat_map(Map::values);
        for part in std::iter::once(&manifest).chain(targets) {
            for (key, dependency) in tables.iter().filter_map(|table| part.get(table)?.as_object()).flatten()
            {
                self.add_dependency(&mut package, key, dependency, &at)?;
            }
        }
        Ok(package)
    }

    fn add_dependency(
        &self,
        package: &mut Package,
        key: &str,
        dependency: &Value,
        at: &Path,
    ) -> Result<(), EvidenceError> {
        let inherits = dependency.get("workspace").and_then(Value::as_bool) == Some(true);
        let (specified, base) = if inherits {
            let Some(specified) = self.dependency(key) else {
                let why = format!("`{key}` is inherited, but the workspace does not specify it");
                return Err(EvidenceError::Package { path: at.to_path_buf(), why });
            };
            package.inherited.insert(key.into());
            (specified, "")
        } else {
            (dependency, package.path.as_str())
        };
        let renamed = specified.get("package").and_then(Value::as_str);
        package.needs.insert(renamed.unwrap_or(key).into());
        if let Some(path) = specified.get("path").and_then(Value::as_str) {
            let Some(path) = logical(&Path::new(base).join(path)) else {
                let why = format!("`{key}` lies outside of the workspace, at {path}");
                return Err(EvidenceError::Package { path: at.to_path_buf(), why });
            };
            package.local.push(path);
        }
        Ok(())
    }
}

/// The package in `package_dir` first, then every package that it reaches by path, each once.
pub(super) fn closure(root: &Root, package_dir: &Path) -> Result<Vec<Package>, EvidenceError> {
    let relative = package_dir.strip_prefix(&root.folder).unwrap_or(package_dir);
    let Some(start) = logical(relative) else {
        let why = format!("it is not below the workspace {}", root.folder.display());
        return Err(EvidenceError::Package { path: package_dir.join("Cargo.toml"), why });
    };
    let mut packages = BTreeMap::new();
    let mut order = Vec::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(path) = waiting.pop_front() {
        if packages.contains_key(&path) {
            continue;
        }
        let package = root.package(&path, order.is_empty())?;
        waiting.extend(package.local.iter().cloned());
        order.push(path.clone());
        packages.insert(path, package);
    }
    Ok(order.into_iter().filter_map(|path| packages.remove(&path)).collect())
}

/// A path below the workspace with `.` and `..` resolved by name, as cargo does; `None` when it leads outside.
fn logical(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}
