//! Facts of containers and their pods.

use serde_json::Value as Json;

use super::access::{Access, ContainerFact, MountPart};
use super::value::FieldValue;
use super::view::BlockView;
use super::{Argument, Field};
use crate::format::Damage;
use crate::format::dimension::{ContainerColumn, ThreadColumn};
use crate::format::row::probe_words;

/// How long a short id is.
const SHORT_ID_BYTES: usize = 12;

/// The value of a fact of the container that the thread in `row` runs in; `ts_ns` is the event's time.
pub(super) fn container_value<'b>(
    view: &BlockView<'b>,
    row: usize,
    fact: ContainerFact,
    arg: Argument<'_>,
    ts_ns: u64,
) -> Result<FieldValue<'b>, Damage> {
    let container = view.thread_ref(row, ThreadColumn::Container)?;
    if matches!(fact, ContainerFact::StartTime | ContainerFact::Duration) {
        let Some(start_ns) = start_of(view, row, container)? else { return Ok(FieldValue::Missing) };
        return Ok(FieldValue::UInt(match fact {
            ContainerFact::Duration => ts_ns.saturating_sub(start_ns),
            _ => start_ns,
        }));
    }
    match container {
        Some(container) => match inside(view, container, fact, arg)? {
            // Of a container of which something was told, the rest is empty and not missing.
            FieldValue::Missing if view.is_container_told(container)? => Ok(match outside(fact) {
                FieldValue::Text(_) => FieldValue::text(b""),
                value => value,
            }),
            value => Ok(value),
        },
        None => Ok(outside(fact)),
    }
}

/// The values that a field may have in a block whose containers have these ids; any of them may also be missing. `None`
/// where the ids do not tell, which is so for most fields as soon as there is a container.
pub(in crate::replay) fn container_values<'i>(field: &Field, ids: &'i [String]) -> Option<Vec<FieldValue<'i>>> {
    let Access::Container(fact) = field.access else { return None };
    match fact {
        ContainerFact::StartTime | ContainerFact::Duration => None,
        _ if ids.is_empty() => Some(vec![outside(fact)]),
        // A block's header shows an id that is not UTF-8 as something else.
        ContainerFact::Id if ids.iter().all(|id| !id.is_empty() && id.is_ascii()) => {
            let inside = ids.iter().map(|id| FieldValue::text(id.as_bytes()));
            Some(std::iter::once(outside(fact)).chain(inside).collect())
        }
        _ => None,
    }
}

/// When the container started. For Falco that is when the first process of the thread's pid namespace did, and so it
/// is known of processes in namespaces of their own that are in no container, too.
fn start_of(view: &BlockView<'_>, row: usize, container: Option<usize>) -> Result<Option<u64>, Damage> {
    let namespace = view.thread_int(row, ThreadColumn::PidnsInitStart)?;
    let recorded = match container {
        Some(container) => view.container_int(container, ContainerColumn::StartTs)?,
        None => None,
    };
    Ok([namespace, recorded].into_iter().flatten().map(i64::cast_unsigned).find(|start_ns| *start_ns != 0))
}

/// What Falco says of processes outside of containers.
fn outside<'b>(fact: ContainerFact) -> FieldValue<'b> {
    match fact {
        ContainerFact::Id | ContainerFact::FullId | ContainerFact::Name | ContainerFact::Runtime => {
            FieldValue::text(b"host")
        }
        ContainerFact::Image
        | ContainerFact::ImageId
        | ContainerFact::ImageRepository
        | ContainerFact::ImageTag
        | ContainerFact::ImageDigest
        | ContainerFact::Ip
        | ContainerFact::CniJson
        | ContainerFact::Labels
        | ContainerFact::Mounts
        | ContainerFact::PodSandboxId
        | ContainerFact::PodFullSandboxId
        | ContainerFact::PodLabels
        | ContainerFact::PodIp => FieldValue::text(b""),
        ContainerFact::Privileged | ContainerFact::HostPid | ContainerFact::HostNetwork | ContainerFact::HostIpc => {
            FieldValue::Bool(false)
        }
        ContainerFact::Mount(_)
        | ContainerFact::Healthcheck
        | ContainerFact::LivenessProbe
        | ContainerFact::ReadinessProbe
        | ContainerFact::StartTime
        | ContainerFact::Duration
        | ContainerFact::Label
        | ContainerFact::PodName
        | ContainerFact::PodNamespace
        | ContainerFact::PodUid
        | ContainerFact::PodLabel => FieldValue::Missing,
    }
}

