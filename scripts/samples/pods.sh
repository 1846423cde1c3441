# Samples from pods that containerd runs, made over its CRI socket as a kubelet makes them. Runs in a guest, see
# scripts/record-samples.sh.
set -e
. /in/recording.sh
hostname node-1
: >/etc/resolv.conf
mkdir -p /var/lib/containerd /etc/containerd
mount -t tmpfs tmpfs /var/lib/containerd
# the guest's root is an initramfs, which pivot_root refuses
cat >/etc/containerd/config.toml <<'CONFIG'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "registry.k8s.io/pause:3.9"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
NoPivotRoot = true
CONFIG
containerd >/tmp/containerd.log 2>&1 &
until_done ctr version
for image in debian busybox deployer; do ctr -n k8s.io images import "/in/$image.tar" >/dev/null; done

# pod OPTION... POD IMAGE COMMAND...: starts it; its container's id is in /tmp/POD then. The uid is made of the name.
cat >/bin/pod <<'POD'
#!/bin/bash
set -e
options=()
while [ "${1#-}" != "$1" ]; do
	case $1 in -p) options+=("$1"); shift ;; *) options+=("$1" "$2"); shift 2 ;; esac
done
uid=$(printf %s "$1" | md5sum | sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{12\}\).*/\1-\2-4\3-8\4-\5/')
bash /in/cri.sh /run/containerd/containerd.sock run -u "$uid" "${options[@]}" "$@" >"/tmp/$1.ids"
cut -d ' ' -f 2 "/tmp/$1.ids" >"/tmp/$1"
POD
# kubectl-exec POD COMMAND...: as the API server has it done
cat >/bin/kubectl-exec <<'EXEC'
#!/bin/bash
pod=$1
shift
exec bash /in/cri.sh /run/containerd/containerd.sock exec "$(cat "/tmp/$pod")" "$@"
EXEC
# kubectl-exec-it POD COMMAND...: with a terminal, which gets what is typed on standard input
cat >/bin/kubectl-exec-it <<'EXEC'
#!/bin/bash
pod=$1
shift
exec timeout 120 script -qec "stty rows 24 cols 80; ctr -n k8s.io tasks exec -t --exec-id terminal-$$ $(cat "/tmp/$pod") $*" /dev/null
EXEC
chmod +x /bin/pod /bin/kubectl-exec /bin/kubectl-exec-it

library=docker.io/library
pod -l run=nginx nginx $library/nginx:1.21 sleep 36000
pod -l run=httpd httpd $library/httpd:2.4 sleep 36000
pod -l run=busybox busybox $library/busybox:1.36 sleep 36000

record shell-in-pod --container nginx <<'ACTION'
{ sleep 2; echo 'mkdir falco'; sleep 1; echo exit; } | kubectl-exec-it nginx sh
ACTION

record httpd-pod-modifies-passwd --container httpd <<'ACTION'
kubectl-exec httpd sh -c 'echo "guest:x:1001:1001::/home/guest:/bin/sh" >> /etc/passwd'
kubectl-exec httpd sed -i 's/^guest:.*/guest:x:0:0::\/root:\/bin\/sh/' /etc/passwd
ACTION

kubectl-exec nginx sh -ec "$(cat /in/prepare.sh)"
record package-management-in-nginx-pod --container nginx <<'ACTION'
kubectl-exec nginx apt-get install -y /root/tool.deb
kubectl-exec nginx tool
ACTION

record vi-in-busybox --container busybox <<'ACTION'
{
	until pgrep -x vi >/dev/null; do sleep 1; done
	for typed in '' i '#!/bin/sh\recho hoge' '\033' ':wq\r'; do printf "$typed"; sleep 2; done
} | kubectl-exec-it busybox vi /hoge.sh
ACTION

# Where the API server would be, nobody listens.
ip address add 10.96.0.1/32 dev lo
mkdir -p /var/lib/kubelet/pods/deploy/token
printf eyJhbGciOiJub25lIn0.e30. >/var/lib/kubelet/pods/deploy/token/token
pod -n ci -l app=deploy -e KUBERNETES_SERVICE_HOST=10.96.0.1 -e KUBERNETES_SERVICE_PORT=443 \
	-m /var/lib/kubelet/pods/deploy/token:/var/run/secrets/kubernetes.io/serviceaccount \
	deploy registry.example.com/ci/deployer:2.1 sleep 36000
record kubectl-in-pod --container deployer <<'ACTION'
kubectl-exec deploy kubectl get secrets || true
ACTION

pod -n tools -l app=amicontained amicontained registry.example.com/tools/amicontained:0.4 sleep 36000
record amicontained --container amicontained <<'ACTION'
kubectl-exec amicontained amicontained
ACTION

pod -n shop -l app=web web registry.example.com/shop/web:4.2 nc -ll -p 8080 -e /opt/app/serve
record web-reads-outside --container web <<'ACTION'
printf 'GET /index.html HTTP/1.0\r\n\r\n' | /sbox/nc 127.0.0.1 8080
printf 'GET /../../etc/passwd HTTP/1.0\r\n\r\n' | /sbox/nc 127.0.0.1 8080
ACTION

record logs-cleared --container nginx <<'ACTION'
kubectl-exec nginx sh -c ': > /var/log/auth.log'
ACTION

# pods that start while the recording runs: all that is below the pods' control group
record pods-with-the-nodes-powers --cgroup /kubepods <<'ACTION'
pod -n tools -l app=backup -m /etc:/host/etc backup docker.io/library/busybox:1.36 sleep 36001
pod -n tools -l app=debugger -p debugger docker.io/library/busybox:1.36 sleep 36002
ACTION

# the whole node, with more going on than a ring of 64 kilobytes holds
record lost-events --events all --ring-size 64K <<'ACTION'
kubectl-exec busybox sh -c 'dd if=/dev/zero of=/dev/null bs=1 count=20000; cat /etc/shadow; dd if=/dev/zero of=/dev/null bs=1 count=20000'
ACTION
