#!/bin/sh
# The web application of a sample: sends the file that is asked for, wherever the path leads.
read -r method path version
printf 'HTTP/1.0 200 OK\r\n\r\n'
cat "/opt/app$path"
