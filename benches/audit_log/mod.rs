//! A made-up audit log that looks like that of a busy cluster: leases renewed, watches, reviews, pods with their whole
//! objects made and changed, and seldom what a rule is about. The same log for the same length.

use std::fmt::Write as _;

/// Writes an event.
type Teller = fn(&mut Story);

/// What requests are about; the weights are those of a cluster whose policy keeps objects of what is written.
const MIX: &[(u64, Teller)] = &[
    (34, Story::renew_lease),
    (16, Story::watch),
    (10, Story::read_object),
    (12, Story::review_access),
    (12, Story::patch_pod_status),
    (6, Story::create_pod),
    (5, Story::create_event),
    (3, Story::update_config_map),
    (1, Story::exec),
    (1, Story::bind_role),
];

const NAMESPACES: &[&str] = &["default", "kube-system", "shop", "payments", "monitoring", "ingress-nginx", "ci"];
const RESOURCES: &[&str] = &["pods", "services", "endpoints", "nodes", "secrets", "configmaps", "deployments", "jobs"];
const COMPONENTS: &[&str] =
    &["system:kube-scheduler", "system:kube-controller-manager", "system:apiserver", "kubernetes-admin"];
const IMAGES: &[&str] =
    &["nginx:1.27", "registry.example/shop/web:v214", "redis:7", "registry.example:5000/pay/api:v9"];

/// A log of at least so many bytes, an event on each line.
pub(crate) fn audit_log(bytes: usize) -> Vec<u8> {
    let mut story = Story { dice: 0x9E37_79B9_7F4A_7C15, now_ms: 0, out: String::with_capacity(bytes + (64 << 10)) };
    let total: u64 = MIX.iter().map(|(weight, _)| weight).sum();
    while story.out.len() < bytes {
        let mut rolled = story.below(total);
        for (weight, tell) in MIX {
            if rolled < *weight {
                tell(&mut story);
                break;
            }
            rolled -= weight;
        }
        story.out.push('\n');
    }
    story.out.into_bytes()
}

/// What an event says besides its objects.
struct Request<'a> {
    verb: &'a str,
    resource: &'a str,
    subresource: &'a str,
    namespace: &'a str,
    name: &'a str,
    user: &'a str,
    groups: &'a str,
    code: u64,
}

struct Story {
    dice: u64,
    now_ms: u64,
    out: String,
}

impl Story {
    /// xorshift64*
    fn below(&mut self, limit: u64) -> u64 {
        self.dice ^= self.dice >> 12;
        self.dice ^= self.dice << 25;
        self.dice ^= self.dice >> 27;
        self.dice.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit
    }