fn inside<'b>(
    view: &BlockView<'b>,
    row: usize,
    fact: ContainerFact,
    arg: Argument<'_>,
) -> Result<FieldValue<'b>, Damage> {
    let text = |column| -> Result<FieldValue<'b>, Damage> {
        let text = view.container_text(row, column)?;
        Ok(if text.is_empty() { FieldValue::Missing } else { FieldValue::text(text) })
    };
    let truth = |column| -> Result<FieldValue<'b>, Damage> {
        Ok(view.container_int(row, column)?.map_or(FieldValue::Missing, |value| FieldValue::Bool(value != 0)))
    };
    let json = |column| -> Result<Json, Damage> {
        Ok(serde_json::from_slice(view.container_text(row, column)?).unwrap_or(Json::Null))
    };
    Ok(match fact {
        ContainerFact::Id => text(ContainerColumn::Id)?,
        ContainerFact::FullId => text(ContainerColumn::FullId)?,
        ContainerFact::Name => text(ContainerColumn::Name)?,
        ContainerFact::Image => text(ContainerColumn::Image)?,
        ContainerFact::ImageId => text(ContainerColumn::ImageId)?,
        ContainerFact::Runtime => text(ContainerColumn::Runtime)?,
        ContainerFact::ImageRepository => text(ContainerColumn::ImageRepository)?,
        ContainerFact::ImageTag => text(ContainerColumn::ImageTag)?,
        ContainerFact::ImageDigest => text(ContainerColumn::ImageDigest)?,
        ContainerFact::Healthcheck => probe(text(ContainerColumn::Healthcheck)?),
        ContainerFact::LivenessProbe => probe(text(ContainerColumn::LivenessProbe)?),
        ContainerFact::ReadinessProbe => probe(text(ContainerColumn::ReadinessProbe)?),
        ContainerFact::Ip => text(ContainerColumn::Ip)?,
        ContainerFact::CniJson => text(ContainerColumn::CniJson)?,
        ContainerFact::PodName => text(ContainerColumn::PodName)?,
        ContainerFact::PodNamespace => text(ContainerColumn::PodNamespace)?,
        ContainerFact::PodUid => text(ContainerColumn::PodUid)?,
        ContainerFact::PodIp => text(ContainerColumn::PodIp)?,
        ContainerFact::PodFullSandboxId => text(ContainerColumn::PodSandboxId)?,
        ContainerFact::PodSandboxId => {
            let id = view.container_text(row, ContainerColumn::PodSandboxId)?;
            let short = id.get(..SHORT_ID_BYTES).unwrap_or(id);
            if short.is_empty() { FieldValue::Missing } else { FieldValue::text(short) }
        }
        ContainerFact::Privileged => truth(ContainerColumn::Privileged)?,
        ContainerFact::HostPid => truth(ContainerColumn::HostPid)?,
        ContainerFact::HostNetwork => truth(ContainerColumn::HostNetwork)?,
        ContainerFact::HostIpc => truth(ContainerColumn::HostIpc)?,
        ContainerFact::Label => label(&json(ContainerColumn::LabelsJson)?, arg),
        ContainerFact::Labels => labels(&json(ContainerColumn::LabelsJson)?),
        ContainerFact::PodLabel => label(&json(ContainerColumn::PodLabelsJson)?, arg),
        ContainerFact::PodLabels => labels(&json(ContainerColumn::PodLabelsJson)?),
        ContainerFact::Mounts => mounts(&json(ContainerColumn::MountsJson)?),
        ContainerFact::Mount(part) => mount(&json(ContainerColumn::MountsJson)?, part, arg),
        // See `start_of`.
        ContainerFact::StartTime | ContainerFact::Duration => FieldValue::Missing,
    })
}

/// A probe's command with spaces between its words.
fn probe(command: FieldValue<'_>) -> FieldValue<'_> {
    match command {
        FieldValue::Text(text) => {
            let words = probe_words(&text).map(|words| words.collect::<Vec<_>>().join(&b' '));
            words.map_or(FieldValue::Text(text), FieldValue::made)
        }
        other => other,
    }
}

fn label<'b>(labels: &Json, arg: Argument<'_>) -> FieldValue<'b> {
    let Argument::Key(name) = arg else { return FieldValue::Missing };
    match labels.get(name) {
        Some(value) => FieldValue::made(scalar(value).into_bytes()),
        None => FieldValue::Missing,
    }
}

fn labels<'b>(labels: &Json) -> FieldValue<'b> {
    let Json::Object(labels) = labels else { return FieldValue::Missing };
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}:{}", scalar(value))).collect();
    FieldValue::made(pairs.join(", ").into_bytes())
}

fn scalar(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

fn mounts<'b>(mounts: &Json) -> FieldValue<'b> {
    let Json::Array(mounts) = mounts else { return FieldValue::Missing };
    let texts: Vec<String> = mounts.iter().map(|mount| mount_part(mount, MountPart::Whole)).collect();
    FieldValue::made(texts.join(",").into_bytes())
}

fn mount<'b>(mounts: &Json, part: MountPart, arg: Argument<'_>) -> FieldValue<'b> {
    let Json::Array(mounts) = mounts else { return FieldValue::Missing };
    // A mount's source is asked for by its destination and the other way round; the rest by source or destination.
    let found = match arg {
        Argument::None => None,
        Argument::Index(at) => usize::try_from(at).ok().and_then(|at| mounts.get(at)),
        Argument::Key(pattern) => mounts.iter().find(|mount| {
            let is = |part| super::glob::matches(pattern.as_bytes(), mount_part(mount, part).as_bytes());
            match part {
                MountPart::Source => is(MountPart::Dest),
                MountPart::Dest => is(MountPart::Source),
                MountPart::Whole | MountPart::Mode | MountPart::ReadWrite | MountPart::Propagation => {
                    is(MountPart::Source) || is(MountPart::Dest)
                }
            }
        }),
    };
    found.map_or(FieldValue::Missing, |mount| FieldValue::made(mount_part(mount, part).into_bytes()))
}

fn mount_part(mount: &Json, part: MountPart) -> String {
    let get = |names: [&str; 2]| names.iter().find_map(|name| mount.get(name)).map(scalar).unwrap_or_default();
    match part {
        MountPart::Source => get(["source", "Source"]),
        MountPart::Dest => get(["dest", "Destination"]),
        MountPart::Mode => get(["mode", "Mode"]),
        MountPart::ReadWrite => get(["rdwr", "RW"]),
        MountPart::Propagation => get(["propagation", "Propagation"]),
        MountPart::Whole => {
            let parts =
                [MountPart::Source, MountPart::Dest, MountPart::Mode, MountPart::ReadWrite, MountPart::Propagation];
            parts.map(|part| mount_part(mount, part)).join(":")
        }
    }
}
