# Read by the scenarios of scripts/record-samples.sh, which run in a guest.

# record NAME OPTIONS..., then the action on standard input, typed by somebody
record() {
	name=$1
	shift
	echo "$name:"
	/in/sysreel record -o "/out/$name.reel" "$@" 2>"/tmp/$name.log" &
	recorder=$!
	for attempt in $(seq 120); do [ -s "/out/$name.reel" ] && break; sleep 0.5; done
	sleep 2
	sh -e
	sleep 3
	kill -INT $recorder
	wait $recorder || { cat "/tmp/$name.log"; exit 1; }
	cat "/tmp/$name.log"
}

# until COMMAND...: waits until it succeeds, two minutes at the most
until_done() {
	for attempt in $(seq 120); do "$@" >/dev/null 2>&1 && return; sleep 1; done
	"$@"
}
