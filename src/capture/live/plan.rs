//! Which programs a recording attaches and what the kernel is told of the calls that are wanted: a pure function of
//! the event set and the scope.

use super::compat::{NO_CALL, SOCKETCALL, native_of_compat, native_of_socketcall, untold};
use super::descriptors::{CALL_LIMIT, descriptor_map};
use super::event_set::EventSet;
use super::numbers::Arch;
use super::scope::Scope;
use super::wire::{SrDesc, desc_flag, fetch};

/// A place in the kernel where a program is attached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Probe {
    /// A call is entered.
    Enter,
    /// A call returns.
    Exit,
    /// A new image is in place.
    Exec,
    /// A new task.
    Fork,
    /// A thread ends.
    ProcExit,
    /// A task enters a cgroup.
    Move,
}

impl Probe {
    /// The kernel's name of the tracepoint.
    pub(super) fn tracepoint(self) -> &'static str {
        match self {
            Probe::Enter => "sys_enter",
            Probe::Exit => "sys_exit",
            Probe::Exec => "sched_process_exec",
            Probe::Fork => "sched_process_fork",
            Probe::ProcExit => "sched_process_exit",
            Probe::Move => "cgroup_attach_task",
        }
    }

    /// The program for BTF raw tracepoints, and the one for plain raw tracepoints.
    pub(super) fn programs(self) -> (&'static str, &'static str) {
        match self {
            Probe::Enter => ("on_enter", "on_enter_plain"),
            Probe::Exit => ("on_exit", "on_exit_plain"),
            Probe::Exec => ("on_exec", "on_exec_plain"),
            Probe::Fork => ("on_fork", "on_fork_plain"),
            Probe::ProcExit => ("on_procexit", "on_procexit_plain"),
            Probe::Move => ("on_move", "on_move_plain"),
        }
    }
}

/// A bit per call.
pub(super) type CallBits = [u64; CALL_LIMIT / 64];

/// What is attached, and what the programs are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Plan {
    /// In the order in which they are attached: lifecycle first, so that no call is recorded of a process whose start
    /// could have been missed.
    pub(super) probes: Vec<Probe>,
    /// By native call number.
    pub(super) descriptors: Vec<SrDesc>,
    pub(super) wanted_at_exit: CallBits,
    pub(super) wanted_at_enter: CallBits,
    /// The same by the numbers of 32-bit programs.
    pub(super) wanted_at_compat_exit: CallBits,
    pub(super) wanted_at_compat_enter: CallBits,
    /// Native numbers by 32-bit number.
    pub(super) native_of_compat: [u16; CALL_LIMIT],
    /// Native numbers by the first argument of the 32-bit `socketcall`.
    pub(super) native_of_socketcall: [u16; 32],
    /// Some call of the clone family is wanted.
    pub(super) wants_children: bool,
    /// execve or execveat is wanted.
    pub(super) wants_exec: bool,
    /// `SCOPE_` of bpf/scope.h.
    pub(super) scope_mode: u32,
}

const UNWANTED: SrDesc = SrDesc { flags: 0, nargs: 0, fetched: 0, fetch: [fetch::NONE; 6], len_arg: [0; 6] };

impl Plan {
    pub(super) fn new(events: &EventSet, scope: &Scope) -> Plan {
        Plan::from_descriptors(&descriptor_map(events), scope)
    }

    fn from_descriptors(wanted: &[(u32, SrDesc)], scope: &Scope) -> Plan {
        let mut plan = Plan {
            probes: vec![Probe::Fork, Probe::ProcExit],
            descriptors: vec![UNWANTED; CALL_LIMIT],
            wanted_at_exit: CallBits::default(),
            wanted_at_enter: CallBits::default(),
            wanted_at_compat_exit: CallBits::default(),
            wanted_at_compat_enter: CallBits::default(),
            native_of_compat: native_of_compat(Arch::NATIVE),
            native_of_socketcall: native_of_socketcall(Arch::NATIVE),
            wants_children: false,
            wants_exec: false,
            scope_mode: match scope {
                Scope::Host => 0,
                Scope::Command | Scope::Pids(_) => 1,
                Scope::Cgroups(_) => 2,
            },
        };
        for &(nr, desc) in wanted {
            let Some(entry) = usize::try_from(nr).ok().and_then(|nr| plan.descriptors.get_mut(nr)) else { continue };
            *entry = SrDesc { fetched: fetched(&desc), ..desc };
            set_bit(&mut plan.wanted_at_exit, nr);
            // What execve was given is gone when its new image is in place; on arm64 a new task is told when it is
            // made, by what the entry left.
            let at_fork = if Arch::NATIVE == Arch::Aarch64 { desc_flag::CLONE } else { 0 };
            if desc.flags & (desc_flag::ENTER | desc_flag::EXEC | at_fork) != 0 {
                set_bit(&mut plan.wanted_at_enter, nr);
            }
            plan.wants_children |= desc.flags & desc_flag::CLONE != 0;
            plan.wants_exec |= desc.flags & desc_flag::EXEC != 0;
        }
        plan.want_compat();
        if plan.wants_exec || matches!(scope, Scope::Command) {
            plan.probes.push(Probe::Exec);
        }
        if matches!(scope, Scope::Cgroups(_)) {
            plan.probes.push(Probe::Move);
        }
        if plan.wanted_at_enter != CallBits::default() {
            plan.probes.push(Probe::Enter);
        }
        if plan.wanted_at_exit != CallBits::default() {
            plan.probes.push(Probe::Exit);
        }
        plan
    }
}

