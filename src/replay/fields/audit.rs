//! Facts of Kubernetes audit events, out of their JSON text, as Falco's plugins k8saudit and json give them.
//!
//! A value that is not text is given as JSON without blanks. What is not there, has another form than expected, or is a
//! list without items, is missing. Of the plugin's behaviour the odd is kept too, since rules are written against it:
//! `null` is the text `null`; a path that ends at an array gives the array as one text; a list for which one container
//! lacks the value can be missing as a whole ([`AuditFact::EachOrNone`]).

use std::borrow::Cow;

use super::Argument;
use super::access::{AuditFact, ImagePart, SubjectKind};
use super::audit_text::AuditText;
use super::uri::query_parameter;
use super::value::FieldValue;
use super::view::EventRow;
use crate::format::Damage;
use crate::format::json::{JsonKind, JsonValue};

const SPEC: [&str; 2] = ["requestObject", "spec"];

/// The value of a fact for an event; missing for events that are not of the audit log.
pub(super) fn audit_value<'b>(
    row: &EventRow<'_, 'b>,
    fact: AuditFact,
    is_list: bool,
    arg: Argument<'_>,
) -> Result<FieldValue<'b>, Damage> {
    let Some(event) = row.audit_text()? else { return Ok(FieldValue::Missing) };
    Ok(match fact {
        AuditFact::Pointer => match arg {
            Argument::Key(pointer) => pointed(event, pointer).map_or(FieldValue::Missing, scalar),
            Argument::Index(at) => event.get(&at.to_string()).map_or(FieldValue::Missing, scalar),
            Argument::None => FieldValue::Missing,
        },
        AuditFact::Document => {
            let mut text = Vec::new();
            event.whole().write_indented(&mut text);
            FieldValue::made(text)
        }
        AuditFact::RawTime => FieldValue::made(row.ts_ns()?.to_string().into_bytes()),
        // Without an id it is some other JSON.
        _ if event.get("auditID").is_none() => FieldValue::Missing,
        fact if is_list => list(values_of(event, fact, index_of(arg))),
        fact => scalar_of(event, fact, arg).map_or(FieldValue::Missing, FieldValue::Text),
    })
}

/// The position that picks an item of every array on the way.
fn index_of(arg: Argument<'_>) -> Option<usize> {
    match arg {
        Argument::Index(at) => usize::try_from(at).ok(),
        // For the plugin a name is position 0.
        Argument::Key(_) => Some(0),
        Argument::None => None,
    }
}