    fn one_of(&mut self, words: &'static [&'static str]) -> &'static str {
        let at = self.below(words.len() as u64) as usize;
        words.get(at).copied().unwrap_or_default()
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.out.write_fmt(text).expect("memory takes every write");
    }

    fn uid(&mut self) -> String {
        format!("{:08x}-6d1b-4c5e-9a1d-{:012x}", self.below(1 << 32), self.below(1 << 48))
    }

    fn time(&self) -> String {
        let seconds = self.now_ms / 1000;
        let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
        format!("2026-03-04T{hours:02}:{minutes:02}:{:02}.{:03}118Z", seconds % 60, self.now_ms % 1000)
    }

    /// An event; the objects are written by who asks.
    fn event(&mut self, request: &Request<'_>, objects: impl FnOnce(&mut Story)) {
        self.now_ms += self.below(40);
        let level = if matches!(request.verb, "get" | "list" | "watch") || request.resource == "leases" {
            "Metadata"
        } else {
            "RequestResponse"
        };
        let Request { verb, resource, subresource, namespace, name, user, groups, code } = *request;
        let (id, pod_ip, time) = (self.uid(), self.below(250), self.time());
        let uri = match (name, subresource) {
            ("", _) => {
                format!("/api/v1/namespaces/{namespace}/{resource}?limit=500&resourceVersion={}", self.below(1 << 40))
            }
            (name, "") => format!("/api/v1/namespaces/{namespace}/{resource}/{name}"),
            (name, sub) => format!("/api/v1/namespaces/{namespace}/{resource}/{name}/{sub}"),
        };
        self.write(format_args!(
            r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"{level}","auditID":"{id}","stage":"ResponseComplete","requestURI":"{uri}","verb":"{verb}","user":{{"username":"{user}","uid":"{id}","groups":[{groups}]}},"sourceIPs":["10.244.3.{pod_ip}"],"userAgent":"kube-probe/v1.31.2 (linux/amd64) kubernetes/5864a46","objectRef":{{"resource":"{resource}","namespace":"{namespace}","name":"{name}","apiVersion":"v1""#
        ));
        if !subresource.is_empty() {
            self.write(format_args!(r#","subresource":"{subresource}""#));
        }
        self.write(format_args!(r#"}},"responseStatus":{{"metadata":{{}},"code":{code}}}"#));
        objects(self);
        self.write(format_args!(
            r#","requestReceivedTimestamp":"{time}","stageTimestamp":"{time}","annotations":{{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by ClusterRoleBinding \"{user}\" of ClusterRole \"{user}\" to User \"{user}\""}}}}"#
        ));
    }

    fn renew_lease(&mut self) {
        let node = format!("node-{}", self.below(60));
        let user = format!("system:node:{node}");
        let verb = if self.below(3) == 0 { "get" } else { "update" };
        self.event(
            &Request {
                verb,
                resource: "leases",
                subresource: "",
                namespace: "kube-node-lease",
                name: &node,
                user: &user,
                groups: r#""system:nodes","system:authenticated""#,
                code: 200,
            },
            |_| {},
        );
    }

    fn watch(&mut self) {
        let (namespace, resource) = (self.one_of(NAMESPACES), self.one_of(RESOURCES));
        let (user, verb) = (self.one_of(COMPONENTS), if self.below(4) == 0 { "list" } else { "watch" });
        self.event(
            &Request {
                verb,
                resource,
                subresource: "",
                namespace,
                name: "",
                user,
                groups: r#""system:authenticated""#,
                code: 200,
            },
            |_| {},
        );
    }

    fn read_object(&mut self) {
        let (namespace, resource) = (self.one_of(NAMESPACES), self.one_of(RESOURCES));
        let name = format!("{resource}-{}", self.below(4000));
        let user = format!("system:serviceaccount:{namespace}:robot-{}", self.below(30));
        let code = if self.below(20) == 0 { 404 } else { 200 };
        self.event(
            &Request {
                verb: "get",
                resource,
                subresource: "",
                namespace,
                name: &name,
                user: &user,
                groups: r#""system:serviceaccounts","system:authenticated""#,
                code,
            },
            |_| {},
        );
    }

    fn review_access(&mut self) {
        let (namespace, resource) = (self.one_of(NAMESPACES), self.one_of(RESOURCES));
        let asked = format!("system:serviceaccount:{namespace}:robot-{}", self.below(30));
        self.event(
            &Request {
                verb: "create",
                resource: "subjectaccessreviews",
                subresource: "",
                namespace: "",
                name: "",
                user: "system:metrics-server",
                groups: r#""system:authenticated""#,
                code: 201,
            },
            |story| {
                for member in ["requestObject", "responseObject"] {
                    story.write(format_args!(
                        r#","{member}":{{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{{"creationTimestamp":null}},"spec":{{"resourceAttributes":{{"namespace":"{namespace}","verb":"get","resource":"{resource}"}},"user":"{asked}","groups":["system:serviceaccounts","system:authenticated"]}},"status":{{"allowed":true,"reason":"RBAC: allowed by RoleBinding \"robots/{namespace}\" of Role \"robot\" to ServiceAccount \"{asked}\""}}}}"#
                    ));
                }
            },
        );
    }

    fn patch_pod_status(&mut self) {
        let (namespace, node) = (self.one_of(NAMESPACES), self.below(60));
        let name = format!("web-{:x}", self.below(1 << 20));
        let user = format!("system:node:node-{node}");
        self.event(
            &Request {
                verb: "patch",
                resource: "pods",
                subresource: "status",
                namespace,
                name: &name,
                user: &user,
                groups: r#""system:nodes","system:authenticated""#,
                code: 200,
            },
            |story| {
                let (uid, ip) = (story.uid(), story.below(250));
                story.write(format_args!(
                    r#","requestObject":{{"metadata":{{"uid":"{uid}"}},"status":{{"$setElementOrder/conditions":[{{"type":"Initialized"}},{{"type":"Ready"}},{{"type":"ContainersReady"}}],"conditions":[{{"lastTransitionTime":"2026-03-04T08:00:00Z","message":null,"reason":null,"status":"True","type":"Ready"}}],"podIP":"10.244.3.{ip}","podIPs":[{{"ip":"10.244.3.{ip}"}}]}}}},"responseObject":"#
                ));
                story.pod(namespace, &name, false);
            },
        );
    }

    fn create_pod(&mut self) {
        let namespace = self.one_of(NAMESPACES);
        let name = format!("web-{:x}", self.below(1 << 20));
        let is_privileged = self.below(200) == 0;
        self.event(
            &Request {
                verb: "create",
                resource: "pods",
                subresource: "",
                namespace,
                name: &name,
                user: "system:serviceaccount:kube-system:replicaset-controller",
                groups: r#""system:serviceaccounts","system:serviceaccounts:kube-system","system:authenticated""#,
                code: 201,
            },
            |story| {
                story.out.push_str(",\"requestObject\":");
                story.pod(namespace, &name, is_privileged);
                story.out.push_str(",\"responseObject\":");
                story.pod(namespace, &name, is_privileged);
            },
        );
    }

    fn pod(&mut self, namespace: &str, name: &str, is_privileged: bool) {
        let (uid, version, image) = (self.uid(), self.below(1 << 30), self.one_of(IMAGES));
        self.write(format_args!(
            r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{name}","generateName":"web-","namespace":"{namespace}","uid":"{uid}","resourceVersion":"{version}","creationTimestamp":"2026-03-04T08:00:00Z","labels":{{"app.kubernetes.io/name":"web","app.kubernetes.io/instance":"web-{version}","pod-template-hash":"{version:x}"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"{uid}","controller":true,"blockOwnerDeletion":true}}],"managedFields":[{{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-03-04T08:00:00Z","fieldsType":"FieldsV1","fieldsV1":{{"f:metadata":{{"f:generateName":{{}},"f:labels":{{".":{{}},"f:app.kubernetes.io/name":{{}},"f:pod-template-hash":{{}}}},"f:ownerReferences":{{".":{{}},"k:{{\"uid\":\"{uid}\"}}":{{}}}}}},"f:spec":{{"f:containers":{{"k:{{\"name\":\"web\"}}":{{".":{{}},"f:image":{{}},"f:imagePullPolicy":{{}},"f:name":{{}},"f:ports":{{".":{{}},"k:{{\"containerPort\":8080,\"protocol\":\"TCP\"}}":{{".":{{}},"f:containerPort":{{}},"f:protocol":{{}}}}}},"f:resources":{{".":{{}},"f:limits":{{".":{{}},"f:cpu":{{}},"f:memory":{{}}}}}}}}}},"f:dnsPolicy":{{}},"f:restartPolicy":{{}},"f:schedulerName":{{}}}}}}}}]}},"spec":{{"volumes":[{{"name":"kube-api-access","projected":{{"sources":[{{"serviceAccountToken":{{"expirationSeconds":3607,"path":"token"}}}},{{"configMap":{{"name":"kube-root-ca.crt","items":[{{"key":"ca.crt","path":"ca.crt"}}]}}}}],"defaultMode":420}}}},{{"name":"cache","emptyDir":{{}}}}],"containers":["#
        ));
        for (at, container) in ["web", "sidecar"].into_iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let port = 8080 + self.below(10);
            self.write(format_args!(
                r#"{comma}{{"name":"{container}","image":"{image}","args":["--listen","0.0.0.0:{port}","--log-level","info"],"ports":[{{"name":"http","containerPort":{port},"protocol":"TCP"}}],"env":[{{"name":"POD_NAME","valueFrom":{{"fieldRef":{{"apiVersion":"v1","fieldPath":"metadata.name"}}}}}},{{"name":"GREETING","value":"bonjour \u00e0 tous"}}],"resources":{{"limits":{{"cpu":"500m","memory":"512Mi"}},"requests":{{"cpu":"100m","memory":"128Mi"}}}},"volumeMounts":[{{"name":"kube-api-access","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}},{{"name":"cache","mountPath":"/var/cache"}}],"livenessProbe":{{"httpGet":{{"path":"/healthz","port":{port},"scheme":"HTTP"}},"timeoutSeconds":1,"periodSeconds":10}},"terminationMessagePath":"/dev/termination-log","imagePullPolicy":"IfNotPresent","securityContext":{{"privileged":{is_privileged},"runAsUser":1000}}}}"#
            ));
        }
        let node = self.below(60);
        self.write(format_args!(
            r#"],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"web","nodeName":"node-{node}","securityContext":{{"fsGroup":1000}},"schedulerName":"default-scheduler","tolerations":[{{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}}]}},"status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-03-04T08:00:00Z"}}],"hostIP":"192.0.2.{node}","qosClass":"Burstable"}}}}"#
        ));
    }

    fn create_event(&mut self) {
        let namespace = self.one_of(NAMESPACES);
        let name = format!("web-{:x}.{:x}", self.below(1 << 20), self.below(1 << 40));
        let user = format!("system:node:node-{}", self.below(60));
        self.event(
            &Request {
                verb: "create",
                resource: "events",
                subresource: "",
                namespace,
                name: &name,
                user: &user,
                groups: r#""system:nodes","system:authenticated""#,
                code: 201,
            },
            |story| {
                let image = story.one_of(IMAGES);
                for member in ["requestObject", "responseObject"] {
                    story.write(format_args!(
                        r#","{member}":{{"kind":"Event","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"{namespace}"}},"involvedObject":{{"kind":"Pod","namespace":"{namespace}","name":"web"}},"reason":"Pulled","message":"Container image \"{image}\" already present on machine","type":"Normal","count":1}}"#
                    ));
                }
            },
        );
    }

    fn update_config_map(&mut self) {
        let namespace = self.one_of(NAMESPACES);
        let name = format!("settings-{}", self.below(200));
        let has_key = self.below(100) == 0;
        self.event(
            &Request {
                verb: if has_key { "create" } else { "update" },
                resource: "configmaps",
                subresource: "",
                namespace,
                name: &name,
                user: "kubernetes-admin",
                groups: r#""system:masters","system:authenticated""#,
                code: 200,
            },
            |story| {
                let secret = if has_key { "aws_access_key_id = AKIAEXAMPLE" } else { "colour = purple" };
                let port = story.below(60_000);
                for member in ["requestObject", "responseObject"] {
                    story.write(format_args!(
                        r#","{member}":{{"kind":"ConfigMap","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"{namespace}"}},"data":{{"app.properties":"port={port}\n{secret}\nlevel=info\npath=\"/srv\"\n"}}}}"#
                    ));
                }
            },
        );
    }

    fn exec(&mut self) {
        let namespace = self.one_of(NAMESPACES);
        let name = format!("web-{:x}", self.below(1 << 20));
        self.event(
            &Request {
                verb: "create",
                resource: "pods",
                subresource: "exec",
                namespace,
                name: &name,
                user: "kubernetes-admin",
                groups: r#""system:masters","system:authenticated""#,
                code: 101,
            },
            |_| {},
        );
    }

    fn bind_role(&mut self) {
        let name = format!("binding-{}", self.below(100));
        let role = if self.below(10) == 0 { "cluster-admin" } else { "view" };
        self.event(
            &Request {
                verb: "create",
                resource: "clusterrolebindings",
                subresource: "",
                namespace: "",
                name: &name,
                user: "kubernetes-admin",
                groups: r#""system:masters","system:authenticated""#,
                code: 201,
            },
            |story| {
                story.write(format_args!(
                    r#","requestObject":{{"kind":"ClusterRoleBinding","apiVersion":"rbac.authorization.k8s.io/v1","metadata":{{"name":"{name}"}},"subjects":[{{"kind":"ServiceAccount","name":"robot","namespace":"ci"}}],"roleRef":{{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{role}"}}}}"#
                ));
            },
        );
    }
}
