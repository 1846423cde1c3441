//! Whose account of threads and descriptors is followed.

/// Two accounts of the same events. They differ where Falco simplifies what the kernel does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Semantics {
    /// What the kernel does: for recordings of our own, whose fields are to be true.
    #[default]
    Kernel,
    /// What Falco makes of it: for captures of Falco and sysdig, whose alerts are to be Falco's.
    Falco,
}

impl Semantics {
    /// Whether Falco's account is followed.
    pub(super) const fn is_falco(self) -> bool {
        matches!(self, Semantics::Falco)
    }
}
