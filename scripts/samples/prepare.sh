# Makes, in a container of a plain Debian, what samples need there: a package to install, and a log to clear.
mkdir -p /root/tool/DEBIAN /root/tool/usr/local/bin
cat >/root/tool/DEBIAN/control <<'CONTROL'
Package: tool
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: a tool
CONTROL
printf '#!/bin/sh\necho tool\n' >/root/tool/usr/local/bin/tool
chmod 755 /root/tool/usr/local/bin/tool
dpkg-deb --build /root/tool /root/tool.deb >/dev/null
echo 'node-1 sshd[311]: Accepted publickey for root from 192.0.2.7' >/var/log/auth.log
