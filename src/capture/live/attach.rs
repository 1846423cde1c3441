//! Loading the object and attaching its programs: the only file that knows the names of its maps and variables.

use aya::maps::{Array, HashMap, MapData, MapError, PerCpuArray, RingBuf};
use aya::programs::{BtfTracePoint, Program, ProgramError, RawTracePoint, RawTracePointRunOptions, TestRun};
use aya::{Btf, BtfError, Ebpf, EbpfError, EbpfLoader, Pod, VerifierLogLevel};

use super::host::HostFacts;
use super::losses::LossWords;
use super::object::OBJECT;
use super::plan::{Plan, Probe};
use super::scope::CgroupTarget;
use super::wire::SrDesc;

/// `TRACKED` of bpf/scope.h.
pub(super) const TRACKED: u8 = 1;
/// `TRACKED_HELD` of bpf/scope.h.
pub(super) const TRACKED_HELD: u8 = 2;

/// Why the programs do not run.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The kernel's type information is not what it should be.
    #[error("the kernel's type information cannot be used: {0}")]
    Btf(#[from] BtfError),
    /// The object or one of its maps was refused.
    #[error("the kernel refused the recorder's programs: {0}")]
    Load(#[from] EbpfError),
    /// The verifier or the tracepoint refused a program, in either of its forms.
    #[error("the program for {tracepoint} cannot be attached: {source}")]
    Attach {
        /// The kernel's name of the tracepoint.
        tracepoint: &'static str,
        /// What the kernel said.
        source: ProgramError,
    },
    /// A map could not be read or written.
    #[error("a map shared with the kernel failed: {0}")]
    Map(#[from] MapError),
    /// The embedded object lacks a part: the binary was built wrongly.
    #[error("the embedded object has no {0}")]
    Incomplete(&'static str),
    /// The rings could not be waited for.
    #[error("waiting for events failed: {0}")]
    Wait(#[from] std::io::Error),
    /// The clocks cannot be read.
    #[error("the system has no CLOCK_BOOTTIME")]
    Clock,
}

// SAFETY: repr(C), integers and arrays of them without padding, as wire.rs asserts.
unsafe impl Pod for SrDesc {}

/// `struct cgroup_key` of bpf/cgroup.h.
#[repr(C)]
#[derive(Clone, Copy)]
struct CgroupKey {
    id: u64,
    hierarchy: u64,
}

// SAFETY: repr(C), two integers of one size.
unsafe impl Pod for CgroupKey {}

/// The two forms that each program comes in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// For BTF raw tracepoints: arguments are read directly, and from 5.11 on the current task's fields too.
    Typed,
    /// For plain raw tracepoints, where a kernel refuses the first.
    Plain,
}

/// The first kernel with a current task whose type programs know (`bpf_get_current_task_btf`).
const TYPED_TASK_KERNEL: (u32, u32) = (5, 11);

/// The first kernel where user space can run a raw tracepoint's program on a given processor.
const FLUSH_KERNEL: (u32, u32) = (5, 10);
/// Records of the main ring are handed over when a processor has gathered this much: their cost halves, and a recorder
/// that is killed loses no more than this of each processor.
const BATCH_BYTES: u32 = 8192;
/// `CPUS_MAX` of bpf/record.h.
const CPUS_MAX: usize = 8192;

/// `counters` of bpf/record.h.
#[repr(C)]
#[derive(Clone, Copy)]
struct Counters {
    compat_calls: u64,
    untracked_processes: u64,
    pending: [u8; CPUS_MAX],
}

// SAFETY: repr(C), integers and arrays of them, sizes multiples of the alignment: no padding.
unsafe impl Pod for Counters {}

/// What the programs are told beside the plan.
pub(super) struct Settings {
    pub(super) snaplen: u32,
    pub(super) recorder_pid: u32,
    pub(super) main_ring_bytes: u32,
    pub(super) lifecycle_ring_bytes: u32,
}

/// Numbers of what was not recorded for other reasons than a full ring.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Unrecorded {
    /// Calls of 32-bit programs on a 64-bit kernel.
    pub compat_calls: u64,
    /// Processes that should have been recorded, but there was no room to note them.
    pub untracked_processes: u64,
}

/// The loaded object. Programs run until it is dropped.
pub(super) struct Attached {
    ebpf: Ebpf,
    tracked: HashMap<MapData, u32, u8>,
    losses: PerCpuArray<MapData, LossWords>,
    counters: Array<MapData, Counters>,
}

/// The two rings, to be read.
pub(super) struct RingMaps {
    pub(super) main: RingBuf<MapData>,
    pub(super) lifecycle: RingBuf<MapData>,
}

impl Attached {
    /// Loads the object as planned and attaches what the plan names, in its order.
    pub(super) fn start(
        host: &HostFacts,
        plan: &Plan,
        settings: &Settings,
        cgroups: &[CgroupTarget],
    ) -> Result<(Attached, RingMaps), LiveError> {
        let btf = Btf::from_sys_fs()?;
        let start = |form| Attached::start_as(form, host, plan, settings, cgroups, &btf);
        // The first refusal says more: the plain form is the exception.
        start(Form::Typed).or_else(|refusal| start(Form::Plain).map_err(|_| refusal))
    }

    /// The same in one form of the programs.
    pub(super) fn start_as(
        form: Form,
        host: &HostFacts,
        plan: &Plan,
        settings: &Settings,
        cgroups: &[CgroupTarget],
        btf: &Btf,
    ) -> Result<(Attached, RingMaps), LiveError> {
        raise_memlock();
        let (mut attached, rings) = Attached::load(form, host, plan, settings, btf)?;
        attached.limit_to(cgroups)?;
        plan.probes.iter().try_for_each(|&probe| attached.attach_probe(form, probe, btf))?;
        Ok((attached, rings))
    }

    fn load(
        form: Form,
        host: &HostFacts,
        plan: &Plan,
        settings: &Settings,
        btf: &Btf,
    ) -> Result<(Attached, RingMaps), LiveError> {
        let (wants_children, wants_exec) = (u32::from(plan.wants_children), u32::from(plan.wants_exec));
        let wants_procexit = 1_u32;
        let has_typed_task = u32::from(form == Form::Typed && host.kernel >= TYPED_TASK_KERNEL);
        let page_kib = host.page_bytes / 1024;
        let wake_bytes = wake_bytes(host.cpus, settings);
        let can_flush = host.kernel >= FLUSH_KERNEL && to_usize(host.cpus) <= CPUS_MAX;
        let batch_bytes = if can_flush { BATCH_BYTES } else { 0 };
        let mut ebpf = EbpfLoader::new()
            .btf(Some(btf))
            .verifier_log_level(VerifierLogLevel::STATS)
            .override_global("descriptors", plan.descriptors.as_slice(), true)
            .override_global("wanted_at_exit", &plan.wanted_at_exit, true)
            .override_global("wanted_at_enter", &plan.wanted_at_enter, true)
            .override_global("wanted_at_compat_exit", &plan.wanted_at_compat_exit, true)
            .override_global("wanted_at_compat_enter", &plan.wanted_at_compat_enter, true)
            .override_global("native_of_compat", &plan.native_of_compat, true)
            .override_global("native_of_socketcall", &plan.native_of_socketcall, true)
            .override_global("wants_children", &wants_children, true)
            .override_global("wants_exec", &wants_exec, true)
            .override_global("wants_procexit", &wants_procexit, true)
            .override_global("has_typed_task", &has_typed_task, true)
            .override_global("scope_mode", &plan.scope_mode, true)
            .override_global("snaplen", &settings.snaplen, true)
            .override_global("recorder_pid", &settings.recorder_pid, true)
            .override_global("page_kib", &page_kib, true)
            .override_global("wake_bytes", &wake_bytes, true)
            .override_global("batch_bytes", &batch_bytes, true)
            .map_max_entries("scratches", host.cpus)
            .map_max_entries("ring_main", settings.main_ring_bytes)
            .map_max_entries("ring_lifecycle", settings.lifecycle_ring_bytes)
            .load(OBJECT)?;
        let mut take = |name: &'static str| ebpf.take_map(name).ok_or(LiveError::Incomplete(name));
        let rings = RingMaps {
            main: RingBuf::try_from(take("ring_main")?)?,
            lifecycle: RingBuf::try_from(take("ring_lifecycle")?)?,
        };
        let tracked = HashMap::try_from(take("tracked")?)?;
        let losses = PerCpuArray::try_from(take("losses")?)?;
        let counters = Array::try_from(take(".bss")?)?;
        if can_flush {
            flush_program(&mut ebpf)?.load().map_err(|source| LiveError::Attach { tracepoint: FLUSH, source })?;
        }
        Ok((Attached { ebpf, tracked, losses, counters }, rings))
    }

    fn attach_probe(&mut self, form: Form, probe: Probe, btf: &Btf) -> Result<(), LiveError> {
        let tracepoint = probe.tracepoint();
        let (typed, plain) = probe.programs();
        let name = match form {
            Form::Typed => typed,
            Form::Plain => plain,
        };
        let program = self.ebpf.program_mut(name).ok_or(LiveError::Incomplete(name))?;
        let attached = match form {
            Form::Typed => <&mut BtfTracePoint>::try_from(program).and_then(|program| {
                program.load(tracepoint, btf)?;
                program.attach().map(|_| ())
            }),
            Form::Plain => <&mut RawTracePoint>::try_from(program).and_then(|program| {
                program.load()?;
                program.attach(tracepoint).map(|_| ())
            }),
        };
        attached.map_err(|source| LiveError::Attach { tracepoint, source })
    }

    pub(super) fn track(&mut self, pid: u32, state: u8) -> Result<(), LiveError> {
        Ok(self.tracked.insert(pid, state, 0)?)
    }

    fn limit_to(&mut self, targets: &[CgroupTarget]) -> Result<(), LiveError> {
        const NAME: &str = "cgroups_in_scope";
        let map = self.ebpf.map_mut(NAME).ok_or(LiveError::Incomplete(NAME))?;
        let mut map: HashMap<_, CgroupKey, u8> = HashMap::try_from(map)?;
        for target in targets {
            map.insert(CgroupKey { id: target.id, hierarchy: target.hierarchy }, 1, 0)?;
        }
        Ok(())
    }

    pub(super) fn losses(&self) -> Result<Vec<LossWords>, LiveError> {
        Ok(self.losses.get(&0, 0)?.to_vec())
    }

    pub(super) fn unrecorded(&self) -> Result<Unrecorded, LiveError> {
        let Counters { compat_calls, untracked_processes, .. } = self.counters.get(&0, 0)?;
        Ok(Unrecorded { compat_calls, untracked_processes })
    }

    /// Has every processor hand over what it has gathered, so that everything that is older than this call is in a ring.
    pub(super) fn flush(&mut self) -> Result<(), LiveError> {
        // A processor is busy with a record for microseconds, and can be seen so many times in a row only by bad luck.
        const TRIES: usize = 100;
        let pending = self.counters.get(&0, 0)?.pending;
        let program = flush_program(&mut self.ebpf)?;
        for (cpu, _) in pending.iter().enumerate().filter(|(_, pending)| **pending != 0) {
            let Ok(cpu) = u32::try_from(cpu) else { continue };
            for _ in 0..TRIES {
                match program.test_run(RawTracePointRunOptions { cpu: Some(cpu), ..Default::default() }) {
                    Ok(result) if result.return_value != 0 => std::thread::yield_now(),
                    // A processor that has gone offline meanwhile cannot be asked.
                    Ok(_) | Err(_) => break,
                }
            }
        }
        Ok(())
    }

    /// Detaches the programs; the maps live on, so that counters can still be read.
    pub(super) fn detach(&mut self) {
        for (_, program) in self.ebpf.programs_mut().filter(|(name, _)| *name != FLUSH) {
            // A program that is not loaded cannot be unloaded; that is no matter.
            let _ = match program {
                Program::BtfTracePoint(program) => program.unload(),
                Program::RawTracePoint(program) => program.unload(),
                _ => Ok(()),
            };
        }
    }
}

/// The program that hands over what a processor has gathered.
const FLUSH: &str = "on_flush";

fn flush_program(ebpf: &mut Ebpf) -> Result<&mut RawTracePoint, LiveError> {
    let program = ebpf.program_mut(FLUSH).ok_or(LiveError::Incomplete(FLUSH))?;
    program.try_into().map_err(|source| LiveError::Attach { tracepoint: FLUSH, source })
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A processor wakes the reader this often at the latest: when all of them together have filled a quarter of a ring.
fn wake_bytes(cpus: u32, settings: &Settings) -> u32 {
    let smaller = settings.main_ring_bytes.min(settings.lifecycle_ring_bytes);
    (smaller / 4 / cpus.max(1)).clamp(4096, 1 << 20)
}

/// Before 5.11 maps count against this limit. Where it may not be raised, loading tells whether it was needed.
fn raise_memlock() {
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: `limit` lives through the call.
    unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_is_woken_well_before_a_ring_is_full() {
        let settings =
            |bytes| Settings { snaplen: 0, recorder_pid: 0, main_ring_bytes: bytes, lifecycle_ring_bytes: bytes };
        assert_eq!(wake_bytes(2, &settings(16 << 20)), 1 << 20);
        assert_eq!(wake_bytes(64, &settings(16 << 20)), 65536);
        assert_eq!(wake_bytes(0, &settings(4096)), 4096);
    }
}
