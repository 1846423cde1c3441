//! What a capture holds, counted: read once from front to back.

use std::collections::BTreeMap;

use sysreel::format::dimension::{ContainerColumn, Dimension, ThreadColumn};
use sysreel::format::schema::EventKind;
use sysreel::format::{Block, BlockHeader, Damage, Ending, Loss, Reader};

/// Events and losses of a capture, and who they are from.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Blocks that could be read.
    pub(crate) blocks: u64,
    /// Events in them.
    pub(crate) events: u64,
    /// Smallest and largest time, ns since the epoch.
    pub(crate) time_range: Option<(u64, u64)>,
    /// Events of each kind.
    pub(crate) kinds: BTreeMap<EventKind, u64>,
    /// By full id, or by short id where no more is known; events of the host are not in here.
    pub(crate) containers: BTreeMap<Vec<u8>, ContainerFacts>,
    /// Lost events by kind, `None` where the kind is not known.
    pub(crate) losses: BTreeMap<Option<EventKind>, LossFacts>,
    /// What events lack, and how often, by the number that the file has for it.
    pub(crate) shortfalls: BTreeMap<u16, u64>,
    /// What could not be read.
    pub(crate) damages: Vec<Damage>,
    /// How the file ends.
    pub(crate) ending: Option<Ending>,
}

/// What was recorded of one container.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct ContainerFacts {
    /// Short id.
    pub(crate) id: Vec<u8>,
    /// Full id; empty when not known.
    pub(crate) full_id: Vec<u8>,
    /// Name; empty when not known.
    pub(crate) name: Vec<u8>,
    /// Image as it was named when started.
    pub(crate) image: Vec<u8>,
    /// Pod.
    pub(crate) pod: PodName,
    /// Events.
    pub(crate) events: u64,
    /// Time of the first event, ns since the epoch.
    pub(crate) first_ts_ns: u64,
    /// Time of the last event.
    pub(crate) last_ts_ns: u64,
}

/// What a pod is called; empty when a container is in none.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PodName {
    /// Namespace; empty outside of Kubernetes.
    pub(crate) namespace: Vec<u8>,
    /// Name.
    pub(crate) name: Vec<u8>,
    /// What tells it from others that have had its name.
    pub(crate) uid: Vec<u8>,
}

/// What was recorded of one pod.
#[derive(Debug)]
pub(crate) struct PodFacts<'a> {
    /// What it is called.
    pub(crate) name: &'a PodName,
    /// Short ids of its containers that have events, its sandbox among them.
    pub(crate) containers: Vec<&'a [u8]>,
    /// Events.
    pub(crate) events: u64,
    /// Time of the first event, ns since the epoch.
    pub(crate) first_ts_ns: u64,
    /// Time of the last event.
    pub(crate) last_ts_ns: u64,
}

/// Losses of one kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LossFacts {
    /// How many events.
    pub(crate) count: u64,
    /// Start of the first window, ns since the epoch.
    pub(crate) first_ts_ns: u64,
    /// End of the last window.
    pub(crate) last_ts_ns: u64,
}

impl Facts {
    /// Reads all of a capture. Damage is collected, never fatal.
    pub(crate) fn collect(reader: &mut Reader) -> Facts {
        let mut facts = Facts::default();
        while let Some(next) = reader.next_block(&mut |_| true) {
            let counted = next.and_then(|raw| raw.decode()).and_then(|block| facts.add_block(&block));
            if let Err(damage) = counted {
                facts.damages.push(damage);
            }
        }
        facts.ending = reader.ending().cloned();
        facts
    }

    /// Lost events, of all kinds.
    pub(crate) fn lost(&self) -> u64 {
        self.losses.values().fold(0, |sum, loss| sum.saturating_add(loss.count))
    }

