//! Plugins whose events are Kubernetes audit events: their numbers in Falco's registry of plugins.

/// The plugin that reads audit events from files.
pub const AUDIT_PLUGIN: u32 = 1;

/// Numbers and names. All give the same events, from different places.
const AUDIT_PLUGINS: [(u32, &str); 5] =
    [(AUDIT_PLUGIN, "k8saudit"), (9, "k8saudit-eks"), (16, "k8saudit-gke"), (21, "k8saudit-aks"), (22, "k8saudit-ovh")];

/// The name of the audit plugin with a number; `None` for plugins of other events.
pub fn audit_plugin_name(plugin_id: i64) -> Option<&'static str> {
    AUDIT_PLUGINS.iter().find(|(id, _)| i64::from(*id) == plugin_id).map(|(_, name)| *name)
}
