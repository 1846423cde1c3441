//! Event sources: a rule is for events of one, and a field belongs to one or to all.

use crate::format::schema::{EventInfo, EventSource};

/// Where the events come from that a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Source {
    /// System calls and what else the kernel tells.
    Syscall,
    /// Kubernetes audit events.
    K8sAudit,
}

impl Source {
    /// All, in the order of their names' age.
    pub const ALL: [Source; 2] = [Source::Syscall, Source::K8sAudit];

    /// The name in rule files and alerts.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Syscall => "syscall",
            Source::K8sAudit => "k8s_audit",
        }
    }

    /// The source of this name.
    pub fn by_name(name: &str) -> Option<Source> {
        Source::ALL.into_iter().find(|source| source.name() == name)
    }

    /// The source of events of a kind.
    pub const fn of_kind(info: &EventInfo) -> Source {
        match info.source {
            EventSource::Plugin => Source::K8sAudit,
            EventSource::Syscall
            | EventSource::Tracepoint
            | EventSource::Meta
            | EventSource::Iterator
            | EventSource::Internal => Source::Syscall,
        }
    }
}

/// A set of sources.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Sources(u8);

impl Sources {
    /// System calls.
    pub const SYSCALL: Sources = Sources::only(Source::Syscall);
    /// Kubernetes audit events.
    pub const K8S_AUDIT: Sources = Sources::only(Source::K8sAudit);
    /// All.
    pub const ANY: Sources = Sources(Sources::SYSCALL.0 | Sources::K8S_AUDIT.0);

    /// One source.
    pub const fn only(source: Source) -> Sources {
        Sources(1 << source as u8)
    }

    /// Whether a source is in the set.
    pub const fn has(self, source: Source) -> bool {
        self.0 & Sources::only(source).0 != 0
    }

    /// The sources in the set.
    pub fn iter(self) -> impl Iterator<Item = Source> {
        Source::ALL.into_iter().filter(move |source| self.has(*source))
    }
}
