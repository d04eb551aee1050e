# SPDX-License-Identifier: GPL-2.0-or-later
# Makes strict TAP of what a test wrote; see tap-run. cmocka writes a plan per group and marks skips
# as "not ok", bats and others exit with 1 after "not ok" lines, and that is said already.

function put(good, text) {
	print (good ? "ok " : "not ok ") ++count " - " text
	if (!good)
		failed = 1
	fflush()
}

function skip(text, reason) {
	# (the last is what is tested with the plain build, and cannot be with another)
	if (must_run == 1 && reason !~ /^needs a build without sanitizers: ./)
		put(0, text " (skipped, but CTR_TESTS_MUST_RUN=1: " reason ")")
	else
		put(1, text " # SKIP " reason)
}

# What stands behind "# skip", or "" if this is no skip.
function directive(line,   at) {
	at = match(line, /#[ \t]*[Ss][Kk][Ii][Pp][A-Za-z]*:?[ \t]*/)
	if (!at)
		return ""
	reason = substr(line, at + RLENGTH)
	gsub(/^\(|\)$/, "", reason)
	title = substr(line, 1, at - 1)
	sub(/[ \t]+$/, "", title)
	if (title == "") {
		title = reason
		reason = ""
	}
	if (reason == "")
		reason = said != "" ? said : "no reason given"
	said = ""
	return reason
}

function result(line, good) {
	sub(/^(not )?ok[ \t]*[0-9]*[ \t]*-?[ \t]*/, "", line)
	if (directive(line) != "") {
		skip(title, reason)
		return
	}
	gsub(/#/, "", line) # no directive, so it must not look like one
	put(good, line)
}

/^ctr-tap-run-exit [0-9]+$/ { code = $2; ended = 1; next }
/^[0-9]+\.\.[0-9]+/ {
	split($1, plan, /\.\./)
	expected += plan[2]
	if (plan[2] == 0 && directive($0) != "")
		whole = reason
	next
}
/^ok([ \t]|$)/ { result($0, 1); next }
/^not ok([ \t]|$)/ { result($0, 0); next }
/^Bail out!/ { put(0, $0); next }
/^$/ { next }
/^#? *skipped: / { said = $0; sub(/^#? *skipped: /, "", said) } # what a skip's author printed first
{ print /^[ \t]*#/ ? $0 : "# " $0 }

END {
	if (!ended)
		put(0, "the test did not end")
	else if (code == 77 && !failed || whole != "" && count == 0)
		skip("all", whole != "" ? whole : said != "" ? said : "exit code 77")
	else if (code != 0 && !failed)
		put(0, "exit code " code)
	else if (expected && count < expected)
		put(0, "planned " expected " tests, ran " count)
	else if (count == 0)
		put(0, "no test ran")
	print "1.." count
}
