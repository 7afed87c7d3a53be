//! The workspace's `Cargo.toml`, `Cargo.lock` and cargo settings, made from the reference's.
//!
//! The reference's manifest is edited line by line and not re-serialised, so that its order and comments survive
//! into a file that a learner will read. The first lines carry a digest of the rest: as long as it fits, nobody has
//! changed the file and it may be made anew; afterwards only the list of members is touched.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Failure, WORKBENCH_FILE};

/// Where the weeks that are not in this workspace are found.
#[derive(Debug, Clone, Copy)]
pub enum Rest<'a> {
    /// Through links at the same relative paths.
    Linked,
    /// In the reference itself: compiled once for every scratch workspace that is proved with it.
    At(&'a Path),
}

/// What differs from the reference's manifest.
#[derive(Debug, Clone)]
pub struct Edit<'a> {
    /// The week folders that are members (`week-02-framing`).
    pub own: &'a [String],
    /// The pre-release suffix of the version (`wb1a2b3c4d`). Cargo names what it compiles by name, version and path
    /// below the workspace; all but the version are the same here and in the reference.
    pub suffix: &'a str,
    /// Where everything else is.
    pub rest: Rest<'a>,
}

const DIGEST: &str = "# laid-down: ";

/// Lints of a workspace that is under construction: an open hole leaves parameters, imports and whole functions
/// unused, and that is no mistake of the learner.
const LINTS: &str = "\
# A hole that is still open leaves parameters and imports unused; that is no mistake of yours.
[workspace.lints.rust]
unsafe_code = \"deny\"
unused = { level = \"allow\", priority = -1 }
unreachable_code = \"allow\"

[workspace.lints.clippy]
all = { level = \"warn\", priority = -1 }
todo = \"allow\"
";

/// A short, stable name for a workspace's place, for its version suffix.
pub fn suffix(prefix: &str, root: &Path) -> String {
    format!("{prefix}{}", &hex(root.as_os_str().as_encoded_bytes())[..8])
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The workspace's manifest.
pub fn manifest(reference: &str, edit: &Edit<'_>) -> Result<String, Failure> {
    let mut body = String::new();
    let mut section = String::new();
    let mut skipping = Skip::No;
    for line in reference.lines() {
        if skipping == Skip::Array {
            if line.trim_end().ends_with(']') {
                skipping = Skip::No;
            }
            continue;
        }
        if let Some(name) = line.trim().strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
            skipping = if section.starts_with("workspace.lints") { Skip::Section } else { Skip::No };
        }
        if skipping == Skip::Section {
            continue;
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        match (section.as_str(), key) {
            ("workspace", "members") => {
                body.push_str(&member_lines(edit.own));
                body.push_str("exclude = [\"backups\", \"target\"]\n");
                skipping = rest_of_array(line);
            }
            ("workspace", "exclude" | "default-members") => skipping = rest_of_array(line),
            ("workspace.package", "version") => {
                let version = line.split('"').nth(1).unwrap_or("0.1.0");
                body.push_str(&format!("version = \"{version}-{}\"\n", edit.suffix));
            }
            ("workspace.dependencies", _) => {
                body.push_str(&dependency(line, edit));
                body.push('\n');
            }
            _ if body.is_empty() && (line.starts_with('#') || line.is_empty()) => {}
            _ => {
                body.push_str(line);
                body.push('\n');
            }
        }
    }
    let body = format!("{}\n{LINTS}", collapse_blank_lines(&body));
    let wrong = |what: String| Failure::new(&WORKBENCH_FILE, format!("the reference's Cargo.toml: {what}"));
    let parsed: toml::Table = body.parse().map_err(|e: toml::de::Error| wrong(e.to_string()))?;
    let members = parsed.get("workspace").and_then(|w| w.get("members")).and_then(|m| m.as_array());
    if members.is_none_or(|members| members.len() != edit.own.len()) {
        return Err(wrong("its [workspace] has no list of members".into()));
    }
    let digest = &hex(body.as_bytes())[..16];
    Ok(format!(
        "# Laid down by `cargo lab start`, from the course's own; yours to change.\n{DIGEST}{digest}\n{body}"
    ))
}

#[derive(PartialEq)]
enum Skip {
    No,
    Array,
    Section,
}

fn rest_of_array(line: &str) -> Skip {
    if line.trim_end().ends_with(']') { Skip::No } else { Skip::Array }
}

fn member_lines(own: &[String]) -> String {
    let list: Vec<String> = own.iter().map(|folder| format!("\"weeks/{folder}\"")).collect();
    let list = list.join(", ");
    format!("members = [{list}]\ndefault-members = [{list}]\n")
}

/// A dependency line, led to the reference where it is a path that does not lie here.
fn dependency(line: &str, edit: &Edit<'_>) -> String {
    let Rest::At(reference) = edit.rest else { return line.to_owned() };
    let Some((before, rest)) = line.split_once("path = \"") else { return line.to_owned() };
    let Some((path, after)) = rest.split_once('"') else { return line.to_owned() };
    if edit.own.iter().any(|folder| path == format!("weeks/{folder}")) {
        return line.to_owned();
    }
    let absolute = toml::Value::String(reference.join(path).to_string_lossy().into_owned());
    format!("{before}path = {absolute}{after}")
}

fn collapse_blank_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if !(line.is_empty() && (out.is_empty() || out.ends_with("\n\n"))) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// The manifest for one more week: made anew while nobody has changed it, else with the members alone brought up
/// to date.
pub fn extend(present: &str, reference: &str, edit: &Edit<'_>) -> Result<String, Failure> {
    if untouched(present) {
        return manifest(reference, edit);
    }
    let mut out = String::new();
    let mut skipping = Skip::No;
    for line in present.lines() {
        if skipping == Skip::Array {
            skipping = rest_of_array(line);
            continue;
        }
        match line.split('=').next().unwrap_or_default().trim() {
            "members" => {
                out.push_str(&member_lines(edit.own));
                skipping = rest_of_array(line);
            }
            "default-members" => skipping = rest_of_array(line),
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    Ok(out)
}

fn untouched(present: &str) -> bool {
    let Some((digest, body)) = present.split_once(DIGEST).and_then(|(_, rest)| rest.split_once('\n')) else {
        return false;
    };
    hex(body.as_bytes())[..16] == *digest
}

/// The cargo settings: the alias, and one folder for what both workspaces compile.
///
/// The alias names the course by its absolute path, so that it works in every folder of the workbench. Cargo takes it
/// as a list of words or as one string that it splits at spaces. A workbench below the course needs the string: cargo
/// reads the course's settings too, joins two lists into nonsense, and lets the nearer of two strings win. A path with
/// a space in it needs the list. Both at once cannot be had, and [`super::place::look`] refuses that.
pub fn config(reference: &Path, below: bool) -> String {
    let text = |path: &Path| toml::Value::String(path.to_string_lossy().into_owned()).to_string();
    let manifest = reference.join("Cargo.toml");
    let alias = if below {
        let words = format!("run --manifest-path {} --package lab --", manifest.display());
        toml::Value::String(words).to_string()
    } else {
        format!(r#"["run", "--manifest-path", {}, "--package", "lab", "--"]"#, text(&manifest))
    };
    format!(
        "# `cargo lab` here is the course's own tool; what it judges is the workspace that you stand in.\n\
         [alias]\n\
         lab = {alias}\n\n\
         # What the course has compiled is not compiled again for you.\n\
         [build]\n\
         build-dir = {}\n",
        text(&reference.join("target")),
    )
}