    /// The pods that containers are in, in order of their first events.
    pub(crate) fn pods(&self) -> Vec<PodFacts<'_>> {
        let mut pods: BTreeMap<&PodName, PodFacts<'_>> = BTreeMap::new();
        for container in self.containers.values().filter(|container| !container.pod.name.is_empty()) {
            let (first_ts_ns, last_ts_ns) = (container.first_ts_ns, container.last_ts_ns);
            let pod = pods.entry(&container.pod).or_insert_with(|| PodFacts {
                name: &container.pod,
                containers: Vec::new(),
                events: 0,
                first_ts_ns,
                last_ts_ns,
            });
            pod.containers.push(&container.id);
            pod.events += container.events;
            pod.first_ts_ns = pod.first_ts_ns.min(first_ts_ns);
            pod.last_ts_ns = pod.last_ts_ns.max(last_ts_ns);
        }
        let mut pods: Vec<_> = pods.into_values().collect();
        pods.sort_by_key(|pod| (pod.first_ts_ns, pod.name));
        pods
    }

    fn add_block(&mut self, block: &Block) -> Result<(), Damage> {
        // containers first: a block whose columns cannot be read must not be counted in part
        let containers = container_facts(block)?;
        for found in containers {
            let key = self.container_key(&found);
            let known = self.containers.entry(key).or_insert_with(|| ContainerFacts { events: 0, ..found.clone() });
            if known.events == 0 || found.first_ts_ns < known.first_ts_ns {
                known.first_ts_ns = found.first_ts_ns;
            }
            known.last_ts_ns = known.last_ts_ns.max(found.last_ts_ns);
            known.events += found.events;
            // the runtime may have told the name only after the container's first block was written
            for (known, found) in [
                (&mut known.full_id, found.full_id),
                (&mut known.name, found.name),
                (&mut known.image, found.image),
                (&mut known.pod.namespace, found.pod.namespace),
                (&mut known.pod.name, found.pod.name),
                (&mut known.pod.uid, found.pod.uid),
            ] {
                if known.is_empty() {
                    *known = found;
                }
            }
        }
        self.add_header(block.header());
        Ok(())
    }

    /// Where a container is among those known. Its full id may be told later than it is met.
    fn container_key(&mut self, found: &ContainerFacts) -> Vec<u8> {
        if found.full_id.is_empty() {
            let known = self.containers.range(found.id.clone()..).next().map(|(key, _)| key);
            return known.filter(|key| key.starts_with(&found.id)).unwrap_or(&found.id).clone();
        }
        if let Some(met) = self.containers.remove(&found.id) {
            self.containers.insert(found.full_id.clone(), met);
        }
        found.full_id.clone()
    }

    fn add_header(&mut self, header: &BlockHeader) {
        self.blocks += 1;
        self.events += u64::from(header.rows);
        for &(kind, count) in &header.kinds {
            *self.kinds.entry(kind).or_default() += u64::from(count);
        }
        if header.rows > 0 {
            self.time_range = Some(match self.time_range {
                None => (header.first_ts_ns, header.last_ts_ns),
                Some((first, last)) => (first.min(header.first_ts_ns), last.max(header.last_ts_ns)),
            });
        }
        for loss in &header.losses {
            self.add_loss(loss);
        }
        for &(number, count) in &header.shortfalls {
            let known = self.shortfalls.entry(number).or_default();
            *known = known.saturating_add(count);
        }
    }

    fn add_loss(&mut self, loss: &Loss) {
        let known = self.losses.entry(loss.kind).or_insert(LossFacts {
            count: 0,
            first_ts_ns: loss.first_ts_ns,
            last_ts_ns: loss.last_ts_ns,
        });
        known.count = known.count.saturating_add(loss.count);
        known.first_ts_ns = known.first_ts_ns.min(loss.first_ts_ns);
        known.last_ts_ns = known.last_ts_ns.max(loss.last_ts_ns);
    }
}

/// The containers whose processes have events in a block. One that was started again in it, or that more became known of,
/// is there more than once.
fn container_facts(block: &Block) -> Result<Vec<ContainerFacts>, Damage> {
    let containers = block.dimension(Dimension::Container);
    if containers.rows() == 0 {
        return Ok(Vec::new());
    }
    let text = |column: ContainerColumn, row: usize| -> Result<Vec<u8>, Damage> {
        Ok(containers.bytes(column as u16)?.get(row).unwrap_or_default().to_vec())
    };
    let mut found = Vec::with_capacity(containers.rows());
    for row in 0..containers.rows() {
        found.push(ContainerFacts {
            id: text(ContainerColumn::Id, row)?,
            full_id: text(ContainerColumn::FullId, row)?,
            name: text(ContainerColumn::Name, row)?,
            image: text(ContainerColumn::Image, row)?,
            pod: PodName {
                namespace: text(ContainerColumn::PodNamespace, row)?,
                name: text(ContainerColumn::PodName, row)?,
                uid: text(ContainerColumn::PodUid, row)?,
            },
            ..ContainerFacts::default()
        });
    }
    let of_thread = block.dimension(Dimension::Thread);
    let of_thread = of_thread.int(ThreadColumn::Container as u16)?;
    let times = block.ts_ns()?;
    for &(kind, _) in block.kinds() {
        let Some(table) = block.table(kind) else { continue };
        let (threads, places) = (table.thread()?, table.seq()?);
        for row in 0..table.rows() {
            let place = |column: Option<i64>| column.and_then(|value| usize::try_from(value).ok());
            let Some(thread) = place(threads.get(row)) else { continue };
            let Some(facts) = place(of_thread.get(thread)).and_then(|row| found.get_mut(row)) else { continue };
            // times are stored by their bits
            let ts_ns = place(places.get(row)).and_then(|place| times.get(place)).unwrap_or_default().cast_unsigned();
            if facts.events == 0 || ts_ns < facts.first_ts_ns {
                facts.first_ts_ns = ts_ns;
            }
            facts.last_ts_ns = facts.last_ts_ns.max(ts_ns);
            facts.events += 1;
        }
    }
    found.retain(|facts| facts.events > 0);
    Ok(found)
}
