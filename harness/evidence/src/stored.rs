//! A record on disk: sealed, written whole, read strictly.

use std::path::Path;

use serde_json::Value;

use crate::error::EvidenceError;
use crate::record::{SCHEMA, SCHEMA_OLDEST};
use crate::{Record, canonical, file, layout};

/// The largest record that is written or read: 4 MiB. The largest real one is a bench of some 100 KiB.
pub const RECORD_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The digest of everything in a document except its own `digest` field.
pub(crate) fn digest_of(document: &Value) -> String {
    let mut document = document.clone();
    if let Some(fields) = document.as_object_mut() {
        fields.remove("digest");
    }
    canonical::digest(&document)
}

/// Parses strictly: UTF-8, JSON, a schema version that is known, no unknown, missing or repeated field, and nothing that this
/// crate would have written differently (an explicit `null`, a `2` for a `2.0`).
pub(crate) fn parse<T>(path: &Path, bytes: Vec<u8>) -> Result<(T, Value), EvidenceError>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let text = file::utf8(path, bytes)?;
    let malformed = |why: String| EvidenceError::Malformed { path: path.to_path_buf(), why };
    let raw: Value = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    // The version first: a later schema has fields that this one would call unknown.
    let known = u64::from(SCHEMA_OLDEST)..=u64::from(SCHEMA);
    match raw.get("schema") {
        Some(schema) if schema.as_u64().is_some_and(|version| known.contains(&version)) => {}
        Some(schema) => {
            let (path, found) = (path.to_path_buf(), schema.to_string());
            return Err(EvidenceError::SchemaVersion { path, found, known: SCHEMA });
        }
        None => return Err(malformed("there is no field `schema`".into())),
    }
    if let Some(place) = too_new(&raw) {
        return Err(malformed(format!("`{place}` is not in the schema version that the file says it has")));
    }
    // Parsed from the text again and not from `raw`, which has already forgotten repeated fields and places.
    let parsed: T = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    let rewritten = serde_json::to_value(&parsed).map_err(|error| malformed(error.to_string()))?;
    match difference(&raw, &rewritten, String::new()) {
        None => Ok((parsed, raw)),
        Some(place) => Err(malformed(format!("`{place}` is not in the form that the schema writes"))),
    }
}

/// A field that came with version 2, in a document of version 1.
fn too_new(document: &Value) -> Option<String> {
    if document.get("schema").and_then(Value::as_u64) != Some(1) {
        return None;
    }
    let measurements = document.pointer("/finding/measurements")?.as_array()?;
    let place = measurements.iter().position(|measurement| measurement.get("x").is_some())?;
    Some(format!("finding.measurements[{place}].x"))
}

/// Where two documents first differ, as a path (`finding.ratios[0].median`).
fn difference(left: &Value, right: &Value, place: String) -> Option<String> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let missing =
                right.keys().find(|key| !left.contains_key(*key)).map(|key| format!("{place}.{key}"));
            let differing = left.iter().find_map(|(key, value)| {
                let place = format!("{place}.{key}");
                right.get(key).map_or(Some(place.clone()), |other| difference(value, other, place))
            });
            missing.or(differing)
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .find_map(|(index, (left, right))| difference(left, right, format!("{place}[{index}]"))),
        _ if left == right => None,
        _ => Some(place),
    }
    .map(|place| place.trim_start_matches('.').to_owned())
}

impl Record {
    /// Closes the record: sets [`Record::digest`] over everything else. Seal last.
    #[must_use]
    pub fn seal(mut self) -> Self {
        self.digest = self.computed_digest();
        self
    }

    fn computed_digest(&self) -> String {
        // A record is plain data with string keys: turning it into a JSON value cannot fail.
        digest_of(&serde_json::to_value(self).unwrap_or_default())
    }

    /// Whether the record is what it was when it was closed. The error names the record by its id.
    pub fn check_digest(&self) -> Result<(), EvidenceError> {
        let computed = self.computed_digest();
        if self.digest == computed {
            return Ok(());
        }
        let path = format!("{}.json", self.id).into();
        Err(EvidenceError::Digest { path, recorded: self.digest.clone(), computed })
    }