fn list(values: Option<Vec<Cow<'_, [u8]>>>) -> FieldValue<'_> {
    match values {
        Some(values) if !values.is_empty() => FieldValue::List(values.into_iter().map(FieldValue::Text).collect()),
        _ => FieldValue::Missing,
    }
}

fn scalar(value: JsonValue<'_>) -> FieldValue<'_> {
    FieldValue::Text(text_of(value))
}

/// A value as text: a string's text, of other values the JSON.
fn text_of(value: JsonValue<'_>) -> Cow<'_, [u8]> {
    value.string().unwrap_or_else(|| {
        let mut text = Vec::with_capacity(value.text().len());
        value.write_compact(&mut text);
        if text.len() == value.text().len() { Cow::Borrowed(value.text()) } else { Cow::Owned(text) }
    })
}

fn scalar_of<'b>(event: AuditText<'_, 'b>, fact: AuditFact, arg: Argument<'_>) -> Option<Cow<'b, [u8]>> {
    match fact {
        AuditFact::At(keys) => event.at(keys).map(text_of),
        AuditFact::FirstImage(part) => {
            let image = images(event, Some(0))?.into_iter().next()?;
            Some(match part {
                ImagePart::Whole => image,
                ImagePart::Repository => repository(image),
            })
        }
        AuditFact::AnyPrivileged => {
            let values = container_values(event, &["securityContext", "privileged"], None)?;
            let is_any = values.iter().flatten().any(|value| value.text() == b"true");
            Some(Cow::Borrowed(truth(is_any)))
        }
        AuditFact::AlwaysTrue => Some(Cow::Borrowed(truth(true))),
        AuditFact::UriParam => {
            let Argument::Key(name) = arg else { return None };
            let uri = event.get("requestURI").map(text_of)?;
            query_parameter(&uri, name.as_bytes()).map(Cow::Owned)
        }
        AuditFact::MountsHostPath => {
            let Argument::Key(wanted) = arg else { return None };
            let wanted = wanted.as_bytes();
            let mounted = event.follow(&[SPEC[0], SPEC[1], "volumes", "hostPath", "path"], index_of(arg))?;
            let is_any = mounted.into_iter().flatten().map(text_of).any(|path| match wanted.strip_suffix(b"*") {
                Some(start) => path.starts_with(start),
                None => *path == *wanted,
            });
            Some(Cow::Borrowed(truth(is_any)))
        }
        AuditFact::TargetPod => {
            let target = event.get("objectRef")?;
            let is = |key: &str, text: &[u8]| {
                target.get(key).and_then(JsonValue::string).unwrap_or_default().as_ref() == text
            };
            if !is("resource", b"pods") || !is("subresource", b"") {
                return None;
            }
            event.at(&["responseObject", "metadata", "name"]).map(text_of)
        }
        AuditFact::All(_)
        | AuditFact::Each(_)
        | AuditFact::EachOrNone(_)
        | AuditFact::Repositories
        | AuditFact::Joined(_)
        | AuditFact::HostPorts
        | AuditFact::Effective(_)
        | AuditFact::RoleRules(_)
        | AuditFact::Subjects(_)
        | AuditFact::VolumeTypes
        | AuditFact::SourceIps => values_of(event, fact, index_of(arg))?.into_iter().next(),
        AuditFact::Pointer | AuditFact::Document | AuditFact::RawTime => None,
    }
}

fn values_of<'b>(event: AuditText<'_, 'b>, fact: AuditFact, index: Option<usize>) -> Option<Vec<Cow<'b, [u8]>>> {
    match fact {
        AuditFact::All(keys) => {
            let array = event.at(keys).filter(|value| value.kind() == JsonKind::Array)?;
            Some(array.items().map(text_of).collect())
        }
        AuditFact::Each(keys) => Some(present(event.follow(keys, index)?)),
        AuditFact::EachOrNone(key) => all_present(container_values(event, &[key], index)?),
        AuditFact::Repositories => Some(images(event, index)?.into_iter().map(repository).collect()),
        AuditFact::Joined(key) => container_values(event, &[key], index)?.into_iter().flatten().map(joined).collect(),
        AuditFact::HostPorts => host_ports(container_values(event, &["ports"], index)?),
        AuditFact::Effective(key) => {
            let of_pod = event.at(&[SPEC[0], SPEC[1], key]).map_or(Cow::Borrowed(b"0".as_slice()), text_of);
            let values = container_values(event, &[key], index)?;
            Some(values.into_iter().map(|value| value.map_or_else(|| of_pod.clone(), text_of)).collect())
        }
        AuditFact::RoleRules(key) => {
            let lists = event.follow(&["requestObject", "rules", key], index)?;
            Some(lists.into_iter().flatten().flat_map(JsonValue::items).map(text_of).collect())
        }
        AuditFact::Subjects(kind) => subject_names(event, kind),
        AuditFact::VolumeTypes => {
            let volumes = event.at(&[SPEC[0], SPEC[1], "volumes"])?;
            let volumes: Vec<JsonValue<'_>> = match (volumes.kind(), index) {
                (JsonKind::Array, Some(at)) => vec![volumes.items().nth(at)?],
                (JsonKind::Array, None) => volumes.items().collect(),
                _ => vec![volumes],
            };
            let names = volumes.into_iter().flat_map(JsonValue::members).map(|(name, _)| name);
            Some(names.filter(|name| *name != b"name").map(Cow::Borrowed).collect())
        }
        AuditFact::SourceIps => {
            let addresses = event.get("sourceIPs").filter(|value| value.kind() == JsonKind::Array)?;
            match index {
                Some(at) => Some(vec![text_of(addresses.items().nth(at)?)]),
                None => Some(addresses.items().map(text_of).collect()),
            }
        }
        AuditFact::At(_)
        | AuditFact::FirstImage(_)
        | AuditFact::AnyPrivileged
        | AuditFact::AlwaysTrue
        | AuditFact::UriParam
        | AuditFact::MountsHostPath
        | AuditFact::TargetPod
        | AuditFact::Pointer
        | AuditFact::Document
        | AuditFact::RawTime => None,
    }
}

