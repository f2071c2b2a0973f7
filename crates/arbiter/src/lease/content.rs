//! What a Lease says. The schema is documented at [`super::LeaseRegister`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;
use understudy_protocol::{Epoch, Observed, Record};

use crate::kubernetes::{set, uid_of, version_of};
use crate::record_text::{BadText, RecordText};

/// Where the record is.
pub const ANNOTATION: &str = "understudy.dev/register";
const FORMAT: u32 = 1;

/// Why what a Lease says is not a register.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Damage {
    /// It has no record and is no blank one: the field that says so.
    #[error(
        "has no annotation {ANNOTATION} and is not blank ({0} is set): another program uses it, or \
         the annotation was taken away; give this cluster a Lease of its own, or put the annotation \
         back or recover by order"
    )]
    Foreign(&'static str),
    /// A newer program wrote it: the format's number.
    #[error("is of a newer format ({0}, this program knows {FORMAT}): use a newer program")]
    Newer(u32),
    /// The record is not what was written.
    #[error(
        "has an edited annotation {ANNOTATION} (checksum {found}, not {said:?}): put back what it \
         was, or recover by order"
    )]
    Edited {
        /// What the annotation says.
        said: String,
        /// What its record has.
        found: String,
    },
    /// The annotation cannot be understood: why.
    #[error(
        "has an annotation {ANNOTATION} that cannot be understood ({0}): put back what it was, or \
         recover by order"
    )]
    Malformed(String),
    /// The object itself is not what the API server gives: what is missing.
    #[error("has no usable {0}: is this the API server of a Kubernetes cluster?")]
    NoObject(&'static str),
}

impl From<BadText> for Damage {
    fn from(bad: BadText) -> Self {
        Damage::Malformed(bad.to_string())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotation {
    format: u32,
    crc32c: String,
    record: RecordText,
}

/// What must be understood of every format.
#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

/// Where the record is, whatever it says; `None` if it is nowhere.
pub fn annotation(lease: &Value) -> Option<&Value> {
    lease.get("metadata").and_then(|metadata| metadata.get("annotations")?.get(ANNOTATION))
}

/// What the Lease says.
///
/// # Errors
/// [`Damage`]; any JSON may be given.
pub fn decode(lease: &Value) -> Result<Observed, Damage> {
    let uid = uid_of(lease).ok_or(Damage::NoObject("metadata.uid"))?;
    let version = version_of(lease).ok_or(Damage::NoObject("metadata.resourceVersion"))?.into();
    let record = match annotation(lease) {
        Some(text) => Some(decode_annotation(text.as_str().unwrap_or_default())?),
        None => blank(lease)?,
    };
    Ok(Observed { uid, version, record })
}

/// A Lease without a record is blank only if nobody has ever held it.
fn blank(lease: &Value) -> Result<Option<Record>, Damage> {
    let used = |name: &&str| match &lease["spec"][*name] {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_i64() != Some(0),
        _ => true,
    };
    let fields = ["holderIdentity", "leaseTransitions", "acquireTime", "renewTime"];
    match fields.iter().find(|name| used(name)) {
        Some(name) => Err(Damage::Foreign(name)),
        None => Ok(None),
    }
}

fn decode_annotation(text: &str) -> Result<Record, Damage> {
    let malformed = |error: serde_json::Error| {
        // The parser quotes names of fields as they are.
        Damage::Malformed(error.to_string().replace(char::is_control, " "))
    };
    let AnyFormat { format } = serde_json::from_str(text).map_err(malformed)?;
    if format > FORMAT {
        return Err(Damage::Newer(format));
    }
    if format < FORMAT {
        return Err(Damage::Malformed(format!("there is no format {format}")));
    }
    let Annotation { crc32c: said, record, .. } = serde_json::from_str(text).map_err(malformed)?;
    let found = checksum(&record);
    if said != found {
        return Err(Damage::Edited { said, found });
    }
    Ok(record.try_into()?)
}

/// Over the record as this program writes it, so that another layout of the same JSON is the same.
fn checksum(record: &RecordText) -> String {
    format!("{:08x}", crc32c::crc32c(to_text(record).as_bytes()))
}

fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings, numbers and lists of them always become JSON")
}

/// Writes `record` into the Lease and leaves all else of it as it is.
pub fn edit(lease: &mut Value, record: &Record, now: Timestamp) {
    let text = RecordText::from(record);
    let annotation = Annotation { format: FORMAT, crc32c: checksum(&text), record: text };
    set(lease, &["metadata", "annotations", ANNOTATION], json!(to_text(&annotation)));
    set(lease, &["spec", "holderIdentity"], json!(holder(record)));
    set(lease, &["spec", "leaseTransitions"], json!(transitions(record.epoch)));
    // MicroTime: exactly six digits.
    set(lease, &["spec", "acquireTime"], json!(format!("{now:.6}")));
}

/// For people, as `kubectl get lease` shows it.
fn holder(record: &Record) -> String {
    match record.member(record.primary) {
        Some(member) => member.name.clone(),
        None => record.primary.to_string(),
    }
}

/// The field has 31 bits. The annotation has the epoch itself; this one stays at its highest then.
fn transitions(epoch: Epoch) -> i32 {
    i32::try_from(epoch).unwrap_or(i32::MAX)
}

/// Takes away what belongs to one object only, so that another can be made that keeps labels and
/// annotations.
pub fn without_identity(lease: &Value) -> Value {
    let own = ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"];
    without(lease, &own)
}

/// Takes away who has written which field, which is longer than all the rest.
pub fn without_managers(lease: &Value) -> Value {
    without(lease, &["managedFields"])
}

fn without(lease: &Value, names: &[&str]) -> Value {
    let mut lease = lease.clone();
    if let Some(metadata) = lease.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !names.contains(&name.as_str()));
    }
    lease
}

#[cfg(test)]
mod tests;