    /// Reads a record and believes none of it: bound, encoding, schema, form, soundness, digest.
    ///
    /// # Errors
    /// The first thing that does not hold. [`EvidenceError::Digest`] alone means that a well-formed record was
    /// changed after it was closed.
    pub fn read(path: &Path) -> Result<Record, EvidenceError> {
        Record::from_bytes(path, file::read_bounded(path, RECORD_BYTES_MAX)?)
    }

    /// [`Record::read`] from bytes already in memory; `path` is for the messages.
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Record, EvidenceError> {
        if bytes.len() as u64 > RECORD_BYTES_MAX {
            let (path, bytes) = (path.to_path_buf(), bytes.len() as u64);
            return Err(EvidenceError::TooLarge { path, bytes, max: RECORD_BYTES_MAX });
        }
        let (record, raw) = parse::<Record>(path, bytes)?;
        // The digest before the soundness: of a changed record, that it was changed is the news.
        let computed = digest_of(&raw);
        if record.digest != computed {
            let path = path.to_path_buf();
            return Err(EvidenceError::Digest { path, recorded: record.digest, computed });
        }
        record.check().map_err(|what| EvidenceError::Unsound { path: path.to_path_buf(), what })?;
        Ok(record)
    }

    /// The bytes of the record's file.
    pub fn to_bytes(&self) -> Vec<u8> {
        // As in `computed_digest`: plain data always serialises.
        layout::lay_out(&serde_json::to_string(self).unwrap_or_default()).into_bytes()
    }

    /// Writes a sealed record, whole or not at all, and durably. Folders are made.
    ///
    /// # Errors
    /// Everything that [`Record::read`] would refuse is refused here first, so nothing unreadable is ever written.
    pub fn write(&self, path: &Path) -> Result<(), EvidenceError> {
        self.check().map_err(|what| EvidenceError::Unsound { path: path.to_path_buf(), what })?;
        let bytes = self.to_bytes();
        Record::from_bytes(path, bytes.clone())?;
        file::write_atomically(path, &bytes)
    }

    /// Refuses a record that contradicts itself.
    fn check(&self) -> Result<(), String> {
        if !crate::record::is_id(&self.id) || self.id.rsplit('/').next() != Some(self.kind.name()) {
            return Err(format!("`{}` is no id for a {} (`week-02/{})`", self.id, self.kind, self.kind));
        }
        if !["reference", "learner"].contains(&self.workspace.as_str()) {
            return Err(format!("workspace is `{}`, not reference or learner", self.workspace));
        }
        if !["quick", "default", "full"].contains(&self.profile.as_str()) {
            return Err(format!("profile is `{}`, not quick, default or full", self.profile));
        }
        for (what, at) in [("started_at", &self.started_at), ("finished_at", &self.finished_at)] {
            if !is_utc(at) {
                return Err(format!("{what} is `{at}`, not a time in UTC like 2026-01-31T08:00:00Z"));
            }
        }
        if let Some(input) = self.inputs.iter().find(|input| !is_sha256(&input.sha256)) {
            return Err(format!("the digest of input `{}` is not 64 lower-case hex digits", input.path));
        }
        if let Some(pair) = self.inputs.windows(2).find(|pair| pair[0].path >= pair[1].path) {
            return Err(format!("inputs are not sorted and unique at `{}`", pair[1].path));
        }
        if self.commit.modified.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err("modified files are not sorted and unique".into());
        }
        self.finding.check()
    }
}

/// 64 lower-case hex digits.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// RFC 3339 in UTC, by shape: `2026-01-31T08:00:00Z`, with or without a fraction.
fn is_utc(text: &str) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:dd";
    let Some(rest) = text.get(pattern.len()..) else { return false };
    let shaped = pattern.bytes().zip(text.bytes()).all(|(want, is)| match want {
        b'd' => is.is_ascii_digit(),
        _ => is == want,
    });
    let fraction = rest.strip_suffix('Z').map(|fraction| fraction.strip_prefix('.').unwrap_or(fraction));
    shaped && fraction.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
}