fn truth(value: bool) -> &'static [u8] {
    if value { b"true" } else { b"false" }
}

/// The values at a path below each container of the pod; `None` in place of those that are not there.
fn container_values<'b>(
    event: AuditText<'_, 'b>,
    keys: &[&str],
    index: Option<usize>,
) -> Option<Vec<Option<JsonValue<'b>>>> {
    event.follow(&[&[SPEC[0], SPEC[1], "containers"], keys].concat(), index)
}

fn present(values: Vec<Option<JsonValue<'_>>>) -> Vec<Cow<'_, [u8]>> {
    values.into_iter().flatten().map(text_of).collect()
}

fn all_present(values: Vec<Option<JsonValue<'_>>>) -> Option<Vec<Cow<'_, [u8]>>> {
    values.into_iter().map(|value| value.map(text_of)).collect()
}

fn images<'b>(event: AuditText<'_, 'b>, index: Option<usize>) -> Option<Vec<Cow<'b, [u8]>>> {
    all_present(container_values(event, &["image"], index)?)
}

/// What stands before the first colon and the first at sign: of a registry with a port, its name alone.
fn repository(image: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let length = image.iter().position(|byte| matches!(byte, b':' | b'@')).unwrap_or(image.len());
    match image {
        Cow::Borrowed(image) => Cow::Borrowed(image.get(..length).unwrap_or_default()),
        Cow::Owned(mut image) => {
            image.truncate(length);
            Cow::Owned(image)
        }
    }
}

/// An array of strings as one text with blanks between; `None` for anything else.
fn joined(value: JsonValue<'_>) -> Option<Cow<'_, [u8]>> {
    if value.kind() != JsonKind::Array {
        return None;
    }
    let parts: Vec<Cow<'_, [u8]>> = value.items().map(JsonValue::string).collect::<Option<_>>()?;
    Some(Cow::Owned(parts.join(&b' ')))
}

/// The ports of all containers that have any; `None` where what should be a list is none.
fn host_ports(containers: Vec<Option<JsonValue<'_>>>) -> Option<Vec<Cow<'_, [u8]>>> {
    let mut found = Vec::new();
    for ports in containers.into_iter().flatten() {
        if ports.kind() != JsonKind::Array {
            return None;
        }
        // With the host's network a container's port is the host's.
        found.extend(ports.items().filter_map(|port| port.get("hostPort").or_else(|| port.get("containerPort"))));
    }
    Some(found.into_iter().map(text_of).collect())
}

fn subject_names<'b>(event: AuditText<'_, 'b>, kind: SubjectKind) -> Option<Vec<Cow<'b, [u8]>>> {
    let subjects = event.at(&["requestObject", "subjects"]).filter(|value| value.kind() == JsonKind::Array)?;
    let wanted: &[u8] = match kind {
        SubjectKind::User => b"User",
        SubjectKind::Group => b"Group",
        SubjectKind::ServiceAccount | SubjectKind::ServiceAccountWithNamespace => b"ServiceAccount",
    };
    let name_of = |subject: JsonValue<'b>| {
        let name = text_of(subject.get("name")?);
        if *text_of(subject.get("kind")?) != *wanted {
            return None;
        }
        match kind {
            SubjectKind::User | SubjectKind::Group | SubjectKind::ServiceAccount => Some(name),
            SubjectKind::ServiceAccountWithNamespace => {
                let namespace = text_of(subject.get("namespace")?);
                Some(Cow::Owned([&*namespace, b":", &*name].concat()))
            }
        }
    };
    Some(subjects.items().filter_map(name_of).collect())
}

/// The value that a JSON pointer (RFC 6901) leads to; its first slash may be left out.
fn pointed<'b>(event: AuditText<'_, 'b>, pointer: &str) -> Option<JsonValue<'b>> {
    let mut names = pointer.strip_prefix('/').unwrap_or(pointer).split('/').map(unescape_name);
    let first = event.get(&names.next()?)?;
    names.try_fold(first, |value, name| value.get(&name))
}

fn unescape_name(name: &str) -> Cow<'_, str> {
    if name.contains('~') { Cow::Owned(name.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(name) }
}
