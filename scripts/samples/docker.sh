# Samples from containers of Docker's. Runs in a guest, see scripts/record-samples.sh.
set -e
. /in/recording.sh
hostname node-1
mkdir -p /var/lib/docker
mount -t tmpfs tmpfs /var/lib/docker
export DOCKER_RAMDISK=true # the guest's root is an initramfs, which pivot_root refuses
dockerd --iptables=false --ip6tables=false --bridge=none >/tmp/dockerd.log 2>&1 &
until_done docker info
docker load -i /in/debian.tar >/dev/null
docker run -d --name nginx nginx:1.21 sleep 3600 >/dev/null
docker run -d --name httpd httpd:2.4 sleep 3600 >/dev/null

record shell-in-nginx --container nginx <<'ACTION'
{ sleep 2; echo 'mkdir falco'; sleep 1; echo exit; } | script -qec 'docker exec -it nginx sh' /dev/null
ACTION

record httpd-modifies-passwd --container httpd <<'ACTION'
docker exec httpd sh -c 'echo "guest:x:1001:1001::/home/guest:/bin/sh" >> /etc/passwd'
docker exec httpd sed -i 's/^guest:.*/guest:x:0:0::\/root:\/bin\/sh/' /etc/passwd
ACTION

docker exec -i nginx sh -e </in/prepare.sh
record package-management-in-nginx --container nginx <<'ACTION'
docker exec nginx apt-get install -y /root/tool.deb >/dev/null 2>&1
docker exec nginx tool
ACTION