impl Plan {
    /// Sets the bits of 32-bit numbers whose native calls are wanted.
    fn want_compat(&mut self) {
        let sockets = self.native_of_socketcall.iter().map(|&native| (SOCKETCALL, native));
        let others = (0_u16..).zip(self.native_of_compat);
        for (compat, native) in others.chain(sockets).filter(|(_, native)| *native != NO_CALL) {
            if has_bit(&self.wanted_at_exit, native) {
                set_bit(&mut self.wanted_at_compat_exit, u32::from(compat));
            }
            if has_bit(&self.wanted_at_enter, native) {
                set_bit(&mut self.wanted_at_compat_enter, u32::from(compat));
            }
        }
        // These are only counted.
        for (compat, _) in untold(Arch::NATIVE).filter(|(_, native)| has_bit(&self.wanted_at_exit, *native)) {
            set_bit(&mut self.wanted_at_compat_exit, u32::from(compat));
        }
    }
}

fn has_bit(bits: &CallBits, nr: u16) -> bool {
    bits.get(usize::from(nr / 64)).is_some_and(|word| word >> (nr % 64) & 1 != 0)
}

/// A bit per argument that something is fetched of: most calls have none, and the programs then look no further.
fn fetched(desc: &SrDesc) -> u8 {
    desc.fetch.iter().enumerate().filter(|(_, how)| **how != fetch::NONE).fold(0, |bits, (arg, _)| bits | 1 << arg)
}

fn set_bit(bits: &mut CallBits, nr: u32) {
    let word = usize::try_from(nr / 64).ok().and_then(|word| bits.get_mut(word));
    if let Some(word) = word {
        *word |= 1 << (nr % 64);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn desc(flags: u16) -> SrDesc {
        SrDesc { flags: desc_flag::WANTED | flags, ..UNWANTED }
    }

    #[test]
    fn entries_are_looked_at_only_for_calls_that_need_it() {
        let plan = Plan::from_descriptors(&[(3, desc(0)), (65, desc(0))], &Scope::Host);
        assert_eq!(plan.probes, [Probe::Fork, Probe::ProcExit, Probe::Exit]);
        assert!(has_bit(&plan.wanted_at_exit, 3) && has_bit(&plan.wanted_at_exit, 65));
        assert!(!has_bit(&plan.wanted_at_exit, 4));
        let plan = Plan::from_descriptors(&[(2, desc(desc_flag::ENTER))], &Scope::Host);
        assert_eq!(plan.probes, [Probe::Fork, Probe::ProcExit, Probe::Enter, Probe::Exit]);
        assert!(has_bit(&plan.wanted_at_enter, 2) && !has_bit(&plan.wanted_at_enter, 3));
    }

    #[test]
    fn an_exec_that_is_wanted_is_seen_from_its_entry_to_its_new_image() {
        let plan = Plan::from_descriptors(&[(59, desc(desc_flag::EXEC))], &Scope::Pids(vec![1]));
        assert_eq!(plan.probes, [Probe::Fork, Probe::ProcExit, Probe::Exec, Probe::Enter, Probe::Exit]);
        assert!(plan.wants_exec && !plan.wants_children);
        assert_eq!(plan.scope_mode, 1);
    }

    #[test]
    fn a_wanted_call_is_wanted_of_32_bit_programs_too() {
        let natives = native_of_compat(Arch::NATIVE);
        let compat = (0_u16..).zip(natives).find(|(compat, native)| *native != NO_CALL && compat != native);
        let Some((compat, native)) = compat else { return };
        let plan = Plan::from_descriptors(&[(u32::from(native), desc(0))], &Scope::Host);
        assert!(has_bit(&plan.wanted_at_compat_exit, compat) && !has_bit(&plan.wanted_at_exit, compat));
    }

    #[test]
    fn arguments_that_are_fetched_are_marked() {
        let open = SrDesc { fetch: [fetch::NONE, fetch::STR, fetch::FIXED, 0, 0, fetch::BUF], ..desc(0) };
        let plan = Plan::from_descriptors(&[(9, open), (10, desc(0))], &Scope::Host);
        assert_eq!((plan.descriptors[9].fetched, plan.descriptors[10].fetched), (0b10_0110, 0));
    }

    #[test]
    fn moves_between_cgroups_are_followed_only_for_cgroups() {
        let plan = Plan::from_descriptors(&[], &Scope::Cgroups(Vec::new()));
        assert_eq!(plan.probes, [Probe::Fork, Probe::ProcExit, Probe::Move]);
        assert_eq!(plan.scope_mode, 2);
    }

    #[test]
    fn numbers_beyond_the_table_are_left_out() {
        let plan = Plan::from_descriptors(&[(512, desc(0)), (u32::MAX, desc(0))], &Scope::Host);
        assert_eq!(plan.wanted_at_exit, CallBits::default());
        assert_eq!(plan.descriptors.len(), CALL_LIMIT);
    }

    #[test]
    fn the_default_set_wants_the_whole_lifecycle() {
        let plan = Plan::new(&EventSet::default(), &Scope::Command);
        assert!(plan.wants_exec && plan.wants_children);
        assert!(plan.probes.contains(&Probe::Enter));
    }
}
